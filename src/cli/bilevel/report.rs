//! The report of a bilevel solve, as a table for people and as JSON for scripts.

use super::Made;
use super::images::psnr;
use crate::cli::layout::Facts;
use crate::cli::number::{json, json_array, short};
use serde_json::{Value, json};
use southwell::bilevel::settings::CertificateMode;
use southwell::bilevel::{Certificate, Decision, Rigor, Settings, Solution};

/// Parameters that the table shows.
const MOST_SHOWN: usize = 8;

/// A solve and where it came from.
pub struct Report<'a> {
    pub kind: &'a str,
    pub made: &'a Made,
    pub settings: &'a Settings,
    pub solution: &'a Solution,
    pub seconds_setup: f64,
}

impl Report<'_> {
    /// An aligned table.
    pub fn text(&self) -> String {
        let Report { kind, made, settings, solution, .. } = self;
        let found = &solution.certificate;
        let problem = &made.problem;
        let variables: usize = (0..problem.samples()).map(|i| problem.variables(i)).sum();
        let mut facts = Facts::default();
        facts.add("data", made.data.clone());
        let (d, m) = (problem.parameters(), problem.samples());
        facts
            .add("problem", format!("{kind}, {d} parameter(s), {m} lower problem(s), {variables} variables"));
        facts.add("outcome", solution.outcome.name());
        if let Some(flaw) = &solution.flaw {
            facts.add("flaw", flaw.to_string());
        }
        add_certificate(&mut facts, found);
        facts.add("parameters", parameters(&solution.theta));
        if !solution.active.is_empty() {
            facts.add("at a bound", format!("{} of {d}", solution.active.len()));
        }
        if let Some([before, after]) = self.decibels() {
            facts.add("PSNR", format!("{before:.2} dB observed, {after:.2} dB restored (means)"));
        }
        let counts = &solution.counts;
        facts.add(
            "steps",
            format!(
                "{}, {} trials, {} times tightened",
                solution.iterations, counts.trials, counts.refinements
            ),
        );
        facts.add(
            "work",
            format!(
                "{} lower gradients, {} Hessian products, {} mixed products",
                counts.gradients, counts.hessian_products, counts.mixed_products
            ),
        );
        facts.add(
            "seconds",
            format!(
                "{:.3} setup, {:.3} solve, {} thread(s)",
                self.seconds_setup, solution.seconds, settings.threads
            ),
        );
        facts.text()
    }

    /// The object that scripts read.
    pub fn json(&self) -> String {
        let Report { kind, made, settings, solution, .. } = self;
        let (found, counts) = (&solution.certificate, &solution.counts);
        let mut object = json!({
            "outcome": solution.outcome.name(),
            "problem": kind,
            "objective": json(found.value),
            "upper_value": json(found.value),
            "certificate": certificate_json(found),
            "gradient_norm": json(found.size),
            "theta": json_array(&solution.theta),
            "hypergradient": json_array(&solution.hypergradient),
            "active": solution.active,
            "flaw": solution.flaw.as_ref().map(ToString::to_string),
            "samples": made.problem.samples(),
            "parameters": solution.theta.len(),
            "iterations": solution.iterations,
            "trials": counts.trials,
            "refinements": counts.refinements,
            "gradients": counts.gradients,
            "hessian_products": counts.hessian_products,
            "mixed_products": counts.mixed_products,
            "lower_steps": counts.lower_steps,
            "adjoint_steps": counts.adjoint_steps,
            "work": solution.work,
            "seconds_setup": json(self.seconds_setup),
            "seconds_solve": json(solution.seconds),
            "threads": settings.threads,
        });
        if let Some([before, after]) = self.decibels() {
            object["psnr_observed"] = json(before);
            object["psnr_restored"] = json(after);
            object["psnr"] = pictures(made, solution);
        }
        format!("{object}\n")
    }

    /// Mean decibels of the pictures as observed and as restored.
    fn decibels(&self) -> Option<[f64; 2]> {
        let (pairs, x) = (&self.made.pairs, &self.solution.x);
        if pairs.is_empty() || x.len() != pairs.len() {
            return None;
        }
        let mean = |of: &dyn Fn(usize) -> f64| (0..pairs.len()).map(of).sum::<f64>() / pairs.len() as f64;
        Some([
            mean(&|k| psnr(&pairs[k].noisy.pixels, &pairs[k].truth.pixels)),
            mean(&|k| psnr(&x[k], &pairs[k].truth.pixels)),
        ])
    }
}

