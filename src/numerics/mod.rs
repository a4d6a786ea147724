//! Data views and kernels: dense and sparse columns, Gram blocks, small factorizations, Krylov methods.

pub mod cholesky;
pub mod cholesky_update;
pub mod columns;
pub mod correlate;
pub mod dense;
pub mod double_double;
pub mod eigen;
pub mod gram;
pub mod householder;
pub mod inverse_update;
pub mod kernels;
pub mod krylov;
pub mod lanes;
pub mod matrix;
pub mod normal_equations;
pub mod operator;
pub mod outer;
pub mod packed_rows;
pub mod panels;
pub mod penalized;
pub mod real;
pub mod row_factor;
pub mod sketch;
pub mod sparse;
pub mod sum;
pub mod symmetric;
pub mod tall;
pub mod tile;

pub use columns::Columns;
pub use dense::{DenseView, Order};
pub use matrix::Matrix;
pub use operator::ColumnOperator;
pub use penalized::PenalizedSolver;
pub use sparse::{Duplicates, Layout, SparseView};
pub use symmetric::SymmetricMatrix;
