//! The problem as the loop sees it: scaled columns and targets, one penalty in scaled coordinates.
//!
//! Column `j` becomes `c_j a_j`: unit standard deviation where asked for, and otherwise a power of two that is 1 unless
//! the column's size is extreme. For losses that are homogeneous, a target of extreme size is scaled by a power of two
//! too. All of it is undone exactly (or, for standardization, to rounding) in [`Scaled::coefficients`].

use super::problem::Problem;
use super::settings::{PenaltyKind, Settings, group_with_bounds};
use crate::model::loss::{Huber, PseudoHuber};
use crate::model::penalty::{Coordinate, Group, GroupTerms, Separable, SparseGroup};
use crate::model::{Loss, Penalty};
use crate::numerics::Columns;
use crate::runtime::{Control, Error, ErrorKind, Result, Stop};

/// Sizes beyond `2^±EXTREME` are scaled.
const EXTREME: i32 = 64;

/// The scaled problem, without the penalty's strength.
pub(super) struct Scaled<'p> {
    pub(super) columns: Columns<'p>,
    pub(super) loss: Loss,
    pub(super) y: Vec<f64>,
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
    plain: bool,
    /// Power-of-two part of the scale of each column: what the penalty sees.
    power: Vec<f64>,
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

/// What a pass over a column finds.
pub(super) struct ColumnFacts {
    /// The largest entry, or the norm where that is of ordinary size; 0 for a column without weight.
    pub(super) size: f64,
    /// The weighted sum of squares; NaN where it would overflow or vanish.
    squares: f64,
    pub(super) deviation: f64,
    pub(super) constant: bool,
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

    /// The penalty with strength `lambda` (in the data's scale) in scaled coordinates.
    pub(super) fn penalty(&self, problem: &Problem<'_>, settings: &Settings, lambda: f64) -> Result<Penalty> {
        if settings.penalty.has_groups() {
            return self.group_penalty(problem, settings, lambda);
        }
        let t = self.target_scale;
        let (share1, share2) = penalty_shares(settings);
        let cols = self.cols();
        let coordinate = |j: usize| {
            let (factor, p) = (problem.factor(j), self.power[j]);
            let strength =
                |share: f64| if share == 0.0 || factor == 0.0 { 0.0 } else { lambda * share * factor };
            let (low, high) = column_bounds(problem, settings, j);
            // A column that cannot matter stays at the point of its bounds that costs least.
            let rest = if self.inert[j] && low <= high { 0.0_f64.clamp(low, high) } else { 0.0 };
            let (low, high) = if rest == 0.0 { (low, high) } else { (rest, rest) };
            // x = c x' / t in the data's scale, c = power / deviation; the objective is multiplied by t^2.
            let fixed = self.inert[j] && rest == 0.0
                || factor == f64::INFINITY
                || lambda == f64::INFINITY && factor > 0.0 && share1 + share2 > 0.0;
            let l1 = if fixed { f64::INFINITY } else { strength(share1) * p * t };
            let l2 = if fixed { 0.0 } else { strength(share2) * p * p };
            let c = self.columns.scale()[j];
            Coordinate { l1, l2, lower: low * t / c, upper: high * t / c }
        };
        let alike = problem.treats_columns_alike() && self.plain && cols > 0;
        for j in 0..if alike { 1 } else { cols } {
            let (low, high) = column_bounds(problem, settings, j);
            if low > high {
                return Err(Error::new(ErrorKind::Data, "lower")
                    .at(format!("column {j}"))
                    .expected(format!(
                        "bounds that overlap with the options lower and upper [{}, {}]",
                        settings.lower, settings.upper
                    ))
                    .found(format!("[{low}, {high}]")));
            }
        }
        Ok(Penalty::Separable(if alike {
            Separable::uniform(coordinate(0), cols)
        } else {
            Separable::new((0..cols).map(coordinate))
        }))
    }

    /// The ridge on scaled column `j` with strength `lambda` of `penalty=ridge`; infinite for a column that stays at 0.
    pub(super) fn ridge(&self, problem: &Problem<'_>, lambda: f64, j: usize) -> f64 {
        let factor = problem.factor(j);
        if self.inert[j] || factor == f64::INFINITY {
            return f64::INFINITY;
        }
        lambda * factor * self.power[j] * self.power[j]
    }

