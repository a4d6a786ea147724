//! What a state must hold beside its shape: numbers that a stream can have come to. What predicts has to be finite,
//! for a stream that goes on from anything else would do so without a word; figures of certificates need not be, since
//! certificates say so themselves (a learner that was given the largest features there can be has such figures).

use crate::groupwise::groups::{ALWAYS_ON, Birth, CROSSED, Expert, Registry, Slot};
use crate::groupwise::inputs::LARGEST;
use crate::groupwise::learner::ridge::{Growth, Ridge};
use crate::groupwise::learner::{Kind, Learner};
use crate::groupwise::range::Outside;
use crate::groupwise::settings::{Mode, Uncovered, WhenFull};
use crate::groupwise::stream::{Stream, check_weight};
use crate::groupwise::tickets::Round;
use crate::numerics::row_factor::RowFactor;
use crate::numerics::sum::Sum;
use crate::runtime::Result;
use crate::runtime::state::damaged;

/// Sums that should be equal are, but for rounding.
const ROUNDING: f64 = 1e-9;
/// The estimate of bytes is that of the machine that saved the state: within this factor of ours.
const BYTES: usize = 4;

fn finite(numbers: &[f64]) -> bool {
    numbers.iter().all(|x| x.is_finite())
}

fn finite_sum(sum: Sum) -> bool {
    finite(&sum.parts())
}

fn positive_sum(sum: Sum) -> bool {
    finite_sum(sum) && sum.value() >= 0.0
}

/// Whether all is sound that a learner predicts by, or that a bound takes for granted.
fn sound_learner(learner: &Learner) -> bool {
    let positive = |x: &f64| *x >= 0.0;
    match learner {
        Learner::Ridge(learner) => sound_ridge(learner),
        Learner::VovkAzouryWarmuth(learner) => sound_ridge(&learner.fit),
        Learner::ShermanMorrison(learner) => match &learner.rebuilt {
            Some(ridge) => sound_ridge(ridge),
            None => {
                let own = &learner.inverse;
                let p = own.p.numbers().is_ok_and(|p| finite(&p));
                let a = own.a.triangle().is_ok_and(|a| finite(&a));
                p && a && finite(&own.theta) && finite(&own.b) && sound_weights(own.heaviest, &own.growth)
            }
        },
        // Sums of squares may be infinite: steps are zero then.
        Learner::GradientDescent(learner) => finite(&learner.theta) && positive(&learner.squares.value()),
        Learner::AdaGrad(learner) => finite(&learner.theta) && learner.squares.iter().all(positive),
        Learner::NewtonStep(learner) => {
            let p = learner.p.numbers().is_ok_and(|p| finite(&p));
            p && finite(&learner.theta) && finite(&learner.a)
        }
        Learner::Custom(_) => true,
    }
}

fn sound_ridge(fit: &Ridge) -> bool {
    let [upper, pivots, largest] = fit.factor.numbers();
    let least = if fit.ridge > 0.0 { f64::MIN_POSITIVE } else { 0.0 };
    [upper, pivots, largest].into_iter().all(finite)
        && pivots.iter().all(|d| *d >= least)
        && sound_weights(fit.heaviest, &fit.growth)
}

/// A determinant grows alone.
fn sound_weights(heaviest: f64, growth: &Growth) -> bool {
    check_weight(heaviest).is_ok()
        && growth.product > 0.0
        && growth.product.is_finite()
        && !(growth.ln() < -1e-6)
}

/// What is wrong with the numbers of a group and of its experts, if anything.
pub(super) fn fault(slot: &Slot, experts: &[Expert]) -> Option<String> {
    let meter = &slot.meter;
    if ![meter.weight, meter.loss, meter.expected].into_iter().all(positive_sum) {
        return Some(format!("losses of group {} that are no finite numbers of at least 0", slot.id));
    }
    experts.iter().find_map(|expert| {
        let (regret, magnitude) = (expert.hedge.regret, expert.hedge.magnitude);
        let weighed = finite_sum(regret)
            && positive_sum(magnitude)
            && regret.value().abs() <= magnitude.value() * (1.0 + ROUNDING) + f64::MIN_POSITIVE
            && expert.share.is_finite()
            && positive_sum(expert.loss)
            && finite_sum(expert.gap);
        let what = match (weighed, sound_learner(&expert.learner)) {
            (true, true) => return None,
            (false, _) => "a weight",
            (_, false) => "a learner",
        };
        Some(format!("{what} ({}) of group {} that is no finite number", expert.kind.name(), slot.id))
    })
}

