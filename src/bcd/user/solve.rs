//! Solving with the caller's function.

use super::super::answers::certificate::Certificate;
use super::super::answers::evaluation::{Evaluation, deviations};
use super::super::answers::solution::Solution;
use super::super::block::Block;
use super::super::general::{self, Aim, Certifier, Look, Watch};
use super::super::problem::Problem;
use super::super::settings::{LineSearch, PenaltyKind, Rule, Settings, UpdateKind};
use super::super::smooth::Smooth;
use super::super::solve::Start;
use super::super::updates::gradient;
use super::super::updates::step::Step;
use super::engine::Engine;
use super::{UserFunction, failed};
use crate::model::Penalty;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Outcome, Phase, Result, Stop};
use std::cell::RefCell;

/// Coordinates of the largest block whose Hessian rule auto asks for.
const LARGEST_BLOCK: usize = 1024;
/// A curvature below minus this, beside a unit diagonal, is no rounding, not even that of differences.
const NEGATIVE: f64 = 1e-5;
/// Iterations and relative accuracy of the null model, where some coordinates have no penalty.
const NULL_ITERATIONS: u64 = 200;
const NULL_TOLERANCE: f64 = 1e-10;

/// The problem, its settings and threads.
pub(in crate::bcd) struct Solve<'s> {
    pub(in crate::bcd) problem: &'s Problem<'s>,
    pub(in crate::bcd) function: &'s dyn UserFunction,
    pub(in crate::bcd) settings: &'s Settings,
    pub(in crate::bcd) team: &'s Team<'s>,
}

/// The unpenalized coordinates at their optimum.
struct NullModel {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    /// Size of gradients: the larger of that at zero and that here.
    scale: f64,
}

