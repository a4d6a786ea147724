//! A prediction without a ticket, which changes nothing: many threads may look at one stream at once.

use super::ada_normal_hedge::normalize;
use super::crossed::cross;
use super::groups::{CROSSED, Expert};
use super::learner::Learner;
use super::stream::Stream;
use super::tickets::Round;
use crate::runtime::Result;
use crate::runtime::error::zeros;

impl Stream {
    /// What [`Stream::predict`] would predict now, to the bit. Costs what that does.
    /// Errors: as there, except that a group is never one too many: one without a learner counts as it would be born.
    pub fn peek(&self, x: &[f64], awake: &[u64]) -> Result<f64> {
        let (mut round, birth) = (Round::default(), self.birth());
        self.inputs.fill(x, &mut round.x)?;
        let mut awake = awake.to_vec();
        self.groups.complete(&mut awake, birth.crossed > 0)?;
        let order = round.x.len().max(birth.crossed);
        let mut room = zeros("room", Learner::room(order))?;
        let mut crossed = zeros("room", birth.crossed)?;
        if birth.crossed > 0 {
            cross(&round.x, awake.iter().copied(), &mut crossed);
        }
        let mut priors: Vec<f64> = Vec::new();
        let (mut count, mut asleep) = (self.groups.slots.len(), 0);
        for id in awake {
            let x = if id == CROSSED { &crossed } else { &round.x };
            let born: Vec<Expert>;
            let experts = match self.groups.find(id) {
                Some(slot) => &self.groups.experts[slot.first..slot.first + slot.count],
                None => {
                    born = self.groups.newborn(id, count, false, &birth)?.1;
                    count += 1;
                    &born
                }
            };
            for expert in experts {
                let found = expert.learner.predict(x, &mut room)?;
                if found.is_finite() {
                    round.z.push(self.settings.clip(&self.range, found));
                    round.p.push(self.ln_weight(expert, self.scale()));
                    priors.push(expert.ln_prior);
                } else {
                    asleep += 1;
                }
            }
        }
        normalize(&mut round.p, |k| priors[k]);
        Ok(self.range.in_user_units(self.output(&round, asleep)?))
    }
}
