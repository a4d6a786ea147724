//! The command, run as a user would.

#![cfg(feature = "cli")]

mod altmin;
mod bench;
mod bilevel;
mod cross_validation;
mod demo;
mod fit;
mod formats;
mod graph;
mod groups;
mod groupwise;
mod interrupt;
mod outputs;
mod predict;
mod real_data;
mod refusals;
mod support;
mod verify;