impl Solve<'_> {
    /// Solves. Errors: options that mean nothing here, and those of callbacks.
    pub(in crate::bcd) fn run(
        &self,
        start: Option<Start<'_>>,
        control: &mut Control<'_>,
    ) -> Result<Solution> {
        self.check()?;
        self.check_update()?;
        let n = self.function.cols();
        let from = start.and_then(|s| s.coef).map(<[f64]>::to_vec);
        let ones = vec![1.0; n];
        let lipschitz = self.function.lipschitz().unwrap_or(&ones);
        let failure = RefCell::new(None);
        let mut solution = Solution::empty(self.settings.loss);
        solution.coef = from.clone().unwrap_or_else(|| vec![0.0; n]);
        let ended = self.attempt(from, lipschitz, &failure, &mut solution, control);
        if let Some(error) = failure.into_inner() {
            return Err(error);
        }
        match ended? {
            Ok(()) => {}
            Err(Stop(outcome)) => solution.outcome = outcome,
        }
        solution.work = control.work();
        if !solution.lambda.is_nan() {
            let lambda = solution.lambda;
            let found = certificate(self.problem, self.function, self.settings, lambda, &solution.coef)?;
            solution.take_certificate(found);
            if solution.outcome == Outcome::Converged && self.bends_down(&solution.coef, control)? {
                solution.outcome = Outcome::Uncertified;
            }
        }
        solution.seconds_solve = control.seconds() - solution.seconds_setup;
        Ok(solution)
    }

    /// Whether the Hessian at the answer has a negative eigenvalue beyond rounding, on one block with the coordinates
    /// away from zero first: then the function is not convex, and a small gradient does not tell a minimum.
    fn bends_down(&self, x: &[f64], control: &mut Control<'_>) -> Result<bool> {
        let away = (0..x.len()).filter(|&j| x[j] != 0.0);
        let mut list: Vec<usize> = away.chain((0..x.len()).filter(|&j| x[j] == 0.0)).collect();
        list.truncate(LARGEST_BLOCK);
        list.sort_unstable();
        if !self.function.has_hessian() || list.is_empty() {
            return Ok(false);
        }
        let mut h = Square::zeros(list.len());
        h.data_mut().fill(f64::NAN);
        let code = self.function.hessian(x, &list, h.data_mut());
        let bad = h.data_mut().iter().find(|h| !h.is_finite()).copied();
        if code != 0 || bad.is_some() {
            return Err(failed("hessian", code, if code == 0 { bad } else { None }));
        }
        // Two by two first: a factorization takes a row without a diagonal for one of the identity.
        let bends = |i: usize, j: usize| {
            h.at(j, j) < 0.0 || h.at(i, j).powi(2) > (1.0 + NEGATIVE) * (h.at(i, i) * h.at(j, j)).abs()
        };
        if (0..list.len()).any(|j| (0..=j).any(|i| bends(i, j))) {
            return Ok(true);
        }
        // A stop now changes nothing of the answer.
        Ok(Cholesky::new(&h, control).is_ok_and(|factor| factor.shift() > NEGATIVE))
    }

    /// The smallest lambda with an all-zero solution. The outer result is of the function, the inner one of the
    /// control.
    pub(in crate::bcd) fn lambda_max(
        &self,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<f64, Stop>> {
        self.check()?;
        let ones = vec![1.0; self.function.cols()];
        let lipschitz = self.function.lipschitz().unwrap_or(&ones);
        let failure = RefCell::new(None);
        let found = self.null_model(lipschitz, &failure, control)?;
        if let Some(error) = failure.into_inner() {
            return Err(error);
        }
        match found {
            Ok(null) => self.threshold(&null).map(Ok),
            Err(stop) => Ok(Err(stop)),
        }
    }

    /// Refuses what has no meaning without rows.
    fn check(&self) -> Result<()> {
        let Settings { intercept, standardize, .. } = *self.settings;
        let option = match (intercept, standardize) {
            (true, _) => "intercept",
            (_, true) => "standardize",
            _ => return Ok(()),
        };
        Err(Error::new(ErrorKind::Option, format!("option \"{option}\""))
            .expected("none with a function of the caller")
            .found("it"))
    }

    /// Refuses updates that need what the function does not give.
    fn check_update(&self) -> Result<()> {
        let Settings { rule, update, estimate_lipschitz, .. } = *self.settings;
        let (bounds, hessian) = (self.function.lipschitz().is_some(), self.function.has_hessian());
        let served = match update {
            _ if rule == Rule::Auto => true,
            UpdateKind::Gradient => bounds || estimate_lipschitz,
            UpdateKind::Newton | UpdateKind::Exact => bounds || hessian,
            UpdateKind::Matrix | UpdateKind::Local => bounds,
            UpdateKind::Cubic => hessian && estimate_lipschitz,
        };
        if served {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Option, "option \"update\"")
            .expected("gradient with lipschitz=estimate, or a function with bounds or a Hessian")
            .found("a function without"))
    }

    /// The penalty in the data's own scale.
    fn penalty(&self, settings: &Settings, lambda: f64) -> Result<Penalty> {
        let zeros = vec![0.0; self.function.cols()];
        let deviations = deviations(self.problem, settings, &mut Control::new())?;
        Ok(Evaluation::new(self.problem, settings, lambda, &zeros, &deviations)?.penalty)
    }

    fn threshold(&self, null: &NullModel) -> Result<f64> {
        let v: Vec<f64> = null.gradient.iter().map(|g| -g).collect();
        Ok(self.penalty(self.settings, 1.0)?.zero_threshold(&v))
    }

    /// The outer result is of the options, the inner one of the control and the callbacks.
    fn null_model(
        &self,
        lipschitz: &[f64],
        failure: &RefCell<Option<Error>>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<NullModel, Stop>> {
        let mut settings = self.settings.clone();
        if settings.penalty == PenaltyKind::None {
            settings.penalty = PenaltyKind::Ridge;
        }
        let fixed = self.penalty(&settings, f64::INFINITY)?;
        settings.rule = Rule::Auto;
        settings.trace = false;
        settings.max_iterations = NULL_ITERATIONS;
        let mut rest = || {
            control.report(Phase::NullModel, 0, f64::NAN, f64::NAN)?;
            let n = lipschitz.len();
            let mut x = vec![0.0; n];
            fixed.project(&mut x);
            let mut engine = Engine::new(self.function, &fixed, self.team, lipschitz, x, failure, control)?;
            let every: Vec<usize> = (0..n).collect();
            let mut gradient = vec![0.0; n];
            engine.gradient(&every, &mut gradient, control)?;
            let at_zero = norm(&gradient);
            if (0..fixed.units()).any(|u| !fixed.is_fixed(u)) {
                let aim = Aim {
                    limit: NULL_TOLERANCE * at_zero,
                    scale: at_zero,
                    objective_scale: 0.0,
                    is_gap: false,
                };
                let mut watch = Watch::new(aim, &settings);
                let mut certifier = Steps::new(self.function, lipschitz, &engine);
                general::iterate(&mut engine, &mut certifier, &mut watch, &mut 0, control)?;
                engine.gradient(&every, &mut gradient, control)?;
            }
            let scale = f64::max(at_zero, norm(&gradient));
            Ok(NullModel { value: engine.value(), x: engine.x, gradient, scale })
        };
        Ok(rest())
    }

    fn attempt(
        &self,
        from: Option<Vec<f64>>,
        lipschitz: &[f64],
        failure: &RefCell<Option<Error>>,
        solution: &mut Solution,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<(), Stop>> {
        let null = match self.null_model(lipschitz, failure, control)? {
            Ok(null) => null,
            Err(stop) => return Ok(Err(stop)),
        };
        let lambda_max = self.threshold(&null)?;
        let lambda = self.settings.strength.lambda(lambda_max);
        let penalty = self.penalty(self.settings, lambda)?;
        let tolerance = self.settings.tolerance;
        let limit = if tolerance.is_infinite() { f64::INFINITY } else { tolerance * null.scale };
        let aim = Aim { limit, scale: null.scale, objective_scale: null.value.abs(), is_gap: false };
        let mut watch = Watch::new(aim, self.settings);
        (solution.lambda, solution.lambda_max) = (lambda, lambda_max);
        (solution.target, solution.null_loss) = (limit, null.value.abs());
        solution.seconds_setup = control.seconds();
        let mut x = from.unwrap_or(null.x);
        penalty.project(&mut x);
        solution.coef.clone_from(&x);
        let rest = || {
            let mut engine = Engine::new(self.function, &penalty, self.team, lipschitz, x, failure, control)?;
            let mut certifier = Steps::new(self.function, lipschitz, &engine);
            let iterations = &mut solution.iterations;
            let ended = general::iterate(&mut engine, &mut certifier, &mut watch, iterations, control);
            solution.coef = engine.x;
            solution.outcome = ended?;
            Ok(())
        };
        let ended = rest();
        solution.trace = watch.take_trace();
        Ok(ended)
    }
}

/// Certificates and the steps of rule auto.
struct Steps {
    has_hessian: bool,
    /// Estimated constants of single units, where there is no Hessian.
    estimates: Vec<f64>,
}

impl Steps {
    fn new(function: &dyn UserFunction, lipschitz: &[f64], engine: &Engine<'_>) -> Self {
        let penalty = engine.penalty();
        let unit = |u: usize| penalty.columns(u).iter().map(|&j| lipschitz[j]).sum::<f64>();
        let estimates = (0..penalty.units()).map(|u| unit(u).max(f64::MIN_POSITIVE)).collect();
        Self { has_hessian: function.has_hessian(), estimates }
    }
}

impl Certifier<Engine<'_>> for Steps {
    fn look(&mut self, f: &mut Engine<'_>, control: &mut Control<'_>) -> std::result::Result<Look, Stop> {
        f.refresh(control)?;
        let every: Vec<usize> = (0..f.x.len()).collect();
        let mut gradient = vec![0.0; every.len()];
        f.gradient(&every, &mut gradient, control)?;
        let objective = f.value() + f.penalty().value(&f.x);
        let value = f.penalty().subgradient_norm(&f.x, &gradient, |_| 1.0);
        Ok(Look { objective, value, gradient })
    }

    /// With a Hessian Newton steps on parts of the working set; without one each unit takes its own proximal step, with
    /// a constant that is estimated.
    fn work_on(
        &mut self,
        f: &mut Engine<'_>,
        block: &Block,
        _goal: f64,
        control: &mut Control<'_>,
    ) -> std::result::Result<Step, Stop> {
        let mut total = Step::default();
        let mut add = |step: Step| {
            total.promised += step.promised;
            total.achieved += step.achieved;
        };
        if !self.has_hessian {
            for &u in block.units() {
                let one = Block::new(f.penalty(), vec![u]);
                add(gradient::update_with_estimate(f, &one, &mut self.estimates[u], control)?);
            }
            return Ok(total);
        }
        let mut units: Vec<usize> = Vec::new();
        let mut size = 0;
        for (i, &u) in block.units().iter().enumerate() {
            size += block.range(i).len();
            units.push(u);
            if size >= LARGEST_BLOCK || i + 1 == block.units().len() {
                let part = Block::new(f.penalty(), std::mem::take(&mut units));
                add(f.newton_step(&part, LineSearch::Armijo, control)?);
                size = 0;
            }
        }
        Ok(total)
    }
}

