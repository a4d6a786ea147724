//! `southwell demo`: real problems solved in seconds, with a table and plots.

mod completion;
mod denoising;
mod groups;
mod problems;

use super::failure::{Failure, Verdict};
use super::layout::{Side, table};
use super::number::short;
use super::option_flags::Chosen;
use super::path;
use super::progress::Line;
use super::report::{self, Report};
use super::{output, plots};
use clap::ArgMatches;
use completion::Completion;
use denoising::Denoising;
use groups::Days;
use problems::{Demo, PROBLEMS, RULES};
use serde_json::{Value, json};
use southwell::bcd::{self, Grid, Problem, Settings, Solution};
use southwell::runtime::{Error, ErrorKind, Outcome};
use std::path::{Path, PathBuf};

/// Points of a path.
const POINTS: usize = 80;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<Verdict, Failure> {
    let folder = matches.get_one::<PathBuf>("out").cloned().unwrap_or_default();
    std::fs::create_dir_all(&folder).map_err(|e| {
        Error::new(ErrorKind::Argument, folder.display().to_string())
            .expected("a folder that can be made")
            .found(e)
    })?;
    let mut line = Line::new();
    let mut shown = Shown {
        folder: &folder,
        rows: Vec::new(),
        objects: Vec::new(),
        plots: Vec::new(),
        notes: String::new(),
        good: true,
    };
    for problem in PROBLEMS {
        shown.solve(&Demo::load(problem)?, &mut line)?;
    }
    shown.complete(&mut line)?;
    shown.predict(&mut line)?;
    shown.denoise(&mut line)?;
    drop(line);
    output::print(&if matches.get_flag("json") { shown.json() } else { shown.text() })?;
    Ok(Verdict::of(shown.good))
}

/// What was done so far.
struct Shown<'a> {
    folder: &'a Path,
    rows: Vec<Vec<String>>,
    objects: Vec<Value>,
    plots: Vec<(PathBuf, &'static str)>,
    /// What is said below the table.
    notes: String,
    good: bool,
}

