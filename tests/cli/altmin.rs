//! `southwell altmin`.

use crate::support::Folder;
use std::fmt::Write;
use std::path::Path;

/// Entries of a matrix of rank 2, most of them, as lines of `base`-based row, column and value.
fn entries(base: usize, separator: &str, keep: impl Fn(usize, usize) -> bool) -> String {
    let mut text = String::new();
    for i in 0..40 {
        for j in 0..30 {
            if keep(i, j) {
                writeln!(text, "{}{separator}{}{separator}{}", i + base, j + base, truth(i, j)).unwrap();
            }
        }
    }
    text
}

fn truth(i: usize, j: usize) -> f64 {
    let (x, y) = (i as f64, j as f64);
    (0.3 * x).sin() * (0.5 * y).cos() + 0.5 * (0.2 * x).cos() * (1.0 + 0.1 * y)
}

fn known(i: usize, j: usize) -> bool {
    !((((i + 1) * 73_856_093) ^ ((j + 1) * 19_349_663)) >> 4).is_multiple_of(3)
}

#[test]
fn entries_are_completed_predicted_and_written() {
    let folder = Folder::new();
    folder.write("train.tsv", entries(1, "\t", known));
    folder.write("test.tsv", entries(1, "\t", |i, j| !known(i, j)));
    folder.write("places.csv", "row,col\n1,1\n40,30\n");
    let line = "altmin --train train.tsv --test test.tsv --base 1 --rank 2 --ridge 0 --tolerance 1e-10 --json --out m \
                --predict places.csv --predictions p.txt --trace t.csv --plot c.svg";
    let found = folder.run(line).ended(0).json();
    assert_eq!(found["outcome"], "converged");
    assert!(found["test_rmse"].as_f64().unwrap() < 1e-6 && found["residual"].as_f64().unwrap() < 1e-9);
    assert_eq!(
        (found["rank"].as_u64(), found["rows"].as_u64(), found["components"].as_u64()),
        (Some(2), Some(40), Some(1))
    );
    let predictions = folder.numbers("p.txt");
    assert!((predictions[0] - truth(0, 0)).abs() < 1e-6 && (predictions[1] - truth(39, 29)).abs() < 1e-6);
    let size = |name: &str| std::fs::metadata(folder.path(name)).unwrap().len();
    assert_eq!((size("m.u.npy"), size("m.v.npy")), (128 + 40 * 2 * 8, 128 + 30 * 2 * 8));
    assert!(folder.read("t.csv").starts_with("iteration,work,") && folder.read("c.svg").contains("sweep"));
    let text = folder.run("altmin --train train.tsv --base 1 --rank 2 --biases --held-out 0.1").out;
    assert!(text.contains("held out") && text.contains("chosen") | text.contains("best of"), "{text}");
    // The threads do not change a byte.
    let of = |threads: &str| {
        let line =
            format!("altmin --train train.tsv --base 1 --rank 3 --ridge 0.01 --threads {threads} --out b");
        folder.run(&line).ended(0);
        std::fs::read(folder.path("b.u.npy")).unwrap()
    };
    assert_eq!(of("1"), of("3"));
}

#[test]
fn outliers_are_seen_and_counted() {
    let folder = Folder::new();
    let mut text = entries(0, ",", known);
    // Five entries far off.
    for (n, line) in [3, 100, 250, 400, 600].into_iter().enumerate() {
        let old = text.lines().nth(line).unwrap().to_owned();
        let place: Vec<&str> = old.split(',').collect();
        text = text.replace(&format!("\n{old}\n"), &format!("\n{},{},{}\n", place[0], place[1], 20 + n));
    }
    folder.write("train.csv", text);
    folder.write("test.csv", entries(0, ",", |i, j| !known(i, j)));
    let of = |loss: &str| {
        let line = format!(
            "altmin --train train.csv --test test.csv --rank 2 --ridge 0 --tolerance 1e-9 --json --loss {loss}"
        );
        folder.run(&line).ended(0).json()
    };
    for loss in ["huber", "student"] {
        let found = of(loss);
        assert_eq!(found["outliers"], 5, "{loss}");
        assert!(found["test_rmse"].as_f64().unwrap() < 1e-6, "{loss}");
    }
    let text =
        folder.run("altmin --train train.csv --rank 2 --ridge 0 --loss trimmed --outliers 0.01").ended(0).out;
    assert!(text.contains("outliers"), "{text}");
}

