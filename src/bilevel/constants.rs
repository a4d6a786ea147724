//! The constants behind the bounds at one `theta`: given by the problem, or sampled (section 2 of arXiv 2308.10098).

use super::interrupt::{Flaw, Interrupt, Tried};
use super::metric::{Metric, norm};
use super::oracle::Oracle;
use super::problem::{Rigor, SecondOrder};
use crate::numerics::eigen::largest_eigenvalue;
use crate::numerics::gram::Square;
use crate::numerics::kernels::dot;
use crate::runtime::error::zeros;
use crate::runtime::rng::{Purpose, Stream};

/// Beyond this `L / mu` nothing can be solved in double precision.
const MOST_CONDITION: f64 = 1e14;

/// Roundings that a product with `A` is granted, in units of the last place of `L`.
const ROUNDINGS: f64 = 64.0;

/// Up to so many parameters `B` is formed column by column for its exact norm.
const COLUMNS: usize = 10;
/// The same where a proven norm is asked for.
const COLUMNS_PROVEN: usize = 50;

/// Steps of the power method for `|B|`, and what its result is multiplied by.
const POWER_STEPS: usize = 8;
const POWER_MARGIN: f64 = 1.05;

/// Random products from which `|B|` is estimated where only those with its transpose are to be had, and the margin.
const PROBES: u64 = 4;
const PROBE_MARGIN: f64 = 1.5;

/// Constants of one sample at one `theta`. `mu` and all after `l` are for the norms of `metric`.
#[derive(Debug, Clone, PartialEq)]
pub struct Constants {
    /// Strong convexity in the metric; 1 if that is not Euclidean.
    pub mu: f64,
    /// Strong convexity in the Euclidean norm, for solvers; NaN where unknown.
    pub plain_mu: f64,
    /// Smoothness in the Euclidean norm, for solvers; NaN where unknown.
    pub l: f64,
    /// Lipschitz constant of `A`; NaN where unknown.
    pub l_a: f64,
    /// Lipschitz constant of `B`; NaN where unknown.
    pub l_b: f64,
    /// Smoothness of `g` in `x`.
    pub l_g: f64,
    /// The same in the Euclidean norm, for rounding.
    pub plain_l_g: f64,
    /// Lipschitz constant of the gradient of `g` in `theta`, as a function of `x`.
    pub l_g_theta: f64,
    /// Whether `g` is convex in `x`.
    pub convex: bool,
    /// `g = c/2 |x - x*|^2` with this `c` (Euclidean metric alone).
    pub squared_distance: Option<f64>,
    /// How far all of them are to be trusted.
    pub rigor: Rigor,
    /// Whether `h` has a gradient everywhere: else nothing is proven of how `xhat` moves.
    pub smooth: bool,
    /// The norms.
    pub metric: Metric,
}

impl Constants {
    /// Those of the oracle's sample. Flaws: no `mu > 0` (unless `uncertified`), a hopeless condition number.
    pub fn at(oracle: &mut Oracle<'_, '_, '_>, with_metric: bool, uncertified: bool) -> Tried<Self> {
        let lower = oracle.lower_constants()?;
        let upper = oracle.problem.upper_constants(oracle.sample);
        let sample = oracle.sample;
        let known = lower.mu > 0.0 && lower.mu.is_finite();
        if !known && !uncertified {
            return Err(Flaw::NotStronglyConvex { sample, mu: lower.mu }.into());
        }
        if known && lower.l / lower.mu > MOST_CONDITION {
            return Err(Flaw::IllConditioned { sample, condition: lower.l / lower.mu }.into());
        }
        let mut constants = Self {
            // Without mu accuracies are gradient norms.
            mu: if known { lower.mu } else { 1.0 },
            plain_mu: if known { lower.mu } else { f64::NAN },
            l: if lower.l >= lower.mu || !known { lower.l } else { f64::NAN },
            l_a: if oracle.problem.is_quadratic() { 0.0 } else { lower.l_a },
            l_b: lower.l_b,
            l_g: upper.l_g,
            plain_l_g: upper.l_g,
            l_g_theta: upper.l_g_theta,
            convex: upper.convex,
            squared_distance: upper.squared_distance,
            rigor: if known { lower.rigor.min(upper.rigor) } else { Rigor::None },
            smooth: oracle.problem.is_smooth(),
            metric: Metric::euclidean(),
        };
        if with_metric && known {
            constants.measure(oracle)?;
        }
        Ok(constants)
    }

