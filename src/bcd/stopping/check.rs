//! Looking at the certificate from time to time: is the answer good enough, or can nothing help any more?

use super::correlations::Correlations;
use super::dual::{CertificateKind, DualPoint, Freedom, candidate, feasible_point};
use super::patience::Patience;
use crate::bcd::answers::solution::TraceRow;
use crate::bcd::duality::gap;
use crate::bcd::engine::Engine;
use crate::bcd::null_model::NullModel;
use crate::bcd::scaled::Scaled;
use crate::bcd::settings::Settings;
use crate::model::Loss;
use crate::runtime::{Control, Outcome, Phase, Stop};

/// What a check found, in the units of the scaled problem (gradient norms: in the data's scale).
pub(in crate::bcd) struct Check {
    /// The certificate.
    pub(in crate::bcd) value: f64,
    /// The objective.
    pub(in crate::bcd) objective: f64,
    /// The gradient of the loss at every coordinate; units that stay at 0 may have an earlier one.
    pub(in crate::bcd) gradient: Vec<f64>,
    /// How exactly the next block problem should be solved, in units of the objective.
    pub(in crate::bcd) goal: f64,
    /// The same for a block that holds every unit beyond its kink.
    pub(in crate::bcd) thorough_goal: f64,
    /// Set where the loop has to end.
    pub(in crate::bcd) outcome: Option<Outcome>,
}

impl Check {
    pub(in crate::bcd) fn line(&self, iteration: u64) -> String {
        format!("iteration {iteration}: objective {:.12e}, certificate {:.3e}", self.objective, self.value)
    }
}

/// How much a block problem may leave of the gap that is small enough; ..
const LIMIT_SHARE: f64 = 0.3;
/// .. of the gap, for a quadratic: its model is the function itself, and fewer passes over all columns follow if it is
/// solved well; ..
const QUADRATIC_SHARE: f64 = 0.02;
/// .. for other losses, whose model is as good as the iterate; ..
const MODEL_SHARE: f64 = 0.1;
/// .. and where the block holds every unit beyond its kink, so that it is likely to be the last.
const THOROUGH_SHARE: f64 = 1e-4;

/// A gain in the objective that is small enough where the certificate is a gradient norm: gains go with its square.
/// `scale` is the size of the objective at the start.
pub(in crate::bcd) fn goal_of_gradient(tolerance: f64, scale: f64) -> f64 {
    // Below the square of rounding nothing is gained.
    0.01 * (tolerance * tolerance).clamp(1e-26, 1.0) * scale
}

/// Remembers the best dual point and how the certificate went.
pub(in crate::bcd) struct Checker<'c> {
    scaled: &'c Scaled<'c>,
    freedom: &'c Freedom,
    correlations: Correlations,
    null_scale: f64,
    null_gradient: f64,
    tolerance: f64,
    /// Whether the correlations are those of the start, whose predictions are fresh.
    known: bool,
    best: Option<DualPoint>,
    patience: Patience,
    /// Coordinates away from 0 at the last check, and since when it is these.
    support: Vec<usize>,
    settled_at: u64,
    trace: Option<Vec<TraceRow>>,
}

impl<'c> Checker<'c> {
    pub(in crate::bcd) fn new(
        scaled: &'c Scaled<'c>,
        null: &NullModel,
        freedom: &'c Freedom,
        settings: &Settings,
        correlations: Correlations,
        known: bool,
    ) -> Self {
        Self {
            scaled,
            freedom,
            correlations,
            null_scale: null.scale,
            null_gradient: null.gradient,
            tolerance: settings.tolerance,
            known,
            best: None,
            patience: Patience::new(settings),
            support: Vec::new(),
            settled_at: 0,
            trace: settings.trace.then(Vec::new),
        }
    }

    /// The certificate that is small enough, in the units of [`Check::value`].
    fn limit(&self) -> f64 {
        let scale = match self.freedom.kind {
            CertificateKind::Gap => self.null_scale,
            CertificateKind::Gradient => self.null_gradient,
        };
        // An infinite tolerance accepts anything, also on a scale of 0.
        if self.tolerance.is_infinite() { f64::INFINITY } else { self.tolerance * scale }
    }

    /// The certificate that is small enough, in the data's units.
    pub(in crate::bcd) fn target(&self) -> f64 {
        self.limit() / self.unit()
    }

