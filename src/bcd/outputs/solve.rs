//! Solving a problem with several outputs: setup, null model, the loop, the answer.

use super::super::answers::solution::Solution;
use super::super::block::Block;
use super::super::block_problem::quadratic::Goal;
use super::super::duality::gap;
use super::super::general::{self, Aim, Certifier, Look, Watch};
use super::super::null_model::null_penalty;
use super::super::plan::INEXACT;
use super::super::problem::Problem;
use super::super::scaled::Scaled;
use super::super::settings::Settings;
use super::super::solve::Start;
use super::super::strengths::column_bounds;
use super::super::updates::step::Step;
use super::certificate::certificate;
use super::data::Data;
use super::dual::{balance, best_scale, complete};
use super::engine::Outputs;
use super::newton;
use crate::model::Penalty;
use crate::model::outputs::OutputLoss;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Outcome, Phase, Result, Stop};

/// Newton steps of the null model.
const MOST_NULL_STEPS: usize = 200;
/// Log-odds of a class that no row has, beside an intercept: its share of the loss is below rounding there.
const ABSENT: f64 = -40.0;

/// The problem, its settings and threads.
pub(in crate::bcd) struct Solve<'s> {
    pub(in crate::bcd) problem: &'s Problem<'s>,
    pub(in crate::bcd) settings: &'s Settings,
    pub(in crate::bcd) team: &'s Team<'s>,
}

/// What is known before the loop.
struct Setup<'s> {
    data: Data,
    scaled: Scaled<'s>,
    /// Which intercepts are fitted.
    free: Vec<bool>,
    lipschitz: Vec<f64>,
}

/// The unpenalized terms at their optimum.
struct NullModel {
    x: Vec<f64>,
    loss: f64,
    lambda_max: f64,
    /// Norm of the gradient.
    gradient: f64,
}

type Stopped<T> = std::result::Result<T, Stop>;

impl<'s> Solve<'s> {
    /// Solves. Errors: targets, options or a start that do not fit the problem.
    pub(in crate::bcd) fn run(
        &self,
        loss: OutputLoss,
        start: Option<Start<'_>>,
        control: &mut Control<'_>,
    ) -> Result<Solution> {
        let data = Data::new(self.problem, self.settings, loss)?;
        let k = data.k;
        let from = start.and_then(|s| s.coef).map(|coef| self.checked_start(coef, k)).transpose()?;
        let (setup, null) = match self.setup(data, control)? {
            Ok(found) => found,
            Err(stop) => return Ok(self.unfinished(loss, k, from, stop, control)),
        };
        let lambda = self.settings.strength.lambda(null.lambda_max);
        let features = setup.scaled.penalty(self.problem, self.settings, lambda)?;
        let penalties = (features.for_outputs(k, &[]), features.for_outputs(k, &setup.free));
        let seconds_setup = control.seconds();
        let mut solution = self.search(&setup, &null, &penalties, from, control);
        solution.lambda = lambda;
        solution.lambda_max = null.lambda_max;
        solution.null_loss = null.loss;
        self.certify(&mut solution)?;
        // Beside an intercept a class without rows has its optimum at infinity; with one class alone that is all there
        // is.
        let present = setup.free.iter().filter(|free| **free).count();
        if present < setup.free.len() && (solution.outcome == Outcome::Converged || present == 1) {
            solution.outcome = Outcome::InfimumNotAttained;
        }
        solution.seconds_setup = seconds_setup;
        solution.seconds_solve = control.seconds() - seconds_setup;
        Ok(solution)
    }

    /// The smallest lambda with an all-zero solution. The outer result is of the data, the inner one of the control.
    pub(in crate::bcd) fn lambda_max(
        &self,
        loss: OutputLoss,
        control: &mut Control<'_>,
    ) -> Result<Stopped<f64>> {
        let data = Data::new(self.problem, self.settings, loss)?;
        Ok(self.setup(data, control)?.map(|(_, null)| null.lambda_max))
    }

