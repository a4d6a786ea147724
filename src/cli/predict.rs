//! `southwell predict`: new rows with a saved model.

use super::data::{Data, Target};
use super::failure::{Failure, Verdict};
use super::layout::Facts;
use super::number::{full, json, json_array, short};
use super::{files, model_json, output};
use clap::ArgMatches;
use serde_json::{Map, Value};
use southwell::bcd::{OutputModel, Settings, linear_predictor};
use southwell::model::{Loss, OutputLoss};
use std::path::PathBuf;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<Verdict, Failure> {
    let file = matches.get_one::<PathBuf>("model").cloned().unwrap_or_default();
    let model = model_json::read(&file)?;
    let loss = model.settings()?.loss;
    let score = matches.get_flag("score");
    let target = if score { Target::Needed } else { Target::Absent };
    let data = Data::read(matches, target, model.known())?;
    model.check_columns(&file, &data)?;
    let offset = data.offset.as_deref();
    if let Some(outputs) = model.of_outputs()? {
        return several(matches, &data, &model.settings()?, &outputs);
    }
    let linear = linear_predictor(&model.coefficients, model.intercept, &data.matrix()?, offset)?;
    let scores = if score { scores(&data, &loss, &linear)? } else { Vec::new() };
    let predicted: Vec<f64> =
        if matches.get_flag("mean") { linear.iter().map(|z| loss.mean(*z)).collect() } else { linear };
    let out = matches.get_one::<PathBuf>("out");
    if let Some(out) = out {
        files::write_vector(out, &predicted)?;
    }
    let mut text = String::new();
    if matches.get_flag("json") {
        let mut object = Map::new();
        object.insert("rows".into(), data.rows().into());
        if out.is_none() {
            object.insert("predictions".into(), json_array(&predicted));
        }
        if score {
            let pairs = scores.iter().map(|(name, value)| (name.replace(' ', "_"), json(*value)));
            object.insert("score".into(), Value::Object(pairs.collect()));
        }
        text = format!("{}\n", Value::Object(object));
    } else if score {
        let mut facts = Facts::default();
        facts.add("rows", data.rows().to_string());
        scores.iter().for_each(|(name, value)| facts.add(name, short(*value, 8)));
        text = facts.text();
    } else if out.is_none() {
        predicted.iter().for_each(|z| {
            text.push_str(&full(*z));
            text.push('\n');
        });
    }
    output::print(&text)?;
    Ok(Verdict::Good)
}

/// The same for several outputs: a line for each row.
fn several(
    matches: &ArgMatches,
    data: &Data,
    settings: &Settings,
    model: &OutputModel<'_>,
) -> Result<Verdict, Failure> {
    let (matrix, offset, k) = (data.matrix()?, data.offset.as_deref(), model.outputs);
    let linear = model.predict(&matrix, offset)?;
    let mut scores = Vec::new();
    if matches.get_flag("score") {
        let y = data.target_for(settings)?;
        let w = data.weights.as_deref();
        let ones = vec![1.0; data.rows()];
        let (weight, total) = (w.unwrap_or(&ones), w.unwrap_or(&ones).iter().sum::<f64>());
        let targets = data.targets.as_ref().map_or(y, |(_, targets)| targets.as_slice());
        scores.push(("mean loss", model.score(&matrix, targets, w, offset)?));
        let mean = |value: &dyn Fn(usize) -> f64| {
            (0..data.rows()).map(|r| weight[r] * value(r)).sum::<f64>() / total
        };
        if model.loss == OutputLoss::Softmax {
            scores.push((
                "accuracy",
                mean(&|r| f64::from(largest(&linear[r * k..(r + 1) * k]) as f64 == y[r])),
            ));
        } else {
            let squares =
                |r: usize| (r * k..(r + 1) * k).map(|i| (linear[i] - targets[i]).powi(2)).sum::<f64>();
            scores.push(("rmse", (mean(&squares) / k as f64).sqrt()));
        }
    }
    let predicted = if matches.get_flag("mean") { model.predict_mean(&matrix, offset)? } else { linear };
    let out = matches.get_one::<PathBuf>("out");
    if let Some(out) = out {
        files::write_rows(out, k, &predicted)?;
    }
    let mut text = String::new();
    if matches.get_flag("json") {
        let mut object = Map::new();
        object.insert("rows".into(), data.rows().into());
        object.insert("outputs".into(), k.into());
        if out.is_none() {
            object.insert("predictions".into(), predicted.chunks(k).map(json_array).collect());
        }
        if !scores.is_empty() {
            let pairs = scores.iter().map(|(name, value)| (name.replace(' ', "_"), json(*value)));
            object.insert("score".into(), Value::Object(pairs.collect()));
        }
        text = format!("{}\n", Value::Object(object));
    } else if !scores.is_empty() {
        let mut facts = Facts::default();
        facts.add("rows", data.rows().to_string());
        scores.iter().for_each(|(name, value)| facts.add(name, short(*value, 8)));
        text = facts.text();
    } else if out.is_none() {
        predicted.chunks(k).for_each(|row| {
            text.push_str(&files::line(row));
            text.push('\n');
        });
    }
    output::print(&text)?;
    Ok(Verdict::Good)
}

/// The first of the largest numbers.
fn largest(row: &[f64]) -> usize {
    (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0)
}

/// Weighted means over the rows: the loss, and the figure that people ask for with it.
fn scores(data: &Data, loss: &Loss, z: &[f64]) -> Result<Vec<(&'static str, f64)>, Failure> {
    let y = data.target_of(loss)?;
    let ones = vec![1.0; z.len()];
    let w = data.weights.as_deref().unwrap_or(&ones);
    let total: f64 = w.iter().sum();
    let mean = |value: &dyn Fn(usize) -> f64| (0..z.len()).map(|r| w[r] * value(r)).sum::<f64>() / total;
    let mut found = vec![("mean loss", loss.value(y, z, w) / total)];
    if loss.has_labels() {
        found.push(("accuracy", mean(&|r| f64::from((z[r] > 0.0) == (y[r] > 0.0)))));
    } else {
        let center = mean(&|r| y[r]);
        let squares = mean(&|r| (y[r] - loss.mean(z[r])).powi(2));
        found.push(("rmse", squares.sqrt()));
        found.push(("r squared", 1.0 - squares / mean(&|r| (y[r] - center).powi(2))));
    }
    Ok(found)
}
