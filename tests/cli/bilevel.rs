//! `southwell bilevel`.

use crate::support::{Folder, close, with_small_problem};
use std::fmt::Write;

/// A picture of shades in the plain form of PGM.
fn pgm(side: usize, shade: impl Fn(usize, usize) -> usize) -> String {
    let mut text = format!("P2\n{side} {side}\n255\n");
    for i in 0..side {
        let row: Vec<String> = (0..side).map(|j| shade(i, j).min(255).to_string()).collect();
        writeln!(text, "{}", row.join(" ")).unwrap();
    }
    text
}

fn blocks(i: usize, j: usize) -> usize {
    60 + 90 * usize::from((i / 6 + j / 6).is_multiple_of(2))
}

#[test]
fn strengths_are_learned_from_tables_and_written() {
    let folder = with_small_problem();
    let rows = folder.read("data.csv");
    let (head, tail): (Vec<&str>, Vec<&str>) =
        (rows.lines().take(27).collect(), rows.lines().skip(27).collect());
    folder.write("train.csv", format!("{}\n", head.join("\n")));
    folder.write("validation.csv", format!("a,b,c,d,e,y\n{}\n", tail.join("\n")));
    let line = "bilevel ridge --train train.csv --validation validation.csv --json --out t.txt --solution w.txt --trace t.csv \
                --plot v.svg --plot-accuracies a.svg";
    let found = folder.run(line).ended(0).json();
    assert_eq!(found["outcome"], "converged");
    assert_eq!((found["problem"].as_str(), found["parameters"].as_u64()), (Some("ridge"), Some(1)));
    let [lower, upper] = ["lower", "upper"].map(|end| found["certificate"][end].as_f64().unwrap());
    assert!(lower <= upper && found["certificate"]["rigor"] == "proven");
    let theta = folder.numbers("t.txt");
    assert_eq!(theta[0], found["theta"][0].as_f64().unwrap());
    assert_eq!(folder.numbers("w.txt").len(), 5);
    assert!(folder.read("t.csv").lines().any(|l| l.contains(",accepted,")));
    for plot in ["v.svg", "a.svg"] {
        assert!(folder.read(plot).starts_with("<svg"), "{plot}");
    }
    // No better strength is near, to the tolerance: the value at a start with no steps to take.
    for off in [-0.2, 0.2] {
        let at = theta[0] + off;
        let line = format!(
            "bilevel ridge --train train.csv --validation validation.csv --max-iterations 0 --start {at} --json --lower-accuracy 1e-8"
        );
        let other = folder.run(&line).json()["upper_value"].as_f64().unwrap();
        assert!(other >= lower * (1.0 - 1e-6), "{other} {lower}");
    }
    // The threads change nothing but the seconds.
    let of = |threads: &str| {
        folder.run(&format!(
            "bilevel ridge --train data.csv --folds 4 --strengths per-feature --threads {threads} --out f.txt"
        ));
        folder.read("f.txt")
    };
    assert_eq!(of("1"), of("3"));
}

#[test]
fn classes_and_elastic_nets_are_fitted() {
    let folder = with_small_problem();
    let found =
        folder.run("bilevel logistic --train labels.csv --positive 1 --folds 4 --intercept --json").json();
    assert!(found["samples"] == 4 && found["upper_value"].as_f64().unwrap() < std::f64::consts::LN_2);
    let found =
        folder.run("bilevel multinomial --train labels.csv --folds 4 --strengths per-class --json").json();
    assert_eq!(found["parameters"], 2);
    let found = folder.run("bilevel elastic-net --train data.csv --folds 3 --smoothing 0.01 --json").json();
    assert_eq!(found["theta"].as_array().unwrap().len(), 2);
    assert!(found["flaw"].is_null());
}

#[test]
fn absolute_values_as_they_are_leave_coefficients_at_0() {
    let folder = with_small_problem();
    let line =
        "bilevel elastic-net --train data.csv --folds 4 --intercept --smoothing 0 --json --solution w.txt";
    let found = folder.run(line).json();
    assert_eq!((found["theta"].as_array().unwrap().len(), found["flaw"].is_null()), (2, true));
    let certificate = &found["certificate"];
    assert_eq!(certificate["from_constants"]["rigor"], "proven");
    assert_eq!(certificate["omega_rigor"], "estimated");
    // Certificates know the lasso where rows are many; at a strength beyond all correlations nothing is left.
    let line =
        "bilevel lasso --train data.csv --folds 4 --start 9 --max-iterations 0 --json --solution w.txt";
    let beyond = folder.run(line).json();
    assert_eq!(beyond["theta"].as_array().unwrap().len(), 1);
    assert!(folder.read("w.txt").lines().all(|line| line.split(',').all(|w| w.parse() == Ok(0.0))));
    let learned = folder.run("bilevel lasso --train data.csv --folds 4 --json").json();
    let [lower, before] = [&learned, &beyond].map(|found| found["upper_value"].as_f64().unwrap());
    assert!(lower < before, "{lower} {before}");
    let line = "bilevel lasso --train data.csv --folds 4 --intercept";
    assert!(folder.run(line).ended(2).err.contains("allow_uncertified"));
    let found = folder.run(&format!("{line} --allow-uncertified --json")).json();
    assert_eq!(found["certificate"]["rigor"], "none");
}

