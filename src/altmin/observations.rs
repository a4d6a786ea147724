//! The observed entries of a matrix, by rows and by columns, checked once.

use super::alternation::Side;
use crate::numerics::real::Real;
use crate::runtime::error::{out_of_memory, zeros};
use crate::runtime::{Control, Error, ErrorKind, Result, Stop};

/// What repeated positions mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// They are refused.
    Error,
    /// Their values are added.
    Sum,
    /// Their weighted mean counts, with the sum of their weights.
    Mean,
    /// The last one counts.
    Last,
    /// Each is an observation of its own.
    Keep,
}

/// Entries as the caller has them: positions and values, in any order.
#[derive(Debug, Clone, Copy)]
pub struct Entries<'a> {
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix.
    pub cols: usize,
    /// The row of each entry.
    pub row: &'a [i64],
    /// The column of each entry.
    pub col: &'a [i64],
    /// The value of each entry, finite.
    pub value: &'a [f64],
    /// The weight of each entry, finite and at least 0; an entry of weight 0 counts as absent. `None`: all 1.
    pub weight: Option<&'a [f64]>,
}

/// Entries line by line (rows, or columns): positions ascending within a line.
#[derive(Debug, Clone)]
pub struct Lines<T> {
    start: Vec<usize>,
    index: Vec<u32>,
    value: Vec<T>,
    weight: Option<Vec<T>>,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a, T> {
    /// Positions of its entries in the other direction.
    pub index: &'a [u32],
    /// Their values.
    pub value: &'a [T],
    /// Their weights, where not all are 1.
    pub weight: Option<&'a [T]>,
}

impl<'a, T> Line<'a, T> {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Some of its entries.
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        Self {
            index: &self.index[range.clone()],
            value: &self.value[range.clone()],
            weight: self.weight.map(|w| &w[range]),
        }
    }
}

impl<T: Real> Lines<T> {
    /// Number of lines.
    pub fn len(&self) -> usize {
        self.start.len() - 1
    }

    /// Whether there are no lines.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entries in all.
    pub fn entries(&self) -> usize {
        self.index.len()
    }

    /// Entries of line `i`.
    #[inline]
    pub fn degree(&self, i: usize) -> usize {
        self.start[i + 1] - self.start[i]
    }

    /// Line `i`.
    #[inline]
    pub fn line(&self, i: usize) -> Line<'_, T> {
        let range = self.start[i]..self.start[i + 1];
        Line {
            index: &self.index[range.clone()],
            value: &self.value[range.clone()],
            weight: self.weight.as_ref().map(|w| &w[range]),
        }
    }

    /// The same entries with the two directions exchanged; there are `others` lines.
    fn transposed(&self, others: usize) -> Result<Self> {
        let entries = self.entries();
        let mut start: Vec<usize> = zeros("entries", others + 1)?;
        self.index.iter().for_each(|&j| start[j as usize + 1] += 1);
        (0..others).for_each(|j| start[j + 1] += start[j]);
        let mut next = reserved(others + 1)?;
        next.extend_from_slice(&start);
        let mut index = reserved::<u32>(entries)?;
        let mut value = reserved::<T>(entries)?;
        let mut weight = self.weight.as_ref().map(|_| reserved::<T>(entries)).transpose()?;
        index.resize(entries, 0);
        value.resize(entries, T::default());
        if let Some(weight) = &mut weight {
            weight.resize(entries, T::default());
        }
        for i in 0..self.len() {
            let line = self.line(i);
            for (k, &j) in line.index.iter().enumerate() {
                let slot = next[j as usize];
                next[j as usize] += 1;
                // Checked against the largest u32 when the observations were made.
                index[slot] = i as u32;
                value[slot] = line.value[k];
                if let (Some(out), Some(w)) = (&mut weight, line.weight) {
                    out[slot] = w[k];
                }
            }
        }
        Ok(Self { start, index, value, weight })
    }
}

fn reserved<T>(count: usize) -> Result<Vec<T>> {
    let mut v = Vec::new();
    v.try_reserve_exact(count).map_err(|_| out_of_memory("entries", count, size_of::<T>()))?;
    Ok(v)
}

/// The observed entries in both orders.
#[derive(Debug, Clone)]
pub struct Observations<T> {
    by_row: Lines<T>,
    by_col: Lines<T>,
}