/// The decibels of each picture.
fn pictures(made: &Made, solution: &Solution) -> Value {
    let of = |(pair, x): (&super::Pair, &Vec<f64>)| {
        json!({
            "name": pair.name,
            "observed": json(psnr(&pair.noisy.pixels, &pair.truth.pixels)),
            "restored": json(psnr(x, &pair.truth.pixels)),
        })
    };
    made.pairs.iter().zip(&solution.x).map(of).collect()
}

/// What is certain of the upper value and of its gradient.
pub fn add_certificate(facts: &mut Facts, found: &Certificate) {
    let [lower, upper] = [found.interval.lower, found.interval.upper];
    facts.add("upper value", short(found.value, 12));
    facts.add(
        "interval",
        format!(
            "[{}, {}], {}; width {}",
            short(lower, 10),
            short(upper, 10),
            found.interval.rigor.name(),
            short(upper - lower, 3)
        ),
    );
    facts.add("proven", proven(found));
    facts.add(
        "gradient",
        format!(
            "{}, error at most {} ({}, {})",
            short(found.size, 3),
            short(found.omega.value, 3),
            mode(found.mode),
            found.omega.rigor.name()
        ),
    );
    facts.add("accuracies", format!("{} lower, {} adjoint", short(found.eps, 3), short(found.delta, 3)));
}

/// The same for scripts.
pub fn certificate_json(found: &Certificate) -> Value {
    let interval = &found.interval;
    json!({
        "kind": "interval",
        "value": json(interval.width()),
        "rigor": interval.rigor.name(),
        "lower": json(interval.lower),
        "upper": json(interval.upper),
        "from_constants": {
            "lower": json(found.from_constants.lower),
            "upper": json(found.from_constants.upper),
            "rigor": found.from_constants.rigor.name(),
        },
        "mode": mode(found.mode),
        "omega": json(found.omega.value),
        "omega_rigor": found.omega.rigor.name(),
        "eps": json(found.eps),
        "delta": json(found.delta),
    })
}

/// The interval by the problem's constants alone.
fn proven(found: &Certificate) -> String {
    let found = &found.from_constants;
    if found.rigor != Rigor::Proven {
        return "no interval: the problem's constants are not proven".to_owned();
    }
    format!("[{}, {}]", short(found.lower, 10), short(found.upper, 10))
}

fn parameters(theta: &[f64]) -> String {
    if theta.len() <= MOST_SHOWN {
        return theta.iter().map(|t| short(*t, 6)).collect::<Vec<_>>().join(" ");
    }
    let [least, most] = theta
        .iter()
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[least, most], t| [least.min(*t), most.max(*t)]);
    format!("{} from {} to {} (--out and --json have all)", theta.len(), short(least, 4), short(most, 4))
}

/// The name of a certificate mode, as the option has it.
pub fn mode(mode: CertificateMode) -> &'static str {
    match mode {
        CertificateMode::Auto => "auto",
        CertificateMode::Rigorous => "rigorous",
        CertificateMode::Estimated => "estimated",
        CertificateMode::GoalOriented => "goal-oriented",
        CertificateMode::Off => "off",
    }
}

/// The name of a decision.
pub fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Refined => "refined",
        Decision::Accepted => "accepted",
        Decision::TooLong => "too long",
        Decision::NotCertain => "not certain",
        Decision::Rejected => "rejected",
        Decision::Tightened => "tightened",
    }
}
