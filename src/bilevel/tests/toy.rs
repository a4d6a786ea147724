//! Two problems: a quadratic one with a closed form (section 4.1 of arXiv 2308.10098), and logistic regression with
//! a penalty for each feature.

use crate::bilevel::metric::norm;
use crate::bilevel::problem::{Evaluated, LowerConstants, Problem, Rigor, SecondOrder, UpperConstants};
use crate::numerics::eigen::Eigen;
use crate::numerics::gram::Square;
use crate::numerics::kernels::{add, dot};
use crate::runtime::rng::{Purpose, Stream};

/// A dense matrix, row after row.
#[derive(Clone)]
pub struct Dense {
    pub rows: Vec<Vec<f64>>,
}

impl Dense {
    pub fn random(rows: usize, cols: usize, stream: &mut Stream) -> Self {
        Self { rows: (0..rows).map(|_| (0..cols).map(|_| stream.normal()).collect()).collect() }
    }

    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        self.rows.iter().map(|r| dot(r, x)).collect()
    }

    pub fn transposed_times(&self, y: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.rows[0].len()];
        self.rows.iter().zip(y).for_each(|(r, y)| add(*y, r, &mut out));
        out
    }

    fn gram(&self) -> Square {
        let n = self.rows[0].len();
        let mut gram = Square::zeros(n);
        for j in 0..n {
            for k in 0..n {
                gram.column_mut(j)[k] = self.rows.iter().map(|r| r[j] * r[k]).sum();
            }
        }
        gram
    }

    /// The least and the largest eigenvalue of the Gram matrix.
    pub fn extremes(&self) -> (f64, f64) {
        let values = Eigen::of(&self.gram()).unwrap().values;
        (values[0], values[values.len() - 1])
    }
}

/// The solution of a small dense system, by elimination with pivots.
pub fn solve_dense(matrix: &[Vec<f64>], b: &[f64]) -> Vec<f64> {
    let n = b.len();
    let mut rows: Vec<Vec<f64>> =
        matrix.iter().zip(b).map(|(r, b)| r.iter().copied().chain([*b]).collect()).collect();
    for k in 0..n {
        let pivot = (k..n).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs())).unwrap();
        rows.swap(k, pivot);
        for i in k + 1..n {
            let factor = rows[i][k] / rows[k][k];
            let (above, below) = rows.split_at_mut(i);
            add(-factor, &above[k], &mut below[0]);
        }
    }
    let mut x = vec![0.0; n];
    for k in (0..n).rev() {
        let rest: f64 = (k + 1..n).map(|j| rows[k][j] * x[j]).sum();
        x[k] = (rows[k][n] - rest) / rows[k][k];
    }
    x
}

/// `h_i = 1/2 |A2 x + A3 theta - b2|^2`, `g_i = 1/2 |A1 x - b1|^2`.
pub struct Quadratic {
    pub samples: Vec<Sample>,
    pub d: usize,
    pub bounds: Option<(f64, f64)>,
    pub has_mixed: bool,
}

pub struct Sample {
    pub a1: Dense,
    pub b1: Vec<f64>,
    pub a2: Dense,
    pub a3: Dense,
    pub b2: Vec<f64>,
    mu: f64,
    l: f64,
    l_g: f64,
}

impl Quadratic {
    pub fn new(samples: usize, n: usize, d: usize, seed: u64) -> Self {
        let mut stream = Stream::new(seed, Purpose::Probe, 77);
        let mut sample = || {
            let rows = 3 * n;
            let (a1, a2) = (Dense::random(rows, n, &mut stream), Dense::random(rows, n, &mut stream));
            let a3 = Dense::random(rows, d, &mut stream);
            let vector = |stream: &mut Stream| (0..rows).map(|_| stream.normal()).collect::<Vec<_>>();
            let (b1, b2) = (vector(&mut stream), vector(&mut stream));
            let ((mu, l), (_, l_g)) = (a2.extremes(), a1.extremes());
            Sample { a1, b1, a2, a3, b2, mu: mu * (1.0 - 1e-12), l, l_g }
        };
        Self { samples: (0..samples).map(|_| sample()).collect(), d, bounds: None, has_mixed: true }
    }

    fn residual(s: &Sample, x: &[f64], theta: &[f64]) -> Vec<f64> {
        let mut r = s.a2.times(x);
        add(1.0, &s.a3.times(theta), &mut r);
        add(-1.0, &s.b2, &mut r);
        r
    }

