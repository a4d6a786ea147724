//! Penalties on the coefficients of a linear model, whose strengths are hyperparameters. All are sums over
//! coefficients.
//!
//! | penalty | value | theta |
//! |---|---|---|
//! | ridge | `1/2 sum_j exp(t_g(j)) w_j^2` | one `t` per group of coefficients |
//! | smoothed elastic net | `exp(t_1) sum_j (phi(w_j) - v) + 1/2 exp(t_2) w'w` | `t_1`, `t_2` |
//! | proximal | `1/2 lambda \|w - theta\|^2` | a point |
//! | fixed | `1/2 strength w'w` | none |
//!
//! Coefficients that no parameter reaches, such as an intercept, have the fixed ridge `1/2 FIXED_RIDGE w_j^2`: without
//! it the lower level would not be strongly convex.

use super::super::problem::Evaluated;
use super::super::problem::LOG_BOUND;
use super::check::{self, exponential, exponentials};
use super::smoothed_absolute::{THIRD, height, phi};
use crate::numerics::kernels::dot;
use crate::numerics::sum::Sum;
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Result};

/// The ridge of coefficients without a parameter.
pub const FIXED_RIDGE: f64 = 1e-6;

/// The group of a coefficient without a parameter.
const UNTOUCHED: usize = usize::MAX;

/// Which coefficients share a strength.
#[derive(Debug, Clone, PartialEq)]
pub enum Sharing {
    /// One strength for all.
    Single,
    /// One per feature, the same in all outputs.
    PerFeature,
    /// One per output (class).
    PerOutput,
    /// One per coefficient: feature `j` in output `c` has number `c p + j`.
    PerWeight,
    /// The group of each feature, in `0..groups`, the same in all outputs; each group has at least one.
    Groups(Vec<usize>),
}

/// A penalty.
#[derive(Debug)]
pub enum Penalty {
    /// Ridge: the group of each coefficient, and the number of groups.
    Ridge {
        /// The group of each coefficient.
        group: Vec<usize>,
        /// Groups.
        count: usize,
        /// The ridge of coefficients without a group.
        rest: f64,
    },
    /// Smoothed elastic net.
    ElasticNet {
        /// Where the absolute value is rounded off.
        v: f64,
        /// Which coefficients are penalized.
        reached: Vec<bool>,
    },
    /// The squared distance to theta.
    Proximal {
        /// Its strength, fixed.
        lambda: f64,
    },
    /// A ridge that theta does not reach.
    Fixed {
        /// Its strength, above 0.
        strength: f64,
    },
}

/// How `B` of the penalty acts.
#[derive(Debug)]
enum Mixed<'p> {
    /// `B u = b_j u_g(j)`.
    Grouped(&'p [usize], Vec<f64>),
    /// Two dense columns.
    Pair([Vec<f64>; 2]),
    /// `-lambda I`.
    Identity(f64),
    None,
}

/// Second derivatives of a penalty at a point.
#[derive(Debug)]
pub struct PenaltyAt<'p> {
    /// The Hessian, which is diagonal.
    pub diagonal: Vec<f64>,
    mixed: Mixed<'p>,
}

/// Constants of a penalty, as those of a lower level; all are proven.
#[derive(Debug, Clone, Copy)]
pub struct PenaltyConstants {
    /// Least curvature.
    pub mu: f64,
    /// Largest curvature.
    pub l: f64,
    /// Lipschitz constant of the curvature.
    pub l_a: f64,
    /// Lipschitz constant of `B`.
    pub l_b: f64,
}

impl Penalty {
    /// Ridge on `features` coefficients (the last of them an intercept, if there is one) of each of `outputs`.
    ///
    /// Errors: groups of another number of features, or empty ones.
    pub fn ridge(sharing: &Sharing, features: usize, intercept: bool, outputs: usize) -> Result<Self> {
        let penalized = features - usize::from(intercept);
        let count = match sharing {
            Sharing::Single => 1,
            Sharing::PerFeature => penalized,
            Sharing::PerOutput => outputs,
            Sharing::PerWeight => penalized * outputs,
            Sharing::Groups(groups) => groups_of(groups, penalized)?,
        };
        let group_of = |c: usize, j: usize| match sharing {
            _ if j == penalized => UNTOUCHED,
            Sharing::Single => 0,
            Sharing::PerFeature => j,
            Sharing::PerOutput => c,
            Sharing::PerWeight => c * penalized + j,
            Sharing::Groups(groups) => groups[j],
        };
        let group = (0..outputs)
            .flat_map(|c| (0..features).map(move |j| (c, j)))
            .map(|(c, j)| group_of(c, j))
            .collect();
        Ok(Penalty::Ridge { group, count, rest: FIXED_RIDGE })
    }

