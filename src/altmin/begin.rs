//! Where the sweeps of a solve begin: the ridge, and a first model.

use super::alternation::{Alternation, Factors};
use super::loss::LossKind;
use super::model::Model;
use super::observations::Observations;
use super::offsets::Offsets;
use super::paper::{Plan, Rule, Sampling, complete};
use super::portfolio::{SEARCHES, choose_in};
use super::recovery::{Ends, Search, Searcher, start_from};
use super::robust::cut_back;
use super::sampling::{HeldOut, apart};
use super::settings::SearchKind;
use super::sketched::Sketching;
use super::solve::Run;
use super::strengths::choose_ridge;
use super::sweeps::State;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::{Control, Error, ErrorKind, Phase, Result, Stop};

/// Share of the observations that is held out to choose a ridge by.
const JUDGES: f64 = 0.1;
/// The product of the largest entries of two factors that have vanished, in the units of the problem.
const VANISHED: f64 = 1e-9;
/// With fewer observations a portfolio has nothing to judge by.
const FEW: usize = 100;
/// The distortion of the paper's sketches.
const DISTORTION: f64 = 0.5;
/// The columns that biases are unknowns of: their squares, and sums of these, are numbers in either precision.
const CONSTANTS: std::ops::RangeInclusive<f64> = 1e-10..=1e10;
/// Sweeps at full rank that a search makes at most.
const SEARCH_SWEEPS: u64 = 2000;

/// Where the sweeps begin, and how that was found.
pub(super) struct Begun<T> {
    pub(super) state: State<T>,
    /// In units of the problem.
    pub(super) ridge: f64,
    pub(super) ridges: Vec<(f64, f64)>,
    pub(super) searched: Option<(Search, Vec<(Search, f64)>)>,
    pub(super) sweeps: u64,
    /// Whether that is all there is to do.
    pub(super) finished: bool,
}

