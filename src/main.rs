//! The `southwell` command.

fn main() {}