impl<T: Real> Observations<T> {
    /// Checks and sorts entries: the same observations in any order of input give the same bits.
    ///
    /// Errors: arrays of different lengths, sizes above `2^32 - 1`, a position out of range, a value that is not finite
    /// (also once stored), a negative weight, repeats where they are refused; the first offender is named. Costs about
    /// ten passes over the entries.
    pub fn new(entries: Entries<'_>, repeats: Repeats, control: &mut Control<'_>) -> Result<Self> {
        check(&entries)?;
        let by_row = match sorted(&entries, repeats, control)? {
            Ok(by_row) => by_row,
            Err(Stop(outcome)) => {
                return Err(Error::new(ErrorKind::Stopped, "entries")
                    .expected("to be read to the end")
                    .found(outcome.name()));
            }
        };
        let by_col = by_row.transposed(entries.cols)?;
        Ok(Self { by_row, by_col })
    }

    /// Rows of the matrix.
    pub fn rows(&self) -> usize {
        self.by_row.len()
    }

    /// Columns of the matrix.
    pub fn cols(&self) -> usize {
        self.by_col.len()
    }

    /// Number of observations.
    pub fn len(&self) -> usize {
        self.by_row.entries()
    }

    /// Whether nothing is observed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entries row by row.
    pub fn by_row(&self) -> &Lines<T> {
        &self.by_row
    }

    /// Entries column by column.
    pub fn by_col(&self) -> &Lines<T> {
        &self.by_col
    }

    /// Entries line by line of a side.
    pub fn lines(&self, side: Side) -> &Lines<T> {
        match side {
            Side::Rows => &self.by_row,
            Side::Columns => &self.by_col,
        }
    }

    /// The observations for which `keep(row, column)` holds.
    pub fn filtered(&self, keep: impl Fn(usize, usize) -> bool) -> Result<Self> {
        let kept = (0..self.rows())
            .map(|i| self.by_row.line(i).index.iter().filter(|&&j| keep(i, j as usize)).count())
            .sum();
        let mut out = Lines {
            start: reserved(self.rows() + 1)?,
            index: reserved(kept)?,
            value: reserved(kept)?,
            weight: self.by_row.weight.as_ref().map(|_| reserved(kept)).transpose()?,
        };
        out.start.push(0);
        for i in 0..self.rows() {
            let line = self.by_row.line(i);
            for (k, &j) in line.index.iter().enumerate() {
                if keep(i, j as usize) {
                    out.index.push(j);
                    out.value.push(line.value[k]);
                    if let (Some(out), Some(w)) = (&mut out.weight, line.weight) {
                        out.push(w[k]);
                    }
                }
            }
            out.start.push(out.index.len());
        }
        let by_col = out.transposed(self.cols())?;
        Ok(Self { by_row: out, by_col })
    }

    /// The same positions with other values: `value(row, column, old)`.
    pub fn mapped(&self, value: impl Fn(usize, usize, f64) -> f64) -> Result<Self> {
        let mut by_row = self.by_row.clone();
        for i in 0..self.rows() {
            for k in by_row.start[i]..by_row.start[i + 1] {
                let old = by_row.value[k].wide();
                by_row.value[k] = T::narrow(value(i, by_row.index[k] as usize, old));
            }
        }
        let by_col = by_row.transposed(self.cols())?;
        Ok(Self { by_row, by_col })
    }
}

/// Sizes, positions, values and weights.
fn check(entries: &Entries<'_>) -> Result<()> {
    let count = entries.value.len();
    let lengths = [("row", entries.row.len()), ("col", entries.col.len())];
    for (name, len) in lengths.into_iter().chain(entries.weight.map(|w| ("weight", w.len()))) {
        if len != count {
            return Err(Error::new(ErrorKind::Argument, format!("{name}.len"))
                .expected(format!("{count}, as many as values"))
                .found(len));
        }
    }
    for (name, size) in [("rows", entries.rows), ("cols", entries.cols)] {
        if size >= u32::MAX as usize {
            return Err(Error::new(ErrorKind::Argument, name)
                .expected(format!("less than {}", u32::MAX))
                .found(size));
        }
    }
    let wrong = |subject: &str, k: usize, expected: String, found: String| {
        Err(Error::new(ErrorKind::Data, subject).at(format!("entry {k}")).expected(expected).found(found))
    };
    for k in 0..count {
        let (i, j, v) = (entries.row[k], entries.col[k], entries.value[k]);
        if i < 0 || i as u64 >= entries.rows as u64 {
            return wrong("row", k, format!("a row in 0..{}", entries.rows), i.to_string());
        }
        if j < 0 || j as u64 >= entries.cols as u64 {
            return wrong("col", k, format!("a column in 0..{}", entries.cols), j.to_string());
        }
        if !v.is_finite() {
            return wrong("value", k, format!("a finite number at row {i}, column {j}"), v.to_string());
        }
        if let Some(w) = entries.weight.map(|w| w[k])
            && !(w >= 0.0 && w.is_finite())
        {
            return wrong("weight", k, "a finite number >= 0".into(), w.to_string());
        }
    }
    Ok(())
}

