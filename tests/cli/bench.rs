//! `southwell bench`.

use crate::support::Folder;
use std::path::Path;

const FIGURES: [&str; 14] = [
    "bcd-figure4",
    "bcd-figure5",
    "bcd-figure6",
    "bcd-figure7",
    "bcd-figure8",
    "bcd-figure9",
    "bcd-figure10",
    "bcd-figure11",
    "bcd-figure12",
    "bcd-figure13",
    "bcd-companion-1",
    "bcd-companion-2",
    "bcd-companion-3",
    "bcd-companion-4",
];

/// Experiments that are not on the page of `all`.
const OTHERS: [&str; 12] = [
    "altmin-inexact",
    "altmin-recovery",
    "altmin-noise",
    "altmin-scaling",
    "groupwise-synthetic",
    "groupwise-medical",
    "groupwise-adult",
    "groupwise-paths",
    "bilevel-quadratic",
    "bilevel-multinomial",
    "bilevel-tv",
    "bilevel-foe",
];

#[test]
fn the_list_names_every_experiment() {
    let folder = Folder::new();
    for line in ["bench", "bench list"] {
        let text = folder.run(line).ended(0).out;
        let names: Vec<&str> = text.lines().filter_map(|l| l.split_whitespace().next()).collect();
        assert_eq!(names, [&FIGURES[..], &OTHERS].concat());
    }
}

/// Completion on small data: as many runs as were asked for, on any number of threads the same.
#[test]
fn completions_leave_their_files_and_run_alike_every_time() {
    let folder = Folder::new();
    // Without the column of seconds.
    let runs = |path: &str| -> Vec<String> {
        let text = folder.read(path);
        let cells = |line: &str| line.split(',').take(7).collect::<Vec<_>>().join(",");
        text.lines().skip(1).map(cells).collect()
    };
    for (name, count) in [("altmin-recovery", 8 * 3), ("altmin-noise", 16 * 3)] {
        let text = folder.run(&format!("bench {name} --quick --runs 3 --out one")).ended(0).out;
        folder.run(&format!("bench {name} --quick --runs 3 --threads 2 --out two")).ended(0);
        let found = runs(&format!("one/{name}.csv"));
        assert_eq!(found.len(), count);
        assert_eq!(found, runs(&format!("two/{name}.csv")));
        assert_eq!(folder.read(&format!("one/{name}.md")).trim_end(), text.trim_end());
        let svg = folder.read(&format!("one/{name}.svg"));
        assert!(svg.starts_with("<svg") && svg.len() > 2_000, "{name}");
    }
    // Easy enough that all are recovered.
    assert!(
        folder.read("one/altmin-recovery.csv").lines().skip(1).all(|l| l.split(',').nth(3) == Some("true"))
    );
}

/// Inexact regressions on small data: runs end at the goal or at their limit, and those whose rows were as accurate as the theory
/// asks converged (the exit code).
#[test]
fn inexact_alternations_leave_their_files_and_run_alike_every_time() {
    let folder = Folder::new();
    let text = folder.run("bench altmin-inexact --quick --out one").ended(0).out;
    let csv = folder.read("one/altmin-inexact.csv");
    let mut runs = 0;
    for line in csv.lines().skip(1) {
        let quoted: Vec<&str> = line.split('"').collect();
        let after: Vec<&str> = quoted[2].split(',').collect();
        runs += usize::from(after[2] == "0");
        assert!(after[3].parse::<f64>().is_ok_and(|error| error >= 0.0), "{line}");
    }
    assert_eq!(runs, 3 * 32);
    assert_eq!(folder.read("one/altmin-inexact.md").trim_end(), text.trim_end());
    for plot in ["altmin-inexact-1.svg", "altmin-inexact-10.svg", "altmin-inexact-1000.svg"] {
        let svg = folder.read(&format!("one/{plot}"));
        assert!(svg.starts_with("<svg") && svg.len() > 5_000, "{plot}");
    }
    folder.run("bench altmin-inexact --quick --out two").ended(0);
    assert_eq!(folder.read("two/altmin-inexact.csv"), csv);
}

