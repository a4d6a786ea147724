/* Matrix completion: triplets, sparse and dense entries, what is read from a model, and bad input. */
#include "check.h"

enum { M = 12, N = 9, ALL = M * N };
static double dense[ALL], values[ALL];
static int32_t row[ALL], col[ALL];
static int64_t count = 0;
static swl_altmin *made = NULL; /* no failing call may write it */

static double truth(int i, int j) { return (i + 1.0) * (j - 3.5) + 2.0 * cos(i) * sin(j); }

static int known(int i, int j) { return (i * i + 3 * j + i * j) % 4 != 0; }

static void make_entries(void)
{
  int i, j;
  for (i = 0; i < M; i++)
    for (j = 0; j < N; j++) {
      dense[i * N + j] = known(i, j) ? truth(i, j) : NAN;
      if (known(i, j)) {
        row[count] = i + 1;
        col[count] = j + 1;
        values[count++] = truth(i, j);
      }
    }
}

static swl_options *exact(void)
{
  swl_options *o = NULL;
  OK(swl_options_new("altmin", &o));
  OK(swl_options_set_i64(o, "rank", 2));
  OK(swl_options_set_f64(o, "ridge", 0));
  OK(swl_options_set_f64(o, "tolerance", 1e-10));
  OK(swl_options_set_str(o, "trace", "true"));
  return o;
}

static swl_altmin_info empty_altmin_info(void)
{
  swl_altmin_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  return info;
}

/* Solves, and looks at everything there is to read. */
static void check_model(swl_altmin *s, const swl_options *o, double error)
{
  static double u[2 * M], v[2 * N], all[ALL], s2[2];
  static int32_t determined[ALL];
  int64_t best[4] = { -1, -1, -1, -1 }, found = 0, unseen = -1, rows = 0;
  const int64_t except[] = { 8 };
  double score[4], rmse = -1;
  int i, j;
  swl_altmin_info info = empty_altmin_info();
  swl_altmin_cert cert;
  swl_altmin_sweep sweep;
  swl_dense places = swl_dense_f64(NULL, M, N, N, SWL_ROW_MAJOR);
  swl_matrix where = swl_matrix_dense(&places);
  swl_triplets known_entries = swl_triplets_f64_i32(M, N, count, row, col, values, 1);
  swl_matrix test = swl_matrix_triplets(&known_entries);
  OK(swl_altmin_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED && info.rank == 2 && info.components == 1 && info.ridge == 0);
  OK(swl_altmin_factor(s, SWL_ROWS, u, 2 * M));
  OK(swl_altmin_factor(s, SWL_COLS, v, 2 * N));
  OK(swl_altmin_predict(s, &where, all, ALL));
  for (i = 0; i < M; i++)
    for (j = 0; j < N; j++) {
      const double x = u[2 * i] * v[2 * j] + u[2 * i + 1] * v[2 * j + 1];
      CHECK(fabs(all[i * N + j] - truth(i, j)) < error && fabs(all[i * N + j] - x) < 1e-4);
    }
  OK(swl_altmin_determined(s, &where, determined, ALL));
  for (i = 0; i < ALL; i++) CHECK(determined[i] == 1);
  OK(swl_altmin_spectrum(s, s2, 2));
  CHECK(s2[0] >= s2[1] && s2[1] > 0);
  OK(swl_altmin_top(s, SWL_ROWS, 3, except, 1, 2, best, score, &found));
  CHECK(found == 2 && best[0] == 7 && best[1] == 6 && best[2] == -1 && score[0] > score[1]);
  OK(swl_altmin_score(s, &test, NULL, &rmse, &unseen));
  CHECK(rmse < error && unseen == 0);
  {
    static double weight[ALL];
    const swl_vec weights = swl_vec_f64(weight, count);
    for (i = 0; i < ALL; i++) weight[i] = 1e308;
    FAILS(swl_altmin_score(s, &test, &weights, &rmse, NULL), SWL_E_DATA, "weights, entry 0");
  }
  memset(&cert, 0, sizeof cert);
  cert.struct_size = sizeof cert;
  OK(swl_altmin_certificate(s, NULL, &cert));
  CHECK(cert.entries == count && cert.determined == ALL && cert.oversampling > 1 && cert.row_incoherence >= 1);
  CHECK(fabs(cert.fit - info.train_rmse) <= 1e-12 && isnan(cert.held_out));
  memset(&sweep, 0, sizeof sweep);
  sweep.struct_size = sizeof sweep;
  OK(swl_altmin_trace(s, &sweep, 1, &rows));
  CHECK(rows >= 1 && sweep.iteration >= 1 && sweep.largest >= sweep.smallest);
  FAILS(swl_altmin_factor(s, SWL_ROWS, u, M), SWL_E_ARGUMENT, "len: expected 24");
  FAILS(swl_altmin_factor(s, 2, u, 2 * M), SWL_E_ARGUMENT, "side");
  FAILS(swl_altmin_bias(s, SWL_ROWS, u, M), SWL_E_STATE, "biases");
  FAILS(swl_altmin_predict(s, &where, NULL, ALL), SWL_E_ARGUMENT, "out");
  FAILS(swl_altmin_top(s, SWL_COLS, N, NULL, 0, 1, best, score, &found), SWL_E_ARGUMENT, "which");
}

