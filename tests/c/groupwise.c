/* Groupwise regret: rounds one by one and many at once, tickets, certificates, own learners, saved streams, paths, bad input. */
#include "check.h"

enum { D = 3, G = 4, T = 120 };
static double x[T][D], y[T];
static int64_t awake[T][2], starts[T + 1], flat[2 * T];
static swl_groupwise *made = NULL; /* no failing call may write it */

static void make_rounds(void)
{
  uint64_t state = 9;
  int t, j;
  for (t = 0; t < T; t++) {
    for (j = 0; j < D; j++) x[t][j] = next_number(&state);
    awake[t][0] = t % 2;
    awake[t][1] = 2 + t % 3 % 2;
    y[t] = 2 + (t % 2 ? x[t][0] : -x[t][0]) + 0.1 * next_number(&state);
    starts[t + 1] = 2 * (t + 1);
    flat[2 * t] = awake[t][0];
    flat[2 * t + 1] = awake[t][1];
  }
}

static swl_options *options(void)
{
  swl_options *o = NULL;
  OK(swl_options_new("groupwise", &o));
  OK(swl_options_set_f64(o, "label_upper", 4));
  OK(swl_options_set_str(o, "intercept", "true"));
  return o;
}

static swl_group_cert certificate(const swl_groupwise *s, int64_t group)
{
  swl_group_cert cert;
  memset(&cert, 0, sizeof cert);
  cert.struct_size = sizeof cert;
  OK(swl_groupwise_certificate(s, group, &cert));
  return cert;
}

static swl_groupwise_info counts(const swl_groupwise *s)
{
  swl_groupwise_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  OK(swl_groupwise_counts(s, &info));
  return info;
}

static double one_by_one(swl_groupwise *s, int first, int last, double *out)
{
  double loss = 0;
  int t;
  for (t = first; t < last; t++) {
    uint64_t ticket = 0;
    OK(swl_groupwise_predict(s, x[t], D, awake[t], 2, &out[t], &ticket));
    CHECK(ticket > 0);
    OK(swl_groupwise_update(s, ticket, y[t], 1));
    loss += (out[t] - y[t]) * (out[t] - y[t]);
  }
  return loss;
}