    /// Takes the problem's metric, if it has one.
    fn measure(&mut self, oracle: &mut Oracle<'_, '_, '_>) -> Tried<()> {
        let mut diagonal = zeros("metric", oracle.variables())?;
        let said = oracle.problem.metric(oracle.sample, oracle.theta, &mut diagonal);
        if !oracle.heard("metric", said)? {
            return Ok(());
        }
        let sample = oracle.sample;
        if let Some(entry) = diagonal.iter().position(|m| !(*m > 0.0 && m.is_finite())) {
            return Err(Flaw::NotFinite { callback: "metric", sample, entry: Some(entry) }.into());
        }
        self.metric = Metric::diagonal(diagonal);
        // |e| <= |e|_M / sqrt(least), and the same for a gradient's dual norm.
        let least = self.metric.least();
        self.mu = 1.0;
        self.l_a /= least * least.sqrt();
        self.l_b /= least;
        self.l_g /= least;
        self.l_g_theta /= least.sqrt();
        self.squared_distance = None;
        Ok(())
    }

    /// What rounding makes of a product `A v` with a `v` of this size: terms of the size `L |v|` may cancel. 0 where
    /// `L` is not known.
    pub fn rounding_of_product(&self, size: f64) -> f64 {
        if self.l.is_finite() { ROUNDINGS * f64::EPSILON * self.l * size } else { 0.0 }
    }

    /// `L / mu`; infinite where one of them is unknown.
    pub fn condition(&self) -> f64 {
        let condition = self.l / self.plain_mu;
        if condition >= 1.0 { condition } else { f64::INFINITY }
    }
}

/// `|B|` at `x`, in the dual norm of the metric, and how far it is to be trusted: by the problem's formula, exactly
/// from columns, by the power method on `B'B`, or from random products with `B'`.
pub fn mixed_norm(
    oracle: &mut Oracle<'_, '_, '_>,
    at: &dyn SecondOrder,
    x: &[f64],
    metric: &Metric,
    proven: bool,
) -> Tried<(f64, Rigor)> {
    let said = oracle.problem.mixed_norm(oracle.sample, x, oracle.theta, metric.as_diagonal());
    if let Some(bound) = oracle.heard("mixed_norm", said)?
        && bound.is_finite()
    {
        return Ok((bound, Rigor::Proven));
    }
    let d = oracle.theta.len();
    let mut column = zeros("mixed", x.len())?;
    let mut u = zeros("mixed", d)?;
    if d > 0 {
        u[0] = 1.0;
    }
    if d == 0 || !oracle.mixed(at, &u, &mut column)? {
        return probed_norm(oracle, at, metric);
    }
    if d <= if proven { COLUMNS_PROVEN } else { COLUMNS } {
        return Ok((column_norm(oracle, at, metric, column)?, Rigor::Proven));
    }
    let mut stream = Stream::new(0, Purpose::Start, oracle.sample as u64);
    u.iter_mut().for_each(|u| *u = stream.normal());
    let mut largest = 0.0_f64;
    for _ in 0..POWER_STEPS {
        let size = norm(&u);
        if !(size > 0.0) {
            break;
        }
        u.iter_mut().for_each(|u| *u /= size);
        oracle.mixed(at, &u, &mut column)?;
        metric.whiten(&mut column);
        largest = largest.max(norm(&column));
        metric.whiten(&mut column);
        oracle.mixed_transposed(at, &column, &mut u)?;
    }
    Ok((POWER_MARGIN * largest, Rigor::Estimated))
}

