/* Bilevel optimization: own functions against a closed form, rows, pictures, checkpoints, the doctor, bad input. */
#include "check.h"

enum { N = 6 };
static swl_bilevel *made = NULL; /* no failing call may write it */
static swl_bilevel *within = NULL; /* the handle whose callbacks call it again */
static int calls = 0, fail_at = -1, wrong = 0, released = 0, busy = 0;

/* h = sum_j (1 + j/4)/2 (x_j - c_j)^2 + exp(theta)/2 x_j^2, g = 1/2 |x - t|^2: x_j = w_j c_j / (w_j + exp(theta)). */
static double weight(int64_t j) { return 1 + 0.25 * (double)j; }
static double center(int64_t i, int64_t j) { return 1 + 0.5 * (double)(j % 3) + 0.1 * (double)i; }
static double target(int64_t j) { return 0.6 + 0.1 * (double)j; }

/* e25: a callback that calls the handle it works for is refused each time, and the solve goes on. */
static void call_again(void)
{
  double theta = 0;
  int64_t d = -7;
  swl_bilevel_cert cert;
  memset(&cert, 0, sizeof cert);
  cert.struct_size = sizeof cert;
  FAILS(swl_bilevel_solve(within, &theta, 1, NULL, NULL, NULL), SWL_E_BUSY, "s");
  FAILS(swl_bilevel_check(within, &theta, 1, NULL, NULL), SWL_E_BUSY, "s");
  FAILS(swl_bilevel_certificate(within, NULL, NULL, &cert), SWL_E_BUSY, "s");
  FAILS(swl_bilevel_set_bounds(within, NULL, NULL, 0), SWL_E_BUSY, "s");
  FAILS(swl_bilevel_size(within, &d, NULL), SWL_E_BUSY, "s");
  FAILS(swl_bilevel_theta(within, &theta, 1), SWL_E_BUSY, "s");
  swl_bilevel_free(within); /* does nothing */
  CHECK(d == -7 && theta == 0);
  busy++;
}
static int32_t lower(void *ctx, int64_t i, const double *x, const double *theta, double *value, double *grad)
{
  int64_t j;
  (void)ctx;
  if (within) call_again();
  if (calls++ == fail_at) return 33;
  *value = 0;
  for (j = 0; j < N; j++) {
    const double r = x[j] - center(i, j);
    *value += 0.5 * (weight(j) * r * r + exp(theta[0]) * x[j] * x[j]);
    grad[j] = weight(j) * r + exp(theta[0]) * x[j];
  }
  return 0;
}
static int32_t hessian(void *ctx, int64_t i, const double *x, const double *theta, const double *v, double *out)
{
  int64_t j;
  (void)ctx, (void)i, (void)x;
  for (j = 0; j < N; j++) out[j] = (weight(j) + exp(theta[0])) * v[j];
  return 0;
}
static int32_t mixed_t(void *ctx, int64_t i, const double *x, const double *theta, const double *q, double *out)
{
  int64_t j;
  (void)ctx, (void)i;
  out[0] = 0;
  for (j = 0; j < N; j++) out[0] += exp(theta[0]) * x[j] * q[j];
  if (wrong) out[0] = -out[0];
  return 0;
}
static int32_t mixed(void *ctx, int64_t i, const double *x, const double *theta, const double *u, double *out)
{
  int64_t j;
  (void)ctx, (void)i;
  for (j = 0; j < N; j++) out[j] = exp(theta[0]) * x[j] * u[0];
  return 0;
}
static int32_t constants(void *ctx, int64_t i, const double *theta, double *mu, double *l, double *l_a, double *l_b)
{
  (void)ctx, (void)i;
  *mu = 1 + exp(theta[0]);
  *l = weight(N - 1) + exp(theta[0]);
  *l_a = 0;
  *l_b = exp(theta[0]);
  return 0;
}
static int32_t upper(void *ctx, int64_t i, const double *x, const double *theta, double *value, double *gx, double *gtheta)
{
  int64_t j;
  (void)ctx, (void)i, (void)theta, (void)gtheta;
  *value = 0;
  for (j = 0; j < N; j++) {
    gx[j] = x[j] - target(j);
    *value += 0.5 * gx[j] * gx[j];
  }
  return 0;
}
static void release(void *ctx) { (*(int *)ctx)++; }

