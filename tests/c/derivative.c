/* Derivatives against differences of solves, and what is known of a solution, through every call. */
#include "check.h"

#define ROWS 40
#define COLS 10
#define STEP 1e-5

static double a[ROWS * COLS], y[ROWS];

static void coefs(double lambda, const double *target, double *coef, double *b)
{
  swl_options *o = options_with("tolerance", 1e-13);
  swl_bcd *s = dense_problem(a, target, ROWS, COLS);
  OK(swl_options_set_f64(o, "lambda", lambda));
  OK(swl_options_set_i64(o, "intercept", 1));
  OK(swl_bcd_solve(s, o, NULL, NULL));
  OK(swl_bcd_coef(s, coef, COLS));
  OK(swl_bcd_intercept(s, b, 1));
  swl_options_free(o);
  swl_bcd_free(s);
}

static int32_t says_stop(void *ctx, const swl_progress *p)
{
  CHECK(p->phase == SWL_PHASE_CERTIFICATE);
  return *(const int32_t *)ctx;
}

/* The token, the callback and the limits of the last solve stop each call, and nothing is written. */
static void stops(void)
{
  swl_options *o = options_with("lambda", 1.0);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_identification seen;
  swl_cancel *token = NULL;
  swl_control by_token, by_callback, *controls[3] = { NULL, &by_token, &by_callback };
  const char *texts[3] = { "max_seconds", "cancel token", "returned 41" };
  int32_t code = 41;
  double coef[COLS] = { 7.0 }, b = 7.0, lambda = 7.0, row[ROWS] = { 7.0 }, ones[COLS] = { 1.0 };
  uint8_t zeros[COLS] = { 7 };
  swl_vec up = swl_vec_f64(ones, COLS);
  int k;
  memset(&seen, 0, sizeof seen);
  seen.struct_size = sizeof seen;
  seen.unique = 7;
  memset(&by_token, 0, sizeof by_token);
  by_token.struct_size = sizeof by_token;
  by_callback = by_token;
  OK(swl_cancel_new(&token));
  swl_cancel_trip(token);
  by_token.cancel = token;
  by_callback.progress = says_stop;
  by_callback.ctx = &code;
  for (k = 2; k >= 0; k--) {
    if (k == 0) OK(swl_options_set_f64(o, "max_seconds", 0.0));
    OK(swl_bcd_solve(s, o, NULL, NULL));
    if (k == 0) { /* a solve that was stopped in its setup has no strength to look at */
      FAILS(swl_bcd_identify(s, zeros, COLS, NULL, &seen), SWL_E_STATE, "lambda");
      continue;
    }
    FAILS(swl_bcd_identify(s, zeros, COLS, controls[k], &seen), SWL_E_STOPPED, texts[k]);
    CHECK(strstr(message(), "swl_bcd_identify") != NULL);
    FAILS(swl_bcd_derivative_forward(s, 1.0, NULL, NULL, NULL, controls[k], coef, COLS, &b), SWL_E_STOPPED, texts[k]);
    CHECK(strstr(message(), "swl_bcd_derivative_forward") != NULL);
    FAILS(swl_bcd_derivative_backward(s, &up, 0.0, controls[k], &lambda, row, row, row, ROWS), SWL_E_STOPPED, texts[k]);
    CHECK(strstr(message(), "swl_bcd_derivative_backward") != NULL);
  }
  CHECK(coef[0] == 7.0 && b == 7.0 && lambda == 7.0 && row[0] == 7.0 && zeros[0] == 7 && seen.unique == 7);
  /* Controls that let it go on change nothing. */
  code = 0;
  OK(swl_options_set_f64(o, "max_seconds", 60.0));
  OK(swl_bcd_solve(s, o, NULL, NULL));
  OK(swl_bcd_identify(s, zeros, COLS, &by_callback, &seen));
  OK(swl_bcd_derivative_forward(s, 1.0, NULL, NULL, NULL, &by_callback, coef, COLS, &b));
  OK(swl_bcd_derivative_backward(s, &up, 0.0, &by_callback, &lambda, row, NULL, NULL, ROWS));
  CHECK(fabs(coef[0] - lambda) < 1e-12);
  by_callback.struct_size = 1;
  FAILS(swl_bcd_identify(s, zeros, COLS, &by_callback, &seen), SWL_E_ARGUMENT, "control");
  FAILS(swl_bcd_derivative_forward(s, 1.0, NULL, NULL, NULL, &by_callback, coef, COLS, &b), SWL_E_ARGUMENT, "control");
  FAILS(swl_bcd_derivative_backward(s, &up, 0.0, &by_callback, &lambda, row, NULL, NULL, ROWS), SWL_E_ARGUMENT, "control");
  swl_cancel_free(token);
  swl_options_free(o);
  swl_bcd_free(s);
}

