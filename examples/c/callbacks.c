/* Minimizes a function of the caller:  cc -std=c99 callbacks.c -I../../include -L../../target/release -lsouthwell -lm
 * The loader wants the library by its SONAME, and to know where it is:
 *   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
 *   LD_LIBRARY_PATH=../../target/release ./a.out
 *
 * A function of our own, f(x) = sum_i log(cosh(x_i - t_i)) + 1/2 sum_i (x_i - x_{i+1})^2, with an L1 penalty. */
#include <math.h>
#include <southwell.h>
#include <stdio.h>
#include <string.h>

#define N 6
static const double t[N] = {3.0, 2.5, 0.1, -0.2, 0.0, -4.0};

static int32_t value(void *ctx, const double *x, double *out)
{
  int i;
  (void)ctx;
  for (i = 0, *out = 0.0; i < N; i++) *out += log(cosh(x[i] - t[i]));
  for (i = 0; i + 1 < N; i++) *out += 0.5 * (x[i] - x[i + 1]) * (x[i] - x[i + 1]);
  return 0; /* a number above 0 would end the solve and reach its caller */
}

static int32_t gradient(void *ctx, const double *x, const int64_t *list, int64_t n, double *out)
{
  int64_t k;
  (void)ctx;
  for (k = 0; k < n; k++) {
    int64_t i = list[k];
    out[k] = tanh(x[i] - t[i]);
    if (i > 0) out[k] += x[i] - x[i - 1];
    if (i + 1 < N) out[k] += x[i] - x[i + 1];
  }
  return 0;
}

int main(void)
{
  static const double bounds[N] = {2, 3, 3, 3, 3, 2}; /* of the second derivative in each coordinate */
  double coef[N];
  char message[256];
  int i;
  swl_function f;
  swl_options *o = NULL;
  swl_bcd *s = NULL;
  swl_bcd_info info;
  memset(&f, 0, sizeof f);
  memset(&info, 0, sizeof info);
  f.struct_size = sizeof f;
  info.struct_size = sizeof info;
  f.cols = N;
  f.value = value;
  f.gradient = gradient;
  f.lipschitz = bounds;
  if (swl_options_new("bcd", &o) || swl_options_set_f64(o, "lambda", 0.3) || swl_options_set_str(o, "rule", "gsl") ||
      swl_options_set_str(o, "update", "gradient") || swl_bcd_new_user(&f, NULL, NULL, &s) ||
      swl_bcd_solve(s, o, NULL, &info) || swl_bcd_coef(s, coef, N)) {
    swl_last_message(message, sizeof message);
    printf("%s\n", message);
    return 1;
  }
  printf("%s after %d iterations, objective %.6f, gradient norm %.1e\n", swl_outcome_name(info.outcome),
         (int)info.iterations, info.objective, info.certificate);
  for (i = 0; i < N; i++) printf("coef[%d] = %.6f\n", i, coef[i]);
  swl_bcd_free(s);
  swl_options_free(o);
  return 0;
}