#[test]
fn priors_are_read_from_tables() {
    let folder = Folder::new();
    folder.write("train.csv", entries(0, ",", |i, j| i != 7 && known(i, j)));
    let table = |n: usize, f: &dyn Fn(f64) -> [f64; 2]| {
        (0..n).map(|i| f(i as f64)).map(|[a, b]| format!("{a},{b}\n")).collect::<String>()
    };
    folder.write("u.csv", table(40, &|x| [(0.3 * x).sin(), 0.5 * (0.2 * x).cos()]));
    folder.write("v.csv", table(30, &|y| [(0.5 * y).cos(), 1.0 + 0.1 * y]));
    folder.write("places.csv", "7,0\n7,29\n");
    let line = "altmin --train train.csv --prior-rows u.csv --prior-cols v.csv --rank 2 --ridge 0.1 --tolerance 1e-9 \
                --predict places.csv --predictions p.txt --json";
    let found = folder.run(line).ended(0).json();
    // The means are the factors of the matrix: nothing is left, and the row without entries is found too.
    assert!(found["objective"].as_f64().unwrap() < 1e-10);
    let predictions = folder.numbers("p.txt");
    assert!((predictions[0] - truth(7, 0)).abs() < 1e-6 && (predictions[1] - truth(7, 29)).abs() < 1e-6);
    let err = folder.run("altmin --train train.csv --prior-rows v.csv --rank 2 --ridge 0.1").ended(2).err;
    assert!(err.contains("v.csv: expected 40 lines"), "{err}");
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = Folder::new();
    folder.write("train.csv", entries(0, ",", known));
    let refused = |line: &str, text: &str| {
        let err = folder.run(line).ended(2).err;
        assert!(err.contains(text), "{line}: {err}");
    };
    refused("altmin --train nothing.csv", "nothing.csv");
    refused("altmin --train train.csv --base 1", "line 1");
    refused("altmin --train train.csv --rows 10", "--rows");
    refused("altmin --train train.csv --rank 0", "rank");
    refused("altmin --train train.csv --ridge -1", "ridge");
    refused("altmin --train train.csv --search portfolio", "search");
    refused("altmin --train train.csv --loss huber", "ridge");
    folder.write("twice.csv", "0,0,1\n0,0,2\n");
    refused("altmin --train twice.csv --ridge 0.1", "twice.csv, row 0, column 0: expected one entry");
    folder.write("nan.csv", "0,0,1\n0,1,nan\n1,1,2\n");
    refused("altmin --train nan.csv --ridge 0.1", "nan.csv, entry 1, row 0, column 1");
    folder.write("from1.csv", "1,1,1\n1,3,nan\n2,2,2\n");
    refused("altmin --train from1.csv --base 1 --ridge 0.1", "from1.csv, entry 1, row 1, column 3");
    folder.run("altmin --train nan.csv --ridge 0.1 --missing nan --rank 1").ended(0);
    folder.write("weights.txt", "1\n2\n");
    refused("altmin --train nan.csv --missing nan --ridge 0.1 --weights weights.txt", "weight");
}

