//! What README.md prints is compiled and run as it is printed.
#![cfg(target_os = "linux")]

mod toolbox;

use std::process::Command;
use toolbox::*;

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The first block of a language.
fn block(language: &str) -> String {
    let readme = readme();
    let (_, rest) = readme.split_once(&format!("```{language}\n")).unwrap_or_else(|| panic!("no {language}"));
    rest.split_once("```").unwrap().0.to_owned()
}

/// Runs a line of the README in a shell, with the libraries of this build and another folder for what it makes.
fn shell(line: &str) -> String {
    let output = format!("{}/", folder().display());
    let line = line.replace("target/release/", &output).replace("target/release", &output);
    let line = line.replace(" -o ", &format!(" -o {output}"));
    let line =
        line.replace("./lasso", &format!("{output}lasso")).replace("./small", &format!("{output}small"));
    let output = run(Command::new("sh").args(["-c", &line]).current_dir(root()));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_lines_that_compile_the_example_in_c_work() {
    let readme = readme();
    let lines: Vec<&str> =
        readme.lines().filter(|l| l.starts_with("cc ") || l.ends_with("./lasso")).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    let printed: Vec<String> = lines.iter().map(|line| shell(line)).collect();
    for run in [&printed[1], &printed[3]] {
        assert!(run.starts_with("converged: "), "{run}");
    }
}

#[test]
fn the_program_in_cpp_is_the_example_and_runs() {
    assert_eq!(block("cpp"), std::fs::read_to_string(root().join("examples/cpp/small.cpp")).unwrap());
    let readme = readme();
    let line = |found: fn(&&str) -> bool| readme.lines().find(found).unwrap();
    shell(line(|l| l.starts_with("c++ ")));
    let printed = shell(line(|l| *l == "./small"));
    assert!(printed.starts_with("converged: "), "{printed}");
}

#[test]
fn the_program_in_rust_is_the_example_and_runs() {
    mod example {
        include!("../examples/rust/lasso.rs");
        pub fn run() {
            main().unwrap();
        }
    }
    assert_eq!(block("rust"), std::fs::read_to_string(root().join("examples/rust/lasso.rs")).unwrap());
    example::run();
}
