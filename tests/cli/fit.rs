//! `southwell bcd`: what it prints, writes and answers.

use crate::support::{close, with_small_problem};
use std::io::Read;
use std::process::{Command, Stdio};

#[test]
fn json_has_the_keys_that_scripts_rely_on() {
    let folder = with_small_problem();
    let object = folder.run("bcd --data data.csv --intercept --threads 2 --json").ended(0).json();
    for key in [
        "outcome",
        "objective",
        "certificate",
        "iterations",
        "seconds_setup",
        "seconds_solve",
        "threads",
        "nonzeros",
        "intercept",
        "lambda",
        "lambda_max",
        "null_loss",
        "rows",
        "columns",
        "loss",
        "penalty",
        "work",
    ] {
        assert!(!object[key].is_null(), "{key}");
    }
    for key in ["kind", "value", "rigor", "relative", "target"] {
        assert!(!object["certificate"][key].is_null(), "{key}");
    }
    assert_eq!((object["rows"].as_u64(), object["columns"].as_u64()), (Some(40), Some(5)));
    assert_eq!((object["outcome"].as_str(), object["threads"].as_u64()), (Some("converged"), Some(2)));
    let ratio = object["lambda"].as_f64().unwrap() / object["lambda_max"].as_f64().unwrap();
    assert!(close(ratio, 0.1, 1e-12));
    let ridge = folder.run("bcd --data data.csv --penalty ridge --json").ended(0).json();
    assert_eq!(ridge["lambda_max"], "inf");
}

#[test]
fn the_report_says_what_was_done() {
    let folder = with_small_problem();
    let report = folder.run("bcd --data data.csv --standardize").ended(0);
    for part in [
        "data.csv, 40 rows, 5 columns",
        "squared loss, l1 penalty",
        "0.1 of lambda_max",
        "duality gap, proven",
    ] {
        assert!(report.out.contains(part), "{part}: {}", report.out);
    }
    assert_eq!(report.err, "");
}

#[test]
fn exit_codes_tell_the_outcome() {
    let folder = with_small_problem();
    let stopped = folder.run("bcd --data data.csv --max-iterations 0 --json").ended(1);
    assert_eq!(stopped.json()["outcome"], "iteration limit");
    let late = folder.run("bcd --data data.csv --max-seconds 0 --json").ended(1);
    assert_eq!(late.json()["outcome"], "time limit");
    assert_eq!(late.json()["null_loss"], serde_json::Value::Null);
    folder.run("bcd --data data.csv --path 4 --max-seconds 0").ended(1);
    folder.run("--help").ended(0);
    folder.run("bcd --help").ended(0);
    folder.run("--version").ended(0);
    folder.run("").ended(2);
}

#[test]
fn coefficients_have_17_digits() {
    let folder = with_small_problem();
    folder.run("bcd --data data.csv --out x.txt").ended(0);
    let text = folder.read("x.txt");
    assert_eq!(text.lines().count(), 5);
    for line in text.lines() {
        let digits = line.trim_start_matches('-').split('e').next().unwrap().replace('.', "");
        assert_eq!(digits.len(), 17, "{line}");
    }
}

#[test]
fn flags_take_words_with_and_without_values_and_option_has_the_last_word() {
    let folder = with_small_problem();
    let bare = folder.run("bcd --intercept --data data.csv --json").ended(0).json();
    let full = folder.run("bcd --intercept true --data data.csv --json").ended(0).json();
    assert_eq!(bare["objective"], full["objective"]);
    assert_ne!(bare["intercept"], 0.0);
    let none = folder.run("bcd --intercept --data data.csv --option intercept=false --json").ended(0).json();
    assert_eq!(none["intercept"], 0.0);
    let last = folder.run("bcd --data data.csv --lambda 3 --option lambda=4 --json").ended(0).json();
    assert_eq!(last["lambda"], 4.0);
    let bounded = "bcd --data data.csv --lower -0.5 --upper=inf --out x.txt";
    folder.run(bounded).ended(0);
    assert!(folder.numbers("x.txt").iter().all(|x| *x >= -0.5));
    folder.run("bcd --data data.csv --option lower=-inf --option block-size=2 --rule cyclic").ended(0);
}

