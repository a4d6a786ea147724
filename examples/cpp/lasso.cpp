// A lasso path with a progress line:  c++ -std=c++11 lasso.cpp -I../../include -L../../target/release -lsouthwell
// The loader wants the library by its SONAME, and to know where it is:
//   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
//   LD_LIBRARY_PATH=../../target/release ./a.out
#include <southwell.hpp>

#include <cmath>
#include <cstdio>

int main() {
  const std::int64_t rows = 100, cols = 20;
  std::vector<double> a(rows * cols), y(rows);
  for (std::size_t k = 0; k < a.size(); k++) a[k] = std::sin(static_cast<double>(k * k % 1009));
  for (std::int64_t i = 0; i < rows; i++) y[i] = 3.0 * a[i] - 2.0 * a[5 * rows + i] + 0.1 * std::cos(double(i));

  try {
    southwell::bcd problem(southwell::matrix(a, rows, cols), y);
    southwell::options options;
    southwell::control control;
    std::uint64_t work = 0;
    control.on_progress([&](const swl_progress &p) { return work = p.work, true; });
    for (double ratio = 1.0; ratio > 0.005; ratio *= 0.5) { // each solve starts at the last answer
      const swl_bcd_info info = problem.solve(options.set("lambda_ratio", ratio), control);
      std::printf("lambda %8.4f: %2d coefficients, objective %9.5f, %s %.1e, %d flops\n", info.lambda,
                  int(info.nonzeros), info.objective, swl_outcome_name(info.outcome), info.certificate, int(work));
    }
    const std::vector<double> coef = problem.coef();
    std::printf("coef[0] = %.4f, coef[5] = %.4f\n", coef[0], coef[5]);
  } catch (const southwell::error &e) {
    std::fprintf(stderr, "%s: %s\n", swl_status_name(e.code()), e.what());
    return 1;
  }
}