/// The exact norm, from all columns; the first is in `first`.
fn column_norm(
    oracle: &mut Oracle<'_, '_, '_>,
    at: &dyn SecondOrder,
    metric: &Metric,
    first: Vec<f64>,
) -> Tried<f64> {
    let d = oracle.theta.len();
    let mut columns = vec![first];
    for j in 1..d {
        let mut column = zeros("mixed", columns[0].len())?;
        let mut unit = vec![0.0; d];
        unit[j] = 1.0;
        oracle.mixed(at, &unit, &mut column)?;
        columns.push(column);
    }
    columns.iter_mut().for_each(|column| metric.whiten(column));
    let mut gram = Square::zeros(d);
    for j in 0..d {
        for k in 0..d {
            gram.column_mut(j)[k] = dot(&columns[j], &columns[k]);
        }
    }
    Ok(largest_eigenvalue(&gram).max(0.0).sqrt())
}

/// An estimate of the Frobenius norm, which is not below the spectral one.
fn probed_norm(
    oracle: &mut Oracle<'_, '_, '_>,
    at: &dyn SecondOrder,
    metric: &Metric,
) -> Tried<(f64, Rigor)> {
    let (mut v, mut out) = (zeros("mixed", oracle.variables())?, zeros("mixed", oracle.theta.len())?);
    if out.is_empty() {
        return Ok((0.0, Rigor::Proven));
    }
    let mut stream = Stream::new(1, Purpose::Start, oracle.sample as u64);
    let mut squares = 0.0;
    for _ in 0..PROBES {
        v.iter_mut().for_each(|v| *v = stream.normal());
        metric.whiten(&mut v);
        oracle.mixed_transposed(at, &v, &mut out)?;
        squares += dot(&out, &out);
    }
    Ok((PROBE_MARGIN * (squares / PROBES as f64).sqrt(), Rigor::Estimated))
}

/// How `A q` and `B' q` change with `x`: sampled stand-ins of `L_A |q|` and `L_B |q|`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Changes {
    /// `|(A(x + s) - A(x)) q| / |s|`.
    pub hessian: f64,
    /// `|(B(x + s) - B(x))' q| / |s|`; NaN unless asked for.
    pub mixed: f64,
}

/// Where changes are looked at: the point, and what is known there.
pub struct Probe<'s> {
    pub x: &'s [f64],
    pub q: &'s [f64],
    /// `A(x) q`.
    pub hessian: &'s [f64],
    /// `B(x)' q`; `None`: not asked for.
    pub mixed: Option<&'s [f64]>,
    /// The distance to go.
    pub distance: f64,
    pub metric: &'s Metric,
}

/// Changes along one random direction, in the part of `x` that moves with theta: one Hessian product, and one mixed
/// product if asked for. Where that part is another there, the jump counts as a change.
pub fn changes(oracle: &mut Oracle<'_, '_, '_>, probe: &Probe<'_>, draw: u64) -> Tried<Changes> {
    let Probe { x, q, hessian, mixed, distance, metric } = *probe;
    let mut s = zeros("sampled direction", x.len())?;
    let mut stream = Stream::new(oracle.sample as u64, Purpose::Probe, draw);
    s.iter_mut().for_each(|s| *s = stream.normal());
    if !oracle.problem.is_smooth() {
        oracle.second_order(x)?.restrict(&mut s);
    }
    let length = distance.max(1e-8 * (1.0 + metric.of(x)));
    let scale = length / metric.of(&s).max(f64::MIN_POSITIVE);
    s.iter_mut().zip(x).for_each(|(s, x)| *s = x + scale * *s);
    let found = (|| {
        let there = oracle.second_order(&s)?;
        let mut out = zeros("hessian", x.len())?;
        oracle.hessian(&*there, q, &mut out)?;
        out.iter_mut().zip(hessian).for_each(|(o, h)| *o -= h);
        let mut changes = Changes { hessian: metric.dual(&out) / length, mixed: f64::NAN };
        if let Some(mixed) = mixed {
            let mut out = zeros("mixed", mixed.len())?;
            oracle.mixed_transposed(&*there, q, &mut out)?;
            out.iter_mut().zip(mixed).for_each(|(o, b)| *o -= b);
            changes.mixed = norm(&out) / length;
        }
        Ok(changes)
    })();
    match found {
        // A neighbour that cannot be evaluated says nothing good of the bound.
        Err(Interrupt::Flaw(Flaw::NotFinite { .. } | Flaw::Refused { .. })) => {
            Ok(Changes { hessian: f64::INFINITY, mixed: f64::INFINITY })
        }
        found => found,
    }
}
