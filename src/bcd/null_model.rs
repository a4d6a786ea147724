//! The null model: the unpenalized terms alone. Its loss is the scale of tolerances, its slopes give `lambda_max`.

use super::block::Block;
use super::block_problem::quadratic::Goal;
use super::engine::{Engine, GramCache};
use super::problem::Problem;
use super::scaled::Scaled;
use super::settings::{LineSearch, PenaltyKind, Settings};
use super::state::State;
use super::updates::composition;
use crate::model::{Loss, Penalty};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result, Stop};

/// The null model at its optimum.
#[derive(Debug, Clone)]
pub(super) struct NullModel {
    pub(super) state: State,
    /// `-A'd` there.
    pub(super) correlations: Vec<f64>,
    /// Its loss above that of a perfect fit, and [`reach`](Self::reach).
    pub(super) scale: f64,
    /// The most that a linear term could gain along one column.
    reach: f64,
    /// The loss of a perfect fit.
    saturated: f64,
    /// The smallest lambda with an all-zero solution, in the data's scale.
    pub(super) lambda_max: f64,
    /// Norm of the gradient of all coordinates in the data's scale.
    pub(super) gradient: f64,
}

impl NullModel {
    /// The share of the null model's loss that a fit of this loss explains; NaN where there is nothing to explain.
    pub(super) fn explained(&self, loss: f64) -> f64 {
        let to_explain = self.scale - self.reach;
        if to_explain > 0.0 { 1.0 - (loss - self.saturated) / to_explain } else { f64::NAN }
    }
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
    let norm = |v: &[f64]| data_norm(scaled, v);
    let mut gradient = 0.0;
    if !block.units().is_empty() {
        // Where unpenalized columns fit everything, the gradient at their optimum is no scale; that at zero is.
        gradient = norm(&null_penalty.reduced(correlations(&engine, control)?));
    } else if let Some(b) = closed_form_intercept(scaled) {
        engine.state.move_to(scaled, &[], &[], b, control)?;
    }
    for _ in 0..MOST_STEPS {
        let decrease = if block.units().is_empty() {
            if !scaled.intercept {
                break;
            }
            let slope: f64 = engine.state.d.iter().sum();
            engine.state.center(scaled, control)?.abs() * slope.abs()
        } else {
            composition::newton(&mut engine, &block, Goal::EXACT, LineSearch::Armijo, control)?.promised
        };
        control.poll()?;
        if decrease <= 1e-28 * engine.state.loss(scaled).abs() {
            break;
        }
    }
    engine.state.refresh(scaled, control)?;
    let v = correlations(&engine, control)?;
    let state = engine.state;
    let saturated = scaled.loss.saturated(&scaled.y, &scaled.s);
    let reach = |(j, c): (usize, &f64)| if lipschitz[j] > 0.0 { 0.5 * c * (c / lipschitz[j]) } else { 0.0 };
    let reach = unit_penalty.slope().map_or(0.0, |c| c.iter().enumerate().map(reach).fold(0.0, f64::max));
    Ok(NullModel {
        scale: (state.loss(scaled) - saturated).max(0.0) + reach,
        reach,
        saturated,
        lambda_max: unit_penalty.zero_threshold(&v),
        gradient: f64::max(gradient, norm(&unit_penalty.reduced(v.clone()))),
        correlations: v,
        state,
    })
}

/// `-A'd` at the iterate.
fn correlations(engine: &Engine<'_>, control: &mut Control<'_>) -> std::result::Result<Vec<f64>, Stop> {
    if let Some(known) = engine.scaled.known_products(&engine.state.d) {
        return Ok(known.iter().map(|v| -v).collect());
    }
    let every: Vec<usize> = (0..engine.scaled.cols()).collect();
    let mut v = vec![0.0; every.len()];
    engine.scaled.columns.correlations(&every, &engine.state.d, &mut v, engine.team, control)?;
    v.iter_mut().for_each(|v| *v = -*v);
    Ok(v)
}

/// The norm of a gradient in the data's scale.
fn data_norm(scaled: &Scaled<'_>, v: &[f64]) -> f64 {
    let c = scaled.columns.scale();
    let squares =
        (0..v.len()).filter(|&j| !scaled.inert[j]).map(|j| (v[j] / (c[j] * scaled.target_scale)).powi(2));
    squares.sum::<f64>().sqrt()
}

/// Poisson's intercept: `log(sum s y) - log(sum s exp(o))`. Newton would have far to go from 0.
fn closed_form_intercept(scaled: &Scaled<'_>) -> Option<f64> {
    let Loss::Poisson(_) = scaled.loss else { return None };
    if !scaled.intercept {
        return None;
    }
    let counts: f64 = scaled.y.iter().zip(&scaled.s).map(|(y, s)| y * s).sum();
    let largest = scaled.offset.iter().zip(&scaled.s).filter(|(_, s)| **s > 0.0).map(|(o, _)| *o);
    let largest = largest.fold(f64::NEG_INFINITY, f64::max);
    let exposure: f64 = scaled.offset.iter().zip(&scaled.s).map(|(o, s)| s * (o - largest).exp()).sum();
    let b = counts.ln() - exposure.ln() - largest;
    b.is_finite().then_some(b)
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
