// Heat in a plate:  c++ -std=c++11 graph.cpp -I../../include -L../../target/release -lsouthwell
//
// A square plate of 41 x 41 points; one edge is kept at 100 degrees, the others at 0. In equilibrium every point has the mean of
// its neighbours: label propagation on the lattice, with the edges of the plate as labelled nodes.
//   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
//   LD_LIBRARY_PATH=../../target/release ./a.out
#include <southwell.hpp>

#include <cstdio>

int main() {
  const std::int64_t side = 41, nodes = side * side;
  std::vector<std::int64_t> from, to, edge;
  std::vector<double> heat;
  for (std::int64_t row = 0; row < side; row++)
    for (std::int64_t column = 0; column < side; column++) {
      const std::int64_t node = row * side + column;
      if (column + 1 < side) from.push_back(node), to.push_back(node + 1);
      if (row + 1 < side) from.push_back(node), to.push_back(node + side);
      const bool inside = row > 0 && row + 1 < side && column > 0 && column + 1 < side;
      // The corners touch no point inside.
      if (!inside) edge.push_back(node), heat.push_back(row == 0 ? 100.0 : 0.0);
    }
  const std::int64_t known = static_cast<std::int64_t>(edge.size());
  try {
    southwell::options options("graph");
    options.set("tolerance", 1e-10).set("error_bound", true);
    southwell::graph plate =
        southwell::graph::from_edges(nodes, from, to, nullptr, edge, swl_dense_f64(heat.data(), known, 1, known, SWL_COL_MAJOR), options);
    const swl_graph_info info = plate.solve(options);
    const std::vector<double> degrees = plate.values();
    std::printf("%s: %d points inside, every value within %.1e (%s)\n", southwell::outcome_name(info.outcome).c_str(),
                static_cast<int>(info.unknowns), info.error, info.rigor == SWL_RIGOR_PROVEN ? "proven" : "no proof");
    std::printf("middle: %.1f degrees\n", degrees[static_cast<std::size_t>((side / 2) * side + side / 2)]);
    for (std::int64_t row = 0; row < side; row += 4) {
      for (std::int64_t column = 0; column < side; column += 2)
        std::putchar(" .:-=+*#%@"[static_cast<std::size_t>(degrees[static_cast<std::size_t>(row * side + column)] / 10.01)]);
      std::putchar('\n');
    }
    return info.outcome == SWL_CONVERGED ? 0 : 1;
  } catch (const southwell::error &e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 2;
  }
}