static void rounds(void)
{
  static double single[T], batch[T], coef[D + 1];
  swl_options *o = options();
  swl_groupwise *a = NULL, *b = NULL, *c = NULL, *d = NULL;
  swl_groupwise_run_info run;
  swl_dense rows = swl_dense_f64(&x[0][0], T, D, D, SWL_ROW_MAJOR);
  swl_vec labels = swl_vec_f64(y, T);
  int64_t ids[8], n = 0;
  double sum, weights[8], loss;
  uint64_t ticket;
  size_t need = 0;
  void *bytes;
  int k;
  OK(swl_groupwise_new(D, G, 0, NULL, o, &a));
  OK(swl_groupwise_new(D, SWL_GROUPS_OPEN, 0, NULL, o, &b));
  loss = one_by_one(a, 0, T, single);
  {
    const swl_group_cert all = certificate(a, SWL_GROUP_ALWAYS_ON), two = certificate(a, 0);
    swl_expert_cert expert;
    memset(&expert, 0, sizeof expert);
    expert.struct_size = sizeof expert;
    CHECK(all.rounds == T && fabs(all.loss - loss) < 1e-9 * loss && all.standing == SWL_STANDING_HOLDS);
    CHECK(fabs(all.regret - (all.loss - all.hindsight)) < 1e-9 && all.regret <= all.bound && all.experts == 1);
    CHECK(two.rounds == T / 2 && two.comparator == SWL_COMPARATOR_RIDGE && two.health < 1e-9);
    OK(swl_groupwise_expert(a, 0, 0, &expert));
    CHECK(strcmp(expert.learner, "ridge") == 0 && expert.prior > 0 && expert.prior < 1);
    FAILS(swl_groupwise_expert(a, 0, 1, &expert), SWL_E_ARGUMENT, "expert");
    OK(swl_groupwise_coef(a, 1, 0, coef, D + 1));
    CHECK(fabs(4 * coef[0] - 1) < 0.1 && fabs(4 * coef[D] - 2) < 0.2);
    FAILS(swl_groupwise_coef(a, 1, 0, coef, D), SWL_E_ARGUMENT, "len");
  }
  /* Many at once give the same bits, but for the priors of an open set: another stream of declared groups. */
  OK(swl_groupwise_new(D, G, 0, NULL, o, &c));
  memset(&run, 0, sizeof run);
  run.struct_size = sizeof run;
  OK(swl_groupwise_run(c, &rows, &labels, NULL, starts, flat, NULL, batch, T, &run));
  CHECK(run.outcome == SWL_CONVERGED && run.rounds == T && memcmp(single, batch, sizeof batch) == 0);
  OK(swl_groupwise_run(b, &rows, &labels, NULL, starts, flat, NULL, NULL, 0, NULL));
  CHECK(certificate(b, 3).rounds == certificate(a, 3).rounds);
  OK(swl_groupwise_groups(b, ids, 8, &n));
  CHECK(n == 5 && ids[0] == 0 && ids[4] == SWL_GROUP_ALWAYS_ON);
  /* Weights, labels out of order, tickets that are gone. */
  OK(swl_groupwise_predict(c, x[0], D, awake[0], 2, &sum, &ticket));
  OK(swl_groupwise_weights(c, ticket, ids, weights, NULL, 8, &n));
  for (sum = 0, k = 0; k < n; k++) sum += weights[k];
  CHECK(n == 3 && fabs(sum - 1) < 1e-12);
  /* One array that is refused leaves the others as they were. */
  {
    void *odd = (char *)weights + 1;
    ids[0] = -7, n = -1;
    FAILS(swl_groupwise_weights(c, ticket, ids, weights, odd, 8, &n), SWL_E_ARGUMENT, "predictions");
    FAILS(swl_groupwise_weights(c, ticket, ids, odd, NULL, 8, &n), SWL_E_ARGUMENT, "weights");
    CHECK(ids[0] == -7 && n == -1);
  }
  {
    uint64_t second = 0;
    OK(swl_groupwise_predict(c, x[1], D, NULL, 0, &sum, &second));
    CHECK(counts(c).open_tickets == 2);
    OK(swl_groupwise_update(c, second, y[1], 1));
    OK(swl_groupwise_update(c, ticket, y[0], 0.5));
    FAILS(swl_groupwise_update(c, ticket, y[0], 1), SWL_E_STATE, "ticket");
    FAILS(swl_groupwise_update(c, ticket + 99, y[0], 1), SWL_E_STATE, "ticket");
    FAILS(swl_groupwise_weights(c, second, NULL, NULL, NULL, 0, &n), SWL_E_STATE, "ticket");
    OK(swl_groupwise_predict(c, x[1], D, NULL, 0, &sum, &second));
    OK(swl_groupwise_expire(c, second));
    CHECK(counts(c).open_tickets == 0 && counts(c).expired_tickets == 1 && counts(c).claim == 3);
  }
  /* Saved, and cloned: the rest of the stream has the same bits. */
  OK(swl_groupwise_predict(a, x[7], D, awake[7], 2, &sum, &ticket));
  OK(swl_groupwise_save(a, NULL, 0, &need));
  bytes = malloc(need);
  FAILS(swl_groupwise_save(a, bytes, need - 1, NULL), SWL_E_ARGUMENT, "cap");
  OK(swl_groupwise_save(a, bytes, need, NULL));
  OK(swl_groupwise_load(bytes, need, NULL, &d));
  swl_groupwise_free(b);
  b = NULL;
  OK(swl_groupwise_clone(a, &b));
  OK(swl_groupwise_update(a, ticket, y[7], 1));
  OK(swl_groupwise_update(b, ticket, y[7], 1));
  OK(swl_groupwise_update(d, ticket, y[7], 1));
  one_by_one(a, 0, 40, single);
  one_by_one(d, 0, 40, batch);
  CHECK(memcmp(single, batch, 40 * sizeof *batch) == 0);
  one_by_one(b, 0, 40, batch);
  CHECK(memcmp(single, batch, 40 * sizeof *batch) == 0);
  ((unsigned char *)bytes)[need / 2] ^= 1;
  FAILS(swl_groupwise_load(bytes, need, NULL, &made), SWL_E_FORMAT, "");
  FAILS(swl_groupwise_load(bytes, need / 3, NULL, &made), SWL_E_FORMAT, "");
  free(bytes);
  swl_groupwise_free(a);
  swl_groupwise_free(b);
  swl_groupwise_free(c);
  swl_groupwise_free(d);
  swl_options_free(o);
}

