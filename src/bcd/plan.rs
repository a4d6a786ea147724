//! Which block is next and how it moves: the rule and the update that the options ask for.
//!
//! `rule=auto` is one of these plans: a variable block as large as a working set, minimized by Newton steps.

use super::check::Check;
use super::constants::Constants;
use super::engine::Engine;
use super::quadratic::Goal;
use super::select::{Choice, Selector};
use super::settings::{Rule, Settings, UpdateKind};
use super::update;
use super::working_set;
use crate::runtime::{Control, Stop};

/// A rule and an update.
pub(super) enum Plan {
    /// Working sets and Newton steps.
    Auto,
    /// A rule of the paper with an update of the paper.
    Paper(Box<Paper>),
}

pub(super) struct Paper {
    selector: Selector,
    constants: Constants,
    update: UpdateKind,
    estimate_lipschitz: bool,
}

/// Newton steps on one working set before the others are looked at again.
const STEPS_PER_SET: usize = 12;
/// Share of a block problem's first gain that an inexact Newton step may leave.
const INEXACT: f64 = 0.01;
/// Greedy rules pay for a gradient with each block, so looking at the certificate costs them little more.
const MOST_GREEDY_BLOCKS: u64 = 20;

impl Plan {
    pub(super) fn new(
        settings: &Settings,
        engine: &Engine<'_>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        if settings.rule == Rule::Auto {
            return Ok(Plan::Auto);
        }
        let mut constants = Constants::new(engine, settings, control)?;
        let selector = Selector::new(settings, engine, &mut constants, control)?;
        let (update, estimate_lipschitz) = (settings.update, settings.estimate_lipschitz);
        Ok(Plan::Paper(Box::new(Paper { selector, constants, update, estimate_lipschitz })))
    }

    /// Blocks between two looks at the certificate.
    pub(super) fn blocks_per_check(&self) -> u64 {
        match self {
            Plan::Auto => 1,
            Plan::Paper(paper) => {
                let sweep = paper.selector.blocks_per_sweep();
                if paper.selector.is_greedy() { sweep.min(MOST_GREEDY_BLOCKS) } else { sweep }
            }
        }
    }

    /// The selection rule (section 3).
    pub(super) fn select(
        &mut self,
        engine: &Engine<'_>,
        check: &Check,
        control: &mut Control<'_>,
    ) -> Result<Choice, Stop> {
        match self {
            Plan::Auto => {
                let x = &engine.state.x;
                let block = working_set::select(engine.penalty, engine.lipschitz, x, &check.gradient);
                Ok(Choice { block, fixed: None })
            }
            Plan::Paper(paper) => paper.selector.next(engine, &paper.constants, control),
        }
    }

    /// The update rule (section 4).
    pub(super) fn update(
        &mut self,
        engine: &mut Engine<'_>,
        choice: &Choice,
        check: &Check,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        match self {
            Plan::Auto => minimize_set(engine, choice, check, control),
            Plan::Paper(paper) => paper.update(engine, choice, control),
        }
    }
}

/// Newton steps until they gain no more than the check asks for.
fn minimize_set(
    engine: &mut Engine<'_>,
    choice: &Choice,
    check: &Check,
    control: &mut Control<'_>,
) -> Result<(), Stop> {
    let quadratic = engine.scaled.loss.is_quadratic();
    let goal = Goal { absolute: check.goal, relative: if quadratic { 0.0 } else { INEXACT } };
    for _ in 0..STEPS_PER_SET {
        let step = update::newton(engine, &choice.block, goal, control)?;
        if quadratic || step.achieved <= check.goal {
            break;
        }
    }
    Ok(())
}

impl Paper {
    fn update(
        &mut self,
        engine: &mut Engine<'_>,
        choice: &Choice,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let block = &choice.block;
        match self.update {
            UpdateKind::Newton => update::newton(engine, block, update::exactly(), control)?,
            UpdateKind::Matrix => update::matrix(engine, block, control)?,
            UpdateKind::Gradient if self.estimate_lipschitz => {
                let estimate = self.constants.estimate(choice);
                let step = update::gradient_with_estimate(engine, block, estimate, control)?;
                self.constants.keep_estimate(choice);
                step
            }
            UpdateKind::Gradient => {
                let constant = self.constants.block(engine, choice, control)?;
                update::gradient(engine, block, constant, control)?
            }
        };
        if engine.scaled.intercept && self.update == UpdateKind::Gradient {
            // The other updates minimize the intercept out.
            engine.state.center(engine.scaled, control)?;
        }
        Ok(())
    }
}
