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

/// Fits, and has the written model verified from the raw file.
fn certified(folder: &Folder, file: &Path, read: &str, problem: &str) {
    let file = file.display();
    let fit = format!("bcd --data {file} {read} {problem} --tolerance 1e-8 --model m.json --json");
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
    assert!(verified["certificate"]["relative"].as_f64().unwrap() <= 1.001e-8, "{fit}: {verified}");
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