/* A learner that predicts the mean of its labels. */
typedef struct mean { double sum, count; } mean;
static int released = 0, living = 0, refuse = 0, barren = 0, unsaved = 0;
static int fuse = -1; /* labels until one cannot be taken in */
static swl_groupwise *in_use = NULL; /* the stream whose call runs these callbacks, where they are to call it as well */

static int32_t mean_create(void *ctx, const void *from, void **out)
{
  mean *m = calloc(1, sizeof *m);
  (void)ctx;
  if (m == NULL) return 1;
  if (barren != 0) {
    free(m);
    return barren;
  }
  if (from != NULL) *m = *(const mean *)from;
  living++;
  *out = m;
  return 0;
}
static void mean_destroy(void *ctx, void *state)
{
  (void)ctx;
  living--;
  free(state);
}
static int32_t mean_predict(void *ctx, void *state, const double *row, int64_t n, double *out)
{
  const mean *m = state;
  (void)ctx, (void)row;
  *out = m->count > 0 ? m->sum / m->count : 0.5;
  if (in_use != NULL) {
    double p = -1;
    uint64_t ticket = 0;
    FAILS(swl_groupwise_predict(in_use, x[0], D, NULL, 0, &p, &ticket), SWL_E_BUSY, "in use");
    FAILS(swl_groupwise_update(in_use, 1, 0.5, 1), SWL_E_BUSY, "in use");
    FAILS(swl_groupwise_save(in_use, NULL, 0, NULL), SWL_E_BUSY, "in use");
    swl_groupwise_free(in_use);
    CHECK(p == -1 && ticket == 0);
  }
  return n == D + 1 ? refuse : 77;
}
static int32_t mean_update(void *ctx, void *state, const double *row, int64_t n, double label, double z, double weight)
{
  mean *m = state;
  (void)ctx, (void)row, (void)n, (void)z;
  if (fuse >= 0 && fuse-- == 0) return 45;
  m->sum += weight * label;
  m->count += weight;
  return 0;
}
static int32_t mean_save(void *ctx, const void *state, void *buf, size_t cap, size_t *need)
{
  (void)ctx, (void)cap;
  *need = sizeof(mean);
  if (buf != NULL) memcpy(buf, state, sizeof(mean));
  return unsaved;
}
static int32_t mean_load(void *ctx, void *state, const void *buf, size_t len)
{
  (void)ctx;
  if (len != sizeof(mean)) return 5;
  memcpy(state, buf, len);
  return 0;
}
static void mean_release(void *ctx) { (*(int *)ctx)++; }

/* A run that ends in the midst of a round: what is left is to give the label of its ticket again. */
static void failed_run(const swl_learner *learner)
{
  static double first[T], second[T];
  swl_options *o = options();
  swl_groupwise *a = NULL, *b = NULL;
  swl_groupwise_run_info run;
  swl_dense rows = swl_dense_f64(&x[0][0], T, D, D, SWL_ROW_MAJOR);
  swl_vec labels = swl_vec_f64(y, T);
  memset(&run, 0, sizeof run);
  run.struct_size = sizeof run;
  OK(swl_groupwise_new(D, G, 0, learner, o, &a));
  OK(swl_groupwise_new(D, G, 0, learner, o, &b));
  OK(swl_groupwise_run(a, &rows, &labels, NULL, starts, flat, NULL, first, T, &run));
  CHECK(run.ticket == 0 && run.rounds == T);
  fuse = 3 * 10 + 2; /* three learners in each round */
  FAILS(swl_groupwise_run(b, &rows, &labels, NULL, starts, flat, NULL, NULL, 0, &run), SWL_E_CALLBACK, "ticket 11 stays open");
  CHECK(run.rounds == 10 && run.ticket == 11 && run.callback_code == 45 && counts(b).open_tickets == 1);
  fuse = -1;
  FAILS(swl_groupwise_update(b, run.ticket, y[10], 0.5), SWL_E_DATA, "taken in");
  OK(swl_groupwise_update(b, run.ticket, y[10], 1));
  one_by_one(b, 11, T, second);
  CHECK(memcmp(first + 11, second + 11, (T - 11) * sizeof *first) == 0);
  /* A round that cannot be predicted has no ticket. */
  refuse = 42;
  FAILS(swl_groupwise_run(b, &rows, &labels, NULL, starts, flat, NULL, NULL, 0, &run), SWL_E_CALLBACK, "42");
  CHECK(run.rounds == 0 && run.ticket == 0);
  refuse = 0;
  swl_groupwise_free(a);
  swl_groupwise_free(b);
  swl_options_free(o);
}

