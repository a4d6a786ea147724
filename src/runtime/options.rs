//! Options by name, checked against the one table in [`super::option_table`].

use super::error::{Error, ErrorKind, Result, number};
use super::option_table::{Family, OptionRow, TABLE};

/// What kind of value an option takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptionKind {
    /// A real number in `[lower, upper]`; infinite where a bound is.
    Real { lower: f64, upper: f64 },
    /// An integer in `[lower, upper]`.
    Integer { lower: i64, upper: i64 },
    /// One of a list of words.
    Choice(&'static [&'static str]),
    /// True or false.
    Flag,
}

/// A value of an option.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptionValue {
    /// Not set: the solver decides, as the option's help says.
    Unset,
    /// A real number.
    Real(f64),
    /// An integer.
    Integer(i64),
    /// One of the choices.
    Choice(&'static str),
    /// True or false.
    Flag(bool),
}

impl std::fmt::Display for OptionValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OptionValue::Unset => f.write_str("unset"),
            OptionValue::Real(v) if *v != 0.0 && (v.abs() < 1e-3 || v.abs() >= 1e6) => write!(f, "{v:e}"),
            OptionValue::Real(v) => write!(f, "{v}"),
            OptionValue::Integer(v) => write!(f, "{v}"),
            OptionValue::Choice(v) => f.write_str(v),
            OptionValue::Flag(v) => write!(f, "{v}"),
        }
    }
}

/// The options of one solver family. Solvers read them and never write to them.
#[derive(Debug, Clone)]
pub struct Options {
    family: Family,
    values: Vec<OptionValue>,
}

/// The options that every solver has.
pub(crate) struct Common {
    pub(crate) tolerance: f64,
    pub(crate) max_iterations: u64,
    pub(crate) max_seconds: f64,
    pub(crate) max_work: u64,
    pub(crate) threads: usize,
    pub(crate) seed: u64,
    pub(crate) trace: bool,
}

impl Options {
    /// The defaults of a family.
    pub fn new(family: Family) -> Self {
        Self { family, values: rows(family).map(|row| row.default).collect() }
    }

    /// The defaults of the family called `name`.
    pub fn for_solver(name: &str) -> Result<Self> {
        let families = Family::ALL.map(Family::name);
        match Family::ALL.into_iter().find(|f| f.name() == name) {
            Some(family) => Ok(Self::new(family)),
            None => Err(Error::new(ErrorKind::Option, "solver")
                .expected(format!("one of {}", families.join(", ")))
                .found(format!("\"{name}\""))),
        }
    }

    /// The family that these options are for.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The rows of the table that apply, in the table's order.
    pub fn rows(&self) -> impl Iterator<Item = &'static OptionRow> {
        rows(self.family)
    }

    /// Sets a real option. NaN and values out of bounds are refused.
    pub fn set_real(&mut self, key: &str, value: f64) -> Result<()> {
        let (slot, row) = self.find(key)?;
        self.values[slot] = match row.kind {
            OptionKind::Real { lower, upper } => {
                if value.is_nan() || value < lower || value > upper {
                    return Err(refused(row, format!("a number in {}", interval(lower, upper)), value));
                }
                OptionValue::Real(value)
            }
            OptionKind::Integer { .. } if value.fract() == 0.0 && value.abs() < 9e15 => {
                return self.set_integer(key, value as i64);
            }
            _ => return Err(refused(row, kind_name(&row.kind), value)),
        };
        Ok(())
    }

    /// Sets an integer option; real options and flags (0 or 1) take integers too.
    pub fn set_integer(&mut self, key: &str, value: i64) -> Result<()> {
        let (slot, row) = self.find(key)?;
        self.values[slot] = match row.kind {
            OptionKind::Integer { lower, upper } => {
                if value < lower || value > upper {
                    return Err(refused(row, format!("an integer in [{lower}, {upper}]"), value));
                }
                OptionValue::Integer(value)
            }
            OptionKind::Real { .. } => return self.set_real(key, value as f64),
            OptionKind::Flag if value == 0 || value == 1 => OptionValue::Flag(value == 1),
            _ => return Err(refused(row, kind_name(&row.kind), value)),
        };
        Ok(())
    }

    /// Sets any option from text: a choice, `true` or `false`, or a number.
    pub fn set_text(&mut self, key: &str, text: &str) -> Result<()> {
        let (slot, row) = self.find(key)?;
        let wrong =
            || refused(row, kind_name(&row.kind), format!("\"{text}\"{}", nearest_choice(&row.kind, text)));
        match row.kind {
            OptionKind::Choice(choices) => {
                let choice = choices.iter().copied().find(|c| *c == text).ok_or_else(wrong)?;
                self.values[slot] = OptionValue::Choice(choice);
            }
            OptionKind::Flag => match text {
                "true" | "1" | "yes" | "on" => self.values[slot] = OptionValue::Flag(true),
                "false" | "0" | "no" | "off" => self.values[slot] = OptionValue::Flag(false),
                _ => return Err(wrong()),
            },
            OptionKind::Real { .. } => self.set_real(key, text.parse().map_err(|_| wrong())?)?,
            OptionKind::Integer { .. } => self.set_integer(key, text.parse().map_err(|_| wrong())?)?,
        }
        Ok(())
    }

    /// Gives an option its default again.
    pub fn reset(&mut self, key: &str) -> Result<()> {
        let (slot, row) = self.find(key)?;
        self.values[slot] = row.default;
        Ok(())
    }

    /// The value of an option.
    pub fn get(&self, key: &str) -> Result<OptionValue> {
        self.find(key).map(|(slot, _)| self.values[slot])
    }

    /// The real value of an option of the table, `None` where it is unset.
    pub(crate) fn real(&self, key: &'static str) -> Option<f64> {
        match self.known(key) {
            OptionValue::Real(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, key: &'static str) -> i64 {
        match self.known(key) {
            OptionValue::Integer(value) => value,
            _ => 0,
        }
    }

    pub(crate) fn choice(&self, key: &'static str) -> &'static str {
        match self.known(key) {
            OptionValue::Choice(value) => value,
            _ => "",
        }
    }

    pub(crate) fn flag(&self, key: &'static str) -> bool {
        self.known(key) == OptionValue::Flag(true)
    }

    /// What every solver reads. Errors: options of another family.
    pub(crate) fn common(&self, family: Family) -> Result<Common> {
        if self.family() != family {
            return Err(Error::new(ErrorKind::Option, "options")
                .expected(format!("options of solver {}", family.name()))
                .found(self.family().name()));
        }
        let real = |key| self.real(key).unwrap_or(f64::INFINITY);
        Ok(Common {
            tolerance: real("tolerance"),
            max_iterations: self.integer("max_iterations") as u64,
            max_seconds: real("max_seconds"),
            // The cast saturates, which is what infinity means here.
            max_work: real("max_work") as u64,
            threads: self.integer("threads") as usize,
            seed: self.integer("seed") as u64,
            trace: self.flag("trace"),
        })
    }

    fn known(&self, key: &'static str) -> OptionValue {
        self.get(key).unwrap_or(OptionValue::Unset)
    }

    fn find(&self, key: &str) -> Result<(usize, &'static OptionRow)> {
        rows(self.family)
            .enumerate()
            .find(|(_, row)| row.key == key || row.aliases.contains(&key))
            .ok_or_else(|| {
                let nearest = rows(self.family).min_by_key(|row| edit_distance(row.key, key));
                let hint = nearest.map_or(String::new(), |row| format!(" (did you mean \"{}\"?)", row.key));
                Error::new(ErrorKind::Option, format!("option \"{key}\""))
                    .found(format!("unknown to {}{hint}", self.family.name()))
            })
    }
}

fn rows(family: Family) -> impl Iterator<Item = &'static OptionRow> {
    TABLE.iter().filter(move |row| row.families.contains(&family))
}

/// The interval as text. The least positive number stands for an open end at 0, the largest for one at infinity.
fn interval(lower: f64, upper: f64) -> String {
    let lower = match lower {
        f64::MIN_POSITIVE => "(0".to_owned(),
        f64::MIN => "(-inf".to_owned(),
        _ => format!("[{}", number(lower)),
    };
    let upper = if upper == f64::MAX { "inf)".to_owned() } else { format!("{}]", number(upper)) };
    format!("{lower}, {upper}")
}

fn refused(row: &OptionRow, expected: impl Into<String>, found: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Option, format!("option \"{}\"", row.key)).expected(expected).found(found)
}

