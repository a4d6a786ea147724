//! The dual solver against an independent reference and on the edges.

use crate::bcd::{Problem, Solution, Start, lambda_max, solve};
use crate::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Family, Options, Outcome, Result};

fn options(pairs: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Family::Bcd);
    for (key, value) in [("penalty", "ridge"), ("tolerance", "1e-13")].iter().chain(pairs) {
        options.set_text(key, value).unwrap();
    }
    options
}

/// Rows of numbers, or of few numbers, and labels that a plane explains up to noise.
fn data(rows: usize, cols: usize, density: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut stream = Stream::new(seed, Purpose::Select, 0);
    let mut draw = |density: f64| match stream.uniform() < density {
        true => 2.0 * stream.uniform() - 1.0,
        false => 0.0,
    };
    let plane: Vec<f64> = (0..cols).map(|_| draw(1.0)).collect();
    let a: Vec<f64> = (0..rows * cols).map(|_| draw(density)).collect();
    let label = |r: usize, noise: f64| {
        let z: f64 = (0..cols).map(|j| a[r * cols + j] * plane[j]).sum();
        if z + noise >= 0.0 { 1.0 } else { -1.0 }
    };
    let y = (0..rows).map(|r| label(r, 0.5 * draw(1.0))).collect();
    (a, y)
}

fn dense(a: &[f64], cols: usize) -> Matrix<'static> {
    let view = DenseView { data: a, rows: a.len() / cols, cols, ld: cols, order: Order::RowMajor };
    Matrix::dense(view).unwrap()
}

fn sparse(a: &[f64], cols: usize) -> Matrix<'static> {
    let (mut indptr, mut indices, mut values) = (vec![0_i64], Vec::new(), Vec::new());
    for row in a.chunks(cols) {
        for (j, &a) in row.iter().enumerate().filter(|(_, a)| **a != 0.0) {
            indices.push(j as i32);
            values.push(a);
        }
        indptr.push(values.len() as i64);
    }
    let rows = a.len() / cols;
    let view = SparseView {
        rows,
        cols,
        indptr: &indptr[..],
        indices: &indices[..],
        values: &values[..],
        layout: Layout::Csr,
    };
    Matrix::sparse(view, Duplicates::Error).unwrap()
}

fn fit(problem: &Problem<'_>, pairs: &[(&str, &str)]) -> Solution {
    solve(problem, &options(pairs), None, &mut Control::new()).unwrap()
}

/// Plain dual coordinate descent on dense rows: the objective's minimum from below.
fn reference(a: &[f64], y: &[f64], s: &[f64], offset: &[f64], lambda: f64) -> f64 {
    let (rows, cols) = (y.len(), a.len() / y.len());
    let (mut alpha, mut w) = (vec![0.0; rows], vec![0.0; cols]);
    let row = |r: usize| &a[r * cols..(r + 1) * cols];
    for _ in 0..200_000 {
        let mut moved = 0.0_f64;
        for r in 0..rows {
            let square = row(r).iter().map(|a| a * a).sum::<f64>() / lambda;
            let z: f64 = row(r).iter().zip(&w).map(|(a, w)| a * w).sum();
            let gradient = y[r] * (z + offset[r]) - 1.0;
            let to = if square > 0.0 { alpha[r] - gradient / square } else { -gradient * f64::INFINITY };
            let step = to.max(0.0).min(s[r]) - alpha[r];
            moved = moved.max(step.abs());
            alpha[r] += step;
            w.iter_mut().zip(row(r)).for_each(|(w, a)| *w += step * y[r] * a / lambda);
        }
        if moved < 1e-15 {
            break;
        }
    }
    let linear: f64 = (0..rows).map(|r| alpha[r] * (1.0 - y[r] * offset[r])).sum();
    linear - 0.5 * lambda * w.iter().map(|w| w * w).sum::<f64>()
}

#[test]
fn both_stores_and_both_newtons_reach_the_reference() {
    for (rows, cols, density, seed) in
        [(60, 4, 1.0, 1), (40, 60, 1.0, 2), (80, 1100, 0.05, 3), (50, 1, 1.0, 4)]
    {
        let (a, y) = data(rows, cols, density, seed);
        for lambda in [1e-2, 1.0, 30.0] {
            let want = reference(&a, &y, &vec![1.0; rows], &vec![0.0; rows], lambda);
            for matrix in [dense(&a, cols), sparse(&a, cols)] {
                let problem = Problem::new(matrix, &y).unwrap();
                let lambda = lambda.to_string();
                let found = fit(&problem, &[("loss", "hinge"), ("lambda", &lambda)]);
                let context = format!("{rows} x {cols}, lambda {lambda}: {:?}", found.certificate);
                assert_eq!(found.outcome, Outcome::Converged, "{context}");
                assert!(found.certificate.value <= 1e-12 * rows as f64, "{context}");
                assert!((found.certificate.objective - want).abs() <= 1e-9 * want, "{context} {want}");
            }
        }
    }
}

