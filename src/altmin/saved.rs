//! Models as bytes: little-endian, versioned, with a checksum, the same on every machine. What is loaded predicts and
//! folds in to the same bits.
//!
//! Inside the envelope of [`state`], kind `ALTM`, layout 1:
//!
//! | what | as |
//! |---|---|
//! | bytes of a stored number (4 or 8); variant (0 plain, 1 implicit feedback, 2 nonnegative); 1 with biases, else 0; 1 with entries, 2 with entries and weights, else 0; loss (0 squares, 1 Huber, 2 Student, 3 trimmed) | five `u32` |
//! | rows, columns, rank | three `u64` |
//! | scale, mean, ridge, degree power, the variant's number (the constant of biases, the confidence, 0), and two of the loss (bend, spread, or limit and share; else 0) | seven `f64` |
//! | `U`, `V` row after row, then the biases of rows and of columns | stored numbers |
//! | with entries: seed and share of what is held out | `u64`, `f64` |
//! | with entries: how many; the ends of rows; columns; values; weights | `u64`, `u64`, `u32`, stored numbers, stored numbers |

use super::alternation::Factors;
use super::half_step::Damping;
use super::loss::Loss;
use super::model::Model;
use super::observations::{Lines, Observations};
use super::offsets::Offsets;
use super::sampling::HeldOut;
use super::sweeps::Variant;
use crate::numerics::real::Real;
use crate::numerics::tall::Tall;
use crate::runtime::Result;
use crate::runtime::error::zeros;
use crate::runtime::state::{self, Reader, Writer, array, damaged};

const KIND: [u8; 4] = *b"ALTM";
const LAYOUT: u32 = 1;

/// A model, and, where they were saved too, the entries that it was fitted to.
#[derive(Debug, Clone)]
pub struct Saved<T> {
    /// The model.
    pub model: Model<T>,
    /// All its entries in the model's units, and what the fit held out of them.
    pub entries: Option<(Observations<T>, HeldOut)>,
}

/// What was loaded, in the precision that it was saved in.
#[derive(Debug, Clone)]
pub enum Loaded {
    /// Double precision.
    Double(Saved<f64>),
    /// Single precision.
    Single(Saved<f32>),
}

/// A model as bytes: with the entries it can be brought up to date and solved again, without them it predicts and folds
/// in.
///
/// Prior means of a fit are not saved: do not give entries with them.
///
/// Errors: no memory. Takes `(rows + cols) rank` stored numbers, and for each entry a column and a value (and a
/// weight).
pub fn save<T: Real>(model: &Model<T>, entries: Option<(&Observations<T>, HeldOut)>) -> Result<Vec<u8>> {
    let Model { factors, offsets, scale, damping, variant, loss } = model;
    let weighted = entries.is_some_and(|(observed, _)| observed.by_row().weight.is_some());
    let (tag, number) = match *variant {
        Variant::Plain { constant } => (0, constant),
        Variant::AllPairs { confidence } => (1, confidence),
        Variant::Nonnegative => (2, 0.0),
    };
    let (cost, [first, second]) = match *loss {
        Loss::Squared => (0, [0.0; 2]),
        Loss::Huber { bend } => (1, [bend, 0.0]),
        Loss::Student { spread } => (2, [spread, 0.0]),
        Loss::Trimmed { limit, kept } => (3, [limit, kept]),
    };
    let mut out = Writer::with_capacity(bytes_of(model, entries.map(|(observed, _)| observed)))?;
    let joint = !offsets.row.is_empty();
    let with = if entries.is_none() { 0 } else { 1 + u32::from(weighted) };
    [size_of::<T>() as u32, tag, u32::from(joint), with, cost]
        .into_iter()
        .try_for_each(|word| out.word(word))?;
    [model.rows(), model.cols(), model.rank()].into_iter().try_for_each(|size| out.long(size as u64))?;
    out.numbers(&[*scale, offsets.mean, damping.ridge, damping.degree_power, number, first, second])?;
    for factor in [&factors.u, &factors.v] {
        (0..factor.rows()).try_for_each(|i| put_stored(&mut out, factor.row(i)))?;
    }
    put_stored(&mut out, &offsets.row)?;
    put_stored(&mut out, &offsets.col)?;
    if let Some((observed, held_out)) = entries {
        let lines = observed.by_row();
        out.long(held_out.seed)?;
        out.number(held_out.share)?;
        out.long(lines.entries() as u64)?;
        lines.start[1..].iter().try_for_each(|end| out.long(*end as u64))?;
        lines.index.iter().try_for_each(|j| out.word(*j))?;
        put_stored(&mut out, &lines.value)?;
        put_stored(&mut out, lines.weight.as_deref().unwrap_or_default())?;
    }
    state::seal(KIND, LAYOUT, out.bytes())
}