    /// `xhat_i(theta)`.
    pub fn exact_lower(&self, sample: usize, theta: &[f64]) -> Vec<f64> {
        let s = &self.samples[sample];
        let mut b = s.b2.clone();
        add(-1.0, &s.a3.times(theta), &mut b);
        let gram = s.a2.gram();
        let matrix: Vec<Vec<f64>> = (0..gram.size()).map(|j| gram.column(j).to_vec()).collect();
        solve_dense(&matrix, &s.a2.transposed_times(&b))
    }

    /// `f(theta)` and its gradient.
    pub fn exact(&self, theta: &[f64]) -> (f64, Vec<f64>) {
        let share = 1.0 / self.samples.len() as f64;
        let (mut f, mut gradient) = (0.0, vec![0.0; theta.len()]);
        for (i, s) in self.samples.iter().enumerate() {
            let x = self.exact_lower(i, theta);
            let mut r = s.a1.times(&x);
            add(-1.0, &s.b1, &mut r);
            f += share * 0.5 * dot(&r, &r);
            let gram = s.a2.gram();
            let matrix: Vec<Vec<f64>> = (0..gram.size()).map(|j| gram.column(j).to_vec()).collect();
            let q = solve_dense(&matrix, &s.a1.transposed_times(&r));
            let bq = s.a3.transposed_times(&s.a2.times(&q));
            add(-share, &bq, &mut gradient);
        }
        (f, gradient)
    }

    /// The minimizer of `f`, which is quadratic: from its gradient at 0 and along the axes.
    pub fn optimum(&self) -> Vec<f64> {
        let at_zero = self.exact(&vec![0.0; self.d]).1;
        let column = |j: usize| {
            let mut unit = vec![0.0; self.d];
            unit[j] = 1.0;
            let there = self.exact(&unit).1;
            there.iter().zip(&at_zero).map(|(a, b)| a - b).collect::<Vec<f64>>()
        };
        let matrix: Vec<Vec<f64>> = (0..self.d).map(column).collect();
        solve_dense(&matrix, &at_zero.iter().map(|g| -g).collect::<Vec<_>>())
    }
}

struct QuadraticSecond<'a>(&'a Sample, bool);

impl SecondOrder for QuadraticSecond<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        out.copy_from_slice(&self.0.a2.transposed_times(&self.0.a2.times(v)));
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        out.copy_from_slice(&self.0.a3.transposed_times(&self.0.a2.times(q)));
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        if self.1 {
            out.copy_from_slice(&self.0.a2.transposed_times(&self.0.a3.times(u)));
        }
        Ok(self.1)
    }
}

impl Problem for Quadratic {
    fn parameters(&self) -> usize {
        self.d
    }

    fn samples(&self) -> usize {
        self.samples.len()
    }

    fn variables(&self, sample: usize) -> usize {
        self.samples[sample].a2.rows[0].len()
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        let s = &self.samples[sample];
        let r = Self::residual(s, x, theta);
        gradient.copy_from_slice(&s.a2.transposed_times(&r));
        Ok(0.5 * dot(&r, &r))
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        _x: &'a [f64],
        _theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        Ok(Box::new(QuadraticSecond(&self.samples[sample], self.has_mixed)))
    }

    fn lower_constants(&self, sample: usize, _theta: &[f64]) -> Evaluated<LowerConstants> {
        let s = &self.samples[sample];
        Ok(LowerConstants { mu: s.mu, l: s.l, l_a: 0.0, l_b: 0.0, rigor: Rigor::Proven })
    }

    fn is_quadratic(&self) -> bool {
        true
    }

    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        _theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        let s = &self.samples[sample];
        let mut r = s.a1.times(x);
        add(-1.0, &s.b1, &mut r);
        in_x.copy_from_slice(&s.a1.transposed_times(&r));
        in_theta.fill(0.0);
        Ok(0.5 * dot(&r, &r))
    }

    fn upper_constants(&self, sample: usize) -> UpperConstants {
        UpperConstants {
            l_g: self.samples[sample].l_g,
            l_g_theta: 0.0,
            convex: true,
            squared_distance: None,
            rigor: Rigor::Proven,
        }
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        let (l, u) = self.bounds.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        lower.fill(l);
        upper.fill(u);
    }
}

/// `h = mean log(1 + exp(-y_r a_r'w)) + 1/2 sum_j exp(theta_j) w_j^2`, `g` the mean loss of other rows; a sample
/// for each fold.
pub struct Logistic {
    pub folds: Vec<(Dense, Dense)>,
    pub d: usize,
    pub preconditioned: bool,
    pub with_metric: bool,
    /// The lower bound of all parameters.
    pub least: f64,
}

