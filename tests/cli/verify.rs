//! `southwell verify`, against figures that the test computes itself.

use crate::support::{Folder, close, small_problem, with_small_problem};
use serde_json::Value;

fn model(folder: &Folder) -> Value {
    serde_json::from_str(&folder.read("m.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// The lasso's objective, and its dual at `theta` scaled until it is feasible.
fn by_hand(x: &[f64], theta: &[f64], lambda: f64) -> (f64, f64) {
    let (rows, y) = small_problem();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let residual: Vec<f64> = rows.iter().zip(&y).map(|(a, y)| y - dot(a, x)).collect();
    let primal = 0.5 * dot(&residual, &residual) + lambda * x.iter().map(|x| x.abs()).sum::<f64>();
    let column = |j: usize| rows.iter().map(|a| a[j]).collect::<Vec<f64>>();
    let most = (0..5).map(|j| dot(&column(j), theta).abs()).fold(0.0, f64::max);
    let t = (lambda / most).min(1.0);
    let dual = t * dot(theta, &y) - 0.5 * t * t * dot(theta, theta);
    (primal, dual)
}

#[test]
fn the_figures_are_those_computed_by_hand() {
    let folder = with_small_problem();
    let fit = folder.run("bcd --data data.csv --lambda 3 --model m.json --json").ended(0).json();
    let saved = model(&folder);
    let found = folder.run("verify --model m.json --data data.csv --json").ended(0).json();
    let (primal, dual) = by_hand(&numbers(&saved["coefficients"]), &numbers(&saved["dual"]), 3.0);
    assert!(close(found["objective"].as_f64().unwrap(), primal, 1e-13));
    assert!(close(found["dual_objective"].as_f64().unwrap(), dual, 1e-13));
    assert!(close(found["certificate"]["value"].as_f64().unwrap(), (primal - dual).max(0.0), 1e-12));
    let null: f64 = small_problem().1.iter().map(|y| y * y / 2.0).sum();
    assert!(close(found["null_loss"].as_f64().unwrap(), null, 1e-12));
    assert!(close(found["certificate"]["target"].as_f64().unwrap(), 1e-6 * null, 1e-12));
    assert_eq!(found["certificate"]["value"], fit["certificate"]["value"]);
    assert_eq!(found["objective"], fit["objective"]);
    assert_eq!(found["verified"], true);
}

#[test]
fn an_early_answer_is_not_verified_but_its_figures_are_right() {
    let folder = with_small_problem();
    let fit = "bcd --data data.csv --lambda 3 --rule cyclic --max-iterations 3 --model m.json";
    folder.run(fit).ended(1);
    let saved = model(&folder);
    let found = folder.run("verify --model m.json --data data.csv --json").ended(1).json();
    let (primal, dual) = by_hand(&numbers(&saved["coefficients"]), &numbers(&saved["dual"]), 3.0);
    assert!(close(found["certificate"]["value"].as_f64().unwrap(), primal - dual, 1e-12));
    assert!(found["reason"].as_str().unwrap().contains("above its target"));
    folder.run("verify --model m.json --data data.csv --tolerance 1").ended(0);
}

#[test]
fn every_kind_of_problem_survives_the_round_trip() {
    let folder = with_small_problem();
    folder.write("w.txt", "1\n2\n".repeat(20));
    folder.write("o.txt", "0.25\n-0.5\n".repeat(20));
    folder.write("f.txt", "0\n1\n2\n1\n1\n");
    folder.write("g.csv", "a,1\nb,1\nc,2\nd,2\ne,3\n");
    for (fit, rows) in [
        ("--data data.csv --intercept --standardize", "--data data.csv"),
        ("--data data.csv --penalty none", "--data data.csv"),
        ("--data data.csv --penalty ridge --lambda 2 --scale mean", "--data data.csv"),
        ("--data data.csv --penalty elastic-net --l1-ratio 0.3 --lower -1", "--data data.csv"),
        ("--data data.csv --loss huber --huber-delta 0.7 --weights w.txt", "--data data.csv --weights w.txt"),
        ("--data data.csv --penalty-factors f.txt --offset o.txt", "--data data.csv --offset o.txt"),
        ("--data data.csv --penalty group --groups g.csv --group-weights sqrt", "--data data.csv"),
        ("--data data.csv --penalty group --groups 2", "--data data.csv"),
        ("--data labels.csv --loss logistic --positive 1 --intercept", "--data labels.csv"),
        ("--data labels.csv --loss squared-hinge --positive 0", "--data labels.csv"),
        ("--data labels.csv --loss poisson --intercept", "--data labels.csv"),
    ] {
        let fitted = folder.run(&format!("bcd {fit} --model m.json --json")).ended(0).json();
        let found = folder.run(&format!("verify --model m.json {rows} --json")).ended(0).json();
        assert_eq!(found["certificate"], fitted["certificate"], "{fit}");
        assert_eq!(found["objective"], fitted["objective"], "{fit}");
    }
}

#[test]
fn a_tampered_model_is_caught() {
    let folder = with_small_problem();
    folder.run("bcd --data data.csv --lambda 3 --intercept --model m.json").ended(0);
    let honest = model(&folder);
    let check = |changed: &Value, code: i32| {
        folder.write("bad.json", changed.to_string());
        folder.run("verify --model bad.json --data data.csv --json").ended(code)
    };
    assert_eq!(check(&honest, 0).json()["verified"], true);
    for (key, value) in [("intercept", 9.0), ("objective", 0.0), ("null_loss", 1e9)] {
        let mut changed = honest.clone();
        changed[key] = value.into();
        assert_eq!(check(&changed, 1).json()["verified"], false, "{key}");
    }
    for (array, entry) in [("coefficients", 0), ("coefficients", 1), ("dual", 0)] {
        let mut changed = honest.clone();
        changed[array][entry] = 5.0.into();
        check(&changed, 1);
    }
    for (key, value) in [
        ("format", Value::from("other")),
        ("version", 99.into()),
        ("coefficients", Value::from(vec![1.0, 2.0])),
        ("dual", Value::from(vec![1.0])),
        ("options", Value::Null),
        ("intercept", "x".into()),
    ] {
        let mut changed = honest.clone();
        changed[key] = value;
        assert!(check(&changed, 2).err.contains(&format!("bad.json, key \"{key}\"")), "{key}");
    }
    // Another lambda: the same coefficients are no answer to it.
    let mut changed = honest.clone();
    changed["options"]["lambda"] = "1.0".into();
    check(&changed, 1);
    folder.write("bad.json", "{");
    folder.run("verify --model bad.json --data data.csv").ended(2);
    // Other rows.
    let text = folder.read("data.csv");
    folder.write("fewer.csv", text.lines().take(20).map(|l| format!("{l}\n")).collect::<String>());
    let fewer = folder.run("verify --model m.json --data fewer.csv").ended(2);
    assert!(fewer.err.contains("expected 40 rows"), "{}", fewer.err);
    folder.run("verify --model m.json --data labels.csv").ended(1);
}
