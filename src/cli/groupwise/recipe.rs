//! How rows of a table become rounds: which column is the label, what the features are, which groups are awake. It is
//! kept with a saved stream and with a round log, so that other rows are taken in the same way.

use super::rules::Rule;
use super::table::{Cells, Column, Table};
use crate::cli::number::{from_json, json};
use crate::cli::option_flags::Chosen;
use serde_json::{Map, Value, json as object};
use southwell::groupwise::Groups;
use southwell::runtime::{Error, ErrorKind, Family, Result};

/// A column of words has at most so many different ones: more are rather names.
const MOST_LEVELS: usize = 1000;

/// What a column gives to the features.
#[derive(Debug, Clone, PartialEq)]
pub enum Feature {
    /// Its numbers, from `scale[0]` to `scale[1]` as 0 to 1 where there is a scale.
    Number { column: String, scale: Option<[f64; 2]> },
    /// A 1 for the word that a row has, and 0 for the others.
    Category { column: String, levels: Vec<String> },
    /// A 1 where a group is awake.
    Group { group: usize },
}

/// What is asked of a table.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The column of labels.
    pub label: String,
    /// The word that counts as 1, others as 0.
    pub positive: Option<String>,
    /// The groups.
    pub groups: Vec<String>,
    /// Columns that are no features.
    pub ignored: Vec<String>,
    /// Whether numbers are scaled to [0, 1].
    pub scale: bool,
    /// Whether groups are features too.
    pub group_features: bool,
    /// Whether there is a group that is always awake.
    pub always_on: bool,
}

/// The recipe.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The options of the stream.
    pub chosen: Chosen,
    /// See [`Wanted`].
    pub label: String,
    /// See [`Wanted`].
    pub positive: Option<String>,
    /// The features, in order.
    pub features: Vec<Feature>,
    /// The groups, by their number.
    pub rules: Vec<Rule>,
    /// See [`Wanted`].
    pub always_on: bool,
}

/// Rounds, in the order of the table.
#[derive(Debug, Clone)]
pub struct Rounds {
    /// Features of a round.
    pub features: usize,
    /// Row after row; NaN where a cell is missing.
    pub x: Vec<f64>,
    /// The labels.
    pub y: Vec<f64>,
    /// The groups of each row.
    pub awake: Vec<Vec<u64>>,
    /// Cells with a word that the recipe does not know.
    pub unknown: usize,
}

impl Recipe {
    /// The recipe for a table. Errors: columns that are not there, rules that cannot be or that no row meets.
    pub fn of(table: &Table, wanted: &Wanted, chosen: Chosen) -> Result<Self> {
        table.column(&wanted.label, "--label")?;
        wanted.ignored.iter().try_for_each(|name| table.column(name, "--ignore").map(|_| ()))?;
        let rules: Vec<Rule> = wanted.groups.iter().map(|text| Rule::parse(text)).collect::<Result<_>>()?;
        for (k, rule) in rules.iter().enumerate() {
            let refuse = |expected: &str, found: String| {
                Err(Error::new(ErrorKind::Argument, format!("--group '{}'", rule.text))
                    .expected(expected)
                    .found(found))
            };
            if rules[..k].iter().any(|other| other.name == rule.name) {
                return refuse("a name that no other group has", format!("'{}' twice", rule.name));
            }
            if !rule.rows(table)?.contains(&true) {
                return refuse("a rule that a row meets", format!("none of {} rows that does", table.rows));
            }
        }
        let mut features = Vec::new();
        for column in table.columns() {
            if column.name != wanted.label && !wanted.ignored.contains(&column.name) {
                features.push(feature(table, column, wanted.scale)?);
            }
        }
        if wanted.group_features {
            features.extend((0..rules.len()).map(|group| Feature::Group { group }));
        }
        let (label, positive) = (wanted.label.clone(), wanted.positive.clone());
        Ok(Self { chosen, label, positive, features, rules, always_on: wanted.always_on })
    }

    /// Which groups there are.
    pub fn groups(&self) -> Groups {
        Groups { declared: Some(self.rules.len() as u64), always_on: self.always_on }
    }

    /// Features of a round.
    pub fn width(&self) -> usize {
        self.features.iter().map(Feature::width).sum()
    }

