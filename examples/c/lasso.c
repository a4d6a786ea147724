/* Solves a small lasso:  cc -std=c99 lasso.c -I../../include -L../../target/release -lsouthwell -lm
 * The loader wants the library by its SONAME, and to know where it is:
 *   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
 *   LD_LIBRARY_PATH=../../target/release ./a.out */
#include <southwell.h>
#include <stdio.h>

int main(void)
{
  /* Six rows, three columns; column j has the entries indptr[j] .. indptr[j + 1] - 1. */
  const int32_t indptr[] = { 0, 3, 6, 8 }, indices[] = { 0, 2, 4, 1, 3, 5, 0, 5 };
  const double values[] = { 1, 2, -1, 3, 1, 1, 0.5, -0.5 }, y[] = { 2.1, -2.9, 4.2, -1.1, -1.9, -0.8 };
  swl_sparse csc = swl_csc_f64_i32(6, 3, 8, indptr, indices, values);
  swl_matrix a = swl_matrix_sparse(&csc);
  swl_vec target = swl_vec_f64(y, 6);
  swl_options *options = NULL;
  swl_bcd *lasso = NULL;
  swl_bcd_info info = { .struct_size = sizeof info };
  double coef[3];

  swl_status rc = swl_options_new("bcd", &options);
  if (rc == SWL_OK) rc = swl_options_set_f64(options, "lambda_ratio", 0.1);
  if (rc == SWL_OK) rc = swl_bcd_new(&a, &target, NULL, NULL, NULL, &lasso);
  if (rc == SWL_OK) rc = swl_bcd_solve(lasso, options, NULL, &info);
  if (rc == SWL_OK) rc = swl_bcd_coef(lasso, coef, 3);
  if (rc == SWL_OK) {
    printf("%s: objective %.6f, within %.1e of the minimum\n", swl_outcome_name(info.outcome), info.objective, info.certificate);
    for (int j = 0; j < 3; j++) printf("coef[%d] = %.6f\n", j, coef[j]);
  } else {
    char message[256];
    swl_last_message(message, sizeof message);
    fprintf(stderr, "%s: %s\n", swl_status_name(rc), message);
  }
  swl_bcd_free(lasso);
  swl_options_free(options);
  return rc == SWL_OK && info.outcome == SWL_CONVERGED ? 0 : 1;
}
