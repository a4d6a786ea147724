/* Southwell: an embedded optimization solver with certificates. C99 and C++11. Licence: MIT or Apache-2.0.
 *
 * The contract is docs/abi.md; what holds for every function is here.
 * - A function returns a status: 0, or a negative number. swl_last_message then says which argument was wrong, where,
 *   what was expected and what was found.
 * - Handles (swl_bcd, ..) are made by a _new function and ended by a _free function; _free(NULL) does nothing. Different
 *   handles are independent. A handle serves one thread at a time; functions that take a const handle may run at the
 *   same time as each other. Any other use of a handle that is in use returns SWL_E_BUSY and changes nothing.
 * - Arguments are read, never written, unless their name is out, inout, buf, need, rows, count or bytes. They are not
 *   needed after the call, unless swl_keep says so. Outputs are written only if the call works.
 * - Structs with a struct_size: zero them, set struct_size to their sizeof, fill in what you need. Fields named pad_ are 0.
 * - Nothing is printed, no signal handler is installed, no environment variable is read, no thread outlives a call.
 *
 * This file is generated from src/ffi by tests/header.rs. */

#ifndef SOUTHWELL_H
#define SOUTHWELL_H

#include <stddef.h>
#include <stdint.h>
#ifndef SWL_API
#define SWL_API
#endif

// Major version of this header.
#define SWL_VERSION_MAJOR 0

// Minor version of this header.
#define SWL_VERSION_MINOR 1

// Patch version of this header.
#define SWL_VERSION_PATCH 0

// Rigor of a figure: it bounds nothing by itself.
#define SWL_RIGOR_NONE 0

// Rigor of a figure: it rests on an estimate. In bcd it holds to first order only, where rounding was cleared from
// correlations that have to vanish, or where rounding may hide more than 1e-12 of the objective and of the loss at zero
// (large coefficients that cancel); in bilevel constants were sampled, or are not said to hold, or the lower level has
// kinks.
#define SWL_RIGOR_ESTIMATED 1

// Rigor of a figure: a theorem, up to rounding.
#define SWL_RIGOR_PROVEN 2

// Order of a dense array: columns are contiguous.
#define SWL_COL_MAJOR 0

// Order of a dense array: rows are contiguous.
#define SWL_ROW_MAJOR 1

// Kind of a matrix: view points to an swl_dense.
#define SWL_DENSE 0

// Kind of a matrix: view points to an swl_sparse.
#define SWL_SPARSE 1

// Kind of a matrix: view points to an swl_triplets; only where a function takes entries.
#define SWL_TRIPLETS 2

// Kind of a matrix: view points to an swl_operator.
#define SWL_OPERATOR 3

// Kind of an option: a real number.
#define SWL_OPTION_REAL 0

// Kind of an option: an integer.
#define SWL_OPTION_INTEGER 1

// Kind of an option: one of a list of words.
#define SWL_OPTION_CHOICE 2

// Kind of an option: 0 or 1.
#define SWL_OPTION_FLAG 3

// Phase of a call: reading and checking the data.
#define SWL_PHASE_SETUP 0

// Phase of a call: fitting the unpenalized terms alone.
#define SWL_PHASE_NULL_MODEL 1

// Phase of a call: the main loop.
#define SWL_PHASE_SOLVE 2

// Phase of a call: the certificate of the answer.
#define SWL_PHASE_CERTIFICATE 3

// Kind of a certificate: there is none, because the call was stopped before there was an answer.
#define SWL_CERT_NONE 0

// Kind of a certificate: the objective is within this of its minimum.
#define SWL_CERT_DUALITY_GAP 1

// Kind of a certificate: norm of the (proximal, projected) gradient.
#define SWL_CERT_GRADIENT 2

// Strengths of a path: `count` of them, evenly spaced on a log scale from lambda_max down to that of the options.
#define SWL_PATH_SPACED 0

// Strengths of a path: those in `lambdas`.
#define SWL_PATH_GIVEN 1

// Strengths of a path: as far apart as `gap` allows, at most `count` of them.
#define SWL_PATH_ADAPTIVE 2

// Why a path ended: the last strength was solved.
#define SWL_PATH_COMPLETE 0

// Why a path ended: a point explained max_explained.
#define SWL_PATH_EXPLAINED 1

// Why a path ended: a point had more than max_nonzeros coefficients.
#define SWL_PATH_NONZEROS 2

// Why a path ended: the number of points allowed was reached.
#define SWL_PATH_POINTS 3

// Why a path ended: a limit, a token or a callback.
#define SWL_PATH_STOPPED 4

// Flag: the callbacks may run on several threads at once.
#define SWL_CALLBACK_ANY_THREAD 1

// Side of a completion: rows, and their factor U.
#define SWL_ROWS 0

// Side of a completion: columns, and their factor V.
#define SWL_COLS 1

// For swl_altmin_observe: entries are noted, and no factor changes.
#define SWL_UPDATE_NONE 0

// The rows that entries are in are fitted again.
#define SWL_UPDATE_ROWS 1

// The columns are.
#define SWL_UPDATE_COLS 2

// The rows are, and then the columns.
#define SWL_UPDATE_BOTH 3

// Decision of a step: the hypergradient was not certain enough, and accuracies were tightened.
#define SWL_STEP_REFINED 0

// The step was taken: left <= right.
#define SWL_STEP_ACCEPTED 1

// The step was too long for certain.
#define SWL_STEP_TOO_LONG 2

// The step was not certain to descend.
#define SWL_STEP_NOT_CERTAIN 3

// The trial point could not be evaluated, or took too much work.
#define SWL_STEP_REJECTED 4

// A line search ended without a step, and accuracies were tightened.
#define SWL_STEP_TIGHTENED 5

// Mean squares / 2, and a ridge.
#define SWL_BILEVEL_RIDGE 0

// Mean logistic loss of labels -1 and 1, and a ridge.
#define SWL_BILEVEL_LOGISTIC 1

// Mean softmax loss of classes 0 to classes - 1, and a ridge.
#define SWL_BILEVEL_MULTINOMIAL 2

// Mean squares / 2, absolute values (smoothed or as they are) and a ridge: theta has the logarithms of both strengths.
#define SWL_BILEVEL_ELASTIC_NET 3

// Mean squares / 2 and absolute values as they are: theta has the logarithm of the strength.
#define SWL_BILEVEL_LASSO 4

// One strength for all coefficients.
#define SWL_SHARING_SINGLE 0

// One for each feature.
#define SWL_SHARING_FEATURE 1

// One for each class.
#define SWL_SHARING_CLASS 2

// One for each coefficient.
#define SWL_SHARING_WEIGHT 3

// One for each group of features, as group_of_feature says.
#define SWL_SHARING_GROUPS 4

// Total variation: theta has the logarithms of its strength and of where it is rounded off.
#define SWL_IMAGES_TOTAL_VARIATION 0

// A field of experts: theta has, one after the other, the logarithms of the strengths of its filters, of where their
// penalties are rounded off, and the taps of each filter.
#define SWL_IMAGES_FIELD_OF_EXPERTS 1

// What a callback returns for a point that cannot be evaluated: a trial is shortened; at the start it is an error.
#define SWL_CALLBACK_REJECT -1

// Flag: lower problems are quadratic in x, so that conjugate gradients solve them.
#define SWL_BILEVEL_QUADRATIC 2

// Flag: the upper function is convex in x.
#define SWL_BILEVEL_CONVEX_UPPER 4

// Flag: the upper function is l_g / 2 times a squared distance from a fixed point.
#define SWL_BILEVEL_SQUARED_DISTANCE 8

// Flag: the constants hold; without it certificates that rest on them are called estimated.
#define SWL_BILEVEL_PROVEN 16

// For swl_groupwise_new: any number >= 0 is a group, from when it is awake for the first time.
#define SWL_GROUPS_OPEN -1

// The number of the group that is always awake, in results.
#define SWL_GROUP_ALWAYS_ON -1

// The number under which the crossed-feature expert is reported.
#define SWL_GROUP_CROSSED -2

// Flag of swl_groupwise_new: there is no group that is always awake.
#define SWL_GROUPWISE_NO_ALWAYS_ON 1

// Standing of a certificate: the regret is known, and below its bound.
#define SWL_STANDING_HOLDS 0

// The regret is known, and no theorem bounds it.
#define SWL_STANDING_MEASURED 1

// No comparator is known.
#define SWL_STANDING_UNKNOWN 2

// Rounding errors may have spoilt the figures.
#define SWL_STANDING_SUSPECT 3

// The regret is above its bound, which a defect alone could cause.
#define SWL_STANDING_BROKEN 4

// Comparator of a regret: none is known.
#define SWL_COMPARATOR_UNKNOWN 0

// The best linear predictor in hindsight, its ridge counted; labels measured from the lower end of their range.
#define SWL_COMPARATOR_RIDGE 1

// The same, labels measured from the middle of their range.
#define SWL_COMPARATOR_CENTRED_RIDGE 2

// The best linear predictor in hindsight.
#define SWL_COMPARATOR_LEAST_SQUARES 3

// How paths are learned: Hedge over all of them, by weight pushing.
#define SWL_PATHS_HEDGE 0

// Follow the perturbed leader, by shortest paths.
#define SWL_PATHS_PERTURBED 1

// A matrix completion: the entries that were observed, and the last model.
typedef struct swl_altmin swl_altmin;

// A problem of block coordinate descent: the data, what may change between solves, and the last solution.
typedef struct swl_bcd swl_bcd;

// Hyperparameters theta, chosen so that the minimizers of lower problems do well on an upper one.
typedef struct swl_bilevel swl_bilevel;

// A flag that stops every call that was given it. It must live until they all returned.
typedef struct swl_cancel swl_cancel;

// A stream of decisions, each of which costs the sum of the costs of what it is made of.
typedef struct swl_decisions swl_decisions;

// A quadratic on a graph, or label propagation: the data, fixed blocks, and the last solution.
typedef struct swl_graph swl_graph;

// A stream of rounds, and all that was learned from it.
typedef struct swl_groupwise swl_groupwise;

// The options of one solver family. Solvers read them and never write to them; a call that was given options does not
// need them after it returned.
typedef struct swl_options swl_options;

// Whether a call worked: 0, or one of the negative numbers below. More may be added: switch with a default.
typedef int32_t swl_status;

// How a solve ended; never mixed with the status. More may be added: switch with a default.
typedef int32_t swl_outcome;

// What swl_options_describe tells of one option. All texts are static.
typedef struct swl_option_desc {
  // sizeof(swl_option_desc), set by the caller
  uint32_t struct_size;
  // SWL_OPTION_REAL, _INTEGER, _CHOICE or _FLAG
  int32_t kind;
  // its name
  const char *key;
  // what it means
  const char *help;
  // the choices, parted by '|'; empty for other kinds
  const char *choices;
  // lower bound; NaN for choices
  double lower;
  // upper bound; NaN for choices
  double upper;
  // the default; NaN: unset, or not a number
  double dflt;
  // the default as text
  const char *dflt_text;
  // the first version that had it
  const char *since;
} swl_option_desc;

// A smooth convex function of cols coordinates. Zero it, set struct_size, fill in the rest. The struct and lipschitz
// are copied. Callbacks as in swl_operator, always on the thread that called the library.
typedef struct swl_function {
  // sizeof(swl_function)
  uint32_t struct_size;
  // 0
  uint32_t flags;
  // given to the callbacks
  void *ctx;
  // called once when the handle is freed, or NULL
  void (*release)(void *ctx);
  // coordinates
  int64_t cols;
  // *out = f(x); infinity where f overflows
  int32_t (*value)(void *ctx, const double *x, double *out);
  // out[i] = df/dx_j at j = list[i], n of them, no repeats
  int32_t (*gradient)(void *ctx, const double *x, const int64_t *list, int64_t n, double *out);
  // out[i + n k] = the second derivative by list[i] and list[k]; or NULL
  int32_t (*hessian)(void *ctx, const double *x, const int64_t *list, int64_t n, double *out);
  // bounds of the second derivative in each coordinate, above 0; or NULL: not known
  const double *lipschitz;
} swl_function;

// What a progress callback sees. struct_size is the library's: a callback that wants a later field checks it.
typedef struct swl_progress {
  // sizeof(swl_progress) of the library
  uint32_t struct_size;
  // SWL_PHASE_SETUP or a later one
  int32_t phase;
  // iterations so far
  uint64_t iteration;
  // floating-point operations so far, counted and not timed
  uint64_t work;
  // seconds since the call began
  double seconds;
  // NaN: not known yet
  double objective;
  // NaN: not known yet
  double certificate;
} swl_progress;

// Called from time to time on the thread that called the library. Nonzero stops the call: a solve then has the outcome
// cancelled and the number in its info, and it is not called again. No C++ exception and no longjmp may leave it.
typedef int32_t (*swl_progress_fn)(void *ctx, const struct swl_progress *p);

// Called with a line of log, len bytes of UTF-8 and a NUL after them, on the thread that called the library. level: 1
// warning, 2 milestone, 3 decision.
typedef void (*swl_log_fn)(void *ctx, int32_t level, const char *utf8, size_t len);

// Control of one call. Zero it, set struct_size, fill in what you need; the struct is not needed after the call.
// NULL in its place: run quietly to the end. The deadline is the option max_seconds.
typedef struct swl_control {
  // sizeof(swl_control)
  uint32_t struct_size;
  // progress every so many iterations; 0 counts as 1
  uint32_t every;
  // stops the call when tripped, or NULL
  struct swl_cancel *cancel;
  // or NULL
  swl_progress_fn progress;
  // or NULL
  swl_log_fn log;
  // given to progress and log
  void *ctx;
  // 1: warnings; 2 (and 0): and milestones; 3: and every decision
  int32_t log_level;
  // 0
  int32_t pad_;
} swl_control;

// A matrix in one of the forms above, or a swl_operator. See swl_matrix_dense, swl_matrix_sparse and
// swl_matrix_operator.
typedef struct swl_matrix {
  // SWL_DENSE, SWL_SPARSE, SWL_TRIPLETS or SWL_OPERATOR
  int32_t kind;
  // 0
  int32_t pad_;
  // the swl_dense, swl_sparse, swl_triplets or swl_operator
  const void *view;
} swl_matrix;

// Type of the numbers in an array.
typedef int32_t swl_scalar;

// A vector of len numbers. data may be NULL where len is 0. See swl_vec_f64.
typedef struct swl_vec {
  // len numbers of the type that scalar says
  const void *data;
  // how many
  int64_t len;
  // SWL_F64 or SWL_F32
  swl_scalar scalar;
  // 0
  int32_t pad_;
} swl_vec;

// Lets the library read the arrays of a call's matrix in place instead of copying them. If the call works, it calls
// release(ctx) once, when the handle is freed, on the thread that frees it; release NULL: it calls nothing, and the
// arrays must outlive the handle. If the call fails, it calls nothing and holds nothing. Until then the caller must
// not change the arrays.
typedef struct swl_keep {
  // given back to release
  void *ctx;
  // called once when the arrays are no longer needed, or NULL
  void (*release)(void *ctx);
} swl_keep;

