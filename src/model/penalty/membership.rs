//! Which coordinates belong to which unit.

use crate::numerics::sum::Sum;
use crate::runtime::{Error, ErrorKind, Result};

/// Units of coordinates, each a list in increasing order.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    start: Vec<usize>,
    members: Vec<usize>,
}

impl Membership {
    /// `unit_of[j] < units` is the unit of coordinate `j`. Units may be empty.
    ///
    /// Errors: a unit number that is too large.
    pub(super) fn new(unit_of: &[usize], units: usize) -> Result<Self> {
        let mut start = vec![0; units + 1];
        for (j, &u) in unit_of.iter().enumerate() {
            if u >= units {
                return Err(Error::new(ErrorKind::Data, "groups")
                    .at(format!("column {j}"))
                    .expected(format!("a group in 0..{units}"))
                    .found(u));
            }
            start[u + 1] += 1;
        }
        (0..units).for_each(|u| start[u + 1] += start[u]);
        let mut next = start.clone();
        let mut members = vec![0; unit_of.len()];
        for (j, &u) in unit_of.iter().enumerate() {
            members[next[u]] = j;
            next[u] += 1;
        }
        Ok(Self { start, members })
    }

    /// All `k` outputs of each unit's features together, then `own` units of one coordinate each.
    pub(super) fn for_outputs(&self, k: usize, own: usize) -> Self {
        let features = self.members.len();
        let mut start: Vec<usize> = self.start.iter().map(|s| s * k).collect();
        start.extend((1..=own).map(|i| features * k + i));
        let mut members: Vec<usize> =
            self.members.iter().flat_map(|j| (0..k).map(move |c| j * k + c)).collect();
        members.extend((0..own).map(|i| features * k + i));
        Self { start, members }
    }

    #[inline]
    pub(super) fn columns(&self, u: usize) -> &[usize] {
        &self.members[self.start[u]..self.start[u + 1]]
    }
}

/// The Euclidean norm.
#[inline]
pub(super) fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// The Euclidean norm, compensated: what decides about the domain of a conjugate must not depend on the length of a
/// group.
pub(super) fn careful_norm(x: impl Iterator<Item = f64>) -> f64 {
    x.map(|x| x * x).collect::<Sum>().value().sqrt()
}

#[inline]
pub(super) fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
