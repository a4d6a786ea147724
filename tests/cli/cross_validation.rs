//! `southwell cv`: choosing the strength.

use crate::support::with_small_problem;

#[test]
fn the_curve_is_reported_and_the_chosen_model_is_written() {
    let folder = with_small_problem();
    let cv = "cv --data data.csv --intercept --path 12 --folds 5 --json";
    let ran = format!("{cv} --curve-out c.csv --plot p.svg --model m.json --out x.txt");
    let object = folder.run(&ran).ended(0).json();
    let found = &object["cross_validation"];
    let mean: Vec<f64> = found["mean"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    let best = found["best"].as_u64().unwrap() as usize;
    assert_eq!(
        (mean.len(), found["folds"].as_u64(), found["chosen"].as_u64()),
        (12, Some(5), Some(best as u64))
    );
    assert!(mean.iter().all(|m| *m >= mean[best]));
    assert_eq!(object["lambda"], found["lambda_best"]);
    let csv = folder.read("c.csv");
    assert!(csv.starts_with("lambda,mean,standard_error,nonzeros,fold:0,"));
    assert_eq!(csv.lines().count(), 13);
    assert!(folder.read("p.svg").starts_with("<svg"));
    folder.run("verify --model m.json --data data.csv").ended(0);
    let one_se = folder.run(&format!("{cv} --choose one-se --threads 2")).ended(0).json();
    assert_eq!(one_se["lambda"], found["lambda_one_standard_error"]);
    assert_eq!(one_se["cross_validation"]["mean"], found["mean"], "threads change nothing");
    let text = folder.run("cv --data data.csv --path 4 --folds 3").ended(0).out;
    assert!(text.contains("mean loss") && text.contains("least"), "{text}");
}

#[test]
fn folds_may_come_from_a_file() {
    let folder = with_small_problem();
    let folds: String = (0..40).map(|r| format!("{}\n", 7 * (r % 4))).collect();
    folder.write("folds.txt", folds);
    let cv = "cv --data data.csv --path 3 --folds";
    let object = folder.run(&format!("{cv} folds.txt --json")).ended(0).json();
    assert_eq!(object["cross_validation"]["folds"], 4);
    for (folds, text) in [("1", "folds"), ("41", "folds"), ("0", "folds"), ("no.txt", "no.txt")] {
        let refused = folder.run(&format!("{cv} {folds}")).ended(2);
        assert!(refused.err.contains(text), "{}", refused.err);
    }
    folder.write("half.txt", "0.5\n".repeat(40));
    assert!(folder.run(&format!("{cv} half.txt")).ended(2).err.contains("half.txt, row 1:"));
    for lambda in ["", " --lambda 1"] {
        let refused = folder.run(&format!("cv --data data.csv --penalty ridge{lambda}")).ended(2);
        assert!(
            refused.err.contains("option \"penalty\": expected one with a finite lambda_max"),
            "{}",
            refused.err
        );
    }
}
