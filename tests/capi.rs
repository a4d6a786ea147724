//! C99 and C++11 programs, compiled and run against the shared and the static library, and under valgrind.
#![cfg(target_os = "linux")]

mod toolbox;

use southwell::bcd::{Problem, solve};
use southwell::numerics::{DenseView, Matrix, Order};
use southwell::runtime::{Control, Family, Options};
use std::process::Command;
use toolbox::*;

const PROGRAMS: [&str; 15] = [
    "tests/c/lasso.c",
    "tests/c/bad.c",
    "tests/c/control.c",
    "tests/c/keep.c",
    "tests/c/growth.c",
    "tests/c/outputs.c",
    "tests/c/path.c",
    "tests/c/derivative.c",
    "tests/c/callbacks.c",
    "tests/c/graph.c",
    "tests/c/altmin.c",
    "tests/c/bilevel.c",
    "tests/c/groupwise.c",
    "tests/c/classes.cpp",
    "tests/c/eigen.cpp",
];

fn run_quietly(mut command: Command) {
    let output = run(&mut command);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{command:?} wrote to stderr: {errors}");
    // One line of the program's own: the library prints nothing.
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1, "{command:?}");
}

#[test]
fn programs_run_with_the_shared_library() {
    for program in PROGRAMS {
        run_quietly(with_library(build(program, Linking::Shared)));
    }
}

#[test]
fn programs_run_with_the_static_library() {
    for program in PROGRAMS {
        run_quietly(Command::new(build(program, Linking::Static)));
    }
}

#[test]
fn valgrind_finds_nothing() {
    if !has_tool("valgrind") {
        return;
    }
    // Only definite leaks: the standard library's handle of a foreign thread is held by an interior pointer.
    for program in PROGRAMS {
        let mut valgrind = with_library("valgrind");
        valgrind.args(["-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite"]);
        run(valgrind.arg("--show-leak-kinds=definite").arg(build(program, Linking::Shared)));
    }
}

#[test]
fn headers_compile_without_warnings_in_every_standard() {
    let folder = folder();
    for (name, include, standards) in [
        ("header.c", "southwell.h", &["-std=c99", "-std=c11", "-std=gnu17"][..]),
        ("header.cpp", "southwell.h", &["-std=c++11", "-std=c++17", "-std=c++20"]),
        ("classes.cpp", "southwell.hpp", &["-std=c++11", "-std=c++17", "-std=c++20"]),
    ] {
        let source = folder.join(name);
        let twice = format!("#include <{include}>\n#include <{include}>\nint main(void) {{ return 0; }}\n");
        std::fs::write(&source, twice.replace("(void)", if name.ends_with('c') { "(void)" } else { "()" }))
            .unwrap();
        for standard in standards {
            let mut command = compiler(&source);
            command.arg(standard).args(STRICT).args([
                "-Wshadow",
                "-DSOUTHWELL_NO_EIGEN",
                "-fsyntax-only",
                "-I",
            ]);
            run(command.arg(root().join("include")).arg(&source));
        }
    }
}

#[test]
fn examples_run_and_say_how_they_are_compiled() {
    for (example, line) in [
        ("examples/c/lasso.c", "cc -std=c99 lasso.c -I../../include -L../../target/release -lsouthwell -lm"),
        (
            "examples/c/callbacks.c",
            "cc -std=c99 callbacks.c -I../../include -L../../target/release -lsouthwell -lm",
        ),
        (
            "examples/c/sensitivity.c",
            "cc -std=c99 sensitivity.c -I../../include -L../../target/release -lsouthwell -lm",
        ),
        ("examples/c/svm.c", "cc -std=c99 svm.c -I../../include -L../../target/release -lsouthwell -lm"),
        (
            "examples/cpp/lasso.cpp",
            "c++ -std=c++11 lasso.cpp -I../../include -L../../target/release -lsouthwell",
        ),
        (
            "examples/cpp/sensitivity.cpp",
            "c++ -std=c++11 sensitivity.cpp -I../../include -L../../target/release -lsouthwell",
        ),
        (
            "examples/cpp/path.cpp",
            "c++ -std=c++11 path.cpp -I../../include -L../../target/release -lsouthwell",
        ),
    ] {
        let text = std::fs::read_to_string(root().join(example)).unwrap();
        assert!(text.lines().next().unwrap().contains(line), "{example}");
        // Where they look for data.
        let folder = root().join(example);
        let folder = folder.parent().unwrap();
        let output = run(with_library(build(example, Linking::Shared)).current_dir(folder));
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.contains("converged") && output.contains("coef["), "{output}");
        run(Command::new(build(example, Linking::Static)).current_dir(folder));
    }
    let example = std::fs::read_to_string(root().join("examples/c/lasso.c")).unwrap();
    assert!(example.lines().count() < 40);
    let (graph, line) =
        ("examples/c/graph.c", "cc -std=c99 graph.c -I../../include -L../../target/release -lsouthwell -lm");
    let text = std::fs::read_to_string(root().join(graph)).unwrap();
    assert!(text.lines().next().unwrap().contains(line), "{graph}");
    let output = run(&mut with_library(build(graph, Linking::Shared)));
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("converged") && output.contains("proven"), "{output}");
    assert!(['A', 'B', 'C'].iter().all(|school| output.lines().skip(1).any(|l| l.contains(*school))));
    run(&mut Command::new(build(graph, Linking::Static)));
    let (graph, line) = (
        "examples/cpp/graph.cpp",
        "c++ -std=c++11 graph.cpp -I../../include -L../../target/release -lsouthwell",
    );
    let text = std::fs::read_to_string(root().join(graph)).unwrap();
    assert!(text.lines().next().unwrap().contains(line), "{graph}");
    let output = run(&mut with_library(build(graph, Linking::Shared)));
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("converged") && output.contains("(proven)"), "{output}");
    // The middle of a plate with one hot edge has a quarter of its heat.
    assert!(output.contains("middle: 25.0 degrees"), "{output}");
    run(&mut Command::new(build(graph, Linking::Static)));
    for (example, line, says) in [
        (
            "examples/c/complete.c",
            "cc -std=c99 complete.c -I../../include -L../../target/release -lsouthwell -lm",
            "user 1 would like",
        ),
        (
            "examples/cpp/complete.cpp",
            "c++ -std=c++11 complete.cpp -I../../include -L../../target/release -lsouthwell",
            "off by",
        ),
        (
            "examples/c/groupwise.c",
            "cc -std=c99 groupwise.c -I../../include -L../../target/release -lsouthwell -lm",
            "smoker",
        ),
        (
            "examples/cpp/groupwise.cpp",
            "c++ -std=c++11 groupwise.cpp -I../../include -L../../target/release -lsouthwell",
            "the two differ by 0",
        ),
        (
            "examples/c/tune.c",
            "cc -std=c99 tune.c -I../../include -L../../target/release -lsouthwell -lm",
            "weakest penalty",
        ),
        (
            "examples/cpp/bilevel.cpp",
            "c++ -std=c++11 bilevel.cpp -I../../include -L../../target/release -lsouthwell",
            "strength",
        ),
    ] {
        let text = std::fs::read_to_string(root().join(example)).unwrap();
        assert!(text.lines().next().unwrap().contains(line), "{example}");
        let folder = root().join(example);
        let folder = folder.parent().unwrap();
        let output = run(with_library(build(example, Linking::Shared)).current_dir(folder));
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.contains(says), "{output}");
        assert!(output.contains("converged") || example.contains("groupwise"), "{output}");
        run(Command::new(build(example, Linking::Static)).current_dir(folder));
    }
}