static void own_learner(void)
{
  swl_options *o = options();
  swl_groupwise *a = NULL, *b = NULL, *c = NULL;
  static double first[T], second[T];
  uint64_t ticket = 0;
  double p = -1;
  size_t need = 0;
  void *bytes;
  swl_learner learner;
  memset(&learner, 0, sizeof learner);
  learner.struct_size = sizeof learner;
  learner.ctx = &released;
  learner.release = mean_release;
  learner.create = mean_create;
  learner.destroy = mean_destroy;
  learner.predict = mean_predict;
  FAILS(swl_groupwise_new(D, G, 0, &learner, o, &made), SWL_E_ARGUMENT, "learner.update");
  learner.update = mean_update;
  learner.save = mean_save;
  FAILS(swl_groupwise_new(D, G, 0, &learner, o, &made), SWL_E_ARGUMENT, "learner.load");
  learner.load = mean_load;
  OK(swl_groupwise_new(D, G, 0, &learner, o, &a));
  /* E37: two calls at a time on one stream. The one that came first goes on as if nothing had been. */
  in_use = a;
  one_by_one(a, 0, 2, first);
  in_use = NULL;
  one_by_one(a, 2, 50, first);
  CHECK(certificate(a, 1).rounds == 25 && certificate(a, 1).experts == 2 && certificate(a, 1).standing == SWL_STANDING_HOLDS);
  OK(swl_groupwise_save(a, NULL, 0, &need));
  bytes = malloc(need);
  OK(swl_groupwise_save(a, bytes, need, NULL));
  FAILS(swl_groupwise_load(bytes, need, NULL, &made), SWL_E_STATE, "custom learner");
  OK(swl_groupwise_load(bytes, need, &learner, &b));
  OK(swl_groupwise_clone(a, &c));
  free(bytes);
  one_by_one(a, 50, T, first);
  one_by_one(b, 50, T, second);
  CHECK(memcmp(first + 50, second + 50, (T - 50) * sizeof *first) == 0);
  refuse = 42;
  FAILS(swl_groupwise_predict(c, x[0], D, awake[0], 2, &p, &ticket), SWL_E_CALLBACK, "42");
  CHECK(p == -1 && ticket == 0);
  refuse = 0;
  one_by_one(c, 50, T, second);
  CHECK(memcmp(first + 50, second + 50, (T - 50) * sizeof *first) == 0);
  barren = 43;
  FAILS(swl_groupwise_clone(a, &made), SWL_E_CALLBACK, "43");
  FAILS(swl_groupwise_new(D, G, 0, &learner, o, &made), SWL_E_CALLBACK, "43");
  barren = 0;
  unsaved = 44;
  FAILS(swl_groupwise_save(a, NULL, 0, &need), SWL_E_CALLBACK, "44");
  unsaved = 0;
  swl_groupwise_free(a);
  CHECK(released == 0);
  swl_groupwise_free(c);
  CHECK(released == 1);
  swl_groupwise_free(b);
  CHECK(released == 2 && living == 0);
  failed_run(&learner);
  CHECK(released == 4 && living == 0);
  swl_options_free(o);
}

/* Two parallel ways of two edges each: the cheaper one is learned, for each group its own. */
static int oracles = 0;
static int32_t cheaper(void *ctx, const double *cost, int64_t dim, double *action)
{
  (void)ctx;
  oracles++;
  action[0] = cost[0] <= cost[1];
  action[1] = 1 - action[0];
  return dim == 2 ? 0 : 9;
}