// A dense array of rows x cols numbers. See swl_dense_f64.
typedef struct swl_dense {
  // the numbers, line by line
  const void *data;
  // rows
  int64_t rows;
  // columns
  int64_t cols;
  // numbers from the start of one line to the next: at least rows (SWL_COL_MAJOR) or cols (SWL_ROW_MAJOR)
  int64_t ld;
  // SWL_F64 or SWL_F32
  swl_scalar scalar;
  // SWL_COL_MAJOR or SWL_ROW_MAJOR
  int32_t order;
} swl_dense;

// How a solve went.
typedef struct swl_bcd_info {
  // sizeof(swl_bcd_info), set by the caller
  uint32_t struct_size;
  // how the solve ended
  swl_outcome outcome;
  // block updates, or sweeps of working sets where the option rule is auto
  uint64_t iterations;
  // floating-point operations, counted
  uint64_t work;
  // the objective at the answer; NaN: stopped before there was one
  double objective;
  // the certificate, recomputed from the data after the loop
  double certificate;
  // the tolerance in the units of the certificate
  double target;
  // SWL_CERT_NONE, _DUALITY_GAP or _GRADIENT
  int32_t certificate_kind;
  // SWL_RIGOR_NONE, _ESTIMATED or _PROVEN
  int32_t certificate_rigor;
  // strength of the penalty; NaN: not known yet
  double lambda;
  // the smallest lambda with an all-zero solution; infinity for ridge
  double lambda_max;
  // coefficients that are not 0
  int64_t nonzeros;
  // coordinates (or groups) in a block after the cap by the data; 0: sets of varying size (rule auto)
  int64_t block_size;
  // threads of the kernels
  int32_t threads;
  // what the progress callback returned when it stopped the solve, or another callback when it failed; else 0
  int32_t callback_code;
  // seconds for checks, scales and the null model
  double seconds_setup;
  // seconds for the loop and the certificate
  double seconds_solve;
  // share of the null model's loss that the answer explains; NaN where that is not known
  double explained;
  // the iteration after which the set of coefficients away from 0 never changed, as far as checks saw
  uint64_t settled_at;
} swl_bcd_info;

// The strengths of a path, and where it may end early. Zero it, set struct_size, fill in what you need.
typedef struct swl_path_grid {
  // sizeof(swl_path_grid), set by the caller
  uint32_t struct_size;
  // SWL_PATH_SPACED, _GIVEN or _ADAPTIVE
  int32_t kind;
  // spaced: how many; adaptive: at most so many (0: 10000); given: 0, or the length of lambdas
  int64_t count;
  // given: the strengths, each below the one before
  const struct swl_vec *lambdas;
  // adaptive: for every strength between two points, the coefficients of the point above are within this of the
  // optimum, relative to the loss of the null model; above the tolerance
  double gap;
  // end after the first point that explains this share of the null model's loss; 0: never
  double max_explained;
  // end after the first point with more coefficients than this; 0: never
  int64_t max_nonzeros;
} swl_path_grid;

// How cross-validation went. The strengths are those of the path; best and one_se count from 0.
typedef struct swl_cv_info {
  // sizeof(swl_cv_info), set by the caller
  uint32_t struct_size;
  // 1 if every point of every fold, and of the path on all rows, converged
  int32_t converged;
  // strengths
  int64_t count;
  // folds
  int64_t folds;
  // the strength with the least mean loss
  int64_t best;
  // the largest strength whose mean is within one standard error of the least
  int64_t one_se;
  // lambda of best
  double lambda_best;
  // lambda of one_se
  double lambda_one_se;
  // mean loss on rows left out at best
  double loss_best;
  // its standard error
  double se_best;
} swl_cv_info;

// What is known of a solution beyond its value.
typedef struct swl_identification {
  // sizeof(swl_identification), set by the caller
  uint32_t struct_size;
  // 1 if this is the only solution, to first order; 0: not known
  int32_t unique;
  // columns whose coefficient is 0 in every solution
  int64_t safe_zeros;
  // the least distance of minus the gradient from the boundary of the subdifferential, over coefficients at a kink
  // or a bound, in the units of lambda: how far the active set is from a change; infinity: there are none
  double margin;
  // the smallest eigenvalue of the Hessian of all other columns, scaled to a unit diagonal (above 512 columns an
  // estimate from above); NaN: not computed, there are more than 2048
  double smallest_eigenvalue;
} swl_identification;

// The state of a solve at a check of its certificate.
typedef struct swl_trace_row {
  // sizeof(swl_trace_row), set by the caller in the first row: the stride of the array
  uint32_t struct_size;
  // SWL_PHASE_SOLVE
  int32_t phase;
  // iterations so far
  uint64_t iteration;
  // floating-point operations so far
  uint64_t work;
  // the objective
  double objective;
  // the certificate
  double certificate;
  // coefficients that are not 0
  int64_t nonzeros;
} swl_trace_row;

// A figure about an answer that the caller can check.
typedef struct swl_certificate {
  // sizeof(swl_certificate), set by the caller
  uint32_t struct_size;
  // SWL_CERT_NONE, _DUALITY_GAP or _GRADIENT
  int32_t kind;
  // SWL_RIGOR_NONE, _ESTIMATED or _PROVEN
  int32_t rigor;
  // 0
  int32_t pad_;
  // the figure; infinity: none
  double value;
  // converged means value <= target, up to rounding
  double target;
  // the objective at the answer
  double primal;
  // the dual value; NaN where none is known
  double dual;
} swl_certificate;

// How a solve on a graph went.
typedef struct swl_graph_info {
  // sizeof(swl_graph_info), set by the caller
  uint32_t struct_size;
  // how the solve ended
  swl_outcome outcome;
  // blocks solved; steps of conjugate gradients over all columns where the option rule is auto
  uint64_t iterations;
  // floating-point operations, counted
  uint64_t work;
  // the objective 1/2 x'Ax - b'x over the unknown nodes, summed over the columns
  double objective;
  // the largest |b - Ax| / |b| of all columns, recomputed from the data after the loop
  double residual;
  // the objective is within this of its minimum; NaN where no bound is known
  double gap;
  // no value is further than this from the solution's; NaN where no bound is known
  double error;
  // rigor of gap and error: SWL_RIGOR_NONE or _PROVEN
  int32_t rigor;
  // threads of the kernels
  int32_t threads;
  // nodes, labelled ones included
  int64_t nodes;
  // unknown nodes
  int64_t unknowns;
  // columns of labels or right-hand sides
  int64_t columns;
  // nodes that no label reaches, with value 0 (option unreached)
  int64_t unreached;
  // what the progress callback returned when it stopped the solve; else 0
  int32_t callback_code;
  // 0
  int32_t pad_;
  // seconds for blocks or the preconditioner
  double seconds_setup;
  // seconds for the loop and the certificate
  double seconds_solve;
} swl_graph_info;

// How a completion went. Errors are in the units of the values.
typedef struct swl_altmin_info {
  // sizeof(swl_altmin_info), set by the caller
  uint32_t struct_size;
  // how the solve ended
  swl_outcome outcome;
  // sweeps, those of a search included
  uint64_t iterations;
  // floating-point operations, counted
  uint64_t work;
  // weighted squares (or costs, with a robust loss) over the fitted entries, and the ridge
  double objective;
  // weighted root mean square of what is left of the fitted entries
  double train_rmse;
  // that of the entries held out; NaN: none were asked for
  double held_out_rmse;
  // the mean that was taken off; 0 without the option center
  double mean;
  // the ridge that was used
  double ridge;
  // columns of the factors, after the cap
  int64_t rank;
  // rows that the places of the entries do not determine at this rank
  int64_t undetermined_rows;
  // columns that they do not
  int64_t undetermined_cols;
  // connected components of the rows and columns with entries
  int64_t components;
  // threads of the kernels
  int32_t threads;
  // what the progress callback returned when it stopped the solve; else 0
  int32_t callback_code;
  // seconds for the ridge, the start and the search
  double seconds_setup;
  // seconds for the sweeps and the certificate
  double seconds_solve;
} swl_altmin_info;

// A sweep of a solve.
typedef struct swl_altmin_sweep {
  // sizeof(swl_altmin_sweep), set by the caller in the first row: the stride of the array
  uint32_t struct_size;
  // 0
  int32_t pad_;
  // sweeps so far
  uint64_t iteration;
  // floating-point operations so far
  uint64_t work;
  // the objective
  double objective;
  // what is left of the entries, relative to them
  double residual;
  // the change of the model relative to the model
  double change;
  // error of the entries held out; NaN: none
  double held_out;
  // incoherence of the orthonormal fixed factor; NaN with a ridge
  double incoherence;
  // the smallest singular value; NaN with a ridge
  double smallest;
  // the largest; NaN with a ridge
  double largest;
  // steps of conjugate gradients in the mean over the rows that took any
  double row_steps;
  // the reduction of a row's gradient that was asked for
  double row_tolerance;
} swl_altmin_sweep;

// Figures about a model, recomputed from the entries. An exact fit alone proves nothing: few entries are fitted by
// many matrices of the same rank.
typedef struct swl_altmin_cert {
  // sizeof(swl_altmin_cert), set by the caller
  uint32_t struct_size;
  // 0
  int32_t pad_;
  // weighted root mean square of what is left of the fitted entries
  double fit;
  // the same relative to the entries
  double residual;
  // root mean square error of the entries held out; NaN: none
  double held_out;
  // gradient of the objective relative to what it is made of: 0 at a stationary point
  double gradient;
  // the largest |u_i|^2 m / k of an orthonormal basis of U: 1 is even, m / k a spike
  double row_incoherence;
  // the same of V
  double col_incoherence;
  // entries beside the degrees of freedom of the rank: below 1 not everything is determined
  double oversampling;
  // entries that were fitted
  int64_t entries;
  // entries of the matrix that the places do not rule out to be determined (a necessary condition)
  double determined;
  // entries that a robust loss gives less than a third of their weight; 0 with loss=squared
  int64_t outliers;
} swl_altmin_cert;

// The model whose strengths are tuned; theta has their logarithms. Zero it, set struct_size, fill in the rest.
typedef struct swl_bilevel_model {
  // sizeof(swl_bilevel_model)
  uint32_t struct_size;
  // SWL_BILEVEL_RIDGE, ..
  int32_t problem;
  // SWL_SHARING_SINGLE, ..; SWL_SHARING_SINGLE (0) for the elastic net and the lasso
  int32_t sharing;
  // 1: with an intercept, which has a fixed ridge of 1e-6 (none where absolute values are as they are); 0: without
  int32_t intercept;
  // classes of the multinomial problem; else 0
  int64_t classes;
  // a group, from 0, for each feature; NULL unless sharing is SWL_SHARING_GROUPS
  const int32_t *group_of_feature;
  // elements of group_of_feature; 0 without
  int64_t features;
  // for the elastic net: where the absolute value is rounded off; 0: it is not, so that solutions are sparse and f has
  // kinks; 0 for other problems
  double smoothing;
} swl_bilevel_model;

// How pictures are denoised. Zero it, set struct_size, fill in the rest.
typedef struct swl_images_model {
  // sizeof(swl_images_model)
  uint32_t struct_size;
  // SWL_IMAGES_TOTAL_VARIATION, ..
  int32_t problem;
  // total variation: 1: the two differences of a pixel are penalized by themselves; 0: together; else 0
  int32_t anisotropic;
  // total variation: 1: also a ridge, whose logarithm is one more parameter; else 0
  int32_t ridge;
  // field of experts: filters, at least 1; else 0
  int64_t filters;
  // field of experts: taps along a side of a filter, from 1 to the shorter side of a picture; else 0
  int64_t side;
} swl_images_model;

// Pictures of equal sizes (height 1: signals), one after the other, each row after row.
typedef struct swl_images {
  // count * height * width numbers
  const void *data;
  // pictures
  int64_t count;
  // rows of a picture
  int64_t height;
  // columns
  int64_t width;
  // SWL_F64 or SWL_F32
  swl_scalar scalar;
  // 0
  int32_t pad_;
} swl_images;

// The caller's problem: `samples` lower problems h_i(x, theta) share theta, of d numbers; x_i has lengths[i] numbers.
// Minimizes the mean of the upper functions g_i(xhat_i(theta), theta). Zero the struct, set struct_size, fill in the
// rest; it and lengths are copied. Callbacks return 0, SWL_CALLBACK_REJECT, or a number above 0 that ends the call with
// SWL_E_CALLBACK and reaches the caller in the message and in the info. Their outputs are checked for NaN. They keep no
// pointer that they were given, give the same numbers for the same arguments, and run on the thread that called the
// library (with SWL_CALLBACK_ANY_THREAD on several at once). Every function is required but those marked "or NULL".
typedef struct swl_bilevel_problem {
  // sizeof(swl_bilevel_problem)
  uint32_t struct_size;
  // 0, SWL_CALLBACK_ANY_THREAD, SWL_BILEVEL_QUADRATIC, ..
  uint32_t flags;
  // given to the callbacks
  void *ctx;
  // called once when the handle is freed, or NULL
  void (*release)(void *ctx);
  // numbers of theta
  int64_t d;
  // lower problems
  int64_t samples;
  // numbers of each x
  const int64_t *lengths;
  // *value = h_i(x, theta), and grad (length of x) its gradient in x
  int32_t (*lower)(void *ctx, int64_t i, const double *x, const double *theta, double *value, double *grad);
  // out = (d2 h_i / dx2) v, both as long as x
  int32_t (*hessian)(void *ctx, int64_t i, const double *x, const double *theta, const double *v, double *out);
  // out = (d2 h_i / dx dtheta)' q: q as long as x, out has d numbers
  int32_t (*mixed_t)(void *ctx, int64_t i, const double *x, const double *theta, const double *q, double *out);
  // out = (d2 h_i / dx dtheta) u: u has d numbers, out is as long as x; or NULL
  int32_t (*mixed)(void *ctx, int64_t i, const double *x, const double *theta, const double *u, double *out);
  // mu > 0 and l: bounds of the curvature of h_i in x; l_a and l_b: Lipschitz constants in x of its Hessian and of its
  // mixed derivatives. What is not known stays NaN
  int32_t (*constants)(void *ctx, int64_t i, const double *theta, double *mu, double *l, double *l_a, double *l_b);
  // *value = g_i(x, theta), gx its gradient in x and gtheta (comes as zeros) that in theta
  int32_t (*upper)(void *ctx, int64_t i, const double *x, const double *theta, double *value, double *gx, double *gtheta);
  // Lipschitz constant in x of the gradient of g_i in x
  double l_g;
  // that of its gradient in theta; 0 where g_i does not depend on theta
  double l_g_theta;
  // called before products at a point, to prepare them; or NULL
  int32_t (*prepare)(void *ctx, int64_t i, const double *x, const double *theta);
  // out is about the inverse Hessian times r, symmetric and positive; or NULL
  int32_t (*precondition)(void *ctx, int64_t i, const double *x, const double *theta, const double *r, double *out);
  // improves x until |grad_x h_i| <= tolerance, with the option lower_solver=user; checked by `lower`; or NULL
  int32_t (*solve_lower)(void *ctx, int64_t i, const double *theta, double tolerance, double *x);
} swl_bilevel_problem;