int main(void)
{
  swl_options *o = options_with("tolerance", 1e-13);
  swl_bcd *s;
  swl_identification seen;
  double direction[ROWS], moved[ROWS], plus[COLS], minus[COLS], coef[COLS], ones[COLS], b, bp, bm, lambda = 0.0;
  double of_weights[ROWS], of_offset[ROWS], of_target[ROWS], total = 0.0, along = 0.0;
  uint8_t zeros[COLS];
  swl_vec change = swl_vec_f64(direction, ROWS), up = swl_vec_f64(ones, COLS);
  int r, j, count = 0;

  make_data(a, y, ROWS, COLS);
  s = dense_problem(a, y, ROWS, COLS);
  for (r = 0; r < ROWS; r++) direction[r] = r % 5 - 2.0;
  for (j = 0; j < COLS; j++) ones[j] = 1.0 + j;
  memset(&seen, 0, sizeof seen);
  seen.struct_size = sizeof seen;
  OK(swl_options_set_f64(o, "lambda", 1.0));
  OK(swl_options_set_i64(o, "intercept", 1));
  FAILS(swl_bcd_identify(s, NULL, 0, NULL, &seen), SWL_E_STATE, "solve");
  FAILS(swl_bcd_derivative_forward(s, 1.0, NULL, NULL, NULL, NULL, coef, COLS, &b), SWL_E_STATE, "solve");
  FAILS(swl_bcd_derivative_backward(s, &up, 0.0, NULL, &lambda, NULL, NULL, NULL, 0), SWL_E_STATE, "solve");
  OK(swl_bcd_solve(s, o, NULL, NULL));

  OK(swl_bcd_identify(s, zeros, COLS, NULL, &seen));
  OK(swl_bcd_coef(s, coef, COLS));
  for (j = 0; j < COLS; j++) {
    count += zeros[j];
    CHECK(!zeros[j] || coef[j] == 0.0);
  }
  CHECK(seen.unique == 1 && seen.safe_zeros == count && count > 0 && seen.margin > 0.0 && seen.smallest_eigenvalue > 0.01);
  FAILS(swl_bcd_identify(s, zeros, COLS - 1, NULL, &seen), SWL_E_ARGUMENT, "safe_zeros.len");
  FAILS(swl_bcd_identify(s, zeros, COLS, NULL, NULL), SWL_E_ARGUMENT, "inout");
  FAILS(swl_bcd_identify(NULL, zeros, COLS, NULL, &seen), SWL_E_ARGUMENT, "s");

  OK(swl_bcd_derivative_forward(s, 1.0, NULL, NULL, NULL, NULL, coef, COLS, &b));
  coefs(1.0 + STEP, y, plus, &bp);
  coefs(1.0 - STEP, y, minus, &bm);
  for (j = 0; j < COLS; j++) CHECK(fabs(coef[j] - (plus[j] - minus[j]) / (2.0 * STEP)) < 1e-5);
  CHECK(fabs(b - (bp - bm) / (2.0 * STEP)) < 1e-5);
  OK(swl_bcd_derivative_backward(s, &up, 0.5, NULL, &lambda, of_weights, of_offset, of_target, ROWS));
  for (j = 0; j < COLS; j++) total += coef[j] * ones[j];
  CHECK(fabs(total + 0.5 * b - lambda) < 1e-9);

  OK(swl_bcd_derivative_forward(s, 0.0, NULL, NULL, &change, NULL, coef, COLS, &b));
  for (r = 0; r < ROWS; r++) moved[r] = y[r] + STEP * direction[r];
  coefs(1.0, moved, plus, &bp);
  for (r = 0; r < ROWS; r++) moved[r] = y[r] - STEP * direction[r];
  coefs(1.0, moved, minus, &bm);
  for (j = 0, total = 0.0; j < COLS; j++) {
    CHECK(fabs(coef[j] - (plus[j] - minus[j]) / (2.0 * STEP)) < 1e-5);
    total += coef[j] * ones[j];
  }
  for (r = 0; r < ROWS; r++) along += direction[r] * of_target[r];
  CHECK(fabs(total + 0.5 * b - along) < 1e-9);
  OK(swl_bcd_derivative_forward(s, 0.0, &change, &change, NULL, NULL, coef, COLS, NULL));
  OK(swl_bcd_derivative_backward(s, &up, 0.5, NULL, NULL, NULL, NULL, NULL, 0));

  FAILS(swl_bcd_derivative_forward(s, NAN, NULL, NULL, NULL, NULL, coef, COLS, &b), SWL_E_DATA, "lambda");
  FAILS(swl_bcd_derivative_forward(s, INFINITY, NULL, NULL, NULL, NULL, coef, COLS, &b), SWL_E_DATA, "lambda");
  for (r = 0; r < ROWS; r++) moved[r] = 1e308;
  coef[0] = b = 7.0;
  {
    swl_vec huge = swl_vec_f64(moved, ROWS);
    FAILS(swl_bcd_derivative_forward(s, 0.0, NULL, &huge, NULL, NULL, coef, COLS, &b), SWL_E_DATA, "finite, found overflow");
  }
  CHECK(coef[0] == 7.0 && b == 7.0);
  FAILS(swl_bcd_derivative_forward(s, 1.0, NULL, NULL, NULL, NULL, coef, COLS + 1, &b), SWL_E_ARGUMENT, "len");
  FAILS(swl_bcd_derivative_forward(s, 1.0, NULL, NULL, NULL, NULL, NULL, COLS, &b), SWL_E_ARGUMENT, "out");
  FAILS(swl_bcd_derivative_backward(s, NULL, 0.0, NULL, &lambda, NULL, NULL, NULL, 0), SWL_E_ARGUMENT, "coef");
  FAILS(swl_bcd_derivative_backward(s, &up, NAN, NULL, &lambda, NULL, NULL, NULL, 0), SWL_E_DATA, "intercept");
  FAILS(swl_bcd_derivative_backward(s, &up, 0.0, NULL, NULL, of_weights, NULL, NULL, ROWS - 1), SWL_E_ARGUMENT, "len");
  change.len = ROWS - 1;
  FAILS(swl_bcd_derivative_forward(s, 0.0, &change, NULL, NULL, NULL, coef, COLS, &b), SWL_E_ARGUMENT, "weights.len");
  change.len = ROWS;
  direction[3] = INFINITY;
  FAILS(swl_bcd_derivative_forward(s, 0.0, NULL, &change, NULL, NULL, coef, COLS, &b), SWL_E_DATA, "offset, row 3");
  swl_options_free(o);
  swl_bcd_free(s);
  stops();
  return finish("derivative");
}