/// How time grows, on small data: seconds differ from run to run, steps and gradients do not, on any number of threads.
#[test]
fn scaling_leaves_its_files_and_takes_the_same_steps_every_time() {
    let folder = Folder::new();
    let text = folder.run("bench altmin-scaling --quick --out one").ended(0).out;
    assert_eq!(folder.read("one/altmin-scaling.md").trim_end(), text.trim_end());
    folder.run("bench altmin-scaling --quick --threads 2 --out two").ended(0);
    let cells = |path: &str| -> Vec<String> {
        let lines = folder.read(path);
        lines.lines().skip(1).map(|l| l.split(',').take(5).collect::<Vec<_>>().join(",")).collect()
    };
    let one = cells("one/altmin-scaling.csv");
    // Four numbers of observations, four ranks for one of them, inexact and exact.
    assert_eq!(one.len(), 2 * 7);
    assert_eq!(one, cells("two/altmin-scaling.csv"));
    for line in &one {
        let steps: f64 = line.split(',').nth(3).unwrap().parse().unwrap();
        assert_eq!(line.starts_with("inexact"), steps >= 1.0, "{line}");
    }
    for plot in ["altmin-scaling-rank.svg", "altmin-scaling-observations.svg"] {
        let svg = folder.read(&format!("one/{plot}"));
        // How many marks an axis has depends on the seconds.
        assert!(svg.starts_with("<svg") && svg.len() > 4_000, "{plot}");
    }
}

/// Groupwise regret on few rounds: the same on any number of threads, and all files are there.
#[test]
fn groupwise_experiments_leave_their_files_and_run_alike_every_time() {
    let folder = Folder::new();
    for (name, lines, plots) in [
        // Players, groups, runs, and labels in two orders.
        (
            "groupwise-synthetic",
            7 * 6 * 2 * 8,
            &["groupwise-synthetic-perm-paper.svg", "groupwise-synthetic-min-best.svg"][..],
        ),
        ("groupwise-paths", 4 * 4, &["groupwise-paths.svg"]),
    ] {
        let text = folder.run(&format!("bench {name} --quick --out one")).ended(0).out;
        folder.run(&format!("bench {name} --quick --threads 2 --out two")).ended(0);
        assert_eq!(folder.read(&format!("one/{name}.md")).trim_end(), text.trim_end());
        let csv = folder.read(&format!("one/{name}.csv"));
        assert_eq!(csv.lines().count(), 1 + lines);
        assert!(!csv.contains("NaN") || name == "groupwise-paths");
        assert_eq!(csv, folder.read(&format!("two/{name}.csv")));
        for plot in plots {
            let svg = folder.read(&format!("one/{plot}"));
            assert!(svg.starts_with("<svg") && svg.len() > 5_000, "{plot}");
        }
    }
    for name in ["groupwise-medical", "groupwise-adult"] {
        let text = folder.run(&format!("bench {name} --data nowhere")).ended(0).out;
        assert!(text.contains("skipped: nowhere"), "{text}");
    }
}

/// The medical costs: the paper's table within 0.005 (the exit code), and no group far behind with one configuration.
#[test]
fn medical_costs_are_the_published_ones() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/groupwise");
    if !data.exists() {
        assert!(std::env::var_os("REQUIRE_SHARED").is_none(), "{} is not there", data.display());
        eprintln!("skipped: {} is not there", data.display());
        return;
    }
    let folder = Folder::new();
    let text =
        folder.run(&format!("bench groupwise-medical --threads 2 --data {}", data.display())).ended(0).out;
    assert_eq!(text.matches("| holds |").count(), 12, "{text}");
    assert!(!text.contains("falls short"), "{text}");
}

