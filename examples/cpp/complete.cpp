// Recovers a matrix from a fifth of its entries:  c++ -std=c++11 complete.cpp -I../../include -L../../target/release -lsouthwell
// The loader wants the library by its SONAME, and to know where it is:
//   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
//   LD_LIBRARY_PATH=../../target/release ./a.out
#include <southwell.hpp>

#include <cmath>
#include <cstdio>

int main() {
  const std::int64_t rows = 120, cols = 100;
  // Squared distances between points of a plane: a matrix of rank 4.
  const auto distance = [](std::int64_t i, std::int64_t j) {
    const double x = std::sin(0.7 * double(i)) - std::cos(1.1 * double(j)), y = std::cos(0.3 * double(i)) - std::sin(0.9 * double(j));
    return x * x + y * y;
  };
  std::vector<std::int64_t> row, col;
  std::vector<double> value;
  std::uint64_t state = 1;
  for (std::int64_t i = 0; i < rows; i++)
    for (std::int64_t j = 0; j < cols; j++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      if ((state >> 33) % 5 == 0) {
        row.push_back(i);
        col.push_back(j);
        value.push_back(distance(i, j));
      }
    }
  try {
    const std::int64_t known = std::int64_t(value.size());
    southwell::options options("altmin");
    options.set("rank", 4).set("ridge", 0).set("tolerance", 1e-10);
    southwell::altmin matrix(swl_triplets_f64_i64(rows, cols, known, row.data(), col.data(), value.data(), 0), options);
    const swl_altmin_info info = matrix.solve(options);
    const std::vector<double> all = matrix.predict(swl_dense_f64(nullptr, rows, cols, cols, SWL_ROW_MAJOR));
    double worst = 0;
    for (std::int64_t k = 0; k < rows * cols; k++) worst = std::fmax(worst, std::fabs(all[std::size_t(k)] - distance(k / cols, k % cols)));
    std::printf("%s after %d sweeps: %d of %d entries known, the worst of all is off by %.1e\n", swl_outcome_name(info.outcome),
                int(info.iterations), int(known), int(rows * cols), worst);
    return info.outcome == SWL_CONVERGED && worst < 1e-6 ? 0 : 1;
  } catch (const southwell::error &e) {
    std::fprintf(stderr, "%s: %s\n", swl_status_name(e.code()), e.what());
    return 1;
  }
}