#[test]
fn a_saved_model_predicts_without_another_fit() {
    let folder = Folder::new();
    folder.write("train.tsv", entries(1, "\t", known));
    folder.write("test.tsv", entries(1, "\t", |i, j| !known(i, j)));
    folder.write("places.csv", "1,1\n40,30\n");
    let fit = "altmin --train train.tsv --base 1 --rank 2 --ridge 1e-6 --tolerance 1e-9 --json --test test.tsv \
               --predict places.csv --predictions p.txt --error-bars e.txt --top 3 --top-rows 1,40 --top-out t.csv";
    let fitted = folder.run(&format!("{fit} --save-model m.swl --save-entries")).json();
    let apply = "altmin --base 1 --test test.tsv --predict places.csv --predictions p2.txt --top 3 --top-rows 1,40 \
                 --top-out t2.csv --json";
    let found = folder.run(&format!("{apply} --model m.swl --error-bars e2.txt")).ended(0).json();
    assert_eq!(found["test_rmse"], fitted["test_rmse"]);
    assert_eq!((found["rank"].as_u64(), found["rows"].as_u64()), (Some(2), Some(40)));
    for (one, two) in [("p.txt", "p2.txt"), ("e.txt", "e2.txt"), ("t.csv", "t2.csv")] {
        assert_eq!(folder.read(one), folder.read(two));
    }
    let bars = folder.numbers("e.txt");
    assert!(bars.iter().all(|b| *b > 0.0) && fitted["noise"].as_f64().unwrap() > 0.0);
    let best = folder.read("t.csv");
    let lines: Vec<&str> = best.lines().collect();
    assert!(lines.len() == 7 && lines[0] == "row,column,prediction" && lines[1].starts_with("1,"), "{best}");
    let place: Vec<usize> = lines[4].split(',').take(2).map(|n| n.parse().unwrap()).collect();
    assert!(place[0] == 40 && !known(place[0] - 1, place[1] - 1), "{best}");
    // Without its entries it predicts the same, and knows no error bars.
    folder.run(
        "altmin --train train.tsv --base 1 --rank 2 --ridge 1e-6 --tolerance 1e-9 --save-model bare.swl",
    );
    let text = folder.run("altmin --model bare.swl --base 1 --test test.tsv").ended(0).out;
    assert!(text.contains("bare.swl, 40 x 30, rank 2") && text.contains("rmse on"), "{text}");
    let refused = |line: &str, text: &str| {
        let err = folder.run(line).ended(2).err;
        assert!(err.contains(text), "{line}: {err}");
    };
    refused(
        "altmin --model bare.swl --predict places.csv --predictions p.txt --error-bars e.txt --base 1",
        "--save-entries",
    );
    refused("altmin --model bare.swl --rank 3", "no options of a fit");
    refused("altmin --model nothing.swl", "nothing.swl");
    refused("altmin --model places.csv", "places.csv");
    folder.write("far.csv", "41,1\n");
    refused("altmin --model bare.swl --base 1 --predict far.csv --predictions p.txt", "a row in 1..41");
    refused("altmin --model bare.swl --base 1 --top 2 --top-rows 41 --top-out t.csv", "rows in 1..41");
    let cut = std::fs::read(folder.path("bare.swl")).unwrap();
    folder.write("cut.swl", &cut[..cut.len() - 3]);
    refused("altmin --model cut.swl", "cut.swl: expected");
}

#[test]
fn ridges_and_ranks_are_walked_along() {
    let folder = Folder::new();
    folder.write("train.csv", entries(0, ",", known));
    let line = "altmin --train train.csv --ridge 1e-6 --held-out 0.1 --ranks 1,2,3 --plot path.svg";
    let found = folder.run(&format!("{line} --json")).json();
    let points = found["path"].as_array().unwrap();
    assert_eq!(points.len(), 3);
    let error = |k: usize| points[k]["held_out_rmse"].as_f64().unwrap();
    assert!(error(1) < 0.1 * error(0), "{points:?}");
    let best = found["best"].as_u64().unwrap() as usize;
    assert_eq!(found["held_out_rmse"], points[best]["held_out_rmse"]);
    assert!(folder.read("path.svg").contains("held out"));
    let text = folder.run("altmin --train train.csv --rank 2 --ridges 1,0.1,0.01").out;
    assert!(text.contains("ridge  rank") && text.contains("0.01"), "{text}");
    let refused = |line: &str, text: &str| {
        let err = folder.run(line).ended(2).err;
        assert!(err.contains(text), "{line}: {err}");
    };
    refused("altmin --train train.csv --ridges 0.1,1", "each below the one before");
    refused("altmin --train train.csv --ridges 1,x", "numbers between commas");
    refused("altmin --train train.csv --ridges 1 --ridge 2", "--ridges");
    refused("altmin --train train.csv --ranks 2,1", "each above the one before");
}

/// MovieLens 100K, the five folds of its authors: the mean error that the documents state.
#[test]
fn movielens_folds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/recommender/ml-100k");
    if !folder.exists() {
        assert!(std::env::var_os("REQUIRE_SHARED").is_none(), "{} is not there", folder.display());
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let here = Folder::new();
    let errors: Vec<f64> = (1..=5)
        .map(|fold| {
            let file = |part: &str| folder.join(format!("u{fold}.{part}.gz")).display().to_string();
            let line = format!(
                "altmin --train {} --test {} --base 1 --rank 10 --biases --tolerance 1e-3 --json",
                file("base"),
                file("test")
            );
            let found = here.run(&line).ended(0).json();
            assert_eq!(found["entries"], 80_000);
            found["test_rmse"].as_f64().unwrap()
        })
        .collect();
    let mean = errors.iter().sum::<f64>() / 5.0;
    assert!(mean <= 0.92, "{errors:?}");
}
