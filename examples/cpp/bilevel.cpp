// A bilevel problem of one's own functions:  c++ -std=c++11 bilevel.cpp -I../../include -L../../target/release -lsouthwell
// The loader wants the library by its SONAME, and to know where it is:
//   ln -sf libsouthwell.so ../../target/release/libsouthwell.so.0.1
//   LD_LIBRARY_PATH=../../target/release ./a.out
//
// Which strength of smoothing brings a noisy signal nearest to the true one? The lower problem is
// 1/2 |x - y|^2 + exp(theta)/2 sum_j (x_j+1 - x_j)^2, the upper one 1/2 |x - truth|^2.
#include <cmath>
#include <cstdio>
#include <southwell.hpp>
#include <vector>

struct smoothing {
  std::vector<double> noisy, truth;

  /// out = D'D v, for the differences D
  static void roughness(const std::vector<double> &v, std::vector<double> &out) {
    out.assign(v.size(), 0.0);
    for (std::size_t j = 0; j + 1 < v.size(); j++) {
      const double d = v[j + 1] - v[j];
      out[j] -= d;
      out[j + 1] += d;
    }
  }
};

int main() {
  smoothing own;
  for (int j = 0; j < 200; j++) {
    own.truth.push_back(std::sin(0.05 * j));
    own.noisy.push_back(own.truth.back() + 0.3 * std::sin(37.0 * j * j));
  }
  const std::size_t n = own.truth.size();
  using vector = std::vector<double>;
  southwell::bilevel_problem p;
  p.d = 1;
  p.lengths = { static_cast<std::int64_t>(n) };
  p.flags = SWL_BILEVEL_QUADRATIC | SWL_BILEVEL_SQUARED_DISTANCE | SWL_BILEVEL_PROVEN;
  p.l_g = 1;
  p.lower = [&](std::int64_t, const vector &x, const vector &theta, vector &grad) {
    smoothing::roughness(x, grad);
    double value = 0;
    for (std::size_t j = 0; j < n; j++) {
      const double residual = x[j] - own.noisy[j], pull = std::exp(theta[0]) * grad[j];
      value += 0.5 * (residual * residual + x[j] * pull);
      grad[j] = residual + pull;
    }
    return value;
  };
  p.hessian = [&](std::int64_t, const vector &, const vector &theta, const vector &v, vector &out) {
    smoothing::roughness(v, out);
    for (std::size_t j = 0; j < n; j++) out[j] = v[j] + std::exp(theta[0]) * out[j];
  };
  p.mixed_t = [&](std::int64_t, const vector &x, const vector &theta, const vector &q, vector &out) {
    vector rough;
    smoothing::roughness(x, rough);
    out[0] = 0;
    for (std::size_t j = 0; j < n; j++) out[0] += std::exp(theta[0]) * rough[j] * q[j];
  };
  p.constants = [&](std::int64_t, const vector &theta) {
    return southwell::lower_constants{ 1.0, 1.0 + 4 * std::exp(theta[0]), 0.0, 4 * std::exp(theta[0]) };
  };
  p.upper = [&](std::int64_t, const vector &x, const vector &, vector &gx, vector &) {
    double value = 0;
    for (std::size_t j = 0; j < n; j++) {
      gx[j] = x[j] - own.truth[j];
      value += 0.5 * gx[j] * gx[j];
    }
    return value;
  };
  try {
    southwell::bilevel s(p);
    s.check({ 0.0 }); // wrong derivatives would be named here
    const swl_bilevel_info info = s.solve({ 0.0 });
    const vector theta = s.theta();
    std::printf("%s: strength %.3f, half the squared error between %.9f and %.9f (%s), hypergradient %.1e\n",
                southwell::outcome_name(info.outcome).c_str(), std::exp(theta[0]), info.upper_lo, info.upper_hi,
                info.rigor == SWL_RIGOR_PROVEN ? "proven" : "estimated", info.hypergradient_norm);
    return info.outcome == SWL_CONVERGED ? 0 : 1;
  } catch (const southwell::error &e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