static void good(void)
{
  int64_t starts[M + 1] = { 0 }, columns[ALL], k;
  swl_triplets triplets = swl_triplets_f64_i32(M, N, count, row, col, values, 1);
  swl_dense array = swl_dense_f64(dense, M, N, N, SWL_ROW_MAJOR);
  swl_sparse csr;
  swl_matrix a;
  swl_altmin *s = NULL;
  swl_options *o = exact();
  for (k = 0; k < count; k++) {
    starts[row[k]] = k + 1;
    columns[k] = col[k] - 1;
  }
  csr = swl_csr_f64_i64(M, N, count, starts, columns, values);
  a = swl_matrix_triplets(&triplets);
  OK(swl_altmin_new(&a, NULL, o, NULL, &s));
  check_model(s, o, 1e-6);
  check_model(s, o, 1e-6); /* from the last model */
  OK(swl_altmin_warm_start(s, NULL, NULL));
  check_model(s, o, 1e-6);
  swl_altmin_free(s);
  s = NULL;
  a = swl_matrix_sparse(&csr);
  OK(swl_altmin_new(&a, NULL, o, NULL, &s));
  check_model(s, o, 1e-6);
  swl_altmin_free(s);
  s = NULL;
  a = swl_matrix_dense(&array);
  FAILS(swl_altmin_new(&a, NULL, o, NULL, &made), SWL_E_DATA, "entries.data, entry");
  OK(swl_options_set_str(o, "missing", "nan"));
  OK(swl_options_set_str(o, "precision", "single"));
  OK(swl_options_set_f64(o, "tolerance", 1e-6));
  OK(swl_altmin_new(&a, NULL, o, NULL, &s));
  check_model(s, o, 1e-2);
  swl_altmin_free(s);
  swl_options_free(o);
}

