//! `southwell altmin`: completes a matrix from a file of entries (`path`: along a grid), or applies a saved model
//! (`saved`); `top` has the best entries of rows.

mod path;
mod saved;
mod top;

use super::axis::Axis;
use super::chart::{Chart, Line as Curve, Names};
use super::failure::{Failure, Verdict};
use super::files::{self, Triplets};
use super::layout::Facts;
use super::number::{json, short};
use super::option_flags::Chosen;
use super::output;
use super::progress::Line;
use clap::ArgMatches;
use serde_json::{Value, json};
use southwell::altmin::loss::LossKind;
use southwell::altmin::observations::Observations;
use southwell::altmin::{Entries, Model, Precision, Problem, Settings, Side, Solution, solve};

use southwell::numerics::real::Real;
use southwell::runtime::{Control, Error, ErrorKind, Family, Options, Outcome, Result, Stop};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Runs the command.
pub fn run(matches: &ArgMatches) -> std::result::Result<Verdict, Failure> {
    let of = |name: &str| matches.get_one::<PathBuf>(name);
    if let Some(file) = of("model") {
        return saved::run(matches, file);
    }
    let mut chosen = Chosen::read(matches, Family::Altmin)?;
    if of("trace").is_some() || of("plot").is_some() {
        chosen.set("trace", "true");
    }
    let grid = path::given(matches, &chosen.options()?)?;
    if let Some((key, first)) = grid.as_ref().and_then(path::Given::first) {
        chosen.set(key, &first);
    }
    let options = chosen.options()?;
    let settings = Settings::from_options(&options)?;
    let mut line = Line::new();
    line.say("reading the entries");
    let base = matches.get_one::<i64>("base").copied().unwrap_or(0);
    let file = of("train").cloned().unwrap_or_default();
    let train = files::read_triplets(&file, base, true)?;
    let test = of("test").map(|file| files::read_triplets(file, base, true)).transpose()?;
    if let Some(test) = &test {
        finite(test, of("test"))?;
    }
    let places = of("predict").map(|file| files::read_triplets(file, base, false)).transpose()?;
    let mut size = train.least_size();
    for other in [&test, &places].into_iter().flatten() {
        let least = other.least_size();
        size = [size[0].max(least[0]), size[1].max(least[1])];
    }
    for (k, name) in ["rows", "cols"].into_iter().enumerate() {
        if let Some(given) = matches.get_one::<u64>(name) {
            if (*given as usize) < size[k] {
                return Err(Error::new(ErrorKind::Argument, format!("--{name}"))
                    .expected(format!("at least {}, for the files", size[k]))
                    .found(given)
                    .into());
            }
            size[k] = *given as usize;
        } else if size[k] > train.believable {
            return Err(Error::new(ErrorKind::Data, file.display().to_string())
                .expected(format!(
                    "at most {} {name} in a file of its size (--{name} says that there are more)",
                    train.believable
                ))
                .found(size[k])
                .into());
        }
    }
    if of("weights").is_some() && train.size.is_some() {
        return Err(Error::new(ErrorKind::Argument, "--weights")
            .expected("entries in lines of row, column and value with it")
            .found("a Matrix Market file, whose entries are read column by column")
            .into());
    }
    let weight = of("weights").map(|file| files::read_vector(file)).transpose()?;
    let run = Run {
        matches,
        options: &options,
        settings: &settings,
        file: &file,
        train: &train,
        test: &test,
        grid: &grid,
        size,
    };
    if settings.single {
        run.complete::<f32>(weight.as_deref(), places.as_ref(), line)
    } else {
        run.complete::<f64>(weight.as_deref(), places.as_ref(), line)
    }
}

struct Run<'a> {
    matches: &'a ArgMatches,
    options: &'a Options,
    settings: &'a Settings,
    file: &'a Path,
    train: &'a Triplets,
    test: &'a Option<Triplets>,
    grid: &'a Option<path::Given>,
    size: [usize; 2],
}

