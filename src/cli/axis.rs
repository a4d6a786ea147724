//! Axes of charts: linear and logarithmic, with ticks at round values.

use super::number::short;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use std::ops::Range;

/// An axis.
pub struct Axis {
    /// What it shows, with the unit.
    pub label: String,
    /// Whether it is logarithmic.
    pub log: bool,
    /// Whether values fall from left to right.
    pub falling: bool,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), log: false, falling: false }
    }

    /// A logarithmic axis.
    pub fn log(label: impl Into<String>) -> Self {
        Self { label: label.into(), log: true, falling: false }
    }

    /// Where a value is on the axis; `None` for what a logarithm does not take.
    pub fn place(&self, value: f64) -> Option<f64> {
        let place = if self.log { (value > 0.0).then(|| value.log10()) } else { Some(value) };
        place.filter(|p| p.is_finite()).map(|p| if self.falling { -p } else { p })
    }

    /// The text of a tick at a place.
    pub fn tick(&self, place: f64) -> String {
        let value = if self.falling { -place } else { place };
        if self.log { power_of_ten(value) } else { short(value + 0.0, 6) }
    }

    /// Places of the ticks between two places.
    fn ticks(&self, low: f64, high: f64) -> Vec<f64> {
        let step = match self.log {
            true => ((high - low) / 8.0).ceil().max(1.0),
            false => round_step((high - low) / 6.0),
        };
        let ticks: Vec<f64> =
            ((low / step).ceil() as i64..=(high / step).floor() as i64).map(|k| k as f64 * step).collect();
        // Less than a decade: halves of it.
        if self.log && ticks.len() < 2 {
            (0..5).map(|k| low + (high - low) * f64::from(k) / 4.0).collect()
        } else {
            ticks
        }
    }

    /// The places from `range.0` to `range.1`, with ticks.
    pub fn coordinate(&self, range: (f64, f64)) -> Ticked {
        Ticked { range: range.0..range.1, ticks: self.ticks(range.0, range.1) }
    }
}

/// A linear coordinate with ticks of our choice.
pub struct Ticked {
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Ranged for Ticked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// The least interval with all places, and a share of it more on either side; never empty.
pub fn extent(places: impl Iterator<Item = f64>, more: f64) -> (f64, f64) {
    let (low, high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p), h.max(p)));
    match high - low {
        width if width > 0.0 => (low - more * width, high + more * width),
        _ if low.is_finite() => (low - 0.5, low + 0.5),
        _ => (0.0, 1.0),
    }
}

/// 1, 2 or 5 times a power of ten, at least `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * power).find(|s| *s >= step * 0.999).unwrap_or(10.0 * power)
}

/// 10 to the power `exponent`, with a raised exponent where that is whole.
fn power_of_ten(exponent: f64) -> String {
    if (exponent - exponent.round()).abs() > 1e-9 {
        return short(10_f64.powf(exponent), 2);
    }
    match exponent.round() as i64 {
        0 => "1".into(),
        1 => "10".into(),
        whole => {
            let raised = |c: char| match c {
                '-' => '⁻',
                '1' => '¹',
                '2' => '²',
                '3' => '³',
                digit => char::from_u32(0x2070 + (digit as u32 - '0' as u32)).unwrap_or(digit),
            };
            format!("10{}", whole.to_string().chars().map(raised).collect::<String>())
        }
    }
}
