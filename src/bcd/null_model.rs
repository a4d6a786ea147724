//! The null model: the unpenalized terms alone. Its loss is the scale of tolerances, its slopes give `lambda_max`.

use super::block::Block;
use super::engine::{Engine, GramCache};
use super::problem::Problem;
use super::scaled::Scaled;
use super::settings::{PenaltyKind, Settings};
use super::state::State;
use super::update;
use crate::model::{Loss, Penalty};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result, Stop};

/// The null model at its optimum.
pub(super) struct NullModel {
    pub(super) state: State,
    /// `-A'd` there.
    pub(super) correlations: Vec<f64>,
    /// Its loss above that of a perfect fit.
    pub(super) scale: f64,
    /// The smallest lambda with an all-zero solution, in the data's scale.
    pub(super) lambda_max: f64,
    /// Norm of the gradient of all coordinates in the data's scale.
    pub(super) gradient: f64,
}

const MOST_STEPS: usize = 200;

/// The penalty that fixes every penalized coordinate (with no penalty at all: every coordinate).
pub(super) fn null_penalty(
    scaled: &Scaled<'_>,
    problem: &Problem<'_>,
    settings: &Settings,
) -> Result<Penalty> {
    let mut settings = settings.clone();
    if settings.penalty == PenaltyKind::None {
        settings.penalty = PenaltyKind::Ridge;
    }
    scaled.penalty(problem, &settings, f64::INFINITY)
}

/// Fits the null model. `unit_penalty` is the penalty with lambda 1.
pub(super) fn fit(
    scaled: &Scaled<'_>,
    null_penalty: &Penalty,
    unit_penalty: &Penalty,
    lipschitz: &[f64],
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> std::result::Result<NullModel, Stop> {
    let mut x = vec![0.0; scaled.cols()];
    null_penalty.project(&mut x);
    let state = State::new(scaled, x, 0.0, control)?;
    let mut engine = Engine::new(scaled, null_penalty, team, state, lipschitz, GramCache::default());
    let units = (0..null_penalty.units()).filter(|&u| !null_penalty.is_fixed(u)).collect();
    let block = Block::new(null_penalty, units);
    for _ in 0..MOST_STEPS {
        let decrease = if block.units().is_empty() {
            if !scaled.intercept {
                break;
            }
            let slope: f64 = engine.state.d.iter().sum();
            engine.state.center(scaled, control)?.abs() * slope.abs()
        } else {
            update::newton(&mut engine, &block, update::exactly(), control)?.promised
        };
        control.poll()?;
        if decrease <= 1e-28 * engine.state.loss(scaled).abs() {
            break;
        }
    }
    let mut state = engine.state;
    state.refresh(scaled, control)?;
    let every: Vec<usize> = (0..scaled.cols()).collect();
    let mut v = vec![0.0; every.len()];
    scaled.columns.correlations(&every, &state.d, &mut v, team, control)?;
    v.iter_mut().for_each(|v| *v = -*v);
    let c = scaled.columns.scale();
    let gradient = v
        .iter()
        .zip(c)
        .zip(&scaled.inert)
        .map(|((v, c), inert)| if *inert { 0.0 } else { (v / (c * scaled.target_scale)).powi(2) });
    Ok(NullModel {
        scale: (state.loss(scaled) - scaled.loss.saturated(&scaled.y, &scaled.s)).max(0.0),
        lambda_max: unit_penalty.zero_threshold(&v),
        gradient: gradient.sum::<f64>().sqrt(),
        correlations: v,
        state,
    })
}

/// Whether the intercept alone has no optimum: every label alike for logistic, no count at all for Poisson. Gives the
/// direction in which it runs off.
pub(super) fn runaway_intercept(scaled: &Scaled<'_>) -> Option<f64> {
    if !scaled.intercept {
        return None;
    }
    let mut present = scaled.y.iter().zip(&scaled.s).filter(|(_, s)| **s > 0.0).map(|(y, _)| *y);
    let first = present.next()?;
    match scaled.loss {
        Loss::Logistic(_) => present.all(|y| y == first).then_some(first),
        Loss::Poisson(_) => (first == 0.0 && present.all(|y| y == 0.0)).then_some(-1.0),
        _ => None,
    }
}
