// The C++ classes: results as vectors, errors and callbacks as exceptions, arrays read in place.
#include <southwell.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

static int failures = 0;
#define CHECK(what)                                                             \
  do {                                                                          \
    if (!(what)) {                                                              \
      failures++;                                                               \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);   \
    }                                                                           \
  } while (0)

struct custom : std::runtime_error {
  int number;
  explicit custom(int n) : std::runtime_error("custom"), number(n) {}
};

static const std::int64_t rows = 40, cols = 10;

static std::vector<double> data() {
  std::vector<double> a(static_cast<std::size_t>(rows * cols));
  for (std::size_t k = 0; k < a.size(); k++) a[k] = std::sin(1.0 + static_cast<double>(k * k % 997));
  return a;
}

static std::vector<double> target(const std::vector<double> &a) {
  std::vector<double> y(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < y.size(); i++) y[i] = a[i] - 2.0 * a[i + 3 * static_cast<std::size_t>(rows)];
  return y;
}

static void results() {
  const std::vector<double> a = data(), y = target(a);
  const southwell::matrix m(a, rows, cols);
  southwell::options o;
  o.set("lambda_ratio", 0.01).set("loss", "squared").set("trace", true).set("threads", 2);
  CHECK(o.real("lambda_ratio") == 0.01 && o.integer("threads") == 2 && o.text("loss") == "squared");
  CHECK(o.describe().size() > 20 && o.clone().integer("trace") == 1);
  southwell::bcd s(m, y);
  const double most = s.lambda_max(o);
  const swl_bcd_info info = s.solve(o);
  CHECK(info.outcome == SWL_CONVERGED && info.lambda_max == most && info.threads == 2);
  const std::vector<double> coef = s.coef(), fitted = s.fitted(), residuals = s.residuals();
  CHECK(std::fabs(coef[0] - 1.0) < 0.2 && std::fabs(coef[3] + 2.0) < 0.2 && s.intercept() == 0.0);
  for (std::size_t i = 0; i < y.size(); i++) CHECK(std::fabs(y[i] - fitted[i] - residuals[i]) < 1e-13);
  CHECK(s.dual().size() == static_cast<std::size_t>(rows) && !s.trace().empty());
  CHECK(s.certificate().value == info.certificate);
  CHECK(s.predict(m) == fitted && s.predict_mean(m) == fitted && s.score(m, y) < 0.1);
  CHECK(southwell::bcd::memory_estimate(m) > 1000);
  southwell::bcd moved = std::move(s);
  moved.set_weights(nullptr);
  moved.set_bounds(std::vector<double>(10, 0.0), nullptr);
  moved.set_penalty_factors(std::vector<double>(10, 1.0));
  moved.set_offset(std::vector<float>(40, 0.0f));
  moved.warm_start();
  moved.solve(o);
  for (double c : moved.coef()) CHECK(c >= 0.0);
}

static void errors() {
  const std::vector<double> a = data(), y = target(a);
  southwell::bcd s(southwell::matrix(a, rows, cols), y);
  try {
    southwell::options().set("tolerence", 1.0);
    CHECK(false);
  } catch (const southwell::error &e) {
    CHECK(e.code() == SWL_E_OPTION && e.message().find("tolerance") != std::string::npos);
  }
  try {
    s.coef();
    CHECK(false);
  } catch (const southwell::error &e) {
    CHECK(e.code() == SWL_E_STATE);
  }
  try {
    southwell::matrix(a, rows, cols + 1);
    CHECK(false);
  } catch (const southwell::error &e) {
    CHECK(e.code() == SWL_E_ARGUMENT);
  }
}

