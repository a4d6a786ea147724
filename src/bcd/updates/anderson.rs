//! Anderson extrapolation of the iterates that sweeps leave behind: for rules that do not look at gradients.
//!
//! With `u_k = x_{k+1} - x_k` over the last sweeps, the combination `sum_k c_k x_{k+1}`, `sum_k c_k = 1`, of least
//! `|sum_k c_k u_k|` is where a linear iteration would be at rest. It is tried after every `DEPTH + 1` sweeps and taken
//! only where it lowers the objective, so that nothing can be lost by it (Bertrand and Massias, arXiv 2011.10065).

use crate::bcd::block::Block;
use crate::bcd::engine::Engine;
use crate::bcd::smooth::Smooth;
use crate::bcd::state::State;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::numerics::kernels::dot;
use crate::runtime::{Control, Stop};

/// Differences that are combined.
const DEPTH: usize = 5;

/// The last iterates: the coordinates, and the intercept after them.
#[derive(Default)]
pub(in crate::bcd) struct Anderson {
    iterates: Vec<Vec<f64>>,
}

impl Anderson {
    /// Remembers the iterate, whose objective is known; moves it to an extrapolation if there is one that is better.
    /// Costs a pass over the support for each extrapolation, and memory for `DEPTH + 1` iterates.
    pub(in crate::bcd) fn follow(
        &mut self,
        engine: &mut Engine<'_>,
        objective: f64,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let state = &engine.state;
        self.iterates.push(state.x.iter().copied().chain([state.b]).collect());
        if self.iterates.len() <= DEPTH {
            return Ok(());
        }
        let found = self.extrapolation(control)?;
        self.iterates.clear();
        let Some(mut x) = found else { return Ok(()) };
        let b = x.pop().unwrap_or(0.0);
        engine.penalty.project(&mut x);
        let state = State::new(engine.scaled, x, b, control)?;
        // Also refuses NaN.
        if state.objective(engine.scaled, engine.penalty) < objective {
            engine.state = state;
        }
        Ok(())
    }

    /// The same for any smooth function, all of whose unknowns are coordinates. Looks along the step before it is
    /// taken.
    pub(in crate::bcd) fn follow_any<S: Smooth>(
        &mut self,
        f: &mut S,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        self.iterates.push(f.x().to_vec());
        if self.iterates.len() <= DEPTH {
            return Ok(());
        }
        let found = self.extrapolation(control)?;
        self.iterates.clear();
        let Some(mut x) = found else { return Ok(()) };
        f.penalty().project(&mut x);
        let all = Block::new(f.penalty(), (0..f.penalty().units()).collect());
        let (from, to) = (all.gather(f.x()), all.gather(&x));
        let step: Vec<f64> = to.iter().zip(&from).map(|(to, from)| to - from).collect();
        let ray = f.ray(all.columns(), &step, control)?;
        let change = f.change(&ray, 1.0, control)? + all.penalty_change(f.penalty(), &from, &to);
        // Also refuses NaN.
        if change < 0.0 { f.move_to(all.columns(), &to, control) } else { Ok(()) }
    }

