//! `southwell groupwise`.

use crate::support::{Folder, close};
use std::path::Path;

/// Rows of a number, a word, a flag and a label in [0, 1] that rises with the number where the word is `up`.
fn rows(from: usize, count: usize) -> Vec<(f64, &'static str, u8, f64)> {
    let row = |t: usize| {
        let x = ((t * 37) % 101) as f64 / 100.0;
        let up = (t * 7) % 5 < 3;
        let y = if up { 0.2 + 0.7 * x } else { 0.9 - 0.6 * x };
        (x, if up { "up" } else { "down" }, u8::from(t.is_multiple_of(4)), y)
    };
    (from..from + count).map(row).collect()
}

fn csv(rows: &[(f64, &str, u8, f64)]) -> String {
    let lines = rows.iter().map(|(x, word, flag, y)| format!("{x:?},{word},{flag},{y:?}\n"));
    format!("x,kind,fourth,y\n{}", lines.collect::<String>())
}

fn with_rows() -> Folder {
    let folder = Folder::new();
    folder.write("data.csv", csv(&rows(0, 300)));
    folder
}

const LINE: &str =
    "groupwise --data data.csv --label y --group up:kind=up --group low:x<0.5&kind!=up --group fourth";

#[test]
fn regrets_are_those_computed_by_hand() {
    let folder = with_rows();
    let line =
        format!("{LINE} --ignore kind,fourth --label-lower 0 --label-upper 1 --predictions p.txt --json");
    let found = folder.run(&line).ended(0).json();
    let predictions = folder.numbers("p.txt");
    let rows = rows(0, 300);
    let groups = found["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 4);
    type Member = fn(&(f64, &str, u8, f64)) -> bool;
    let members: [(&str, Member); 4] = [
        ("up", |r| r.1 == "up"),
        ("low", |r| r.0 < 0.5 && r.1 == "down"),
        ("fourth", |r| r.2 == 1),
        ("always on", |_| true),
    ];
    for (group, (name, is_in)) in groups.iter().zip(members) {
        assert_eq!(group["name"], name);
        let own: Vec<usize> = (0..rows.len()).filter(|t| is_in(&rows[*t])).collect();
        let sum = |f: &dyn Fn(f64, f64) -> f64| own.iter().map(|t| f(rows[*t].0, rows[*t].3)).sum::<f64>();
        // Ridge regression on one number.
        let (xx, xy, yy) = (1.0 + sum(&|x, _| x * x), sum(&|x, y| x * y), sum(&|_, y| y * y));
        let (hindsight, loss) =
            (yy - xy * xy / xx, own.iter().map(|t| (predictions[*t] - rows[*t].3).powi(2)).sum());
        let number = |key: &str| group[key].as_f64().unwrap();
        assert_eq!(group["rounds"], own.len());
        assert!(
            close(number("hindsight"), hindsight, 1e-12) && close(number("loss"), loss, 1e-12),
            "{group}"
        );
        assert!(close(number("regret"), loss - hindsight, 1e-12) && number("regret") <= number("bound"));
        assert_eq!(group["standing"], "holds");
    }
    assert_eq!(found["certificate"]["rigor"], "proven");
    assert_eq!((&found["outcome"], &found["iterations"]), (&"converged".into(), &300.into()));
}

#[test]
fn a_report_a_plot_and_notes() {
    let folder = with_rows();
    let text = folder.run(&format!("{LINE} --plot r.svg --crossed --meta aggregating --scale")).ended(0).out;
    for part in [
        "every row was used",
        "aggregating",
        "always on",
        "crossed",
        "holds",
        "--label-lower and --label-upper from",
        "scaled by",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let svg = folder.read("r.svg");
    assert!(svg.starts_with("<svg") && svg.contains("fourth") && svg.contains("no regret"));
    let paper = folder.run(&format!("{LINE} --mode paper --json")).ended(0).json();
    assert_eq!(paper["certificate"]["rigor"], "none");
    assert_eq!(paper["groups"][0]["comparator"], "best linear predictor in hindsight");
    // A flag of words as label.
    let flag = folder.run("groupwise --data data.csv --label kind --positive up --group fourth --loss log --learner logistic --json");
    assert_eq!(flag.ended(0).json()["label_upper"], 1.0);
}

#[test]
fn a_shuffle_is_told_by_the_seed_and_predictions_stay_with_their_rows() {
    let folder = with_rows();
    for (name, seed) in [("a", 1), ("b", 1), ("c", 2)] {
        folder.run(&format!("{LINE} --shuffle --seed {seed} --predictions {name}.txt")).ended(0);
    }
    assert_eq!(folder.read("a.txt"), folder.read("b.txt"));
    assert_ne!(folder.read("a.txt"), folder.read("c.txt"));
    let off: f64 =
        folder.numbers("a.txt").iter().zip(rows(0, 300)).map(|(z, row)| (z - row.3).powi(2)).sum::<f64>()
            / 300.0;
    assert!(off < 0.02, "{off}");
}

#[test]
fn a_stream_goes_on_another_day_as_if_it_had_not_stopped() {
    let folder = with_rows();
    let flags =
        "--label y --group up:kind=up --group fourth --label-lower 0 --label-upper 1 --group-features";
    folder.write("first.csv", csv(&rows(0, 120)));
    folder.write("second.csv", csv(&rows(120, 180)));
    let whole = folder
        .run(&format!("groupwise --data data.csv {flags} --predictions all.txt --json"))
        .ended(0)
        .json();
    folder.run(&format!("groupwise --data first.csv {flags} --save s --predictions 1.txt")).ended(0);
    let line = "groupwise --data second.csv --load s --save t --predictions 2.txt --json";
    let resumed = folder.run(line).ended(0).json();
    assert_eq!(folder.read("all.txt"), folder.read("1.txt") + &folder.read("2.txt"));
    assert_eq!(whole["groups"], resumed["groups"]);
    assert!(folder.path("t.swl").exists() && folder.path("t.json").exists());
    let refused = |line: &str, part: &str| {
        let err = folder.run(line).ended(2).err;
        assert!(err.contains(part), "{line}: {err}");
    };
    refused("groupwise --data second.csv --load s --ridge 2", "--load");
    refused("groupwise --data second.csv --load s --label y", "--label");
    refused("groupwise --data second.csv --load none", "none.swl");
    std::fs::copy(folder.path("t.json"), folder.path("s.json")).unwrap();
    refused("groupwise --data second.csv --load s", "s.json: expected the recipe of a stream");
    let cut = std::fs::read(folder.path("t.swl")).unwrap();
    folder.write("t.swl", &cut[..cut.len() - 5]);
    refused("groupwise --data second.csv --load t", "t.swl");
}

#[test]
fn logs_are_verified_and_every_change_is_found() {
    let folder = with_rows();
    for (name, flags) in [
        ("plain", ""),
        ("least", "--least-squares"),
        ("centred", "--learner vovk-azoury-warmuth"),
        ("paper", "--mode paper"),
        ("random", "--mode randomised --shuffle"),
        ("absolute", "--loss absolute --learner ada-grad"),
        ("crossed", "--crossed --meta aggregating --intercept"),
    ] {
        let said = folder.run(&format!("{LINE} {flags} --out {name}.jsonl --json")).ended(0).json();
        let found = folder.run(&format!("verify --log {name}.jsonl --data data.csv --json")).ended(0).json();
        assert_eq!(found["verified"], true, "{name}");
        for (claimed, replayed) in
            said["groups"].as_array().unwrap().iter().zip(found["groups"].as_array().unwrap())
        {
            assert_eq!(claimed["name"], replayed["name"]);
            let (a, b) = (&claimed["regret"], &replayed["regret"]);
            assert_eq!(a.is_null(), b.is_null(), "{name}");
            assert!(a.is_null() || close(a.as_f64().unwrap(), b.as_f64().unwrap(), 1e-9), "{name}: {a} {b}");
        }
    }
    let text = folder.run("verify --log plain.jsonl").ended(0).out;
    assert!(text.contains("300 rounds") && text.contains("verified") && !text.contains("NOT"), "{text}");
    let log = folder.read("plain.jsonl");
    let lines: Vec<&str> = log.lines().collect();
    let change = |k: usize, old: &str, new: &str| {
        let mut lines: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
        assert!(lines[k].contains(old), "{}", lines[k]);
        lines[k] = lines[k].replacen(old, new, 1);
        folder.write("changed.jsonl", lines.join("\n"));
        folder.run("verify --log changed.jsonl --data data.csv")
    };
    // A claim, a label, the groups of a round, a row.
    let told = change(301, "\"rounds\":300", "\"rounds\":299").ended(1).out;
    assert!(told.contains("NOT verified: the rounds are others"), "{told}");
    let err = change(7, "\"y\":", "\"y\":0.").ended(2).err;
    assert!(err.contains("changed.jsonl, line 8") || err.contains("data.csv, line 8"), "{err}");
    assert!(change(5, "\"groups\":[", "\"groups\":[1,").ended(2).err.contains("groups of the round log"));
    assert!(change(9, "\"row\":8", "\"row\":80000").ended(2).err.contains("row 80001"));
    folder.write("cut.jsonl", lines[..200].join("\n"));
    assert!(folder.run("verify --log cut.jsonl").ended(2).err.contains("is the file cut?"));
    folder.write("other.csv", csv(&rows(1, 300)));
    assert!(
        folder.run("verify --log plain.jsonl --data other.csv").ended(2).err.contains("other.csv, line 2")
    );
    assert!(folder.run("verify --log data.csv").ended(2).err.contains("data.csv, line 1"));
    assert!(folder.run("verify --data data.csv").ended(2).err.contains("--model"));
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let folder = with_rows();
    let refused = |line: &str, part: &str| {
        let err = folder.run(line).ended(2).err;
        assert!(err.contains(part), "{line}: {err}");
    };
    let with = |flags: &str| format!("groupwise --data data.csv --label y {flags}");
    refused("groupwise --data nothing.csv --label y", "nothing.csv");
    refused("groupwise --data data.csv", "--label");
    refused(
        "groupwise --data data.csv --label z",
        "--label, data.csv: expected one of its columns: x, kind, fourth, y, found 'z'",
    );
    refused(
        "groupwise --data data.csv --label kind",
        "data.csv, line 2, column kind: expected a number, or --positive",
    );
    refused(&with("--group old:age>30"), "--group 'old:age>30', data.csv");
    refused(&with("--group old:x>30"), "--group 'old:x>30': expected a rule that a row meets");
    refused(&with("--group k:kind<up"), "column kind, which has words");
    refused(&with("--group k:x"), "--group 'k:x': expected conditions");
    refused(&with("--group x"), "data.csv, line 3, column x: expected 0 or 1");
    refused(&with("--group fourth --group fourth"), "a name that no other group has");
    refused(&with("--ignore size"), "--ignore, data.csv");
    refused(&with("--categorical size"), "--categorical, data.csv");
    refused(&with("--label-upper 0.5"), "data.csv, line");
    refused(&with("--meta specialists --loss absolute"), "meta");
    refused(&with("--no-always-on --group fourth"), "data.csv, line 3");
    folder.run(&with("--no-always-on --group fourth --uncovered mean")).ended(0);
    for (name, text, part) in [
        ("gap.csv", "x,y\n1,0\n,1\n", "gap.csv, line 3, column x: expected a number (--missing indicator"),
        (
            "label.csv",
            "x,y\n1,0\n\n2,NA\n",
            "label.csv, line 4, column y: expected a label, found a missing value",
        ),
        ("flat.csv", "x,y\n1,3\n2,3\n", "flat.csv, column y: expected labels that differ"),
        ("short.csv", "x,y\n1,3\n2\n", "short.csv, line 3: expected 2 cells"),
        ("names.csv", "x,y\n", "names.csv: expected a line of names and rows"),
        ("twice.csv", "x,x\n1,2\n", "twice.csv, line 1: expected names that differ"),
        ("inf.csv", "x,y\n1,0\ninf,1\n", "inf.csv, line 3, column x: expected a finite number"),
        ("big.csv", "x,y\n1,0\n1e200,1\n", "big.csv, line 3"),
    ] {
        folder.write(name, text);
        refused(&format!("groupwise --data {name} --label y"), part);
    }
    folder.run("groupwise --data gap.csv --label y --missing indicator").ended(0);
}

#[test]
fn a_limit_leaves_the_rows_before_it() {
    let folder = with_rows();
    let ran = folder.run(&format!("{LINE} --max-seconds 0 --predictions p.txt --json")).ended(1).json();
    assert_eq!((&ran["outcome"], &ran["iterations"]), (&"time limit".into(), &0.into()));
    assert_eq!(folder.read("p.txt").lines().count(), 300);
}

/// The medical costs in dollars: every group's regret is below its bound.
#[test]
fn medical_costs() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/groupwise/insurance/insurance.csv");
    if !file.exists() {
        assert!(std::env::var_os("REQUIRE_SHARED").is_none(), "{} is not there", file.display());
        eprintln!("skipped: {} is not there", file.display());
        return;
    }
    let folder = Folder::new();
    let line = format!(
        "groupwise --data {} --label charges --group young:age<=35 --group old:age>50 --group obese:bmi>=30 \
         --group smoker:smoker=yes --group male:sex=male --scale --crossed --meta aggregating --out l.jsonl --json",
        file.display()
    );
    let found = folder.run(&line).ended(0).json();
    let groups = found["groups"].as_array().unwrap();
    let rounds: Vec<u64> = groups.iter().map(|g| g["rounds"].as_u64().unwrap()).collect();
    assert_eq!(rounds[..5], [574, 356, 707, 274, 676]);
    assert!(groups.iter().all(|g| g["standing"] == "holds" || g["name"] == "crossed"), "{groups:?}");
    folder.run(&format!("verify --log l.jsonl --data {}", file.display())).ended(0);
}
