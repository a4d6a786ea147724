//! The penalty as the loop sees it: the strength and the bounds of each column, and the groups, from problem and
//! options.

use super::problem::Problem;
use super::scaled::Scaled;
use super::settings::{PenaltyKind, Settings, group_with_bounds};
use crate::model::Penalty;
use crate::model::penalty::{Coordinate, Group, GroupTerms, Separable, SparseGroup, soft_threshold};
use crate::runtime::{Error, ErrorKind, Result};

impl Scaled<'_> {
    /// The penalty with strength `lambda` (in the data's scale) in scaled coordinates, the linear term included.
    pub(super) fn penalty(&self, problem: &Problem<'_>, settings: &Settings, lambda: f64) -> Result<Penalty> {
        let penalty = self.without_slope(problem, settings, lambda)?;
        let Some(slope) = problem.linear() else { return Ok(penalty) };
        // x = c x' / t in the data's scale, and the objective is multiplied by t^2.
        let t = self.target_scale;
        Ok(penalty.tilted(slope.iter().zip(self.columns.scale()).map(|(s, c)| s * c * t).collect()))
    }

    fn without_slope(&self, problem: &Problem<'_>, settings: &Settings, lambda: f64) -> Result<Penalty> {
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
            let rest = if self.inert[j] && low <= high {
                let best = rest(problem, strength(share1), strength(share2), j).clamp(low, high);
                // Standardization leaves it out; where it falls for ever there is no answer to be had.
                if best.is_finite() && !settings.standardize { best } else { 0.0_f64.clamp(low, high) }
            } else {
                0.0
            };
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

    /// Whether the linear term falls for ever along a column that the loss does not see, so that there is no minimum.
    ///
    /// Errors: a linear term on a group of such columns with a ridge, whose minimum is nowhere near a kink.
    pub(super) fn falls_for_ever(
        &self,
        problem: &Problem<'_>,
        settings: &Settings,
        lambda: f64,
    ) -> Result<bool> {
        // Standardization leaves such columns out.
        let Some(slope) = problem.linear().filter(|_| !settings.standardize) else { return Ok(false) };
        if !settings.penalty.has_groups() {
            let (share1, share2) = penalty_shares(settings);
            let strength = |share: f64, j: usize| match (share, problem.factor(j)) {
                (0.0, _) | (_, 0.0) => 0.0,
                (share, factor) => lambda * share * factor,
            };
            let ends = |j: usize| {
                let (low, high) = column_bounds(problem, settings, j);
                rest(problem, strength(share1, j), strength(share2, j), j).max(low).min(high)
            };
            return Ok((0..self.cols()).any(|j| self.inert[j] && ends(j).is_infinite()));
        }
        let (of_column, weights) = groups(problem, settings, self.cols())?;
        let mut pull = vec![Vec::new(); weights.len()];
        let mut alive = vec![false; weights.len()];
        for (j, &g) in of_column.iter().enumerate() {
            alive[g] |= !self.inert[j];
            pull[g].push(slope[j]);
        }
        let (l1, norm) = group_strengths(problem, settings, lambda, &of_column, &weights);
        let length = |g: usize| {
            let beyond = pull[g].iter().map(|c| (c.abs() - l1[g]).max(0.0));
            beyond.map(|c| c * c).sum::<f64>().sqrt()
        };
        let falling = (0..weights.len()).find(|&g| !alive[g] && length(g) > norm[g]);
        match falling {
            Some(g) if settings.l2 > 0.0 => Err(Error::new(ErrorKind::Unsupported, "linear")
                .at(format!("group {g}"))
                .expected("no more than the penalty holds at 0, on a group of columns of zeros")
                .found(format!("a slope of norm {}", length(g)))),
            found => Ok(found.is_some()),
        }
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
}

/// Where a column that the loss does not see would go for its linear term, without bounds: infinite where that falls
/// for ever.
fn rest(problem: &Problem<'_>, l1: f64, l2: f64, j: usize) -> f64 {
    let pull = problem.linear().map_or(0.0, |slope| soft_threshold(-slope[j], l1));
    if pull == 0.0 || problem.factor(j) == f64::INFINITY { 0.0 } else { pull / l2 }
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
