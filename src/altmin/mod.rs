//! Low-rank matrix completion by robust alternating minimization in nearly linear time (Gu, Song, Yin and Zhang,
//! arXiv 2302.11068).
//!
//! Minimizes `sum_(i,j) w_ij (M_ij - u_i'v_j)^2` over factors `U` and `V` of few columns, by regressions of all rows of
//! one factor and then of the other.
//!
//! | part | files |
//! |---|---|
//! | what is observed, and what that determines | [`problem`] (`memory`: what it takes), [`observations`] (`arrange` sorts them), [`sampling`], [`identifiability`] |
//! | the method | [`mod@solve`], [`settings`], `begin`, [`sweeps`], [`anderson`] (fewer of them), `watch` (when it is over), `objective` |
//! | the start | [`start`] |
//! | a half-step | [`alternation`], [`half_step`], [`offsets`] (mean and biases), `all_pairs` and `feedback` (implicit feedback), `nonnegative`, [`basis`] (what keeps regressions well conditioned) |
//! | one row | [`regression`], `normal_equations`, `conjugate_gradient`, [`accuracy`] (what the theory asks of it) |
//! | few entries | [`recovery`], [`gauss_newton`], [`set_aside`], [`portfolio`] |
//! | the paper's method, as it is outlined | [`paper`], [`sketched`], [`angle`]; [`row_certificate`] (how far a row is off, proven) |
//! | the ridge, and paths over it or the rank | [`strengths`], [`mod@path`], [`prior`] (what it draws to) |
//! | outliers | [`loss`], `robust` (its scale, in stages), `reweighting` |
//! | f64 and f32, compiled once | [`precision`] |
//! | the answer | [`solution`], [`model`], [`certificate`], [`fit`], `fold_in` (new rows), [`saved`] (as bytes), [`live`] (kept up to date; `live_normal`: one line of it), `error_bars` |
//!
//! ```
//! use southwell::altmin::{Entries, Problem, solve};
//! use southwell::runtime::{Control, Family, Options, Outcome};
//!
//! // M_ij = (i + 1) (j + 2), of rank 1, without its diagonal.
//! let cells = (0..30_i64).flat_map(|i| (0..30_i64).map(move |j| (i, j))).filter(|(i, j)| i != j);
//! let (row, col): (Vec<i64>, Vec<i64>) = cells.unzip();
//! let value: Vec<f64> = row.iter().zip(&col).map(|(i, j)| ((i + 1) * (j + 2)) as f64).collect();
//! let entries = Entries { rows: 30, cols: 30, row: &row, col: &col, value: &value, weight: None };
//!
//! let mut options = Options::new(Family::Altmin);
//! options.set_integer("rank", 1)?;
//! options.set_real("ridge", 0.0)?;
//! options.set_real("tolerance", 1e-10)?;
//! let control = &mut Control::new();
//! let problem = Problem::<f64>::new(entries, &options, control)?;
//! let solution = solve(&problem, &options, None, control)?;
//! assert_eq!(solution.outcome, Outcome::Converged);
//! assert!((solution.model.predict(6, 6) - 56.0).abs() < 1e-6);
//! # Ok::<(), southwell::runtime::Error>(())
//! ```

/// The value, or leaves with the stop: for functions whose inner result is of the control.
macro_rules! stopped {
    ($e:expr) => {
        match $e {
            Ok(value) => value,
            Err(stop) => return Ok(Err(stop)),
        }
    };
}

pub mod accuracy;
mod all_pairs;
pub mod alternation;
pub mod anderson;
pub mod angle;
mod arrange;
pub mod basis;
mod begin;
pub mod certificate;
mod conjugate_gradient;
mod error_bars;
mod feedback;
pub mod fit;
mod fold_in;
pub mod gauss_newton;
pub mod half_step;
pub mod identifiability;
pub mod live;
mod live_normal;
pub mod loss;
mod memory;
pub mod model;
mod nonnegative;
mod normal_equations;
mod objective;
pub mod observations;
pub mod offsets;
pub mod paper;
pub mod path;
pub mod portfolio;
pub mod precision;
pub mod prior;
pub mod problem;
pub mod recovery;
pub mod regression;
mod reweighting;
mod robust;
pub mod row_certificate;
pub mod sampling;
pub mod saved;
pub mod set_aside;
pub mod settings;
pub mod sketched;
pub mod solution;
pub mod solve;
pub mod start;
pub mod strengths;
pub mod sweeps;
mod watch;

pub use alternation::Side;
pub use certificate::Certificate;
pub use live::{Change, Live};
pub use loss::Loss;
pub use model::Model;
pub use observations::{Entries, Repeats};
pub use path::path;
pub use precision::Precision;
pub use prior::Prior;
pub use problem::Problem;
pub use settings::Settings;
pub use solution::{Solution, TraceRow};
pub use solve::solve;

#[cfg(test)]
mod tests;
