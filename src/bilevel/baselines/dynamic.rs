//! Without derivatives, for few parameters: a trust region on linear models of the residuals, with dynamic accuracy
//! (Ehrhardt and Roberts, JMIV 2021).
//!
//! With `g_i >= 0` the upper objective is a mean of squares of `r_i = sqrt(2 g_i)`. Around the best of `d + 1` points:
//!
//! 1. fit `r(theta + s) ~ r + J s` through the points; `s` minimizes the mean of `(r + J s)^2 / 2`, and what the
//!    regularizer changes to first order, over `|s| <= Delta` and the box;
//! 2. evaluate both ends until their intervals are narrower than `0.05` of the predicted decrease;
//! 3. accept where a tenth of it is kept; grow or shrink `Delta`, or replace the point that is too far away for the
//!    model.
//!
//! Lower solutions are first as accurate as `10 Delta^2`. With `B` not needed and no adjoint solved, intervals are
//! the plain ones.

use super::Run;
use crate::bilevel::evaluate::Warm;
use crate::bilevel::interrupt::{Flaw, Interrupt, Tried};
use crate::bilevel::interval::{Interval, interval};
use crate::bilevel::metric::norm;
use crate::bilevel::point::Point;
use crate::bilevel::settings::CertificateMode;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::numerics::kernels::{add, dot};
use crate::runtime::{Control, Error, ErrorKind, Outcome, Phase};

/// The first radius.
const RADIUS: f64 = 0.5;
/// The last one, relative to the first (the option `step`, if that is given).
const LAST: f64 = 1e-6;
/// What of the predicted decrease intervals may be wide.
const WIDTH: f64 = 0.05;
/// What of it has to come true.
const ACCEPT: f64 = 0.1;
/// From where on the model is trusted further.
const GOOD: f64 = 0.7;
/// Parameters at most.
const PARAMETERS: usize = 50;

/// The points of the model; the first is the best.
struct Simplex {
    points: Vec<Point>,
    radius: f64,
    first_radius: f64,
}

/// Runs until the radius is small, or a limit is met.
pub fn run(run: &mut Run<'_, '_>, start: &[f64], control: &mut Control<'_>) -> Tried<Outcome> {
    let d = start.len();
    if d == 0 || d > PARAMETERS {
        return Err(Error::new(ErrorKind::Unsupported, "option \"method\"")
            .expected(format!("dynamic for 1 to {PARAMETERS} parameters"))
            .found(d)
            .into());
    }
    let most = run.evaluator.settings.max_iterations;
    let mut simplex = begin(run, start, control)?;
    loop {
        run.best = Some(simplex.points[0].clone());
        let value = value(&simplex.points[0]);
        control.report(Phase::Solve, run.iterations, value.upper, simplex.radius)?;
        if simplex.radius <= LAST * simplex.first_radius {
            return Ok(Outcome::Converged);
        }
        if run.iterations >= most {
            return Ok(Outcome::IterationLimit);
        }
        let step =
            simplex.model(control)?.map(|(s, predicted)| (run.in_box(&simplex.points[0], &s), predicted));
        let moved = step.as_ref().is_some_and(|(theta, _)| *theta != simplex.points[0].theta);
        let Some((theta, predicted)) = step.filter(|(_, predicted)| moved && *predicted > 0.0) else {
            if !simplex.improve(run, control)? {
                simplex.radius *= 0.5;
            }
            continue;
        };
        let ratio = match simplex.decide(run, &theta, predicted, control) {
            Ok(ratio) => ratio,
            Err(Interrupt::Flaw(flaw)) if !flaw.is_contradiction() => f64::NEG_INFINITY,
            Err(other) => return Err(other),
        };
        if ratio >= GOOD {
            simplex.radius *= 2.0;
        } else if ratio < ACCEPT && !simplex.improve(run, control)? {
            simplex.radius *= 0.5;
        }
    }
}

/// The start and a point along each axis.
fn begin(run: &mut Run<'_, '_>, start: &[f64], control: &mut Control<'_>) -> Tried<Simplex> {
    let settings = run.evaluator.settings;
    let most = settings.max_lower_products;
    let radius = settings.alpha.unwrap_or(RADIUS);
    let first = run.evaluator.lower(start, Warm::Cold, 10.0 * radius * radius, most, control)?;
    run.evaluator.mode = CertificateMode::Off;
    run.iterations += 1;
    if first.samples.iter().any(|s| s.upper.value < 0.0) {
        return Err(Error::new(ErrorKind::Unsupported, "option \"method\"")
            .expected("dynamic for upper objectives that are not negative")
            .found("one below 0")
            .into());
    }
    run.best = Some(first.clone());
    let mut simplex = Simplex { points: vec![first], radius, first_radius: radius };
    for j in 0..start.len() {
        simplex.points.push(simplex.along(run, j, control)?);
    }
    simplex.sort();
    Ok(simplex)
}

