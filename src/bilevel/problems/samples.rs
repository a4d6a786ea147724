//! The rows of a linear model: which of them each lower problem trains on, and which the upper level validates on.

use super::check;
use super::design::{Design, Spectrum};
use crate::numerics::Matrix;
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Result};

/// Features and one target per row.
#[derive(Debug)]
pub struct Data {
    /// Features, one row per observation: dense or sparse.
    pub x: Matrix<'static>,
    /// A target per row: a number, a label -1 or 1, or a class number, as the loss has it.
    pub y: Vec<f64>,
}

/// What one lower problem is trained on, and what its solution is judged by.
#[derive(Debug)]
pub struct Task {
    /// Rows of the lower level.
    pub training: Data,
    /// Rows of the upper level.
    pub validation: Data,
}

/// The samples of the bilevel problem.
///
/// Constructors refuse: no task, tables without rows or columns, another number of targets than rows or of columns than
/// in the first table, numbers that are not finite, targets that are not of the loss, a matrix by callbacks, folds that
/// are empty or fewer than two, and what there is no memory for.
#[derive(Debug)]
pub enum Split {
    /// One lower problem: the hold-out method.
    HoldOut(Task),
    /// A lower problem for each task, all with the same theta.
    Tasks(Vec<Task>),
    /// k-fold cross-validation: lower problem `i` is trained on the rows of other folds than `i` and judged by those of
    /// fold `i`.
    Folds {
        /// All rows.
        data: Data,
        /// The fold of each row, in `0..k`.
        fold: Vec<usize>,
    },
}

/// Rows in use: a table, and the weight of each of its rows.
#[derive(Debug)]
pub struct Rows {
    table: usize,
    /// 1 over the number of rows in use, or 0.
    pub weight: Vec<f64>,
    /// Bounds of the weighted features.
    pub spectrum: Spectrum,
}

/// A checked split.
#[derive(Debug)]
pub struct Samples {
    tables: Vec<(Design, Vec<f64>)>,
    training: Vec<Rows>,
    validation: Vec<Rows>,
}

impl Samples {
    /// Checks a split; `targets` refuses targets that are not of the loss.
    ///
    /// Errors: those of [`Split`].
    pub fn new(split: Split, intercept: bool, targets: impl Fn(&[f64]) -> Result<()>) -> Result<Self> {
        let mut samples = Self { tables: Vec::new(), training: Vec::new(), validation: Vec::new() };
        match split {
            Split::HoldOut(task) => samples.push_task(task, intercept, &targets)?,
            Split::Tasks(tasks) => {
                check::at_least_one("tasks.len", tasks.len())?;
                tasks.into_iter().try_for_each(|task| samples.push_task(task, intercept, &targets))?;
            }
            Split::Folds { data, fold } => samples.fold(data, &fold, intercept, &targets)?,
        }
        Ok(samples)
    }

    /// Lower problems.
    pub fn count(&self) -> usize {
        self.training.len()
    }

    /// Columns of every table, the intercept's included.
    pub fn features(&self) -> usize {
        self.tables[0].0.features()
    }

    /// The rows that sample `i` is trained on.
    pub fn training(&self, i: usize) -> &Rows {
        &self.training[i]
    }

    /// The rows that sample `i` is judged by.
    pub fn validation(&self, i: usize) -> &Rows {
        &self.validation[i]
    }

    /// Features and targets behind some rows.
    pub fn table(&self, rows: &Rows) -> (&Design, &[f64]) {
        let (design, y) = &self.tables[rows.table];
        (design, y)
    }

    fn push_task(
        &mut self,
        task: Task,
        intercept: bool,
        targets: &impl Fn(&[f64]) -> Result<()>,
    ) -> Result<()> {
        for (name, data, is_training) in
            [("training", task.training, true), ("validation", task.validation, false)]
        {
            let table = self.push_table(name, data, intercept, targets)?;
            let rows = self.tables[table].1.len();
            let mut weight: Vec<f64> = zeros(name, rows)?;
            weight.fill(1.0 / rows as f64);
            let rows = self.rows(table, weight);
            if is_training { self.training.push(rows) } else { self.validation.push(rows) }
        }
        Ok(())
    }

    fn fold(
        &mut self,
        data: Data,
        fold: &[usize],
        intercept: bool,
        targets: &impl Fn(&[f64]) -> Result<()>,
    ) -> Result<()> {
        let table = self.push_table("data", data, intercept, targets)?;
        let rows = self.tables[table].1.len();
        check::length("fold", rows, fold.len())?;
        // More folds than rows would leave one empty.
        if let Some(r) = fold.iter().position(|k| *k >= rows) {
            return Err(Error::new(ErrorKind::Data, "fold")
                .at(format!("row {r}"))
                .expected(format!("a number below {rows}, that of rows"))
                .found(fold[r]));
        }
        let folds = fold.iter().max().map_or(0, |k| k + 1);
        let mut sizes = vec![0_usize; folds];
        fold.iter().for_each(|k| sizes[*k] += 1);
        if let Some(empty) = sizes.iter().position(|size| *size == 0) {
            return Err(Error::new(ErrorKind::Data, "fold")
                .expected("rows in each fold")
                .found(format!("none in {empty}")));
        }
        if folds < 2 {
            return Err(Error::new(ErrorKind::Data, "fold").expected("at least 2 folds").found(folds));
        }
        for (k, size) in sizes.iter().enumerate() {
            let (inside, outside) = (1.0 / *size as f64, 1.0 / (rows - size) as f64);
            let (mut judged, mut trained): (Vec<f64>, Vec<f64>) =
                (zeros("fold", rows)?, zeros("fold", rows)?);
            for (r, of_row) in fold.iter().enumerate() {
                if *of_row == k { judged[r] = inside } else { trained[r] = outside }
            }
            let (judged, trained) = (self.rows(table, judged), self.rows(table, trained));
            self.validation.push(judged);
            self.training.push(trained);
        }
        Ok(())
    }

    fn push_table(
        &mut self,
        name: &str,
        data: Data,
        intercept: bool,
        targets: &impl Fn(&[f64]) -> Result<()>,
    ) -> Result<usize> {
        let design = Design::new(&format!("{name}.x"), data.x, intercept)?;
        let subject = format!("{name}.y");
        check::length(&subject, design.rows(), data.y.len())?;
        check::finite(&subject, &data.y)?;
        targets(&data.y).map_err(|error| error.renamed("y", &subject))?;
        if let Some((first, _)) = self.tables.first()
            && first.features() != design.features()
        {
            let own = usize::from(intercept);
            return Err(Error::new(ErrorKind::Argument, format!("{name}.x.cols"))
                .expected(format!("{}, as many as in the first table", first.features() - own))
                .found(design.features() - own));
        }
        self.tables.push((design, data.y));
        Ok(self.tables.len() - 1)
    }

    fn rows(&self, table: usize, weight: Vec<f64>) -> Rows {
        let spectrum = self.tables[table].0.spectrum(&weight);
        Rows { table, weight, spectrum }
    }
}