static void paths(void)
{
  const int64_t from[] = { 0, 1, 0, 2 }, to[] = { 1, 3, 2, 3 }, cycle[] = { 1, 0, 2, 3 };
  swl_options *o = options();
  swl_decisions *s = NULL, *none = NULL;
  swl_decision_cert cert;
  swl_oracle oracle;
  double action[4];
  int t, kind;
  memset(&cert, 0, sizeof cert);
  cert.struct_size = sizeof cert;
  for (kind = SWL_PATHS_HEDGE; kind <= SWL_PATHS_PERTURBED; kind++) {
    OK(swl_decisions_new_paths(4, from, to, 4, 0, 3, kind, o, &s));
    for (t = 0; t < 400; t++) {
      const int64_t group = t % 2;
      double costs[4] = { 0.2, 0.2, 0.8, 0.8 };
      if (group == 1) costs[0] = 0.9, costs[1] = 0.9, costs[2] = 0.1;
      OK(swl_decisions_decide(s, &group, 1, action, 4));
      CHECK(action[0] == action[1] && action[2] == action[3] && action[0] + action[2] == 1);
      FAILS(swl_decisions_decide(s, &group, 1, action, 4), SWL_E_STATE, "costs");
      OK(swl_decisions_update(s, costs, 4));
    }
    OK(swl_decisions_certificate(s, 1, &cert));
    CHECK(cert.rounds == 200 && fabs(cert.hindsight - 180) < 1e-9 && cert.regret <= cert.bound);
    OK(swl_decisions_certificate(s, SWL_GROUP_ALWAYS_ON, &cert));
    CHECK(cert.rounds == 400);
    FAILS(swl_decisions_certificate(s, 7, &cert), SWL_E_STATE, "group");
    FAILS(swl_decisions_update(s, action, 4), SWL_E_STATE, "decision");
    swl_decisions_free(s);
    s = NULL;
  }
  FAILS(swl_decisions_new_paths(4, from, cycle, 4, 0, 3, 0, o, &none), SWL_E_DATA, "");
  FAILS(swl_decisions_new_paths(4, from, to, 4, 0, 3, 5, o, &none), SWL_E_ARGUMENT, "learner");
  FAILS(swl_decisions_new_paths(3, from, to, 4, 0, 2, 0, o, &none), SWL_E_DATA, "");
  FAILS(swl_decisions_new_paths((int64_t)1 << 32, from, to, 4, 0, 3, 0, o, &none), SWL_E_ARGUMENT, "nodes");
  FAILS(swl_decisions_new_paths(INT64_MAX, from, to, 4, 0, 3, 0, o, &none), SWL_E_ARGUMENT, "nodes");
  memset(&oracle, 0, sizeof oracle);
  oracle.struct_size = sizeof oracle;
  oracle.dim = 2;
  FAILS(swl_decisions_new_oracle(&oracle, o, &none), SWL_E_ARGUMENT, "minimize");
  oracle.minimize = cheaper;
  FAILS(swl_decisions_new_oracle(&oracle, o, &none), SWL_E_ARGUMENT, "oracle");
  oracle.diameter = 2;
  oracle.cost = 1e308;
  oracle.costs = 2;
  FAILS(swl_decisions_new_oracle(&oracle, o, &none), SWL_E_ARGUMENT, "1e-100");
  oracle.cost = 1;
  OK(swl_decisions_new_oracle(&oracle, o, &s));
  for (t = 0; t < 100; t++) {
    const double costs[2] = { 0.9, 0.1 };
    OK(swl_decisions_decide(s, NULL, 0, action, 2));
    OK(swl_decisions_update(s, costs, 2));
  }
  OK(swl_decisions_certificate(s, SWL_GROUP_ALWAYS_ON, &cert));
  CHECK(oracles > 100 && cert.in_expectation == 1 && fabs(cert.hindsight - 10) < 1e-9 && none == NULL);
  swl_decisions_free(s);
  swl_decisions_free(NULL);
  swl_options_free(o);
}

