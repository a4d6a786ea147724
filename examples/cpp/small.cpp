#include <southwell.hpp>
#include <cstdio>

int main() {
  const std::vector<double> a = {1, 0, 2, 0, -1, 0, 0, 3, 0, 1, 0, 1}, y = {2.1, -2.9, 4.2, -1.1, -1.9, -0.8};
  southwell::bcd lasso(southwell::matrix(a, 6, 2), y); // 6 rows, 2 columns, column by column
  const swl_bcd_info info = lasso.solve(southwell::options().set("lambda_ratio", 0.1));
  const std::vector<double> x = lasso.coef();
  std::printf("%s: %.6f, %.6f, within %.1e\n", swl_outcome_name(info.outcome), x[0], x[1], info.certificate);
}
