//! The report of a solve, as a table for people and as JSON for scripts.

use super::data::Data;
use super::layout::{Facts, Side, table};
use super::number::{json, json_array, short};
use serde_json::{Map, Value, json};
use southwell::bcd::{Certificate, Settings, Solution};
use southwell::runtime::{OptionValue, Options, Rigor};

/// Coefficients that a table shows.
const MOST_SHOWN: usize = 20;

/// A solve and where it came from.
pub struct Report<'a> {
    /// The rows.
    pub data: &'a Data,
    /// The options of the solve.
    pub options: &'a Options,
    /// What they mean.
    pub settings: &'a Settings,
    /// The answer.
    pub solution: &'a Solution,
    /// Whether the objective has a linear term.
    pub linear: bool,
}

impl Report<'_> {
    /// The choice that an option has.
    fn choice(&self, key: &str) -> String {
        self.options.get(key).unwrap_or(OptionValue::Unset).to_string()
    }

    /// An aligned table.
    pub fn text(&self) -> String {
        let Report { data, settings, solution, .. } = self;
        let mut facts = Facts::default();
        let named = if data.names().is_empty() { "" } else { ", named by its first line" };
        let (file, rows, cols) = (data.path.display(), data.rows(), data.cols());
        facts.add("data", format!("{file}, {rows} rows, {cols} columns{named}"));
        facts.add("problem", self.problem());
        facts.add("lambda", lambda(solution));
        facts.add("outcome", solution.outcome.name());
        facts.add("objective", short(solution.certificate.objective, 12));
        facts.add("certificate", certificate(&solution.certificate));
        facts.add("relative", relative_text(settings, solution));
        facts.add("nonzeros", format!("{} of {}", solution.nonzeros(), solution.coef.len()));
        if solution.output_loss.is_some() {
            facts.add("outputs", solution.outputs.to_string());
        }
        if !solution.intercepts.is_empty() {
            let all: Vec<String> = solution.intercepts.iter().map(|b| short(*b, 5)).collect();
            facts.add("intercepts", all.join(" "));
        } else if settings.intercept {
            facts.add("intercept", short(solution.intercept, 8));
        }
        facts.add("iterations", solution.iterations.to_string());
        facts.add("seconds", seconds(settings, solution));
        facts.text()
    }

    /// The name of a coefficient: that of its column, with several outputs also the output.
    pub fn name(&self, k: usize) -> String {
        match self.solution.outputs {
            1 => self.data.name(k),
            outputs => format!("{}:{}", self.data.name(k / outputs), k % outputs),
        }
    }

    /// A table of the coefficients away from 0: the largest, where there are many.
    pub fn coefficients(&self) -> String {
        let coef = &self.solution.coef;
        let mut shown: Vec<usize> = (0..coef.len()).filter(|&k| coef[k] != 0.0).collect();
        let count = shown.len();
        if count == 0 {
            return String::new();
        }
        if count > MOST_SHOWN {
            shown.sort_by(|&a, &b| coef[b].abs().total_cmp(&coef[a].abs()).then(a.cmp(&b)));
            shown.truncate(MOST_SHOWN);
            shown.sort_unstable();
        }
        let rows: Vec<Vec<String>> = shown.iter().map(|&k| vec![self.name(k), short(coef[k], 6)]).collect();
        let mut text = format!("\n{}", table(&["column", "coefficient"], &[Side::Left, Side::Right], &rows));
        if count > MOST_SHOWN {
            text.push_str(&format!("and {} smaller ones (--out and --json have all)\n", count - MOST_SHOWN));
        }
        text
    }

    /// Names of coefficients, the first of them where there are many.
    pub fn names(&self, list: &[usize]) -> String {
        let shown: Vec<String> = list.iter().take(MOST_SHOWN).map(|&k| self.name(k)).collect();
        let more = if list.len() > MOST_SHOWN { ", .. (--json has all)" } else { "" };
        format!("{}{more}", shown.join(", "))
    }

    fn problem(&self) -> String {
        let (loss, penalty) = (self.choice("loss"), self.choice("penalty"));
        let mut text = format!("{loss} loss, {}", if penalty == "none" { "no".into() } else { penalty });
        text.push_str(" penalty");
        if self.settings.intercept {
            text.push_str(", intercept");
        }
        if self.settings.standardize {
            text.push_str(", standardized");
        }
        if self.linear {
            text.push_str(", linear term");
        }
        text
    }

    /// The object that scripts read.
    pub fn json(&self) -> Map<String, Value> {
        let Report { data, settings, solution, .. } = self;
        let mut object = step(settings, solution);
        let more = json!({
            "rows": data.rows(),
            "columns": data.cols(),
            "loss": self.choice("loss"),
            "penalty": self.choice("penalty"),
            "threads": settings.threads,
            "lambda_max": json(solution.lambda_max),
            "null_loss": json(solution.null_loss),
        });
        if let Value::Object(more) = more {
            object.extend(more);
        }
        let support = support(&solution.coef);
        let values: Vec<f64> = support.iter().map(|&k| solution.coef[k]).collect();
        if !data.names().is_empty() {
            object.insert("names".into(), support.iter().map(|&k| Value::from(self.name(k))).collect());
        }
        object.insert("support".into(), support.into());
        object.insert("coefficients".into(), json_array(&values));
        if !solution.direction.is_empty() {
            object.insert("direction".into(), json_array(&solution.direction));
        }
        if solution.output_loss.is_some() {
            object.insert("outputs".into(), solution.outputs.into());
            object.insert("intercepts".into(), json_array(&solution.intercepts));
        }
        object
    }
}

