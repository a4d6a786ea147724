//! The rounds of the experiments on groupwise regret (Acharya, Arunachaleswaran, Kannan, Roth and Ziani,
//! arXiv 2310.04652): the synthetic ones as NumPy's and Python's legacy streams draw them, the medical costs as they
//! were prepared there, and the census data with the flag of an income above 50,000 dollars.

use super::super::stream::Stream;
use crate::cli::files;
use rand_mt::Mt;
use southwell::runtime::{Error, ErrorKind, Result};
use std::path::Path;

/// Rounds with one or several labels, in the order in which they were made.
#[derive(Debug, Clone)]
pub struct Rounds {
    pub features: usize,
    /// Row by row.
    pub x: Vec<f64>,
    pub groups: Vec<&'static str>,
    /// The groups of each row.
    pub awake: Vec<Vec<u64>>,
    /// Names and values in `[0, 1]`.
    pub labels: Vec<(&'static str, Vec<f64>)>,
}

/// The seeds that the published runs shuffle with.
pub const SHUFFLES: [u32; 10] = [473, 503, 623, 550, 692, 989, 617, 458, 301, 205];

/// Rows, and uniform features, of the synthetic rounds.
const SYNTHETIC: (usize, usize) = (100_000, 20);
const NOISE: f64 = 0.16;
const SEED: u32 = 21;
const SHAPES: ([&str; 3], [f64; 3]) = (["circle", "square", "triangle"], [0.5, 0.3, 0.2]);
const COLOURS: ([&str; 2], [f64; 2]) = (["green", "red"], [0.6, 0.4]);

impl Rounds {
    pub fn len(&self) -> usize {
        self.awake.len()
    }

    pub fn row(&self, t: usize) -> &[f64] {
        &self.x[t * self.features..][..self.features]
    }

    /// The first rounds alone.
    pub fn truncate(&mut self, rounds: usize) {
        self.x.truncate(rounds * self.features);
        self.awake.truncate(rounds);
        self.labels.iter_mut().for_each(|(_, y)| y.truncate(rounds));
    }

    /// The groups of a round, the one that is always on last.
    pub fn groups_of(&self, t: usize) -> impl Iterator<Item = usize> {
        self.awake[t].iter().map(|id| *id as usize).chain([self.groups.len()])
    }

    /// The order of a run: pandas' `sample(frac=1, random_state=seed)`.
    pub fn shuffled(&self, seed: u32) -> Vec<usize> {
        Stream::new(seed).permutation(self.len())
    }

    /// The same, then sorted by a number of each round; equal ones stay as they are.
    pub fn sorted(&self, seed: u32, key: impl Fn(usize) -> f64) -> Vec<usize> {
        let mut order = self.shuffled(seed);
        order.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
        order
    }
}

/// Python's `random.choices`, after `random.seed(seed)`.
struct Choices(Mt);

impl Choices {
    fn new(seed: u32) -> Self {
        Self(Mt::new_with_key([seed]))
    }

    fn draw(&mut self, weights: &[f64]) -> usize {
        let high = f64::from(self.0.next_u32() >> 5);
        let low = f64::from(self.0.next_u32() >> 6);
        let mut left = (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0;
        let mut sum = 0.0;
        let sums: Vec<f64> = weights
            .iter()
            .map(|w| {
                sum += w;
                sum
            })
            .collect();
        left *= sum;
        sums[..sums.len() - 1].partition_point(|s| *s <= left)
    }
}

/// To `[0, 1]`, by the least and the largest.
fn scaled(values: &[f64]) -> Vec<f64> {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    values.iter().map(|v| (v - least) / (most - least)).collect()
}

/// A shape and a colour for each row; each group has a linear model, and the label is the mean, the least, the
/// largest, or that of the first in an order, of the values that the models of the two groups give.
pub fn synthetic() -> Rounds {
    let (rows, uniform) = SYNTHETIC;
    let groups: Vec<&str> = SHAPES.0.into_iter().chain(COLOURS.0).collect();
    let count = groups.len();
    let mut stream = Stream::new(SEED);
    let mut choices = Choices::new(SEED);
    let drawn = stream.uniforms(rows * uniform);
    let shape: Vec<usize> = (0..rows).map(|_| choices.draw(&SHAPES.1)).collect();
    let colour: Vec<usize> = (0..rows).map(|_| SHAPES.0.len() + choices.draw(&COLOURS.1)).collect();
    let weights = stream.uniforms(uniform * count);
    let noise = stream.normals(rows * count);
    let order = stream.permutation(count);
    let place = |group: usize| order.iter().position(|g| *g == group);
    let features = uniform + count;
    let mut x = vec![0.0; rows * features];
    let mut values: [Vec<f64>; 4] = Default::default();
    for t in 0..rows {
        let row = &mut x[t * features..][..features];
        row[..uniform].copy_from_slice(&drawn[t * uniform..][..uniform]);
        let of = |g: usize| {
            let linear: f64 = drawn[t * uniform..][..uniform]
                .iter()
                .enumerate()
                .map(|(i, x)| x * weights[i * count + g])
                .sum();
            linear + NOISE * noise[t * count + g]
        };
        let (s, c) = (shape[t], colour[t]);
        row[uniform + s] = 1.0;
        row[uniform + c] = 1.0;
        let (a, b) = (of(s), of(c));
        values[0].push(0.5 * (a + b));
        values[1].push(a.min(b));
        values[2].push(a.max(b));
        values[3].push(if place(s) < place(c) { a } else { b });
    }
    let awake = shape.iter().zip(&colour).map(|(&s, &c)| vec![s as u64, c as u64]).collect();
    let labels = ["mean", "min", "max", "perm"].into_iter().zip(values.iter().map(|v| scaled(v))).collect();
    Rounds { features, x, groups, awake, labels }
}

/// Bounds of ages and body mass indices: `young <= 35 < middle <= 50 < old`, and below 18.5, 25, 30.
const AGES: [f64; 2] = [35.0, 50.0];
const MASSES: [f64; 3] = [18.5, 25.0, 30.0];
const MEDICAL: [&str; 11] = [
    "young",
    "middle",
    "old",
    "underweight",
    "healthyweight",
    "overweight",
    "obese",
    "smoker",
    "non-smoker",
    "male",
    "female",
];
/// Lines of words.
struct Words {
    name: String,
    lines: Vec<Vec<String>>,
}

impl Words {
    fn read(path: &Path) -> Result<Self> {
        Ok(Self { name: path.display().to_string(), lines: files::read_words(path)? })
    }

