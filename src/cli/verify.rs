//! `southwell verify`: the certificate of a saved model, recomputed from the raw data (of learned parameters:
//! `bilevel`); or of a round log (`groupwise`).

use super::data::{Data, Target};
use super::failure::{Failure, Verdict};
use super::layout::Facts;
use super::model::Model;
use super::number::{json, short};
use super::report;
use super::{bilevel, groupwise, model_json, output};
use clap::ArgMatches;
use serde_json::json;
use southwell::bcd::{self, Certificate, Problem, Settings, Solution};
use southwell::runtime::{Control, Error, ErrorKind};
use std::path::PathBuf;

/// Differences that make a claim of the model a wrong one.
const CLAIM: f64 = 1e-9;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<Verdict, Failure> {
    let of = |name: &str| matches.get_one::<PathBuf>(name);
    if let Some(log) = of("log") {
        return groupwise::verify(matches, log, of("data").map(PathBuf::as_path));
    }
    let file = of("model").cloned().unwrap_or_default();
    let value = model_json::parse(&file)?;
    if value["family"] == bilevel::FAMILY {
        return bilevel::verify(matches, &file, &value);
    }
    let mut model = model_json::of(&file, &value)?;
    if let Some(tolerance) = matches.get_one::<String>("tolerance") {
        model.options.push(("tolerance".into(), tolerance.clone()));
    }
    let settings = model.settings()?;
    if of("data").is_none() {
        return Err(Error::new(ErrorKind::Argument, "--data")
            .expected("the rows that the model was fitted to")
            .found("none")
            .into());
    }
    let data = Data::read(matches, Target::Needed, model.known())?;
    model.check_columns(&file, &data)?;
    if data.rows() != model.rows {
        return Err(Error::new(ErrorKind::Data, data.path.display().to_string())
            .expected(format!("{} rows, those that the model was fitted to", model.rows))
            .found(data.rows())
            .into());
    }
    let problem = model.extras().problem(&data, &settings)?;
    let null = null_model(&model, &problem)?;
    let found =
        bcd::certificate(&problem, &settings, null.lambda, &model.point(), model.intercept, &model.dual)?;
    let checked = Checked { model: &model, settings: &settings, null: &null, found };
    output::print(&if matches.get_flag("json") { checked.json() } else { checked.text() })?;
    Ok(Verdict::of(checked.verdict().is_ok()))
}

/// The scale of the tolerance, computed anew from the data: a solve that ends before its first step.
fn null_model(model: &Model, problem: &Problem<'_>) -> Result<Solution, Error> {
    let mut chosen = model.chosen();
    for (key, value) in [
        ("max_iterations", "0"),
        ("max_seconds", "inf"),
        ("max_work", "inf"),
        ("threads", "1"),
        ("rule", "auto"),
    ] {
        chosen.set(key, value);
    }
    bcd::solve(problem, &chosen.options()?, None, &mut Control::new())
}

struct Checked<'a> {
    model: &'a Model,
    settings: &'a Settings,
    null: &'a Solution,
    found: Certificate,
}

impl Checked<'_> {
    fn rounding(&self) -> f64 {
        Certificate::ROUNDING * (self.found.objective.abs() + self.null.null_loss.abs())
    }

    /// Whether the certificate is within the target, and the model's own figures are those of its numbers.
    fn verdict(&self) -> Result<(), String> {
        let (model, found, target) = (self.model, &self.found, self.null.target);
        if found.kind != self.null.certificate.kind {
            let (wanted, given) = (self.null.certificate.kind_name(), found.kind_name());
            return Err(format!("this problem has a {wanted}, and the model gives only a {given}"));
        }
        if !found.meets(target, self.null.null_loss) {
            return Err(format!("the certificate is above its target {}", short(target, 3)));
        }
        let close = |a: f64, b: f64| {
            let near = (a - b).abs() <= CLAIM * (a.abs() + b.abs()) + self.rounding();
            a.is_finite() && b.is_finite() && near
        };
        if !close(model.objective, found.objective) {
            return Err(format!("the model claims the objective {}", short(model.objective, 12)));
        }
        if !close(model.null_loss, self.null.null_loss) && !model.null_loss.is_nan() {
            return Err(format!("the model claims the null model's loss {}", short(model.null_loss, 12)));
        }
        Ok(())
    }

    fn relative(&self) -> f64 {
        self.found.value / report::scale(self.settings, self.null)
    }

    fn text(&self) -> String {
        let (found, null) = (&self.found, self.null);
        let mut facts = Facts::default();
        facts.add("objective", short(found.objective, 12));
        facts.add("dual objective", short(found.dual_objective, 12));
        facts.add("certificate", report::certificate(found));
        let scale = short(report::scale(self.settings, null), 6);
        facts.add("relative", format!("{} of {scale}", short(self.relative(), 3)));
        facts.add(
            "target",
            format!("{}, tolerance {}", short(null.target, 3), short(self.settings.tolerance, 3)),
        );
        facts.add(
            "model",
            format!("{}, certificate {}", self.model.outcome, short(self.model.certificate, 3)),
        );
        facts.add(
            "verdict",
            self.verdict().map_or_else(|why| format!("NOT verified: {why}"), |()| "verified".into()),
        );
        facts.text()
    }

    fn json(&self) -> String {
        let (found, null) = (&self.found, self.null);
        let verdict = self.verdict();
        let value = json!({
            "verified": verdict.is_ok(),
            "reason": verdict.err(),
            "objective": json(found.objective),
            "dual_objective": json(found.dual_objective),
            "certificate": {
                "kind": found.kind_name(),
                "value": json(found.value),
                "rigor": found.rigor.name(),
                "relative": json(self.relative()),
                "target": json(null.target),
            },
            "null_loss": json(null.null_loss),
            "lambda": json(null.lambda),
            "rows": self.model.rows,
            "columns": self.model.columns,
            "model": {
                "outcome": self.model.outcome,
                "objective": json(self.model.objective),
                "certificate": json(self.model.certificate),
                "target": json(self.model.target),
                "null_loss": json(self.model.null_loss),
            },
        });
        format!("{value}\n")
    }
}