/// A hint at the choice that was probably meant.
fn nearest_choice(kind: &OptionKind, text: &str) -> String {
    match kind {
        OptionKind::Choice(choices) => choices
            .iter()
            .min_by_key(|choice| edit_distance(choice, text))
            .map_or(String::new(), |nearest| format!(" (did you mean \"{nearest}\"?)")),
        _ => String::new(),
    }
}

fn kind_name(kind: &OptionKind) -> String {
    match kind {
        OptionKind::Real { .. } => "a real number".into(),
        OptionKind::Integer { .. } => "an integer".into(),
        OptionKind::Choice(choices) => format!("one of {}", choices.join(", ")),
        OptionKind::Flag => "true or false".into(),
    }
}

/// The least number of single-letter edits between two words.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_documented_and_its_default_is_within_bounds() {
        for row in TABLE {
            assert!(row.help.len() > 10, "{}", row.key);
            assert!(row.key.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()));
            let mut options = Options::new(row.families[0]);
            match row.default {
                OptionValue::Unset => {}
                OptionValue::Real(v) => options.set_real(row.key, v).unwrap(),
                OptionValue::Integer(v) => options.set_integer(row.key, v).unwrap(),
                OptionValue::Choice(v) => options.set_text(row.key, v).unwrap(),
                OptionValue::Flag(v) => options.set_integer(row.key, i64::from(v)).unwrap(),
            }
            assert_eq!(options.get(row.key).unwrap(), row.default, "{}", row.key);
        }
    }

    #[test]
    fn keys_are_unique_in_each_family() {
        for family in Family::ALL {
            let mut keys: Vec<_> = rows(family).flat_map(|r| r.aliases.iter().chain([&r.key])).collect();
            let count = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), count);
        }
    }

    #[test]
    fn wrong_values_are_refused_and_leave_the_old_one() {
        let mut options = Options::new(Family::Bcd);
        for bad in [f64::NAN, -1.0] {
            let error = options.set_real("tolerance", bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Option);
        }
        assert_eq!(options.real("tolerance"), Some(1e-6));
        assert!(options.set_real("max_seconds", f64::INFINITY).is_ok());
        assert!(options.set_text("loss", "logistik").unwrap_err().to_string().contains("logistic"));
        assert!(options.set_integer("block_size", 0).is_err());
        assert!(options.set_real("block_size", 2.5).is_err());
        assert!(options.set_real("block_size", 5.0).is_ok());
        assert!(options.set_integer("intercept", 2).is_err());
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error = Options::new(Family::Bcd).set_real("tolerence", 1.0).unwrap_err();
        assert!(error.to_string().contains("did you mean \"tolerance\"?"), "{error}");
        assert!(Options::for_solver("bcdd").unwrap_err().to_string().contains("bcd"));
    }
}
