//! `include/southwell.h` is generated from `src/ffi`, committed, and compared here.
//!
//! `UPDATE_HEADER=1 cargo test --release --test header` writes it anew.

use std::path::Path;

/// The sources, in the order of the header.
const SOURCES: [&str; 9] = [
    "status.rs",
    "views.rs",
    "options.rs",
    "control.rs",
    "bcd/types.rs",
    "bcd/setup.rs",
    "bcd/solve.rs",
    "bcd/results.rs",
    "bcd/new_data.rs",
];

fn generate(root: &Path) -> String {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root.join("src/ffi").join(source));
    }
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    let text = String::from_utf8(text).unwrap();
    // The inline helpers are C, so they are kept as C and go in before the end of the guard.
    let helpers = std::fs::read_to_string(root.join("include/helpers.in")).unwrap();
    let end = text.rfind("#endif").unwrap();
    format!("{}{}\n{}", &text[..end], helpers, &text[end..])
}

#[test]
fn the_committed_header_is_what_the_sources_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("include/southwell.h");
    let generated = generate(root);
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some((line, (theirs, ours))) =
        committed.lines().zip(generated.lines()).enumerate().find(|(_, (a, b))| a != b)
    {
        panic!("line {} is {theirs:?}, the sources say {ours:?}; run with UPDATE_HEADER=1", line + 1);
    }
    assert_eq!(committed, generated, "run with UPDATE_HEADER=1");
}

#[test]
fn every_exported_function_is_in_the_header() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = std::fs::read_to_string(root.join("include/southwell.h")).unwrap();
    for source in SOURCES {
        let text = std::fs::read_to_string(root.join("src/ffi").join(source)).unwrap();
        for line in text.lines().filter(|l| l.starts_with("pub ") && l.contains("extern \"C\" fn swl_")) {
            let name = line.split("fn ").nth(1).unwrap().split('(').next().unwrap();
            assert!(header.contains(&format!("{name}(")), "{name}");
        }
    }
}
