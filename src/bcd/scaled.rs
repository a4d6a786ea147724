//! The problem as the loop sees it: scaled columns and targets. Its penalty is in [`strengths`](super::strengths).
//!
//! Column `j` becomes `c_j a_j`: unit standard deviation where asked for, and otherwise a power of two that is 1 unless
//! the column's size is extreme. For losses that are homogeneous, a target of extreme size is scaled by a power of two
//! too. All of it is undone exactly (or, for standardization, to rounding) in [`Scaled::coefficients`].

use super::column_facts::column_facts;
use super::problem::Problem;
use super::settings::Settings;
use super::strengths::groups;
use crate::model::Loss;
use crate::model::loss::{Huber, PseudoHuber};
use crate::numerics::Columns;
use crate::runtime::{Control, Stop};
use std::ops::Deref;

/// Sizes beyond `2^±EXTREME` are scaled.
const EXTREME: i32 = 64;

/// The scaled problem, without the penalty's strength. Its numbers are at hand as if they were fields.
pub(super) struct Scaled<'p> {
    pub(super) columns: Columns<'p>,
    facts: Facts,
    /// Where the columns were met one by one anyway: their correlations with the slopes at zero.
    at_zero: Option<AtZero>,
}

/// What is known of a scaled problem besides its columns.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// The loss of scaled predictors and targets.
    pub(super) loss: Loss,
    /// Scaled target, one number per row.
    pub(super) y: Vec<f64>,
    /// Scaled offset, one number per row.
    pub(super) offset: Vec<f64>,
    /// Weight of each row in the objective.
    pub(super) s: Vec<f64>,
    pub(super) intercept: bool,
    /// Targets and linear predictors are the data's times this.
    pub(super) target_scale: f64,
    /// `sum_r s_r a_rj^2` of each scaled column.
    pub(super) squares: Vec<f64>,
    /// Their roots.
    pub(super) norms: Vec<f64>,
    /// Columns that cannot matter: zero, or constant beside an intercept.
    pub(super) inert: Vec<bool>,
    /// Whether no column is scaled or inert.
    pub(super) plain: bool,
    /// Power-of-two part of the scale of each column: what the penalty sees.
    pub(super) power: Vec<f64>,
}

impl Deref for Scaled<'_> {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        &self.facts
    }
}

/// The slopes of the loss where coefficients and intercept are 0, and `a_j'd` of each scaled column.
struct AtZero {
    slopes: Vec<f64>,
    products: Vec<f64>,
}

/// A scaled problem without its matrix.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    scale: Vec<f64>,
    facts: Facts,
}

impl<'p> Scaled<'p> {
    /// Scales a problem. Costs two passes over the data (one without an intercept and standardization).
    pub(super) fn new(
        problem: &'p Problem<'p>,
        settings: &Settings,
        control: &mut Control<'_>,
    ) -> std::result::Result<Self, Stop> {
        let matrix = problem.matrix();
        let rows = matrix.rows();
        let share = if settings.mean { 1.0 / rows.max(1) as f64 } else { 1.0 };
        let s: Vec<f64> = problem.weights().iter().map(|w| w * share).collect();
        let response = Response::new(problem, settings, &s);
        let grouped = settings.penalty.has_groups();
        let wants_deviation = settings.intercept || settings.standardize;
        let cols = matrix.cols();
        // With an intercept the null model is elsewhere.
        let mut at_zero = (!wants_deviation).then(|| {
            let mut slopes = vec![0.0; rows];
            response.loss.slopes(&response.y, &response.offset, &s, &mut slopes);
            AtZero { slopes, products: Vec::with_capacity(cols) }
        });
        let mut sizes = Vec::new();
        let mut inert = Vec::with_capacity(cols);
        let (mut power, mut scale, mut squares) =
            (Vec::with_capacity(cols), Vec::with_capacity(cols), Vec::with_capacity(cols));
        for j in 0..cols {
            let f = column_facts(problem, j, wants_deviation);
            control.spend(4 * matrix.column_entries(j) as u64 + 8)?;
            let dead = f.size == 0.0 || (f.constant && wants_deviation);
            let p = if dead || settings.standardize { 1.0 } else { tame(f.size) };
            let c = match (settings.standardize, dead, grouped) {
                (true, false, _) => p / f.deviation,
                // Beside live columns of its group an inert column has to stay at 0 all the same.
                (true, true, true) => 0.0,
                _ => p,
            };
            inert.push(dead);
            power.push(p);
            scale.push(c);
            squares.push(match f.squares {
                known if known.is_finite() => share * (c * c * known),
                _ => matrix.squares(j, c, &s),
            });
            if let Some(at_zero) = &mut at_zero {
                // Now that the column is in the cache.
                at_zero.products.push(c * matrix.dot(j, &at_zero.slopes));
                control.spend(2 * matrix.column_entries(j) as u64)?;
            }
            if grouped {
                sizes.push(f.size);
            }
        }
        if grouped && !settings.standardize {
            for (j, p) in shared_powers(&sizes, problem, settings).into_iter().enumerate() {
                if p != power[j] {
                    (power[j], scale[j], squares[j]) = (p, p, matrix.squares(j, p, &s));
                    at_zero = None;
                }
            }
        }
        let plain = scale.iter().all(|c| *c == 1.0) && !inert.contains(&true);
        let facts = Facts {
            loss: response.loss,
            y: response.y,
            offset: response.offset,
            s,
            intercept: settings.intercept,
            target_scale: response.scale,
            norms: squares.iter().map(|s| s.sqrt()).collect(),
            squares,
            inert,
            plain,
            power,
        };
        Ok(Self { columns: Columns::new(matrix, scale), facts, at_zero })
    }