#[test]
fn weights_offsets_and_factors_count() {
    let (rows, cols) = (40, 3);
    let (a, y) = data(rows, cols, 1.0, 7);
    let s: Vec<f64> = (0..rows).map(|r| (r % 4) as f64).collect();
    let offset: Vec<f64> = (0..rows).map(|r| 0.1 * ((r % 7) as f64 - 3.0)).collect();
    let want = reference(&a, &y, &s, &offset, 0.5);
    let mut problem = Problem::new(dense(&a, cols), &y).unwrap();
    problem.set_weights(&s).unwrap();
    problem.set_offset(&offset).unwrap();
    let found = fit(&problem, &[("loss", "hinge"), ("lambda", "0.5")]);
    assert!((found.certificate.objective - want).abs() <= 1e-9 * want, "{:?} {want}", found.certificate);
    // A factor of 4 on a column is the column halved.
    let halved: Vec<f64> =
        a.iter().enumerate().map(|(i, a)| if i % cols == 1 { a / 2.0 } else { *a }).collect();
    let mut other = Problem::new(dense(&halved, cols), &y).unwrap();
    other.set_weights(&s).unwrap();
    other.set_offset(&offset).unwrap();
    problem.set_penalty_factors(&[1.0, 4.0, 1.0]).unwrap();
    let (factored, halved) = (
        fit(&problem, &[("loss", "hinge"), ("lambda", "0.5")]),
        fit(&other, &[("loss", "hinge"), ("lambda", "0.5")]),
    );
    assert!((factored.coef[1] - halved.coef[1] / 2.0).abs() < 1e-9);
    problem.set_penalty_factors(&[1.0, f64::INFINITY, 1.0]).unwrap();
    let fixed = fit(&problem, &[("loss", "hinge"), ("lambda", "0.5"), ("standardize", "true")]);
    assert_eq!(fixed.coef[1], 0.0);
    assert_eq!(fixed.outcome, Outcome::Converged);
}

#[test]
fn duplicates_zero_rows_and_single_labels_are_solved() {
    let (rows, cols) = (30, 2);
    let (mut a, mut y) = data(rows, cols, 1.0, 9);
    // Every row twice, the second time with the other label for some, and a row of zeros.
    let copy = a.clone();
    a.extend(copy);
    let labels: Vec<f64> = y.iter().enumerate().map(|(r, y)| if r % 5 == 0 { -y } else { *y }).collect();
    y.extend(labels);
    a.extend([0.0; 2]);
    y.push(1.0);
    for lambda in [1e-6, 1e-2, 1.0, 1e8] {
        let want = reference(&a, &y, &[1.0; 61], &[0.0; 61], lambda);
        let lambda = lambda.to_string();
        let problem = Problem::new(sparse(&a, cols), &y).unwrap();
        let found = fit(&problem, &[("loss", "hinge"), ("lambda", &lambda)]);
        let context = format!("lambda {lambda}: {:?} {:?}", found.outcome, found.certificate);
        assert!(found.certificate.objective >= want - 1e-9 * want, "{context}");
        assert!(found.certificate.value <= 1e-10 * found.null_loss, "{context}");
        assert_eq!(found.dual[60], 1.0, "{context}");
    }
    let one = Problem::new(sparse(&a, cols), &[1.0; 61]).unwrap();
    assert_eq!(fit(&one, &[("loss", "hinge"), ("lambda", "0.1")]).outcome, Outcome::Converged);
    // Nothing to fit: no columns, no rows, no weight.
    let none = Problem::new(dense(&[], 1), &[]).unwrap();
    assert_eq!(fit(&none, &[("loss", "hinge")]).outcome, Outcome::Converged);
    let mut weightless = Problem::new(dense(&a, cols), &y).unwrap();
    weightless.set_weights(&[0.0; 61]).unwrap();
    let found = fit(&weightless, &[("loss", "hinge")]);
    assert_eq!((found.outcome, found.coef), (Outcome::Converged, vec![0.0; 2]));
}

#[test]
fn rows_of_zeros_have_the_dual_of_their_slope() {
    // The slope of the loss at 0: s for the hinge, 2 s for its square.
    let (rows, cols) = (30, 1100);
    let (mut a, y) = data(rows, cols, 0.03, 19);
    a[5 * cols..6 * cols].fill(0.0);
    let weights: Vec<f64> = (0..rows).map(|r| 0.5 + (r % 3) as f64).collect();
    let mut problem = Problem::new(sparse(&a, cols), &y).unwrap();
    problem.set_weights(&weights).unwrap();
    for (loss, times) in [("hinge", 1.0), ("squared-hinge", 2.0)] {
        let found = fit(&problem, &[("loss", loss), ("lambda", "0.5")]);
        assert_eq!(found.outcome, Outcome::Converged, "{loss} {:?}", found.certificate);
        assert_eq!(found.dual[5], times * weights[5] * y[5], "{loss}");
    }
}

