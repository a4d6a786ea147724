//! Sparse symmetric matrices: both triangles by rows, the diagonal apart.

use super::kernels::Scalar;
use super::sparse::{CallerIndex, SparseView};
use crate::runtime::error::{copied, out_of_memory};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result};

/// Rows that one thread multiplies at a time.
const CHUNK: usize = 1 << 14;

/// Largest difference between `a_ij` and `a_ji`, relative to the larger, that counts as rounding.
const ASYMMETRY: f64 = 1e-12;

/// A symmetric matrix, or the weights of an undirected graph. Entries off the diagonal are never 0; rows are ascending.
#[derive(Debug, Clone)]
pub struct SymmetricMatrix {
    pub(crate) starts: Vec<usize>,
    pub(crate) neighbours: Vec<u32>,
    pub(crate) values: Vec<f64>,
    pub(crate) diagonal: Vec<f64>,
}

impl SymmetricMatrix {
    /// From a square sparse array called `name` in messages, with both triangles stored (CSC and CSR are the same
    /// here). Stored zeros are no edges.
    ///
    /// Errors: not square, too large for 32-bit indices, a bad `indptr`, indices out of range, NaN or infinity, repeats
    /// unless `sum` is set, entries that differ from their mirror image; `Stopped` by the control, which is asked all
    /// along. Costs three passes over the entries, and a sort of each row that is not ascending.
    pub fn new<T: Scalar, P: CallerIndex, I: CallerIndex>(
        view: &SparseView<'_, T, P, I>,
        sum: bool,
        name: &str,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        let n = view.rows;
        if view.cols != n {
            return Err(Error::new(ErrorKind::Argument, name)
                .expected("as many columns as rows")
                .found(format!("{n} rows and {} columns", view.cols)));
        }
        fits(n, name)?;
        let indptr = view.positions(control)?;
        let mut matrix = Self::with_capacity(n, view.values.len(), name)?;
        let mut scratch = Vec::new();
        for i in 0..n {
            let range = indptr[i]..indptr[i + 1];
            let (columns, values) = (&view.indices[range.clone()], &view.values[range]);
            matrix.push_row(i, columns, values, sum, name, &mut scratch)?;
            control.spend(4 + 4 * columns.len() as u64)?;
        }
        matrix.check_mirror(name, control)?;
        Ok(matrix)
    }

    /// From undirected edges: each pair is given once, in either order. Pairs `(i, i)` add to the diagonal.
    ///
    /// Errors: as [`SymmetricMatrix::new`]; a pair that is there twice is a repeat, whatever its order.
    pub fn from_edges(
        n: usize,
        edges: impl Iterator<Item = (usize, usize, f64)> + Clone,
        sum: bool,
        name: &str,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        fits(n, name)?;
        let mut starts = filled(name, n + 1, 0_usize)?;
        for (e, (i, j, w)) in edges.clone().enumerate() {
            let place = || format!("edge {e}");
            if i >= n || j >= n {
                return Err(Error::new(ErrorKind::Data, name)
                    .at(place())
                    .expected(format!("nodes in 0..{n}"))
                    .found(format!("({i}, {j})")));
            }
            if !w.is_finite() {
                return Err(Error::new(ErrorKind::Data, name)
                    .at(place())
                    .expected("a finite number")
                    .found(w));
            }
            starts[i + 1] += 1;
            if i != j {
                starts[j + 1] += 1;
            }
            control.spend(4)?;
        }
        (0..n).for_each(|i| starts[i + 1] += starts[i]);
        let mut next = copied(name, &starts)?;
        let mut columns = filled(name, starts[n], 0_i64)?;
        let mut values = filled(name, starts[n], 0.0)?;
        let mut put = |i: usize, j: usize, w: f64| {
            columns[next[i]] = j as i64;
            values[next[i]] = w;
            next[i] += 1;
        };
        for (i, j, w) in edges {
            put(i, j, w);
            if i != j {
                put(j, i, w);
            }
            control.spend(4)?;
        }
        let mut matrix = Self::with_capacity(n, values.len(), name)?;
        let mut scratch = Vec::new();
        for i in 0..n {
            let range = starts[i]..starts[i + 1];
            matrix.push_row(i, &columns[range.clone()], &values[range.clone()], sum, name, &mut scratch)?;
            control.spend(4 + 4 * range.len() as u64)?;
        }
        Ok(matrix)
    }