/* Biases, a start, and new rows folded in. */
static void more(void)
{
  static double u[2 * M], v[2 * N], bias[M], folded[2 * M], folded_bias[M];
  int k;
  swl_triplets triplets = swl_triplets_f64_i32(M, N, count, row, col, values, 1);
  swl_matrix a = swl_matrix_triplets(&triplets);
  swl_dense du = swl_dense_f64(u, M, 2, 2, SWL_ROW_MAJOR), dv = swl_dense_f64(v, N, 2, 2, SWL_ROW_MAJOR);
  swl_options *o = exact();
  swl_altmin *s = NULL;
  OK(swl_altmin_new(&a, NULL, o, NULL, &s));
  FAILS(swl_altmin_factor(s, SWL_ROWS, u, 2 * M), SWL_E_STATE, "a solve");
  OK(swl_altmin_solve(s, o, NULL, NULL));
  OK(swl_altmin_factor(s, SWL_ROWS, u, 2 * M));
  OK(swl_altmin_factor(s, SWL_COLS, v, 2 * N));
  OK(swl_altmin_warm_start(s, &du, &dv));
  OK(swl_altmin_solve(s, o, NULL, NULL));
  FAILS(swl_altmin_warm_start(s, &du, NULL), SWL_E_ARGUMENT, "v");
  u[3] = NAN;
  FAILS(swl_altmin_warm_start(s, &du, &dv), SWL_E_DATA, "row 1, column 1");
  {
    /* Afresh stays afresh when a start is refused. */
    swl_altmin_info info = empty_altmin_info();
    uint64_t sweeps;
    OK(swl_altmin_warm_start(s, NULL, NULL));
    OK(swl_altmin_solve(s, o, NULL, &info));
    sweeps = info.iterations;
    OK(swl_altmin_warm_start(s, NULL, NULL));
    FAILS(swl_altmin_warm_start(s, &du, NULL), SWL_E_ARGUMENT, "v");
    OK(swl_altmin_solve(s, o, NULL, &info));
    CHECK(info.iterations == sweeps);
    OK(swl_altmin_solve(s, o, NULL, &info));
    CHECK(info.iterations < sweeps);
  }
  OK(swl_options_set_f64(o, "ridge", 0.01));
  OK(swl_options_set_str(o, "biases", "true"));
  OK(swl_options_set_str(o, "row_solver", "direct"));
  OK(swl_altmin_solve(s, o, NULL, NULL));
  OK(swl_altmin_factor(s, SWL_ROWS, u, 2 * M));
  OK(swl_altmin_bias(s, SWL_ROWS, bias, M));
  OK(swl_altmin_fold_in(s, SWL_ROWS, &a, NULL, NULL, folded, 2 * M, folded_bias, M));
  for (k = 0; k < 2 * M; k++) CHECK(folded[k] == u[k]);
  for (k = 0; k < M; k++) CHECK(folded_bias[k] == bias[k]);
  FAILS(swl_altmin_fold_in(s, SWL_ROWS, &a, NULL, NULL, folded, 2 * M, NULL, 0), SWL_E_ARGUMENT, "bias_len: expected 12");
  FAILS(swl_altmin_fold_in(s, SWL_ROWS, &a, NULL, NULL, folded, 2 * M, NULL, M), SWL_E_ARGUMENT, "bias: expected a pointer");
  FAILS(swl_altmin_fold_in(s, SWL_COLS, &a, NULL, NULL, folded, 2 * M, NULL, 0), SWL_E_ARGUMENT, "len");
  /* A start is gone when the size has changed, and does not stand in the way of a solve. */
  OK(swl_altmin_factor(s, SWL_ROWS, u, 2 * M));
  OK(swl_altmin_factor(s, SWL_COLS, v, 2 * N));
  OK(swl_altmin_warm_start(s, &du, &dv));
  OK(swl_altmin_append(s, SWL_ROWS, &a, NULL, NULL));
  OK(swl_altmin_solve(s, o, NULL, NULL));
  OK(swl_options_set_f64(o, "bias_ridge", 1e-300));
  FAILS(swl_altmin_solve(s, o, NULL, NULL), SWL_E_OPTION, "bias_ridge");
  swl_altmin_free(s);
  swl_options_free(o);
}