/// Entries row by row, columns ascending, repeats dealt with and entries of weight 0 left out.
fn sorted<T: Real>(
    entries: &Entries<'_>,
    repeats: Repeats,
    control: &mut Control<'_>,
) -> Result<std::result::Result<Lines<T>, Stop>> {
    let counts = |k: usize| entries.weight.is_none_or(|w| w[k] > 0.0);
    let mut start: Vec<usize> = zeros("entries", entries.rows + 1)?;
    (0..entries.value.len()).filter(|&k| counts(k)).for_each(|k| start[entries.row[k] as usize + 1] += 1);
    (0..entries.rows).for_each(|i| start[i + 1] += start[i]);
    let total = start[entries.rows];
    let mut order: Vec<usize> = zeros("entries", total)?;
    let mut next = reserved(entries.rows + 1)?;
    next.extend_from_slice(&start);
    for k in (0..entries.value.len()).filter(|&k| counts(k)) {
        let slot = &mut next[entries.row[k] as usize];
        order[*slot] = k;
        *slot += 1;
    }
    let mut lines: Lines<T> = Lines {
        start: reserved(entries.rows + 1)?,
        index: reserved(total)?,
        value: reserved(total)?,
        weight: if entries.weight.is_some() || repeats == Repeats::Mean {
            Some(reserved(total)?)
        } else {
            None
        },
    };
    lines.start.push(0);
    for i in 0..entries.rows {
        let line = &mut order[start[i]..start[i + 1]];
        // Positions first; repeats by value and weight, so that the order of input cannot matter, but for `last`.
        let key = |k: usize| (entries.col[k], entries.value[k], entries.weight.map_or(1.0, |w| w[k]));
        if repeats == Repeats::Last {
            line.sort_by_key(|&k| entries.col[k]);
        } else {
            line.sort_by(|&a, &b| {
                let (a, b) = (key(a), key(b));
                a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
            });
        }
        let mut at = 0;
        while at < line.len() {
            let same = line[at..].iter().take_while(|&&k| entries.col[k] == entries.col[line[at]]).count();
            lines.push(entries, i, &line[at..at + same], repeats)?;
            at += same;
        }
        lines.start.push(lines.index.len());
        if let Err(stop) = control.spend(16 * line.len() as u64 + 1) {
            return Ok(Err(stop));
        }
    }
    if lines.weight.as_ref().is_some_and(|w| w.iter().all(|w| w.wide() == 1.0)) {
        lines.weight = None;
    }
    Ok(Ok(lines))
}

