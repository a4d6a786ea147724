//! A method on a course, and the true upper value of what it ends with.

use super::course::Course;
use southwell::bilevel::{Decision, Problem, Solution, solve};
use southwell::runtime::{Control, Family, Options, Result, Verdict};

/// Distance of lower solutions, and residual of adjoints, for what counts as true.
const TRUE: f64 = 1e-8;

/// Products that one lower or adjoint solve may take to be true: where parameters are absurd, it is not worth more.
const MOST: i64 = 20_000;

/// A method with its options.
#[derive(Debug, Clone)]
pub struct Entrant {
    /// For people.
    pub name: String,
    /// The first accuracies, where they are set.
    pub eps: Option<f64>,
    options: Vec<(&'static str, String)>,
}

impl Entrant {
    /// The default of this library.
    pub fn ours() -> Self {
        Self { name: "ours".into(), eps: None, options: Vec::new() }
    }

    /// The method as published.
    pub fn paper() -> Self {
        Self::named("MAID as published", "paper")
    }

    /// HOAG with one of its sequences, and with a first step that is not by its rule if there is one.
    pub fn hoag(sequence: &str, step: Option<f64>) -> Self {
        let mut entrant = Self::named(&format!("HOAG {sequence}"), "hoag");
        entrant.options.push(("sequence", sequence.to_owned()));
        entrant.options.extend(step.map(|step| ("step", step.to_string())));
        entrant
    }

    /// The same accuracies throughout.
    pub fn fixed() -> Self {
        Self::named("fixed", "fixed")
    }

    fn named(name: &str, method: &str) -> Self {
        Self { name: name.into(), eps: None, options: vec![("method", method.to_owned())] }
    }

    /// With these first accuracies, of lower and of adjoint solutions.
    pub fn from(mut self, eps: f64) -> Self {
        self.eps = Some(eps);
        for key in ["lower_accuracy", "adjoint_accuracy"] {
            self.options.push((key, eps.to_string()));
        }
        self
    }
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Run {
    pub name: String,
    pub eps: Option<f64>,
    /// The true upper value at the end; infinite where the method failed.
    pub value: f64,
    pub outcome: String,
    pub theta: Vec<f64>,
    pub iterations: u64,
    pub trials: u64,
    pub refinements: u64,
    pub products: u64,
    pub seconds: f64,
    /// The upper value as the method saw it, over its work in lower gradients.
    pub curve: Vec<(f64, f64)>,
    /// The lower accuracy asked for at each step that was taken.
    pub accuracies: Vec<(f64, f64)>,
}

/// Runs a method until its budget is spent, or it ends by itself.
pub fn run(course: &Course, entrant: &Entrant) -> Result<Run> {
    let mut options = Options::new(Family::Bilevel);
    for (key, value) in [("tolerance", 0.0), ("value_tolerance", 0.0), ("max_products", course.budget)] {
        options.set_real(key, value)?;
    }
    options.set_text("trace", "true")?;
    for (key, value) in &entrant.options {
        options.set_text(key, value)?;
    }
    let unit = course.problem.flops(0).max(1) as f64;
    let mut curve = Vec::new();
    let found = {
        let mut control = Control::new().with_progress(1, |seen| {
            curve.push((seen.work as f64 / unit, seen.objective));
            Verdict::Continue
        });
        solve(&*course.problem, &course.start, &options, None, &mut control)
    };
    let (name, eps) = (entrant.name.clone(), entrant.eps);
    match found {
        Ok(solution) => {
            // Where a method has gone to what cannot be evaluated, that is its outcome.
            let value = exact(&*course.problem, &solution.theta).map_or(f64::INFINITY, |found| found.0);
            let outcome = solution.outcome.name().to_owned();
            let taken = solution.trace.iter().filter(|row| row.decision == Decision::Accepted);
            let accuracies = taken.map(|row| (row.iteration as f64, row.eps)).collect();
            let Solution { theta, iterations, counts, seconds, .. } = solution;
            let (trials, refinements, products) = (counts.trials, counts.refinements, counts.products());
            Ok(Run {
                name,
                eps,
                value,
                outcome,
                theta,
                iterations,
                trials,
                refinements,
                products,
                seconds,
                curve,
                accuracies,
            })
        }
        // A method that cannot go on is an outcome here.
        Err(error) => Ok(Run {
            name,
            eps,
            value: f64::INFINITY,
            outcome: error.to_string(),
            theta: Vec::new(),
            iterations: 0,
            trials: 0,
            refinements: 0,
            products: 0,
            seconds: 0.0,
            curve,
            accuracies: Vec::new(),
        }),
    }
}

/// The upper value and the hypergradient at `theta`, from lower problems solved to [`TRUE`].
pub fn exact(problem: &dyn Problem, theta: &[f64]) -> Result<(f64, Vec<f64>)> {
    let solution = at(problem, theta, TRUE, &[])?;
    Ok((solution.certificate.interval.middle(), solution.hypergradient))
}

/// One point, with lower and adjoint solutions to `eps`, and no step.
pub fn at(
    problem: &dyn Problem,
    theta: &[f64],
    eps: f64,
    more: &[(&'static str, &'static str)],
) -> Result<Solution> {
    let mut options = Options::new(Family::Bilevel);
    options.set_text("method", "fixed")?;
    options.set_text("values", "corrected")?;
    options.set_integer("max_iterations", 0)?;
    options.set_integer("max_lower_products", MOST)?;
    for (key, value) in [("tolerance", 0.0), ("lower_accuracy", eps), ("adjoint_accuracy", eps)] {
        options.set_real(key, value)?;
    }
    more.iter().try_for_each(|(key, value)| options.set_text(key, value))?;
    solve(problem, theta, &options, None, &mut Control::new())
}