static void callbacks() {
  const std::vector<double> a = data(), y = target(a);
  southwell::bcd s(southwell::matrix(a, rows, cols), y);
  int calls = 0, lines = 0;
  southwell::control quiet, throws, throws_in_log, stops, everything;
  throws.on_progress([&](const swl_progress &) -> bool {
    if (++calls == 2) throw custom(17);
    return true;
  });
  try {
    s.solve(southwell::options(), throws);
    CHECK(false);
  } catch (const custom &e) {
    CHECK(e.number == 17);
  }
  throws_in_log.on_log([](int, const std::string &) { throw custom(18); });
  try {
    s.solve(southwell::options(), throws_in_log);
    CHECK(false);
  } catch (const custom &e) {
    CHECK(e.number == 18);
  }
  calls = 0;
  try {
    southwell::bcd made(southwell::matrix(a, rows, cols), y, throws_in_log);
    CHECK(false);
  } catch (const custom &e) {
    CHECK(e.number == 18);
  }
  stops.on_progress([](const swl_progress &) { return false; });
  CHECK(s.solve(southwell::options(), stops).outcome == SWL_CANCELLED);
  try {
    s.lambda_max(southwell::options(), stops);
    CHECK(false);
  } catch (const southwell::error &e) {
    CHECK(e.code() == SWL_E_STOPPED);
  }
  southwell::cancel token;
  std::thread([&] { token.trip(); }).join();
  quiet.with_cancel(token);
  CHECK(token.is_tripped() && s.solve(southwell::options(), quiet).outcome == SWL_CANCELLED);
  token.reset();
  everything.with_cancel(token)
      .on_progress([&](const swl_progress &p) { return ++calls, p.phase >= SWL_PHASE_SETUP; })
      .on_log([&](int, const std::string &line) { lines += line.find("bcd") != std::string::npos; });
  s.warm_start();
  CHECK(s.solve(southwell::options(), everything).outcome == SWL_CONVERGED && calls > 0 && lines == 1);
}

static void in_place() {
  std::shared_ptr<std::vector<double>> a = std::make_shared<std::vector<double>>(data());
  const std::vector<double> y = target(*a);
  int released = 0;
  {
    const southwell::matrix m(*a, rows, cols);
    southwell::bcd s = southwell::bcd::in_place(m, y, [a, &released] { released++; });
    CHECK(a.use_count() == 2);
    s.solve();
    CHECK(released == 0 && s.coef().size() == 10);
    try {
      southwell::bcd::in_place(m, std::vector<double>(3), [&released] { released += 100; });
      CHECK(false);
    } catch (const southwell::error &e) {
      CHECK(e.code() == SWL_E_ARGUMENT);
    }
    southwell::control throws_in_log;
    throws_in_log.on_log([](int, const std::string &) { throw custom(19); });
    try {
      southwell::bcd::in_place(m, y, [&released] { released += 100; }, throws_in_log);
      CHECK(false);
    } catch (const custom &e) {
      CHECK(e.number == 19);
    }
  }
  CHECK(released == 1 && a.use_count() == 1);
}

// Softmax through the classes, a matrix by columns, and a function.
static void several() {
  const std::vector<double> a = data();
  std::vector<double> y(static_cast<std::size_t>(rows)), tasks(static_cast<std::size_t>(2 * rows), 0.5);
  for (std::size_t r = 0; r < y.size(); r++) y[r] = static_cast<double>(r * r % 7 % 3);
  southwell::options o;
  o.set("loss", "softmax").set("lambda_ratio", 0.2).set("intercept", 1);
  southwell::bcd s(southwell::matrix(a, rows, cols), y);
  CHECK(s.solve(o).outcome == SWL_CONVERGED);
  CHECK(s.outputs() == 3 && s.coef().size() == 3 * static_cast<std::size_t>(cols) && s.intercepts().size() == 3);
  CHECK(s.predict_mean(southwell::matrix(a, rows, cols)).size() == 3 * static_cast<std::size_t>(rows));
  CHECK(s.dual().size() == 3 * static_cast<std::size_t>(rows));
  s.set_targets(swl_dense_f64(tasks.data(), rows, 2, 2, SWL_ROW_MAJOR));
  o.set("loss", "multi-squared");
  CHECK(s.solve(o).outcome == SWL_CONVERGED && s.outputs() == 2);

  swl_function f = swl_function();
  f.struct_size = sizeof f;
  f.cols = 2;
  f.value = [](void *, const double *x, double *out) -> std::int32_t {
    *out = 0.5 * ((x[0] - 1.0) * (x[0] - 1.0) + (x[1] - 0.1) * (x[1] - 0.1));
    return 0;
  };
  f.gradient = [](void *, const double *x, const std::int64_t *list, std::int64_t n, double *out) -> std::int32_t {
    for (std::int64_t i = 0; i < n; i++) out[i] = x[list[i]] - (list[i] == 0 ? 1.0 : 0.1);
    return 0;
  };
  southwell::bcd own = southwell::bcd::user(f);
  southwell::options l1;
  l1.set("lambda", 0.25);
  CHECK(own.solve(l1).outcome == SWL_CONVERGED);
  CHECK(std::fabs(own.coef()[0] - 0.75) < 1e-5 && own.coef()[1] == 0.0);
}

