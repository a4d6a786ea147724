//! Rules that say which rows a group has: `NAME:age<=35&smoker=yes`, or the name of a column of 0 and 1.

use super::table::{Cells, Table};
use southwell::runtime::{Error, ErrorKind, Result};

/// How a cell is compared. The longer marks come first, so that `<=` is not read as `<`.
const MARKS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("!=", Comparison::Differs),
    ("<", Comparison::Below),
    (">", Comparison::Above),
    ("=", Comparison::Equals),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    AtMost,
    AtLeast,
    Differs,
    Below,
    Above,
    Equals,
}

#[derive(Debug, Clone, PartialEq)]
struct Condition {
    column: String,
    comparison: Comparison,
    value: String,
}

/// A group: its name, and the conditions that its rows meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The name in reports.
    pub name: String,
    /// The rule as it was given.
    pub text: String,
    /// None: the column of that name says it, by 0 and 1.
    conditions: Vec<Condition>,
}

impl Rule {
    /// Reads `NAME:CONDITION&CONDITION..`, or the name of a column. Errors: no name, or a condition without one of
    /// the marks.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |expected: &str, found: &str| {
            Err(Error::new(ErrorKind::Argument, format!("--group '{text}'"))
                .expected(expected)
                .found(format!("'{found}'")))
        };
        let (name, rule) = text.split_once(':').unwrap_or((text, ""));
        let name = name.trim();
        if name.is_empty() {
            return refuse("a name, as in 'young:age<=35', or a column of 0 and 1", name);
        }
        let mut conditions = Vec::new();
        if text.contains(':') {
            for part in rule.split('&') {
                let Some(condition) = condition(part) else {
                    return refuse("conditions such as age<=35, sex=male, bmi!=25", part);
                };
                conditions.push(condition);
            }
        }
        Ok(Self { name: name.to_owned(), text: text.to_owned(), conditions })
    }

    /// Whether each row of a table meets it. Errors: columns that are not there, words where numbers are compared,
    /// cells other than 0 and 1 in a column that is a group.
    pub fn rows(&self, table: &Table) -> Result<Vec<bool>> {
        let who = format!("--group '{}'", self.text);
        if self.conditions.is_empty() {
            return self.flags(table, &who);
        }
        let mut meets = vec![true; table.rows];
        for condition in &self.conditions {
            let column = table.column(&condition.column, &who)?;
            match &column.cells {
                Cells::Numbers(numbers) => {
                    let Ok(value) = condition.value.parse::<f64>() else {
                        return Err(Error::new(ErrorKind::Argument, who)
                            .expected(format!("a number to compare column {} with", column.name))
                            .found(format!("'{}'", condition.value)));
                    };
                    meets.iter_mut().zip(numbers).for_each(|(m, v)| *m &= condition.comparison.of(*v, value));
                }
                Cells::Words(words) => {
                    let wanted = match condition.comparison {
                        Comparison::Equals => true,
                        Comparison::Differs => false,
                        _ => {
                            return Err(Error::new(ErrorKind::Argument, who)
                                .expected(format!("= or != for column {}, which has words", column.name))
                                .found("an order"));
                        }
                    };
                    meets.iter_mut().zip(words).for_each(|(m, w)| *m &= (*w == condition.value) == wanted);
                }
            }
        }
        Ok(meets)
    }

    fn flags(&self, table: &Table, who: &str) -> Result<Vec<bool>> {
        let column = table.column(&self.name, who)?;
        let Cells::Numbers(numbers) = &column.cells else {
            return Err(Error::new(ErrorKind::Argument, who)
                .expected("a column of 0 and 1, or a rule: 'NAME:RULE'")
                .found("a column of words"));
        };
        match numbers.iter().position(|v| *v != 0.0 && *v != 1.0) {
            None => Ok(numbers.iter().map(|v| *v == 1.0).collect()),
            Some(k) => {
                Err(table.fault(k, &self.name).expected("0 or 1, for it is a group").found(numbers[k]))
            }
        }
    }
}

fn condition(part: &str) -> Option<Condition> {
    let at = part.find(['<', '>', '=', '!'])?;
    let (mark, comparison) = MARKS.iter().find(|(mark, _)| part[at..].starts_with(mark))?;
    let (column, value) = (part[..at].trim(), part[at + mark.len()..].trim());
    let sound = !column.is_empty() && !value.is_empty() && !value.starts_with(['<', '>', '=', '!']);
    sound.then(|| Condition { column: column.to_owned(), comparison: *comparison, value: value.to_owned() })
}

impl Comparison {
    /// A missing cell meets no condition.
    fn of(self, cell: f64, value: f64) -> bool {
        match self {
            Comparison::AtMost => cell <= value,
            Comparison::AtLeast => cell >= value,
            Comparison::Below => cell < value,
            Comparison::Above => cell > value,
            Comparison::Equals => cell == value,
            Comparison::Differs => cell != value && !cell.is_nan(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::files;
    use std::path::Path;

    fn table() -> Table {
        let text = "age,sex,smoker,old\n35,m,yes,0\n36,f,no,1\n?,f,yes,1\n60.5,m,yes,1\n";
        let lines = files::words_of("f", text.as_bytes()).unwrap();
        Table::of_words(Path::new("f.csv"), lines, &[]).unwrap()
    }

    fn rows(rule: &str) -> std::result::Result<String, String> {
        let found = Rule::parse(rule).and_then(|rule| rule.rows(&table())).map_err(|e| e.to_string())?;
        Ok(found.iter().map(|met| if *met { '1' } else { '0' }).collect())
    }

    #[test]
    fn rules_choose_their_rows() {
        for (rule, met) in [
            ("young:age<=35", "1000"),
            ("y:age<36", "1000"),
            ("o: age >= 36 ", "0101"),
            ("o:age>36", "0001"),
            ("same:age=36.0", "0100"),
            // A missing age is neither equal nor different.
            ("other:age!=36", "1001"),
            ("men:sex=m", "1001"),
            ("women:sex!=m", "0110"),
            ("both:sex=m&smoker=yes&age<50", "1000"),
            ("old", "0111"),
            ("none:sex=x", "0000"),
        ] {
            assert_eq!(rows(rule).as_deref(), Ok(met), "{rule}");
        }
        assert_eq!(Rule::parse("a b:sex=m").unwrap().name, "a b");
    }

    #[test]
    fn rules_that_cannot_be_are_refused_and_named() {
        for (rule, part) in [
            ("", "--group '': expected a name"),
            (":age<3", "expected a name"),
            ("x:", "expected conditions such as"),
            ("x:age", "found 'age'"),
            ("x:age<=35&", "expected conditions"),
            ("x:<=35", "expected conditions"),
            ("x:age==35", "expected conditions"),
            ("x:age=<35", "expected conditions"),
            (
                "x:size>3",
                "--group 'x:size>3', f.csv: expected one of its columns: age, sex, smoker, old, found 'size'",
            ),
            ("x:age>old", "expected a number to compare column age with, found 'old'"),
            ("x:sex>m", "expected = or != for column sex, which has words, found an order"),
            ("smoker", "expected a column of 0 and 1"),
            ("age", "column age: expected 0 or 1, for it is a group, found 35"),
            ("size", "--group 'size'"),
        ] {
            let error = rows(rule).unwrap_err();
            assert!(error.contains(part), "{rule}: {error}");
        }
    }
}