    /// One ridge on all of `features` coefficients but an intercept, or none at all; what it does not reach has no
    /// ridge either.
    pub fn one_ridge_at_most(has_ridge: bool, features: usize, intercept: bool) -> Self {
        let penalized = if has_ridge { features - usize::from(intercept) } else { 0 };
        let group = (0..features).map(|j| if j < penalized { 0 } else { UNTOUCHED }).collect();
        Penalty::Ridge { group, count: usize::from(has_ridge), rest: 0.0 }
    }

    /// The smoothed elastic net of one output. Errors: `v` that is not above 0.
    pub fn elastic_net(v: f64, features: usize, intercept: bool) -> Result<Self> {
        check::positive("v", v)?;
        let penalized = features - usize::from(intercept);
        Ok(Penalty::ElasticNet { v, reached: (0..features).map(|j| j < penalized).collect() })
    }

    /// The proximal term. Errors: `lambda` that is not above 0.
    pub fn proximal(lambda: f64) -> Result<Self> {
        check::positive("lambda", lambda)?;
        Ok(Penalty::Proximal { lambda })
    }

    /// Number of parameters, for `n` coefficients.
    pub fn parameters(&self, n: usize) -> usize {
        match self {
            Penalty::Ridge { count, .. } => *count,
            Penalty::ElasticNet { .. } => 2,
            Penalty::Proximal { .. } => n,
            Penalty::Fixed { .. } => 0,
        }
    }

    /// Whether the curvature is constant.
    pub fn is_quadratic(&self) -> bool {
        !matches!(self, Penalty::ElasticNet { .. })
    }

