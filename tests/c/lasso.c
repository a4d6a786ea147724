/* A lasso through every call, its certificate recomputed here from the raw data; every width and layout gives the same. */
#include "check.h"

#define ROWS 60
#define COLS 25

static double a[ROWS * COLS], y[ROWS];

/* Primal and dual value of the lasso from nothing but data, coefficients and dual point. */
static void check_gap(const double *coef, const double *theta, double lambda, const swl_bcd_info *info)
{
  double primal = 0.0, dual = 0.0, most = 0.0, shrink;
  int i, j;
  for (i = 0; i < ROWS; i++) {
    double z = 0.0;
    for (j = 0; j < COLS; j++) z += a[j * ROWS + i] * coef[j];
    primal += 0.5 * (z - y[i]) * (z - y[i]);
  }
  for (j = 0; j < COLS; j++) {
    double v = 0.0;
    for (i = 0; i < ROWS; i++) v += a[j * ROWS + i] * theta[i];
    if (fabs(v) > most) most = fabs(v);
    primal += lambda * fabs(coef[j]);
  }
  shrink = most > lambda ? lambda / most : 1.0;
  for (i = 0; i < ROWS; i++) dual += shrink * theta[i] * y[i] - 0.5 * shrink * shrink * theta[i] * theta[i];
  CHECK(fabs(primal - info->objective) <= 1e-12 * primal);
  CHECK(primal - dual >= -1e-12 * primal);
  CHECK(fabs((primal - dual) - info->certificate) <= 1e-10 * primal);
  CHECK(primal - dual <= info->target + 1e-12 * primal);
}

static void every_call(void)
{
  double coef[COLS], dual[ROWS], fitted[ROWS], residuals[ROWS], again[ROWS], mean[ROWS], intercept, score, lambda_max;
  swl_options *o = options_with("lambda_ratio", 0.05);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_bcd_info info = empty_info();
  swl_certificate cert;
  swl_trace_row rows[64];
  swl_dense dense = swl_dense_f64(a, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  swl_matrix matrix = swl_matrix_dense(&dense);
  swl_vec target = swl_vec_f64(y, ROWS);
  int64_t count = 0;
  uint64_t bytes = 0;
  int i, j;

  OK(swl_options_set_i64(o, "trace", 1));
  OK(swl_options_set_f64(o, "tolerance", 1e-9));
  OK(swl_bcd_lambda_max(s, o, NULL, &lambda_max));
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED);
  CHECK(info.certificate_kind == SWL_CERT_DUALITY_GAP && info.certificate_rigor == SWL_RIGOR_PROVEN);
  CHECK(info.lambda_max == lambda_max && info.lambda == 0.05 * lambda_max);
  CHECK(info.threads == 1 && info.callback_code == 0 && info.block_size == 0);
  OK(swl_bcd_coef(s, coef, COLS));
  OK(swl_bcd_intercept(s, &intercept, 1));
  OK(swl_bcd_dual(s, dual, ROWS));
  OK(swl_bcd_fitted(s, fitted, ROWS));
  OK(swl_bcd_residuals(s, residuals, ROWS));
  CHECK(intercept == 0.0);
  check_gap(coef, dual, info.lambda, &info);
  for (i = 0, j = 0; i < COLS; i++) j += coef[i] != 0.0;
  CHECK(j == info.nonzeros && j >= 4);
  for (i = 0; i < ROWS; i++) CHECK(fabs(y[i] - fitted[i] - residuals[i]) < 1e-14);

  memset(&cert, 0, sizeof cert);
  cert.struct_size = sizeof cert;
  OK(swl_bcd_certificate(s, &cert));
  CHECK(cert.value == info.certificate && cert.primal == info.objective && cert.target == info.target);
  CHECK(fabs(cert.primal - cert.dual - cert.value) <= 1e-12 * cert.primal);

  OK(swl_bcd_trace(s, NULL, 0, &count));
  CHECK(count >= 1 && count <= 64);
  memset(rows, 0, sizeof rows);
  rows[0].struct_size = sizeof rows[0];
  OK(swl_bcd_trace(s, rows, 64, &count));
  CHECK(rows[count - 1].certificate <= info.target && rows[count - 1].nonzeros == info.nonzeros);
  for (i = 0; i < count; i++) CHECK(rows[i].struct_size == sizeof rows[0] && rows[i].phase == SWL_PHASE_SOLVE);

  OK(swl_bcd_predict(s, &matrix, NULL, again, ROWS));
  OK(swl_bcd_predict_mean(s, &matrix, NULL, mean, ROWS));
  CHECK(memcmp(again, fitted, sizeof again) == 0 && memcmp(mean, fitted, sizeof mean) == 0);
  OK(swl_bcd_score(s, &matrix, &target, NULL, NULL, &score));
  {
    double sum = 0.0;
    for (i = 0; i < ROWS; i++) sum += 0.5 * residuals[i] * residuals[i];
    CHECK(fabs(score - sum / ROWS) < 1e-14);
  }
  OK(swl_bcd_memory_estimate(&matrix, o, &bytes));
  CHECK(bytes > sizeof a && bytes < (1u << 20));
  swl_bcd_free(s);
  swl_options_free(o);
}

