//! `southwell cv`: choosing the strength.

use crate::support::{close, with_small_problem};

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
    // Strengths that end while the curve still falls.
    let short = "cv --data data.csv --path 4 --folds 3 --lambda-ratio 0.5";
    assert!(folder.run(short).ended(0).out.contains("the least mean loss is at the last strength"));
    let found = folder.run(&format!("{short} --json")).ended(0).json();
    assert_eq!(found["cross_validation"]["best_is_last"], true);
    let inside = folder.run("cv --data data.csv --lambdas 1e4,2,1e-9 --folds 3");
    let last = inside.ended(0).out.contains("at the last strength");
    let inside = folder.run("cv --data data.csv --lambdas 1e4,2,1e-9 --folds 3 --json").ended(0).json();
    assert_eq!(inside["cross_validation"]["best_is_last"], last);
}

#[test]
fn folds_may_come_from_a_file() {
    let folder = with_small_problem();
    let folds: String = (0..40).map(|r| format!("{}\n", 7 * (r % 4))).collect();
    folder.write("folds.txt", folds);
    let cv = "cv --data data.csv --path 3 --folds";
    let object = folder.run(&format!("{cv} folds.txt --json")).ended(0).json();
    assert_eq!(object["cross_validation"]["folds"], 4);
    for (folds, text) in
        [("1", "folds"), ("41", "folds"), ("0", "folds"), ("no.txt", "no.txt")].into_iter().chain([
            ("99999999999999999999", "--folds: expected 2 to 40 folds"),
            ("2.5", "--folds: expected a number of folds, or a file"),
        ])
    {
        let refused = folder.run(&format!("{cv} {folds}")).ended(2);
        assert!(refused.err.contains(text), "{}", refused.err);
    }
    folder.write("half.txt", "0.5\n".repeat(40));
    assert!(folder.run(&format!("{cv} half.txt")).ended(2).err.contains("half.txt, row 1:"));
    for lambda in ["", " --lambda 1"] {
        let refused = folder.run(&format!("cv --data data.csv --penalty ridge{lambda}")).ended(2);
        assert!(
            refused.err.contains("option \"penalty\": expected one with a finite lambda_max")
                && refused.err.contains("--lambdas"),
            "{}",
            refused.err
        );
    }
}

#[test]
fn strengths_may_be_given_also_where_lambda_max_is_infinite() {
    let folder = with_small_problem();
    folder.write("lambdas.txt", "20\n5\n1.25\n");
    for problem in [
        "--data data.csv --penalty ridge --intercept",
        "--data labels.csv --positive 1 --loss hinge --penalty ridge",
        "--data data.csv",
    ] {
        let cv = format!("cv {problem} --folds 4 --json --plot p.svg --lambdas");
        let object =
            folder.run(&format!("{cv} lambdas.txt --curve-out c.csv --model m.json")).ended(0).json();
        let found = &object["cross_validation"];
        assert_eq!(found["lambda"], serde_json::json!([20.0, 5.0, 1.25]), "{problem}");
        assert_eq!(folder.read("c.csv").lines().count(), 4);
        assert_eq!(&folder.run(&format!("{cv} 20,5,1.25")).ended(0).json()["cross_validation"], found);
        assert!(folder.read("p.svg").contains("strength of the penalty"));
        let data = if problem.contains("labels") { "labels.csv --positive 1" } else { "data.csv" };
        folder.run(&format!("verify --model m.json --data {data}")).ended(0);
        let path = format!("bcd {problem} --lambdas 20,5,1.25 --path-out path.csv --plot p.svg");
        let object = folder.run(&format!("{path} --json")).ended(0).json();
        assert_eq!(object["path"].as_array().unwrap().len(), 3, "{problem}");
        for point in object["path"].as_array().unwrap() {
            let one =
                folder.run(&format!("bcd {problem} --json --lambda {}", point["lambda"])).ended(0).json();
            let figure = |o: &serde_json::Value| o["objective"].as_f64().unwrap();
            assert!(close(figure(point), figure(&one), 1e-5), "{problem}: {point} {one}");
        }
        assert_eq!(folder.read("path.csv").lines().count(), 4);
        let text = folder.run(&path).ended(0).out;
        assert_eq!(text.contains(" - "), problem.contains("ridge"), "no lambda_max to compare with: {text}");
    }
    folder.write("rising.txt", "1\n2\n");
    for (words, text) in [
        ("bcd --data data.csv --lambdas 1,2", "each below the one before"),
        ("bcd --data data.csv --lambdas 2,x", "numbers between commas, or a file"),
        ("bcd --data data.csv --lambdas no.txt", "no.txt"),
        (
            "bcd --data data.csv --lambdas=",
            "--lambdas: expected numbers between commas, or a file, found \"\"",
        ),
        ("bcd --data data.csv --lambdas 1;2", "--lambdas: expected numbers between commas, or a file"),
        ("bcd --data data.csv --lambdas 0x10", "--lambdas: expected numbers between commas, or a file"),
        ("cv --data data.csv --lambdas 3,2,nan", "--lambdas, entry 3:"),
        ("bcd --data data.csv --lambdas rising.txt", "--lambdas, entry 2:"),
        ("bcd --data data.csv --lambdas -1", "lambdas"),
        ("bcd --data data.csv --lambdas 2,1 --lambda 1", "no other strength"),
        ("cv --data data.csv --lambdas 2,1 --lambda-ratio 0.1", "no other strength"),
        ("bcd --data data.csv --lambdas 2,1 --path 3", "--path"),
        ("cv --data data.csv --lambdas 2,1 --path 3", "--path"),
        ("bcd --data labels.csv --positive 1 --loss hinge --penalty ridge --lambdas 1,0", "above 0"),
        ("bcd --data labels.csv --positive 1 --loss hinge --penalty ridge --path 3", "lambda_max"),
        ("bcd --data data.csv --path-out p.csv", "--path"),
    ] {
        let refused = folder.run(words).ended(2);
        assert!(refused.err.contains(text), "{words}: {}", refused.err);
    }
}
