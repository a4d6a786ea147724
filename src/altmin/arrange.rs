//! From entries in any order to lines: checked, sorted, repeats dealt with. Work is cut at fixed places and put
//! together in their order, so that threads change no bit.

use super::observations::{Entries, Lines, Repeats};
use crate::numerics::real::Real;
use crate::runtime::error::zeros;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Error, ErrorKind, Result};
use std::ops::Range;
use std::sync::Mutex;

/// Entries of a chunk of the input, and about as many of a bucket of rows.
const CHUNK: usize = 1 << 16;
/// Most buckets: the chunks write to as many places at a time.
const BUCKETS: usize = 256;
/// Ranges of columns that a transposition fills one by one.
const RANGES: usize = 16;

/// An entry on its way, with its weight, or `()` where all are 1.
#[derive(Debug, Clone, Copy, Default)]
struct Record<W> {
    row: u32,
    col: u32,
    value: f64,
    weight: W,
}

/// Weights whose products with squares neither vanish nor overflow, in either precision.
pub(crate) const WEIGHTS: std::ops::RangeInclusive<f64> = 1e-30..=1e30;

/// A weight that may be left out.
trait Weight: Copy + Default + Send + Sync {
    fn of(entries: &Entries<'_>, k: usize) -> Self;
    fn get(self) -> f64;
    /// This weight, which is 1 where weights are left out.
    fn weighing(weight: f64) -> Self;
}

impl Weight for () {
    fn of(_: &Entries<'_>, _: usize) -> Self {}
    fn get(self) -> f64 {
        1.0
    }
    fn weighing(_: f64) -> Self {}
}

impl Weight for f64 {
    fn of(entries: &Entries<'_>, k: usize) -> Self {
        entries.weight.map_or(1.0, |w| w[k])
    }
    fn get(self) -> f64 {
        self
    }
    fn weighing(weight: f64) -> Self {
        weight
    }
}

/// Bytes of memory for each entry that are needed beside the lines while they are made.
pub(super) fn bytes_per_entry(weighted: bool) -> usize {
    if weighted { size_of::<Record<f64>>() } else { size_of::<Record<()>>() }
}

/// Entries row by row, columns ascending, repeats dealt with and entries of weight 0 left out.
pub(super) fn by_row<T: Real>(
    entries: &Entries<'_>,
    repeats: Repeats,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Lines<T>> {
    check(entries, team)?;
    // Means of repeats have weights of their own.
    if entries.weight.is_some() || repeats == Repeats::Mean {
        arrange::<T, f64>(entries, repeats, team, control)
    } else {
        arrange::<T, ()>(entries, repeats, team, control)
    }
}

fn chunk_of(c: usize, count: usize) -> Range<usize> {
    c * CHUNK..((c + 1) * CHUNK).min(count)
}

/// Sizes, positions, values and weights; the first offender is named.
fn check(entries: &Entries<'_>, team: &Team<'_>) -> Result<()> {
    let count = entries.value.len();
    let lengths = [("row", entries.row.len()), ("col", entries.col.len())];
    for (name, len) in lengths.into_iter().chain(entries.weight.map(|w| ("weight", w.len()))) {
        if len != count {
            return Err(Error::new(ErrorKind::Argument, format!("{name}.len"))
                .expected(format!("{count}, as many as values"))
                .found(len));
        }
    }
    for (name, size) in [("rows", entries.rows), ("cols", entries.cols)] {
        if size >= u32::MAX as usize {
            return Err(Error::new(ErrorKind::Argument, name)
                .expected(format!("less than {}", u32::MAX))
                .found(size));
        }
    }
    let outside = |k: usize, at: &[i64], size: usize| at[k] < 0 || at[k] as u64 >= size as u64;
    let light = |k: usize| entries.weight.is_none_or(|w| w[k] == 0.0 || WEIGHTS.contains(&w[k]));
    let wrong = |k: usize| {
        outside(k, entries.row, entries.rows)
            || outside(k, entries.col, entries.cols)
            || !entries.value[k].is_finite()
            || !light(k)
    };
    let first = team.map(count.div_ceil(CHUNK), |c| chunk_of(c, count).find(|&k| wrong(k)));
    let Some(k) = first.into_iter().flatten().next() else { return Ok(()) };
    let (i, j, v) = (entries.row[k], entries.col[k], entries.value[k]);
    let inside = !outside(k, entries.row, entries.rows) && !outside(k, entries.col, entries.cols);
    let (subject, expected, found) = if outside(k, entries.row, entries.rows) {
        ("row", format!("a row in 0..{}", entries.rows), i.to_string())
    } else if outside(k, entries.col, entries.cols) {
        ("col", format!("a column in 0..{}", entries.cols), j.to_string())
    } else if !v.is_finite() {
        ("value", "a finite number".into(), v.to_string())
    } else {
        let w = entries.weight.map_or(1.0, |w| w[k]);
        ("weight", "0, or a number from 1e-30 to 1e30".into(), w.to_string())
    };
    let error = Error::new(ErrorKind::Data, subject).at(format!("entry {k}")).expected(expected).found(found);
    Err(if inside { error.at_cell(i as u32, j as u32) } else { error })
}

/// What a bucket of rows came to.
struct Bucket {
    /// Entries of each of its rows.
    degrees: Vec<usize>,
    /// Whether every weight is 1.
    even: bool,
}

/// Entries go to buckets of rows, chunk by chunk, and each bucket is then sorted.
fn arrange<T: Real, W: Weight>(
    entries: &Entries<'_>,
    repeats: Repeats,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<Lines<T>> {
    let (count, rows) = (entries.value.len(), entries.rows);
    let wanted = count.div_ceil(CHUNK).clamp(1, BUCKETS);
    // Rows of a bucket: a power of 2.
    let shift = rows.div_ceil(wanted).next_power_of_two().trailing_zeros();
    let buckets = (rows >> shift) + 1;
    let chunks = count.div_ceil(CHUNK);
    let kept = |k: &usize| entries.weight.is_none_or(|w| w[*k] > 0.0);
    let bucket = |k: usize| (entries.row[k] >> shift) as usize;
    let counts = team.map(chunks, |c| {
        let mut counts = vec![0_usize; buckets];
        chunk_of(c, count).filter(kept).for_each(|k| counts[bucket(k)] += 1);
        counts
    });
    let sizes: Vec<usize> = (0..buckets).map(|b| counts.iter().map(|c| c[b]).sum()).collect();
    let mut records: Vec<Record<W>> = zeros("entries", sizes.iter().sum())?;
    control.spend(4 * count as u64)?;
    // Each chunk has a place of its own in each bucket, in the order of the chunks.
    let mut places: Vec<Vec<&mut [Record<W>]>> = (0..chunks).map(|_| Vec::with_capacity(buckets)).collect();
    let mut rest = &mut records[..];
    for b in 0..buckets {
        for (places, counts) in places.iter_mut().zip(&counts) {
            let (place, after) = std::mem::take(&mut rest).split_at_mut(counts[b]);
            places.push(place);
            rest = after;
        }
    }
    let places: Vec<_> = places.into_iter().map(Mutex::new).collect();
    team.share(chunks, control, |c, control| {
        let mut places = places[c].lock().unwrap_or_else(|e| e.into_inner());
        let mut next = vec![0; buckets];
        for k in chunk_of(c, count).filter(kept) {
            let b = bucket(k);
            places[b][next[b]] = Record {
                // Checked against the largest u32.
                row: entries.row[k] as u32,
                col: entries.col[k] as u32,
                value: entries.value[k],
                weight: W::of(entries, k),
            };
            next[b] += 1;
        }
        control.spend(8 * CHUNK as u64)
    })?;
    drop(places);
    let done = {
        let parts = split(&mut records, &sizes);
        team.share(buckets, control, |b, control| {
            let mut part = parts[b].lock().unwrap_or_else(|e| e.into_inner());
            control.spend(32 * part.len() as u64)?;
            let of_bucket = (rows - (b << shift).min(rows)).min(1 << shift);
            Ok(settle::<T, W>(&mut part, b << shift, of_bucket, repeats))
        })?
    };
    let done = done.into_iter().collect::<Result<Vec<Bucket>>>()?;
    let mut start = zeros("entries", rows + 1)?;
    let mut total = 0;
    for (i, degree) in done.iter().flat_map(|b| &b.degrees).enumerate() {
        total += degree;
        start[i + 1] = total;
    }
    let weighted = !done.iter().all(|b| b.even);
    let filled: Vec<usize> = done.iter().map(|b| b.degrees.iter().sum()).collect();
    drop(done);
    let mut lines = Lines {
        start,
        index: zeros("entries", total)?,
        value: zeros::<T>("entries", total)?,
        weight: if weighted { Some(zeros::<T>("entries", total)?) } else { None },
    };
    let from = split(&mut records, &sizes);
    let index = split(&mut lines.index, &filled);
    let value = split(&mut lines.value, &filled);
    let weight = lines.weight.as_mut().map(|w| split(w, &filled));
    team.map(buckets, |b| {
        let from = from[b].lock().unwrap_or_else(|e| e.into_inner());
        fill(&index[b], &from, |r| r.col);
        fill(&value[b], &from, |r| T::narrow(r.value));
        if let Some(weight) = &weight {
            fill(&weight[b], &from, |r| T::narrow(r.weight.get()));
        }
    });
    drop((index, value, weight));
    control.spend(4 * total as u64)?;
    Ok(lines)
}

/// Parts of the given lengths, for one task each.
fn split<'s, R>(mut all: &'s mut [R], sizes: &[usize]) -> Vec<Mutex<&'s mut [R]>> {
    let cut = |size: &usize| {
        let (part, rest) = std::mem::take(&mut all).split_at_mut(*size);
        all = rest;
        Mutex::new(part)
    };
    sizes.iter().map(cut).collect()
}

fn fill<R, S>(to: &Mutex<&mut [R]>, from: &[S], of: impl Fn(&S) -> R) {
    let mut to = to.lock().unwrap_or_else(|e| e.into_inner());
    to.iter_mut().zip(from).for_each(|(to, from)| *to = of(from));
}

/// Sorts a bucket of `rows` rows from `first` on, and deals with its repeats: what is left is at its front.
fn settle<T: Real, W: Weight>(
    records: &mut [Record<W>],
    first: usize,
    rows: usize,
    repeats: Repeats,
) -> Result<Bucket> {
    // Stable, and so in the order of input among repeats.
    records.sort_by_key(|r| u64::from(r.row) << 32 | u64::from(r.col));
    let mut bucket = Bucket { degrees: zeros("rows", rows)?, even: true };
    let (mut at, mut end) = (0, 0);
    while at < records.len() {
        let Record { row, col, .. } = records[at];
        let same = records[at..].iter().take_while(|r| r.row == row && r.col == col).count();
        let left = if same == 1 { 1 } else { settle_repeats(&mut records[at..at + same], repeats)? };
        for k in at..at + left {
            let record = records[k];
            let (value, weight) = (record.value, record.weight.get());
            if !T::narrow(value).wide().is_finite() || !T::narrow(weight).wide().is_finite() {
                return Err(Error::new(ErrorKind::Data, "value")
                    .at_cell(row, col)
                    .expected("a number that is finite as it is stored")
                    .found(value));
            }
            bucket.even &= T::narrow(weight).wide() == 1.0;
            records[end] = record;
            end += 1;
        }
        bucket.degrees[row as usize - first] += left;
        at += same;
    }
    Ok(bucket)
}

/// Puts what records of one position stand for at their front, and says how many these are.
fn settle_repeats<W: Weight>(same: &mut [Record<W>], repeats: Repeats) -> Result<usize> {
    if repeats == Repeats::Last {
        same[0] = same[same.len() - 1];
        return Ok(1);
    }
    // By value and weight, so that the order of input cannot matter.
    same.sort_by(|a, b| a.value.total_cmp(&b.value).then(a.weight.get().total_cmp(&b.weight.get())));
    let total: f64 = same.iter().map(|r| r.weight.get()).sum();
    match repeats {
        Repeats::Error => {
            return Err(Error::new(ErrorKind::Data, "entries")
                .at_cell(same[0].row, same[0].col)
                .expected("one entry (option duplicates says what repeats mean)")
                .found(format!("{}", same.len())));
        }
        Repeats::Keep | Repeats::Last => return Ok(same.len()),
        Repeats::Sum => {
            same[0].value = same.iter().map(|r| r.value).sum();
            same[0].weight = W::weighing(total / same.len() as f64);
        }
        Repeats::Mean => {
            same[0].value = same.iter().map(|r| r.weight.get() / total * r.value).sum();
            same[0].weight = W::weighing(total);
        }
    }
    Ok(1)
}

/// The same entries with the two directions exchanged; there are `others` lines.
pub(super) fn transposed<T: Real>(lines: &Lines<T>, others: usize, team: &Team<'_>) -> Result<Lines<T>> {
    let entries = lines.entries();
    let mut start: Vec<usize> = zeros("entries", others + 1)?;
    lines.index.iter().for_each(|&j| start[j as usize + 1] += 1);
    (0..others).for_each(|j| start[j + 1] += start[j]);
    // Ranges of about as many entries: each is filled by one task, which finds its entries in every line.
    let ranges = entries.div_ceil(CHUNK).clamp(1, RANGES);
    let mut ends: Vec<usize> =
        (1..ranges).map(|r| start.partition_point(|&s| s < r * entries / ranges).min(others)).collect();
    ends.push(others);
    let range = |r: usize| (if r == 0 { 0 } else { ends[r - 1] })..ends[r];
    let sizes: Vec<usize> =
        (0..ranges).map(|r| start[range(r).end] - start[range(r).start.min(range(r).end)]).collect();
    let mut index: Vec<u32> = zeros("entries", entries)?;
    let mut value: Vec<T> = zeros("entries", entries)?;
    let mut weight: Option<Vec<T>> = match lines.weight {
        Some(_) => Some(zeros("entries", entries)?),
        None => None,
    };
    let (indexes, values) = (split(&mut index, &sizes), split(&mut value, &sizes));
    let weights = weight.as_mut().map(|w| split(w, &sizes));
    team.map(ranges, |r| {
        let columns = range(r);
        let base = start[columns.start];
        let mut next: Vec<usize> = start[columns.clone()].iter().map(|s| s - base).collect();
        let mut index = indexes[r].lock().unwrap_or_else(|e| e.into_inner());
        let mut value = values[r].lock().unwrap_or_else(|e| e.into_inner());
        let mut weight = weights.as_ref().map(|w| w[r].lock().unwrap_or_else(|e| e.into_inner()));
        for i in 0..lines.len() {
            let line = lines.line(i);
            let from = line.index.partition_point(|&j| (j as usize) < columns.start);
            let inside = line.index[from..].iter().take_while(|&&j| (j as usize) < columns.end);
            for (e, &j) in inside.enumerate() {
                let slot = &mut next[j as usize - columns.start];
                // The number of lines was checked against the largest u32 when the observations were made.
                index[*slot] = i as u32;
                value[*slot] = line.value[from + e];
                if let (Some(out), Some(w)) = (&mut weight, line.weight) {
                    out[*slot] = w[from + e];
                }
                *slot += 1;
            }
        }
    });
    drop((indexes, values, weights));
    Ok(Lines { start, index, value, weight })
}
