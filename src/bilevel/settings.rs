//! What the options of `bilevel` say, in types. The symbols are those of arXiv 2308.10098.

use crate::runtime::{Error, ErrorKind, Family, Options, Result};

/// The method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Adaptive inexact descent with what this library adds.
    Maid,
    /// As published.
    Paper,
    /// Constant accuracies, with a line search.
    Fixed,
    /// Constant accuracies and a constant step.
    FixedStep,
    /// HOAG, one step per iteration.
    Hoag,
    /// HOAG as released, which takes each accepted step twice.
    HoagReleased,
    /// Without derivatives, with dynamic accuracy.
    Dynamic,
    /// The best of a grid.
    Grid,
    /// The best of random points.
    Random,
}

/// How the error of a hypergradient is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateMode {
    /// By the kind of problem.
    Auto,
    /// From the problem's constants.
    Rigorous,
    /// From sampled constants.
    Estimated,
    /// By a Newton correction of the lower solution.
    GoalOriented,
    /// Not at all.
    Off,
}

/// The direction of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectionKind {
    /// The hypergradient.
    Gradient,
    /// Times an inverse Hessian from past steps.
    Lbfgs,
    /// Times the inverse of the Gauss-Newton matrix.
    GaussNewton,
}

/// The solver of the lower problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowerSolver {
    /// By the kind of problem.
    Auto,
    /// Accelerated gradient.
    Fista,
    /// Limited-memory BFGS.
    Lbfgs,
    /// Inexact Newton.
    NewtonCg,
    /// Conjugate gradients, for quadratics.
    ConjugateGradient,
    /// Gradient descent.
    GradientDescent,
    /// The problem's own.
    User,
}

/// HOAG's accuracies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// `0.9^k`.
    Geometric,
    /// `1/k^2`.
    Quadratic,
    /// `1/k^3`.
    Cubic,
}

/// All settings of a solve.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The method.
    pub method: Method,
    /// How hypergradients are certified.
    pub certificate: CertificateMode,
    /// Whether value intervals have the adjoint's correction.
    pub corrected: bool,
    /// The direction.
    pub direction: DirectionKind,
    /// Whether gradient steps start at that of Barzilai and Borwein.
    pub barzilai_borwein: bool,
    /// The lower solver.
    pub lower_solver: LowerSolver,
    /// `eps_0`; `None`: from the start.
    pub eps: Option<f64>,
    /// `delta_0`; `None`: from the start.
    pub delta: Option<f64>,
    /// `alpha_0`; `None`: from the first direction.
    pub alpha: Option<f64>,
    /// `rho`.
    pub rho: f64,
    /// `rho bar`.
    pub rho_bar: f64,
    /// `nu`.
    pub nu: f64,
    /// `nu bar`.
    pub nu_bar: f64,
    /// `eta`.
    pub eta: f64,
    /// `lambda`.
    pub lambda: f64,
    /// `J`.
    pub backtracks: u64,
    /// The most that a step changes a parameter, at first.
    pub step_cap: f64,
    /// How many times that a later step may change one, after steps that were not long enough.
    pub widest: f64,
    /// Stationarity, relative to the first hypergradient.
    pub tolerance: f64,
    /// Stationarity itself.
    pub absolute_tolerance: f64,
    /// Relative progress of ten steps below which the solve has stalled.
    pub value_tolerance: f64,
    /// Accepted steps at most.
    pub max_iterations: u64,
    /// Time limit in seconds.
    pub max_seconds: f64,
    /// Work limit in flops.
    pub max_work: u64,
    /// Work limit in products.
    pub max_products: u64,
    /// Products of one lower or adjoint solve at most.
    pub max_lower_products: u64,
    /// Products of a trial's lower solve at most, in medians of the last.
    pub trial_budget: f64,
    /// Whether samples have accuracies of their own.
    pub allocate: bool,
    /// Whether the problem's metric is used.
    pub metric: bool,
    /// Whether lower problems without a `mu` are accepted.
    pub allow_uncertified: bool,
    /// HOAG's accuracies.
    pub sequence: Sequence,
    /// Threads.
    pub threads: usize,
    /// Seed of the random streams.
    pub seed: u64,
    /// Whether to keep a trace.
    pub trace: bool,
}

