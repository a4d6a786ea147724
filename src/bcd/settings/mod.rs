//! What the options say, in types.

mod choices;

pub use choices::{
    Gradients, GsqSearch, LineSearch, PartitionKind, PenaltyKind, ProxRule, Rule, Strength, UpdateKind,
};

use crate::model::{Loss, OutputLoss};
use crate::runtime::{Error, ErrorKind, Family, Options, Result};

/// All settings of a solve.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Relative tolerance of the certificate.
    pub tolerance: f64,
    /// Iteration limit.
    pub max_iterations: u64,
    /// Time limit in seconds.
    pub max_seconds: f64,
    /// Work limit in flops.
    pub max_work: u64,
    /// Threads of the kernels.
    pub threads: usize,
    /// Seed of the random streams.
    pub seed: u64,
    /// Whether to keep a trace.
    pub trace: bool,
    /// The loss. For several outputs: the scalar loss whose curvature has the same bound.
    pub loss: Loss,
    /// The loss of several outputs, where it is one.
    pub output_loss: Option<OutputLoss>,
    /// Classes of softmax; 0 for as many as the targets show.
    pub classes: usize,
    /// The kind of penalty.
    pub penalty: PenaltyKind,
    /// Its strength.
    pub strength: Strength,
    /// Share of L1 in the elastic net and the sparse group penalty.
    pub l1_ratio: f64,
    /// Strength of a ridge beside penalties with groups.
    pub l2: f64,
    /// Whether losses are averaged instead of summed.
    pub mean: bool,
    /// Whether an intercept is fitted.
    pub intercept: bool,
    /// Whether columns are scaled to unit standard deviation for the penalty.
    pub standardize: bool,
    /// Lower bound of every coefficient.
    pub lower: f64,
    /// Upper bound of every coefficient.
    pub upper: f64,
    /// Size of consecutive groups, or 0.
    pub group_size: usize,
    /// The selection rule.
    pub rule: Rule,
    /// Whether blocks come from a partition.
    pub fixed_blocks: bool,
    /// How it is cut.
    pub partition: PartitionKind,
    /// Units in a block.
    pub block_size: usize,
    /// The update.
    pub update: UpdateKind,
    /// Whether gradient and cubic steps estimate their constants.
    pub estimate_lipschitz: bool,
    /// How far Newton steps go.
    pub line_search: LineSearch,
    /// How the quadratic rule finds a variable block.
    pub gsq_search: GsqSearch,
    /// How greedy rules score a unit with a penalty.
    pub prox_rule: ProxRule,
    /// How greedy rules keep the gradient.
    pub gradients: Gradients,
    /// Share of the units (or fixed blocks) that a greedy rule chooses from.
    pub greedy_sample: f64,
    /// Whether the iterates of sweeps are extrapolated.
    pub anderson: bool,
}

impl Settings {
    /// Reads and cross-checks the options.
    ///
    /// Errors: options of another family, or that contradict one another.
    pub fn from_options(options: &Options) -> Result<Self> {
        let common = options.common(Family::Bcd)?;
        let penalty = PenaltyKind::of(options);
        let real = |key| options.real(key).unwrap_or(f64::INFINITY);
        let settings = Self {
            tolerance: common.tolerance,
            max_iterations: common.max_iterations,
            max_seconds: common.max_seconds,
            max_work: common.max_work,
            threads: common.threads,
            seed: common.seed,
            trace: common.trace,
            loss: Loss::by_name(scalar_loss(options.choice("loss")), real("huber_delta")).ok_or_else(
                || Error::new(ErrorKind::Internal, "option \"loss\"").found("a name without a loss"),
            )?,
            output_loss: OutputLoss::by_name(options.choice("loss")),
            classes: options.integer("classes") as usize,
            penalty,
            strength: strength(options, penalty)?,
            l1_ratio: real("l1_ratio"),
            l2: real("l2"),
            mean: options.choice("scale") == "mean",
            intercept: options.flag("intercept"),
            standardize: options.flag("standardize"),
            lower: options.real("lower").unwrap_or(f64::NEG_INFINITY),
            upper: real("upper"),
            group_size: match (options.integer("group_size"), OutputLoss::by_name(options.choice("loss"))) {
                // The outputs of one feature are a group.
                (0, Some(_)) => 1,
                (size, _) => size as usize,
            },
            rule: Rule::of(options),
            fixed_blocks: options.choice("blocks") == "fixed",
            partition: PartitionKind::of(options),
            block_size: options.integer("block_size") as usize,
            update: UpdateKind::of(options),
            estimate_lipschitz: options.choice("lipschitz") == "estimate",
            line_search: LineSearch::of(options),
            gsq_search: GsqSearch::of(options),
            prox_rule: ProxRule::of(options),
            gradients: Gradients::of(options),
            greedy_sample: real("greedy_sample"),
            anderson: options.choice("acceleration") == "anderson",
        };
        settings.check()?;
        Ok(settings)
    }

