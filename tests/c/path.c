/* Paths, cross-validation and batches through every call, against single solves. */
#include "check.h"

#define ROWS 60
#define COLS 20
#define POINTS 6
#define K 3

static double a[ROWS * COLS], y[ROWS];

static void close_to(double found, double expected, double room)
{
  CHECK(fabs(found - expected) <= room * (1.0 + fabs(expected)));
}

static void paths(void)
{
  swl_options *o = options_with("lambda_ratio", 0.01), *one = options_with("tolerance", 1e-10);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS), *other = dense_problem(a, y, ROWS, COLS);
  swl_path_grid grid;
  swl_bcd_info info = empty_info(), single = empty_info(), last = empty_info();
  double coef[COLS], again[COLS], b, between[400], given[3];
  swl_vec lambdas = swl_vec_f64(given, 3);
  int64_t count = -1;
  int32_t end = -1;
  int k, j;

  memset(&grid, 0, sizeof grid);
  grid.struct_size = sizeof grid;
  grid.count = POINTS;
  OK(swl_options_set_f64(o, "tolerance", 1e-10));
  FAILS(swl_bcd_path_info(s, 0, &info), SWL_E_STATE, "path");
  FAILS(swl_bcd_path_coef(s, 0, coef, COLS), SWL_E_STATE, "path");
  FAILS(swl_bcd_path_select(s, 0), SWL_E_STATE, "path");
  FAILS(swl_bcd_path_end(s, &end), SWL_E_STATE, "path");
  OK(swl_bcd_path(s, o, &grid, NULL, &count));
  CHECK(count == POINTS);
  OK(swl_bcd_path_end(s, &end));
  CHECK(end == SWL_PATH_COMPLETE);
  for (k = 0; k < POINTS; k++) {
    OK(swl_bcd_path_info(s, k, &info));
    CHECK(info.outcome == SWL_CONVERGED && info.certificate_kind == SWL_CERT_DUALITY_GAP);
    CHECK(info.settled_at <= info.iterations && info.explained <= 1.0);
    OK(swl_options_set_f64(one, "lambda", info.lambda));
    OK(swl_bcd_solve(other, one, NULL, &single));
    close_to(single.objective, info.objective, 1e-9);
    OK(swl_bcd_path_coef(s, k, coef, COLS));
    OK(swl_bcd_coef(other, again, COLS));
    for (j = 0; j < COLS; j++) close_to(coef[j], again[j], 1e-4);
    OK(swl_bcd_path_intercept(s, k, &b, 1));
  }
  FAILS(swl_bcd_path_info(s, POINTS, &info), SWL_E_ARGUMENT, "k: expected 0 <= k < 6");
  FAILS(swl_bcd_path_info(s, -1, &info), SWL_E_ARGUMENT, "k:");
  FAILS(swl_bcd_path_info(s, 0, NULL), SWL_E_ARGUMENT, "inout");
  FAILS(swl_bcd_path_coef(s, 0, coef, COLS - 1), SWL_E_ARGUMENT, "len");
  FAILS(swl_bcd_path_coef(s, 0, NULL, COLS), SWL_E_ARGUMENT, "out");
  FAILS(swl_bcd_path_between(s, between, 1), SWL_E_ARGUMENT, "len");
  OK(swl_bcd_path_between(s, NULL, 0));
  OK(swl_bcd_coef(s, again, COLS)); /* the last point is the last solution */
  for (j = 0; j < COLS; j++) CHECK(coef[j] == again[j]);
  OK(swl_bcd_path_select(s, 2));
  OK(swl_bcd_path_coef(s, 2, coef, COLS));
  OK(swl_bcd_coef(s, again, COLS));
  for (j = 0; j < COLS; j++) CHECK(coef[j] == again[j]);

  grid.kind = SWL_PATH_GIVEN;
  grid.count = 0;
  grid.lambdas = &lambdas;
  given[0] = 3.0; given[1] = 1.0; given[2] = 0.0;
  OK(swl_bcd_path(s, NULL, &grid, NULL, &count));
  CHECK(count == 3);
  OK(swl_bcd_path_info(s, 1, &last));
  CHECK(last.lambda == 1.0);
  grid.max_nonzeros = 1;
  OK(swl_bcd_path(s, NULL, &grid, NULL, &count));
  OK(swl_bcd_path_end(s, &end));
  CHECK(end == SWL_PATH_NONZEROS && count == 1);
  grid.max_nonzeros = 0;
  grid.max_explained = 0.5;
  OK(swl_bcd_path(s, NULL, &grid, NULL, &count));
  OK(swl_bcd_path_end(s, &end));
  CHECK(end == SWL_PATH_EXPLAINED);
  grid.max_explained = 0.0;

  grid.kind = SWL_PATH_ADAPTIVE;
  grid.lambdas = NULL;
  grid.gap = 1e-2;
  OK(swl_bcd_path(s, o, &grid, NULL, &count));
  CHECK(count > 2 && count < 400);
  OK(swl_bcd_path_between(s, between, count - 1));
  for (k = 0; k + 1 < (int)count; k++) {
    OK(swl_bcd_path_info(s, k, &info));
    CHECK(between[k] >= 0.0 && between[k] < 1e3);
  }

