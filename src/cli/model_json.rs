//! The file format of a model: one JSON object, numbers in the fewest digits that read back as the same.

use super::groups::Groups;
use super::model::Model;
use super::number::{from_json, json, json_array};
use super::output;
use serde_json::{Map, Value};
use southwell::runtime::{Error, ErrorKind, Result};
use std::path::Path;

/// The newest version that is read. Models of several outputs or with a linear term are written in it, others in the
/// first.
const VERSION: u64 = 2;

/// Writes a model.
pub fn write(path: &Path, model: &Model) -> Result<()> {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("format", "southwell model".into());
    let newest = model.outputs > 1 || !model.intercepts.is_empty() || model.linear.is_some();
    put("version", if newest { VERSION } else { 1 }.into());
    put("family", "bcd".into());
    put("options", model.options.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect());
    put("rows", model.rows.into());
    put("columns", model.columns.into());
    if !model.names.is_empty() {
        put("names", model.names.clone().into());
    }
    if let Some(positive) = model.positive {
        put("positive", json(positive));
    }
    put("outcome", model.outcome.as_str().into());
    put("objective", json(model.objective));
    put("certificate", json(model.certificate));
    put("target", json(model.target));
    put("null_loss", json(model.null_loss));
    put("intercept", json(model.intercept));
    if model.outputs > 1 || !model.intercepts.is_empty() {
        put("outputs", model.outputs.into());
        put("intercepts", json_array(&model.intercepts));
    }
    put("coefficients", json_array(&model.coefficients));
    put("dual", json_array(&model.dual));
    if let Some(factors) = &model.penalty_factors {
        put("penalty_factors", json_array(factors));
    }
    if let Some(linear) = &model.linear {
        put("linear", json_array(linear));
    }
    if let Some(groups) = &model.groups {
        put("groups", groups.of_column.clone().into());
        if let Some(weights) = &groups.weights {
            put("group_weights", json_array(weights));
        }
    }
    output::write_file(path, |file| {
        use std::io::Write;
        serde_json::to_writer_pretty(&mut *file, &Value::Object(object))?;
        writeln!(file)
    })
}

/// The JSON of a file.
pub fn parse(path: &Path) -> Result<Value> {
    let name = path.display().to_string();
    let refused = |kind| Error::new(kind, name.as_str());
    let text = std::fs::read_to_string(path)
        .map_err(|e| refused(ErrorKind::Argument).expected("a model that can be read").found(e))?;
    serde_json::from_str(&text).map_err(|e| {
        refused(ErrorKind::Format).expected("a model in JSON").found(format!("other text ({e})"))
    })
}

/// Reads a model.
pub fn read(path: &Path) -> Result<Model> {
    of(path, &parse(path)?)
}

/// The model that a file's JSON is.
pub fn of(path: &Path, value: &Value) -> Result<Model> {
    let name = path.display().to_string();
    let file = Reader { name: &name, value };
    file.header("bcd")?;
    let columns = file.count("columns")?;
    let rows = file.count("rows")?;
    let outputs = if value["outputs"].is_null() { 1 } else { file.count("outputs")? };
    // Sizes out of a damaged file must not wrap around.
    let times = |n: usize| n.saturating_mul(outputs);
    let model = Model {
        options: file.options()?,
        rows,
        columns,
        names: file.names()?,
        positive: file.number_if("positive")?,
        intercept: file.number("intercept")?,
        intercepts: file.numbers_if("intercepts")?.unwrap_or_default(),
        outputs,
        coefficients: file.numbers("coefficients")?,
        dual: file.numbers("dual")?,
        penalty_factors: file.numbers_if("penalty_factors")?,
        linear: file.numbers_if("linear")?,
        groups: file.groups()?,
        outcome: file.word("outcome")?.to_owned(),
        objective: file.number("objective")?,
        certificate: file.number("certificate")?,
        target: file.number("target")?,
        null_loss: file.number("null_loss")?,
    };
    file.length("coefficients", model.coefficients.len(), times(columns))?;
    let dual = if model.dual.is_empty() { times(rows) } else { model.dual.len() };
    file.length("dual", dual, times(rows))?;
    if !model.intercepts.is_empty() {
        file.length("intercepts", model.intercepts.len(), outputs)?;
    }
    if let Some(linear) = &model.linear {
        file.length("linear", linear.len(), columns)?;
    }
    if !model.names.is_empty() {
        file.length("names", model.names.len(), columns)?;
    }
    Ok(model)
}

/// A JSON object with the name of its file, so that every refusal says where.
pub struct Reader<'a> {
    /// The file.
    pub name: &'a str,
    /// The object.
    pub value: &'a Value,
}