// Batches, derivatives and identification: the numbers of the C calls, and controls that stop them.
static void beyond() {
  const std::vector<double> a = data(), y = target(a);
  southwell::options o;
  o.set("lambda", 0.5).set("intercept", 1).set("tolerance", 1e-12);
  southwell::bcd s(southwell::matrix(a, rows, cols), y);
  CHECK(s.solve(o).outcome == SWL_CONVERGED);
  const std::vector<double> coef = s.coef();
  std::vector<double> targets(y), up(static_cast<std::size_t>(cols), 1.0);
  for (double v : y) targets.push_back(2.0 * v);
  const swl_dense both = swl_dense_f64(targets.data(), rows, 2, rows, SWL_COL_MAJOR);
  const southwell::batch_result found = s.batch(&both, nullptr, o);
  CHECK(found.info.size() == 2 && found.info[1].outcome == SWL_CONVERGED && found.intercept.size() == 2);
  for (std::size_t j = 0; j < coef.size(); j++) CHECK(std::fabs(found.coef[j] - coef[j]) < 1e-6);
  const southwell::identification seen = s.identify();
  std::int64_t zeros = 0;
  for (std::size_t j = 0; j < coef.size(); j++) {
    zeros += seen.safe_zeros[j];
    CHECK(!seen.safe_zeros[j] || coef[j] == 0.0);
  }
  CHECK(zeros == seen.facts.safe_zeros && seen.facts.unique == 1);
  southwell::change by;
  by.lambda = 2.0;
  by.target = y;
  const southwell::derivative moved = s.forward(by);
  const southwell::gradient back = s.backward(up, 1.0);
  double left = moved.intercept, right = 2.0 * back.lambda;
  for (double v : moved.coef) left += v;
  for (std::size_t r = 0; r < y.size(); r++) right += back.target[r] * y[r];
  CHECK(std::fabs(left - right) < 1e-8 * (1.0 + std::fabs(left)));
  southwell::control stops;
  stops.on_progress([](const swl_progress &) { return false; });
  int refused = 0;
  try { s.identify(stops); } catch (const southwell::error &e) { refused += e.code() == SWL_E_STOPPED; }
  try { s.forward(by, stops); } catch (const southwell::error &e) { refused += e.code() == SWL_E_STOPPED; }
  try { s.backward(up, 0.0, stops); } catch (const southwell::error &e) { refused += e.code() == SWL_E_STOPPED; }
  CHECK(refused == 3 && s.batch(&both, nullptr, o, stops).info[0].outcome == SWL_CANCELLED);
  try {
    s.batch(nullptr, nullptr, o);
    CHECK(false);
  } catch (const southwell::error &e) {
    CHECK(e.code() == SWL_E_ARGUMENT);
  }
}