#define GRID_FAILS(status, text)                              \
  do {                                                        \
    count = 77;                                               \
    FAILS(swl_bcd_path(s, o, &grid, NULL, &count), status, text); \
    CHECK(count == 77);                                       \
  } while (0)
  grid.gap = NAN; GRID_FAILS(SWL_E_ARGUMENT, "grid.gap:");
  grid.gap = 1e-11; GRID_FAILS(SWL_E_ARGUMENT, "grid.gap:");
  grid.kind = 9; GRID_FAILS(SWL_E_UNSUPPORTED, "grid.kind");
  grid.kind = SWL_PATH_SPACED;
  grid.count = -1; GRID_FAILS(SWL_E_ARGUMENT, "grid.count");
  grid.count = INT64_MAX; GRID_FAILS(SWL_E_ARGUMENT, "grid.count");
  grid.count = 3;
  grid.max_nonzeros = -4; GRID_FAILS(SWL_E_ARGUMENT, "grid.max_nonzeros"); grid.max_nonzeros = 0;
  grid.max_explained = NAN; GRID_FAILS(SWL_E_ARGUMENT, "grid.max_explained:"); grid.max_explained = 0.0;
  grid.lambdas = &lambdas; GRID_FAILS(SWL_E_ARGUMENT, "grid.lambdas");
  grid.kind = SWL_PATH_GIVEN;
  given[1] = 5.0; GRID_FAILS(SWL_E_ARGUMENT, "grid.lambdas, entry 1:"); given[1] = 1.0;
  given[2] = NAN; GRID_FAILS(SWL_E_ARGUMENT, "grid.lambdas, entry 2:"); given[2] = 0.5;
  grid.count = 2; GRID_FAILS(SWL_E_ARGUMENT, "grid.count"); grid.count = 0;
  lambdas.len = 0; GRID_FAILS(SWL_E_ARGUMENT, "grid.lambdas:"); lambdas.len = 3;
  grid.lambdas = NULL; GRID_FAILS(SWL_E_ARGUMENT, "grid.lambdas"); grid.lambdas = &lambdas;
  grid.struct_size = 3; GRID_FAILS(SWL_E_ARGUMENT, "grid.struct_size"); grid.struct_size = sizeof grid;
  FAILS(swl_bcd_path(s, o, &grid, NULL, NULL), SWL_E_ARGUMENT, "count");
  FAILS(swl_bcd_path(NULL, o, &grid, NULL, &count), SWL_E_ARGUMENT, "s");
  OK(swl_bcd_path(s, o, NULL, NULL, &count));
  CHECK(count == 100);
  OK(swl_bcd_coef(s, coef, COLS));
  OK(swl_options_set_f64(o, "max_seconds", 0.0));
  OK(swl_bcd_path(s, o, NULL, NULL, &count));
  OK(swl_bcd_path_end(s, &end));
  CHECK(end == SWL_PATH_STOPPED && count == 0);
  OK(swl_bcd_coef(s, again, COLS)); /* without points the last solution stays */
  CHECK(memcmp(coef, again, sizeof coef) == 0);
  {
    swl_vec target = swl_vec_f64(y, ROWS);
    OK(swl_bcd_set_target(s, &target));
  }
  FAILS(swl_bcd_path_end(s, &end), SWL_E_STATE, "setter");
  swl_options_free(o);
  swl_options_free(one);
  swl_bcd_free(s);
  swl_bcd_free(other);
}