    /// What a scaled certificate is divided by to be in the data's units.
    fn unit(&self) -> f64 {
        match self.freedom.kind {
            CertificateKind::Gap => self.scaled.target_scale * self.scaled.target_scale,
            CertificateKind::Gradient => 1.0,
        }
    }

    /// The dual point of the best value seen.
    pub(in crate::bcd) fn best_dual(&self) -> Option<&[f64]> {
        self.best.as_ref().map(|b| b.theta.as_slice())
    }

    /// The iteration after which the support never changed, as far as checks saw.
    pub(in crate::bcd) fn settled_at(&self) -> u64 {
        self.settled_at
    }

    /// The correlations of the last candidate, for the next strength.
    pub(in crate::bcd) fn into_correlations(self) -> Correlations {
        self.correlations
    }

    pub(in crate::bcd) fn take_trace(&mut self) -> Vec<TraceRow> {
        self.trace.take().unwrap_or_default()
    }

    /// Computes afresh from `x` what can matter and decides whether to go on. Costs two passes over the data at most.
    pub(in crate::bcd) fn check(
        &mut self,
        engine: &mut Engine<'_>,
        iteration: u64,
        control: &mut Control<'_>,
    ) -> Result<Check, Stop> {
        let (scaled, freedom) = (self.scaled, self.freedom);
        let theta = if std::mem::take(&mut self.known) && freedom.accepts(scaled, &engine.state) {
            engine.state.d.iter().map(|d| -d).collect()
        } else {
            engine.state.refresh(scaled, control)?;
            candidate(scaled, &engine.state, freedom, engine.team, control)?
        };
        self.correlations.update(scaled, engine.penalty, &engine.state.x, &theta, engine.team, control)?;
        let gradient: Vec<f64> = self.correlations.values().iter().map(|v| -v).collect();
        let objective = engine.objective();
        engine.objective_size = objective.abs();
        let value = match freedom.kind {
            CertificateKind::Gradient => self.gradient_norm(engine, &gradient),
            CertificateKind::Gap => {
                let v = self.correlations.bounds(scaled);
                let point = feasible_point(scaled, engine.penalty, &engine.state, freedom, theta, v);
                if self.best.as_ref().is_none_or(|best| point.value > best.value) {
                    self.best = Some(point);
                }
                let dual = self.best.as_ref().map_or(f64::NEG_INFINITY, |best| best.value);
                gap(objective, dual)
            }
        };
        control.spend(20 * scaled.rows() as u64)?;
        self.record(engine, iteration, objective, value, control);
        self.note_support(&engine.state.x, iteration);
        let outcome = self.judge(engine, objective, value);
        let unit = self.unit();
        let t = scaled.target_scale;
        control.report(Phase::Solve, iteration, objective / (t * t), value / unit)?;
        let goal_of = |share: f64| match freedom.kind {
            CertificateKind::Gap => {
                let gap = if value.is_finite() { value } else { self.null_scale };
                (LIMIT_SHARE * self.limit()).max(share * gap).min(f64::MAX)
            }
            CertificateKind::Gradient => goal_of_gradient(self.tolerance, self.null_scale),
        };
        let share = if scaled.loss.is_quadratic() { QUADRATIC_SHARE } else { MODEL_SHARE };
        let (goal, thorough_goal) = (goal_of(share), goal_of(THOROUGH_SHARE));
        Ok(Check { value, objective, gradient, goal, thorough_goal, outcome })
    }

    fn note_support(&mut self, x: &[f64], iteration: u64) {
        let mut known = self.support.iter();
        let mut moved = (0..x.len()).filter(|&j| x[j] != 0.0);
        let same = moved.by_ref().all(|j| known.next() == Some(&j)) && known.next().is_none();
        if !same {
            self.support = (0..x.len()).filter(|&j| x[j] != 0.0).collect();
            self.settled_at = iteration;
        }
    }

