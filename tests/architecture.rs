//! The house rules of `src/`: arrows point down only, `unsafe` and output stay in their rooms.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor; a room may use rooms on lower floors, and itself.
const FLOORS: [&[&str]; 6] = [
    &["runtime"],
    &["numerics"],
    &["model", "cuda"],
    &["bcd", "altmin", "bilevel", "groupwise"],
    // What puts families together that know nothing of one another.
    &["joined"],
    &["ffi"],
];

/// Files and folders that may hold `unsafe`.
const UNSAFE: [&str; 7] = [
    "ffi/",
    "cuda/",
    "numerics/kernels.rs",
    "numerics/lanes.rs",
    "numerics/matrix.rs",
    "numerics/sparse.rs",
    "numerics/tile.rs",
];

/// Folders whose code must know nothing of others: the answers are checked without what the loop is made of.
const STRANGERS: [(&str, &[&str]); 1] = [("bcd/answers/", &["stopping", "rules", "updates"])];

/// What the library must not do: write to the terminal, or read its surroundings.
const FORBIDDEN: [&str; 9] = [
    "println!",
    "print!",
    "eprintln!",
    "eprint!",
    "dbg!",
    "std::env",
    "std::process",
    "io::stdout",
    "io::stderr",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file below `src/`: its path from there, and its lines without comments and strings.
fn files() -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    collect(&source(), &mut found);
    found.sort();
    assert!(found.len() > 50, "the walk found only {} files", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, Vec<String>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(source()).unwrap().to_str().unwrap().replace('\\', "/");
            found.push((name, code(&fs::read_to_string(&path).unwrap())));
        }
    }
}

/// The lines of a file with the contents of strings and comments blanked.
fn code(text: &str) -> Vec<String> {
    let mut in_string = false;
    text.lines().map(|line| code_line(line, &mut in_string)).collect()
}

fn code_line(line: &str, in_string: &mut bool) -> String {
    let mut out = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if *in_string {
            match c {
                '\\' => drop(chars.next()),
                '"' => *in_string = false,
                _ => {}
            }
        } else if c == '\'' && chars.peek() == Some(&'"') {
            chars.next();
        } else if c == '"' {
            *in_string = true;
        } else if c == '/' && chars.peek() == Some(&'/') {
            break;
        } else {
            out.push(c);
        }
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `line` has `word` with no letter right before or after it.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && (!word.ends_with(is_word) || !after.is_some_and(is_word))
    })
}

/// The rooms named right after `prefix` in a line, also those in `prefix{a, b}`.
fn named_after(line: &str, prefix: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in line.match_indices(prefix) {
        if line[..at].ends_with(|c| is_word(c) || c == ':') {
            continue;
        }
        let rest = &line[at + prefix.len()..];
        let list = rest.strip_prefix('{').map_or(rest, |r| r.split('}').next().unwrap_or(r));
        let several = rest.starts_with('{');
        for part in list.split(',').take(if several { usize::MAX } else { 1 }) {
            rooms.push(part.trim().chars().take_while(|c| is_word(*c)).collect());
        }
    }
    rooms
}