static void cross_validation(void)
{
  swl_options *o = options_with("lambda_ratio", 0.01);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_path_grid grid;
  swl_cv_info cv, threads;
  double lambda[POINTS], mean[POINTS], se[POINTS], coef[COLS], again[COLS];
  int32_t folds[ROWS];
  int64_t count;
  int k;

  memset(&grid, 0, sizeof grid);
  memset(&cv, 0, sizeof cv);
  grid.struct_size = sizeof grid;
  grid.count = POINTS;
  cv.struct_size = sizeof cv;
  threads = cv;
  FAILS(swl_bcd_cv_curve(s, lambda, mean, se, POINTS), SWL_E_STATE, "path");
  OK(swl_bcd_cross_validate(s, o, &grid, 5, NULL, 0, NULL, &cv));
  CHECK(cv.converged == 1 && cv.count == POINTS && cv.folds == 5 && cv.one_se <= cv.best);
  OK(swl_options_set_i64(o, "threads", 2));
  OK(swl_bcd_cross_validate(s, o, &grid, 5, NULL, 0, NULL, &threads));
  CHECK(memcmp(&cv, &threads, sizeof cv) == 0);
  OK(swl_bcd_cv_curve(s, lambda, mean, se, POINTS));
  CHECK(lambda[cv.best] == cv.lambda_best && mean[cv.best] == cv.loss_best && se[cv.best] == cv.se_best);
  for (k = 0; k < POINTS; k++) CHECK(mean[k] >= cv.loss_best && se[k] >= 0.0);
  OK(swl_bcd_cv_curve(s, NULL, mean, NULL, POINTS));
  FAILS(swl_bcd_cv_curve(s, lambda, mean, se, POINTS - 1), SWL_E_ARGUMENT, "len");
  OK(swl_bcd_coef(s, coef, COLS)); /* the best point is the last solution */
  OK(swl_bcd_path_coef(s, cv.best, again, COLS));
  CHECK(memcmp(coef, again, sizeof coef) == 0);
  for (k = 0; k < ROWS; k++) folds[k] = k % 4;
  OK(swl_bcd_cross_validate(s, o, &grid, 0, folds, ROWS, NULL, NULL));
  FAILS(swl_bcd_cross_validate(s, o, &grid, 5, folds, ROWS, NULL, NULL), SWL_E_ARGUMENT, "folds");
  FAILS(swl_bcd_cross_validate(s, o, &grid, 0, folds, ROWS - 1, NULL, NULL), SWL_E_ARGUMENT, "fold_of_row");
  folds[3] = -1;
  FAILS(swl_bcd_cross_validate(s, o, &grid, 0, folds, ROWS, NULL, NULL), SWL_E_DATA, "fold_of_row, row 3");
  FAILS(swl_bcd_cross_validate(s, o, &grid, -1, NULL, 0, NULL, NULL), SWL_E_ARGUMENT, "folds");
  FAILS(swl_bcd_cross_validate(s, o, &grid, 1, NULL, 0, NULL, NULL), SWL_E_ARGUMENT, "folds");
  cv.struct_size = 4;
  FAILS(swl_bcd_cross_validate(s, o, &grid, 5, NULL, 0, NULL, &cv), SWL_E_ARGUMENT, "inout.struct_size");
  OK(swl_options_set_f64(o, "max_seconds", 0.0));
  FAILS(swl_bcd_cross_validate(s, o, &grid, 5, NULL, 0, NULL, NULL), SWL_E_STOPPED, "time limit");
  OK(swl_options_reset(o, "max_seconds"));
  OK(swl_options_set_str(o, "loss", "softmax"));
  FAILS(swl_bcd_cross_validate(s, o, &grid, 5, NULL, 0, NULL, NULL), SWL_E_UNSUPPORTED, "one output");
  OK(swl_bcd_path(s, NULL, &grid, NULL, &count));
  FAILS(swl_bcd_cv_curve(s, lambda, mean, se, POINTS), SWL_E_STATE, "cross-validation");
  swl_options_free(o);
  swl_bcd_free(s);
}

static int32_t stop_later(void *ctx, const swl_progress *p)
{
  (void)p;
  return ++*(int *)ctx >= 4 ? 33 : 0;
}

/* A code of its own for each call. */
static int32_t stop_each_time(void *ctx, const swl_progress *p)
{
  (void)p;
  return 40 + ++*(int *)ctx;
}

static int32_t stop_now(void *ctx, const swl_progress *p)
{
  (void)ctx;
  (void)p;
  return 34;
}