/* Prior means: of a row without entries, of new rows, and what they must be. */
static void priors(void)
{
  static double mean[2 * M], u[2 * M], v[2 * N], folded[2 * M];
  int i;
  swl_triplets triplets = swl_triplets_f64_i32(M + 1, N, count, row, col, values, 1);
  swl_triplets few = swl_triplets_f64_i32(M, N, count, row, col, values, 1);
  swl_matrix a = swl_matrix_triplets(&few), longer = swl_matrix_triplets(&triplets);
  swl_dense means = swl_dense_f64(mean, M, 2, 2, SWL_ROW_MAJOR);
  static double tall_mean[2 * (M + 1)];
  swl_dense tall = swl_dense_f64(tall_mean, M + 1, 2, 2, SWL_ROW_MAJOR);
  static double tall_u[2 * (M + 1)];
  swl_options *o = exact();
  swl_altmin *s = NULL;
  swl_altmin_cert cert = { 0 };
  size_t need = 0;
  for (i = 0; i < 2 * M; i++) mean[i] = 0.1 * i;
  tall_mean[2 * M] = 0.5;
  tall_mean[2 * M + 1] = -1;
  OK(swl_altmin_new(&a, NULL, o, NULL, &s));
  FAILS(swl_altmin_set_prior(s, 2, &means), SWL_E_ARGUMENT, "side");
  FAILS(swl_altmin_set_prior(s, SWL_COLS, &means), SWL_E_ARGUMENT, "means.rows: expected 9");
  FAILS(swl_altmin_set_prior(NULL, SWL_ROWS, &means), SWL_E_ARGUMENT, "s");
  mean[5] = INFINITY;
  FAILS(swl_altmin_set_prior(s, SWL_ROWS, &means), SWL_E_DATA, "row 2, column 1");
  mean[5] = 0.5;
  OK(swl_altmin_set_prior(s, SWL_ROWS, &means));
  FAILS(swl_altmin_solve(s, o, NULL, NULL), SWL_E_OPTION, "ridge");
  OK(swl_options_set_f64(o, "ridge", 1e9));
  OK(swl_options_set_str(o, "row_solver", "direct"));
  OK(swl_altmin_solve(s, o, NULL, NULL));
  OK(swl_altmin_factor(s, SWL_ROWS, u, 2 * M));
  OK(swl_altmin_factor(s, SWL_COLS, v, 2 * N));
  for (i = 0; i < 2 * M; i++) CHECK(fabs(u[i] - mean[i]) < 1e-5);
  for (i = 0; i < 2 * N; i++) CHECK(fabs(v[i]) < 1e-5);
  OK(swl_altmin_fold_in_prior(s, SWL_ROWS, &a, NULL, &means, NULL, folded, 2 * M, NULL, 0));
  for (i = 0; i < 2 * M; i++) CHECK(fabs(folded[i] - u[i]) < 1e-9);
  OK(swl_altmin_fold_in_prior(s, SWL_ROWS, &a, NULL, NULL, NULL, folded, 2 * M, NULL, 0));
  for (i = 0; i < 2 * M; i++) CHECK(fabs(folded[i]) < 1e-5);
  FAILS(swl_altmin_observe(s, &a, NULL, SWL_UPDATE_ROWS, NULL), SWL_E_UNSUPPORTED, "prior means");
  FAILS(swl_altmin_append(s, SWL_ROWS, &a, NULL, NULL), SWL_E_UNSUPPORTED, "prior means");
  FAILS(swl_altmin_save(s, 1, NULL, 0, &need), SWL_E_UNSUPPORTED, "prior means");
  OK(swl_altmin_save(s, 0, NULL, 0, &need));
  cert.struct_size = sizeof cert;
  OK(swl_altmin_certificate(s, NULL, &cert));
  means.cols = 1;
  FAILS(swl_altmin_fold_in_prior(s, SWL_ROWS, &a, NULL, &means, NULL, folded, 2 * M, NULL, 0), SWL_E_ARGUMENT, "means.cols");
  OK(swl_altmin_set_prior(s, SWL_ROWS, &means));
  FAILS(swl_altmin_solve(s, o, NULL, NULL), SWL_E_ARGUMENT, "rank of the model, 2");
  OK(swl_altmin_set_prior(s, SWL_ROWS, NULL));
  OK(swl_altmin_solve(s, o, NULL, NULL));
  /* Means that are set after the solve: no certificate of the model sees them, no lines can come beside them. */
  means.cols = 2;
  OK(swl_altmin_set_prior(s, SWL_ROWS, &means));
  OK(swl_altmin_certificate(s, NULL, &cert));
  FAILS(swl_altmin_append(s, SWL_ROWS, &a, NULL, NULL), SWL_E_UNSUPPORTED, "prior means");
  OK(swl_altmin_set_prior(s, SWL_ROWS, NULL));
  OK(swl_altmin_append(s, SWL_ROWS, &a, NULL, NULL));
  OK(swl_altmin_certificate(s, NULL, &cert));
  swl_altmin_free(s);
  s = NULL;
  OK(swl_options_set_f64(o, "ridge", 0.1));
  OK(swl_altmin_new(&longer, NULL, o, NULL, &s));
  OK(swl_altmin_set_prior(s, SWL_ROWS, &tall));
  OK(swl_altmin_solve(s, o, NULL, NULL));
  OK(swl_altmin_factor(s, SWL_ROWS, tall_u, 2 * (M + 1)));
  CHECK(fabs(tall_u[2 * M] - 0.5) < 1e-12 && fabs(tall_u[2 * M + 1] + 1) < 1e-12);
  swl_altmin_free(s);
  swl_options_free(o);
}

/* Of rank 2, with two singular values of about one size. */
static double even(int i, int j) { return cos(i) * sin(j + 1) + sin(2 * i + 1) * cos(0.7 * j); }

