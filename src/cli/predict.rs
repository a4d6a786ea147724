//! `southwell predict`: new rows with a saved model.

use super::data::{Data, Target};
use super::failure::{Failure, Verdict};
use super::layout::Facts;
use super::number::{full, json, json_array, short};
use super::{files, model_json, output};
use clap::ArgMatches;
use serde_json::{Map, Value};
use southwell::bcd::linear_predictor;
use southwell::model::Loss;
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

/// Weighted means over the rows: the loss, and the figure that people ask for with it.
fn scores(data: &Data, loss: &Loss, z: &[f64]) -> Result<Vec<(&'static str, f64)>, Failure> {
    let y = data.target_of(loss)?;
    let ones = vec![1.0; z.len()];
    let w = data.weights.as_deref().unwrap_or(&ones);
    let total: f64 = w.iter().sum();
    let mean = |value: &dyn Fn(usize) -> f64| (0..z.len()).map(|r| w[r] * value(r)).sum::<f64>() / total;
    let mut found = vec![("mean loss", loss.value(y, z, w) / total)];
    match loss {
        Loss::Logistic(_) | Loss::SquaredHinge(_) => {
            found.push(("accuracy", mean(&|r| f64::from((z[r] > 0.0) == (y[r] > 0.0)))));
        }
        _ => {
            let center = mean(&|r| y[r]);
            let squares = mean(&|r| (y[r] - loss.mean(z[r])).powi(2));
            found.push(("rmse", squares.sqrt()));
            found.push(("r squared", 1.0 - squares / mean(&|r| (y[r] - center).powi(2))));
        }
    }
    Ok(found)
}