#[test]
fn the_squared_hinge_of_wide_data_agrees_with_the_primal() {
    let (rows, cols) = (60, 1100);
    let (a, y) = data(rows, cols, 0.03, 11);
    let problem = Problem::new(sparse(&a, cols), &y).unwrap();
    let through_primal = Problem::new(dense(&a, cols), &y).unwrap();
    for lambda in ["1e-3", "1", "50"] {
        let pairs = [("loss", "squared-hinge"), ("lambda", lambda), ("tolerance", "1e-11")];
        let (dual, primal) = (fit(&problem, &pairs), fit(&through_primal, &pairs));
        assert_eq!(dual.outcome, Outcome::Converged);
        let (a, b) = (dual.certificate.objective, primal.certificate.objective);
        assert!((a - b).abs() <= 2e-11 * dual.null_loss, "{lambda}: {a} {b}");
    }
}

#[test]
fn starts_and_limits_are_kept() {
    let (a, y) = data(200, 1200, 0.02, 13);
    let problem = Problem::new(sparse(&a, 1200), &y).unwrap();
    let pairs = [("loss", "hinge"), ("lambda", "0.1")];
    let cold = fit(&problem, &pairs);
    let run = |pairs: &[(&str, &str)], coef: &[f64]| -> Result<Solution> {
        let start = Start { coef: Some(coef), intercept: 0.0 };
        solve(&problem, &options(pairs), Some(start), &mut Control::new())
    };
    let warm = run(&pairs, &cold.coef).unwrap();
    assert_eq!(warm.outcome, Outcome::Converged);
    assert!((warm.certificate.objective - cold.certificate.objective).abs() < 1e-10);
    let asked = run(&[pairs[0], pairs[1], ("max_iterations", "0")], &cold.coef).unwrap();
    assert_eq!((asked.outcome, &asked.coef), (Outcome::IterationLimit, &cold.coef));
    assert!(run(&pairs, &[0.0; 3]).is_err());
    // A start whose products overflow is left behind.
    for far in [1e200, 1e308] {
        let back = run(&pairs, &vec![far; cold.coef.len()]).unwrap();
        assert_eq!((back.outcome, back.certificate.objective.is_finite()), (Outcome::Converged, true));
    }
    let short = fit(&problem, &[pairs[0], pairs[1], ("max_iterations", "2")]);
    assert_eq!((short.outcome, short.iterations), (Outcome::IterationLimit, 2));
    for n in 1..40 {
        let mut control = Control::new().with_trip_at_poll(n);
        let found = solve(&problem, &options(&pairs), None, &mut control).unwrap();
        assert!(matches!(found.outcome, Outcome::Cancelled | Outcome::Converged));
        assert!(found.coef.iter().all(|c| c.is_finite()));
        assert!(control.longest_stretch() < 1 << 28);
    }
}

#[test]
fn what_has_no_such_dual_is_refused() {
    let (a, y) = data(20, 2, 1.0, 15);
    let mut problem = Problem::new(dense(&a, 2), &y).unwrap();
    let refused = |problem: &Problem<'_>, pairs: &[(&str, &str)]| {
        let mut all = vec![("loss", "hinge")];
        all.extend_from_slice(pairs);
        solve(problem, &options(&all), None, &mut Control::new()).unwrap_err().to_string()
    };
    for (pairs, part) in [
        (&[("intercept", "true")][..], "add a constant column"),
        (&[("penalty", "l1")], "expected ridge"),
        (&[("upper", "1")], "no bounds"),
        (&[("rule", "gs")], "expected auto"),
        (&[("lambda", "0")], "above 0"),
    ] {
        assert!(refused(&problem, pairs).contains(part), "{}", refused(&problem, pairs));
    }
    problem.set_penalty_factors(&[1.0, 0.0]).unwrap();
    assert!(refused(&problem, &[]).contains("penalty_factors, column 1"));
    problem.set_penalty_factors(&[1.0, 1.0]).unwrap();
    problem.set_bounds(&[0.0, 0.0], &[1.0, 1.0]).unwrap();
    assert!(refused(&problem, &[]).contains("no bounds"));
    problem.clear_bounds();
    let largest = lambda_max(&problem, &options(&[("loss", "hinge")]), &mut Control::new());
    assert_eq!(largest.unwrap(), Some(f64::INFINITY));
    let mut labels = y.clone();
    labels[3] = 0.0;
    problem.set_target(&labels).unwrap();
    assert!(refused(&problem, &[]).contains("y, row 3: expected -1 or 1, found 0"));
}

#[test]
fn threads_do_not_change_a_bit() {
    for cols in [40, 1200] {
        let (a, y) = data(2000, cols, 0.05, 17);
        let problem = Problem::new(sparse(&a, cols), &y).unwrap();
        let run = |threads: &str| {
            let found = fit(&problem, &[("loss", "hinge"), ("lambda", "0.5"), ("threads", threads)]);
            (found.coef, found.dual)
        };
        let one = run("1");
        assert!(one == run("2") && one == run("5"));
    }
}
