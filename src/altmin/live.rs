//! A model that is kept up to date: new rows and columns, and entries that come, change or go.
//!
//! Of each line (row or column) whose entries change the normal equations of its regression are kept: `G = sum w y y'`
//! and `sum w b y`, and a Cholesky factorization of `G` and the ridge. An entry changes them by a matrix of rank one,
//! which the factorization follows in `k^2` flops. It is made anew (`k^3 / 3` flops) where it would no longer be safely
//! definite, and where a ridge that grows with the number of entries (`ridge_power`) has changed, for that changes all
//! of the diagonal. So that rounding does not add up, the normal equations are formed anew from the entries after as
//! many changes as there are entries or unknowns: `k^2` flops for each change once more.
//!
//! The entries themselves stay where they are; changes are kept beside them, so memory grows with what was touched
//! only.

use super::all_pairs;
use super::alternation::Side;
use super::feedback;
use super::live_normal::Normal;
use super::loss::Loss;
use super::model::Model;
use super::observations::{Entries, Lines, Observations, Repeats};
use super::prior::Prior;
use super::problem::Problem;
use super::sampling::HeldOut;
use super::saved::Saved;
use super::solution::Solution;
use super::sweeps::Variant;
use crate::numerics::gram::Square;
use crate::numerics::real::Real;
use crate::runtime::error::{out_of_memory, zeros};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// An entry that comes or changes, or goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The row, of the model.
    pub row: usize,
    /// The column.
    pub col: usize,
    /// The value in the data's units; of implicit feedback such as the model was fitted to.
    pub value: f64,
    /// The weight: from 1e-30 to 1e30, or 0 for an entry that goes (there need not be one). 1 for implicit feedback,
    /// where a value of 0 goes too.
    pub weight: f64,
}

/// A value and its weight, as they are stored.
type Stored<T> = (T, T);
/// An entry of a line: its position, value and weight.
type Placed<T> = (u32, T, T);
/// By line and position: what is there now; `None` where an entry has gone.
type Changed<T> = BTreeMap<u32, BTreeMap<u32, Option<Stored<T>>>>;

/// A model and the entries it stands for.
#[derive(Debug, Clone)]
pub struct Live<T> {
    model: Model<T>,
    /// The entries of the fit; `None`: not known.
    base: Option<Arc<Observations<T>>>,
    /// What of them was held out of the fit.
    held_out: HeldOut,
    /// Rows and columns of the fit.
    fitted: [usize; 2],
    changed: [Changed<T>; 2],
    normals: [BTreeMap<u32, Normal>; 2],
    /// For implicit feedback, by side: the Gram matrix of all lines, and how often it was changed.
    pairs: [Option<(Square, usize)>; 2],
    /// The prior means of the fit, which lines that are fitted again would lack.
    prior: Prior<T>,
}

fn at(side: Side) -> usize {
    match side {
        Side::Rows => 0,
        Side::Columns => 1,
    }
}

/// The refusal to bring a model up to date.
fn unsupported(expected: &str, found: &str) -> Error {
    Error::new(ErrorKind::Unsupported, "model")
        .expected(format!("{expected}, to be brought up to date"))
        .found(found)
}

/// Row and column of a position on a line.
fn place(side: Side, line: usize, position: usize) -> (usize, usize) {
    match side {
        Side::Rows => (line, position),
        Side::Columns => (position, line),
    }
}

const SIDES: [Side; 2] = [Side::Rows, Side::Columns];

impl<T: Real> Live<T> {
    /// A model beside its entries (in its units) and what was held out of them. Without entries only lines that are
    /// appended can change. Costs nothing.
    pub fn new(model: Model<T>, entries: Option<Arc<Observations<T>>>, held_out: HeldOut) -> Self {
        let fitted = [model.rows(), model.cols()];
        let (changed, normals) = ([BTreeMap::new(), BTreeMap::new()], [BTreeMap::new(), BTreeMap::new()]);
        Self {
            model,
            base: entries,
            held_out,
            fitted,
            changed,
            normals,
            pairs: [None, None],
            prior: Prior::default(),
        }
    }

    /// The answer of a solve, with the entries of its problem.
    pub fn of(problem: &Problem<T>, solution: &Solution<T>) -> Self {
        let live = Self::new(solution.model.clone(), Some(problem.shared()), solution.held_out);
        Self { prior: problem.prior().cloned().unwrap_or_default(), ..live }
    }

