//! The certificate of a completion, recomputed in double precision from the observations and the model alone.
//!
//! An exact fit proves nothing: with few observations other matrices of the same rank fit too. So beside the fit stand
//! the error on entries that the fit did not see, the gradient (whether this is a stationary point at all), and what
//! the places of the observations rule out.

use super::alternation::{Alternation, Factors, Side, incoherence};
use super::basis::orthonormalize;
use super::fit::{Fit, fit_by};
use super::identifiability::Identifiability;
use super::loss::Loss;
use super::model::Model;
use super::observations::Observations;
use super::prior::Prior;
use super::recovery::relative;
use super::reweighting::Reweighting;
use super::sweeps::Variant;
use crate::numerics::real::Real;
use crate::numerics::sum::Sum;
use crate::numerics::tall::Tall;
use crate::numerics::tile::{self, Picked};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Result, Stop};

/// Figures about a model of observed entries; errors are in the data's units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// The weighted root mean square of what the model leaves of the entries it was fitted to; with a robust loss, with
    /// the weights that it gives them.
    pub fit: f64,
    /// The same relative to the entries: `|m - x| / |m|`; 0 where all are 0.
    pub residual: f64,
    /// The root mean square error on the entries held out; NaN where none were. With a robust loss the root of their
    /// mean cost, trimmed entries at the limit.
    pub held_out: f64,
    /// The gradient of the objective over factors and biases, relative to what it is made of: 0 at a stationary point.
    pub gradient: f64,
    /// `max |u_i|^2 m / k` of an orthonormal basis of the factor of the rows: 1 is even, `m / k` a spike.
    pub row_incoherence: f64,
    /// The same of the columns.
    pub col_incoherence: f64,
    /// Observations beside the degrees of freedom of the rank: below 1 not everything is determined.
    pub oversampling: f64,
    /// Entries that were fitted.
    pub entries: usize,
    /// Entries of the matrix that the places of the observations do not rule out to be determined: both lines have
    /// enough observations among lines that have, in one component. A necessary condition, not a sufficient one. As a
    /// float, for the product of two sizes.
    pub determined: f64,
    /// Rows that are not determined whatever the values.
    pub undetermined_rows: usize,
    /// Columns that are not.
    pub undetermined_cols: usize,
    /// Connected components of the rows and columns that have observations.
    pub components: usize,
    /// Entries that a robust loss gives less than a third of their weight; 0 with squares.
    pub outliers: usize,
}

impl Certificate {
    /// Evaluates a model with its prior means on `seen`, the entries it was fitted to, and `held`, those it was not;
    /// gives the fit to `seen` too, in the units of the factors. Costs about `8 k` flops for each observation, and `4
    /// k^2` for each row and column. Errors: a stop; no memory for the weights of a robust loss or a copy of a factor
    /// in double precision.
    pub fn of<T: Real>(
        model: &Model<T>,
        prior: Option<&Prior<T>>,
        seen: &Observations<T>,
        held: Option<&Observations<T>>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(Self, Fit)> {
        let Model { factors, offsets, scale, loss, .. } = model;
        let known = Identifiability::of(seen, model.rank())?;
        let mut reweighting = None;
        let mut outliers = 0;
        if *loss != Loss::Squared {
            let weighted = reweighting.insert(Reweighting::new(seen)?);
            weighted.measure(factors, offsets, team, control)?;
            outliers = weighted.weigh(*loss, factors, offsets, team, control)?.outliers;
        }
        let seen = reweighting.as_ref().map_or(seen, Reweighting::observations);
        let size = Alternation { observations: seen, prior: None, team }.size();
        let held_out = match held {
            Some(held) if !held.is_empty() => {
                fit_by(held, factors, offsets, |r| loss.cost_unseen(r), team, control)?.rmse() * scale
            }
            _ => f64::NAN,
        };
        let side = |side: Side, control: &mut Control<'_>| {
            gradient(model, prior.and_then(|prior| prior.of(side)), seen, side, team, control)
        };
        let (rows, squares) = side(Side::Rows, control)?;
        let (columns, _) = side(Side::Columns, control)?;
        let gradient = if rows > columns || rows.is_nan() { rows } else { columns };
        let fitted = Fit { squares, weight: seen.weight() };
        let rows: usize = known.rows.iter().filter(|(core, _)| !core).count();
        let cols: usize = known.cols.iter().filter(|(core, _)| !core).count();
        let certificate = Self {
            fit: fitted.rmse() * scale,
            residual: relative(fitted.squares, size),
            held_out,
            gradient,
            row_incoherence: incoherence_of(factors, Side::Rows, team, control)?,
            col_incoherence: incoherence_of(factors, Side::Columns, team, control)?,
            oversampling: known.oversampling,
            entries: seen.len(),
            determined: known.not_ruled_out(),
            undetermined_rows: rows,
            undetermined_cols: cols,
            components: known.components,
            outliers,
        };
        Ok((certificate, fitted))
    }
}

