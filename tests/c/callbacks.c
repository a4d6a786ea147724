/* A matrix by columns and a smooth function, both behind callbacks: the same answers as with arrays, and errors that come
 * back unchanged. */
#include "check.h"

#define ROWS 50
#define COLS 20

static double a[ROWS * COLS], y[ROWS];

typedef struct { int calls, fail_at, nan_at, released; } context;

static int32_t trouble(context *c)
{
  c->calls++;
  return c->calls == c->fail_at ? 42 : 0;
}

static int32_t column_dot(void *ctx, int64_t col, const double *v, double *out)
{
  context *c = ctx;
  int32_t code = trouble(c);
  int r;
  if (code) return code;
  *out = 0.0;
  for (r = 0; r < ROWS; r++) *out += a[col * ROWS + r] * v[r];
  if (c->calls == c->nan_at) *out = NAN;
  return 0;
}

static int32_t column_add(void *ctx, int64_t col, double alpha, double *v)
{
  context *c = ctx;
  int32_t code = trouble(c);
  int r;
  if (code) return code;
  for (r = 0; r < ROWS; r++) v[r] += alpha * a[col * ROWS + r];
  if (c->calls == c->nan_at) v[3] = NAN;
  return 0;
}

static void release(void *ctx) { ((context *)ctx)->released++; }

static swl_operator columns_of(context *c)
{
  swl_operator op;
  memset(&op, 0, sizeof op);
  op.struct_size = sizeof op;
  op.ctx = c;
  op.release = release;
  op.rows = ROWS;
  op.cols = COLS;
  op.column_dot = column_dot;
  op.column_add = column_add;
  return op;
}

static void columns(void)
{
  static const char *losses[] = {"squared", "logistic", "softmax"};
  swl_vec target = swl_vec_f64(y, ROWS);
  context c = {0, 0, 0, 0};
  swl_operator op = columns_of(&c);
  swl_matrix m = swl_matrix_operator(&op);
  swl_bcd_info info = empty_info(), dense_info = empty_info();
  swl_options *o = options_with("lambda_ratio", 0.1);
  double labels[ROWS], coef[COLS], plain[COLS], fitted[ROWS];
  swl_bcd *s = NULL, *d;
  int i, r, at;

  OK(swl_options_set_f64(o, "tolerance", 1e-10));
  for (i = 0; i < 3; i++) {
    for (r = 0; r < ROWS; r++) labels[r] = i == 0 ? y[r] : i == 1 ? (y[r] + 0.3 * (r % 3) > 0.3 ? 1 : -1) : r % 2;
    target = swl_vec_f64(labels, ROWS);
    c.released = 0;
    OK(swl_options_set_str(o, "loss", losses[i]));
    OK(swl_options_set_i64(o, "intercept", 1));
    OK(swl_options_set_i64(o, "threads", 2));
    OK(swl_bcd_new(&m, &target, NULL, NULL, NULL, &s));
    OK(swl_bcd_solve(s, o, NULL, &info));
    CHECK(info.outcome == SWL_CONVERGED);
    d = dense_problem(a, labels, ROWS, COLS);
    OK(swl_bcd_solve(d, o, NULL, &dense_info));
    CHECK(fabs(info.objective - dense_info.objective) <= 1e-9 * dense_info.objective);
    if (i < 2) {
      OK(swl_bcd_coef(s, coef, COLS));
      OK(swl_bcd_coef(d, plain, COLS));
      for (r = 0; r < COLS; r++) CHECK(fabs(coef[r] - plain[r]) <= 1e-4);
      OK(swl_bcd_predict(d, &m, NULL, fitted, ROWS));
    }
    CHECK(c.released == 0);
    swl_bcd_free(s);
    swl_bcd_free(d);
    CHECK(c.released == 1);
  }

  /* Wherever a callback fails, its number comes back; the handle is usable then. */
  target = swl_vec_f64(y, ROWS);
  OK(swl_options_set_str(o, "loss", "squared"));
  OK(swl_bcd_new(&m, &target, NULL, NULL, NULL, &s));
  for (at = 1; at < 100000; at += 1 + at / 4) {
    swl_status rc;
    c.calls = 0;
    c.fail_at = at;
    rc = swl_bcd_solve(s, o, NULL, &info);
    if (rc == SWL_OK) break;
    CHECK(rc == SWL_E_CALLBACK && info.callback_code == 42 && strstr(message(), "42") != NULL);
    CHECK(swl_bcd_coef(s, coef, COLS) == SWL_E_STATE);
  }
  CHECK(at > 10 && c.calls < at);
  for (at = 1; at < 1000; at++) {
    swl_status rc;
    c.calls = 0;
    c.fail_at = at;
    coef[0] = 7.0;
    rc = swl_bcd_derivative_forward(s, 1.0, NULL, NULL, NULL, NULL, coef, COLS, NULL);
    if (rc == SWL_OK) break;
    CHECK(rc == SWL_E_CALLBACK && strstr(message(), "42") != NULL && coef[0] == 7.0);
  }
  CHECK(at > 1 && c.calls < at);
  c.fail_at = 0;
  for (at = 1; at < 30; at++) {
    c.calls = 0;
    c.nan_at = at;
    OK(swl_bcd_warm_start(s, NULL, NULL));
    FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_CALLBACK, "finite numbers");
    CHECK(info.callback_code == 0);
  }
  c.nan_at = 0;
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED && info.callback_code == 0);
  swl_bcd_free(s);

  /* What is refused holds nothing. */
  c.released = 0;
  op.column_dot = NULL;
  FAILS(swl_bcd_new(&m, &target, NULL, NULL, NULL, &s), SWL_E_ARGUMENT, "a.column_dot");
  op = columns_of(&c);
  op.flags = 4;
  FAILS(swl_bcd_new(&m, &target, NULL, NULL, NULL, &s), SWL_E_UNSUPPORTED, "a.flags");
  op = columns_of(&c);
  op.rows = -1;
  FAILS(swl_bcd_new(&m, &target, NULL, NULL, NULL, &s), SWL_E_ARGUMENT, "a.rows");
  op.rows = INT64_MAX;
  op.cols = INT64_MAX;
  FAILS(swl_bcd_new(&m, &target, NULL, NULL, NULL, &s), SWL_E_ARGUMENT, "a");
  op = columns_of(&c);
  op.struct_size = 0;
  FAILS(swl_bcd_new(&m, &target, NULL, NULL, NULL, &s), SWL_E_ARGUMENT, "struct_size");
  CHECK(c.released == 0);
  swl_options_free(o);
}

