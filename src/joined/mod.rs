//! Problems of one family whose parts are solved by another: families know nothing of one another, so that here, above
//! them, the two are put together.
//!
//! | problem | of | solved by |
//! |---|---|---|
//! | [`elastic_net`], [`lasso`] | [`bilevel`](crate::bilevel) | [`bcd`](crate::bcd), below |

mod elastic_net;

pub use elastic_net::{elastic_net, lasso};

#[cfg(test)]
mod tests;
