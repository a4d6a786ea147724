//! C99 and C++11 programs, compiled and run against the shared and the static library, and under valgrind.
#![cfg(target_os = "linux")]

mod toolbox;

use std::process::Command;
use toolbox::*;

const PROGRAMS: [&str; 12] = [
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
        ("examples/c/svm.c", "cc -std=c99 svm.c -I../../include -L../../target/release -lsouthwell -lm"),
        (
            "examples/cpp/lasso.cpp",
            "c++ -std=c++11 lasso.cpp -I../../include -L../../target/release -lsouthwell",
        ),
        (
            "examples/cpp/path.cpp",
            "c++ -std=c++11 path.cpp -I../../include -L../../target/release -lsouthwell",
        ),
    ] {
        let text = std::fs::read_to_string(root().join(example)).unwrap();
        assert!(text.lines().next().unwrap().contains(line), "{example}");
        let output = run(&mut with_library(build(example, Linking::Shared)));
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.contains("converged") && output.contains("coef["), "{output}");
        run(&mut Command::new(build(example, Linking::Static)));
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