impl Run<'_> {
    fn complete<T: Precision>(
        &self,
        weight: Option<&[f64]>,
        places: Option<&Triplets>,
        mut line: Line,
    ) -> std::result::Result<Verdict, Failure> {
        let of = |name: &str| self.matches.get_one::<PathBuf>(name);
        let [rows, cols] = self.size;
        let Triplets { row, col, value, .. } = self.train;
        let entries = Entries { rows, cols, row, col, value, weight };
        let made = {
            let mut control = line.control();
            Problem::<T>::new(entries, self.options, &mut control)
                .map_err(|error| (error, control.poll().err()))
        };
        let mut problem = match made {
            Ok(problem) => problem,
            Err((error, Some(Stop(outcome)))) if error.kind() == ErrorKind::Stopped => {
                drop(line);
                output::print(&self.stopped(outcome))?;
                return Ok(Verdict::of(false));
            }
            Err((error, _)) => return Err(self.told(error).into()),
        };
        for (side, name) in [(Side::Rows, "prior-rows"), (Side::Columns, "prior-cols")] {
            if let Some(file) = of(name) {
                self.set_prior(&mut problem, side, file)?;
            }
        }
        line.say("completing");
        let (points, best) = match self.grid {
            Some(grid) => {
                let mut control = line.control();
                let found = southwell::altmin::path(&problem, self.options, grid.grid(), None, &mut control)?;
                (found.points, found.best)
            }
            None => (vec![solve(&problem, self.options, None, &mut line.control())?], None),
        };
        drop(line);
        // There is a first point, also of a path that was stopped.
        let Some(solution) = best.or(points.len().checked_sub(1)).map(|k| &points[k]) else {
            return Ok(Verdict::of(false));
        };
        let converged = points.iter().all(|s| s.outcome == Outcome::Converged);
        if let Some(prefix) = of("out") {
            write_model(prefix, solution)?;
        }
        if let Some(file) = of("save-model") {
            saved::write(file, &problem, solution, self.matches.get_flag("save-entries"))?;
        }
        let mut noise = None;
        if let (Some(places), Some(bars)) = (places, of("error-bars")) {
            if self.settings.implicit {
                return Err(Error::new(ErrorKind::Unsupported, "--error-bars")
                    .expected("explicit values")
                    .found("feedback=implicit")
                    .into());
            }
            let parted = solution.held_out.part(problem.observations())?;
            let seen = parted.as_ref().map_or(problem.observations(), |(seen, _)| seen);
            noise = Some(error_bars(bars, &solution.model, seen, places)?);
        }
        top::write(self.matches, &solution.model, Some(problem.observations()))?;
        if let (Some(places), Some(out)) = (places, of("predictions")) {
            files::write_vector(out, &predictions(&solution.model, places))?;
        }
        if let Some(trace) = of("trace") {
            write_trace(trace, solution)?;
        }
        if let Some(plot) = of("plot") {
            let title = self.file.display().to_string();
            let chart = match self.grid {
                Some(grid) => path::chart(&title, grid, &points),
                None => convergence(&title, solution),
            };
            chart.write(plot)?;
        }
        let test = self.test.as_ref().map(|test| test_error(&problem, &solution.model, test));
        let path = self.grid.as_ref().map(|_| (&points[..], best));
        let report = Report { run: self, solution, test, noise, path };
        output::print(&if self.matches.get_flag("json") { report.json() } else { report.text() })?;
        Ok(Verdict::of(converged))
    }
}

impl Run<'_> {
    /// An error about the entries, in terms of their file.
    fn told(&self, error: Error) -> Error {
        let base = self.matches.get_one::<i64>("base").copied().unwrap_or(0);
        // Matrix Market files count from 1.
        let base = if self.train.size.is_some() { 1 } else { base };
        let file = self.file.display().to_string();
        let error = ["value", "entries"].iter().fold(error, |error, name| error.renamed(name, &file));
        error.renamed("weight", "--weights").counting_from(base as u32)
    }

    /// Gives a problem prior means from a table.
    fn set_prior<T: Real>(&self, problem: &mut Problem<T>, side: Side, file: &Path) -> Result<()> {
        let table = files::read_table(file, &files::ReadOptions::default())?;
        let [rows, cols] = self.size;
        let (lines, what) = if side == Side::Rows { (rows, "row") } else { (cols, "column") };
        let rank = self.settings.rank.min(rows).min(cols);
        if (table.rows, table.cols) != (lines, rank) {
            return Err(Error::new(ErrorKind::Data, file.display().to_string())
                .expected(format!(
                    "{lines} lines, one for each {what} of the matrix, of {rank} numbers, the rank"
                ))
                .found(format!("{} of {}", table.rows, table.cols)));
        }
        problem.set_prior(side, &table.into_rows(&file.display().to_string())?)
    }

    /// What is said of a run that was stopped before there was a problem.
    fn stopped(&self, outcome: Outcome) -> String {
        if self.matches.get_flag("json") {
            return format!("{}\n", json!({ "outcome": outcome.name() }));
        }
        let mut facts = Facts::default();
        facts.add("outcome", format!("{}, while the entries were arranged", outcome.name()));
        facts.text()
    }
}

fn predictions<T: Real>(model: &Model<T>, places: &Triplets) -> Vec<f64> {
    places.row.iter().zip(&places.col).map(|(i, j)| model.predict(*i as usize, *j as usize)).collect()
}