    /// No rows yet, room for `entries`.
    pub(crate) fn with_capacity(n: usize, entries: usize, name: &str) -> Result<Self> {
        let mut matrix =
            Self { starts: Vec::new(), neighbours: Vec::new(), values: Vec::new(), diagonal: Vec::new() };
        matrix.starts.try_reserve_exact(n + 1).map_err(|_| out_of_memory(name, n + 1, 8))?;
        matrix.neighbours.try_reserve_exact(entries).map_err(|_| out_of_memory(name, entries, 4))?;
        matrix.values.try_reserve_exact(entries).map_err(|_| out_of_memory(name, entries, 8))?;
        matrix.diagonal.try_reserve_exact(n).map_err(|_| out_of_memory(name, n, 8))?;
        matrix.starts.push(0);
        Ok(matrix)
    }

    /// Appends row `i`, checked, sorted, and with repeats refused or summed.
    fn push_row<T: Scalar, I: CallerIndex>(
        &mut self,
        i: usize,
        columns: &[I],
        values: &[T],
        sum: bool,
        name: &str,
        scratch: &mut Vec<(u32, f64)>,
    ) -> Result<()> {
        let ascending = columns.windows(2).all(|w| w[0].value() < w[1].value());
        let mut diagonal = 0.0;
        if ascending {
            for (column, value) in columns.iter().zip(values) {
                let (j, value) = (column.value() as u32, value.wide());
                if j as usize == i {
                    diagonal = value;
                } else if value != 0.0 {
                    self.neighbours.push(j);
                    self.values.push(value);
                }
            }
        } else {
            scratch.clear();
            scratch.extend(columns.iter().zip(values).map(|(c, v)| (c.value() as u32, v.wide())));
            scratch.sort_by_key(|(j, _)| *j);
            let mut k = 0;
            while k < scratch.len() {
                let (j, mut value) = scratch[k];
                k += 1;
                while k < scratch.len() && scratch[k].0 == j {
                    if !sum {
                        return Err(Error::new(ErrorKind::Data, name)
                            .at(format!("row {i}, column {j}"))
                            .expected("one entry (option duplicates=sum adds repeats)")
                            .found("a repeat"));
                    }
                    value += scratch[k].1;
                    k += 1;
                }
                if !value.is_finite() {
                    return Err(Error::new(ErrorKind::Data, name)
                        .at(format!("row {i}, column {j}"))
                        .expected("a finite sum of repeats")
                        .found(value));
                }
                if j as usize == i {
                    diagonal = value;
                } else if value != 0.0 {
                    self.neighbours.push(j);
                    self.values.push(value);
                }
            }
        }
        self.diagonal.push(diagonal);
        self.starts.push(self.values.len());
        Ok(())
    }

    /// Every entry must have its mirror image. Linear: the lower parts of rows are met in ascending order.
    fn check_mirror(&mut self, name: &str, control: &mut Control<'_>) -> Result<()> {
        let n = self.size();
        let mut next = copied(name, &self.starts[..n])?;
        for i in 0..n {
            // What is left of row i below the diagonal has no mirror image above it.
            if let Some(&j) = self.neighbours[next[i]..self.starts[i + 1]].first()
                && (j as usize) < i
            {
                return Err(unmatched(name, i, j as usize));
            }
            for k in next[i]..self.starts[i + 1] {
                let j = self.neighbours[k] as usize;
                let mirror = next[j];
                if mirror >= self.starts[j + 1] || self.neighbours[mirror] as usize != i {
                    return Err(unmatched(name, i, j));
                }
                let (a, b) = (self.values[k], self.values[mirror]);
                if a != b {
                    if (a - b).abs() > ASYMMETRY * a.abs().max(b.abs()) {
                        return Err(Error::new(ErrorKind::Data, name)
                            .at(format!("row {i}, column {j}"))
                            .expected(format!("{b}, as in row {j}, column {i}: a symmetric matrix"))
                            .found(a));
                    }
                    self.values[mirror] = a;
                }
                next[j] = mirror + 1;
            }
            control.spend(4 + 2 * self.degree(i) as u64)?;
        }
        Ok(())
    }

    /// Rows.
    pub fn size(&self) -> usize {
        self.diagonal.len()
    }

    /// Entries off the diagonal, each pair twice.
    pub fn entries(&self) -> usize {
        self.values.len()
    }

    /// The diagonal.
    pub fn diagonal(&self) -> &[f64] {
        &self.diagonal
    }