#[test]
fn pictures_are_denoised_and_drawn() {
    let folder = Folder::new();
    folder.write("a.pgm", pgm(24, blocks));
    folder.write("b.pgm", pgm(24, |i, j| 40 + 5 * (i + j)));
    let line = "bilevel tv --truth a.pgm b.pgm --noise 0.1 --seed 3 --start -3 --tolerance 1e-4 --json --pictures out";
    let found = folder.run(line).ended(0).json();
    let [before, after] = ["psnr_observed", "psnr_restored"].map(|key| found[key].as_f64().unwrap());
    assert!(close(before, 20.0, 0.05) && after > before + 3.0, "{before} {after}");
    assert_eq!(found["psnr"][1]["name"], "b");
    for name in ["out/a.png", "out/b.png"] {
        assert!(std::fs::read(folder.path(name)).unwrap().starts_with(b"\x89PNG"), "{name}");
    }
    let line =
        "bilevel foe --truth a.pgm --noise 0.1 --filters 2 --side 3 --max-products 200 --size 16 --json";
    let found = folder.run(line).json();
    assert_eq!(
        (found["parameters"].as_u64(), found["outcome"].as_str()),
        (Some(1 + 2 + 2 + 18), Some("work limit"))
    );
}

#[test]
fn an_intercept_with_hardly_a_ridge_does_not_keep_strengths_from_being_learned() {
    let folder = with_small_problem();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/data/diabetes.csv");
    let found =
        folder.run(&format!("bilevel ridge --train {data} --folds 5 --intercept --json --model m.json"));
    let found = found.ended(0).json();
    // Proven values, and a hypergradient whose error can only be estimated.
    assert_eq!(
        (&found["certificate"]["rigor"], &found["certificate"]["mode"]),
        (&"proven".into(), &"goal-oriented".into())
    );
    assert!(found["upper_value"].as_f64().unwrap() < 1540.0, "{found}");
    folder.run(&format!("verify --model m.json --train {data}")).ended(0);
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    let folder = with_small_problem();
    folder.write("a.pgm", pgm(12, blocks));
    folder.write("b.pgm", pgm(13, blocks));
    folder.write("none.csv", "a,b\n1,2\n3,4\n");
    for (line, part) in [
        ("bilevel svm --train data.csv", "svm"),
        ("bilevel lasso --train data.csv --folds 3 --smoothing 1", "--smoothing"),
        ("bilevel ridge --train data.csv --folds=-3", "a number from 2 to"),
        ("bilevel ridge --train data.csv --folds 99999999999999999999", "a number from 2 to"),
        ("bilevel lasso --train data.csv --folds 3 --lower-solver fista", "lower_solver"),
        ("bilevel ridge", "--train"),
        ("bilevel ridge --train data.csv", "--validation"),
        ("bilevel ridge --train data.csv --folds 41", "2 to 40"),
        ("bilevel ridge --train data.csv --folds 3 --strengths groups", "--strengths"),
        ("bilevel ridge --train data.csv --folds 3 --start 1,2", "--start"),
        ("bilevel ridge --train data.csv --folds 3 --method nothing", "method"),
        ("bilevel ridge --train data.csv --validation none.csv", "none.csv"),
        ("bilevel logistic --train labels.csv --folds 3", "--positive"),
        ("bilevel multinomial --train data.csv --folds 3", "data.csv"),
        ("bilevel tv --truth a.pgm", "--noise"),
        ("bilevel tv --noise 0.1", "--truth"),
        ("bilevel tv --truth a.pgm --noise -1", "--noise"),
        ("bilevel tv --truth a.pgm --observed b.pgm", "a.pgm"),
        ("bilevel tv --truth a.pgm --noise 0.1 --size 99", "a.pgm"),
        ("bilevel tv --truth data.csv --noise 0.1", "data.csv"),
    ] {
        let refused = folder.run(line).ended(2);
        assert!(refused.err.contains(part), "{line}: {}", refused.err);
    }
}
