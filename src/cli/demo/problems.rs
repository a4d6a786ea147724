//! The problems of the demo; their data are part of the program.

use crate::cli::data::Data;
use crate::cli::files;
use crate::cli::groups::{self, Groups};
use crate::cli::model::Extras;
use crate::cli::option_flags::Chosen;
use southwell::runtime::{Family, Result};
use std::path::Path;

const DIABETES: &str = include_str!("../../../data/diabetes.csv");
const BREAST_CANCER: &str = include_str!("../../../data/breast_cancer.csv");
const BIKES: &str = include_str!("../../../data/bikes.csv");
const BIKES_GROUPS: &str = include_str!("../../../data/bikes_groups.csv");
const WINE: &str = include_str!("../../../data/wine.csv");

/// What a problem of the demo is.
pub struct About {
    /// The name in JSON and in the line of progress.
    pub name: &'static str,
    /// The data set, for people.
    pub data: &'static str,
    /// The problem, for people.
    pub problem: &'static str,
    /// What its path shows.
    pub path_of: &'static str,
    /// The file of the plot of the path.
    pub path_plot: Option<&'static str>,
    /// The file of the plot that compares the rules.
    pub race_plot: Option<&'static str>,
    text: &'static str,
    positive: Option<f64>,
    groups: Option<&'static str>,
    options: &'static [(&'static str, &'static str)],
}

/// What most problems have.
const PLAIN: About = About {
    name: "",
    data: "",
    problem: "",
    path_of: "",
    path_plot: None,
    race_plot: None,
    text: "",
    positive: None,
    groups: None,
    options: &[],
};

/// The problems, in the order of the table.
pub const PROBLEMS: &[About] = &[
    About {
        name: "diabetes-lasso",
        data: "diabetes",
        problem: "least squares, lasso",
        path_of: "the lasso's coefficients",
        path_plot: Some("diabetes-path.svg"),
        text: DIABETES,
        options: &[("lambda_ratio", "0.05")],
        ..PLAIN
    },
    About {
        name: "diabetes-nonnegative",
        data: "diabetes",
        problem: "least squares, coefficients >= 0",
        text: DIABETES,
        options: &[("penalty", "none"), ("lower", "0")],
        ..PLAIN
    },
    About {
        name: "breast-cancer-logistic",
        data: "breast cancer",
        problem: "logistic lasso",
        race_plot: Some("breast-cancer-rules.svg"),
        text: BREAST_CANCER,
        positive: Some(1.0),
        options: &[("loss", "logistic"), ("lambda_ratio", "0.02")],
        ..PLAIN
    },
    About {
        name: "wine-squared-hinge",
        data: "wine",
        problem: "squared hinge, ridge",
        text: WINE,
        positive: Some(0.0),
        options: &[("loss", "squared-hinge"), ("penalty", "ridge"), ("lambda", "1")],
        ..PLAIN
    },
    About {
        name: "bikes-poisson-group",
        data: "bike rentals",
        problem: "Poisson, group lasso",
        path_of: "the groups of the Poisson group lasso",
        path_plot: Some("bikes-path.svg"),
        text: BIKES,
        groups: Some(BIKES_GROUPS),
        options: &[("loss", "poisson"), ("penalty", "group"), ("lambda_ratio", "0.1")],
        ..PLAIN
    },
    About {
        name: "bikes-huber",
        data: "bike rentals",
        problem: "Huber, elastic net",
        text: BIKES,
        options: &[
            ("loss", "huber"),
            ("huber_delta", "500"),
            ("penalty", "elastic-net"),
            ("lambda_ratio", "0.02"),
        ],
        ..PLAIN
    },
];

/// The rules that are compared, and what the plot calls them.
pub const RULES: &[(&str, &str)] = &[
    ("random", "random"),
    ("cyclic", "cyclic"),
    ("gs", "GS"),
    ("gsl", "GSL"),
    ("gsq", "GSQ"),
    ("auto", "auto (default)"),
];

/// A problem with its data.
pub struct Demo {
    /// What it is.
    pub about: &'static About,
    /// Its rows.
    pub data: Data,
    /// Its options: every one has an intercept and is standardized.
    pub chosen: Chosen,
    /// Its groups.
    pub extras: Extras,
    /// Their names.
    pub group_names: Vec<String>,
}

impl Demo {
    /// Reads the data.
    pub fn load(about: &'static About) -> Result<Self> {
        let data = Data::embedded(about.data, about.text, about.positive)?;
        let mut chosen = Chosen::of(Family::Bcd, Vec::new());
        let common = [("intercept", "true"), ("standardize", "true")];
        common.iter().chain(about.options).for_each(|(key, value)| chosen.set(key, value));
        let (mut extras, mut group_names) = (Extras::default(), Vec::new());
        if let Some(text) = about.groups {
            let lines = files::words_of("groups", text.as_bytes())?;
            let (of_column, names) = groups::of_lines(Path::new("groups"), lines, &data)?;
            let weights = Some(groups::root_sizes(&of_column, names.len()));
            extras.groups = Some(Groups { of_column, weights });
            group_names = names;
        }
        Ok(Self { about, data, chosen, extras, group_names })
    }
}
