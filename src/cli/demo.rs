//! stub
use super::failure::{Failure, Verdict};
pub fn run(_: &clap::ArgMatches) -> Result<Verdict, Failure> {
    Ok(Verdict::Good)
}
