//! The one table of options. From it come the checks, the C description call, the command's flags and the docs.
//!
//! To add an option: add a row here and read it in the family's settings. Keys are never reused; a renamed key stays
//! as an alias.

use super::options::{OptionKind, OptionValue};

/// The solver families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Block coordinate descent.
    Bcd,
    /// Block coordinate descent for quadratics on graphs.
    Graph,
    /// Low-rank matrix completion by alternating minimization.
    Altmin,
    /// Online prediction with regret guarantees for groups.
    Groupwise,
    /// Bilevel optimization by hypergradients of certified accuracy.
    Bilevel,
}

impl Family {
    /// The families that exist.
    pub const ALL: [Family; 5] =
        [Family::Bcd, Family::Graph, Family::Altmin, Family::Bilevel, Family::Groupwise];

    /// The name used in options, files and commands.
    pub fn name(self) -> &'static str {
        match self {
            Family::Bcd => "bcd",
            Family::Graph => "graph",
            Family::Altmin => "altmin",
            Family::Groupwise => "groupwise",
            Family::Bilevel => "bilevel",
        }
    }
}

/// One option.
#[derive(Debug)]
pub struct OptionRow {
    /// Its name.
    pub key: &'static str,
    /// Older names that still work.
    pub aliases: &'static [&'static str],
    /// What it takes.
    pub kind: OptionKind,
    /// What it is unless set.
    pub default: OptionValue,
    /// What it means, in one or two sentences.
    pub help: &'static str,
    /// The first version that had it.
    pub since: &'static str,
    /// The families that have it.
    pub families: &'static [Family],
}

const BCD: &[Family] = &[Family::Bcd];
const GRAPH: &[Family] = &[Family::Graph];
const ALTMIN: &[Family] = &[Family::Altmin];
const BILEVEL: &[Family] = &[Family::Bilevel];
const SPARSE: &[Family] = &[Family::Bcd, Family::Graph];
const GROUPWISE: &[Family] = &[Family::Groupwise];
/// Those that iterate.
const ITERATIVE: &[Family] = &[Family::Bcd, Family::Graph, Family::Altmin, Family::Bilevel];
const EVERY: &[Family] = &Family::ALL;

const fn row(
    key: &'static str,
    kind: OptionKind,
    default: OptionValue,
    families: &'static [Family],
    help: &'static str,
) -> OptionRow {
    OptionRow { key, aliases: &[], kind, default, help, since: "0.1", families }
}

const fn real(lower: f64, upper: f64) -> OptionKind {
    OptionKind::Real { lower, upper }
}

const fn integer(lower: i64, upper: i64) -> OptionKind {
    OptionKind::Integer { lower, upper }
}

const INFINITY: f64 = f64::INFINITY;
const TINY: f64 = f64::MIN_POSITIVE;

/// What groups learn by.
const LEARNERS: &[&str] = &[
    "ridge",
    "ridge-fast",
    "vovk-azoury-warmuth",
    "gradient-descent",
    "ada-grad",
    "newton-step",
    "logistic",
];
const SECOND_LEARNERS: &[&str] = &[
    "none",
    "ridge",
    "ridge-fast",
    "vovk-azoury-warmuth",
    "gradient-descent",
    "ada-grad",
    "newton-step",
    "logistic",
];

