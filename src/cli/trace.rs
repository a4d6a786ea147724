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
        let figures = ["lambda", "objective", "certificate", "nonzeros", "intercept"];
        writer.write_record(figures.iter().copied().chain(names.iter().map(String::as_str)))?;
        for solution in solutions {
            let found = &solution.certificate;
            let mut cells = vec![format!("{:?}", solution.lambda), format!("{:?}", found.objective)];
            cells.push(format!("{:?}", found.value));
            cells.push(solution.nonzeros().to_string());
            cells.extend([solution.intercept].iter().chain(&solution.coef).map(|v| format!("{v:?}")));
            writer.write_record(&cells)?;
        }
        writer.flush()
    })
}