/// The coefficients away from 0.
pub fn support(coef: &[f64]) -> Vec<usize> {
    (0..coef.len()).filter(|j| coef[*j] != 0.0).collect()
}

/// What JSON says of each point of a path.
pub fn step(settings: &Settings, solution: &Solution) -> Map<String, Value> {
    let found = &solution.certificate;
    let value = json!({
        "outcome": solution.outcome.name(),
        "objective": json(found.objective),
        "certificate": {
            "kind": found.kind_name(),
            "value": json(found.value),
            "rigor": found.rigor.name(),
            "relative": json(relative(settings, solution)),
            "target": json(solution.target),
        },
        "lambda": json(solution.lambda),
        "intercept": json(solution.intercept),
        "nonzeros": solution.nonzeros(),
        "explained": json(solution.explained),
        "settled_at": solution.settled_at,
        "iterations": solution.iterations,
        "work": solution.work,
        "seconds_setup": json(solution.seconds_setup),
        "seconds_solve": json(solution.seconds_solve),
    });
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// What the tolerance is relative to: the loss of the null model, or its gradient.
pub fn scale(settings: &Settings, solution: &Solution) -> f64 {
    if settings.tolerance > 0.0 && settings.tolerance.is_finite() {
        solution.target / settings.tolerance
    } else {
        solution.null_loss
    }
}

/// The certificate in units of the tolerance.
pub fn relative(settings: &Settings, solution: &Solution) -> f64 {
    let scale = scale(settings, solution);
    if scale > 0.0 { solution.certificate.value / scale } else { f64::NAN }
}

/// A certificate in words.
pub fn certificate(found: &Certificate) -> String {
    let rigor = if found.rigor == Rigor::None { "bounds nothing by itself" } else { found.rigor.name() };
    format!("{} ({}, {rigor})", short(found.value, 3), found.kind_name())
}

fn relative_text(settings: &Settings, solution: &Solution) -> String {
    let scale = scale(settings, solution);
    let of = if scale == solution.null_loss || (scale / solution.null_loss - 1.0).abs() < 1e-9 {
        "loss of the null model"
    } else {
        "gradient of the null model"
    };
    format!(
        "{} of the {of}, {}; tolerance {}",
        short(relative(settings, solution), 3),
        short(scale, 6),
        short(settings.tolerance, 3)
    )
}

fn lambda(solution: &Solution) -> String {
    let lambda = short(solution.lambda, 8);
    if solution.lambda_max > 0.0 && solution.lambda_max.is_finite() {
        let ratio = short(solution.lambda / solution.lambda_max, 4);
        return format!("{lambda}, {ratio} of lambda_max {}", short(solution.lambda_max, 6));
    }
    format!("{lambda}, lambda_max {}", short(solution.lambda_max, 6))
}

fn seconds(settings: &Settings, solution: &Solution) -> String {
    let threads =
        if settings.threads == 1 { "1 thread".into() } else { format!("{} threads", settings.threads) };
    format!(
        "{} setup, {} solve, {threads}",
        short(solution.seconds_setup, 3),
        short(solution.seconds_solve, 3)
    )
}
