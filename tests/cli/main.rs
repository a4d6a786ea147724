//! The command, run as a user would.

#![cfg(feature = "cli")]

mod bench;
mod cross_validation;
mod demo;
mod fit;
mod formats;
mod groups;
mod outputs;
mod predict;
mod real_data;
mod refusals;
mod support;
mod verify;
