//! What the options of `groupwise` say, in types.

use super::learner::{Kind, Terms};
use super::loss::Loss;
use super::range::{LabelRange, Outside};
use crate::runtime::{Error, ErrorKind, Family, Options, Result};

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Mode {
    /// The mean of the experts' predictions by their weights.
    Convex = 0,
    /// The prediction of an expert that is drawn by them.
    Randomised = 1,
    /// The same without clipping, as in the paper's experiments.
    Paper = 2,
}

/// How experts are weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meta {
    /// AdaNormalHedge.
    AdaNormalHedge(RegretTerm),
    /// Specialists with this `eta` and the mean as output.
    Specialists {
        /// `eta`.
        eta: f64,
    },
    /// Specialists with this `eta` and the prediction of the Aggregating Algorithm.
    Aggregating {
        /// `eta`.
        eta: f64,
    },
}

/// What `r_g` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum RegretTerm {
    /// `sum p l - l_g`.
    Linearised = 0,
    /// `l(output) - l_g`.
    Jensen = 1,
    /// `l'(output) (output - z_g)`.
    Gradient = 2,
}

/// What happens where no expert is awake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uncovered {
    /// The round is refused.
    Error,
    /// The mean of the labels is predicted.
    Mean,
}

/// What becomes of a new group that there is no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum WhenFull {
    /// Its round is refused.
    Refuse,
    /// It learns by AdaGrad.
    Diagonal,
    /// It stays asleep.
    Ignore,
}

/// All settings of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Identities may be so far from holding.
    pub tolerance: f64,
    /// Time limit of a batch in seconds.
    pub max_seconds: f64,
    /// Work limit of a batch in flops.
    pub max_work: u64,
    /// Seed of the draws.
    pub seed: u64,
    /// Whether the round log is kept.
    pub log: bool,
    /// What is predicted.
    pub mode: Mode,
    /// How experts are weighed.
    pub meta: Meta,
    /// What predictions cost.
    pub loss: Loss,
    /// The declared range of labels.
    pub range: LabelRange,
    /// The learners of each group.
    pub learners: [Option<Kind>; 2],
    /// Strength of the ridge.
    pub ridge: f64,
    /// Bound of coefficients.
    pub radius: f64,
    /// Bound of the length of features.
    pub feature_norm: Option<f64>,
    /// Whether a constant feature is appended.
    pub intercept: bool,
    /// Whether missing features have indicators.
    pub indicators: bool,
    /// Whether there is a crossed-feature expert.
    pub crossed: bool,
    /// What happens where no expert is awake.
    pub uncovered: Uncovered,
    /// Predictions until a ticket expires.
    pub open_tickets: usize,
    /// Whether a label may come twice.
    pub idempotent: bool,
    /// Groups at most.
    pub max_groups: usize,
    /// Bytes of learners at most.
    pub max_bytes: f64,
    /// What becomes of a group beyond.
    pub when_full: WhenFull,
    /// Whether the best linear predictor is followed too.
    pub least_squares: bool,
}

impl Settings {
    /// Reads and checks options. Errors: options of another family, or that contradict one another.
    pub fn from_options(options: &Options) -> Result<Self> {
        let common = options.common(Family::Groupwise)?;
        let real = |key| options.real(key).unwrap_or(0.0);
        let mode = match options.choice("mode") {
            "randomised" => Mode::Randomised,
            "paper" => Mode::Paper,
            _ => Mode::Convex,
        };
        let loss = match options.choice("loss") {
            "absolute" => Loss::Absolute,
            "log" => Loss::Log { floor: real("probability_floor") },
            "pinball" => Loss::Pinball { quantile: real("quantile") },
            _ => Loss::Squared,
        };
        let outside = match options.choice("outside") {
            "clamp" => Outside::Clamp,
            "widen" => Outside::Widen,
            _ => Outside::Reject,
        };
        let kind = |key| Kind::named(options.choice(key));
        let settings = Self {
            tolerance: common.tolerance,
            max_seconds: common.max_seconds,
            max_work: common.max_work,
            seed: common.seed,
            log: common.trace,
            mode,
            meta: meta(options, loss)?,
            loss,
            range: LabelRange::new(real("label_lower"), real("label_upper"), outside)?,
            learners: [kind("learner"), kind("second_learner")],
            ridge: real("ridge"),
            radius: real("radius"),
            feature_norm: options.real("feature_norm"),
            intercept: options.flag("intercept"),
            indicators: options.choice("missing") == "indicator",
            crossed: options.flag("crossed"),
            uncovered: if options.choice("uncovered") == "mean" { Uncovered::Mean } else { Uncovered::Error },
            open_tickets: options.integer("open_tickets") as usize,
            idempotent: options.flag("idempotent"),
            max_groups: options.integer("max_groups") as usize,
            max_bytes: real("max_bytes"),
            when_full: match options.choice("when_full") {
                "diagonal" => WhenFull::Diagonal,
                "ignore" => WhenFull::Ignore,
                _ => WhenFull::Refuse,
            },
            least_squares: options.flag("least_squares") || mode == Mode::Paper,
        };
        settings.check(outside)?;
        Ok(settings)
    }