/// Lines of a task: fixed, so that threads cannot change a sum.
const TASK_ROWS: usize = 256;

/// `|gradient| / |what it is the difference of|` over the lines of a side, and the squares of what is left, all in
/// double precision. A bias is one more unknown, on a column of ones of the fixed factor.
fn gradient<T: Real>(
    model: &Model<T>,
    means: Option<&Tall<T>>,
    seen: &Observations<T>,
    side: Side,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<(f64, f64)> {
    let lines = seen.lines(side);
    let (moving, fixed) = (model.factors.of(side), model.factors.of(side.other()));
    let (k, joint) = (moving.cols(), !model.offsets.row.is_empty());
    let (own, others) = (model.offsets.of(side), model.offsets.of(side.other()));
    let mut wide = Tall::<f64>::zeros(fixed.rows(), k + usize::from(joint))?;
    for j in 0..fixed.rows() {
        let row = wide.row_mut(j);
        row.iter_mut().zip(fixed.row(j)).for_each(|(wide, y)| *wide = y.wide());
        row[k..].fill(1.0);
    }
    let lengths: Vec<f64> = (0..wide.rows()).map(|j| wide.row(j).iter().map(|y| y * y).sum()).collect();
    let gram = match model.variant {
        Variant::AllPairs { .. } => Some(fixed.gram(|_| 1.0, team, control)?),
        _ => None,
    };
    let task = |t: usize, control: &mut Control<'_>| {
        let (mut left, mut parts, mut squares) = (Sum::default(), Sum::default(), Sum::default());
        let (mut x, mut slope) = (vec![0.0; wide.stride()], vec![0.0; wide.stride()]);
        let (mut weight, mut target) = (Vec::new(), Vec::new());
        for i in t * TASK_ROWS..((t + 1) * TASK_ROWS).min(lines.len()) {
            let line = lines.line(i);
            let ridge = model.damping.ridge_of(line.index.len());
            x.iter_mut().zip(moving.row(i)).for_each(|(x, own)| *x = own.wide());
            slope.iter_mut().zip(&x).for_each(|(g, x)| *g = -ridge * x);
            if let Some(means) = means {
                slope.iter_mut().zip(means.row(i)).for_each(|(g, mean)| *g += ridge * mean.wide());
            }
            if joint {
                x[k] = own[i].wide();
                slope[k] = -ridge * x[k] / model.variant.constant().powi(2);
            }
            target.clear();
            let beside = |j: u32| others.get(j as usize).map_or(0.0, |b| b.wide());
            let targets = line.index.iter().zip(line.value);
            target.extend(targets.map(|(&j, value)| value.wide() - model.offsets.mean - beside(j)));
            weight.clear();
            weight.extend(line.weight.unwrap_or(&[]).iter().map(|w| w.wide()));
            let weight = line.weight.map(|_| &weight[..]);
            let picked = Picked { data: wide.data(), stride: wide.stride(), index: line.index };
            squares.add(tile::add_slope(picked, weight, Some(&target), &x, &mut slope));
            let pull = |(e, target): (usize, &f64)| {
                (weight.map_or(1.0, |w| w[e]) * target).powi(2) * lengths[line.index[e] as usize]
            };
            parts.add(target.iter().enumerate().map(pull).sum());
            if let Some(gram) = &gram {
                for (l, g) in slope[..k].iter_mut().enumerate() {
                    *g -= gram.column(l).iter().zip(&x).map(|(g, x)| g * x).sum::<f64>();
                }
            }
            if model.variant == Variant::Nonnegative {
                // At 0 only a slope upwards counts.
                let down = slope[..k].iter_mut().zip(&x).filter(|(g, x)| **g < 0.0 && **x == 0.0);
                down.for_each(|(g, _)| *g = 0.0);
            }
            left.add(slope.iter().map(|g| g * g).sum());
            control.spend((line.index.len() * (4 * k + 8)) as u64)?;
        }
        Ok([left.value(), parts.value(), squares.value()])
    };
    let mut sums = [Sum::default(); 3];
    for found in team.share(lines.len().div_ceil(TASK_ROWS), control, task)? {
        sums.iter_mut().zip(found).for_each(|(sum, found)| sum.add(found));
    }
    let [left, parts, squares] = sums.map(|sum| sum.value());
    // Where nothing pulls, any slope is beyond all measure.
    Ok((if left == 0.0 { 0.0 } else { (left / parts).sqrt() }, squares))
}

/// `max |q_i|^2 n / k` over the rows of an orthonormal basis `Q` of a factor.
fn incoherence_of<T: Real>(
    factors: &Factors<T>,
    side: Side,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> std::result::Result<f64, Stop> {
    let mut basis = factors.of(side).clone();
    orthonormalize(&mut basis, None, team, control)?;
    Ok(incoherence(&basis))
}
