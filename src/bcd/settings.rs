//! What the options say, in types.

use crate::model::{Loss, OutputLoss};
use crate::runtime::{Error, ErrorKind, Family, Options, Result};

/// The penalty's name in the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PenaltyKind {
    /// No penalty.
    None,
    /// `lambda |x|_1`.
    L1,
    /// `lambda (l1_ratio |x|_1 + (1 - l1_ratio)/2 |x|^2)`.
    ElasticNet,
    /// `lambda sum_g w_g |x_g|_2`.
    Group,
    /// `lambda/2 |x|^2`.
    Ridge,
    /// `lambda (l1_ratio |x|_1 + (1 - l1_ratio) sum_g w_g |x_g|_2)`.
    SparseGroup,
}

impl PenaltyKind {
    /// Whether it is over groups of columns.
    pub fn has_groups(self) -> bool {
        matches!(self, PenaltyKind::Group | PenaltyKind::SparseGroup)
    }
}

/// How strong the penalty is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strength {
    /// This lambda.
    Lambda(f64),
    /// This multiple of the smallest lambda with an all-zero solution.
    Ratio(f64),
}

/// Which block is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Working sets of growing size, each minimized by Newton steps.
    Auto,
    /// One block after the other.
    Cyclic,
    /// One block after the other, in a new order for each sweep.
    Permuted,
    /// Uniformly at random.
    Random,
    /// At random, in proportion to the Lipschitz constants.
    Lipschitz,
    /// Gauss-Southwell: the largest (sub)gradient.
    Gs,
    /// Gauss-Southwell-Lipschitz.
    Gsl,
    /// Gauss-Southwell-Diagonal.
    Gsd,
    /// Gauss-Southwell-Quadratic.
    Gsq,
    /// Gauss-Southwell-Cubic.
    Gsc,
}

/// How the quadratic rule finds a variable block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GsqSearch {
    /// Schur or pool, whichever takes fewer flops for what it finds.
    Auto,
    /// Forward selection by Schur complements among all units.
    Schur,
    /// The same among the best units by the diagonal rule.
    Pool,
    /// Iterative hard thresholding, from a dense start.
    Iht,
    /// Orthogonal matching pursuit.
    Pursuit,
}

/// How greedy rules score a unit with a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxRule {
    /// The subgradient for GS, the decrease for the others.
    Auto,
    /// GS-s: the minimum-norm subgradient.
    Subgradient,
    /// GS-r: the length of the proximal step.
    Residual,
    /// GS-q: the decrease of the proximal step.
    Decrease,
}

/// How the gradient of all coordinates is kept for greedy rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gradients {
    /// Whichever of the others takes the fewest flops.
    Auto,
    /// Afresh for every block.
    Recompute,
    /// Through the rows that a block touches.
    Rows,
    /// Through columns of the Hessian of a quadratic.
    Gram,
}

/// How far a Newton step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineSearch {
    /// Halved until the decrease is sufficient.
    Armijo,
    /// To the minimum along the step.
    Exact,
}

/// How fixed blocks are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionKind {
    /// By Lipschitz constant, so that large ones share a block.
    Sorted,
    /// Consecutive units.
    Order,
    /// At random.
    Random,
    /// So that blocks have a similar mean constant.
    Average,
}

/// How a block is updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateKind {
    /// The Hessian at the iterate, with a line search.
    Newton,
    /// A fixed matrix that bounds the Hessian.
    Matrix,
    /// A step of 1/L.
    Gradient,
    /// The Hessian at the iterate and a cubic term that bounds its change.
    Cubic,
    /// A quadratic bound around the iterate.
    Local,
    /// To the minimum over the block.
    Exact,
}