fn norm(v: &[f64]) -> f64 {
    v.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// The certificate of a point: the norm of the minimum-norm subgradient, from the callbacks alone.
pub(in crate::bcd) fn certificate(
    problem: &Problem<'_>,
    function: &dyn UserFunction,
    settings: &Settings,
    lambda: f64,
    x: &[f64],
) -> Result<Certificate> {
    let n = function.cols();
    super::super::problem::check_start(Some(x), 0.0, n)?;
    let deviations = deviations(problem, settings, &mut Control::new())?;
    let penalty = Evaluation::new(problem, settings, lambda, x, &deviations)?.penalty;
    let (mut value, mut g) = (f64::NAN, vec![f64::NAN; n]);
    let every: Vec<usize> = (0..n).collect();
    let code = function.value(x, &mut value);
    if code != 0 || value.is_nan() {
        return Err(failed("value", code, (code == 0).then_some(value)));
    }
    let code = if n > 0 { function.gradient(x, &every, &mut g) } else { 0 };
    let bad = g.iter().find(|g| !g.is_finite());
    if code != 0 || bad.is_some() {
        return Err(failed("gradient", code, if code == 0 { bad.copied() } else { None }));
    }
    let objective = value + penalty.value(x);
    Ok(Certificate::of_gradient(penalty.subgradient_norm(x, &g, |_| 1.0), objective))
}