// The rest of the C calls: points of a path, directions, linear terms, graphs.
static void wrappers() {
  const std::vector<double> a = data(), y = target(a);
  const southwell::matrix m(a, rows, cols);
  CHECK(southwell::has_feature("bcd") && !southwell::has_feature("none") && southwell::outcome_name(SWL_CONVERGED) == "converged");
  southwell::bcd s(m, y);
  southwell::options o;
  o.set("lambda_ratio", 0.05).set("tolerance", 1e-8);
  const std::int64_t points = s.path(southwell::path_grid::adaptive(1e-2), o);
  const std::vector<double> between = s.between();
  CHECK(points > 2 && between.size() == static_cast<std::size_t>(points - 1) && between[0] > 0.0);
  s.path_select(1);
  CHECK(s.path_coef(1) == s.coef() && s.path_intercepts(1)[0] == 0.0);
  CHECK(s.path(southwell::path_grid::spaced(3), o) == 3 && s.between().empty());

  // Labels that the first column separates.
  std::vector<double> labels(y);
  for (std::size_t i = 0; i < labels.size(); i++) labels[i] = a[i] > 0.0 ? 1.0 : -1.0;
  southwell::options none;
  none.set("loss", "logistic").set("penalty", "none");
  s.set_target(labels);
  CHECK(s.solve(none).outcome == SWL_INFIMUM_NOT_ATTAINED);
  const std::vector<double> direction = s.direction();
  CHECK(direction.size() == static_cast<std::size_t>(cols) + 1);
  for (std::size_t i = 0; i < labels.size(); i++) {
    double z = direction.back();
    for (std::size_t j = 0; j < static_cast<std::size_t>(cols); j++) z += a[i + j * labels.size()] * direction[j];
    CHECK(labels[i] * z > 0.0);
  }

  // 1/2 |Ax|^2 + c'x with c = -A'y is least squares.
  southwell::options exact;
  exact.set("lambda", 0.3).set("tolerance", 1e-12);
  s.set_target(y);
  CHECK(s.solve(exact).outcome == SWL_CONVERGED);
  const std::vector<double> expected = s.coef();
  std::vector<double> c(static_cast<std::size_t>(cols), 0.0);
  for (std::size_t j = 0; j < c.size(); j++)
    for (std::size_t i = 0; i < y.size(); i++) c[j] -= a[i + j * y.size()] * y[i];
  s.set_target(std::vector<double>(y.size(), 0.0));
  s.set_linear(c);
  s.warm_start();
  CHECK(s.solve(exact).outcome == SWL_CONVERGED && s.certificate().kind == SWL_CERT_DUALITY_GAP);
  for (std::size_t j = 0; j < c.size(); j++) CHECK(std::fabs(s.coef()[j] - expected[j]) < 1e-5);
  s.set_linear(nullptr);
  CHECK(s.solve(exact).nonzeros == 0);

  // A path of four nodes with labels 0 and 3 at its ends; the same as a matrix of weights, and as a quadratic.
  const std::vector<std::int64_t> from = { 0, 1, 2 }, to = { 1, 2, 3 }, ends = { 0, 3 };
  const double known[2] = { 0.0, 3.0 };
  const swl_dense at_ends = swl_dense_f64(known, 2, 1, 2, SWL_COL_MAJOR);
  southwell::options g("graph");
  g.set("tolerance", 1e-13).set("error_bound", true);
  southwell::graph path = southwell::graph::from_edges(4, from, to, nullptr, ends, at_ends, g);
  const swl_graph_info info = path.solve(g);
  CHECK(info.outcome == SWL_CONVERGED && info.unknowns == 2 && path.nodes() == 4 && path.columns() == 1);
  for (std::size_t i = 0; i < 4; i++) CHECK(std::fabs(path.values()[i] - static_cast<double>(i)) <= info.error + 1e-15);
  const std::int32_t starts[5] = { 0, 1, 3, 5, 6 }, columns[6] = { 1, 0, 2, 1, 3, 2 };
  const double ones[6] = { 1, 1, 1, 1, 1, 1 };
  const southwell::matrix weights(swl_csr_f64_i32(4, 4, 6, starts, columns, ones));
  southwell::graph same = southwell::graph::propagation(weights, ends, at_ends, g);
  same.set_partition({ 0, 0, 1, 1 });
  g.set("rule", "partition");
  CHECK(same.solve(g).outcome == SWL_CONVERGED && std::fabs(same.values()[1] - 1.0) < 1e-12);
  const std::int32_t two[3] = { 0, 2, 4 }, both[4] = { 0, 1, 0, 1 };
  const double entries[4] = { 2, -1, -1, 2 }, b[2] = { 1, 1 };
  southwell::graph quadratic =
      southwell::graph::quadratic(southwell::matrix(swl_csr_f64_i32(2, 2, 4, two, both, entries)), swl_dense_f64(b, 2, 1, 2, SWL_COL_MAJOR));
  quadratic.warm_start(std::vector<double>{ 1.0, 1.0 });
  southwell::graph moved = std::move(quadratic);
  CHECK(moved.solve().outcome == SWL_CONVERGED && std::fabs(moved.values()[0] - 1.0) < 1e-12);
  int refused = 0;
  try { southwell::graph::from_edges(4, from, { 1 }, nullptr, ends, at_ends); } catch (const southwell::error &e) { refused += e.code() == SWL_E_ARGUMENT; }
  southwell::control stops;
  stops.on_progress([](const swl_progress &) { return false; });
  try {
    southwell::graph::from_edges(4, from, to, nullptr, ends, at_ends, southwell::options("graph"), stops);
  } catch (const southwell::error &e) {
    refused += e.code() == SWL_E_STOPPED;
  }
  CHECK(refused == 2);
}