    /// The labels of a table. Errors: cells without a number, or with words where `positive` says nothing.
    pub fn labels(&self, table: &Table) -> Result<Vec<f64>> {
        let column = table.column(&self.label, "--label")?;
        match (&column.cells, &self.positive) {
            (Cells::Numbers(numbers), None) => match numbers.iter().position(|v| v.is_nan()) {
                Some(k) => Err(table.fault(k, &self.label).expected("a label").found("a missing value")),
                None => Ok(numbers.clone()),
            },
            (Cells::Numbers(numbers), Some(positive)) => {
                let number = positive.parse::<f64>();
                let flags: Vec<f64> = numbers.iter().map(|v| f64::from(number == Ok(*v))).collect();
                self.positives(flags, positive)
            }
            (Cells::Words(words), Some(positive)) => {
                self.positives(words.iter().map(|w| f64::from(w == positive)).collect(), positive)
            }
            (Cells::Words(words), None) => {
                let wrong = words.iter().position(|w| w.parse::<f64>().is_err()).unwrap_or(0);
                Err(table
                    .fault(wrong, &self.label)
                    .expected("a number, or --positive with the word that counts as 1")
                    .found(format!("'{}'", words[wrong])))
            }
        }
    }

    fn positives(&self, flags: Vec<f64>, positive: &str) -> Result<Vec<f64>> {
        if flags.contains(&1.0) {
            return Ok(flags);
        }
        Err(Error::new(ErrorKind::Argument, "--positive")
            .expected(format!("a value of column {}", self.label))
            .found(format!("'{positive}', which no row has")))
    }

    /// The rounds of a table. `missing`: whether the stream takes features that are not there. Errors: columns that
    /// are not there or are of another kind, cells without a number.
    pub fn rounds(&self, table: &Table, missing: bool) -> Result<Rounds> {
        let features = self.width();
        let y = self.labels(table)?;
        let mut awake = vec![Vec::new(); table.rows];
        for (g, rule) in self.rules.iter().enumerate() {
            let meets = rule.rows(table)?;
            awake.iter_mut().zip(meets).filter(|(_, met)| *met).for_each(|(groups, _)| groups.push(g as u64));
        }
        let mut rounds = Rounds { features, x: vec![0.0; features * table.rows], y, awake, unknown: 0 };
        let mut at = 0;
        for feature in &self.features {
            rounds.fill(table, feature, at, missing)?;
            at += feature.width();
        }
        Ok(rounds)
    }

    /// The names of the groups.
    pub fn group_names(&self) -> Vec<String> {
        self.rules.iter().map(|rule| rule.name.clone()).collect()
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let features: Vec<Value> = self.features.iter().map(Feature::json).collect();
        object!({
            "options": self.chosen.pairs().iter().map(|(k, v)| object!([k, v])).collect::<Vec<_>>(),
            "label": self.label,
            "positive": self.positive,
            "features": features,
            "groups": self.rules.iter().map(|rule| rule.text.as_str()).collect::<Vec<_>>(),
            "always_on": self.always_on,
        })
    }

    /// Reads back what [`Recipe::json`] gives; `None`: something else.
    pub fn from_json(value: &Value) -> Option<Self> {
        let value = value.as_object()?;
        let words = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|word| word.as_str().map(str::to_owned)).collect()
        };
        let pair = |value: &Value| match words(value)?.as_slice() {
            [key, text] => Some((key.clone(), text.clone())),
            _ => None,
        };
        let pairs = value.get("options")?.as_array()?.iter().map(pair).collect::<Option<_>>()?;
        let rules = words(value.get("groups")?)?;
        let rules: Vec<Rule> = rules.iter().map(|text| Rule::parse(text)).collect::<Result<_>>().ok()?;
        let features = value.get("features")?.as_array()?.iter();
        let features: Vec<Feature> =
            features.map(|feature| Feature::from_json(feature.as_object()?)).collect::<Option<_>>()?;
        let known = |feature: &Feature| !matches!(feature, Feature::Group { group } if *group >= rules.len());
        features.iter().all(known).then_some(())?;
        Some(Self {
            chosen: Chosen::of(Family::Groupwise, pairs),
            label: value.get("label")?.as_str()?.to_owned(),
            positive: value.get("positive")?.as_str().map(str::to_owned),
            features,
            rules,
            always_on: value.get("always_on")?.as_bool()?,
        })
    }

    /// Columns that are words though their cells may all be numbers.
    pub fn words(&self) -> Vec<String> {
        let category = |feature: &Feature| match feature {
            Feature::Category { column, .. } => Some(column.clone()),
            _ => None,
        };
        self.features.iter().filter_map(category).collect()
    }
}