    /// The outer result is of the data, the inner one of the control.
    fn setup(&self, mut data: Data, control: &mut Control<'_>) -> Result<Stopped<(Setup<'s>, NullModel)>> {
        let scaled = match control
            .report(Phase::Setup, 0, f64::NAN, f64::NAN)
            .and_then(|()| Scaled::new(self.problem, self.settings, control))
        {
            Ok(scaled) => scaled,
            Err(stop) => return Ok(Err(stop)),
        };
        let k = data.k;
        let mut free = Vec::new();
        if self.settings.intercept {
            let weights = data.class_weights(&scaled.s);
            free = (0..k).map(|c| weights.get(c).is_none_or(|w| *w > 0.0)).collect();
            // Nothing to tell classes by: every intercept is as good.
            if !free.contains(&true) {
                free.fill(true);
            }
            for c in (0..k).filter(|&c| !free[c]) {
                data.offset[c * data.rows..(c + 1) * data.rows].iter_mut().for_each(|o| *o += ABSENT);
            }
        }
        let kappa = data.loss.curvature_bound();
        let ones: f64 = scaled.s.iter().sum();
        let squares = scaled.squares.iter().copied().chain((!free.is_empty()).then_some(ones));
        let lipschitz = squares.flat_map(|h| std::iter::repeat_n(kappa * h, k)).collect();
        let fixed = null_penalty(&scaled, self.problem, self.settings)?.for_outputs(k, &free);
        let unit = scaled.penalty(self.problem, self.settings, 1.0)?.for_outputs(k, &[]);
        let setup = Setup { data, scaled, free, lipschitz };
        Ok(self.null_model(&setup, &fixed, &unit, control).map(|null| (setup, null)))
    }

    fn null_model(
        &self,
        setup: &Setup<'_>,
        fixed: &Penalty,
        unit: &Penalty,
        control: &mut Control<'_>,
    ) -> Stopped<NullModel> {
        control.report(Phase::NullModel, 0, f64::NAN, f64::NAN)?;
        let (data, scaled) = (&setup.data, &setup.scaled);
        let mut x = vec![0.0; setup.lipschitz.len()];
        fixed.project(&mut x);
        let features = scaled.cols() * data.k;
        let weights = data.class_weights(&scaled.s);
        let total: f64 = weights.iter().sum();
        for (c, w) in
            weights.iter().enumerate().filter(|(c, w)| **w > 0.0 && setup.free.get(*c) == Some(&true))
        {
            x[features + c] = (w / total).ln();
        }
        let mut engine = Outputs::new(data, scaled, fixed, self.team, &setup.lipschitz, x, control)?;
        let units = (0..fixed.units()).filter(|&u| !fixed.is_fixed(u)).collect();
        let block = Block::new(fixed, units);
        let every: Vec<usize> = (0..setup.lipschitz.len()).collect();
        let mut g = vec![0.0; every.len()];
        engine.correlations(&every, &engine.d, &mut g, control)?;
        let at_start = self.norm(scaled, data.k, &g);
        if !block.units().is_empty() {
            for _ in 0..MOST_NULL_STEPS {
                let step = newton::step(&mut engine, &block, Goal::EXACT, control)?;
                control.poll()?;
                if step.promised <= 1e-28 * engine.loss().abs() {
                    break;
                }
            }
            engine.refresh_all(control)?;
            engine.correlations(&every, &engine.d, &mut g, control)?;
        }
        let v: Vec<f64> = g[..features].iter().map(|g| -g).collect();
        Ok(NullModel {
            loss: engine.loss().max(0.0),
            lambda_max: unit.zero_threshold(&v),
            gradient: f64::max(at_start, self.norm(scaled, data.k, &g)),
            x: engine.x,
        })
    }

    /// The norm of a gradient in the data's scale.
    fn norm(&self, scaled: &Scaled<'_>, k: usize, g: &[f64]) -> f64 {
        let scaled_part = |(j, g): (usize, &f64)| match data_scale(scaled, k, j) {
            0.0 => 0.0,
            scale => (g * scale).powi(2),
        };
        g.iter().enumerate().map(scaled_part).sum::<f64>().sqrt()
    }

    fn search(
        &self,
        setup: &Setup<'_>,
        null: &NullModel,
        penalties: &(Penalty, Penalty),
        from: Option<Vec<f64>>,
        control: &mut Control<'_>,
    ) -> Solution {
        let (features, full) = penalties;
        let (data, scaled) = (&setup.data, &setup.scaled);
        let is_gap = has_dual(features);
        let tolerance = self.settings.tolerance;
        let scale = if is_gap { null.loss } else { null.gradient };
        let limit = if tolerance.is_infinite() { f64::INFINITY } else { tolerance * scale };
        let aim = Aim { limit, scale, objective_scale: null.loss, is_gap };
        let mut watch = Watch::new(aim, self.settings);
        let mut iterations = 0;
        let mut x = null.x.clone();
        full.project(&mut x);
        let mut best = Best::default();
        let outcome = self
            .begin(setup, full, x, from, control)
            .and_then(|engine| {
                let mut engine = engine;
                let mut run = Run { features, is_gap, best: &mut best };
                let ended = general::iterate(&mut engine, &mut run, &mut watch, &mut iterations, control);
                best.x = engine.x;
                ended
            })
            .unwrap_or_else(|Stop(outcome)| outcome);
        if best.x.is_empty() {
            best.x.clone_from(&null.x);
        }
        // An iterate that is no longer a number is no answer; the null model is one, or else zeros.
        let (outcome, (coef, intercepts)) = match self.in_data_scale(setup, &best.x) {
            Some(answer) => (outcome, answer),
            None => {
                let answer = self.in_data_scale(setup, &null.x);
                (Outcome::Diverged, answer.unwrap_or_else(|| self.zeros(setup)))
            }
        };
        let theta = best.theta.filter(|theta| theta.iter().all(|v| v.is_finite()));
        Solution {
            coef,
            intercepts,
            outputs: data.k,
            output_loss: Some(data.loss),
            dual: theta.map_or(Vec::new(), |theta| data.by_rows(&theta)),
            outcome,
            target: watch.target(),
            iterations,
            work: control.work(),
            trace: watch.take_trace(),
            ..Solution::empty(scaled.loss)
        }
    }

