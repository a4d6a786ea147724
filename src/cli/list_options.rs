//! `southwell options`: the option table, for a terminal and as the page of the documentation.

use super::failure::{Failure, Verdict};
use super::option_flags::flag_name;
use super::output;
use clap::ArgMatches;
use southwell::runtime::option_table::OptionRow;
use southwell::runtime::{Family, OptionKind, OptionValue, Options};

/// The width that help is wrapped to.
const WIDTH: usize = 96;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<Verdict, Failure> {
    let families = match matches.get_one::<String>("family") {
        Some(name) => vec![Options::for_solver(name)?.family()],
        None => Family::ALL.to_vec(),
    };
    let text = if matches.get_flag("markdown") { markdown(&families) } else { terminal(&families) };
    output::print(&text)?;
    Ok(Verdict::Good)
}

fn terminal(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families {
        text.push_str(&format!("Options of {}\n", family.name()));
        let options = Options::new(*family);
        let width = options.rows().map(|row| row.key.len()).max().unwrap_or(0);
        for row in options.rows() {
            let default = default(row).map_or(String::new(), |d| format!("  [default: {d}]"));
            text.push_str(&format!("\n  {:width$}  {}{default}\n", row.key, takes(row)));
            wrap(row.help, WIDTH - 6).iter().for_each(|line| text.push_str(&format!("      {line}\n")));
        }
    }
    text
}

fn markdown(families: &[Family]) -> String {
    let mut text = String::from(
        "# Options\n\n<!-- Printed by `southwell options --markdown` from the option table; do not edit. -->\n\n\
         Options are set by name: `--key VALUE` or `--option key=value` on the command line (underscores of a key are\n\
         hyphens in its flag), by key in the C, C++ and Rust interfaces. A value out of bounds is refused, never\n\
         clamped.\n",
    );
    for family in families {
        text.push_str(&format!("\n## {}\n\n", family.name()));
        text.push_str("| option | flag | takes | default | since | meaning |\n|---|---|---|---|---|---|\n");
        for row in Options::new(*family).rows() {
            let flag =
                if row.key == "trace" { "`--trace FILE`".into() } else { format!("`--{}`", flag_name(row)) };
            let cells = [
                format!("`{}`", row.key),
                flag,
                takes(row),
                default(row).unwrap_or_else(|| "unset".into()),
                row.since.to_owned(),
                row.help.to_owned(),
            ];
            text.push_str(&format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
        }
    }
    text
}

/// What an option takes, in words.
fn takes(row: &OptionRow) -> String {
    match row.kind {
        OptionKind::Real { lower, upper } => format!("a number {}", range(real(lower), real(upper))),
        OptionKind::Integer { lower, upper } => {
            let bound = |b: i64| if b == i64::MAX { None } else { Some(b.to_string()) };
            format!("an integer {}", range(bound(lower), bound(upper)))
        }
        OptionKind::Choice(choices) => choices.join(", "),
        OptionKind::Flag => "true, false".into(),
    }
}

fn real(bound: f64) -> Option<String> {
    match bound {
        b if b.abs() >= f64::MAX => None,
        b if b == f64::MIN_POSITIVE => Some("above 0".into()),
        b => Some(b.to_string()),
    }
}

fn range(lower: Option<String>, upper: Option<String>) -> String {
    match (lower, upper) {
        (Some(lower), None) if lower.starts_with("above") => lower,
        (Some(lower), None) => format!("of at least {lower}"),
        (None, Some(upper)) => format!("of at most {upper}"),
        (Some(lower), Some(upper)) => format!("from {lower} to {upper}"),
        (None, None) => "of any size".into(),
    }
}

fn default(row: &OptionRow) -> Option<String> {
    (row.default != OptionValue::Unset).then(|| row.default.to_string())
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.len() - 1;
        if !lines[line].is_empty() && lines[line].len() + 1 + word.len() > width {
            lines.push(word.to_owned());
        } else {
            let gap = if lines[line].is_empty() { "" } else { " " };
            lines[line].push_str(&format!("{gap}{word}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_documentation_is_up_to_date() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/options.md")).unwrap();
        let hint = "docs/options.md: run southwell options --markdown > docs/options.md";
        assert_eq!(page.replace("\r\n", "\n"), markdown(&Family::ALL), "{hint}");
    }
}