    /// Default bounds of the parameters.
    pub fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        let largest = if matches!(self, Penalty::Proximal { .. }) { f64::INFINITY } else { LOG_BOUND };
        lower.fill(-largest);
        upper.fill(largest);
    }

    /// The value at `w`; the gradient is added to `gradient`.
    pub fn value(&self, w: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        let mut sum = Sum::default();
        match self {
            Penalty::Ridge { group, rest, .. } => {
                let strength = exponentials(theta)?;
                for ((w, g), of) in w.iter().zip(gradient).zip(group) {
                    let rho = strength.get(*of).copied().unwrap_or(*rest);
                    sum.add(0.5 * rho * w * w);
                    *g += rho * w;
                }
            }
            Penalty::ElasticNet { v, reached } => {
                let (alpha, beta) = (exponential(theta[0])?, exponential(theta[1])?);
                for ((w, g), reached) in w.iter().zip(gradient).zip(reached) {
                    let (alpha, beta) = if *reached { (alpha, beta) } else { (0.0, FIXED_RIDGE) };
                    let phi = phi(w * w, *v);
                    sum.add(alpha * height(w * w, phi, *v) + 0.5 * beta * w * w);
                    *g += alpha * (w / phi) + beta * w;
                }
            }
            Penalty::Proximal { lambda } => {
                for ((w, g), t) in w.iter().zip(gradient).zip(theta) {
                    sum.add(0.5 * lambda * (w - t) * (w - t));
                    *g += lambda * (w - t);
                }
            }
            Penalty::Fixed { strength } => {
                for (w, g) in w.iter().zip(gradient) {
                    sum.add(0.5 * strength * w * w);
                    *g += strength * w;
                }
            }
        }
        Ok(sum.value())
    }

    /// Second derivatives at `w`.
    pub fn at(&self, w: &[f64], theta: &[f64]) -> Evaluated<PenaltyAt<'_>> {
        let (diagonal, mixed) = match self {
            Penalty::Ridge { group, rest, .. } => {
                let strength = exponentials(theta)?;
                let rho = |of: &usize| strength.get(*of).copied();
                let diagonal = group.iter().map(|of| rho(of).unwrap_or(*rest)).collect();
                let mixed = group.iter().zip(w).map(|(of, w)| rho(of).unwrap_or(0.0) * w).collect();
                (diagonal, Mixed::Grouped(group, mixed))
            }
            Penalty::ElasticNet { v, reached } => {
                let (alpha, beta) = (exponential(theta[0])?, exponential(theta[1])?);
                let mut diagonal = zeros("penalty", w.len())?;
                diagonal.fill(FIXED_RIDGE);
                let mut columns = [zeros("penalty", w.len())?, zeros("penalty", w.len())?];
                for j in (0..w.len()).filter(|j| reached[*j]) {
                    let phi = phi(w[j] * w[j], *v);
                    diagonal[j] = alpha * (v / phi) * (v / phi) / phi + beta;
                    (columns[0][j], columns[1][j]) = (alpha * (w[j] / phi), beta * w[j]);
                }
                (diagonal, Mixed::Pair(columns))
            }
            Penalty::Proximal { lambda } => (vec![*lambda; w.len()], Mixed::Identity(-lambda)),
            Penalty::Fixed { strength } => (vec![*strength; w.len()], Mixed::None),
        };
        Ok(PenaltyAt { diagonal, mixed })
    }

    /// The least curvature that each coefficient has at any `w`, added to `diagonal`, at least 0; `false` (with
    /// `diagonal` untouched) where it is the same for all.
    pub fn least_curvatures(&self, theta: &[f64], diagonal: &mut [f64]) -> Evaluated<bool> {
        match self {
            Penalty::Ridge { group, rest, .. } => {
                let strength = exponentials(theta)?;
                if strength.len() + usize::from(group.contains(&UNTOUCHED)) <= 1 {
                    return Ok(false);
                }
                for (d, of) in diagonal.iter_mut().zip(group) {
                    *d += strength.get(*of).copied().unwrap_or(*rest);
                }
                Ok(true)
            }
            Penalty::ElasticNet { reached, .. } if reached.iter().all(|r| *r) => Ok(false),
            Penalty::ElasticNet { reached, .. } => {
                let beta = exponential(theta[1])?;
                for (d, reached) in diagonal.iter_mut().zip(reached) {
                    *d += if *reached { beta } else { FIXED_RIDGE };
                }
                Ok(true)
            }
            Penalty::Proximal { .. } | Penalty::Fixed { .. } => Ok(false),
        }
    }

    /// Bounds for every `w`.
    ///
    /// Ridge: `B` is linear in `w` with at most one entry `exp(t_j)` per coefficient. Elastic net: the columns have the
    /// Lipschitz constants `exp(t_1) / v` and `exp(t_2)`.
    pub fn constants(&self, theta: &[f64]) -> Evaluated<PenaltyConstants> {
        Ok(match self {
            Penalty::Ridge { group, rest, .. } => {
                let strength = exponentials(theta)?;
                let of_all = group.iter().map(|of| strength.get(*of).copied().unwrap_or(*rest));
                let (mu, l) = of_all.fold((f64::INFINITY, 0.0_f64), |(mu, l), rho| (mu.min(rho), l.max(rho)));
                PenaltyConstants { mu, l, l_a: 0.0, l_b: strength.iter().copied().fold(0.0, f64::max) }
            }
            Penalty::ElasticNet { v, reached } => {
                let (alpha, beta) = (exponential(theta[0])?, exponential(theta[1])?);
                let fixed = if reached.iter().all(|r| *r) { beta } else { FIXED_RIDGE };
                PenaltyConstants {
                    mu: beta.min(fixed),
                    l: (alpha / v + beta).max(fixed),
                    l_a: THIRD * alpha / (v * v),
                    l_b: (alpha / v).hypot(beta),
                }
            }
            Penalty::Proximal { lambda: strength } | Penalty::Fixed { strength } => {
                PenaltyConstants { mu: *strength, l: *strength, l_a: 0.0, l_b: 0.0 }
            }
        })
    }
}

