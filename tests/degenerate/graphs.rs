//! Graphs with entries that say nothing.

use super::*;
use southwell::bcd::graph::{Labels, Problem, Unreached, solve};
use southwell::numerics::SymmetricMatrix;
use southwell::runtime::{Control, Family, Options};

#[test]
fn a_stored_zero_is_no_edge() {
    let control = &mut Control::new();
    let labels = Labels { nodes: &[0], values: &[5.0], columns: 1 };
    let of = |edges: &[(usize, usize, f64)]| {
        SymmetricMatrix::from_edges(4, edges.iter().copied(), true, "a", &mut Control::new()).unwrap()
    };
    // Node 3 hangs on an edge of weight 0, or on two that cancel.
    for extra in [&[(2, 3, 0.0)][..], &[(2, 3, 1.5), (3, 2, -1.5)]] {
        let edges = [&[(0, 1, 1.0), (1, 2, 1.0)], extra].concat();
        let error = Problem::labels(&of(&edges), labels, 0.0, Unreached::Error, control).unwrap_err();
        assert!(error.to_string().contains("node 3"), "{error}");
        let problem = Problem::labels(&of(&edges), labels, 0.0, Unreached::Zero, control).unwrap();
        assert_eq!(problem.unreached(), 1);
        let mut options = Options::new(Family::Graph);
        options.set_text("tolerance", "1e-12").unwrap();
        let found = solve(&problem, &options, None, &mut Control::new()).unwrap();
        assert_eq!(found.outcome, Outcome::Converged);
        assert_eq!(found.values[3], 0.0);
        assert!((found.values[1] - 5.0).abs() < 1e-9 && (found.values[2] - 5.0).abs() < 1e-9);
    }
}

#[test]
fn weights_that_differ_from_their_mirror_image_are_refused() {
    let refused = |indptr: &[i32], indices: &[i32], values: &[f64]| {
        let view = SparseView { rows: 3, cols: 3, indptr, indices, values, layout: Layout::Csc };
        SymmetricMatrix::new(&view, false, "a", &mut Control::new()).unwrap_err().to_string()
    };
    // Another number, and none at all.
    let other = refused(&[0, 1, 3, 4], &[1, 0, 2, 1], &[1.0, 1.0, 2.0, 2.5]);
    let none = refused(&[0, 1, 2, 3], &[1, 0, 1], &[1.0, 1.0, 2.0]);
    assert!(other.starts_with("a, row") && none.starts_with("a, row"), "{other} {none}");
}
