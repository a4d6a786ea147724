//! The preconditioner by the diagonal of the Hessian, computed when it is first asked for.

use std::cell::OnceCell;

/// The diagonal, once it is known.
#[derive(Debug, Default)]
pub struct Jacobi(OnceCell<Vec<f64>>);

impl Jacobi {
    /// `out_j = r_j / d_j` with the entries `d_j > 0` of the diagonal.
    pub fn solve(&self, r: &[f64], out: &mut [f64], diagonal: impl FnOnce() -> Vec<f64>) {
        let diagonal = self.0.get_or_init(diagonal);
        out.iter_mut().zip(r).zip(diagonal).for_each(|((o, r), d)| *o = r / d);
    }
}