impl Logistic {
    /// Rows are multiplied by their labels.
    pub fn new(folds: usize, d: usize, seed: u64) -> Self {
        let mut stream = Stream::new(seed, Purpose::Probe, 78);
        let truth: Vec<f64> = (0..d).map(|j| if j % 2 == 0 { stream.normal() } else { 0.0 }).collect();
        let mut rows = |count: usize| {
            let mut a = Dense::random(count, d, &mut stream);
            for row in &mut a.rows {
                let label = if dot(row, &truth) + 0.7 * stream.normal() > 0.0 { 1.0 } else { -1.0 };
                row.iter_mut().for_each(|a| *a *= label);
            }
            a
        };
        let folds = (0..folds).map(|_| (rows(4 * d), rows(3 * d))).collect();
        Self { folds, d, preconditioned: false, with_metric: false, least: -30.0 }
    }

    /// `xhat_i(theta)` to rounding, by Newton steps with dense solves.
    pub fn exact_lower(&self, fold: usize, theta: &[f64]) -> Vec<f64> {
        let a = &self.folds[fold].0;
        let mut w = vec![0.0; self.d];
        for _ in 0..100 {
            let mut gradient = vec![0.0; self.d];
            self.lower(fold, &w, theta, &mut gradient).unwrap();
            let weight = curvatures(a, &w);
            let entry = |j: usize, k: usize| {
                let sum: f64 = a.rows.iter().zip(&weight).map(|(r, s)| s * r[j] * r[k]).sum();
                sum + if j == k { theta[j].exp() } else { 0.0 }
            };
            let matrix: Vec<Vec<f64>> =
                (0..self.d).map(|j| (0..self.d).map(|k| entry(j, k)).collect()).collect();
            add(-1.0, &solve_dense(&matrix, &gradient), &mut w);
        }
        w
    }

    pub fn exact_value(&self, theta: &[f64]) -> f64 {
        let of = |i: usize| mean_loss(&self.folds[i].1, &self.exact_lower(i, theta));
        (0..self.folds.len()).map(of).sum::<f64>() / self.folds.len() as f64
    }

    /// The gradient of `f` by the implicit function theorem with dense solves.
    pub fn exact_gradient(&self, theta: &[f64]) -> Vec<f64> {
        let mut z = vec![0.0; self.d];
        for (i, (a, v)) in self.folds.iter().enumerate() {
            let w = self.exact_lower(i, theta);
            let weight = curvatures(a, &w);
            let entry = |j: usize, k: usize| {
                let sum: f64 = a.rows.iter().zip(&weight).map(|(r, s)| s * r[j] * r[k]).sum();
                sum + if j == k { theta[j].exp() } else { 0.0 }
            };
            let matrix: Vec<Vec<f64>> =
                (0..self.d).map(|j| (0..self.d).map(|k| entry(j, k)).collect()).collect();
            let q = solve_dense(&matrix, &loss_gradient(v, &w));
            for j in 0..self.d {
                z[j] -= theta[j].exp() * w[j] * q[j] / self.folds.len() as f64;
            }
        }
        z
    }
}

fn sigmoid(t: f64) -> f64 {
    if t >= 0.0 { 1.0 / (1.0 + (-t).exp()) } else { t.exp() / (1.0 + t.exp()) }
}

fn mean_loss(a: &Dense, w: &[f64]) -> f64 {
    let softplus = |t: f64| if t > 0.0 { t + (-t).exp().ln_1p() } else { t.exp().ln_1p() };
    a.times(w).iter().map(|z| softplus(-z)).sum::<f64>() / a.rows.len() as f64
}

fn loss_gradient(a: &Dense, w: &[f64]) -> Vec<f64> {
    let n = a.rows.len() as f64;
    a.transposed_times(&a.times(w).iter().map(|z| -sigmoid(-z) / n).collect::<Vec<_>>())
}

fn curvatures(a: &Dense, w: &[f64]) -> Vec<f64> {
    let n = a.rows.len() as f64;
    a.times(w).iter().map(|z| sigmoid(*z) * sigmoid(-z) / n).collect()
}

struct LogisticSecond<'a> {
    problem: &'a Logistic,
    a: &'a Dense,
    x: &'a [f64],
    theta: &'a [f64],
    weight: Vec<f64>,
}

