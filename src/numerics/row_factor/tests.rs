use super::changes::*;
use super::*;
use crate::runtime::rng::{Purpose, Stream};
use proptest::prelude::*;

/// Rows of numbers in [-1, 1).
fn rows(count: usize, order: usize, seed: u64) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut draw = Stream::new(seed, Purpose::Start, 0);
    let mut next = || 2.0 * draw.uniform() - 1.0;
    let x = (0..count).map(|_| (0..order).map(|_| next()).collect()).collect();
    (x, (0..count).map(|_| next()).collect())
}

fn padded(x: &[f64], target: f64) -> Vec<f64> {
    let mut row = vec![0.0; row_length(x.len())];
    row[..x.len()].copy_from_slice(x);
    row[x.len()] = target;
    row
}

fn followed(x: &[Vec<f64>], y: &[f64], order: usize, ridge: f64) -> (RowFactor, f64) {
    let mut factor = RowFactor::new(order, ridge).unwrap();
    let mut rho = 0.0;
    for (x, y) in x.iter().zip(y) {
        let (residual, spread) = factor.fold(&mut padded(x, *y), 1.0);
        rho += residual * residual / spread;
    }
    (factor, rho)
}

/// `lambda |theta|^2 + sum (y - x'theta)^2`.
fn objective(x: &[Vec<f64>], y: &[f64], ridge: f64, theta: &[f64]) -> f64 {
    let dot = |a: &[f64]| a.iter().zip(theta).map(|(a, t)| a * t).sum::<f64>();
    let squares: f64 = x.iter().zip(y).map(|(x, y)| (y - dot(x)).powi(2)).sum();
    squares + ridge * theta.iter().map(|t| t * t).sum::<f64>()
}

#[test]
fn packed_rows_have_the_length_that_is_counted() {
    for order in 0..40 {
        let length = row_length(order);
        let whole: usize = (0..order).map(|i| length - start(i)).sum();
        assert_eq!(packed_length(order), Some(whole), "{order}");
        assert!(start(order.max(1) - 1) <= order && length.is_multiple_of(LANES));
    }
    assert_eq!(RowFactor::bytes(usize::MAX), usize::MAX);
}

proptest! {
    #[test]
    fn the_minimizer_is_stationary_and_rho_its_objective(
        (count, order, seed) in (0_usize..40, 1_usize..14, 0_u64..1000), ridge in 0.01..3.0_f64,
    ) {
        let (x, y) = rows(count, order, seed);
        let (factor, rho) = followed(&x, &y, order, ridge);
        let theta = factor.coefficients().unwrap();
        let value = objective(&x, &y, ridge, &theta);
        prop_assert!((value - rho).abs() <= 1e-12 * (1.0 + value));
        for j in 0..order {
            let slope: f64 = ridge * theta[j]
                + x.iter().zip(&y).map(|(x, y)| {
                    x[j] * (x.iter().zip(&theta).map(|(a, t)| a * t).sum::<f64>() - y)
                }).sum::<f64>();
            prop_assert!(slope.abs() <= 1e-11 * (1.0 + count as f64));
        }
        // Pythagoras, and a prediction is a dot product.
        let total: f64 = y.iter().map(|y| y * y).sum();
        prop_assert!((total - rho - factor.explained()).abs() <= 1e-12 * (1.0 + total));
        if let Some(first) = x.first() {
            let known: f64 = first.iter().zip(&theta).map(|(a, t)| a * t).sum();
            prop_assert!((factor.predict(&mut padded(first, 0.0)) - known).abs() <= 1e-11);
        }
    }

    #[test]
    fn a_weight_is_a_row_repeated((count, order, seed) in (1_usize..12, 1_usize..6, 0_u64..1000)) {
        let (x, y) = rows(count, order, seed);
        let mut once = RowFactor::new(order, 0.5).unwrap();
        let mut thrice = once.clone();
        for (x, y) in x.iter().zip(&y) {
            once.fold(&mut padded(x, *y), 3.0);
            (0..3).for_each(|_| _ = thrice.fold(&mut padded(x, *y), 1.0));
        }
        let (a, b) = (once.coefficients().unwrap(), thrice.coefficients().unwrap());
        prop_assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-11));
        prop_assert!((once.ln_determinant() - thrice.ln_determinant()).abs() < 1e-11);
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_the_portable_body(
        (count, order, seed) in (1_usize..20, 1_usize..20, 0_u64..1000),
    ) {
        let (x, y) = rows(count, order, seed);
        let (mut fast, _) = followed(&x[..count - 1], &y, order, 1.0);
        let mut plain = fast.clone();
        let (mut a, mut b) = (padded(&x[count - 1], 0.5), padded(&x[count - 1], 0.5));
        fast.forward(&mut a);
        eliminate_body(&plain.upper, order, &mut b);
        prop_assert_eq!(&a, &b);
        let (mut a, mut b) = (padded(&x[count - 1], 0.5), padded(&x[count - 1], 0.5));
        fast.fold(&mut a, 0.7);
        fold_body(&mut plain.upper, &mut plain.pivots, &mut b, 1.0 / 0.7);
        prop_assert_eq!(a, b);
        prop_assert_eq!(&fast.upper, &plain.upper);
        prop_assert_eq!(&fast.pivots, &plain.pivots);
    }
}