// How a bilevel solve went.
typedef struct swl_bilevel_info {
  // sizeof(swl_bilevel_info), set by the caller
  uint32_t struct_size;
  // how the solve ended
  swl_outcome outcome;
  // steps that were taken
  uint64_t iterations;
  // floating-point operations, counted
  uint64_t work;
  // evaluations of lower gradients
  uint64_t gradients;
  // products with lower Hessians
  uint64_t hessian_products;
  // products with mixed derivatives
  uint64_t mixed_products;
  // lower problems that were solved
  uint64_t lower_solves;
  // trial points of line searches
  uint64_t trials;
  // times that the accuracies were tightened
  uint64_t refinements;
  // an estimate of the upper value at theta
  double upper_value;
  // the interval that holds the upper value at theta, as rigor says
  double upper_lo;
  // its other end
  double upper_hi;
  // the norm of the hypergradient, without what leads out of the bounds
  double hypergradient_norm;
  // a bound on its error; infinity where it was not bounded
  double hypergradient_error;
  // the largest distance of a lower solution from the true one, as rigor says
  double lower_error;
  // the largest residual of an adjoint system
  double adjoint_residual;
  // parameters at a bound
  int64_t active_bounds;
  // SWL_RIGOR_PROVEN, ..: how far the interval and lower_error are to be trusted; hypergradient_error may be an
  // estimate where they are proven
  int32_t rigor;
  // threads that were asked for
  int32_t threads;
  // what a callback returned that ended the solve; else 0
  int32_t callback_code;
  // 0
  int32_t pad_;
  // seconds to make the problem
  double seconds_setup;
  // seconds of the solve
  double seconds_solve;
} swl_bilevel_info;

// A row of the audit: the inequality that decided. Kept with the option trace.
typedef struct swl_bilevel_step {
  // sizeof(swl_bilevel_step), set by the caller in the first row: the stride of the array
  uint32_t struct_size;
  // SWL_STEP_ACCEPTED, ..
  int32_t decision;
  // steps taken before
  uint64_t iteration;
  // lower gradients and Hessian products so far
  uint64_t products;
  // the left side of the inequality
  double left;
  // the right side
  double right;
  // the length of the trial along its direction; NaN: none
  double step;
  // the upper end of the interval there; NaN: none
  double upper_hi;
  // the lower accuracy that was asked for
  double lower_accuracy;
  // the adjoint accuracy that was asked for
  double adjoint_accuracy;
} swl_bilevel_step;

// Figures about an answer, recomputed from the problem, theta, the lower solutions and the adjoints alone.
typedef struct swl_bilevel_cert {
  // sizeof(swl_bilevel_cert), set by the caller
  uint32_t struct_size;
  // SWL_RIGOR_PROVEN, ..: as that of swl_bilevel_info
  int32_t rigor;
  // an interval that holds the upper value, as rigor says
  double upper_lo;
  // its other end
  double upper_hi;
  // the interval by the constants of the problem alone: wider, and proven where they are
  double proven_lo;
  // its other end
  double proven_hi;
  // the largest distance of a lower solution from the true one, as rigor says
  double lower_error;
  // the largest residual of an adjoint system
  double adjoint_residual;
  // the norm of the hypergradient, without what leads out of the bounds
  double hypergradient_norm;
  // a bound on its error; infinity where it is not bounded
  double hypergradient_error;
} swl_bilevel_cert;

// A learner of the caller's: what it keeps of a group is a state of the caller's. Zero the struct, set struct_size,
// fill in the rest; it is copied. Callbacks run on the thread that called the library and return 0, or a number above
// 0 that ends the call with SWL_E_CALLBACK and reaches the caller in the message. Labels and predictions are in units
// of the label range, 0 its lower end and 1 its upper one. A prediction that is not a finite number puts the expert to
// sleep for the round.
typedef struct swl_learner {
  // sizeof(swl_learner)
  uint32_t struct_size;
  // 0
  uint32_t flags;
  // given to the callbacks
  void *ctx;
  // called once when the stream and all its clones are freed, or NULL
  void (*release)(void *ctx);
  // *out = a state: of no rounds where `from` is NULL, else a copy of it
  int32_t (*create)(void *ctx, const void *from, void **out);
  // ends a state
  void (*destroy)(void *ctx, void *state);
  // *out = the prediction for n features
  int32_t (*predict)(void *ctx, void *state, const double *x, int64_t n, double *out);
  // takes in the label y of a round that was predicted as z and counts weight times; before anything else changes.
  // Where it fails it must have done nothing: the same label may come again, and then only to those that lack it
  int32_t (*update)(void *ctx, void *state, const double *x, int64_t n, double y, double z, double weight);
  // *need = the bytes of a state, written to buf unless that is NULL (cap is then at least as many as it said); or
  // NULL: streams cannot be saved
  int32_t (*save)(void *ctx, const void *state, void *buf, size_t cap, size_t *need);
  // takes on a state that save gave; or NULL
  int32_t (*load)(void *ctx, void *state, const void *buf, size_t len);
} swl_learner;

// How far a run of many rounds came.
typedef struct swl_groupwise_run_info {
  // sizeof(swl_groupwise_run_info), set by the caller
  uint32_t struct_size;
  // SWL_CONVERGED: every round was used; else what stopped the run
  swl_outcome outcome;
  // rounds that were predicted and learned from: the first ones
  uint64_t rounds;
  // floating-point operations, counted
  uint64_t work;
  // seconds
  double seconds;
  // what the callback returned that ended the run; else 0
  int32_t callback_code;
  // 0
  int32_t pad_;
  // where the run failed while it gave a round its label: the ticket of that round (number `rounds`), which is still
  // open; else 0
  uint64_t ticket;
} swl_groupwise_run_info;

// What happened to a stream so far.
typedef struct swl_groupwise_info {
  // sizeof(swl_groupwise_info), set by the caller
  uint32_t struct_size;
  // 0: the theorems speak of this stream; else why not: 1 unclipped (mode paper), 2 a widened range, 3 delayed
  // labels, 4 weights above 1
  int32_t claim;
  // rounds that were predicted
  uint64_t predictions;
  // labels that were learned from
  uint64_t updates;
  // tickets whose labels have not come
  uint64_t open_tickets;
  // tickets that expired
  uint64_t expired_tickets;
  // rounds without an awake expert
  uint64_t uncovered;
  // labels of weight 0
  uint64_t weightless;
  // labels that came when their experts had moved on
  uint64_t delayed;
  // the sum of the updates between a prediction and its label
  uint64_t delay;
  // labels that came twice and were ignored
  uint64_t repeated;
  // labels outside the range that count as its nearer end
  uint64_t clamped;
  // times that the range was widened
  uint64_t widened;
  // times that a group stayed asleep because there was no room for it
  uint64_t ignored;
  // times that an expert slept because its learner gave no number
  uint64_t asleep;
  // groups that have been awake, with that which always is
  int64_t groups;
  // bytes of learners, about
  int64_t bytes;
  // ln of sum q Phi(R, C); 0 for specialists
  double ln_potential;
  // a bound on it, where the theorems speak of this stream
  double ln_potential_bound;
} swl_groupwise_info;

// What is known of a group. Losses are in the units of the labels, times the weights of the rounds. NaN: not known.
typedef struct swl_group_cert {
  // sizeof(swl_group_cert), set by the caller
  uint32_t struct_size;
  // SWL_STANDING_HOLDS, ..
  int32_t standing;
  // the group
  int64_t group;
  // rounds whose labels have come
  uint64_t rounds;
  // the sum of their weights
  double weight;
  // the loss of what was predicted
  double loss;
  // the mean loss of the experts by their weights: what a drawn prediction costs in expectation
  double expected_loss;
  // the loss of the comparator
  double hindsight;
  // the loss (the expected one, where the stream draws) minus that
  double regret;
  // the theorem's bound on it
  double bound;
  // the bound minus the regret
  double slack;
  // how far identities are from holding that hold exactly, relative to their terms
  double health;
  // SWL_COMPARATOR_RIDGE, ..
  int32_t comparator;
  // experts of the group
  int32_t experts;
} swl_group_cert;

// How an expert of a group has done on the rounds where it was awake. Units as in swl_group_cert. NaN: not known.
typedef struct swl_expert_cert {
  // sizeof(swl_expert_cert), set by the caller
  uint32_t struct_size;
  // SWL_COMPARATOR_RIDGE, ..
  int32_t comparator;
  // the name of its learner, as the option learner has it; static
  const char *learner;
  // its prior
  double prior;
  // the loss of its own predictions
  double loss;
  // the loss of the stream minus that
  double regret;
  // a bound on it
  double bound;
  // R of AdaNormalHedge
  double hedge_regret;
  // C of AdaNormalHedge
  double hedge_magnitude;
  // the loss of the best of its class in hindsight
  double hindsight;
  // a bound on what it loses beyond that
  double learner_bound;
  // as in swl_group_cert
  double health;
  // rounds that it slept through because its learner gave no number
  uint64_t asleep;
} swl_expert_cert;

// The caller's set of decisions, by the cheapest of them. The bounds of certificates rest on the three sizes, each
// from 1e-100 to 1e100: a round that shows that one is too small is refused. Zero the struct, set struct_size, fill in
// the rest; it is copied. The callback runs on the thread that called the library and returns 0, or a number above 0
// that ends the call with SWL_E_CALLBACK and reaches the caller in the message.
typedef struct swl_oracle {
  // sizeof(swl_oracle)
  uint32_t struct_size;
  // 0
  uint32_t flags;
  // given to the callback
  void *ctx;
  // called once when the stream is freed, or NULL
  void (*release)(void *ctx);
  // numbers of a decision
  int64_t dim;
  // the most that two decisions differ by, in the sum of sizes
  double diameter;
  // the most that the costs of two decisions differ by in a round, where each number of the costs is from 0 to 1.
  // Where no decision has a negative entry, the most that one costs will do; else it is the most that cost . action
  // can be minus the least, over the actions
  double cost;
  // the most that the costs of a round sum to
  double costs;
  // fills action, dim numbers, with the decision of least cost . action; the same for the same costs, which are
  // finite and may be negative. Numbers that are not finite or above 1e100 in size are SWL_E_CALLBACK
  int32_t (*minimize)(void *ctx, const double *cost, int64_t dim, double *action);
} swl_oracle;

// What is known of a group of a stream of decisions.
typedef struct swl_decision_cert {
  // sizeof(swl_decision_cert), set by the caller
  uint32_t struct_size;
  // 1: the bound is on the mean over the perturbations; 0: on each run
  int32_t in_expectation;
  // the group
  int64_t group;
  // its rounds
  uint64_t rounds;
  // the cost of what was played on them
  double loss;
  // its expectation, given what the learners wanted
  double expected_loss;
  // the cost of the best decision in hindsight
  double hindsight;
  // the expected cost minus that
  double regret;
  // the theorem's bound on it
  double bound;
} swl_decision_cert;

// Type of the indices in an array; indptr and indices have the same.
typedef int32_t swl_index;

// Which lines of a sparse array are compressed.
typedef int32_t swl_layout;

// A sparse array of nnz entries, zero-based. Indices in a line may be in any order; repeats are refused unless the
// option duplicates says what they mean. See swl_csc_f64_i32.
typedef struct swl_sparse {
  // rows
  int64_t rows;
  // columns
  int64_t cols;
  // stored entries
  int64_t nnz;
  // where each line starts: one more than there are lines, from 0 to nnz, never decreasing
  const void *indptr;
  // row (SWL_CSC) or column (SWL_CSR) of each entry
  const void *indices;
  // the entries
  const void *values;
  // SWL_CSC or SWL_CSR
  swl_layout layout;
  // SWL_I32 or SWL_I64
  swl_index index;
  // SWL_F64 or SWL_F32
  swl_scalar scalar;
  // 0
  int32_t pad_;
} swl_sparse;

// Entries of a matrix in any order, each with its row and its column. See swl_triplets_f64_i32.
typedef struct swl_triplets {
  // rows
  int64_t rows;
  // columns
  int64_t cols;
  // entries
  int64_t nnz;
  // row of each entry
  const void *row;
  // column of each entry
  const void *col;
  // value of each entry; NULL where only places matter
  const void *values;
  // SWL_I32 or SWL_I64, for row and col
  swl_index index;
  // SWL_F64 or SWL_F32
  swl_scalar scalar;
  // the number of the first row and of the first column: 0 or 1
  int32_t base;
  // 0
  int32_t pad_;
} swl_triplets;

// A matrix as two functions of a column, for a swl_matrix of kind SWL_OPERATOR: on disk, packed, implicit. Zero it,
// set struct_size, fill in the rest. The struct is copied. A callback returns 0, or a number above 0 that ends the
// call with SWL_E_CALLBACK and reaches the caller in the message and in the info. NaN and infinity out of finite
// numbers are refused. Callbacks run on the thread that called the library, and on others only with
// SWL_CALLBACK_ANY_THREAD (without it a solve takes one thread).
typedef struct swl_operator {
  // sizeof(swl_operator)
  uint32_t struct_size;
  // 0 or SWL_CALLBACK_ANY_THREAD
  uint32_t flags;
  // given to the callbacks
  void *ctx;
  // called once when the handle that swl_bcd_new made is freed, or NULL; calls on new data do not call it
  void (*release)(void *ctx);
  // rows
  int64_t rows;
  // columns
  int64_t cols;
  // *out = a_col . v, with rows numbers in v
  int32_t (*column_dot)(void *ctx, int64_t col, const double *v, double *out);
  // v += alpha a_col
  int32_t (*column_add)(void *ctx, int64_t col, double alpha, double *v);
} swl_operator;

// The call worked.
#define SWL_OK 0

// Null, wrong length, impossible size, wrong kind of handle.
#define SWL_E_ARGUMENT -1

// NaN, an index out of range, a label that the loss does not take.
#define SWL_E_DATA -2

// Unknown key, wrong type, out of bounds.
#define SWL_E_OPTION -3

// A call out of order, such as reading a solution before a solve; or a handle that can only be freed.
#define SWL_E_STATE -4

// The handle is in use by another thread, or by the call that runs this callback.
#define SWL_E_BUSY -5

// A callback reported failure.
#define SWL_E_CALLBACK -6

// A large buffer could not be had.
#define SWL_E_MEMORY -7

// Not a saved state, damaged, or from a later version.
#define SWL_E_FORMAT -8

// Valid, but not served by this build.
#define SWL_E_UNSUPPORTED -9

// The accelerator is missing or failed.
#define SWL_E_DEVICE -10

// The control said stop before the call had anything to give back.
#define SWL_E_STOPPED -11

// A defect of the library. The handle can only be freed.
#define SWL_E_INTERNAL -99

// Nothing was run yet.
#define SWL_UNSOLVED 0

// The certificate meets the tolerance.
#define SWL_CONVERGED 1