/* f(x) = sum log cosh(a_j . x - y_j) over rows j, by nothing but callbacks. */
static int32_t value(void *ctx, const double *x, double *out)
{
  context *c = ctx;
  int32_t code = trouble(c);
  int r, j;
  if (code) return code;
  *out = 0.0;
  for (r = 0; r < ROWS; r++) {
    double z = -y[r];
    for (j = 0; j < COLS; j++) z += a[j * ROWS + r] * x[j];
    *out += fabs(z) + log1p(exp(-2.0 * fabs(z))) - log(2.0);
  }
  if (c->calls == c->nan_at) *out = NAN;
  return 0;
}

static int32_t gradient(void *ctx, const double *x, const int64_t *list, int64_t n, double *out)
{
  context *c = ctx;
  int32_t code = trouble(c);
  int64_t i;
  int r, j;
  if (code) return code;
  for (i = 0; i < n; i++) out[i] = 0.0;
  for (r = 0; r < ROWS; r++) {
    double z = -y[r];
    for (j = 0; j < COLS; j++) z += a[j * ROWS + r] * x[j];
    for (i = 0; i < n; i++) out[i] += a[list[i] * ROWS + r] * tanh(z);
  }
  if (c->calls == c->nan_at) out[n - 1] = NAN;
  return 0;
}

static int32_t hessian(void *ctx, const double *x, const int64_t *list, int64_t n, double *out)
{
  context *c = ctx;
  int32_t code = trouble(c);
  int64_t i, k;
  int r, j;
  if (code) return code;
  for (i = 0; i < n * n; i++) out[i] = 0.0;
  for (r = 0; r < ROWS; r++) {
    double z = -y[r], w;
    for (j = 0; j < COLS; j++) z += a[j * ROWS + r] * x[j];
    w = 1.0 - tanh(z) * tanh(z);
    for (k = 0; k < n; k++)
      for (i = 0; i < n; i++) out[i + n * k] += w * a[list[i] * ROWS + r] * a[list[k] * ROWS + r];
  }
  if (c->calls == c->nan_at) out[0] = NAN;
  return 0;
}

static swl_function function_of(context *c, int with_hessian, const double *bounds)
{
  swl_function f;
  memset(&f, 0, sizeof f);
  f.struct_size = sizeof f;
  f.ctx = c;
  f.release = release;
  f.cols = COLS;
  f.value = value;
  f.gradient = gradient;
  f.hessian = with_hessian ? hessian : NULL;
  f.lipschitz = bounds;
  return f;
}