    fn refuse(&self, line: usize, column: usize, expected: &str) -> Error {
        let found = self.lines[line].get(column).map_or("none", String::as_str);
        Error::new(ErrorKind::Format, &self.name)
            .at(format!("row {}, column {}", line + 1, column + 1))
            .expected(expected)
            .found(found)
    }

    fn column(&self, column: usize) -> Result<Vec<&str>> {
        if let Some(k) = self.lines.iter().position(|line| line.len() <= column) {
            return Err(self.refuse(k, column, "a cell"));
        }
        Ok(self.lines.iter().map(|line| line[column].as_str()).collect())
    }

    fn numbers(&self, column: usize) -> Result<Vec<f64>> {
        let number = |(k, word): (usize, &str)| word.parse().map_err(|_| self.refuse(k, column, "a number"));
        self.column(column)?.into_iter().enumerate().map(number).collect()
    }

    /// The place of each cell among its column's words in order, and how many those are.
    fn levels(&self, column: usize) -> Result<(Vec<usize>, usize)> {
        let words = self.column(column)?;
        let mut levels = words.clone();
        levels.sort_unstable();
        levels.dedup();
        let place = |word: &&str| levels.binary_search(word).unwrap_or(0);
        Ok((words.iter().map(place).collect(), levels.len()))
    }
}

/// Features in the making: some columns of numbers in `[0, 1]`, then ones.
struct Rows {
    numbers: Vec<Vec<f64>>,
    /// The places of the ones of each row, among `width`.
    ones: Vec<Vec<usize>>,
    width: usize,
}

impl Rows {
    fn new(rows: usize) -> Self {
        Self { numbers: Vec::new(), ones: vec![Vec::new(); rows], width: 0 }
    }

    /// A one in each row, in one of `count` places.
    fn one_of(&mut self, (places, count): (Vec<usize>, usize)) {
        let width = self.width;
        self.ones.iter_mut().zip(places).for_each(|(ones, place)| ones.push(width + place));
        self.width += count;
    }