static double truth(double theta)
{
  double f = 0;
  int64_t i, j;
  for (i = 0; i < 2; i++)
    for (j = 0; j < N; j++) {
      const double x = weight(j) * center(i, j) / (weight(j) + exp(theta)), r = x - target(j);
      f += 0.25 * r * r;
    }
  return f;
}

static swl_bilevel_problem own(void)
{
  static const int64_t lengths[2] = { N, N };
  swl_bilevel_problem p;
  memset(&p, 0, sizeof p);
  p.struct_size = sizeof p;
  p.flags = SWL_BILEVEL_QUADRATIC | SWL_BILEVEL_SQUARED_DISTANCE | SWL_BILEVEL_PROVEN;
  p.ctx = &released;
  p.release = release;
  p.d = 1;
  p.samples = 2;
  p.lengths = lengths;
  p.lower = lower;
  p.hessian = hessian;
  p.mixed_t = mixed_t;
  p.mixed = mixed;
  p.constants = constants;
  p.upper = upper;
  p.l_g = 1;
  return p;
}

static swl_bilevel_info empty_bilevel_info(void)
{
  swl_bilevel_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  return info;
}

static void own_functions(void)
{
  swl_bilevel_problem p = own();
  swl_bilevel *s = NULL, *t = NULL;
  swl_options *o = NULL;
  swl_bilevel_info info = empty_bilevel_info(), again = empty_bilevel_info();
  swl_bilevel_cert cert;
  static swl_bilevel_step steps[500];
  double theta = -3, best = 0, z = 0, x[N], q[N], lo = -2, hi = -1.5, least = -1e308;
  int64_t d = 0, m = 0, n = 0, k, count = 0;
  size_t need = 0;
  void *bytes;
  OK(swl_options_new("bilevel", &o));
  OK(swl_options_set_str(o, "trace", "true"));
  OK(swl_options_set_f64(o, "tolerance", 1e-6));
  OK(swl_bilevel_new_user(&p, &s));
  OK(swl_bilevel_size(s, &d, &m));
  {
    /* One that is refused leaves the other as it was. */
    int64_t room[2] = { 0, 0 }, kept = -7;
    void *odd = (char *)room + 1;
    FAILS(swl_bilevel_size(s, &kept, odd), SWL_E_ARGUMENT, "samples");
    CHECK(kept == -7);
  }
  OK(swl_bilevel_variables(s, 1, &n));
  CHECK(d == 1 && m == 2 && n == N);
  FAILS(swl_bilevel_theta(s, &best, 1), SWL_E_STATE, "solve");
  calls = 0;
  OK(swl_bilevel_check(s, &theta, 1, o, NULL));
  CHECK(calls == 2 * 79); /* what the header says that it costs */
  OK(swl_bilevel_solve(s, &theta, 1, o, NULL, &info));
  OK(swl_bilevel_theta(s, &best, 1));
  CHECK(info.outcome == SWL_CONVERGED && info.rigor == SWL_RIGOR_PROVEN);
  CHECK(info.upper_lo <= truth(best) && truth(best) <= info.upper_hi);
  CHECK(truth(best) <= truth(best + 1e-3) && truth(best) <= truth(best - 1e-3));
  OK(swl_bilevel_hypergradient(s, &z, 1));
  CHECK(fabs(z - (truth(best + 1e-5) - truth(best - 1e-5)) / 2e-5) <= info.hypergradient_error + 1e-8);
  OK(swl_bilevel_lower(s, 1, x, N));
  OK(swl_bilevel_adjoint(s, 1, q, N));
  for (k = 0; k < N; k++)
    CHECK(fabs(x[k] - weight(k) * center(1, k) / (weight(k) + exp(best))) <= info.lower_error + 1e-12);
  memset(&cert, 0, sizeof cert);
  cert.struct_size = sizeof cert;
  OK(swl_bilevel_certificate(s, o, NULL, &cert));
  CHECK(cert.upper_lo <= truth(best) && truth(best) <= cert.upper_hi && cert.rigor == SWL_RIGOR_PROVEN);
  CHECK(cert.lower_error <= info.lower_error * 1.0000001 + 1e-15);
  steps[0].struct_size = sizeof *steps;
  OK(swl_bilevel_trace(s, steps, 500, &count));
  CHECK(count > 0 && count <= 500);
  for (k = 0; k < count; k++) CHECK(steps[k].decision != SWL_STEP_ACCEPTED || steps[k].left <= steps[k].right);
  /* Bounds hold, and what is at one is told. */
  OK(swl_bilevel_set_bounds(s, &lo, &hi, 1));
  OK(swl_bilevel_solve(s, &lo, 1, o, NULL, &info));
  OK(swl_bilevel_theta(s, &z, 1));
  CHECK(z >= lo && z <= hi && (best > lo && best < hi ? 1 : info.active_bounds == 1));
  OK(swl_bilevel_set_bounds(s, NULL, NULL, 0));
  /* A checkpoint goes on with the same bits. */
  OK(swl_options_set_i64(o, "max_iterations", 3));
  OK(swl_bilevel_solve(s, &theta, 1, o, NULL, &info));
  OK(swl_bilevel_save(s, NULL, 0, &need));
  bytes = malloc(need);
  FAILS(swl_bilevel_save(s, bytes, need - 1, NULL), SWL_E_ARGUMENT, "cap");
  OK(swl_bilevel_save(s, bytes, need, NULL));
  OK(swl_bilevel_new_user(&p, &t));
  OK(swl_bilevel_resume(t, bytes, need));
  OK(swl_options_set_i64(o, "max_iterations", 6));
  OK(swl_bilevel_solve(t, &theta, 1, o, NULL, &again));
  OK(swl_bilevel_solve(s, &theta, 1, o, NULL, NULL)); /* an info that is not wanted */
  OK(swl_bilevel_solve(s, &theta, 1, o, NULL, &info));
  CHECK(info.iterations == again.iterations && info.upper_lo == again.upper_lo && info.gradients == again.gradients);
  ((unsigned char *)bytes)[need / 2] ^= 1;
  FAILS(swl_bilevel_resume(t, bytes, need), SWL_E_FORMAT, "");
  free(bytes);
  within = s;
  OK(swl_bilevel_solve(s, &theta, 1, o, NULL, &again));
  within = NULL;
  CHECK(busy > 10 && again.outcome == info.outcome && again.upper_lo == info.upper_lo);
  /* e06: failures of callbacks reach the caller, the last solution stays, and the handle works on. */
  OK(swl_options_set_i64(o, "max_iterations", 50));
  calls = 0;
  fail_at = 5;
  FAILS(swl_bilevel_solve(s, &theta, 1, o, NULL, &again), SWL_E_CALLBACK, "33");
  fail_at = -1;
  CHECK(again.callback_code == 33);
  OK(swl_bilevel_theta(s, &z, 1));
  OK(swl_bilevel_solve(s, &theta, 1, o, NULL, &again));
  CHECK(again.callback_code == 0 && again.outcome == SWL_CONVERGED);
  wrong = 1;
  FAILS(swl_bilevel_check(s, &theta, 1, o, NULL), SWL_E_DATA, "mixed_t of sample 0");
  wrong = 0;
  /* Differences that overflow say nothing. */
  OK(swl_bilevel_check(s, &least, 1, o, NULL));
  /* What is not certified has no bound. */
  OK(swl_options_set_str(o, "certificate", "off"));
  OK(swl_bilevel_solve(s, &theta, 1, o, NULL, &info));
  CHECK(info.hypergradient_error == INFINITY && isfinite(info.hypergradient_norm));
  OK(swl_bilevel_certificate(s, o, NULL, &cert));
  CHECK(cert.hypergradient_error == INFINITY && isfinite(cert.hypergradient_norm));
  swl_bilevel_free(s);
  swl_bilevel_free(t);
  CHECK(released == 2);
  swl_options_free(o);
}

