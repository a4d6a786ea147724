//! Penalties `G(x)`: sums over units, where a unit is a coordinate or a group of coordinates.
//!
//! To add a penalty: write a file with the same functions as [`separable`] or [`group`], add a variant to [`Penalty`]
//! and to `with_penalty!`, add its name to the option table. The tests pick it up from `examples`.

pub mod group;
mod membership;
mod radial;
pub mod separable;
pub mod sparse_group;
#[cfg(test)]
mod tests;
pub mod tilted;

pub use group::Group;
pub use radial::radial_minimizer;
pub use separable::{Coordinate, Separable};
pub use sparse_group::{GroupTerms, SparseGroup};
pub use tilted::Tilted;

use crate::numerics::sum::{Sum, sum};
use std::sync::Arc;

/// The penalties.
#[derive(Debug, Clone)]
pub enum Penalty {
    /// L1, ridge and bounds on each coordinate.
    Separable(Separable),
    /// `sum_g w_g |x_g|_2`.
    Group(Group),
    /// L1, group norms and a ridge on each group.
    SparseGroup(SparseGroup),
    /// One of the others and a linear term.
    Tilted(Tilted),
}

macro_rules! with_penalty {
    ($penalty:expr, $p:ident => $body:expr) => {
        match $penalty {
            Penalty::Separable($p) => $body,
            Penalty::Group($p) => $body,
            Penalty::SparseGroup($p) => $body,
            Penalty::Tilted($p) => $body,
        }
    };
}

impl Penalty {
    /// The same penalty on each of `k` outputs of a feature (groups take all outputs of their features together), and
    /// then coordinates of their own: free where `free` says so, fixed at 0 elsewhere.
    ///
    /// Coordinate `j k + c` is output `c` of coordinate `j`.
    #[must_use]
    pub fn for_outputs(&self, k: usize, free: &[bool]) -> Penalty {
        match self {
            Penalty::Separable(p) => Penalty::Separable(p.for_outputs(k, free)),
            Penalty::Group(p) => Penalty::Group(p.for_outputs(k, free)),
            Penalty::SparseGroup(p) => Penalty::SparseGroup(p.for_outputs(k, free)),
            Penalty::Tilted(p) => Penalty::Tilted(p.for_outputs(k, free)),
        }
    }

    /// The penalty plus `slope'x`; `slope` has one number for each coordinate. Of several linear terms the sum is
    /// meant.
    #[must_use]
    pub fn tilted(self, slope: Vec<f64>) -> Penalty {
        match self {
            Penalty::Tilted(p) => {
                let sum = p.slope().iter().zip(&slope).map(|(a, b)| a + b).collect();
                p.of().clone().tilted(sum)
            }
            // Nothing changes, not even a bit.
            plain if slope.iter().all(|c| *c == 0.0) => plain,
            plain => Penalty::Tilted(Tilted::new(plain, slope)),
        }
    }

    /// The penalty without its linear term.
    #[inline]
    pub fn untilted(&self) -> &Penalty {
        match self {
            Penalty::Tilted(p) => p.of(),
            plain => plain,
        }
    }

    /// The slope of each coordinate, where there is a linear term.
    #[inline]
    pub fn slope(&self) -> Option<&Arc<[f64]>> {
        match self {
            Penalty::Tilted(p) => Some(p.slope()),
            _ => None,
        }
    }

    /// `v` less the slopes: what the conjugate of the penalty without its linear term is asked about.
    pub fn reduced(&self, v: Vec<f64>) -> Vec<f64> {
        match self {
            Penalty::Tilted(p) => p.reduced(&v),
            _ => v,
        }
    }

    /// Number of units.
    pub fn units(&self) -> usize {
        with_penalty!(self, p => p.units())
    }

    /// The coordinates of unit `u`.
    #[inline]
    pub fn columns(&self, u: usize) -> &[usize] {
        with_penalty!(self, p => p.columns(u))
    }

    /// Whether the unit cannot move: infinite weight, or equal bounds.
    pub fn is_fixed(&self, u: usize) -> bool {
        with_penalty!(self, p => p.is_fixed(u))
    }

    /// Whether the unit has neither penalty nor bounds.
    pub fn is_free(&self, u: usize) -> bool {
        with_penalty!(self, p => p.is_free(u))
    }

