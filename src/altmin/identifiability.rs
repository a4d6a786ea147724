//! Which entries the observations determine: an exact fit alone proves nothing (a fit to 1e-14 was seen
//! that is 3 % off).
//!
//! Necessary conditions, each in time linear in the observations: every row and column of rank `k` needs `k`
//! observations, and they have to be of lines that are determined themselves (the `k`-core of the bipartite graph); and
//! what connects two components of that graph is not determined at all.

use super::observations::Observations;
use crate::numerics::real::Real;
use crate::runtime::Result;
use crate::runtime::error::zeros;

/// What is known of the observations, before any fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Identifiability {
    /// Observations beside the degrees of freedom `k (m + n - k)` of a matrix of rank `k`: below 1 not everything is
    /// determined.
    pub oversampling: f64,
    /// Rows and columns with fewer than `k` observations (those without any too).
    pub short_lines: usize,
    /// Rows and columns outside the `k`-core: what remains when lines with fewer than `k` observations are taken away,
    /// with their observations, until there are none.
    pub outside_core: usize,
    /// Connected components of the bipartite graph among lines with observations.
    pub components: usize,
    /// For each row whether it is in the core, and its component; for each column too.
    pub rows: Vec<(bool, usize)>,
    /// As `rows`.
    pub cols: Vec<(bool, usize)>,
}

impl Identifiability {
    /// Looks at the observations for rank `k`. Costs a few passes over them. Errors: no memory.
    pub fn of<T: Real>(observations: &Observations<T>, k: usize) -> Result<Self> {
        let (m, n) = (observations.rows(), observations.cols());
        let lines = |v: usize| {
            if v < m { observations.by_row().line(v).index } else { observations.by_col().line(v - m).index }
        };
        let other = |v: usize, index: u32| if v < m { m + index as usize } else { index as usize };
        let mut degree: Vec<usize> = zeros("lines", m + n)?;
        degree.iter_mut().enumerate().for_each(|(v, degree)| *degree = lines(v).len());
        let short_lines = degree.iter().filter(|d| **d < k).count();
        // Components, by search from each line that was not met.
        let mut component = zeros("lines", m + n)?;
        component.fill(usize::MAX);
        let mut components = 0;
        let mut stack = Vec::new();
        for v in 0..m + n {
            if component[v] != usize::MAX || degree[v] == 0 {
                continue;
            }
            component[v] = components;
            stack.push(v);
            while let Some(v) = stack.pop() {
                for &index in lines(v) {
                    let u = other(v, index);
                    if component[u] == usize::MAX {
                        component[u] = components;
                        stack.push(u);
                    }
                }
            }
            components += 1;
        }
        let mut inside = zeros("lines", m + n)?;
        inside.fill(true);
        stack.extend((0..m + n).filter(|&v| degree[v] < k));
        stack.iter().for_each(|&v| inside[v] = false);
        while let Some(v) = stack.pop() {
            for &index in lines(v) {
                let u = other(v, index);
                degree[u] -= 1;
                if inside[u] && degree[u] < k {
                    inside[u] = false;
                    stack.push(u);
                }
            }
        }
        let freedom = k as f64 * (m as f64 + n as f64 - k as f64);
        let side = |lines: std::ops::Range<usize>| -> Result<Vec<(bool, usize)>> {
            let mut known = zeros("lines", lines.len())?;
            known.iter_mut().zip(lines).for_each(|(known, v)| *known = (inside[v], component[v]));
            Ok(known)
        };
        Ok(Self {
            oversampling: observations.len() as f64 / freedom,
            short_lines,
            outside_core: inside.iter().filter(|i| !**i).count(),
            components,
            rows: side(0..m)?,
            cols: side(m..m + n)?,
        })
    }

    /// How many entries of the matrix pass these conditions, as a float for the product of two sizes.
    pub fn not_ruled_out(&self) -> f64 {
        let mut sides = vec![[0_u64; 2]; self.components];
        for (side, lines) in [&self.rows, &self.cols].into_iter().enumerate() {
            lines.iter().filter(|(core, _)| *core).for_each(|(_, component)| sides[*component][side] += 1);
        }
        sides.iter().map(|[rows, cols]| *rows as f64 * *cols as f64).sum()
    }

    /// Whether entry (i, j) passes these conditions: both lines in the core, and in one component.
    pub fn may_be_determined(&self, i: usize, j: usize) -> bool {
        let ((row, a), (col, b)) = (self.rows[i], self.cols[j]);
        row && col && a == b
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::altmin::observations::{Entries, Repeats};
    use crate::runtime::Control;

    #[test]
    fn cores_and_components_are_found() {
        // Two full 2 x 2 blocks; row 4 hangs on the second block by one entry, column 4 has none.
        let cells = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3), (4, 2)];
        let row: Vec<i64> = cells.iter().map(|c| c.0).collect();
        let col: Vec<i64> = cells.iter().map(|c| c.1).collect();
        let value = vec![1.0; cells.len()];
        let entries = Entries { rows: 5, cols: 5, row: &row, col: &col, value: &value, weight: None };
        let observed = Observations::<f64>::new(entries, Repeats::Error, &mut Control::new()).unwrap();
        let found = Identifiability::of(&observed, 2).unwrap();
        assert_eq!((found.components, found.short_lines, found.outside_core), (2, 2, 2));
        assert!(found.may_be_determined(0, 1) && found.may_be_determined(3, 2));
        assert!(!found.may_be_determined(0, 2) && !found.may_be_determined(4, 2));
        assert_eq!(found.not_ruled_out(), 8.0);
        assert!((found.oversampling - 9.0 / 16.0).abs() < 1e-15);
        // With rank 3 nothing has enough.
        assert_eq!(Identifiability::of(&observed, 3).unwrap().outside_core, 10);
    }
}