    /// What was saved.
    pub fn of_saved(saved: Saved<T>) -> Self {
        let none = HeldOut { seed: 0, share: 0.0 };
        let held_out = saved.entries.as_ref().map_or(none, |(_, held_out)| *held_out);
        Self::new(saved.model, saved.entries.map(|(entries, _)| Arc::new(entries)), held_out)
    }

    /// The model as it is now.
    pub fn model(&self) -> &Model<T> {
        &self.model
    }

    /// The prior means of the fit; `None` where there were none.
    pub fn prior(&self) -> Option<&Prior<T>> {
        (!self.prior.is_none()).then_some(&self.prior)
    }

    /// What the fit held out of its entries. Entries that came later count.
    pub fn held_out(&self) -> HeldOut {
        self.held_out
    }

    /// Whether anything has changed since the fit.
    pub fn is_changed(&self) -> bool {
        self.fitted != [self.model.rows(), self.model.cols()] || !self.changed[0].is_empty()
    }

    /// The entries as they are now, those that were held out too. Errors (`State`): a model without its entries; no
    /// memory. Costs a copy where something has changed.
    pub fn observations(&self) -> Result<Arc<Observations<T>>> {
        let Some(base) = &self.base else { return Err(without_entries()) };
        if !self.is_changed() {
            return Ok(base.clone());
        }
        let mut all = Vec::new();
        let mut start: Vec<usize> = zeros("entries", self.model.rows() + 1)?;
        for i in 0..self.model.rows() {
            let line = self.line(Side::Rows, i, true)?;
            all.try_reserve(line.len())
                .map_err(|_| out_of_memory("entries", line.len(), size_of::<Placed<T>>()))?;
            all.extend(line);
            start[i + 1] = all.len();
        }
        let weighted = all.iter().any(|entry| entry.2.wide() != 1.0);
        let mut lines = Lines {
            start,
            index: zeros("entries", all.len())?,
            value: zeros("entries", all.len())?,
            weight: if weighted { Some(zeros("entries", all.len())?) } else { None },
        };
        for (e, (j, value, weight)) in all.into_iter().enumerate() {
            (lines.index[e], lines.value[e]) = (j, value);
            if let Some(out) = &mut lines.weight {
                out[e] = weight;
            }
        }
        Ok(Arc::new(Observations::of_rows(lines, self.model.cols())?))
    }

    /// The entries of a line by position; all of them, or those that count in its regression.
    fn line(&self, side: Side, i: usize, all: bool) -> Result<Vec<Placed<T>>> {
        let changed = self.changed[at(side)].get(&(i as u32));
        let base = self.base.as_ref().map(|base| base.lines(side)).filter(|lines| i < lines.len());
        let count = base.map_or(0, |lines| lines.degree(i)) + changed.map_or(0, BTreeMap::len);
        let mut out: Vec<Placed<T>> = Vec::new();
        out.try_reserve(count).map_err(|_| out_of_memory("entries", count, size_of::<Placed<T>>()))?;
        if let Some(lines) = base {
            let line = lines.line(i);
            for (e, &j) in line.index.iter().enumerate() {
                let (row, col) = place(side, i, j as usize);
                let gone = changed.is_some_and(|c| c.contains_key(&j));
                if !gone && (all || !self.held_out.holds(row, col)) {
                    out.push((j, line.value[e], line.weight.map_or(T::narrow(1.0), |w| w[e])));
                }
            }
        }
        out.extend(changed.into_iter().flatten().filter_map(|(j, entry)| entry.map(|(v, w)| (*j, v, w))));
        out.sort_by_key(|entry| entry.0);
        Ok(out)
    }

