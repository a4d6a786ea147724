//! Online prediction with regret guarantees for every one of many overlapping groups at once (Acharya,
//! Arunachaleswaran, Kannan, Roth and Ziani, Oracle efficient algorithms for groupwise regret, arXiv 2310.04652).
//!
//! Rounds come one after the other: features `x_t` and the set `S_t` of groups that are awake, a prediction, then the
//! label `y_t`. For each group `g`, the loss on the rounds where it is awake is to be little above that of the best
//! predictor for these rounds in hindsight. Each group has an external-regret learner `Z_g` of its own, which sees its
//! rounds alone; AdaNormalHedge weighs the learners of the groups that are awake.
//!
//! | part | files |
//! |---|---|
//! | the method | [`stream`], [`settings`], [`inputs`], [`range`] (of labels), [`loss`], [`mod@batch`], [`peek`], [`inspect`] |
//! | groups and experts | [`groups`], [`crossed`] (one expert over all groups), [`learner`] |
//! | their weights | [`ada_normal_hedge`], [`specialists`] |
//! | labels that come later | [`tickets`] |
//! | the regret | [`regret`] (the meter), [`certificate`], [`round_log`], [`mod@replay`] (recomputes it from the log) |
//! | a stream as bytes | [`saved`] |
//! | paths and other decisions instead of numbers | [`combinatorial`] |
//!
//! ```
//! use southwell::groupwise::{Groups, Standing, Stream};
//! use southwell::runtime::{Family, Options};
//!
//! // Labels of group 0 rise with the feature, those of group 1 fall.
//! let mut options = Options::new(Family::Groupwise);
//! options.set_text("intercept", "true")?;
//! let mut stream = Stream::new(1, Groups::declared(2), &options)?;
//! for t in 0..200 {
//!     let (x, group) = (f64::from(t % 10) / 10.0, u64::from(t % 3 == 0));
//!     let prediction = stream.predict(&[x], &[group])?;
//!     stream.update(prediction.ticket, if group == 0 { x } else { 1.0 - x })?;
//! }
//! let certificate = stream.certificate(1)?;
//! assert_eq!(certificate.standing, Standing::Holds);
//! assert!(certificate.regret.unwrap() <= certificate.bound.unwrap());
//! # Ok::<(), southwell::runtime::Error>(())
//! ```

pub mod ada_normal_hedge;
pub mod batch;
pub mod certificate;
pub mod combinatorial;
pub mod crossed;
pub mod groups;
pub mod inputs;
pub mod inspect;
pub mod learner;
pub mod loss;
pub mod peek;
pub mod range;
pub mod regret;
pub mod replay;
pub mod round_log;
pub mod saved;
pub mod settings;
pub mod specialists;
pub mod stream;
pub mod tickets;

pub use batch::{BatchReport, Rounds};
pub use certificate::{Certificate, Claim, ExpertCertificate, GroupCertificate, Standing};
pub use groups::{ALWAYS_ON, CROSSED, Groups};
pub use inspect::Weight;
pub use learner::custom::Custom;
pub use learner::{Comparator, Kind};
pub use regret::Counts;
pub use replay::{Replayed, replay};
pub use round_log::RoundLog;
pub use settings::Settings;
pub use stream::{Prediction, Stream};

#[cfg(test)]
mod tests;