/* Checkpoints that cannot be gone on from are refused and do not stay; those that wait are kept, or dropped on request. */
static void checkpoints(void)
{
  static const int64_t one[1] = { N };
  swl_bilevel_problem p = own(), smaller = own();
  swl_bilevel *s = NULL, *t = NULL, *other = NULL;
  swl_options *o = NULL, *hoag = NULL;
  swl_cancel *token = NULL;
  swl_control control;
  swl_bilevel_info whole = empty_bilevel_info(), info = empty_bilevel_info(), fresh = empty_bilevel_info();
  swl_bilevel_cert cert;
  double theta = -3, lo = 5, hi = 6, x[N];
  size_t need = 0, again = 0;
  void *bytes, *same;
  OK(swl_options_new("bilevel", &o));
  OK(swl_options_new("bilevel", &hoag));
  OK(swl_options_set_str(hoag, "method", "hoag"));
  OK(swl_options_set_f64(o, "tolerance", 1e-6));
  OK(swl_options_set_i64(o, "max_iterations", 2));
  OK(swl_bilevel_new_user(&p, &s));
  OK(swl_bilevel_solve(s, &theta, 1, o, NULL, NULL));
  OK(swl_bilevel_save(s, NULL, 0, &need));
  bytes = malloc(need);
  same = malloc(need);
  OK(swl_bilevel_save(s, bytes, need, NULL));
  OK(swl_options_set_i64(o, "max_iterations", 5));
  OK(swl_bilevel_solve(s, &theta, 1, o, NULL, &whole));
  swl_bilevel_free(s);
  /* Of another problem. */
  smaller.samples = 1;
  smaller.lengths = one;
  OK(swl_bilevel_new_user(&smaller, &other));
  FAILS(swl_bilevel_resume(other, bytes, need), SWL_E_ARGUMENT, "buf: expected one of a problem");
  OK(swl_bilevel_solve(other, &theta, 1, o, NULL, NULL));
  swl_bilevel_free(other);
  /* Bounds, before and after. */
  OK(swl_bilevel_new_user(&p, &t));
  OK(swl_bilevel_set_bounds(t, &lo, &hi, 1));
  FAILS(swl_bilevel_resume(t, bytes, need), SWL_E_ARGUMENT, "buf, parameter 0");
  OK(swl_bilevel_set_bounds(t, NULL, NULL, 0));
  OK(swl_bilevel_resume(t, bytes, need));
  OK(swl_bilevel_set_bounds(t, &lo, &hi, 1));
  FAILS(swl_bilevel_solve(t, &theta, 1, o, NULL, &info), SWL_E_ARGUMENT, "checkpoint, parameter 0");
  OK(swl_bilevel_solve(t, &lo, 1, o, NULL, &info));
  OK(swl_bilevel_set_bounds(t, NULL, NULL, 0));
  /* A method that takes none. */
  OK(swl_bilevel_resume(t, bytes, need));
  FAILS(swl_bilevel_solve(t, &theta, 1, hoag, NULL, &info), SWL_E_UNSUPPORTED, "resume");
  OK(swl_bilevel_solve(t, &theta, 1, hoag, NULL, &info));
  /* A failure that is not the checkpoint's leaves it, and so does a stop before it is restored. */
  OK(swl_bilevel_resume(t, bytes, need));
  fail_at = calls;
  FAILS(swl_bilevel_solve(t, &theta, 1, o, NULL, &info), SWL_E_CALLBACK, "33");
  fail_at = -1;
  OK(swl_cancel_new(&token));
  swl_cancel_trip(token);
  memset(&control, 0, sizeof control);
  control.struct_size = sizeof control;
  control.cancel = token;
  OK(swl_bilevel_solve(t, &theta, 1, o, &control, &info));
  CHECK(info.outcome == SWL_CANCELLED);
  OK(swl_bilevel_save(t, NULL, 0, &again));
  CHECK(again == need);
  OK(swl_bilevel_save(t, same, need, NULL));
  CHECK(memcmp(bytes, same, need) == 0);
  memset(&cert, 0, sizeof cert);
  cert.struct_size = sizeof cert;
  FAILS(swl_bilevel_lower(t, 0, x, N), SWL_E_STATE, "a solve that came to a lower solution");
  FAILS(swl_bilevel_certificate(t, o, NULL, &cert), SWL_E_STATE, "a solve that came to a lower solution");
  OK(swl_bilevel_solve(t, &theta, 1, o, NULL, &info));
  CHECK(info.iterations == whole.iterations && info.upper_lo == whole.upper_lo && info.gradients == whole.gradients);
  /* One that waits is dropped. */
  OK(swl_bilevel_solve(t, &theta, 1, o, NULL, &fresh));
  OK(swl_options_set_i64(o, "max_iterations", 0));
  OK(swl_bilevel_resume(t, bytes, need));
  FAILS(swl_bilevel_resume(t, NULL, 5), SWL_E_ARGUMENT, "buf");
  OK(swl_bilevel_resume(t, NULL, 0));
  OK(swl_bilevel_resume(t, NULL, 0)); /* there is none */
  OK(swl_bilevel_solve(t, &theta, 1, o, NULL, &info));
  CHECK(info.iterations == 0 && fresh.iterations == whole.iterations);
  swl_bilevel_free(t);
  swl_cancel_free(token);
  swl_options_free(o);
  swl_options_free(hoag);
  free(bytes);
  free(same);
}