    /// Takes entries in, and fits the lines of `sides` that they are in again, in this order: for `[Side::Rows]` the
    /// factors (and biases) of these rows, with those of all columns as they are. To rounding what a half-step of these
    /// lines gives (with ridge 0 where their entries determine them). No side: they are only noted.
    ///
    /// The first change of a line costs `d k^2 + k^3 / 3` flops (`d`: its entries), a later one some `k^2`, and `k^3 /
    /// 3` more where the ridge changes (an entry that comes or goes, with `ridge_power` above 0) and where the
    /// factorization cannot follow; nonnegative factors some cycles of `k^2` in each case, and implicit feedback `n
    /// k^2` once over all lines of the other side.
    ///
    /// Errors: a model with a robust loss or with prior means (`Unsupported`: its lines are more than these normal
    /// equations), places outside the model, values or weights that are not in range (with the number of the change), a
    /// line whose entries are not known, a stop, no memory: then nothing has changed, but that where memory ends late
    /// some entries may be noted whose lines are not fitted again.
    pub fn observe(&mut self, changes: &[Change], sides: &[Side], control: &mut Control<'_>) -> Result<()> {
        if self.model.loss != Loss::Squared {
            return Err(unsupported("loss=squared", "a robust loss"));
        }
        self.check_undrawn()?;
        let mut new: Vec<Option<Stored<T>>> = zeros("changes", changes.len())?;
        for (k, change) in changes.iter().enumerate() {
            new[k] = self.stored(k, change)?;
        }
        let touched = |side: Side| -> BTreeSet<u32> {
            changes.iter().map(|c| if side == Side::Rows { c.row as u32 } else { c.col as u32 }).collect()
        };
        for &side in sides {
            for &i in &touched(side) {
                self.prepare(side, i, control)?;
            }
        }
        for (change, new) in changes.iter().zip(&new) {
            self.note(change.row as u32, change.col as u32, *new)?;
        }
        for &side in sides {
            for &i in &touched(side) {
                self.renew(side, i, control)?;
            }
        }
        Ok(())
    }

