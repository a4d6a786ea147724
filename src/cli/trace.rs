//! Traces and paths as CSV.

use super::output;
use southwell::bcd::Solution;
use southwell::runtime::Result;
use std::io::Write;
use std::path::Path;

/// Writes the trace of each solution.
pub fn write_trace(path: &Path, solutions: &[Solution]) -> Result<()> {
    output::write_file(path, |file| {
        writeln!(file, "lambda,iteration,work,seconds,objective,certificate,nonzeros")?;
        for solution in solutions {
            for row in &solution.trace {
                writeln!(
                    file,
                    "{:?},{},{},{:?},{:?},{:?},{}",
                    solution.lambda,
                    row.iteration,
                    row.work,
                    row.seconds,
                    row.objective,
                    row.certificate,
                    row.nonzeros
                )?;
            }
        }
        Ok(())
    })
}

/// Writes one row per lambda: figures first, then the intercept and the coefficients.
pub fn write_path(path: &Path, names: &[String], solutions: &[Solution]) -> Result<()> {
    output::write_file(path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        let count = solutions.last().map_or(0, |s| s.intercepts.len());
        let intercepts: Vec<String> = match count {
            0 => vec!["intercept".into()],
            k => (0..k).map(|c| format!("intercept:{c}")).collect(),
        };
        let figures = ["lambda", "objective", "certificate", "nonzeros"];
        let names = intercepts.iter().chain(names).map(String::as_str);
        writer.write_record(figures.iter().copied().chain(names))?;
        for solution in solutions {
            let found = &solution.certificate;
            let mut cells = vec![format!("{:?}", solution.lambda), format!("{:?}", found.objective)];
            cells.push(format!("{:?}", found.value));
            cells.push(solution.nonzeros().to_string());
            let own = [solution.intercept];
            let intercepts = if count > 0 { solution.intercepts.as_slice() } else { &own };
            cells.extend(intercepts.iter().chain(&solution.coef).map(|v| format!("{v:?}")));
            writer.write_record(&cells)?;
        }
        writer.flush()
    })
}
