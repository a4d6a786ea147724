//! Penalties `G(x)`: sums over units, where a unit is a coordinate or a group of coordinates.
//!
//! To add a penalty: write a file with the same functions as [`separable`] or [`group`], add a variant to [`Penalty`]
//! and to `with_penalty!`, add its name to the option table. The tests below pick it up from `examples`.

pub mod group;
mod membership;
pub mod separable;
pub mod sparse_group;

pub use group::Group;
pub use separable::{Coordinate, Separable};
pub use sparse_group::{GroupTerms, SparseGroup};

use crate::numerics::sum::sum;

/// The penalties.
#[derive(Debug, Clone)]
pub enum Penalty {
    /// L1, ridge and bounds on each coordinate.
    Separable(Separable),
    /// `sum_g w_g |x_g|_2`.
    Group(Group),
    /// L1, group norms and a ridge on each group.
    SparseGroup(SparseGroup),
}

macro_rules! with_penalty {
    ($penalty:expr, $p:ident => $body:expr) => {
        match $penalty {
            Penalty::Separable($p) => $body,
            Penalty::Group($p) => $body,
            Penalty::SparseGroup($p) => $body,
        }
    };
}

impl Penalty {
    /// The same penalty on each of `k` outputs of a feature (groups take all outputs of their features together), and then
    /// coordinates of their own: free where `free` says so, fixed at 0 elsewhere.
    ///
    /// Coordinate `j k + c` is output `c` of coordinate `j`.
    #[must_use]
    pub fn for_outputs(&self, k: usize, free: &[bool]) -> Penalty {
        match self {
            Penalty::Separable(p) => Penalty::Separable(p.for_outputs(k, free)),
            Penalty::Group(p) => Penalty::Group(p.for_outputs(k, free)),
            Penalty::SparseGroup(p) => Penalty::SparseGroup(p.for_outputs(k, free)),
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
            Penalty::Group(p) => sum(p.parts(x).map(|(u, x)| p.unit_value(u, &x))),
            Penalty::SparseGroup(p) => sum(p.parts(x).map(|(u, x)| p.unit_value(u, &x))),
        }
    }

    /// Replaces `v` by the minimizer of `h/2 |x - v|^2 + G_u(x)`, `h > 0`.
    #[inline]
    pub fn prox(&self, u: usize, h: f64, v: &mut [f64]) {
        with_penalty!(self, p => p.prox(u, h, v));
    }

