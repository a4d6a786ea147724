pub mod bcd;
pub mod model;
pub mod numerics;
pub mod runtime;
