//! Small problems of each kind, and theta at which they are looked at.

use super::super::super::problem::Problem;
use super::super::sampling::Fixed;
use super::super::{
    Boundary, Coupling, Data, Experts, FieldOfExperts, Grid, Image, KernelRidge, Lengths, Quadratic,
    Sampling, Sharing, Split, Sure, Task, Tikhonov, TotalVariation, WeightedTotalVariation, huber,
    hyper_cleaning, logistic, multinomial, proximal, ridge, smoothed_elastic_net, squared_hinge,
};
use super::normal;
use crate::model::Loss;
use crate::model::loss::{Logistic, PseudoHuber, Squared};
use crate::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};

/// A problem, and what is expected of it.
pub struct Case {
    pub name: &'static str,
    pub problem: Box<dyn Problem>,
    pub theta: Vec<f64>,
    /// Size of the entries of `x`.
    pub spread: f64,
    /// Whether the curvature is smooth.
    pub is_smooth: bool,
    pub has_l_a: bool,
    pub has_l_b: bool,
    /// How many times `L` may exceed the largest eigenvalue that is met.
    pub loose: f64,
}

/// What targets are.
#[derive(Clone, Copy)]
pub enum Kind {
    Numbers,
    Labels,
    Classes(usize),
}

/// Columns, one after another.
pub fn matrix(data: &[f64], rows: usize, cols: usize) -> Matrix<'static> {
    Matrix::dense(DenseView { data, rows, cols, ld: rows, order: Order::ColumnMajor }).unwrap()
}

pub fn dense(rows: usize, cols: usize, seed: u64) -> Matrix<'static> {
    matrix(&normal(rows * cols, seed), rows, cols)
}

/// About one entry in three.
fn sparse(rows: usize, cols: usize, seed: u64) -> Matrix<'static> {
    let (mut indptr, mut indices, mut values) = (vec![0_i32], Vec::new(), Vec::new());
    let entries = normal(rows * cols, seed);
    for j in 0..cols {
        for r in (0..rows).filter(|r| (r * 7 + j * 5) % 3 == 0) {
            indices.push(r as i32);
            values.push(entries[j * rows + r]);
        }
        indptr.push(indices.len() as i32);
    }
    let view =
        SparseView { rows, cols, indptr: &indptr, indices: &indices, values: &values, layout: Layout::Csc };
    Matrix::sparse(view, Duplicates::Error).unwrap()
}

pub fn data(x: Matrix<'static>, kind: Kind, seed: u64) -> Data {
    let y = normal(x.rows(), seed).into_iter().enumerate().map(|(r, y)| match kind {
        Kind::Numbers => y,
        Kind::Labels => 1.0_f64.copysign(y),
        Kind::Classes(classes) => ((r * 5 + (y.abs() * 10.0) as usize) % classes) as f64,
    });
    Data { y: y.collect(), x }
}

pub fn task(rows: usize, cols: usize, kind: Kind, seed: u64) -> Task {
    Task {
        training: data(dense(rows, cols, seed), kind, seed + 1),
        validation: data(dense(rows / 2 + 1, cols, seed + 2), kind, seed + 3),
    }
}

fn hold_out(rows: usize, cols: usize, kind: Kind, seed: u64) -> Split {
    Split::HoldOut(task(rows, cols, kind, seed))
}

fn sparse_task(rows: usize, cols: usize, kind: Kind, seed: u64) -> Task {
    Task {
        training: data(sparse(rows, cols, seed), kind, seed + 1),
        validation: data(sparse(rows, cols, seed + 2), kind, seed + 3),
    }
}

fn folds(rows: usize, cols: usize, kind: Kind, seed: u64) -> Split {
    Split::Folds {
        data: data(dense(rows, cols, seed), kind, seed + 1),
        fold: (0..rows).map(|r| r % 3).collect(),
    }
}

