// What is known of a solution:  c++ -std=c++11 sensitivity.cpp -I../../include -L../../target/release -lsouthwell
// The loader wants the library by its SONAME, and to know where it is:
//   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
//   LD_LIBRARY_PATH=../../target/release ./a.out
//
// Two weeks of a sensor that drifts: 12 signals explain what it shows. Which of them are 0 in every solution, how the others change
// with the strength of the penalty, which reading counts most for the first, and how stable all are where single days are left out.
#include <southwell.hpp>

#include <cmath>
#include <cstdio>

int main() {
  const std::int64_t days = 14, per_day = 20, rows = days * per_day, signals = 12;
  std::vector<double> a(static_cast<std::size_t>(rows * signals)), y(static_cast<std::size_t>(rows));
  std::vector<double> weights(static_cast<std::size_t>(days * rows), 1.0);
  for (std::int64_t j = 0; j < signals; j++)
    for (std::int64_t r = 0; r < rows; r++) a[j * rows + r] = std::sin(0.37 * (j + 1) * r + j * j);
  for (std::int64_t r = 0; r < rows; r++) y[r] = a[r] - 0.5 * a[2 * rows + r] + 0.2 * std::cos(1.7 * r) + 0.01 * r;
  for (std::int64_t d = 0; d < days; d++)
    for (std::int64_t r = 0; r < per_day; r++) weights[d * rows + d * per_day + r] = 0.0;

  try {
    southwell::bcd problem(southwell::matrix(a, rows, signals), y);
    southwell::options options;
    options.set("lambda_ratio", 0.2).set("intercept", true).set("tolerance", 1e-12);
    const swl_bcd_info info = problem.solve(options);
    const std::vector<double> coef = problem.coef();
    std::printf("%s, duality gap %.1e\n", swl_outcome_name(info.outcome), info.certificate);

    const southwell::identification known = problem.identify();
    southwell::change stronger;
    stronger.lambda = 1.0;
    const southwell::derivative moved = problem.forward(stronger);
    std::vector<double> first(static_cast<std::size_t>(signals));
    first[0] = 1.0;
    const southwell::gradient of_first = problem.backward(first);
    std::size_t most = 0;
    for (std::size_t r = 1; r < of_first.target.size(); r++)
      if (std::fabs(of_first.target[r]) > std::fabs(of_first.target[most])) most = r;

    const swl_dense without_a_day = swl_dense_f64(weights.data(), rows, days, rows, SWL_COL_MAJOR);
    const southwell::batch_result left_out = problem.batch(nullptr, &without_a_day, options);
    for (std::int64_t j = 0; j < signals; j++) {
      double low = coef[j], high = coef[j];
      for (std::int64_t d = 0; d < days; d++) {
        low = std::fmin(low, left_out.coef[d * signals + j]);
        high = std::fmax(high, left_out.coef[d * signals + j]);
      }
      std::printf("coef[%2d] = %7.4f, by lambda %7.4f, without a day %7.4f to %7.4f%s\n", int(j), coef[j], moved.coef[j], low,
                  high, known.safe_zeros[j] ? ", 0 in every solution" : "");
    }
    std::printf("%s solution, margin %.3f; reading %d counts most for coef[0]: %.4f\n",
                known.facts.unique ? "the only" : "perhaps not the only", known.facts.margin, int(most), of_first.target[most]);
  } catch (const southwell::error &e) {
    std::fprintf(stderr, "%s: %s\n", swl_status_name(e.code()), e.what());
    return 1;
  }
}