/* Setters make results stale; a solve goes on from the last iterate; what was set can be taken back. */
static void setters(void)
{
  double first[COLS], coef[COLS], weights[ROWS], offset[ROWS], factors[COLS], low[COLS], intercept;
  int32_t groups[COLS];
  swl_options *o = options_with("lambda", 1.0);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_bcd_info info = empty_info(), cold = empty_info();
  swl_vec w = swl_vec_f64(weights, ROWS), off = swl_vec_f64(offset, ROWS), f = swl_vec_f64(factors, COLS);
  swl_vec l = swl_vec_f64(low, COLS), start = swl_vec_f64(first, COLS), b = swl_vec_f64(&intercept, 1);
  swl_vec target = swl_vec_f64(y, ROWS);
  int i;
  OK(swl_options_set_i64(o, "intercept", 1));
  OK(swl_options_set_f64(o, "tolerance", 1e-10));
  FAILS(swl_bcd_coef(s, coef, COLS), SWL_E_STATE, "solve");
  OK(swl_bcd_solve(s, o, NULL, &cold));
  OK(swl_bcd_coef(s, first, COLS));
  OK(swl_bcd_intercept(s, &intercept, 1));
  CHECK(cold.outcome == SWL_CONVERGED && intercept != 0.0);
  /* The same again, from the answer. */
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.iterations <= 1 && info.iterations < cold.iterations);
  OK(swl_bcd_warm_start(s, NULL, NULL));
  FAILS(swl_bcd_coef(s, coef, COLS), SWL_E_STATE, "setter");
  OK(swl_bcd_solve(s, o, NULL, &info));
  OK(swl_bcd_coef(s, coef, COLS));
  CHECK(info.iterations == cold.iterations && memcmp(first, coef, sizeof coef) == 0);
  OK(swl_bcd_warm_start(s, &start, &b));
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.iterations <= 1);
  /* A penalty factor of infinity keeps a column out; NULL takes it back. */
  for (i = 0; i < COLS; i++) factors[i] = i == 0 ? INFINITY : 1.0;
  OK(swl_bcd_set_penalty_factors(s, &f));
  OK(swl_bcd_solve(s, o, NULL, &info));
  OK(swl_bcd_coef(s, coef, COLS));
  CHECK(coef[0] == 0.0 && first[0] != 0.0);
  OK(swl_bcd_set_penalty_factors(s, NULL));
  /* Bounds. */
  for (i = 0; i < COLS; i++) low[i] = i == 1 ? 2.5 : -INFINITY;
  OK(swl_bcd_set_bounds(s, &l, NULL));
  OK(swl_bcd_solve(s, o, NULL, &info));
  OK(swl_bcd_coef(s, coef, COLS));
  CHECK(coef[1] >= 2.5);
  OK(swl_bcd_set_bounds(s, NULL, NULL));
  /* Weights of two and an offset of one third of the target. */
  for (i = 0; i < ROWS; i++) { weights[i] = 2.0; offset[i] = y[i] / 3.0; }
  OK(swl_bcd_set_weights(s, &w));
  OK(swl_bcd_set_offset(s, &off));
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED);
  OK(swl_bcd_set_weights(s, NULL));
  OK(swl_bcd_set_offset(s, NULL));
  OK(swl_bcd_set_target(s, &target));
  OK(swl_bcd_warm_start(s, NULL, NULL));
  OK(swl_bcd_solve(s, o, NULL, &info));
  OK(swl_bcd_coef(s, coef, COLS));
  CHECK(memcmp(first, coef, sizeof coef) == 0);
  /* Groups, one by one and by size. */
  OK(swl_options_set_str(o, "penalty", "group"));
  OK(swl_options_set_str(o, "rule", "gs"));
  OK(swl_options_set_i64(o, "block_size", 100));
  for (i = 0; i < COLS; i++) groups[i] = i % 5;
  OK(swl_bcd_set_groups(s, groups, COLS, NULL));
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.block_size == 5 && info.outcome == SWL_CONVERGED);
  OK(swl_bcd_set_groups(s, NULL, 0, NULL));
  FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_OPTION, "group_size");
  OK(swl_options_set_i64(o, "group_size", 2));
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.block_size == 13);
  OK(swl_options_reset(o, NULL));
  OK(swl_options_set_str(o, "penalty", "ridge"));
  OK(swl_bcd_lambda_max(s, o, NULL, &intercept));
  CHECK(isinf(intercept));
  swl_bcd_free(s);
  swl_options_free(o);
}

