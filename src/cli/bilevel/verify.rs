//! `southwell verify` of learned parameters: their certificate, recomputed from the files of the problem.

use super::saved::{Claims, FAMILY, Saved, flags};
use super::{Made, report};
use crate::cli::args;
use crate::cli::failure::{Failure, Verdict};
use crate::cli::layout::Facts;
use crate::cli::number::{json, short};
use crate::cli::option_flags::Chosen;
use crate::cli::output;
use clap::ArgMatches;
use serde_json::{Value, json as object};
use southwell::bilevel::{Certificate, Problem, Rigor, Settings, certificate, solve};
use southwell::runtime::{Control, Error, ErrorKind, Family, Result};
use std::path::Path;

/// Differences, relative to the figures, that make a claim of the model a wrong one.
const CLAIM: f64 = 1e-9;

/// What is estimated depends on what a solve has seen on its way: such claims may be off by this factor.
const ESTIMATE: f64 = 2.0;

/// The flags of `verify` that name files of a problem.
const FILES: [&str; 4] = ["train", "validation", "truth", "observed"];

/// Limits of a solve, which are none of its certificate.
const LIMITS: [&str; 4] = ["max_iterations", "max_seconds", "max_work", "max_products"];

/// Runs the command on a model's JSON.
pub fn verify(matches: &ArgMatches, path: &Path, value: &Value) -> std::result::Result<Verdict, Failure> {
    let saved = Saved::read(path, value)?;
    let mut chosen = Chosen::of(Family::Bilevel, saved.options.clone());
    chosen.forget(&LIMITS);
    if let Some(tolerance) = matches.get_one::<String>("tolerance") {
        chosen.set("tolerance", tolerance);
    }
    // As the solve did it in the end.
    chosen.set("certificate", &saved.mode);
    let options = chosen.options()?;
    let settings = Settings::from_options(&options)?;
    let made = Made::read(&saved.kind, &command_line(matches, path, &saved)?, settings.seed)?;
    let named = |error: Error| {
        ["theta", "x", "q"].iter().fold(error, |e, of| e.renamed(of, &path.display().to_string()))
    };
    let (found, _) =
        certificate(&*made.problem, &saved.theta, &saved.x, &saved.q, &options, &mut Control::new())
            .map_err(named)?;
    let target = target(&*made.problem, &saved.start, chosen, &settings).map_err(named)?;
    let checked = Checked { saved: &saved, made: &made, found, target };
    output::print(&if matches.get_flag("json") { checked.json() } else { checked.text() })?;
    Ok(Verdict::of(checked.verdict().is_ok()))
}

/// The command line of the solve, with the files that `verify` was given.
fn command_line(
    matches: &ArgMatches,
    path: &Path,
    saved: &Saved,
) -> std::result::Result<ArgMatches, Failure> {
    let mut words = vec![FAMILY.to_owned(), saved.kind.clone()];
    // What is said anew has the last word.
    let anew = flags(matches);
    let kept = saved.flags.iter().filter(|(flag, _)| !anew.iter().any(|(other, _)| other == flag));
    for (flag, word) in kept.chain(&anew) {
        words.push(if word.is_empty() { format!("--{flag}") } else { format!("--{flag}={word}") });
    }
    for flag in FILES {
        for file in matches.get_raw(flag).into_iter().flatten() {
            words.push(format!("--{flag}={}", file.to_string_lossy()));
        }
    }
    args::bilevel().try_get_matches_from(words).map_err(|error| {
        let found = error.to_string().lines().next().unwrap_or_default().to_owned();
        let refused = Error::new(ErrorKind::Format, path.display().to_string());
        refused.expected("a problem, with the files that it is made from").found(found).into()
    })
}

/// What the hypergradient and its error may be together: by the first hypergradient, computed anew in a solve that ends
/// before its first step.
fn target(problem: &dyn Problem, start: &[f64], mut chosen: Chosen, settings: &Settings) -> Result<f64> {
    chosen.set("max_iterations", "0");
    let first = solve(problem, start, &chosen.options()?, None, &mut Control::new())?;
    Ok(settings.absolute_tolerance.max(settings.tolerance * first.certificate.size))
}

struct Checked<'a> {
    saved: &'a Saved,
    made: &'a Made,
    found: Certificate,
    target: f64,
}