/// Every option of every family.
pub const TABLE: &[OptionRow] = &[
    row(
        "tolerance",
        real(0.0, INFINITY),
        OptionValue::Real(1e-6),
        EVERY,
        "Stop when the certificate is at most this, relative to the loss of the null model, or to its gradient where the certificate is a gradient norm. For graph: the residual relative to the right-hand side. For altmin: the residual of the observed entries relative to their size, or the estimated distance of the model from its limit relative to the model, whichever is reached first. For groupwise: how far, relative to their terms, identities that hold exactly may be from holding before the figures of a learner are marked as suspect, and ridge-fast is rebuilt. For bilevel: the norm of the (projected) hypergradient and its error bound together, relative to that of the first hypergradient.",
    ),
    row(
        "max_iterations",
        integer(0, i64::MAX),
        OptionValue::Integer(100_000),
        ITERATIVE,
        "Iteration limit. For bcd an iteration is one block update, or one working set where rule is auto; for graph one block, or one step of conjugate gradients (for each right-hand side) where rule is auto; for altmin one sweep, the regressions of all columns and then of all rows (a search from few entries makes as many as it needs; 0 gives the start); for bilevel one accepted step, or one evaluation of a search without derivatives (100 of grid and random, where this is at its default).",
    ),
    row(
        "max_seconds",
        real(0.0, INFINITY),
        OptionValue::Real(INFINITY),
        EVERY,
        "Time limit of a call in seconds; it is the only option that a clock decides.",
    ),
    row(
        "max_work",
        real(0.0, INFINITY),
        OptionValue::Real(INFINITY),
        EVERY,
        "Work limit of a call in floating-point operations, counted and not timed (for bilevel: by what the problem says that a product takes).",
    ),
    row(
        "threads",
        integer(1, 1024),
        OptionValue::Integer(1),
        EVERY,
        "Threads for the kernels. The result has the same bits for any number. groupwise runs on the calling thread whatever it says.",
    ),
    row("seed", integer(0, i64::MAX), OptionValue::Integer(0), EVERY, "Seed of the random streams."),
    row(
        "trace",
        OptionKind::Flag,
        OptionValue::Flag(false),
        EVERY,
        "Keep a row per check of the certificate: iteration, work, objective, certificate, nonzeros. For groupwise: keep the round log, from which all figures can be recomputed. For bilevel: a row per accepted or rejected step of a line search, with the inequality that decided it.",
    ),
    row(
        "loss",
        OptionKind::Choice(&[
            "squared",
            "logistic",
            "squared-hinge",
            "hinge",
            "huber",
            "poisson",
            "softmax",
            "multi-squared",
            "pseudo-huber",
        ]),
        OptionValue::Choice("squared"),
        BCD,
        "The loss: squared is 1/2 (z - y)^2; logistic, squared-hinge max(0, 1 - y z)^2 and hinge max(0, 1 - y z) take labels -1 and 1 (hinge: with penalty ridge and without an intercept); poisson takes y >= 0 and is exp(z) - y z; softmax takes class numbers 0, 1, ..; multi-squared is squared for several targets in each row; pseudo-huber is delta^2 (sqrt(1 + ((z - y)/delta)^2) - 1).",
    ),
    row(
        "classes",
        integer(0, 100_000),
        OptionValue::Integer(0),
        BCD,
        "For loss softmax: the number of classes; 0: one more than the largest target.",
    ),
    row(
        "huber_delta",
        real(TINY, f64::MAX),
        OptionValue::Real(1.0),
        BCD,
        "Where the Huber and pseudo-Huber losses turn from quadratic to linear (their delta), in the units of y.",
    ),
    row(
        "penalty",
        OptionKind::Choice(&["none", "l1", "elastic-net", "group", "ridge", "sparse-group"]),
        OptionValue::Choice("l1"),
        BCD,
        "The penalty: l1 is lambda |x|_1; elastic-net is lambda (l1_ratio |x|_1 + (1 - l1_ratio)/2 |x|^2); group is lambda sum_g w_g |x_g|_2; ridge is lambda/2 |x|^2; sparse-group is lambda (l1_ratio |x|_1 + (1 - l1_ratio) sum_g w_g |x_g|_2).",
    ),
    row(
        "lambda",
        real(0.0, INFINITY),
        OptionValue::Unset,
        BCD,
        "Strength of the penalty. Unset: from lambda_ratio; with neither set, lambda_ratio 0.1 (ridge: lambda 1).",
    ),
    row(
        "lambda_ratio",
        real(0.0, INFINITY),
        OptionValue::Unset,
        BCD,
        "Strength relative to lambda_max, the smallest lambda with an all-zero solution. Refused for ridge, where that is infinite.",
    ),
    row(
        "l1_ratio",
        real(0.0, 1.0),
        OptionValue::Real(0.5),
        BCD,
        "Share of the L1 part in the elastic net and in the sparse group penalty.",
    ),
    row(
        "l2",
        real(0.0, f64::MAX),
        OptionValue::Real(0.0),
        BCD,
        "For penalties group and sparse-group: the strength of a ridge term l2/2 |x|^2 beside them, which lambda does not scale. elastic-net and ridge have their own.",
    ),
    row(
        "scale",
        OptionKind::Choice(&["sum", "mean"]),
        OptionValue::Choice("sum"),
        BCD,
        "Whether the objective has the sum of the losses or their mean (the sum divided by the number of rows).",
    ),
    row("intercept", OptionKind::Flag, OptionValue::Flag(false), BCD, "Fit an unpenalized intercept."),
    row(
        "standardize",
        OptionKind::Flag,
        OptionValue::Flag(false),
        BCD,
        "Penalize coefficients of columns scaled to unit standard deviation. Coefficients come back in the data's own scale; constant columns get 0.",
    ),
    row(
        "lower",
        real(-INFINITY, 0.0),
        OptionValue::Real(-INFINITY),
        BCD,
        "Lower bound of every coefficient, at most 0 (swl_bcd_set_bounds gives each its own). 0: nonnegative coefficients. In the data's own scale.",
    ),
    row(
        "upper",
        real(0.0, INFINITY),
        OptionValue::Real(INFINITY),
        BCD,
        "Upper bound of every coefficient, at least 0 (swl_bcd_set_bounds gives each its own). In the data's own scale.",
    ),
    row(
        "group_size",
        integer(0, i64::MAX),
        OptionValue::Integer(0),
        BCD,
        "For penalties group and sparse-group: groups of this many consecutive columns; 0 where swl_bcd_set_groups gives them.",
    ),
    row(
        "duplicates",
        OptionKind::Choice(&["error", "sum"]),
        OptionValue::Choice("error"),
        SPARSE,
        "What repeated entries of a sparse matrix mean.",
    ),
    row(
        "rule",
        OptionKind::Choice(&[
            "auto",
            "cyclic",
            "permuted",
            "random",
            "lipschitz",
            "gs",
            "gsl",
            "gsd",
            "gsq",
            "gsc",
        ]),
        OptionValue::Choice("auto"),
        BCD,
        "Which block to update: the selection rule of Nutini, Laradji and Schmidt. auto sweeps working sets and finishes with Newton steps on the support.",
    ),
    row(
        "blocks",
        OptionKind::Choice(&["variable", "fixed"]),
        OptionValue::Choice("variable"),
        BCD,
        "Not for rule auto. Whether a block is any set of block_size coordinates (variable) or one of a partition (fixed).",
    ),
    row(
        "partition",
        OptionKind::Choice(&["sorted", "order", "random", "average"]),
        OptionValue::Choice("sorted"),
        BCD,
        "For fixed blocks: how they are cut: by Lipschitz constant (sorted), in order, at random, or so that blocks have a similar mean constant (average).",
    ),
    row(
        "block_size",
        integer(1, 4096),
        OptionValue::Integer(1),
        BCD,
        "Not for rule auto. Coordinates in a block; capped at the number of columns. For penalties with groups: counted in groups.",
    ),
    row(
        "update",
        OptionKind::Choice(&["newton", "matrix", "gradient", "cubic", "local", "exact"]),
        OptionValue::Choice("newton"),
        BCD,
        "Not for rule auto, which takes Newton steps. How a block is updated: a step of 1/L (gradient), a fixed bound of the Hessian (matrix), a bound around the iterate (local), the Hessian with a line search (newton) or with a cubic term (cubic), or to the minimum over the block (exact).",
    ),
    row(
        "lipschitz",
        OptionKind::Choice(&["bound", "estimate"]),
        OptionValue::Choice("bound"),
        BCD,
        "For gradient and cubic updates (not for rule auto): the constant of the block, or an estimate by doubling that also shrinks.",
    ),
    row(
        "line_search",
        OptionKind::Choice(&["armijo", "exact"]),
        OptionValue::Choice("armijo"),
        BCD,
        "For newton updates (not for rule auto): halve the step until it falls enough (armijo), or go to the minimum along it (exact).",
    ),
    row(
        "acceleration",
        OptionKind::Choice(&["none", "anderson"]),
        OptionValue::Choice("none"),
        BCD,
        "For rules cyclic, permuted, random and lipschitz: extrapolate the iterates of the last five sweeps where that lowers the objective (anderson).",
    ),
    row(
        "gsq_search",
        OptionKind::Choice(&["auto", "schur", "pool", "iht", "pursuit"]),
        OptionValue::Choice("auto"),
        BCD,
        "For rule gsq with variable blocks: how the block is found. Forward selection by Schur complements among all coordinates or groups (schur) or the best by gsd (pool), iterative hard thresholding (iht), or orthogonal matching pursuit (pursuit). auto is schur where its columns of the Hessian fit in memory, else pool.",
    ),
    row(
        "prox_rule",
        OptionKind::Choice(&["auto", "subgradient", "residual", "decrease"]),
        OptionValue::Choice("auto"),
        BCD,
        "For rules gs, gsl and gsd: how coordinates are scored: by the least subgradient (GS-s), the length of the proximal step (GS-r) or its decrease (GS-q). auto is subgradient for gs and decrease for the others.",
    ),
    row(
        "greedy_gradient",
        OptionKind::Choice(&["auto", "recompute", "rows", "gram", "index"]),
        OptionValue::Choice("auto"),
        BCD,
        "For greedy rules: how the gradient is kept: afresh for each block (recompute), through the rows that a block touches (rows; sparse data, a copy of them by rows), or through columns of the Hessian (gram; squared loss). auto takes the one of fewest operations among these. index does without it: for rules gs, gsl and gsd on variable blocks of dense columns, a tree of the columns finds the same block by looking at some of them, which pays where many columns point in few directions.",
    ),
    row(
        "greedy_sample",
        real(TINY, 1.0),
        OptionValue::Real(1.0),
        BCD,
        "For greedy rules but gsq: the share of the coordinates (or fixed blocks) to choose from, drawn at random for each block. Below 1 the gradient is computed for those alone.",
    ),
    row(
        "rule",
        OptionKind::Choice(&[
            "auto",
            "red-black",
            "tree-partition",
            "greedy-tree",
            "random-tree",
            "general",
            "partition",
        ]),
        OptionValue::Choice("auto"),
        GRAPH,
        "auto: conjugate gradients with the sweep over forests as preconditioner, after nodes with at most two neighbours were eliminated where there are many. Otherwise blocks that are solved exactly, one after the other: colour classes (red-black), fixed forests (tree-partition), the forest of largest scores (greedy-tree) or of a random order (random-tree), the cube root of n nodes of largest score (general), the caller's blocks (partition).",
    ),
    row(
        "order",
        OptionKind::Choice(&["index", "random", "lipschitz"]),
        OptionValue::Choice("index"),
        GRAPH,
        "For red-black and tree-partition: the order in which nodes are put into blocks: as numbered, at random, or by descending diagonal.",
    ),
    row(
        "score",
        OptionKind::Choice(&["gradient", "lipschitz"]),
        OptionValue::Choice("gradient"),
        GRAPH,
        "For greedy-tree and general: the size of the gradient, or that divided by the root of the diagonal.",
    ),
    row(
        "node_size",
        integer(1, 256),
        OptionValue::Integer(1),
        GRAPH,
        "Not for rules auto and general, nor for labels: this many consecutive nodes count as one in blocks (variables of one place). A block without cycles between such super-nodes is solved exactly, whatever cycles there are within them.",
    ),
    row(
        "preconditioner",
        OptionKind::Choice(&["multilevel", "forest", "diagonal"]),
        OptionValue::Choice("multilevel"),
        GRAPH,
        "For rule auto: a symmetric sweep over forests on levels of aggregates (multilevel), that sweep alone (forest), or the diagonal.",
    ),
    row(
        "ridge",
        real(0.0, f64::MAX),
        OptionValue::Real(0.0),
        GRAPH,
        "Added to the diagonal of the matrix: ridge/2 |x|^2 in the objective.",
    ),
    row(
        "unreached",
        OptionKind::Choice(&["error", "zero"]),
        OptionValue::Choice("error"),
        GRAPH,
        "For labels, with ridge 0: what nodes get that no labelled node can be reached from: they are refused, or get 0 and are counted.",
    ),
    row(
        "error_bound",
        OptionKind::Flag,
        OptionValue::Flag(false),
        GRAPH,
        "Also prove a bound on the error of every value and on the objective, under every rule, by one more rough solve where no ridge gives it; NaN where none can be proven.",
    ),
    row(
        "rank",
        integer(1, i32::MAX as i64),
        OptionValue::Integer(10),
        ALTMIN,
        "Columns of the factors; capped at the smaller size of the matrix, and the rank that was used is told.",
    ),
    row(
        "ridge",
        real(0.0, f64::MAX),
        OptionValue::Unset,
        ALTMIN,
        "Strength of the ridge: ridge * d^ridge_power |u|^2 is added for each row and column, where d is its number of observations; the objective is the weighted sum of squares (without a factor of 1/2). 0: none, for exact data. Unset: chosen among a falling grid by the error on entries that are held out for it.",
    ),
    row(
        "ridge_power",
        real(0.0, 1.0),
        OptionValue::Real(1.0),
        ALTMIN,
        "How the ridge grows with the number of observations of a row or column: 0 not at all, 1 in proportion (weighted-lambda regularization).",
    ),
    row(
        "center",
        OptionKind::Flag,
        OptionValue::Flag(false),
        ALTMIN,
        "Take the weighted mean of the observed values off first. Always done with biases.",
    ),
    row(
        "biases",
        OptionKind::Flag,
        OptionValue::Flag(false),
        ALTMIN,
        "Fit a bias for each row and each column together with the factors: mean + b_i + c_j + u_i'v_j.",
    ),
    row(
        "bias_ridge",
        real(TINY, f64::MAX),
        OptionValue::Unset,
        ALTMIN,
        "Strength of the ridge on biases, with ridge_power too; it has no unit. Unset: as ridge, for values divided by the power of 4 that is near the largest of them. Refused where ridge is 0, for then biases have none.",
    ),
    row(
        "loss",
        OptionKind::Choice(&["squared", "huber", "student", "trimmed"]),
        OptionValue::Choice("squared"),
        ALTMIN,
        "What a residual costs: its square; the square up to 1.345 scales and a straight line beyond (huber); the likelihood of Student's t with 4 degrees of freedom (student); the square, but nothing for the share outliers of the entries, those of largest residual (trimmed). The scale is 1.4826 times the median size of the residuals. All but squared need a ridge (0 too) and go with search auto or plain, not with feedback=implicit.",
    ),
    row(
        "outliers",
        real(0.0, 0.5),
        OptionValue::Real(0.1),
        ALTMIN,
        "For loss=trimmed: the share of the entries (by weight) that do not count, those of largest residual.",
    ),
    row(
        "nonnegative",
        OptionKind::Flag,
        OptionValue::Flag(false),
        ALTMIN,
        "Factors that are not negative (not with biases): rows are solved by coordinate descent on their normal equations.",
    ),
    row(
        "feedback",
        OptionKind::Choice(&["explicit", "implicit"]),
        OptionValue::Choice("explicit"),
        ALTMIN,
        "explicit: values are what the model is to be. implicit: a value v says how sure its entry is 1 (below 0: how sure it is 0), with weight 1 + confidence |v|, and all entries that are not there count as 0 with weight 1; needs a ridge above 0, which ridge_power does not scale. Read when a problem is made too.",
    ),
    row(
        "confidence",
        real(TINY, f64::MAX),
        OptionValue::Real(1.0),
        ALTMIN,
        "For feedback=implicit: what a unit of a value adds to the weight 1 of its entry. Read when a problem is made.",
    ),
    row(
        "search",
        OptionKind::Choice(&["auto", "plain", "annealed", "continuation", "portfolio", "paper"]),
        OptionValue::Choice("auto"),
        ALTMIN,
        "How factors are looked for: alternation from the spectral start (plain), the same with a ridge that fades (annealed), one rank after the other (continuation), or several of those, chosen by what was observed (portfolio). paper is the method as Gu, Song, Yin and Zhang outline it: rounds of regressions by sketch and precondition, to the accuracy that row_tolerance says or, unset, that an analysis of such methods asks for. auto is portfolio where the ridge is 0 and there are no biases, else plain.",
    ),
    row(
        "rounds",
        integer(1, 10_000),
        OptionValue::Integer(30),
        ALTMIN,
        "For search=paper (of no effect otherwise): rounds of two half-steps. With independent the observations are parted in twice as many sets and one more.",
    ),
    row(
        "sketch",
        OptionKind::Choice(&["srht", "sparse-sign", "countsketch", "gaussian"]),
        OptionValue::Choice("srht"),
        ALTMIN,
        "For search=paper (of no effect otherwise): the random matrices that precondition regressions: subsampled randomized Hadamard transforms (srht), eight signs in each column (sparse-sign), one (countsketch), or normal numbers (gaussian). Rows with too few observations for one are solved directly.",
    ),
    row(
        "independent",
        OptionKind::Flag,
        OptionValue::Flag(false),
        ALTMIN,
        "For search=paper (of no effect otherwise): give each half-step observations of its own, as the analysis wants; needs many times as many of them.",
    ),
    row(
        "row_solver",
        OptionKind::Choice(&["auto", "direct", "cg"]),
        OptionValue::Choice("auto"),
        ALTMIN,
        "How the regression of a row is solved: by factorization (direct), by conjugate gradients with the preconditioner that all rows share (cg), or whichever takes fewer operations (auto).",
    ),
    row(
        "row_tolerance",
        real(TINY, 0.999),
        OptionValue::Unset,
        ALTMIN,
        "For conjugate gradients: the factor by which the gradient of a row has to fall in each half-step. Unset: 0.1, and less in the first four sweeps where singular values differ.",
    ),
    row(
        "acceleration",
        OptionKind::Choice(&["anderson", "none"]),
        OptionValue::Choice("anderson"),
        ALTMIN,
        "Whether sweeps begin at extrapolations of the last eight, where those lower the objective.",
    ),
    row(
        "held_out",
        real(0.0, 0.5),
        OptionValue::Real(0.0),
        ALTMIN,
        "Share of the observations that are kept out of the fit, drawn by a hash of seed, row and column: their error is reported, and the sweep with the least one is kept.",
    ),
    row(
        "patience",
        integer(1, i32::MAX as i64),
        OptionValue::Integer(5),
        ALTMIN,
        "With held_out (of no effect otherwise): stop (as converged) after this many sweeps without a lower error on the entries held out.",
    ),
    row(
        "duplicates",
        OptionKind::Choice(&["error", "sum", "mean", "last", "keep"]),
        OptionValue::Choice("error"),
        ALTMIN,
        "What repeated positions mean: they are refused, added, replaced by their weighted mean with the sum of their weights, by the last one, or kept as observations of their own.",
    ),
    row(
        "missing",
        OptionKind::Choice(&["error", "nan"]),
        OptionValue::Choice("error"),
        ALTMIN,
        "Whether a value that is not a number is refused, or stands for an entry that was not observed.",
    ),
    row(
        "precision",
        OptionKind::Choice(&["double", "single"]),
        OptionValue::Choice("double"),
        ALTMIN,
        "How values and factors are stored, and regressions computed: single takes half the memory and about half the time. Read when a problem is made; in Rust the type says it.",
    ),
    row(
        "mode",
        OptionKind::Choice(&["convex", "randomised", "paper"]),
        OptionValue::Choice("convex"),
        GROUPWISE,
        "What is predicted: the mean of the experts' predictions by their weights (convex), or that of one expert drawn by them (randomised). paper is randomised as in the experiments of the paper: predictions are not clipped, and the comparator is the best linear predictor of each group.",
    ),
    row(
        "meta",
        OptionKind::Choice(&["ada-normal-hedge", "specialists", "aggregating"]),
        OptionValue::Choice("ada-normal-hedge"),
        GROUPWISE,
        "How experts are weighed: AdaNormalHedge, for any loss; or as specialists, for squared and log loss in mode convex, whose regret to an expert of prior q is ln(1/q)/eta at any time: with the mean (specialists; eta = 1/2 for squares, 1 for log loss) or for squares with the prediction of the Aggregating Algorithm (aggregating, eta = 2).",
    ),
    row(
        "regret_term",
        OptionKind::Choice(&["linearised", "jensen", "gradient"]),
        OptionValue::Choice("linearised"),
        GROUPWISE,
        "For ada-normal-hedge: what an expert's regret grows by in a round. The mean loss of the experts minus its own (linearised); the loss of the output minus its own (jensen); or the slope at the output times the difference of the predictions (gradient), which competes with the best mixture of experts. The last two are for mode convex.",
    ),
    row(
        "loss",
        OptionKind::Choice(&["squared", "absolute", "log", "pinball"]),
        OptionValue::Choice("squared"),
        GROUPWISE,
        "What a prediction z costs: (z - y)^2, |z - y|, -y ln z - (1 - y) ln(1 - z) for labels in [0, 1], or max(q (y - z), (1 - q)(z - y)) with the option quantile (pinball).",
    ),
    row(
        "quantile",
        real(1e-6, 1.0 - 1e-6),
        OptionValue::Real(0.5),
        GROUPWISE,
        "For loss=pinball: the quantile q that is predicted.",
    ),
    row(
        "probability_floor",
        real(1e-300, 0.25),
        OptionValue::Real(1e-6),
        GROUPWISE,
        "For loss=log: predictions are kept so far from 0 and 1.",
    ),
    row(
        "label_lower",
        real(f64::MIN, f64::MAX),
        OptionValue::Real(0.0),
        GROUPWISE,
        "The least label. Predictions are kept within the range (not in mode paper), and learners see labels in units of it.",
    ),
    row(
        "label_upper",
        real(f64::MIN, f64::MAX),
        OptionValue::Real(1.0),
        GROUPWISE,
        "The largest label: above the least one, by 1e100 at most.",
    ),
    row(
        "outside",
        OptionKind::Choice(&["reject", "clamp", "widen"]),
        OptionValue::Choice("reject"),
        GROUPWISE,
        "A label outside the range: it is refused and its ticket stays open (reject), counts as the nearer end (clamp; counted), or widens the range, after which no theorem is claimed (widen; not for log loss).",
    ),
    row(
        "learner",
        OptionKind::Choice(LEARNERS),
        OptionValue::Choice("ridge"),
        GROUPWISE,
        "What each group learns by. Ridge regression by an orthogonal factor (ridge) or by its inverse (ridge-fast, which is watched and rebuilt where rounding got the better of it), the forecaster of Vovk, Azoury and Warmuth, gradient descent, AdaGrad, the online Newton step, or a logistic model.",
    ),
    row(
        "second_learner",
        OptionKind::Choice(SECOND_LEARNERS),
        OptionValue::Choice("none"),
        GROUPWISE,
        "Another learner of each group, as an expert of its own: the group keeps the guarantees of both.",
    ),
    row(
        "ridge",
        real(0.0, f64::MAX),
        OptionValue::Real(1.0),
        GROUPWISE,
        "Strength of the ridge, beside a sum of squares without a factor of 1/2; at least 1e-100, or 0 with learner=ridge alone: least squares, the shortest solution where there are many.",
    ),
    row(
        "radius",
        real(1e-100, 1e50),
        OptionValue::Real(1.0),
        GROUPWISE,
        "For gradient-descent, newton-step and logistic: coefficients are at most this long; for ada-grad each is at most this. In units of the label range over those of the features.",
    ),
    row(
        "feature_norm",
        real(1e-100, 1e50),
        OptionValue::Unset,
        GROUPWISE,
        "For newton-step: the most that the length of a row of features is. Unset: as for features in [-1, 1].",
    ),
    row(
        "intercept",
        OptionKind::Flag,
        OptionValue::Flag(false),
        GROUPWISE,
        "Append a feature that is always 1; it is regularized like the others.",
    ),
    row(
        "missing",
        OptionKind::Choice(&["error", "indicator"]),
        OptionValue::Choice("error"),
        GROUPWISE,
        "A feature that is not a number: the round is refused, or it counts as 0 and a second feature beside it as 1 (indicator, which doubles the features).",
    ),
    row(
        "crossed",
        OptionKind::Flag,
        OptionValue::Flag(false),
        GROUPWISE,
        "Also an expert that is always awake: ridge regression on the features and, for each declared group, the features where the group is awake and 0 elsewhere. Needs a declared number of groups, and memory for a factor of so many columns.",
    ),
    row(
        "uncovered",
        OptionKind::Choice(&["error", "mean"]),
        OptionValue::Choice("error"),
        GROUPWISE,
        "A round without an awake expert (only without the group that is always on): it is refused, or the mean of the labels so far is predicted and nothing is learned (mean; counted).",
    ),
    row(
        "open_tickets",
        integer(1, 1 << 24),
        OptionValue::Integer(4096),
        GROUPWISE,
        "A ticket whose label has not come by the time of so many further predictions expires.",
    ),
    row(
        "idempotent",
        OptionKind::Flag,
        OptionValue::Flag(false),
        GROUPWISE,
        "Whether the same label once more for a ticket is ignored instead of refused.",
    ),
    row(
        "max_groups",
        integer(1, 1 << 31),
        OptionValue::Integer(1 << 20),
        GROUPWISE,
        "Groups that may have learners, for an open-ended set of groups as for a declared one.",
    ),
    row(
        "max_bytes",
        real(0.0, INFINITY),
        OptionValue::Real(INFINITY),
        GROUPWISE,
        "Memory that the learners of all groups may take together, in bytes.",
    ),
    row(
        "when_full",
        OptionKind::Choice(&["refuse", "diagonal", "ignore"]),
        OptionValue::Choice("refuse"),
        GROUPWISE,
        "What becomes of a new group beyond max_groups or max_bytes: its round is refused; it learns by ada-grad, which needs less memory, while max_groups and max_bytes leave room for that, and is refused beyond (diagonal); or it stays asleep (ignore; counted).",
    ),
    row(
        "least_squares",
        OptionKind::Flag,
        OptionValue::Flag(false),
        GROUPWISE,
        "Keep a second factor for each group, without a ridge, so that the comparator of its certificate is the best linear predictor in hindsight.",
    ),
    row(
        "method",
        OptionKind::Choice(&[
            "maid",
            "paper",
            "fixed",
            "fixed-step",
            "hoag",
            "hoag-released",
            "dynamic",
            "grid",
            "random",
        ]),
        OptionValue::Choice("maid"),
        BILEVEL,
        "The method: adaptive inexact descent with what this library adds (maid) or as published (paper: it changes the defaults that are unset below); the same accuracy throughout with a line search (fixed) or a constant step (fixed-step); HOAG with one step per iteration (hoag) or two, as released (hoag-released); a trust region without derivatives and with dynamic accuracy for few parameters (dynamic); the best of a grid (grid) or of random points (random) in the box.",
    ),
    row(
        "certificate",
        OptionKind::Choice(&["auto", "rigorous", "estimated", "goal-oriented", "off"]),
        OptionValue::Choice("auto"),
        BILEVEL,
        "How the error of a hypergradient is bounded: from the problem's constants (rigorous), from sampled ones (estimated), by a Newton correction of the lower solution, with which the hypergradient is taken (goal-oriented), or not at all (off). auto: rigorous for lower problems that are quadratic with proven constants, as long as that can prove descent (method paper: for all with proven constants, else estimated), else goal-oriented; off for the other methods.",
    ),
    row(
        "values",
        OptionKind::Choice(&["auto", "corrected", "plain"]),
        OptionValue::Choice("auto"),
        BILEVEL,
        "Intervals of the upper value: with the adjoint's correction, whose width falls with the square of the accuracy (corrected), or by the gradient of g alone (plain). auto is corrected, or plain for the methods but maid.",
    ),
    row(
        "direction",
        OptionKind::Choice(&["auto", "lbfgs", "gradient", "gauss-newton"]),
        OptionValue::Choice("auto"),
        BILEVEL,
        "Direction of a step: the hypergradient, or that times an inverse Hessian by L-BFGS, or by the Gauss-Newton matrix of squared distances (few parameters; one linear solve for each). auto is lbfgs, or gradient for the methods but maid.",
    ),
    row(
        "first_trial",
        OptionKind::Choice(&["auto", "barzilai-borwein", "grow"]),
        OptionValue::Choice("auto"),
        BILEVEL,
        "First trial of a gradient step: the step of Barzilai and Borwein, or the last step times step_increase (grow). auto is barzilai-borwein, or grow for the methods but maid.",
    ),
    row(
        "lower_solver",
        OptionKind::Choice(&["auto", "fista", "lbfgs", "newton-cg", "cg", "gradient", "user"]),
        OptionValue::Choice("auto"),
        BILEVEL,
        "Solver of the lower problems. auto: conjugate gradients (cg) where they are quadratic, Newton steps where there is a preconditioner, FISTA where the constants are known, else lbfgs. user: the problem's own.",
    ),
    row(
        "lower_accuracy",
        real(TINY, f64::MAX),
        OptionValue::Unset,
        BILEVEL,
        "First accuracy of lower solutions, a distance (eps_0; constant for the methods fixed and fixed-step). Unset: 0.001 of the distance that the start may have; 0.1 for the methods but maid.",
    ),
    row(
        "adjoint_accuracy",
        real(TINY, f64::MAX),
        OptionValue::Unset,
        BILEVEL,
        "First accuracy of adjoint solutions, the norm of a residual (delta_0; constant for the methods fixed and fixed-step). Unset: 0.1 of the gradient of g; as lower_accuracy for the methods but maid.",
    ),
    row(
        "step",
        real(TINY, f64::MAX),
        OptionValue::Unset,
        BILEVEL,
        "First step (alpha_0; constant for the method fixed-step; 1/L for hoag; the first radius of dynamic, 0.5 where unset). Unset: one that changes no parameter by more than 0.1; 0.01 for the methods paper, fixed and fixed-step; for hoag the size of the first hypergradient, per parameter, is L.",
    ),
    row(
        "step_decrease",
        real(TINY, 0.999),
        OptionValue::Real(0.5),
        BILEVEL,
        "By what a rejected step shrinks (rho); for maid at least: it goes to the minimum of the parabola through what the trial has shown.",
    ),
    row(
        "step_increase",
        real(1.0, f64::MAX),
        OptionValue::Unset,
        BILEVEL,
        "By what an accepted step grows for the next trial (rho bar). Unset: 1.5; 10/9 for the methods but maid.",
    ),
    row(
        "accuracy_decrease",
        real(TINY, 0.999),
        OptionValue::Real(0.5),
        BILEVEL,
        "By what accuracies are tightened (nu); maid goes further at once where the bounds ask for it.",
    ),
    row(
        "accuracy_increase",
        real(1.0, f64::MAX),
        OptionValue::Unset,
        BILEVEL,
        "By what accuracies are relaxed after a step (nu bar). Unset: 1.1; 1.05 for the methods but maid.",
    ),
    row(
        "descent_margin",
        real(TINY, 0.999_999),
        OptionValue::Unset,
        BILEVEL,
        "A hypergradient z is accurate enough where its error bound is at most (1 - this) |z| (eta). Unset: 0.5; 1e-4 for the methods but maid.",
    ),
    row(
        "sufficient_decrease",
        real(TINY, 0.999_999),
        OptionValue::Unset,
        BILEVEL,
        "The share of the decrease along z that a step has to keep for certain (lambda), less than descent_margin. Unset: 1e-4; 1e-8 for the methods but maid.",
    ),
    row(
        "backtracks",
        integer(1, 10_000),
        OptionValue::Integer(10),
        BILEVEL,
        "Trials of a line search before accuracies are tightened (J); one more after each such failure.",
    ),
    row(
        "step_cap",
        real(TINY, INFINITY),
        OptionValue::Unset,
        BILEVEL,
        "The most that a step may change a parameter. Unset: 1 at first, which suits logarithms, then up to 8 where steps of that length are taken without a cut; no cap for the methods but maid.",
    ),
    row(
        "absolute_tolerance",
        real(0.0, INFINITY),
        OptionValue::Real(0.0),
        BILEVEL,
        "Stop as well where the norm of the (projected) hypergradient and its error bound together are at most this.",
    ),
    row(
        "value_tolerance",
        real(0.0, INFINITY),
        OptionValue::Real(1e-9),
        BILEVEL,
        "Stop (stalled) where ten steps together lower the upper value by less than this share of it.",
    ),
    row(
        "max_products",
        real(0.0, INFINITY),
        OptionValue::Real(INFINITY),
        BILEVEL,
        "Work limit in gradients of lower objectives and products with their Hessians, over all samples.",
    ),
    row(
        "max_lower_products",
        integer(1, i64::MAX),
        OptionValue::Integer(100_000),
        BILEVEL,
        "The most products that one lower or adjoint solve may take.",
    ),
    row(
        "trial_budget",
        real(1.0, INFINITY),
        OptionValue::Real(20.0),
        BILEVEL,
        "A trial point is rejected where a lower solve takes more products than this many times the median of the last trials (200 at least).",
    ),
    row(
        "allocate",
        OptionKind::Flag,
        OptionValue::Flag(false),
        BILEVEL,
        "Give each sample an accuracy of its own, so that all contribute the same to the error bound.",
    ),
    row(
        "metric",
        OptionKind::Flag,
        OptionValue::Flag(true),
        BILEVEL,
        "Measure errors in the norm that the problem gives (its penalties, say), if it gives one; the methods but maid do not.",
    ),
    row(
        "allow_uncertified",
        OptionKind::Flag,
        OptionValue::Flag(false),
        BILEVEL,
        "Accept lower problems that are not known to be strongly convex: accuracies are gradient norms then, and nothing is certified.",
    ),
    row(
        "sequence",
        OptionKind::Choice(&["geometric", "quadratic", "cubic"]),
        OptionValue::Choice("quadratic"),
        BILEVEL,
        "For HOAG: accuracies lower_accuracy times 0.9^k, 1/k^2 or 1/k^3, but at least 1e-12.",
    ),
];