#[test]
fn a_path_runs_from_lambda_max_to_the_strength_asked_for() {
    let folder = with_small_problem();
    let ran = "bcd --data data.csv --lambda-ratio 0.01 --path 6 --json --path-out path.csv --out x.txt --plot p.svg";
    let object = folder.run(ran).ended(0).json();
    let points = object["path"].as_array().unwrap();
    assert_eq!(points.len(), 6);
    let lambdas: Vec<f64> = points.iter().map(|p| p["lambda"].as_f64().unwrap()).collect();
    assert!(close(lambdas[0], object["lambda_max"].as_f64().unwrap(), 1e-12));
    assert!(close(lambdas[5], 0.01 * lambdas[0], 1e-12));
    for pair in lambdas.windows(2) {
        assert!(close(pair[1] / pair[0], 0.01_f64.powf(0.2), 1e-9));
    }
    assert_eq!(points[0]["nonzeros"], 0);
    let csv = folder.read("path.csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "lambda,objective,certificate,nonzeros,intercept,a,b,c,d,e");
    assert_eq!(lines.len(), 7);
    let last: Vec<f64> = lines[6].split(',').skip(5).map(|v| v.parse().unwrap()).collect();
    assert_eq!(last, folder.numbers("x.txt"));
    assert!(folder.read("p.svg").starts_with("<svg"));
    let text = folder.run("bcd --data data.csv --path 3").ended(0).out;
    assert!(text.contains("/ max") && text.contains("\n\ndata "), "{text}");
}

#[test]
fn a_start_shortens_the_way() {
    let folder = with_small_problem();
    let fit = "bcd --data labels.csv --loss logistic --positive 1 --intercept --tolerance 1e-7 --json";
    let cold = folder.run(&format!("{fit} --model m.json --out x.txt")).ended(0).json();
    let warm = folder.run(&format!("{fit} --start m.json")).ended(0).json();
    assert!(warm["iterations"].as_u64() < cold["iterations"].as_u64());
    folder.run(&format!("{fit} --start x.txt")).ended(0);
    folder.write("short.txt", "1\n2\n");
    let refused = folder.run(&format!("{fit} --start short.txt")).ended(2);
    assert!(refused.err.contains("short.txt: expected 5 numbers, one per column"), "{}", refused.err);
}

#[test]
fn traces_and_plots_are_written() {
    let folder = with_small_problem();
    folder.run("bcd --data data.csv --rule cyclic --trace t.csv --plot t.svg").ended(0);
    let trace = folder.read("t.csv");
    let mut lines = trace.lines();
    assert_eq!(lines.next(), Some("lambda,iteration,work,seconds,objective,certificate,nonzeros"));
    let gaps: Vec<f64> = lines.map(|l| l.split(',').nth(5).unwrap().parse().unwrap()).collect();
    assert!(gaps.len() > 1 && gaps.last() < gaps.first());
    assert!(folder.read("t.svg").contains("duality gap"));
}

#[test]
fn weights_offsets_and_factors_count() {
    let folder = with_small_problem();
    let line = |v: &str| v.repeat(40);
    folder.write("w.txt", line("2\n"));
    folder.write("o.txt", line("0.5\n"));
    folder.write("f.txt", "0\n1\n1\n1\n1\n");
    let objective = |ran: &str| folder.run(&format!("bcd --data data.csv --json {ran}")).ended(0).json();
    let plain = objective("--lambda 5");
    let twice = objective("--lambda 10 --weights w.txt");
    let (a, b) = (plain["objective"].as_f64().unwrap(), twice["objective"].as_f64().unwrap());
    assert!(close(2.0 * a, b, 1e-9));
    assert_ne!(objective("--lambda 5 --offset o.txt")["objective"], plain["objective"]);
    folder.run("bcd --data data.csv --lambda 1e9 --penalty-factors f.txt --out x.txt").ended(0);
    let x = folder.numbers("x.txt");
    assert!(x[0] != 0.0 && x[1..].iter().all(|x| *x == 0.0), "{x:?}");
}

#[test]
fn coefficients_are_shown_by_name() {
    let folder = with_small_problem();
    let object = folder.run("bcd --data data.csv --lambda 5 --out x.txt --json").ended(0).json();
    let x = folder.numbers("x.txt");
    let support: Vec<usize> = (0..5).filter(|j| x[*j] != 0.0).collect();
    let values: Vec<f64> = support.iter().map(|j| x[*j]).collect();
    let names: Vec<&str> = support.iter().map(|j| ["a", "b", "c", "d", "e"][*j]).collect();
    assert_eq!(object["support"], serde_json::json!(support));
    assert_eq!(object["coefficients"], serde_json::json!(values));
    assert_eq!(object["names"], serde_json::json!(names));
    let text = folder.run("bcd --data data.csv --lambda 5").ended(0).out;
    let (_, shown) = text.split_once("coefficient\n").unwrap();
    let shown: Vec<&str> = shown.lines().skip(1).map(|l| l.split_whitespace().next().unwrap()).collect();
    assert_eq!(shown, names);
    assert!(text.contains("5 columns, named by its first line"), "{text}");
    // Many: the largest.
    let rows: String = (0..60)
        .map(|r| (0..31).map(|j| format!("{} ", ((r * j + r) as f64).sin())).collect::<String>() + "\n")
        .collect();
    folder.write("wide.txt", rows);
    let text = folder.run("bcd --data wide.txt --penalty ridge --lambda 0.1").ended(0).out;
    assert!(text.contains("and 10 smaller ones") && !text.contains("named by"), "{text}");
}

/// `1/2 |Ax - y|^2` is `1/2 |Ax|^2 - (A'y)'x` and a constant.
#[test]
fn a_linear_term_is_read_kept_in_the_model_and_verified() {
    let folder = with_small_problem();
    let (rows, y) = crate::support::small_problem();
    let slope = |j: usize| -rows.iter().zip(&y).map(|(a, y)| a[j] * y).sum::<f64>();
    folder.write("c.txt", (0..5).map(|j| format!("{:?}\n", slope(j))).collect::<String>());
    folder.write("zero.txt", "0\n".repeat(40));
    folder.write(
        "x.csv",
        crate::support::csv(&rows, &y)
            .lines()
            .map(|l| format!("{}\n", l.rsplit_once(',').unwrap().0))
            .collect::<String>(),
    );
    folder.run("bcd --data data.csv --lambda 4 --tolerance 1e-10 --out first.txt").ended(0);
    let fit = "bcd --data x.csv --target zero.txt --linear c.txt --lambda 4 --tolerance 1e-10 --out x.txt --model m.json";
    let text = folder.run(fit).ended(0).out;
    assert!(text.contains("l1 penalty, linear term"), "{text}");
    assert!(folder.numbers("x.txt").iter().zip(folder.numbers("first.txt")).all(|(a, b)| close(*a, b, 1e-6)));
    let found = folder.run("verify --model m.json --data x.csv --target zero.txt --json").ended(0).json();
    assert_eq!((&found["verified"], &found["certificate"]["kind"]), (&true.into(), &"duality gap".into()));
    folder.write("c.txt", "1\n2\n");
    assert!(folder.run(fit).ended(2).err.contains("c.txt: expected 5 numbers, one per column"));
    folder.write("c.txt", "1\n2\n3\n4\n5\n");
    let hinge = "bcd --data labels.csv --positive 1 --loss hinge --penalty ridge --linear c.txt";
    let refused = folder.run(hinge).ended(2).err;
    assert!(refused.contains("linear: expected"), "{refused}");
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let folder = with_small_problem();
    let mut child = Command::new(env!("CARGO_BIN_EXE_southwell"))
        .args(["options", "bcd"])
        .current_dir(folder.path("."))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn options_are_listed() {
    let folder = with_small_problem();
    let list = folder.run("options bcd").ended(0).out;
    let page = folder.run("options --markdown").ended(0).out;
    for key in ["tolerance", "max_seconds", "lambda_ratio", "block_size"] {
        assert!(list.contains(key) && page.contains(&format!("| `{key}` |")), "{key}");
    }
    assert!(folder.run("options lasso").ended(2).err.contains("one of bcd"));
}

#[test]
fn what_is_known_of_the_solution_is_told_on_request() {
    let folder = with_small_problem();
    let fit = "bcd --data data.csv --lambda-ratio 0.3 --intercept --identify";
    let object = folder.run(&format!("{fit} --json")).ended(0).json();
    let seen = &object["identification"];
    let zeros = seen["safe_zeros"].as_array().unwrap().len() as u64;
    assert!(zeros + object["nonzeros"].as_u64().unwrap() <= 5 && seen["unique"] == true);
    assert!(seen["margin"].as_f64().unwrap() > 0.0 && object["explained"].as_f64().unwrap() > 0.0);
    let text = folder.run(fit).ended(0).out;
    assert!(text.contains("always 0") && text.contains("unique"), "{text}");
    let named: Vec<&str> = seen["safe_zeros"]
        .as_array()
        .unwrap()
        .iter()
        .map(|j| ["a", "b", "c", "d", "e"][j.as_u64().unwrap() as usize])
        .collect();
    assert!(!named.is_empty() && text.contains(&format!("{zeros} of 5: {}", named.join(", "))), "{text}");
    // A limit leaves it out, and says so.
    let stopped = folder.run(&format!("{fit} --json --max-work 1")).ended(1).json();
    assert_eq!(stopped["identification"], serde_json::json!({"outcome": "work limit"}));
    let text = folder.run(&format!("{fit} --max-work 1")).ended(1).out;
    assert!(text.contains("identification") && text.contains("none, work limit"), "{text}");
    let refused = folder.run("bcd --data labels.csv --loss softmax --identify --lambda 1");
    assert_eq!(refused.code, 2, "{}", refused.err);
}
