//! The demo's stream: bike rentals day by day, each predicted from what the days before taught, with low regret on
//! every group of days.

use crate::cli::chart::Chart;
use crate::cli::files::{self, Values};
use crate::cli::groupwise::{curves, names};
use crate::cli::layout::{Side, table};
use crate::cli::number::{json, short};
use serde_json::{Value, json as object};
use southwell::groupwise::{Certificate, GroupCertificate, Groups, Standing, Stream};
use southwell::runtime::{Error, ErrorKind, Family, Options, Result};
use std::collections::BTreeMap;
use std::time::Instant;

const TABLE: &str = include_str!("../../../data/bikes.csv");
/// Rentals of a day are from 0 to this.
const MOST: &str = "10000";
/// Days between two points of a curve.
const STRIDE: usize = 7;

/// A group: its name, and the columns of which one is 1 or, for the rest, none.
type Group = (&'static str, &'static [&'static str], bool);

const GROUPS: [Group; 6] = [
    ("winter", &["season_spring", "season_summer", "season_fall"], false),
    ("summer", &["season_summer"], true),
    ("working week", &["weekday_mon", "weekday_tue", "weekday_wed", "weekday_thu", "weekday_fri"], true),
    ("weekend", &["weekday_mon", "weekday_tue", "weekday_wed", "weekday_thu", "weekday_fri"], false),
    ("holiday", &["holiday"], true),
    ("bad weather", &["weather_mist", "weather_rain_or_snow"], true),
];

/// What was found.
pub struct Days {
    certificate: Certificate,
    curves: BTreeMap<u64, Vec<(f64, f64)>>,
    days: usize,
    seconds: f64,
}

impl Days {
    /// Plays all days.
    pub fn run() -> Result<Self> {
        let read = files::read_embedded("bikes.csv", TABLE, true)?;
        let defect = || Error::new(ErrorKind::Internal, "bikes.csv").expected("the columns of the demo");
        let (Values::Dense(values), Some(rentals)) = (&read.values, &read.target) else {
            return Err(defect());
        };
        let column = |name: &str| read.names.iter().position(|n| n == name).ok_or_else(defect);
        let mut members = Vec::new();
        for (_, columns, any) in GROUPS {
            let columns = columns.iter().map(|name| column(name)).collect::<Result<Vec<usize>>>()?;
            members.push((columns, any));
        }
        let mut options = Options::new(Family::Groupwise);
        for (key, value) in [("label_upper", MOST), ("intercept", "true")] {
            options.set_text(key, value)?;
        }
        let start = Instant::now();
        let mut stream = Stream::new(read.cols, Groups::declared(GROUPS.len() as u64), &options)?;
        let mut regrets: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
        for (day, rented) in rentals.iter().enumerate() {
            let x: Vec<f64> = (0..read.cols).map(|j| values[j * read.rows + day]).collect();
            let is_in = |(columns, any): &(Vec<usize>, bool)| columns.iter().any(|j| x[*j] == 1.0) == *any;
            let awake: Vec<u64> =
                (0..GROUPS.len()).filter(|g| is_in(&members[*g])).map(|g| g as u64).collect();
            let prediction = stream.predict(&x, &awake)?;
            stream.update(prediction.ticket, *rented)?;
            if day % STRIDE == STRIDE - 1 || day + 1 == rentals.len() {
                for group in stream.certificates()?.groups {
                    let point = (day as f64 + 1.0, group.regret.unwrap_or(f64::NAN));
                    regrets.entry(group.group).or_default().push(point);
                }
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        Ok(Self { certificate: stream.certificates()?, curves: regrets, days: rentals.len(), seconds })
    }

    /// Whether every regret is below its bound.
    pub fn holds(&self) -> bool {
        self.certificate.groups.iter().all(|g| g.standing == Standing::Holds)
    }

    fn name(id: u64) -> String {
        names::group(&GROUPS.map(|group| group.0.to_owned()), id)
    }

    pub fn chart(&self) -> Chart {
        curves("Bike rentals: regret on each group of days", "day", &self.curves, Self::name)
    }

    pub fn text(&self) -> String {
        let row = |g: &GroupCertificate| {
            let number = |value: Option<f64>| short(value.unwrap_or(f64::NAN), 4);
            let off = (g.loss / g.weight).sqrt();
            vec![
                Self::name(g.group),
                g.rounds.to_string(),
                short(off, 4),
                number(g.regret),
                number(g.bound),
                g.standing.name().to_owned(),
            ]
        };
        let rows: Vec<Vec<String>> = self.certificate.groups.iter().map(row).collect();
        let headings = ["group", "days", "off by", "regret", "bound", "standing"];
        let mut sides = [Side::Right; 6];
        (sides[0], sides[5]) = (Side::Left, Side::Left);
        format!(
            "Bike rentals of {} days, each predicted before it was seen (online ridge regression for each group), {:.3} s:\n\n{}\n\
             Regret: squared errors beyond those of the best ridge predictor of the group in hindsight; the bound is a theorem's.\n",
            self.days,
            self.seconds,
            table(&headings, &sides, &rows)
        )
    }

    pub fn json(&self) -> Value {
        let worst = self
            .certificate
            .groups
            .iter()
            .map(|g| g.regret.unwrap_or(f64::NAN))
            .fold(f64::NEG_INFINITY, f64::max);
        let group = |g: &GroupCertificate| {
            object!({
                "name": Self::name(g.group),
                "rounds": g.rounds,
                "loss": json(g.loss),
                "regret": json(g.regret.unwrap_or(f64::NAN)),
                "bound": json(g.bound.unwrap_or(f64::NAN)),
                "standing": g.standing.name(),
            })
        };
        let all = self.certificate.groups.last();
        object!({
            "name": "bikes-groups",
            "outcome": if self.holds() { "converged" } else { "uncertified" },
            "objective": json(all.map_or(f64::NAN, |g| g.loss)),
            "certificate": {
                "kind": "regret of the worst group",
                "value": json(worst),
                "rigor": if self.holds() { "proven" } else { "none" },
            },
            "groups": self.certificate.groups.iter().map(group).collect::<Vec<_>>(),
            "iterations": self.days,
            "seconds_setup": 0.0,
            "seconds_solve": self.seconds,
        })
    }
}