    /// The hinge is solved through a dual that only a ridge on every coefficient has.
    fn check_hinge(&self, bounded: bool) -> Result<()> {
        let refuse = |option: &str, expected: &str, found: &str| {
            Err(Error::new(ErrorKind::Unsupported, format!("option \"{option}\""))
                .expected(expected)
                .found(found))
        };
        if self.penalty != PenaltyKind::Ridge {
            return refuse("penalty", "ridge with loss=hinge", "another penalty");
        }
        if self.intercept {
            return refuse(
                "intercept",
                "no intercept with loss=hinge: add a constant column",
                "an intercept",
            );
        }
        if bounded {
            return refuse("loss", "no bounds with loss=hinge", "finite bounds");
        }
        if self.rule != Rule::Auto {
            return refuse("rule", "auto with loss=hinge", "another rule");
        }
        Ok(())
    }

    /// Whether scales, constants and the null model are the same under `other`: those depend on the loss and the shape
    /// of the penalty, not on its strength or on how to solve.
    pub(super) fn shares_setup(&self, other: &Self) -> bool {
        (self.loss, self.penalty, self.mean, self.intercept, self.standardize, self.group_size)
            == (other.loss, other.penalty, other.mean, other.intercept, other.standardize, other.group_size)
            && (self.l1_ratio, self.l2, self.lower, self.upper)
                == (other.l1_ratio, other.l2, other.lower, other.upper)
            && self.output_loss == other.output_loss
    }

    fn check(&self) -> Result<()> {
        let bounded = self.lower > f64::NEG_INFINITY || self.upper < f64::INFINITY;
        if self.penalty.has_groups() && bounded {
            return Err(group_with_bounds());
        }
        if self.l2 > 0.0 && !self.penalty.has_groups() {
            return Err(Error::new(ErrorKind::Option, "option \"l2\"")
                .expected("penalty group or sparse-group with it (elastic-net and ridge have their own)")
                .found("another penalty"));
        }
        if self.anderson && (self.rule == Rule::Auto || self.rule.is_greedy()) {
            return Err(Error::new(ErrorKind::Option, "option \"acceleration\"")
                .expected("none, but with rules cyclic, permuted, random and lipschitz")
                .found("anderson"));
        }
        if matches!(self.loss, Loss::Hinge(_)) && self.output_loss.is_none() {
            return self.check_hinge(bounded);
        }
        if self.rule == Rule::Gsq && self.greedy_sample < 1.0 {
            return Err(Error::new(ErrorKind::Option, "option \"greedy_sample\"")
                .expected("1 with rule gsq, which searches among all")
                .found(self.greedy_sample));
        }
        if self.rule == Rule::Auto {
            return Ok(());
        }
        let needs_bound = match self.update {
            UpdateKind::Newton | UpdateKind::Cubic | UpdateKind::Exact => false,
            UpdateKind::Matrix | UpdateKind::Local => true,
            UpdateKind::Gradient => !self.estimate_lipschitz,
        };
        if needs_bound && self.loss.curvature_bound().is_infinite() {
            return Err(Error::new(ErrorKind::Option, "option \"update\"")
                .expected(
                    "newton, exact, or gradient or cubic with lipschitz=estimate, for a loss whose curvature has no bound",
                )
                .found(self.update.name()));
        }
        let needs_third = self.update == UpdateKind::Cubic && !self.estimate_lipschitz;
        if needs_third && self.loss.third_bound().is_none() {
            return Err(Error::new(ErrorKind::Option, "option \"update\"")
                .expected("cubic with lipschitz=estimate for a loss whose third derivative has no bound")
                .found("lipschitz=bound"));
        }
        if self.rule == Rule::Gsc && self.loss.third_bound().is_none() {
            return Err(Error::new(ErrorKind::Option, "option \"rule\"")
                .expected("another rule than gsc for a loss whose third derivative has no bound")
                .found("gsc"));
        }
        Ok(())
    }
}