    /// Row `i` without its diagonal: (column, value), ascending.
    #[inline]
    pub fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[i]..self.starts[i + 1];
        self.neighbours[range.clone()].iter().map(|j| *j as usize).zip(self.values[range].iter().copied())
    }

    /// Entries of row `i` off the diagonal.
    #[inline]
    pub fn degree(&self, i: usize) -> usize {
        self.starts[i + 1] - self.starts[i]
    }

    /// `(A x)_i`
    #[inline]
    pub fn row_dot(&self, i: usize, x: &[f64]) -> f64 {
        self.row(i).fold(self.diagonal[i] * x[i], |s, (j, v)| s + v * x[j])
    }

    /// `out = A x`
    pub fn times(&self, x: &[f64], out: &mut [f64], team: &Team<'_>) {
        team.fill(out, CHUNK, |first, part| {
            for (k, o) in part.iter_mut().enumerate() {
                *o = self.row_dot(first + k, x);
            }
        });
    }

    /// Flops of a product.
    pub fn flops(&self) -> u64 {
        2 * (self.entries() + self.size()) as u64
    }

    /// The comparison matrix, whose entries off the diagonal are `-|a_ij|`; `None` where that is the matrix itself.
    pub(crate) fn comparison(&self) -> Option<Self> {
        if self.values.iter().all(|v| *v < 0.0) {
            return None;
        }
        let mut out = self.clone();
        out.values.iter_mut().for_each(|v| *v = -v.abs());
        Some(out)
    }

    /// Multiplies the matrix by a number.
    pub fn scale(&mut self, scale: f64) {
        self.values.iter_mut().chain(&mut self.diagonal).for_each(|v| *v *= scale);
    }

    /// The same matrix with its rows and columns in another order: new `k` is old `order[k]`.
    pub fn permuted(&self, order: &[u32]) -> Self {
        let mut place = vec![0_u32; order.len()];
        order.iter().enumerate().for_each(|(k, &i)| place[i as usize] = k as u32);
        let mut out = Self {
            starts: Vec::with_capacity(order.len() + 1),
            neighbours: Vec::with_capacity(self.entries()),
            values: Vec::with_capacity(self.entries()),
            diagonal: order.iter().map(|&i| self.diagonal[i as usize]).collect(),
        };
        out.starts.push(0);
        for &i in order {
            let range = self.starts[i as usize]..self.starts[i as usize + 1];
            let first = out.neighbours.len();
            out.neighbours.extend(self.neighbours[range.clone()].iter().map(|j| place[*j as usize]));
            out.values.extend_from_slice(&self.values[range]);
            sort_row(&mut out.neighbours[first..], &mut out.values[first..]);
            out.starts.push(out.values.len());
        }
        out
    }
}

/// `count` times `value`. Errors: `Memory`, where an allocation that cannot fail would end the process.
pub(crate) fn filled<T: Clone>(name: &str, count: usize, value: T) -> Result<Vec<T>> {
    let mut out = Vec::new();
    out.try_reserve_exact(count).map_err(|_| out_of_memory(name, count, size_of::<T>()))?;
    out.resize(count, value);
    Ok(out)
}

/// Insertion sort: rows of graphs are short, and long ones are nearly sorted or go the general way.
pub(crate) fn sort_row(columns: &mut [u32], values: &mut [f64]) {
    const SHORT: usize = 24;
    if columns.len() > SHORT {
        let mut pairs: Vec<(u32, f64)> = columns.iter().copied().zip(values.iter().copied()).collect();
        pairs.sort_unstable_by_key(|p| p.0);
        for (k, (j, v)) in pairs.into_iter().enumerate() {
            columns[k] = j;
            values[k] = v;
        }
        return;
    }
    for k in 1..columns.len() {
        let (j, v) = (columns[k], values[k]);
        let mut at = k;
        while at > 0 && columns[at - 1] > j {
            columns[at] = columns[at - 1];
            values[at] = values[at - 1];
            at -= 1;
        }
        columns[at] = j;
        values[at] = v;
    }
}

/// Node numbers are kept in 32 bits.
fn fits(n: usize, name: &str) -> Result<()> {
    if u32::try_from(n).is_ok_and(|n| n < u32::MAX) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unsupported, name).expected(format!("fewer than {} nodes", u32::MAX)).found(n))
}

fn unmatched(name: &str, i: usize, j: usize) -> Error {
    Error::new(ErrorKind::Data, name)
        .at(format!("row {i}, column {j}"))
        .expected("a symmetric matrix with both triangles stored")
        .found(format!("no entry in row {j}, column {i}, or another one"))
}
