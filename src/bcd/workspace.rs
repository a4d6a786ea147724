//! What lasts from one solve to the next: the scaled problem, the null model, the constants, Gram blocks.
//!
//! A [`Workspace`] notices by itself what it can use again. The same problem and the same loss, scale, intercept,
//! standardization and shape of the penalty (its strength is free): everything. Another target or offset: the columns'
//! part and the Gram blocks. Anything else: nothing, and the solve pays its setup as without one.

use super::engine::GramCache;
use super::null_model::NullModel;
use super::problem::{Problem, Stamp};
use super::scaled::{Scaled, Stored};
use super::settings::Settings;

/// Setups kept between solves; empty when made. Costs the memory of a few numbers per row and column, and of the Gram
/// blocks met (at most 128 MiB).
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    kept: Option<Kept>,
}

#[derive(Debug, Clone)]
struct Kept {
    design: Stamp,
    response: Stamp,
    settings: Settings,
    scaled: Stored,
    lipschitz: Vec<f64>,
    null: NullModel,
    grams: GramCache,
}

/// What is known before the loop.
pub(super) struct Setup<'s> {
    pub(super) scaled: Scaled<'s>,
    pub(super) null: NullModel,
    pub(super) lipschitz: Vec<f64>,
    /// Gram blocks of a quadratic loss.
    pub(super) grams: GramCache,
}

/// A setup, or as much of it as another target leaves.
pub(super) enum Found<'s> {
    Nothing,
    /// Scaled columns with the new target, and Gram blocks; the null model is wanting.
    Columns(Scaled<'s>, GramCache),
    All(Setup<'s>),
}

impl Workspace {
    /// An empty workspace.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes out what serves this problem with these settings.
    pub(super) fn take<'s>(&mut self, problem: &'s Problem<'s>, settings: &Settings) -> Found<'s> {
        let Some(kept) = self.kept.take() else { return Found::Nothing };
        let (design, response) = problem.stamps();
        if kept.design != *design || !kept.settings.shares_setup(settings) {
            return Found::Nothing;
        }
        let mut scaled = Scaled::restore(problem, kept.scaled);
        if kept.response != *response {
            scaled.retarget(problem, settings);
            return Found::Columns(scaled, kept.grams);
        }
        Found::All(Setup { scaled, null: kept.null, lipschitz: kept.lipschitz, grams: kept.grams })
    }

    /// Keeps a setup of this problem with these settings.
    pub(super) fn keep(&mut self, problem: &Problem<'_>, settings: &Settings, setup: Setup<'_>) {
        let (design, response) = problem.stamps();
        let Setup { scaled, null, lipschitz, grams } = setup;
        self.kept = Some(Kept {
            design: design.clone(),
            response: response.clone(),
            settings: settings.clone(),
            scaled: scaled.store(),
            lipschitz,
            null,
            grams,
        });
    }
}
