//! Real data beside the project: where the folder is absent the test says so and passes, unless REQUIRE_SHARED is set.

use crate::support::Folder;
use std::path::{Path, PathBuf};

const LASSO: &str = "--loss squared --penalty l1";
const LOGISTIC: &str = "--loss logistic --penalty l1";

/// A file below the data folder, how it is read, and the problems that fit it.
const SETS: [(&str, &str, &[&str]); 14] = [
    ("classification/a1a/a1a", "", &[LASSO, LOGISTIC]),
    ("classification/mushrooms/mushrooms.gz", "--positive 2", &[LOGISTIC]),
    ("classification/heart_scale/heart_scale", "", &[LASSO, LOGISTIC]),
    ("classification/rcv1-1000/rcv1_small.svm.gz", "", &[LOGISTIC]),
    ("classification/pcmac/pcmac.svm.gz", "", &[LASSO, LOGISTIC]),
    ("classification/spambase/spambase.svm.gz", "--intercept --standardize", &[LOGISTIC]),
    ("expression/golub/golub.svm.gz", "--intercept --standardize", &[LASSO, LOGISTIC]),
    ("expression/alon/alon.svm.gz", "", &[LASSO, LOGISTIC]),
    ("expression/khan/khan.svm.gz", "--positive 2", &[LOGISTIC]),
    ("regression/autompg/data.csv.gz", "", &[LASSO]),
    ("regression/bike/data.csv.gz", "--intercept", &[LASSO]),
    ("regression/protein/data.csv.gz", "", &[LASSO]),
    ("regression/energy/data.csv.gz", "", &[LASSO]),
    (
        "grouplasso/bardet-gglasso/bardet.csv",
        "--target-column y --groups 5",
        &["--loss squared --penalty group"],
    ),
];

fn data() -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if data.is_dir() {
        return Some(data);
    }
    assert!(std::env::var_os("REQUIRE_SHARED").is_none(), "{} is not there", data.display());
    println!("skipped: {} is not there", data.display());
    None
}

/// Two classes, with and without features of like scales.
const MACHINES: [(&str, &str); 7] = [
    ("classification/a1a/a1a", ""),
    ("classification/a9a/a9a.gz", ""),
    ("classification/mushrooms/mushrooms.gz", "--positive 2"),
    ("classification/heart_scale/heart_scale", ""),
    ("classification/rcv1-1000/rcv1_small.svm.gz", ""),
    ("classification/pcmac/pcmac.svm.gz", ""),
    ("classification/spambase/spambase.svm.gz", ""),
];

/// Fits, and has the written model verified from the raw file.
fn certified(folder: &Folder, file: &Path, read: &str, problem: &str) {
    certified_to(1e-8, folder, file, read, problem);
}

fn certified_to(tolerance: f64, folder: &Folder, file: &Path, read: &str, problem: &str) {
    let file = file.display();
    let fit = format!("bcd --data {file} {read} {problem} --tolerance {tolerance} --model m.json --json");
    let found = folder.run(&fit).ended(0).json();
    assert_eq!(found["outcome"], "converged", "{fit}");
    let read = read
        .split(" --groups")
        .next()
        .unwrap_or(read)
        .replace("--intercept", "")
        .replace("--standardize", "");
    let verify = format!("verify --data {file} {read} --model m.json --json");
    let verified = folder.run(&verify).ended(0).json();
    // Sums of the loss's size are rounded.
    let most = 1.001 * tolerance + 2e-13;
    assert!(verified["certificate"]["relative"].as_f64().unwrap() <= most, "{fit}: {verified}");
}

#[test]
fn real_sets_reach_a_certified_gap_of_1e_8() {
    let Some(data) = data() else { return };
    let folder = Folder::new();
    for (path, read, problems) in SETS {
        let file = data.join(path);
        for problem in problems {
            for ratio in [0.5, 0.1, 0.01, 0.001] {
                certified(&folder, &file, read, &format!("{problem} --lambda-ratio {ratio}"));
            }
        }
        if problems.contains(&LOGISTIC) {
            for c in [0.01, 1.0, 100.0] {
                let lambda = 1.0 / c;
                let problem = format!("--loss logistic --penalty ridge --lambda {lambda}");
                certified(&folder, &file, read, &problem);
            }
        }
    }
}

#[test]
fn support_vector_machines_on_real_sets_reach_a_certified_gap_of_1e_13() {
    let Some(data) = data() else { return };
    let folder = Folder::new();
    for (path, read) in MACHINES {
        for c in [0.01, 1.0, 100.0] {
            let problem = format!("--loss hinge --penalty ridge --lambda {}", 1.0 / c);
            certified_to(1e-13, &folder, &data.join(path), read, &problem);
        }
        let problem = "--loss squared-hinge --penalty ridge --lambda 1";
        certified_to(1e-10, &folder, &data.join(path), read, problem);
    }
}

/// With more columns than rows the bounds leave room for a perfect fit: the residual is rounding, and so is the dual point
/// that comes of it.
#[test]
fn least_squares_with_bounds_that_interpolate_reach_a_certified_gap_of_1e_13() {
    let Some(data) = data() else { return };
    let folder = Folder::new();
    for (path, read) in [
        ("expression/alon/alon.svm.gz", ""),
        ("expression/golub/golub.svm.gz", ""),
        ("expression/khan/khan.svm.gz", "--positive 2"),
    ] {
        for bounds in ["--lower 0", "--lower -0.1 --upper 0.1", "--lower -1 --upper 1", "--upper 1"] {
            for intercept in ["", "--intercept"] {
                let problem = format!("--loss squared --penalty none {bounds}");
                certified_to(1e-13, &folder, &data.join(path), &format!("{read} {intercept}"), &problem);
            }
        }
    }
}

#[test]
fn lasso_and_least_squares_with_bounds_on_real_sets_reach_a_certified_gap_of_1e_13() {
    let Some(data) = data() else { return };
    let folder = Folder::new();
    for path in ["classification/heart_scale/heart_scale", "classification/a1a/a1a"] {
        for problem in [
            "--loss squared --penalty l1 --lambda-ratio 0.1",
            "--loss squared --penalty l1 --lambda-ratio 0.1 --lower 0",
            "--loss squared --penalty none --lower -0.1 --upper 0.1",
        ] {
            certified_to(1e-13, &folder, &data.join(path), "", problem);
        }
    }
}
