/* What is known of a solution:  cc -std=c99 sensitivity.c -I../../include -L../../target/release -lsouthwell -lm
 * The loader wants the library by its SONAME, and to know where it is:
 *   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
 *   LD_LIBRARY_PATH=../../target/release ./a.out
 *
 * A lasso on 442 patients: which measures predict the course of their diabetes? Three questions about the answer. Which
 * coefficients are 0 in every solution? How does it change with lambda, and with what was measured in one patient? How often is
 * each measure selected when the patients are drawn anew (a batch of bootstrap samples: weights that count the draws)? */
#include <southwell.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 442, COLS = 10, SAMPLES = 40 };

static double a[COLS * ROWS], y[ROWS], weights[SAMPLES * ROWS], coefs[SAMPLES * COLS];
static const char *names[COLS] = { "age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu" };

/* Names in the first line, the target in the last column. */
static int read_data(const char *file)
{
  FILE *f = fopen(file, "r");
  char line[256];
  int r, j;
  if (f == NULL) return 0;
  if (fgets(line, sizeof line, f) == NULL) return fclose(f), 0;
  for (r = 0; r < ROWS && fgets(line, sizeof line, f) != NULL; r++) {
    char *cell = line;
    for (j = 0; j <= COLS; j++, cell++) {
      const double value = strtod(cell, &cell);
      if (j < COLS) a[j * ROWS + r] = value;
      else y[r] = value;
    }
  }
  fclose(f);
  return r == ROWS;
}

/* Ends the program where a call fails. */
static void need(swl_status status)
{
  char message[256];
  if (status == SWL_OK) return;
  swl_last_message(message, sizeof message);
  printf("%s: %s\n", swl_status_name(status), message);
  exit(1);
}

int main(int argc, char **argv)
{
  const char *file = argc > 1 ? argv[1] : "../../data/diabetes.csv";
  swl_dense dense = swl_dense_f64(a, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  swl_dense draws = swl_dense_f64(weights, ROWS, SAMPLES, ROWS, SWL_COL_MAJOR);
  swl_matrix matrix = swl_matrix_dense(&dense);
  swl_vec target = swl_vec_f64(y, ROWS), of_coef;
  swl_options *o = NULL;
  swl_bcd *s = NULL;
  swl_bcd_info info;
  swl_identification seen;
  double coef[COLS], by_lambda[COLS], bmi[COLS] = { 0 }, by_patient[ROWS];
  uint8_t always_zero[COLS];
  uint64_t state = 7;
  int j, k, r, most = 0;

  if (!read_data(file)) return printf("%s: expected %d rows of %d columns\n", file, ROWS, COLS + 1), 1;
  memset(&info, 0, sizeof info);
  memset(&seen, 0, sizeof seen);
  info.struct_size = sizeof info;
  seen.struct_size = sizeof seen;
  need(swl_options_new("bcd", &o));
  need(swl_options_set_f64(o, "lambda_ratio", 0.1));
  need(swl_options_set_i64(o, "intercept", 1));
  need(swl_options_set_i64(o, "standardize", 1));
  need(swl_options_set_f64(o, "tolerance", 1e-12));
  need(swl_bcd_new(&matrix, &target, o, NULL, NULL, &s));
  need(swl_bcd_solve(s, o, NULL, &info));
  need(swl_bcd_coef(s, coef, COLS));

  need(swl_bcd_identify(s, always_zero, COLS, NULL, &seen));
  /* Forwards: all coefficients by one number. Backwards: one coefficient by the target of every patient. */
  need(swl_bcd_derivative_forward(s, 1.0, NULL, NULL, NULL, NULL, by_lambda, COLS, NULL));
  bmi[2] = 1.0;
  of_coef = swl_vec_f64(bmi, COLS);
  need(swl_bcd_derivative_backward(s, &of_coef, 0.0, NULL, NULL, NULL, NULL, by_patient, ROWS));
  for (r = 0; r < ROWS; r++)
    if (by_patient[r] * by_patient[r] > by_patient[most] * by_patient[most]) most = r;

  for (k = 0; k < SAMPLES * ROWS; k++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    weights[k / ROWS * ROWS + (state >> 33) % ROWS] += 1.0;
  }
  need(swl_bcd_batch(s, o, NULL, &draws, NULL, coefs, SAMPLES * COLS, NULL, 0, NULL));

  printf("%s: lambda %.1f, duality gap %.1e\n", swl_outcome_name(info.outcome), info.lambda, info.certificate);
  for (j = 0; j < COLS; j++) {
    int count = 0;
    for (k = 0; k < SAMPLES; k++) count += coefs[k * COLS + j] != 0.0;
    printf("coef[%s] = %9.4f, by lambda %9.6f, in %2d of %d samples%s\n", names[j], coef[j], by_lambda[j], count, SAMPLES,
           always_zero[j] ? ", 0 in every solution" : "");
  }
  printf("%s solution; nothing joins or leaves while the slopes change by less than %.2f\n",
         seen.unique ? "the only" : "perhaps not the only", seen.margin);
  printf("patient %d counts most for bmi: %.4f for each unit of progression\n", most + 1, by_patient[most]);
  swl_bcd_free(s);
  swl_options_free(o);
  return 0;
}
