// Southwell for C++11: a thin, header-only layer over southwell.h. Licence: MIT or Apache-2.0.
//
// Objects own their handles and can be moved, not copied. A call that fails throws southwell::error with the status and
// the message. An exception that leaves a callback stops the call and comes out of it unchanged. Views of std::vector
// (and of Eigen, where it is there) are read during the call only.
#ifndef SOUTHWELL_HPP
#define SOUTHWELL_HPP

#include "southwell.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__has_include) && !defined(SOUTHWELL_NO_EIGEN)
#if __has_include(<Eigen/Core>)
#define SOUTHWELL_HAS_EIGEN 1
#include <Eigen/Core>
#include <Eigen/SparseCore>
#endif
#endif

namespace southwell {

/// A call that failed.
class error : public std::runtime_error {
public:
  error(swl_status code, const std::string &message) : std::runtime_error(message), code_(code) {}
  /// The status, such as SWL_E_DATA.
  swl_status code() const noexcept { return code_; }
  /// The message: which argument, where, what was expected, what was found.
  std::string message() const { return what(); }

private:
  swl_status code_;
};

/// The message of this thread's last failed call.
inline std::string last_message() {
  std::vector<char> text(swl_last_message(nullptr, 0) + 1);
  swl_last_message(text.data(), text.size());
  return std::string(text.data());
}

/// The name of an outcome, such as "converged".
inline std::string outcome_name(swl_outcome outcome) { return swl_outcome_name(outcome); }

/// Whether this build has a feature ("altmin", "bcd", "bilevel", "f32", "groupwise", "i64").
inline bool has_feature(const std::string &name) { return swl_has_feature(name.c_str()) != 0; }

/// Turns a status into an exception.
inline void check(swl_status status) {
  if (status != SWL_OK) throw error(status, last_message());
}

namespace detail {
template <class T, void (*Free)(T *)> struct deleter {
  void operator()(T *handle) const noexcept { Free(handle); }
};
template <class T, void (*Free)(T *)> using handle = std::unique_ptr<T, deleter<T, Free>>;

/// What a _new function makes.
template <class T, class F> T *made(F f) {
  T *out = nullptr;
  check(f(&out));
  return out;
}

template <class T> T sized() {
  T value = T();
  value.struct_size = static_cast<std::uint32_t>(sizeof(T));
  return value;
}

/// The first exception that left a callback, until its call is over. Callbacks of several threads may throw at once.
/// A copy has none: it is another call's.
class first_thrown {
public:
  first_thrown() {}
  first_thrown(const first_thrown &) {}
  first_thrown &operator=(const first_thrown &) { return *this; }
  /// Keeps the exception that is being handled, unless there is one already.
  void keep() {
    const std::lock_guard<std::mutex> own(lock_);
    if (!first_) first_ = std::current_exception();
  }
  bool any() const {
    const std::lock_guard<std::mutex> own(lock_);
    return first_ != nullptr;
  }
  /// Gives it away.
  std::exception_ptr take() {
    const std::lock_guard<std::mutex> own(lock_);
    std::exception_ptr taken;
    std::swap(taken, first_);
    return taken;
  }

private:
  mutable std::mutex lock_;
  std::exception_ptr first_;
};
} // namespace detail

/// A view of numbers, or of nothing (NULL in C).
class vec {
public:
  vec() : view_(), given_(false) {}
  vec(std::nullptr_t) : view_(), given_(false) {}
  vec(const std::vector<double> &v) : view_(swl_vec_f64(v.data(), static_cast<std::int64_t>(v.size()))), given_(true) {}
  vec(const std::vector<float> &v) : view_(swl_vec_f32(v.data(), static_cast<std::int64_t>(v.size()))), given_(true) {}
  vec(const swl_vec &view) : view_(view), given_(true) {}
#ifdef SOUTHWELL_HAS_EIGEN
  vec(const Eigen::VectorXd &v) : view_(swl_vec_f64(v.data(), v.size())), given_(true) {}
  vec(const Eigen::VectorXf &v) : view_(swl_vec_f32(v.data(), v.size())), given_(true) {}
#endif
  const swl_vec *get() const noexcept { return given_ ? &view_ : nullptr; }

private:
  swl_vec view_;
  bool given_;
};

/// A view of a matrix; the arrays must outlive the call that reads it (with keep: the object).
class matrix {
public:
  matrix(const swl_dense &view)
      : dense_(view), sparse_(), operator_(), kind_(SWL_DENSE), rows_(view.rows), cols_(view.cols) {}
  matrix(const swl_sparse &view)
      : dense_(), sparse_(view), operator_(), kind_(SWL_SPARSE), rows_(view.rows), cols_(view.cols) {}
  /// Where entries are asked for.
  matrix(const swl_triplets &view)
      : dense_(), sparse_(), operator_(), triplets_(view), kind_(SWL_TRIPLETS), rows_(view.rows), cols_(view.cols) {}
  /// Its callbacks must not throw.
  matrix(const swl_operator &view)
      : dense_(), sparse_(), operator_(view), kind_(SWL_OPERATOR), rows_(view.rows), cols_(view.cols) {}
  /// Dense columns, one after the other; a view of the vector, which has to outlive it.
  matrix(const std::vector<double> &columns, std::int64_t rows, std::int64_t cols)
      : matrix(swl_dense_f64(columns.data(), rows, cols, rows, SWL_COL_MAJOR)) {
    const std::uint64_t r = static_cast<std::uint64_t>(rows), c = static_cast<std::uint64_t>(cols);
    const bool fits = rows >= 0 && cols >= 0 && (c == 0 || r <= columns.size() / c) && r * c == columns.size();
    if (!fits) throw error(SWL_E_ARGUMENT, "columns: expected rows * cols numbers");
  }
  matrix(std::vector<double> &&columns, std::int64_t rows, std::int64_t cols) = delete; ///< it would end before the view
#ifdef SOUTHWELL_HAS_EIGEN
  matrix(const Eigen::MatrixXd &m) : matrix(swl_dense_f64(m.data(), m.rows(), m.cols(), m.outerStride(), SWL_COL_MAJOR)) {}
  matrix(const Eigen::MatrixXf &m) : matrix(swl_dense_f32(m.data(), m.rows(), m.cols(), m.outerStride(), SWL_COL_MAJOR)) {}
  matrix(Eigen::MatrixXd &&) = delete;
  matrix(Eigen::MatrixXf &&) = delete;
  template <int Order>
  matrix(const Eigen::SparseMatrix<double, Order, std::int32_t> &m)
      : matrix((Order & Eigen::RowMajor ? swl_csr_f64_i32 : swl_csc_f64_i32)(
            m.rows(), m.cols(), m.nonZeros(), m.outerIndexPtr(), m.innerIndexPtr(), m.valuePtr())) {
    if (!m.isCompressed()) throw error(SWL_E_ARGUMENT, "a: expected a compressed matrix (makeCompressed)");
  }
#endif
  std::int64_t rows() const noexcept { return rows_; }
  std::int64_t cols() const noexcept { return cols_; }
  /// The C view; it points into this object.
  swl_matrix view() const noexcept {
    if (kind_ == SWL_OPERATOR) return swl_matrix_operator(&operator_);
    if (kind_ == SWL_TRIPLETS) return swl_matrix_triplets(&triplets_);
    return kind_ == SWL_DENSE ? swl_matrix_dense(&dense_) : swl_matrix_sparse(&sparse_);
  }

private:
  swl_dense dense_;
  swl_sparse sparse_;
  swl_operator operator_;
  swl_triplets triplets_ = swl_triplets();
  std::int32_t kind_;
  std::int64_t rows_, cols_;
};

/// Options by name.
class options {
public:
  explicit options(const std::string &solver = "bcd")
      : handle_(detail::made<swl_options>([&](swl_options **o) { return swl_options_new(solver.c_str(), o); })) {}
  options(options &&) = default;
  options &operator=(options &&) = default;
  options clone() const {
    return options(detail::made<swl_options>([&](swl_options **o) { return swl_options_clone(handle_.get(), o); }));
  }
  options &set(const std::string &key, double value) {
    check(swl_options_set_f64(handle_.get(), key.c_str(), value));
    return *this;
  }
  template <class T, typename std::enable_if<std::is_integral<T>::value, int>::type = 0>
  options &set(const std::string &key, T value) {
    check(swl_options_set_i64(handle_.get(), key.c_str(), static_cast<std::int64_t>(value)));
    return *this;
  }
  options &set(const std::string &key, const std::string &value) {
    check(swl_options_set_str(handle_.get(), key.c_str(), value.c_str()));
    return *this;
  }
  options &set(const std::string &key, const char *value) { return set(key, std::string(value)); }
  /// Gives an option its default again.
  options &reset(const std::string &key) {
    check(swl_options_reset(handle_.get(), key.c_str()));
    return *this;
  }
  double real(const std::string &key) const {
    double value = 0.0;
    check(swl_options_get_f64(handle_.get(), key.c_str(), &value));
    return value;
  }
  std::int64_t integer(const std::string &key) const {
    std::int64_t value = 0;
    check(swl_options_get_i64(handle_.get(), key.c_str(), &value));
    return value;
  }
  std::string text(const std::string &key) const {
    std::size_t need = 0;
    check(swl_options_get_str(handle_.get(), key.c_str(), nullptr, 0, &need));
    std::vector<char> buf(need);
    check(swl_options_get_str(handle_.get(), key.c_str(), buf.data(), buf.size(), nullptr));
    return std::string(buf.data());
  }
  /// What there is: keys, kinds, bounds, defaults, help.
  std::vector<swl_option_desc> describe() const {
    std::vector<swl_option_desc> all(swl_options_count(handle_.get()), detail::sized<swl_option_desc>());
    for (std::size_t i = 0; i < all.size(); i++) check(swl_options_describe(handle_.get(), i, &all[i]));
    return all;
  }
  const swl_options *get() const noexcept { return handle_.get(); }

private:
  explicit options(swl_options *o) : handle_(o) {}
  detail::handle<swl_options, swl_options_free> handle_;
};

/// A flag that stops every call that was given it; trip it from any thread.
class cancel {
public:
  cancel() : handle_(detail::made<swl_cancel>(swl_cancel_new)) {}
  void trip() noexcept { swl_cancel_trip(handle_.get()); }
  bool is_tripped() const noexcept { return swl_cancel_is_tripped(handle_.get()) != 0; }
  void reset() noexcept { swl_cancel_reset(handle_.get()); }
  swl_cancel *get() const noexcept { return handle_.get(); }

private:
  detail::handle<swl_cancel, swl_cancel_free> handle_;
};

/// Control of calls. Callbacks run on the calling thread and may throw. One control serves one call at a time.
class control {
public:
  /// Returns whether to go on.
  typedef std::function<bool(const swl_progress &)> progress_fn;
  typedef std::function<void(int level, const std::string &line)> log_fn;