/* A call that is refused. */
#define REFUSED(status, text) \
  FAILS(swl_bilevel_new(&model, &x, &target_of, &x_val, &target_val, NULL, NULL, &made), status, text)

static void rows(void)
{
  enum { ROWS = 40, COLS = 3 };
  static double a[ROWS * COLS], y[ROWS], b[ROWS * COLS], u[ROWS];
  static int32_t fold[ROWS];
  swl_dense train = swl_dense_f64(a, ROWS, COLS, ROWS, SWL_COL_MAJOR), val = swl_dense_f64(b, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  swl_matrix x = swl_matrix_dense(&train), x_val = swl_matrix_dense(&val);
  swl_vec target_of = swl_vec_f64(y, ROWS), target_val = swl_vec_f64(u, ROWS);
  swl_bilevel_model model;
  swl_bilevel *s = NULL;
  swl_bilevel_info start = empty_bilevel_info(), info = empty_bilevel_info();
  swl_options *o = NULL;
  double theta[COLS] = { -2, -2, -2 }, w[COLS];
  uint64_t state = 4;
  int i, k;
  make_data(a, y, ROWS, COLS);
  for (i = 0; i < ROWS; i++) {
    u[i] = 0;
    for (k = 0; k < COLS; k++) b[k * ROWS + i] = next_number(&state), u[i] += (k + 1.0) * b[k * ROWS + i];
    y[i] += 0.5 * next_number(&state);
    fold[i] = i % 4;
  }
  memset(&model, 0, sizeof model);
  model.struct_size = sizeof model;
  model.sharing = SWL_SHARING_FEATURE;
  OK(swl_options_new("bilevel", &o));
  OK(swl_bilevel_new(&model, &x, &target_of, &x_val, &target_val, NULL, NULL, &s));
  OK(swl_options_set_i64(o, "max_iterations", 0));
  OK(swl_bilevel_solve(s, theta, COLS, o, NULL, &start));
  OK(swl_options_set_i64(o, "max_iterations", 100));
  OK(swl_bilevel_solve(s, theta, COLS, o, NULL, &info));
  CHECK(info.upper_hi < start.upper_lo);
  OK(swl_bilevel_lower(s, 0, w, COLS));
  CHECK(fabs(w[2] - 3) < 0.5);
  swl_bilevel_free(s);
  s = NULL;
  model.sharing = SWL_SHARING_SINGLE;
  OK(swl_bilevel_new(&model, &x, &target_of, NULL, NULL, fold, NULL, &s));
  OK(swl_bilevel_solve(s, theta, 1, o, NULL, &info));
  CHECK(info.rigor != SWL_RIGOR_NONE);
  FAILS(swl_bilevel_solve(s, theta, COLS, o, NULL, &info), SWL_E_ARGUMENT, "len");
  theta[0] = NAN;
  FAILS(swl_bilevel_solve(s, theta, 1, o, NULL, &info), SWL_E_DATA, "theta");
  swl_bilevel_free(s);
  s = NULL;
  /* Absolute values as they are: at a strength beyond all correlations nothing is left, exactly. */
  model.problem = SWL_BILEVEL_LASSO;
  OK(swl_bilevel_new(&model, &x, &target_of, &x_val, &target_val, NULL, NULL, &s));
  OK(swl_options_set_i64(o, "max_iterations", 0));
  theta[0] = 5;
  OK(swl_bilevel_solve(s, theta, 1, o, NULL, &info));
  OK(swl_bilevel_lower(s, 0, w, COLS));
  CHECK(w[0] == 0 && w[1] == 0 && w[2] == 0);
  swl_bilevel_free(s);
  s = NULL;
  model.problem = SWL_BILEVEL_ELASTIC_NET; /* smoothing is 0 */
  OK(swl_bilevel_new(&model, &x, &target_of, &x_val, &target_val, NULL, NULL, &s));
  theta[0] = theta[1] = -3;
  OK(swl_bilevel_solve(s, theta, 2, o, NULL, &start));
  OK(swl_options_set_i64(o, "max_iterations", 100));
  OK(swl_bilevel_solve(s, theta, 2, o, NULL, &info));
  CHECK(info.upper_hi <= start.upper_hi);
  OK(swl_bilevel_lower(s, 0, w, COLS));
  CHECK(fabs(w[2] - 3) < 0.5);
  swl_bilevel_free(s);
  model.smoothing = -1;
  REFUSED(SWL_E_ARGUMENT, "model.smoothing: expected a finite number above 0");
  model.problem = SWL_BILEVEL_RIDGE;
  REFUSED(SWL_E_ARGUMENT, "model.smoothing: expected 0");
  model.smoothing = 0;
  model.classes = -5;
  REFUSED(SWL_E_ARGUMENT, "model.classes: expected 0");
  model.classes = 0;
  model.features = 1;
  REFUSED(SWL_E_ARGUMENT, "model.features: expected 0");
  model.group_of_feature = fold;
  REFUSED(SWL_E_ARGUMENT, "model.group_of_feature: expected NULL");
  model.sharing = SWL_SHARING_GROUPS;
  REFUSED(SWL_E_ARGUMENT, "model.features: expected 3");
  model.features = COLS;
  fold[1] = 7;
  REFUSED(SWL_E_DATA, "model.group_of_feature");
  fold[1] = 1;
  model.group_of_feature = NULL;
  model.features = 0;
  model.problem = SWL_BILEVEL_LASSO;
  REFUSED(SWL_E_ARGUMENT, "model.sharing: expected 0");
  model.sharing = SWL_SHARING_SINGLE;
  model.problem = SWL_BILEVEL_MULTINOMIAL;
  model.classes = 1;
  REFUSED(SWL_E_ARGUMENT, "model.classes: expected at least 2");
  model.classes = 2;
  REFUSED(SWL_E_DATA, "a class from 0 to 1");
  model.classes = 0;
  model.problem = SWL_BILEVEL_RIDGE;
  FAILS(swl_bilevel_new(&model, &x, &target_of, &x_val, &target_val, fold, NULL, &made), SWL_E_ARGUMENT, "val_a");
  FAILS(swl_bilevel_new(&model, &x, &target_of, NULL, NULL, NULL, NULL, &made), SWL_E_ARGUMENT, "val_a");
  FAILS(swl_bilevel_new(NULL, &x, &target_of, NULL, NULL, fold, NULL, &made), SWL_E_ARGUMENT, "model");
  FAILS(swl_bilevel_new(&model, &x, &target_of, NULL, &target_val, fold, NULL, &made), SWL_E_ARGUMENT, "val_y: expected NULL");
  u[2] = NAN;
  REFUSED(SWL_E_DATA, "val_y, entry 2");
  u[2] = 0;
  fold[3] = ROWS;
  FAILS(swl_bilevel_new(&model, &x, &target_of, NULL, NULL, fold, NULL, &made), SWL_E_DATA, "fold_of_row, row 3");
  fold[3] = 3;
  model.problem = 77;
  FAILS(swl_bilevel_new(&model, &x, &target_of, NULL, NULL, fold, NULL, &made), SWL_E_UNSUPPORTED, "model.problem");
  model.problem = SWL_BILEVEL_LOGISTIC; /* targets are no labels */
  FAILS(swl_bilevel_new(&model, &x, &target_of, NULL, NULL, fold, NULL, &made), SWL_E_DATA, "");
  model.problem = SWL_BILEVEL_RIDGE;
  fold[3] = -1;
  FAILS(swl_bilevel_new(&model, &x, &target_of, NULL, NULL, fold, NULL, &made), SWL_E_ARGUMENT, "fold_of_row, entry 3");
  a[5] = INFINITY;
  REFUSED(SWL_E_DATA, "a");
  a[5] = 0;
  model.sharing = 9;
  REFUSED(SWL_E_ARGUMENT, "model.sharing");
  CHECK(made == NULL);
  swl_options_free(o);
}

static void pictures(void)
{
  enum { SIDE = 16, PIXELS = SIDE * SIDE };
  static double clean[2 * PIXELS], noisy[2 * PIXELS], out[PIXELS];
  swl_images truth_of = { NULL, 2, SIDE, SIDE, SWL_F64, 0 }, seen = { NULL, 2, SIDE, SIDE, SWL_F64, 0 };
  swl_images_model model;
  swl_bilevel *s = NULL;
  swl_bilevel_info info = empty_bilevel_info();
  swl_options *o = NULL;
  double theta[2] = { -4, -4 }, before = 0, after = 0;
  uint64_t state = 8;
  int k;
  for (k = 0; k < 2 * PIXELS; k++) {
    clean[k] = (k % SIDE > 5) + 0.5 * (k / SIDE % SIDE > 9);
    noisy[k] = clean[k] + 0.2 * next_number(&state);
  }
  truth_of.data = clean;
  seen.data = noisy;
  memset(&model, 0, sizeof model);
  model.struct_size = sizeof model;
  OK(swl_options_new("bilevel", &o));
  OK(swl_options_set_i64(o, "max_iterations", 15));
  OK(swl_bilevel_new_images(&model, &seen, &truth_of, &s));
  OK(swl_bilevel_solve(s, theta, 2, o, NULL, &info));
  OK(swl_bilevel_lower(s, 1, out, PIXELS));
  for (k = 0; k < PIXELS; k++) {
    before += (noisy[PIXELS + k] - clean[PIXELS + k]) * (noisy[PIXELS + k] - clean[PIXELS + k]);
    after += (out[k] - clean[PIXELS + k]) * (out[k] - clean[PIXELS + k]);
  }
  CHECK(after < 0.5 * before && info.iterations > 0 && info.seconds_setup > 0);
  FAILS(swl_bilevel_lower(s, 2, out, PIXELS), SWL_E_ARGUMENT, "sample");
  FAILS(swl_bilevel_lower(s, 1, out, 5), SWL_E_ARGUMENT, "len");
  swl_bilevel_free(s);
  truth_of.count = 1;
  FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "truth");
  truth_of.count = INT64_MAX / 4;
  FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "truth.count");
  truth_of.count = 2;
  noisy[7] = NAN;
  FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_DATA, "observed.data, picture 0, entry 7");
  noisy[7] = 0;
  seen.height = 0;
  FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "observed.height");
  seen.height = SIDE;
  seen.count = truth_of.count = 0;
  FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "observed.count");
  seen.count = truth_of.count = 2;
  model.filters = -9;
  FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "model.filters: expected 0");
  model.problem = SWL_IMAGES_FIELD_OF_EXPERTS;
  FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "model.filters");
  model.filters = 0;
  model.side = 3;
  FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "model.filters: expected at least 1");
  /* So many that their numbers in theta are more than can be counted. */
  for (k = 0; k < 2; k++) {
    model.filters = INT64_MAX >> (4 * k);
    FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "model.filters: expected at most");
  }
  model.filters = 2;
  for (k = 0; k < 2; k++) {
    model.side = k ? INT64_MAX : SIDE + 1;
    FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "model.side");
  }
  model.side = 3;
  model.anisotropic = 7;
  FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "model.anisotropic: expected 0");
  model.anisotropic = 0;
  model.ridge = 3;
  FAILS(swl_bilevel_new_images(&model, &seen, &truth_of, &made), SWL_E_ARGUMENT, "model.ridge: expected 0");
  CHECK(made == NULL);
  swl_options_free(o);
}