impl PenaltyAt<'_> {
    /// `out = B' q`.
    pub fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) {
        match &self.mixed {
            Mixed::Grouped(group, b) => {
                out.fill(0.0);
                for ((b, q), of) in b.iter().zip(q).zip(*group) {
                    if let Some(out) = out.get_mut(*of) {
                        *out += b * q;
                    }
                }
            }
            Mixed::Pair(columns) => out.iter_mut().zip(columns).for_each(|(o, b)| *o = dot(b, q)),
            Mixed::Identity(b) => out.iter_mut().zip(q).for_each(|(o, q)| *o = b * q),
            Mixed::None => {}
        }
    }

    /// The spectral norm of `M^-1/2 B`, `M` being a diagonal (the identity if there is none); `None` where there is no
    /// formula. The columns of groups have no row in common; of `-lambda I` it is `lambda/sqrt(min M)`.
    pub fn mixed_norm(&self, metric: Option<&[f64]>) -> Option<f64> {
        let (group, b) = match &self.mixed {
            Mixed::Grouped(group, b) => (group, b),
            Mixed::Identity(b) => {
                let least = metric.map_or(1.0, |m| m.iter().copied().fold(f64::INFINITY, f64::min));
                return Some(b.abs() / least.sqrt());
            }
            Mixed::Pair(_) | Mixed::None => return None,
        };
        let groups = group.iter().filter(|of| **of != UNTOUCHED).max().map_or(0, |of| of + 1);
        let mut squares = vec![0.0; groups];
        for (j, (of, b)) in group.iter().zip(b).enumerate() {
            if let Some(square) = squares.get_mut(*of) {
                *square += b * b / metric.map_or(1.0, |m| m[j]);
            }
        }
        Some(squares.into_iter().fold(0.0, f64::max).sqrt())
    }

    /// Adds `B u` to `out`.
    pub fn mixed(&self, u: &[f64], out: &mut [f64]) {
        match &self.mixed {
            Mixed::Grouped(group, b) => {
                for ((o, b), of) in out.iter_mut().zip(b).zip(*group) {
                    *o += b * u.get(*of).copied().unwrap_or(0.0);
                }
            }
            Mixed::Pair([first, second]) => {
                let columns = first.iter().zip(second);
                out.iter_mut().zip(columns).for_each(|(o, (a, b))| *o += a * u[0] + b * u[1]);
            }
            Mixed::Identity(b) => out.iter_mut().zip(u).for_each(|(o, u)| *o += b * u),
            Mixed::None => {}
        }
    }
}

fn groups_of(groups: &[usize], penalized: usize) -> Result<usize> {
    check::length("groups", penalized, groups.len())?;
    let count = groups.iter().max().map_or(0, |g| g.saturating_add(1));
    if count > penalized {
        return Err(Error::new(ErrorKind::Data, "groups")
            .expected(format!("numbers below {penalized}, that of features"))
            .found(count - 1));
    }
    let mut members = vec![0_usize; count];
    groups.iter().for_each(|g| members[*g] += 1);
    if let Some(empty) = members.iter().position(|m| *m == 0) {
        return Err(Error::new(ErrorKind::Data, "groups")
            .expected("features in each group")
            .found(format!("none in {empty}")));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curvatures_without_a_ridge_are_those_of_the_rest() {
        let of = |penalty: Penalty, theta: &[f64]| {
            let mut diagonal = [1.0; 3];
            let differ = penalty.least_curvatures(theta, &mut diagonal).unwrap();
            differ.then_some(diagonal)
        };
        assert_eq!(of(Penalty::one_ridge_at_most(true, 3, true), &[0.0]), Some([2.0, 2.0, 1.0]));
        assert_eq!(of(Penalty::one_ridge_at_most(true, 3, false), &[0.0]), None);
        assert_eq!(of(Penalty::one_ridge_at_most(false, 3, true), &[]), None);
        let ridge = Penalty::ridge(&Sharing::Single, 3, true, 1).unwrap();
        assert_eq!(of(ridge, &[0.0]), Some([2.0, 2.0, 1.0 + FIXED_RIDGE]));
    }

    #[test]
    fn the_mixed_norm_of_a_proximal_term_is_that_of_its_least_weighted_column() {
        let penalty = Penalty::proximal(0.5).unwrap();
        let at = penalty.at(&[1.0, 2.0, 3.0], &[0.0; 3]).unwrap();
        assert_eq!(at.mixed_norm(None), Some(0.5));
        let metric = [4.0, 0.25, 9.0];
        assert_eq!(at.mixed_norm(Some(&metric)), Some(1.0));
        // Attained at the unit vector of the least entry.
        let mut column = [0.0; 3];
        at.mixed(&[0.0, 1.0, 0.0], &mut column);
        assert_eq!(column[1].abs() / metric[1].sqrt(), 1.0);
    }
}
