//! When accuracies are tightened and relaxed (arXiv 2308.10098, Algorithm 3.1): by `nu` where a hypergradient is
//! not certified to descend or a line search fails, by `nu bar` after a step.
//!
//! Beyond the paper: only the part of `omega` that dominates is tightened, at once by as much as the test asks for; and
//! what a step had far too much of is relaxed at once.

use super::bound::Omega;
use super::evaluate::Shares;
use super::point::{Point, SamplePoint};

/// What is left of an accuracy at least and at most where the bounds say how much is asked for.
const LEAST: f64 = 0.01;
const MOST: f64 = 0.5;

/// What of a slack is used up at once, so that hypergradients stay nearly exact, and by how much an accuracy is relaxed
/// at most.
const SPARE: f64 = 0.01;
const LOOSER: f64 = 10.0;

/// The accuracies that are asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// `eps`: distances of lower solutions.
    pub eps: f64,
    /// `delta`: residuals of adjoints.
    pub delta: f64,
}

impl Accuracy {
    /// What a point has.
    pub fn achieved(point: &Point, shares: &Shares) -> Self {
        let most = |of: &dyn Fn(usize, &SamplePoint) -> f64| {
            point.samples.iter().enumerate().map(|(i, s)| of(i, s)).fold(0.0, f64::max)
        };
        Self {
            eps: most(&|i, s| s.eps / shares.eps[i]),
            delta: most(&|i, s| s.adjoint.as_ref().map_or(f64::INFINITY, |a| a.delta / shares.delta[i])),
        }
    }

    /// Both no looser than what was achieved.
    pub fn meet(&mut self, achieved: &Accuracy) {
        self.eps = met(self.eps, achieved.eps);
        self.delta = met(self.delta, achieved.delta);
    }

    /// Both by `nu`, as published.
    pub fn tighten(&mut self, nu: f64) {
        self.eps *= nu;
        self.delta *= nu;
    }

    /// The part of `omega` that dominates, so that it becomes half of what is `allowed`.
    pub fn tighten_for(&mut self, omega: &Omega, allowed: f64, achieved: &Accuracy) {
        let factor = |part: f64| {
            let factor = 0.5 * allowed / part;
            if factor.is_finite() { factor.clamp(LEAST, MOST) } else { LEAST }
        };
        if omega.lower >= omega.adjoint {
            self.eps = factor(omega.lower) * met(self.eps, achieved.eps);
        } else {
            self.delta = factor(omega.adjoint) * met(self.delta, achieved.delta);
        }
    }

    /// So that plain intervals of values, whose width falls with `eps`, shrink by `factor`.
    pub fn tighten_plain(&mut self, factor: f64, achieved: &Accuracy) {
        self.eps = factor.clamp(0.05, 0.7) * met(self.eps, achieved.eps);
    }

    /// The same for corrected ones, whose width is made of `eps^2` and of `delta eps`: adjoints are solved more exactly
    /// only where the latter is what is wide (`of_adjoints`).
    pub fn tighten_corrected(&mut self, factor: f64, achieved: &Accuracy, of_adjoints: bool) {
        let by = factor.max(0.0).sqrt().clamp(0.1, 0.7);
        self.eps = by * met(self.eps, achieved.eps);
        if of_adjoints {
            self.delta = by * met(self.delta, achieved.delta);
        }
    }

    /// Both by `nu bar`, as published.
    pub fn relax(&mut self, nu_bar: f64) {
        self.eps *= nu_bar;
        self.delta *= nu_bar;
    }

    /// Each by more than that where a step has had far more of it than it needed: the inequality between values would
    /// have held with widths `slack` times as large, and test (3) with an `omega` of what is `allowed`.
    pub fn relax_within(&mut self, nu_bar: f64, slack: f64, omega: &Omega, allowed: f64) {
        let factor = |part: f64| {
            let factor = SPARE * slack.min(allowed / part);
            if factor.is_nan() { nu_bar } else { factor.clamp(nu_bar, LOOSER.max(nu_bar)) }
        };
        self.eps *= factor(omega.lower);
        self.delta *= factor(omega.adjoint);
    }
}

