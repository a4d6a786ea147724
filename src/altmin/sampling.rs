//! Parting the observations: for the validation of a search, or for half-steps that see entries of
//! their own, as the theory wants. A pure function of (seed, row, column): neither order nor threads can change a part.

use super::observations::Observations;
use crate::numerics::real::Real;
use crate::runtime::Result;

/// A number in `[0, 1)` for an entry: the finalizer of SplitMix64 over seed, row and column.
pub fn uniform(seed: u64, row: usize, col: usize) -> f64 {
    let mut h = mix(seed ^ 0x616c_746d_696e_2131);
    h = mix(h ^ row as u64);
    h = mix(h ^ col as u64);
    (h >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// Another seed, for another part of the same call: what one holds out says nothing of what the other does.
pub fn apart(seed: u64, part: u64) -> u64 {
    mix(mix(seed) ^ part)
}

/// Which observations are held out of a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOut {
    /// Seed of the hash.
    pub seed: u64,
    /// Share of the observations, in `[0, 1)`.
    pub share: f64,
}

impl HeldOut {
    /// Whether an entry is held out.
    pub fn holds(&self, row: usize, col: usize) -> bool {
        self.share > 0.0 && uniform(self.seed, row, col) < self.share
    }

    /// The observations that are fitted and those that are held out; `None` where all are fitted. Errors: no memory.
    pub fn part<T: Real>(
        &self,
        observations: &Observations<T>,
    ) -> Result<Option<(Observations<T>, Observations<T>)>> {
        if self.share == 0.0 {
            return Ok(None);
        }
        let held = |i: usize, j: usize| self.holds(i, j);
        Ok(Some((observations.filtered(|i, j| !held(i, j))?, observations.filtered(held)?)))
    }
}

/// The part, of `parts`, that an entry belongs to.
pub fn part(seed: u64, parts: usize, row: usize, col: usize) -> usize {
    ((uniform(seed, row, col) * parts as f64) as usize).min(parts - 1)
}

fn mix(mut h: u64) -> u64 {
    h = h.wrapping_add(0x9e37_79b9_7f4a_7c15);
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_even_and_do_not_follow_rows_or_columns() {
        let mut counts = [0_usize; 4];
        let (mut by_row, mut by_col) = ([0_usize; 50], [0_usize; 50]);
        for (i, in_row) in by_row.iter_mut().enumerate() {
            for (j, in_col) in by_col.iter_mut().enumerate() {
                let p = part(7, 4, i, j);
                counts[p] += 1;
                *in_row += usize::from(p == 0);
                *in_col += usize::from(p == 0);
                assert_eq!(p, part(7, 4, i, j));
            }
        }
        // 2500 draws of 1/4: six standard deviations are 130; 50 of 1/4: 18.
        assert!(counts.iter().all(|&c| c.abs_diff(625) < 130), "{counts:?}");
        assert!(by_row.iter().chain(&by_col).all(|&c| c.abs_diff(12) <= 18));
        assert!((0..100).any(|j| part(1, 2, 0, j) != part(2, 2, 0, j)));
    }
}
