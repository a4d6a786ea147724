/* Problems on graphs: label propagation from a matrix and from edges, a quadratic, and bad input. */
#include "check.h"

/* The path 0 - 1 - 2 - 3 with weights 1, 2, 1, both triangles. */
static const int32_t indptr[] = { 0, 1, 3, 5, 6 }, indices[] = { 1, 0, 2, 1, 3, 2 };
static double weights[] = { 1, 1, 2, 2, 1, 1 };
static const int64_t labelled[] = { 0, 3 };
static const double labels[] = { 0, 1, 4, 5 }; /* two columns, row by row */
static swl_graph *made = NULL; /* no failing call may write it */

static swl_graph_info empty_graph_info(void)
{
  swl_graph_info info;
  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  return info;
}

static void check_values(swl_graph *g, const swl_options *options)
{
  const double expected[] = { 0, 1.6, 2.4, 4, 1, 2.6, 3.4, 5 };
  double values[8];
  int k;
  swl_graph_info info = empty_graph_info();
  OK(swl_graph_solve(g, options, NULL, &info));
  CHECK(info.outcome == SWL_CONVERGED && info.nodes == 4 && info.unknowns == 2 && info.columns == 2);
  CHECK(info.residual <= 1e-12 && info.rigor == SWL_RIGOR_PROVEN && info.error < 1e-10 && info.gap >= 0);
  OK(swl_graph_values(g, values, 8));
  for (k = 0; k < 8; k++) CHECK(fabs(values[k] - expected[k]) <= info.error + 1e-14);
}

static void good(void)
{
  const int64_t from[] = { 1, 1, 3 }, to[] = { 0, 2, 2 }, block_of[] = { 0, 0, 1, 0 };
  const double w[] = { 1, 2, 1 }, start[8] = { 0 };
  swl_sparse csr = swl_csr_f64_i32(4, 4, 6, indptr, indices, weights);
  swl_matrix a = swl_matrix_sparse(&csr);
  swl_dense y = swl_dense_f64(labels, 2, 2, 2, SWL_ROW_MAJOR);
  swl_vec weight = swl_vec_f64(w, 3), zeros = swl_vec_f64(start, 8);
  swl_options *o = NULL;
  swl_graph *g = NULL;
  OK(swl_options_new("graph", &o));
  OK(swl_options_set_f64(o, "tolerance", 1e-13));
  OK(swl_options_set_str(o, "error_bound", "true"));
  OK(swl_graph_new(&a, labelled, 2, &y, o, NULL, &g));
  check_values(g, o);
  OK(swl_options_set_str(o, "rule", "partition"));
  FAILS(swl_graph_solve(g, o, NULL, NULL), SWL_E_STATE, "rule");
  OK(swl_graph_set_partition(g, block_of, 4));
  OK(swl_graph_warm_start(g, &zeros));
  check_values(g, o);
  swl_graph_free(g);
  g = NULL;
  OK(swl_options_set_str(o, "rule", "greedy-tree"));
  OK(swl_graph_new_edges(4, 3, from, to, &weight, labelled, 2, &y, o, NULL, &g));
  check_values(g, o);
  OK(swl_graph_warm_start(g, NULL));
  check_values(g, o);
  swl_graph_free(g);
  swl_options_free(o);
}

static void quadratic(void)
{
  const double rhs[] = { 1, 1, 0, 3 };
  const int64_t starts[] = { 0, 2, 4 }, columns[] = { 1, 0, 1, 0 }; /* unsorted on purpose */
  const double unsorted[] = { -1, 2, 2, -1 };
  double x[4];
  swl_sparse csc = swl_csc_f64_i64(2, 2, 4, starts, columns, unsorted);
  swl_matrix a = swl_matrix_sparse(&csc);
  swl_dense b = swl_dense_f64(rhs, 2, 2, 2, SWL_COL_MAJOR);
  swl_graph *g = NULL;
  OK(swl_graph_new_quadratic(&a, &b, NULL, NULL, &g));
  FAILS(swl_graph_values(g, x, 4), SWL_E_STATE, "g");
  OK(swl_graph_solve(g, NULL, NULL, NULL));
  OK(swl_graph_values(g, x, 4));
  CHECK(fabs(x[0] - 1) < 1e-5 && fabs(x[1] - 1) < 1e-5 && fabs(x[2] - 1) < 1e-5 && fabs(x[3] - 2) < 1e-5);
  x[0] = 7;
  FAILS(swl_graph_values(g, x, 3), SWL_E_ARGUMENT, "len: expected 4");
  FAILS(swl_graph_values(g, NULL, 4), SWL_E_ARGUMENT, "out");
  CHECK(x[0] == 7);
  swl_graph_free(g);
}

