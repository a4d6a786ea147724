//! `southwell predict`.

use crate::support::{close, small_problem, with_small_problem};

#[test]
fn predictions_are_those_of_the_coefficients() {
    let folder = with_small_problem();
    folder.run("bcd --data data.csv --intercept --model m.json --out x.txt").ended(0);
    let model: serde_json::Value = serde_json::from_str(&folder.read("m.json")).unwrap();
    let (rows, target) = small_problem();
    let x = folder.numbers("x.txt");
    let b = model["intercept"].as_f64().unwrap();
    let z: Vec<f64> = rows.iter().map(|a| a.iter().zip(&x).map(|(a, x)| a * x).sum::<f64>() + b).collect();
    let printed = folder.run("predict --model m.json --data data.csv --target-column y").ended(0).out;
    let found: Vec<f64> = printed.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(found.len(), 40);
    assert!(found.iter().zip(&z).all(|(a, b)| close(*a, *b, 1e-12)));
    folder.run("predict --model m.json --data data.csv --target-column y --out z.txt").ended(0);
    assert_eq!(folder.numbers("z.txt"), found);
    let score =
        folder.run("predict --model m.json --data data.csv --score --json --out z.txt").ended(0).json();
    let squares: f64 = z.iter().zip(&target).map(|(z, y)| (z - y).powi(2)).sum::<f64>() / 40.0;
    assert!(close(score["score"]["rmse"].as_f64().unwrap(), squares.sqrt(), 1e-12));
    assert!(close(score["score"]["mean_loss"].as_f64().unwrap(), squares / 2.0, 1e-12));
    assert!(score.get("predictions").is_none());
}

#[test]
fn labels_and_means_of_a_classifier() {
    let folder = with_small_problem();
    folder.run("bcd --data labels.csv --positive 1 --loss logistic --intercept --model m.json").ended(0);
    let means = folder
        .run("predict --model m.json --data labels.csv --target-column y --mean --json")
        .ended(0)
        .json();
    let means = means["predictions"].as_array().unwrap();
    assert!(means.iter().all(|p| (0.0..=1.0).contains(&p.as_f64().unwrap())));
    // The model knows which label counts as 1.
    let score = folder.run("predict --model m.json --data labels.csv --score").ended(0).out;
    assert!(score.contains("accuracy"), "{score}");
}

#[test]
fn other_columns_are_refused() {
    let folder = with_small_problem();
    folder.run("bcd --data data.csv --model m.json").ended(0);
    let one_more = folder.run("predict --model m.json --data data.csv").ended(2);
    assert!(one_more.err.contains("expected 5 columns") && one_more.err.contains("--target-column"));
    folder.write("renamed.csv", "a,b,x,d,e\n1,2,3,4,5\n");
    let renamed = folder.run("predict --model m.json --data renamed.csv").ended(2);
    assert!(renamed.err.contains("column 3: expected the name 'c'"), "{}", renamed.err);
    folder.write("nameless.csv", "1,2,3,4,5\n");
    folder.run("predict --model m.json --data nameless.csv").ended(0);
}

#[test]
fn a_model_knows_the_columns_of_its_libsvm_files() {
    let folder = with_small_problem();
    folder.write("a.svm", "1 1:1 3:2\n-1 2:1 4:1\n1 1:2\n");
    folder.write("few.svm", "0 1:1\n0 2:1\n");
    folder.write("many.svm", "0 5:1\n");
    folder.run("bcd --data a.svm --loss logistic --model m.json").ended(0);
    // Labels of rows to predict may be anything.
    assert_eq!(folder.run("predict --model m.json --data few.svm").ended(0).out.lines().count(), 2);
    assert!(folder.run("predict --model m.json --data many.svm").ended(2).err.contains("many.svm"));
}