/// Piecewise constant shapes beside a texture of a few waves, with noise.
pub fn image(height: usize, width: usize, seed: u64) -> Image {
    let shape = |k: usize| {
        let (i, j) = ((k / width) as f64 / height as f64, (k % width) as f64 / width as f64);
        f64::from(u8::from(i + j > 0.8)) + if (i - 0.4).hypot(j - 0.3) < 0.25 { 0.5 } else { 0.0 }
    };
    let waves = normal(9, seed + 1000);
    let wave = |w: &[f64], i: f64, j: f64| (1.5 * w[0] * i + 1.5 * w[1] * j + 3.0 * w[2]).cos();
    let texture = |k: usize| {
        let (i, j) = ((k / width) as f64, (k % width) as f64);
        if 2.0 * i > height as f64 { waves.chunks_exact(3).map(|w| 0.05 * wave(w, i, j)).sum() } else { 0.0 }
    };
    let truth: Vec<f64> = (0..height * width).map(|k| shape(k) + texture(k)).collect();
    let noisy = truth.iter().zip(normal(truth.len(), seed)).map(|(t, e)| t + 0.2 * e).collect();
    Image { grid: Grid { height, width }, noisy, truth: Some(truth) }
}

impl Case {
    fn new(name: &'static str, problem: impl Problem + 'static, theta: Vec<f64>) -> Self {
        let (problem, spread) = (Box::new(problem), 0.7);
        Self { name, problem, theta, spread, is_smooth: true, has_l_a: true, has_l_b: true, loose: 6.0 }
    }

    fn with_jumps(self, has_l_b: bool) -> Self {
        Self { is_smooth: false, has_l_a: false, has_l_b, ..self }
    }

    fn loose(self, loose: f64) -> Self {
        Self { loose, ..self }
    }
}

pub fn cases() -> Vec<Case> {
    cases_of(0)
}

/// The same problems on other data and at another theta for each draw.
pub fn cases_of(draw: u64) -> Vec<Case> {
    let seed = |of: u64| of + 10_000 * draw;
    let mut cases = linear_models(seed);
    cases.extend(other_models(seed));
    cases.extend(image_problems(seed));
    cases.extend(experts(seed));
    cases
}

fn linear_models(seed: impl Fn(u64) -> u64 + Copy) -> Vec<Case> {
    let (numbers, labels, classes) = (Kind::Numbers, Kind::Labels, Kind::Classes(3));
    let groups = Sharing::Groups(vec![0, 1, 0, 2]);
    let log = |count: usize| normal(count, seed(40)).into_iter().map(|t| 0.5 * t - 1.0).collect::<Vec<f64>>();
    let many = (0..3).map(|k| task(6 + k, 4, numbers, seed(50 + k as u64))).collect();
    vec![
        Case::new("ridge", ridge(hold_out(9, 4, numbers, seed(1)), &Sharing::Single, false).unwrap(), log(1)),
        Case::new(
            "ridge of one number",
            ridge(hold_out(1, 1, numbers, seed(2)), &Sharing::Single, false).unwrap(),
            log(1),
        ),
        Case::new(
            "ridge per feature",
            ridge(folds(9, 4, numbers, seed(3)), &Sharing::PerFeature, true).unwrap(),
            log(4),
        ),
        Case::new(
            "ridge per group",
            ridge(hold_out(3, 4, numbers, seed(4)), &groups, false).unwrap(),
            log(3),
        ),
        Case::new(
            "sparse ridge",
            ridge(Split::HoldOut(sparse_task(12, 5, numbers, seed(5))), &Sharing::PerFeature, true).unwrap(),
            log(5),
        ),
        Case::new(
            "logistic",
            logistic(hold_out(9, 4, labels, seed(6)), &Sharing::Single, true).unwrap(),
            log(1),
        ),
        Case::new(
            "logistic of one number",
            logistic(hold_out(1, 1, labels, seed(7)), &Sharing::Single, false).unwrap(),
            log(1),
        ),
        Case::new(
            "logistic in folds",
            logistic(folds(9, 4, labels, seed(8)), &Sharing::PerFeature, false).unwrap(),
            log(4),
        ),
        Case::new(
            "sparse logistic",
            logistic(Split::HoldOut(sparse_task(12, 5, labels, seed(9))), &Sharing::Single, true).unwrap(),
            log(1),
        ),
        Case::new(
            "multinomial",
            multinomial(hold_out(12, 4, classes, seed(10)), 3, &Sharing::Single, false).unwrap(),
            log(1),
        ),
        Case::new(
            "multinomial per class",
            multinomial(folds(12, 4, classes, seed(11)), 3, &Sharing::PerOutput, true).unwrap(),
            log(3),
        ),
        Case::new(
            "multinomial per feature",
            multinomial(hold_out(12, 4, classes, seed(12)), 3, &Sharing::PerFeature, false).unwrap(),
            log(4),
        ),
        Case::new(
            "sparse multinomial per weight",
            multinomial(Split::HoldOut(sparse_task(12, 4, classes, seed(13))), 3, &Sharing::PerWeight, true)
                .unwrap(),
            log(12),
        ),
        Case::new(
            "smoothed elastic net",
            smoothed_elastic_net(hold_out(9, 4, numbers, seed(14)), Loss::Squared(Squared), 0.4, true)
                .unwrap(),
            log(2),
        ),
        Case::new(
            "smoothed elastic net, logistic",
            smoothed_elastic_net(folds(9, 4, labels, seed(15)), Loss::Logistic(Logistic), 0.5, false)
                .unwrap(),
            log(2),
        ),
        Case::new(
            "squared hinge",
            squared_hinge(hold_out(9, 4, labels, seed(16)), 0.0, true).unwrap(),
            log(1),
        )
        .with_jumps(true),
        Case::new(
            "ramped squared hinge",
            squared_hinge(hold_out(9, 4, labels, seed(17)), 0.5, false).unwrap(),
            log(1),
        )
        .with_ramp(),
        Case::new(
            "Huber",
            huber(hold_out(9, 4, numbers, seed(18)), false, 0.8, &Sharing::Single, false).unwrap(),
            log(2),
        )
        .with_jumps(false),
        Case::new(
            "smooth Huber",
            huber(folds(9, 4, numbers, seed(19)), true, 0.8, &Sharing::PerFeature, true).unwrap(),
            log(5),
        ),
        Case::new(
            "hyper-cleaning",
            hyper_cleaning(task(9, 4, labels, seed(20)), 0, 0.1, true).unwrap(),
            log(9),
        ),
        Case::new(
            "hyper-cleaning of classes",
            hyper_cleaning(sparse_task(12, 4, classes, seed(21)), 3, 0.2, false).unwrap(),
            log(12),
        ),
        Case::new(
            "proximal tasks",
            proximal(Split::Tasks(many), Loss::Squared(Squared), 0.5, false).unwrap(),
            normal(4, seed(41)),
        ),
        Case::new(
            "proximal, smooth Huber",
            proximal(
                hold_out(9, 3, numbers, seed(22)),
                Loss::PseudoHuber(PseudoHuber { delta: 0.7 }),
                0.3,
                true,
            )
            .unwrap(),
            normal(4, seed(42)),
        ),
    ]
}