/// How many modules above it a file's own module has: `src/a/mod.rs` has 1, `src/a/b.rs` has 2.
fn depth(name: &str) -> usize {
    let parts = name.matches('/').count() + 1;
    if name.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// The rooms that a file names, with the line of each.
fn arrows(name: &str, lines: &[String]) -> Vec<(usize, String)> {
    let mut inner = 0;
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with("mod ") && line.ends_with('{') {
            inner = 1;
        } else if inner == 1 && line.starts_with('}') {
            inner = 0;
        }
        // As many `super` as there are modules above lead to the crate's root.
        let up = "super::".repeat(depth(name) + inner);
        for prefix in ["crate::", &up] {
            found.extend(named_after(line, prefix).into_iter().map(|room| (number + 1, room)));
        }
    }
    found
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// What is wrong with an arrow, if anything.
fn fault(from: &str, to: &str) -> Option<String> {
    match (floor(from), floor(to)) {
        _ if from == to => None,
        (Some(own), Some(other)) if other < own => None,
        (Some(own), Some(other)) if other == own => Some(format!("{from} -> {to} points sideways")),
        (Some(_), Some(_)) => Some(format!("{from} -> {to} points up")),
        _ => Some(format!("{from} -> {to}: not a room of the house")),
    }
}

fn is_library(name: &str) -> bool {
    !name.starts_with("cli/") && name != "main.rs"
}

#[test]
fn arrows_point_down_only() {
    let mut faults = Vec::new();
    for (name, lines) in files().iter().filter(|(name, _)| is_library(name) && name.contains('/')) {
        let room = name.split('/').next().unwrap();
        for (line, to) in arrows(name, lines) {
            faults.extend(fault(room, &to).map(|why| format!("src/{name}:{line}: {why}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_room_is_on_a_floor() {
    for entry in fs::read_dir(source()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(!path.is_dir() || name == "cli" || floor(&name).is_some(), "src/{name} has no floor");
    }
}

#[test]
fn the_command_uses_the_public_interface_only() {
    for (name, lines) in files().iter().filter(|(name, _)| !is_library(name)) {
        for (number, line) in lines.iter().enumerate() {
            let place = format!("src/{name}:{}", number + 1);
            assert!(named_after(line, "crate::").iter().all(|to| to == "cli"), "{place}: {line}");
            assert!(!line.contains("#[path") && !line.contains("include!"), "{place}: {line}");
            for to in named_after(line, "southwell::") {
                assert!(floor(&to).is_some_and(|f| f + 1 < FLOORS.len()), "{place}: {line}");
            }
            let own = name == "main.rs" && line.starts_with("mod ");
            assert!(!own || line == "mod cli;", "{place}: {line}");
        }
    }
}

#[test]
fn unsafe_stays_in_its_rooms() {
    for (name, lines) in files().iter().filter(|(name, _)| !UNSAFE.iter().any(|u| name.starts_with(u))) {
        for (number, line) in lines.iter().enumerate() {
            // Attributes that forbid it name it too.
            assert!(
                !has_word(line, "unsafe") || line.starts_with("#!["),
                "src/{name}:{}: {line}",
                number + 1
            );
        }
    }
}

/// The modules out of `strangers` that a file names, with the line of each.
fn named<'s>(lines: &[String], strangers: &[&'s str]) -> Vec<(usize, &'s str)> {
    let of_line = |line: &String| strangers.iter().copied().filter(|s| has_word(line, s)).collect::<Vec<_>>();
    lines
        .iter()
        .enumerate()
        .flat_map(|(k, line)| of_line(line).into_iter().map(move |s| (k + 1, s)))
        .collect()
}

#[test]
fn answers_know_nothing_of_the_loop() {
    for (folder, strangers) in STRANGERS {
        let inside: Vec<_> = files().into_iter().filter(|(name, _)| name.starts_with(folder)).collect();
        assert!(inside.len() > 3, "{folder} has only {} files", inside.len());
        for (name, lines) in inside {
            assert_eq!(named(&lines, strangers), [], "src/{name}");
        }
    }
}

#[test]
fn the_library_is_silent_and_reads_no_environment() {
    for (name, lines) in files().iter().filter(|(name, _)| is_library(name)) {
        for (number, line) in lines.iter().enumerate() {
            for word in FORBIDDEN {
                assert!(!has_word(line, word), "src/{name}:{}: {line}", number + 1);
            }
        }
    }
}

#[test]
fn the_checks_see_what_they_should() {
    let lines = code("use crate::{ffi::x, model};\n// use crate::ffi;\nlet s = \"crate::ffi\"; f(super::y);");
    let rooms = |name: &str| arrows(name, &lines).into_iter().map(|a| a.1).collect::<Vec<_>>();
    assert_eq!(rooms("bcd/mod.rs"), ["ffi", "model", "y"]);
    assert_eq!(rooms("bcd/solve.rs"), ["ffi", "model"]);
    assert_eq!(rooms("numerics/a.rs"), ["ffi", "model"]);
    let nested = code("mod tests {\n    use super::super::super::ffi;\n}\nuse super::super::model;");
    assert_eq!(arrows("bcd/a.rs", &nested), [(2, "ffi".into()), (4, "model".into())]);
    assert!(fault("bcd", "altmin").unwrap().ends_with("sideways"));
    assert!(fault("runtime", "numerics").unwrap().ends_with("up"));
    assert!(fault("bilevel", "joined").unwrap().ends_with("up") && fault("joined", "bcd").is_none());
    assert!(fault("bcd", "cli").is_some() && fault("ffi", "runtime").is_none());
    assert!(has_word("    eprintln!(x)", "eprintln!") && !has_word("eprintln!(x)", "println!"));
    let lines = code("use crate::bcd::{\n    block, stopping};\n// rules\nlet update = bcd::updates::x;");
    assert_eq!(named(&lines, &["stopping", "rules", "updates"]), [(2, "stopping"), (4, "updates")]);
    assert!(has_word("unsafe {", "unsafe") && !has_word("unsafe_op", "unsafe"));
}
