//! Several outputs on the command line.

use crate::support::{Folder, close, csv, small_problem};

/// Class numbers in `classes.csv`, and two tasks in `tasks.csv` beside `columns.csv`.
fn folder() -> Folder {
    let folder = Folder::new();
    let (rows, target) = small_problem();
    let class = |(r, y): (usize, &f64)| {
        if r % 7 == 0 { (r / 7 % 3) as f64 } else { (y / 2.0).round().clamp(-1.0, 1.0) + 1.0 }
    };
    let classes: Vec<f64> = target.iter().enumerate().map(class).collect();
    folder.write("classes.csv", csv(&rows, &classes));
    let line = |row: &Vec<f64>| row.iter().map(|v| format!("{v:?}")).collect::<Vec<_>>().join(",");
    folder.write("columns.csv", rows.iter().map(line).collect::<Vec<_>>().join("\n"));
    let tasks = target.iter().zip(&rows).map(|(y, a)| format!("{y:?},{:?}", 1.0 - y + a[1]));
    folder.write("tasks.csv", tasks.collect::<Vec<_>>().join("\n"));
    folder
}

#[test]
fn softmax_is_fitted_saved_verified_and_applied() {
    let folder = folder();
    let fit = "bcd --data classes.csv --loss softmax --lambda-ratio 0.1 --intercept --tolerance 1e-9";
    let json = folder.run(&format!("{fit} --json --out coef.csv --model model.json")).ended(0).json();
    assert_eq!((json["outputs"].as_u64(), json["intercepts"].as_array().unwrap().len()), (Some(3), 3));
    let lines: Vec<Vec<f64>> =
        folder.read("coef.csv").lines().map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    assert!(lines.len() == 5 && lines.iter().all(|l| l.len() == 3));
    let verified = folder.run("verify --model model.json --data classes.csv --json").ended(0).json();
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["objective"], json["objective"]);
    // Another class in one row, and the model no longer holds.
    let text = folder.read("classes.csv");
    let (head, last) = text.trim_end().rsplit_once(',').unwrap();
    let other = if last.starts_with('0') { "1.0" } else { "0.0" };
    folder.write("other.csv", format!("{head},{other}\n"));
    folder.run("verify --model model.json --data other.csv").ended(1);

    let score = folder.run("predict --model model.json --data classes.csv --score --json").ended(0).json();
    let accuracy = score["score"]["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.6 && accuracy <= 1.0);
    let rows = score["predictions"].as_array().unwrap().len();
    assert_eq!(rows, 40);
    let text = folder.run("predict --model model.json --data columns.csv --mean").ended(0).out;
    for line in text.lines() {
        let row: Vec<f64> = line.split(',').map(|v| v.parse().unwrap()).collect();
        assert!(row.len() == 3 && close(row.iter().sum(), 1.0, 1e-14));
    }
    // Started at its own answer there is nothing to do; a path ends at the same place.
    let again = folder.run(&format!("{fit} --start model.json --json")).ended(0).json();
    assert_eq!(again["iterations"].as_u64(), Some(0));
    let path =
        folder.run(&format!("{fit} --path 5 --path-out path.csv --plot path.svg --json")).ended(0).json();
    assert!(close(path["objective"].as_f64().unwrap(), json["objective"].as_f64().unwrap(), 1e-7));
    let columns = folder.read("path.csv").lines().next().unwrap().split(',').count();
    assert_eq!(columns, 4 + 3 + 15);
    let text = folder.run(fit).ended(0).out;
    assert!(text.contains("of 15") && text.contains("intercepts"), "{text}");
}

#[test]
fn tasks_come_from_a_table() {
    let folder = folder();
    let fit = "bcd --data columns.csv --targets tasks.csv --loss multi-squared --penalty group --lambda-ratio 0.05 --intercept";
    let json = folder.run(&format!("{fit} --json --model model.json")).ended(0).json();
    assert_eq!(json["outputs"].as_u64(), Some(2));
    folder.run("verify --model model.json --data columns.csv --targets tasks.csv").ended(0);
    let score =
        folder.run("predict --model model.json --data columns.csv --targets tasks.csv --score").ended(0).out;
    assert!(score.contains("rmse"));
    folder.run("bcd --data columns.csv --loss multi-squared").ended(2);
    assert!(folder.run("bcd --data columns.csv --targets tasks.csv").ended(2).err.contains("multi-squared"));
    folder.write("short.csv", "1,2\n3,4\n");
    assert!(
        folder
            .run("bcd --data columns.csv --targets short.csv --loss multi-squared")
            .ended(2)
            .err
            .contains("40 rows")
    );
}

#[test]
fn labels_that_are_no_classes_and_damaged_models_are_refused() {
    let folder = folder();
    folder.write("bad.csv", "a,y\n1,0\n2,0.5\n3,1\n");
    let ran = folder.run("bcd --data bad.csv --loss softmax").ended(2);
    assert!(ran.err.contains("row 2") && ran.err.contains("class number"), "{}", ran.err);
    folder.run("bcd --data classes.csv --loss softmax --classes 2").ended(2);
    folder.run("bcd --data classes.csv --loss softmax --lambda 1 --intercept --model model.json").ended(0);
    let model = folder.read("model.json");
    for (from, to) in [
        ("\"outputs\": 3", "\"outputs\": 2"),
        ("\"outputs\": 3", "\"outputs\": 18446744073709551615"),
        ("\"version\": 2", "\"version\": 3"),
    ] {
        assert!(model.contains(from));
        folder.write("damaged.json", model.replace(from, to));
        folder.run("predict --model damaged.json --data columns.csv").ended(2);
    }
}
