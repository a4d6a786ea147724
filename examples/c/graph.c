/* School districts on a road network:  cc -std=c99 graph.c -I../../include -L../../target/release -lsouthwell -lm
 *
 * A town of 60 x 60 crossings; some streets are missing, and every street has a travel time. For a few crossings it is
 * known which of three schools the children go to. Label propagation gives every other crossing a share of each school:
 * three columns of labels on one graph, with weights of 1 / travel time.
 *   ln -s libsouthwell.so ../../target/release/libsouthwell.so.0.1
 *   LD_LIBRARY_PATH=../../target/release ./a.out */
#include <southwell.h>
#include <stdio.h>

enum { SIDE = 60, NODES = SIDE * SIDE, SCHOOLS = 3, KNOWN = 9 };

static double uniform(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 11) / 9007199254740992.0;
}

int main(void)
{
  static int64_t from[2 * NODES], to[2 * NODES];
  static double weight[2 * NODES], share[SCHOOLS * NODES];
  /* Crossings around each school, as row and column. */
  static const int place[KNOWN][2] = { { 8, 10 }, { 14, 6 }, { 4, 20 }, { 50, 12 }, { 55, 25 }, { 44, 5 }, { 30, 50 }, { 20, 55 }, { 38, 44 } };
  int64_t labelled[KNOWN], edges = 0;
  double labels[KNOWN][SCHOOLS] = { { 0 } };
  uint64_t state = 7;

  for (int node = 0; node < NODES; node++) {
    const int right = node % SIDE + 1 < SIDE, down = node / SIDE + 1 < SIDE;
    for (int k = 0; k < 2; k++) {
      /* The first row and column keep all their streets, so that the town hangs together. */
      const int exists = k == 0 ? right : down, keep = node < SIDE || (k == 1 && node % SIDE == 0);
      const double minutes = 0.5 + 2.0 * uniform(&state), luck = uniform(&state);
      if (!exists || (!keep && luck < 0.25)) continue;
      from[edges] = node;
      to[edges] = k == 0 ? node + 1 : node + SIDE;
      weight[edges++] = 1.0 / minutes;
    }
  }
  for (int k = 0; k < KNOWN; k++) {
    labelled[k] = place[k][0] * SIDE + place[k][1];
    labels[k][k / 3] = 1.0;
  }

  swl_vec weights = swl_vec_f64(weight, edges);
  swl_dense known = swl_dense_f64(&labels[0][0], KNOWN, SCHOOLS, SCHOOLS, SWL_ROW_MAJOR);
  swl_options *options = NULL;
  swl_graph *graph = NULL;
  swl_graph_info info = { .struct_size = sizeof info };
  swl_status rc = swl_options_new("graph", &options);
  if (rc == SWL_OK) rc = swl_options_set_str(options, "unreached", "zero");
  if (rc == SWL_OK) rc = swl_options_set_str(options, "error_bound", "true");
  if (rc == SWL_OK) rc = swl_options_set_f64(options, "tolerance", 1e-8);
  if (rc == SWL_OK) rc = swl_graph_new_edges(NODES, edges, from, to, &weights, labelled, KNOWN, &known, options, NULL, &graph);
  if (rc == SWL_OK) rc = swl_graph_solve(graph, options, NULL, &info);
  if (rc == SWL_OK) rc = swl_graph_values(graph, share, SCHOOLS * NODES);
  if (rc == SWL_OK) {
    printf("%s: %d crossings, %d streets, residual %.1e, every share within %.1e (%s)\n", swl_outcome_name(info.outcome),
           (int)info.nodes, (int)edges, info.residual, info.error, info.rigor == SWL_RIGOR_PROVEN ? "proven" : "no proof");
    for (int row = 0; row < SIDE; row += 5) {
      for (int column = 0; column < SIDE; column += 2) {
        const int node = row * SIDE + column;
        int best = 0;
        for (int s = 1; s < SCHOOLS; s++)
          if (share[s * NODES + node] > share[best * NODES + node]) best = s;
        putchar(share[best * NODES + node] > 0.0 ? 'A' + best : '.');
      }
      putchar('\n');
    }
  } else {
    char message[256];
    swl_last_message(message, sizeof message);
    fprintf(stderr, "%s: %s\n", swl_status_name(rc), message);
  }
  swl_graph_free(graph);
  swl_options_free(options);
  return rc == SWL_OK && info.outcome == SWL_CONVERGED ? 0 : 1;
}