impl Shown<'_> {
    fn solve(&mut self, demo: &Demo, line: &mut Line) -> Result<(), Failure> {
        line.say(demo.about.name);
        let options = demo.chosen.options()?;
        let settings = Settings::from_options(&options)?;
        let problem = demo.extras.problem(&demo.data, &settings)?;
        let solution = bcd::solve(&problem, &options, None, &mut line.control())?;
        self.good &= solution.outcome == Outcome::Converged;
        self.rows.push(row(demo, &settings, &solution));
        let report = Report {
            data: &demo.data,
            options: &options,
            settings: &settings,
            solution: &solution,
            linear: false,
        };
        let mut object = report.json();
        object.insert("name".into(), demo.about.name.into());
        self.objects.push(Value::Object(object));
        if let Some(file) = demo.about.path_plot {
            self.draw_path(file, demo, &problem, line)?;
        }
        if let Some(file) = demo.about.race_plot {
            self.draw_race(file, demo, &problem, line)?;
        }
        Ok(())
    }

    fn complete(&mut self, line: &mut Line) -> Result<(), Failure> {
        line.say("breast-cancer-completion");
        let found = Completion::run(line)?;
        self.good &= found.converged();
        self.notes.push_str(&found.text());
        self.objects.push(found.json());
        self.write("completion.svg", "residual and change over the sweeps of the completion", &found.chart())
    }

    fn predict(&mut self, line: &mut Line) -> Result<(), Failure> {
        line.say("bikes-groups");
        let found = Days::run()?;
        self.good &= found.holds();
        self.notes.push_str(&format!("\n{}", found.text()));
        self.objects.push(found.json());
        self.write("bikes-regret.svg", "regret on each group of days", &found.chart())
    }

    fn denoise(&mut self, line: &mut Line) -> Result<(), Failure> {
        line.say("denoising");
        let found = Denoising::run(line)?;
        self.good &= found.converged();
        self.notes.push_str(&found.text());
        self.objects.push(found.json());
        let path = self.folder.join("denoising.png");
        found.write_picture(&path)?;
        self.plots
            .push((path, "a picture that was not learned from: as observed, denoised, as it should be"));
        self.write("denoising.svg", "the upper value over the work of learning", &found.chart())
    }

    fn draw_path(
        &mut self,
        file: &'static str,
        demo: &Demo,
        problem: &Problem<'_>,
        line: &mut Line,
    ) -> Result<(), Failure> {
        let mut chosen = demo.chosen.clone();
        chosen.forget(&["lambda", "lambda_ratio"]);
        chosen.set("lambda_ratio", "0.001");
        let solutions = path::solve(problem, &chosen, &Grid::spaced(POINTS), None, line)?;
        let deviations = plots::deviations(problem);
        let title = format!("{}: {} as the penalty weakens", heading(demo.about.data), demo.about.path_of);
        let chart = match &demo.extras.groups {
            Some(groups) => {
                plots::group_path(&title, &demo.group_names, &groups.of_column, &deviations, &solutions)
            }
            None => {
                let names: Vec<String> = (0..demo.data.cols()).map(|j| demo.data.name(j)).collect();
                plots::path(&title, &names, Some(&deviations), &solutions)
            }
        };
        self.write(file, "coefficients over lambda", &chart)
    }

    /// The same problem by each rule of the paper and by the default.
    fn draw_race(
        &mut self,
        file: &'static str,
        demo: &Demo,
        problem: &Problem<'_>,
        line: &mut Line,
    ) -> Result<(), Failure> {
        let mut runs = Vec::new();
        for (rule, name) in RULES {
            line.say(format!("{}, rule {rule}", demo.about.name));
            let mut chosen: Chosen = demo.chosen.clone();
            for (key, value) in [("rule", *rule), ("trace", "true"), ("block_size", "1"), ("max_work", "3e8")]
            {
                chosen.set(key, value);
            }
            runs.push((*name, bcd::solve(problem, &chosen.options()?, None, &mut line.control())?));
        }
        let runs: Vec<(&str, &Solution)> = runs.iter().map(|(name, run)| (*name, run)).collect();
        let title =
            format!("{}: {}, the selection rules compared", heading(demo.about.data), demo.about.problem);
        self.write(file, "certificate over work for each selection rule", &plots::convergence(&title, &runs))
    }

    fn write(
        &mut self,
        file: &'static str,
        what: &'static str,
        chart: &super::chart::Chart,
    ) -> Result<(), Failure> {
        let path = self.folder.join(file);
        chart.write(&path)?;
        self.plots.push((path, what));
        Ok(())
    }

    fn text(&self) -> String {
        let headings = [
            "data",
            "rows x cols",
            "problem",
            "outcome",
            "objective",
            "certificate",
            "relative",
            "rigor",
            "nonzeros",
            "seconds",
        ];
        let mut sides = [Side::Right; 10];
        for left in [0, 2, 3, 7] {
            sides[left] = Side::Left;
        }
        let mut text = table(&headings, &sides, &self.rows);
        text.push_str("\nThe certificate bounds objective - minimum; relative: divided by the loss of the null model above the least possible.\n");
        text.push_str(&format!("\n{}\n", self.notes));
        self.plots.iter().for_each(|(path, what)| text.push_str(&format!("{}: {what}\n", path.display())));
        text
    }

    fn json(&self) -> String {
        let plots: Vec<String> = self.plots.iter().map(|(path, _)| path.display().to_string()).collect();
        format!("{}\n", json!({ "problems": self.objects, "plots": plots }))
    }
}

fn row(demo: &Demo, settings: &Settings, solution: &Solution) -> Vec<String> {
    let found = &solution.certificate;
    vec![
        demo.about.data.to_owned(),
        format!("{} x {}", demo.data.rows(), demo.data.cols()),
        demo.about.problem.to_owned(),
        solution.outcome.name().to_owned(),
        short(found.objective, 10),
        short(found.value, 2),
        short(report::relative(settings, solution), 2),
        found.rigor.name().to_owned(),
        solution.nonzeros().to_string(),
        format!("{:.4}", solution.seconds_setup + solution.seconds_solve),
    ]
}

/// A name as the start of a title.
fn heading(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
