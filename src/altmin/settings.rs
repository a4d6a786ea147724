//! What the options of `altmin` say, in types.

use super::half_step::Solver;
use super::loss::LossKind;
use super::observations::Repeats;
use super::sampling::HeldOut;
use crate::numerics::sketch::Family;
use crate::runtime::{Error, ErrorKind, Options, Result};

/// How factors are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchKind {
    /// Portfolio where the ridge is 0 and there are no biases, else plain.
    Auto,
    /// Alternation from the spectral start.
    Plain,
    /// The same with a ridge that fades.
    Annealed,
    /// One rank after the other.
    Continuation,
    /// Several, chosen by what was observed.
    Portfolio,
    /// The paper's method, as it is outlined.
    Paper,
}

/// All settings of a completion.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Relative residual, or distance from the limit, to stop at.
    pub tolerance: f64,
    /// Sweeps at most.
    pub max_iterations: u64,
    /// Time limit in seconds.
    pub max_seconds: f64,
    /// Work limit in flops.
    pub max_work: u64,
    /// Threads of the kernels.
    pub threads: usize,
    /// Seed of the random streams and of the hash that parts entries.
    pub seed: u64,
    /// Whether to keep a row of the trace for each sweep.
    pub trace: bool,
    /// Columns of the factors, before the cap.
    pub rank: usize,
    /// The ridge; `None`: chosen on held-out entries.
    pub ridge: Option<f64>,
    /// What power of a line's number of observations multiplies the ridge.
    pub ridge_power: f64,
    /// Whether entries that were not observed count as 0, and values say how sure the others are 1.
    pub implicit: bool,
    /// For implicit feedback: what a value adds to the weight 1 of its entry.
    pub confidence: f64,
    /// What residuals cost.
    pub loss: LossKind,
    /// Whether factors must not be negative.
    pub nonnegative: bool,
    /// Whether the mean is taken off.
    pub center: bool,
    /// Whether rows and columns have biases.
    pub biases: bool,
    /// The ridge on biases; `None`: as `ridge`.
    pub bias_ridge: Option<f64>,
    /// How factors are looked for.
    pub search: SearchKind,
    /// For the paper's method: rounds of two half-steps.
    pub rounds: usize,
    /// The kind of sketch.
    pub sketch: Family,
    /// Whether half-steps see observations of their own.
    pub independent: bool,
    /// How rows are solved.
    pub row_solver: Solver,
    /// The factor by which a row's gradient falls; `None`: adaptive.
    pub row_tolerance: Option<f64>,
    /// Whether sweeps are extrapolated.
    pub anderson: bool,
    /// Share of the observations that is held out.
    pub held_out: f64,
    /// Sweeps without a lower held-out error before a stop.
    pub patience: u64,
    /// What repeated positions mean.
    pub repeats: Repeats,
    /// Whether a C handle stores single precision.
    pub single: bool,
    /// Whether a value that is not a number stands for nothing observed.
    pub nan_is_missing: bool,
}