    /// Whether the unit has neither kinks nor bounds: its penalty is quadratic (or none) everywhere.
    pub fn is_quadratic(&self, u: usize) -> bool {
        with_penalty!(self, p => p.is_quadratic(u))
    }

    /// How large the gradient at the unit may be, in the Euclidean norm, without moving it from 0: 0 where any gradient
    /// moves it.
    #[inline]
    pub fn dead_zone(&self, u: usize) -> f64 {
        with_penalty!(self, p => p.dead_zone(u))
    }

    /// The bound of a unit that has no penalty and is bounded on one side only; `None` for all others.
    pub fn only_bound(&self, u: usize) -> Option<f64> {
        match self {
            Penalty::Separable(p) => p.only_bound(u),
            Penalty::Group(_) | Penalty::SparseGroup(_) => None,
            Penalty::Tilted(p) => p.of().only_bound(u),
        }
    }

    /// `G_u(x_u)`; infinite outside bounds.
    #[inline]
    pub fn unit_value(&self, u: usize, x: &[f64]) -> f64 {
        with_penalty!(self, p => p.unit_value(u, x))
    }

    /// `G_u(to) - G_u(from)` for `from` within the bounds, accurate also where the two are near.
    #[inline]
    pub fn unit_change(&self, u: usize, from: &[f64], to: &[f64]) -> f64 {
        with_penalty!(self, p => p.unit_change(u, from, to))
    }

    /// `G(x)`, compensated.
    pub fn value(&self, x: &[f64]) -> f64 {
        match self {
            Penalty::Separable(p) => p.value(x),
            Penalty::Group(_) | Penalty::SparseGroup(_) => {
                sum((0..self.units()).map(|u| self.unit_value(u, &self.part(u, x))))
            }
            Penalty::Tilted(p) => {
                let terms = x.iter().zip(&**p.slope()).filter(|(_, c)| **c != 0.0).map(|(x, c)| c * x);
                sum(terms.chain([p.of().value(x)]))
            }
        }
    }

    /// Replaces `v` by the minimizer of `h/2 |x - v|^2 + G_u(x)`, `h > 0`.
    #[inline]
    pub fn prox(&self, u: usize, h: f64, v: &mut [f64]) {
        with_penalty!(self, p => p.prox(u, h, v));
    }

    /// `(w, l2)` where the penalty of a unit of several coordinates is `w |x|_2 + l2/2 |x|_2^2`, which rotations leave
    /// as it is.
    pub fn radial(&self, u: usize) -> Option<(f64, f64)> {
        match self {
            Penalty::Separable(_) | Penalty::Tilted(_) => None,
            Penalty::Group(p) => Some((p.dead_zone(u), 0.0)),
            Penalty::SparseGroup(p) => p.radial(u),
        }
    }

    /// Writes the minimum-norm element of `g + dG_u(x)` into `out` (GS-s); zero iff the unit is optimal.
    pub fn subgradient(&self, u: usize, x: &[f64], g: &[f64], out: &mut [f64]) {
        with_penalty!(self, p => p.subgradient(u, x, g, out));
    }

    /// `|subgradient|_2`.
    pub fn violation(&self, u: usize, x: &[f64], g: &[f64]) -> f64 {
        let mut out = [0.0; 8];
        if x.len() <= 8 {
            self.subgradient(u, x, g, &mut out[..x.len()]);
            out[..x.len()].iter().map(|v| v * v).sum::<f64>().sqrt()
        } else {
            let mut out = vec![0.0; x.len()];
            self.subgradient(u, x, g, &mut out);
            out.iter().map(|v| v * v).sum::<f64>().sqrt()
        }
    }