// Nothing improves any more, short of the tolerance.
#define SWL_STALLED 2

// Rounding allows no better, short of the tolerance.
#define SWL_FLOOR 3

// The iteration limit was reached.
#define SWL_ITERATION_LIMIT 4

// The work limit was reached.
#define SWL_WORK_LIMIT 5

// The time limit was reached.
#define SWL_TIME_LIMIT 6

// The token was tripped, or the progress callback returned nonzero.
#define SWL_CANCELLED 7

// The iterates grow without bound or are no longer finite.
#define SWL_DIVERGED 8

// No point satisfies the constraints.
#define SWL_INFEASIBLE 9

// The objective has no lower bound.
#define SWL_UNBOUNDED 10

// The objective is bounded, but no point attains the bound.
#define SWL_INFIMUM_NOT_ATTAINED 11

// The loop ended normally, but its answer could not be verified.
#define SWL_UNCERTIFIED 12

// double
#define SWL_F64 0

// float; sums are accumulated in double
#define SWL_F32 1

// int32_t
#define SWL_I32 0

// int64_t
#define SWL_I64 1

// Compressed sparse columns.
#define SWL_CSC 0

// Compressed sparse rows.
#define SWL_CSR 1

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Version of the library that runs: major << 24 | minor << 16 | patch << 8. Compare with swl_abi_ok.
// Any thread. Never fails.
SWL_API uint32_t swl_version(void);

// 1 if this build has the feature ("altmin", "bcd", "bilevel", "f32", "groupwise", "i64", later "cuda"), else 0, also for NULL and unknown names.
// Any thread. Never fails.
SWL_API
int32_t swl_has_feature(const char *name);

// The name of a status, such as "SWL_E_DATA"; "unknown status" for other numbers. The text is static.
// Any thread. Never fails.
SWL_API const char *swl_status_name(swl_status status);

// The name of an outcome, such as "time limit"; "unknown outcome" for other numbers. The text is static.
// Any thread. Never fails.
SWL_API const char *swl_outcome_name(swl_outcome outcome);

// Copies the message of this thread's last failed call into buf: which argument, where in it, what was expected, what
// was found. UTF-8, cut at a whole character, ended by a NUL if cap > 0. Returns the length of the whole message plus
// one, so (NULL, 0) asks for the size. A call that works does not clear it. For people: do not parse it.
// Any thread. Never fails.
SWL_API size_t swl_last_message(char *buf, size_t cap);

// Makes an object with the defaults of a solver family ("bcd"). The caller frees it.
// Any thread. Errors: SWL_E_ARGUMENT (null), SWL_E_OPTION (no such family).
SWL_API swl_status swl_options_new(const char *solver, struct swl_options **out);

// Makes a copy. The caller frees it.
// Errors: SWL_E_ARGUMENT, SWL_E_BUSY.
SWL_API swl_status swl_options_clone(const struct swl_options *o, struct swl_options **out);

// Ends the object; NULL is fine. One in use is not freed, and leaves a message.
SWL_API void swl_options_free(struct swl_options *o);

// Sets a real option (or an integer one, to a whole number).
// Errors: SWL_E_OPTION (unknown key: the message has the nearest; NaN, out of bounds, not a number), SWL_E_ARGUMENT,
// SWL_E_BUSY. The old value stays.
SWL_API swl_status swl_options_set_f64(struct swl_options *o, const char *key, double value);

// Sets an integer option, a real one, or a flag (0 or 1). Errors as swl_options_set_f64.
SWL_API swl_status swl_options_set_i64(struct swl_options *o, const char *key, int64_t value);

// Sets any option from text: a choice, a number, or true or false. Errors as swl_options_set_f64.
SWL_API swl_status swl_options_set_str(struct swl_options *o, const char *key, const char *value);

// Gives an option its default again; key NULL: all of them.
// Errors: SWL_E_OPTION (unknown key), SWL_E_ARGUMENT, SWL_E_BUSY.
SWL_API swl_status swl_options_reset(struct swl_options *o, const char *key);

// The value of a real or integer option; NaN if it is unset.
// Errors: SWL_E_OPTION (unknown key, not a number), SWL_E_ARGUMENT, SWL_E_BUSY.
SWL_API swl_status swl_options_get_f64(const struct swl_options *o, const char *key, double *out);

// The value of an integer option or of a flag. Errors as swl_options_get_f64.
SWL_API swl_status swl_options_get_i64(const struct swl_options *o, const char *key, int64_t *out);

// The value of any option as text, "unset" where it is. need (or NULL) gets the length with the NUL. buf NULL: only
// need is written. Errors: SWL_E_ARGUMENT (a buffer that is too short: nothing is written), SWL_E_OPTION, SWL_E_BUSY.
SWL_API
swl_status swl_options_get_str(const struct swl_options *o,
                               const char *key,
                               char *buf,
                               size_t cap,
                               size_t *need);

// How many options there are; 0 on failure, with a message.
SWL_API size_t swl_options_count(const struct swl_options *o);

// Tells of the i-th option, 0 <= i < swl_options_count. The caller sets inout->struct_size; texts are static.
// Errors: SWL_E_ARGUMENT, SWL_E_BUSY.
SWL_API swl_status swl_options_describe(const struct swl_options *o, size_t i, struct swl_option_desc *inout);

// Makes a token that is not tripped. The caller frees it.
// Any thread. Errors: SWL_E_ARGUMENT (null).
SWL_API swl_status swl_cancel_new(struct swl_cancel **out);

// Stops every call that holds the token. NULL is fine. One atomic store: any thread, signal handlers included.
// The token stays tripped until swl_cancel_reset.
SWL_API void swl_cancel_trip(struct swl_cancel *c);

// 1 if the token was tripped, else 0 (also for NULL). Any thread, signal handlers included.
SWL_API int32_t swl_cancel_is_tripped(const struct swl_cancel *c);

// Makes the token ready for another call. NULL is fine. Any thread, signal handlers included.
SWL_API void swl_cancel_reset(struct swl_cancel *c);

// Ends the token; NULL is fine. No call may hold it any more.
SWL_API void swl_cancel_free(struct swl_cancel *c);

// Makes a problem from the caller's smooth function; the penalty, its strength, factors, bounds and groups are as for
// swl_bcd_new. There are no rows: targets, weights and offsets have length 0, and the options loss, intercept and
// standardize mean nothing (the latter two are refused). The certificate is the norm of the gradient. options (NULL:
// defaults) and control (or NULL) are checked and not needed yet. The caller frees the handle.
//
// Errors: SWL_E_ARGUMENT (null, sizes, a callback that is missing), SWL_E_DATA (lipschitz not above 0 and finite),
// SWL_E_UNSUPPORTED (flags), SWL_E_OPTION, SWL_E_BUSY. On failure *out is not written and release is not called.
SWL_API
swl_status swl_bcd_new_user(const struct swl_function *f,
                            const struct swl_options *options,
                            const struct swl_control *control,
                            struct swl_bcd **out);

// Makes a problem from a matrix (rows are observations) and a target for each row.
//
// y may be NULL: swl_bcd_set_target before the first solve. Of the options (NULL: defaults) only duplicates,
// max_seconds and max_work are read; all others belong to swl_bcd_solve. The data are copied, unless keep is given:
// then the arrays of a are read in place until the handle is freed, which wants column-major or CSC data with sorted
// indices (see swl_keep). control may be NULL. The caller frees the handle.
//
// Errors: SWL_E_ARGUMENT (null, sizes), SWL_E_DATA (NaN, indices, repeats; with the position), SWL_E_MEMORY,
// SWL_E_STOPPED (by the control or max_seconds), SWL_E_UNSUPPORTED (unknown tags; layouts that keep cannot serve),
// SWL_E_OPTION, SWL_E_BUSY. On failure *out is not written and release is not called.
SWL_API
swl_status swl_bcd_new(const struct swl_matrix *a,
                       const struct swl_vec *y,
                       const struct swl_options *options,
                       const struct swl_keep *keep,
                       const struct swl_control *control,
                       struct swl_bcd **out);

// Ends the problem; NULL is fine. Kept arrays are released on this thread. One in use is not freed, and leaves a
// message.
SWL_API void swl_bcd_free(struct swl_bcd *s);

// Another target on the same matrix, one number per row. It is copied.
//
// For this and the setters below: the data and the iterate stay; reading results is SWL_E_STATE until the next solve.
// Errors: SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_UNSUPPORTED, SWL_E_BUSY; nothing has changed then.
SWL_API swl_status swl_bcd_set_target(struct swl_bcd *s, const struct swl_vec *y);

// Targets of several tasks for the option loss=multi-squared: a dense array with a row for each row of the data and a
// column for each task. It is copied; a target of swl_bcd_set_target stays for the other losses. Else as
// swl_bcd_set_target.
SWL_API swl_status swl_bcd_set_targets(struct swl_bcd *s, const struct swl_dense *targets);

// Weights of the rows, finite and >= 0; NULL: all 1. A row of weight 0 counts as absent. Else as swl_bcd_set_target.
SWL_API swl_status swl_bcd_set_weights(struct swl_bcd *s, const struct swl_vec *weights);

// Numbers added to the linear predictor, one per row, or for losses of several outputs rows * k, row by row; NULL: all
// 0. Else as swl_bcd_set_target.
SWL_API swl_status swl_bcd_set_offset(struct swl_bcd *s, const struct swl_vec *offset);

// Factors on the penalty of each column, >= 0: 0 leaves it unpenalized, infinity fixes it at 0; NULL: all 1. Else as
// swl_bcd_set_target.
SWL_API swl_status swl_bcd_set_penalty_factors(struct swl_bcd *s, const struct swl_vec *factors);

// Bounds of each coefficient in the data's own scale, infinite where there is none, within those of the options lower
// and upper. Either may be NULL: no bounds on that side. Else as swl_bcd_set_target.
SWL_API swl_status swl_bcd_set_bounds(struct swl_bcd *s, const struct swl_vec *lower, const struct swl_vec *upper);

// A linear term c'x of the objective: one finite number for each column, in the data's own scale; NULL: none.
// Neither lambda nor scale touches it. For losses of one output but hinge: swl_bcd_solve refuses it beside others
// (SWL_E_UNSUPPORTED). Where it leaves no minimum the outcome is SWL_UNBOUNDED if a column of zeros shows it, or an
// iterate that moves no prediction by more than rounding; else one of a limit. Else as swl_bcd_set_target.
SWL_API swl_status swl_bcd_set_linear(struct swl_bcd *s, const struct swl_vec *c);

// Groups for penalties group and sparse-group: the group of each column, counted from 0, and a weight >= 0 for each
// group (NULL: all 1). group_of_column NULL with len 0: back to the option group_size. Else as swl_bcd_set_target.
SWL_API
swl_status swl_bcd_set_groups(struct swl_bcd *s,
                              const int32_t *group_of_column,
                              int64_t len,
                              const struct swl_vec *group_weights);

// An estimate of the bytes that swl_bcd_new (without keep) and swl_bcd_solve take at their peak: on the high side for
// rule auto, without the blocks of groups and of rule gsq otherwise. Only the shape, the entries and the tags of a are
// read: its arrays may be NULL. Losses of several outputs: the option classes says how many there are (multi-squared
// too). options NULL: defaults. Any thread. Errors: SWL_E_ARGUMENT, SWL_E_OPTION, SWL_E_UNSUPPORTED, SWL_E_BUSY.
SWL_API
swl_status swl_bcd_memory_estimate(const struct swl_matrix *a,
                                   const struct swl_options *options,
                                   uint64_t *bytes);

// Where the next solve starts; without this it starts at the last iterate. coef NULL: from zero. intercept has one
// number; NULL: 0. For k outputs coef has cols * k numbers, feature by feature, and intercept k. Both NULL: afresh, as
// the first solve. Both are copied; results are stale as after a setter.
// Errors: SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_UNSUPPORTED, SWL_E_BUSY.
SWL_API swl_status swl_bcd_warm_start(struct swl_bcd *s, const struct swl_vec *coef, const struct swl_vec *intercept);

// Solves the problem from the last iterate, or from where swl_bcd_warm_start says. options NULL: the defaults (those
// given to swl_bcd_new have no part in it; duplicates is not read here). control NULL: runs quietly to the end.
//
// Not converging is an outcome, not an error: look at inout->outcome. A limit, a token or a callback that stops the
// solve leaves an iterate that is valid and a certificate for it (SWL_CERT_NONE where it was stopped before lambda was
// known). The caller sets inout->struct_size; the rest is written if the status is SWL_OK. inout NULL: not wanted, the
// getters tell. Callbacks run on this thread; they may use other handles, and get SWL_E_BUSY from this one.
//
// Errors: SWL_E_STATE (no target), SWL_E_OPTION (options that contradict one another), SWL_E_DATA (a target that the
// loss does not take), SWL_E_ARGUMENT, SWL_E_BUSY, SWL_E_UNSUPPORTED, SWL_E_CALLBACK (a callback of a swl_operator or
// swl_function failed; inout->callback_code has its number). The last solution is still there then.
SWL_API
swl_status swl_bcd_solve(struct swl_bcd *s,
                         const struct swl_options *options,
                         const struct swl_control *control,
                         struct swl_bcd_info *inout);

// The smallest lambda with an all-zero solution, for the loss, the penalty and what else the options say (NULL: the
// defaults). Infinity for ridge. Fits the null model: a few passes over the data. Works before a solve too. Any number
// of threads at once, unless one of them changes the handle.
// Errors: as swl_bcd_solve, and SWL_E_STOPPED.
SWL_API
swl_status swl_bcd_lambda_max(const struct swl_bcd *s,
                              const struct swl_options *options,
                              const struct swl_control *control,
                              double *out);

// Solves the problem for falling strengths, each carried on from the one before: setup, Gram blocks and the last
// iterate last for the whole path. grid NULL: 100 strengths from lambda_max down to that of the options. The first
// point starts where swl_bcd_solve would start.
//
// count gets the number of points; fewer than the grid says where the path ended early (swl_bcd_path_end says why).
// The options' max_seconds and max_work are limits of the whole path. A path that is stopped keeps the points it has;
// those whose certificate would have taken long have outcome uncertified instead of converged, objective NaN and an
// infinite certificate: swl_bcd_path_select and swl_bcd_certificate give it. Afterwards the last point is the last
// solution, and swl_bcd_path_select makes another point that; a path that was stopped before its first point leaves
// the last solution as it was. The path is kept until the next path or setter. Errors: as swl_bcd_solve, and
// SWL_E_ARGUMENT (the grid), SWL_E_OPTION (a strength above lambda_max, or an infinite lambda_max, where the grid is
// to be chosen), SWL_E_UNSUPPORTED (an adaptive grid without a duality gap).
SWL_API
swl_status swl_bcd_path(struct swl_bcd *s,
                        const struct swl_options *options,
                        const struct swl_path_grid *grid,
                        const struct swl_control *control,
                        int64_t *count);