impl Run<'_, '_> {
    fn in_box(&self, from: &Point, s: &[f64]) -> Vec<f64> {
        let mut theta = from.theta.clone();
        add(1.0, s, &mut theta);
        self.bounds.project(&mut theta);
        theta
    }
}

impl Simplex {
    /// The accuracy of new points.
    fn eps(&self) -> f64 {
        10.0 * self.radius * self.radius
    }

    /// A point at the radius from the best along an axis, to the side where there is room.
    fn along(&self, run: &mut Run<'_, '_>, j: usize, control: &mut Control<'_>) -> Tried<Point> {
        let best = &self.points[0];
        let most = run.evaluator.settings.max_lower_products;
        let mut last = None;
        for sign in [1.0, -1.0] {
            let mut theta = best.theta.clone();
            theta[j] += sign * self.radius;
            run.bounds.project(&mut theta);
            if theta == best.theta {
                continue;
            }
            run.iterations += 1;
            match run.evaluator.lower(&theta, Warm::From(best), self.eps(), most, control) {
                Ok(point) => return Ok(point),
                Err(Interrupt::Flaw(flaw)) if !flaw.is_contradiction() => last = Some(flaw),
                Err(other) => return Err(other),
            }
        }
        // A variable that cannot move: the best point itself stands for it, and the model has slope 0 there.
        match last {
            Some(flaw) => Err(flaw.into()),
            None => Ok(best.clone()),
        }
    }

    /// The best point first.
    fn sort(&mut self) {
        let middle = |p: &Point| value(p).middle();
        let best = (0..self.points.len())
            .min_by(|a, b| middle(&self.points[*a]).total_cmp(&middle(&self.points[*b])))
            .unwrap_or(0);
        self.points.swap(0, best);
    }

    /// The step to the minimum of the model within the radius, and the decrease that it predicts. `None` where the
    /// points do not make a model.
    fn model(&self, control: &mut Control<'_>) -> Tried<Option<(Vec<f64>, f64)>> {
        let best = &self.points[0];
        let (d, m) = (best.theta.len(), best.samples.len());
        let Some(slopes) = self.slopes(control)? else { return Ok(None) };
        let r = residuals(best);
        let (mut gram, mut b) = (Square::zeros(d), vec![0.0; d]);
        for j in 0..d {
            let of_squares: f64 = (0..m).map(|i| slopes[i][j] * r[i]).sum();
            b[j] = -of_squares - m as f64 * best.regularizer_gradient[j];
            for k in 0..d {
                gram.column_mut(j)[k] = (0..m).map(|i| slopes[i][j] * slopes[i][k]).sum();
            }
        }
        if norm(&b) == 0.0 {
            return Ok(None);
        }
        // The multiplier of |s| <= Delta by doubling: a step within a factor of 2 of the radius is as good as any. That
        // of |b| / Delta always does.
        let enough = norm(&b) / self.radius;
        let mut multiplier = 0.0;
        loop {
            let mut damped = gram.clone();
            (0..d).for_each(|j| damped.column_mut(j)[j] += multiplier);
            let mut s = b.clone();
            Cholesky::new(&damped, control)?.solve(&mut s);
            if norm(&s) <= self.radius || !(multiplier < 2.0 * enough) {
                let model: f64 = (0..m).map(|i| (r[i] + dot(&slopes[i], &s)).powi(2)).sum();
                let of_squares = 0.5 * (dot(&r, &r) - model) / m as f64;
                let predicted = of_squares - dot(&best.regularizer_gradient, &s);
                return Ok((norm(&s) <= self.radius).then_some((s, predicted)));
            }
            multiplier = if multiplier == 0.0 { 1e-3 * enough } else { 2.0 * multiplier };
        }
    }