    /// The Euclidean norm of the minimum-norm element of `g + dG(x)`, coordinate `j` of it times `scale(j)`,
    /// compensated.
    ///
    /// `x` and `g` have a number for each coordinate. Fixed units and coordinates of scale 0 do not count.
    pub fn subgradient_norm(&self, x: &[f64], g: &[f64], scale: impl Fn(usize) -> f64) -> f64 {
        let mut squares = Sum::default();
        let (mut unit_x, mut unit_g, mut out) = (Vec::new(), Vec::new(), Vec::new());
        for u in (0..self.units()).filter(|&u| !self.is_fixed(u)) {
            let columns = self.columns(u);
            unit_x.clear();
            unit_x.extend(columns.iter().map(|&j| x[j]));
            unit_g.clear();
            unit_g.extend(columns.iter().map(|&j| g[j]));
            out.clear();
            out.resize(columns.len(), 0.0);
            self.subgradient(u, &unit_x, &unit_g, &mut out);
            for (&j, part) in columns.iter().zip(&out) {
                let scale = scale(j);
                if scale != 0.0 {
                    squares.add((part * scale).powi(2));
                }
            }
        }
        squares.value().sqrt()
    }

    /// GS-q: the decrease `-min_d g'd + h/2 |d|^2 + G_u(x + d) - G_u(x)` of the model with curvature `h`.
    pub fn model_decrease(&self, u: usize, x: &[f64], g: &[f64], h: f64) -> f64 {
        let mut next: Vec<f64> = x.iter().zip(g).map(|(x, g)| x - g / h).collect();
        self.prox(u, h, &mut next);
        let smooth: f64 =
            x.iter().zip(g).zip(&next).map(|((x, g), n)| (n - x) * (g + 0.5 * h * (n - x))).sum();
        (-(smooth + self.unit_change(u, x, &next))).max(0.0)
    }

    /// Whether `G_u` is twice differentiable near `x` along all of the unit.
    pub fn is_smooth_at(&self, u: usize, x: &[f64]) -> bool {
        with_penalty!(self, p => p.is_smooth_at(u, x))
    }

    /// Whether `G_u` is twice differentiable near `x` along coordinate `k` of the unit, with those of its coordinates
    /// that are at a kink held there. The functions below then take the parts of the coordinates that move freely, but
    /// for penalties with a linear term, which they want without it.
    pub fn moves_freely(&self, u: usize, x: &[f64], k: usize) -> bool {
        match self {
            Penalty::SparseGroup(p) => p.moves_freely(u, x, k),
            Penalty::Tilted(p) => p.of().moves_freely(u, x, k),
            _ => self.is_smooth_at(u, x),
        }
    }

    /// How far `-g` is inside the subdifferential of `G_u` at a kink or bound: negative outside, infinite where `G_u`
    /// is smooth.
    pub fn margin(&self, u: usize, x: &[f64], g: &[f64]) -> f64 {
        match self {
            Penalty::Separable(p) => p.margin(u, x[0], g[0]),
            Penalty::SparseGroup(p) => p.margin(u, x, g),
            Penalty::Tilted(p) => p.margin(u, x, g),
            _ if self.is_smooth_at(u, x) => f64::INFINITY,
            _ => self.dead_zone(u) - g.iter().map(|g| g * g).sum::<f64>().sqrt(),
        }
    }

    /// Adds the gradient of `G_u` to `g`, where it is smooth.
    pub fn add_gradient(&self, u: usize, x: &[f64], g: &mut [f64]) {
        with_penalty!(self, p => p.add_gradient(u, x, g));
    }

    /// `out += (Hessian of G_u at x) p`, where it is smooth.
    pub fn add_hessian_product(&self, u: usize, x: &[f64], p: &[f64], out: &mut [f64]) {
        with_penalty!(self, q => q.add_hessian_product(u, x, p, out));
    }

    /// Whether `G_u` differs from its quadratic model by little along the step `p`, short of a kink.
    pub fn is_nearly_quadratic(&self, u: usize, x: &[f64], p: &[f64]) -> bool {
        with_penalty!(self, q => q.is_nearly_quadratic(u, x, p))
    }

    /// The step along `p` at which the unit meets a kink or a bound; infinite if it never does.
    pub fn first_kink(&self, u: usize, x: &[f64], p: &[f64]) -> f64 {
        with_penalty!(self, q => q.first_kink(u, x, p))
    }

    /// Stops a move from `from` at the kinks and bounds that it passed; tells whether there were any.
    pub fn settle(&self, u: usize, from: &[f64], to: &mut [f64]) -> bool {
        with_penalty!(self, q => q.settle(u, from, to))
    }

