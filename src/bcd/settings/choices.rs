//! The choices among names that the options have.

use crate::runtime::Options;

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
    /// What the options say.
    pub(super) fn of(options: &Options) -> Self {
        match options.choice("penalty") {
            "none" => PenaltyKind::None,
            "elastic-net" => PenaltyKind::ElasticNet,
            "group" => PenaltyKind::Group,
            "ridge" => PenaltyKind::Ridge,
            "sparse-group" => PenaltyKind::SparseGroup,
            _ => PenaltyKind::L1,
        }
    }

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

impl Strength {
    /// The lambda that is meant, given the smallest one with an all-zero solution.
    pub fn lambda(self, lambda_max: f64) -> f64 {
        match self {
            Strength::Lambda(lambda) => lambda,
            Strength::Ratio(ratio) if lambda_max > 0.0 => ratio * lambda_max,
            // With no penalized column that matters lambda_max is 0, and so is lambda, whatever the ratio.
            Strength::Ratio(_) => 0.0,
        }
    }
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

impl Rule {
    /// What the options say.
    pub(super) fn of(options: &Options) -> Self {
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

    /// Whether it looks at gradients to choose a block.
    pub fn is_greedy(self) -> bool {
        matches!(self, Rule::Gs | Rule::Gsl | Rule::Gsd | Rule::Gsq | Rule::Gsc)
    }
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

impl GsqSearch {
    /// What the options say.
    pub(super) fn of(options: &Options) -> Self {
        match options.choice("gsq_search") {
            "schur" => GsqSearch::Schur,
            "pool" => GsqSearch::Pool,
            "iht" => GsqSearch::Iht,
            "pursuit" => GsqSearch::Pursuit,
            _ => GsqSearch::Auto,
        }
    }
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

impl ProxRule {
    /// What the options say.
    pub(super) fn of(options: &Options) -> Self {
        match options.choice("prox_rule") {
            "subgradient" => ProxRule::Subgradient,
            "residual" => ProxRule::Residual,
            "decrease" => ProxRule::Decrease,
            _ => ProxRule::Auto,
        }
    }
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
    /// Not at all: an index of the columns finds the best without it.
    Index,
}

impl Gradients {
    /// What the options say.
    pub(super) fn of(options: &Options) -> Self {
        match options.choice("greedy_gradient") {
            "recompute" => Gradients::Recompute,
            "rows" => Gradients::Rows,
            "gram" => Gradients::Gram,
            "index" => Gradients::Index,
            _ => Gradients::Auto,
        }
    }
}

/// How far a Newton step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineSearch {
    /// Halved until the decrease is sufficient.
    Armijo,
    /// To the minimum along the step.
    Exact,
}

impl LineSearch {
    /// What the options say.
    pub(super) fn of(options: &Options) -> Self {
        match options.choice("line_search") {
            "exact" => LineSearch::Exact,
            _ => LineSearch::Armijo,
        }
    }
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

impl PartitionKind {
    /// What the options say.
    pub(super) fn of(options: &Options) -> Self {
        match options.choice("partition") {
            "order" => PartitionKind::Order,
            "random" => PartitionKind::Random,
            "average" => PartitionKind::Average,
            _ => PartitionKind::Sorted,
        }
    }
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
    /// What the options say.
    pub(super) fn of(options: &Options) -> Self {
        match options.choice("update") {
            "matrix" => UpdateKind::Matrix,
            "gradient" => UpdateKind::Gradient,
            "cubic" => UpdateKind::Cubic,
            "local" => UpdateKind::Local,
            "exact" => UpdateKind::Exact,
            _ => UpdateKind::Newton,
        }
    }

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