/// The model behind bytes that [`save`] made. Errors (`Format`): other bytes, damaged ones, a later layout, numbers
/// that are no model; no memory.
pub fn load(bytes: &[u8]) -> Result<Loaded> {
    let (layout, payload) = state::open(bytes, KIND)?;
    if layout != LAYOUT {
        return Err(damaged("layout 1 of a model", layout));
    }
    let mut reader = Reader::new(payload);
    match reader.word()? {
        8 => read::<f64>(reader).map(Loaded::Double),
        4 => read::<f32>(reader).map(Loaded::Single),
        other => Err(damaged("numbers of 4 or 8 bytes", other)),
    }
}

/// The bytes that [`save`] takes.
pub fn size<T: Real>(model: &Model<T>, entries: Option<&Observations<T>>) -> usize {
    state::HEADER + bytes_of(model, entries)
}

fn bytes_of<T: Real>(model: &Model<T>, entries: Option<&Observations<T>>) -> usize {
    let Model { factors, offsets, .. } = model;
    let numbers =
        (factors.u.rows() + factors.v.rows()) * model.rank() + offsets.row.len() + offsets.col.len();
    let entries = entries.map_or(0, |observed| {
        let weights = usize::from(observed.by_row().weight.is_some());
        24 + 8 * observed.rows() + observed.len() * (4 + size_of::<T>() * (1 + weights))
    });
    100 + numbers * size_of::<T>() + entries
}

/// Numbers as they are stored.
fn put_stored<T: Real>(out: &mut Writer, numbers: &[T]) -> Result<()> {
    numbers.iter().try_for_each(|number| match size_of::<T>() {
        // Exact: it was stored as such.
        4 => out.put(&(number.wide() as f32).to_le_bytes()),
        _ => out.number(number.wide()),
    })
}

fn take_stored<T: Real>(from: &mut Reader<'_>, count: usize) -> Result<Vec<T>> {
    // The bytes are there: what is asked for is never more than twice of what was given.
    let bytes = from.take(count, size_of::<T>())?;
    let mut out: Vec<T> = zeros("saved state", count)?;
    for (out, bytes) in out.iter_mut().zip(bytes.chunks_exact(size_of::<T>())) {
        let number = match bytes.len() {
            4 => f64::from(f32::from_le_bytes(array(bytes))),
            _ => f64::from_le_bytes(array(bytes)),
        };
        if !number.is_finite() {
            return Err(damaged("finite numbers", number));
        }
        *out = T::narrow(number);
    }
    Ok(out)
}

fn take_factor<T: Real>(from: &mut Reader<'_>, rows: usize, rank: usize) -> Result<Tall<T>> {
    let count = rows.checked_mul(rank).ok_or_else(|| damaged("sizes that fit in memory", rows))?;
    let numbers = take_stored::<T>(from, count)?;
    let mut factor = Tall::zeros(rows, rank)?;
    for (i, row) in numbers.chunks_exact(rank).enumerate() {
        factor.row_mut(i).copy_from_slice(row);
    }
    Ok(factor)
}

fn take_size(from: &mut Reader<'_>) -> Result<usize> {
    let size = from.long()?;
    usize::try_from(size).map_err(|_| damaged("a size that fits in memory", size))
}