impl SecondOrder for LogisticSecond<'_> {
    fn hessian(&self, v: &[f64], out: &mut [f64]) -> Evaluated<()> {
        let av: Vec<f64> = self.a.times(v).iter().zip(&self.weight).map(|(a, s)| a * s).collect();
        out.copy_from_slice(&self.a.transposed_times(&av));
        (0..v.len()).for_each(|j| out[j] += self.theta[j].exp() * v[j]);
        Ok(())
    }

    fn mixed_transposed(&self, q: &[f64], out: &mut [f64]) -> Evaluated<()> {
        (0..q.len()).for_each(|j| out[j] = self.theta[j].exp() * self.x[j] * q[j]);
        Ok(())
    }

    fn mixed(&self, u: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        self.mixed_transposed(u, out).map(|()| true)
    }

    fn precondition(&self, r: &[f64], out: &mut [f64]) -> Evaluated<bool> {
        (0..r.len()).for_each(|j| out[j] = r[j] / (self.theta[j].exp() + 0.1));
        Ok(self.problem.preconditioned)
    }
}

impl Problem for Logistic {
    fn parameters(&self) -> usize {
        self.d
    }

    fn samples(&self) -> usize {
        self.folds.len()
    }

    fn variables(&self, _sample: usize) -> usize {
        self.d
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        let a = &self.folds[sample].0;
        gradient.copy_from_slice(&loss_gradient(a, x));
        let mut value = mean_loss(a, x);
        for j in 0..x.len() {
            let c = theta[j].exp();
            gradient[j] += c * x[j];
            value += 0.5 * c * x[j] * x[j];
        }
        Ok(value)
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        let a = &self.folds[sample].0;
        Ok(Box::new(LogisticSecond { problem: self, a, x, theta, weight: curvatures(a, x) }))
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        let a = &self.folds[sample].0;
        let (n, largest) = (a.rows.len() as f64, a.extremes().1);
        let longest = a.rows.iter().map(|r| norm(r)).fold(0.0, f64::max);
        let most = theta.iter().map(|t| t.exp()).fold(0.0, f64::max);
        let least = theta.iter().map(|t| t.exp()).fold(f64::INFINITY, f64::min);
        Ok(LowerConstants {
            mu: least,
            l: largest / (4.0 * n) + most,
            l_a: 0.09623 * largest / n * longest,
            l_b: most,
            rigor: Rigor::Proven,
        })
    }

    fn metric(&self, _sample: usize, theta: &[f64], diagonal: &mut [f64]) -> Evaluated<bool> {
        diagonal.iter_mut().zip(theta).for_each(|(m, t)| *m = t.exp());
        Ok(self.with_metric)
    }

    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        _theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        let v = &self.folds[sample].1;
        in_x.copy_from_slice(&loss_gradient(v, x));
        in_theta.fill(0.0);
        Ok(mean_loss(v, x))
    }

    fn upper_constants(&self, sample: usize) -> UpperConstants {
        let v = &self.folds[sample].1;
        let l_g = v.extremes().1 / (4.0 * v.rows.len() as f64);
        UpperConstants { l_g, l_g_theta: 0.0, convex: true, squared_distance: None, rigor: Rigor::Proven }
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        lower.fill(self.least);
        upper.fill(30.0);
    }
}

/// A quadratic whose `g` is known to be half a squared distance.
pub struct Distance(pub Quadratic);

impl Problem for Distance {
    fn parameters(&self) -> usize {
        self.0.parameters()
    }

    fn samples(&self) -> usize {
        self.0.samples()
    }

    fn variables(&self, sample: usize) -> usize {
        self.0.variables(sample)
    }

    fn lower(&self, sample: usize, x: &[f64], theta: &[f64], gradient: &mut [f64]) -> Evaluated<f64> {
        self.0.lower(sample, x, theta, gradient)
    }

    fn second_order<'a>(
        &'a self,
        sample: usize,
        x: &'a [f64],
        theta: &'a [f64],
    ) -> Evaluated<Box<dyn SecondOrder + 'a>> {
        self.0.second_order(sample, x, theta)
    }

    fn lower_constants(&self, sample: usize, theta: &[f64]) -> Evaluated<LowerConstants> {
        self.0.lower_constants(sample, theta)
    }

    fn is_quadratic(&self) -> bool {
        true
    }

    fn upper(
        &self,
        sample: usize,
        x: &[f64],
        theta: &[f64],
        in_x: &mut [f64],
        in_theta: &mut [f64],
    ) -> Evaluated<f64> {
        self.0.upper(sample, x, theta, in_x, in_theta)
    }

    fn upper_constants(&self, sample: usize) -> UpperConstants {
        UpperConstants { l_g: 1.0, squared_distance: Some(1.0), ..self.0.upper_constants(sample) }
    }

    fn bounds(&self, lower: &mut [f64], upper: &mut [f64]) {
        self.0.bounds(lower, upper);
    }
}
