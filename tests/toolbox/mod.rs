//! Compilers, libraries and programs for the tests of the C interface.
#![allow(dead_code)] // each test file uses a part

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// What a program that is linked with the static library needs besides.
pub const STATIC_LIBS: [&str; 7] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];

/// Warnings that are errors in every program.
pub const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-pedantic", "-Wundef", "-Werror"];

/// How a program gets the library.
#[derive(Clone, Copy, PartialEq)]
pub enum Linking {
    Shared,
    Static,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The name that programs ask the loader for.
pub fn soname() -> String {
    let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
    if major == "0" { format!("libsouthwell.so.0.{minor}") } else { format!("libsouthwell.so.{major}") }
}

/// A library file: beside the test, one folder up, or built now.
pub fn library(name: &str) -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let deps = exe.parent().unwrap();
    let find = || [deps, deps.parent().unwrap()].iter().map(|d| d.join(name)).find(|p| p.exists());
    find().unwrap_or_else(|| {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--lib", "--no-default-features"]).current_dir(root());
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        run(&mut cargo);
        find().unwrap_or_else(|| panic!("{name} is neither in {} nor above", deps.display()))
    })
}

/// A folder for this test process with the shared library under its two names.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(library("libsouthwell.so"), folder.path().join(soname())).unwrap();
        std::os::unix::fs::symlink(soname(), folder.path().join("libsouthwell.so")).unwrap();
        std::fs::copy(library("libsouthwell.a"), folder.path().join("libsouthwell.a")).unwrap();
        folder
    });
    folder.path()
}

/// The C or the C++ compiler, by the ending of the source.
pub fn compiler(source: &Path) -> Command {
    let is_c = source.extension().is_some_and(|e| e == "c");
    let (variable, usual, standard) =
        if is_c { ("CC", "cc", "-std=c99") } else { ("CXX", "c++", "-std=c++11") };
    let chosen = std::env::var(variable).unwrap_or_else(|_| usual.into());
    let mut words = chosen.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(usual));
    command.args(words).arg(standard);
    command
}

/// Compiles and links a program; gives the path of the executable.
pub fn build(source: &str, linking: Linking) -> PathBuf {
    let source = root().join(source);
    let stem = source.file_stem().unwrap().to_string_lossy().into_owned();
    let kind = if linking == Linking::Shared { "shared" } else { "static" };
    let language = source.extension().unwrap().to_string_lossy().into_owned();
    let exe = folder().join(format!("{stem}-{language}-{kind}"));
    let mut command = compiler(&source);
    command.args(STRICT).args(["-O1", "-g", "-D_POSIX_C_SOURCE=200809L", "-I"]).arg(root().join("include"));
    // Eigen's own headers are not ours to warn about.
    command.args(["-isystem", "/usr/include/eigen3"]);
    command.arg(&source).arg("-o").arg(&exe);
    match linking {
        Linking::Shared => command.arg("-L").arg(folder()).args(["-lsouthwell", "-lm", "-lpthread"]),
        Linking::Static => command.arg(folder().join("libsouthwell.a")).args(STATIC_LIBS),
    };
    run(&mut command);
    exe
}

/// A command that finds the shared library.
pub fn with_library(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env("LD_LIBRARY_PATH", folder());
    command
}

/// Runs a command that has to succeed.
pub fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    output
}

/// Whether a tool is installed; says so where it is not.
pub fn has_tool(name: &str) -> bool {
    let found = Command::new(name).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: {name} is not installed");
    }
    found
}
