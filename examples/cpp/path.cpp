// A path and its cross-validation:  c++ -std=c++11 path.cpp -I../../include -L../../target/release -lsouthwell
// The data are made to look like gene expression: 72 samples, 2000 genes in modules that rise and fall together, two
// classes that a few modules tell apart. The loader wants the library by its SONAME, and to know where it is:
//   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
//   LD_LIBRARY_PATH=../../target/release ./a.out
#include <southwell.hpp>

#include <cmath>
#include <cstdio>

namespace {
const std::int64_t samples = 72, genes = 2000, modules = 40;

/// A number in [-1, 1), the same on every run.
double next_number() {
  static std::uint64_t state = 7;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return static_cast<double>(static_cast<std::int64_t>(state >> 11)) / 4503599627370496.0 - 1.0;
}
} // namespace

int main() {
  std::vector<double> level(modules * samples), expression(genes * samples), label(samples);
  for (double &l : level) l = next_number();
  for (std::int64_t g = 0; g < genes; g++)
    for (std::int64_t i = 0; i < samples; i++)
      expression[g * samples + i] = level[(g % modules) * samples + i] + 0.6 * next_number();
  for (std::int64_t i = 0; i < samples; i++)
    label[i] = level[i] - level[3 * samples + i] + 0.3 * next_number() > 0.0 ? 1.0 : -1.0;

  try {
    southwell::bcd problem(southwell::matrix(expression, samples, genes), label);
    southwell::options options;
    options.set("loss", "logistic").set("intercept", 1).set("lambda_ratio", 0.02).set("threads", 2);

    const std::int64_t points = problem.path(southwell::path_grid::spaced(12), options);
    for (std::int64_t k = 0; k < points; k++) {
      const swl_bcd_info info = problem.path_info(k);
      std::printf("lambda %7.4f: %3d genes explain %5.1f %%, gap %.1e, %s\n", info.lambda, int(info.nonzeros),
                  100.0 * info.explained, info.certificate, swl_outcome_name(info.outcome));
    }

    const swl_cv_info cv = problem.cross_validate(southwell::path_grid::spaced(12), 8, options);
    const southwell::cv_curve curve = problem.curve();
    for (std::size_t k = 0; k < curve.lambda.size(); k++)
      std::printf("lambda %7.4f: loss %.3f +- %.3f%s\n", curve.lambda[k], curve.mean[k], curve.standard_error[k],
                  std::int64_t(k) == cv.best ? "  least" : "");
    problem.path_select(cv.one_se);
    const std::vector<double> coef = problem.coef();
    std::int64_t first = 0;
    while (first + 1 < genes && coef[first] == 0.0) first++;
    std::printf("within one standard error of the least: lambda %.4f, coef[%d] = %.4f comes first\n", cv.lambda_one_se,
                int(first), coef[first]);
  } catch (const southwell::error &e) {
    std::fprintf(stderr, "%s: %s\n", swl_status_name(e.code()), e.what());
    return 1;
  }
}