    /// The engine where the solve starts: at the null model, or at the caller's point unless that is worse.
    fn begin<'e>(
        &'e self,
        setup: &'e Setup<'_>,
        penalty: &'e Penalty,
        x: Vec<f64>,
        from: Option<Vec<f64>>,
        control: &mut Control<'_>,
    ) -> Stopped<Outputs<'e>> {
        let at = |x: Vec<f64>, control: &mut Control<'_>| {
            Outputs::new(&setup.data, &setup.scaled, penalty, self.team, &setup.lipschitz, x, control)
        };
        let null = at(x, control)?;
        let Some(from) = from else { return Ok(null) };
        let started = at(self.in_loop_scale(setup, penalty, &from), control)?;
        let asked_about = self.settings.max_iterations == 0;
        Ok(if asked_about || started.objective() <= null.objective() { started } else { null })
    }

    /// Coefficients and intercepts in the data's scale; `None` where the iterate is no longer a number, or overflows in
    /// that scale.
    fn in_data_scale(&self, setup: &Setup<'_>, x: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
        let (k, scale) = (setup.data.k, setup.scaled.columns.scale());
        let features = scale.len() * k;
        let coef = self.within_bounds((0..features).map(|j| x[j] * scale[j / k]).collect(), k);
        let absent = |c: usize| if setup.free[c] { 0.0 } else { ABSENT };
        let intercepts: Vec<f64> = (0..setup.free.len()).map(|c| x[features + c] + absent(c)).collect();
        let finite = x.iter().chain(&coef).chain(&intercepts).all(|v| v.is_finite());
        finite.then_some((coef, intercepts))
    }

    /// Coefficients and intercepts of 0, as far as bounds allow.
    fn zeros(&self, setup: &Setup<'_>) -> (Vec<f64>, Vec<f64>) {
        let k = setup.data.k;
        let coef = self.within_bounds(vec![0.0; setup.scaled.cols() * k], k);
        (coef, vec![0.0; setup.free.len()])
    }

    /// Scaling back and forth may step over a bound by a rounding.
    fn within_bounds(&self, mut coef: Vec<f64>, k: usize) -> Vec<f64> {
        for (j, coef) in coef.iter_mut().enumerate() {
            let (low, high) = column_bounds(self.problem, self.settings, j / k);
            if low <= high {
                *coef = coef.max(low).min(high);
            }
        }
        coef
    }

    /// Coordinates of a start.
    fn in_loop_scale(&self, setup: &Setup<'_>, penalty: &Penalty, from: &[f64]) -> Vec<f64> {
        let (k, scaled) = (setup.data.k, &setup.scaled);
        let features = scaled.cols() * k;
        let mut x = vec![0.0; setup.lipschitz.len()];
        for j in (0..features).filter(|&j| !scaled.inert[j / k]) {
            x[j] = from[j] / scaled.columns.scale()[j / k];
        }
        if from.len() == x.len() {
            x[features..].copy_from_slice(&from[features..]);
        }
        penalty.project(&mut x);
        x
    }

    /// A start: the coefficients feature by feature, and after them the intercepts, if they are given.
    fn checked_start(&self, coef: &[f64], k: usize) -> Result<Vec<f64>> {
        super::check_point(coef, self.problem.matrix().cols(), k)?;
        Ok(coef.to_vec())
    }

    fn certify(&self, solution: &mut Solution) -> Result<()> {
        let point = solution.stacked();
        let found = certificate(self.problem, self.settings, solution.lambda, &point, &solution.dual)?;
        solution.take_certificate(found);
        Ok(())
    }

    /// The answer where the control stopped the setup: the start, uncertified.
    fn unfinished(
        &self,
        loss: OutputLoss,
        k: usize,
        from: Option<Vec<f64>>,
        stop: Stop,
        control: &Control<'_>,
    ) -> Solution {
        let features = self.problem.matrix().cols() * k;
        let mut coef = from.unwrap_or_else(|| vec![0.0; features]);
        let mut intercepts = coef.split_off(features);
        intercepts.resize(if self.settings.intercept { k } else { 0 }, 0.0);
        Solution {
            coef,
            intercepts,
            outputs: k,
            output_loss: Some(loss),
            outcome: stop.0,
            work: control.work(),
            seconds_setup: control.seconds(),
            ..Solution::empty(self.settings.loss)
        }
    }
}