impl Settings {
    /// Reads and checks options. Errors: options of another family, or that contradict one another.
    pub fn from_options(options: &Options) -> Result<Self> {
        let common = options.common(crate::runtime::Family::Altmin)?;
        let real = |key| options.real(key).unwrap_or(0.0);
        let settings = Self {
            tolerance: common.tolerance,
            max_iterations: common.max_iterations,
            max_seconds: common.max_seconds,
            max_work: common.max_work,
            threads: common.threads,
            seed: common.seed,
            trace: common.trace,
            rank: options.integer("rank") as usize,
            ridge: options.real("ridge"),
            ridge_power: if options.choice("feedback") == "implicit" { 0.0 } else { real("ridge_power") },
            implicit: options.choice("feedback") == "implicit",
            confidence: real("confidence"),
            loss: match options.choice("loss") {
                "huber" => LossKind::Huber,
                "student" => LossKind::Student,
                "trimmed" => LossKind::Trimmed(real("outliers")),
                _ => LossKind::Squared,
            },
            nonnegative: options.flag("nonnegative"),
            center: options.flag("center") || options.flag("biases"),
            biases: options.flag("biases"),
            bias_ridge: options.real("bias_ridge"),
            search: match options.choice("search") {
                "plain" => SearchKind::Plain,
                "annealed" => SearchKind::Annealed,
                "continuation" => SearchKind::Continuation,
                "portfolio" => SearchKind::Portfolio,
                "paper" => SearchKind::Paper,
                _ => SearchKind::Auto,
            },
            rounds: options.integer("rounds") as usize,
            sketch: match options.choice("sketch") {
                "gaussian" => Family::Gaussian,
                "sparse-sign" => Family::SparseSign { nonzeros: 8 },
                "countsketch" => Family::CountSketch,
                _ => Family::Srht,
            },
            independent: options.flag("independent"),
            row_solver: match options.choice("row_solver") {
                "direct" => Solver::Direct,
                "cg" => Solver::ConjugateGradient,
                _ => Solver::Auto,
            },
            row_tolerance: options.real("row_tolerance"),
            anderson: options.choice("acceleration") == "anderson",
            held_out: real("held_out"),
            patience: options.integer("patience") as u64,
            repeats: match options.choice("duplicates") {
                "sum" => Repeats::Sum,
                "mean" => Repeats::Mean,
                "last" => Repeats::Last,
                "keep" => Repeats::Keep,
                _ => Repeats::Error,
            },
            single: options.choice("precision") == "single",
            nan_is_missing: options.choice("missing") == "nan",
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        let refuse = |option: &str, expected: &str, found: &str| {
            Err(Error::new(ErrorKind::Option, format!("option \"{option}\"")).expected(expected).found(found))
        };
        if self.bias_ridge.is_some() && !self.biases {
            return refuse("bias_ridge", "biases with it", "biases=false");
        }
        if self.bias_ridge.is_some() && self.ridge == Some(0.0) {
            return refuse("bias_ridge", "a ridge above 0 with it", "ridge 0");
        }
        if self.implicit {
            let option = if !self.ridge.is_some_and(|r| r > 0.0) {
                Some(("ridge", "a ridge above 0 with feedback=implicit", "another"))
            } else if self.center || self.nonnegative {
                Some(("feedback", "explicit with center, biases or nonnegative", "implicit"))
            } else if !matches!(self.repeats, Repeats::Error | Repeats::Last) {
                Some(("duplicates", "error or last with feedback=implicit: add counts up first", "another"))
            } else if self.held_out > 0.0 {
                Some(("held_out", "0 with feedback=implicit, whose entries are all 0 or 1", "more"))
            } else {
                None
            };
            if let Some((option, expected, found)) = option {
                return refuse(option, expected, found);
            }
        }
        if self.loss != LossKind::Squared {
            let option = if self.implicit {
                Some(("loss", "squared with feedback=implicit, whose entries are all 0 or 1", "another"))
            } else if self.ridge.is_none() {
                Some(("ridge", "a ridge with a robust loss: one is chosen by squares", "none"))
            } else if !matches!(self.search, SearchKind::Auto | SearchKind::Plain) {
                Some(("search", "auto or plain with a robust loss: the others fit squares", "another"))
            } else {
                None
            };
            if let Some((option, expected, found)) = option {
                return refuse(option, expected, found);
            }
        }
        if self.nonnegative && self.biases {
            return refuse("nonnegative", "no biases with it", "biases=true");
        }
        let recovers = !matches!(self.search, SearchKind::Auto | SearchKind::Plain);
        if recovers && self.ridge != Some(0.0) {
            let found = self.ridge.map_or("no ridge, so that one is chosen".to_owned(), |r| r.to_string());
            return refuse("search", "plain or auto, or ridge 0 (the other searches fit exactly)", &found);
        }
        if recovers && (self.biases || self.nonnegative || self.implicit) {
            return refuse(
                "search",
                "plain or auto with biases, nonnegative and implicit feedback",
                "another search",
            );
        }
        Ok(())
    }

    /// What is held out of the fit.
    pub fn held_out(&self) -> HeldOut {
        HeldOut { seed: self.seed, share: self.held_out }
    }

    /// The search, once the ridge is known.
    pub(super) fn search_for(&self, ridge: f64) -> SearchKind {
        match self.search {
            SearchKind::Auto
                if ridge == 0.0 && !self.biases && !self.nonnegative && self.loss == LossKind::Squared =>
            {
                SearchKind::Portfolio
            }
            SearchKind::Auto => SearchKind::Plain,
            search => search,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Family;

    #[test]
    fn contradictions_are_refused_and_name_the_option() {
        for (set, named) in [
            (&[("bias_ridge", "1")][..], "bias_ridge"),
            (&[("bias_ridge", "1"), ("biases", "true"), ("ridge", "0")], "bias_ridge"),
            (&[("search", "portfolio")], "search"),
            (&[("search", "annealed"), ("ridge", "0.1")], "search"),
            (&[("search", "continuation"), ("ridge", "0"), ("biases", "true")], "search"),
            (&[("loss", "huber"), ("ridge", "1"), ("feedback", "implicit")], "loss"),
            (&[("loss", "student")], "ridge"),
            (&[("loss", "trimmed"), ("ridge", "0"), ("search", "paper")], "search"),
        ] {
            let mut options = Options::new(Family::Altmin);
            set.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
            let error = Settings::from_options(&options).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
        assert!(Settings::from_options(&Options::new(Family::Bcd)).is_err());
        let settings = Settings::from_options(&Options::new(Family::Altmin)).unwrap();
        assert_eq!(settings.search_for(0.0), SearchKind::Portfolio);
        assert_eq!(settings.search_for(0.1), SearchKind::Plain);
    }
}