/// What a column gives.
fn feature(table: &Table, column: &Column, scale: bool) -> Result<Feature> {
    let name = column.name.clone();
    match &column.cells {
        Cells::Numbers(numbers) => {
            let known = || numbers.iter().copied().filter(|v| !v.is_nan());
            let ends = [known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max)];
            Ok(Feature::Number { column: name, scale: (scale && ends[1] > ends[0]).then_some(ends) })
        }
        Cells::Words(words) => {
            let mut levels = words.clone();
            levels.sort();
            levels.dedup();
            if levels.len() > MOST_LEVELS {
                return Err(Error::new(ErrorKind::Data, table.path.display().to_string())
                    .at(format!("column {name}"))
                    .expected(format!("at most {MOST_LEVELS} different words (--ignore leaves a column out)"))
                    .found(levels.len()));
            }
            Ok(Feature::Category { column: name, levels })
        }
    }
}

impl Feature {
    fn width(&self) -> usize {
        match self {
            Feature::Category { levels, .. } => levels.len(),
            _ => 1,
        }
    }

    fn json(&self) -> Value {
        match self {
            Feature::Number { column, scale } => {
                object!({ "column": column, "scale": scale.map(|ends| ends.map(json).to_vec()) })
            }
            Feature::Category { column, levels } => object!({ "column": column, "levels": levels }),
            Feature::Group { group } => object!({ "group": group }),
        }
    }

    fn from_json(value: &Map<String, Value>) -> Option<Self> {
        if let Some(group) = value.get("group") {
            return Some(Feature::Group { group: usize::try_from(group.as_u64()?).ok()? });
        }
        let column = value.get("column")?.as_str()?.to_owned();
        if let Some(levels) = value.get("levels") {
            let levels = levels.as_array()?.iter().map(|l| l.as_str().map(str::to_owned));
            return Some(Feature::Category { column, levels: levels.collect::<Option<_>>()? });
        }
        let scale = match value.get("scale")? {
            Value::Null => None,
            ends => match ends.as_array()?.as_slice() {
                [low, high] => Some([from_json(low)?, from_json(high)?]),
                _ => return None,
            },
        };
        Some(Feature::Number { column, scale })
    }
}