    /// The conjugate of one unit; infinite outside its domain.
    pub fn unit_conjugate(&self, u: usize, v: &[f64]) -> f64 {
        with_penalty!(self, p => p.unit_conjugate(u, v))
    }

    /// The least `t >= 0` such that `v / t` is in the domain of the unit's conjugate.
    pub fn unit_gauge(&self, u: usize, v: &[f64]) -> f64 {
        with_penalty!(self, p => p.unit_gauge(u, v))
    }

    /// The conjugate `sup_x v'x - G(x)`, compensated; infinite outside its domain.
    pub fn conjugate(&self, v: &[f64]) -> f64 {
        match self {
            Penalty::Separable(p) => p.conjugate(v),
            Penalty::Group(_) | Penalty::SparseGroup(_) => {
                sum((0..self.units()).map(|u| self.unit_conjugate(u, &self.part(u, v))))
            }
            Penalty::Tilted(p) => p.of().conjugate(&p.reduced(v)),
        }
    }

    /// The conjugate at `t v`, without a copy of it where the penalty is the same L1 norm of all coordinates.
    pub fn conjugate_of_multiple(&self, t: f64, v: &[f64]) -> f64 {
        match self.l1_of_all() {
            Some(weight) if v.iter().fold(true, |inside, v| inside & ((t * v).abs() <= weight)) => 0.0,
            _ => self.conjugate(&v.iter().map(|v| t * v).collect::<Vec<f64>>()),
        }
    }

    /// The weight of the L1 norm, where the penalty is that and nothing else, with one weight for all coordinates.
    pub fn l1_of_all(&self) -> Option<f64> {
        match self {
            Penalty::Separable(p) => p.lasso_weight(),
            _ => None,
        }
    }

    /// The least `t >= 0` such that `v / t` is in the domain of the conjugate, over all units that are not free; with
    /// a linear term `v` less its slopes is meant.
    pub fn gauge(&self, v: &[f64]) -> f64 {
        match self {
            Penalty::Separable(p) => p.gauge(v),
            Penalty::Group(p) => self.largest_of_penalized(v, |u, v| p.unit_gauge(u, v)),
            Penalty::SparseGroup(p) => self.largest_of_penalized(v, |u, v| p.unit_gauge(u, v)),
            Penalty::Tilted(p) => p.of().gauge(&p.reduced(v)),
        }
    }

    /// The least factor on the penalty (not on its linear term) with which `x_u = 0` is optimal for every unit that
    /// has one, given `v = -gradient`.
    pub fn zero_threshold(&self, v: &[f64]) -> f64 {
        match self {
            Penalty::Separable(p) => p.zero_threshold(v),
            Penalty::Group(p) => self.largest_of_penalized(v, |u, v| p.unit_threshold(u, v)),
            Penalty::SparseGroup(p) => self.largest_of_penalized(v, |u, v| p.unit_threshold(u, v)),
            Penalty::Tilted(p) => p.of().zero_threshold(&p.reduced(v)),
        }
    }

    /// The part of a full vector that belongs to unit `u`.
    fn part(&self, u: usize, full: &[f64]) -> Vec<f64> {
        self.columns(u).iter().map(|&j| full[j]).collect()
    }

    /// The largest figure of the units that are not free.
    fn largest_of_penalized(&self, v: &[f64], of: impl Fn(usize, &[f64]) -> f64) -> f64 {
        let penalized = (0..self.units()).filter(|&u| !self.is_free(u));
        penalized.map(|u| of(u, &self.part(u, v))).fold(0.0, f64::max)
    }

    /// How near a unit is to leaving its kink, for the order of a working set: positive beyond it.
    pub fn urgency(&self, u: usize, x: &[f64], g: &[f64], h: f64) -> f64 {
        with_penalty!(self, p => p.urgency(u, x, g, h))
    }

    /// The point nearest to `x` that satisfies the bounds, with fixed units at their value.
    pub fn project(&self, x: &mut [f64]) {
        with_penalty!(self, p => p.project(x));
    }
}

/// `sign(v) max(|v| - t, 0)`.
#[inline]
pub fn soft_threshold(v: f64, t: f64) -> f64 {
    if v > t {
        v - t
    } else if v < -t {
        v + t
    } else {
        0.0
    }
}
