//! The constants and derivatives that rules and updates rely on, against plain ones.

use super::super::block::Block;
use super::super::block_problem::quadratic::Goal;
use super::super::problem::Problem;
use super::super::scaled::Scaled;
use super::super::settings::Settings;
use super::super::smooth::{Metric, Smooth};
use super::data::Data;
use super::engine::Outputs;
use crate::model::OutputLoss;
use crate::numerics::gram::Square;
use crate::numerics::{DenseView, Matrix, Order};
use crate::runtime::parallel::Team;
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Family, Options, Outcome};

const K: usize = 4;

/// Runs `body` on a random problem at a random point, with intercepts.
fn with_engine(loss: OutputLoss, seed: u64, size: f64, body: impl Fn(&mut Outputs<'_>, &mut Stream)) {
    with_bounded_engine(loss, seed, size, f64::INFINITY, body);
}

/// The same with an upper bound on all coefficients but the intercepts.
fn with_bounded_engine(
    loss: OutputLoss,
    seed: u64,
    size: f64,
    upper: f64,
    body: impl Fn(&mut Outputs<'_>, &mut Stream),
) {
    let (rows, cols) = (30, 5);
    let mut random = Stream::new(seed, Purpose::Select, 0);
    let a: Vec<f64> = (0..rows * cols).map(|_| 2.0 * random.uniform() - 1.0).collect();
    let y: Vec<f64> = (0..rows).map(|r| (r % K) as f64).collect();
    let targets: Vec<f64> = (0..rows * K).map(|_| random.uniform()).collect();
    let view = DenseView { data: &a[..], rows, cols, ld: rows, order: Order::ColumnMajor };
    let mut problem = Problem::new(Matrix::dense(view).unwrap(), &y).unwrap();
    problem.set_targets(K, &targets).unwrap();
    let weights: Vec<f64> = (0..rows).map(|r| if r % 7 == 0 { 0.0 } else { random.uniform() }).collect();
    problem.set_weights(&weights).unwrap();
    let mut options = Options::new(Family::Bcd);
    options.set_text("loss", loss.name()).unwrap();
    if upper.is_finite() {
        options.set_text("penalty", "none").unwrap();
        options.set_text("upper", &upper.to_string()).unwrap();
    }
    let settings = Settings::from_options(&options).unwrap();
    let mut control = Control::new();
    let data = Data::new(&problem, &settings, loss).unwrap();
    let scaled = Scaled::new(&problem, &settings, &mut control).unwrap();
    let penalty = scaled.penalty(&problem, &settings, 0.0).unwrap().for_outputs(K, &[true; K]);
    let kappa = loss.curvature_bound();
    let squares = scaled.squares.iter().copied().chain([scaled.s.iter().sum()]);
    let lipschitz: Vec<f64> = squares.flat_map(|h| [kappa * h; K]).collect();
    let x: Vec<f64> = (0..(cols + 1) * K).map(|_| size * (2.0 * random.uniform() - 1.0)).collect();
    let team = Team::solo();
    let mut engine = Outputs::new(&data, &scaled, &penalty, &team, &lipschitz, x, &mut control).unwrap();
    body(&mut engine, &mut random);
}

fn gradient(engine: &Outputs<'_>) -> Vec<f64> {
    let every: Vec<usize> = (0..engine.x.len()).collect();
    let mut g = vec![0.0; every.len()];
    Smooth::gradient(engine, &every, &mut g, &mut Control::new()).unwrap();
    g
}

fn block(random: &mut Stream, n: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..n).collect();
    let size = 1 + random.below(7);
    random.shuffle_front(&mut all, size);
    all.truncate(size);
    all
}

fn form(h: &Square, v: &[f64]) -> f64 {
    (0..v.len()).map(|j| v[j] * h.column(j).iter().zip(v).map(|(h, v)| h * v).sum::<f64>()).sum()
}

const LOSSES: [OutputLoss; 2] = [OutputLoss::Softmax, OutputLoss::Squared];

#[test]
fn gradient_and_hessian_are_differences() {
    for loss in LOSSES {
        with_engine(loss, 3, 1.0, |engine, random| {
            let mut control = Control::new();
            let n = engine.x.len();
            let every: Vec<usize> = (0..n).collect();
            let g = gradient(engine);
            let list = block(random, n);
            let h = engine.hessian(&list, &mut control).unwrap();
            let mut diagonal = vec![0.0; list.len()];
            engine.diagonal(&list, &mut diagonal, &mut control).unwrap();
            let (x, step) = (engine.x.clone(), 1e-5);
            for (i, &j) in list.iter().enumerate() {
                let mut at = |to: f64| {
                    engine.go(&[j], &[to], &mut Control::new()).unwrap();
                    (engine.loss(), gradient(engine))
                };
                let (above, below) = (at(x[j] + step), at(x[j] - step));
                at(x[j]);
                assert!(((above.0 - below.0) / (2.0 * step) - g[j]).abs() < 1e-8);
                assert!((h.at(i, i) - diagonal[i]).abs() < 1e-13);
                for (k, &l) in list.iter().enumerate() {
                    let difference = (above.1[l] - below.1[l]) / (2.0 * step);
                    assert!((difference - h.at(k, i)).abs() < 1e-8, "{loss:?} {difference} {}", h.at(k, i));
                }
            }
            // Along a ray.
            let direction: Vec<f64> = (0..n).map(|_| random.uniform() - 0.5).collect();
            let ray = engine.ray(&every, &direction, &mut control).unwrap();
            let change = |alpha: f64| engine.change(&ray, alpha, &mut Control::new()).unwrap();
            let (first, second) = engine.derivatives(&ray, 0.3, &mut control).unwrap();
            let difference = (change(0.3 + 1e-4) - change(0.3 - 1e-4)) / 2e-4;
            assert!((first - difference).abs() < 1e-7, "{first} {difference}");
            let bent = (change(0.3 + 1e-3) - 2.0 * change(0.3) + change(0.3 - 1e-3)) / 1e-6;
            assert!((second - bent).abs() < 1e-4 * (1.0 + second), "{second} {bent}");
        });
    }
}

#[test]
fn bounds_hold_on_random_blocks_and_points() {
    for loss in LOSSES {
        for seed in 0..60 {
            with_engine(loss, seed, 3.0, |engine, random| {
                let mut control = Control::new();
                let n = engine.x.len();
                let list = block(random, n);
                let h = engine.hessian(&list, &mut control).unwrap();
                let bound = engine.curvature(Metric::Bound, &list, &mut control).unwrap();
                let every: Vec<usize> = (0..n).collect();
                let sums = engine.row_sums(&every, &mut control).unwrap();
                for _ in 0..20 {
                    let v: Vec<f64> = list.iter().map(|_| random.uniform() - 0.5).collect();
                    assert!(form(&h, &v) <= form(&bound, &v) + 1e-12, "{loss:?}");
                    let diagonal: f64 = list.iter().zip(&v).map(|(&j, v)| sums[j] * v * v).sum();
                    assert!(form(&bound, &v) <= diagonal + 1e-12);
                }
                // Columns of the bound of the whole: absolute sums are what D bounds.
                let j = list[0];
                let mut column = vec![0.0; n];
                engine.bound_column(j, &every, &mut column, &mut control).unwrap();
                assert!(column.iter().map(|c| c.abs()).sum::<f64>() <= sums[j] * (1.0 + 1e-12));
                assert!(
                    column[j] <= engine.lipschitz[j] * 2.0 + 1e-12
                        && h.at(0, 0) <= engine.lipschitz[j] + 1e-12
                );
                // The Hessian changes by at most M times the step.
                let third = engine.hessian_lipschitz(&list, &mut control).unwrap().unwrap();
                let step: Vec<f64> = list.iter().map(|_| random.uniform() - 0.5).collect();
                let to: Vec<f64> = list.iter().zip(&step).map(|(&j, s)| engine.x[j] + s).collect();
                engine.go(&list, &to, &mut control).unwrap();
                let after = engine.hessian(&list, &mut control).unwrap();
                let length = step.iter().map(|s| s * s).sum::<f64>().sqrt();
                let v: Vec<f64> = list.iter().map(|_| random.uniform() - 0.5).collect();
                let square: f64 = v.iter().map(|v| v * v).sum();
                let moved = (form(&after, &v) - form(&h, &v)).abs();
                assert!(moved <= third * length * square + 1e-12, "{loss:?} {moved} {third}");
            });
        }
    }
}

/// Rounding may take `x + (to - x)` beyond the bound that a step ends at.
#[test]
fn a_newton_step_ends_at_its_bound_exactly() {
    let upper = 0.3;
    let met = std::cell::Cell::new(0);
    for seed in 0..200 {
        with_bounded_engine(OutputLoss::Softmax, seed, 1.0, upper, |engine, _| {
            let mut control = Control::new();
            engine.objective_size = engine.value().abs();
            let g = gradient(engine);
            for (j, &g) in g.iter().enumerate().take(5 * K) {
                let x = engine.x[j];
                let far = {
                    let mut h = [0.0];
                    engine.diagonal(&[j], &mut h, &mut control).unwrap();
                    g + h[0] * (upper - x) < 0.0
                };
                if x < upper && x + (upper - x) > upper && far {
                    let block = Block::new(engine.penalty, vec![j]);
                    super::newton::step(engine, &block, Goal::EXACT, &mut control).unwrap();
                    assert_eq!(engine.x[j], upper, "{seed} {j}: from {x}");
                    met.set(met.get() + 1);
                    return;
                }
            }
        });
    }
    assert!(met.get() > 3, "{}", met.get());
}

/// The residual is rounding, and so is the dual point that comes of it: zero is a better one.
#[test]
fn a_perfect_fit_of_several_outputs_within_bounds_is_certified_to_rounding() {
    let (rows, cols) = (12, 60);
    let mut random = Stream::new(5, Purpose::Select, 0);
    let a: Vec<f64> = (0..rows * cols).map(|_| 200.0 * (1.0 + random.uniform())).collect();
    let targets: Vec<f64> = (0..rows * K).map(|_| random.uniform()).collect();
    let view = DenseView { data: &a[..], rows, cols, ld: rows, order: Order::ColumnMajor };
    let mut problem = Problem::new(Matrix::dense(view).unwrap(), &vec![0.0; rows]).unwrap();
    problem.set_targets(K, &targets).unwrap();
    for bound in ["0.1", "10"] {
        let mut options = Options::new(Family::Bcd);
        let low = format!("-{bound}");
        for (key, value) in [
            ("loss", "multi-squared"),
            ("penalty", "none"),
            ("lower", &low[..]),
            ("upper", bound),
            ("tolerance", "1e-13"),
        ] {
            options.set_text(key, value).unwrap();
        }
        let found = crate::bcd::solve(&problem, &options, None, &mut Control::new()).unwrap();
        assert_eq!(found.outcome, Outcome::Converged, "{bound}: {:?}", found.certificate);
        assert_eq!(found.certificate.dual_objective, 0.0, "{bound}: {:?}", found.certificate);
    }
}