// Why the last path ended: SWL_PATH_COMPLETE, _EXPLAINED, _NONZEROS, _POINTS or _STOPPED.
// Errors: SWL_E_STATE (no path, or a setter since), SWL_E_ARGUMENT, SWL_E_BUSY.
SWL_API swl_status swl_bcd_path_end(const struct swl_bcd *s, int32_t *out);

// How point k of the last path went; k counts from 0, from the largest strength. work and seconds are of that point,
// the setup counts at the first. The caller sets inout->struct_size. Errors: SWL_E_STATE (no path, or a setter since),
// SWL_E_ARGUMENT (no such point), SWL_E_BUSY.
SWL_API swl_status swl_bcd_path_info(const struct swl_bcd *s, int64_t k, struct swl_bcd_info *inout);

// The coefficients of point k of the last path: len numbers as swl_bcd_coef has them.
// Errors: as swl_bcd_path_info.
SWL_API swl_status swl_bcd_path_coef(const struct swl_bcd *s, int64_t k, double *out, int64_t len);

// The intercept of point k of the last path, one number or one per output; 0 where none is fitted.
// Errors: as swl_bcd_path_info.
SWL_API swl_status swl_bcd_path_intercept(const struct swl_bcd *s, int64_t k, double *out, int64_t len);

// For an adaptive path: out[k] is a bound, for every strength between point k and point k + 1, of the objective at the
// coefficients of point k above its minimum. len is the number of points minus 1 (0 for other paths).
// Errors: as swl_bcd_path_info.
SWL_API swl_status swl_bcd_path_between(const struct swl_bcd *s, double *out, int64_t len);

// Makes point k of the last path the last solution: all getters, swl_bcd_predict and the next start are then of it.
// Errors: as swl_bcd_path_info.
SWL_API swl_status swl_bcd_path_select(struct swl_bcd *s, int64_t k);

// Cross-validates the strengths of a path (grid as in swl_bcd_path). Rows are left out by weight 0: nothing is copied.
//
// fold_of_row NULL: folds folds of nearly equal size, dealt by the option seed, classes evenly. Else the fold of each
// of the len rows, counted from 0, and folds is 0 or their number. Folds run in parallel with the option threads;
// their number does not change a bit. A fold is fitted at lambda times its share of the weights, so that losses and
// penalty keep their proportion. Afterwards the path on all rows is the last path, its point best the last solution,
// and swl_bcd_cv_curve has the losses. The caller sets inout->struct_size; NULL: not wanted. Errors: as swl_bcd_path;
// SWL_E_ARGUMENT (folds), SWL_E_UNSUPPORTED (several outputs, a function), SWL_E_STOPPED.
SWL_API
swl_status swl_bcd_cross_validate(struct swl_bcd *s,
                                  const struct swl_options *options,
                                  const struct swl_path_grid *grid,
                                  int64_t folds,
                                  const int32_t *fold_of_row,
                                  int64_t len,
                                  const struct swl_control *control,
                                  struct swl_cv_info *inout);

// The curve of the last cross-validation: lambda, mean loss on rows left out and its standard error at each strength.
// Each of the three has len numbers, or is NULL where it is not wanted. Errors: SWL_E_STATE (none, or a setter or path
// since), SWL_E_ARGUMENT (another length), SWL_E_BUSY.
SWL_API
swl_status swl_bcd_cv_curve(const struct swl_bcd *s,
                            double *lambda,
                            double *mean,
                            double *standard_error,
                            int64_t len);

// Solves the problem once for each column of targets, of weights, or of both, on the one matrix and without a copy of
// it; a NULL one is that of the handle. Both are dense with one row per row of the data. The solves run in parallel
// with the option threads; their number does not change a bit.
//
// With k columns and n columns of the data, coef gets k * n numbers, solve after solve, and intercept (NULL: not
// wanted) k. infos is NULL, or an array of k structs whose first one states the stride. The handle and its last
// solution stay as they are. Losses of one output. What was stopped has its outcome in its info; max_seconds and
// max_work are limits of the whole call, the latter looked at anew for each 128 solves.
//
// Errors: as swl_bcd_solve, and SWL_E_UNSUPPORTED (several outputs); nothing is written then.
SWL_API
swl_status swl_bcd_batch(const struct swl_bcd *s,
                         const struct swl_options *options,
                         const struct swl_dense *targets,
                         const struct swl_dense *weights,
                         const struct swl_control *control,
                         double *coef,
                         int64_t coef_len,
                         double *intercept,
                         int64_t intercept_len,
                         struct swl_bcd_info *infos);

// What is known of the last solution beyond its value, computed from the data by code that knows nothing of the loop:
// see swl_identification. Costs two passes over the data and the eigenvalues of the columns that are not known to be
// 0. The caller sets inout->struct_size. max_seconds and max_work of the last solve's options hold for this call anew.
//
// safe_zeros (NULL: not wanted) gets one number per column: 1 if its coefficient is 0 in every solution, else 0.
// Errors: as swl_bcd_coef, SWL_E_UNSUPPORTED (several outputs, a function), SWL_E_STOPPED, SWL_E_CALLBACK.
SWL_API
swl_status swl_bcd_identify(const struct swl_bcd *s,
                            uint8_t *safe_zeros,
                            int64_t len,
                            const struct swl_control *control,
                            struct swl_identification *inout);

// How the last solution changes, to first order, when lambda changes by lambda and the weights, offsets and targets of
// the rows by the given numbers (NULL: not at all). coef gets one number per column; intercept (NULL: not wanted) one.
// It holds on the identified manifold: the coefficients that are 0 or at a bound stay there (see the margin of
// swl_identification). Costs a Hessian of the free columns and its factorization. max_seconds and max_work of the last
// solve's options hold for this call anew. Errors: as swl_bcd_coef; SWL_E_DATA (numbers that are not finite; a
// derivative that overflows; a singular Hessian, where there is none), SWL_E_UNSUPPORTED (several outputs, a function,
// targets that are labels, weights where columns are standardized), SWL_E_STOPPED, SWL_E_CALLBACK.
SWL_API
swl_status swl_bcd_derivative_forward(const struct swl_bcd *s,
                                      double lambda,
                                      const struct swl_vec *weights,
                                      const struct swl_vec *offset,
                                      const struct swl_vec *target,
                                      const struct swl_control *control,
                                      double *coef,
                                      int64_t len,
                                      double *intercept);

// The gradient of a function of the last solution, given its gradient coef (one number per column) and intercept with
// respect to coefficients and intercept: with respect to lambda (one number), and to the weight, the offset and the
// target of each row (rows numbers each). NULL: not wanted. NaN: not defined (targets that are labels; weights where
// columns are standardized). Errors: as swl_bcd_derivative_forward.
SWL_API
swl_status swl_bcd_derivative_backward(const struct swl_bcd *s,
                                       const struct swl_vec *coef,
                                       double intercept,
                                       const struct swl_control *control,
                                       double *lambda,
                                       double *weights,
                                       double *offset,
                                       double *target,
                                       int64_t len);

// Coefficients in the data's own scale: one per column. For k outputs (softmax, multi-squared) cols * k, feature by
// feature.
//
// For this and the functions below: len is the exact length, out is written only on success. Any number of threads at
// once, unless one of them changes the handle.
// Errors: SWL_E_STATE (no solve, or a setter since), SWL_E_ARGUMENT (another length), SWL_E_BUSY.
SWL_API swl_status swl_bcd_coef(const struct swl_bcd *s, double *out, int64_t len);

// How many outputs the last solution has: the classes of softmax, the tasks of multi-squared, else 1.
// Errors: as swl_bcd_coef.
SWL_API swl_status swl_bcd_outputs(const struct swl_bcd *s, int64_t *out);

// The intercept, one number, or k for k outputs; 0 where none is fitted. As swl_bcd_coef.
SWL_API swl_status swl_bcd_intercept(const struct swl_bcd *s, double *out, int64_t len);

// The dual point of the certificate: one number per row (k outputs: rows * k, row by row). As swl_bcd_coef;
// SWL_E_STATE also where the certificate is not a duality gap, because then there is none.
SWL_API swl_status swl_bcd_dual(const struct swl_bcd *s, double *out, int64_t len);

// A direction in which the loss falls for ever, where the outcome is SWL_INFIMUM_NOT_ATTAINED: one number per column
// and, last, one for the intercept. For logistic labels it separates them: y (a'd + d_0) > 0 for every row with
// weight. As swl_bcd_coef; SWL_E_STATE also with any other outcome.
SWL_API swl_status swl_bcd_direction(const struct swl_bcd *s, double *out, int64_t len);

// The linear predictor at the data, offset included: one number per row (k outputs: rows * k, row by row). Costs a
// pass over the data. As swl_bcd_coef.
SWL_API swl_status swl_bcd_fitted(const struct swl_bcd *s, double *out, int64_t len);

// Target minus mean: one number per row (logistic: labels -1 and 1 count as 0 and 1). k outputs: rows * k, row by row;
// for softmax the target is 1 for the class of the row and 0 for the others. Costs a pass over the data. As
// swl_bcd_coef.
SWL_API swl_status swl_bcd_residuals(const struct swl_bcd *s, double *out, int64_t len);

// The trace of the last solve, if its option trace was on. count gets the number of rows that there are; at most cap
// of them are written. cap 0: only count. The caller sets rows[0].struct_size, which is the stride of the array.
// Errors: as swl_bcd_coef.
SWL_API swl_status swl_bcd_trace(const struct swl_bcd *s, struct swl_trace_row *rows, int64_t cap, int64_t *count);

// The certificate of the last solution, computed anew from the data, the coefficients, the intercept and the dual
// point by code that knows nothing of the loop. Costs two passes over the data. The caller sets inout->struct_size.
// Errors: as swl_bcd_coef.
SWL_API swl_status swl_bcd_certificate(const struct swl_bcd *s, struct swl_certificate *inout);

// The linear predictor on new rows: a of any layout and width, with as many columns as the problem; offset may be
// NULL. len is the number of rows of a, times k for k outputs (row by row). A few passes over a, so no control.
// Nothing is kept.
//
// Any number of threads at once, unless one of them changes the handle.
// Errors: SWL_E_STATE (no solve, or a setter since), SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_MEMORY, SWL_E_UNSUPPORTED,
// SWL_E_BUSY.
SWL_API
swl_status swl_bcd_predict(const struct swl_bcd *s,
                           const struct swl_matrix *a,
                           const struct swl_vec *offset,
                           double *out,
                           int64_t len);

// The mean of the target on new rows: a probability of label 1 for logistic, of each class for softmax, a rate
// for poisson. As swl_bcd_predict.
SWL_API
swl_status swl_bcd_predict_mean(const struct swl_bcd *s,
                                const struct swl_matrix *a,
                                const struct swl_vec *offset,
                                double *out,
                                int64_t len);

// The mean loss on new rows with targets y (multi-squared: rows * k numbers, row by row); weights (NULL: all 1) and
// offset may be NULL. NaN where there are no rows or all weights are 0. As swl_bcd_predict.
SWL_API
swl_status swl_bcd_score(const struct swl_bcd *s,
                         const struct swl_matrix *a,
                         const struct swl_vec *y,
                         const struct swl_vec *weights,
                         const struct swl_vec *offset,
                         double *out);

// Makes the problem min 1/2 x'(A + ridge I)x - b'x for each column of b. a is sparse, symmetric and positive definite,
// with both triangles stored; the layout does not matter. b has a row for each row of a. Of the options (of solver
// "graph"; NULL: defaults) duplicates, ridge, max_seconds and max_work are read. The data are copied. control may be
// NULL. The caller frees the handle.
//
// Errors: SWL_E_ARGUMENT (null, sizes), SWL_E_DATA (NaN, indices, repeats, not symmetric, a diagonal that is not
// positive; with the position), SWL_E_MEMORY, SWL_E_STOPPED, SWL_E_UNSUPPORTED (not sparse, unknown tags, more than
// 2^32 nodes), SWL_E_OPTION, SWL_E_BUSY. On failure *out is not written.
SWL_API
swl_status swl_graph_new_quadratic(const struct swl_matrix *a,
                                   const struct swl_dense *b,
                                   const struct swl_options *options,
                                   const struct swl_control *control,
                                   struct swl_graph **out);

// Makes a problem of label propagation: min sum over edges 1/2 w_ij (x_i - x_j)^2 + ridge/2 |x|^2 over the nodes
// without a label, for each column of labels. weights is sparse and symmetric with both triangles stored, no entry
// negative; its diagonal has no effect. labelled has count nodes, each once; labels has a row for each of them. Of the
// options unreached is read too. Else as swl_graph_new_quadratic; SWL_E_DATA also for a component without a label
// where ridge is 0 and the option unreached is error.
SWL_API
swl_status swl_graph_new(const struct swl_matrix *weights,
                         const int64_t *labelled,
                         int64_t count,
                         const struct swl_dense *labels,
                         const struct swl_options *options,
                         const struct swl_control *control,
                         struct swl_graph **out);

// As swl_graph_new, from a list of edges: each of the edges pairs (from[e], to[e]) of nodes in 0..nodes is
// given once, in either order. weight has a number for each edge; NULL: all 1. Loops have no effect.
SWL_API
swl_status swl_graph_new_edges(int64_t nodes,
                               int64_t edges,
                               const int64_t *from,
                               const int64_t *to,
                               const struct swl_vec *weight,
                               const int64_t *labelled,
                               int64_t count,
                               const struct swl_dense *labels,
                               const struct swl_options *options,
                               const struct swl_control *control,
                               struct swl_graph **out);

// Ends the problem; NULL is fine. One in use is not freed, and leaves a message.
SWL_API void swl_graph_free(struct swl_graph *g);

// Blocks for the option rule=partition: block_of has the number of each node's block, below nodes (len, labelled nodes
// included). Blocks are solved in the order of their numbers; those with a cycle must be small. Copied.
// Errors: SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_BUSY.
SWL_API swl_status swl_graph_set_partition(struct swl_graph *g, const int64_t *block_of, int64_t len);

// Where the next solve starts: nodes * columns values, column by column (those of labelled nodes are not read).
// Without this it starts at the last iterate. NULL: at 0. Copied.
// Errors: SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_UNSUPPORTED, SWL_E_BUSY.
SWL_API swl_status swl_graph_warm_start(struct swl_graph *g, const struct swl_vec *values);

// Solves the problem from the last iterate, or from where swl_graph_warm_start says. options (of solver "graph") NULL:
// the defaults; duplicates, ridge and unreached are not read here. control NULL: runs quietly to the end.
//
// Not converging is an outcome, not an error: look at inout->outcome; the iterate is valid in any case. The caller
// sets inout->struct_size; the rest is written if the status is SWL_OK. inout NULL: not wanted.
//
// A matrix with a direction of negative curvature has no minimum: outcome SWL_UNBOUNDED. A column of the start at
// which the relative residual overflows is passed over for 0.
//
// Errors: SWL_E_DATA (the matrix is singular; with the node whose pivot shows it), SWL_E_STATE
// (rule=partition without blocks), SWL_E_UNSUPPORTED (a large block with a cycle), SWL_E_OPTION, SWL_E_ARGUMENT,
// SWL_E_BUSY. The last solution is still there then.
SWL_API
swl_status swl_graph_solve(struct swl_graph *g,
                           const struct swl_options *options,
                           const struct swl_control *control,
                           struct swl_graph_info *inout);

