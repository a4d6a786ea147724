//! Southwell: an embedded optimization solver whose answers come with certificates.
//!
//! Four families of problems share one house: block coordinate descent, low-rank completion, bilevel optimization and
//! groupwise regret.
//!
//! * [`bcd`]: regularized linear models, `sum_r s_r phi(a_r'x + b + o_r, y_r) + G(x)`, support vector machines among
//!   them. [`bcd::Problem`] holds the data, [`bcd::solve`] runs the method, [`bcd::certificate`] checks an answer from
//!   the raw data. [`bcd::path`], [`bcd::batch`] and [`bcd::cross_validate`] solve many of them; [`bcd::identify`] and
//!   [`bcd::Sensitivity`] tell what is known of a solution and how it changes.
//! * [`bcd::graph`]: quadratics on graphs and label propagation, `1/2 x'Ax - b'x`.
//! * [`altmin`]: low-rank matrix completion by alternating minimization.
//! * [`groupwise`]: online prediction with regret guarantees for many overlapping groups at once.
//! * [`bilevel`]: parameters of a strongly convex problem, by hypergradients of certified accuracy.
//! * [`joined`]: problems of one family whose parts another solves.
//! * [`model`]: losses and penalties, one file each.
//! * [`numerics`]: views of dense and sparse data, kernels, small factorizations, conjugate gradients.
//! * [`runtime`]: what every solver runs on: errors, options, control (deadline, cancel, progress), threads, random
//!   streams, saved states.
//! * `ffi`: the C interface (`include/southwell.h`).
//!
//! A module imports from those below it only: `ffi`, `joined`, then the families, `model`, `numerics`, `runtime`.
//!
//! ```
//! use southwell::bcd::{Problem, solve};
//! use southwell::numerics::{DenseView, Matrix, Order};
//! use southwell::runtime::{Control, Family, Options, Outcome};
//!
//! let a = [1.0, 0.0, 2.0, -1.0, 0.0, 0.0, 3.0, 1.0]; // 4 rows, 2 columns, column by column
//! let view = DenseView { data: &a[..], rows: 4, cols: 2, ld: 4, order: Order::ColumnMajor };
//! let problem = Problem::new(Matrix::dense(view)?, &[2.1, -0.1, 1.2, -2.0])?;
//! let mut options = Options::new(Family::Bcd);
//! options.set_real("lambda_ratio", 0.1)?;
//! let found = solve(&problem, &options, None, &mut Control::new())?;
//! assert_eq!(found.outcome, Outcome::Converged);
//! assert!(found.certificate.value <= found.target); // the objective is within this of its minimum
//! # Ok::<(), southwell::runtime::Error>(())
//! ```

pub mod altmin;
pub mod bcd;
pub mod bilevel;
mod ffi;
pub mod groupwise;
pub mod joined;
pub mod model;
pub mod numerics;
pub mod runtime;