fn other_models(seed: impl Fn(u64) -> u64 + Copy) -> Vec<Case> {
    let quadratic = |rows: usize, n: usize, d: usize| {
        Quadratic::new(
            dense(rows, n, seed(30)),
            normal(rows, seed(31)),
            dense(rows + 2, n, seed(32)),
            dense(rows + 2, d, seed(33)),
            normal(rows + 2, seed(34)),
        )
        .unwrap()
    };
    let net = ridge(hold_out(9, 4, Kind::Numbers, seed(35)), &Sharing::PerFeature, false).unwrap();
    vec![
        Case::new("quadratic", quadratic(8, 5, 3), normal(3, seed(43))),
        Case::new("quadratic of one number", quadratic(1, 1, 1), normal(1, seed(44))),
        Case::new(
            "kernel ridge",
            KernelRidge::new(task(9, 2, Kind::Numbers, seed(36)), Lengths::Shared).unwrap(),
            vec![-2.0, 0.3],
        ),
        Case::new(
            "kernel ridge per feature",
            KernelRidge::new(sparse_task(9, 3, Kind::Numbers, seed(37)), Lengths::PerFeature).unwrap(),
            vec![-3.0, 0.4, -0.2, 0.7],
        ),
        Case::new(
            "kernel ridge of one number",
            KernelRidge::new(task(1, 1, Kind::Numbers, seed(38)), Lengths::Shared).unwrap(),
            vec![-1.0, 0.1],
        ),
        Case::new(
            "ridge with a pull",
            Tikhonov::new(net, 0.3, normal(4, seed(45))).unwrap(),
            normal(4, seed(46)),
        ),
    ]
}