/// The first accuracy of the methods but maid, unless one is given, and their first step.
pub const ACCURACY: f64 = 0.1;
pub const STEP: f64 = 0.01;

/// How many caps of its own choice the method's steps may be long.
const WIDEST: f64 = 8.0;

impl Settings {
    /// Reads and checks options. Errors: options of another family, or that contradict one another.
    pub fn from_options(options: &Options) -> Result<Self> {
        let common = options.common(Family::Bilevel)?;
        let method = match options.choice("method") {
            "paper" => Method::Paper,
            "fixed" => Method::Fixed,
            "fixed-step" => Method::FixedStep,
            "hoag" => Method::Hoag,
            "hoag-released" => Method::HoagReleased,
            "dynamic" => Method::Dynamic,
            "grid" => Method::Grid,
            "random" => Method::Random,
            _ => Method::Maid,
        };
        let maid = method == Method::Maid;
        // What is unset has two defaults; what has a default in the table is never unset.
        let real =
            |key, ours: f64, papers: f64| options.real(key).unwrap_or(if maid { ours } else { papers });
        let number = |key| options.real(key).unwrap_or(f64::NAN);
        let accuracy = |key| options.real(key).or(if maid { None } else { Some(ACCURACY) });
        let eps = accuracy("lower_accuracy");
        let takes_steps = matches!(method, Method::Paper | Method::Fixed | Method::FixedStep);
        let settings = Self {
            method,
            certificate: certificate(options.choice("certificate")),
            corrected: match options.choice("values") {
                "corrected" => true,
                "plain" => false,
                _ => maid,
            },
            direction: match options.choice("direction") {
                "gradient" => DirectionKind::Gradient,
                "gauss-newton" => DirectionKind::GaussNewton,
                "lbfgs" => DirectionKind::Lbfgs,
                _ if maid => DirectionKind::Lbfgs,
                _ => DirectionKind::Gradient,
            },
            barzilai_borwein: match options.choice("first_trial") {
                "barzilai-borwein" => true,
                "grow" => false,
                _ => maid,
            },
            lower_solver: lower_solver(options.choice("lower_solver")),
            eps,
            delta: options.real("adjoint_accuracy").or(if maid { None } else { eps }),
            alpha: options.real("step").or(if takes_steps { Some(STEP) } else { None }),
            rho: number("step_decrease"),
            rho_bar: real("step_increase", 1.5, 10.0 / 9.0),
            nu: number("accuracy_decrease"),
            nu_bar: real("accuracy_increase", 1.1, 1.05),
            eta: real("descent_margin", 0.5, 1e-4),
            lambda: real("sufficient_decrease", 1e-4, 1e-8),
            backtracks: options.integer("backtracks") as u64,
            step_cap: real("step_cap", 1.0, f64::INFINITY),
            widest: if options.real("step_cap").is_some() { 1.0 } else { WIDEST },
            tolerance: common.tolerance,
            absolute_tolerance: number("absolute_tolerance"),
            value_tolerance: number("value_tolerance"),
            max_iterations: common.max_iterations,
            max_seconds: common.max_seconds,
            max_work: common.max_work,
            max_products: number("max_products") as u64,
            max_lower_products: options.integer("max_lower_products") as u64,
            trial_budget: number("trial_budget"),
            allocate: options.flag("allocate"),
            metric: options.flag("metric") && maid,
            allow_uncertified: options.flag("allow_uncertified"),
            sequence: match options.choice("sequence") {
                "geometric" => Sequence::Geometric,
                "cubic" => Sequence::Cubic,
                _ => Sequence::Quadratic,
            },
            threads: common.threads,
            seed: common.seed,
            trace: common.trace,
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        if !(self.lambda < self.eta) {
            return Err(Error::new(ErrorKind::Option, "option \"sufficient_decrease\"")
                .expected(format!("less than descent_margin, {}", self.eta))
                .found(self.lambda));
        }
        Ok(())
    }

    /// The certificate of hypergradients for a problem whose constants are `proven`, and whose lower level is
    /// `quadratic` or not.
    pub fn certificate_for(&self, quadratic: bool, proven: bool) -> CertificateMode {
        match (self.certificate, self.method) {
            (CertificateMode::Auto, Method::Maid) if proven && quadratic => CertificateMode::Rigorous,
            (CertificateMode::Auto, Method::Maid) => CertificateMode::GoalOriented,
            (CertificateMode::Auto, Method::Paper) if proven => CertificateMode::Rigorous,
            (CertificateMode::Auto, Method::Paper) => CertificateMode::Estimated,
            // The others do not ask for a bound, and should not pay for it.
            (CertificateMode::Auto, _) => CertificateMode::Off,
            (mode, _) => mode,
        }
    }
}

fn certificate(name: &str) -> CertificateMode {
    match name {
        "rigorous" => CertificateMode::Rigorous,
        "estimated" => CertificateMode::Estimated,
        "goal-oriented" => CertificateMode::GoalOriented,
        "off" => CertificateMode::Off,
        _ => CertificateMode::Auto,
    }
}

fn lower_solver(name: &str) -> LowerSolver {
    match name {
        "fista" => LowerSolver::Fista,
        "lbfgs" => LowerSolver::Lbfgs,
        "newton-cg" => LowerSolver::NewtonCg,
        "cg" => LowerSolver::ConjugateGradient,
        "gradient" => LowerSolver::GradientDescent,
        "user" => LowerSolver::User,
        _ => LowerSolver::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e28_parameters_that_contradict_are_refused() {
        let mut options = Options::new(Family::Bilevel);
        for (key, value) in [
            ("step_decrease", 1.0),
            ("accuracy_decrease", 1.0),
            ("descent_margin", 1.0),
            ("step_increase", 0.9),
            ("backtracks", 0.0),
        ] {
            let error = options.set_real(key, value).unwrap_err();
            assert!(error.to_string().contains(key), "{error}");
        }
        options.set_real("descent_margin", 1e-3).unwrap();
        options.set_real("sufficient_decrease", 1e-3).unwrap();
        let error = Settings::from_options(&options).unwrap_err();
        assert!(error.to_string().contains("sufficient_decrease"), "{error}");
        assert!(Settings::from_options(&Options::new(Family::Bcd)).is_err());
    }

    #[test]
    fn e27_accuracies_are_positive_numbers() {
        let mut options = Options::new(Family::Bilevel);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(options.set_real("lower_accuracy", bad).is_err());
            assert!(options.set_real("adjoint_accuracy", bad).is_err());
        }
        options.set_real("lower_accuracy", 1e30).unwrap();
        assert_eq!(Settings::from_options(&options).unwrap().eps, Some(1e30));
    }

    #[test]
    fn the_papers_method_has_the_papers_parameters() {
        let mut options = Options::new(Family::Bilevel);
        options.set_text("method", "paper").unwrap();
        let paper = Settings::from_options(&options).unwrap();
        let found = [paper.rho, paper.rho_bar, paper.nu, paper.nu_bar, paper.eta, paper.lambda];
        assert_eq!(found, [0.5, 10.0 / 9.0, 0.5, 1.05, 1e-4, 1e-8]);
        assert_eq!((paper.eps, paper.delta, paper.alpha), (Some(0.1), Some(0.1), Some(0.01)));
        assert!(!paper.corrected && !paper.barzilai_borwein && paper.direction == DirectionKind::Gradient);
        assert_eq!(paper.certificate_for(false, true), CertificateMode::Rigorous);
        assert_eq!(paper.certificate_for(true, false), CertificateMode::Estimated);
        options.set_real("step_increase", 2.0).unwrap();
        assert_eq!(Settings::from_options(&options).unwrap().rho_bar, 2.0);
    }
}