  control &on_progress(progress_fn f, std::uint32_t every = 1) {
    progress_ = std::move(f);
    every_ = every;
    return *this;
  }
  control &on_log(log_fn f, int level = 2) {
    log_ = std::move(f);
    level_ = level;
    return *this;
  }
  /// The token must outlive the calls.
  control &with_cancel(const cancel &token) {
    token_ = token.get();
    return *this;
  }
  /// Makes a call with this control, and rethrows what a callback threw.
  template <class F> void run(F call) const {
    thrown_.take();
    swl_control c = detail::sized<swl_control>();
    c.every = every_;
    c.cancel = token_;
    c.ctx = const_cast<control *>(this);
    c.log_level = level_;
    if (log_) c.log = &control::log;
    if (progress_ || log_) c.progress = &control::progress; // an exception in the log has to stop the call too
    const swl_status status = call(&c);
    if (const std::exception_ptr e = thrown_.take()) std::rethrow_exception(e);
    check(status);
  }

private:
  static std::int32_t progress(void *ctx, const swl_progress *p) {
    const control *self = static_cast<const control *>(ctx);
    if (self->thrown_.any()) return 1;
    try {
      return !self->progress_ || self->progress_(*p) ? 0 : 1;
    } catch (...) {
      self->thrown_.keep();
      return 1;
    }
  }
  static void log(void *ctx, std::int32_t level, const char *utf8, std::size_t len) {
    const control *self = static_cast<const control *>(ctx);
    if (self->thrown_.any()) return;
    try {
      self->log_(level, std::string(utf8, len));
    } catch (...) {
      self->thrown_.keep();
    }
  }

  progress_fn progress_;
  log_fn log_;
  swl_cancel *token_ = nullptr;
  std::uint32_t every_ = 1;
  int level_ = 2;
  mutable detail::first_thrown thrown_;
};

/// The strengths of a path. The vector of given() must outlive the call.
class path_grid {
public:
  /// count strengths, evenly spaced on a log scale from lambda_max down to that of the options.
  static path_grid spaced(std::int64_t count) {
    path_grid g;
    g.raw_.count = count;
    return g;
  }
  /// These strengths, each below the one before.
  static path_grid given(const std::vector<double> &lambdas) {
    path_grid g;
    g.raw_.kind = SWL_PATH_GIVEN;
    g.lambdas_ = std::make_shared<const std::vector<double>>(lambdas);
    g.view_ = swl_vec_f64(g.lambdas_->data(), static_cast<std::int64_t>(lambdas.size()));
    return g;
  }
  /// As far apart as a gap between them allows, relative to the loss of the null model; at most so many (0: 10000).
  static path_grid adaptive(double gap, std::int64_t most = 0) {
    path_grid g;
    g.raw_.kind = SWL_PATH_ADAPTIVE;
    g.raw_.gap = gap;
    g.raw_.count = most;
    return g;
  }
  /// Ends the path at the first point that explains this share of the null model's loss.
  path_grid &until_explained(double share) {
    raw_.max_explained = share;
    return *this;
  }
  /// Ends the path at the first point with more coefficients than this.
  path_grid &until_nonzeros(std::int64_t most) {
    raw_.max_nonzeros = most;
    return *this;
  }
  /// The C struct; it points into this object.
  swl_path_grid view() const noexcept {
    swl_path_grid g = raw_;
    if (g.kind == SWL_PATH_GIVEN) g.lambdas = &view_;
    return g;
  }

private:
  path_grid() : raw_(detail::sized<swl_path_grid>()), lambdas_(), view_() {}
  swl_path_grid raw_;
  std::shared_ptr<const std::vector<double>> lambdas_; ///< copies share it, so their views stay
  swl_vec view_;
};

/// What cross-validation found at each strength.
struct cv_curve {
  std::vector<double> lambda, mean, standard_error;
};

/// What a batch found, solve after solve.
struct batch_result {
  std::vector<double> coef;                ///< cols() numbers for each solve
  std::vector<double> intercept;           ///< one for each solve
  std::vector<swl_bcd_info> info;          ///< one for each solve
};

/// What is known of a solution beyond its value.
struct identification {
  swl_identification facts;
  std::vector<std::uint8_t> safe_zeros;    ///< for each column 1 if its coefficient is 0 in every solution
};

/// A change of what a solution depends on; what is left out does not change. The arrays must outlive the call.
struct change {
  double lambda = 0.0;
  vec weights, offset, target;
};

/// How coefficients and intercept change.
struct derivative {
  std::vector<double> coef;
  double intercept;
};

/// The gradient of a function of the solution; NaN where it is not defined.
struct gradient {
  double lambda;
  std::vector<double> weights, offset, target; ///< one number for each row
};

/// Block coordinate descent on one matrix.
class bcd {
public:
  /// Copies the data. y may be left out: set_target before the first solve.
  explicit bcd(const matrix &a, const vec &y = vec(), const control &c = control()) { make(a, y, nullptr, nullptr, c); }
  bcd(const matrix &a, const vec &y, const options &o, const control &c = control()) { make(a, y, o.get(), nullptr, c); }
  /// Reads the arrays of a in place; release is called once, when the object ends.
  static bcd in_place(const matrix &a, const vec &y, std::function<void()> release, const control &c = control()) {
    std::unique_ptr<lent> owner(new lent{std::move(release), false});
    swl_keep keep = {owner.get(), &bcd::release};
    bcd made(a.rows(), a.cols());
    made.make(a, y, nullptr, &keep, c);
    owner.release()->armed = true;
    return made;
  }
  /// The caller's smooth function; its callbacks must not throw.
  static bcd user(const swl_function &f) {
    bcd made(0, f.cols);
    made.handle_.reset(detail::made<swl_bcd>([&](swl_bcd **out) { return swl_bcd_new_user(&f, nullptr, nullptr, out); }));
    return made;
  }
  bcd(bcd &&) = default;
  bcd &operator=(bcd &&) = default;