    /// The slopes of every residual through the points: `d` equations `(theta_k - theta_0)'slope = r_k - r_0`.
    fn slopes(&self, control: &mut Control<'_>) -> Tried<Option<Vec<Vec<f64>>>> {
        let best = &self.points[0];
        let d = best.theta.len();
        let steps: Vec<Vec<f64>> =
            self.points[1..].iter().map(|p| difference(&p.theta, &best.theta)).collect();
        let mut normal = Square::zeros(d);
        for j in 0..d {
            for k in 0..d {
                normal.column_mut(j)[k] = steps.iter().map(|s| s[j] * s[k]).sum();
            }
        }
        let cholesky = Cholesky::new(&normal, control)?;
        if !cholesky.is_well_conditioned() {
            return Ok(None);
        }
        let r = residuals(best);
        let changes: Vec<Vec<f64>> = self.points[1..].iter().map(|p| difference(&residuals(p), &r)).collect();
        let slope = |i: usize| {
            let mut slope: Vec<f64> =
                (0..d).map(|j| steps.iter().zip(&changes).map(|(s, c)| s[j] * c[i]).sum()).collect();
            cholesky.solve(&mut slope);
            slope
        };
        Ok(Some((0..r.len()).map(slope).collect()))
    }

    /// Evaluates a trial until both intervals are narrow enough; takes it in. The share of the predicted decrease
    /// that came true.
    fn decide(
        &mut self,
        run: &mut Run<'_, '_>,
        theta: &[f64],
        predicted: f64,
        control: &mut Control<'_>,
    ) -> Tried<f64> {
        let most = run.evaluator.settings.max_lower_products;
        let mut eps = self.eps();
        run.iterations += 1;
        let mut trial = run.evaluator.lower(theta, Warm::From(&self.points[0]), eps, most, control)?;
        loop {
            let (here, there) = (value(&self.points[0]), value(&trial));
            let width = 0.5 * here.width().max(there.width());
            let stuck = trial.is_at_floor() || trial.is_at_limit() || self.points[0].is_at_floor();
            if width <= WIDTH * predicted || stuck {
                let ratio = (here.middle() - there.middle()) / predicted;
                self.take(trial, ratio >= ACCEPT && there.upper < here.lower + width);
                return Ok(ratio);
            }
            // Widths fall in proportion.
            eps *= (0.5 * WIDTH * predicted / width).clamp(1e-3, 0.5);
            run.evaluator.counts.refinements += 1;
            run.evaluator.refine(&mut self.points[0], eps, most, control)?;
            run.evaluator.refine(&mut trial, eps, most, control)?;
        }
    }

    /// Puts a point in the place of the one farthest from it.
    fn take(&mut self, point: Point, is_best: bool) {
        let from = if is_best { &point.theta } else { &self.points[0].theta };
        let distance = |k: usize| norm(&difference(&self.points[k].theta, from));
        let farthest = (1..self.points.len()).max_by(|a, b| distance(*a).total_cmp(&distance(*b)));
        if let Some(k) = farthest {
            self.points[k] = point;
            if is_best {
                self.points.swap(0, k);
            }
        }
    }

    /// Replaces a point that is too far for the model, or all of them where they lie in a plane; whether there was
    /// a need.
    fn improve(&mut self, run: &mut Run<'_, '_>, control: &mut Control<'_>) -> Tried<bool> {
        let flat = self.slopes(control)?.is_none();
        let far = |s: &Self, k: usize| {
            norm(&difference(&s.points[k].theta, &s.points[0].theta)) > 2.0 * s.radius * (1.0 + 1e-9)
        };
        let needed = flat && self.points.len() > 1 || (1..self.points.len()).any(|k| far(self, k));
        if needed {
            for k in 1..self.points.len() {
                match self.along(run, k - 1, control) {
                    Ok(point) => self.points[k] = point,
                    Err(Interrupt::Flaw(Flaw::Refused { .. } | Flaw::NotFinite { .. })) => {}
                    Err(other) => return Err(other),
                }
            }
            let before = self.points[0].theta.clone();
            self.sort();
            // Where the new points make no model either, the radius is what is left to change.
            return Ok(self.slopes(control)?.is_some() || self.points[0].theta != before);
        }
        Ok(false)
    }
}

/// The interval of the upper value.
fn value(point: &Point) -> Interval {
    interval(point, CertificateMode::Off, false)
}

/// `r_i = sqrt(2 g_i)`.
fn residuals(point: &Point) -> Vec<f64> {
    point.samples.iter().map(|s| (2.0 * s.upper.value.max(0.0)).sqrt()).collect()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
