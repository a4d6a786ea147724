//! Preconditioned conjugate gradients.

use super::kernels::dot;
use crate::runtime::{Control, Stop};

/// How a run of conjugate gradients ended.
#[derive(Debug, Clone, Copy)]
pub struct CgInfo {
    /// Steps taken.
    pub steps: usize,
    /// Norm of the residual, relative to that of the right-hand side.
    pub residual: f64,
}

/// Solves `H x = b` for a symmetric positive semidefinite `H`, from `x = 0`, until the residual is at most
/// `tolerance |b|`, after `max_steps`, or where `H` shows no positive curvature.
///
/// `apply(p, out)` writes `H p`. `precondition(r, out)` writes the solution of `M z = r` for a symmetric positive
/// definite `M` that is like `H`; [`diagonal`] is the simplest.
pub fn conjugate_gradient(
    mut apply: impl FnMut(&[f64], &mut [f64], &mut Control<'_>) -> Result<(), Stop>,
    mut precondition: impl FnMut(&[f64], &mut [f64], &mut Control<'_>) -> Result<(), Stop>,
    b: &[f64],
    tolerance: f64,
    max_steps: usize,
    x: &mut [f64],
    control: &mut Control<'_>,
) -> Result<CgInfo, Stop> {
    x.fill(0.0);
    let mut r = b.to_vec();
    let mut z = vec![0.0; b.len()];
    precondition(&r, &mut z, control)?;
    let mut p = z.clone();
    let mut hp = vec![0.0; b.len()];
    let size = dot(b, b).sqrt();
    let mut rz = dot(&r, &z);
    let mut info = CgInfo { steps: 0, residual: if size > 0.0 { 1.0 } else { 0.0 } };
    while info.residual > tolerance && info.steps < max_steps {
        apply(&p, &mut hp, control)?;
        let curvature = dot(&p, &hp);
        if !(curvature > 0.0) {
            break;
        }
        let alpha = rz / curvature;
        x.iter_mut().zip(&p).for_each(|(x, p)| *x += alpha * p);
        r.iter_mut().zip(&hp).for_each(|(r, hp)| *r -= alpha * hp);
        precondition(&r, &mut z, control)?;
        let next = dot(&r, &z);
        let beta = next / rz;
        rz = next;
        p.iter_mut().zip(&z).for_each(|(p, z)| *p = z + beta * *p);
        info.steps += 1;
        info.residual = dot(&r, &r).sqrt() / size;
        control.spend(14 * b.len() as u64)?;
    }
    Ok(info)
}

/// The preconditioner of a diagonal whose entries are positive.
pub fn diagonal(d: &[f64]) -> impl FnMut(&[f64], &mut [f64], &mut Control<'_>) -> Result<(), Stop> + '_ {
    move |r, z, _| {
        z.iter_mut().zip(r).zip(d).for_each(|((z, r), d)| *z = r / d);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_solves_a_tridiagonal_system() {
        let n = 50;
        let apply = |p: &[f64], out: &mut [f64], _: &mut Control<'_>| {
            for i in 0..n {
                let left = if i > 0 { p[i - 1] } else { 0.0 };
                let right = if i + 1 < n { p[i + 1] } else { 0.0 };
                out[i] = 2.5 * p[i] - left - right;
            }
            Ok(())
        };
        let truth: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        let mut b = vec![0.0; n];
        apply(&truth, &mut b, &mut Control::new()).unwrap();
        let mut x = vec![0.0; n];
        let info =
            conjugate_gradient(apply, diagonal(&[2.5; 50]), &b, 1e-12, 200, &mut x, &mut Control::new())
                .unwrap();
        assert!(info.residual <= 1e-12);
        assert!(x.iter().zip(&truth).all(|(a, b)| (a - b).abs() < 1e-10));
    }
}