/// The scalar loss that stands in where one is asked about: its curvature has the bound of one output's.
fn scalar_loss(name: &str) -> &str {
    match OutputLoss::by_name(name) {
        Some(OutputLoss::Softmax) => "logistic",
        Some(OutputLoss::Squared) => "squared",
        None => name,
    }
}

/// Bounds and group norms have no joint closed form; both are refused in one voice.
pub(super) fn group_with_bounds() -> Error {
    Error::new(ErrorKind::Unsupported, "option \"penalty\"")
        .expected("no bounds with penalties group and sparse-group")
        .found("finite bounds")
}

fn strength(options: &Options, penalty: PenaltyKind) -> Result<Strength> {
    match (options.real("lambda"), options.real("lambda_ratio")) {
        (Some(_), Some(_)) => Err(Error::new(ErrorKind::Option, "option \"lambda_ratio\"")
            .expected("either lambda or lambda_ratio")
            .found("both")),
        (None, Some(_)) if penalty == PenaltyKind::Ridge => {
            Err(Error::new(ErrorKind::Option, "option \"lambda_ratio\"")
                .expected("lambda for penalty=ridge, whose lambda_max is infinite")
                .found("lambda_ratio"))
        }
        (None, Some(_)) if penalty == PenaltyKind::ElasticNet && options.real("l1_ratio") == Some(0.0) => {
            Err(Error::new(ErrorKind::Option, "option \"lambda_ratio\"")
                .expected("lambda for l1_ratio 0, where lambda_max is infinite")
                .found("lambda_ratio"))
        }
        (None, None) if penalty == PenaltyKind::ElasticNet && options.real("l1_ratio") == Some(0.0) => {
            Ok(Strength::Lambda(1.0))
        }
        (Some(lambda), None) => Ok(Strength::Lambda(lambda)),
        (None, Some(ratio)) => Ok(Strength::Ratio(ratio)),
        (None, None) if penalty == PenaltyKind::Ridge => Ok(Strength::Lambda(1.0)),
        (None, None) => Ok(Strength::Ratio(0.1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Settings> {
        let mut options = Options::new(Family::Bcd);
        for (key, value) in pairs {
            options.set_text(key, value)?;
        }
        Settings::from_options(&options)
    }

    #[test]
    fn contradictions_are_refused() {
        for pairs in [
            &[("lambda", "1"), ("lambda_ratio", "0.1")][..],
            &[("penalty", "ridge"), ("lambda_ratio", "0.1")],
            &[("penalty", "elastic-net"), ("l1_ratio", "0"), ("lambda_ratio", "0.1")],
            &[("penalty", "group"), ("upper", "1")],
            &[("penalty", "sparse-group"), ("lower", "0")],
            &[("rule", "gsq"), ("greedy_sample", "0.5")],
            &[("penalty", "l1"), ("l2", "1")],
            &[("loss", "poisson"), ("rule", "gs"), ("update", "matrix")],
            &[("loss", "poisson"), ("rule", "gs"), ("update", "gradient")],
            &[("loss", "poisson"), ("rule", "gs"), ("update", "local")],
            &[("loss", "huber"), ("rule", "gs"), ("update", "cubic")],
            &[("loss", "huber"), ("rule", "gsc")],
            &[("loss", "hinge")],
            &[("loss", "hinge"), ("penalty", "elastic-net")],
            &[("loss", "hinge"), ("penalty", "ridge"), ("intercept", "true")],
            &[("loss", "hinge"), ("penalty", "ridge"), ("lower", "0")],
            &[("loss", "hinge"), ("penalty", "ridge"), ("rule", "gs")],
        ] {
            assert!(with(pairs).is_err(), "{pairs:?}");
        }
        assert!(
            with(&[("loss", "poisson"), ("rule", "gs"), ("update", "gradient"), ("lipschitz", "estimate")])
                .is_ok()
        );
        assert_eq!(with(&[("penalty", "ridge")]).unwrap().strength, Strength::Lambda(1.0));
        assert_eq!(with(&[]).unwrap().strength, Strength::Ratio(0.1));
    }
}
