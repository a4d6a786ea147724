//! The published outcomes beside ours.

use super::claims::{BEST, CLAIMS, Claim, Source, What};
use super::engine::Trace;
use super::figures::Panel;
use super::run::Ran;

/// Published outcomes that differ by more than this factor rank the two curves.
const APART: f64 = 1.3;

/// A published outcome and ours.
pub struct Compared {
    pub claim: &'static Claim,
    pub ours: Option<f64>,
    /// Ours without what rounding decides: the least and the largest of the runs that differ in that alone.
    pub range: Option<(f64, f64)>,
}

impl Compared {
    /// Whether ours is what is asked; `None` where nothing is.
    pub fn holds(&self) -> Option<bool> {
        match self.claim.source {
            Source::Read => None,
            Source::Verified => Some(self.ours.is_some_and(|ours| self.claim.agrees(ours))),
            Source::Rounding => Some(self.range.is_some_and(|(low, high)| {
                let (value, tolerance) = (self.claim.value(), self.claim.tolerance());
                low <= value + tolerance && high >= value - tolerance
            })),
        }
    }
}

/// All outcomes that were published for a figure.
pub fn outcomes(ran: &Ran) -> Vec<Compared> {
    let mut all = Vec::new();
    for (panel, traces) in ran.figure.panels.iter().zip(&ran.traces) {
        for claim in claims(ran.figure.name, panel) {
            let trace = find(panel, traces, claim);
            let range = (claim.source == Source::Rounding).then(|| range(panel, traces, claim));
            all.push(Compared { claim, ours: trace.and_then(|t| claim.ours(t)), range });
        }
    }
    all
}

fn claims<'a>(figure: &'a str, panel: &'a Panel) -> impl Iterator<Item = &'static Claim> + 'a {
    CLAIMS.iter().filter(move |c| c.figure == figure && c.set == panel.set && c.tau == panel.tau)
}

/// The curve of a claim.
fn find<'a>(panel: &Panel, traces: &'a [Trace], claim: &Claim) -> Option<&'a Trace> {
    let mut with = panel.curves.iter().zip(traces);
    if claim.curve == BEST {
        let released = with.filter(|(c, _)| c.released).map(|(_, t)| t);
        return released.min_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal));
    }
    with.find(|(c, _)| c.label == claim.curve).map(|(_, t)| t)
}

/// Over the curves whose names begin with that of the claim.
fn range(panel: &Panel, traces: &[Trace], claim: &Claim) -> (f64, f64) {
    let with = panel.curves.iter().zip(traces).filter(|(c, _)| c.label.starts_with(claim.curve));
    let values = with.filter_map(|(_, t)| claim.ours(t));
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// What ranks a curve: iterations if it got there, else the gap.
fn rank(trace: &Trace) -> (usize, f64) {
    trace.reached().map_or((usize::MAX, trace.last()), |k| (k, 0.0))
}

/// Pairs of curves that the published outcomes rank.
#[derive(Default)]
pub struct Order {
    pub pairs: usize,
    /// Those that ours rank otherwise, in words.
    pub turned: Vec<String>,
}

/// Whether curves on data that are not the authors' rank as theirs do.
pub fn order(ran: &Ran) -> Order {
    let mut order = Order::default();
    for (panel, traces) in ran.figure.panels.iter().zip(&ran.traces) {
        let claims: Vec<&Claim> = claims(ran.figure.name, panel).filter(|c| c.curve != BEST).collect();
        for (k, a) in claims.iter().enumerate() {
            for b in &claims[k + 1..] {
                if a.what != b.what || a.what == What::Identified || a.curve == b.curve {
                    continue;
                }
                let (better, worse) = if a.value() < b.value() { (a, b) } else { (b, a) };
                if worse.value() <= APART * better.value() {
                    continue;
                }
                order.pairs += 1;
                let ranks = [better, worse].map(|c| find(panel, traces, c).map(rank));
                if !(ranks[0] < ranks[1]) {
                    order.turned.push(format!(
                        "{} τ={}: {} before {}",
                        panel.set, panel.tau, better.curve, worse.curve
                    ));
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::figures::figure;

    fn ran(last: impl Fn(&str) -> f64) -> Ran {
        let figure = figure("bcd-figure6").unwrap();
        let trace =
            |label: &str| Trace { gap: vec![1e9, last(label)], seconds: vec![0.0, 1.0], identified: None };
        let traces =
            figure.panels.iter().map(|p| p.curves.iter().map(|c| trace(&c.label)).collect()).collect();
        Ran { figure, traces }
    }

    fn published(label: &str) -> f64 {
        let claim = CLAIMS.iter().find(|c| c.figure == "bcd-figure6" && c.set == "E" && c.curve == label);
        claim.map_or(1e-4, Claim::value)
    }

    #[test]
    fn an_order_that_is_turned_is_told() {
        let same = order(&ran(published));
        assert!(same.pairs > 20 && same.turned.is_empty());
        let turned = order(&ran(|label| if label == "General" { 1e-6 } else { published(label) }));
        assert_eq!(turned.turned.len(), 4 + 6);
        // No number is no rank.
        assert!(!order(&ran(|_| f64::NAN)).turned.is_empty());
    }

    #[test]
    fn cells_hold_or_fail_by_their_source() {
        let of = |value: f64, label: &'static str| {
            let all = outcomes(&ran(|l| if l.starts_with(label) { value } else { 1.0 }));
            all.iter().find(|c| c.claim.set == "D" && c.claim.curve == label).unwrap().holds()
        };
        assert_eq!(of(2.75e-5, "Tree partition"), Some(true));
        assert_eq!(of(2.5e-5, "Tree partition"), Some(false));
        assert_eq!(of(f64::NAN, "Tree partition"), Some(false));
        assert_eq!(of(1.5e-5, "Greedy tree"), Some(false));
        assert_eq!(of(6e7, "General"), None);
    }
}
