//! Which block is next and how it moves: the rule and the update that the options ask for.
//!
//! `rule=auto` is one of these plans: a variable block as large as a working set, minimized by Newton steps.

use super::block_problem::quadratic::Goal;
use super::engine::Engine;
use super::rules::constants::Constants;
use super::rules::items::Choice;
use super::rules::select::Selector;
use super::rules::working_set;
use super::settings::{LineSearch, Rule, Settings, UpdateKind};
use super::smooth::{Metric, Smooth};
use super::stopping::check::Check;
use super::updates::{composition, cubic, exact, gradient};
use crate::model::Penalty;
use crate::runtime::{Control, Stop};

/// A rule and an update for a linear composition.
pub(super) enum Plan<'e> {
    /// Working sets and Newton steps.
    Auto(Sets<'e>),
    /// A rule of the paper with an update of the paper.
    Paper(Box<Paper<Engine<'e>>>),
}

/// How working sets are chosen and solved.
pub(super) struct Sets<'e> {
    /// The penalty of the strong rule, for the first set of a path's next strength.
    strong: Option<&'e Penalty>,
    /// Whether this is a strength of a path: a set that holds every unit beyond its kink is then likely to hold the
    /// solution, and is solved more exactly, so that fewer looks at all columns are needed.
    on_path: bool,
    /// Whether the last set was such a one.
    thorough: bool,
}

/// A rule and an update of the paper, for any smooth function.
pub(super) struct Paper<S: Smooth> {
    selector: Selector<S::Memory>,
    constants: Constants,
    update: UpdateKind,
    estimate_lipschitz: bool,
    line_search: LineSearch,
}

/// Newton steps on one working set before the others are looked at again.
pub(super) const STEPS_PER_SET: usize = 12;
/// Share of a block problem's first gain that an inexact Newton step may leave.
pub(super) const INEXACT: f64 = 0.01;
/// Where greedy rules pay for a gradient with each block, looking at the certificate costs them little more.
const GREEDY_BLOCKS: u64 = 20;

impl<'e> Plan<'e> {
    pub(super) fn new(
        settings: &Settings,
        engine: &Engine<'e>,
        strong: Option<&'e Penalty>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        if settings.rule == Rule::Auto {
            return Ok(Plan::Auto(Sets { strong, on_path: strong.is_some(), thorough: false }));
        }
        Ok(Plan::Paper(Box::new(Paper::new(settings, engine, control)?)))
    }

    /// Blocks between two looks at the certificate.
    pub(super) fn blocks_per_check(&self, engine: &Engine<'e>) -> u64 {
        match self {
            Plan::Auto(_) => 1,
            Plan::Paper(paper) => paper.blocks_per_check(engine),
        }
    }

    /// The selection rule (section 3).
    pub(super) fn select(
        &mut self,
        engine: &Engine<'e>,
        check: &Check,
        control: &mut Control<'_>,
    ) -> Result<Choice, Stop> {
        match self {
            Plan::Auto(sets) => {
                let (x, g) = (&engine.state.x, &check.gradient);
                let (block, all) =
                    working_set::select(engine.penalty, sets.strong.take(), engine.lipschitz, x, g);
                sets.thorough = sets.on_path && all;
                Ok(Choice { block, fixed: None })
            }
            Plan::Paper(paper) => paper.select(engine, control),
        }
    }

    /// The update rule (section 4).
    pub(super) fn update(
        &mut self,
        engine: &mut Engine<'e>,
        choice: &Choice,
        check: &Check,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        match self {
            Plan::Auto(sets) => {
                let goal = if sets.thorough { check.thorough_goal } else { check.goal };
                minimize_set(engine, choice, goal, control)
            }
            Plan::Paper(paper) => paper.update(engine, choice, control),
        }
    }
}

/// Newton steps until they gain no more than `absolute`.
fn minimize_set(
    engine: &mut Engine<'_>,
    choice: &Choice,
    absolute: f64,
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    let quadratic = engine.scaled.loss.is_quadratic();
    let goal = Goal { absolute, relative: if quadratic { 0.0 } else { INEXACT } };
    for _ in 0..STEPS_PER_SET {
        let step = composition::newton(engine, &choice.block, goal, LineSearch::Armijo, control)?;
        if quadratic || step.achieved <= absolute {
            break;
        }
    }
    Ok(())
}

impl<S: Smooth> Paper<S> {
    pub(super) fn new(settings: &Settings, f: &S, control: &mut Control<'_>) -> Result<Self, Stop> {
        let mut constants = Constants::new(f, settings, control)?;
        let selector = Selector::new(settings, f, &mut constants, control)?;
        Ok(Self {
            selector,
            constants,
            update: settings.update,
            estimate_lipschitz: settings.estimate_lipschitz,
            line_search: settings.line_search,
        })
    }

    /// Blocks between two looks at the certificate: a sweep; fewer where a greedy rule pays for a gradient with each
    /// block anyway.
    pub(super) fn blocks_per_check(&self, f: &S) -> u64 {
        let sweep = self.selector.blocks_per_sweep();
        if !self.selector.sees_all() {
            return sweep;
        }
        // A certificate takes two passes.
        sweep.min(GREEDY_BLOCKS.max(2 * self.selector.blocks_per_pass(f)))
    }

    /// The next block.
    pub(super) fn select(&mut self, f: &S, control: &mut Control<'_>) -> Result<Choice, Stop> {
        self.selector.next(f, &self.constants, control)
    }

    /// Moves it.
    pub(super) fn update(
        &mut self,
        f: &mut S,
        choice: &Choice,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let block = &choice.block;
        let before = block.gather(f.x());
        match self.update {
            UpdateKind::Newton => f.newton_step(block, self.line_search, control)?,
            UpdateKind::Matrix => f.bound_step(block, Metric::Bound, control)?,
            UpdateKind::Local => f.bound_step(block, Metric::Local, control)?,
            UpdateKind::Exact => exact::update(f, block, control)?,
            UpdateKind::Gradient | UpdateKind::Cubic if self.estimate_lipschitz => {
                let estimate = self.constants.estimate(choice);
                let step = match self.update {
                    UpdateKind::Cubic => cubic::update_with_estimate(f, block, estimate, control)?,
                    _ => gradient::update_with_estimate(f, block, estimate, control)?,
                };
                self.constants.keep_estimate(choice);
                step
            }
            UpdateKind::Cubic => {
                let third = f.hessian_lipschitz(block.columns(), control)?.unwrap_or(f64::INFINITY);
                cubic::update(f, block, third, control)?
            }
            UpdateKind::Gradient => {
                let constant = self.constants.block(f, choice, control)?;
                gradient::update(f, block, constant, control)?
            }
        };
        if !matches!(self.update, UpdateKind::Newton | UpdateKind::Matrix | UpdateKind::Local) {
            // Those minimize the intercept out.
            f.recenter(control)?;
        }
        let step: Vec<f64> = block.gather(f.x()).iter().zip(&before).map(|(x, b)| x - b).collect();
        if self.selector.is_due() {
            f.refresh(control)?;
        }
        self.selector.moved(f, block.columns(), &step, control)
    }
}