impl Reader<'_> {
    /// The refusal of what a key has.
    pub fn refused(&self, key: &str, expected: &str, found: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Format, self.name).at(format!("key \"{key}\"")).expected(expected).found(found)
    }

    fn get<T>(&self, key: &str, expected: &str, take: impl Fn(&Value) -> Option<T>) -> Result<T> {
        match &self.value[key] {
            Value::Null => Err(self.refused(key, expected, "nothing")),
            value => take(value).ok_or_else(|| self.refused(key, expected, brief(value))),
        }
    }

    /// Refuses what is not a model of a family, or of a later version.
    pub fn header(&self, family: &str) -> Result<()> {
        let told = self.value["format"].as_str().unwrap_or("nothing");
        if told != "southwell model" {
            return Err(self.refused("format", "\"southwell model\"", told));
        }
        let version = self.get("version", "a version", Value::as_u64)?;
        if !(1..=VERSION).contains(&version) {
            return Err(self.refused("version", &format!("1 to {VERSION}"), version));
        }
        match self.word("family")? {
            found if found == family => Ok(()),
            other => Err(self.refused("family", &format!("\"{family}\""), other)),
        }
    }

    fn options(&self) -> Result<Vec<(String, String)>> {
        self.words("options")
    }

    /// An object of strings.
    pub fn words(&self, key: &str) -> Result<Vec<(String, String)>> {
        let pairs = self.value[key].as_object().map(|object| {
            object.iter().map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect::<Option<Vec<_>>>()
        });
        pairs.flatten().ok_or_else(|| self.refused(key, "an object of strings", brief(&self.value[key])))
    }

    fn names(&self) -> Result<Vec<String>> {
        let names = |v: &Value| v.as_array()?.iter().map(|n| n.as_str().map(str::to_owned)).collect();
        if self.value["names"].is_null() {
            Ok(Vec::new())
        } else {
            self.get("names", "an array of strings", names)
        }
    }

    fn groups(&self) -> Result<Option<Groups>> {
        if self.value["groups"].is_null() {
            return Ok(None);
        }
        let indices = |v: &Value| v.as_array()?.iter().map(|g| g.as_u64().map(|g| g as usize)).collect();
        let of_column = self.get("groups", "an array of counts from 0", indices)?;
        Ok(Some(Groups { of_column, weights: self.numbers_if("group_weights")? }))
    }

    /// A string.
    pub fn word(&self, key: &str) -> Result<&str> {
        self.value[key].as_str().ok_or_else(|| self.refused(key, "a string", brief(&self.value[key])))
    }

    fn count(&self, key: &str) -> Result<usize> {
        self.get(key, "a count", |v| v.as_u64().map(|n| n as usize))
    }

    /// A number, NaN where it is null.
    pub fn number(&self, key: &str) -> Result<f64> {
        let found = self.value.get(key).and_then(from_json);
        found.ok_or_else(|| self.refused(key, "a number", brief(&self.value[key])))
    }

    fn number_if(&self, key: &str) -> Result<Option<f64>> {
        if self.value[key].is_null() { Ok(None) } else { self.number(key).map(Some) }
    }

    /// An array of numbers.
    pub fn numbers(&self, key: &str) -> Result<Vec<f64>> {
        self.numbers_of(key, &self.get(key, "an array of numbers", |v| v.as_array().cloned())?)
    }

    /// An array of such arrays.
    pub fn arrays(&self, key: &str) -> Result<Vec<Vec<f64>>> {
        let all = self.get(key, "an array of arrays of numbers", |v| {
            v.as_array()?.iter().map(|v| v.as_array().cloned()).collect::<Option<Vec<_>>>()
        })?;
        all.iter().map(|entries| self.numbers_of(key, entries)).collect()
    }

    fn numbers_of(&self, key: &str, entries: &[Value]) -> Result<Vec<f64>> {
        let numbers = entries.iter().enumerate().map(|(at, v)| {
            let found = from_json(v).filter(|v| !v.is_nan());
            found.ok_or_else(|| self.refused(key, &format!("a number at entry {at}"), brief(v)))
        });
        numbers.collect()
    }

    fn numbers_if(&self, key: &str) -> Result<Option<Vec<f64>>> {
        if self.value[key].is_null() { Ok(None) } else { self.numbers(key).map(Some) }
    }

    fn length(&self, key: &str, found: usize, expected: usize) -> Result<()> {
        if found == expected { Ok(()) } else { Err(self.refused(key, &format!("{expected} entries"), found)) }
    }
}

/// The start of a value, for a message.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