/// A request, but no looser than what was achieved: one that is met by far would be tightened many times to no effect.
fn met(asked: f64, achieved: f64) -> f64 {
    if achieved > 0.0 { asked.min(achieved) } else { asked }
}

/// Shares with which every sample contributes the same to `omega`: where the work grows with `log(1/eps_i)`, the
/// least work for a given `sum_i c_i eps_i` has all `c_i eps_i` equal.
pub fn allocation(point: &Point) -> Option<Shares> {
    let of = |cost: &dyn Fn(&SamplePoint) -> Option<f64>| -> Option<Vec<f64>> {
        let costs: Vec<f64> = point.samples.iter().map(cost).collect::<Option<_>>()?;
        let mean = costs.iter().sum::<f64>() / costs.len() as f64;
        Some(costs.iter().map(|c| if *c > 0.0 { (mean / c).clamp(0.1, 10.0) } else { 1.0 }).collect())
    };
    let eps = of(&|s| Some(s.constants.l_g * s.mixed.as_ref()?.norm / s.constants.mu))?;
    let delta = of(&|s| Some(s.mixed.as_ref()?.norm / s.constants.mu))?;
    (eps.iter().chain(&delta).all(|s| s.is_finite())).then_some(Shares { eps, delta })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bilevel::problem::Rigor;

    #[test]
    fn values_take_better_adjoints_only_where_those_make_them_wide() {
        let achieved = Accuracy { eps: 2.0, delta: 0.5 };
        let mut accuracy = Accuracy { eps: 1.0, delta: 1.0 };
        accuracy.tighten_corrected(0.25, &achieved, false);
        assert_eq!(accuracy, Accuracy { eps: 0.5, delta: 1.0 });
        accuracy.tighten_corrected(0.25, &achieved, true);
        assert_eq!(accuracy, Accuracy { eps: 0.25, delta: 0.25 });
        accuracy.tighten_plain(0.5, &achieved);
        assert_eq!(accuracy, Accuracy { eps: 0.125, delta: 0.25 });
    }

    #[test]
    fn the_part_that_dominates_is_tightened_by_what_is_asked() {
        let omega = |lower, adjoint| Omega { value: lower + adjoint, lower, adjoint, rigor: Rigor::Proven };
        let mut accuracy = Accuracy { eps: 1.0, delta: 1.0 };
        let achieved = Accuracy { eps: 0.8, delta: 0.6 };
        accuracy.tighten_for(&omega(10.0, 1.0), 2.0, &achieved);
        assert_eq!(accuracy, Accuracy { eps: 0.1 * 0.8, delta: 1.0 });
        accuracy.tighten_for(&omega(0.5, 1.0), 1e-9, &achieved);
        assert_eq!(accuracy, Accuracy { eps: 0.1 * 0.8, delta: 0.6 * LEAST });
        accuracy.tighten_for(&omega(f64::INFINITY, 1.0), 0.0, &Accuracy { eps: 0.0, delta: 0.0 });
        assert_eq!(accuracy.eps, 0.1 * 0.8 * LEAST);
        accuracy.relax(2.0);
        assert_eq!(accuracy.delta, 2.0 * 0.6 * LEAST);
    }

    #[test]
    fn what_was_not_needed_is_relaxed_at_once() {
        let omega = |lower, adjoint| Omega { value: lower + adjoint, lower, adjoint, rigor: Rigor::Proven };
        let relaxed = |slack, omega: &Omega| {
            let mut accuracy = Accuracy { eps: 1.0, delta: 1.0 };
            accuracy.relax_within(1.1, slack, omega, 1.0);
            [accuracy.eps, accuracy.delta]
        };
        // By what is spared of the lesser slack of the two, and not beyond the most; adjoints by their own.
        assert_eq!(relaxed(1e9, &omega(2e-3, 1e-12)), [SPARE * 500.0, LOOSER]);
        assert_eq!(relaxed(300.0, &omega(1e-9, 1e-9)), [SPARE * 300.0; 2]);
        // What was needed, or of which nothing is known, by nu bar alone.
        assert_eq!(relaxed(2.0, &omega(1e-9, 0.5)), [1.1; 2]);
        assert_eq!(relaxed(f64::NAN, &Omega::none()), [1.1; 2]);
    }
}
