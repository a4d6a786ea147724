//! The quadratic problem `h = 1/2 |A2 x + A3 theta - b2|^2`, `g = 1/2 |A1 x - b1|^2` (arXiv 2308.10098, section 4; Li,
//! Gu and Huang, AAAI 2022), whose every part has a closed form: `xhat = (A2'A2)^-1 A2'(b2 - A3 theta)`.
//!
//! `A = A2'A2`, `B = A2'A3`, `L_A = L_B = 0`; `mu` and `L` are eigenvalues, and so is `L_g` of `A1'A1`.

use super::super::problem::{Evaluated, LowerConstants, Problem, Rigor, SecondOrder, UpperConstants};
use super::check::{self, not_strongly_convex};
use super::design::{Design, Spectrum};
use super::jacobi::Jacobi;
use crate::numerics::Matrix;
use crate::numerics::kernels::dot;
use crate::runtime::{Error, ErrorKind, Result};
use std::cell::RefCell;

/// The matrices and right-hand sides.
#[derive(Debug)]
pub struct Quadratic {
    a1: Design,
    a2: Design,
    a3: Design,
    b1: Vec<f64>,
    b2: Vec<f64>,
    lower: Spectrum,
    upper: Spectrum,
}

impl Quadratic {
    /// Errors: sizes that do not fit, entries that are not finite, `A2'A2` whose smallest eigenvalue is not found to be
    /// above 0 (it has to have at most 256 columns). Costs the Gram matrices of `A1` and `A2`.
    pub fn new(
        a1: Matrix<'static>,
        b1: Vec<f64>,
        a2: Matrix<'static>,
        a3: Matrix<'static>,
        b2: Vec<f64>,
    ) -> Result<Self> {
        let (a1, a2) = (Design::new("a1", a1, false)?, Design::new("a2", a2, false)?);
        let a3 = Design::new("a3", a3, false)?;
        check::length("b1", a1.rows(), b1.len())?;
        check::length("b2", a2.rows(), b2.len())?;
        check::finite("b1", &b1)?;
        check::finite("b2", &b2)?;
        let same = |subject: &str, expected: usize, found: usize| match found == expected {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Argument, subject)
                .expected(format!("{expected}, as of a2"))
                .found(found)),
        };
        same("a1.cols", a2.features(), a1.features())?;
        same("a3.rows", a2.rows(), a3.rows())?;
        let lower = a2.spectrum(&vec![1.0; a2.rows()]);
        let upper = a1.spectrum(&vec![1.0; a1.rows()]);
        if !(lower.smallest > 0.0) {
            return Err(not_strongly_convex(
                "a2",
                "a smallest eigenvalue of A2'A2 that is not known to be above 0",
            ));
        }
        Ok(Self { a1, a2, a3, b1, b2, lower, upper })
    }
}

impl Problem for Quadratic {
    fn parameters(&self) -> usize {
        self.a3.features()
    }

    fn samples(&self) -> usize {
        1
    }

    fn variables(&self, _sample: usize) -> usize {
        self.a2.features()
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let (mut residual, mut shift) = (vec![0.0; self.b2.len()], vec![0.0; self.b2.len()]);
        self.a2.product(x, &mut residual);
        self.a3.product(theta, &mut shift);
        residual.iter_mut().zip(&shift).zip(&self.b2).for_each(|((r, s), b)| *r += s - b);
        self.a2.transposed(&residual, gradient);
        Ok(0.5 * dot(&residual, &residual))
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        check::arguments(self, sample, x, theta)?;
        let rows = RefCell::new(vec![0.0; self.b2.len()]);
        Ok(Box::new(QuadraticAt { problem: self, rows, jacobi: Jacobi::default() }))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        check::parameters(self, sample, theta)?;
        let Spectrum { smallest, largest, .. } = self.lower;
        Ok(LowerConstants { mu: smallest, l: largest, l_a: 0.0, l_b: 0.0, rigor: Rigor::Proven })
    }

    fn is_quadratic(&self) -> bool {
        true
    }

    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        check::arguments(self, sample, x, theta)?;
        let mut residual = vec![0.0; self.b1.len()];
        self.a1.product(x, &mut residual);
        residual.iter_mut().zip(&self.b1).for_each(|(r, b)| *r -= b);
        self.a1.transposed(&residual, in_x);
        in_theta.fill(0.0);
        Ok(0.5 * dot(&residual, &residual))
    }

    fn upper_constants(&self, _sample: usize) -> UpperConstants {
        let l_g = self.upper.largest;
        UpperConstants { l_g, l_g_theta: 0.0, convex: true, squared_distance: None, rigor: Rigor::Proven }
    }

    fn flops(&self, _sample: usize) -> u64 {
        self.a2.flops()
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        lower.fill(f64::NEG_INFINITY);
        upper.fill(f64::INFINITY);
    }
}

struct QuadraticAt<'a> {
    problem: &'a Quadratic,
    rows: RefCell<Vec<f64>>,
    jacobi: Jacobi,
}

impl SecondOrder for QuadraticAt<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let rows = &mut *self.rows.borrow_mut();
        self.problem.a2.product(v, rows);
        self.problem.a2.transposed(rows, out);
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let rows = &mut *self.rows.borrow_mut();
        self.problem.a2.product(q, rows);
        self.problem.a3.transposed(rows, out);
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        let rows = &mut *self.rows.borrow_mut();
        self.problem.a3.product(u, rows);
        self.problem.a2.transposed(rows, out);
        Ok(true)
    }

    fn precondition(&self, r: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        self.jacobi.solve(r, out, || {
            let mut diagonal = vec![0.0; r.len()];
            self.problem.a2.squares(&vec![1.0; self.problem.b2.len()], &mut diagonal);
            diagonal
        });
        Ok(true)
    }
}