static void bad_input(void)
{
  swl_bilevel_problem p = own();
  swl_bilevel *s = NULL;
  swl_options *other = NULL;
  swl_cancel *token = NULL;
  swl_control control;
  swl_bilevel_info info = empty_bilevel_info();
  double theta = 0, low = 1, high = -1;
  const int64_t lengths[2] = { N, INT64_MAX };
  p.flags = 1u << 20;
  FAILS(swl_bilevel_new_user(&p, &made), SWL_E_UNSUPPORTED, "flags");
  p = own();
  p.upper = NULL;
  FAILS(swl_bilevel_new_user(&p, &made), SWL_E_ARGUMENT, "problem.upper");
  p = own();
  p.samples = 0;
  FAILS(swl_bilevel_new_user(&p, &made), SWL_E_ARGUMENT, "samples");
  p = own();
  p.lengths = lengths;
  FAILS(swl_bilevel_new_user(&p, &made), SWL_E_ARGUMENT, "problem.lengths, entry 1: expected a number from 1 to");
  p = own();
  p.l_g = NAN;
  FAILS(swl_bilevel_new_user(&p, &made), SWL_E_ARGUMENT, "l_g");
  p = own();
  FAILS(swl_bilevel_new_user(NULL, &made), SWL_E_ARGUMENT, "problem");
  FAILS(swl_bilevel_new_user(&p, NULL), SWL_E_ARGUMENT, "out");
  OK(swl_bilevel_new_user(&p, &s));
  OK(swl_options_new("bcd", &other));
  FAILS(swl_bilevel_solve(s, &theta, 1, other, NULL, &info), SWL_E_OPTION, "bilevel");
  FAILS(swl_bilevel_solve(s, &theta, 2, NULL, NULL, &info), SWL_E_ARGUMENT, "len");
  FAILS(swl_bilevel_set_bounds(s, &low, &high, 1), SWL_E_ARGUMENT, "lower, entry 0");
  high = NAN;
  FAILS(swl_bilevel_set_bounds(s, &low, &high, 1), SWL_E_ARGUMENT, "upper, entry 0");
  FAILS(swl_bilevel_set_bounds(s, NULL, NULL, 77), SWL_E_ARGUMENT, "len");
  FAILS(swl_bilevel_resume(s, "nothing", 7), SWL_E_FORMAT, "");
  FAILS(swl_bilevel_save(s, NULL, 0, NULL), SWL_E_STATE, "solve");
  OK(swl_cancel_new(&token));
  swl_cancel_trip(token);
  memset(&control, 0, sizeof control);
  control.struct_size = sizeof control;
  control.cancel = token;
  OK(swl_bilevel_solve(s, &theta, 1, NULL, &control, &info));
  CHECK(info.outcome == SWL_CANCELLED && made == NULL);
  swl_bilevel_free(s);
  swl_bilevel_free(NULL);
  swl_cancel_free(token);
  swl_options_free(other);
}

int main(void)
{
  own_functions();
  checkpoints();
  rows();
  pictures();
  bad_input();
  CHECK(swl_has_feature("bilevel") == 1);
  return finish("bilevel");
}
