//! The report of a stream, as tables for people and as JSON for scripts.

use super::names;
use super::play::Played;
use super::recipe::Recipe;
use super::table::Table;
use crate::cli::layout::{Facts, Side, table};
use crate::cli::number::{json, short};
use serde_json::{Value, json as object};
use southwell::groupwise::settings::Mode;
use southwell::groupwise::{CROSSED, Certificate, Claim, GroupCertificate, Settings, Standing};
use southwell::runtime::Outcome;

/// What is reported.
pub struct Report<'a> {
    /// The rows.
    pub table: &'a Table,
    /// How they became rounds.
    pub recipe: &'a Recipe,
    /// The settings of the stream.
    pub settings: &'a Settings,
    /// What is certified.
    pub certificate: &'a Certificate,
    /// How it went.
    pub played: &'a Played,
    /// What else is to be known.
    pub notes: &'a [String],
    /// Whether rows came in random order.
    pub shuffled: bool,
    /// Setup and rounds.
    pub seconds: [f64; 2],
}

impl Report<'_> {
    fn worst(&self) -> Option<&GroupCertificate> {
        // The crossed expert is compared with itself, on features of its own.
        let known = self.certificate.groups.iter().filter(|g| g.regret.is_some() && g.group != CROSSED);
        known.max_by(|a, b| a.regret.unwrap_or(f64::NAN).total_cmp(&b.regret.unwrap_or(f64::NAN)))
    }

    fn name(&self, id: u64) -> String {
        names::group(&self.recipe.group_names(), id)
    }

    fn outcome(&self) -> String {
        match self.played.outcome {
            Outcome::Converged => "every row was used".to_owned(),
            stopped => format!("{} after {} rows", stopped.name(), self.played.rounds),
        }
    }

    fn facts(&self) -> Facts {
        let Self { table, recipe, settings, certificate, .. } = self;
        let mut facts = Facts::default();
        let order = if self.shuffled { "shuffled" } else { "in file order" };
        facts.add(
            "data",
            format!("{}, {} rows, {} features, {order}", table.path.display(), table.rows, recipe.width()),
        );
        let [lower, upper] = settings.range.declared();
        facts.add("label", format!("{} in [{}, {}]", recipe.label, short(lower, 9), short(upper, 9)));
        let learners: Vec<&str> = settings.learners.iter().flatten().map(|kind| kind.name()).collect();
        let crossed = if settings.crossed { ", crossed" } else { "" };
        let option = |key: &str| match recipe.chosen.options().and_then(|options| options.get(key)) {
            Ok(value) => value.to_string(),
            Err(_) => String::new(),
        };
        facts.add(
            "method",
            format!(
                "{}, {}, {} loss, {}{crossed}",
                option("mode"),
                option("meta"),
                option("loss"),
                learners.join(" and ")
            ),
        );
        facts.add("outcome", self.outcome());
        let spent = self.certificate.groups.iter().max_by_key(|g| g.rounds);
        if let Some(all) = spent.filter(|g| g.weight > 0.0) {
            facts
                .add("mean loss", format!("{} on {}", short(all.loss / all.weight, 6), self.name(all.group)));
        }
        if let Some(worst) = self.worst() {
            facts.add(
                "worst group",
                format!("{}, regret {}", self.name(worst.group), short(worst.regret.unwrap_or(f64::NAN), 6)),
            );
            facts.add("compared with", worst.comparator.name());
        }
        facts.add("theorem", certificate.claim.name());
        let counts = &certificate.counts;
        for (count, what) in [
            (counts.uncovered, "rows without an awake group"),
            (counts.clamped, "labels outside the range"),
            (counts.widened, "times that the range was widened"),
            (counts.ignored, "times that there was no room for a group"),
            (counts.asleep, "times that an expert gave no number"),
        ] {
            if count > 0 {
                facts.add("note", format!("{count} {what}"));
            }
        }
        self.notes.iter().for_each(|note| facts.add("note", note));
        facts.add("seconds", format!("{:.3} setup, {:.3} rounds", self.seconds[0], self.seconds[1]));
        facts
    }

    /// Facts, and a table of the groups.
    pub fn text(&self) -> String {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| short(v, 6));
        let row = |g: &GroupCertificate| {
            let convex = self.settings.mode == Mode::Convex;
            let counted = if convex { g.loss } else { g.expected_loss };
            vec![
                self.name(g.group),
                g.rounds.to_string(),
                short(counted, 6),
                number(g.hindsight),
                number(g.regret),
                number(g.bound),
                number(g.slack),
                g.standing.name().to_owned(),
            ]
        };
        let mut rows: Vec<Vec<String>> = self.certificate.groups.iter().map(row).collect();
        let awake = |id: u64| self.certificate.groups.iter().any(|g| g.group == id);
        let asleep = (0..self.recipe.rules.len() as u64).filter(|id| !awake(*id));
        rows.extend(asleep.map(|id| {
            let mut cells = vec!["-".to_owned(); 8];
            (cells[0], cells[1]) = (self.name(id), "0".into());
            cells
        }));
        let headings = ["group", "rounds", "loss", "hindsight", "regret", "bound", "slack", "standing"];
        let mut sides = [Side::Right; 8];
        (sides[0], sides[7]) = (Side::Left, Side::Left);
        format!("{}\n{}", self.facts().text(), table(&headings, &sides, &rows))
    }

    /// The object that scripts read.
    pub fn json(&self) -> String {
        let Self { table, recipe, settings, certificate, played, .. } = self;
        let option = |value: Option<f64>| json(value.unwrap_or(f64::NAN));
        let worst = self.worst();
        let holds = certificate.claim == Claim::Holds
            && certificate.groups.iter().all(|g| g.standing == Standing::Holds || g.regret.is_none());
        let most = certificate.groups.iter().max_by_key(|g| g.rounds);
        let counts = &certificate.counts;
        let groups: Vec<Value> = certificate.groups.iter().map(|g| self.group(g)).collect();
        let [lower, upper] = settings.range.declared();
        let value = object!({
            "outcome": played.outcome.name(),
            "objective": json(most.map_or(f64::NAN, |g| g.loss)),
            "certificate": {
                "kind": "regret of the worst group",
                "value": option(worst.and_then(|g| g.regret)),
                "bound": option(worst.and_then(|g| g.bound)),
                "group": worst.map(|g| self.name(g.group)),
                "rigor": if holds { "proven" } else { "none" },
            },
            "claim": certificate.claim.name(),
            "ln_potential": json(certificate.ln_potential),
            "ln_potential_bound": json(certificate.ln_potential_bound),
            "iterations": played.rounds,
            "rows": table.rows,
            "features": recipe.width(),
            "label_lower": json(lower),
            "label_upper": json(upper),
            "groups": groups,
            "updates": counts.updates,
            "uncovered": counts.uncovered,
            "clamped": counts.clamped,
            "widened": counts.widened,
            "ignored": counts.ignored,
            "asleep": counts.asleep,
            "notes": self.notes,
            "seconds_setup": self.seconds[0],
            "seconds_solve": self.seconds[1],
            "threads": 1,
        });
        format!("{value}\n")
    }

    fn group(&self, g: &GroupCertificate) -> Value {
        let option = |value: Option<f64>| json(value.unwrap_or(f64::NAN));
        let experts: Vec<Value> = g
            .experts
            .iter()
            .map(|e| {
                object!({
                    "learner": e.learner.name(),
                    "prior": json(e.prior),
                    "loss": json(e.loss),
                    "regret": json(e.regret),
                    "bound": option(e.bound),
                })
            })
            .collect();
        let rule = usize::try_from(g.group).ok().and_then(|k| self.recipe.rules.get(k));
        object!({
            "name": self.name(g.group),
            "rule": rule.map(|rule| rule.text.as_str()),
            "rounds": g.rounds,
            "loss": json(g.loss),
            "expected_loss": json(g.expected_loss),
            "comparator": g.comparator.name(),
            "hindsight": option(g.hindsight),
            "regret": option(g.regret),
            "bound": option(g.bound),
            "slack": option(g.slack),
            "health": option(g.health),
            "standing": g.standing.name(),
            "experts": experts,
        })
    }
}