    /// `(w, l2)` where the penalty of a unit of several coordinates is `w |x|_2 + l2/2 |x|_2^2`, which rotations leave as
    /// it is.
    pub fn radial(&self, u: usize) -> Option<(f64, f64)> {
        match self {
            Penalty::Separable(_) => None,
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

    /// Whether `G_u` is twice differentiable near `x` along coordinate `k` of the unit, with those of its coordinates that
    /// are at a kink held there. The functions below then take the parts of the coordinates that move freely.
    pub fn moves_freely(&self, u: usize, x: &[f64], k: usize) -> bool {
        match self {
            Penalty::SparseGroup(p) => p.moves_freely(u, x, k),
            _ => self.is_smooth_at(u, x),
        }
    }

    /// How far `-g` is inside the subdifferential of `G_u` at a kink or bound: negative outside, infinite where `G_u` is
    /// smooth.
    pub fn margin(&self, u: usize, x: &[f64], g: &[f64]) -> f64 {
        match self {
            Penalty::Separable(p) => p.margin(u, x[0], g[0]),
            Penalty::SparseGroup(p) => p.margin(u, x, g),
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
            Penalty::Group(p) => sum(p.parts(v).map(|(u, v)| p.unit_conjugate(u, &v))),
            Penalty::SparseGroup(p) => sum(p.parts(v).map(|(u, v)| p.unit_conjugate(u, &v))),
        }
    }

    /// The least `t >= 0` such that `v / t` is in the domain of the conjugate, over all units that are not free.
    pub fn gauge(&self, v: &[f64]) -> f64 {
        match self {
            Penalty::Separable(p) => p.gauge(v),
            Penalty::Group(p) => p.largest_of_penalized(v, Group::unit_gauge),
            Penalty::SparseGroup(p) => p.largest_of_penalized(v, SparseGroup::unit_gauge),
        }
    }

    /// The least factor on the penalty with which `x_u = 0` is optimal for every unit that has one, given
    /// `v = -gradient`.
    pub fn zero_threshold(&self, v: &[f64]) -> f64 {
        match self {
            Penalty::Separable(p) => p.zero_threshold(v),
            Penalty::Group(p) => p.largest_of_penalized(v, Group::unit_threshold),
            Penalty::SparseGroup(p) => p.largest_of_penalized(v, SparseGroup::unit_threshold),
        }
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

/// Replaces `v` by the minimizer of `1/2 x'diag(sigma)x - v'x + w |x|_2`, for `sigma >= 0` and `w > 0`: 0 if `|v| <= w`,
/// else `x_i = v_i eta / (sigma_i eta + w)` with `eta = |x|` the root of `sum_i v_i^2 / (sigma_i eta + w)^2 = 1`.
///
/// The inverse root of that sum is concave in `eta` and near a line, so Newton steps on it climb to the root from 0, in
/// few steps. `false`, and `v` as it was, where there is no minimizer or it is too far to be found.
pub fn radial_minimizer(sigma: &[f64], w: f64, v: &mut [f64]) -> bool {
    let squares: f64 = v.iter().map(|v| v * v).sum();
    if squares.sqrt() <= w {
        v.fill(0.0);
        return true;
    }
    let mut eta = 0.0_f64;
    for _ in 0..RADIAL_STEPS {
        let (mut sum, mut slope) = (0.0, 0.0);
        for (v, s) in v.iter().zip(sigma) {
            let bottom = s * eta + w;
            let term = (v / bottom) * (v / bottom);
            sum += term;
            slope += s * (term / bottom);
        }
        // On f = sum^(-1/2) - 1, whose derivative is slope sum^(-3/2).
        let step = (sum.sqrt() - 1.0) * (sum / slope);
        if !step.is_finite() {
            return false;
        }
        let next = eta + step;
        if step <= 2.0 * f64::EPSILON * next {
            v.iter_mut().zip(sigma).for_each(|(v, s)| *v *= next / (s * next + w));
            return true;
        }
        eta = next;
    }
    false
}

const RADIAL_STEPS: usize = 60;

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INF: f64 = f64::INFINITY;

    /// A penalty of each kind on four coordinates.
    fn examples() -> Vec<Penalty> {
        let separable = |l1: f64, l2: f64, lower: f64, upper: f64| {
            Penalty::Separable(Separable::new([Coordinate { l1, l2, lower, upper }; 4]))
        };
        vec![
            separable(0.0, 0.0, -INF, INF),
            separable(0.7, 0.0, -INF, INF),
            separable(0.0, 0.4, -INF, INF),
            separable(0.7, 0.4, -INF, INF),
            separable(0.0, 0.0, -0.5, 0.8),
            separable(0.7, 0.0, 0.0, INF),
            separable(0.7, 0.4, -0.5, 0.8),
            separable(0.3, 0.0, 0.2, 0.9),
            Penalty::Group(Group::new(&[0, 1, 0, 1], vec![0.7, 0.0]).unwrap()),
            Penalty::Group(Group::new(&[2, 0, 0, 2], vec![1.3, 1.0, 0.2]).unwrap()),
            sparse_group(&[0, 1, 0, 1], &[(0.3, 0.5, 0.0), (0.6, 0.0, 0.0)]),
            sparse_group(&[0, 0, 0, 1], &[(0.4, 0.3, 0.0), (0.2, 0.7, 0.0)]),
            sparse_group(&[0, 0, 0, 0], &[(0.4, 0.3, 0.5)]),
            sparse_group(&[0, 1, 1, 0], &[(0.0, 0.3, 0.5), (0.0, 0.0, 0.0)]),
        ]
    }

    /// Each group with its `(l1, weight, l2)`.
    fn sparse_group(of: &[usize], terms: &[(f64, f64, f64)]) -> Penalty {
        let terms: Vec<GroupTerms> =
            terms.iter().map(|&(l1, weight, l2)| GroupTerms { l1, weight, l2 }).collect();
        Penalty::SparseGroup(SparseGroup::new(of, &terms).unwrap())
    }

    fn part(penalty: &Penalty, u: usize, full: &[f64]) -> Vec<f64> {
        penalty.columns(u).iter().map(|&j| full[j]).collect()
    }

    proptest! {
        #[test]
        fn prox_is_optimal_and_has_no_subgradient(
            v in prop::collection::vec(-2.0..2.0_f64, 4), h in 0.1..4.0_f64, trial in prop::collection::vec(-2.0..2.0_f64, 4),
        ) {
            for penalty in examples() {
                for u in 0..penalty.units() {
                    let v = part(&penalty, u, &v);
                    let mut x = v.clone();
                    penalty.prox(u, h, &mut x);
                    let model = |x: &[f64]| penalty.unit_value(u, x) + 0.5 * h * x.iter().zip(&v).map(|(x, v)| (x - v) * (x - v)).sum::<f64>();
                    prop_assert!(model(&x) <= model(&part(&penalty, u, &trial)) + 1e-12, "{penalty:?}");
                    prop_assert!(model(&x) <= model(&vec![0.0; x.len()]) + 1e-12);
                    let g: Vec<f64> = x.iter().zip(&v).map(|(x, v)| h * (x - v)).collect();
                    prop_assert!(penalty.violation(u, &x, &g) < 1e-9, "{penalty:?} {v:?} {x:?}");
                    prop_assert!(penalty.model_decrease(u, &x, &g, h) < 1e-12);
                }
            }
        }

        #[test]
        fn fenchel_young_and_the_gauge(
            x in prop::collection::vec(-2.0..2.0_f64, 4), v in prop::collection::vec(-2.0..2.0_f64, 4),
        ) {
            for penalty in examples() {
                let mut x = x.clone();
                penalty.project(&mut x);
                let gauge = penalty.gauge(&v);
                let free = (0..penalty.units()).any(|u| penalty.is_free(u));
                if !free {
                    let t = gauge.max(1.0) * (1.0 + 1e-15);
                    let v: Vec<f64> = v.iter().map(|v| v / t).collect();
                    let conjugate = penalty.conjugate(&v);
                    prop_assert!(conjugate.is_finite(), "{penalty:?} {v:?}");
                    let inner: f64 = x.iter().zip(&v).map(|(x, v)| x * v).sum();
                    prop_assert!(penalty.value(&x) + conjugate >= inner - 1e-12, "{penalty:?}");
                }
                if gauge > 1.0 + 1e-9 {
                    prop_assert_eq!(penalty.conjugate(&v), INF);
                }
            }
        }

        #[test]
        fn the_model_decrease_and_the_urgency_are_positive_exactly_where_a_unit_can_improve(
            x in prop::collection::vec(prop::sample::select(vec![-0.5, 0.0, 0.3, 0.8]), 4),
            g in prop::collection::vec(-2.0..2.0_f64, 4), h in 0.5..2.0_f64,
        ) {
            for penalty in examples() {
                let mut x = x.clone();
                penalty.project(&mut x);
                for u in 0..penalty.units() {
                    let (x, g) = (part(&penalty, u, &x), part(&penalty, u, &g));
                    let violated = penalty.violation(u, &x, &g) > 1e-9;
                    prop_assert_eq!(penalty.model_decrease(u, &x, &g, h) > 1e-20, violated, "{:?} {:?} {:?}", penalty, x, g);
                    if violated {
                        prop_assert!(penalty.urgency(u, &x, &g, h) > 0.0);
                    }
                }
            }
        }

        #[test]
        fn gradient_and_hessian_are_derivatives_where_smooth(
            x in prop::collection::vec(0.25..0.45_f64, 4), p in prop::collection::vec(-1.0..1.0_f64, 4),
        ) {
            for penalty in examples() {
                for u in (0..penalty.units()).filter(|&u| !penalty.is_fixed(u)) {
                    let (x, p) = (part(&penalty, u, &x), part(&penalty, u, &p));
                    prop_assert!(penalty.is_smooth_at(u, &x));
                    let h = 1e-5;
                    let moved = |t: f64| x.iter().zip(&p).map(|(x, p)| x + t * p).collect::<Vec<f64>>();
                    let gradient = |x: &[f64]| { let mut g = vec![0.0; x.len()]; penalty.add_gradient(u, x, &mut g); g };
                    let slope: f64 = gradient(&x).iter().zip(&p).map(|(g, p)| g * p).sum();
                    let difference = (penalty.unit_value(u, &moved(h)) - penalty.unit_value(u, &moved(-h))) / (2.0 * h);
                    prop_assert!((slope - difference).abs() < 1e-8, "{penalty:?}");
                    let mut product = vec![0.0; x.len()];
                    penalty.add_hessian_product(u, &x, &p, &mut product);
                    for ((a, b), c) in gradient(&moved(h)).iter().zip(gradient(&moved(-h))).zip(&product) {
                        prop_assert!(((a - b) / (2.0 * h) - c).abs() < 1e-7);
                    }
                }
            }
        }
    }

    #[test]
    fn changes_are_differences_and_keep_small_ones() {
        for penalty in examples() {
            for u in 0..penalty.units() {
                let x = part(&penalty, u, &[0.3, 0.4, 0.5, 0.6]);
                let change = |by: f64| {
                    let to: Vec<f64> = x.iter().map(|x| x * by).collect();
                    (penalty.unit_change(u, &x, &to), penalty.unit_value(u, &to) - penalty.unit_value(u, &x))
                };
                for by in [0.0, 0.9, 1.2, -0.5] {
                    let (found, expected) = change(by);
                    assert!(found == expected || (found - expected).abs() < 1e-15, "{penalty:?} {by}");
                }
                // From a step of one part in 2^40 to one of a part in 2^41 the change halves.
                let (whole, half) = (change(1.0 + 2.0_f64.powi(-40)).0, change(1.0 + 2.0_f64.powi(-41)).0);
                assert!((whole - 2.0 * half).abs() <= 1e-3 * whole.abs(), "{penalty:?} {whole:e} {half:e}");
            }
        }
    }

    #[test]
    fn moves_settle_at_kinks_and_bounds() {
        let penalties = examples();
        let mut to = [-0.3];
        assert!(penalties[1].settle(0, &[0.2], &mut to));
        assert_eq!(to, [0.0]);
        assert_eq!(penalties[1].first_kink(0, &[0.2], &[-0.4]), 0.5);
        assert_eq!(penalties[0].first_kink(0, &[0.2], &[-0.4]), INF);
        let mut to = [1.5];
        assert!(penalties[4].settle(0, &[0.4], &mut to));
        assert_eq!(to, [0.8]);
        assert_eq!(penalties[4].first_kink(0, &[0.4], &[0.8]), 0.5);
        // A group may turn, by less than a right angle.
        assert!(!penalties[8].settle(0, &[0.2, 0.1], &mut [-0.1, 0.3]));
        let mut to = [-0.3, 0.1];
        assert!(penalties[8].settle(0, &[0.2, 0.1], &mut to));
        assert_eq!(to, [0.0, 0.0]);
        assert_eq!(penalties[8].first_kink(0, &[0.2, 0.0], &[-0.4, 1.0]), 0.5);
    }

    #[test]
    fn outputs_share_the_penalty_of_their_feature() {
        let x = [0.3, 0.0, 0.6, -0.2];
        for penalty in examples() {
            let one = penalty.for_outputs(1, &[]);
            assert_eq!(one.value(&x), penalty.value(&x));
            let three = penalty.for_outputs(3, &[true, false]);
            // The same numbers in every output; the free coordinate costs nothing, the fixed one goes to 0.
            let mut full: Vec<f64> = x.iter().flat_map(|x| [*x; 3]).collect();
            full.extend([7.0, 0.0]);
            let factor = if matches!(penalty, Penalty::Group(_)) { 3.0_f64.sqrt() } else { 3.0 };
            let mut wanted = factor * penalty.value(&x);
            if let Penalty::SparseGroup(p) = &penalty {
                let norms = p.without_norms();
                wanted = 3.0 * norms.value(&x) + 3.0_f64.sqrt() * (penalty.value(&x) - norms.value(&x));
            }
            let found = three.value(&full);
            assert!(found == wanted || (found - wanted).abs() < 4e-15, "{penalty:?} {found} {wanted}");
            let last = (0..three.units()).filter(|&u| three.columns(u) == [13]).collect::<Vec<_>>();
            assert!(last.len() == 1 && three.is_fixed(last[0]));
            let first = (0..three.units()).find(|&u| three.columns(u) == [12]).unwrap();
            assert!(three.is_free(first));
        }
    }

    #[test]
    fn radial_minimizers_are_optimal() {
        let cases: [(&[f64], f64, &[f64]); 6] = [
            (&[1.0, 1.0, 1.0], 0.5, &[1.0, -2.0, 0.3]),
            (&[1e-3, 1.0, 1e3], 0.5, &[1.0, -2.0, 0.3]),
            (&[0.0, 2.0, 5.0], 0.5, &[0.0, -2.0, 0.3]),
            (&[0.0, 2.0, 5.0], 0.5, &[0.1, -2.0, 0.3]),
            (&[1e-8, 1.0, 1e8], 1e-6, &[1e-4, 1.0, -1e4]),
            (&[1.0, 2.0, 3.0], 4.0, &[1.0, 2.0, 3.0]),
        ];
        for (sigma, w, v) in cases {
            let mut x = v.to_vec();
            assert!(radial_minimizer(sigma, w, &mut x), "{sigma:?} {w} {v:?}");
            let size = x.iter().map(|x| x * x).sum::<f64>().sqrt();
            if size == 0.0 {
                assert!(v.iter().map(|v| v * v).sum::<f64>().sqrt() <= w);
                continue;
            }
            for k in 0..3 {
                let slope = sigma[k] * x[k] - v[k] + w * x[k] / size;
                assert!(slope.abs() <= 1e-13 * (v[k].abs() + w), "{sigma:?} {w} {v:?} {x:?} {slope}");
            }
        }
        // Along a direction without curvature the norm alone does not hold it.
        let mut x = [1.0, 0.2];
        assert!(!radial_minimizer(&[0.0, 1.0], 0.5, &mut x));
        assert_eq!(x, [1.0, 0.2]);
    }

    #[test]
    fn a_long_group_scaled_by_its_gauge_is_in_the_domain() {
        for n in [1_usize, 7, 300, 20_000, 300_000] {
            for seed in 0..20_u64 {
                let mut state = seed;
                let mut next = || {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
                };
                let v: Vec<f64> = (0..n).map(|_| next()).collect();
                let one = vec![0; n];
                let group = Penalty::Group(Group::new(&one, vec![0.7]).unwrap());
                for penalty in
                    [group, sparse_group(&one, &[(0.3, 0.5, 0.0)]), sparse_group(&one, &[(1e-3, 0.5, 0.0)])]
                {
                    let t = (1.0 - 4.0 * f64::EPSILON) / penalty.gauge(&v);
                    let v: Vec<f64> = v.iter().map(|v| t * v).collect();
                    assert_eq!(penalty.conjugate(&v), 0.0, "{n} {seed}");
                }
                if n > 1000 && seed > 2 {
                    break;
                }
            }
        }
    }

    #[test]
    fn zero_thresholds() {
        let penalties = examples();
        let v = [1.0, -2.0, 0.5, 0.1];
        assert_eq!(penalties[1].zero_threshold(&v), 2.0 / 0.7);
        assert_eq!(penalties[5].zero_threshold(&v), 1.0 / 0.7);
        assert_eq!(penalties[2].zero_threshold(&v), INF);
        assert!((penalties[8].zero_threshold(&v) - 1.25_f64.sqrt() / 0.7).abs() < 1e-15);
    }
}
