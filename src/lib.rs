pub mod bcd;
mod ffi;
pub mod model;
pub mod numerics;
pub mod runtime;