    /// The combination; `None` where the iterates have come to rest.
    fn extrapolation(&self, control: &mut Control<'_>) -> Result<Option<Vec<f64>>, Stop> {
        let difference = |k: usize| -> Vec<f64> {
            self.iterates[k + 1].iter().zip(&self.iterates[k]).map(|(next, x)| next - x).collect()
        };
        let u: Vec<Vec<f64>> = (0..DEPTH).map(difference).collect();
        let mut gram = Square::zeros(DEPTH);
        for j in 0..DEPTH {
            for i in 0..DEPTH {
                gram.column_mut(j)[i] = dot(&u[i], &u[j]);
            }
        }
        control.spend((4 * DEPTH * DEPTH * u[0].len()) as u64)?;
        let mut c = vec![1.0; DEPTH];
        Cholesky::new(&gram, control)?.solve(&mut c);
        let sum: f64 = c.iter().sum();
        if !(sum.is_finite() && sum != 0.0) || gram.at(DEPTH - 1, DEPTH - 1) == 0.0 {
            return Ok(None);
        }
        let mut x = vec![0.0; u[0].len()];
        for (c, next) in c.iter().zip(&self.iterates[1..]) {
            crate::numerics::kernels::add(c / sum, next, &mut x);
        }
        Ok(Some(x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::{Problem, solve};
    use crate::numerics::{DenseView, Matrix, Order};
    use crate::runtime::{Family, Options, Outcome};

    #[test]
    fn a_linear_iteration_is_brought_to_rest() {
        let (rest, rates) = ([1.0, -2.0, 0.5, 3.0], [0.99, 0.9, 0.7, 0.3]);
        let mut anderson = Anderson::default();
        let mut x = vec![0.0; 4];
        for _ in 0..=DEPTH {
            anderson.iterates.push(x.clone());
            for k in 0..4 {
                x[k] = rest[k] + rates[k] * (x[k] - rest[k]);
            }
        }
        let found = anderson.extrapolation(&mut Control::new()).unwrap().unwrap();
        // The last iterate is still at 0.95 of the first distance.
        for (found, rest) in found.iter().zip(rest) {
            assert!((found - rest).abs() < 0.02, "{found} {rest}");
        }
        anderson.iterates.iter_mut().for_each(|x| x.fill(2.0));
        assert!(anderson.extrapolation(&mut Control::new()).unwrap().is_none());
    }

    #[test]
    fn sweeps_over_columns_that_are_alike_take_far_fewer() {
        let (rows, cols) = (40, 12);
        let wave = |r: usize, j: usize| ((r * (j + 3) * 37 % 101) as f64).sin();
        let data: Vec<f64> =
            (0..rows * cols).map(|k| wave(k % rows, 0) + 0.4 * wave(k % rows, 1 + k / rows)).collect();
        let y: Vec<f64> = (0..rows).map(|r| wave(r, 20)).collect();
        let view = DenseView { data: &data[..], rows, cols, ld: rows, order: Order::ColumnMajor };
        let problem = Problem::new(Matrix::dense(view).unwrap(), &y).unwrap();
        for (loss, intercept) in [("squared", "false"), ("squared", "true"), ("huber", "false")] {
            let run = |acceleration: &str| {
                let mut options = Options::new(Family::Bcd);
                for (key, value) in [
                    ("loss", loss),
                    ("intercept", intercept),
                    ("rule", "cyclic"),
                    ("update", "gradient"),
                    ("block_size", "1"),
                    ("lambda_ratio", "0.01"),
                    ("tolerance", "1e-8"),
                    ("max_iterations", "10000000"),
                    ("acceleration", acceleration),
                ] {
                    options.set_text(key, value).unwrap();
                }
                let found = solve(&problem, &options, None, &mut Control::new()).unwrap();
                assert_eq!(found.outcome, Outcome::Converged);
                found
            };
            let (plain, fast) = (run("none"), run("anderson"));
            assert!(2 * fast.iterations < plain.iterations, "{} {}", fast.iterations, plain.iterations);
            let apart = fast.certificate.objective - plain.certificate.objective;
            assert!(apart.abs() <= plain.certificate.value + fast.certificate.value);
        }
    }

    #[test]
    fn sweeps_over_several_outputs_take_far_fewer_too() {
        let (rows, cols, k) = (40, 8, 3);
        let wave = |r: usize, j: usize| ((r * (j + 3) * 37 % 101) as f64).sin();
        let data: Vec<f64> =
            (0..rows * cols).map(|k| wave(k % rows, 0) + 0.4 * wave(k % rows, 1 + k / rows)).collect();
        let view = DenseView { data: &data[..], rows, cols, ld: rows, order: Order::ColumnMajor };
        let classes: Vec<f64> = (0..rows).map(|r| (r * 7 % k) as f64).collect();
        let targets: Vec<f64> = (0..rows * k).map(|i| wave(i / k, 20 + i % k)).collect();
        for (loss, penalty, intercept) in [
            ("multi-squared", "l1", "false"),
            ("multi-squared", "group", "true"),
            ("softmax", "l1", "false"),
            ("softmax", "group", "true"),
        ] {
            let run = |acceleration: &str| {
                let mut problem = Problem::new(Matrix::dense(view).unwrap(), &classes).unwrap();
                if loss == "multi-squared" {
                    problem.set_targets(k, &targets).unwrap();
                }
                let mut options = Options::new(Family::Bcd);
                for (key, value) in [
                    ("loss", loss),
                    ("penalty", penalty),
                    ("intercept", intercept),
                    ("rule", "cyclic"),
                    ("update", "gradient"),
                    ("block_size", "1"),
                    ("lambda_ratio", "0.005"),
                    ("tolerance", "1e-8"),
                    ("max_iterations", "10000000"),
                    ("acceleration", acceleration),
                ] {
                    options.set_text(key, value).unwrap();
                }
                let found = solve(&problem, &options, None, &mut Control::new()).unwrap();
                assert_eq!(found.outcome, Outcome::Converged, "{loss} {penalty} {acceleration}");
                found
            };
            let (plain, fast) = (run("none"), run("anderson"));
            let report = format!("{loss} {penalty}: {} {}", fast.iterations, plain.iterations);
            assert!(3 * fast.iterations < 2 * plain.iterations, "{report}");
            let apart = fast.certificate.objective - plain.certificate.objective;
            assert!(apart.abs() <= plain.certificate.value + fast.certificate.value, "{report}");
        }
    }
}