impl<T: Real> Run<'_, T> {
    /// The ridge and the start.
    pub(super) fn begin(
        &self,
        start: Option<&Model<T>>,
        control: &mut Control<'_>,
    ) -> Result<std::result::Result<Begun<T>, Stop>> {
        stopped!(control.report(Phase::Setup, 0, f64::NAN, f64::NAN));
        let scale = self.problem.scale();
        let (ridge, ridges, guess) = match self.settings.ridge {
            Some(ridge) if !(ridge / scale).is_finite() => {
                return Err(Error::new(ErrorKind::Option, "option \"ridge\"")
                    .expected(format!("a ridge that is finite beside values of about {scale:e}"))
                    .found(ridge));
            }
            Some(ridge) => (ridge / scale, Vec::new(), None),
            None => {
                let judges = HeldOut { seed: apart(self.settings.seed, 1), share: JUDGES };
                let parted = judges.part(self.seen)?;
                let Some((seen, held)) = parted.filter(|(seen, held)| !seen.is_empty() && !held.is_empty())
                else {
                    return Err(Error::new(ErrorKind::Data, "option \"ridge\"")
                        .expected("a ridge, where there are too few entries to choose one by")
                        .found(format!("{} entries", self.seen.len())));
                };
                let variant = |ridge: f64| self.variant(ridge);
                let alternation =
                    Alternation { observations: &seen, prior: self.problem.prior(), team: self.team };
                let tried = choose_ridge(&alternation, &held, self.rank, self.settings, variant, control)?;
                let tried = stopped!(tried);
                (tried.best, tried.errors, Some(tried.state))
            }
        };
        if let Some(of_biases) = self.settings.bias_ridge
            && ridge > 0.0
            && !CONSTANTS.contains(&self.constant(ridge))
        {
            return Err(Error::new(ErrorKind::Option, "option \"bias_ridge\"")
                .expected(format!(
                    "within a factor of 1e20 of the ridge beside the values, which is {ridge:e}"
                ))
                .found(of_biases));
        }
        if let Some(state) = self.started(start)? {
            return Ok(Ok(Begun { state, ridge, ridges, searched: None, sweeps: 0, finished: false }));
        }
        let offsets = self.offsets()?;
        let mut search = self.settings.search_for(ridge);
        if self.settings.max_iterations == 0 {
            search = SearchKind::Plain;
        } else if search == SearchKind::Portfolio && self.seen.len() < FEW {
            search = SearchKind::Continuation;
        }
        if search == SearchKind::Plain {
            let state = match guess {
                Some(state) => state,
                None => {
                    let left = self.beside(&offsets)?;
                    let shown = left.as_ref().unwrap_or(self.seen);
                    let factors = start_from(shown, self.rank, self.settings.seed, self.team, control)?;
                    let mut state = State { factors: stopped!(factors), offsets };
                    if let Some(prior) = self.problem.prior() {
                        stopped!(prior.align(&mut state.factors, self.seen, self.team, control));
                    }
                    if self.settings.nonnegative {
                        state.factors.make_nonnegative();
                    }
                    state
                }
            };
            return Ok(Ok(Begun { state, ridge, ridges, searched: None, sweeps: 0, finished: false }));
        }
        let left = self.beside(&offsets)?;
        let observations = left.as_ref().unwrap_or(self.seen);
        if search == SearchKind::Paper {
            let completed = stopped!(complete(observations, self.plan(), self.team, control)?);
            let (state, sweeps) =
                (State { factors: completed.factors, offsets }, completed.steps.len() as u64 / 2);
            return Ok(Ok(Begun { state, ridge, ridges, searched: None, sweeps, finished: true }));
        }
        let ends = Ends {
            residual: self.settings.tolerance.max(T::ROUNDING),
            max_sweeps: self.settings.max_iterations.min(SEARCH_SWEEPS) as usize,
            progress: 1e-3,
        };
        let seed = self.settings.seed;
        let searcher = Searcher { observations, rank: self.rank, seed, team: self.team };
        let (found, searched) = match search {
            SearchKind::Portfolio => {
                let chosen = choose_in(observations, self.rank, &SEARCHES, ends, seed, self.team, control)?;
                let chosen = stopped!(chosen);
                (chosen.found, Some((chosen.search, chosen.held_out)))
            }
            SearchKind::Annealed => {
                let search = Search::Annealed { fade: 0.98 };
                (stopped!(searcher.run(search, ends, control)?), Some((search, Vec::new())))
            }
            _ => {
                let search = Search::Continuation { sweeps: 40 };
                (stopped!(searcher.run(search, ends, control)?), Some((search, Vec::new())))
            }
        };
        let state = State { factors: found.factors, offsets };
        Ok(Ok(Begun { state, ridge, ridges, searched, sweeps: found.sweeps as u64, finished: false }))
    }

    /// The paper's method, as the options have it.
    fn plan(&self) -> Plan {
        let settings = self.settings;
        let sketching = Sketching {
            family: settings.sketch,
            distortion: DISTORTION,
            failure: None,
            error: 0.0,
            seed: settings.seed,
        };
        Plan {
            rank: self.rank,
            rounds: settings.rounds.min(settings.max_iterations as usize),
            sampling: if settings.independent { Sampling::Independent } else { Sampling::Reuse },
            rule: settings.row_tolerance.map_or(Rule::Adaptive, Rule::Fixed),
            sketching,
            seed: apart(settings.seed, 3),
        }
    }

    /// The first guess of mean and biases, from what a start may be made of.
    fn offsets(&self) -> Result<Offsets<T>> {
        let shown = self.shown()?;
        let shown = shown.as_ref().unwrap_or(self.seen);
        if self.settings.biases {
            return Offsets::guess(shown);
        }
        Ok(if self.settings.center { Offsets::mean_of(shown) } else { Offsets::none() })
    }

    /// What a start may be made of; `None` where that is all that is seen, as it is.
    fn shown(&self) -> Result<Option<Observations<T>>> {
        if self.settings.loss == LossKind::Squared { Ok(None) } else { cut_back(self.seen).map(Some) }
    }

    /// What offsets leave of it; `None` where they take nothing off what is seen.
    fn beside(&self, offsets: &Offsets<T>) -> Result<Option<Observations<T>>> {
        let shown = self.shown()?;
        if offsets.is_none() {
            return Ok(shown);
        }
        shown.as_ref().unwrap_or(self.seen).mapped(|i, j, value| value - offsets.at(i, j)).map(Some)
    }

    /// The state of a model that was given as a start; `None` where there is none, or it has (nearly) vanished: from
    /// factors of 0 no sweep would lead away.
    fn started(&self, start: Option<&Model<T>>) -> Result<Option<State<T>>> {
        let largest = |factor: &Tall<T>| factor.data().iter().fold(0.0_f64, |m, x| m.max(x.wide().abs()));
        let lives = |m: &&Model<T>| largest(&m.factors.u) * largest(&m.factors.v) > VANISHED;
        let Some(model) = start.filter(lives) else { return Ok(None) };
        let mut state = State { factors: model.factors.clone(), offsets: self.offsets()? };
        // In the units of this problem.
        let units = model.scale / self.problem.scale();
        for factor in [&mut state.factors.u, &mut state.factors.v] {
            factor.data_mut().iter_mut().for_each(|x| *x = T::narrow(x.wide() * units.sqrt()));
        }
        if self.settings.biases && !model.offsets.row.is_empty() {
            let taken = |b: &[T]| b.iter().map(|b| T::narrow(b.wide() * units)).collect();
            state.offsets.row = taken(&model.offsets.row);
            state.offsets.col = taken(&model.offsets.col);
        }
        Ok(Some(state))
    }

    /// The model of a run that was stopped before there was one: the start, or else the mean and factors of 0.
    pub(super) fn nothing(&self, start: Option<&Model<T>>) -> Result<Begun<T>> {
        let state = match self.started(start)? {
            Some(state) => state,
            None => {
                let u = Tall::zeros(self.seen.rows(), self.rank)?;
                let v = Tall::zeros(self.seen.cols(), self.rank)?;
                State { factors: Factors { u, v }, offsets: self.offsets()? }
            }
        };
        let ridge = self.settings.ridge.unwrap_or(0.0) / self.problem.scale();
        Ok(Begun { state, ridge, ridges: Vec::new(), searched: None, sweeps: 0, finished: false })
    }
}