static void bad_input(void)
{
  swl_options *o = options(), *other = NULL;
  swl_groupwise *s = NULL;
  swl_groupwise_run_info run;
  swl_group_cert cert;
  double p = -1, nan_row[D] = { 0, 0, 0 }, huge[D] = { 1e200, 0, 0 };
  uint64_t ticket = 0;
  int64_t bad[] = { 1, -3 }, far[] = { G }, short_starts[T + 1] = { 0 };
  swl_dense rows = swl_dense_f64(&x[0][0], T, D, D, SWL_ROW_MAJOR);
  swl_vec labels = swl_vec_f64(y, T), few = swl_vec_f64(y, T - 1);
  OK(swl_options_new("bcd", &other));
  FAILS(swl_groupwise_new(D, G, 0, NULL, other, &made), SWL_E_OPTION, "groupwise");
  FAILS(swl_groupwise_new(-1, G, 0, NULL, o, &made), SWL_E_ARGUMENT, "features");
  FAILS(swl_groupwise_new(D, -2, 0, NULL, o, &made), SWL_E_ARGUMENT, "groups");
  FAILS(swl_groupwise_new(D, G, 8, NULL, o, &made), SWL_E_UNSUPPORTED, "flags");
  FAILS(swl_groupwise_new(D, G, 0, NULL, o, NULL), SWL_E_ARGUMENT, "out");
  FAILS(swl_groupwise_new(INT64_MAX, G, 0, NULL, o, &made), SWL_E_ARGUMENT, "features");
  OK(swl_groupwise_new(D, G, SWL_GROUPWISE_NO_ALWAYS_ON, NULL, o, &s));
  FAILS(swl_groupwise_predict(s, x[0], D, NULL, 0, &p, &ticket), SWL_E_DATA, "groups");
  FAILS(swl_groupwise_predict(s, x[0], D - 1, awake[0], 2, &p, &ticket), SWL_E_ARGUMENT, "x");
  FAILS(swl_groupwise_predict(s, NULL, D, awake[0], 2, &p, &ticket), SWL_E_ARGUMENT, "x");
  FAILS(swl_groupwise_predict(s, x[0], D, bad, 2, &p, &ticket), SWL_E_ARGUMENT, "groups, entry 1");
  FAILS(swl_groupwise_predict(s, x[0], D, bad, -1, &p, &ticket), SWL_E_ARGUMENT, "n_groups");
  FAILS(swl_groupwise_predict(s, x[0], D, far, 1, &p, &ticket), SWL_E_DATA, "group");
  nan_row[1] = NAN;
  FAILS(swl_groupwise_predict(s, nan_row, D, awake[0], 2, &p, &ticket), SWL_E_DATA, "x");
  FAILS(swl_groupwise_predict(s, huge, D, awake[0], 2, &p, &ticket), SWL_E_DATA, "x");
  FAILS(swl_groupwise_predict(s, x[0], D, awake[0], 2, NULL, &ticket), SWL_E_ARGUMENT, "out");
  FAILS(swl_groupwise_predict(NULL, x[0], D, awake[0], 2, &p, &ticket), SWL_E_ARGUMENT, "s");
  CHECK(p == -1 && ticket == 0 && counts(s).predictions == 0);
  OK(swl_groupwise_predict(s, x[0], D, awake[0], 2, &p, &ticket));
  FAILS(swl_groupwise_update(s, ticket, NAN, 1), SWL_E_DATA, "");
  FAILS(swl_groupwise_update(s, ticket, 4.5, 1), SWL_E_DATA, "");
  FAILS(swl_groupwise_update(s, ticket, 1, -1), SWL_E_DATA, "weight");
  FAILS(swl_groupwise_update(s, 0, 1, 1), SWL_E_STATE, "ticket");
  OK(swl_groupwise_update(s, ticket, 1, 1));
  memset(&run, 0, sizeof run);
  run.struct_size = sizeof run;
  FAILS(swl_groupwise_run(s, &rows, &few, NULL, starts, flat, NULL, NULL, 0, &run), SWL_E_ARGUMENT, "y.len");
  FAILS(swl_groupwise_run(s, &rows, &labels, NULL, NULL, flat, NULL, NULL, 0, &run), SWL_E_ARGUMENT, "starts");
  FAILS(swl_groupwise_run(s, &rows, &labels, NULL, starts, NULL, NULL, NULL, 0, &run), SWL_E_ARGUMENT, "groups");
  FAILS(swl_groupwise_run(s, &rows, &labels, NULL, starts, flat, NULL, &p, 1, &run), SWL_E_ARGUMENT, "len");
  FAILS(swl_groupwise_run(s, &rows, &labels, NULL, short_starts, flat, NULL, NULL, 0, &run), SWL_E_DATA, "round 0");
  short_starts[1] = 5;
  FAILS(swl_groupwise_run(s, &rows, &labels, NULL, short_starts, flat, NULL, NULL, 0, &run), SWL_E_ARGUMENT, "starts, entry 2");
  y[T - 1] = NAN;
  FAILS(swl_groupwise_run(s, &rows, &labels, NULL, starts, flat, NULL, NULL, 0, &run), SWL_E_DATA, "round 119");
  y[T - 1] = 2;
  CHECK(counts(s).updates == 1);
  memset(&cert, 0, sizeof cert);
  FAILS(swl_groupwise_certificate(s, 0, &cert), SWL_E_ARGUMENT, "struct_size");
  cert.struct_size = sizeof cert;
  FAILS(swl_groupwise_certificate(s, G, &cert), SWL_E_ARGUMENT, "group");
  FAILS(swl_groupwise_certificate(s, -3, &cert), SWL_E_ARGUMENT, "group");
  FAILS(swl_groupwise_certificate(s, SWL_GROUP_ALWAYS_ON, &cert), SWL_E_ARGUMENT, "ALWAYS_ON");
  FAILS(swl_groupwise_certificate(s, SWL_GROUP_CROSSED, &cert), SWL_E_ARGUMENT, "CROSSED");
  OK(swl_groupwise_certificate(s, 1, &cert));
  CHECK(cert.rounds == 0 && isnan(cert.regret) && made == NULL);
  FAILS(swl_groupwise_counts((swl_groupwise *)o, NULL), SWL_E_ARGUMENT, "");
  swl_groupwise_free(NULL);
  swl_groupwise_free(s);
  swl_options_free(o);
  swl_options_free(other);
}

