//! Losses of the rows of a linear model, with one output or several, summed with row weights.
//!
//! Predictions are stored output by output: entry `c n + r` is output `c` of row `r`.

use super::smoothed_squared_hinge::SmoothedSquaredHinge;
use crate::model::outputs::RowTarget;
use crate::model::{Loss, OutputLoss};
use crate::numerics::sum::Sum;
use crate::runtime::{Error, ErrorKind, Result};
use std::ops::Range;

/// `|d^3 logsumexp| <= 2 sqrt 2 / (6 sqrt 3)` on unit vectors: the third central moment of a variable in an interval of
/// length `sqrt 2`.
const SOFTMAX_THIRD: f64 = 0.272_165_526_975_908_7;

/// A loss of each row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RowLoss {
    /// One output.
    Scalar(Loss),
    /// One output, the squared hinge with a curvature that does not jump.
    SmoothedSquaredHinge(SmoothedSquaredHinge),
    /// `log sum_c exp(z_c) - z_y` over classes; targets are class numbers.
    Softmax {
        /// Number of classes.
        classes: usize,
    },
}

impl RowLoss {
    /// A loss of one output. Errors: one without a gradient (the hinge) or a bound of its curvature (Poisson's).
    pub fn of_bounded_curvature(loss: Loss) -> Result<Self> {
        if matches!(loss, Loss::Hinge(_) | Loss::Poisson(_)) {
            return Err(Error::new(ErrorKind::Unsupported, "loss")
                .expected("a loss of bounded curvature")
                .found(format!("{loss:?}")));
        }
        Ok(RowLoss::Scalar(loss))
    }

    /// Outputs per row.
    pub fn outputs(self) -> usize {
        if let RowLoss::Softmax { classes } = self { classes } else { 1 }
    }

    /// Whether the curvature is constant.
    pub fn is_quadratic(self) -> bool {
        matches!(self, RowLoss::Scalar(loss) if loss.is_quadratic())
    }

    /// Refuses targets that are not of the loss.
    pub fn check_targets(self, y: &[f64]) -> Result<()> {
        let refuse = |row: usize, expected: String| {
            Err(Error::new(ErrorKind::Data, "y").at(format!("row {row}")).expected(expected).found(y[row]))
        };
        match self {
            RowLoss::Scalar(loss) => loss.check_targets(y),
            RowLoss::SmoothedSquaredHinge(_) => match y.iter().position(|y| y.abs() != 1.0) {
                Some(row) => refuse(row, "-1 or 1".into()),
                None => Ok(()),
            },
            RowLoss::Softmax { classes } => {
                match y.iter().position(|y| !(*y >= 0.0 && *y < classes as f64 && y.fract() == 0.0)) {
                    Some(row) => refuse(row, format!("a class from 0 to {}", classes.saturating_sub(1))),
                    None => Ok(()),
                }
            }
        }
    }

    /// `sum_r s_r phi(z_r)`, and `d_r = s_r phi'(z_r)`.
    pub fn value(self, y: &[f64], z: &[f64], s: &[f64], d: &mut [f64]) -> f64 {
        match self {
            RowLoss::Scalar(loss) => {
                loss.slopes(y, z, s, d);
                loss.value(y, z, s)
            }
            RowLoss::SmoothedSquaredHinge(loss) => {
                let mut sum = Sum::default();
                for (r, d) in d.iter_mut().enumerate() {
                    sum.add(s[r] * loss.value(z[r], y[r]));
                    *d = s[r] * loss.slope(z[r], y[r]);
                }
                sum.value()
            }
            RowLoss::Softmax { classes } => softmax(y, z, s, d, classes),
        }
    }

    /// What [`RowLoss::curve`] needs at `z`: weighted curvatures, or class probabilities.
    pub fn curvature(self, y: &[f64], z: &[f64], s: &[f64], state: &mut [f64]) {
        match self {
            RowLoss::Scalar(loss) => loss.curvatures(y, z, s, state),
            RowLoss::SmoothedSquaredHinge(loss) => {
                (0..y.len()).for_each(|r| state[r] = s[r] * loss.curvature(z[r], y[r]));
            }
            RowLoss::Softmax { classes } => {
                let (n, mut row) = (y.len(), vec![0.0; classes]);
                for r in 0..n {
                    row.iter_mut().enumerate().for_each(|(c, o)| *o = z[c * n + r]);
                    OutputLoss::Softmax.mean(&mut row);
                    row.iter().enumerate().for_each(|(c, p)| state[c * n + r] = *p);
                }
            }
        }
    }

    /// Replaces `u_r` by `s_r phi''(z_r) u_r` for some rows; `along` has room for one number per row.
    pub fn curve(self, state: &[f64], s: &[f64], rows: Range<usize>, u: &mut [f64], along: &mut [f64]) {
        let n = s.len();
        if self.outputs() == 1 {
            u[rows.clone()].iter_mut().zip(&state[rows]).for_each(|(u, w)| *u *= w);
            return;
        }
        // (diag(p) - p p') u = p .* (u - p'u).
        let along = &mut along[rows.clone()];
        along.fill(0.0);
        for (p, u) in state.chunks_exact(n).zip(u.chunks_exact(n)) {
            let terms = along.iter_mut().zip(&p[rows.clone()]).zip(&u[rows.clone()]);
            terms.for_each(|((a, p), u)| *a += p * u);
        }
        for (p, u) in state.chunks_exact(n).zip(u.chunks_exact_mut(n)) {
            let others = p[rows.clone()].iter().zip(along.iter()).zip(&s[rows.clone()]);
            u[rows.clone()].iter_mut().zip(others).for_each(|(u, ((p, a), s))| *u = s * p * (*u - a));
        }
    }

