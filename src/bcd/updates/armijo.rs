//! Halving a step until the objective falls by a share of what the first order promises (Armijo, 1966).

use crate::runtime::Stop;

/// Sufficient decrease, as a share of the first-order one.
const SUFFICIENT: f64 = 1e-4;
/// Halvings before a step is given up that nothing else would follow at this iterate.
pub(in crate::bcd) const HALVINGS: usize = 60;
/// The same where a more careful direction is tried next.
pub(super) const HALVINGS_BEFORE_ANOTHER: usize = 30;

/// A way down from a point.
pub(in crate::bcd) struct Descent<'d> {
    pub(in crate::bcd) from: &'d [f64],
    pub(in crate::bcd) step: &'d [f64],
    /// Where the full step ends: rounding of `from + step` must not take it out of the bounds that it ends at.
    pub(in crate::bcd) to: &'d [f64],
    /// First-order decrease of the objective along the full step.
    pub(in crate::bcd) slope: f64,
}

/// A point that is low enough.
pub(in crate::bcd) struct Found {
    /// The share of the step that leads there.
    pub(in crate::bcd) alpha: f64,
    pub(in crate::bcd) to: Vec<f64>,
    /// The change of the objective.
    pub(in crate::bcd) change: f64,
}

impl Descent<'_> {
    /// Looks at the share `first` of the step, then at halves of it, `halvings` shares at most; `None` where none is
    /// low enough, or where the step does not lead down. `change` gives the change of the objective for a share of the
    /// step and its end. Costs as many calls of it as shares.
    pub(in crate::bcd) fn search(
        &self,
        first: f64,
        halvings: usize,
        mut change: impl FnMut(f64, &[f64]) -> Result<f64, Stop>,
    ) -> Result<Option<Found>, Stop> {
        // Where nothing is promised, a change of 0 or a rise would be enough.
        if !(self.slope > 0.0) {
            return Ok(None);
        }
        let mut alpha = first;
        for _ in 0..halvings {
            let to = self.at(alpha);
            let change = change(alpha, &to)?;
            if change <= -SUFFICIENT * alpha * self.slope {
                return Ok(Some(Found { alpha, to, change }));
            }
            alpha *= 0.5;
        }
        Ok(None)
    }

    fn at(&self, alpha: f64) -> Vec<f64> {
        if alpha == 1.0 {
            return self.to.to_vec();
        }
        self.from.iter().zip(self.step).map(|(x, d)| x + alpha * d).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_until_the_decrease_is_enough_and_ends_full_steps_exactly() {
        let (from, step, to) = ([1.0], [0.2], [1.25]);
        let descent = Descent { from: &from, step: &step, to: &to, slope: 2.0 };
        let mut seen = Vec::new();
        let mut search = |most: f64, halvings: usize| {
            seen.clear();
            let found = descent.search(1.0, halvings, |alpha, to| {
                seen.push(to[0]);
                // Not a number where the step is too long, and the least decrease that is enough.
                Ok(if alpha > most { f64::NAN } else { -1e-4 * alpha * 2.0 })
            });
            (found.unwrap().map(|f| (f.alpha, f.to[0], f.change)), seen.clone())
        };
        assert_eq!(search(1.0, 9), (Some((1.0, 1.25, -2e-4)), vec![1.25]));
        assert_eq!(search(0.3, 9), (Some((0.25, 1.05, -0.5e-4)), vec![1.25, 1.1, 1.05]));
        assert_eq!(search(0.3, 2), (None, vec![1.25, 1.1]));
        let short = descent.search(1.0, 5, |alpha, _| Ok(-0.99e-4 * alpha * 2.0)).unwrap();
        assert!(short.is_none(), "less than the sufficient decrease was taken");
    }

    #[test]
    fn a_step_that_promises_nothing_is_not_taken() {
        for slope in [0.0, -1.0, f64::NAN] {
            let descent = Descent { from: &[1.0], step: &[0.2], to: &[1.2], slope };
            for change in [0.0, 1e-5, -1.0] {
                assert!(descent.search(1.0, 3, |_, _| Ok(change)).unwrap().is_none(), "{slope} {change}");
            }
        }
    }
}