  std::int64_t rows() const noexcept { return rows_; }
  std::int64_t cols() const noexcept { return cols_; }

  void set_target(const vec &y) { check(swl_bcd_set_target(handle_.get(), y.get())); }
  /// Targets of several tasks, a row of numbers for each row of the data.
  void set_targets(const swl_dense &targets) { check(swl_bcd_set_targets(handle_.get(), &targets)); }
  void set_weights(const vec &w) { check(swl_bcd_set_weights(handle_.get(), w.get())); }
  void set_offset(const vec &o) { check(swl_bcd_set_offset(handle_.get(), o.get())); }
  void set_penalty_factors(const vec &f) { check(swl_bcd_set_penalty_factors(handle_.get(), f.get())); }
  void set_bounds(const vec &lower, const vec &upper) {
    check(swl_bcd_set_bounds(handle_.get(), lower.get(), upper.get()));
  }
  /// A linear term of the objective: one number for each column; nullptr: none.
  void set_linear(const vec &c) { check(swl_bcd_set_linear(handle_.get(), c.get())); }
  /// Empty: back to the option group_size.
  void set_groups(const std::vector<std::int32_t> &of_column, const vec &weights = vec()) {
    const std::int32_t *data = of_column.empty() ? nullptr : of_column.data();
    check(swl_bcd_set_groups(handle_.get(), data, static_cast<std::int64_t>(of_column.size()), weights.get()));
  }
  void warm_start(const vec &coef = vec(), const vec &intercept = vec()) {
    check(swl_bcd_warm_start(handle_.get(), coef.get(), intercept.get()));
  }

  /// Not converging is an outcome of the info, not an exception.
  swl_bcd_info solve(const options &o = options(), const control &c = control()) {
    swl_bcd_info info = detail::sized<swl_bcd_info>();
    c.run([&](const swl_control *raw) { return swl_bcd_solve(handle_.get(), o.get(), raw, &info); });
    return info;
  }
  /// Solves for falling strengths; gives the number of points. The last one is the last solution.
  std::int64_t path(const path_grid &grid, const options &o = options(), const control &c = control()) {
    const swl_path_grid view = grid.view();
    c.run([&](const swl_control *raw) { return swl_bcd_path(handle_.get(), o.get(), &view, raw, &points_); });
    adaptive_ = view.kind == SWL_PATH_ADAPTIVE;
    return points_;
  }
  /// SWL_PATH_COMPLETE, or why the path ended early.
  std::int32_t path_end() const {
    std::int32_t end = 0;
    check(swl_bcd_path_end(handle_.get(), &end));
    return end;
  }
  swl_bcd_info path_info(std::int64_t k) const {
    swl_bcd_info info = detail::sized<swl_bcd_info>();
    check(swl_bcd_path_info(handle_.get(), k, &info));
    return info;
  }
  /// The coefficients of point k, without making it the last solution.
  std::vector<double> path_coef(std::int64_t k) const {
    std::vector<double> out(static_cast<std::size_t>(cols_ * outputs()));
    check(swl_bcd_path_coef(handle_.get(), k, out.data(), static_cast<std::int64_t>(out.size())));
    return out;
  }
  /// The intercepts of point k: one for each output, 0 where none is fitted.
  std::vector<double> path_intercepts(std::int64_t k) const {
    std::vector<double> out(static_cast<std::size_t>(outputs()));
    check(swl_bcd_path_intercept(handle_.get(), k, out.data(), static_cast<std::int64_t>(out.size())));
    return out;
  }
  /// Of an adaptive path: for every strength between point k and the next, the objective at the coefficients of point k is within
  /// the k-th number of its minimum. Empty for other paths.
  std::vector<double> between() const {
    const bool has = adaptive_ && points_ > 0;
    std::vector<double> out(static_cast<std::size_t>(has ? points_ - 1 : 0));
    check(swl_bcd_path_between(handle_.get(), out.data(), static_cast<std::int64_t>(out.size())));
    return out;
  }
  /// Makes point k the last solution.
  void path_select(std::int64_t k) { check(swl_bcd_path_select(handle_.get(), k)); }
  /// Folds dealt at random. Afterwards the best point is the last solution.
  swl_cv_info cross_validate(const path_grid &grid, std::int64_t folds, const options &o = options(), const control &c = control()) {
    return validate(grid, folds, nullptr, 0, o, c);
  }
  /// The fold of each row.
  swl_cv_info cross_validate(const path_grid &grid, const std::vector<std::int32_t> &fold_of_row, const options &o = options(),
                             const control &c = control()) {
    return validate(grid, 0, fold_of_row.data(), static_cast<std::int64_t>(fold_of_row.size()), o, c);
  }
  /// The curve of the last cross-validation.
  cv_curve curve() const {
    const std::size_t n = static_cast<std::size_t>(points_);
    cv_curve found = {std::vector<double>(n), std::vector<double>(n), std::vector<double>(n)};
    check(swl_bcd_cv_curve(handle_.get(), found.lambda.data(), found.mean.data(), found.standard_error.data(), points_));
    return found;
  }
  /// One solve for each column of targets, of weights, or of both (nullptr: those of this object), in parallel with the
  /// option threads. This object and its last solution stay as they are.
  batch_result batch(const swl_dense *targets, const swl_dense *weights, const options &o = options(),
                     const control &c = control()) const {
    const std::int64_t count = targets ? targets->cols : weights ? weights->cols : 0, len = count * cols_;
    batch_result found = {std::vector<double>(static_cast<std::size_t>(len)), std::vector<double>(static_cast<std::size_t>(count)),
                          std::vector<swl_bcd_info>(static_cast<std::size_t>(count), detail::sized<swl_bcd_info>())};
    c.run([&](const swl_control *raw) {
      return swl_bcd_batch(handle_.get(), o.get(), targets, weights, raw, found.coef.data(), len, found.intercept.data(), count,
                           found.info.data());
    });
    return found;
  }
  /// What is known of the last solution; the limits are those of its solve.
  identification identify(const control &c = control()) const {
    identification found = {detail::sized<swl_identification>(), std::vector<std::uint8_t>(static_cast<std::size_t>(cols_))};
    c.run([&](const swl_control *raw) {
      return swl_bcd_identify(handle_.get(), found.safe_zeros.data(), cols_, raw, &found.facts);
    });
    return found;
  }
  /// How the last solution changes, to first order.
  derivative forward(const change &by, const control &c = control()) const {
    derivative found = {std::vector<double>(static_cast<std::size_t>(cols_)), 0.0};
    c.run([&](const swl_control *raw) {
      return swl_bcd_derivative_forward(handle_.get(), by.lambda, by.weights.get(), by.offset.get(), by.target.get(), raw,
                                        found.coef.data(), cols_, &found.intercept);
    });
    return found;
  }
  /// The gradient of a function of the last solution, given its gradient in coefficients and intercept.
  gradient backward(const vec &coef, double intercept = 0.0, const control &c = control()) const {
    const std::size_t n = static_cast<std::size_t>(rows_);
    gradient found = {0.0, std::vector<double>(n), std::vector<double>(n), std::vector<double>(n)};
    c.run([&](const swl_control *raw) {
      return swl_bcd_derivative_backward(handle_.get(), coef.get(), intercept, raw, &found.lambda, found.weights.data(),
                                         found.offset.data(), found.target.data(), rows_);
    });
    return found;
  }
  double lambda_max(const options &o = options(), const control &c = control()) const {
    double value = 0.0;
    c.run([&](const swl_control *raw) { return swl_bcd_lambda_max(handle_.get(), o.get(), raw, &value); });
    return value;
  }