    /// The diagonal of `s phi''` for output `c`.
    pub fn diagonal(self, state: &[f64], s: &[f64], c: usize, out: &mut [f64]) {
        let n = s.len();
        let part = &state[c * n..(c + 1) * n];
        if self.outputs() == 1 {
            out.copy_from_slice(part);
        } else {
            out.iter_mut().zip(part).zip(s).for_each(|((o, p), s)| *o = s * p * (1.0 - p));
        }
    }

    /// `sup |phi''|`.
    pub fn curvature_bound(self) -> f64 {
        match self {
            RowLoss::Scalar(loss) => loss.curvature_bound(),
            RowLoss::SmoothedSquaredHinge(_) => 2.0,
            RowLoss::Softmax { .. } => 0.5,
        }
    }

    /// Lipschitz constant of `phi''`; NaN where the curvature jumps.
    pub fn third_bound(self) -> f64 {
        match self {
            RowLoss::Scalar(loss) if loss.is_quadratic() => 0.0,
            RowLoss::Scalar(loss) => loss.third_bound().unwrap_or(f64::NAN),
            RowLoss::SmoothedSquaredHinge(loss) => 2.0 / loss.width,
            RowLoss::Softmax { .. } => SOFTMAX_THIRD,
        }
    }
}

fn softmax(y: &[f64], z: &[f64], s: &[f64], d: &mut [f64], classes: usize) -> f64 {
    let n = y.len();
    let (mut row, mut slope, mut sum) = (vec![0.0; classes], vec![0.0; classes], Sum::default());
    for r in 0..n {
        let class = y[r] as usize;
        row.iter_mut().enumerate().for_each(|(c, o)| *o = z[c * n + r]);
        let far = row.clone();
        OutputLoss::Softmax.mean(&mut row);
        OutputLoss::Softmax.slope(&row, RowTarget::Class(class), &mut slope);
        // 1 - p of the class keeps its digits in the slope.
        let loss = if slope[class] > -0.5 {
            -slope[class].ln_1p()
        } else {
            OutputLoss::Softmax.value(&far, RowTarget::Class(class))
        };
        sum.add(if s[r] == 0.0 { 0.0 } else { s[r] * loss });
        slope.iter().enumerate().for_each(|(c, g)| d[c * n + r] = s[r] * g);
    }
    sum.value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::rng::{Purpose, Stream};

    #[test]
    fn softmax_agrees_with_the_model_and_its_third_derivative_with_the_bound() {
        let (n, classes) = (40, 4);
        let loss = RowLoss::Softmax { classes };
        let mut stream = Stream::new(5, Purpose::Probe, 0);
        let y: Vec<f64> = (0..n).map(|r| (r % classes) as f64).collect();
        let z: Vec<f64> = (0..n * classes).map(|_| 6.0 * stream.normal()).collect();
        let s = vec![1.0; n];
        let mut d = vec![0.0; n * classes];
        let value = loss.value(&y, &z, &s, &mut d);
        let row = |r: usize| (0..classes).map(|c| z[c * n + r]).collect::<Vec<_>>();
        let plain: f64 =
            (0..n).map(|r| OutputLoss::Softmax.value(&row(r), RowTarget::Class(r % classes))).sum();
        assert!((value - plain).abs() < 1e-13 * plain);
        let (mut state, mut other, h) = (vec![0.0; n * classes], vec![0.0; n * classes], 1e-4);
        for _ in 0..50 {
            let v: Vec<f64> = (0..n * classes).map(|_| stream.normal()).collect();
            let point: Vec<f64> = (0..n * classes).map(|_| stream.normal()).collect();
            let size = |r: usize| (0..classes).map(|c| v[c * n + r].powi(2)).sum::<f64>();
            let quadratic = |at: &[f64], out: &mut [f64]| {
                loss.curvature(&y, at, &s, out);
                let (mut u, mut along) = (v.clone(), vec![0.0; n]);
                loss.curve(out, &s, 0..n, &mut u, &mut along);
                (0..n)
                    .map(|r| (0..classes).map(|c| u[c * n + r] * v[c * n + r]).sum::<f64>())
                    .collect::<Vec<_>>()
            };
            let ahead: Vec<f64> = point.iter().zip(&v).map(|(p, v)| p + h * v).collect();
            let (from, to) = (quadratic(&point, &mut state), quadratic(&ahead, &mut other));
            for r in 0..n {
                assert!(from[r] >= 0.0 && from[r] <= 0.5 * size(r));
                assert!((to[r] - from[r]).abs() / h <= 1.001 * SOFTMAX_THIRD * size(r).powf(1.5));
            }
        }
    }

    #[test]
    fn targets_are_refused() {
        let softmax = RowLoss::Softmax { classes: 3 };
        assert!(softmax.check_targets(&[0.0, 2.0]).is_ok());
        for y in [3.0, -1.0, 0.5] {
            let message = softmax.check_targets(&[0.0, y]).unwrap_err().to_string();
            assert!(message.starts_with("y, row 1: expected a class from 0 to 2"), "{message}");
        }
        let hinge = RowLoss::SmoothedSquaredHinge(SmoothedSquaredHinge { width: 0.1 });
        assert!(hinge.check_targets(&[1.0, 0.0]).unwrap_err().to_string().contains("-1 or 1"));
    }
}