fn image_problems(seed: impl Fn(u64) -> u64 + Copy) -> Vec<Case> {
    let (isotropic, anisotropic) = (Coupling::Isotropic, Coupling::Anisotropic);
    let images = || vec![image(6, 5, seed(60)), image(4, 7, seed(61))];
    let mask = |i: usize, n: usize| {
        (0..n).map(|k| if (k + i).is_multiple_of(3) { 0.0 } else { 0.8 }).collect::<Vec<f64>>()
    };
    let coefficients = |grid: Grid| Image {
        noisy: normal(grid.height * grid.width, seed(62)),
        ..image(grid.height, grid.width, seed(63))
    };
    let fixed = Fixed { v: 0.3, ridge: 1e-3, cost: 0.5 };
    let signal = || vec![image(1, 12, seed(64))];
    let denoising = |coupling, ridge| TotalVariation::denoising(images(), coupling, ridge).unwrap();
    vec![
        Case::new("total variation", denoising(isotropic, false), vec![-1.0, -1.0]),
        Case::new(
            "anisotropic total variation with ridge",
            denoising(anisotropic, true),
            vec![-0.5, -0.8, -2.0],
        ),
        Case::new(
            "total variation of a signal",
            TotalVariation::denoising(signal(), isotropic, false).unwrap(),
            vec![-1.0, -1.2],
        ),
        Case::new(
            "total variation of one pixel",
            TotalVariation::denoising(vec![image(1, 1, seed(65))], isotropic, true).unwrap(),
            vec![-1.0, -1.2, -1.0],
        ),
        Case::new(
            "masked total variation",
            TotalVariation::masked(images(), vec![mask(0, 30), mask(1, 28)], isotropic, true).unwrap(),
            vec![-1.0, -1.0, -3.0],
        ),
        Case::new(
            "weighted total variation",
            WeightedTotalVariation::new(vec![image(5, 4, seed(66)), image(5, 4, seed(67))], isotropic, 0.4)
                .unwrap(),
            normal(20, seed(47)),
        )
        .loose(15.0),
        Case::new(
            "weighted anisotropic total variation",
            WeightedTotalVariation::new(vec![image(4, 4, seed(68))], anisotropic, 0.4).unwrap(),
            normal(16, seed(48)),
        )
        .loose(15.0),
        Case::new(
            "sampling",
            Sampling::new(vec![coefficients(Grid { height: 4, width: 5 })], isotropic, fixed).unwrap(),
            normal(21, seed(49)),
        ),
        Case::new(
            "total variation by risk estimate",
            Sure::new(denoising(isotropic, false), 0.2, 5).unwrap(),
            vec![-1.0, -1.0],
        ),
        Case::new(
            "weighted total variation by risk estimate",
            Sure::new(
                WeightedTotalVariation::new(vec![image(3, 4, seed(69))], isotropic, 0.5).unwrap(),
                0.2,
                6,
            )
            .unwrap(),
            normal(12, seed(50)),
        )
        .loose(15.0),
    ]
}

fn experts(seed: impl Fn(u64) -> u64 + Copy) -> Vec<Case> {
    let theta = |experts: &Experts| {
        let (count, taps) = (experts.count, experts.count * experts.side * experts.side);
        let mut theta = if experts.has_factor { vec![0.2] } else { Vec::new() };
        theta.extend((0..count).map(|k| -0.3 * k as f64));
        theta.extend((0..count).map(|k| -0.5 + 0.2 * k as f64));
        theta.extend(normal(taps, seed(70)).into_iter().map(|t| 0.4 * t));
        theta
    };
    let of = |name: &'static str, images: Vec<Image>, experts: Experts, loose: f64| {
        let problem = FieldOfExperts::new(images, experts).unwrap();
        Case { has_l_b: false, ..Case::new(name, problem, theta(&experts)).loose(loose) }
    };
    let form = |count, side, boundary, zero_mean, has_factor| Experts {
        count,
        side,
        boundary,
        zero_mean,
        has_factor,
    };
    let free = form(3, 3, Boundary::Symmetric, false, false);
    let torus = form(2, 2, Boundary::Periodic, true, true);
    let judged = FieldOfExperts::new(vec![image(5, 5, seed(74))], free).unwrap();
    vec![
        of("field of experts", vec![image(6, 5, seed(71)), image(4, 7, seed(72))], free, 12.0),
        of("field of experts on a torus", vec![image(6, 5, seed(73))], torus, 6.0),
        of(
            "field of experts of one pixel",
            vec![image(1, 1, seed(75))],
            form(1, 1, Boundary::Symmetric, false, true),
            6.0,
        ),
        Case {
            has_l_b: false,
            ..Case::new("field of experts by risk estimate", Sure::new(judged, 0.2, 7).unwrap(), theta(&free))
                .loose(12.0)
        },
    ]
}

impl Case {
    /// The curvature is continuous, its slope is not.
    fn with_ramp(self) -> Self {
        Self { is_smooth: false, ..self }
    }
}