impl Rounds {
    /// Fills in the places of a feature from `at` on.
    fn fill(&mut self, table: &Table, feature: &Feature, at: usize, missing: bool) -> Result<()> {
        let width = self.features;
        let other = |name: &str, expected: &str, found: &str| {
            Error::new(ErrorKind::Data, table.path.display().to_string())
                .at(format!("column {name}"))
                .expected(expected)
                .found(found)
        };
        match feature {
            Feature::Group { group } => {
                for (t, groups) in self.awake.iter().enumerate() {
                    self.x[t * width + at] = f64::from(groups.contains(&(*group as u64)));
                }
            }
            Feature::Number { column: name, scale } => {
                let Cells::Numbers(numbers) = &table.column(name, "features")?.cells else {
                    return Err(other(name, "numbers", "words"));
                };
                for (t, v) in numbers.iter().enumerate() {
                    if v.is_nan() && !missing {
                        return Err(table
                            .fault(t, name)
                            .expected("a number (--missing indicator takes rows without one)")
                            .found("a missing value"));
                    }
                    self.x[t * width + at] = scale.map_or(*v, |[low, high]| (v - low) / (high - low));
                }
            }
            Feature::Category { column: name, levels } => {
                let Cells::Words(words) = &table.column(name, "features")?.cells else {
                    return Err(other(name, "words", "numbers"));
                };
                for (t, word) in words.iter().enumerate() {
                    match levels.binary_search(word) {
                        Ok(level) => self.x[t * width + at + level] = 1.0,
                        Err(_) => self.unknown += 1,
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::files;
    use std::path::Path;

    fn table(text: &str) -> Table {
        Table::of_words(Path::new("f.csv"), files::words_of("f", text.as_bytes()).unwrap(), &[]).unwrap()
    }

    const ROWS: &str = "age,sex,name,cost\n20,m,a,1\n40,f,b,3\n30,m,c,2.5\n";

    fn wanted() -> Wanted {
        Wanted {
            label: "cost".into(),
            groups: vec!["old:age>=30".into(), "men:sex=m".into()],
            ignored: vec!["name".into()],
            scale: true,
            group_features: true,
            always_on: true,
            ..Wanted::default()
        }
    }

    fn recipe(wanted: &Wanted) -> Result<Recipe> {
        Recipe::of(&table(ROWS), wanted, Chosen::of(Family::Groupwise, vec![("ridge".into(), "2".into())]))
    }

    #[test]
    fn rows_become_rounds_and_the_recipe_comes_back_from_json() {
        let first = recipe(&wanted()).unwrap();
        let again = Recipe::from_json(&serde_json::from_str(&first.json().to_string()).unwrap()).unwrap();
        assert_eq!(again.json(), first.json());
        for recipe in [first, again] {
            let rounds = recipe.rounds(&table(ROWS), false).unwrap();
            assert_eq!(rounds.features, 5);
            // Age from 0 to 1, f, m, old, men.
            #[rustfmt::skip]
            let x = [
                0.0, 0.0, 1.0, 0.0, 1.0,
                1.0, 1.0, 0.0, 1.0, 0.0,
                0.5, 0.0, 1.0, 1.0, 1.0,
            ];
            assert_eq!(rounds.x, x);
            assert_eq!((rounds.y, rounds.unknown), (vec![1.0, 3.0, 2.5], 0));
            assert_eq!(rounds.awake, [vec![1], vec![0], vec![0, 1]]);
            // Other rows are taken in the same way.
            let other = recipe.rounds(&table("cost,sex,age\n7,x,60\n"), false).unwrap();
            assert_eq!((other.x, other.unknown), (vec![2.0, 0.0, 0.0, 1.0, 0.0], 1));
        }
    }

    #[test]
    fn words_as_labels_need_the_one_that_counts() {
        let mut wanted = wanted();
        wanted.label = "sex".into();
        wanted.groups = vec!["old:age>=30".into()];
        let error = recipe(&wanted).unwrap().labels(&table(ROWS)).unwrap_err().to_string();
        assert!(
            error.contains("column sex: expected a number, or --positive") && error.contains("'m'"),
            "{error}"
        );
        wanted.positive = Some("f".into());
        assert_eq!(recipe(&wanted).unwrap().labels(&table(ROWS)).unwrap(), [0.0, 1.0, 0.0]);
        wanted.positive = Some("w".into());
        let error = recipe(&wanted).unwrap().labels(&table(ROWS)).unwrap_err().to_string();
        assert!(error.contains("--positive: expected a value of column sex, found 'w'"), "{error}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |change: &dyn Fn(&mut Wanted), part: &str| {
            let mut wanted = wanted();
            change(&mut wanted);
            let error = recipe(&wanted).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        refused(&|w| w.label = "price".into(), "--label, f.csv: expected one of its columns");
        refused(&|w| w.ignored.push("size".into()), "--ignore, f.csv");
        refused(
            &|w| w.groups.push("ancient:age>90".into()),
            "'ancient:age>90': expected a rule that a row meets, found none of 3",
        );
        refused(&|w| w.groups.push("old:age>35".into()), "a name that no other group has");
        let gap = table("age,sex,name,cost\n20,m,a,1\n?,f,b,3\n");
        let known = recipe(&wanted()).unwrap();
        let error = known.rounds(&gap, false).unwrap_err().to_string();
        assert!(error.contains("column age: expected a number (--missing indicator"), "{error}");
        assert!(known.rounds(&gap, true).unwrap().x[5].is_nan());
        let error = known.rounds(&table("age,sex,cost\n20,1,1\n"), false).unwrap_err().to_string();
        assert!(error.contains("--group 'men:sex=m'"), "{error}");
        assert!(Recipe::from_json(&object!({ "label": 3 })).is_none());
    }
}