  /// The outputs of the last solution: classes, tasks, or 1.
  std::int64_t outputs() const {
    std::int64_t k = 0;
    check(swl_bcd_outputs(handle_.get(), &k));
    return k;
  }
  /// For several outputs feature by feature; what belongs to rows is row by row.
  std::vector<double> coef() const { return read(swl_bcd_coef, cols_ * outputs()); }
  double intercept() const { return intercepts()[0]; }
  std::vector<double> intercepts() const { return read(swl_bcd_intercept, outputs()); }
  std::vector<double> dual() const { return read(swl_bcd_dual, rows_ * outputs()); }
  /// Where the outcome is SWL_INFIMUM_NOT_ATTAINED: a direction in which the loss falls for ever; last, that of the intercept.
  std::vector<double> direction() const { return read(swl_bcd_direction, cols_ + 1); }
  std::vector<double> fitted() const { return read(swl_bcd_fitted, rows_ * outputs()); }
  std::vector<double> residuals() const { return read(swl_bcd_residuals, rows_ * outputs()); }
  std::vector<swl_trace_row> trace() const {
    std::int64_t count = 0;
    check(swl_bcd_trace(handle_.get(), nullptr, 0, &count));
    std::vector<swl_trace_row> rows(static_cast<std::size_t>(count), detail::sized<swl_trace_row>());
    if (count > 0) check(swl_bcd_trace(handle_.get(), rows.data(), count, &count));
    return rows;
  }
  swl_certificate certificate() const {
    swl_certificate c = detail::sized<swl_certificate>();
    check(swl_bcd_certificate(handle_.get(), &c));
    return c;
  }

  std::vector<double> predict(const matrix &a, const vec &offset = vec()) const { return apply(swl_bcd_predict, a, offset); }
  std::vector<double> predict_mean(const matrix &a, const vec &offset = vec()) const {
    return apply(swl_bcd_predict_mean, a, offset);
  }
  double score(const matrix &a, const vec &y, const vec &weights = vec(), const vec &offset = vec()) const {
    const swl_matrix m = a.view();
    double value = 0.0;
    check(swl_bcd_score(handle_.get(), &m, y.get(), weights.get(), offset.get(), &value));
    return value;
  }
  static std::uint64_t memory_estimate(const matrix &a, const options &o = options()) {
    const swl_matrix m = a.view();
    std::uint64_t bytes = 0;
    check(swl_bcd_memory_estimate(&m, o.get(), &bytes));
    return bytes;
  }
  swl_bcd *get() const noexcept { return handle_.get(); }

private:
  /// What release is called with; not before in_place has worked to its end.
  struct lent {
    std::function<void()> release;
    bool armed;
  };

  bcd(std::int64_t rows, std::int64_t cols) : rows_(rows), cols_(cols) {}

  void make(const matrix &a, const vec &y, const swl_options *o, const swl_keep *keep, const control &c) {
    const swl_matrix m = a.view();
    swl_bcd *s = nullptr;
    rows_ = a.rows();
    cols_ = a.cols();
    try {
      c.run([&](const swl_control *raw) { return swl_bcd_new(&m, y.get(), o, keep, raw, &s); });
    } catch (...) { // also of a log at the end of a call that worked: nothing was made for the caller
      swl_bcd_free(s);
      throw;
    }
    handle_.reset(s);
  }
  swl_cv_info validate(const path_grid &grid, std::int64_t folds, const std::int32_t *fold_of_row, std::int64_t len, const options &o,
                       const control &c) {
    const swl_path_grid view = grid.view();
    swl_cv_info info = detail::sized<swl_cv_info>();
    c.run([&](const swl_control *raw) {
      return swl_bcd_cross_validate(handle_.get(), o.get(), &view, folds, fold_of_row, len, raw, &info);
    });
    points_ = info.count;
    adaptive_ = view.kind == SWL_PATH_ADAPTIVE;
    return info;
  }
  static void release(void *ctx) noexcept {
    if (!static_cast<lent *>(ctx)->armed) return;
    std::unique_ptr<lent> owner(static_cast<lent *>(ctx));
    if (owner->release) owner->release();
  }
  std::vector<double> read(swl_status (*getter)(const swl_bcd *, double *, std::int64_t), std::int64_t len) const {
    std::vector<double> out(static_cast<std::size_t>(len));
    check(getter(handle_.get(), out.data(), len));
    return out;
  }
  std::vector<double> apply(swl_status (*f)(const swl_bcd *, const swl_matrix *, const swl_vec *, double *, std::int64_t),
                            const matrix &a, const vec &offset) const {
    const swl_matrix m = a.view();
    const std::int64_t len = a.rows() * outputs();
    std::vector<double> out(static_cast<std::size_t>(len));
    check(f(handle_.get(), &m, offset.get(), out.data(), len));
    return out;
  }

  detail::handle<swl_bcd, swl_bcd_free> handle_;
  std::int64_t rows_ = 0, cols_ = 0, points_ = 0;
  bool adaptive_ = false;
};

/// Quadratics and label propagation on graphs; options are those of solver "graph".
class graph {
public:
  /// min 1/2 x'(A + ridge I)x - b'x for each column of b. a is sparse and symmetric, with both triangles stored.
  static graph quadratic(const matrix &a, const swl_dense &b, const options &o = options("graph"), const control &c = control()) {
    const swl_matrix m = a.view();
    return graph(a.rows(), b.cols, c, [&](const swl_control *raw, swl_graph **out) {
      return swl_graph_new_quadratic(&m, &b, o.get(), raw, out);
    });
  }
  /// min sum over edges 1/2 w_ij (x_i - x_j)^2 + ridge/2 |x|^2 over the nodes without a label. labels has a row for each node of
  /// labelled; its columns share the graph.
  static graph propagation(const matrix &weights, const std::vector<std::int64_t> &labelled, const swl_dense &labels,
                           const options &o = options("graph"), const control &c = control()) {
    const swl_matrix m = weights.view();
    return graph(weights.rows(), labels.cols, c, [&](const swl_control *raw, swl_graph **out) {
      return swl_graph_new(&m, labelled.data(), size(labelled), &labels, o.get(), raw, out);
    });
  }
  /// The same from a list of edges, each given once; weight nullptr: all 1.
  static graph from_edges(std::int64_t nodes, const std::vector<std::int64_t> &from, const std::vector<std::int64_t> &to,
                          const vec &weight, const std::vector<std::int64_t> &labelled, const swl_dense &labels,
                          const options &o = options("graph"), const control &c = control()) {
    if (from.size() != to.size()) throw error(SWL_E_ARGUMENT, "to: expected as many nodes as in from");
    return graph(nodes, labels.cols, c, [&](const swl_control *raw, swl_graph **out) {
      return swl_graph_new_edges(nodes, size(from), from.data(), to.data(), weight.get(), labelled.data(), size(labelled), &labels,
                                 o.get(), raw, out);
    });
  }
  graph(graph &&) = default;
  graph &operator=(graph &&) = default;

  std::int64_t nodes() const noexcept { return nodes_; }
  /// Columns of labels or right-hand sides.
  std::int64_t columns() const noexcept { return columns_; }

  /// The block of each node, for the option rule=partition.
  void set_partition(const std::vector<std::int64_t> &block_of) {
    check(swl_graph_set_partition(handle_.get(), block_of.data(), size(block_of)));
  }
  /// Where the next solve starts: values as values() gives them; nullptr: at 0.
  void warm_start(const vec &values) { check(swl_graph_warm_start(handle_.get(), values.get())); }
  /// Not converging is an outcome of the info, not an exception.
  swl_graph_info solve(const options &o = options("graph"), const control &c = control()) {
    swl_graph_info info = detail::sized<swl_graph_info>();
    c.run([&](const swl_control *raw) { return swl_graph_solve(handle_.get(), o.get(), raw, &info); });
    return info;
  }
  /// The values of all nodes, column after column, labels included.
  std::vector<double> values() const {
    std::vector<double> out(static_cast<std::size_t>(nodes_ * columns_));
    check(swl_graph_values(handle_.get(), out.data(), static_cast<std::int64_t>(out.size())));
    return out;
  }
  swl_graph *get() const noexcept { return handle_.get(); }

private:
  template <class F> graph(std::int64_t nodes, std::int64_t columns, const control &c, F make) : nodes_(nodes), columns_(columns) {
    swl_graph *g = nullptr;
    try {
      c.run([&](const swl_control *raw) { return make(raw, &g); });
    } catch (...) { // also of a log at the end of a call that worked
      swl_graph_free(g);
      throw;
    }
    handle_.reset(g);
  }
  template <class T> static std::int64_t size(const std::vector<T> &v) noexcept { return static_cast<std::int64_t>(v.size()); }