// What would be a view of something that is gone does not compile, and a grid keeps its strengths.
static_assert(!std::is_constructible<southwell::matrix, std::vector<double> &&, std::int64_t, std::int64_t>::value,
              "a temporary ends before the view");
static void temporaries() {
  const std::vector<double> a = data(), y = target(a);
  southwell::bcd s(southwell::matrix(a, rows, cols), y);
  std::unique_ptr<southwell::path_grid> first(new southwell::path_grid(southwell::path_grid::given({ 3.0, 2.0, 1.0 })));
  const southwell::path_grid copy = *first;
  first.reset();
  CHECK(s.path(copy) == 3);
  try {
    southwell::matrix(a, rows, cols - 1);
    CHECK(false);
  } catch (const southwell::error &e) {
    CHECK(e.code() == SWL_E_ARGUMENT);
  }
}

// m_ij = (i + 1) (j + 2) without its diagonal: completion, and all that is read from a model.
static void completion() {
  std::vector<std::int32_t> row, col;
  std::vector<double> value;
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 6; j++)
      if (i != j) {
        row.push_back(i);
        col.push_back(j);
        value.push_back((i + 1.0) * (j + 2.0));
      }
  const swl_triplets known = swl_triplets_f64_i32(8, 6, std::int64_t(value.size()), row.data(), col.data(), value.data(), 0);
  southwell::options o("altmin");
  o.set("rank", 1).set("ridge", 0).set("tolerance", 1e-11).set("trace", true);
  southwell::altmin s(known, o);
  const swl_altmin_info info = s.solve(o);
  CHECK(info.outcome == SWL_CONVERGED && s.rank() == 1 && s.rows() == 8 && s.cols() == 6);
  const std::vector<double> u = s.factor(southwell::side::rows), v = s.factor(southwell::side::cols);
  CHECK(u.size() == 8 && v.size() == 6 && std::fabs(u[3] * v[3] - 20.0) < 1e-6);
  const std::vector<double> all = s.predict(swl_dense_f64(nullptr, 8, 6, 6, SWL_ROW_MAJOR));
  CHECK(all.size() == 48 && std::fabs(all[7] - 6.0) < 1e-6);
  CHECK(s.determined(known).size() == value.size() && s.spectrum().size() == 1 && !s.trace().empty());
  CHECK(s.certificate().entries == std::int64_t(value.size()) && s.score(known) < 1e-6);
  const auto best = s.top(southwell::side::rows, 2, 2, { 5 });
  CHECK(best.size() == 2 && best[0].first == 4 && best[1].first == 3);
  CHECK(std::fabs(s.fold_in(southwell::side::rows, known)[5] - u[5]) < 1e-9);
  s.warm_start(swl_dense_f64(u.data(), 8, 1, 1, SWL_ROW_MAJOR), swl_dense_f64(v.data(), 6, 1, 1, SWL_ROW_MAJOR));
  CHECK(s.solve(o).iterations <= 2);
  s.start_afresh();
  s.solve(o);
  const std::vector<unsigned char> bytes = s.save(true), bare = s.save(false);
  southwell::altmin again = southwell::altmin::load(bytes);
  CHECK(bare.size() < bytes.size() && again.rank() == 1 && again.rows() == 8 && again.save(true) == bytes);
  CHECK(southwell::altmin::load(bare).predict(known) == s.predict(known));
  const std::int32_t zero[] = { 0 }, three[] = { 3 };
  const double most[] = { 99 };
  again.observe(swl_triplets_f64_i32(8, 6, 1, three, zero, most, 0), southwell::update::both);
  CHECK(again.factor(southwell::side::rows)[3] != s.factor(southwell::side::rows)[3]);
  again.append(southwell::side::rows, swl_triplets_f64_i32(1, 6, 1, zero, three, most, 0));
  CHECK(again.rows() == 9 && again.factor(southwell::side::rows).size() == 9);
  CHECK(std::fabs(again.predict(swl_dense_f64(nullptr, 9, 6, 6, SWL_ROW_MAJOR))[51] - 99) < 1e-9);
  CHECK(southwell::altmin_memory(known, true, o) > southwell::altmin_memory(known, false, o));
  CHECK(s.noise() < 1e-6 && s.error_bars(known, 1.0)[0] > 0);
  CHECK(s.rank_path({ 1, 2 }, o).size() == 2 && s.rank() == 2);
  s.select(0);
  CHECK(s.rank() == 1 && s.ridge_path({ 0.5, 0.1 }, southwell::options("altmin").set("rank", 1)).at(1).ridge == 0.1);
  CHECK(s.entry_weights(known)[3] == 1.0);
  const double mean[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  s.set_prior(southwell::side::rows, swl_dense_f64(mean, 8, 1, 1, SWL_ROW_MAJOR));
  o.set("ridge", 1e8);
  s.solve(o);
  CHECK(std::fabs(s.factor(southwell::side::rows)[2] - 3.0) < 1e-4);
  const swl_dense means = swl_dense_f64(mean, 8, 1, 1, SWL_ROW_MAJOR);
  CHECK(std::fabs(s.fold_in(southwell::side::rows, known, nullptr, southwell::control(), &means)[4] - 5.0) < 1e-4);
  s.clear_prior(southwell::side::rows);
  try {
    s.bias(southwell::side::cols);
    CHECK(false);
  } catch (const southwell::error &e) {
    CHECK(e.code() == SWL_E_STATE);
  }
}

