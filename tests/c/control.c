/* Control: progress, cancelling from a callback and from another thread, log, deadlines of 0, re-entrancy, threads. */
#include "check.h"

#include <pthread.h>
#include <time.h>

#define ROWS 400
#define COLS 300

static double *a, *y;

typedef struct state {
  swl_bcd *s;
  swl_options *o;
  swl_cancel *cancel;
  int calls, lines, stop_at, trip_at, reenter;
  uint64_t last_iteration, last_work;
  double last_seconds;
  char line[256];
} state;

static int32_t on_progress(void *ctx, const swl_progress *p)
{
  state *t = (state *)ctx;
  t->calls++;
  if (p->phase == SWL_PHASE_SETUP) { /* another call has begun */
    t->last_work = 0;
    t->last_seconds = 0.0;
  }
  CHECK(p->struct_size >= sizeof *p && p->phase >= SWL_PHASE_SETUP && p->phase <= SWL_PHASE_CERTIFICATE);
  CHECK(p->work >= t->last_work && p->seconds >= t->last_seconds);
  t->last_iteration = p->iteration;
  t->last_work = p->work;
  t->last_seconds = p->seconds;
  if (t->reenter) {
    double out[COLS];
    swl_bcd_info info = empty_info();
    FAILS(swl_bcd_solve(t->s, NULL, NULL, &info), SWL_E_BUSY, "in use");
    FAILS(swl_bcd_coef(t->s, out, COLS), SWL_E_BUSY, "in use");
    FAILS(swl_bcd_set_weights(t->s, NULL), SWL_E_BUSY, "in use");
    swl_bcd_free(t->s); /* frees nothing */
    CHECK(strstr(message(), "in use") != NULL);
    CHECK(info.outcome == SWL_UNSOLVED);
    OK(swl_options_set_f64(t->o, "tolerance", 0.5)); /* options were copied at the start */
  }
  if (t->trip_at != 0 && t->calls == t->trip_at) swl_cancel_trip(t->cancel);
  return t->stop_at != 0 && t->calls == t->stop_at ? 41 : 0;
}

static void on_log(void *ctx, int32_t level, const char *utf8, size_t len)
{
  state *t = (state *)ctx;
  t->lines++;
  CHECK(level >= 1 && level <= 3 && strlen(utf8) == len);
  if (len < sizeof t->line) memcpy(t->line, utf8, len + 1);
}

static swl_control control_of(state *t)
{
  swl_control c;
  memset(&c, 0, sizeof c);
  c.struct_size = sizeof c;
  c.progress = on_progress;
  c.log = on_log;
  c.ctx = t;
  c.cancel = t->cancel;
  return c;
}

/* Slow to solve: plain cyclic gradient steps to a tolerance of 0. */
static swl_options *slow(void)
{
  swl_options *o = options_with("lambda_ratio", 0.001);
  OK(swl_options_set_f64(o, "tolerance", 0.0));
  OK(swl_options_set_str(o, "rule", "cyclic"));
  OK(swl_options_set_str(o, "update", "gradient"));
  OK(swl_options_set_i64(o, "max_iterations", INT64_MAX));
  return o;
}

static void progress_and_log(void)
{
  state t;
  swl_control c;
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_bcd_info info = empty_info();
  double coef[COLS];
  memset(&t, 0, sizeof t);
  t.s = s;
  t.o = options_with("lambda_ratio", 0.01);
  c = control_of(&t);
  OK(swl_bcd_solve(s, t.o, &c, &info));
  CHECK(info.outcome == SWL_CONVERGED && info.callback_code == 0);
  CHECK(t.calls >= 3 && t.lines == 1 && strstr(t.line, "converged") != NULL);
  CHECK(t.last_work <= info.work && t.last_work > 0);
  /* Debug lines, and every second iteration. */
  t.lines = 0;
  c.log_level = 3;
  OK(swl_bcd_warm_start(s, NULL, NULL));
  OK(swl_bcd_solve(s, t.o, &c, &info));
  CHECK(t.lines > 1);
  t.lines = 0;
  c.log_level = 1;
  OK(swl_bcd_solve(s, t.o, &c, &info));
  CHECK(t.lines == 0);
  /* A callback that calls back into its handle changes nothing. */
  OK(swl_options_set_f64(t.o, "tolerance", 1e-9));
  OK(swl_bcd_warm_start(s, NULL, NULL));
  t.reenter = 1;
  OK(swl_bcd_solve(s, t.o, &c, &info));
  CHECK(info.outcome == SWL_CONVERGED && info.certificate < 1e-6);
  OK(swl_bcd_coef(s, coef, COLS));
  swl_bcd_free(s);
  swl_options_free(t.o);
}