  detail::handle<swl_graph, swl_graph_free> handle_;
  std::int64_t nodes_, columns_;
};

namespace detail {
/// Entries of a view that lists them.
inline std::int64_t entries(const swl_matrix &m) {
  if (m.kind == SWL_TRIPLETS) return static_cast<const swl_triplets *>(m.view)->nnz;
  if (m.kind == SWL_SPARSE) return static_cast<const swl_sparse *>(m.view)->nnz;
  if (m.kind != SWL_DENSE) return 0;
  const swl_dense *dense = static_cast<const swl_dense *>(m.view);
  return dense->rows * dense->cols;
}
} // namespace detail

/// A side of a completion.
enum class side : std::int32_t { rows = SWL_ROWS, cols = SWL_COLS };

/// What swl_altmin_observe fits again.
enum class update : std::int32_t { none = SWL_UPDATE_NONE, rows = SWL_UPDATE_ROWS, cols = SWL_UPDATE_COLS, both = SWL_UPDATE_BOTH };

/// The bytes that a completion of entries of this size takes at most; its arrays are not read.
inline std::uint64_t altmin_memory(const matrix &entries, bool weighted = false, const options &o = options("altmin")) {
  const swl_matrix view = entries.view();
  std::uint64_t bytes = 0;
  check(swl_altmin_memory_estimate(&view, weighted ? 1 : 0, o.get(), &bytes));
  return bytes;
}

/// Completion of a matrix by one of low rank.
class altmin {
public:
  /// Copies the entries. weights has one number for each, or is left out.
  explicit altmin(const matrix &entries, const options &o = options("altmin"), const vec &weights = vec(),
                  const control &c = control())
      : rows_(entries.rows()), cols_(entries.cols()) {
    const swl_matrix view = entries.view();
    swl_altmin *s = nullptr;
    try {
      c.run([&](const swl_control *raw) { return swl_altmin_new(&view, weights.get(), o.get(), raw, &s); });
    } catch (...) {
      swl_altmin_free(s);
      throw;
    }
    handle_.reset(s);
  }
  /// A model that was saved.
  static altmin load(const void *buf, std::size_t len) {
    swl_altmin *s = nullptr;
    check(swl_altmin_load(buf, len, &s));
    return altmin(s);
  }
  static altmin load(const std::vector<unsigned char> &bytes) { return load(bytes.data(), bytes.size()); }
  /// With the rows that were appended.
  std::int64_t rows() const noexcept { return rows_; }
  std::int64_t cols() const noexcept { return cols_; }
  /// Columns of the factors of the last model.
  std::int64_t rank() const noexcept { return rank_; }

  /// Factors that the next solve starts at.
  void warm_start(const swl_dense &u, const swl_dense &v) { check(swl_altmin_warm_start(handle_.get(), &u, &v)); }
  /// Prior means of the factor of a side: one row for each of its lines, of as many columns as the rank.
  void set_prior(side s, const swl_dense &means) {
    check(swl_altmin_set_prior(handle_.get(), static_cast<std::int32_t>(s), &means));
  }
  /// No prior means any more.
  void clear_prior(side s) { check(swl_altmin_set_prior(handle_.get(), static_cast<std::int32_t>(s), nullptr)); }
  /// The next solve starts afresh.
  void start_afresh() { check(swl_altmin_warm_start(handle_.get(), nullptr, nullptr)); }
  /// Not converging is an outcome of the info, not an exception.
  swl_altmin_info solve(const options &o = options("altmin"), const control &c = control()) {
    swl_altmin_info info = detail::sized<swl_altmin_info>();
    c.run([&](const swl_control *raw) { return swl_altmin_solve(handle_.get(), o.get(), raw, &info); });
    rank_ = info.rank;
    return info;
  }
  /// A factor, row after row.
  std::vector<double> factor(side s) const {
    std::vector<double> out(static_cast<std::size_t>(lines(s) * rank_));
    check(swl_altmin_factor(handle_.get(), static_cast<std::int32_t>(s), out.data(), lines(s) * rank_));
    return out;
  }
  std::vector<double> bias(side s) const {
    std::vector<double> out(static_cast<std::size_t>(lines(s)));
    check(swl_altmin_bias(handle_.get(), static_cast<std::int32_t>(s), out.data(), lines(s)));
    return out;
  }
  /// The singular values of the product of the factors.
  std::vector<double> spectrum() const {
    std::vector<double> out(static_cast<std::size_t>(rank_));
    check(swl_altmin_spectrum(handle_.get(), out.data(), rank_));
    return out;
  }
  /// The sweeps of a solve with the option trace.
  std::vector<swl_altmin_sweep> trace() const {
    std::int64_t count = 0;
    check(swl_altmin_trace(handle_.get(), nullptr, 0, &count));
    std::vector<swl_altmin_sweep> rows(static_cast<std::size_t>(count), detail::sized<swl_altmin_sweep>());
    check(swl_altmin_trace(handle_.get(), rows.data(), count, &count));
    return rows;
  }
  swl_altmin_cert certificate(const control &c = control()) const {
    swl_altmin_cert cert = detail::sized<swl_altmin_cert>();
    c.run([&](const swl_control *raw) { return swl_altmin_certificate(handle_.get(), raw, &cert); });
    return cert;
  }
  /// The model at places, whose values are not read.
  std::vector<double> predict(const matrix &places) const {
    const swl_matrix view = places.view();
    std::vector<double> out(static_cast<std::size_t>(detail::entries(view)));
    check(swl_altmin_predict(handle_.get(), &view, out.data(), detail::entries(view)));
    return out;
  }
  /// 1 where the places of the entries do not rule out that the model is determined.
  std::vector<std::int32_t> determined(const matrix &places) const {
    const swl_matrix view = places.view();
    std::vector<std::int32_t> out(static_cast<std::size_t>(detail::entries(view)));
    check(swl_altmin_determined(handle_.get(), &view, out.data(), detail::entries(view)));
    return out;
  }
  /// The root mean square error on other entries.
  double score(const matrix &test, const vec &weights = vec()) const {
    const swl_matrix view = test.view();
    double rmse = 0.0;
    check(swl_altmin_score(handle_.get(), &view, weights.get(), &rmse, nullptr));
    return rmse;
  }
  /// The n best columns of a row (or rows of a column) with their predictions, without those excepted.
  std::vector<std::pair<std::int64_t, double>> top(side s, std::int64_t which, std::int64_t n,
                                                   const std::vector<std::int64_t> &except = {}) const {
    std::vector<std::int64_t> ids(static_cast<std::size_t>(n > 0 ? n : 0));
    std::vector<double> scores(ids.size());
    std::int64_t count = 0;
    check(swl_altmin_top(handle_.get(), static_cast<std::int32_t>(s), which, except.data(),
                         static_cast<std::int64_t>(except.size()), n, ids.data(), scores.data(), &count));
    std::vector<std::pair<std::int64_t, double>> best;
    for (std::size_t k = 0; k < static_cast<std::size_t>(count); k++) best.emplace_back(ids[k], scores[k]);
    return best;
  }
  /// The share of its weight that each entry counts with, by the loss of the model.
  std::vector<double> entry_weights(const matrix &entries) const {
    const swl_matrix view = entries.view();
    std::vector<double> out(static_cast<std::size_t>(detail::entries(view)));
    check(swl_altmin_entry_weights(handle_.get(), &view, out.data(), detail::entries(view)));
    return out;
  }
  /// Factors of new rows or columns; of a model with biases, theirs too (biases is then needed). means: prior means of the
  /// new lines, or null.
  std::vector<double> fold_in(side s, const matrix &entries, std::vector<double> *biases = nullptr,
                              const control &c = control(), const swl_dense *means = nullptr) const {
    const swl_matrix view = entries.view();
    const std::int64_t count = s == side::rows ? entries.rows() : entries.cols(), len = count * rank_;
    std::vector<double> out(static_cast<std::size_t>(len)), b(static_cast<std::size_t>(biases != nullptr ? count : 0));
    c.run([&](const swl_control *raw) {
      return swl_altmin_fold_in_prior(handle_.get(), static_cast<std::int32_t>(s), &view, nullptr, means, raw, out.data(), len,
                                      b.data(), static_cast<std::int64_t>(b.size()));
    });
    if (biases != nullptr) *biases = std::move(b);
    return out;
  }
  /// Along ridges, each below the one before: how each point went. The point of least held-out error, or else the last, is then
  /// the last model.
  std::vector<swl_altmin_info> ridge_path(const std::vector<double> &ridges, const options &o = options("altmin"),
                                          const control &c = control(), std::int64_t *best = nullptr) {
    const vec view(ridges);
    return path(view.get(), nullptr, 0, o, c, best);
  }
  /// Along ranks, each above the one before.
  std::vector<swl_altmin_info> rank_path(const std::vector<std::int64_t> &ranks, const options &o = options("altmin"),
                                         const control &c = control(), std::int64_t *best = nullptr) {
    static const std::int64_t none = 0;
    return path(nullptr, ranks.empty() ? &none : ranks.data(), static_cast<std::int64_t>(ranks.size()), o, c, best);
  }
  /// Makes a point of the last path the last model.
  void select(std::int64_t k) {
    check(swl_altmin_path_select(handle_.get(), k));
    measure();
  }
  /// An estimate of the noise of the entries.
  double noise(const control &c = control()) const {
    double out = 0.0;
    c.run([&](const swl_control *raw) { return swl_altmin_noise(handle_.get(), raw, &out); });
    return out;
  }
  /// The standard deviation of predictions at places; noise NaN: as noise() estimates it.
  std::vector<double> error_bars(const matrix &places, double noise = std::numeric_limits<double>::quiet_NaN(),
                                 const control &c = control()) const {
    const swl_matrix view = places.view();
    std::vector<double> out(static_cast<std::size_t>(detail::entries(view)));
    c.run([&](const swl_control *raw) {
      return swl_altmin_error_bars(handle_.get(), &view, noise, raw, out.data(), detail::entries(view));
    });
    return out;
  }
  /// Takes entries in (weight 0: they go), and fits the rows, the columns, or both, that they are in again.
  void observe(const matrix &entries, update u, const vec &weights = vec(), const control &c = control()) {
    const swl_matrix view = entries.view();
    c.run([&](const swl_control *raw) {
      return swl_altmin_observe(handle_.get(), &view, weights.get(), static_cast<std::int32_t>(u), raw);
    });
  }
  /// Takes new rows or columns in.
  void append(side s, const matrix &entries, const vec &weights = vec(), const control &c = control()) {
    const swl_matrix view = entries.view();
    c.run([&](const swl_control *raw) {
      return swl_altmin_append(handle_.get(), static_cast<std::int32_t>(s), &view, weights.get(), raw);
    });
    measure();
  }
  /// The last model as bytes, with or without its entries.
  std::vector<unsigned char> save(bool entries) const {
    std::size_t need = 0;
    check(swl_altmin_save(handle_.get(), entries ? 1 : 0, nullptr, 0, &need));
    std::vector<unsigned char> bytes(need);
    check(swl_altmin_save(handle_.get(), entries ? 1 : 0, bytes.data(), bytes.size(), &need));
    return bytes;
  }

private:
  explicit altmin(swl_altmin *s) : handle_(s) { measure(); }
  void measure() { check(swl_altmin_size(handle_.get(), &rows_, &cols_, &rank_)); }
  std::vector<swl_altmin_info> path(const swl_vec *ridges, const std::int64_t *ranks, std::int64_t n, const options &o,
                                    const control &c, std::int64_t *best) {
    std::int64_t count = 0;
    c.run([&](const swl_control *raw) {
      return swl_altmin_path(handle_.get(), o.get(), ridges, ranks, n, raw, &count, best);
    });
    std::vector<swl_altmin_info> infos(static_cast<std::size_t>(count), detail::sized<swl_altmin_info>());
    for (std::int64_t k = 0; k < count; k++) check(swl_altmin_path_info(handle_.get(), k, &infos[static_cast<std::size_t>(k)]));
    measure();
    return infos;
  }
  std::int64_t lines(side s) const noexcept { return s == side::rows ? rows_ : cols_; }