/// Errors: a group that the stream cannot have as number `place`, or with other experts than it is born with.
pub(super) fn slot(slot: &Slot, experts: &[Expert], place: usize, stream: &Stream) -> Result<()> {
    let Birth { settings, crossed, custom, .. } = stream.birth();
    let groups = &stream.groups.groups;
    let there = match slot.id {
        ALWAYS_ON => groups.always_on,
        CROSSED => crossed > 0,
        id => groups.declared.is_none_or(|count| id < count),
    };
    if !there || place >= settings.max_groups {
        return Err(damaged("a group that the stream can have", slot.id));
    }
    let kinds: Vec<Kind> = experts.iter().map(|e| e.kind).collect();
    let [first, second] = settings.learners;
    let whole: Vec<Kind> = match slot.id {
        CROSSED => vec![Kind::Ridge],
        _ => [first, second, custom.map(|_| Kind::Custom)].into_iter().flatten().collect(),
    };
    let reduced = settings.when_full == WhenFull::Diagonal
        && slot.id != CROSSED
        && kinds == [Kind::AdaGrad]
        && slot.least_squares.is_none();
    let follows = settings.least_squares && slot.id != CROSSED;
    if !(reduced || kinds == whole && slot.least_squares.is_some() == follows) {
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        return Err(damaged("the learners of the settings", names.join(", ")));
    }
    let prior = stream.groups.ln_prior(place, crossed > 0) - (kinds.len().max(1) as f64).ln();
    if let Some(expert) =
        experts.iter().find(|e| !((e.ln_prior - prior).abs() <= ROUNDING * (1.0 + prior.abs())))
    {
        return Err(damaged(&format!("the logarithm {prior} of a prior"), expert.ln_prior));
    }
    let (rounds, counts) = (slot.meter.rounds, &stream.counts);
    let slept = experts.iter().map(|e| e.asleep).max().unwrap_or(0);
    if rounds > counts.updates
        || slept > counts.predictions
        || (slot.meter.weight.value() > 0.0) != (rounds > 0)
    {
        return Err(damaged(&format!("up to {} rounds of a group", counts.updates), rounds));
    }
    fault(slot, experts).map_or(Ok(()), |fault| Err(damaged("numbers that a stream can come to", fault)))
}

/// Errors: another number of bytes than the groups take, by far.
pub(super) fn bytes(registry: &Registry, birth: &Birth<'_>) -> Result<()> {
    let mut taken = 0_usize;
    for slot in &registry.slots {
        let order = if slot.id == CROSSED { birth.crossed } else { birth.order };
        taken = taken.saturating_add(size_of::<Slot>());
        for expert in &registry.experts[slot.first..slot.first + slot.count] {
            taken =
                taken.saturating_add(Learner::bytes(expert.kind, order)).saturating_add(size_of::<Expert>());
        }
        let follows = slot.least_squares.is_some();
        taken = taken.saturating_add(if follows { RowFactor::bytes(order) } else { 0 });
    }
    let found = registry.bytes;
    if found > taken.saturating_mul(BYTES) || taken > found.saturating_mul(BYTES) {
        return Err(damaged(&format!("about {taken} bytes of learners"), found));
    }
    Ok(())
}

/// Errors: counts of rounds, tickets and labels that contradict one another.
pub(super) fn counts(stream: &Stream) -> Result<()> {
    let c = &stream.counts;
    let (sum, labels) = stream.labels;
    let closed = [c.expired, c.updates, c.uncovered, c.weightless].into_iter().try_fold(0, u64::checked_add);
    let rounds = closed.and_then(|closed| closed.checked_add(stream.tickets.count() as u64));
    if rounds != Some(c.predictions) || stream.tickets.next - 1 != c.predictions {
        return Err(damaged(
            "a fate for each ticket",
            format!("{} of {}", rounds.unwrap_or(0), c.predictions),
        ));
    }
    let heaviest = check_weight(c.heaviest).is_ok() && (c.heaviest > 0.0) == (c.updates > 0);
    if labels != c.updates + c.uncovered
        || !finite_sum(sum)
        || c.delayed > c.updates
        || c.delay < c.delayed
        || !heaviest
    {
        return Err(damaged("labels as they were counted", labels));
    }
    let ([lower, upper], [clamped, widened]) = stream.range.state();
    let wide = lower < 0.0 || upper > 1.0;
    let outside = stream.range.outside();
    if wide != (widened > 0)
        || (widened > 0 && outside != Outside::Widen)
        || (clamped > 0 && outside != Outside::Clamp)
    {
        return Err(damaged("a range by its settings", format!("[{lower}, {upper}]")));
    }
    Ok(())
}

/// Errors: an open round whose parts do not fit together, or with numbers that no prediction has.
pub(super) fn round(round: &Round, stream: &Stream) -> Result<()> {
    let Round { x, slots, experts, z, p, output, .. } = round;
    let all = &stream.groups.slots;
    let mut left = experts.iter().peekable();
    for slot in slots.iter().map(|s| &all[*s as usize]) {
        let mut next = slot.first;
        let own = |e: &u32, next: usize| (*e as usize) >= next && (*e as usize) < slot.first + slot.count;
        while let Some(e) = left.next_if(|e| own(e, next)) {
            next = *e as usize + 1;
        }
    }
    if left.next().is_some() || !slots.is_sorted_by(|a, b| all[*a as usize].id < all[*b as usize].id) {
        return Err(damaged("the experts of the groups of a round", format!("{experts:?}")));
    }
    let (settings, range) = (&stream.settings, &stream.range);
    let kept = |z: f64| z.is_finite() && (settings.mode == Mode::Paper || settings.clip(range, z) == z);
    let sum: f64 = p.iter().sum();
    let sound = x.iter().all(|x| x.abs() <= LARGEST)
        && z.iter().chain([output]).all(|z| kept(*z))
        && p.iter().all(|p| *p >= 0.0)
        && if p.is_empty() { settings.uncovered == Uncovered::Mean } else { (sum - 1.0).abs() <= ROUNDING };
    if sound { Ok(()) } else { Err(damaged("features, predictions and weights of a round", sum)) }
}