/* No minimum, a start with NaN where it is not read and with numbers that overflow, and calls that are stopped. */
static void hard(void)
{
  const double rhs[] = { 1, 1 }, indefinite[] = { 1, 3, 3, 1 };
  const double start[8] = { NAN, 1e308, -1e308, NAN, INFINITY, 0, 0, NAN }, unknown[8] = { 0, NAN };
  const int32_t starts[] = { 0, 2, 4 }, columns[] = { 0, 1, 0, 1 };
  swl_sparse sparse = swl_csr_f64_i32(2, 2, 4, starts, columns, indefinite);
  swl_sparse csr = swl_csr_f64_i32(4, 4, 6, indptr, indices, weights);
  swl_matrix a = swl_matrix_sparse(&sparse), w = swl_matrix_sparse(&csr);
  swl_dense b = swl_dense_f64(rhs, 2, 1, 2, SWL_COL_MAJOR), y = swl_dense_f64(labels, 2, 2, 2, SWL_ROW_MAJOR);
  swl_vec values = swl_vec_f64(start, 8), missing = swl_vec_f64(unknown, 8);
  swl_graph_info info = empty_graph_info();
  swl_graph *g = NULL, *made = NULL;
  swl_options *o = NULL;
  swl_control c;
  swl_cancel *token = NULL;
  OK(swl_graph_new_quadratic(&a, &b, NULL, NULL, &g));
  OK(swl_graph_solve(g, NULL, NULL, &info));
  CHECK(info.outcome == SWL_UNBOUNDED && info.rigor == SWL_RIGOR_NONE);
  swl_graph_free(g);
  OK(swl_options_new("graph", &o));
  OK(swl_options_set_f64(o, "tolerance", 1e-13));
  OK(swl_options_set_str(o, "error_bound", "true"));
  OK(swl_options_set_str(o, "rule", "tree-partition"));
  OK(swl_graph_new(&w, labelled, 2, &y, NULL, NULL, &g));
  OK(swl_graph_warm_start(g, &values));
  check_values(g, o);
  FAILS(swl_graph_warm_start(g, &missing), SWL_E_DATA, "entry 1, column 0");
  swl_graph_free(g);
  OK(swl_cancel_new(&token));
  memset(&c, 0, sizeof c);
  c.struct_size = sizeof c;
  c.cancel = token;
  swl_cancel_trip(token);
  FAILS(swl_graph_new(&w, labelled, 2, &y, NULL, &c, &made), SWL_E_STOPPED, "cancel token");
  FAILS(swl_graph_new_quadratic(&a, &b, NULL, &c, &made), SWL_E_STOPPED, "swl_graph_new_quadratic");
  OK(swl_options_set_f64(o, "max_seconds", 0));
  FAILS(swl_graph_new(&w, labelled, 2, &y, o, NULL, &made), SWL_E_STOPPED, "max_seconds");
  CHECK(made == NULL);
  swl_cancel_free(token);
  swl_options_free(o);
}

