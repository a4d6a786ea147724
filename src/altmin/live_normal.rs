//! The normal equations of one line, followed as its entries change.

use super::nonnegative;
use super::sweeps::Variant;
use crate::numerics::cholesky_update::UpdatedCholesky;
use crate::numerics::eigen::minimum_norm;
use crate::numerics::gram::Square;
use crate::numerics::real::Real;

/// `G = sum w y y'` and `sum w b y` over the entries of a line, and a factorization of `G`, the ridge, and for implicit
/// feedback the Gram matrix of all pairs.
#[derive(Debug, Clone)]
pub(super) struct Normal {
    gram: Square,
    right: Vec<f64>,
    count: usize,
    /// The factorization, and the ridge in it.
    factor: Option<(UpdatedCholesky, f64)>,
    /// Changes since the sums were formed from the entries, and how many of them wear the sums out.
    changes: usize,
    most: usize,
}

/// An entry that goes and was this many times as large as what is left wears the sums out at once.
const LARGE: f64 = 1e3;

impl Normal {
    /// Of no entries yet; `entries` are to come at first.
    pub(super) fn empty(unknowns: usize, entries: usize) -> Self {
        Self {
            gram: Square::zeros(unknowns),
            right: vec![0.0; unknowns],
            count: 0,
            factor: None,
            changes: 0,
            most: entries.max(unknowns),
        }
    }

    /// Entries.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether it is to be formed anew: after many changes, or any with so few entries that the matrix may be singular,
    /// where the rounding that a change leaves behind would count as curvature (and where forming it costs no more than
    /// solving).
    pub(super) fn is_worn(&self) -> bool {
        self.changes >= self.most || (self.changes > 0 && self.count < 2 * self.right.len())
    }

    /// The sums are those of the entries.
    pub(super) fn rested(&mut self) {
        self.changes = 0;
    }

    /// The factorization is no longer that of the matrix.
    pub(super) fn unfactor(&mut self) {
        self.factor = None;
    }

    /// An entry `b` of weight `w` at `y` comes; `keeps_ridge` says that its number does not change the ridge.
    pub(super) fn add(&mut self, y: &[f64], b: f64, w: f64, keeps_ridge: bool) {
        self.sums(y, b, w);
        self.count += 1;
        self.changes += 1;
        match &mut self.factor {
            Some((factor, _)) if keeps_ridge => factor.update(&mut scaled(y, w)),
            _ => self.factor = None,
        }
    }

    /// Such an entry goes.
    pub(super) fn remove(&mut self, y: &[f64], b: f64, w: f64, keeps_ridge: bool) {
        self.sums(y, b, -w);
        self.count -= 1;
        self.changes += 1;
        self.note_loss(y, b, w);
        if !(keeps_ridge
            && self.factor.as_mut().is_some_and(|(factor, _)| factor.downdate(&mut scaled(y, w))))
        {
            self.factor = None;
        }
    }

    /// An entry (value, weight) changes.
    pub(super) fn exchange(&mut self, y: &[f64], old: (f64, f64), new: (f64, f64)) {
        if old.1 == new.1 {
            // The matrix stays.
            self.right.iter_mut().zip(y).for_each(|(r, y)| *r += new.1 * (new.0 - old.0) * y);
            self.changes += 1;
            self.note_loss(y, old.0, old.1);
            return;
        }
        self.add(y, new.0, new.1, true);
        self.remove(y, old.0, old.1, true);
    }

    /// What went, if it was far larger than what is left, has left its rounding behind: the sums are to be formed anew.
    fn note_loss(&mut self, y: &[f64], b: f64, w: f64) {
        let square: f64 = y.iter().map(|y| y * y).sum();
        let left: f64 = (0..y.len()).map(|l| self.gram.at(l, l)).sum();
        let right: f64 = self.right.iter().map(|r| r * r).sum::<f64>().sqrt();
        if w * square > LARGE * left.abs() || (w * b).abs() * square.sqrt() > LARGE * right {
            self.changes = self.most;
        }
    }

    fn sums(&mut self, y: &[f64], b: f64, w: f64) {
        for (l, y_l) in y.iter().enumerate() {
            let weighted = w * y_l;
            self.right[l] += weighted * b;
            self.gram.column_mut(l).iter_mut().zip(y).for_each(|(g, y)| *g += weighted * y);
        }
    }

    /// The minimum, into `x`, which is where it is looked for from (factors `>= 0`): as half-steps by factorizations
    /// have it. Gives the flops.
    pub(super) fn solve<T: Real>(
        &mut self,
        variant: &Variant,
        pairs: Option<&Square>,
        ridge: f64,
        x: &mut Vec<f64>,
    ) -> u64 {
        let n = self.right.len();
        x.resize(n, 0.0);
        if self.count == 0 {
            x.fill(0.0);
            return 0;
        }
        let size = (0..n).map(|l| self.gram.at(l, l)).fold(0.0, f64::max);
        let floor = 8.0 * n as f64 * T::ROUNDING * (size + ridge);
        let whole = || {
            let mut h = self.gram.clone();
            if let (Variant::AllPairs { .. }, Some(pairs)) = (variant, pairs) {
                (0..n)
                    .for_each(|l| h.column_mut(l).iter_mut().zip(pairs.column(l)).for_each(|(h, p)| *h += p));
            }
            (0..n).for_each(|l| h.column_mut(l)[l] += ridge);
            h
        };
        if *variant == Variant::Nonnegative {
            x.iter_mut().for_each(|x| *x = x.max(0.0));
            let normal = nonnegative::Normal { gram: whole(), right: self.right.clone() };
            return (normal.minimize(x) * 2 * n * n) as u64;
        }
        let fits = |(factor, of): &(UpdatedCholesky, f64)| *of == ridge && factor.least_pivot() > floor;
        if !self.factor.as_ref().is_some_and(fits) {
            let h = whole();
            self.factor = UpdatedCholesky::of(&h, floor).map(|factor| (factor, ridge));
            if self.factor.is_none() {
                x.copy_from_slice(&minimum_norm(&h, &self.right, 8.0 * n as f64 * T::ROUNDING));
                return (9 * n * n * n) as u64;
            }
        }
        x.copy_from_slice(&self.right);
        if let Some((factor, _)) = &self.factor {
            factor.solve(x);
        }
        (2 * n * n) as u64
    }
}

fn scaled(y: &[f64], w: f64) -> Vec<f64> {
    let root = w.sqrt();
    y.iter().map(|y| root * y).collect()
}