    fn judge(&mut self, engine: &Engine<'_>, objective: f64, value: f64) -> Option<Outcome> {
        if !objective.is_finite() {
            return Some(Outcome::Diverged);
        }
        if separated(self.scaled, engine, self.freedom) {
            return Some(Outcome::InfimumNotAttained);
        }
        if objective < -FAR_BELOW * self.null_scale && falls_for_ever(self.scaled, engine) {
            return Some(Outcome::Unbounded);
        }
        let limit = self.limit();
        // A scale that overflowed accepts nothing.
        if value <= limit && (limit.is_finite() || self.tolerance.is_infinite()) {
            return Some(Outcome::Converged);
        }
        let scale = match self.freedom.kind {
            CertificateKind::Gap => objective.abs().max(self.null_scale),
            CertificateKind::Gradient => self.null_gradient,
        };
        self.patience.look(objective, value, scale)
    }

    fn record(
        &mut self,
        engine: &Engine<'_>,
        iteration: u64,
        objective: f64,
        value: f64,
        control: &Control<'_>,
    ) {
        let (t, unit) = (self.scaled.target_scale, self.unit());
        if let Some(trace) = self.trace.as_mut() {
            trace.push(TraceRow::new(iteration, objective / (t * t), value / unit, &engine.state.x, control));
        }
    }

    /// Norm of the minimum-norm subgradient in the data's scale, the intercept's slope included.
    fn gradient_norm(&self, engine: &Engine<'_>, g: &[f64]) -> f64 {
        let (scale, t) = (self.scaled.columns.scale(), self.scaled.target_scale);
        let in_data = |j: usize| if self.scaled.inert[j] { 0.0 } else { 1.0 / (scale[j] * t) };
        let norm = engine.penalty.subgradient_norm(&engine.state.x, g, in_data);
        let slope = if self.scaled.intercept { engine.state.d.iter().sum::<f64>() / t } else { 0.0 };
        (norm * norm + slope * slope).sqrt()
    }
}

/// Objectives this far below 0, in null models' scales, are looked at.
const FAR_BELOW: f64 = 1e6;
/// A step that moves a prediction by less than this share of what its columns add up to does not move it.
const UNMOVED: f64 = 1e-12;

/// Whether the iterate is a direction in which a linear term falls for ever: it moves no prediction, up to rounding,
/// and twice as far penalty and linear term are lower still, without a bound in the way.
fn falls_for_ever(scaled: &Scaled<'_>, engine: &Engine<'_>) -> bool {
    let (penalty, state) = (engine.penalty, &engine.state);
    if penalty.slope().is_none() {
        return false;
    }
    let mut growth = 0.0;
    for u in (0..penalty.units()).filter(|&u| !penalty.is_fixed(u)) {
        let x: Vec<f64> = penalty.columns(u).iter().map(|&j| state.x[j]).collect();
        let twice: Vec<f64> = x.iter().map(|x| 2.0 * x).collect();
        growth += penalty.unit_change(u, &x, &twice);
    }
    let mut moved = vec![state.b; scaled.rows()];
    let mut size = vec![state.b.abs(); scaled.rows()];
    for j in (0..state.x.len()).filter(|&j| state.x[j] != 0.0) {
        scaled.columns.for_each(j, |r, a| {
            moved[r] += a * state.x[j];
            size[r] += (a * state.x[j]).abs();
        });
    }
    let unmoved = |r: usize| scaled.s[r] == 0.0 || moved[r].abs() <= UNMOVED * size[r];
    growth < 0.0 && (0..scaled.rows()).all(unmoved)
}

/// Whether the free columns (and the intercept) separate the labels: then the logistic loss has no minimum, and the
/// coefficients of those columns are a direction in which it falls for ever.
fn separated(scaled: &Scaled<'_>, engine: &Engine<'_>, freedom: &Freedom) -> bool {
    if !matches!(scaled.loss, Loss::Logistic(_)) || freedom.columns.is_empty() {
        return false;
    }
    let state = &engine.state;
    // Where the linear term rises along the way, there may be a minimum.
    if freedom.columns.iter().map(|&j| freedom.slope(j) * state.x[j]).sum::<f64>() > 0.0 {
        return false;
    }
    let mut margin = vec![state.b; scaled.rows()];
    for &j in &freedom.columns {
        if state.x[j] != 0.0 {
            scaled.columns.add(j, state.x[j], &mut margin);
        }
    }
    let mut rows = margin.iter().zip(&scaled.y).zip(&scaled.s).filter(|(_, s)| **s > 0.0).peekable();
    rows.peek().is_some() && rows.all(|((z, y), _)| y * z > 0.0)
}
