//! The numbers of learners, in order: what a learner of no rounds is made with is not among them.

use super::{put_sum, take_sum};
use crate::groupwise::learner::ridge::{Growth, Ridge};
use crate::groupwise::learner::sherman_morrison::ShermanMorrison;
use crate::groupwise::learner::{Kind, Learner};
use crate::runtime::Result;
use crate::runtime::state::{Reader, Writer, damaged};

pub(super) fn put_ridge(out: &mut Writer, fit: &Ridge) -> Result<()> {
    fit.factor.numbers().into_iter().try_for_each(|numbers| out.numbers(numbers))?;
    put_sum(out, fit.hindsight)?;
    put_sum(out, fit.total)?;
    put_growth(out, &fit.growth)?;
    out.number(fit.heaviest)
}

pub(super) fn take_ridge(from: &mut Reader<'_>, order: usize, ridge: f64) -> Result<Ridge> {
    let mut fit = Ridge::new(order, ridge)?;
    fill_ridge(from, &mut fit)?;
    Ok(fit)
}

fn fill_ridge(from: &mut Reader<'_>, fit: &mut Ridge) -> Result<()> {
    fit.factor.numbers_mut().into_iter().try_for_each(|numbers| from.fill(numbers))?;
    fit.hindsight = take_sum(from)?;
    fit.total = take_sum(from)?;
    fit.growth = take_growth(from)?;
    fit.heaviest = from.number()?;
    Ok(())
}

fn put_growth(out: &mut Writer, growth: &Growth) -> Result<()> {
    put_sum(out, growth.sum)?;
    out.number(growth.product)
}

fn take_growth(from: &mut Reader<'_>) -> Result<Growth> {
    Ok(Growth { sum: take_sum(from)?, product: from.number()? })
}

/// Bytes that a saved learner has at least; saturates. Memory pads rows, so that for few columns it takes many times as
/// much: what a learner takes there is no measure of what it is saved as.
pub(super) fn least_bytes(kind: Kind, order: usize) -> usize {
    let square = order.saturating_mul(order);
    let numbers = match kind {
        // A triangle and what stands beside it; so has a fast regression that was rebuilt.
        Kind::Ridge | Kind::VovkAzouryWarmuth | Kind::ShermanMorrison => square / 2,
        Kind::GradientDescent | Kind::Logistic => order,
        Kind::AdaGrad => order.saturating_mul(2),
        Kind::NewtonStep => square,
        Kind::Custom => 1,
    };
    numbers.saturating_mul(8)
}

pub(super) fn put_learner(out: &mut Writer, learner: &Learner) -> Result<()> {
    match learner {
        Learner::Ridge(learner) => put_ridge(out, learner),
        Learner::ShermanMorrison(learner) => put_sherman_morrison(out, learner),
        Learner::VovkAzouryWarmuth(learner) => {
            put_ridge(out, &learner.fit)?;
            put_sum(out, learner.residual)?;
            out.word(u32::from(learner.weighted))
        }
        Learner::GradientDescent(learner) => {
            out.numbers(&learner.theta)?;
            put_sum(out, learner.squares)
        }
        Learner::AdaGrad(learner) => {
            out.numbers(&learner.theta)?;
            out.numbers(&learner.squares)
        }
        Learner::NewtonStep(learner) => {
            for numbers in [&learner.theta, &learner.a, &learner.p.numbers()?] {
                out.numbers(numbers)?;
            }
            put_sum(out, learner.paid)?;
            out.word(u32::from(learner.outside))
        }
        Learner::Custom(learner) => {
            let bytes = learner.save()?.ok_or_else(|| {
                crate::runtime::Error::new(crate::runtime::ErrorKind::Unsupported, "custom learner")
                    .expected("one that can be saved")
                    .found("one that cannot")
            })?;
            out.long(bytes.len() as u64)?;
            out.put(&bytes)
        }
    }
}

pub(super) fn take_learner(from: &mut Reader<'_>, learner: &mut Learner) -> Result<()> {
    match learner {
        Learner::Ridge(learner) => fill_ridge(from, learner),
        Learner::ShermanMorrison(learner) => take_sherman_morrison(from, learner),
        Learner::VovkAzouryWarmuth(learner) => {
            fill_ridge(from, &mut learner.fit)?;
            learner.residual = take_sum(from)?;
            learner.weighted = mark(from)?;
            Ok(())
        }
        Learner::GradientDescent(learner) => {
            from.fill(&mut learner.theta)?;
            learner.squares = take_sum(from)?;
            Ok(())
        }
        Learner::AdaGrad(learner) => {
            from.fill(&mut learner.theta)?;
            from.fill(&mut learner.squares)
        }
        Learner::NewtonStep(learner) => {
            let mut p = learner.p.numbers()?;
            for numbers in [&mut learner.theta, &mut learner.a, &mut p] {
                from.fill(numbers)?;
            }
            learner.p.set_numbers(&p);
            learner.paid = take_sum(from)?;
            learner.outside = mark(from)?;
            Ok(())
        }
        Learner::Custom(learner) => {
            let count = from.count(1)?;
            learner.load(from.take(count, 1)?)
        }
    }
}

fn put_sherman_morrison(out: &mut Writer, learner: &ShermanMorrison) -> Result<()> {
    out.word(u32::from(learner.rebuilt.is_some()))?;
    if let Some(ridge) = &learner.rebuilt {
        return put_ridge(out, ridge);
    }
    let inverse = &learner.inverse;
    for numbers in [&inverse.p.numbers()?, &inverse.theta, &inverse.a.triangle()?, &inverse.b] {
        out.numbers(numbers)?;
    }
    put_sum(out, inverse.hindsight)?;
    put_sum(out, inverse.total)?;
    put_growth(out, &inverse.growth)?;
    out.number(inverse.heaviest)?;
    out.long(inverse.rounds)
}

fn take_sherman_morrison(from: &mut Reader<'_>, learner: &mut ShermanMorrison) -> Result<()> {
    if mark(from)? {
        let (order, ridge) = (learner.inverse.b.len(), learner.inverse.ridge);
        learner.rebuilt = Some(Box::new(take_ridge(from, order, ridge)?));
        return Ok(());
    }
    let inverse = &mut learner.inverse;
    let (mut p, mut triangle) = (inverse.p.numbers()?, inverse.a.triangle()?);
    for numbers in [&mut p, &mut inverse.theta, &mut triangle, &mut inverse.b] {
        from.fill(numbers)?;
    }
    inverse.p.set_numbers(&p);
    inverse.a.set_triangle(&triangle);
    inverse.hindsight = take_sum(from)?;
    inverse.total = take_sum(from)?;
    inverse.growth = take_growth(from)?;
    inverse.heaviest = from.number()?;
    inverse.rounds = super::tally(from)?;
    Ok(())
}

fn mark(from: &mut Reader<'_>) -> Result<bool> {
    match from.word()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(damaged("0 or 1", other)),
    }
}
