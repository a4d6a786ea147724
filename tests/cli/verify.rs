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

/// `w` with `(X'X/n + strength I) w = X'y/n`.
fn ridge(rows: &[Vec<f64>], y: &[f64], strength: f64) -> Vec<f64> {
    let (n, cols) = (rows.len() as f64, rows[0].len());
    let mean = |of: &dyn Fn(usize) -> f64| (0..rows.len()).map(of).sum::<f64>() / n;
    let mut system: Vec<Vec<f64>> = (0..cols)
        .map(|i| {
            let entry = |j: usize| mean(&|r| rows[r][i] * rows[r][j]) + if i == j { strength } else { 0.0 };
            (0..cols).map(entry).chain([mean(&|r| rows[r][i] * y[r])]).collect()
        })
        .collect();
    for k in 0..cols {
        let pivot = system[k].clone();
        for row in system.iter_mut().enumerate().filter(|(i, _)| *i != k).map(|(_, row)| row) {
            let factor = row[k] / pivot[k];
            row.iter_mut().zip(&pivot).for_each(|(a, b)| *a -= factor * b);
        }
    }
    (0..cols).map(|k| system[k][cols] / system[k][k]).collect()
}

/// The small problem, its first rows to train on and the others to validate on.
fn with_two_tables() -> Folder {
    let folder = with_small_problem();
    let rows = folder.read("data.csv");
    let lines: Vec<&str> = rows.lines().collect();
    folder.write("train.csv", format!("{}\n", lines[..27].join("\n")));
    folder.write("validation.csv", format!("{}\n{}\n", lines[0], lines[27..].join("\n")));
    folder
}

#[test]
fn learned_strengths_are_verified_against_the_value_computed_by_hand() {
    let folder = with_two_tables();
    let files = "--train train.csv --validation validation.csv";
    let said = folder.run(&format!("bilevel ridge {files} --model m.json --json")).ended(0).json();
    let found = folder.run(&format!("verify --model m.json {files} --json")).ended(0).json();
    assert_eq!((&found["verified"], &found["certificate"]), (&true.into(), &said["certificate"]));
    assert_eq!(found["objective"], said["objective"]);
    let (rows, y) = small_problem();
    let w = ridge(&rows[..26], &y[..26], numbers(&said["theta"])[0].exp());
    let off = |r: usize| rows[r].iter().zip(&w).map(|(a, w)| a * w).sum::<f64>() - y[r];
    let f = (26..40).map(|r| 0.5 * off(r) * off(r)).sum::<f64>() / 14.0;
    let [lower, upper] = ["lower", "upper"].map(|end| found["certificate"][end].as_f64().unwrap());
    assert!(lower <= f && f <= upper && found["certificate"]["rigor"] == "proven", "{lower} {f} {upper}");
    let text = folder.run(&format!("verify --model m.json {files}")).ended(0);
    assert!(text.out.contains("verdict") && text.out.contains("  verified"), "{}", text.out);
}

#[test]
fn learned_parameters_of_every_problem_survive_the_round_trip() {
    let folder = with_two_tables();
    let shade = |i: usize, j: usize| 60 + 90 * usize::from((i / 6 + j / 6).is_multiple_of(2));
    let picture = |scale: usize| {
        let row = |i: usize| (0..12).map(|j| (shade(i, j) / scale).to_string()).collect::<Vec<_>>().join(" ");
        format!("P2\n12 12\n255\n{}\n", (0..12).map(row).collect::<Vec<_>>().join("\n"))
    };
    folder.write("a.pgm", picture(1));
    folder.write("b.pgm", picture(2));
    folder.write("groups.txt", "0\n1\n0\n1\n1\n");
    for (fit, files) in [
        ("ridge --folds 4 --strengths per-feature --intercept --train data.csv", "--train data.csv"),
        ("ridge --folds 4 --strengths groups.txt --train data.csv", "--train data.csv"),
        ("logistic --positive 1 --folds 4 --intercept --train labels.csv", "--train labels.csv"),
        ("multinomial --folds 4 --strengths per-class --train labels.csv", "--train labels.csv"),
        ("elastic-net --folds 3 --smoothing 0.01 --train data.csv", "--train data.csv"),
        ("elastic-net --folds 3 --loss logistic --positive 1 --train labels.csv", "--train labels.csv"),
        ("ridge --method paper --folds 4 --start 0 --train data.csv", "--train data.csv"),
        ("tv --noise 0.1 --seed 3 --start -3 --truth a.pgm b.pgm", "--truth a.pgm b.pgm"),
        (
            "tv --start -3 --coupling anisotropic --truth a.pgm --observed b.pgm",
            "--truth a.pgm --observed b.pgm",
        ),
        ("foe --noise 0.1 --filters 2 --side 3 --tolerance 1e-2 --truth a.pgm", "--truth a.pgm"),
    ] {
        let said = folder.run(&format!("bilevel {fit} --model m.json --json"));
        let converged = said.json()["outcome"] == "converged";
        let found = folder.run(&format!("verify --model m.json {files} --json"));
        println!("{fit} {} {}\n{}", said.out, said.err, found.out);
        let found = found.ended(i32::from(!converged)).json();
        assert_eq!(found["objective"], said.json()["objective"], "{fit}");
        assert_eq!(
            found["certificate"]["from_constants"],
            said.json()["certificate"]["from_constants"],
            "{fit}"
        );
    }
}

