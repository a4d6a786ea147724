//! Scores of the items of a greedy rule: units, or fixed blocks.

use super::constants::Constants;
use super::items::Items;
use super::ranking::Ranking;
use super::score::{Score, block_decrease};
use crate::bcd::settings::{ProxRule, Rule, Settings};
use crate::bcd::smooth::{Changed, Metric, Smooth};
use crate::bcd::updates::cubic;
use crate::numerics::gram::Square;
use crate::runtime::{Control, Stop};

/// What a greedy rule looks at for a block.
pub(in crate::bcd) struct View<'v, S> {
    pub(in crate::bcd) f: &'v S,
    pub(in crate::bcd) items: &'v Items,
    pub(in crate::bcd) constants: &'v Constants,
}

/// How one rule scores items, with what lasts of that.
pub(in crate::bcd) struct ItemScores {
    rule: Rule,
    prox: ProxRule,
    /// The curvature of proximal steps where the rule has none: the largest constant.
    common: f64,
    /// Bounds of the Hessian of the fixed blocks, for GSQ.
    squares: Vec<Square>,
    /// `M_b` of the fixed blocks, for GSC.
    thirds: Vec<f64>,
    /// The curvature of each unit at the iterate, for GSC.
    bend: Vec<f64>,
}

impl ItemScores {
    /// For GSQ and GSC on fixed blocks costs a curvature of each block.
    pub(in crate::bcd) fn new<S: Smooth>(
        settings: &Settings,
        view: &View<'_, S>,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let View { f, items, constants } = *view;
        let mut scores = Self {
            rule: settings.rule,
            prox: settings.prox_rule,
            common: constants.unit.iter().copied().fold(0.0, f64::max),
            squares: Vec::new(),
            thirds: Vec::new(),
            bend: vec![0.0; if settings.rule == Rule::Gsc { f.penalty().units() } else { 0 }],
        };
        for block in &items.blocks {
            let list = block.columns();
            match settings.rule {
                Rule::Gsq => scores.squares.push(f.curvature(Metric::Bound, list, control)?),
                Rule::Gsc => {
                    let third = f.hessian_lipschitz(list, control)?.unwrap_or(f64::INFINITY);
                    scores.thirds.push(third);
                }
                _ => {}
            }
        }
        Ok(scores)
    }

    /// How units are scored on variable blocks.
    pub(in crate::bcd) fn of_units<'c>(&'c self, constants: &'c Constants) -> Score<'c> {
        let prox = self.prox;
        match self.rule {
            Rule::Gs => Score::Plain { prox, h: self.common },
            Rule::Gsl => Score::Scaled { prox, h: &constants.diagonal },
            Rule::Gsc => Score::Cubic { h: &self.bend, third: &constants.third },
            _ => Score::Scaled { prox, h: &constants.unit },
        }
    }

    /// Scores some items (`None`: all) by the gradient `g` of all coordinates, of which only theirs are read.
    pub(in crate::bcd) fn rank<S: Smooth>(
        &self,
        ranking: &mut Ranking,
        looked_at: Option<&[usize]>,
        view: &View<'_, S>,
        g: &[f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let View { f, items, constants } = *view;
        let count = items.count();
        let units = if items.are_blocks() { items.size } else { 1 };
        control.spend(16 * (looked_at.map_or(count, <[usize]>::len) * units) as u64)?;
        if items.are_blocks() {
            let mut with_l = vec![0.0; if self.rule == Rule::Gsl { constants.unit.len() } else { 0 }];
            ranking.update(count, looked_at, |k| self.of_block(k, view, g, &mut with_l, control))?;
        } else {
            let score = self.of_units(constants);
            ranking.update(count, looked_at, |k| Ok(score.of(f, g, items.units[k])))?;
        }
        control.spend(ranking.heap_flops())
    }

    /// The score of a fixed block; `with_l` is room for one number per unit, for GSL.
    fn of_block<S: Smooth>(
        &self,
        k: usize,
        view: &View<'_, S>,
        g: &[f64],
        with_l: &mut [f64],
        control: &mut Control<'_>,
    ) -> Result<f64, Stop> {
        let View { f, items, constants } = *view;
        let (block, prox) = (&items.blocks[k], self.prox);
        let sum = |score: Score<'_>| block.units().iter().map(|&u| score.of(f, g, u)).sum::<f64>();
        Ok(match self.rule {
            Rule::Gs => sum(Score::Plain { prox, h: self.common }),
            Rule::Gsl => {
                block.units().iter().for_each(|&u| with_l[u] = constants.fixed[k]);
                sum(Score::Scaled { prox, h: with_l })
            }
            Rule::Gsq => block_decrease(f, block, &self.squares[k], g, control)?,
            Rule::Gsc => {
                let square = f.curvature(Metric::Hessian, block.columns(), control)?;
                cubic::minimize(f, block, &square, &block.gather(g), self.thirds[k], control)?.1
            }
            _ => sum(Score::Scaled { prox, h: &constants.diagonal }),
        })
    }

    /// Brings what scores need beside the gradient to the iterate; `changed` says where the gradient is another one.
    pub(in crate::bcd) fn bring_up<S: Smooth>(
        &mut self,
        f: &S,
        changed: &Changed,
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        if self.rule != Rule::Gsc {
            return Ok(());
        }
        // The curvature of a unit is the trace of its Hessian.
        let penalty = f.penalty();
        let fresh = |list: &[usize], control: &mut Control<'_>| {
            let mut out = vec![0.0; list.len()];
            f.diagonal(list, &mut out, control).map(|()| out)
        };
        match changed {
            Changed::Some(list) if penalty.units() == f.cols() && list.len() * 4 < f.cols() => {
                // The Hessian changes where the gradient does.
                fresh(list, control)?.into_iter().zip(list).for_each(|(h, &j)| self.bend[j] = h);
            }
            _ => {
                let every: Vec<usize> = (0..f.cols()).collect();
                let h = fresh(&every, control)?;
                for (u, bend) in self.bend.iter_mut().enumerate() {
                    *bend = penalty.columns(u).iter().map(|&j| h[j]).sum();
                }
            }
        }
        Ok(())
    }
}