impl Checked<'_> {
    fn bound(&self) -> f64 {
        self.found.size + self.found.omega.value
    }

    /// Whether the hypergradient is as small as it was asked to be, and the model's figures are those of its numbers.
    fn verdict(&self) -> std::result::Result<(), String> {
        let (found, claims) = (&self.found, &self.saved.claims);
        if found.omega.rigor == Rigor::None {
            return Err("nothing bounds the error of the hypergradient".to_owned());
        }
        if !(self.bound() <= factor(found.omega.rigor) * self.target) {
            return Err(format!("the hypergradient may be above its target {}", short(self.target, 3)));
        }
        for (what, claimed, found) in [
            ("upper value", claims.value, found.value),
            ("lower end by constants", claims.from_constants[0], found.from_constants.lower),
            ("upper end by constants", claims.from_constants[1], found.from_constants.upper),
            ("lower accuracy", claims.eps, found.eps),
            ("adjoint accuracy", claims.delta, found.delta),
            ("size of the hypergradient", claims.gradient_norm, found.size),
        ] {
            if !self.is_near(claimed, found) {
                return Err(format!("the model claims the {what} {}", short(claimed, 12)));
            }
        }
        self.ranges(claims)
    }

    /// A claimed range must be as wide as that which is found, up to what estimates may differ by.
    fn ranges(&self, claims: &Claims) -> std::result::Result<(), String> {
        let found = &self.found;
        let [lower, upper] = claims.interval;
        let slack = found.interval.width() * (1.0 - 1.0 / factor(found.interval.rigor));
        let within = |claimed: f64, found: f64| claimed <= found + slack || self.is_near(claimed, found);
        if !(lower <= upper) || !within(lower, found.interval.lower) || !within(-upper, -found.interval.upper)
        {
            return Err(format!(
                "the model claims the interval [{}, {}]",
                short(lower, 12),
                short(upper, 12)
            ));
        }
        let omega = factor(found.omega.rigor) * claims.omega;
        if !(found.omega.value <= omega) && !self.is_near(omega, found.omega.value) {
            return Err(format!("the model claims an error of at most {}", short(claims.omega, 12)));
        }
        Ok(())
    }

    fn is_near(&self, a: f64, b: f64) -> bool {
        let rounding = 1e-12 * (self.found.value.abs() + self.found.size);
        a == b || (a - b).abs() <= CLAIM * (a.abs() + b.abs()) + rounding
    }

    fn text(&self) -> String {
        let (saved, claims) = (self.saved, &self.saved.claims);
        let mut facts = Facts::default();
        facts.add("data", self.made.data.clone());
        facts.add("problem", format!("{}, {} parameter(s)", saved.kind, saved.theta.len()));
        report::add_certificate(&mut facts, &self.found);
        facts.add("target", format!("{} for gradient and error", short(self.target, 3)));
        let [lower, upper] = claims.interval;
        facts.add(
            "model",
            format!("{}, interval [{}, {}]", saved.outcome, short(lower, 10), short(upper, 10)),
        );
        facts.add(
            "verdict",
            self.verdict().map_or_else(|why| format!("NOT verified: {why}"), |()| "verified".into()),
        );
        facts.text()
    }

    fn json(&self) -> String {
        let (saved, claims, verdict) = (self.saved, &self.saved.claims, self.verdict());
        let value = object!({
            "verified": verdict.is_ok(),
            "reason": verdict.err(),
            "problem": saved.kind,
            "objective": json(self.found.value),
            "certificate": report::certificate_json(&self.found),
            "gradient_norm": json(self.found.size),
            "target": json(self.target),
            "parameters": saved.theta.len(),
            "samples": saved.x.len(),
            "model": {
                "outcome": saved.outcome,
                "objective": json(claims.value),
                "lower": json(claims.interval[0]),
                "upper": json(claims.interval[1]),
                "gradient_norm": json(claims.gradient_norm),
                "omega": json(claims.omega),
            },
        });
        format!("{value}\n")
    }
}

/// By how much figures of a rigor may differ and still be the same claim.
fn factor(rigor: Rigor) -> f64 {
    if rigor == Rigor::Proven { 1.0 } else { ESTIMATE }
}