fn read<T: Real>(mut from: Reader<'_>) -> Result<Saved<T>> {
    let (tag, joint, with, cost) = (from.word()?, from.word()?, from.word()?, from.word()?);
    let (rows, cols, rank) = (take_size(&mut from)?, take_size(&mut from)?, take_size(&mut from)?);
    let [scale, mean, ridge, degree_power, number] =
        [from.number()?, from.number()?, from.number()?, from.number()?, from.number()?];
    let loss_numbers = [from.number()?, from.number()?];
    let sizes = rows > 0 && cols > 0 && rank > 0 && rows < u32::MAX as usize && cols < u32::MAX as usize;
    if !sizes || joint > 1 || with > 2 {
        return Err(damaged(
            "sizes and marks of a model",
            format!("{rows} x {cols}, rank {rank}, {joint}, {with}"),
        ));
    }
    let positive = |x: f64| x > 0.0 && x.is_finite();
    let variant = match tag {
        0 if positive(number) => Variant::Plain { constant: number },
        1 if positive(number) && positive(ridge) && joint == 0 => Variant::AllPairs { confidence: number },
        2 if joint == 0 => Variant::Nonnegative,
        other => return Err(damaged("a kind of model, with its number", format!("{other} and {number}"))),
    };
    let loss = match (cost, loss_numbers) {
        (0, _) => Loss::Squared,
        (1, [bend, _]) if positive(bend) => Loss::Huber { bend },
        (2, [spread, _]) if positive(spread) => Loss::Student { spread },
        (3, [limit, kept]) if limit >= 0.0 && limit.is_finite() && (0.0..=1.0).contains(&kept) => {
            Loss::Trimmed { limit, kept }
        }
        other => return Err(damaged("a loss with its numbers", format!("{other:?}"))),
    };
    if !(positive(scale)
        && mean.is_finite()
        && ridge >= 0.0
        && ridge.is_finite()
        && (0.0..=1.0).contains(&degree_power))
    {
        return Err(damaged(
            "a scale, a mean and a ridge",
            format!("{scale}, {mean}, {ridge}, {degree_power}"),
        ));
    }
    let factors = Factors { u: take_factor(&mut from, rows, rank)?, v: take_factor(&mut from, cols, rank)? };
    let [row, col] = [rows, cols].map(|n| if joint == 1 { n } else { 0 });
    let offsets = Offsets { mean, row: take_stored(&mut from, row)?, col: take_stored(&mut from, col)? };
    let damping = Damping { ridge, degree_power, proximal: 0.0 };
    let model = Model { factors, offsets, scale, damping, variant, loss };
    let entries = if with == 0 { None } else { Some(read_entries(&mut from, [rows, cols], with == 2)?) };
    from.end()?;
    Ok(Saved { model, entries })
}

fn read_entries<T: Real>(
    from: &mut Reader<'_>,
    [rows, cols]: [usize; 2],
    weighted: bool,
) -> Result<(Observations<T>, HeldOut)> {
    let held_out = HeldOut { seed: from.long()?, share: from.number()? };
    if !(0.0..1.0).contains(&held_out.share) {
        return Err(damaged("a share that is held out", held_out.share));
    }
    let count = take_size(from)?;
    let ends = from.take(rows, 8)?;
    let mut start: Vec<usize> = zeros("saved state", rows + 1)?;
    for (i, end) in ends.chunks_exact(8).enumerate() {
        let end = u64::from_le_bytes(array(end));
        if end < start[i] as u64 || end > count as u64 {
            return Err(damaged("rows whose ends ascend", format!("{end} after {}", start[i])));
        }
        start[i + 1] = end as usize;
    }
    let bytes = from.take(count, 4)?;
    let mut index: Vec<u32> = zeros("saved state", count)?;
    index.iter_mut().zip(bytes.chunks_exact(4)).for_each(|(j, bytes)| *j = u32::from_le_bytes(array(bytes)));
    let value = take_stored::<T>(from, count)?;
    let weight = if weighted { Some(take_stored::<T>(from, count)?) } else { None };
    if weight.iter().flatten().any(|w| !(w.wide() > 0.0)) {
        return Err(damaged("weights above 0", "another"));
    }
    let inside = |i: usize| {
        let line = &index[start[i]..start[i + 1]];
        line.is_sorted() && line.last().is_none_or(|j| (*j as usize) < cols)
    };
    if start[rows] != count || !(0..rows).all(inside) {
        return Err(damaged("columns of each row in order and inside the matrix", "others"));
    }
    let observed = Observations::of_rows(Lines { start, index, value, weight }, cols)?;
    Ok((observed, held_out))
}

#[cfg(test)]
mod tests;