// Rounds whose sizes make no sense, and a run that ends in the midst of a round.
static void rounds() {
  southwell::groupwise s(1, 2);
  const std::vector<double> x = { 0.5, 0.25 }, y = { 0.5, 0.5 };
  std::vector<double> out = { 7.0 };
  swl_dense view = swl_dense_f64(x.data(), 2, 1, 1, SWL_ROW_MAJOR);
  CHECK(s.run(view, y, { 0, 1, 2 }, { 0, 1 }, &out).rounds == 2 && out.size() == 2);
  int refused = 0;
  for (const std::int64_t count : { std::int64_t(-1), std::int64_t(-3), std::numeric_limits<std::int64_t>::min(),
                                    std::numeric_limits<std::int64_t>::max() }) {
    view.rows = count;
    for (const std::vector<std::int64_t> &starts : { std::vector<std::int64_t>(), { 0 }, { 0, 1, 2 } }) {
      try {
        s.run(view, y, starts, {}, &out);
        CHECK(false);
      } catch (const southwell::error &e) {
        refused += e.code() == SWL_E_ARGUMENT;
      }
    }
  }
  CHECK(refused == 12 && out.size() == 2 && s.counts().updates == 2);

  swl_learner learner = swl_learner();
  learner.struct_size = sizeof learner;
  learner.create = [](void *, const void *, void **) -> std::int32_t { return 0; };
  learner.destroy = [](void *, void *) {};
  learner.predict = [](void *, void *, const double *, std::int64_t, double *z) -> std::int32_t { return *z = 0.5, 0; };
  learner.update = [](void *, void *, const double *, std::int64_t, double label, double, double) -> std::int32_t {
    return label == 0.5 ? 0 : 9;
  };
  southwell::groupwise mine(1, 2, southwell::options("groupwise"), true, &learner);
  swl_groupwise_run_info told = swl_groupwise_run_info();
  view.rows = 2;
  try {
    mine.run(view, std::vector<double>{ 0.5, 0.25 }, { 0, 1, 2 }, { 0, 1 }, nullptr, nullptr, southwell::control(), &told);
    CHECK(false);
  } catch (const southwell::error &e) {
    CHECK(e.code() == SWL_E_CALLBACK && told.rounds == 1 && told.ticket == 2 && told.callback_code == 9);
  }
  mine.expire(told.ticket);
}

