//! A line of progress on a terminal; nothing elsewhere.

use super::interrupt;
use super::number::short;
use indicatif::{ProgressBar, ProgressStyle};
use southwell::runtime::{Control, Phase, Progress, Verdict};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// The line; it disappears when this is dropped.
pub struct Line {
    bar: Option<ProgressBar>,
    prefix: String,
}

/// Time between two looks of the line.
const PAUSE: Duration = Duration::from_millis(100);

impl Line {
    /// A line on stderr if that is a terminal.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, prefix: String::new() }
    }

    /// Says what is going on.
    pub fn say(&mut self, text: impl Into<String>) {
        self.prefix = text.into();
        if let Some(bar) = &self.bar {
            bar.set_message(self.prefix.clone());
            bar.tick();
        }
    }

    /// A control that keeps the line up to date and stops at Ctrl-C.
    pub fn control(&self) -> Control<'_> {
        self.control_beside(|_| {})
    }

    /// The same, and `see` is told of every look.
    pub fn control_beside<'a>(&'a self, mut see: impl FnMut(&Progress) + 'a) -> Control<'a> {
        let control = Control::new().with_cancel(interrupt::token());
        let mut last = Instant::now();
        control.with_progress(1, move |progress| {
            see(progress);
            let Some(bar) = &self.bar else { return Verdict::Continue };
            if last.elapsed() >= PAUSE {
                last = Instant::now();
                let phase = match progress.phase {
                    Phase::Setup => "setup".to_owned(),
                    Phase::NullModel => "null model".to_owned(),
                    Phase::Solve | Phase::Certificate => format!(
                        "iteration {}, objective {}, certificate {}",
                        progress.iteration,
                        short(progress.objective, 8),
                        short(progress.certificate, 3)
                    ),
                };
                bar.set_message(format!("{}: {phase}, {:.1} s", self.prefix, progress.seconds));
                bar.tick();
            }
            Verdict::Continue
        })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