/* Robust losses: the matrix under an outlier, and which entry that is. */
static void robust(void)
{
  static const char *losses[] = { "huber", "student", "trimmed" };
  static double spoilt[ALL], weight[ALL], all[ALL];
  int l, i, j;
  int64_t k;
  swl_triplets triplets = swl_triplets_f64_i32(M, N, count, row, col, spoilt, 1);
  swl_matrix a = swl_matrix_triplets(&triplets);
  swl_dense places = swl_dense_f64(NULL, M, N, N, SWL_ROW_MAJOR);
  swl_matrix where = swl_matrix_dense(&places);
  swl_options *o = exact();
  swl_altmin_cert cert;
  for (k = 0; k < count; k++) spoilt[k] = even(row[k] - 1, col[k] - 1) + (k == 17 ? 8 : 0);
  OK(swl_options_set_f64(o, "outliers", 0.02));
  for (l = 0; l < 3; l++) {
    swl_altmin *s = NULL;
    OK(swl_options_set_str(o, "loss", losses[l]));
    OK(swl_altmin_new(&a, NULL, o, NULL, &s));
    FAILS(swl_altmin_entry_weights(s, &a, weight, count), SWL_E_STATE, "a solve");
    OK(swl_altmin_solve(s, o, NULL, NULL));
    OK(swl_altmin_predict(s, &where, all, ALL));
    for (i = 0; i < M; i++)
      for (j = 0; j < N; j++) CHECK(fabs(all[i * N + j] - even(i, j)) < 1e-5);
    memset(&cert, 0, sizeof cert);
    cert.struct_size = sizeof cert;
    OK(swl_altmin_certificate(s, NULL, &cert));
    CHECK(cert.outliers >= 1 && cert.outliers <= 2 && cert.gradient < 1e-6);
    OK(swl_altmin_entry_weights(s, &a, weight, count));
    CHECK(weight[17] < 0.01 && weight[16] > 0);
    FAILS(swl_altmin_entry_weights(s, &a, weight, count - 1), SWL_E_ARGUMENT, "len");
    FAILS(swl_altmin_entry_weights(s, NULL, weight, count), SWL_E_ARGUMENT, "entries");
    swl_altmin_free(s);
  }
  OK(swl_options_reset(o, "ridge"));
  {
    swl_altmin *s = NULL;
    FAILS(swl_altmin_new(&a, NULL, o, NULL, &s), SWL_E_OPTION, "ridge");
  }
  swl_options_free(o);
}