  detail::handle<swl_altmin, swl_altmin_free> handle_;
  std::int64_t rows_ = 0, cols_ = 0, rank_ = 0;
};

/// What a stream predicted.
struct prediction {
  double value;
  std::uint64_t ticket; ///< its label goes to groupwise::update with it
};

/// A stream of rounds with regret guarantees for many overlapping groups.
class groupwise {
public:
  /// Groups are numbered from 0 to groups - 1, or any number with SWL_GROUPS_OPEN. A learner of the caller's is copied; its
  /// callbacks must not throw.
  groupwise(std::int64_t features, std::int64_t groups, const options &o = options("groupwise"), bool always_on = true,
            const swl_learner *learner = nullptr) {
    const std::uint32_t flags = always_on ? 0 : SWL_GROUPWISE_NO_ALWAYS_ON;
    handle_.reset(detail::made<swl_groupwise>(
        [&](swl_groupwise **out) { return swl_groupwise_new(features, groups, flags, learner, o.get(), out); }));
  }
  /// A stream that was saved.
  static groupwise load(const std::vector<unsigned char> &bytes, const swl_learner *learner = nullptr) {
    return groupwise(detail::made<swl_groupwise>(
        [&](swl_groupwise **out) { return swl_groupwise_load(bytes.data(), bytes.size(), learner, out); }));
  }
  /// A stream of its own in the same state.
  groupwise clone() const {
    return groupwise(
        detail::made<swl_groupwise>([&](swl_groupwise **out) { return swl_groupwise_clone(handle_.get(), out); }));
  }
  /// Predicts a round for the groups that are awake.
  prediction predict(const std::vector<double> &x, const std::vector<std::int64_t> &groups = {}) {
    prediction p = prediction();
    check(swl_groupwise_predict(handle_.get(), x.data(), static_cast<std::int64_t>(x.size()), groups.data(),
                                static_cast<std::int64_t>(groups.size()), &p.value, &p.ticket));
    return p;
  }
  /// The label of a ticket, now or later.
  void update(std::uint64_t ticket, double y, double weight = 1.0) {
    check(swl_groupwise_update(handle_.get(), ticket, y, weight));
  }
  /// A ticket whose label will not come.
  void expire(std::uint64_t ticket) { check(swl_groupwise_expire(handle_.get(), ticket)); }
  /// Many rounds: predictions into out (or nullptr), the groups of round t from starts[t] to starts[t + 1]. told (or nullptr)
  /// gets the info also where the call throws: the rounds that are done, and the ticket of one that lacks its label.
  swl_groupwise_run_info run(const swl_dense &x, const vec &y, const std::vector<std::int64_t> &starts,
                             const std::vector<std::int64_t> &groups, std::vector<double> *out = nullptr,
                             const vec &weights = vec(), const control &c = control(),
                             swl_groupwise_run_info *told = nullptr) {
    if (x.rows < 0) throw error(SWL_E_ARGUMENT, "x.rows: expected a number >= 0, found " + std::to_string(x.rows));
    if (static_cast<std::uint64_t>(starts.size()) != static_cast<std::uint64_t>(x.rows) + 1 ||
        starts.back() != static_cast<std::int64_t>(groups.size()))
      throw error(SWL_E_ARGUMENT, "starts: expected one for each row and an end, the last the number of groups");
    if (out) out->assign(static_cast<std::size_t>(x.rows), 0.0);
    swl_groupwise_run_info info = detail::sized<swl_groupwise_run_info>();
    c.run([&](const swl_control *raw) {
      const swl_status status = swl_groupwise_run(handle_.get(), &x, y.get(), weights.get(), starts.data(), groups.data(),
                                                  raw, out ? out->data() : nullptr, out ? x.rows : 0, &info);
      if (told) *told = info;
      return status;
    });
    return info;
  }
  /// What is known of a group: its number, SWL_GROUP_ALWAYS_ON or SWL_GROUP_CROSSED.
  swl_group_cert certificate(std::int64_t group) const {
    swl_group_cert cert = detail::sized<swl_group_cert>();
    check(swl_groupwise_certificate(handle_.get(), group, &cert));
    return cert;
  }
  swl_expert_cert expert(std::int64_t group, std::int64_t which) const {
    swl_expert_cert cert = detail::sized<swl_expert_cert>();
    check(swl_groupwise_expert(handle_.get(), group, which, &cert));
    return cert;
  }
  swl_groupwise_info counts() const {
    swl_groupwise_info info = detail::sized<swl_groupwise_info>();
    check(swl_groupwise_counts(handle_.get(), &info));
    return info;
  }
  /// The groups that have been awake.
  std::vector<std::int64_t> groups() const {
    std::int64_t count = 0;
    check(swl_groupwise_groups(handle_.get(), nullptr, 0, &count));
    std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
    check(swl_groupwise_groups(handle_.get(), ids.data(), count, &count));
    return ids;
  }
  /// Groups and weights of the experts in the prediction of an open ticket.
  std::vector<std::pair<std::int64_t, double>> weights(std::uint64_t ticket) const {
    std::int64_t count = 0;
    check(swl_groupwise_weights(handle_.get(), ticket, nullptr, nullptr, nullptr, 0, &count));
    std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
    std::vector<double> shares(ids.size());
    check(swl_groupwise_weights(handle_.get(), ticket, ids.data(), shares.data(), nullptr, count, &count));
    std::vector<std::pair<std::int64_t, double>> parts;
    for (std::size_t k = 0; k < ids.size(); k++) parts.emplace_back(ids[k], shares[k]);
    return parts;
  }
  /// The coefficients of the learner of an expert, len of them.
  std::vector<double> coef(std::int64_t group, std::int64_t expert, std::int64_t len) const {
    std::vector<double> out(static_cast<std::size_t>(len > 0 ? len : 0));
    check(swl_groupwise_coef(handle_.get(), group, expert, out.data(), len));
    return out;
  }
  std::vector<unsigned char> save() const {
    std::size_t need = 0;
    check(swl_groupwise_save(handle_.get(), nullptr, 0, &need));
    std::vector<unsigned char> bytes(need);
    check(swl_groupwise_save(handle_.get(), bytes.data(), bytes.size(), &need));
    return bytes;
  }
  const swl_groupwise *get() const noexcept { return handle_.get(); }

private:
  explicit groupwise(swl_groupwise *s) : handle_(s) {}
  detail::handle<swl_groupwise, swl_groupwise_free> handle_;
};

/// A stream of paths in an acyclic graph, each of which costs the sum of its edges.
class decisions {
public:
  decisions(std::int64_t nodes, const std::vector<std::int64_t> &from, const std::vector<std::int64_t> &to,
            std::int64_t source, std::int64_t sink, const options &o = options("groupwise"),
            std::int32_t learner = SWL_PATHS_HEDGE)
      : dim_(static_cast<std::int64_t>(from.size())) {
    if (from.size() != to.size()) throw error(SWL_E_ARGUMENT, "to: expected as many nodes as from has");
    handle_.reset(detail::made<swl_decisions>([&](swl_decisions **out) {
      return swl_decisions_new_paths(nodes, from.data(), to.data(), dim_, source, sink, learner, o.get(), out);
    }));
  }
  /// The caller's set; its callback must not throw.
  explicit decisions(const swl_oracle &oracle, const options &o = options("groupwise")) : dim_(oracle.dim) {
    handle_.reset(detail::made<swl_decisions>(
        [&](swl_decisions **out) { return swl_decisions_new_oracle(&oracle, o.get(), out); }));
  }
  std::vector<double> decide(const std::vector<std::int64_t> &groups = {}) {
    std::vector<double> out(static_cast<std::size_t>(dim_));
    check(swl_decisions_decide(handle_.get(), groups.data(), static_cast<std::int64_t>(groups.size()), out.data(), dim_));
    return out;
  }
  void update(const std::vector<double> &costs) {
    check(swl_decisions_update(handle_.get(), costs.data(), static_cast<std::int64_t>(costs.size())));
  }
  swl_decision_cert certificate(std::int64_t group = SWL_GROUP_ALWAYS_ON) const {
    swl_decision_cert cert = detail::sized<swl_decision_cert>();
    check(swl_decisions_certificate(handle_.get(), group, &cert));
    return cert;
  }

private:
  detail::handle<swl_decisions, swl_decisions_free> handle_;
  std::int64_t dim_;
};

/// Constants of a lower problem; NaN: not known.
struct lower_constants {
  double mu, l, l_a, l_b;
};

/// A bilevel problem of one's own functions (see swl_bilevel_problem); out and gradients come with their lengths. An
/// exception that leaves one ends the call and comes out of it unchanged, but southwell::reject().
struct bilevel_problem {
  using vector = std::vector<double>;
  std::int64_t d = 0;
  std::vector<std::int64_t> lengths;
  std::uint32_t flags = 0;
  double l_g = 0.0, l_g_theta = 0.0;
  std::function<double(std::int64_t i, const vector &x, const vector &theta, vector &grad)> lower;
  std::function<void(std::int64_t i, const vector &x, const vector &theta, const vector &v, vector &out)> hessian;
  std::function<void(std::int64_t i, const vector &x, const vector &theta, const vector &q, vector &out)> mixed_t;
  std::function<void(std::int64_t i, const vector &x, const vector &theta, const vector &u, vector &out)> mixed; ///< or none
  std::function<lower_constants(std::int64_t i, const vector &theta)> constants;
  std::function<double(std::int64_t i, const vector &x, const vector &theta, vector &gx, vector &gtheta)> upper;
  std::function<void(std::int64_t i, const vector &x, const vector &theta, const vector &r, vector &out)>
      precondition; ///< or none
};

/// What a function of a bilevel problem throws for a point that cannot be evaluated.
struct reject {};

namespace detail {
/// The functions of a problem behind the C callbacks, and what left them.
struct bilevel_functions {
  bilevel_problem own;
  first_thrown thrown; ///< lower problems are solved by several threads