/* Distance of minus the gradient from the subdifferential of lambda |x|_1. */
static double violation(const double *x, double lambda)
{
  context c = {0, 0, 0, 0};
  int64_t list[COLS];
  double g[COLS], worst = 0.0;
  int j;
  for (j = 0; j < COLS; j++) list[j] = j;
  gradient(&c, x, list, COLS, g);
  for (j = 0; j < COLS; j++) {
    double off = x[j] > 0 ? fabs(g[j] + lambda) : x[j] < 0 ? fabs(g[j] - lambda) : fabs(g[j]) - lambda;
    if (off > worst) worst = off;
  }
  return worst;
}

static void functions(void)
{
  static const char *rules[] = {"auto", "cyclic", "gs", "gsl", "gsd", "gsq"};
  static const char *updates[] = {"newton", "gradient", "matrix"};
  double bounds[COLS], coef[COLS], lambda_max;
  context c = {0, 0, 0, 0};
  swl_options *o = options_with("lambda_ratio", 0.2);
  swl_bcd_info info = empty_info();
  swl_function f;
  swl_bcd *s = NULL;
  int i, j, r, u, at;

  for (j = 0; j < COLS; j++)
    for (r = 0, bounds[j] = 0.0; r < ROWS; r++) bounds[j] += a[j * ROWS + r] * a[j * ROWS + r];
  OK(swl_options_set_f64(o, "tolerance", 1e-8));
  OK(swl_options_set_i64(o, "block_size", 4));
  for (i = 0; i < 4; i++) {
    f = function_of(&c, i & 1, i & 2 ? bounds : NULL);
    c.released = 0;
    OK(swl_bcd_new_user(&f, NULL, NULL, &s));
    OK(swl_bcd_lambda_max(s, o, NULL, &lambda_max));
    for (r = 0; r < 6; r++) {
      for (u = 0; u < 3; u++) {
        OK(swl_options_set_str(o, "rule", rules[r]));
        OK(swl_options_set_str(o, "update", updates[u]));
        OK(swl_options_set_str(o, "lipschitz", i & 2 ? "bound" : "estimate"));
        OK(swl_bcd_warm_start(s, NULL, NULL));
        if (r > 0 && !(i & 2) && (u == 2 || (u == 0 && !(i & 1)))) {
          FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_OPTION, "update");
          continue;
        }
        OK(swl_bcd_solve(s, o, NULL, &info));
        CHECK(info.outcome == SWL_CONVERGED && info.certificate_kind == SWL_CERT_GRADIENT);
        CHECK(info.lambda == 0.2 * lambda_max && info.nonzeros > 0 && info.nonzeros < COLS);
        OK(swl_bcd_coef(s, coef, COLS));
        CHECK(violation(coef, info.lambda) <= info.target * 1.001 + 1e-12);
      }
    }
    swl_bcd_free(s);
    CHECK(c.released == 1);
  }

  /* Failures, numbers that are none, and what the function cannot serve. */
  f = function_of(&c, 1, bounds);
  OK(swl_bcd_new_user(&f, NULL, NULL, &s));
  OK(swl_options_set_str(o, "rule", "auto"));
  OK(swl_options_set_f64(o, "tolerance", 1e-6));
  for (at = 1; at < 20; at++) {
    OK(swl_bcd_warm_start(s, NULL, NULL));
    c.calls = 0;
    c.fail_at = at;
    FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_CALLBACK, "42");
    CHECK(info.callback_code == 42 && c.calls == at);
    c.calls = c.fail_at = 0;
    c.nan_at = at;
    FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_CALLBACK, "finite numbers");
    c.nan_at = 0;
  }
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED);
  OK(swl_options_set_i64(o, "intercept", 1));
  FAILS(swl_bcd_solve(s, o, NULL, &info), SWL_E_OPTION, "intercept");
  swl_bcd_free(s);
  f.value = NULL;
  FAILS(swl_bcd_new_user(&f, NULL, NULL, &s), SWL_E_ARGUMENT, "f.value");
  f = function_of(&c, 1, bounds);
  bounds[2] = 0.0;
  FAILS(swl_bcd_new_user(&f, NULL, NULL, &s), SWL_E_DATA, "lipschitz, column 2");
  f.cols = -1;
  FAILS(swl_bcd_new_user(&f, NULL, NULL, &s), SWL_E_ARGUMENT, "f.cols");
  FAILS(swl_bcd_new_user(NULL, NULL, NULL, &s), SWL_E_ARGUMENT, "f");
  swl_options_free(o);
}

int main(void)
{
  make_data(a, y, ROWS, COLS);
  columns();
  functions();
  printf("callbacks: %s\n", failures ? "failed" : "ok");
  return failures != 0;
}
