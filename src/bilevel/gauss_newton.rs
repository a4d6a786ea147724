//! The Gauss-Newton matrix of squared distances: with `g_i = c/2 |x - x*|^2` and `J_i = dxhat_i/dtheta = -A^-1 B`,
//! it is `1/m sum_i c J_i'J_i`: one linear solve for each parameter and sample.

use super::conjugate_gradient::{self, System};
use super::evaluate::Evaluator;
use super::hypergradient::InexactGradient;
use super::interrupt::Tried;
use super::point::Point;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::numerics::kernels::{add, dot};
use crate::runtime::error::zeros;
use crate::runtime::{Control, Error, ErrorKind};

/// How exactly the columns of `J` are solved for, relative to those of `B`.
const RELATIVE: f64 = 1e-3;

/// The matrix is formed for at most so many parameters.
const PARAMETERS: usize = 100;

/// The inverse of the matrix times the free part of `z`, among the free variables. Errors (`Unsupported`): another
/// `g`, no products `B u`, too many parameters.
pub fn step(
    evaluator: &mut Evaluator<'_>,
    point: &Point,
    gradient: &InexactGradient,
    control: &mut Control<'_>,
) -> Tried<Vec<f64>> {
    let d = point.theta.len();
    let refuse = |found: String| {
        Error::new(ErrorKind::Unsupported, "option \"direction\"")
            .expected("gauss-newton for squared distances with products B u and at most 100 parameters")
            .found(found)
    };
    if d > PARAMETERS {
        return Err(refuse(format!("{d} parameters")).into());
    }
    let problem = evaluator.problem;
    if (0..point.samples.len()).any(|i| problem.upper_constants(i).squared_distance.is_none()) {
        return Err(refuse("another upper objective".into()).into());
    }
    let limit = evaluator.settings.max_lower_products.saturating_mul(d as u64);
    let grams = evaluator.each(&point.theta, limit, control, |oracle| {
        let sample = &point.samples[oracle.sample];
        let at = oracle.second_order(&sample.lower.x)?;
        let n = sample.lower.x.len();
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(d);
        for j in 0..d {
            let (mut unit, mut b, mut column) = (vec![0.0; d], zeros("mixed", n)?, zeros("tangent", n)?);
            unit[j] = 1.0;
            if !oracle.mixed(&*at, &unit, &mut b)? {
                return Err(refuse("a problem without them".into()).into());
            }
            let constants = &sample.constants;
            let tolerance = RELATIVE * constants.metric.dual(&b);
            let left = conjugate_gradient::steps_within(oracle);
            let system = System { at: &*at, constants, b: &b };
            conjugate_gradient::solve(oracle, &system, &mut column, |_| tolerance, left)?;
            columns.push(column);
        }
        let weight = problem.upper_constants(oracle.sample).squared_distance.unwrap_or(0.0);
        Ok((0..d * d).map(|k| weight * dot(&columns[k / d], &columns[k % d])).collect::<Vec<f64>>())
    })?;
    let mut matrix = Square::zeros(d);
    let share = 1.0 / grams.len() as f64;
    for j in (0..d).filter(|j| gradient.free[*j] != 0.0) {
        grams.iter().for_each(|gram| add(share, &gram[j * d..(j + 1) * d], matrix.column_mut(j)));
        // Without the rows of the others.
        (0..d).filter(|k| gradient.free[*k] == 0.0).for_each(|k| matrix.column_mut(j)[k] = 0.0);
    }
    let mut step = gradient.free.clone();
    Cholesky::new(&matrix, control)?.solve(&mut step);
    Ok(step)
}