/// The medical costs that stand in the example's head, where they are there, under valgrind where that is there.
#[test]
fn the_groupwise_example_certifies_the_medical_costs() {
    let file = root().join("../shared/data/groupwise/insurance/insurance.csv");
    if !file.is_file() {
        assert!(std::env::var_os("REQUIRE_SHARED").is_none(), "{} is not there", file.display());
        eprintln!("skipped: {} is not there", file.display());
        return;
    }
    let program = build("examples/c/groupwise.c", Linking::Shared);
    let mut command = if has_tool("valgrind") {
        let mut valgrind = with_library("valgrind");
        valgrind.args(["-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite"]);
        valgrind.arg("--show-leak-kinds=definite").arg(program);
        valgrind
    } else {
        with_library(program)
    };
    let output = run(command.arg(file));
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    // A line for each group, with its rounds.
    for (group, rounds) in [("smoker", "274"), ("female", "662"), ("male", "676")] {
        let line = output.lines().find(|line| line.trim_start().starts_with(group));
        assert!(line.is_some_and(|line| line.contains(rounds)), "{group}: {output}");
    }
}

#[test]
fn the_python_example_finds_what_the_library_finds() {
    if !has_tool("python3") {
        return;
    }
    let mut python = Command::new("python3");
    let output = run(python.arg(root().join("examples/python/lasso.py")).arg(library("libsouthwell.so")));
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let data = std::fs::read_to_string(root().join("data/diabetes.csv")).unwrap();
    let rows: Vec<Vec<f64>> = data
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    let columns: Vec<f64> = (0..10).flat_map(|j| rows.iter().map(move |row| row[j])).collect();
    let y: Vec<f64> = rows.iter().map(|row| row[10]).collect();
    let view =
        DenseView { data: &columns[..], rows: y.len(), cols: 10, ld: y.len(), order: Order::ColumnMajor };
    let mut options = Options::new(Family::Bcd);
    for (key, value) in [("lambda_ratio", "0.1"), ("intercept", "true"), ("standardize", "true")] {
        options.set_text(key, value).unwrap();
    }
    let problem = Problem::new(Matrix::dense(view).unwrap(), &y).unwrap();
    let expected = solve(&problem, &options, None, &mut Control::new()).unwrap();
    let found: Vec<f64> = output
        .lines()
        .filter(|line| line.starts_with("coef["))
        .map(|line| line.split(" = ").nth(1).unwrap().parse().unwrap())
        .collect();
    assert_eq!(found.len(), 10, "{output}");
    assert!(found.iter().zip(&expected.coef).all(|(f, e)| (f - e).abs() <= 1e-6), "{output} {expected:?}");
    assert!(output.contains("did you mean \"lambda_ratio\"?"), "{output}");
}

#[test]
fn the_readme_prints_the_example() {
    let Ok(readme) = std::fs::read_to_string(root().join("README.md")) else {
        eprintln!("skipped: there is no README.md yet");
        return;
    };
    let example = std::fs::read_to_string(root().join("examples/c/lasso.c")).unwrap();
    assert!(readme.contains(&example), "README.md does not print examples/c/lasso.c as it is");
}
