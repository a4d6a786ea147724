//! Problems without structure, and figures by plain loops that share no code with the library.
#![allow(dead_code)] // each test file uses a part

use southwell::bcd::{Problem, Solution, solve};
use southwell::numerics::sparse::{CallerIndex, SparseForm};
use southwell::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};
use southwell::runtime::{Control, Family, Options};

pub const INF: f64 = f64::INFINITY;

/// Numbers without structure in [-1, 1), the same on every run.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 / (1_u64 << 53) as f64) * 2.0 - 1.0
    }

    pub fn vector(&mut self, len: usize) -> Vec<f64> {
        (0..len).map(|_| self.next()).collect()
    }
}

/// Columns one after the other, and a score for each row from which targets are made.
#[derive(Clone)]
pub struct Data {
    pub rows: usize,
    pub cols: usize,
    pub a: Vec<f64>,
    pub score: Vec<f64>,
}

/// Random columns of which a share `density` of the entries is not 0, rounded to f32 so that every storage holds the
/// same numbers.
pub fn data(rows: usize, cols: usize, density: f64, seed: u64) -> Data {
    let mut n = Numbers(seed);
    let a: Vec<f64> = (0..rows * cols)
        .map(|_| {
            let (value, kept) = (n.next(), n.next().abs() <= density);
            if kept { f64::from(value as f32) } else { 0.0 }
        })
        .collect();
    let truth: Vec<f64> = (0..cols).map(|j| if j % 5 == 0 { 2.0 * n.next() } else { 0.0 }).collect();
    let mut score: Vec<f64> = (0..rows).map(|_| 0.3 + 0.5 * n.next()).collect();
    for (column, t) in a.chunks(rows.max(1)).zip(&truth) {
        score.iter_mut().zip(column).for_each(|(s, a)| *s += t * a);
    }
    Data { rows, cols, a, score }
}

impl Data {
    /// From columns.
    pub fn of(columns: &[&[f64]], y: &[f64]) -> Data {
        Data { rows: y.len(), cols: columns.len(), a: columns.concat(), score: y.to_vec() }
    }

    pub fn column(&self, j: usize) -> &[f64] {
        &self.a[j * self.rows..(j + 1) * self.rows]
    }

    /// Targets that the loss takes.
    pub fn target(&self, loss: &str) -> Vec<f64> {
        let label = |r: usize, s: f64| if (s > 0.3) ^ r.is_multiple_of(7) { 1.0 } else { -1.0 };
        match loss {
            // A few labels are wrong, so that nothing is separable.
            "logistic" | "squared-hinge" | "hinge" => {
                self.score.iter().enumerate().map(|(r, s)| label(r, *s)).collect()
            }
            "poisson" => self.score.iter().map(|s| s.exp().min(20.0).floor()).collect(),
            _ => self.score.clone(),
        }
    }

    pub fn dense(&self) -> Matrix<'_> {
        let (rows, cols) = (self.rows, self.cols);
        Matrix::dense_borrowed(DenseView { data: &self.a, rows, cols, ld: rows, order: Order::ColumnMajor })
            .unwrap()
    }

    pub fn dense32(&self) -> Matrix<'static> {
        let narrow: Vec<f32> = self.a.iter().map(|a| *a as f32).collect();
        let (rows, cols) = (self.rows, self.cols);
        Matrix::dense(DenseView { data: &narrow, rows, cols, ld: rows, order: Order::ColumnMajor }).unwrap()
    }

    /// Compressed columns of `T`, with indices of `I`.
    pub fn sparse<T, I>(&self, narrow: impl Fn(f64) -> T, index: impl Fn(usize) -> I) -> Matrix<'static>
    where
        T: SparseForm<u32> + SparseForm<u64>,
        I: CallerIndex,
    {
        let (mut indptr, mut indices, mut values) = (vec![index(0)], Vec::new(), Vec::new());
        for j in 0..self.cols {
            for (r, a) in self.column(j).iter().enumerate().filter(|(_, a)| **a != 0.0) {
                indices.push(index(r));
                values.push(narrow(*a));
            }
            indptr.push(index(values.len()));
        }
        let view = SparseView {
            rows: self.rows,
            cols: self.cols,
            indptr: &indptr[..],
            indices: &indices[..],
            values: &values[..],
            layout: Layout::Csc,
        };
        Matrix::sparse(view, Duplicates::Error).unwrap()
    }

    pub fn sparse64(&self) -> Matrix<'static> {
        self.sparse(|a| a, |k| k as i32)
    }

    pub fn problem(&self, loss: &str) -> Problem<'_> {
        Problem::new(self.dense(), &self.target(loss)).unwrap()
    }
}

pub fn options(pairs: &[(&str, &str)]) -> Options {
    let mut options = Options::new(Family::Bcd);
    for (key, value) in pairs {
        options.set_text(key, value).unwrap();
    }
    options
}

