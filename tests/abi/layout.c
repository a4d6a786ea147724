/* The layout of every public struct on 64-bit targets: the numbers of src/ffi/layout.rs. */
#include <southwell.h>

#define SIZE(type, bytes) _Static_assert(sizeof(type) == bytes, #type)
#define AT(type, field, bytes) _Static_assert(offsetof(type, field) == bytes, #type "." #field)

SIZE(swl_vec, 24);
AT(swl_vec, data, 0); AT(swl_vec, len, 8); AT(swl_vec, scalar, 16); AT(swl_vec, pad_, 20);
SIZE(swl_dense, 40);
AT(swl_dense, data, 0); AT(swl_dense, rows, 8); AT(swl_dense, cols, 16); AT(swl_dense, ld, 24);
AT(swl_dense, scalar, 32); AT(swl_dense, order, 36);
SIZE(swl_sparse, 64);
AT(swl_sparse, rows, 0); AT(swl_sparse, cols, 8); AT(swl_sparse, nnz, 16); AT(swl_sparse, indptr, 24);
AT(swl_sparse, indices, 32); AT(swl_sparse, values, 40); AT(swl_sparse, layout, 48); AT(swl_sparse, index, 52);
AT(swl_sparse, scalar, 56); AT(swl_sparse, pad_, 60);
SIZE(swl_matrix, 16);
AT(swl_matrix, kind, 0); AT(swl_matrix, pad_, 4); AT(swl_matrix, view, 8);
SIZE(swl_operator, 56);
AT(swl_operator, struct_size, 0); AT(swl_operator, flags, 4); AT(swl_operator, ctx, 8); AT(swl_operator, release, 16);
AT(swl_operator, rows, 24); AT(swl_operator, cols, 32); AT(swl_operator, column_dot, 40);
AT(swl_operator, column_add, 48);
SIZE(swl_function, 64);
AT(swl_function, struct_size, 0); AT(swl_function, flags, 4); AT(swl_function, ctx, 8); AT(swl_function, release, 16);
AT(swl_function, cols, 24); AT(swl_function, value, 32); AT(swl_function, gradient, 40);
AT(swl_function, hessian, 48); AT(swl_function, lipschitz, 56);
SIZE(swl_keep, 16);
AT(swl_keep, ctx, 0); AT(swl_keep, release, 8);
SIZE(swl_option_desc, 72);
AT(swl_option_desc, kind, 4); AT(swl_option_desc, key, 8); AT(swl_option_desc, help, 16);
AT(swl_option_desc, choices, 24); AT(swl_option_desc, lower, 32); AT(swl_option_desc, upper, 40);
AT(swl_option_desc, dflt, 48); AT(swl_option_desc, dflt_text, 56); AT(swl_option_desc, since, 64);
SIZE(swl_progress, 48);
AT(swl_progress, struct_size, 0); AT(swl_progress, phase, 4); AT(swl_progress, iteration, 8);
AT(swl_progress, work, 16); AT(swl_progress, seconds, 24); AT(swl_progress, objective, 32);
AT(swl_progress, certificate, 40);
SIZE(swl_control, 48);
AT(swl_control, struct_size, 0); AT(swl_control, every, 4); AT(swl_control, cancel, 8);
AT(swl_control, progress, 16); AT(swl_control, log, 24); AT(swl_control, ctx, 32);
AT(swl_control, log_level, 40); AT(swl_control, pad_, 44);
SIZE(swl_certificate, 48);
AT(swl_certificate, struct_size, 0); AT(swl_certificate, kind, 4); AT(swl_certificate, rigor, 8);
AT(swl_certificate, pad_, 12); AT(swl_certificate, value, 16); AT(swl_certificate, target, 24);
AT(swl_certificate, primal, 32); AT(swl_certificate, dual, 40);
SIZE(swl_trace_row, 48);
AT(swl_trace_row, struct_size, 0); AT(swl_trace_row, phase, 4); AT(swl_trace_row, iteration, 8);
AT(swl_trace_row, work, 16); AT(swl_trace_row, objective, 24); AT(swl_trace_row, certificate, 32);
AT(swl_trace_row, nonzeros, 40);
SIZE(swl_bcd_info, 128);
AT(swl_bcd_info, struct_size, 0); AT(swl_bcd_info, outcome, 4); AT(swl_bcd_info, iterations, 8);
AT(swl_bcd_info, work, 16); AT(swl_bcd_info, objective, 24); AT(swl_bcd_info, certificate, 32);
AT(swl_bcd_info, target, 40); AT(swl_bcd_info, certificate_kind, 48); AT(swl_bcd_info, certificate_rigor, 52);
AT(swl_bcd_info, lambda, 56); AT(swl_bcd_info, lambda_max, 64); AT(swl_bcd_info, nonzeros, 72);
AT(swl_bcd_info, block_size, 80); AT(swl_bcd_info, threads, 88); AT(swl_bcd_info, callback_code, 92);
AT(swl_bcd_info, seconds_setup, 96); AT(swl_bcd_info, seconds_solve, 104); AT(swl_bcd_info, explained, 112);
AT(swl_bcd_info, settled_at, 120);
SIZE(swl_path_grid, 48);
AT(swl_path_grid, struct_size, 0); AT(swl_path_grid, kind, 4); AT(swl_path_grid, count, 8);
AT(swl_path_grid, lambdas, 16); AT(swl_path_grid, gap, 24); AT(swl_path_grid, max_explained, 32);
AT(swl_path_grid, max_nonzeros, 40);
SIZE(swl_identification, 32);
AT(swl_identification, struct_size, 0); AT(swl_identification, unique, 4); AT(swl_identification, safe_zeros, 8);
AT(swl_identification, margin, 16); AT(swl_identification, smallest_eigenvalue, 24);
SIZE(swl_cv_info, 72);
AT(swl_cv_info, struct_size, 0); AT(swl_cv_info, converged, 4); AT(swl_cv_info, count, 8);
AT(swl_cv_info, folds, 16); AT(swl_cv_info, best, 24); AT(swl_cv_info, one_se, 32);
AT(swl_cv_info, lambda_best, 40); AT(swl_cv_info, lambda_one_se, 48); AT(swl_cv_info, loss_best, 56);
AT(swl_cv_info, se_best, 64);