/// Parameters are learned on small data: all files are there, and nothing but seconds depends on the threads.
#[test]
fn parameters_are_learned_and_run_alike_every_time() {
    let folder = Folder::new();
    let runs = |path: &str| -> Vec<String> {
        let cells = |line: &str| line.split(',').take(7).collect::<Vec<_>>().join(",");
        folder.read(path).lines().skip(1).map(cells).collect()
    };
    for (name, count, pictures) in [
        (
            "bilevel-quadratic",
            1 + 6 * 8 + 12,
            &["bilevel-quadratic.svg", "bilevel-quadratic-conditioned.svg"][..],
        ),
        ("bilevel-multinomial", 10, &["bilevel-multinomial.svg"]),
        ("bilevel-tv", 1 + 6 * 8 + 12, &["bilevel-tv.svg", "bilevel-tv-accuracies.svg", "bilevel-tv.png"]),
        ("bilevel-foe", 1 + 6 * 8 + 12, &["bilevel-foe.svg", "bilevel-foe.png"]),
    ] {
        let text = folder.run(&format!("bench {name} --quick --out one")).ended(0).out;
        folder.run(&format!("bench {name} --quick --threads 2 --out two")).ended(0);
        let found = runs(&format!("one/{name}.csv"));
        assert_eq!(found.len(), count, "{name}");
        assert_eq!(found, runs(&format!("two/{name}.csv")), "{name}");
        assert_eq!(folder.read(&format!("one/{name}.md")).trim_end(), text.trim_end());
        for picture in pictures {
            assert!(
                std::fs::metadata(folder.path(&format!("one/{picture}"))).unwrap().len() > 2_000,
                "{picture}"
            );
        }
    }
}

/// Every experiment on small data: every curve is finite, never rises, and is written and drawn.
#[test]
fn every_experiment_runs_and_leaves_its_files() {
    let folder = Folder::new();
    let text = folder.run("bench bcd --quick --out all").ended(0).out;
    assert_eq!(folder.read("all/experiments.md").trim_end(), text.trim_end());
    for name in FIGURES {
        let csv = folder.read(&format!("all/{name}.csv"));
        let mut curves = 0;
        let mut before = f64::INFINITY;
        for line in csv.lines().skip(1) {
            let (head, gap) = line.rsplit_once(',').unwrap();
            let (_, iteration) = head.rsplit_once(',').unwrap().0.rsplit_once(',').unwrap();
            let gap: f64 = gap.parse().unwrap();
            if iteration == "0" {
                (curves, before) = (curves + 1, f64::INFINITY);
            }
            assert!(gap.is_finite() && gap <= before + 1e-9 * before.abs(), "{name}: {line} after {before}");
            before = gap;
        }
        assert!(curves >= 5, "{name}: {curves}");
        assert!(text.contains(folder.read(&format!("all/{name}.md")).trim_end()), "{name}");
    }
    for plot in ["bcd-figure6-D.svg", "bcd-figure8-B-50.svg", "bcd-figure8-B-50-seconds.svg"] {
        let svg = folder.read(&format!("all/{plot}"));
        assert!(svg.starts_with("<svg") && svg.len() > 5_000, "{plot}");
    }
}

/// Iterates do not depend on how many curves run at a time.
#[test]
fn figure_6_meets_the_published_outcomes_and_runs_alike_every_time() {
    let folder = Folder::new();
    let text = folder.run("bench bcd-figure6 --out one").ended(0).out;
    assert_eq!(text.matches("| agrees |").count(), 2);
    assert_eq!(text.matches("| within what rounding decides |").count(), 1);
    assert!(!text.contains("differs") && !text.contains("Not so"));
    folder.run("bench bcd-figure6 --out two").ended(0);
    let gaps = |folder: &str, of: &Folder| -> Vec<String> {
        let csv = of.read(&format!("{folder}/bcd-figure6.csv"));
        csv.lines().map(|l| l.rsplit_once(',').unwrap().1.to_owned()).collect()
    };
    assert_eq!(gaps("one", &folder), gaps("two", &folder));
}

#[test]
fn names_and_folders_that_do_not_exist_are_refused() {
    let folder = Folder::new();
    assert!(folder.run("bench bcd-figure3").ended(2).err.contains("bcd-figure3"));
    folder.write("file", "");
    let refused = folder.run("bench bcd-figure6 --quick --out file/folder").ended(2);
    assert!(refused.err.contains("a folder that can be made"));
}