pub fn run(problem: &Problem<'_>, pairs: &[(&str, &str)]) -> Solution {
    solve(problem, &options(pairs), None, &mut Control::new()).unwrap()
}

/// A separable objective, `sum_r s_r phi(a_r'x + b + o_r) + sum_j c_j x_j + l1_j |x_j| + l2_j/2 x_j^2` within bounds.
pub struct Plain<'d> {
    pub data: &'d Data,
    pub loss: &'d str,
    pub y: Vec<f64>,
    pub s: Vec<f64>,
    pub o: Vec<f64>,
    pub c: Vec<f64>,
    pub l1: Vec<f64>,
    pub l2: Vec<f64>,
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
    pub intercept: bool,
}

impl<'d> Plain<'d> {
    /// Every coefficient with the same penalty, every row with weight 1.
    pub fn new(data: &'d Data, loss: &'d str, l1: f64, l2: f64, intercept: bool) -> Self {
        let (rows, cols) = (data.rows, data.cols);
        Plain {
            data,
            loss,
            y: data.target(loss),
            s: vec![1.0; rows],
            o: vec![0.0; rows],
            c: vec![0.0; cols],
            l1: vec![l1; cols],
            l2: vec![l2; cols],
            lower: vec![-INF; cols],
            upper: vec![INF; cols],
            intercept,
        }
    }

    pub fn predictor(&self, x: &[f64], b: f64) -> Vec<f64> {
        let mut z: Vec<f64> = self.o.iter().map(|o| o + b).collect();
        for (j, x) in x.iter().enumerate() {
            z.iter_mut().zip(self.data.column(j)).for_each(|(z, a)| *z += x * a);
        }
        z
    }

    pub fn objective(&self, x: &[f64], b: f64) -> f64 {
        let z = self.predictor(x, b);
        let loss: f64 = (0..z.len()).map(|r| self.s[r] * phi(self.loss, z[r], self.y[r]).0).sum();
        let penalty = |j: usize| {
            if x[j] < self.lower[j] || x[j] > self.upper[j] {
                INF
            } else if x[j] == 0.0 {
                0.0
            } else {
                self.c[j] * x[j] + self.l1[j] * x[j].abs() + 0.5 * self.l2[j] * x[j] * x[j]
            }
        };
        loss + (0..x.len()).map(penalty).sum::<f64>()
    }

    /// The gradient of the loss and the linear term, and the loss's slope in the intercept.
    pub fn gradient(&self, x: &[f64], b: f64) -> (Vec<f64>, f64) {
        let z = self.predictor(x, b);
        let d: Vec<f64> = (0..z.len()).map(|r| self.s[r] * phi(self.loss, z[r], self.y[r]).1).collect();
        let dot = |j: usize| self.c[j] + self.data.column(j).iter().zip(&d).map(|(a, d)| a * d).sum::<f64>();
        ((0..x.len()).map(dot).collect(), d.iter().sum())
    }

    /// The largest distance of minus the gradient from the subdifferential of the penalty and bounds.
    pub fn violation(&self, x: &[f64], b: f64) -> f64 {
        let (g, slope) = self.gradient(x, b);
        let mut worst = if self.intercept { slope.abs() } else { 0.0 };
        for j in 0..x.len() {
            let (mut low, mut high) = (g[j] + self.l2[j] * x[j], g[j] + self.l2[j] * x[j]);
            if x[j] == 0.0 {
                (low, high) = (low - self.l1[j], high + self.l1[j]);
            } else {
                (low, high) = (low + self.l1[j] * x[j].signum(), high + self.l1[j] * x[j].signum());
            }
            // At a bound the normal cone opens.
            if x[j] <= self.lower[j] {
                low = -INF;
            }
            if x[j] >= self.upper[j] {
                high = INF;
            }
            worst = worst.max(low.max(0.0)).max((-high).max(0.0));
        }
        worst
    }
}

/// Value and slope of a loss at one prediction.
pub fn phi(loss: &str, z: f64, y: f64) -> (f64, f64) {
    match loss {
        "squared" => (0.5 * (z - y) * (z - y), z - y),
        "logistic" => {
            let t = -y * z;
            let value = if t > 0.0 { t + (-t).exp().ln_1p() } else { t.exp().ln_1p() };
            (value, -y / (1.0 + (-t).exp()))
        }
        "squared-hinge" => {
            let m = (1.0 - y * z).max(0.0);
            (m * m, -2.0 * y * m)
        }
        "huber" => {
            let u = z - y;
            if u.abs() <= 1.0 { (0.5 * u * u, u) } else { (u.abs() - 0.5, u.signum()) }
        }
        "pseudo-huber" => {
            let u = z - y;
            let h = (1.0 + u * u).sqrt();
            (u * u / (h + 1.0), u / h)
        }
        "poisson" => (z.exp() - y * z, z.exp() - y),
        _ => unreachable!("{loss}"),
    }
}