type Change = fn(&mut Value);

#[test]
fn a_tampered_model_of_strengths_is_caught() {
    let folder = with_two_tables();
    let files = "--train train.csv --validation validation.csv";
    folder
        .run(&format!("bilevel ridge {files} --strengths per-feature --tolerance 1e-3 --model m.json"))
        .ended(0);
    let honest = model(&folder);
    let check = |changed: &Value, code: i32| {
        folder.write("bad.json", changed.to_string());
        folder.run(&format!("verify --model bad.json {files} --json")).ended(code)
    };
    assert_eq!(check(&honest, 0).json()["verified"], true);
    let changes: [(&str, Change); 9] = [
        ("/objective", |v| *v = (v.as_f64().unwrap() * 0.999).into()),
        ("/gradient_norm", |v| *v = 0.0.into()),
        ("/certificate/upper", |v| *v = (v.as_f64().unwrap() * (1.0 - 1e-8)).into()),
        ("/certificate/lower", |v| *v = (v.as_f64().unwrap() * (1.0 + 1e-8)).into()),
        ("/certificate/omega", |v| *v = (v.as_f64().unwrap() * 0.9).into()),
        ("/certificate/eps", |v| *v = 0.0.into()),
        ("/theta/2", |v| *v = (v.as_f64().unwrap() + 0.1).into()),
        ("/lower/0/1", |v| *v = (v.as_f64().unwrap() + 1e-3).into()),
        ("/adjoint/0/4", |v| *v = (v.as_f64().unwrap() + 1e-3).into()),
    ];
    for (key, change) in changes {
        let mut changed = honest.clone();
        change(changed.pointer_mut(key).unwrap());
        assert_eq!(check(&changed, 1).json()["verified"], false, "{key}");
    }
    for (key, value) in [
        ("format", Value::from("other")),
        ("version", 99.into()),
        ("theta", Value::from("x")),
        ("lower", Value::from(vec![1.0])),
        ("options", Value::Null),
    ] {
        let mut changed = honest.clone();
        changed[key] = value;
        assert!(check(&changed, 2).err.contains(&format!("bad.json, key \"{key}\"")), "{key}");
    }
    for (key, value) in [("theta", Value::from(vec![1.0])), ("adjoint", Value::from(vec![vec![1.0]]))] {
        let mut changed = honest.clone();
        changed[key] = value;
        assert!(check(&changed, 2).err.contains("bad.json"), "{key}");
    }
    // Files of others, and none.
    folder.run("verify --model m.json --train validation.csv --validation train.csv").ended(1);
    assert!(folder.run("verify --model m.json --train train.csv").ended(2).err.contains("--validation"));
    assert!(folder.run("verify --model m.json --data data.csv").ended(2).err.contains("--train"));
    folder.run("bcd --data data.csv --lambda 3 --model lasso.json").ended(0);
    assert!(folder.run("verify --model lasso.json --train train.csv").ended(2).err.contains("--data"));
}

#[test]
fn strengths_that_were_not_learned_to_the_end_are_not_verified() {
    let folder = with_two_tables();
    let files = "--train train.csv --validation validation.csv";
    let early = folder
        .run(&format!("bilevel ridge {files} --max-iterations 1 --model m.json --json"))
        .ended(1)
        .json();
    let found = folder.run(&format!("verify --model m.json {files} --json")).ended(1).json();
    assert_eq!(found["certificate"], early["certificate"]);
    assert!(found["reason"].as_str().unwrap().contains("above its target"));
    folder.run(&format!("verify --model m.json {files} --tolerance 2")).ended(0);
    folder.run(&format!("bilevel ridge {files} --certificate off --model m.json"));
    let found = folder.run(&format!("verify --model m.json {files} --json")).ended(1).json();
    assert!(found["reason"].as_str().unwrap().contains("nothing bounds"));
}