/// The root mean square error on other entries, and how many of those are in lines without fitted ones.
fn test_error<T: Real>(problem: &Problem<T>, model: &Model<T>, test: &Triplets) -> (f64, usize) {
    let lines = problem.observations();
    let unseen = |(i, j): (&i64, &i64)| {
        lines.by_row().degree(*i as usize) == 0 || lines.by_col().degree(*j as usize) == 0
    };
    let unseen = test.row.iter().zip(&test.col).filter(|place| unseen(*place)).count();
    (root_mean_square(model, test), unseen)
}

/// The root mean square error on entries.
fn root_mean_square<T: Real>(model: &Model<T>, test: &Triplets) -> f64 {
    let off = predictions(model, test).iter().zip(&test.value).map(|(x, m)| (x - m) * (x - m)).sum::<f64>();
    (off / test.value.len() as f64).sqrt()
}

/// Refuses entries that are not numbers.
fn finite(test: &Triplets, file: Option<&PathBuf>) -> Result<()> {
    match test.value.iter().position(|v| !v.is_finite()) {
        Some(k) => {
            Err(Error::new(ErrorKind::Data, file.map_or_else(String::new, |f| f.display().to_string()))
                .at(format!("entry {}", k + 1))
                .expected("a finite number")
                .found(test.value[k]))
        }
        None => Ok(()),
    }
}

/// Writes the standard deviations of predictions, and gives that of the noise.
fn error_bars<T: Real>(
    file: &Path,
    model: &Model<T>,
    seen: &Observations<T>,
    places: &Triplets,
) -> Result<f64> {
    let control = &mut Control::new();
    let noise = model.noise(seen, control)?;
    let at: Vec<(usize, usize)> =
        places.row.iter().zip(&places.col).map(|(i, j)| (*i as usize, *j as usize)).collect();
    let bars = model.error_bars(seen, &at, noise, control)?;
    files::write_vector(file, &bars)?;
    Ok(noise)
}

