//! Matrix completion problems as the published experiments draw them (the generator of MatrixIRLS): orthonormalized
//! normal factors, singular values of a given spread, an exact number of distinct cells, drawn again until every row
//! and column has more cells than the rank.

use southwell::altmin::basis::orthonormalize;
use southwell::numerics::tall::Tall;
use southwell::runtime::Control;
use southwell::runtime::parallel::Team;
use southwell::runtime::rng::{Purpose, Stream};

/// How singular values lie between `kappa` and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spectrum {
    /// Their logarithms are evenly spaced.
    Logarithmic,
    /// They are evenly spaced.
    Linear,
}

/// A problem whose solution is known: `M = U diag(singular) V'`, seen in some cells.
#[derive(Debug, Clone)]
pub struct Problem {
    pub rows: usize,
    pub cols: usize,
    /// The row, the column and the value of each cell that is seen.
    pub row: Vec<i64>,
    pub col: Vec<i64>,
    pub value: Vec<f64>,
    /// Orthonormal columns.
    pub u: Tall<f64>,
    /// Descending.
    pub singular: Vec<f64>,
    /// Orthonormal columns.
    pub v: Tall<f64>,
}

/// Draws of cells before one gives up on every row and column having enough of them.
const DRAWS: usize = 10_000;

/// `floor(rho rank (n1 + n2 - rank))` cells of a matrix of `n1` rows and `n2` columns. Panics where there are not so
/// many, or where 10000 draws leave some row or column with no more cells than the rank.
pub fn completion_problem(
    n1: usize,
    n2: usize,
    rank: usize,
    kappa: f64,
    spectrum: Spectrum,
    rho: f64,
    seed: u64,
) -> Problem {
    let mut stream = Stream::new(seed, Purpose::Start, 77);
    let mut gaussian = |n: usize| {
        let mut y = Tall::zeros(n, rank).expect("memory for a factor");
        (0..n).for_each(|i| y.row_mut(i).iter_mut().for_each(|v| *v = stream.normal()));
        orthonormalize(&mut y, None, &Team::solo(), &mut Control::new()).expect("nothing stops it");
        y
    };
    let (u, v) = (gaussian(n1), gaussian(n2));
    let singular: Vec<f64> = (0..rank)
        .map(|l| {
            let place = l as f64 / (rank - 1).max(1) as f64;
            match spectrum {
                Spectrum::Logarithmic => kappa.powf(1.0 - place),
                Spectrum::Linear => kappa + (1.0 - kappa) * place,
            }
        })
        .collect();
    let count = (rho * (rank * (n1 + n2 - rank)) as f64) as usize;
    assert!(count <= n1 * n2 && n1 * n2 <= u32::MAX as usize, "{count} cells of {n1} x {n2}");
    // A permutation shuffled on is as random as one from the start, and cheaper.
    let mut all: Vec<u32> = (0..(n1 * n2) as u32).collect();
    for _ in 0..DRAWS {
        stream.shuffle_front(&mut all, count);
        let cells = &all[..count];
        let (mut in_row, mut in_col) = (vec![0; n1], vec![0; n2]);
        for &c in cells {
            in_row[c as usize / n2] += 1;
            in_col[c as usize % n2] += 1;
        }
        if in_row.iter().chain(&in_col).any(|d| *d <= rank) {
            continue;
        }
        let row: Vec<i64> = cells.iter().map(|c| i64::from(*c) / n2 as i64).collect();
        let col: Vec<i64> = cells.iter().map(|c| i64::from(*c) % n2 as i64).collect();
        let entry = |i: usize, j: usize| -> f64 {
            u.row(i).iter().zip(v.row(j)).zip(&singular).map(|((u, v), s)| u * v * s).sum()
        };
        let value = row.iter().zip(&col).map(|(&i, &j)| entry(i as usize, j as usize)).collect();
        return Problem { rows: n1, cols: n2, row, col, value, u, singular, v };
    }
    panic!("no draw of {count} cells of {n1} x {n2} leaves every row and column more than {rank}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_distinct_and_values_are_those_of_the_factors() {
        for spectrum in [Spectrum::Logarithmic, Spectrum::Linear] {
            let p = completion_problem(60, 40, 3, 100.0, spectrum, 3.0, 5);
            assert_eq!(p.value.len(), 3 * 3 * (60 + 40 - 3));
            let mut cells: Vec<(i64, i64)> = p.row.iter().copied().zip(p.col.iter().copied()).collect();
            cells.sort_unstable();
            cells.dedup();
            assert_eq!(cells.len(), p.value.len());
            assert!((p.singular[0] - 100.0).abs() < 1e-12 && (p.singular[2] - 1.0).abs() < 1e-12);
            let middle = if spectrum == Spectrum::Linear { 50.5 } else { 10.0 };
            assert!((p.singular[1] - middle).abs() < 1e-12);
            let gram = p.v.gram(|_| 1.0, &Team::solo(), &mut Control::new()).unwrap();
            (0..3).for_each(|a| {
                (0..3).for_each(|b| {
                    assert!((gram.at(a, b) - if a == b { 1.0 } else { 0.0 }).abs() < 1e-13);
                })
            });
            let (i, j) = (p.row[7] as usize, p.col[7] as usize);
            let entry: f64 = (0..3).map(|l| p.u.row(i)[l] * p.singular[l] * p.v.row(j)[l]).sum();
            assert!((p.value[7] - entry).abs() < 1e-13 * 100.0);
            assert!((0..60).all(|i| p.row.iter().filter(|r| **r == i).count() > 3));
        }
    }
}