impl<T: Real> Lines<T> {
    /// Appends what the entries `same`, all of one position, stand for.
    fn push(&mut self, entries: &Entries<'_>, i: usize, same: &[usize], repeats: Repeats) -> Result<()> {
        let weight = |k: usize| entries.weight.map_or(1.0, |w| w[k]);
        let j = entries.col[same[0]];
        let mut append = |value: f64, weight: f64| {
            if !T::narrow(value).wide().is_finite() || !T::narrow(weight).wide().is_finite() {
                return Err(Error::new(ErrorKind::Data, "value")
                    .at(format!("row {i}, column {j}"))
                    .expected("a number that is finite as it is stored")
                    .found(value));
            }
            self.index.push(j as u32);
            self.value.push(T::narrow(value));
            if let Some(weights) = &mut self.weight {
                weights.push(T::narrow(weight));
            }
            Ok(())
        };
        if same.len() == 1 {
            return append(entries.value[same[0]], weight(same[0]));
        }
        let total = || same.iter().map(|&k| weight(k)).sum::<f64>();
        match repeats {
            Repeats::Error => Err(Error::new(ErrorKind::Data, "entries")
                .at(format!("row {i}, column {j}"))
                .expected("one entry (option duplicates says what repeats mean)")
                .found(format!("{}", same.len()))),
            Repeats::Keep => same.iter().try_for_each(|&k| append(entries.value[k], weight(k))),
            // `same` is in the order of input: the sort was stable.
            Repeats::Last => same.last().map_or(Ok(()), |&k| append(entries.value[k], weight(k))),
            Repeats::Sum => append(same.iter().map(|&k| entries.value[k]).sum(), total() / same.len() as f64),
            Repeats::Mean => {
                let total = total();
                let mean = same.iter().map(|&k| weight(k) / total * entries.value[k]).sum();
                append(mean, total)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        row: &[i64],
        col: &[i64],
        value: &[f64],
        weight: Option<&[f64]>,
        repeats: Repeats,
    ) -> Result<Observations<f64>> {
        let entries = Entries { rows: 3, cols: 4, row, col, value, weight };
        Observations::new(entries, repeats, &mut Control::new())
    }

    fn line(observed: &Observations<f64>, i: usize) -> (Vec<u32>, Vec<f64>, Option<Vec<f64>>) {
        let line = observed.by_row().line(i);
        (line.index.to_vec(), line.value.to_vec(), line.weight.map(<[f64]>::to_vec))
    }

    #[test]
    fn the_order_of_input_does_not_matter_and_both_orders_agree() {
        let one = read(&[2, 0, 0, 1], &[1, 3, 0, 1], &[1.0, 2.0, 3.0, 4.0], None, Repeats::Error).unwrap();
        let other = read(&[0, 1, 2, 0], &[0, 1, 1, 3], &[3.0, 4.0, 1.0, 2.0], None, Repeats::Error).unwrap();
        (0..3).for_each(|i| assert_eq!(line(&one, i), line(&other, i)));
        assert_eq!(line(&one, 0), (vec![0, 3], vec![3.0, 2.0], None));
        let column = one.by_col().line(1);
        assert_eq!((column.index, column.value), (&[1, 2][..], &[4.0, 1.0][..]));
        assert_eq!((one.rows(), one.cols(), one.len(), one.by_col().degree(2)), (3, 4, 4, 0));
    }

    #[test]
    fn repeats_mean_what_was_asked_for() {
        let (row, col, value) = ([0, 0, 0], [2, 2, 1], [1.0, 4.0, 7.0]);
        let weight = [1.0, 2.0, 1.0];
        let of = |repeats| read(&row, &col, &value, Some(&weight), repeats).map(|o| line(&o, 0));
        assert!(of(Repeats::Error).unwrap_err().to_string().contains("row 0, column 2"));
        assert_eq!(
            of(Repeats::Keep).unwrap(),
            (vec![1, 2, 2], vec![7.0, 1.0, 4.0], Some(vec![1.0, 1.0, 2.0]))
        );
        assert_eq!(of(Repeats::Last).unwrap(), (vec![1, 2], vec![7.0, 4.0], Some(vec![1.0, 2.0])));
        assert_eq!(of(Repeats::Sum).unwrap(), (vec![1, 2], vec![7.0, 5.0], Some(vec![1.0, 1.5])));
        assert_eq!(of(Repeats::Mean).unwrap(), (vec![1, 2], vec![7.0, 3.0], Some(vec![1.0, 3.0])));
        // An entry of weight 0 is absent, also as a repeat.
        let absent = read(&row, &col, &value, Some(&[1.0, 0.0, 1.0]), Repeats::Error).unwrap();
        assert_eq!(line(&absent, 0), (vec![1, 2], vec![7.0, 1.0], None));
    }

    #[test]
    fn every_defect_is_named() {
        let message = |row: &[i64], col: &[i64], value: &[f64], weight: Option<&[f64]>| {
            read(row, col, value, weight, Repeats::Keep).unwrap_err().to_string()
        };
        assert!(message(&[0], &[0, 1], &[1.0], None).starts_with("col.len"));
        assert!(message(&[3], &[0], &[1.0], None).contains("a row in 0..3, found 3"));
        assert!(message(&[-1], &[0], &[1.0], None).contains("found -1"));
        assert!(message(&[0], &[4], &[1.0], None).contains("a column in 0..4"));
        assert!(message(&[0], &[0], &[f64::NAN], None).starts_with("value, entry 0"));
        assert!(message(&[0], &[0], &[1.0], Some(&[-1.0])).starts_with("weight, entry 0"));
        let wide = Entries { rows: usize::MAX, cols: 1, row: &[], col: &[], value: &[], weight: None };
        assert!(Observations::<f64>::new(wide, Repeats::Error, &mut Control::new()).is_err());
        let long = Entries { rows: 1, cols: 1, row: &[0], col: &[0], value: &[1e300], weight: None };
        let error = Observations::<f32>::new(long, Repeats::Error, &mut Control::new()).unwrap_err();
        assert!(error.to_string().contains("as it is stored"), "{error}");
    }
}