// The values of the last solution: nodes * columns numbers, column by column, labels included. len is the exact
// length; out is written only on success. Any number of threads at once, unless one of them changes the handle.
// Errors: SWL_E_STATE (no solve yet), SWL_E_ARGUMENT (another length), SWL_E_BUSY.
SWL_API swl_status swl_graph_values(const struct swl_graph *g, double *out, int64_t len);

// Makes a completion of a matrix from the entries that were observed: triplets, sparse (stored entries, zeros
// included) or dense (every entry; with the option missing=nan those that are not NaN). weights has a number >= 0 for
// each entry, in the order in which they are stored (NULL: all 1); 0 counts as not observed. Of the options (of solver
// "altmin"; NULL: defaults) duplicates, missing, precision, feedback, confidence, threads, max_seconds and max_work
// are read. The entries are copied, in any order. control may be NULL. The caller frees the handle.
//
// Errors: SWL_E_ARGUMENT (null, sizes), SWL_E_DATA (NaN, places outside, repeats, nothing observed; with the entry),
// SWL_E_MEMORY, SWL_E_STOPPED, SWL_E_UNSUPPORTED (unknown tags), SWL_E_OPTION, SWL_E_BUSY. On failure *out is not
// written.
SWL_API
swl_status swl_altmin_new(const struct swl_matrix *entries,
                          const struct swl_vec *weights,
                          const struct swl_options *options,
                          const struct swl_control *control,
                          struct swl_altmin **out);

// Ends the completion; NULL is fine. One in use is not freed, and leaves a message.
SWL_API void swl_altmin_free(struct swl_altmin *s);

// Where the next solve starts: factors u (rows x k) and v (cols x k), of the rank that the next solve has. Without
// this a solve starts at the last model. Both NULL: afresh. Copied. Errors: SWL_E_ARGUMENT, SWL_E_DATA,
// SWL_E_UNSUPPORTED, SWL_E_BUSY.
SWL_API swl_status swl_altmin_warm_start(struct swl_altmin *s, const struct swl_dense *u, const struct swl_dense *v);

// Prior means of the factor of a side, in the units of the factors: rows x k (SWL_ROWS) or cols x k numbers, k the
// rank of the solves that follow. The ridge then draws factors to them instead of 0, ridge d^p |u - mean|^2; it must
// be above 0. A line without entries gets its mean. NULL: none any more. Copied. The last path is gone. Errors:
// SWL_E_ARGUMENT, SWL_E_DATA (not finite), SWL_E_MEMORY, SWL_E_UNSUPPORTED, SWL_E_BUSY; the old ones stay then.
SWL_API swl_status swl_altmin_set_prior(struct swl_altmin *s, int32_t side, const struct swl_dense *means);

// Completes the matrix, from the last model where it has the rank of the options, or from where swl_altmin_warm_start
// says; from a start there is no search, but plain sweeps. options (of solver "altmin") NULL: the defaults;
// duplicates, missing and precision are not read here; feedback and confidence must be those of swl_altmin_new.
// control NULL: runs quietly to the end.
//
// Not converging is an outcome, not an error: look at inout->outcome; the model is that of the last whole sweep. The
// caller sets inout->struct_size; the rest is written if the status is SWL_OK. inout NULL: not wanted.
//
// The entries are those of swl_altmin_new, and what swl_altmin_observe and swl_altmin_append have made of them.
//
// Errors: SWL_E_STATE (a model that was loaded without its entries), SWL_E_OPTION (options that contradict one
// another, prior means without a ridge), SWL_E_ARGUMENT (a start or prior means of another rank), SWL_E_DATA (too few
// entries to hold some out), SWL_E_MEMORY, SWL_E_BUSY. The last model is still there then.
SWL_API
swl_status swl_altmin_solve(struct swl_altmin *s,
                            const struct swl_options *options,
                            const struct swl_control *control,
                            struct swl_altmin_info *inout);

// Completes the matrix for ridges, each below the one before, or for n_ranks ranks, each above the one before; the
// other of the two is NULL. They take the place of the option. The first point starts where swl_altmin_solve would,
// each later one at the point before it. With the option held_out each point has the error of the same entries that
// none has seen.
//
// count gets the number of points, fewer where the path was stopped; best that of the point of least error on the
// entries held out, -1 where none are (each may be NULL). max_seconds and max_work are limits of the whole path.
// Afterwards that point, or else the last one, is the last model, and swl_altmin_path_select makes another that. The
// path is kept, with a model for each point, until the next solve, path or change of the entries. control may be NULL.
// Errors: as swl_altmin_solve, and SWL_E_ARGUMENT (ridges or ranks).
SWL_API
swl_status swl_altmin_path(struct swl_altmin *s,
                           const struct swl_options *options,
                           const struct swl_vec *ridges,
                           const int64_t *ranks,
                           int64_t n_ranks,
                           const struct swl_control *control,
                           int64_t *count,
                           int64_t *best);

// How point k of the last path went; k counts from 0. work and seconds are of that point. The caller sets
// inout->struct_size. Errors: SWL_E_ARGUMENT (no such point), SWL_E_BUSY.
SWL_API swl_status swl_altmin_path_info(const struct swl_altmin *s, int64_t k, struct swl_altmin_info *inout);

// Makes point k of the last path the last model: all getters and the next start are then of it. Errors: as
// swl_altmin_path_info.
SWL_API swl_status swl_altmin_path_select(struct swl_altmin *s, int64_t k);

// A factor of the last model, row after row: rows * k numbers for SWL_ROWS (U), cols * k for SWL_COLS (V). len is the
// exact length; out is written only on success. Any number of threads at once, unless one of them changes the handle.
// Errors: SWL_E_STATE (no solve yet), SWL_E_ARGUMENT (another length), SWL_E_BUSY.
SWL_API swl_status swl_altmin_factor(const struct swl_altmin *s, int32_t side, double *out, int64_t len);

// Rows and columns (with those that were appended) and the rank of the last model, 0 before the first. Each may be
// NULL where it is not wanted. Else as swl_altmin_factor.
SWL_API swl_status swl_altmin_size(const struct swl_altmin *s, int64_t *rows, int64_t *cols, int64_t *rank);

// The biases of a side of the last model: one per row or column. Else as swl_altmin_factor; SWL_E_STATE also without
// the option biases.
SWL_API swl_status swl_altmin_bias(const struct swl_altmin *s, int32_t side, double *out, int64_t len);

// The singular values of U V', descending: k numbers. Costs (rows + cols) k^2 flops. Else as swl_altmin_factor.
SWL_API swl_status swl_altmin_spectrum(const struct swl_altmin *s, double *out, int64_t len);

// The sweeps of the last solve with the option trace: at most cap of them, oldest first; *count is how many there are.
// The caller sets rows[0].struct_size. Else as swl_altmin_factor.
SWL_API
swl_status swl_altmin_trace(const struct swl_altmin *s,
                            struct swl_altmin_sweep *rows,
                            int64_t cap,
                            int64_t *count);

// The certificate of the last model, computed anew from the entries and the model alone, in double precision. control
// may be NULL. The caller sets inout->struct_size. Errors: as swl_altmin_factor, and SWL_E_STOPPED.
SWL_API
swl_status swl_altmin_certificate(const struct swl_altmin *s,
                                  const struct swl_control *control,
                                  struct swl_altmin_cert *inout);

// The model at places, whose values are not read (they may be NULL): one number for each, in their order. A
// row or column without entries has factors 0, so there is the mean and what bias is known. Nothing is kept.
//
// Any number of threads at once, unless one of them changes the handle.
// Errors: SWL_E_STATE (no solve yet), SWL_E_ARGUMENT, SWL_E_DATA (a place outside the matrix), SWL_E_MEMORY,
// SWL_E_UNSUPPORTED, SWL_E_BUSY.
SWL_API
swl_status swl_altmin_predict(const struct swl_altmin *s,
                              const struct swl_matrix *places,
                              double *out,
                              int64_t len);

// For each of places: 1 if the places of the entries do not rule out that it is determined at the rank of the model
// (both lines have enough entries among lines that have, in one component), 0 if they do. A necessary condition. len
// is the number of places. As swl_altmin_predict.
SWL_API
swl_status swl_altmin_determined(const struct swl_altmin *s,
                                 const struct swl_matrix *places,
                                 int32_t *out,
                                 int64_t len);

// The weighted root mean square error of the model on other entries. weights as in swl_altmin_new. *unseen: how many
// of them are in a row or column without fitted entries; NULL: not wanted (a model that was loaded without its entries
// cannot say). NaN for no entries. As swl_altmin_predict.
SWL_API
swl_status swl_altmin_score(const struct swl_altmin *s,
                            const struct swl_matrix *test,
                            const struct swl_vec *weights,
                            double *rmse,
                            int64_t *unseen);

// The n columns of largest prediction for row which (SWL_ROWS), or the rows for column which (SWL_COLS), largest
// first, without the n_except in except: their numbers in ids and predictions in scores, n of each. *count: how many
// there are, at most n. Nothing is written beyond that. As swl_altmin_predict.
SWL_API
swl_status swl_altmin_top(const struct swl_altmin *s,
                          int32_t side,
                          int64_t which,
                          const int64_t *except,
                          int64_t n_except,
                          int64_t n,
                          int64_t *ids,
                          double *scores,
                          int64_t *count);

// Factors of new rows (SWL_ROWS) or columns from their entries, with the other factor of the last model fixed: a
// half-step to rounding, with the ridge of the last solve. entries has as many rows as there are new ones and the
// columns of the model (for new columns the other way around). out: k numbers for each new line; bias: one for each,
// for a model with biases, else NULL. Nothing is kept. As swl_altmin_predict; SWL_E_STOPPED.
SWL_API
swl_status swl_altmin_fold_in(const struct swl_altmin *s,
                              int32_t side,
                              const struct swl_matrix *entries,
                              const struct swl_vec *weights,
                              const struct swl_control *control,
                              double *out,
                              int64_t len,
                              double *bias,
                              int64_t bias_len);

// As swl_altmin_fold_in, with prior means of the new lines that the ridge draws them to: k numbers for each; a line
// without entries gets its mean. NULL: none.
SWL_API
swl_status swl_altmin_fold_in_prior(const struct swl_altmin *s,
                                    int32_t side,
                                    const struct swl_matrix *entries,
                                    const struct swl_vec *weights,
                                    const struct swl_dense *means,
                                    const struct swl_control *control,
                                    double *out,
                                    int64_t len,
                                    double *bias,
                                    int64_t bias_len);

// What the loss of the last model makes of entries, for each the share of its weight that counts: 1 for all with
// loss=squared, near 0 for outliers. entries with their values, those that were fitted or others. As
// swl_altmin_predict.
SWL_API
swl_status swl_altmin_entry_weights(const struct swl_altmin *s,
                                    const struct swl_matrix *entries,
                                    double *out,
                                    int64_t len);

// An estimate of the standard deviation of the noise of the entries, in their units: what the last model leaves of
// them beyond its degrees of freedom; NaN where there are not more entries than those. A ridge makes it too large
// where there are few entries. For explicit values. Any number of threads at once, unless one of them changes the
// handle. Errors: SWL_E_STATE (no solve yet; a model that was loaded without its entries), SWL_E_UNSUPPORTED (implicit
// feedback), SWL_E_ARGUMENT, SWL_E_MEMORY, SWL_E_STOPPED, SWL_E_BUSY.
SWL_API swl_status swl_altmin_noise(const struct swl_altmin *s, const struct swl_control *control, double *out);

// The standard deviation of each prediction at places (whose values are not read) for noise of standard deviation
// noise in each entry of weight 1 (of weight w: noise / sqrt(w)); NaN: as swl_altmin_noise estimates it. To first
// order, from the Gram matrices of the place's row and column; infinite where the entries do not determine it. For
// explicit values. Costs d k^2 + k^3 / 3 flops for each row and each column that has a place. len is the number of
// places. Errors: as swl_altmin_noise, and SWL_E_DATA (a place outside the matrix).
SWL_API
swl_status swl_altmin_error_bars(const struct swl_altmin *s,
                                 const struct swl_matrix *places,
                                 double noise,
                                 const struct swl_control *control,
                                 double *out,
                                 int64_t len);

// An estimate, from above, of the most bytes that swl_altmin_new and swl_altmin_solve take at a time for entries of
// this size (the arrays are not read and may be NULL), weighted (1) or not (0), with options (NULL: defaults); without
// what the caller holds. Errors: SWL_E_ARGUMENT, SWL_E_UNSUPPORTED (unknown tags), SWL_E_OPTION.
SWL_API
swl_status swl_altmin_memory_estimate(const struct swl_matrix *entries,
                                      int32_t weighted,
                                      const struct swl_options *options,
                                      uint64_t *bytes);

// Takes entries into the last model: those at new places come, those at known ones replace what is there (the last of
// several counts), and those of weight 0 go. Then the lines that they are in are fitted again with the other factor as
// it is, to rounding as a half-step would: the rows (SWL_UPDATE_ROWS), the columns (SWL_UPDATE_COLS), first the rows
// and then the columns (SWL_UPDATE_BOTH), or none (SWL_UPDATE_NONE: the entries are noted for the next solve). entries
// has the size of the matrix; weights as in swl_altmin_new. control may be NULL.
//
// The first change of a line costs d k^2 + k^3 / 3 flops (d: its entries), a later one about k^2, or k^3 / 3 where the
// ridge grows with d; the factorization is kept, k^2 numbers for each line that was touched. The next solve, the
// certificate, scores and error bars are of the entries as they then are; the last path is gone. Errors: SWL_E_STATE
// (no solve yet; a model that was loaded without its entries), SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_MEMORY,
// SWL_E_STOPPED, SWL_E_UNSUPPORTED (a model with a robust loss or prior means), SWL_E_BUSY. On failure nothing has
// changed, but that after SWL_E_MEMORY entries may be noted whose lines are not fitted again.
SWL_API
swl_status swl_altmin_observe(struct swl_altmin *s,
                              const struct swl_matrix *entries,
                              const struct swl_vec *weights,
                              int32_t update,
                              const struct swl_control *control);

// Takes new rows (SWL_ROWS) or columns into the last model, after those there are: their entries, and the factors and
// biases that swl_altmin_fold_in gives them; the other factor stays. entries and weights as there. swl_altmin_size
// then tells the new size; a start of swl_altmin_warm_start, which has the old one, is gone. Copies the factor. Errors
// and cost: as swl_altmin_fold_in, and SWL_E_BUSY; not for models with prior means. On failure nothing has changed.
SWL_API
swl_status swl_altmin_append(struct swl_altmin *s,
                             int32_t side,
                             const struct swl_matrix *entries,
                             const struct swl_vec *weights,
                             const struct swl_control *control);

