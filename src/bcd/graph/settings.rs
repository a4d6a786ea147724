//! What the options of `graph` say, in types.

use super::problem::Unreached;
use crate::runtime::{Error, ErrorKind, Family, Options, Result};

/// Which block is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Conjugate gradients, preconditioned.
    Auto,
    /// Colour classes in turn.
    RedBlack,
    /// Fixed forests in turn.
    TreePartition,
    /// The forest of largest scores.
    GreedyTree,
    /// The forest of a random order.
    RandomTree,
    /// The `n^(1/3)` nodes of largest score.
    General,
    /// The caller's blocks in turn.
    Partition,
}

/// The order in which nodes are put into fixed blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeOrder {
    /// As numbered.
    Index,
    /// At random.
    Random,
    /// By descending `L_i`, the diagonal.
    Lipschitz,
}

/// How greedy rules score a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeScore {
    /// `|g_i|`
    Gradient,
    /// `|g_i| / sqrt(L_i)`
    Lipschitz,
}

/// What preconditions conjugate gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preconditioner {
    /// Forest sweeps on levels of aggregates.
    Multilevel,
    /// One symmetric forest sweep.
    Forest,
    /// The diagonal.
    Diagonal,
}

/// All settings of a solve on a graph.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Relative residual to stop at.
    pub tolerance: f64,
    /// Iteration limit, for each right-hand side where the rule is auto.
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
    /// Whether repeated entries are summed.
    pub sum_duplicates: bool,
    /// The rule.
    pub rule: Rule,
    /// The order of nodes for fixed blocks.
    pub order: NodeOrder,
    /// The score of nodes for greedy blocks.
    pub score: NodeScore,
    /// Consecutive nodes that count as one in blocks.
    pub node_size: usize,
    /// The preconditioner.
    pub preconditioner: Preconditioner,
    /// Added to the diagonal.
    pub ridge: f64,
    /// What unreached nodes get.
    pub unreached: Unreached,
    /// Whether to prove a bound on the error.
    pub error_bound: bool,
}

impl Settings {
    /// Reads the options. Errors: options of another family; a `node_size` above 1 beside a rule that has no use for
    /// it.
    pub fn from_options(options: &Options) -> Result<Self> {
        let common = options.common(Family::Graph)?;
        let node_size = options.integer("node_size") as usize;
        let rule = options.choice("rule");
        if node_size > 1 && matches!(rule, "auto" | "general") {
            return Err(Error::new(ErrorKind::Option, "option \"node_size\"")
                .expected(
                    "red-black, tree-partition, greedy-tree, random-tree or partition as the rule, beside it",
                )
                .found(rule));
        }
        Ok(Self {
            node_size,
            tolerance: common.tolerance,
            max_iterations: common.max_iterations,
            max_seconds: common.max_seconds,
            max_work: common.max_work,
            threads: common.threads,
            seed: common.seed,
            trace: common.trace,
            sum_duplicates: options.choice("duplicates") == "sum",
            rule: match options.choice("rule") {
                "red-black" => Rule::RedBlack,
                "tree-partition" => Rule::TreePartition,
                "greedy-tree" => Rule::GreedyTree,
                "random-tree" => Rule::RandomTree,
                "general" => Rule::General,
                "partition" => Rule::Partition,
                _ => Rule::Auto,
            },
            order: match options.choice("order") {
                "random" => NodeOrder::Random,
                "lipschitz" => NodeOrder::Lipschitz,
                _ => NodeOrder::Index,
            },
            score: match options.choice("score") {
                "lipschitz" => NodeScore::Lipschitz,
                _ => NodeScore::Gradient,
            },
            preconditioner: match options.choice("preconditioner") {
                "forest" => Preconditioner::Forest,
                "diagonal" => Preconditioner::Diagonal,
                _ => Preconditioner::Multilevel,
            },
            ridge: options.real("ridge").unwrap_or(0.0),
            unreached: match options.choice("unreached") {
                "zero" => Unreached::Zero,
                _ => Unreached::Error,
            },
            error_bound: options.flag("error_bound"),
        })
    }
}
