/* Fits a support vector machine:  cc -std=c99 svm.c -I../../include -L../../target/release -lsouthwell -lm
 * The loader wants the library by its SONAME, and to know where it is:
 *   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
 *   LD_LIBRARY_PATH=../../target/release ./a.out
 *
 * minimize sum_r max(0, 1 - y_r a_r'x) + lambda/2 |x|^2. The last column is constant: it is the bias. */
#include <southwell.h>
#include <stdio.h>
#include <string.h>

#define ROWS 6

int main(void)
{
  /* Rows by rows (CSR): two features and the constant. */
  const int32_t indptr[ROWS + 1] = {0, 3, 6, 8, 11, 14, 16};
  const int32_t indices[] = {0, 1, 2, 0, 1, 2, 1, 2, 0, 1, 2, 0, 1, 2, 0, 2};
  const double values[] = {2, 1, 1, 1, 3, 1, 2, 1, -1, -2, 1, -2, 0.5, 1, -1, 1};
  const double y[ROWS] = {1, 1, 1, -1, -1, -1};
  double coef[3], dual[ROWS];
  char message[256];
  int i;
  swl_sparse rows = swl_csr_f64_i32(ROWS, 3, 16, indptr, indices, values);
  swl_matrix a = swl_matrix_sparse(&rows);
  swl_vec labels = swl_vec_f64(y, ROWS);
  swl_options *o = NULL;
  swl_bcd *s = NULL;
  swl_bcd_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  if (swl_options_new("bcd", &o) || swl_options_set_str(o, "loss", "hinge") ||
      swl_options_set_str(o, "penalty", "ridge") || swl_options_set_f64(o, "lambda", 0.1) ||
      swl_options_set_f64(o, "tolerance", 1e-10) || swl_bcd_new(&a, &labels, o, NULL, NULL, &s) ||
      swl_bcd_solve(s, o, NULL, &info) || swl_bcd_coef(s, coef, 3) || swl_bcd_dual(s, dual, ROWS)) {
    swl_last_message(message, sizeof message);
    printf("%s\n", message);
    return 1;
  }
  printf("%s: objective %.6f, duality gap %.1e\n", swl_outcome_name(info.outcome), info.objective, info.certificate);
  for (i = 0; i < 3; i++) printf("coef[%d] = %.6f\n", i, coef[i]);
  for (i = 0; i < ROWS; i++) printf("row %d: y alpha = %.6f\n", i, dual[i]);
  swl_bcd_free(s);
  swl_options_free(o);
  return 0;
}
