/* Softmax and least squares of several tasks through every call; the objective is recomputed here. */
#include "check.h"

#define ROWS 60
#define COLS 8
#define K 3

static double a[ROWS * COLS], score[ROWS], y[ROWS], tasks[ROWS * K];

static double loss_of(const double *z, int r, int softmax)
{
  double sum = 0.0;
  int c;
  if (softmax) {
    for (c = 0; c < K; c++) sum += exp(z[c]);
    return log(sum) - z[(int)y[r]];
  }
  for (c = 0; c < K; c++) sum += 0.5 * (z[c] - tasks[r * K + c]) * (z[c] - tasks[r * K + c]);
  return sum;
}

static void every_call(int softmax)
{
  double coef[COLS * K], b[K], dual[ROWS * K], fitted[ROWS * K], residuals[ROWS * K], mean[ROWS * K], again[ROWS * K];
  double objective = 0.0, lambda_max, value, total = 0.0;
  swl_options *o = options_with("lambda_ratio", 0.1);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_bcd_info info = empty_info(), warm = empty_info();
  swl_certificate cert;
  swl_dense dense = swl_dense_f64(a, ROWS, COLS, ROWS, SWL_COL_MAJOR), targets = swl_dense_f64(tasks, ROWS, K, K, SWL_ROW_MAJOR);
  swl_matrix matrix = swl_matrix_dense(&dense);
  swl_vec start, intercept, target = swl_vec_f64(y, ROWS);
  int64_t outputs = 0;
  int r, c, j;

  OK(swl_options_set_str(o, "loss", softmax ? "softmax" : "multi-squared"));
  OK(swl_options_set_i64(o, "intercept", 1));
  OK(swl_options_set_f64(o, "tolerance", 1e-9));
  if (!softmax) {
    FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_STATE, "swl_bcd_set_targets");
    FAILS(swl_bcd_set_targets(s, NULL), SWL_E_ARGUMENT, "targets");
    targets.rows = ROWS - 1;
    FAILS(swl_bcd_set_targets(s, &targets), SWL_E_ARGUMENT, "targets.rows");
    targets.rows = ROWS;
    tasks[4] = NAN;
    FAILS(swl_bcd_set_targets(s, &targets), SWL_E_DATA, "targets, row and output 4");
    tasks[4] = 0.5;
    OK(swl_bcd_set_targets(s, &targets));
    target = swl_vec_f64(tasks, ROWS * K);
  }
  FAILS(swl_bcd_outputs(s, &outputs), SWL_E_STATE, "s");
  OK(swl_bcd_lambda_max(s, o, NULL, &lambda_max));
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED && info.certificate_kind == SWL_CERT_DUALITY_GAP);
  CHECK(info.lambda_max == lambda_max && info.certificate <= info.target);
  OK(swl_bcd_outputs(s, &outputs));
  CHECK(outputs == K);
  OK(swl_bcd_coef(s, coef, COLS * K));
  FAILS(swl_bcd_coef(s, coef, COLS), SWL_E_ARGUMENT, "24");
  OK(swl_bcd_intercept(s, b, K));
  FAILS(swl_bcd_intercept(s, b, 1), SWL_E_ARGUMENT, "3");
  OK(swl_bcd_dual(s, dual, ROWS * K));
  OK(swl_bcd_fitted(s, fitted, ROWS * K));
  OK(swl_bcd_residuals(s, residuals, ROWS * K));
  OK(swl_bcd_predict(s, &matrix, NULL, again, ROWS * K));
  OK(swl_bcd_predict_mean(s, &matrix, NULL, mean, ROWS * K));
  OK(swl_bcd_score(s, &matrix, &target, NULL, NULL, &value));
  for (r = 0; r < ROWS; r++) {
    double row = 0.0;
    for (c = 0; c < K; c++) {
      double z = b[c], y_rc = softmax ? (double)(y[r] == c) : tasks[r * K + c];
      for (j = 0; j < COLS; j++) z += a[j * ROWS + r] * coef[j * K + c];
      CHECK(fabs(z - fitted[r * K + c]) <= 1e-12 && fabs(fitted[r * K + c] - again[r * K + c]) <= 1e-12);
      CHECK(fabs(residuals[r * K + c] - (y_rc - mean[r * K + c])) <= 1e-12);
      /* At the optimum the dual point is the residual, shrunk a little. */
      CHECK(fabs(dual[r * K + c] - residuals[r * K + c]) <= 1e-3);
      row += mean[r * K + c];
    }
    CHECK(!softmax || fabs(row - 1.0) <= 1e-14);
    total += loss_of(fitted + r * K, r, softmax);
  }
  CHECK(fabs(value - total / ROWS) <= 1e-12 * (1.0 + value));
  objective = total;
  for (j = 0; j < COLS * K; j++) objective += info.lambda * fabs(coef[j]);
  CHECK(fabs(objective - info.objective) <= 1e-11 * objective);
  memset(&cert, 0, sizeof cert);
  cert.struct_size = sizeof cert;
  OK(swl_bcd_certificate(s, &cert));
  CHECK(cert.primal == info.objective && cert.value == info.certificate);

  /* From the last iterate, from a start, from one of a wrong size; another loss on the same handle. */
  OK(swl_bcd_solve(s, o, NULL, &warm));
  CHECK(warm.iterations == 0);
  start = swl_vec_f64(coef, COLS * K);
  intercept = swl_vec_f64(b, K);
  OK(swl_bcd_warm_start(s, &start, &intercept));
  OK(swl_bcd_solve(s, o, NULL, &warm));
  CHECK(warm.iterations == 0);
  start.len = COLS * 2;
  OK(swl_bcd_warm_start(s, &start, NULL));
  FAILS(swl_bcd_solve(s, o, NULL, &warm), SWL_E_ARGUMENT, "coef.len");
  start.len = COLS * K - 1;
  FAILS(swl_bcd_warm_start(s, &start, NULL), SWL_E_ARGUMENT, "coef.len");
  OK(swl_bcd_warm_start(s, NULL, NULL));
  OK(swl_bcd_solve(s, o, NULL, &info));
  OK(swl_options_set_str(o, "loss", "squared"));
  OK(swl_bcd_solve(s, o, NULL, &info));
  OK(swl_bcd_coef(s, coef, COLS));
  OK(swl_options_set_str(o, "loss", softmax ? "softmax" : "multi-squared"));
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED);

  /* Offsets for each output, and of a length that fits nothing. */
  {
    swl_vec offset = swl_vec_f64(fitted, ROWS * K);
    OK(swl_bcd_set_offset(s, &offset));
    OK(swl_bcd_solve(s, o, NULL, &info));
    offset.len = ROWS * 2;
    OK(swl_bcd_set_offset(s, &offset));
    FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_ARGUMENT, "offset.len");
    offset.len = ROWS + 1;
    FAILS(swl_bcd_set_offset(s, &offset), SWL_E_ARGUMENT, "offset.len");
    OK(swl_bcd_set_offset(s, NULL));
  }
  swl_bcd_free(s);
  swl_options_free(o);
}