static void bad(void)
{
  static double w[6];
  static const int64_t twice[] = { 3, 3 }, outside[] = { 0, 4 }, negative[] = { 0, -1 }, none[] = { 0, 0 };
  const int64_t from[] = { 0, 1 }, to[] = { 1, 2 }, far[] = { 1, 9 }, back[] = { 1, 0 };
  const double with_nan[] = { 1, NAN }, with_negative[] = { 1, -1 };
  swl_vec bad_weight = swl_vec_f64(with_nan, 2), below_zero = swl_vec_f64(with_negative, 2);
  swl_dense no_rows = swl_dense_f64(NULL, 0, 0, 0, SWL_COL_MAJOR);
  double nan_label[] = { NAN, 1, 2, 3 };
  swl_sparse csr = swl_csr_f64_i32(4, 4, 6, indptr, indices, w);
  swl_matrix a = swl_matrix_sparse(&csr);
  swl_dense y = swl_dense_f64(labels, 2, 2, 2, SWL_ROW_MAJOR), bad_y;
  swl_options *o = NULL, *wrong = NULL;
  swl_graph *g = NULL;
  memcpy(w, weights, sizeof w);
#define NEW_FAILS(matrix, nodes, count, dense, status, text)                                    \
  do {                                                                                          \
    FAILS(swl_graph_new(matrix, nodes, count, dense, o, NULL, &made), status, text);        \
    CHECK(made == NULL);                                                                        \
  } while (0)
  NEW_FAILS(NULL, labelled, 2, &y, SWL_E_ARGUMENT, "weights:");
  NEW_FAILS(&a, NULL, 2, &y, SWL_E_ARGUMENT, "labelled");
  NEW_FAILS(&a, labelled, -1, &y, SWL_E_ARGUMENT, "count");
  NEW_FAILS(&a, labelled, 1, &y, SWL_E_ARGUMENT, "labels.rows: expected 1");
  NEW_FAILS(&a, labelled, 2, NULL, SWL_E_ARGUMENT, "labels");
  NEW_FAILS(&a, twice, 2, &y, SWL_E_DATA, "labelled, entry 1");
  NEW_FAILS(&a, outside, 2, &y, SWL_E_DATA, "found 4");
  NEW_FAILS(&a, negative, 2, &y, SWL_E_ARGUMENT, "labelled, entry 1");
  bad_y = swl_dense_f64(nan_label, 2, 2, 2, SWL_ROW_MAJOR);
  NEW_FAILS(&a, labelled, 2, &bad_y, SWL_E_DATA, "labels, entry 0, column 0: expected a finite number, found NaN");
  w[2] = 3; NEW_FAILS(&a, labelled, 2, &y, SWL_E_DATA, "weights, row 1, column 2: expected 2"); w[2] = 2;
  w[0] = w[1] = -1; NEW_FAILS(&a, labelled, 2, &y, SWL_E_DATA, "weights, row 0, column 1: expected weights that are not negative"); w[0] = w[1] = 1;
  w[4] = INFINITY; NEW_FAILS(&a, labelled, 2, &y, SWL_E_DATA, "inf"); w[4] = 1;
  w[0] = w[1] = 0; /* stored zeros are no edges: node 0 stands alone, which is fine with a label */
  OK(swl_graph_new(&a, labelled, 2, &y, NULL, NULL, &g));
  swl_graph_free(g);
  w[2] = w[3] = 0;
  NEW_FAILS(&a, labelled, 2, &y, SWL_E_DATA, "labelled, node 1");
  memcpy(w, weights, sizeof w);
  csr.cols = 5; NEW_FAILS(&a, labelled, 2, &y, SWL_E_ARGUMENT, "weights:"); csr.cols = 4;
  csr.rows = INT64_MAX; NEW_FAILS(&a, labelled, 2, &y, SWL_E_ARGUMENT, "fits in memory"); csr.rows = 4;
  csr.pad_ = 1; NEW_FAILS(&a, labelled, 2, &y, SWL_E_ARGUMENT, "weights.pad_"); csr.pad_ = 0;
  OK(swl_options_new("bcd", &wrong));
  FAILS(swl_graph_new(&a, labelled, 2, &y, wrong, NULL, &made), SWL_E_OPTION, "graph");
  FAILS(swl_graph_new(&a, labelled, 2, &y, NULL, NULL, NULL), SWL_E_ARGUMENT, "out");
  FAILS(swl_graph_new_edges(3, 2, from, far, NULL, none, 1, &y, NULL, NULL, &made), SWL_E_DATA, "to, edge 1");
  FAILS(swl_graph_new_edges(3, 2, from, to, &bad_weight, none, 1, &y, NULL, NULL, &made), SWL_E_DATA, "weight, edge 1");
  FAILS(swl_graph_new_edges(4, 2, from, to, &below_zero, labelled, 2, &y, NULL, NULL, &made), SWL_E_DATA,
        "weight, row 1, column 2: expected weights that are not negative");
  FAILS(swl_graph_new_edges(4, 2, from, to, NULL, none, 0, &no_rows, NULL, NULL, &made), SWL_E_ARGUMENT,
        "labels.cols: expected at least 1");
  FAILS(swl_graph_new_edges(4, 2, twice, negative, NULL, none, 1, &y, NULL, NULL, &made), SWL_E_ARGUMENT, "to, entry 1");
  FAILS(swl_graph_new_edges(4, 2, far, to, NULL, none, 1, &y, NULL, NULL, &made), SWL_E_DATA, "from, edge 1");
  FAILS(swl_graph_new_edges(4, 2, from, back, NULL, none, 1, &y, NULL, NULL, &made), SWL_E_DATA,
        "from and to, row 0, column 1");
  FAILS(swl_graph_new_edges(INT64_MAX, 2, from, to, NULL, none, 1, &y, NULL, NULL, &made), SWL_E_ARGUMENT, "nodes and edges: expected a size that fits");
  FAILS(swl_graph_new_edges(3, INT64_MAX, from, to, NULL, none, 1, &y, NULL, NULL, &made), SWL_E_ARGUMENT, "fits");
  FAILS(swl_graph_new_edges(-3, 2, from, to, NULL, none, 1, &y, NULL, NULL, &made), SWL_E_ARGUMENT, "nodes");
  FAILS(swl_graph_new_edges(3, 2, NULL, to, NULL, none, 1, &y, NULL, NULL, &made), SWL_E_ARGUMENT, "from");
  FAILS(swl_graph_new_quadratic(&a, &y, NULL, NULL, &made), SWL_E_ARGUMENT, "b.rows");
  bad_y = swl_dense_f64(labels, 4, 1, 4, SWL_COL_MAJOR);
  FAILS(swl_graph_new_quadratic(&a, &bad_y, NULL, NULL, &made), SWL_E_DATA, "positive diagonal");
  CHECK(made == NULL);
  /* Without rows any number of columns can be stated: it is not counted out one by one. */
  bad_y = swl_dense_f64(NULL, 0, (int64_t)1 << 62, 0, SWL_COL_MAJOR);
  NEW_FAILS(&a, NULL, 0, &bad_y, SWL_E_ARGUMENT, "labels.cols");
  csr = swl_csr_f64_i32(0, 0, 0, indptr, indices, w);
  OK(swl_graph_new_quadratic(&a, &bad_y, NULL, NULL, &g));
  swl_graph_free(g);
  csr = swl_csr_f64_i32(4, 4, 6, indptr, indices, w);
  bad_y = swl_dense_f64(labels, 2, 2, 1, SWL_COL_MAJOR);
  NEW_FAILS(&a, labelled, 2, &bad_y, SWL_E_ARGUMENT, "labels.ld");
  OK(swl_graph_new(&a, labelled, 2, &y, NULL, NULL, &g));
  FAILS(swl_graph_solve(g, wrong, NULL, NULL), SWL_E_OPTION, "graph");
  FAILS(swl_graph_solve(NULL, NULL, NULL, NULL), SWL_E_ARGUMENT, "g:");
  FAILS(swl_graph_solve((swl_graph *)(void *)wrong, NULL, NULL, NULL), SWL_E_ARGUMENT, "swl_graph");
  FAILS(swl_graph_set_partition(g, outside, 2), SWL_E_ARGUMENT, "len: expected 4");
  FAILS(swl_graph_set_partition(g, NULL, 4), SWL_E_ARGUMENT, "block_of");
  swl_graph_free(g);
  swl_graph_free(NULL);
  swl_options_free(wrong);
}

int main(void)
{
  good();
  quadratic();
  hard();
  bad();
  return finish("graph");
}