static void stops(void)
{
  state t;
  swl_control c;
  swl_bcd *s = dense_problem(a, y, ROWS, COLS), *made = NULL;
  swl_bcd_info info = empty_info();
  swl_dense dense = swl_dense_f64(a, ROWS, COLS, ROWS, SWL_COL_MAJOR);
  swl_matrix m = swl_matrix_dense(&dense);
  swl_vec target = swl_vec_f64(y, ROWS);
  swl_certificate cert;
  double coef[COLS], lambda = 7.0;
  swl_options *zero = options_with("max_seconds", 0.0), *few = options_with("max_iterations", 0.0);
  memset(&t, 0, sizeof t);
  memset(&cert, 0, sizeof cert);
  cert.struct_size = sizeof cert;
  t.o = slow();
  OK(swl_cancel_new(&t.cancel));
  c = control_of(&t);
  /* The callback's number. */
  t.stop_at = 4;
  OK(swl_bcd_solve(s, t.o, &c, &info));
  CHECK(info.outcome == SWL_CANCELLED && info.callback_code == 41);
  OK(swl_bcd_certificate(s, &cert));
  CHECK(cert.value == info.certificate && isfinite(cert.value));
  /* The token, tripped inside a callback; it stays tripped. */
  t.stop_at = 0;
  t.trip_at = t.calls + 4;
  OK(swl_bcd_solve(s, t.o, &c, &info));
  CHECK(info.outcome == SWL_CANCELLED && info.callback_code == 0 && swl_cancel_is_tripped(t.cancel));
  OK(swl_bcd_solve(s, t.o, &c, &info));
  CHECK(info.outcome == SWL_CANCELLED);
  OK(swl_bcd_coef(s, coef, COLS));
  FAILS(swl_bcd_new(&m, &target, NULL, NULL, &c, &made), SWL_E_STOPPED, "cancel token");
  FAILS(swl_bcd_lambda_max(s, NULL, &c, &lambda), SWL_E_STOPPED, "cancel token");
  swl_cancel_reset(t.cancel);
  CHECK(!swl_cancel_is_tripped(t.cancel));
  t.calls = 0;
  t.trip_at = 0;
  t.stop_at = 1;
  FAILS(swl_bcd_new(&m, &target, NULL, NULL, &c, &made), SWL_E_STOPPED, "returned 41");
  t.calls = 0;
  FAILS(swl_bcd_lambda_max(s, NULL, &c, &lambda), SWL_E_STOPPED, "returned 41");
  /* A deadline of 0. */
  FAILS(swl_bcd_new(&m, &target, zero, NULL, NULL, &made), SWL_E_STOPPED, "max_seconds");
  FAILS(swl_bcd_lambda_max(s, zero, NULL, &lambda), SWL_E_STOPPED, "max_seconds");
  CHECK(made == NULL && lambda == 7.0);
  OK(swl_bcd_warm_start(s, NULL, NULL));
  OK(swl_bcd_solve(s, zero, NULL, &info));
  CHECK(info.outcome == SWL_TIME_LIMIT);
  OK(swl_bcd_coef(s, coef, COLS));
  CHECK(coef[0] == 0.0);
  OK(swl_bcd_certificate(s, &cert));
  CHECK(cert.kind == info.certificate_kind);
  OK(swl_bcd_solve(s, few, NULL, &info));
  CHECK(info.outcome == SWL_ITERATION_LIMIT && info.certificate_kind == SWL_CERT_DUALITY_GAP);
  OK(swl_options_set_f64(few, "max_work", 1e3));
  OK(swl_bcd_solve(s, few, NULL, &info));
  CHECK(info.outcome == SWL_WORK_LIMIT);
  swl_bcd_free(s);
  swl_cancel_free(t.cancel);
  swl_options_free(t.o);
  swl_options_free(zero);
  swl_options_free(few);
}

static void *trip_soon(void *arg)
{
  struct timespec pause = { 0, 50000000 };
  nanosleep(&pause, NULL);
  swl_cancel_trip((swl_cancel *)arg);
  return NULL;
}

static void other_thread(void)
{
  pthread_t thread;
  state t;
  swl_control c;
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_bcd_info info = empty_info();
  memset(&t, 0, sizeof t);
  OK(swl_cancel_new(&t.cancel));
  t.o = slow();
  memset(&c, 0, sizeof c);
  c.struct_size = sizeof c;
  c.cancel = t.cancel;
  OK(swl_options_set_f64(t.o, "max_seconds", 60.0));
  CHECK(pthread_create(&thread, NULL, trip_soon, t.cancel) == 0);
  OK(swl_bcd_solve(s, t.o, &c, &info));
  pthread_join(thread, NULL);
  /* A solve that rounding ends first is as good. */
  CHECK(info.outcome == SWL_CANCELLED || info.outcome == SWL_FLOOR || info.outcome == SWL_STALLED);
  swl_bcd_free(s);
  swl_cancel_free(t.cancel);
  swl_options_free(t.o);
}

typedef struct job { double coef[COLS]; int64_t threads; } job;

static void *solve_alone(void *arg)
{
  job *j = (job *)arg;
  swl_options *o = options_with("lambda_ratio", 0.02);
  swl_bcd *s = dense_problem(a, y, ROWS, COLS);
  swl_bcd_info info = empty_info();
  OK(swl_options_set_i64(o, "threads", j->threads));
  OK(swl_bcd_solve(s, o, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED && info.threads == (int32_t)j->threads);
  OK(swl_bcd_coef(s, j->coef, COLS));
  swl_bcd_free(s);
  swl_options_free(o);
  return NULL;
}

/* Two handles on two threads, and pools of several sizes: the same bits. */
static void threads(void)
{
  static job jobs[4] = { { { 0 }, 1 }, { { 0 }, 1 }, { { 0 }, 2 }, { { 0 }, 3 } };
  pthread_t thread[2];
  int i;
  for (i = 0; i < 2; i++) CHECK(pthread_create(&thread[i], NULL, solve_alone, &jobs[i]) == 0);
  for (i = 0; i < 2; i++) pthread_join(thread[i], NULL);
  for (i = 2; i < 4; i++) solve_alone(&jobs[i]);
  for (i = 1; i < 4; i++) CHECK(memcmp(jobs[0].coef, jobs[i].coef, sizeof jobs[0].coef) == 0);
}

int main(void)
{
  a = (double *)malloc(ROWS * COLS * sizeof *a);
  y = (double *)malloc(ROWS * sizeof *y);
  if (a == NULL || y == NULL) return 2;
  make_data(a, y, ROWS, COLS);
  progress_and_log();
  stops();
  other_thread();
  threads();
  free(a);
  free(y);
  return finish("control");
}
