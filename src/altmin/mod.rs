//! Low-rank matrix completion by robust alternating minimization in nearly linear time (Gu, Song, Yin and Zhang,
//! arXiv 2302.11068).
//!
//! Minimizes `sum_(i,j) w_ij (M_ij - u_i'v_j)^2` over factors `U` and `V` of few columns, by regressions of all rows of one
//! factor and then of the other.
//!
//! | part | files |
//! |---|---|
//! | what is observed, and what that determines | [`observations`], [`sampling`], [`identifiability`] |
//! | the start | [`start`] |
//! | the loop | [`alternation`], [`half_step`], [`basis`] (what keeps regressions well conditioned) |
//! | one row | [`regression`], [`sketched`], [`row_certificate`] (how far it is off, proven) |
//! | few entries | [`recovery`], [`portfolio`] |
//! | the paper's method, to the letter | [`paper`], [`angle`] |
//!
//! In progress: the options, the certificate, the C calls and the command are to come.
//!
//! ```
//! use southwell::altmin::observations::{Entries, Observations, Repeats};
//! use southwell::altmin::portfolio::{SEARCHES, choose};
//! use southwell::altmin::recovery::{Ends, entry};
//! use southwell::runtime::Control;
//! use southwell::runtime::parallel::Team;
//!
//! // M_ij = (i + 1) (j + 2), of rank 1, without its diagonal.
//! let cells = (0..30_i64).flat_map(|i| (0..30_i64).map(move |j| (i, j))).filter(|(i, j)| i != j);
//! let (row, col): (Vec<i64>, Vec<i64>) = cells.unzip();
//! let value: Vec<f64> = row.iter().zip(&col).map(|(i, j)| ((i + 1) * (j + 2)) as f64).collect();
//! let entries = Entries { rows: 30, cols: 30, row: &row, col: &col, value: &value, weight: None };
//! let control = &mut Control::new();
//! let observed = Observations::<f64>::new(entries, Repeats::Error, control)?;
//! let ends = Ends { residual: 1e-12, max_sweeps: 100, progress: 1e-3 };
//! let chosen = choose(&observed, 1, &SEARCHES, ends, 0, &Team::solo(), control)?.expect("nothing stops it");
//! assert!((entry(&chosen.found.factors, 6, 6) - 56.0).abs() < 1e-8);
//! # Ok::<(), southwell::runtime::Error>(())
//! ```

pub mod alternation;
pub mod angle;
pub mod basis;
pub mod half_step;
pub mod identifiability;
pub mod observations;
pub mod paper;
pub mod portfolio;
pub mod recovery;
pub mod regression;
pub mod row_certificate;
pub mod sampling;
pub mod sketched;
pub mod start;
