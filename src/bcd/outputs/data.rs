//! Targets and offsets of a problem with several outputs.

use super::super::problem::Problem;
use super::super::settings::Settings;
use crate::model::outputs::{OutputLoss, RowTarget};
use crate::runtime::{Error, ErrorKind, Result};

/// Most outputs of a problem: a damaged label must not ask for more memory than there is.
const MOST_OUTPUTS: usize = 100_000;

/// What belongs to rows, checked.
pub(in crate::bcd) struct Data {
    pub(in crate::bcd) loss: OutputLoss,
    /// Outputs.
    pub(in crate::bcd) k: usize,
    pub(in crate::bcd) rows: usize,
    targets: Targets,
    /// Offsets, output after output.
    pub(in crate::bcd) offset: Vec<f64>,
}

enum Targets {
    Classes(Vec<usize>),
    /// Row after row.
    Values(Vec<f64>),
}

impl Data {
    /// The rows of a problem. Errors: targets that the loss does not take, offsets of another length.
    pub(in crate::bcd) fn new(problem: &Problem<'_>, settings: &Settings, loss: OutputLoss) -> Result<Self> {
        let rows = problem.matrix().rows();
        let (k, targets) = match loss {
            OutputLoss::Softmax => {
                let classes = classes(problem.target())?;
                (class_count(&classes, settings.classes)?, Targets::Classes(classes))
            }
            OutputLoss::Squared => {
                let (k, values) = problem.targets().ok_or_else(|| {
                    Error::new(ErrorKind::State, "targets")
                        .expected("targets of several outputs (set_targets) for loss=multi-squared")
                        .found("none")
                })?;
                (k, Targets::Values(values.to_vec()))
            }
        };
        rows.max(problem.matrix().cols() + 1)
            .checked_mul(k)
            .filter(|n| *n <= isize::MAX as usize / 64)
            .ok_or_else(|| {
                Error::new(ErrorKind::Argument, "a")
                    .expected("rows and columns times outputs that fit in memory")
                    .found(format!("{k} outputs"))
            })?;
        let mut data = Self { loss, k, rows, targets, offset: vec![0.0; rows * k] };
        data.set_offset(problem)?;
        Ok(data)
    }

    fn set_offset(&mut self, problem: &Problem<'_>) -> Result<()> {
        let (rows, k) = (self.rows, self.k);
        if let Some(all) = problem.offsets() {
            if all.len() != rows * k {
                return Err(super::super::problem::wrong_length(
                    "offset",
                    all.len(),
                    rows * k,
                    "row and output",
                ));
            }
            for c in 0..k {
                (0..rows).for_each(|r| self.offset[c * rows + r] = all[r * k + c]);
            }
        }
        for column in self.offset.chunks_mut(rows.max(1)) {
            column.iter_mut().zip(problem.offset()).for_each(|(o, plain)| *o += plain);
        }
        Ok(())
    }

    /// The target of row `r`.
    #[inline]
    pub(in crate::bcd) fn target(&self, r: usize) -> RowTarget<'_> {
        match &self.targets {
            Targets::Classes(y) => RowTarget::Class(y[r]),
            Targets::Values(y) => RowTarget::Values(&y[r * self.k..(r + 1) * self.k]),
        }
    }

    /// The weight of each class (softmax); empty for other losses.
    pub(in crate::bcd) fn class_weights(&self, s: &[f64]) -> Vec<f64> {
        let Targets::Classes(y) = &self.targets else { return Vec::new() };
        let mut weights = vec![0.0; self.k];
        y.iter().zip(s).for_each(|(&y, s)| weights[y] += s);
        weights
    }

    /// Calls `visit` with each row of weight above 0: its number and its numbers in `of` (output after output).
    pub(in crate::bcd) fn for_each_row<const N: usize>(
        &self,
        s: &[f64],
        of: [&[f64]; N],
        mut visit: impl FnMut(usize, [&[f64]; N]),
    ) {
        let (rows, k) = (self.rows, self.k);
        let mut gathered: [Vec<f64>; N] = std::array::from_fn(|_| vec![0.0; k]);
        for r in (0..rows).filter(|&r| s[r] > 0.0) {
            for (row, full) in gathered.iter_mut().zip(of) {
                row.iter_mut().enumerate().for_each(|(c, v)| *v = full[c * rows + r]);
            }
            visit(r, std::array::from_fn(|i| gathered[i].as_slice()));
        }
    }

    /// Row after row from output after output.
    pub(in crate::bcd) fn by_rows(&self, full: &[f64]) -> Vec<f64> {
        (0..full.len()).map(|i| full[(i % self.k) * self.rows + i / self.k]).collect()
    }

    /// Output after output from row after row.
    pub(in crate::bcd) fn by_outputs(&self, full: &[f64]) -> Vec<f64> {
        (0..full.len()).map(|i| full[(i % self.rows) * self.k + i / self.rows]).collect()
    }
}

/// Targets as class numbers. Errors: one that is not a whole number from 0 on.
pub(in crate::bcd) fn classes(y: &[f64]) -> Result<Vec<usize>> {
    let class = |(r, &y): (usize, &f64)| {
        let whole = y >= 0.0 && y.fract() == 0.0 && y < MOST_OUTPUTS as f64;
        whole.then_some(y as usize).ok_or_else(|| {
            Error::new(ErrorKind::Data, "y")
                .at(format!("row {r}"))
                .expected(format!("a class number: 0, 1, .. below {MOST_OUTPUTS}"))
                .found(y)
        })
    };
    y.iter().enumerate().map(class).collect()
}

/// The number of classes: as stated, or one more than the largest target.
fn class_count(y: &[usize], stated: usize) -> Result<usize> {
    let needed = y.iter().max().map_or(0, |y| y + 1);
    if stated > 0 {
        return match y.iter().position(|&y| y >= stated) {
            Some(r) => Err(Error::new(ErrorKind::Data, "y")
                .at(format!("row {r}"))
                .expected(format!("a class below {stated} (option classes)"))
                .found(y[r])),
            None => Ok(stated),
        };
    }
    if needed < 2 {
        return Err(Error::new(ErrorKind::Data, "y")
            .expected("targets of at least two classes, or the option classes to say how many there are")
            .found(if needed == 0 { "none" } else { "class 0 alone" }));
    }
    Ok(needed)
}