/* What a callback returned is told of the point that it stopped, and of no other. */
static void stopped_by_a_callback(void)
{
  swl_options *o = options_with("lambda_ratio", 0.01);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_dense t = swl_dense_f64(y, ROWS, 1, ROWS, SWL_COL_MAJOR);
  swl_control control;
  swl_bcd_info info = empty_info();
  double coef[COLS];
  int64_t count = 0, k;
  int32_t end = -1;
  int calls = 0;
  memset(&control, 0, sizeof control);
  control.struct_size = sizeof control;
  control.progress = stop_later;
  control.ctx = &calls;
  OK(swl_bcd_path(s, o, NULL, &control, &count));
  OK(swl_bcd_path_end(s, &end));
  CHECK(end == SWL_PATH_STOPPED && count > 1 && count < 100);
  for (k = 0; k < count; k++) {
    OK(swl_bcd_path_info(s, k, &info));
    CHECK(info.callback_code == (k + 1 == count ? 33 : 0));
    CHECK((info.outcome == SWL_CANCELLED) == (k + 1 == count));
  }
  control.progress = stop_now;
  OK(swl_bcd_batch(s, o, &t, NULL, &control, coef, COLS, NULL, 0, &info));
  CHECK(info.outcome == SWL_CANCELLED && info.callback_code == 34);
  {
    /* More solves than run at a time: who said stop is not asked again, and the first code is the one. */
    static double many[ROWS * 200], all[COLS * 200];
    static swl_bcd_info infos[200];
    swl_dense ts = swl_dense_f64(many, ROWS, 200, ROWS, SWL_COL_MAJOR);
    int threads;
    for (k = 0; k < ROWS * 200; k++) many[k] = y[k % ROWS];
    control.progress = stop_each_time;
    for (threads = 1; threads <= 2; threads++) {
      calls = 0;
      infos[0] = empty_info();
      OK(swl_options_set_i64(o, "threads", threads));
      OK(swl_bcd_batch(s, o, &ts, NULL, &control, all, COLS * 200, NULL, 0, infos));
      CHECK(calls == 1);
      for (k = 0; k < 200; k++) CHECK(infos[k].outcome == SWL_CANCELLED && infos[k].callback_code == 41);
    }
  }
  swl_options_free(o);
  swl_bcd_free(s);
}

/* Without rows any number of solves can be stated. */
static void batches_of_nothing(void)
{
  const int64_t many[] = { (int64_t)1 << 62, (int64_t)1 << 40 };
  swl_bcd *s = dense_problem(a, y, 0, COLS);
  double coef = 7.0;
  int k;
  for (k = 0; k < 2; k++) {
    swl_dense t = swl_dense_f64(NULL, 0, many[k], 0, SWL_COL_MAJOR);
    FAILS(swl_bcd_batch(s, NULL, &t, NULL, NULL, &coef, 1, NULL, 0, NULL), SWL_E_MEMORY, "targets");
    FAILS(swl_bcd_batch(s, NULL, NULL, &t, NULL, &coef, 1, NULL, 0, NULL), SWL_E_MEMORY, "weights");
  }
  CHECK(coef == 7.0);
  swl_bcd_free(s);
}

