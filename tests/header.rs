//! `include/southwell.h` is generated from `src/ffi`, committed, and compared here.
//!
//! `UPDATE_HEADER=1 cargo test --release --test header` writes it anew.

use std::path::Path;

/// The sources, in the order of the header.
const SOURCES: [&str; 33] = [
    "status.rs",
    "views.rs",
    "options.rs",
    "control.rs",
    "bcd/types.rs",
    "bcd/callbacks.rs",
    "bcd/setup.rs",
    "bcd/solve.rs",
    "bcd/path.rs",
    "bcd/batch.rs",
    "bcd/derivative.rs",
    "bcd/results.rs",
    "bcd/new_data.rs",
    "bcd/graph.rs",
    "altmin/types.rs",
    "altmin/solve.rs",
    "altmin/path.rs",
    "altmin/results.rs",
    "altmin/predict.rs",
    "altmin/uncertainty.rs",
    "altmin/keep.rs",
    "bilevel/types.rs",
    "bilevel/rows.rs",
    "bilevel/images.rs",
    "bilevel/user.rs",
    "bilevel/solve.rs",
    "bilevel/results.rs",
    "groupwise/types.rs",
    "groupwise/learner.rs",
    "groupwise/stream.rs",
    "groupwise/results.rs",
    "groupwise/keep.rs",
    "groupwise/decisions.rs",
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

/// The declarations of functions in a piece of C, without layout and the word struct.
fn functions(text: &str) -> Vec<String> {
    let mut code = String::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with('#')) {
        code.push_str(line.split("//").next().unwrap_or(""));
        code.push(' ');
    }
    while let Some(start) = code.find("/*") {
        let end = start + code[start..].find("*/").unwrap() + 2;
        code.replace_range(start..end, " ");
    }
    let words = code.replace("struct ", "").split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.replace("* ", "*").replace(" *", "*").replace("( ", "(");
    let declared = words.split("SWL_API ").skip(1).filter_map(|d| d.split_once(");").map(|d| d.0.to_owned()));
    declared.filter(|d| d.contains("swl_")).collect()
}

/// Blocks of C on the page, the first being an example.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```c\n").skip(1).map(|b| b.split("```").next().unwrap()).collect()
}

#[test]
fn the_page_declares_what_the_header_declares() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/abi.md")).unwrap();
    let header = functions(&std::fs::read_to_string(root.join("include/southwell.h")).unwrap());
    let mut built = Vec::new();
    // What stands between the block before and a block says whether it is planned; the first block is an example.
    let parts: Vec<&str> = page.split("```c\n").collect();
    for pair in parts.windows(2).skip(1) {
        let between = pair[0].split_once("```").map_or("", |(_, text)| text);
        if !between.contains("(planned)") {
            built.extend(functions(pair[1].split("```").next().unwrap()));
        }
    }
    for declaration in &header {
        assert!(built.contains(declaration), "docs/abi.md lacks {declaration}");
    }
    for declaration in &built {
        assert!(header.contains(declaration), "include/southwell.h lacks {declaration}");
    }
}

#[test]
#[cfg(unix)]
fn the_page_compiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/abi.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let blocks = blocks(&page);
    std::fs::write(folder.path().join("page.c"), blocks[1..].join("\n")).unwrap();
    std::fs::write(folder.path().join("example.c"), blocks[0]).unwrap();
    for (compiler, language) in [("cc", ["-x", "c", "-std=c99"]), ("c++", ["-x", "c++", "-std=c++11"])] {
        for file in ["page.c", "example.c"] {
            let mut command = std::process::Command::new(compiler);
            command.args(language).args(["-Wall", "-Wextra", "-pedantic", "-Werror", "-Wno-unused-function"]);
            command.arg("-fsyntax-only").arg("-I").arg(root.join("include"));
            let output = command.arg(folder.path().join(file)).output().unwrap();
            assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
