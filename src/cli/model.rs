//! The saved model: everything that verifying and predicting need besides the rows.

use super::data::{Data, Known};
use super::groups::Groups;
use super::option_flags::Chosen;
use southwell::bcd::{OutputModel, Problem, Settings, Solution};
use southwell::runtime::{Error, ErrorKind, Family, OptionValue, Options, Result};
use std::path::{Path, PathBuf};

/// A model of the family bcd.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Options that differ from their defaults, with loss, penalty, tolerance and the lambda that was used.
    pub options: Vec<(String, String)>,
    /// Rows of the data.
    pub rows: usize,
    /// Columns of the data.
    pub columns: usize,
    /// Names of the columns, if they have any.
    pub names: Vec<String>,
    /// The label that stands for 1.
    pub positive: Option<f64>,
    /// The intercept.
    pub intercept: f64,
    /// The intercepts of several outputs, where they are fitted.
    pub intercepts: Vec<f64>,
    /// Outputs.
    pub outputs: usize,
    /// The coefficients: one per column, or per column and output.
    pub coefficients: Vec<f64>,
    /// The dual point; empty where there is none.
    pub dual: Vec<f64>,
    /// Factor on the penalty of each column.
    pub penalty_factors: Option<Vec<f64>>,
    /// The linear term.
    pub linear: Option<Vec<f64>>,
    /// The groups.
    pub groups: Option<Groups>,
    /// How the solve ended.
    pub outcome: String,
    /// The objective.
    pub objective: f64,
    /// The certificate.
    pub certificate: f64,
    /// What the certificate was to be.
    pub target: f64,
    /// The loss of the null model.
    pub null_loss: f64,
}

/// Options that say how to solve, not what.
const HOW: &[&str] = &["trace", "lambda_ratio"];

impl Model {
    /// The model of a solution.
    pub fn new(data: &Data, options: &Options, extras: &Extras, solution: &Solution) -> Self {
        let defaults = Options::new(Family::Bcd);
        let always = ["loss", "penalty", "tolerance"];
        let mut kept: Vec<(String, String)> = options
            .rows()
            .filter(|row| !HOW.contains(&row.key) && row.key != "lambda")
            .filter_map(|row| Some((row.key, options.get(row.key).ok()?)))
            .filter(|(key, value)| always.contains(key) || defaults.get(key).ok() != Some(*value))
            .map(|(key, value)| (key.to_owned(), exact(value)))
            .collect();
        kept.push(("lambda".to_owned(), exact(OptionValue::Real(solution.lambda))));
        Self {
            options: kept,
            rows: data.rows(),
            columns: data.cols(),
            names: data.names().to_vec(),
            positive: data.positive,
            intercept: solution.intercept,
            intercepts: solution.intercepts.clone(),
            outputs: solution.outputs,
            coefficients: solution.coef.clone(),
            dual: solution.dual.clone(),
            penalty_factors: extras.penalty_factors.clone(),
            linear: extras.linear.clone(),
            groups: extras.groups.clone(),
            outcome: solution.outcome.name().to_owned(),
            objective: solution.certificate.objective,
            certificate: solution.certificate.value,
            target: solution.target,
            null_loss: solution.null_loss,
        }
    }

    /// The options as the command line would have set them.
    pub fn chosen(&self) -> Chosen {
        Chosen::of(Family::Bcd, self.options.clone())
    }

    /// The settings of the solve.
    pub fn settings(&self) -> Result<Settings> {
        Settings::from_options(&self.chosen().options()?)
    }

    /// The model as one of several outputs, if it is.
    pub fn of_outputs(&self) -> Result<Option<OutputModel<'_>>> {
        Ok(self.settings()?.output_loss.map(|loss| OutputModel {
            coef: &self.coefficients,
            intercepts: &self.intercepts,
            outputs: self.outputs,
            loss,
        }))
    }

    /// Coefficients, and after them the intercepts of several outputs.
    pub fn point(&self) -> Vec<f64> {
        [self.coefficients.as_slice(), &self.intercepts].concat()
    }

    /// What the model knows of its data.
    pub fn known(&self) -> Known {
        Known { positive: self.positive, features: Some(self.columns) }
    }

    /// What a problem needs besides the rows.
    pub fn extras(&self) -> Extras {
        Extras {
            penalty_factors: self.penalty_factors.clone(),
            linear: self.linear.clone(),
            groups: self.groups.clone(),
        }
    }

    /// Refuses data with other columns than the model's.
    pub fn check_columns(&self, file: &Path, data: &Data) -> Result<()> {
        let refused = || Error::new(ErrorKind::Data, data.path.display().to_string());
        if data.cols() != self.columns {
            let hint = if data.cols() == self.columns + 1 {
                " (is one of them the target? --target-column says which)"
            } else if data.cols() < self.columns {
                " (LIBSVM: --features says how many there are)"
            } else {
                ""
            };
            return Err(refused()
                .expected(format!("{} columns, as in the model {}", self.columns, file.display()))
                .found(format!("{}{hint}", data.cols())));
        }
        let names = data.names();
        match names.iter().zip(&self.names).position(|(a, b)| a != b) {
            Some(j) => Err(refused()
                .at(format!("column {}", j + 1))
                .expected(format!("the name '{}', as in the model", self.names[j]))
                .found(format!("'{}'", names[j]))),
            None => Ok(()),
        }
    }
}

/// What a problem needs besides the rows.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// Factor on the penalty of each column.
    pub penalty_factors: Option<Vec<f64>>,
    /// The linear term.
    pub linear: Option<Vec<f64>>,
    /// The groups.
    pub groups: Option<Groups>,
}

impl Extras {
    /// Reads what the flags of a fit name.
    pub fn read(matches: &clap::ArgMatches, data: &Data) -> Result<Self> {
        let of_columns = |name: &str| {
            let file = matches.get_one::<PathBuf>(name);
            file.map(|file| super::data::vector(file, data.cols(), "column")).transpose()
        };
        Ok(Self {
            penalty_factors: of_columns("penalty-factors")?,
            linear: of_columns("linear")?,
            groups: Groups::read(matches, data)?,
        })
    }

    /// The problem of these rows.
    pub fn problem<'d>(&self, data: &'d Data, settings: &Settings) -> Result<Problem<'d>> {
        let mut problem = Problem::new(data.matrix()?, data.target_for(settings)?)?;
        if let Some((outputs, targets)) = &data.targets {
            problem.set_targets(*outputs, targets)?;
        }
        if let Some(weights) = &data.weights {
            problem.set_weights(weights)?;
        }
        if let Some(offset) = &data.offset {
            problem.set_offset(offset)?;
        }
        if let Some(factors) = &self.penalty_factors {
            problem.set_penalty_factors(factors)?;
        }
        if let Some(linear) = &self.linear {
            problem.set_linear(linear)?;
        }
        if let Some(groups) = &self.groups {
            problem.set_groups(&groups.of_column, groups.weights.as_deref())?;
        }
        Ok(problem)
    }
}

/// A value as text that sets the same value.
fn exact(value: OptionValue) -> String {
    match value {
        OptionValue::Real(v) => format!("{v:?}"),
        other => other.to_string(),
    }
}