    /// Takes the target and the offset of `problem` in; the columns stay as they are.
    pub(super) fn retarget(&mut self, problem: &Problem<'_>, settings: &Settings) {
        let Response { loss, y, offset, scale } = Response::new(problem, settings, &self.s);
        let facts = &mut self.facts;
        (facts.loss, facts.y, facts.offset, facts.target_scale) = (loss, y, offset, scale);
        self.at_zero = None;
    }

    /// `a_j'd` of each scaled column, where it is known for these slopes.
    pub(super) fn known_products(&self, slopes: &[f64]) -> Option<&[f64]> {
        let known = self.at_zero.as_ref().filter(|known| known.slopes == slopes);
        known.map(|known| known.products.as_slice())
    }

    /// Lets go of the matrix, for [`Scaled::restore`].
    pub(super) fn store(self) -> Stored {
        Stored { scale: self.columns.into_scale(), facts: self.facts }
    }

    /// What [`Scaled::store`] gave, on the same matrix.
    pub(super) fn restore(problem: &'p Problem<'p>, stored: Stored) -> Self {
        Self { columns: Columns::new(problem.matrix(), stored.scale), facts: stored.facts, at_zero: None }
    }

    pub(super) fn rows(&self) -> usize {
        self.columns.rows()
    }

    pub(super) fn cols(&self) -> usize {
        self.columns.cols()
    }

    /// Coefficients in the data's scale.
    pub(super) fn coefficients(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(self.columns.scale()).map(|(x, c)| x * c / self.target_scale).collect()
    }

    /// Scaled coordinates of coefficients in the data's scale; inert ones become 0.
    pub(super) fn coordinates(&self, coef: &[f64]) -> Vec<f64> {
        let scale = self.columns.scale();
        (0..coef.len())
            .map(|j| if self.inert[j] { 0.0 } else { coef[j] * self.target_scale / scale[j] })
            .collect()
    }
}

/// The target and the offset as the loop sees them.
struct Response {
    loss: Loss,
    y: Vec<f64>,
    offset: Vec<f64>,
    scale: f64,
}

impl Response {
    /// `s` are the weights of the rows.
    fn new(problem: &Problem<'_>, settings: &Settings, s: &[f64]) -> Self {
        let scale = match settings.loss {
            Loss::Squared(_) | Loss::Huber(_) | Loss::PseudoHuber(_) => {
                let present = |v: &[f64]| {
                    let weighted = v.iter().zip(s).filter(|(_, s)| **s > 0.0);
                    weighted.map(|(v, _)| v.abs()).fold(0.0, f64::max)
                };
                tame(present(problem.target()).max(present(problem.offset())))
            }
            _ => 1.0,
        };
        let loss = match settings.loss {
            Loss::Huber(h) => Loss::Huber(Huber { delta: h.delta * scale }),
            Loss::PseudoHuber(h) => Loss::PseudoHuber(PseudoHuber { delta: h.delta * scale }),
            other => other,
        };
        let times = |v: &[f64]| v.iter().map(|v| v * scale).collect();
        Self { loss, y: times(problem.target()), offset: times(problem.offset()), scale }
    }
}

/// One power for the columns of a group, that of its largest column. Empty where the groups are wrong, which
/// [`Scaled::penalty`] reports.
fn shared_powers(sizes: &[f64], problem: &Problem<'_>, settings: &Settings) -> Vec<f64> {
    let Ok((of_column, weights)) = groups(problem, settings, sizes.len()) else { return Vec::new() };
    let mut size = vec![0.0_f64; weights.len()];
    of_column.iter().zip(sizes).for_each(|(&g, s)| size[g] = size[g].max(*s));
    of_column.iter().map(|&g| tame(size[g])).collect()
}

/// Well within `2^±EXTREME`, as most columns are: no logarithm is needed to know.
const ORDINARY_SIZE: std::ops::Range<f64> = 1e-18..1e18;

/// A power of two that brings `size` near 1 if it is extreme, else 1.
fn tame(size: f64) -> f64 {
    if size == 0.0 || ORDINARY_SIZE.contains(&size) {
        return 1.0;
    }
    let exponent = size.log2().floor() as i32;
    if exponent.abs() <= EXTREME { 1.0 } else { 2.0_f64.powi((-exponent).clamp(-1000, 1000)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::{DenseView, Matrix, Order};
    use crate::runtime::{Family, Options};

    #[test]
    fn products_at_zero_have_the_bits_of_a_pass_of_their_own() {
        // The last column is of extreme size, so that it is scaled.
        let a: Vec<f64> = (0..21).map(|k| f64::from(k).sin() * if k < 14 { 1.0 } else { 1e25 }).collect();
        let view = DenseView { data: &a[..], rows: 7, cols: 3, ld: 7, order: Order::ColumnMajor };
        let y: Vec<f64> = (0..7).map(|k| 1e30 * f64::from(k).cos()).collect();
        let problem = Problem::new(Matrix::dense(view).unwrap(), &y).unwrap();
        let mut options = Options::new(Family::Bcd);
        let settings = Settings::from_options(&options).unwrap();
        let scaled = Scaled::new(&problem, &settings, &mut Control::new()).unwrap();
        let slopes: Vec<f64> = scaled.y.iter().map(|y| -y).collect();
        let pass: Vec<f64> = (0..3).map(|j| scaled.columns.dot(j, &slopes)).collect();
        assert_eq!(scaled.known_products(&slopes), Some(&pass[..]));
        assert_eq!(scaled.known_products(&scaled.y), None);
        options.set_text("intercept", "true").unwrap();
        let settings = Settings::from_options(&options).unwrap();
        let scaled = Scaled::new(&problem, &settings, &mut Control::new()).unwrap();
        assert_eq!(scaled.known_products(&slopes), None);
    }
}
