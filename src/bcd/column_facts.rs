//! What one pass over a column finds: its size, its squares, its standard deviation, whether it is constant.

use super::problem::Problem;

/// Sums of squares that neither overflow nor vanish on the way.
const ORDINARY: std::ops::Range<f64> = 1e-36..1e36;
/// A spread of more than this share of the squares has lost little to cancellation.
const LITTLE_CANCELS: f64 = 0.01;
/// A deviation of a column within this share of its root mean square is rounding: the column is constant.
const CONSTANT: f64 = 64.0 * f64::EPSILON;

/// What a pass over a column finds.
pub(super) struct ColumnFacts {
    /// The largest entry, or the norm where that is of ordinary size; 0 for a column without weight.
    pub(super) size: f64,
    /// The weighted sum of squares; NaN where it would overflow or vanish.
    pub(super) squares: f64,
    pub(super) deviation: f64,
    pub(super) constant: bool,
}

/// The facts of column `j`, by weighted rows. Costs a pass over the column; two more for a column of extreme size, and
/// for one that may be constant where the deviation is wanted.
pub(super) fn column_facts(problem: &Problem<'_>, j: usize, wants_deviation: bool) -> ColumnFacts {
    let matrix = problem.matrix();
    let weights = problem.weights();
    let squares = matrix.squares(j, 1.0, weights);
    if ORDINARY.contains(&squares) {
        if !wants_deviation {
            return ColumnFacts { size: squares.sqrt(), squares, deviation: 0.0, constant: false };
        }
        let total: f64 = weights.iter().sum();
        let sum = matrix.dot(j, weights);
        let spread = squares - sum * (sum / total);
        // The short formula is accurate here.
        if spread > LITTLE_CANCELS * squares {
            let deviation = (spread / total).sqrt();
            return ColumnFacts { size: squares.sqrt(), squares, deviation, constant: false };
        }
    }
    careful_facts(problem, j, wants_deviation)
}

/// The same for columns of extreme size, and for those that may be constant.
fn careful_facts(problem: &Problem<'_>, j: usize, wants_deviation: bool) -> ColumnFacts {
    let matrix = problem.matrix();
    let weights = problem.weights();
    let mut size = 0.0_f64;
    matrix.for_each(j, |r, a| {
        if weights[r] > 0.0 {
            size = size.max(a.abs());
        }
    });
    if size == 0.0 || !wants_deviation {
        return ColumnFacts { size, squares: f64::NAN, deviation: 0.0, constant: false };
    }
    let total: f64 = weights.iter().sum();
    let mut mean = 0.0;
    matrix.for_each(j, |r, a| mean += weights[r] / total * (a / size));
    // Around the mean, so that a large constant does not drown the deviation; absent entries are zeros.
    let (mut spread, mut drift, mut squares, mut present) = (0.0, 0.0, 0.0, 0.0);
    matrix.for_each(j, |r, a| {
        let (share, a) = (weights[r] / total, a / size);
        spread += share * (a - mean) * (a - mean);
        drift += share * (a - mean);
        squares += share * a * a;
        present += share;
    });
    if matrix.column_entries(j) < matrix.rows() {
        let absent = (1.0 - present).max(0.0);
        spread += absent * mean * mean;
        drift -= absent * mean;
    }
    // The mean is off by its own rounding, which a long column makes larger than the deviation that is looked for.
    spread = (spread - drift * drift).max(0.0);
    let constant = spread <= CONSTANT * CONSTANT * squares;
    ColumnFacts { size, squares: f64::NAN, deviation: size * spread.sqrt(), constant }
}