static void solve_form(const swl_matrix *m, const swl_keep *keep, double *coef)
{
  swl_vec target = swl_vec_f64(y, ROWS);
  swl_options *o = options_with("tolerance", 1e-10);
  swl_bcd *s = NULL;
  swl_bcd_info info = empty_info();
  OK(swl_bcd_new(m, &target, NULL, keep, NULL, &s));
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED);
  OK(swl_bcd_coef(s, coef, COLS));
  swl_bcd_free(s);
  swl_options_free(o);
}

/* The same numbers in every scalar type, index type and layout. */
static void forms(void)
{
  static double by_rows[ROWS * COLS], padded[(ROWS + 3) * COLS];
  static float single[ROWS * COLS];
  static int32_t p32[COLS + 1], i32[ROWS * COLS], rp32[ROWS + 1], ri32[ROWS * COLS];
  static int64_t p64[COLS + 1], i64[ROWS * COLS], rp64[ROWS + 1], ri64[ROWS * COLS];
  double reference[COLS], coef[8][COLS];
  swl_keep keep = { NULL, NULL };
  swl_dense d;
  swl_sparse q;
  swl_matrix m;
  int i, j, k;
  for (j = 0; j < COLS; j++) {
    for (i = 0; i < ROWS; i++) {
      double v = a[j * ROWS + i];
      by_rows[i * COLS + j] = v;
      padded[j * (ROWS + 3) + i] = v;
      single[j * ROWS + i] = (float)v;
      i32[j * ROWS + i] = i; i64[j * ROWS + i] = i;
      ri32[i * COLS + j] = j; ri64[i * COLS + j] = j;
    }
    for (i = 0; i < 3; i++) padded[j * (ROWS + 3) + ROWS + i] = NAN;
  }
  for (j = 0; j <= COLS; j++) { p32[j] = j * ROWS; p64[j] = j * ROWS; }
  for (i = 0; i <= ROWS; i++) { rp32[i] = i * COLS; rp64[i] = i * COLS; }
  d = swl_dense_f64(a, ROWS, COLS, ROWS, SWL_COL_MAJOR); m = swl_matrix_dense(&d); solve_form(&m, NULL, reference);
  solve_form(&m, &keep, coef[0]);
  d = swl_dense_f64(by_rows, ROWS, COLS, COLS, SWL_ROW_MAJOR); m = swl_matrix_dense(&d); solve_form(&m, NULL, coef[1]);
  d = swl_dense_f64(padded, ROWS, COLS, ROWS + 3, SWL_COL_MAJOR); m = swl_matrix_dense(&d); solve_form(&m, NULL, coef[2]);
  for (k = 0; k < 3; k++) CHECK(memcmp(reference, coef[k], sizeof reference) == 0);
  d = swl_dense_f32(single, ROWS, COLS, ROWS, SWL_COL_MAJOR); m = swl_matrix_dense(&d); solve_form(&m, NULL, coef[0]);
  for (j = 0; j < COLS; j++) CHECK(fabs(reference[j] - coef[0][j]) < 1e-7);

  q = swl_csc_f64_i32(ROWS, COLS, ROWS * COLS, p32, i32, a); m = swl_matrix_sparse(&q); solve_form(&m, NULL, coef[0]);
  for (j = 0; j < COLS; j++) CHECK(fabs(reference[j] - coef[0][j]) < 1e-7);
  solve_form(&m, &keep, coef[1]);
  q = swl_csc_f64_i64(ROWS, COLS, ROWS * COLS, p64, i64, a); m = swl_matrix_sparse(&q); solve_form(&m, NULL, coef[2]);
  solve_form(&m, &keep, coef[3]);
  q = swl_csr_f64_i32(ROWS, COLS, ROWS * COLS, rp32, ri32, by_rows); m = swl_matrix_sparse(&q); solve_form(&m, NULL, coef[4]);
  q = swl_csr_f64_i64(ROWS, COLS, ROWS * COLS, rp64, ri64, by_rows); m = swl_matrix_sparse(&q); solve_form(&m, NULL, coef[5]);
  for (k = 1; k < 6; k++) CHECK(memcmp(coef[0], coef[k], sizeof reference) == 0);
  q = swl_csc_f32_i32(ROWS, COLS, ROWS * COLS, p32, i32, single); m = swl_matrix_sparse(&q); solve_form(&m, NULL, coef[1]);
  q = swl_csc_f32_i64(ROWS, COLS, ROWS * COLS, p64, i64, single); m = swl_matrix_sparse(&q); solve_form(&m, NULL, coef[2]);
  CHECK(memcmp(coef[1], coef[2], sizeof reference) == 0);
  for (j = 0; j < COLS; j++) CHECK(fabs(reference[j] - coef[1][j]) < 1e-7);
}