impl UpdateKind {
    /// Its name in the options.
    pub fn name(self) -> &'static str {
        match self {
            UpdateKind::Newton => "newton",
            UpdateKind::Matrix => "matrix",
            UpdateKind::Gradient => "gradient",
            UpdateKind::Cubic => "cubic",
            UpdateKind::Local => "local",
            UpdateKind::Exact => "exact",
        }
    }
}

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
        if options.family() != Family::Bcd {
            return Err(Error::new(ErrorKind::Option, "options")
                .expected("options of solver bcd")
                .found(options.family().name()));
        }
        let penalty = match options.choice("penalty") {
            "none" => PenaltyKind::None,
            "elastic-net" => PenaltyKind::ElasticNet,
            "group" => PenaltyKind::Group,
            "ridge" => PenaltyKind::Ridge,
            "sparse-group" => PenaltyKind::SparseGroup,
            _ => PenaltyKind::L1,
        };
        let real = |key| options.real(key).unwrap_or(f64::INFINITY);
        let settings = Self {
            tolerance: real("tolerance"),
            max_iterations: options.integer("max_iterations") as u64,
            max_seconds: real("max_seconds"),
            // The cast saturates, which is what infinity means here.
            max_work: real("max_work") as u64,
            threads: options.integer("threads") as usize,
            seed: options.integer("seed") as u64,
            trace: options.flag("trace"),
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
            rule: rule(options),
            fixed_blocks: options.choice("blocks") == "fixed",
            partition: match options.choice("partition") {
                "order" => PartitionKind::Order,
                "random" => PartitionKind::Random,
                "average" => PartitionKind::Average,
                _ => PartitionKind::Sorted,
            },
            block_size: options.integer("block_size") as usize,
            update: update(options),
            estimate_lipschitz: options.choice("lipschitz") == "estimate",
            line_search: match options.choice("line_search") {
                "exact" => LineSearch::Exact,
                _ => LineSearch::Armijo,
            },
            gsq_search: gsq_search(options),
            prox_rule: prox_rule(options),
            gradients: gradients(options),
            greedy_sample: real("greedy_sample"),
            anderson: options.choice("acceleration") == "anderson",
        };
        settings.check()?;
        Ok(settings)
    }

    /// Whether the rule looks at all gradients to choose a block.
    pub fn is_greedy(&self) -> bool {
        matches!(self.rule, Rule::Gs | Rule::Gsl | Rule::Gsd | Rule::Gsq | Rule::Gsc)
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

    /// Whether scales, constants and the null model are the same under `other`: those depend on the loss and the shape of
    /// the penalty, not on its strength or on how to solve.
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
        if self.anderson && (self.rule == Rule::Auto || self.is_greedy() || self.output_loss.is_some()) {
            return Err(Error::new(ErrorKind::Option, "option \"acceleration\"")
                .expected(
                    "none, but for losses of one output with rules cyclic, permuted, random and lipschitz",
                )
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

fn rule(options: &Options) -> Rule {
    match options.choice("rule") {
        "cyclic" => Rule::Cyclic,
        "permuted" => Rule::Permuted,
        "random" => Rule::Random,
        "lipschitz" => Rule::Lipschitz,
        "gs" => Rule::Gs,
        "gsl" => Rule::Gsl,
        "gsd" => Rule::Gsd,
        "gsq" => Rule::Gsq,
        "gsc" => Rule::Gsc,
        _ => Rule::Auto,
    }
}

fn update(options: &Options) -> UpdateKind {
    match options.choice("update") {
        "matrix" => UpdateKind::Matrix,
        "gradient" => UpdateKind::Gradient,
        "cubic" => UpdateKind::Cubic,
        "local" => UpdateKind::Local,
        "exact" => UpdateKind::Exact,
        _ => UpdateKind::Newton,
    }
}

fn gsq_search(options: &Options) -> GsqSearch {
    match options.choice("gsq_search") {
        "schur" => GsqSearch::Schur,
        "pool" => GsqSearch::Pool,
        "iht" => GsqSearch::Iht,
        "pursuit" => GsqSearch::Pursuit,
        _ => GsqSearch::Auto,
    }
}

fn prox_rule(options: &Options) -> ProxRule {
    match options.choice("prox_rule") {
        "subgradient" => ProxRule::Subgradient,
        "residual" => ProxRule::Residual,
        "decrease" => ProxRule::Decrease,
        _ => ProxRule::Auto,
    }
}

fn gradients(options: &Options) -> Gradients {
    match options.choice("greedy_gradient") {
        "recompute" => Gradients::Recompute,
        "rows" => Gradients::Rows,
        "gram" => Gradients::Gram,
        _ => Gradients::Auto,
    }
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
