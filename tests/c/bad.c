/* Bad input for every entry point: the status, a message that names the argument, and outputs that are untouched. */
#include "check.h"

#define ROWS 6
#define COLS 3
#define HUGE_SIZE INT64_MAX

static double a[ROWS * COLS], y[ROWS];
static swl_bcd *made = NULL; /* no failing call may write it */

#define NEW_FAILS(matrix, target, o, keep, status, text)                               \
  do {                                                                                 \
    FAILS(swl_bcd_new(matrix, target, o, keep, NULL, &made), status, text);            \
    CHECK(made == NULL);                                                               \
  } while (0)

static void dense_data(void)
{
  swl_vec target = swl_vec_f64(y, ROWS), bad;
  swl_dense d;
  swl_matrix m = swl_matrix_dense(&d);
  swl_keep keep = { NULL, NULL };
  static double data[ROWS * COLS];
  double *odd = (double *)(void *)((char *)(void *)data + 1);
  memcpy(data, a, sizeof data);
#define DENSE(rows, cols, ld, order, status, text) \
  d = swl_dense_f64(data, rows, cols, ld, order);  \
  NEW_FAILS(&m, &target, NULL, NULL, status, text)
  DENSE(-1, COLS, ROWS, SWL_COL_MAJOR, SWL_E_ARGUMENT, "a.rows");
  DENSE(ROWS, -7, ROWS, SWL_COL_MAJOR, SWL_E_ARGUMENT, "a.cols");
  DENSE(ROWS, COLS, -1, SWL_COL_MAJOR, SWL_E_ARGUMENT, "a.ld");
  DENSE(ROWS, COLS, ROWS - 1, SWL_COL_MAJOR, SWL_E_ARGUMENT, "a.ld");
  DENSE(ROWS, COLS, COLS - 1, SWL_ROW_MAJOR, SWL_E_ARGUMENT, "a.ld");
  DENSE(HUGE_SIZE, COLS, HUGE_SIZE, SWL_COL_MAJOR, SWL_E_ARGUMENT, "fits in memory");
  DENSE(ROWS, HUGE_SIZE, ROWS, SWL_COL_MAJOR, SWL_E_ARGUMENT, "fits in memory");
  DENSE((int64_t)1 << 32, (int64_t)1 << 32, (int64_t)1 << 32, SWL_COL_MAJOR, SWL_E_ARGUMENT, "fits in memory");
  DENSE(HUGE_SIZE, 0, HUGE_SIZE, SWL_COL_MAJOR, SWL_E_ARGUMENT, "fits in memory");
  DENSE(0, HUGE_SIZE, 0, SWL_COL_MAJOR, SWL_E_ARGUMENT, "fits in memory");
  DENSE((int64_t)1 << 55, 0, (int64_t)1 << 55, SWL_COL_MAJOR, SWL_E_MEMORY, "a:");
  DENSE(ROWS, COLS, ROWS, 2, SWL_E_UNSUPPORTED, "a.order");
  DENSE(ROWS - 1, COLS, ROWS, SWL_COL_MAJOR, SWL_E_ARGUMENT, "y.len: expected 5");
  d = swl_dense_f64(NULL, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  NEW_FAILS(&m, &target, NULL, NULL, SWL_E_ARGUMENT, "a.data: expected a pointer, found NULL");
  d = swl_dense_f64(odd, ROWS - 1, COLS, ROWS, SWL_COL_MAJOR);
  NEW_FAILS(&m, &target, NULL, NULL, SWL_E_ARGUMENT, "a.data: expected a pointer aligned");
  d = swl_dense_f64(data, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  d.scalar = 9;
  NEW_FAILS(&m, &target, NULL, NULL, SWL_E_UNSUPPORTED, "a.scalar");
  d = swl_dense_f64(data, ROWS, COLS, COLS, SWL_ROW_MAJOR);
  NEW_FAILS(&m, &target, NULL, &keep, SWL_E_UNSUPPORTED, "a.order");
  d = swl_dense_f64(data, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  data[2 * ROWS + 4] = NAN;
  NEW_FAILS(&m, &target, NULL, NULL, SWL_E_DATA, "a, row 4, column 2");
  NEW_FAILS(&m, &target, NULL, &keep, SWL_E_DATA, "a, row 4, column 2");
  data[2 * ROWS + 4] = -INFINITY;
  NEW_FAILS(&m, &target, NULL, NULL, SWL_E_DATA, "found -inf");
  data[2 * ROWS + 4] = 0.0;
  m.pad_ = 1; NEW_FAILS(&m, &target, NULL, NULL, SWL_E_ARGUMENT, "a.pad_"); m.pad_ = 0;
  m.kind = 77; NEW_FAILS(&m, &target, NULL, NULL, SWL_E_UNSUPPORTED, "a.kind"); m.kind = SWL_DENSE;
  m.view = NULL; NEW_FAILS(&m, &target, NULL, NULL, SWL_E_ARGUMENT, "a.view"); m.view = &d;
  NEW_FAILS(NULL, &target, NULL, NULL, SWL_E_ARGUMENT, "a: expected a pointer");
  FAILS(swl_bcd_new(&m, &target, NULL, NULL, NULL, NULL), SWL_E_ARGUMENT, "out");
  /* Targets. */
  bad = target; bad.len = HUGE_SIZE; NEW_FAILS(&m, &bad, NULL, NULL, SWL_E_ARGUMENT, "y.len");
  bad = target; bad.len = -1; NEW_FAILS(&m, &bad, NULL, NULL, SWL_E_ARGUMENT, "y.len");
  bad = target; bad.scalar = -1; NEW_FAILS(&m, &bad, NULL, NULL, SWL_E_UNSUPPORTED, "y.scalar");
  bad = target; bad.pad_ = 5; NEW_FAILS(&m, &bad, NULL, NULL, SWL_E_ARGUMENT, "y.pad_");
  bad = target; bad.data = NULL; NEW_FAILS(&m, &bad, NULL, NULL, SWL_E_ARGUMENT, "y.data");
  y[3] = INFINITY; NEW_FAILS(&m, &target, NULL, NULL, SWL_E_DATA, "y, row 3"); y[3] = 0.0;
  /* Objects of another kind. */
  NEW_FAILS(&m, &target, (const swl_options *)(const void *)data, NULL, SWL_E_ARGUMENT, "options");
  CHECK(swl_bcd_new(&m, &target, NULL, NULL, NULL, &made) == SWL_OK);
  FAILS(swl_options_reset((swl_options *)(void *)made, NULL), SWL_E_ARGUMENT, "expected a swl_options");
  swl_bcd_free(made);
  made = NULL;
}

static void sparse_data(void)
{
  int32_t p[COLS + 1] = { 0, 2, 3, 4 }, i[4] = { 0, 5, 1, 2 };
  double v[4] = { 1.0, 2.0, 3.0, 4.0 };
  swl_vec target = swl_vec_f64(y, ROWS);
  swl_sparse q;
  swl_matrix m = swl_matrix_sparse(&q);
  swl_keep keep = { NULL, NULL };
  swl_options *o = NULL;
#define SPARSE(k, status, text)                                                                    \
  NEW_FAILS(&m, &target, o, k, status, text);                                                      \
  q = swl_csc_f64_i32(ROWS, COLS, 4, p, i, v)
  q = swl_csc_f64_i32(ROWS, COLS, 4, p, i, v);
  q.rows = -1; SPARSE(NULL, SWL_E_ARGUMENT, "a.rows");
  q.cols = INT64_MIN; SPARSE(NULL, SWL_E_ARGUMENT, "a.cols");
  q.nnz = -4; SPARSE(NULL, SWL_E_ARGUMENT, "a.nnz");
  q.nnz = HUGE_SIZE; SPARSE(NULL, SWL_E_ARGUMENT, "fits in memory");
  q.rows = HUGE_SIZE; SPARSE(NULL, SWL_E_ARGUMENT, "fits in memory");
  q.cols = HUGE_SIZE; SPARSE(NULL, SWL_E_ARGUMENT, "fits in memory");
  q.nnz = 3; SPARSE(NULL, SWL_E_DATA, "a.indptr");
  q.indptr = NULL; SPARSE(NULL, SWL_E_ARGUMENT, "a.indptr");
  q.indices = NULL; SPARSE(NULL, SWL_E_ARGUMENT, "a.indices");
  q.values = NULL; SPARSE(NULL, SWL_E_ARGUMENT, "a.values");
  q.indices = (const char *)(const void *)i + 1; SPARSE(NULL, SWL_E_ARGUMENT, "a.indices");
  q.layout = 2; SPARSE(NULL, SWL_E_UNSUPPORTED, "a.layout");
  q.index = 2; SPARSE(NULL, SWL_E_UNSUPPORTED, "a.index");
  q.scalar = 2; SPARSE(NULL, SWL_E_UNSUPPORTED, "a.scalar");
  q.pad_ = 2; SPARSE(NULL, SWL_E_ARGUMENT, "a.pad_");
  q.layout = SWL_CSR; SPARSE(&keep, SWL_E_UNSUPPORTED, "a.layout");
  i[1] = ROWS; SPARSE(NULL, SWL_E_DATA, "a.indices, column 0, entry 1: expected a row in 0..6, found 6");
  i[1] = -1; SPARSE(NULL, SWL_E_DATA, "found -1");
  i[1] = 0; SPARSE(NULL, SWL_E_DATA, "row 0, column 0");
  SPARSE(&keep, SWL_E_DATA, "a.indices, column 0");
  i[0] = 5; i[1] = 0; SPARSE(&keep, SWL_E_DATA, "ascending");
  i[0] = 0; i[1] = 5;
  p[0] = 1; SPARSE(NULL, SWL_E_DATA, "a.indptr, entry 0");
  p[0] = 0; p[2] = 1; SPARSE(NULL, SWL_E_DATA, "a.indptr, column 1");
  p[2] = -3; SPARSE(NULL, SWL_E_DATA, "a.indptr");
  p[2] = 99; SPARSE(NULL, SWL_E_DATA, "at most 4");
  p[2] = 3;
  v[2] = NAN; SPARSE(NULL, SWL_E_DATA, "column 1, row 1");
  v[2] = 3.0;
  /* Repeats are summed on request. */
  i[1] = 0;
  o = options_with(NULL, 0.0);
  OK(swl_options_set_str(o, "duplicates", "sum"));
  OK(swl_bcd_new(&m, &target, o, NULL, NULL, &made));
  swl_bcd_free(made);
  made = NULL;
  swl_options_free(o);
}

static void options(void)
{
  swl_options *o = NULL, *copy = NULL;
  swl_option_desc desc;
  double real = 7.0;
  int64_t integer = 7;
  size_t need = 7, i;
  char text[32] = "before";
  FAILS(swl_options_new(NULL, &o), SWL_E_ARGUMENT, "solver");
  FAILS(swl_options_new("bcdd", &o), SWL_E_OPTION, "bcd");
  FAILS(swl_options_new("bcd", NULL), SWL_E_ARGUMENT, "out");
  CHECK(o == NULL);
  OK(swl_options_new("bcd", &o));
  FAILS(swl_options_set_f64(o, "tolerence", 1.0), SWL_E_OPTION, "did you mean \"tolerance\"");
  FAILS(swl_options_set_f64(o, "tolerance", NAN), SWL_E_OPTION, "tolerance");
  FAILS(swl_options_set_f64(o, "tolerance", -1.0), SWL_E_OPTION, "tolerance");
  FAILS(swl_options_set_f64(o, "loss", 1.0), SWL_E_OPTION, "loss");
  FAILS(swl_options_set_f64(o, "block_size", 1.5), SWL_E_OPTION, "block_size");
  FAILS(swl_options_set_i64(o, "block_size", 0), SWL_E_OPTION, "block_size");
  FAILS(swl_options_set_f64(o, "lambda", -1.0), SWL_E_OPTION, "lambda");
  FAILS(swl_options_set_f64(o, "lambda", NAN), SWL_E_OPTION, "lambda");
  FAILS(swl_options_set_f64(o, "lower", INFINITY), SWL_E_OPTION, "lower");
  FAILS(swl_options_set_f64(o, "max_seconds", -1.0), SWL_E_OPTION, "max_seconds");
  FAILS(swl_options_set_i64(o, "threads", 0), SWL_E_OPTION, "threads");
  FAILS(swl_options_set_i64(o, "trace", 2), SWL_E_OPTION, "trace");
  FAILS(swl_options_set_str(o, "loss", "logistik"), SWL_E_OPTION, "logistic");
  FAILS(swl_options_set_str(o, "loss", NULL), SWL_E_ARGUMENT, "value");
  FAILS(swl_options_set_str(o, NULL, "x"), SWL_E_ARGUMENT, "key");
  FAILS(swl_options_set_str(o, "\xff", "x"), SWL_E_ARGUMENT, "UTF-8");
  FAILS(swl_options_set_f64(NULL, "tolerance", 1.0), SWL_E_ARGUMENT, "o:");
  FAILS(swl_options_set_i64(NULL, "threads", 1), SWL_E_ARGUMENT, "o:");
  FAILS(swl_options_set_str(NULL, "loss", "huber"), SWL_E_ARGUMENT, "o:");
  FAILS(swl_options_reset(NULL, NULL), SWL_E_ARGUMENT, "o:");
  FAILS(swl_options_reset(o, "lamda"), SWL_E_OPTION, "lambda");
  FAILS(swl_options_get_f64(o, "nonsense", &real), SWL_E_OPTION, "nonsense");
  FAILS(swl_options_get_f64(o, "loss", &real), SWL_E_OPTION, "loss");
  FAILS(swl_options_get_f64(o, "tolerance", NULL), SWL_E_ARGUMENT, "out");
  FAILS(swl_options_get_f64(NULL, "tolerance", &real), SWL_E_ARGUMENT, "o:");
  FAILS(swl_options_get_i64(o, "tolerance", &integer), SWL_E_OPTION, "tolerance");
  FAILS(swl_options_get_i64(NULL, "threads", &integer), SWL_E_ARGUMENT, "o:");
  FAILS(swl_options_get_str(o, "loss", text, 4, &need), SWL_E_ARGUMENT, "cap");
  FAILS(swl_options_get_str(NULL, "loss", text, 4, &need), SWL_E_ARGUMENT, "o:");
  CHECK(real == 7.0 && integer == 7 && need == 7 && strcmp(text, "before") == 0);
  OK(swl_options_get_str(o, "loss", NULL, 0, &need));
  CHECK(need == sizeof "squared");
  OK(swl_options_get_str(o, "loss", text, sizeof text, NULL));
  CHECK(strcmp(text, "squared") == 0);
  OK(swl_options_get_f64(o, "tolerance", &real));
  CHECK(real == 1e-6);
  OK(swl_options_get_f64(o, "lambda", &real));
  CHECK(isnan(real));
  OK(swl_options_set_str(o, "lambda", "0.25"));
  FAILS(swl_options_clone(NULL, &copy), SWL_E_ARGUMENT, "o:");
  FAILS(swl_options_clone(o, NULL), SWL_E_ARGUMENT, "out");
  OK(swl_options_clone(o, &copy));
  OK(swl_options_reset(o, "lambda"));
  OK(swl_options_get_f64(copy, "lambda", &real));
  CHECK(real == 0.25);
  CHECK(swl_options_count(NULL) == 0 && swl_options_count(o) > 20);
  memset(&desc, 0, sizeof desc);
  FAILS(swl_options_describe(o, 0, &desc), SWL_E_ARGUMENT, "inout.struct_size");
  FAILS(swl_options_describe(o, 0, NULL), SWL_E_ARGUMENT, "inout");
  desc.struct_size = sizeof desc;
  FAILS(swl_options_describe(o, 1000, &desc), SWL_E_ARGUMENT, "i:");
  FAILS(swl_options_describe(NULL, 0, &desc), SWL_E_ARGUMENT, "o:");
  CHECK(desc.key == NULL);
  for (i = 0; i < swl_options_count(o); i++) {
    OK(swl_options_describe(o, i, &desc));
    CHECK(strlen(desc.key) > 0 && strlen(desc.help) > 10 && strlen(desc.since) > 0);
    CHECK((desc.kind == SWL_OPTION_CHOICE) == (strchr(desc.choices, '|') != NULL));
    /* What the description says can be set, can be set. */
    if (strcmp(desc.dflt_text, "unset") != 0) OK(swl_options_set_str(o, desc.key, desc.dflt_text));
  }
  swl_options_free(copy);
  swl_options_free(o);
  swl_options_free(NULL);
}

static void control(void)
{
  swl_vec target = swl_vec_f64(y, ROWS);
  swl_dense d = swl_dense_f64(a, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  swl_matrix m = swl_matrix_dense(&d);
  swl_control c;
  memset(&c, 0, sizeof c);
  FAILS(swl_cancel_new(NULL), SWL_E_ARGUMENT, "out");
  swl_cancel_trip(NULL);
  swl_cancel_reset(NULL);
  swl_cancel_free(NULL);
  CHECK(swl_cancel_is_tripped(NULL) == 0);
#define CONTROL(status, text)                                                   \
  FAILS(swl_bcd_new(&m, &target, NULL, NULL, &c, &made), status, text);         \
  CHECK(made == NULL);                                                          \
  memset(&c, 0, sizeof c);                                                      \
  c.struct_size = sizeof c
  CONTROL(SWL_E_ARGUMENT, "control.struct_size");
  c.struct_size = 8; CONTROL(SWL_E_ARGUMENT, "control.struct_size");
  c.struct_size = UINT32_MAX; CONTROL(SWL_E_ARGUMENT, "control.struct_size");
  c.log_level = 4; CONTROL(SWL_E_ARGUMENT, "control.log_level");
  c.pad_ = 1; CONTROL(SWL_E_ARGUMENT, "control.pad_");
  c.cancel = (swl_cancel *)(void *)&d; CONTROL(SWL_E_ARGUMENT, "control.cancel");
}

static void calls(void)
{
  double out[ROWS + 1], bad_numbers[ROWS] = { 0.0, NAN, 1.0, 1.0, 1.0, 1.0 }, score = 7.0;
  int32_t groups[COLS] = { 0, -2, 1 };
  int64_t count = 7;
  uint64_t bytes = 7;
  swl_vec vec = swl_vec_f64(bad_numbers, ROWS), short_vec = swl_vec_f64(bad_numbers, 2);
  swl_vec cols = swl_vec_f64(bad_numbers, COLS), one = swl_vec_f64(bad_numbers + 1, 1), target = swl_vec_f64(y, ROWS);
  swl_dense d = swl_dense_f64(a, ROWS, COLS, ROWS, SWL_COL_MAJOR), wide;
  swl_matrix m = swl_matrix_dense(&d), wide_m = swl_matrix_dense(&wide);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_bcd_info info = empty_info();
  swl_certificate cert;
  swl_trace_row row;
  swl_options *o = options_with("lambda", 0.1);
  int i;
  for (i = 0; i <= ROWS; i++) out[i] = 7.0;
  FAILS(swl_bcd_set_target(NULL, &target), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_set_target(s, NULL), SWL_E_ARGUMENT, "y:");
  FAILS(swl_bcd_set_target(s, &short_vec), SWL_E_ARGUMENT, "y.len");
  FAILS(swl_bcd_set_target(s, &vec), SWL_E_DATA, "y, row 1");
  FAILS(swl_bcd_set_weights(s, &vec), SWL_E_DATA, "weights, row 1");
  FAILS(swl_bcd_set_weights(s, &short_vec), SWL_E_ARGUMENT, "weights.len");
  FAILS(swl_bcd_set_weights(NULL, NULL), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_set_offset(s, &vec), SWL_E_DATA, "offset, row 1");
  FAILS(swl_bcd_set_offset(NULL, NULL), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_set_penalty_factors(s, &cols), SWL_E_DATA, "penalty_factors, column 1");
  FAILS(swl_bcd_set_penalty_factors(s, &vec), SWL_E_ARGUMENT, "penalty_factors.len");
  FAILS(swl_bcd_set_penalty_factors(NULL, NULL), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_set_bounds(s, &cols, NULL), SWL_E_DATA, "lower, column 1");
  FAILS(swl_bcd_set_bounds(s, NULL, &short_vec), SWL_E_ARGUMENT, "upper.len");
  FAILS(swl_bcd_set_bounds(NULL, NULL, NULL), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_set_linear(s, &cols), SWL_E_DATA, "c, column 1");
  FAILS(swl_bcd_set_linear(s, &short_vec), SWL_E_ARGUMENT, "c.len");
  FAILS(swl_bcd_set_linear(NULL, NULL), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_set_groups(s, groups, COLS, NULL), SWL_E_DATA, "group_of_column, column 1");
  groups[1] = 99; FAILS(swl_bcd_set_groups(s, groups, COLS, NULL), SWL_E_DATA, "groups"); groups[1] = 0;
  FAILS(swl_bcd_set_groups(s, groups, COLS + 1, NULL), SWL_E_ARGUMENT, "group_of_column.len");
  FAILS(swl_bcd_set_groups(s, groups, -1, NULL), SWL_E_ARGUMENT, "len");
  FAILS(swl_bcd_set_groups(s, NULL, COLS, NULL), SWL_E_ARGUMENT, "group_of_column");
  FAILS(swl_bcd_set_groups(s, groups, COLS, &one), SWL_E_ARGUMENT, "group_weights.len");
  FAILS(swl_bcd_set_groups(NULL, groups, COLS, NULL), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_warm_start(s, &cols, NULL), SWL_E_DATA, "coef");
  FAILS(swl_bcd_warm_start(s, &short_vec, NULL), SWL_E_ARGUMENT, "coef.len");
  FAILS(swl_bcd_warm_start(s, NULL, &one), SWL_E_DATA, "intercept");
  FAILS(swl_bcd_warm_start(NULL, NULL, NULL), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_solve(NULL, o, NULL, &info), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_solve(NULL, o, NULL, NULL), SWL_E_ARGUMENT, "s");
  FAILS(swl_bcd_solve(s, (swl_options *)(void *)s, NULL, &info), SWL_E_ARGUMENT, "options");
  info.struct_size = 12; FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_ARGUMENT, "inout.struct_size");
  info.struct_size = sizeof info;
  OK(swl_options_set_f64(o, "lambda_ratio", 0.1));
  FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_OPTION, "lambda_ratio");
  FAILS(swl_bcd_lambda_max(s, o, NULL, &score), SWL_E_OPTION, "lambda_ratio");
  OK(swl_options_reset(o, "lambda_ratio"));
  OK(swl_options_set_str(o, "loss", "logistic"));
  FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_DATA, "y, row 0");
  OK(swl_options_reset(o, "loss"));
  CHECK(info.outcome == SWL_UNSOLVED && info.iterations == 0);
  FAILS(swl_bcd_coef(s, out, COLS), SWL_E_STATE, "solve");
  FAILS(swl_bcd_intercept(s, out, 1), SWL_E_STATE, "solve");
  FAILS(swl_bcd_dual(s, out, ROWS), SWL_E_STATE, "solve");
  FAILS(swl_bcd_fitted(s, out, ROWS), SWL_E_STATE, "solve");
  FAILS(swl_bcd_residuals(s, out, ROWS), SWL_E_STATE, "solve");
  FAILS(swl_bcd_trace(s, NULL, 0, &count), SWL_E_STATE, "solve");
  FAILS(swl_bcd_predict(s, &m, NULL, out, ROWS), SWL_E_STATE, "solve");
  FAILS(swl_bcd_score(s, &m, &target, NULL, NULL, &score), SWL_E_STATE, "solve");
  OK(swl_bcd_solve(s, o, NULL, &info));
  FAILS(swl_bcd_coef(s, out, COLS - 1), SWL_E_ARGUMENT, "len: expected 3");
  FAILS(swl_bcd_coef(s, out, -1), SWL_E_ARGUMENT, "len");
  FAILS(swl_bcd_coef(s, NULL, COLS), SWL_E_ARGUMENT, "out");
  FAILS(swl_bcd_coef(NULL, out, COLS), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_intercept(s, out, 2), SWL_E_ARGUMENT, "len");
  FAILS(swl_bcd_dual(s, out, ROWS + 1), SWL_E_ARGUMENT, "len");
  FAILS(swl_bcd_fitted(s, out, HUGE_SIZE), SWL_E_ARGUMENT, "len");
  FAILS(swl_bcd_residuals(s, NULL, ROWS), SWL_E_ARGUMENT, "out");
  FAILS(swl_bcd_lambda_max(s, o, NULL, NULL), SWL_E_ARGUMENT, "out");
  FAILS(swl_bcd_lambda_max(NULL, o, NULL, &score), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_trace(s, NULL, 4, &count), SWL_E_ARGUMENT, "rows");
  FAILS(swl_bcd_trace(s, NULL, -1, &count), SWL_E_ARGUMENT, "cap");
  FAILS(swl_bcd_trace(s, NULL, 0, NULL), SWL_E_ARGUMENT, "count");
  row.struct_size = 0; FAILS(swl_bcd_trace(s, &row, 1, &count), SWL_E_ARGUMENT, "rows[0].struct_size");
  wide = swl_dense_f64(a, ROWS / 2, 2 * COLS, ROWS / 2, SWL_COL_MAJOR);
  FAILS(swl_bcd_predict(s, &wide_m, NULL, out, ROWS / 2), SWL_E_ARGUMENT, "a.cols");
  FAILS(swl_bcd_predict(s, &m, NULL, out, ROWS - 1), SWL_E_ARGUMENT, "len");
  FAILS(swl_bcd_predict(s, &m, &short_vec, out, ROWS), SWL_E_ARGUMENT, "offset.len");
  FAILS(swl_bcd_predict(s, NULL, NULL, out, ROWS), SWL_E_ARGUMENT, "a:");
  FAILS(swl_bcd_predict_mean(s, &m, &vec, out, ROWS), SWL_E_DATA, "offset, row 1");
  FAILS(swl_bcd_predict_mean(NULL, &m, NULL, out, ROWS), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_score(s, &m, NULL, NULL, NULL, &score), SWL_E_ARGUMENT, "y:");
  FAILS(swl_bcd_score(s, &m, &vec, NULL, NULL, &score), SWL_E_DATA, "y, row 1");
  FAILS(swl_bcd_score(s, &m, &target, &vec, NULL, &score), SWL_E_DATA, "weights, row 1");
  FAILS(swl_bcd_score(s, &m, &target, NULL, NULL, NULL), SWL_E_ARGUMENT, "out");
  memset(&cert, 0, sizeof cert);
  FAILS(swl_bcd_certificate(s, &cert), SWL_E_ARGUMENT, "inout.struct_size");
  FAILS(swl_bcd_certificate(s, NULL), SWL_E_ARGUMENT, "inout");
  cert.struct_size = sizeof cert;
  FAILS(swl_bcd_certificate(NULL, &cert), SWL_E_ARGUMENT, "s:");
  FAILS(swl_bcd_memory_estimate(NULL, o, &bytes), SWL_E_ARGUMENT, "a:");
  FAILS(swl_bcd_memory_estimate(&m, o, NULL), SWL_E_ARGUMENT, "bytes");
  CHECK(count == 7 && bytes == 7 && score == 7.0 && cert.kind == 0);
  for (i = 0; i <= ROWS; i++) CHECK(out[i] == 7.0);
  /* After all that the handle works. */
  OK(swl_bcd_coef(s, out, COLS));
  OK(swl_bcd_certificate(s, &cert));
  d.data = NULL;
  OK(swl_bcd_memory_estimate(&m, NULL, &bytes));
  CHECK(bytes > 7);
  /* Ridge without an intercept has a dual point, no penalty has none. */
  OK(swl_options_set_str(o, "penalty", "none"));
  OK(swl_options_set_f64(o, "lambda", 0.0));
  OK(swl_bcd_solve(s, o, NULL, &info));
  if (info.certificate_kind == SWL_CERT_GRADIENT) FAILS(swl_bcd_dual(s, out, ROWS), SWL_E_STATE, "dual");
  swl_bcd_free(s);
  swl_bcd_free(NULL);
  swl_options_free(o);
}

/* The message survives calls that work, and is cut where it has to be. */
static void messages(void)
{
  swl_options *o = NULL;
  char small[4];
  size_t whole;
  FAILS(swl_options_new("x", &o), SWL_E_OPTION, "solver");
  whole = swl_last_message(NULL, 0);
  CHECK(whole == strlen(message()) + 1);
  OK(swl_options_new("bcd", &o));
  CHECK(swl_last_message(small, sizeof small) == whole && strlen(small) == 3);
  CHECK(strcmp(swl_status_name(-1234), "unknown status") == 0);
  CHECK(strcmp(swl_outcome_name(1234), "unknown outcome") == 0);
  swl_options_free(o);
}

/* Empty problems are problems. */
static void empty(void)
{
  double none[1];
  swl_vec target = swl_vec_f64(NULL, 0);
  swl_dense d = swl_dense_f64(NULL, 0, 2, 0, SWL_COL_MAJOR);
  swl_matrix m = swl_matrix_dense(&d);
  swl_bcd_info info = empty_info();
  double coef[2];
  OK(swl_bcd_new(&m, &target, NULL, NULL, NULL, &made));
  OK(swl_bcd_solve(made, NULL, NULL, &info));
  OK(swl_bcd_coef(made, coef, 2));
  CHECK(coef[0] == 0.0 && coef[1] == 0.0);
  OK(swl_bcd_dual(made, NULL, 0));
  OK(swl_bcd_fitted(made, none, 0));
  swl_bcd_free(made);
  made = NULL;
}

int main(void)
{
  make_data(a, y, ROWS, COLS);
  messages();
  dense_data();
  sparse_data();
  options();
  control();
  calls();
  empty();
  return finish("bad");
}
