//! The problem as the loop sees it: scaled columns and targets. Its penalty is in [`strengths`](super::strengths).
//!
//! Column `j` becomes `c_j a_j`: unit standard deviation where asked for, and otherwise a power of two that is 1 unless
//! the column's size is extreme. For losses that are homogeneous, a target of extreme size is scaled by a power of two
//! too. All of it is undone exactly (or, for standardization, to rounding) in [`Scaled::coefficients`].

use super::column_facts::{ColumnFacts, column_facts};
use super::problem::Problem;
use super::settings::Settings;
use super::strengths::groups;
use crate::model::Loss;
use crate::model::loss::{Huber, PseudoHuber};
use crate::numerics::Columns;
use crate::runtime::{Control, Stop};

/// Sizes beyond `2^±EXTREME` are scaled.
const EXTREME: i32 = 64;

/// The scaled problem, without the penalty's strength.
pub(super) struct Scaled<'p> {
    pub(super) columns: Columns<'p>,
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

/// A scaled problem without its matrix: fields as in [`Scaled`].
#[derive(Debug, Clone)]
pub(super) struct Stored {
    scale: Vec<f64>,
    loss: Loss,
    y: Vec<f64>,
    offset: Vec<f64>,
    s: Vec<f64>,
    intercept: bool,
    target_scale: f64,
    squares: Vec<f64>,
    norms: Vec<f64>,
    inert: Vec<bool>,
    plain: bool,
    power: Vec<f64>,
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
        let mut facts = Vec::with_capacity(matrix.cols());
        for j in 0..matrix.cols() {
            facts.push(column_facts(problem, j, settings.intercept || settings.standardize));
            control.spend(4 * matrix.column_entries(j) as u64 + 8)?;
        }
        let inert: Vec<bool> = facts
            .iter()
            .map(|f| f.size == 0.0 || (f.constant && (settings.intercept || settings.standardize)))
            .collect();
        let mut power: Vec<f64> = facts
            .iter()
            .zip(&inert)
            .map(|(f, inert)| if *inert || settings.standardize { 1.0 } else { tame(f.size) })
            .collect();
        if settings.penalty.has_groups() {
            share_power(&mut power, &facts, problem, settings);
        }
        let scale: Vec<f64> = facts
            .iter()
            .zip(&power)
            .zip(&inert)
            .map(|((f, p), inert)| match (settings.standardize, *inert, settings.penalty.has_groups()) {
                (true, false, _) => p / f.deviation,
                // Beside live columns of its group an inert column has to stay at 0 all the same.
                (true, true, true) => 0.0,
                _ => *p,
            })
            .collect();
        let squares: Vec<f64> = (0..facts.len())
            .map(|j| match facts[j].squares {
                known if known.is_finite() => share * (scale[j] * scale[j] * known),
                _ => matrix.squares(j, scale[j], &s),
            })
            .collect();
        let plain = scale.iter().all(|c| *c == 1.0) && !inert.contains(&true);
        let mut scaled = Self {
            columns: Columns::new(matrix, scale),
            loss: settings.loss,
            y: Vec::new(),
            offset: Vec::new(),
            s,
            intercept: settings.intercept,
            target_scale: 1.0,
            norms: squares.iter().map(|s| s.sqrt()).collect(),
            squares,
            inert,
            plain,
            power,
        };
        scaled.retarget(problem, settings);
        Ok(scaled)
    }

    /// Takes the target and the offset of `problem` in; the columns stay as they are.
    pub(super) fn retarget(&mut self, problem: &Problem<'_>, settings: &Settings) {
        let target_scale = match settings.loss {
            Loss::Squared(_) | Loss::Huber(_) | Loss::PseudoHuber(_) => {
                let present = |v: &[f64]| {
                    let weighted = v.iter().zip(&self.s).filter(|(_, s)| **s > 0.0);
                    weighted.map(|(v, _)| v.abs()).fold(0.0, f64::max)
                };
                tame(present(problem.target()).max(present(problem.offset())))
            }
            _ => 1.0,
        };
        self.loss = match settings.loss {
            Loss::Huber(h) => Loss::Huber(Huber { delta: h.delta * target_scale }),
            Loss::PseudoHuber(h) => Loss::PseudoHuber(PseudoHuber { delta: h.delta * target_scale }),
            other => other,
        };
        self.y = problem.target().iter().map(|y| y * target_scale).collect();
        self.offset = problem.offset().iter().map(|o| o * target_scale).collect();
        self.target_scale = target_scale;
    }

    /// Lets go of the matrix, for [`Scaled::restore`].
    pub(super) fn store(self) -> Stored {
        let Self {
            columns,
            loss,
            y,
            offset,
            s,
            intercept,
            target_scale,
            squares,
            norms,
            inert,
            plain,
            power,
        } = self;
        let scale = columns.into_scale();
        Stored { scale, loss, y, offset, s, intercept, target_scale, squares, norms, inert, plain, power }
    }

    /// What [`Scaled::store`] gave, on the same matrix.
    pub(super) fn restore(problem: &'p Problem<'p>, stored: Stored) -> Self {
        let Stored {
            scale,
            loss,
            y,
            offset,
            s,
            intercept,
            target_scale,
            squares,
            norms,
            inert,
            plain,
            power,
        } = stored;
        let columns = Columns::new(problem.matrix(), scale);
        Self { columns, loss, y, offset, s, intercept, target_scale, squares, norms, inert, plain, power }
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

/// Gives the columns of a group one power, that of its largest column.
fn share_power(power: &mut [f64], facts: &[ColumnFacts], problem: &Problem<'_>, settings: &Settings) {
    if settings.standardize {
        return;
    }
    // An error here is reported by `Scaled::penalty`.
    if let Ok((of_column, weights)) = groups(problem, settings, power.len()) {
        let mut size = vec![0.0_f64; weights.len()];
        of_column.iter().enumerate().for_each(|(j, &g)| size[g] = size[g].max(facts[j].size));
        of_column.iter().enumerate().for_each(|(j, &g)| power[j] = tame(size[g]));
    }
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
