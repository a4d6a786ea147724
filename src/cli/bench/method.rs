//! What a run does: which blocks there are, which one is taken, how it is updated.

/// The blocks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    /// Any `tau` variables.
    Variable,
    /// Fixed, in the order of the Lipschitz constants.
    Sort,
    /// Fixed, in the order of the variables.
    Order,
    /// Fixed, small Lipschitz constants paired with large ones.
    Average,
}

/// Which block is taken. Scores are those of the released code; the names ending in 2 are those of the theory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Random,
    /// Fixed blocks in turn; variable blocks from one permutation.
    Cyclic,
    /// At random with probability proportional to the Lipschitz constants.
    Lipschitz,
    /// `sum |g_i|`, or the largest `|g_i|`.
    Gs,
    /// `sum |g_i| / sqrt(L_b)`; for variable blocks the largest `|g_i| / sqrt(D_i)`, `D_i` the row sums of the bound.
    Gsl,
    /// `|g_i| / sqrt(L_i)`
    Gsd,
    /// `g'H^{-1}g`; for variable blocks 10 steps of iterative hard thresholding from `g / sqrt(L)`.
    Gsq,
    /// `||g||^2`
    Gs2,
    /// `||g||^2 / L_b`
    Gsl2,
    /// `sum g_i^2 / L_i`
    Gsd2,
    /// Forward selection of the largest decrease by Schur complements.
    Schur,
    /// Decrease of the model with `x >= 0`.
    NonnegativeQ,
    /// The column nearest to the residual: `|g_i| - L_i / 2`.
    NearColumn,
    /// The unit column nearest to the residual, which is the largest `|g_i| / sqrt(L_i)`.
    NearUnitColumn,
    /// The largest minimum-norm subgradient of the lasso.
    ProxS,
    /// The longest proximal step with the largest constant.
    ProxR,
    /// The largest decrease of the model with the largest constant.
    ProxQ,
    /// The longest proximal step with the own constant.
    ProxLipschitzR,
    /// The largest decrease of the model with the own constant.
    ProxLipschitzQ,
    /// The `n^(1/3)` largest `|g_i|`.
    General,
    /// A forest, taken greedily in the order of `|g_i|`. The gradient of the forest before is zero but for rounding,
    /// which orders its nodes; with `shuffle` above 0 they come last in a random order instead.
    GreedyTree {
        shuffle: u32,
    },
    /// A forest in random order.
    RandomTree,
    /// Colour classes in turn; on general graphs in the order of the constants or of the nodes.
    RedBlack {
        by_lipschitz: bool,
    },
    /// A partition into forests in turn, likewise.
    TreePartition {
        by_lipschitz: bool,
    },
}

/// How the block is updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// `-g / L_b`
    Gradient,
    /// `-g / L`, where `L` is doubled until the decrease is that of the theory.
    Estimate,
    /// The same with a share of the constants, one for all blocks, that is halved before every step.
    ShrinkingEstimate,
    /// `-H_b^{-1} g` with the bound.
    Bound,
    /// Newton's direction with a line search.
    Newton,
    /// The exact minimizer over a block without cycles.
    Exact,
    /// The exact minimizer over one variable.
    Minimize,
    /// The proximal step of the lasso.
    SoftThreshold,
    /// Projected gradient.
    ProjectedGradient,
    /// The exact minimizer over the block with `x >= 0`.
    ProjectedNewton,
    /// Two-metric projection.
    TwoMetric,
}

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    pub blocks: Blocks,
    pub rule: Rule,
    pub update: Update,
    /// The size of a block; forests have their own.
    pub tau: usize,
}

impl Rule {
    /// The name in tables and plots.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Random => "Random",
            Rule::Cyclic => "Cyclic",
            Rule::Lipschitz => "Lipschitz",
            Rule::Gs => "GS",
            Rule::Gsl => "GSL",
            Rule::Gsd => "GSD",
            Rule::Gsq => "GSQ",
            Rule::Gs2 => "GS²",
            Rule::Gsl2 => "GSL²",
            Rule::Gsd2 => "GSD²",
            Rule::Schur => "Schur",
            Rule::NonnegativeQ => "GS-q",
            Rule::NearColumn => "approx. GS",
            Rule::NearUnitColumn => "approx. GSL",
            Rule::ProxS => "GS-s",
            Rule::ProxR => "GS-r",
            Rule::ProxQ => "GS-q",
            Rule::ProxLipschitzR => "GSL-r",
            Rule::ProxLipschitzQ => "GSL-q",
            Rule::General => "General",
            Rule::GreedyTree { .. } => "Greedy tree",
            Rule::RandomTree => "Random tree",
            Rule::RedBlack { by_lipschitz: true } => "Red-black",
            Rule::RedBlack { by_lipschitz: false } => "Red-black, order",
            Rule::TreePartition { by_lipschitz: true } => "Tree partition",
            Rule::TreePartition { by_lipschitz: false } => "Tree partition, order",
        }
    }

    /// Whether blocks are forests or colours, whose size is their own.
    pub fn is_graph(self) -> bool {
        use Rule::{General, GreedyTree, RandomTree, RedBlack, TreePartition};
        matches!(self, General | GreedyTree { .. } | RandomTree | RedBlack { .. } | TreePartition { .. })
    }

    /// Whether the rule is one for the lasso.
    pub fn is_of_lasso(self) -> bool {
        use Rule::{ProxLipschitzQ, ProxLipschitzR, ProxQ, ProxR, ProxS};
        matches!(self, ProxS | ProxR | ProxQ | ProxLipschitzR | ProxLipschitzQ)
    }

    /// Whether the rule looks at the whole gradient.
    pub fn is_greedy(self) -> bool {
        !matches!(
            self,
            Rule::Random
                | Rule::Cyclic
                | Rule::Lipschitz
                | Rule::RandomTree
                | Rule::RedBlack { .. }
                | Rule::TreePartition { .. }
        )
    }
}

impl Blocks {
    pub fn name(self) -> &'static str {
        match self {
            Blocks::Variable => "VB",
            Blocks::Sort => "FB",
            Blocks::Order => "Order",
            Blocks::Average => "Avg",
        }
    }
}

impl Update {
    pub fn name(self) -> &'static str {
        match self {
            Update::Gradient => "Lb",
            Update::Estimate => "LA",
            Update::ShrinkingEstimate => "LA-shrink",
            Update::Bound => "Hb",
            Update::Newton => "LS",
            Update::Exact => "exact",
            Update::Minimize => "exact",
            Update::SoftThreshold => "prox",
            Update::ProjectedGradient => "PG",
            Update::ProjectedNewton => "PN",
            Update::TwoMetric => "TMP",
        }
    }
}
