//! Constants that hold on balls only.

use super::super::{Boundary, Experts, FieldOfExperts, KernelRidge, Lengths};
use super::cases::{Kind, image, task};
use super::{ahead, largest, mixed, mixed_transposed, norm, normal, value};
use crate::bilevel::problem::Problem;

#[test]
fn mixed_derivatives_of_experts_have_their_constant_on_balls() {
    for (boundary, has_factor) in [(Boundary::Symmetric, false), (Boundary::Periodic, true)] {
        let experts = Experts { count: 2, side: 3, boundary, zero_mean: false, has_factor };
        let problem = FieldOfExperts::new(vec![image(6, 7, 1)], experts).unwrap();
        let (n, d) = (42, problem.parameters());
        let mut theta = normal(d, 2);
        theta.iter_mut().for_each(|t| *t *= 0.4);
        let mut nearest = f64::INFINITY;
        for (k, scale) in [(0, 0.1), (1, 1.0), (2, 10.0)] {
            let mut from = normal(n, 3 + k);
            from.iter_mut().for_each(|x| *x *= scale);
            let way = normal(n, 6 + k);
            for radius in [1e-3, 0.5, 3.0] {
                let to = ahead(&from, radius / norm(&way), &way);
                let a = value(problem.second_order(0, &from, &theta));
                let b = value(problem.second_order(0, &to, &theta));
                let square = |u: &[f64]| {
                    let by = ahead(&mixed(&*a, u, n), -1.0, &mixed(&*b, u, n));
                    ahead(&mixed_transposed(&*a, &by, d), -1.0, &mixed_transposed(&*b, &by, d))
                };
                let met = largest(d, 4, 15, square).sqrt() / radius;
                let bound = value(problem.local_mixed_lipschitz(0, &from, radius, &theta));
                assert!(met <= bound, "{met} {bound}");
                nearest = nearest.min(bound / met);
            }
        }
        assert!(nearest < 60.0, "{nearest}");
    }
}

#[test]
fn slopes_of_the_upper_level_of_kernel_ridge_have_their_constant_on_balls() {
    let problem = KernelRidge::new(task(9, 3, Kind::Numbers, 7), Lengths::PerFeature).unwrap();
    let theta = [-1.0, 0.2, 0.6, -0.1];
    for (k, scale) in [(0, 0.1), (1, 3.0)] {
        let mut from = normal(9, 8 + k);
        from.iter_mut().for_each(|x| *x *= scale);
        let way = normal(9, 10 + k);
        for radius in [1e-3, 1.0, 5.0] {
            let to = ahead(&from, radius / norm(&way), &way);
            let slope = |x: &[f64]| {
                let mut in_theta = vec![0.0; 4];
                value(problem.upper(0, x, &theta, &mut [0.0; 9], &mut in_theta));
                in_theta
            };
            let met = norm(&ahead(&slope(&to), -1.0, &slope(&from))) / radius;
            let bound = value(problem.local_upper_lipschitz(&from, radius, &theta));
            assert!(met <= bound && bound < 1e3 * met, "{met} {bound}");
        }
    }
}
