// Eigen matrices and vectors as data, where Eigen is installed.
#include <southwell.hpp>

#include <cstdio>

int main() {
#ifdef SOUTHWELL_HAS_EIGEN
  Eigen::MatrixXd dense = Eigen::MatrixXd::Random(30, 6);
  Eigen::VectorXd y = 2.0 * dense.col(1) - dense.col(4);
  Eigen::SparseMatrix<double> sparse = dense.sparseView();
  Eigen::SparseMatrix<double, Eigen::RowMajor> by_rows = sparse;
  Eigen::MatrixXf single = dense.cast<float>();
  southwell::options o;
  o.set("lambda_ratio", 0.01).set("tolerance", 1e-10);
  std::vector<std::vector<double>> answers;
  for (const southwell::matrix &m : {southwell::matrix(dense), southwell::matrix(sparse), southwell::matrix(by_rows),
                                     southwell::matrix(single)}) {
    southwell::bcd s(m, y);
    if (s.solve(o).outcome != SWL_CONVERGED) return 1;
    answers.push_back(s.coef());
  }
  for (const std::vector<double> &x : answers)
    for (std::size_t j = 0; j < x.size(); j++)
      if (!(x[j] - answers[0][j] < 1e-5 && answers[0][j] - x[j] < 1e-5)) return 2;
  std::puts("eigen: ok");
#else
  std::puts("eigen: not installed");
#endif
  return 0;
}