/// Whether every coordinate has a penalty or two bounds, so that any direction can be scaled into the dual's domain.
pub(super) fn has_dual(features: &Penalty) -> bool {
    (0..features.units()).all(|u| !features.is_free(u) && features.only_bound(u).is_none())
}

/// The iterate and the best dual point seen.
#[derive(Default)]
struct Best {
    x: Vec<f64>,
    theta: Option<Vec<f64>>,
    value: f64,
}

/// What the certificate needs besides the iterate.
struct Run<'r> {
    features: &'r Penalty,
    is_gap: bool,
    best: &'r mut Best,
}

impl Run<'_> {
    /// A dual point from the slopes, scaled into the feasible set; keeps the best. Costs a pass over the data.
    fn dual_gap(&mut self, engine: &Outputs<'_>, objective: f64, control: &mut Control<'_>) -> Stopped<f64> {
        let (data, s) = (engine.data, &engine.scaled.s);
        let count = engine.scaled.cols() * data.k;
        let mut theta: Vec<f64> = engine.d.iter().map(|d| -d).collect();
        let mut price = 0.0;
        if engine.x.len() > count {
            balance(data, s, &mut theta);
            let sums = theta.chunks(data.rows.max(1)).map(|t| t.iter().sum::<f64>());
            price = sums.zip(&engine.x[count..]).map(|(sum, b)| (sum * b).abs()).sum();
        } else {
            complete(data, s, &mut theta);
        }
        control.spend(8 * theta.len() as u64)?;
        let every: Vec<usize> = (0..count).collect();
        let mut v = vec![0.0; count];
        engine.correlations(&every, &theta, &mut v, control)?;
        let (t, value) = best_scale(data, s, self.features, &theta, &v, price);
        control.spend(40 * theta.len() as u64)?;
        if value > self.best.value || self.best.theta.is_none() {
            theta.iter_mut().for_each(|theta| *theta *= t);
            self.best.theta = Some(theta);
            self.best.value = value;
        }
        Ok(gap(objective, self.best.value))
    }
}

impl Certifier<Outputs<'_>> for Run<'_> {
    fn look(&mut self, engine: &mut Outputs<'_>, control: &mut Control<'_>) -> Stopped<Look> {
        engine.refresh_all(control)?;
        let every: Vec<usize> = (0..engine.x.len()).collect();
        let mut gradient = vec![0.0; every.len()];
        engine.correlations(&every, &engine.d, &mut gradient, control)?;
        let objective = engine.objective();
        engine.objective_size = objective.abs();
        let value = if self.is_gap {
            self.dual_gap(engine, objective, control)?
        } else {
            engine
                .penalty
                .subgradient_norm(&engine.x, &gradient, |j| data_scale(engine.scaled, engine.data.k, j))
        };
        Ok(Look { objective, value, gradient })
    }

    fn work_on(
        &mut self,
        engine: &mut Outputs<'_>,
        block: &Block,
        goal: f64,
        control: &mut Control<'_>,
    ) -> Stopped<Step> {
        let relative = if engine.data.loss.is_quadratic() { 0.0 } else { INEXACT };
        newton::step(engine, block, Goal { absolute: goal, relative }, control)
    }
}

/// What brings coordinate `j` of a gradient to the data's scale; 0 for columns that cannot matter.
fn data_scale(scaled: &Scaled<'_>, k: usize, j: usize) -> f64 {
    match j / k {
        f if f >= scaled.cols() => 1.0,
        f if scaled.inert[f] => 0.0,
        f => 1.0 / scaled.columns.scale()[f],
    }
}

/// The error of a point of another length than the problem's.
pub(super) fn wrong_point(found: usize, cols: usize, k: usize) -> Error {
    Error::new(ErrorKind::Argument, "coef.len")
        .expected(format!("{}, one per column and output, or {k} more with the intercepts", cols * k))
        .found(found)
}