// The last model as bytes, little-endian on every machine: once it is loaded it predicts and folds in to the same
// bits. entries 0: without the entries, so that it cannot be solved or asked about them; 1: with them. need: how many
// bytes (NULL: not wanted). buf NULL asks only; else cap is at least that. Any number of threads at once, unless one
// of them changes the handle. Errors: SWL_E_STATE (no solve yet; entries that are not there), SWL_E_UNSUPPORTED
// (entries of a model with prior means), SWL_E_ARGUMENT, SWL_E_MEMORY, SWL_E_BUSY.
SWL_API swl_status swl_altmin_save(const struct swl_altmin *s, int32_t entries, void *buf, size_t cap, size_t *need);

// A handle from the len bytes that swl_altmin_save gave; its last model is that one. Copied. The caller frees it.
// Errors: SWL_E_ARGUMENT, SWL_E_FORMAT (not a saved model, damaged, or from a later version), SWL_E_MEMORY. On failure
// *out is not written.
SWL_API swl_status swl_altmin_load(const void *buf, size_t len, struct swl_altmin **out);

// Makes a problem of rows with targets: coefficients are trained on the rows of a with targets y, and theta is to make
// the mean loss small on the rows of val_a with val_y. Or, with fold_of_row, val_a and val_y NULL: cross-validation,
// where row i is in fold fold_of_row[i], from 0. All arrays are copied. control may be NULL. The caller frees the handle.
//
// Errors: SWL_E_ARGUMENT (null, sizes, fields of the model that its problem does not have), SWL_E_DATA (NaN, labels or
// classes that the loss does not take, empty folds), SWL_E_UNSUPPORTED, SWL_E_MEMORY, SWL_E_STOPPED, SWL_E_BUSY. On
// failure *out is not written.
SWL_API
swl_status swl_bilevel_new(const struct swl_bilevel_model *model,
                           const struct swl_matrix *a,
                           const struct swl_vec *y,
                           const struct swl_matrix *val_a,
                           const struct swl_vec *val_y,
                           const int32_t *fold_of_row,
                           const struct swl_control *control,
                           struct swl_bilevel **out);

// Makes a problem of pictures: theta is to bring what is restored from the observed ones near to the truth, in half the
// mean square of the distances. To restore other pictures with the theta that was found, make a problem of them with
// themselves as truth and solve it from that theta with max_iterations 0: swl_bilevel_lower then has them. All arrays
// are copied. The caller frees the handle.
//
// Errors: SWL_E_ARGUMENT (null, sizes, fields of the model that its problem does not have), SWL_E_DATA (NaN),
// SWL_E_UNSUPPORTED, SWL_E_MEMORY. On failure *out is not written.
SWL_API
swl_status swl_bilevel_new_images(const struct swl_images_model *model,
                                  const struct swl_images *observed,
                                  const struct swl_images *truth,
                                  struct swl_bilevel **out);

// Makes a problem of the caller's own functions. theta has no bounds unless swl_bilevel_set_bounds gives some. The
// caller frees the handle; swl_bilevel_check compares its derivatives with differences.
//
// Errors: SWL_E_ARGUMENT (null, sizes, a function that is missing), SWL_E_UNSUPPORTED (flags), SWL_E_MEMORY. On failure
// *out is not written and release is not called.
SWL_API swl_status swl_bilevel_new_user(const struct swl_bilevel_problem *problem, struct swl_bilevel **out);

// Ends a problem. NULL does nothing; a handle in use is left as it is (see swl_last_message).
SWL_API void swl_bilevel_free(struct swl_bilevel *s);

// The numbers of theta, and of lower problems; either pointer may be NULL. Errors: SWL_E_ARGUMENT, SWL_E_BUSY. On
// failure nothing is written.
SWL_API swl_status swl_bilevel_size(const struct swl_bilevel *s, int64_t *parameters, int64_t *samples);

// The number of variables of a lower problem, from 0. Errors: SWL_E_ARGUMENT, SWL_E_BUSY.
SWL_API swl_status swl_bilevel_variables(const struct swl_bilevel *s, int64_t sample, int64_t *out);

// Bounds on theta, len numbers each (-INFINITY and INFINITY: none; equal ones fix a number), in place of those that the
// problem has: -30 and 30 for logarithms. Both NULL with 0: those again. The last solution stays. Errors: SWL_E_ARGUMENT
// (a lower bound above the upper one, or NaN), SWL_E_MEMORY, SWL_E_BUSY.
SWL_API
swl_status swl_bilevel_set_bounds(struct swl_bilevel *s,
                                  const double *lower,
                                  const double *upper,
                                  int64_t len);

// Minimizes the upper function from theta (len numbers; NULL with 0: from where the last solve ended, or else from
// zeros), or goes on from the checkpoint of swl_bilevel_resume, whose theta counts then. Not converging is an outcome:
// the answer is the last point that was accepted. With max_iterations 0 that is the start itself, with its lower
// solutions, adjoints and hypergradient. Costs: see the counts of the info. options (NULL: defaults), control (or
// NULL), inout (NULL: not wanted).
//
// Errors: SWL_E_ARGUMENT (lengths), SWL_E_DATA (a start that is not finite or cannot be evaluated; lower problems that
// are not known to be strongly convex, without the option allow_uncertified), SWL_E_OPTION, SWL_E_CALLBACK,
// SWL_E_UNSUPPORTED (a checkpoint for a method that takes none), SWL_E_MEMORY, SWL_E_BUSY. On failure the last
// solution stays; of a callback's failure inout->callback_code has the number. A checkpoint that is refused (by the
// method, or by bounds that were set since: SWL_E_ARGUMENT) is dropped; after other failures, and where a solve is
// stopped before it has restored it, the next solve goes on from it.
SWL_API
swl_status swl_bilevel_solve(struct swl_bilevel *s,
                             const double *theta,
                             int64_t len,
                             const struct swl_options *options,
                             const struct swl_control *control,
                             struct swl_bilevel_info *inout);

// Compares the derivatives of a problem at theta (len numbers) with differences, its Hessian with its transpose, and
// its constants with samples: the doctor. SWL_OK means that nothing is wrong; SWL_E_DATA that something is: the message
// names the callback, the sample and the size. Costs at most 79 lower and 55 upper evaluations, 9 Hessian products and
// 9 products with mixed derivatives for each sample. Errors also: SWL_E_ARGUMENT, SWL_E_OPTION, SWL_E_CALLBACK,
// SWL_E_MEMORY, SWL_E_STOPPED, SWL_E_BUSY.
SWL_API
swl_status swl_bilevel_check(struct swl_bilevel *s,
                             const double *theta,
                             int64_t len,
                             const struct swl_options *options,
                             const struct swl_control *control);

// The last solve as bytes, to go on later: at the last step that was accepted. need: how many bytes (NULL: not wanted).
// buf NULL asks only; else cap is at least that. Errors: SWL_E_ARGUMENT, SWL_E_STATE (no solve yet, or of a method that
// cannot go on), SWL_E_MEMORY, SWL_E_BUSY.
SWL_API swl_status swl_bilevel_save(const struct swl_bilevel *s, void *buf, size_t cap, size_t *need);

// The next solve goes on from the len bytes that swl_bilevel_save gave, on a handle of the same problem with the same
// options: to the same bits as the solve that they are from would have. NULL with 0: from no checkpoint, in place of one
// that waits. On failure that one stays. Errors: SWL_E_ARGUMENT (also a checkpoint of other sizes, or of a theta outside
// of the bounds), SWL_E_FORMAT, SWL_E_MEMORY, SWL_E_BUSY.
SWL_API
swl_status swl_bilevel_resume(struct swl_bilevel *s,
                              const void *buf,
                              size_t len);

// theta of the last solution. Any number of threads at once, unless one of them changes the handle. Errors:
// SWL_E_ARGUMENT, SWL_E_STATE (no solve yet), SWL_E_BUSY.
SWL_API swl_status swl_bilevel_theta(const struct swl_bilevel *s, double *out, int64_t len);

// The hypergradient at theta: NaN where the solve was stopped before it. Threads and errors as swl_bilevel_theta.
SWL_API swl_status swl_bilevel_hypergradient(const struct swl_bilevel *s, double *out, int64_t len);

// The solution of a lower problem, from 0. Threads and errors as swl_bilevel_theta, and SWL_E_STATE where the solve was
// stopped before it had one.
SWL_API swl_status swl_bilevel_lower(const struct swl_bilevel *s, int64_t sample, double *out, int64_t len);

// The adjoint of a lower problem, from 0. Threads and errors as swl_bilevel_lower.
SWL_API swl_status swl_bilevel_adjoint(const struct swl_bilevel *s, int64_t sample, double *out, int64_t len);

// The decisions of the last solve, oldest first, with the option trace: *count gets how many there are, and rows (NULL
// with cap 0: not wanted) the first cap of them. Threads and errors as swl_bilevel_theta.
SWL_API
swl_status swl_bilevel_trace(const struct swl_bilevel *s,
                             struct swl_bilevel_step *rows,
                             int64_t cap,
                             int64_t *count);

// The certificate of the last solution, recomputed from the problem and the answer alone. Costs a gradient, a Hessian
// product and the products of the bound for each sample, and what the option certificate adds. Threads as
// swl_bilevel_theta (callbacks as their flag allows). Errors: SWL_E_ARGUMENT, SWL_E_STATE (no solve yet, or one that was
// stopped before it had lower solutions), SWL_E_OPTION, SWL_E_CALLBACK, SWL_E_STOPPED, SWL_E_MEMORY, SWL_E_BUSY.
SWL_API
swl_status swl_bilevel_certificate(const struct swl_bilevel *s,
                                   const struct swl_options *options,
                                   const struct swl_control *control,
                                   struct swl_bilevel_cert *inout);

// Makes a stream of rounds with `features` numbers each. groups: so many, numbered from 0 (a million cost nothing
// until they are awake), or SWL_GROUPS_OPEN. flags: 0, or SWL_GROUPWISE_NO_ALWAYS_ON. learner: NULL, or the caller's
// own, one more expert of each group beside the learners of the options. options (NULL: defaults) are read here once.
// The caller frees the handle.
//
// Errors: SWL_E_ARGUMENT, SWL_E_UNSUPPORTED (flags), SWL_E_OPTION, SWL_E_MEMORY, SWL_E_CALLBACK, SWL_E_BUSY. On
// failure *out is not written and release of the learner is not called.
SWL_API
swl_status swl_groupwise_new(int64_t features,
                             int64_t groups,
                             uint32_t flags,
                             const struct swl_learner *learner,
                             const struct swl_options *options,
                             struct swl_groupwise **out);

// Ends a stream. NULL does nothing; a stream in use is left as it is (see swl_last_message).
SWL_API void swl_groupwise_free(struct swl_groupwise *s);

// A stream of its own in the same state, open tickets included: what if. Errors: SWL_E_ARGUMENT, SWL_E_MEMORY,
// SWL_E_BUSY, and SWL_E_CALLBACK where `create` of a learner fails. On failure *out is not written.
SWL_API swl_status swl_groupwise_clone(const struct swl_groupwise *s, struct swl_groupwise **out);

// Predicts a round with the len features x and the n_groups groups that are awake (any order; one that is named twice
// counts once; NULL with 0: only that which is always awake). *out gets the prediction, in the units of the labels,
// and *ticket, never 0, what swl_groupwise_update is given its label with. Costs about d^2 flops for each awake group.
//
// Errors: SWL_E_ARGUMENT (null, lengths, a group below 0), SWL_E_DATA (a group that is not below the number of groups;
// a feature that is not finite; no awake expert, or none whose learner gives a number, unless the option uncovered
// says otherwise), SWL_E_MEMORY (also one group too many for max_groups or max_bytes, unless the option when_full says
// otherwise), SWL_E_CALLBACK, SWL_E_BUSY. On failure nothing has changed, no group is born and nothing is written.
SWL_API
swl_status swl_groupwise_predict(struct swl_groupwise *s,
                                 const double *x,
                                 int64_t len,
                                 const int64_t *groups,
                                 int64_t n_groups,
                                 double *out,
                                 uint64_t *ticket);

// Gives a ticket its label y, in any order of tickets; the round counts weight times (1: once; 0: the ticket is closed
// and nothing is learned). Errors: SWL_E_ARGUMENT or SWL_E_STATE (a ticket that is not open), SWL_E_DATA (a label that
// is not finite or outside the declared range; a weight), SWL_E_CALLBACK, SWL_E_MEMORY, SWL_E_BUSY. On failure nothing
// has changed, and the ticket stays open. But where `update` of a learner fails, those of other groups may have taken
// the label in: from then on the ticket takes this label and weight alone (SWL_E_DATA), and they are not called for it
// again.
SWL_API swl_status swl_groupwise_update(struct swl_groupwise *s, uint64_t ticket, double y, double weight);

// Forgets an open ticket whose label will not come (learners that have taken it in keep it). Errors: SWL_E_ARGUMENT,
// SWL_E_STATE (a ticket that is not open), SWL_E_BUSY.
SWL_API swl_status swl_groupwise_expire(struct swl_groupwise *s, uint64_t ticket);

// Many rounds whose labels are known, one after the other: to the same bits as swl_groupwise_predict and
// swl_groupwise_update in turn. x: a row for each round. y, and weights (or NULL): a number for each. The groups of
// round t are groups[starts[t]] to groups[starts[t + 1] - 1]; starts has a number more than there are rounds and
// begins with 0. out: NULL, or room for the len predictions. Has the limits max_seconds and max_work of the options
// that the stream was made with; control may be NULL. A stop leaves a whole number of rounds done (inout->rounds;
// inout NULL: not wanted).
//
// out is written for all rounds; of those that a stop left out it gets 0.
//
// Errors: as those calls have, with the round, before any round is begun; but a callback's, no memory (also one group
// too many) and a round without an awake expert only show in their round and leave those before (inout->rounds) done.
// Where the learner's `update` failed, the round after those was predicted and its ticket is open (inout->ticket):
// some learners may have its label already, so give it to swl_groupwise_update again and go on with the round after,
// rather than run that round a second time; or swl_groupwise_expire it. On failure out is not written.
SWL_API
swl_status swl_groupwise_run(struct swl_groupwise *s,
                             const struct swl_dense *x,
                             const struct swl_vec *y,
                             const struct swl_vec *weights,
                             const int64_t *starts,
                             const int64_t *groups,
                             const struct swl_control *control,
                             double *out,
                             int64_t len,
                             struct swl_groupwise_run_info *inout);

// What happened to the stream so far. Any number of threads at once, unless one of them changes it. Errors:
// SWL_E_ARGUMENT, SWL_E_BUSY.
SWL_API swl_status swl_groupwise_counts(const struct swl_groupwise *s, struct swl_groupwise_info *inout);

// The certificate of a group at this time: its regret is arithmetic on what happened, its bound a theorem's. group:
// its number, SWL_GROUP_ALWAYS_ON or SWL_GROUP_CROSSED; one that has not been awake yet has no rounds. Costs d^2 flops
// (with the option least_squares d^3). Threads as swl_groupwise_counts. Errors: SWL_E_ARGUMENT (a group out of range),
// SWL_E_MEMORY, SWL_E_BUSY.
SWL_API
swl_status swl_groupwise_certificate(const struct swl_groupwise *s,
                                     int64_t group,
                                     struct swl_group_cert *inout);

