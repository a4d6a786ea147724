//! Bilevel experiments (arXiv 2308.10098, section 4): what is left of the starting accuracies after a budget of work
//! (`robust`), what each method reaches with the same work (`race`), bounds beside true errors (`bounds`), denoising of
//! pictures that were not learned from (`unseen`). `course` is a problem with its start and its budget, `run` a method
//! on it, `section` what is said of it; `pictures` has the images. `quadratic`, `multinomial`, `variation`, `experts`:
//! the experiments.
//!
//! Budgets are constants of the experiments' files, and were there before anything was run.

mod bounds;
mod course;
pub mod experts;
pub mod multinomial;
mod pictures;
pub mod quadratic;
mod race;
mod robust;
mod run;
mod section;
mod unseen;
pub mod variation;

use super::{Extent, Failure, Line, write};