/* All inputs of a call are read before its output is written, so that it may take their place. */
static void overlapping(void)
{
  double coef[COLS], before[COLS], offset[ROWS], apart[ROWS], data[ROWS * COLS], score, number[ROWS];
  swl_dense d = swl_dense_f64(data, ROWS, COLS, ROWS, SWL_COL_MAJOR), plain = swl_dense_f64(a, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  swl_matrix m = swl_matrix_dense(&d), own = swl_matrix_dense(&plain);
  swl_vec off = swl_vec_f64(offset, ROWS), target = swl_vec_f64(number, ROWS), start = swl_vec_f64(coef, COLS);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_bcd_info info = empty_info();
  int i;
  for (i = 0; i < ROWS; i++) { offset[i] = 0.25 * i; number[i] = y[i]; }
  memcpy(data, a, sizeof a);
  OK(swl_bcd_solve(s, NULL, NULL, &info));
  OK(swl_bcd_predict(s, &own, &off, apart, ROWS));
  OK(swl_bcd_predict(s, &m, &off, offset, ROWS));
  CHECK(memcmp(apart, offset, sizeof apart) == 0);
  for (i = 0; i < ROWS; i++) offset[i] = 0.25 * i;
  OK(swl_bcd_predict_mean(s, &m, &off, data, ROWS));
  CHECK(memcmp(apart, data, sizeof apart) == 0);
  OK(swl_bcd_score(s, &own, &target, NULL, &off, &score));
  OK(swl_bcd_score(s, &own, &target, NULL, &off, number));
  CHECK(number[0] == score);
  /* What was handed in by value is the caller's again. */
  OK(swl_bcd_coef(s, coef, COLS));
  OK(swl_bcd_warm_start(s, &start, NULL));
  OK(swl_bcd_solve(s, NULL, NULL, &info));
  memcpy(before, coef, sizeof coef);
  OK(swl_bcd_coef(s, coef, COLS));
  for (i = 0; i < COLS; i++) CHECK(fabs(before[i] - coef[i]) < 1e-2);
  swl_bcd_free(s);
}

/* Logistic: no intercept-free gap is needed for means in (0, 1) and residuals of 0/1 labels. */
static void logistic(void)
{
  double labels[ROWS], mean[ROWS], residuals[ROWS];
  swl_options *o = options_with("lambda_ratio", 0.2);
  swl_dense dense = swl_dense_f64(a, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  swl_matrix matrix = swl_matrix_dense(&dense);
  swl_vec target = swl_vec_f64(labels, ROWS);
  swl_bcd *s = NULL;
  swl_bcd_info info = empty_info();
  int i;
  for (i = 0; i < ROWS; i++) labels[i] = y[i] > 0.0 ? 1.0 : -1.0;
  OK(swl_options_set_str(o, "loss", "logistic"));
  OK(swl_bcd_new(&matrix, NULL, NULL, NULL, NULL, &s));
  FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_STATE, "swl_bcd_set_target");
  OK(swl_bcd_set_target(s, &target));
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED);
  OK(swl_bcd_predict_mean(s, &matrix, NULL, mean, ROWS));
  OK(swl_bcd_residuals(s, residuals, ROWS));
  for (i = 0; i < ROWS; i++) {
    CHECK(mean[i] > 0.0 && mean[i] < 1.0);
    CHECK(fabs(0.5 * (labels[i] + 1.0) - mean[i] - residuals[i]) < 1e-15);
  }
  swl_bcd_free(s);
  swl_options_free(o);
}

int main(void)
{
  CHECK(swl_abi_ok());
  CHECK(swl_has_feature("f32") == 1 && swl_has_feature("no such") == 0 && swl_has_feature(NULL) == 0);
  CHECK(strcmp(swl_status_name(SWL_E_STOPPED), "SWL_E_STOPPED") == 0);
  CHECK(strcmp(swl_outcome_name(SWL_TIME_LIMIT), "time limit") == 0);
  make_data(a, y, ROWS, COLS);
  every_call();
  setters();
  forms();
  overlapping();
  logistic();
  return finish("lasso");
}
