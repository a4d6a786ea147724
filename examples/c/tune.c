/* Tunes a penalty for each feature:  cc -std=c99 tune.c -I../../include -L../../target/release -lsouthwell -lm
 * The loader wants the library by its SONAME, and to know where it is:
 *   ln -sf libsouthwell.so ../../target/release/libsouthwell.so.0.1
 *   LD_LIBRARY_PATH=../../target/release ./a.out [FILE]
 * FILE is a CSV of 30 features and a label of 0 or 1; without it ../../data/breast_cancer.csv is read.
 * Logistic regression: two rows of three train the coefficients, the third judges the strengths of their ridge. */
#include <math.h>
#include <southwell.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 2000, COLS = 30 };
static double all[MOST][COLS + 1], train[MOST * COLS], train_y[MOST], val[MOST * COLS], val_y[MOST];

static int read_file(const char *name)
{
  char line[2048];
  int n = 0;
  FILE *file = fopen(name, "r");
  while (file != NULL && n < MOST && fgets(line, sizeof line, file) != NULL) {
    int j = 0, used = 0;
    const char *at = line;
    while (j <= COLS && sscanf(at, "%lf%n", &all[n][j], &used) == 1) j++, at += used + (at[used] == ',');
    n += j == COLS + 1;
  }
  if (file == NULL) perror(name);
  else fclose(file);
  return n;
}

int main(int argc, char **argv)
{
  const int n = read_file(argc > 1 ? argv[1] : "../../data/breast_cancer.csv");
  int64_t rows = 0, held = 0;
  if (n == 0) return 1;
  for (int j = 0; j < COLS; j++) { /* features to mean 0 and deviation 1 */
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) sum += all[i][j];
    for (int i = 0; i < n; i++) squares += (all[i][j] - sum / n) * (all[i][j] - sum / n);
    for (int i = 0; i < n; i++) all[i][j] = (all[i][j] - sum / n) / sqrt(squares / n);
  }
  for (int i = 0; i < n; i++) {
    double *to = i % 3 == 2 ? val + COLS * held : train + COLS * rows;
    memcpy(to, all[i], COLS * sizeof *to);
    if (i % 3 == 2) val_y[held++] = 2 * all[i][COLS] - 1;
    else train_y[rows++] = 2 * all[i][COLS] - 1;
  }
  const swl_dense a = swl_dense_f64(train, rows, COLS, COLS, SWL_ROW_MAJOR), b = swl_dense_f64(val, held, COLS, COLS, SWL_ROW_MAJOR);
  const swl_matrix x = swl_matrix_dense(&a), x_val = swl_matrix_dense(&b);
  const swl_vec y = swl_vec_f64(train_y, rows), y_val = swl_vec_f64(val_y, held);
  const swl_bilevel_model model = { .struct_size = sizeof model, .problem = SWL_BILEVEL_LOGISTIC, .sharing = SWL_SHARING_FEATURE,
                                    .intercept = 1 };
  double theta[COLS], weakest = 0;
  int which = 0;
  for (int j = 0; j < COLS; j++) theta[j] = -3; /* logarithms of the strengths */
  swl_options *options = NULL;
  swl_bilevel *s = NULL;
  swl_bilevel_info start = { .struct_size = sizeof start }, info = { .struct_size = sizeof info };

  swl_status rc = swl_options_new("bilevel", &options);
  if (rc == SWL_OK) rc = swl_bilevel_new(&model, &x, &y, &x_val, &y_val, NULL, NULL, &s);
  if (rc == SWL_OK) rc = swl_options_set_i64(options, "max_iterations", 0); /* the start alone, exactly */
  if (rc == SWL_OK) rc = swl_options_set_f64(options, "lower_accuracy", 1e-8);
  if (rc == SWL_OK) rc = swl_bilevel_solve(s, theta, COLS, options, NULL, &start);
  if (rc == SWL_OK) rc = swl_options_reset(options, "lower_accuracy");
  if (rc == SWL_OK) rc = swl_options_set_i64(options, "max_iterations", 200);
  if (rc == SWL_OK) rc = swl_options_set_f64(options, "tolerance", 1e-2);
  if (rc == SWL_OK) rc = swl_bilevel_solve(s, theta, COLS, options, NULL, &info);
  if (rc == SWL_OK) rc = swl_bilevel_theta(s, theta, COLS);
  if (rc == SWL_OK) {
    for (int j = 1; j < COLS; j++)
      if (theta[j] < theta[which]) which = j;
    weakest = exp(theta[which]);
    printf("%s after %d steps: validation loss %.4f, at first %.4f; between %.6f and %.6f (%s)\n",
           swl_outcome_name(info.outcome), (int)info.iterations, info.upper_value, start.upper_value, info.upper_lo, info.upper_hi,
           info.rigor == SWL_RIGOR_PROVEN ? "proven" : "estimated");
    printf("feature %d has the weakest penalty: %.2g\n", which, weakest);
  } else {
    char message[256];
    swl_last_message(message, sizeof message);
    fprintf(stderr, "%s: %s\n", swl_status_name(rc), message);
  }
  swl_bilevel_free(s);
  swl_options_free(options);
  return rc == SWL_OK && info.upper_value < start.upper_value ? 0 : 1;
}
