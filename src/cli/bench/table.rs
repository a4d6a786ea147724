//! A sparse matrix in both orders, and the products that the experiments need.

/// Indices and values of one row or column after the other.
#[derive(Debug, Default)]
struct Lists {
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
}

impl Lists {
    fn get(&self, at: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[at]..self.starts[at + 1];
        self.indices[range.clone()].iter().map(|i| *i as usize).zip(self.values[range].iter().copied())
    }
}

/// Row, column and value.
pub type Entry = (usize, usize, f64);

/// The matrix.
#[derive(Debug)]
pub struct Table {
    rows: usize,
    cols: usize,
    by_row: Lists,
    by_column: Lists,
}

impl Table {
    /// From dense values, row by row; zeros are left out.
    pub fn from_rows(rows: usize, cols: usize, dense: &[f64]) -> Self {
        let entry = |r: usize, c: usize| dense[r * cols + c];
        let by_row = lists(rows, cols, entry);
        let by_column = lists(cols, rows, |c, r| entry(r, c));
        Self { rows, cols, by_row, by_column }
    }

    /// From entries in any order, each place at most once.
    pub fn from_entries(rows: usize, cols: usize, entries: &[Entry]) -> Self {
        let sorted = |outer: usize, key: fn(&Entry) -> (usize, usize)| {
            let mut entries: Vec<_> = entries.to_vec();
            entries.sort_by_key(key);
            let mut lists = Lists { starts: vec![0; outer + 1], ..Lists::default() };
            for entry in &entries {
                lists.starts[key(entry).0 + 1] += 1;
                lists.indices.push(key(entry).1 as u32);
                lists.values.push(entry.2);
            }
            (0..outer).for_each(|k| lists.starts[k + 1] += lists.starts[k]);
            lists
        };
        let (by_row, by_column) = (sorted(rows, |e| (e.0, e.1)), sorted(cols, |e| (e.1, e.0)));
        Self { rows, cols, by_row, by_column }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The number of entries.
    #[cfg(test)]
    pub fn entries(&self) -> usize {
        self.by_row.values.len()
    }

    /// The entries of a row: columns and values.
    pub fn row(&self, r: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.by_row.get(r)
    }

    /// The entries of a column: rows and values.
    pub fn column(&self, c: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.by_column.get(c)
    }

    /// The product of a column and a vector.
    pub fn dot(&self, c: usize, v: &[f64]) -> f64 {
        self.column(c).map(|(r, a)| a * v[r]).sum()
    }

    /// Sum of the squares of a column.
    pub fn squares(&self, c: usize) -> f64 {
        self.column(c).map(|(_, a)| a * a).sum()
    }

    /// `A d` for `d` that is zero outside a block.
    pub fn times(&self, block: &[usize], d: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.rows];
        for (&c, &d) in block.iter().zip(d).filter(|(_, d)| **d != 0.0) {
            self.column(c).for_each(|(r, a)| out[r] += a * d);
        }
        out
    }

    /// `A x`.
    pub fn times_all(&self, x: &[f64]) -> Vec<f64> {
        (0..self.rows).map(|r| self.row(r).map(|(c, a)| a * x[c]).sum()).collect()
    }

    /// `A'v`.
    pub fn transposed_times(&self, v: &[f64], out: &mut [f64]) {
        out.iter_mut().enumerate().for_each(|(c, o)| *o = self.dot(c, v));
    }

    /// Column `c` of `A'A`.
    pub fn gram_column(&self, c: usize, out: &mut [f64]) {
        out.fill(0.0);
        for (r, a) in self.column(c) {
            self.row(r).for_each(|(other, b)| out[other] += a * b);
        }
    }

    /// For each row the places in `columns` with an entry there, and these entries.
    pub fn rows_of(&self, columns: impl Iterator<Item = usize>) -> Vec<Vec<(usize, f64)>> {
        let mut lists = vec![Vec::new(); self.rows];
        for (place, c) in columns.enumerate() {
            self.column(c).for_each(|(r, a)| lists[r].push((place, a)));
        }
        lists
    }
}

fn lists(outer: usize, inner: usize, entry: impl Fn(usize, usize) -> f64) -> Lists {
    let mut lists = Lists { starts: vec![0], ..Lists::default() };
    for k in 0..outer {
        for i in 0..inner {
            let value = entry(k, i);
            if value != 0.0 {
                lists.indices.push(i as u32);
                lists.values.push(value);
            }
        }
        lists.starts.push(lists.values.len());
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_dense_matrix() {
        let dense = [1.0, 0.0, 2.0, 0.0, -1.0, 3.0];
        let entries = [(1, 2, 3.0), (0, 2, 2.0), (1, 1, -1.0), (0, 0, 1.0)];
        for a in [Table::from_rows(2, 3, &dense), Table::from_entries(2, 3, &entries)] {
            assert_eq!(a.entries(), 4);
            assert_eq!(a.times(&[2, 0], &[1.0, 5.0]), [7.0, 3.0]);
            assert_eq!(a.times_all(&[5.0, 0.0, 1.0]), [7.0, 3.0]);
            let mut out = [0.0; 3];
            a.transposed_times(&[1.0, 2.0], &mut out);
            assert_eq!(out, [1.0, -2.0, 8.0]);
            a.gram_column(2, &mut out);
            assert_eq!(out, [2.0, -3.0, 13.0]);
            assert_eq!(a.rows_of([2, 1].into_iter()), [vec![(0, 2.0)], vec![(0, 3.0), (1, -1.0)]]);
        }
    }
}
