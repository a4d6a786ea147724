//! The observed entries of a matrix, by rows and by columns, checked once.

use super::alternation::Side;
use super::arrange;
pub(crate) use super::arrange::WEIGHTS;
use super::precision::Precision;
use crate::numerics::real::Real;
use crate::runtime::error::out_of_memory;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result};

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
    pub(super) start: Vec<usize>,
    pub(super) index: Vec<u32>,
    pub(super) value: Vec<T>,
    pub(super) weight: Option<Vec<T>>,
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

    /// The mean of the weights; 1 where there are none.
    pub fn mean_weight(&self) -> f64 {
        let mean = |w: &Vec<T>| w.iter().map(|w| w.wide()).sum::<f64>() / w.len().max(1) as f64;
        self.weight.as_ref().map_or(1.0, mean)
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
}

impl<T: Real> Lines<T> {
    /// A copy with weights. Errors: no memory.
    fn with_weights(&self) -> Result<Self> {
        let mut out = Self {
            start: reserved(self.start.len())?,
            index: reserved(self.index.len())?,
            value: reserved(self.value.len())?,
            weight: None,
        };
        let mut weight = reserved(self.index.len())?;
        match &self.weight {
            Some(own) => weight.extend_from_slice(own),
            None => weight.resize(self.index.len(), T::narrow(1.0)),
        }
        out.start.extend_from_slice(&self.start);
        out.index.extend_from_slice(&self.index);
        out.value.extend_from_slice(&self.value);
        out.weight = Some(weight);
        Ok(out)
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
    /// ten passes over the entries; [`Observations::bytes`] says how much memory.
    pub fn new(entries: Entries<'_>, repeats: Repeats, control: &mut Control<'_>) -> Result<Self>
    where
        T: Precision,
    {
        Self::with_team(entries, repeats, &Team::solo(), control)
    }

    /// The same on several threads: the same bits.
    pub fn with_team(
        entries: Entries<'_>,
        repeats: Repeats,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Self>
    where
        T: Precision,
    {
        T::observations(entries, repeats, team, control)
    }

    /// The same for any kind of number.
    pub(super) fn arranged(
        entries: Entries<'_>,
        repeats: Repeats,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        let by_row = arrange::by_row(&entries, repeats, team, control)?;
        let by_col = arrange::transposed(&by_row, entries.cols, team)?;
        control.spend(8 * by_row.entries() as u64)?;
        Ok(Self { by_row, by_col })
    }

    /// The observations whose rows are `by_row`. Errors: no memory.
    pub(super) fn of_rows(by_row: Lines<T>, cols: usize) -> Result<Self> {
        let by_col = arrange::transposed(&by_row, cols, &Team::solo())?;
        Ok(Self { by_row, by_col })
    }

    /// The memory that observations take: what stays, and the most while they are made (without the caller's entries).
    pub fn bytes(rows: usize, cols: usize, entries: usize, weighted: bool) -> (usize, usize) {
        let each = size_of::<u32>() + size_of::<T>() * (1 + usize::from(weighted));
        let starts = |lines: usize| lines.saturating_add(1).saturating_mul(size_of::<usize>());
        let order = |lines: usize| entries.saturating_mul(each).saturating_add(starts(lines));
        let stays = order(rows).saturating_add(order(cols));
        let beside = entries.saturating_mul(arrange::bytes_per_entry(weighted));
        (stays, stays.max(order(rows).saturating_add(beside)))
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

    /// The sum of their weights.
    pub fn weight(&self) -> f64 {
        self.by_row.mean_weight() * self.len() as f64
    }

    /// The share of the matrix that is observed, each entry with its weight: what regularization is measured by.
    pub fn share(&self) -> f64 {
        self.weight() / (self.rows() as f64 * self.cols() as f64).max(1.0)
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
        Self::of_rows(out, self.cols())
    }

    /// A copy that has weights of its own, which [`Observations::write_weights`] changes. Errors: no memory.
    pub(super) fn with_weights(&self) -> Result<Self> {
        Ok(Self { by_row: self.by_row.with_weights()?, by_col: self.by_col.with_weights()? })
    }

    /// Writes the weights of the entries from position `first` in the order of a side; both orders are to get the same.
    /// Panics where there are no weights.
    pub(super) fn write_weights(&mut self, side: Side, first: usize, weights: &[T]) {
        let lines = match side {
            Side::Rows => &mut self.by_row,
            Side::Columns => &mut self.by_col,
        };
        let all = lines.weight.as_mut().expect("a copy with weights");
        all[first..first + weights.len()].copy_from_slice(weights);
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
        Self::of_rows(by_row, self.cols())
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
    fn many_entries_are_the_same_on_any_team_and_as_sorted_simply() {
        let (rows, cols, count) = (700, 300, 300_000);
        let place =
            |k: usize, by: usize| (k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(by as u32);
        let row: Vec<i64> = (0..count).map(|k| (place(k, 20) % 700 * (place(k, 9) % 3) / 2) as i64).collect();
        let col: Vec<i64> = (0..count).map(|k| (place(k, 40) % 300) as i64).collect();
        let value: Vec<f64> = (0..count).map(|k| (k % 1000) as f64).collect();
        let weight: Vec<f64> = (0..count).map(|k| (k % 4) as f64).collect();
        let entries = Entries { rows, cols, row: &row, col: &col, value: &value, weight: Some(&weight) };
        for repeats in [Repeats::Keep, Repeats::Last, Repeats::Sum, Repeats::Mean] {
            let on = |threads| {
                let read = |team: &Team<'_>| {
                    Observations::<f64>::with_team(entries, repeats, team, &mut Control::new()).unwrap()
                };
                crate::runtime::parallel::with_team(threads, read).unwrap()
            };
            let (one, three) = (on(1), on(3));
            let mut plain = std::collections::BTreeMap::<(i64, i64), Vec<(f64, f64)>>::new();
            (0..count)
                .filter(|k| weight[*k] > 0.0)
                .for_each(|k| plain.entry((row[k], col[k])).or_default().push((value[k], weight[k])));
            let mut left = 0;
            for (order, transposed) in [(one.by_row(), false), (one.by_col(), true)] {
                let other = if transposed { three.by_col() } else { three.by_row() };
                for i in 0..order.len() {
                    let (line, same) = (order.line(i), other.line(i));
                    assert!((line.index, line.value, line.weight) == (same.index, same.value, same.weight));
                    assert!(line.index.is_sorted());
                    let mut e = 0;
                    while e < line.len() {
                        let j = i64::from(line.index[e]);
                        let place = if transposed { (j, i as i64) } else { (i as i64, j) };
                        let mut all = plain[&place].clone();
                        let last = all[all.len() - 1];
                        all.sort_by(|a, b| a.partial_cmp(b).unwrap());
                        let w: f64 = all.iter().map(|e| e.1).sum();
                        let expected = match repeats {
                            Repeats::Keep => all,
                            Repeats::Last => vec![last],
                            Repeats::Sum => vec![(all.iter().map(|e| e.0).sum(), w / all.len() as f64)],
                            _ => vec![(all.iter().map(|e| e.1 / w * e.0).sum(), w)],
                        };
                        let found = &line.value[e..e + expected.len()];
                        assert!(found.iter().eq(expected.iter().map(|e| &e.0)), "{repeats:?} {place:?}");
                        let found = &line.weight.unwrap()[e..e + expected.len()];
                        assert!(found.iter().eq(expected.iter().map(|e| &e.1)), "{repeats:?} {place:?}");
                        e += expected.len();
                        left += 1;
                    }
                }
            }
            assert_eq!(left, 2 * plain.len());
        }
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