  explicit bilevel_functions(const bilevel_problem &problem) : own(problem), thrown() {}

  using vector = std::vector<double>;
  vector copy(const double *v, std::int64_t n) const { return vector(v, v + n); }
  std::int64_t length(std::int64_t i) const { return own.lengths[static_cast<std::size_t>(i)]; }

  template <class F> std::int32_t guarded(F f) noexcept {
    try {
      f();
      return 0;
    } catch (const reject &) {
      return SWL_CALLBACK_REJECT;
    } catch (...) {
      thrown.keep();
      return 1;
    }
  }
  static bilevel_functions &of(void *ctx) { return *static_cast<bilevel_functions *>(ctx); }
  /// What a function made, as long as it came.
  static void put(const vector &v, std::int64_t n, double *out) {
    if (static_cast<std::int64_t>(v.size()) != n)
      throw error(SWL_E_ARGUMENT, "problem: expected outputs of the length that they came with");
    for (std::size_t k = 0; k < v.size(); k++) out[k] = v[k];
  }
  static std::int32_t lower(void *ctx, std::int64_t i, const double *x, const double *theta, double *value, double *grad) {
    bilevel_functions &f = of(ctx);
    return f.guarded([&] {
      vector g(static_cast<std::size_t>(f.length(i)));
      *value = f.own.lower(i, f.copy(x, f.length(i)), f.copy(theta, f.own.d), g);
      put(g, f.length(i), grad);
    });
  }
  template <class F>
  static std::int32_t product(void *ctx, const F &g, std::int64_t i, const double *x, const double *theta, const double *v,
                              std::int64_t from, std::int64_t to, double *out) {
    bilevel_functions &f = of(ctx);
    return f.guarded([&] {
      vector o(static_cast<std::size_t>(to));
      g(i, f.copy(x, f.length(i)), f.copy(theta, f.own.d), f.copy(v, from), o);
      put(o, to, out);
    });
  }
  static std::int32_t hessian(void *c, std::int64_t i, const double *x, const double *t, const double *v, double *out) {
    const std::int64_t n = of(c).length(i);
    return product(c, of(c).own.hessian, i, x, t, v, n, n, out);
  }
  static std::int32_t mixed_t(void *c, std::int64_t i, const double *x, const double *t, const double *v, double *out) {
    return product(c, of(c).own.mixed_t, i, x, t, v, of(c).length(i), of(c).own.d, out);
  }
  static std::int32_t mixed(void *c, std::int64_t i, const double *x, const double *t, const double *v, double *out) {
    return product(c, of(c).own.mixed, i, x, t, v, of(c).own.d, of(c).length(i), out);
  }
  static std::int32_t precondition(void *c, std::int64_t i, const double *x, const double *t, const double *v, double *out) {
    const std::int64_t n = of(c).length(i);
    return product(c, of(c).own.precondition, i, x, t, v, n, n, out);
  }
  static std::int32_t constants(void *ctx, std::int64_t i, const double *theta, double *mu, double *l, double *l_a,
                                double *l_b) {
    bilevel_functions &f = of(ctx);
    return f.guarded([&] {
      const lower_constants k = f.own.constants(i, f.copy(theta, f.own.d));
      *mu = k.mu, *l = k.l, *l_a = k.l_a, *l_b = k.l_b;
    });
  }
  static std::int32_t upper(void *ctx, std::int64_t i, const double *x, const double *theta, double *value, double *gx,
                            double *gtheta) {
    bilevel_functions &f = of(ctx);
    return f.guarded([&] {
      vector in_x(static_cast<std::size_t>(f.length(i))), in_theta(static_cast<std::size_t>(f.own.d));
      *value = f.own.upper(i, f.copy(x, f.length(i)), f.copy(theta, f.own.d), in_x, in_theta);
      put(in_x, f.length(i), gx);
      put(in_theta, f.own.d, gtheta);
    });
  }
};
} // namespace detail

/// Hyperparameters chosen so that the minimizers of lower problems do well on an upper one.
class bilevel {
public:
  /// Rows with targets that train, and rows that judge.
  bilevel(const swl_bilevel_model &model, const matrix &a, const vec &y, const matrix &val_a, const vec &val_y,
          const control &c = control()) {
    const swl_matrix rows = a.view(), held = val_a.view();
    make(c, [&](const swl_control *raw, swl_bilevel **out) {
      return swl_bilevel_new(&model, &rows, y.get(), &held, val_y.get(), nullptr, raw, out);
    });
  }
  /// Cross-validation: the fold of each row, from 0.
  bilevel(const swl_bilevel_model &model, const matrix &a, const vec &y, const std::vector<std::int32_t> &fold_of_row,
          const control &c = control()) {
    if (static_cast<std::int64_t>(fold_of_row.size()) != a.rows())
      throw error(SWL_E_ARGUMENT, "fold_of_row: expected a fold for each row");
    const swl_matrix rows = a.view();
    make(c, [&](const swl_control *raw, swl_bilevel **out) {
      return swl_bilevel_new(&model, &rows, y.get(), nullptr, nullptr, fold_of_row.data(), raw, out);
    });
  }
  /// Pictures that are denoised.
  bilevel(const swl_images_model &model, const swl_images &observed, const swl_images &truth) {
    handle_.reset(detail::made<swl_bilevel>(
        [&](swl_bilevel **out) { return swl_bilevel_new_images(&model, &observed, &truth, out); }));
  }
  /// One's own functions, which are copied.
  explicit bilevel(const bilevel_problem &own) : functions_(new detail::bilevel_functions(own)) {
    using f = detail::bilevel_functions;
    if (!own.lower || !own.hessian || !own.mixed_t || !own.constants || !own.upper)
      throw error(SWL_E_ARGUMENT, "problem: expected lower, hessian, mixed_t, constants and upper");
    swl_bilevel_problem p = detail::sized<swl_bilevel_problem>();
    p.flags = own.flags;
    p.ctx = functions_.get();
    p.d = own.d;
    p.samples = static_cast<std::int64_t>(own.lengths.size());
    p.lengths = functions_->own.lengths.data();
    p.lower = f::lower;
    p.hessian = f::hessian;
    p.mixed_t = f::mixed_t;
    p.mixed = own.mixed ? f::mixed : nullptr;
    p.constants = f::constants;
    p.upper = f::upper;
    p.l_g = own.l_g;
    p.l_g_theta = own.l_g_theta;
    p.precondition = own.precondition ? f::precondition : nullptr;
    handle_.reset(detail::made<swl_bilevel>([&](swl_bilevel **out) { return swl_bilevel_new_user(&p, out); }));
  }
  std::int64_t parameters() const {
    std::int64_t d = 0;
    check_status(swl_bilevel_size(handle_.get(), &d, nullptr));
    return d;
  }
  std::int64_t samples() const {
    std::int64_t m = 0;
    check_status(swl_bilevel_size(handle_.get(), nullptr, &m));
    return m;
  }
  void set_bounds(const std::vector<double> &lower, const std::vector<double> &upper) {
    if (lower.size() != upper.size()) throw error(SWL_E_ARGUMENT, "upper: expected as many as lower");
    check_status(swl_bilevel_set_bounds(handle_.get(), lower.data(), upper.data(), static_cast<std::int64_t>(lower.size())));
  }
  /// From theta; empty: from where the last solve ended. Not converging is an outcome of the info, not an exception.
  swl_bilevel_info solve(const std::vector<double> &theta = {}, const options &o = options("bilevel"),
                         const control &c = control()) {
    swl_bilevel_info info = detail::sized<swl_bilevel_info>();
    run(c, [&](const swl_control *raw) {
      return swl_bilevel_solve(handle_.get(), theta.empty() ? nullptr : theta.data(), static_cast<std::int64_t>(theta.size()),
                               o.get(), raw, &info);
    });
    return info;
  }
  /// Throws where derivatives are not those of the functions; the message names them.
  void check(const std::vector<double> &theta, const options &o = options("bilevel"), const control &c = control()) {
    run(c, [&](const swl_control *raw) {
      return swl_bilevel_check(handle_.get(), theta.data(), static_cast<std::int64_t>(theta.size()), o.get(), raw);
    });
  }
  std::vector<double> theta() const {
    std::vector<double> out(static_cast<std::size_t>(parameters()));
    check_status(swl_bilevel_theta(handle_.get(), out.data(), static_cast<std::int64_t>(out.size())));
    return out;
  }
  std::vector<double> hypergradient() const {
    std::vector<double> out(static_cast<std::size_t>(parameters()));
    check_status(swl_bilevel_hypergradient(handle_.get(), out.data(), static_cast<std::int64_t>(out.size())));
    return out;
  }
  /// The solution of a lower problem.
  std::vector<double> lower(std::int64_t sample) const {
    std::vector<double> out(variables(sample));
    check_status(swl_bilevel_lower(handle_.get(), sample, out.data(), static_cast<std::int64_t>(out.size())));
    return out;
  }
  std::vector<double> adjoint(std::int64_t sample) const {
    std::vector<double> out(variables(sample));
    check_status(swl_bilevel_adjoint(handle_.get(), sample, out.data(), static_cast<std::int64_t>(out.size())));
    return out;
  }
  /// The decisions of a solve with the option trace.
  std::vector<swl_bilevel_step> trace() const {
    std::int64_t count = 0;
    check_status(swl_bilevel_trace(handle_.get(), nullptr, 0, &count));
    std::vector<swl_bilevel_step> rows(static_cast<std::size_t>(count), detail::sized<swl_bilevel_step>());
    check_status(swl_bilevel_trace(handle_.get(), rows.data(), count, &count));
    return rows;
  }
  /// Recomputed from the answer alone.
  swl_bilevel_cert certificate(const options &o = options("bilevel"), const control &c = control()) {
    swl_bilevel_cert cert = detail::sized<swl_bilevel_cert>();
    run(c, [&](const swl_control *raw) { return swl_bilevel_certificate(handle_.get(), o.get(), raw, &cert); });
    return cert;
  }
  std::vector<unsigned char> save() const {
    std::size_t need = 0;
    check_status(swl_bilevel_save(handle_.get(), nullptr, 0, &need));
    std::vector<unsigned char> bytes(need);
    check_status(swl_bilevel_save(handle_.get(), bytes.data(), bytes.size(), &need));
    return bytes;
  }
  /// The next solve goes on from there.
  void resume(const std::vector<unsigned char> &bytes) {
    check_status(swl_bilevel_resume(handle_.get(), bytes.data(), bytes.size()));
  }

private:
  static void check_status(swl_status status) { southwell::check(status); }
  template <class F> void make(const control &c, F f) {
    swl_bilevel *s = nullptr;
    try {
      c.run([&](const swl_control *raw) { return f(raw, &s); });
    } catch (...) {
      swl_bilevel_free(s);
      throw;
    }
    handle_.reset(s);
  }
  /// What left a function of the problem comes out as it was.
  template <class F> void run(const control &c, F f) {
    try {
      c.run(f);
      if (functions_) functions_->thrown.take();
    } catch (const error &e) {
      // What another call, which has the problem in use, is about to rethrow is not for this one.
      const std::exception_ptr thrown = functions_ && e.code() != SWL_E_BUSY ? functions_->thrown.take() : nullptr;
      if (thrown) std::rethrow_exception(thrown);
      throw;
    } catch (...) {
      if (functions_) functions_->thrown.take();
      throw;
    }
  }
  std::size_t variables(std::int64_t sample) const {
    std::int64_t n = 0;
    check_status(swl_bilevel_variables(handle_.get(), sample, &n));
    return static_cast<std::size_t>(n);
  }
  std::unique_ptr<detail::bilevel_functions> functions_;
  detail::handle<swl_bilevel, swl_bilevel_free> handle_;
};

} // namespace southwell

#endif