// What is known of an expert of a group, from 0 to swl_group_cert.experts - 1. Cost, threads and errors as
// swl_groupwise_certificate.
SWL_API
swl_status swl_groupwise_expert(const struct swl_groupwise *s,
                                int64_t group,
                                int64_t expert,
                                struct swl_expert_cert *inout);

// The groups that have been awake, ascending; then SWL_GROUP_CROSSED and SWL_GROUP_ALWAYS_ON where they are. *count
// gets their number, and groups (NULL with cap 0: not wanted) the first cap of them. Threads as swl_groupwise_counts.
// Errors: SWL_E_ARGUMENT, SWL_E_BUSY.
SWL_API swl_status swl_groupwise_groups(const struct swl_groupwise *s, int64_t *groups, int64_t cap, int64_t *count);

// The experts that took part in the prediction of an open ticket: their groups, weights (they sum to 1) and
// predictions, each array NULL or with room for cap; *count gets how many there are. Threads as swl_groupwise_counts.
// Errors: SWL_E_ARGUMENT, SWL_E_STATE (a ticket that is not open), SWL_E_BUSY. On failure nothing is written.
SWL_API
swl_status swl_groupwise_weights(const struct swl_groupwise *s,
                                 uint64_t ticket,
                                 int64_t *groups,
                                 double *weights,
                                 double *predictions,
                                 int64_t cap,
                                 int64_t *count);

// The coefficients of the learner of an expert, len of them: one for each feature (with the intercept last, with
// indicators of missing ones beside them; none for the caller's own). Predictions are the label range's lower end plus
// its width times features times coefficients, before clipping. Threads as swl_groupwise_counts. Errors:
// SWL_E_ARGUMENT, SWL_E_STATE (a group that has not been awake), SWL_E_MEMORY, SWL_E_BUSY.
SWL_API
swl_status swl_groupwise_coef(const struct swl_groupwise *s,
                              int64_t group,
                              int64_t expert,
                              double *out,
                              int64_t len);

// The whole stream as bytes, little-endian on every machine: learners, weights, open tickets, the state of its draws.
// Loaded, it goes on with the same bits. need: how many bytes (NULL: not wanted). buf NULL asks only; else cap is at
// least that. Any number of threads at once, unless one of them changes the stream. Errors: SWL_E_ARGUMENT,
// SWL_E_STATE (losses, weights or a learner that have become too large for a number), SWL_E_UNSUPPORTED (a learner of
// the caller's without save), SWL_E_CALLBACK, SWL_E_MEMORY, SWL_E_BUSY.
SWL_API swl_status swl_groupwise_save(const struct swl_groupwise *s, void *buf, size_t cap, size_t *need);

// A stream from the len bytes that swl_groupwise_save gave. learner: NULL, or for a stream that was made with one the
// caller's own. The caller frees the handle. Errors: SWL_E_ARGUMENT, SWL_E_FORMAT (not a saved stream, damaged, with
// numbers that no stream comes to, or from a later version), SWL_E_STATE (a learner is missing, or is one too many),
// SWL_E_CALLBACK, SWL_E_MEMORY. On failure *out is not written and release of the learner is not called.
SWL_API
swl_status swl_groupwise_load(const void *buf,
                              size_t len,
                              const struct swl_learner *learner,
                              struct swl_groupwise **out);

// Makes a stream of paths from source to sink in an acyclic graph of `nodes` nodes, fewer than 2^32; edge k leads from
// from[k] to to[k], and edges may be parallel. A decision has a number for each edge: 1 on the path, else 0. learner:
// SWL_PATHS_HEDGE or SWL_PATHS_PERTURBED. Of the options (NULL: defaults) max_groups and seed are read. The caller
// frees the handle.
//
// Errors: SWL_E_ARGUMENT (also too many nodes), SWL_E_DATA (an edge out of the graph, a cycle, no path), SWL_E_OPTION,
// SWL_E_MEMORY, SWL_E_BUSY. On failure *out is not written.
SWL_API
swl_status swl_decisions_new_paths(int64_t nodes,
                                   const int64_t *from,
                                   const int64_t *to,
                                   int64_t edges,
                                   int64_t source,
                                   int64_t sink,
                                   int32_t learner,
                                   const struct swl_options *options,
                                   struct swl_decisions **out);

// Makes a stream of decisions of the caller's set, by the perturbed leader. Options as swl_decisions_new_paths. The
// caller frees the handle. Errors: SWL_E_ARGUMENT (sizes not from 1e-100 to 1e100), SWL_E_UNSUPPORTED (flags),
// SWL_E_OPTION, SWL_E_MEMORY, SWL_E_BUSY. On failure *out is not written and release is not called.
SWL_API
swl_status swl_decisions_new_oracle(const struct swl_oracle *oracle,
                                    const struct swl_options *options,
                                    struct swl_decisions **out);

// Ends a stream of decisions. NULL does nothing; one in use is left as it is.
SWL_API void swl_decisions_free(struct swl_decisions *s);

// Decides a round for the n_groups groups that are awake (as in swl_groupwise_predict); out gets the decision, len
// numbers. Its costs go to swl_decisions_update before the next one. Errors: SWL_E_ARGUMENT (also decisions of an
// oracle that differ by more than its diameter), SWL_E_STATE (costs that have not come), SWL_E_MEMORY (more groups
// than max_groups), SWL_E_CALLBACK, SWL_E_BUSY. On failure nothing has changed and nothing is written.
SWL_API
swl_status swl_decisions_decide(struct swl_decisions *s,
                                const int64_t *groups,
                                int64_t n_groups,
                                double *out,
                                int64_t len);

// Takes in the len costs, each from 0 to 1, of the round that was decided. Errors: SWL_E_ARGUMENT, SWL_E_DATA (a cost
// out of range; with an oracle, costs that sum to more than its `costs`, or that its decisions differ in by more than
// its `cost`), SWL_E_STATE (no decision), SWL_E_BUSY. On failure nothing has changed: the round waits for other costs.
SWL_API swl_status swl_decisions_update(struct swl_decisions *s, const double *costs, int64_t len);

// The certificate of a group (SWL_GROUP_ALWAYS_ON: of all rounds) at this time; calls the oracle once. Errors:
// SWL_E_ARGUMENT, SWL_E_STATE (a group that has not been awake), SWL_E_CALLBACK, SWL_E_MEMORY, SWL_E_BUSY.
SWL_API
swl_status swl_decisions_certificate(const struct swl_decisions *s,
                                     int64_t group,
                                     struct swl_decision_cert *inout);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/* Typed helpers: they give back the type checks that void pointers take away. Inline, so no part of the ABI. */

/** A vector of len numbers. */
static inline swl_vec swl_vec_f64(const double *data, int64_t len)
{
  swl_vec v;
  v.data = data; v.len = len; v.scalar = SWL_F64; v.pad_ = 0;
  return v;
}

/** A vector of len numbers. */
static inline swl_vec swl_vec_f32(const float *data, int64_t len)
{
  swl_vec v;
  v.data = data; v.len = len; v.scalar = SWL_F32; v.pad_ = 0;
  return v;
}

/** A dense array; ld: numbers from one column (SWL_COL_MAJOR) or row (SWL_ROW_MAJOR) to the next. */
static inline swl_dense swl_dense_f64(const double *data, int64_t rows, int64_t cols, int64_t ld, int32_t order)
{
  swl_dense d;
  d.data = data; d.rows = rows; d.cols = cols; d.ld = ld; d.scalar = SWL_F64; d.order = order;
  return d;
}

/** A dense array; ld: numbers from one column (SWL_COL_MAJOR) or row (SWL_ROW_MAJOR) to the next. */
static inline swl_dense swl_dense_f32(const float *data, int64_t rows, int64_t cols, int64_t ld, int32_t order)
{
  swl_dense d;
  d.data = data; d.rows = rows; d.cols = cols; d.ld = ld; d.scalar = SWL_F32; d.order = order;
  return d;
}

/** Compressed sparse columns: indptr has one more number than there are columns. */
static inline swl_sparse swl_csc_f64_i32(int64_t rows, int64_t cols, int64_t nnz, const int32_t *indptr,
                                           const int32_t *indices, const double *values)
{
  swl_sparse a;
  a.rows = rows; a.cols = cols; a.nnz = nnz;
  a.indptr = indptr; a.indices = indices; a.values = values;
  a.layout = SWL_CSC; a.index = SWL_I32; a.scalar = SWL_F64; a.pad_ = 0;
  return a;
}

/** Compressed sparse rows: indptr has one more number than there are rows. */
static inline swl_sparse swl_csr_f64_i32(int64_t rows, int64_t cols, int64_t nnz, const int32_t *indptr,
                                           const int32_t *indices, const double *values)
{
  swl_sparse a;
  a.rows = rows; a.cols = cols; a.nnz = nnz;
  a.indptr = indptr; a.indices = indices; a.values = values;
  a.layout = SWL_CSR; a.index = SWL_I32; a.scalar = SWL_F64; a.pad_ = 0;
  return a;
}

/** Compressed sparse columns: indptr has one more number than there are columns. */
static inline swl_sparse swl_csc_f64_i64(int64_t rows, int64_t cols, int64_t nnz, const int64_t *indptr,
                                           const int64_t *indices, const double *values)
{
  swl_sparse a;
  a.rows = rows; a.cols = cols; a.nnz = nnz;
  a.indptr = indptr; a.indices = indices; a.values = values;
  a.layout = SWL_CSC; a.index = SWL_I64; a.scalar = SWL_F64; a.pad_ = 0;
  return a;
}

/** Compressed sparse rows: indptr has one more number than there are rows. */
static inline swl_sparse swl_csr_f64_i64(int64_t rows, int64_t cols, int64_t nnz, const int64_t *indptr,
                                           const int64_t *indices, const double *values)
{
  swl_sparse a;
  a.rows = rows; a.cols = cols; a.nnz = nnz;
  a.indptr = indptr; a.indices = indices; a.values = values;
  a.layout = SWL_CSR; a.index = SWL_I64; a.scalar = SWL_F64; a.pad_ = 0;
  return a;
}

/** Compressed sparse columns: indptr has one more number than there are columns. */
static inline swl_sparse swl_csc_f32_i32(int64_t rows, int64_t cols, int64_t nnz, const int32_t *indptr,
                                           const int32_t *indices, const float *values)
{
  swl_sparse a;
  a.rows = rows; a.cols = cols; a.nnz = nnz;
  a.indptr = indptr; a.indices = indices; a.values = values;
  a.layout = SWL_CSC; a.index = SWL_I32; a.scalar = SWL_F32; a.pad_ = 0;
  return a;
}

/** Compressed sparse rows: indptr has one more number than there are rows. */
static inline swl_sparse swl_csr_f32_i32(int64_t rows, int64_t cols, int64_t nnz, const int32_t *indptr,
                                           const int32_t *indices, const float *values)
{
  swl_sparse a;
  a.rows = rows; a.cols = cols; a.nnz = nnz;
  a.indptr = indptr; a.indices = indices; a.values = values;
  a.layout = SWL_CSR; a.index = SWL_I32; a.scalar = SWL_F32; a.pad_ = 0;
  return a;
}

/** Compressed sparse columns: indptr has one more number than there are columns. */
static inline swl_sparse swl_csc_f32_i64(int64_t rows, int64_t cols, int64_t nnz, const int64_t *indptr,
                                           const int64_t *indices, const float *values)
{
  swl_sparse a;
  a.rows = rows; a.cols = cols; a.nnz = nnz;
  a.indptr = indptr; a.indices = indices; a.values = values;
  a.layout = SWL_CSC; a.index = SWL_I64; a.scalar = SWL_F32; a.pad_ = 0;
  return a;
}

/** Compressed sparse rows: indptr has one more number than there are rows. */
static inline swl_sparse swl_csr_f32_i64(int64_t rows, int64_t cols, int64_t nnz, const int64_t *indptr,
                                           const int64_t *indices, const float *values)
{
  swl_sparse a;
  a.rows = rows; a.cols = cols; a.nnz = nnz;
  a.indptr = indptr; a.indices = indices; a.values = values;
  a.layout = SWL_CSR; a.index = SWL_I64; a.scalar = SWL_F32; a.pad_ = 0;
  return a;
}

/** A matrix over a dense view, which must live until the call that reads it returns. */
static inline swl_matrix swl_matrix_dense(const swl_dense *view)
{
  swl_matrix m;
  m.kind = SWL_DENSE; m.pad_ = 0; m.view = view;
  return m;
}

/** A matrix over a sparse view, which must live until the call that reads it returns. */
static inline swl_matrix swl_matrix_sparse(const swl_sparse *view)
{
  swl_matrix m;
  m.kind = SWL_SPARSE; m.pad_ = 0; m.view = view;
  return m;
}

/** 1 if the library that runs can serve a program compiled with this header: the same minor version (from 1.0: major
 * version), and not older. */
static inline int32_t swl_abi_ok(void)
{
  uint32_t ours = (uint32_t)SWL_VERSION_MAJOR << 24 | (uint32_t)SWL_VERSION_MINOR << 16 | (uint32_t)SWL_VERSION_PATCH << 8;
  uint32_t theirs = swl_version();
  uint32_t same = SWL_VERSION_MAJOR == 0 ? 16 : 24;
  return theirs >> same == ours >> same && theirs >= ours;
}

/** A matrix from an operator. */
static inline swl_matrix swl_matrix_operator(const swl_operator *a)
{
  swl_matrix m;
  m.kind = SWL_OPERATOR; m.pad_ = 0; m.view = a;
  return m;
}

/** Entries with their rows and columns, from 0 (base 0) or 1. */
static inline swl_triplets swl_triplets_f64_i32(int64_t rows, int64_t cols, int64_t nnz, const int32_t *row,
                                                const int32_t *col, const double *values, int32_t base)
{
  swl_triplets t;
  t.rows = rows; t.cols = cols; t.nnz = nnz; t.row = row; t.col = col; t.values = values;
  t.index = SWL_I32; t.scalar = SWL_F64; t.base = base; t.pad_ = 0;
  return t;
}

/** Entries with their rows and columns, from 0 (base 0) or 1. */
static inline swl_triplets swl_triplets_f64_i64(int64_t rows, int64_t cols, int64_t nnz, const int64_t *row,
                                                const int64_t *col, const double *values, int32_t base)
{
  swl_triplets t;
  t.rows = rows; t.cols = cols; t.nnz = nnz; t.row = row; t.col = col; t.values = values;
  t.index = SWL_I64; t.scalar = SWL_F64; t.base = base; t.pad_ = 0;
  return t;
}

/** A matrix that is triplets; view must live as long as the result is used. */
static inline swl_matrix swl_matrix_triplets(const swl_triplets *view)
{
  swl_matrix m;
  m.kind = SWL_TRIPLETS; m.pad_ = 0; m.view = view;
  return m;
}

#endif  /* SOUTHWELL_H */
