/* Arrays read in place are released once, when the handle is freed; never if the call fails. */
#include "check.h"

#define ROWS 20
#define COLS 8

static double a[ROWS * COLS], y[ROWS];
static int released = 0;

static void release(void *ctx)
{
  released++;
  free(ctx);
}

static void dense(void)
{
  double *own = (double *)malloc(sizeof a), coef[COLS], copied[COLS];
  swl_keep keep = { own, release };
  swl_dense d = swl_dense_f64(own, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  swl_matrix m = swl_matrix_dense(&d);
  swl_vec target = swl_vec_f64(y, ROWS), wrong = swl_vec_f64(y, ROWS - 1);
  swl_bcd *s = NULL, *other;
  swl_bcd_info info = empty_info();
  if (own == NULL) exit(2);
  memcpy(own, a, sizeof a);
  FAILS(swl_bcd_new(&m, &wrong, NULL, &keep, NULL, &s), SWL_E_ARGUMENT, "y.len");
  own[3] = NAN;
  FAILS(swl_bcd_new(&m, &target, NULL, &keep, NULL, &s), SWL_E_DATA, "row 3");
  own[3] = a[3];
  CHECK(released == 0);
  OK(swl_bcd_new(&m, &target, NULL, &keep, NULL, &s));
  memset(&d, 0xff, sizeof d); /* views are not needed after the call */
  memset(&m, 0xff, sizeof m);
  OK(swl_bcd_solve(s, NULL, NULL, &info));
  OK(swl_bcd_coef(s, coef, COLS));
  OK(swl_bcd_set_weights(s, NULL));
  CHECK(released == 0 && memcmp(own, a, sizeof a) == 0); /* read, never written */
  swl_bcd_free(s);
  CHECK(released == 1);
  other = dense_problem(a, y, ROWS, COLS);
  OK(swl_bcd_solve(other, NULL, NULL, &info));
  OK(swl_bcd_coef(other, copied, COLS));
  CHECK(memcmp(coef, copied, sizeof coef) == 0);
  swl_bcd_free(other);
}

typedef struct arrays { int64_t p[3], i[4]; float v[4]; } arrays;

static void sparse(void)
{
  arrays *own = (arrays *)calloc(1, sizeof *own);
  static const int64_t p[3] = { 0, 2, 4 }, i[4] = { 0, 3, 1, 2 };
  static const float v[4] = { 1.0f, 2.0f, 3.0f, 4.0f };
  swl_keep keep = { own, release };
  swl_sparse q;
  swl_matrix m = swl_matrix_sparse(&q);
  double target_data[4] = { 1.0, 2.0, 3.0, 4.0 }, fitted[4];
  swl_vec target = swl_vec_f64(target_data, 4);
  swl_bcd *s = NULL;
  swl_bcd_info info = empty_info();
  if (own == NULL) exit(2);
  memcpy(own->p, p, sizeof p);
  memcpy(own->i, i, sizeof i);
  memcpy(own->v, v, sizeof v);
  q = swl_csc_f32_i64(4, 2, 4, own->p, own->i, own->v);
  OK(swl_bcd_new(&m, &target, NULL, &keep, NULL, &s));
  OK(swl_bcd_solve(s, NULL, NULL, &info));
  OK(swl_bcd_fitted(s, fitted, 4));
  CHECK(released == 1 && memcmp(own->p, p, sizeof p) == 0 && memcmp(own->i, i, sizeof i) == 0);
  CHECK(memcmp(own->v, v, sizeof v) == 0);
  swl_bcd_free(s);
  CHECK(released == 2);
}

int main(void)
{
  make_data(a, y, ROWS, COLS);
  dense();
  sparse();
  return finish("keep");
}