/* New entries and new rows; bytes; paths; error bars. */
static void life(void)
{
  static double u[2 * (M + 2)], folded[4], all[ALL + 2 * N], bars[ALL];
  static unsigned char bytes[20000], damaged[20000];
  const int32_t new_row[] = { 1, 1, 2, 1 }, new_col[] = { 1, 3, 4, 7 }, at[] = { 2, 5, 2 }, across[] = { 1, 2, 4 };
  const double new_value[] = { 1, -2, 0.5, 3 }, value[] = { 4, -1, 7 }, gone[] = { 1, 0, 1 }, ridges[] = { 1, 0.1 };
  const int64_t ranks[] = { 1, 2, 3 };
  double one, old;
  int64_t rows = 0, cols = 0, rank = -1, points = 0, best = 7;
  size_t need = 0, less = 0;
  uint64_t room = 0, more_room = 0;
  int k;
  swl_triplets t = swl_triplets_f64_i32(M, N, count, row, col, values, 1), out_t;
  swl_triplets fresh = swl_triplets_f64_i32(2, N, 4, new_row, new_col, new_value, 1);
  swl_triplets some = swl_triplets_f64_i32(M, N, 3, at, across, value, 1);
  swl_dense places = swl_dense_f64(NULL, M, N, N, SWL_ROW_MAJOR), more = swl_dense_f64(NULL, M + 2, N, N, SWL_ROW_MAJOR);
  swl_matrix a = swl_matrix_triplets(&t), b = swl_matrix_triplets(&fresh), c = swl_matrix_triplets(&some);
  swl_matrix where = swl_matrix_dense(&places), wider = swl_matrix_dense(&more), outside = swl_matrix_triplets(&out_t);
  swl_vec weights = swl_vec_f64(gone, 3), grid = swl_vec_f64(ridges, 2);
  swl_options *o = exact();
  swl_altmin *s = NULL, *loaded = NULL;
  swl_altmin_info info = empty_altmin_info();
  OK(swl_options_set_f64(o, "ridge", 0.01));
  OK(swl_altmin_new(&a, NULL, o, NULL, &s));
  OK(swl_altmin_size(s, &rows, &cols, &rank));
  CHECK(rows == M && cols == N && rank == 0);
  FAILS(swl_altmin_observe(s, &c, NULL, SWL_UPDATE_ROWS, NULL), SWL_E_STATE, "a solve");
  FAILS(swl_altmin_append(s, SWL_ROWS, &b, NULL, NULL), SWL_E_STATE, "a solve");
  FAILS(swl_altmin_save(s, 0, NULL, 0, &need), SWL_E_STATE, "a solve");
  FAILS(swl_altmin_path_info(s, 0, &info), SWL_E_ARGUMENT, "k: expected");
  OK(swl_altmin_solve(s, o, NULL, NULL));

  OK(swl_altmin_noise(s, NULL, &one));
  CHECK(one > 0 && one < 1);
  OK(swl_altmin_error_bars(s, &where, 2 * one, NULL, all, ALL));
  OK(swl_altmin_error_bars(s, &where, NAN, NULL, bars, ALL));
  for (k = 0; k < ALL; k++) CHECK(bars[k] > 0 && fabs(all[k] - 2 * bars[k]) < 1e-12);
  FAILS(swl_altmin_error_bars(s, &where, -1, NULL, bars, ALL), SWL_E_ARGUMENT, "noise");
  FAILS(swl_altmin_error_bars(s, &where, 1, NULL, bars, ALL - 1), SWL_E_ARGUMENT, "len");
  FAILS(swl_altmin_noise(s, NULL, NULL), SWL_E_ARGUMENT, "out");

  t.row = t.col = t.values = NULL;
  OK(swl_altmin_memory_estimate(&a, 0, o, &room));
  OK(swl_altmin_memory_estimate(&a, 1, NULL, &more_room));
  CHECK(room > (uint64_t)count * 24 && more_room > room);
  FAILS(swl_altmin_memory_estimate(&a, 2, o, &room), SWL_E_ARGUMENT, "weighted");
  FAILS(swl_altmin_memory_estimate(NULL, 0, o, &room), SWL_E_ARGUMENT, "entries");

  /* Bytes of the fit, with the entries and without. */
  OK(swl_altmin_save(s, 0, NULL, 0, &less));
  OK(swl_altmin_save(s, 1, NULL, 0, &need));
  CHECK(less < need && need < sizeof bytes);
  FAILS(swl_altmin_save(s, 1, bytes, need - 1, &need), SWL_E_ARGUMENT, "cap");
  FAILS(swl_altmin_save(s, 2, bytes, need, &need), SWL_E_ARGUMENT, "entries");
  OK(swl_altmin_save(s, 1, bytes, sizeof bytes, &need));
  OK(swl_altmin_predict(s, &where, bars, ALL));
  OK(swl_altmin_load(bytes, need, &loaded));
  OK(swl_altmin_size(loaded, NULL, &cols, &rank));
  CHECK(cols == N && rank == 2);
  OK(swl_altmin_predict(loaded, &where, all, ALL));
  for (k = 0; k < ALL; k++) CHECK(all[k] == bars[k]);
  OK(swl_altmin_solve(loaded, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED);
  swl_altmin_free(loaded);
  loaded = NULL;
  memcpy(damaged, bytes, need);
  damaged[need / 2] ^= 1;
  FAILS(swl_altmin_load(damaged, need, &made), SWL_E_FORMAT, "checksum");
  FAILS(swl_altmin_load(bytes, need - 1, &made), SWL_E_FORMAT, "payload");
  FAILS(swl_altmin_load("other bytes, and long enough for a header", 40, &made), SWL_E_FORMAT, "SWLS");
  FAILS(swl_altmin_load(NULL, 40, &made), SWL_E_ARGUMENT, "buf");
  OK(swl_altmin_save(s, 0, bytes, sizeof bytes, &less));
  OK(swl_altmin_load(bytes, less, &loaded));
  FAILS(swl_altmin_solve(loaded, o, NULL, NULL), SWL_E_STATE, "without them");
  FAILS(swl_altmin_noise(loaded, NULL, &one), SWL_E_STATE, "without them");
  FAILS(swl_altmin_observe(loaded, &c, NULL, SWL_UPDATE_ROWS, NULL), SWL_E_STATE, "without them");
  FAILS(swl_altmin_observe(loaded, &c, NULL, SWL_UPDATE_NONE, NULL), SWL_E_STATE, "without them");
  OK(swl_altmin_append(loaded, SWL_ROWS, &b, NULL, NULL));
  swl_altmin_free(loaded);

  /* New rows have what would be folded in. */
  OK(swl_altmin_fold_in(s, SWL_ROWS, &b, NULL, NULL, folded, 4, NULL, 0));
  OK(swl_altmin_append(s, SWL_ROWS, &b, NULL, NULL));
  OK(swl_altmin_size(s, &rows, NULL, NULL));
  OK(swl_altmin_factor(s, SWL_ROWS, u, 2 * (M + 2)));
  CHECK(rows == M + 2);
  for (k = 0; k < 4; k++) CHECK(u[2 * M + k] == folded[k]);
  OK(swl_altmin_predict(s, &wider, all, ALL + 2 * N));
  FAILS(swl_altmin_observe(s, &c, NULL, SWL_UPDATE_ROWS, NULL), SWL_E_ARGUMENT, "14 x 9");

  /* Entries that change and go: the rows they are in are fitted again, and no others. */
  some.rows = M + 2;
  FAILS(swl_altmin_observe(s, &c, NULL, 4, NULL), SWL_E_ARGUMENT, "update");
  out_t = some;
  out_t.base = 0;
  out_t.cols = 4;
  FAILS(swl_altmin_observe(s, &outside, NULL, SWL_UPDATE_ROWS, NULL), SWL_E_ARGUMENT, "entries");
  old = u[2];
  OK(swl_altmin_observe(s, &c, &weights, SWL_UPDATE_ROWS, NULL));
  OK(swl_altmin_factor(s, SWL_ROWS, u, 2 * (M + 2)));
  CHECK(u[2] != old);
  old = u[2];
  OK(swl_altmin_observe(s, &c, &weights, SWL_UPDATE_NONE, NULL));
  OK(swl_altmin_observe(s, &c, &weights, SWL_UPDATE_BOTH, NULL));
  OK(swl_altmin_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED && info.undetermined_rows >= 1);

  OK(swl_altmin_path(s, o, NULL, ranks, 3, NULL, &points, &best));
  CHECK(points == 3 && best == -1);
  OK(swl_altmin_size(s, NULL, NULL, &rank));
  CHECK(rank == 3);
  OK(swl_altmin_path_info(s, 1, &info));
  CHECK(info.rank == 2);
  OK(swl_altmin_path_select(s, 0));
  OK(swl_altmin_size(s, NULL, NULL, &rank));
  CHECK(rank == 1);
  OK(swl_options_set_f64(o, "held_out", 0.1));
  OK(swl_altmin_path(s, o, &grid, NULL, 0, NULL, &points, &best));
  CHECK(points == 2 && best >= 0);
  OK(swl_altmin_path_info(s, best, &info));
  CHECK(info.held_out_rmse > 0 && info.ridge == ridges[best]);
  FAILS(swl_altmin_path(s, o, &grid, ranks, 3, NULL, NULL, NULL), SWL_E_ARGUMENT, "both");
  FAILS(swl_altmin_path(s, o, NULL, NULL, 0, NULL, NULL, NULL), SWL_E_ARGUMENT, "neither");
  FAILS(swl_altmin_path(s, o, NULL, ranks, 0, NULL, NULL, NULL), SWL_E_ARGUMENT, "at least one");
  {
    const double below[] = { -1 };
    const int64_t none[] = { 0 };
    const swl_vec bad = swl_vec_f64(below, 1);
    FAILS(swl_altmin_path(s, o, &bad, NULL, 0, NULL, NULL, NULL), SWL_E_ARGUMENT, "ridges, entry 0");
    FAILS(swl_altmin_path(s, o, NULL, none, 1, NULL, NULL, NULL), SWL_E_ARGUMENT, "ranks");
  }
  FAILS(swl_altmin_path_select(s, 2), SWL_E_ARGUMENT, "k: expected 0 <= k < 2");
  FAILS(swl_altmin_set_prior(s, 2, NULL), SWL_E_ARGUMENT, "side");
  {
    const swl_dense short_means = swl_dense_f64(u, 1, 2, 2, SWL_ROW_MAJOR);
    FAILS(swl_altmin_set_prior(s, SWL_ROWS, &short_means), SWL_E_ARGUMENT, "means.rows");
    OK(swl_altmin_path_select(s, 1)); /* the path is still there */
  }
  CHECK(made == NULL);
  swl_altmin_free(s);
  swl_options_free(o);
}

static int32_t stop_at_3(void *ctx, const swl_progress *p)
{
  (void)ctx;
  return p->iteration >= 3 ? 77 : 0;
}

static void bad(void)
{
  const double nan_weight[ALL] = { NAN };
  const int32_t far[] = { 1, 13 }, ones[] = { 1, 1 }, zero[] = { 0, 1 };
  const double two[] = { 1, 2 };
  int64_t k;
  static double w[ALL];
  swl_triplets t = swl_triplets_f64_i32(M, N, count, row, col, values, 1), bad_t;
  swl_matrix a = swl_matrix_triplets(&t), bad_a = swl_matrix_triplets(&bad_t);
  swl_vec weights = swl_vec_f64(nan_weight, count), few = swl_vec_f64(nan_weight, count - 1), none;
  swl_options *o = exact(), *wrong = NULL;
  swl_altmin *s = NULL;
  swl_altmin_info info = empty_altmin_info();
  swl_control c;
  FAILS(swl_altmin_new(NULL, NULL, o, NULL, &made), SWL_E_ARGUMENT, "entries");
  FAILS(swl_altmin_new(&a, NULL, o, NULL, NULL), SWL_E_ARGUMENT, "out");
  FAILS(swl_altmin_new(&a, &few, o, NULL, &made), SWL_E_ARGUMENT, "weights.len");
  FAILS(swl_altmin_new(&a, &weights, o, NULL, &made), SWL_E_DATA, "weights, entry 0, row ");
  for (k = 0; k < count; k++) w[k] = 0;
  none = swl_vec_f64(w, count);
  FAILS(swl_altmin_new(&a, &none, o, NULL, &made), SWL_E_DATA, "entries");
  bad_t = t;
  bad_t.base = 2;
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_ARGUMENT, "base");
  bad_t = t;
  bad_t.nnz = -1;
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_ARGUMENT, "nnz");
  bad_t.nnz = INT64_MAX;
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_ARGUMENT, "size that fits");
  bad_t = t;
  bad_t.rows = 0;
  bad_t.nnz = 0;
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_ARGUMENT, "rows");
  bad_t = t;
  bad_t.values = NULL;
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_ARGUMENT, "values");
  bad_t = t;
  bad_t.index = 5;
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_UNSUPPORTED, "index");
  bad_t = t;
  bad_t.pad_ = 1;
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_ARGUMENT, "pad_");
  bad_t = swl_triplets_f64_i32(M, N, 2, far, ones, two, 1);
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_DATA, "entries.row, entry 1: expected a row in 1..13, found 13");
  bad_t = swl_triplets_f64_i32(M, N, 2, ones, ones, two, 1);
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_DATA, "entries, row 1, column 1: expected one entry");
  bad_t = swl_triplets_f64_i32(M, N, 2, ones, far, two, 0);
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_DATA, "entries.col, entry 1: expected a column in 0..9, found 13");
  bad_t.base = 1;
  bad_t.col = ones;
  bad_t.row = zero;
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_DATA, "entries.row, entry 0: expected a row in 1..13, found 0");
  bad_a.kind = SWL_OPERATOR;
  FAILS(swl_altmin_new(&bad_a, NULL, o, NULL, &made), SWL_E_UNSUPPORTED, "kind");
  OK(swl_options_new("bcd", &wrong));
  FAILS(swl_altmin_new(&a, NULL, wrong, NULL, &made), SWL_E_OPTION, "altmin");
  CHECK(made == NULL);

  OK(swl_altmin_new(&a, NULL, o, NULL, &s));
  info.struct_size = 3;
  FAILS(swl_altmin_solve(s, o, NULL, &info), SWL_E_ARGUMENT, "struct_size");
  info = empty_altmin_info();
  memset(&c, 0, sizeof c);
  c.struct_size = sizeof c;
  c.progress = stop_at_3;
  OK(swl_options_set_f64(o, "ridge", 0.001));
  OK(swl_options_set_f64(o, "tolerance", 0));
  OK(swl_altmin_solve(s, o, &c, &info));
  CHECK(info.outcome == SWL_CANCELLED && info.callback_code == 77 && isfinite(info.objective));
  OK(swl_options_set_f64(o, "max_seconds", 0));
  OK(swl_altmin_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_TIME_LIMIT);
  FAILS(swl_altmin_new(&a, NULL, o, NULL, &made), SWL_E_STOPPED, "max_seconds");
  swl_altmin_free(s);
  swl_altmin_free(NULL);
  swl_options_free(wrong);
  swl_options_free(o);
}

int main(void)
{
  make_entries();
  good();
  more();
  priors();
  robust();
  life();
  bad();
  return finish("altmin");
}