    fn group_penalty(&self, problem: &Problem<'_>, settings: &Settings, lambda: f64) -> Result<Penalty> {
        if problem.bounds().is_some() {
            return Err(group_with_bounds());
        }
        let (of_column, weights) = groups(problem, settings, self.cols())?;
        let mut power = vec![1.0; weights.len()];
        of_column.iter().enumerate().for_each(|(j, &g)| power[g] = self.power[j]);
        let mut alive = vec![false; weights.len()];
        of_column.iter().enumerate().for_each(|(j, &g)| alive[g] |= !self.inert[j]);
        let (l1, norm) = group_strengths(problem, settings, lambda, &of_column, &weights);
        let scale = |g: usize, strength: f64| match (strength, alive[g]) {
            (_, false) => f64::INFINITY,
            (0.0, true) => 0.0,
            (strength, true) => strength * power[g] * self.target_scale,
        };
        let terms = (0..weights.len()).map(|g| GroupTerms {
            l1: if l1[g] == 0.0 { 0.0 } else { scale(g, l1[g]) },
            weight: scale(g, norm[g]),
            l2: settings.l2 * power[g] * power[g],
        });
        group_terms_penalty(settings, &of_column, terms.collect())
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

/// The shares of L1 and of ridge in a unit of lambda.
pub(super) fn penalty_shares(settings: &Settings) -> (f64, f64) {
    match settings.penalty {
        PenaltyKind::L1 => (1.0, 0.0),
        PenaltyKind::ElasticNet => (settings.l1_ratio, 1.0 - settings.l1_ratio),
        PenaltyKind::Ridge => (0.0, 1.0),
        PenaltyKind::None | PenaltyKind::Group | PenaltyKind::SparseGroup => (0.0, 0.0),
    }
}

/// The strengths of the L1 part and of the norm of each group, given its weight with its factor as [`groups`] has it.
pub(super) fn group_strengths(
    problem: &Problem<'_>,
    settings: &Settings,
    lambda: f64,
    of_column: &[usize],
    weights: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let times = |strength: f64, factor: f64| match (strength, factor) {
        (0.0, _) | (_, 0.0) => 0.0,
        (strength, factor) => strength * factor,
    };
    let (share1, share2) = match settings.penalty {
        PenaltyKind::SparseGroup => (settings.l1_ratio, 1.0 - settings.l1_ratio),
        _ => (0.0, 1.0),
    };
    let mut l1 = vec![0.0; weights.len()];
    of_column.iter().enumerate().for_each(|(j, &g)| l1[g] = times(times(lambda, share1), problem.factor(j)));
    // An infinite weight fixes the group whatever the shares and lambda are.
    let norm = |w: &f64| if *w == f64::INFINITY { *w } else { times(times(lambda, share2), *w) };
    (l1, weights.iter().map(norm).collect())
}

/// The penalty of groups: the plain one where there are norms only.
pub(super) fn group_terms_penalty(
    settings: &Settings,
    of_column: &[usize],
    terms: Vec<GroupTerms>,
) -> Result<Penalty> {
    if settings.penalty == PenaltyKind::Group && settings.l2 == 0.0 {
        return Group::new(of_column, terms.iter().map(|t| t.weight).collect()).map(Penalty::Group);
    }
    SparseGroup::new(of_column, &terms).map(Penalty::SparseGroup)
}

/// The bounds of a coefficient: those of the problem within those of the options.
pub(super) fn column_bounds(problem: &Problem<'_>, settings: &Settings, j: usize) -> (f64, f64) {
    problem.bounds().map_or((settings.lower, settings.upper), |(l, u)| {
        (l[j].max(settings.lower), u[j].min(settings.upper))
    })
}

/// The group of each column and the weight of each group, from the problem or the option `group_size`.
pub(super) fn groups(
    problem: &Problem<'_>,
    settings: &Settings,
    cols: usize,
) -> Result<(Vec<usize>, Vec<f64>)> {
    let (of_column, mut weights) = match (problem.groups(), settings.group_size) {
        (Some(groups), _) => (groups.of_column.clone(), groups.weights.clone()),
        (None, 0) => {
            return Err(Error::new(ErrorKind::Option, "option \"group_size\"")
                .expected("groups for the penalty, from this option or one by one")
                .found("none"));
        }
        (None, size) => ((0..cols).map(|j| j / size).collect(), vec![1.0; cols.div_ceil(size)]),
    };
    // A penalty factor belongs to a whole group: that of its columns, which must agree.
    let mut seen = vec![f64::NAN; weights.len()];
    for (j, &g) in of_column.iter().enumerate() {
        let factor = problem.factor(j);
        if seen[g].is_nan() {
            seen[g] = factor;
            weights[g] = match (factor, weights[g]) {
                (0.0, _) => 0.0,
                (f64::INFINITY, _) => f64::INFINITY,
                (factor, weight) => weight * factor,
            };
        } else if seen[g] != factor {
            return Err(Error::new(ErrorKind::Data, "penalty_factors")
                .at(format!("column {j}"))
                .expected(format!("{}, that of the other columns of group {g}", seen[g]))
                .found(factor));
        }
    }
    Ok((of_column, weights))
}

/// Gives the columns of a group one power, that of its largest column.
fn share_power(power: &mut [f64], facts: &[ColumnFacts], problem: &Problem<'_>, settings: &Settings) {
    if settings.standardize {
        return;
    }
    // An error here is reported by `group_penalty`.
    if let Ok((of_column, weights)) = groups(problem, settings, power.len()) {
        let mut size = vec![0.0_f64; weights.len()];
        of_column.iter().enumerate().for_each(|(j, &g)| size[g] = size[g].max(facts[j].size));
        of_column.iter().enumerate().for_each(|(j, &g)| power[j] = tame(size[g]));
    }
}

/// Sizes that are not extreme: `2^±60` and more.
const ORDINARY_SIZE: std::ops::Range<f64> = 1e-18..1e18;

/// A power of two that brings `size` near 1 if it is extreme, else 1.
fn tame(size: f64) -> f64 {
    if size == 0.0 || ORDINARY_SIZE.contains(&size) {
        return 1.0;
    }
    let exponent = size.log2().floor() as i32;
    if exponent.abs() <= EXTREME { 1.0 } else { 2.0_f64.powi((-exponent).clamp(-1000, 1000)) }
}

pub(super) fn column_facts(problem: &Problem<'_>, j: usize, wants_deviation: bool) -> ColumnFacts {
    let matrix = problem.matrix();
    let weights = problem.weights();
    let squares = matrix.squares(j, 1.0, weights);
    if ORDINARY.contains(&squares) {
        if !wants_deviation {
            return ColumnFacts { size: squares.sqrt(), squares, deviation: 0.0, constant: false };
        }
        let total: f64 = weights.iter().sum();
        let sum = matrix.dot(j, weights);
        let spread = squares - sum * (sum / total);
        // Little cancels: the short formula is accurate.
        if spread > 0.01 * squares {
            let deviation = (spread / total).sqrt();
            return ColumnFacts { size: squares.sqrt(), squares, deviation, constant: false };
        }
    }
    careful_facts(problem, j, wants_deviation)
}

/// Sums of squares that neither overflow nor vanish on the way.
const ORDINARY: std::ops::Range<f64> = 1e-36..1e36;

/// The same for columns of extreme size, and for those that may be constant.
fn careful_facts(problem: &Problem<'_>, j: usize, wants_deviation: bool) -> ColumnFacts {
    let matrix = problem.matrix();
    let weights = problem.weights();
    let mut size = 0.0_f64;
    matrix.for_each(j, |r, a| {
        if weights[r] > 0.0 {
            size = size.max(a.abs());
        }
    });
    if size == 0.0 || !wants_deviation {
        return ColumnFacts { size, squares: f64::NAN, deviation: 0.0, constant: false };
    }
    let total: f64 = weights.iter().sum();
    let mut mean = 0.0;
    matrix.for_each(j, |r, a| mean += weights[r] / total * (a / size));
    // Around the mean, so that a large constant does not drown the deviation; absent entries are zeros.
    let (mut spread, mut drift, mut squares, mut present) = (0.0, 0.0, 0.0, 0.0);
    matrix.for_each(j, |r, a| {
        let (share, a) = (weights[r] / total, a / size);
        spread += share * (a - mean) * (a - mean);
        drift += share * (a - mean);
        squares += share * a * a;
        present += share;
    });
    if matrix.column_entries(j) < matrix.rows() {
        let absent = (1.0 - present).max(0.0);
        spread += absent * mean * mean;
        drift -= absent * mean;
    }
    // The mean is off by its own rounding, which a long column makes larger than the deviation that is looked for.
    spread = (spread - drift * drift).max(0.0);
    let constant = spread <= (64.0 * f64::EPSILON).powi(2) * squares;
    ColumnFacts { size, squares: f64::NAN, deviation: size * spread.sqrt(), constant }
}
