//! The layout of every public struct on 64-bit targets: the numbers of `tests/abi/layout.c`.
#![cfg(target_pointer_width = "64")]

use super::altmin::*;
use super::bcd::graph::swl_graph_info;
use super::bcd::*;
use super::bilevel::*;
use super::control::*;
use super::groupwise::*;
use super::options::*;
use super::views::*;
use std::mem::offset_of;

#[test]
fn structs_have_the_published_layout() {
    assert_eq!(size_of::<swl_vec>(), 24);
    assert_eq!(
        (offset_of!(swl_vec, len), offset_of!(swl_vec, scalar), offset_of!(swl_vec, pad_)),
        (8, 16, 20)
    );
    assert_eq!(size_of::<swl_dense>(), 40);
    assert_eq!(
        (offset_of!(swl_dense, rows), offset_of!(swl_dense, ld), offset_of!(swl_dense, order)),
        (8, 24, 36)
    );
    assert_eq!(size_of::<swl_sparse>(), 64);
    assert_eq!(
        (offset_of!(swl_sparse, indptr), offset_of!(swl_sparse, layout), offset_of!(swl_sparse, pad_)),
        (24, 48, 60)
    );
    assert_eq!((size_of::<swl_matrix>(), offset_of!(swl_matrix, view)), (16, 8));
    assert_eq!((size_of::<swl_keep>(), offset_of!(swl_keep, release)), (16, 8));
    assert_eq!((size_of::<swl_operator>(), offset_of!(swl_operator, rows)), (56, 24));
    assert_eq!((offset_of!(swl_operator, release), offset_of!(swl_operator, column_add)), (16, 48));
    assert_eq!((size_of::<swl_function>(), offset_of!(swl_function, cols)), (64, 24));
    assert_eq!((offset_of!(swl_function, value), offset_of!(swl_function, lipschitz)), (32, 56));
    assert_eq!(size_of::<swl_option_desc>(), 72);
    assert_eq!((offset_of!(swl_option_desc, lower), offset_of!(swl_option_desc, since)), (32, 64));
    assert_eq!(size_of::<swl_progress>(), 48);
    assert_eq!((offset_of!(swl_progress, seconds), offset_of!(swl_progress, certificate)), (24, 40));
    assert_eq!(size_of::<swl_control>(), 48);
    assert_eq!((offset_of!(swl_control, cancel), offset_of!(swl_control, log_level)), (8, 40));
    assert_eq!(size_of::<swl_certificate>(), 48);
    assert_eq!((offset_of!(swl_certificate, value), offset_of!(swl_certificate, dual)), (16, 40));
    assert_eq!(size_of::<swl_trace_row>(), 48);
    assert_eq!((offset_of!(swl_trace_row, objective), offset_of!(swl_trace_row, nonzeros)), (24, 40));
    assert_eq!(size_of::<swl_bcd_info>(), 128);
    assert_eq!((offset_of!(swl_bcd_info, explained), offset_of!(swl_bcd_info, settled_at)), (112, 120));
    assert_eq!(size_of::<swl_path_grid>(), 48);
    assert_eq!((offset_of!(swl_path_grid, count), offset_of!(swl_path_grid, max_nonzeros)), (8, 40));
    assert_eq!((size_of::<swl_identification>(), offset_of!(swl_identification, margin)), (32, 16));
    assert_eq!((size_of::<swl_cv_info>(), offset_of!(swl_cv_info, lambda_best)), (72, 40));
    assert_eq!((offset_of!(swl_bcd_info, certificate_kind), offset_of!(swl_bcd_info, lambda)), (48, 56));
    assert_eq!((offset_of!(swl_bcd_info, threads), offset_of!(swl_bcd_info, seconds_solve)), (88, 104));
    assert_eq!(size_of::<swl_graph_info>(), 120);
    assert_eq!((offset_of!(swl_graph_info, rigor), offset_of!(swl_graph_info, nodes)), (56, 64));
    assert_eq!(offset_of!(swl_graph_info, seconds_solve), 112);
    assert_eq!(size_of::<swl_triplets>(), 64);
    assert_eq!((offset_of!(swl_triplets, row), offset_of!(swl_triplets, index)), (24, 48));
    assert_eq!((offset_of!(swl_triplets, base), offset_of!(swl_triplets, pad_)), (56, 60));
    assert_eq!(size_of::<swl_altmin_info>(), 120);
    assert_eq!((offset_of!(swl_altmin_info, ridge), offset_of!(swl_altmin_info, rank)), (56, 64));
    assert_eq!((offset_of!(swl_altmin_info, threads), offset_of!(swl_altmin_info, seconds_solve)), (96, 112));
    assert_eq!((size_of::<swl_altmin_cert>(), offset_of!(swl_altmin_cert, determined)), (88, 72));
    assert_eq!((size_of::<swl_altmin_sweep>(), offset_of!(swl_altmin_sweep, row_tolerance)), (96, 88));
    assert_eq!(size_of::<swl_groupwise_info>(), 144);
    assert_eq!(
        (offset_of!(swl_groupwise_info, groups), offset_of!(swl_groupwise_info, ln_potential)),
        (112, 128)
    );
    assert_eq!((size_of::<swl_group_cert>(), offset_of!(swl_group_cert, comparator)), (96, 88));
    assert_eq!((size_of::<swl_expert_cert>(), offset_of!(swl_expert_cert, asleep)), (96, 88));
    assert_eq!(
        (size_of::<swl_groupwise_run_info>(), offset_of!(swl_groupwise_run_info, callback_code)),
        (48, 32)
    );
    assert_eq!((size_of::<swl_learner>(), offset_of!(swl_learner, load)), (72, 64));
    assert_eq!((size_of::<swl_oracle>(), offset_of!(swl_oracle, minimize)), (64, 56));
    assert_eq!((size_of::<swl_decision_cert>(), offset_of!(swl_decision_cert, bound)), (64, 56));
    assert_eq!(size_of::<swl_bilevel_info>(), 168);
    assert_eq!((offset_of!(swl_bilevel_info, upper_value), offset_of!(swl_bilevel_info, rigor)), (72, 136));
    assert_eq!(offset_of!(swl_bilevel_info, seconds_solve), 160);
    assert_eq!((size_of::<swl_bilevel_cert>(), offset_of!(swl_bilevel_cert, hypergradient_error)), (72, 64));
    assert_eq!((size_of::<swl_bilevel_step>(), offset_of!(swl_bilevel_step, adjoint_accuracy)), (72, 64));
    assert_eq!((size_of::<swl_bilevel_model>(), offset_of!(swl_bilevel_model, smoothing)), (48, 40));
    assert_eq!((size_of::<swl_images>(), offset_of!(swl_images, pad_)), (40, 36));
    assert_eq!((size_of::<swl_images_model>(), offset_of!(swl_images_model, side)), (32, 24));
    assert_eq!((size_of::<swl_bilevel_problem>(), offset_of!(swl_bilevel_problem, lower)), (136, 48));
    assert_eq!(offset_of!(swl_bilevel_problem, solve_lower), 128);
}