#[test]
fn without_a_ridge_dependent_columns_are_found_and_the_shortest_minimizer_given() {
    let (mut x, y) = rows(30, 6, 5);
    // Column 3 is the sum of columns 0 and 1, column 5 is constant and so is 2 + 4 = 1 for every row.
    for x in &mut x {
        x[3] = x[0] + x[1];
        x[5] = 1.0;
        x[4] = 1.0 - x[2];
    }
    let (factor, rho) = followed(&x, &y, 6, 0.0);
    assert_eq!(factor.rank(), 4);
    let theta = factor.coefficients().unwrap();
    // The limit of ridges: the shortest of all minimizers.
    let (near, _) = followed(&x, &y, 6, 1e-7);
    let limit = near.coefficients().unwrap();
    assert!(theta.iter().zip(&limit).all(|(a, b)| (a - b).abs() < 1e-5), "{theta:?} {limit:?}");
    assert!((objective(&x, &y, 0.0, &theta) - rho).abs() < 1e-12 * rho, "{rho}");
}

#[test]
fn fewer_rows_than_columns_are_fitted_exactly_without_a_ridge() {
    let (x, y) = rows(4, 9, 2);
    let (factor, rho) = followed(&x, &y, 9, 0.0);
    let theta = factor.coefficients().unwrap();
    assert!(rho == 0.0 && factor.rank() == 4);
    assert!(objective(&x, &y, 0.0, &theta) < 1e-24);
    // The shortest one is a combination of the rows: it does not change where a direction off all rows is added.
    let (near, _) = followed(&x, &y, 9, 1e-9);
    let limit = near.coefficients().unwrap();
    assert!(theta.iter().zip(&limit).all(|(a, b)| (a - b).abs() < 1e-6));
}

#[test]
fn the_independent_part_of_a_row_is_what_its_spread_says() {
    // 1 + x' A^-1 x by the determinant: det(A + x x') = det(A) (1 + x' A^-1 x).
    let (x, y) = rows(25, 7, 8);
    let (mut factor, _) = followed(&x, &y, 7, 0.3);
    let before = factor.ln_determinant();
    let (_, spread) = factor.fold(&mut padded(&[0.5, -1.0, 2.0, 0.0, 0.25, 3.0, -2.0], 1.0), 1.0);
    assert!((factor.ln_determinant() - before - spread.ln()).abs() < 1e-12);
}

#[test]
fn the_factor_of_the_normal_equations_is_that_of_the_rows() {
    for order in [1, 3, 4, 7, 12] {
        let (x, y) = rows(20, order, 3);
        let (followed, _) = followed(&x, &y, order, 0.25);
        let entry =
            |i: usize, j: usize| x.iter().map(|x| x[i] * x[j]).sum::<f64>() + if i == j { 0.25 } else { 0.0 };
        let a: Vec<f64> =
            (0..order).flat_map(|i| (i..order).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).collect();
        let b: Vec<f64> = (0..order).map(|i| x.iter().zip(&y).map(|(x, y)| x[i] * y).sum()).collect();
        let formed = RowFactor::of_normal_equations(order, 0.25, &a, &b).unwrap();
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(&formed.upper, &followed.upper) && near(&formed.pivots, &followed.pivots));
        assert!(near(&formed.coefficients().unwrap(), &followed.coefficients().unwrap()));
    }
}

#[test]
fn blocks_at_once_give_the_bits_of_row_after_row() {
    for order in 1..45 {
        // A tiny ridge: little is left of a row when the first numbers come.
        for ridge in [1.0, 1e-6] {
            let (mut x, y) = rows(30, order, 11);
            x.iter_mut().enumerate().skip(20).for_each(|(t, x)| x[t % order] = 0.0);
            let mut at_once = RowFactor::new(order, ridge).unwrap();
            let mut one_by_one = at_once.clone();
            for (x, y) in x.iter().zip(&y) {
                let mut row = padded(x, *y);
                let (mut own, mut rest) = (row.clone(), &one_by_one.upper[..]);
                for block in blocks(order, own.len()) {
                    eliminate_rows(&rest[..block.len()], &block, &mut own);
                    rest = &rest[block.len()..];
                }
                at_once.forward(&mut row);
                assert_eq!(row, own);
                let (mut row, mut own) = (padded(x, *y), padded(x, *y));
                let (_, spread) = at_once.fold(&mut row, 0.5);
                let (mut plain, mut rest) = (2.0, &mut one_by_one.upper[..]);
                for block in blocks(order, own.len()) {
                    let (upper, after) = rest.split_at_mut(block.len());
                    plain = fold_rows(upper, &block, &mut one_by_one.pivots, &mut own, plain);
                    rest = after;
                }
                assert_eq!((spread, &row), (plain, &own), "{order}");
                assert_eq!(at_once.upper, one_by_one.upper, "{order}");
                assert_eq!(at_once.pivots, one_by_one.pivots, "{order}");
            }
        }
    }
}
