//! Duality gaps while the loop runs, and when it ends.
//!
//! | file | what |
//! |---|---|
//! | `dual` | dual points of the scaled problem, made feasible, and their gaps |
//! | `correlations` | the products of a dual candidate with the columns, only where they can matter |
//! | `check` | a look at the certificate: good enough, hopeless, or how exactly to go on |
//! | `patience` | when a loop is given up short of its tolerance |

pub(super) mod check;
pub(super) mod correlations;
pub(super) mod dual;
pub(super) mod patience;