    fn dense(&self) -> (usize, Vec<f64>) {
        let first = self.numbers.len();
        let features = first + self.width;
        let mut x = vec![0.0; self.ones.len() * features];
        for (t, row) in x.chunks_exact_mut(features).enumerate() {
            self.numbers.iter().enumerate().for_each(|(k, column)| row[k] = column[t]);
            self.ones[t].iter().for_each(|k| row[first + k] = 1.0);
        }
        (features, x)
    }
}

/// Which of the parts that `bounds` cut a line into each number is in; a bound belongs to the part below it, or above.
fn parts(numbers: &[f64], bounds: &[f64], below: bool) -> (Vec<usize>, usize) {
    let past = |x: f64, bound: f64| if below { x > bound } else { x >= bound };
    let part = |x: &f64| bounds.iter().filter(|bound| past(*x, **bound)).count();
    (numbers.iter().map(part).collect(), bounds.len() + 1)
}

/// The medical costs (columns age, sex, bmi, children, smoker, region, charges).
pub fn medical(path: &Path) -> Result<Rounds> {
    let mut words = Words::read(path)?;
    words.lines.remove(0);
    let (age, bmi) = (words.numbers(0)?, words.numbers(2)?);
    let is = |column: usize, word: &str| -> Result<Vec<usize>> {
        Ok(words.column(column)?.iter().map(|w| usize::from(*w == word)).collect())
    };
    let (male, smokes) = (is(1, "male")?, is(4, "yes")?);
    let (young, mass) = (parts(&age, &AGES, true), parts(&bmi, &MASSES, false));
    let mut rows = Rows::new(age.len());
    for column in [0, 2, 3] {
        rows.numbers.push(scaled(&words.numbers(column)?));
    }
    let awake = (0..age.len()).map(|t| {
        let [smoke, sex] = [usize::from(smokes[t] == 0), usize::from(male[t] == 0)];
        [young.0[t], 3 + mass.0[t], 7 + smoke, 9 + sex].map(|g| g as u64).to_vec()
    });
    let awake = awake.collect();
    rows.one_of((male, 2));
    rows.one_of((smokes, 2));
    rows.one_of(words.levels(5)?);
    rows.one_of(young);
    rows.one_of(mass);
    let (features, x) = rows.dense();
    let labels = vec![("charges", scaled(&words.numbers(6)?))];
    Ok(Rounds { features, x, groups: MEDICAL.to_vec(), awake, labels })
}

const RACES: [&str; 5] = ["White", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other", "Black"];
const ADULT: [&str; 12] = [
    "young",
    "middle",
    "old",
    "high school or less",
    "college",
    "male",
    "female",
    "white",
    "asian",
    "amer-indian",
    "other",
    "black",
];

/// The census data of 1994, both parts in the order of the files; the label is 1 for an income above 50,000 dollars.
pub fn adult(folder: &Path) -> Result<Rounds> {
    let mut words = Words::read(&folder.join("adult.data.gz"))?;
    words.lines.extend(Words::read(&folder.join("adult.test.gz"))?.lines);
    let (age, education) = (words.numbers(0)?, words.numbers(4)?);
    let mut rows = Rows::new(age.len());
    for column in [12, 0, 10, 11, 4] {
        rows.numbers.push(scaled(&words.numbers(column)?));
    }
    for column in [1, 5, 7, 13, 6, 8, 9] {
        rows.one_of(words.levels(column)?);
    }
    let (young, college) = (parts(&age, &AGES, true), parts(&education, &[9.0], true));
    let (race, sex) = (words.column(8)?, words.column(9)?);
    let mut awake = Vec::new();
    for (t, race) in race.iter().enumerate() {
        let place = RACES.iter().position(|name| name == race).ok_or_else(|| words.refuse(t, 8, "a race"))?;
        let groups = [young.0[t], 3 + college.0[t], 5 + usize::from(sex[t] != "Male"), 7 + place];
        awake.push(groups.map(|g| g as u64).to_vec());
    }
    let income: Vec<f64> = words.column(14)?.iter().map(|w| f64::from(w.starts_with('>'))).collect();
    rows.one_of(young);
    rows.one_of(college);
    let (features, x) = rows.dense();
    Ok(Rounds { features, x, groups: ADULT.to_vec(), awake, labels: vec![("income above 50K", income)] })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes that NumPy 1.26 and Python's `random` give; the dominance order is green, square, red, triangle, circle.
    #[test]
    fn the_synthetic_groups_have_the_published_sizes() {
        let rounds = synthetic();
        let size = |g: u64| rounds.awake.iter().filter(|a| a.contains(&g)).count();
        assert_eq!([0, 1, 2, 3, 4].map(size), [49857, 30044, 20099, 59985, 40015]);
        for (_, y) in &rounds.labels {
            assert_eq!(y.len(), 100_000);
            assert!(y.iter().all(|y| (0.0..=1.0).contains(y)) && y.contains(&0.0) && y.contains(&1.0));
        }
        // The label of "perm" is that of green where the row is green: one linear model leaves only noise.
        assert!(rounds.features == 25 && rounds.row(7)[20..].iter().sum::<f64>() == 2.0);
    }

    #[test]
    fn the_medical_groups_have_the_published_sizes() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/groupwise/insurance/insurance.csv");
        if !path.exists() {
            assert!(std::env::var_os("REQUIRE_SHARED").is_none(), "{} is missing", path.display());
            return;
        }
        let rounds = medical(&path).unwrap();
        let sizes: Vec<usize> =
            (0..11).map(|g| rounds.awake.iter().filter(|a| a.contains(&g)).count()).collect();
        assert_eq!(sizes, [574, 408, 356, 20, 225, 386, 707, 274, 1064, 676, 662]);
        assert_eq!((rounds.len(), rounds.features), (1338, 18));
        assert!((0..1338).all(|t| rounds.row(t)[3..].iter().sum::<f64>() == 5.0));
    }

    #[test]
    fn the_census_has_the_counts_of_its_documents() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/groupwise/adult");
        if !folder.exists() {
            assert!(std::env::var_os("REQUIRE_SHARED").is_none(), "{} is missing", folder.display());
            return;
        }
        let rounds = adult(&folder).unwrap();
        assert_eq!(rounds.len(), 32_561 + 16_281);
        assert_eq!(rounds.labels[0].1.iter().sum::<f64>(), f64::from(7_841 + 3_846));
        let size = |g: u64| rounds.awake[..32_561].iter().filter(|a| a.contains(&g)).count();
        assert_eq!([5, 6, 7, 8, 9, 10, 11].map(size), [21_790, 10_771, 27_816, 1_039, 311, 271, 3_124]);
        // A one for each of seven columns of words, for the age and for the education.
        assert!((0..rounds.len()).all(|t| rounds.row(t)[5..].iter().sum::<f64>() == 9.0));
    }
}