static void batches(void)
{
  swl_options *o = options_with("lambda", 2.0);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  double targets[ROWS * K], weights[ROWS * K], coef[COLS * K], b[K], again[COLS];
  swl_dense t = swl_dense_f64(targets, ROWS, K, ROWS, SWL_COL_MAJOR), w = swl_dense_f64(weights, ROWS, K, ROWS, SWL_COL_MAJOR);
  swl_bcd_info infos[K];
  int r, k, j;

  for (k = 0; k < K; k++)
    for (r = 0; r < ROWS; r++) {
      targets[k * ROWS + r] = y[r] + sin(3.0 * r + k);
      weights[k * ROWS + r] = (r + k) % 4 ? 1.0 : 0.0;
    }
  memset(infos, 0, sizeof infos);
  infos[0].struct_size = sizeof infos[0];
  OK(swl_options_set_i64(o, "threads", 2));
  OK(swl_options_set_f64(o, "tolerance", 1e-10));
  OK(swl_bcd_batch(s, o, &t, &w, NULL, coef, COLS * K, b, K, infos));
  for (k = 0; k < K; k++) {
    swl_vec target = swl_vec_f64(targets + k * ROWS, ROWS), weight = swl_vec_f64(weights + k * ROWS, ROWS);
    swl_bcd_info single = empty_info();
    CHECK(infos[k].outcome == SWL_CONVERGED && infos[k].struct_size == sizeof infos[0]);
    OK(swl_bcd_set_target(s, &target));
    OK(swl_bcd_set_weights(s, &weight));
    OK(swl_bcd_solve(s, o, NULL, &single));
    close_to(infos[k].objective, single.objective, 1e-9);
    OK(swl_bcd_coef(s, again, COLS));
    for (j = 0; j < COLS; j++) close_to(coef[k * COLS + j], again[j], 1e-4);
  }
  OK(swl_bcd_batch(s, o, &t, NULL, NULL, coef, COLS * K, NULL, 0, NULL));
  OK(swl_bcd_batch(s, o, NULL, &w, NULL, coef, COLS * K, NULL, 0, NULL));
  FAILS(swl_bcd_batch(s, o, NULL, NULL, NULL, coef, COLS * K, NULL, 0, NULL), SWL_E_ARGUMENT, "targets");
  FAILS(swl_bcd_batch(s, o, &t, NULL, NULL, coef, COLS * K - 1, NULL, 0, NULL), SWL_E_ARGUMENT, "len");
  FAILS(swl_bcd_batch(s, o, &t, NULL, NULL, NULL, COLS * K, NULL, 0, NULL), SWL_E_ARGUMENT, "out");
  FAILS(swl_bcd_batch(s, o, &t, NULL, NULL, coef, COLS * K, b, K - 1, NULL), SWL_E_ARGUMENT, "len");
  w.cols = K - 1;
  FAILS(swl_bcd_batch(s, o, &t, &w, NULL, coef, COLS * K, NULL, 0, NULL), SWL_E_ARGUMENT, "weights.cols");
  w.cols = K;
  w.rows = ROWS - 1;
  FAILS(swl_bcd_batch(s, o, &t, &w, NULL, coef, COLS * K, NULL, 0, NULL), SWL_E_ARGUMENT, "weights.rows");
  w.rows = ROWS;
  weights[ROWS + 2] = -1.0;
  FAILS(swl_bcd_batch(s, o, &t, &w, NULL, coef, COLS * K, NULL, 0, NULL), SWL_E_DATA, "weights, row 2");
  targets[5] = NAN;
  FAILS(swl_bcd_batch(s, o, &t, NULL, NULL, coef, COLS * K, NULL, 0, NULL), SWL_E_DATA, "y, row 5");
  OK(swl_options_set_str(o, "loss", "softmax"));
  FAILS(swl_bcd_batch(s, o, &t, NULL, NULL, coef, COLS * K, NULL, 0, NULL), SWL_E_UNSUPPORTED, "one output");
  swl_options_free(o);
  swl_bcd_free(s);
}

static void separation(void)
{
  swl_options *o = options_with("tolerance", 1e-6);
  swl_bcd *s;
  double two[8], labels[4], direction[3];
  swl_bcd_info info = empty_info();
  int r;

  for (r = 0; r < 4; r++) {
    two[r] = r - 1.4;
    two[4 + r] = r % 2;
    labels[r] = r < 2 ? -1.0 : 1.0;
  }
  s = dense_problem(two, labels, 4, 2);
  OK(swl_options_set_str(o, "loss", "logistic"));
  OK(swl_options_set_str(o, "penalty", "none"));
  OK(swl_options_set_i64(o, "intercept", 1));
  FAILS(swl_bcd_direction(s, direction, 3), SWL_E_STATE, "s");
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_INFIMUM_NOT_ATTAINED);
  FAILS(swl_bcd_direction(s, direction, 2), SWL_E_ARGUMENT, "len");
  OK(swl_bcd_direction(s, direction, 3));
  for (r = 0; r < 4; r++) CHECK(labels[r] * (two[r] * direction[0] + two[4 + r] * direction[1] + direction[2]) > 0.0);
  OK(swl_options_set_str(o, "penalty", "l1"));
  OK(swl_bcd_solve(s, o, NULL, &info));
  FAILS(swl_bcd_direction(s, direction, 3), SWL_E_STATE, "infimum");
  swl_options_free(o);
  swl_bcd_free(s);
}

int main(void)
{
  int k;
  for (k = 0; k < ROWS * COLS; k++) a[k] = sin((double)((long)k * k % 1009));
  for (k = 0; k < ROWS; k++) y[k] = 3.0 * a[k] - 2.0 * a[5 * ROWS + k] + 0.5 * cos((double)(7 * k));
  paths();
  cross_validation();
  batches();
  batches_of_nothing();
  stopped_by_a_callback();
  separation();
  return finish("path");
}