    /// Refuses settings that contradict one another.
    pub(super) fn check(&self, outside: Outside) -> Result<()> {
        let refuse = |option: &str, expected: &str, found: &str| {
            Err(Error::new(ErrorKind::Option, format!("option \"{option}\"")).expected(expected).found(found))
        };
        let convex = self.mode == Mode::Convex;
        if let Loss::Log { .. } = self.loss {
            if self.range.in_user_units(0.0) != 0.0 || self.range.in_user_units(1.0) != 1.0 {
                return refuse("label_lower", "the range [0, 1] for log loss", "another");
            }
            if outside == Outside::Widen {
                return refuse("outside", "reject or clamp for log loss", "widen");
            }
            if self.mode == Mode::Paper {
                return refuse("mode", "convex or randomised for log loss, which needs clipping", "paper");
            }
        }
        if !convex && !matches!(self.meta, Meta::AdaNormalHedge(RegretTerm::Linearised)) {
            return refuse("mode", "convex unless meta is ada-normal-hedge, linearised", "another");
        }
        if outside == Outside::Widen && !matches!(self.meta, Meta::AdaNormalHedge(_)) {
            return refuse(
                "outside",
                "reject or clamp for specialists, whose eta is that of the range",
                "widen",
            );
        }
        let free = self.ridge == 0.0;
        if self.ridge > 0.0 && self.ridge < LEAST_RIDGE {
            return refuse("ridge", "0 or a number of at least 1e-100", &self.ridge.to_string());
        }
        let only_ridge = self.learners == [Some(Kind::Ridge), None] && !self.crossed;
        if free && !only_ridge {
            return refuse("ridge", "a number above 0 unless learner=ridge is the only one", "0");
        }
        Ok(())
    }

    /// What learners of `order` features are made with.
    pub fn terms(&self, order: usize) -> Terms {
        Terms {
            ridge: self.ridge,
            radius: self.radius,
            norm: self.feature_norm.unwrap_or((order as f64).sqrt()),
            tolerance: self.tolerance,
            loss: self.loss,
        }
    }

    /// A prediction as it counts: within the range, but in mode paper as it is; for log loss away from the ends.
    #[inline]
    pub fn clip(&self, range: &LabelRange, z: f64) -> f64 {
        match (self.mode, self.loss) {
            (Mode::Paper, _) => z,
            (_, Loss::Log { floor }) => z.clamp(floor, 1.0 - floor),
            _ => range.clip(z),
        }
    }
}

/// Squares of features over this stay finite.
const LEAST_RIDGE: f64 = 1e-100;

fn meta(options: &Options, loss: Loss) -> Result<Meta> {
    let refuse = |option: &str, expected: &str, found: &str| {
        Err(Error::new(ErrorKind::Option, format!("option \"{option}\"")).expected(expected).found(found))
    };
    match options.choice("meta") {
        "specialists" => match loss.concavity() {
            Some(eta) => Ok(Meta::Specialists { eta }),
            None => refuse("meta", "ada-normal-hedge for this loss, which is not mixable", "specialists"),
        },
        "aggregating" => match loss.mixability() {
            // For log loss the mean is the prediction of the Aggregating Algorithm.
            Some(eta) if loss == Loss::Squared => Ok(Meta::Aggregating { eta }),
            Some(eta) => Ok(Meta::Specialists { eta }),
            None => refuse("meta", "ada-normal-hedge for this loss, which is not mixable", "aggregating"),
        },
        _ => match options.choice("regret_term") {
            "jensen" => Ok(Meta::AdaNormalHedge(RegretTerm::Jensen)),
            "gradient" if loss.slope_bound(1.0).is_none() => refuse(
                "regret_term",
                "linearised or jensen for log loss, whose slope has no bound",
                "gradient",
            ),
            "gradient" => Ok(Meta::AdaNormalHedge(RegretTerm::Gradient)),
            _ => Ok(Meta::AdaNormalHedge(RegretTerm::Linearised)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_refused_and_name_the_option() {
        for (set, named) in [
            (&[("loss", "absolute"), ("meta", "specialists")][..], "meta"),
            (&[("loss", "pinball"), ("meta", "aggregating")], "meta"),
            (&[("loss", "log"), ("regret_term", "gradient")], "regret_term"),
            (&[("loss", "log"), ("label_upper", "2")], "label_lower"),
            (&[("loss", "log"), ("outside", "widen")], "outside"),
            (&[("mode", "randomised"), ("meta", "specialists")], "mode"),
            (&[("mode", "paper"), ("regret_term", "jensen")], "mode"),
            (&[("ridge", "0"), ("learner", "ridge-fast")], "ridge"),
            (&[("ridge", "0"), ("second_learner", "ridge")], "ridge"),
            (&[("ridge", "1e-200")], "ridge"),
            (&[("label_lower", "1")], "label_upper"),
        ] {
            let mut options = Options::new(Family::Groupwise);
            set.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
            let error = Settings::from_options(&options).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
        assert!(Settings::from_options(&Options::new(Family::Bcd)).is_err());
        assert!(Settings::from_options(&Options::new(Family::Groupwise)).is_ok());
    }

    #[test]
    fn e32_convex_output_of_what_is_not_convex_is_refused_at_once() {
        // Losses of numbers are convex; decisions out of a set are not averaged (see `combinatorial`). What is refused
        // here is a rule for convex outputs in a mode that draws.
        let mut options = Options::new(Family::Groupwise);
        options.set_text("mode", "randomised").unwrap();
        options.set_text("meta", "aggregating").unwrap();
        assert!(Settings::from_options(&options).unwrap_err().to_string().contains("mode"));
    }

    #[test]
    fn every_learner_of_the_options_is_known() {
        for key in ["learner", "second_learner"] {
            let options = Options::new(Family::Groupwise);
            let row = options.rows().find(|row| row.key == key).unwrap();
            let crate::runtime::OptionKind::Choice(names) = row.kind else { panic!("{key}") };
            assert!(names.iter().all(|name| *name == "none" || Kind::named(name).is_some()));
        }
    }
}