    /// Takes new rows or columns in: their entries, and the factors (and biases) that [`Model::fold_in`] gives them;
    /// the other side stays as it is. Gives their numbers, which follow those there are.
    ///
    /// Errors: as [`Model::fold_in`]; a model with prior means; `Repeats::Keep`, for a place has one entry here. Then
    /// nothing has changed. Copies the factor of the side.
    pub fn append(
        &mut self,
        side: Side,
        entries: Entries<'_>,
        repeats: Repeats,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<Range<usize>> {
        self.check_undrawn()?;
        if repeats == Repeats::Keep {
            return Err(Error::new(ErrorKind::Unsupported, "repeats")
                .expected("one entry for each place, as lines are appended")
                .found("Keep"));
        }
        let observed = self.model.observations_of(side, entries, repeats, control)?;
        let first = self.model.factors.of(side).rows();
        let lines = observed.lines(side);
        let range = first..first + lines.len();
        if range.end >= u32::MAX as usize {
            let name = if side == Side::Rows { "rows" } else { "cols" };
            return Err(Error::new(ErrorKind::Argument, name)
                .expected(format!("at most {} more", u32::MAX as usize - 1 - first))
                .found(lines.len()));
        }
        let (new, biases) = self.model.folded(side, &observed, None, team, control)?;
        let grown = self.model.factors.of(side).with_rows(&new)?;
        let (factor, own) = match side {
            Side::Rows => (&mut self.model.factors.u, &mut self.model.offsets.row),
            Side::Columns => (&mut self.model.factors.v, &mut self.model.offsets.col),
        };
        own.try_reserve(biases.len()).map_err(|_| out_of_memory("bias", biases.len(), size_of::<T>()))?;
        *factor = grown;
        own.extend(biases);
        for i in 0..lines.len() {
            let line = lines.line(i);
            for (e, &j) in line.index.iter().enumerate() {
                let (row, col) = place(side, first + i, j as usize);
                let entry = (line.value[e], line.weight.map_or(T::narrow(1.0), |w| w[e]));
                self.note(row as u32, col as u32, Some(entry))?;
            }
            self.count_pairs(side, first + i, 1.0);
        }
        Ok(range)
    }

    fn check_undrawn(&self) -> Result<()> {
        if self.prior().is_some() {
            Err(unsupported("a fit without prior means", "one with some"))
        } else {
            Ok(())
        }
    }

    /// A change as it is stored. Errors: as [`Live::observe`].
    fn stored(&self, k: usize, change: &Change) -> Result<Option<Stored<T>>> {
        for (name, word, found, size) in
            [("row", "row", change.row, self.model.rows()), ("col", "column", change.col, self.model.cols())]
        {
            if found >= size {
                return Err(Error::new(ErrorKind::Data, name)
                    .at(format!("entry {k}"))
                    .expected(format!("a {word} in 0..{size}"))
                    .found(found));
            }
        }
        let refuse = |subject: &str, expected: &str, found: f64| {
            let error = Error::new(ErrorKind::Data, subject).at(format!("entry {k}"));
            Err(error.at_cell(change.row as u32, change.col as u32).expected(expected).found(found))
        };
        if change.weight != 0.0 && !change.value.is_finite() {
            return refuse("value", "a finite number", change.value);
        }
        let (value, weight) = match self.model.variant {
            Variant::AllPairs { .. } if change.weight != 1.0 && change.weight != 0.0 => {
                return refuse(
                    "weight",
                    "1, or 0 for an entry that goes, with implicit feedback",
                    change.weight,
                );
            }
            Variant::AllPairs { confidence } => {
                let (value, weight) = feedback::entry(change.value, confidence);
                (value, weight * change.weight)
            }
            _ => (change.value / self.model.scale, change.weight),
        };
        if weight == 0.0 {
            return Ok(None);
        }
        if !T::narrow(value).wide().is_finite() {
            return refuse("value", "a number that is finite as it is stored", change.value);
        }
        if !super::arrange::WEIGHTS.contains(&weight) {
            return refuse("weight", "0, or a number from 1e-30 to 1e30", weight);
        }
        Ok(Some((T::narrow(value), T::narrow(weight))))
    }

    /// Sees to it that there are normal equations of a line that rounding has not worn.
    fn prepare(&mut self, side: Side, i: u32, control: &mut Control<'_>) -> Result<()> {
        control.poll()?;
        if self.base.is_none() && (i as usize) < self.fitted[at(side)] {
            return Err(without_entries());
        }
        if matches!(self.model.variant, Variant::AllPairs { .. }) {
            let other = side.other();
            let lines = self.model.factors.of(other);
            let worn = |pairs: &Option<(Square, usize)>| pairs.as_ref().is_none_or(|p| p.1 >= lines.rows());
            if worn(&self.pairs[at(other)]) {
                let gram = lines.gram(|_| 1.0, &Team::solo(), control)?;
                self.pairs[at(other)] = Some((gram, 0));
                self.normals[at(side)].values_mut().for_each(Normal::unfactor);
            }
        }
        if self.normals[at(side)].get(&i).is_some_and(|normal| !normal.is_worn()) {
            return Ok(());
        }
        let flops = self.form(side, i)?;
        control.spend(flops)?;
        Ok(())
    }

    /// Forms the normal equations of a line from its entries. Gives the flops.
    fn form(&mut self, side: Side, i: u32) -> Result<u64> {
        let entries = self.line(side, i as usize, false)?;
        let count = entries.len();
        let unknowns = self.model.rank() + usize::from(self.has_biases());
        let mut normal = Normal::empty(unknowns, entries.len());
        let mut y = Vec::with_capacity(unknowns);
        for (j, value, weight) in entries {
            self.model.unknowns_into(side, j as usize, &mut y);
            normal.add(&y, self.target(side, j, value), weight.wide(), true);
        }
        normal.rested();
        self.normals[at(side)].insert(i, normal);
        Ok((2 * count * unknowns * unknowns) as u64)
    }

    fn has_biases(&self) -> bool {
        !self.model.offsets.row.is_empty()
    }

    /// What the unknowns of a line stand for at a position: the value without the mean and the position's own bias.
    fn target(&self, side: Side, j: u32, value: T) -> f64 {
        let own = self.model.offsets.of(side.other()).get(j as usize).map_or(0.0, |b| b.wide());
        value.wide() - self.model.offsets.mean - own
    }

    /// Notes an entry, or that it is gone, and takes it into the normal equations that there are.
    fn note(&mut self, row: u32, col: u32, new: Option<Stored<T>>) -> Result<()> {
        let mut y = Vec::new();
        let keeps = self.model.damping.ridge == 0.0 || self.model.damping.degree_power == 0.0;
        for side in SIDES {
            let (i, j) = if side == Side::Rows { (row, col) } else { (col, row) };
            if !self.normals[at(side)].contains_key(&i) {
                continue;
            }
            let old = self.entries_at(row, col);
            self.model.unknowns_into(side, j as usize, &mut y);
            let of = |(value, weight): Stored<T>| (self.target(side, j, value), weight.wide());
            let (old, new): (Vec<(f64, f64)>, _) = (old.into_iter().map(of).collect(), new.map(of));
            let Some(normal) = self.normals[at(side)].get_mut(&i) else { continue };
            match (&old[..], new) {
                ([old], Some(new)) => normal.exchange(&y, *old, new),
                _ => {
                    new.iter().for_each(|(b, w)| normal.add(&y, *b, *w, keeps));
                    old.iter().for_each(|(b, w)| normal.remove(&y, *b, *w, keeps));
                }
            }
        }
        for side in SIDES {
            let (i, j) = if side == Side::Rows { (row, col) } else { (col, row) };
            self.changed[at(side)].entry(i).or_default().insert(j, new);
        }
        Ok(())
    }

    /// What counts at a place: one entry, none, or several that the fit kept.
    fn entries_at(&self, row: u32, col: u32) -> Vec<Stored<T>> {
        if let Some(now) = self.changed[0].get(&row).and_then(|line| line.get(&col)) {
            return now.iter().copied().collect();
        }
        let Some(lines) = self.base.as_ref().map(|base| base.by_row()) else { return Vec::new() };
        if row as usize >= lines.len() || self.held_out.holds(row as usize, col as usize) {
            return Vec::new();
        }
        let line = lines.line(row as usize);
        let (from, to) =
            (line.index.partition_point(|j| *j < col), line.index.partition_point(|j| *j <= col));
        (from..to).map(|e| (line.value[e], line.weight.map_or(T::narrow(1.0), |w| w[e]))).collect()
    }

    /// Fits a line again, and takes what that changes into the normal equations of the other side.
    fn renew(&mut self, side: Side, i: u32, control: &mut Control<'_>) -> Result<()> {
        if self.normals[at(side)].get(&i).is_some_and(Normal::is_worn) {
            // Without a look at the control: what was noted is to be fitted.
            let flops = self.form(side, i)?;
            control.count(flops, 0);
        }
        let (line, other) = (i as usize, side.other());
        let others =
            if self.normals[at(other)].is_empty() { Vec::new() } else { self.line(side, line, false)? };
        let pairs = self.pairs[at(other)].as_ref().map(|(gram, _)| gram);
        let Some(normal) = self.normals[at(side)].get_mut(&i) else { return Ok(()) };
        let mut x: Vec<f64> = self.model.factors.of(side).row(line).iter().map(|v| v.wide()).collect();
        let ridge = self.model.damping.ridge_of(normal.count());
        control.count(normal.solve::<T>(&self.model.variant, pairs, ridge, &mut x), 0);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        self.model.unknowns_into(other, line, &mut before);
        let was: Vec<f64> = others.iter().map(|(_, value, _)| self.target(other, i, *value)).collect();
        self.count_pairs(side, line, -1.0);
        let constant = self.model.variant.constant();
        let k = self.model.rank();
        let (factor, own) = match side {
            Side::Rows => (&mut self.model.factors.u, &mut self.model.offsets.row),
            Side::Columns => (&mut self.model.factors.v, &mut self.model.offsets.col),
        };
        factor.row_mut(line).iter_mut().zip(&x).for_each(|(v, x)| *v = T::narrow(*x));
        if let (Some(bias), Some(unknown)) = (own.get_mut(line), x.get(k)) {
            *bias = T::narrow(unknown * constant);
        }
        self.count_pairs(side, line, 1.0);
        self.model.unknowns_into(other, line, &mut after);
        for ((j, value, weight), was) in others.into_iter().zip(was) {
            let now = self.target(other, i, value);
            if let Some(normal) = self.normals[at(other)].get_mut(&j) {
                let w = weight.wide();
                normal.add(&after, now, w, true);
                normal.remove(&before, was, w, true);
            }
        }
        Ok(())
    }

    /// For implicit feedback: a line of `side` counts in the Gram matrix of all of them, with this sign.
    fn count_pairs(&mut self, side: Side, line: usize, sign: f64) {
        let Some((gram, changes)) = &mut self.pairs[at(side)] else { return };
        let x: Vec<f64> = self.model.factors.of(side).row(line).iter().map(|v| v.wide()).collect();
        all_pairs::add_square(gram, &x, sign);
        *changes += 1;
        self.normals[at(side.other())].values_mut().for_each(Normal::unfactor);
    }
}

fn without_entries() -> Error {
    Error::new(ErrorKind::State, "model").expected("one with its entries").found("one without")
}

#[cfg(test)]
mod tests;
