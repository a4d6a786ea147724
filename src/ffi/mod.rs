//! The C interface: what `include/southwell.h` declares. The contract is `docs/abi.md`.
//!
//! Three files hold the rules: `guard` (panics, messages, statuses), `handles` (opaque objects and who may use them
//! when) and `growable` (structs that begin with their size). Then one file per object, in the order of the header:
//! `status`, `views` (`entries` reads matrices that are known in some places), `options`, `control`, `bcd`, `altmin`,
//! `bilevel`, `groupwise`.
//!
//! To add a function: write it out in its object's file (cbindgen reads source text, so no macros), let its body be one
//! `guard`, and say in its comment what it does, who owns what, which threads and which errors. Then run
//! `UPDATE_HEADER=1 cargo test --release --test header` and add it to `tests/abi/` and to the programs in `tests/c/`.

#![deny(unsafe_op_in_unsafe_fn)]
#![allow(non_camel_case_types)]
// What the caller must keep to is said once, in the introduction of the header: it holds for every function.
#![allow(clippy::missing_safety_doc)]

mod altmin;
mod bcd;
mod bilevel;
mod control;
mod entries;
mod groupwise;
mod growable;
mod guard;
mod handles;
#[cfg(test)]
mod layout;
mod options;
mod status;
mod views;
