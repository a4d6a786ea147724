//! What the objective of a solve has beside the costs of residuals.

use super::all_pairs::all_squares;
use super::alternation::{Factors, Side};
use super::half_step::Damping;
use super::offsets::Offsets;
use super::solve::Run;
use crate::numerics::real::Real;
use crate::runtime::Control;

impl<T: Real> Run<'_, T> {
    /// The constant that biases are unknowns of: such that the ridge on them is what was asked for; without a ridge, of
    /// the size of the columns of an orthonormal factor.
    pub(super) fn constant(&self, ridge: f64) -> f64 {
        if ridge == 0.0 {
            return 1.0 / (self.seen.rows().max(self.seen.cols()) as f64).sqrt();
        }
        // The ridge on biases has no unit: they are of the size of the values, factors of the size of their roots.
        (ridge / self.settings.bias_ridge.unwrap_or(ridge)).sqrt()
    }

    /// What the squares of implicit feedback, as they are written, are above those that are meant: `w b^2 - c p^2` for
    /// each entry, with `w = c - 1` and `b = c / w` where `p` is 1.
    fn above(&self) -> f64 {
        let lines = self.seen.by_row();
        let of = |i: usize| {
            let line = lines.line(i);
            let term = |(e, b): (usize, &T)| {
                let (b, w) = (b.wide(), line.weight.map_or(1.0, |w| w[e].wide()));
                if b > 0.0 { w * b * b - (1.0 + w) } else { 0.0 }
            };
            line.value.iter().enumerate().map(term).sum::<f64>()
        };
        (0..lines.len()).map(of).sum()
    }

    /// `ridge (sum_i d_i^p (|u_i - u0_i|^2 + b_i^2 / constant^2) + ..)`, and, where they count, the squares of all
    /// entries.
    pub(super) fn penalty(&self, factors: &Factors<T>, offsets: &Offsets<T>, damping: Damping) -> f64 {
        if damping.ridge == 0.0 {
            return 0.0;
        }
        let constant = self.constant(damping.ridge);
        let side = |side: Side| {
            let lines = self.seen.lines(side);
            let (factor, biases) = (factors.of(side), offsets.of(side));
            (0..lines.len())
                .map(|i| {
                    let bias = biases.get(i).map_or(0.0, |b| b.wide() / constant);
                    let squares: f64 = match self.problem.prior().and_then(|prior| prior.of(side)) {
                        Some(means) => {
                            let off = factor.row(i).iter().zip(means.row(i));
                            off.map(|(x, mean)| (x.wide() - mean.wide()).powi(2)).sum()
                        }
                        None => factor.row(i).iter().map(|x| x.wide() * x.wide()).sum(),
                    };
                    damping.ridge_of(lines.degree(i)) * (squares + bias * bias)
                })
                .sum::<f64>()
        };
        let all = if self.settings.implicit {
            all_squares(factors, self.team, &mut Control::new()).unwrap_or(f64::NAN) - self.above()
        } else {
            0.0
        };
        side(Side::Rows) + side(Side::Columns) + all
    }
}