static void classes_that_are_none(void)
{
  swl_bcd_info info = empty_info();
  swl_options *o = options_with("lambda_ratio", 0.1);
  double bad[ROWS];
  swl_bcd *s;
  memcpy(bad, y, sizeof bad);
  bad[7] = 1.5;
  s = dense_problem(a, bad, ROWS, COLS);
  OK(swl_options_set_str(o, "loss", "softmax"));
  FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_DATA, "y, row 7: expected a class number");
  OK(swl_options_set_i64(o, "classes", 2));
  swl_bcd_free(s);
  s = dense_problem(a, y, ROWS, COLS);
  FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_DATA, "below 2");
  FAILS(swl_options_set_i64(o, "classes", -1), SWL_E_OPTION, "classes");
  swl_bcd_free(s);
  swl_options_free(o);
}

int main(void)
{
  int r, c;
  make_data(a, score, ROWS, COLS);
  for (r = 0; r < ROWS; r++) {
    y[r] = r % 5 == 0 ? r / 5 % 3 : (score[r] < -0.5 ? 0 : score[r] < 0.5 ? 1 : 2);
    for (c = 0; c < K; c++) tasks[r * K + c] = score[r] * (c - 1) + 0.25 * c + 0.1 * (r % 4);
  }
  every_call(1);
  every_call(0);
  classes_that_are_none();
  printf("outputs: %s\n", failures ? "failed" : "ok");
  return failures != 0;
}