/// `PREFIX.u.npy`, `PREFIX.v.npy` and, where there are any, `PREFIX.row_bias.npy`, `PREFIX.col_bias.npy`; the mean is
/// in the report.
fn write_model<T: Real>(prefix: &Path, solution: &Solution<T>) -> Result<()> {
    let model = &solution.model;
    let named = |end: &str| {
        let mut name = prefix.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    files::write_npy(&named(".u.npy"), model.rank(), &model.factor(Side::Rows))?;
    files::write_npy(&named(".v.npy"), model.rank(), &model.factor(Side::Columns))?;
    for (side, end) in [(Side::Rows, ".row_bias.npy"), (Side::Columns, ".col_bias.npy")] {
        let biases = model.biases(side);
        if !biases.is_empty() {
            files::write_npy(&named(end), 0, &biases)?;
        }
    }
    Ok(())
}

fn write_trace<T>(file: &Path, solution: &Solution<T>) -> Result<()> {
    output::write_file(file, |file| {
        writeln!(
            file,
            "iteration,work,seconds,objective,residual,change,held_out,incoherence,smallest,largest,row_steps,row_tolerance"
        )?;
        for r in &solution.trace {
            let [smallest, largest] = r.singular;
            let numbers = [
                r.seconds,
                r.objective,
                r.residual,
                r.change,
                r.held_out,
                r.incoherence,
                smallest,
                largest,
                r.row_steps,
                r.row_tolerance,
            ];
            let numbers: Vec<String> = numbers.iter().map(|v| format!("{v:?}")).collect();
            writeln!(file, "{},{},{}", r.iteration, r.work, numbers.join(","))?;
        }
        Ok(())
    })
}

/// The residual and the change of the model over the sweeps.
pub fn convergence<T: Real>(title: &str, solution: &Solution<T>) -> Chart {
    let curve = |name: &str, of: &dyn Fn(&southwell::altmin::TraceRow) -> f64| Curve {
        name: name.to_owned(),
        points: solution.trace.iter().map(|r| (r.iteration as f64, of(r))).collect(),
    };
    let mut lines = vec![curve("residual", &|r| r.residual), curve("change", &|r| r.change)];
    let size = solution.certificate.fit / solution.certificate.residual;
    if solution.certificate.held_out.is_finite() && size.is_finite() {
        lines.push(curve("held out", &|r| r.held_out / size));
    }
    Chart {
        title: format!("{title}: completion at rank {}", solution.model.rank()),
        x: Axis::linear("sweep"),
        y: Axis::log("relative to the entries (change: to the model)"),
        lines,
        level: None,
        names: Names::Listed,
    }
}

struct Report<'a, T> {
    run: &'a Run<'a>,
    solution: &'a Solution<T>,
    test: Option<(f64, usize)>,
    noise: Option<f64>,
    path: Option<(&'a [Solution<T>], Option<usize>)>,
}

impl<T: Real> Report<'_, T> {
    fn text(&self) -> String {
        let Self { run, solution, test, noise, path } = self;
        let found = &solution.certificate;
        let [rows, cols] = run.size;
        let mut facts = Facts::default();
        let share = 100.0 * found.entries as f64 / (rows as f64 * cols as f64);
        facts.add(
            "entries",
            format!(
                "{}, {rows} x {cols}, {} fitted ({} %)",
                run.file.display(),
                found.entries,
                short(share, 3)
            ),
        );
        let capped = if solution.model.rank() < run.settings.rank { " (all there are)" } else { "" };
        facts.add(
            "rank",
            format!(
                "{}{capped}, {} entries for each degree of freedom",
                solution.model.rank(),
                short(found.oversampling, 3)
            ),
        );
        let how = match solution.ridges.len() {
            0 => String::new(),
            tried => format!(", the best of {tried} on entries held out for it"),
        };
        facts.add("ridge", format!("{}{how}", short(solution.ridge, 4)));
        if let Some((search, _)) = &solution.searched {
            facts.add("search", format!("{search}"));
        }
        facts.add("outcome", solution.outcome.name());
        facts.add("objective", short(solution.objective, 12));
        facts.add("fit", format!("{} rmse, {} relative", short(found.fit, 6), short(found.residual, 3)));
        if found.held_out.is_finite() {
            facts.add("held out", format!("{} rmse", short(found.held_out, 6)));
        }
        if let Some((error, unseen)) = test {
            let note = if *unseen > 0 {
                format!(" ({unseen} in rows or columns without entries)")
            } else {
                String::new()
            };
            facts.add("test", format!("{} rmse{note}", short(*error, 6)));
        }
        if let Some(noise) = noise {
            facts.add("noise", short(*noise, 6));
        }
        if run.settings.loss != LossKind::Squared {
            facts.add("outliers", format!("{} of the fitted entries", found.outliers));
        }
        facts.add("gradient", format!("{} relative", short(found.gradient, 3)));
        facts.add(
            "determined",
            format!(
                "at most {} of {} entries: {} rows and {} columns have too few, {} component(s)",
                short(found.determined, 12),
                short(rows as f64 * cols as f64, 12),
                found.undetermined_rows,
                found.undetermined_cols,
                found.components
            ),
        );
        facts.add(
            "incoherence",
            format!("{} rows, {} columns", short(found.row_incoherence, 3), short(found.col_incoherence, 3)),
        );
        facts.add("sweeps", solution.iterations.to_string());
        facts.add(
            "seconds",
            format!(
                "{:.3} setup, {:.3} solve, {} thread(s)",
                solution.seconds_setup, solution.seconds_solve, run.settings.threads
            ),
        );
        match path {
            Some((points, best)) => format!("{}\n{}", path::text(points, *best), facts.text()),
            None => facts.text(),
        }
    }

    fn json(&self) -> String {
        let Self { run, solution, test, noise, path } = self;
        let found = &solution.certificate;
        let ridges: Vec<Value> =
            solution.ridges.iter().map(|(ridge, error)| json!([json(*ridge), json(*error)])).collect();
        let mut object = json!({
            "outcome": solution.outcome.name(),
            "objective": json(solution.objective),
            "certificate": {"kind": "gradient norm", "value": json(found.gradient), "rigor": "none"},
            "train_rmse": json(found.fit),
            "residual": json(found.residual),
            "held_out_rmse": json(found.held_out),
            "test_rmse": json(test.map_or(f64::NAN, |t| t.0)),
            "test_unseen": test.map_or(0, |t| t.1),
            "rank": solution.model.rank(),
            "ridge": json(solution.ridge),
            "ridges": ridges,
            "search": solution.searched.as_ref().map(|(search, _)| search.to_string()),
            "mean": json(solution.model.mean()),
            "rows": run.size[0],
            "cols": run.size[1],
            "entries": found.entries,
            "outliers": found.outliers,
            "oversampling": json(found.oversampling),
            "determined": json(found.determined),
            "undetermined_rows": found.undetermined_rows,
            "undetermined_cols": found.undetermined_cols,
            "components": found.components,
            "row_incoherence": json(found.row_incoherence),
            "col_incoherence": json(found.col_incoherence),
            "iterations": solution.iterations,
            "work": solution.work,
            "seconds_setup": solution.seconds_setup,
            "seconds_solve": solution.seconds_solve,
            "threads": run.settings.threads,
        });
        if let Some(noise) = noise {
            object["noise"] = json(*noise);
        }
        if let Some((points, best)) = path {
            object["path"] = path::as_json(points);
            object["best"] = best.map_or(Value::Null, Value::from);
        }
        format!("{object}\n")
    }
}
