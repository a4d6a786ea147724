//! The settings of a stream, in the order of their declaration; checked like those of options when they are read.

use crate::groupwise::learner::Kind;
use crate::groupwise::loss::Loss;
use crate::groupwise::range::{LabelRange, Outside};
use crate::groupwise::settings::{Meta, Mode, RegretTerm, Settings, Uncovered, WhenFull};
use crate::runtime::Result;
use crate::runtime::state::{Reader, Writer, damaged};

/// No second learner.
const NONE: u32 = u32::MAX;

pub(super) fn put(out: &mut Writer, s: &Settings) -> Result<()> {
    out.number(s.tolerance)?;
    out.number(s.max_seconds)?;
    out.long(s.max_work)?;
    out.long(s.seed)?;
    out.word(s.mode as u32)?;
    let (meta, eta) = match s.meta {
        Meta::AdaNormalHedge(term) => (term as u32, 0.0),
        Meta::Specialists { eta } => (3, eta),
        Meta::Aggregating { eta } => (4, eta),
    };
    out.word(meta)?;
    out.number(eta)?;
    let (loss, number) = match s.loss {
        Loss::Squared => (0, 0.0),
        Loss::Absolute => (1, 0.0),
        Loss::Log { floor } => (2, floor),
        Loss::Pinball { quantile } => (3, quantile),
    };
    out.word(loss)?;
    out.number(number)?;
    out.numbers(&s.range.declared())?;
    out.word(s.range.outside() as u32)?;
    for learner in s.learners {
        out.word(learner.map_or(NONE, |kind| kind as u32))?;
    }
    out.numbers(&[s.ridge, s.radius, s.feature_norm.unwrap_or(0.0), s.max_bytes])?;
    out.long(s.open_tickets as u64)?;
    out.long(s.max_groups as u64)?;
    out.word(s.when_full as u32)?;
    let flags = [
        s.log,
        s.intercept,
        s.indicators,
        s.crossed,
        s.uncovered == Uncovered::Mean,
        s.idempotent,
        s.least_squares,
    ];
    out.word(flags.iter().enumerate().map(|(k, flag)| u32::from(*flag) << k).sum())
}

pub(super) fn take(from: &mut Reader<'_>) -> Result<Settings> {
    let [tolerance, max_seconds] = [from.number()?, from.number()?];
    let (max_work, seed) = (from.long()?, from.long()?);
    let mode = choice(from, "a mode", &[Mode::Convex, Mode::Randomised, Mode::Paper])?;
    let (meta, eta) = (from.word()?, from.number()?);
    let meta = match meta {
        0 => Meta::AdaNormalHedge(RegretTerm::Linearised),
        1 => Meta::AdaNormalHedge(RegretTerm::Jensen),
        2 => Meta::AdaNormalHedge(RegretTerm::Gradient),
        3 => Meta::Specialists { eta },
        4 => Meta::Aggregating { eta },
        other => return Err(damaged("a rule for weights", other)),
    };
    let (loss, number) = (from.word()?, from.number()?);
    let loss = match loss {
        0 => Loss::Squared,
        1 => Loss::Absolute,
        2 if number > 0.0 && number < 0.5 => Loss::Log { floor: number },
        3 if number > 0.0 && number < 1.0 => Loss::Pinball { quantile: number },
        other => return Err(damaged("a loss", other)),
    };
    // `eta` follows from the loss.
    let fits = match meta {
        Meta::AdaNormalHedge(_) => eta == 0.0,
        Meta::Specialists { eta } => loss.concavity() == Some(eta),
        Meta::Aggregating { eta } => loss == Loss::Squared && loss.mixability() == Some(eta),
    };
    if !fits {
        return Err(damaged("the rate of the loss", eta));
    }
    let [lower, upper] = [from.number()?, from.number()?];
    let outside = choice(from, "a rule for labels", &[Outside::Reject, Outside::Clamp, Outside::Widen])?;
    let range = LabelRange::new(lower, upper, outside).map_err(|_| damaged("a range", upper))?;
    let mut kind = || -> Result<Option<Kind>> {
        match from.word()? {
            NONE => Ok(None),
            word => match Kind::ALL.get(word as usize) {
                Some(kind) if *kind != Kind::Custom => Ok(Some(*kind)),
                _ => Err(damaged("a kind of learner", word)),
            },
        }
    };
    let learners = [kind()?, kind()?];
    let [ridge, radius, norm, max_bytes] = [from.number()?, from.number()?, from.number()?, from.number()?];
    let sound = |x: f64| x >= 0.0 && x.is_finite();
    let length = |x: f64| (1e-100..=1e50).contains(&x);
    if !(sound(ridge)
        && length(radius)
        && (norm == 0.0 || length(norm))
        && tolerance >= 0.0
        && max_seconds >= 0.0
        && max_bytes >= 0.0)
    {
        return Err(damaged("numbers of at least 0, lengths from 1e-100 to 1e50", ridge));
    }
    let (open_tickets, max_groups) = (from.long()?, from.long()?);
    if !(1..=1 << 24).contains(&open_tickets) || !(1..=1 << 31).contains(&max_groups) {
        return Err(damaged("limits of tickets and groups", open_tickets));
    }
    let when_full = choice(from, "a rule", &[WhenFull::Refuse, WhenFull::Diagonal, WhenFull::Ignore])?;
    let flags = from.word()?;
    if flags >= 1 << 7 {
        return Err(damaged("seven flags", flags));
    }
    let flag = |k: u32| flags >> k & 1 == 1;
    let settings = Settings {
        tolerance,
        max_seconds,
        max_work,
        seed,
        log: flag(0),
        mode,
        meta,
        loss,
        range,
        learners,
        ridge,
        radius,
        feature_norm: (norm > 0.0).then_some(norm),
        intercept: flag(1),
        indicators: flag(2),
        crossed: flag(3),
        uncovered: if flag(4) { Uncovered::Mean } else { Uncovered::Error },
        open_tickets: open_tickets as usize,
        idempotent: flag(5),
        max_groups: max_groups as usize,
        max_bytes,
        when_full,
        least_squares: flag(6),
    };
    settings.check(outside).map_err(|error| damaged("settings that go together", error))?;
    Ok(settings)
}

fn choice<T: Copy>(from: &mut Reader<'_>, what: &str, choices: &[T]) -> Result<T> {
    let word = from.word()?;
    choices.get(word as usize).copied().ok_or_else(|| damaged(what, word))
}