/* A callback that says stop after so many rounds. */
static int32_t stop_after(void *ctx, const swl_progress *p)
{
  return p->iteration + 1 == *(const uint64_t *)ctx ? 7 : 0;
}

/* A token that is tripped leaves a whole number of rounds done. */
static void cancelled(void)
{
  swl_options *o = options();
  swl_groupwise *s = NULL;
  swl_cancel *token = NULL;
  swl_groupwise_run_info run;
  swl_control control;
  uint64_t stop = 5;
  swl_dense rows = swl_dense_f64(&x[0][0], T, D, D, SWL_ROW_MAJOR);
  swl_vec labels = swl_vec_f64(y, T);
  memset(&run, 0, sizeof run);
  run.struct_size = sizeof run;
  memset(&control, 0, sizeof control);
  control.struct_size = sizeof control;
  OK(swl_cancel_new(&token));
  swl_cancel_trip(token);
  control.cancel = token;
  OK(swl_groupwise_new(D, G, 0, NULL, o, &s));
  OK(swl_groupwise_run(s, &rows, &labels, NULL, starts, flat, &control, NULL, 0, &run));
  CHECK(run.outcome == SWL_CANCELLED && run.rounds < T && counts(s).updates == run.rounds);
  control.cancel = NULL;
  control.progress = stop_after;
  control.ctx = &stop;
  control.every = 1;
  OK(swl_groupwise_run(s, &rows, &labels, NULL, starts, flat, &control, NULL, 0, &run));
  CHECK(run.outcome == SWL_CANCELLED && run.rounds == 5 && run.callback_code == 7);
  /* In the last round it ends nothing. */
  stop = T;
  OK(swl_groupwise_run(s, &rows, &labels, NULL, starts, flat, &control, NULL, 0, &run));
  CHECK(run.outcome == SWL_CONVERGED && run.rounds == T && run.callback_code == 0);
  swl_groupwise_free(s);
  swl_cancel_free(token);
  swl_options_free(o);
}

int main(void)
{
  make_rounds();
  rounds();
  own_learner();
  paths();
  bad_input();
  cancelled();
  CHECK(swl_has_feature("groupwise") == 1);
  return finish("groupwise");
}