// Functions of a bilevel problem that throw on several threads at once: one exception comes out.
static void thrown_together() {
  typedef std::vector<double> vector;
  southwell::bilevel_problem p;
  p.d = 1;
  p.lengths.assign(16, 1);
  p.flags = SWL_CALLBACK_ANY_THREAD;
  bool throws = true;
  p.lower = [&](std::int64_t i, const vector &x, const vector &theta, vector &grad) -> double {
    if (throws) throw custom(100 + static_cast<int>(i));
    grad[0] = 2.0 * x[0] - theta[0];
    return x[0] * x[0] - theta[0] * x[0];
  };
  p.hessian = [](std::int64_t, const vector &, const vector &, const vector &v, vector &out) { out[0] = 2.0 * v[0]; };
  p.mixed_t = [](std::int64_t, const vector &, const vector &, const vector &q, vector &out) { out[0] = -q[0]; };
  p.constants = [](std::int64_t, const vector &) { return southwell::lower_constants{ 2.0, 2.0, 0.0, 0.0 }; };
  p.upper = [](std::int64_t, const vector &x, const vector &, vector &gx, vector &) {
    gx[0] = x[0] - 1.0;
    return 0.5 * (x[0] - 1.0) * (x[0] - 1.0);
  };
  southwell::bilevel s(p);
  southwell::options o("bilevel");
  o.set("threads", 4);
  for (int k = 0; k < 20; k++) {
    try {
      s.solve({ 0.0 }, o);
      CHECK(false);
    } catch (const custom &e) {
      CHECK(e.number >= 100 && e.number < 116);
    }
  }
  throws = false;
  CHECK(s.solve({ 0.0 }, o).outcome != SWL_UNSOLVED && std::fabs(s.theta()[0] - 2.0) < 0.1);
}

int main() {
  rounds();
  thrown_together();
  several();
  beyond();
  temporaries();
  completion();
  wrappers();
  results();
  errors();
  callbacks();
  in_place();
  if (failures == 0) std::puts("classes: ok");
  return failures == 0 ? 0 : 1;
}
