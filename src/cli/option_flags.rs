//! Flags made from the option table, and the options that they set.

use super::failure::Failure;
use clap::{Arg, ArgAction, ArgMatches};
use southwell::runtime::option_table::OptionRow;
use southwell::runtime::{Error, ErrorKind, Family, OptionKind, OptionValue, Options};

/// Options of the table whose flag the command keeps for itself: `--trace` takes a file here.
const OWN: &[&str] = &["trace"];

/// The name of an option's flag.
pub fn flag_name(row: &OptionRow) -> String {
    row.key.replace('_', "-")
}

/// A flag for each option of a family, and `--option key=value` for any.
pub fn flags(family: Family) -> Vec<Arg> {
    let defaults = Options::new(family);
    let mut flags: Vec<Arg> = defaults.rows().filter(|row| !OWN.contains(&row.key)).map(flag).collect();
    flags.push(
        Arg::new("option")
            .long("option")
            .value_name("KEY=VALUE")
            .action(ArgAction::Append)
            .help("Set any option of the table by its key; see southwell options")
            .help_heading("Options of the solver"),
    );
    flags
}

fn flag(row: &OptionRow) -> Arg {
    let name = flag_name(row);
    let mut flag = Arg::new(row.key)
        .help(help(row))
        .help_heading("Options of the solver")
        .value_name(value_name(&row.kind))
        .allow_hyphen_values(matches!(row.kind, OptionKind::Real { .. } | OptionKind::Integer { .. }));
    if name != row.key {
        flag = flag.alias(row.key);
    }
    if row.kind == OptionKind::Flag {
        flag = flag.num_args(0..=1).default_missing_value("true");
    }
    flag.long(name)
}

fn help(row: &OptionRow) -> String {
    let mut help = row.help.trim_end_matches('.').to_owned();
    if let OptionKind::Choice(choices) = row.kind {
        help.push_str(&format!(" [choices: {}]", choices.join(", ")));
    }
    if row.default != OptionValue::Unset {
        help.push_str(&format!(" [default: {}]", row.default));
    }
    help
}

/// What an option takes, as a placeholder.
pub fn value_name(kind: &OptionKind) -> &'static str {
    match kind {
        OptionKind::Real { .. } => "X",
        OptionKind::Integer { .. } => "N",
        OptionKind::Choice(_) => "NAME",
        OptionKind::Flag => "true|false",
    }
}

/// The options that a command line sets, in the order in which they are set.
#[derive(Debug, Clone)]
pub struct Chosen {
    family: Family,
    pairs: Vec<(String, String)>,
}

impl Chosen {
    /// Reads the flags, then `--option`, which has the last word.
    pub fn read(matches: &ArgMatches, family: Family) -> Result<Self, Failure> {
        let mut chosen = Self { family, pairs: Vec::new() };
        for row in Options::new(family).rows().filter(|row| !OWN.contains(&row.key)) {
            if let Some(value) = matches.get_one::<String>(row.key) {
                chosen.set(row.key, value);
            }
        }
        for pair in matches.get_many::<String>("option").into_iter().flatten() {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                Error::new(ErrorKind::Option, "--option").expected("key=value").found(format!("\"{pair}\""))
            })?;
            chosen.set(&key.trim().replace('-', "_"), value.trim());
        }
        chosen.options()?;
        Ok(chosen)
    }

    /// These options.
    pub fn of(family: Family, pairs: Vec<(String, String)>) -> Self {
        Self { family, pairs }
    }

    /// Keys and values, in the order in which they are set.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Whether the command line says anything of an option.
    pub fn sets(&self, key: &str) -> bool {
        self.pairs.iter().any(|(set, _)| set == key)
    }

    /// Sets one more option.
    pub fn set(&mut self, key: &str, value: &str) {
        self.pairs.push((key.to_owned(), value.to_owned()));
    }

    /// Takes options back to their defaults.
    pub fn forget(&mut self, keys: &[&str]) {
        self.pairs.retain(|(key, _)| !keys.contains(&key.as_str()));
    }

    /// The options of the library.
    pub fn options(&self) -> Result<Options, Error> {
        let mut options = Options::new(self.family);
        for (key, value) in &self.pairs {
            options.set_text(key, value)?;
        }
        Ok(options)
    }
}
