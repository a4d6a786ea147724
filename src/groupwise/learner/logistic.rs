//! What a linear learner with margin `m = x'theta` predicts and descends: the stream's own loss at `z = 1/2 + m`, or
//! the log loss at `z = 1 / (1 + exp(-m))`, which is convex in `theta` (logistic regression).

use super::vovk_azoury_warmuth::MIDDLE;
use crate::groupwise::loss::Loss;

/// From margins to predictions and slopes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Link {
    /// `z` is the middle of the range and the margin; the loss is this one.
    Identity(Loss),
    /// `z` is the logistic function of the margin; the loss is the log loss.
    Logistic,
}

impl Link {
    /// The prediction for a margin.
    pub fn prediction(self, margin: f64) -> f64 {
        match self {
            Link::Identity(_) => MIDDLE + margin,
            Link::Logistic => 1.0 / (1.0 + (-margin).exp()),
        }
    }

    /// The slope of the loss in the margin.
    pub fn slope(self, margin: f64, y: f64) -> f64 {
        match self {
            Link::Identity(loss) => loss.slope(MIDDLE + margin, y),
            Link::Logistic => self.prediction(margin) - y,
        }
    }

    /// `gamma` of the online Newton step, for margins up to `reach` in size and `|x| <= norm`: with `g = l' x` the
    /// loss lies above `l(theta) + g'(u - theta) + gamma / 2 (g'(u - theta))^2` for all margins there. `None` where
    /// there is none above 0.
    ///
    /// For squares with an error `e`, the loss is that with `1 / (2 e^2)`, and `|e| <= reach + 1/2`. For the log loss,
    /// which is `exp(-reach)`-exp-concave with `|l'| <= 1`: `min(1 / (4 G D), exp(-reach)) / 2` with `G D <= 2 reach`
    /// (Hazan, Agarwal and Kale, Logarithmic regret algorithms for online convex optimization, 2007, lemma 3).
    pub fn curvature(self, reach: f64) -> Option<f64> {
        match self {
            Link::Identity(Loss::Squared) => {
                let error = reach + MIDDLE;
                Some(0.5 / (error * error))
            }
            Link::Logistic => Some(0.5 * (0.125 / reach).min((-reach).exp())).filter(|gamma| *gamma > 1e-100),
            Link::Identity(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loss in the margin.
    fn value(link: Link, m: f64, y: f64) -> f64 {
        match link {
            Link::Identity(loss) => loss.value(link.prediction(m), y),
            Link::Logistic => (1.0 + m.exp()).ln() - y * m,
        }
    }

    #[test]
    fn slopes_and_curvatures_are_those_of_the_losses() {
        for link in [Link::Identity(Loss::Squared), Link::Logistic] {
            let reach = 2.0;
            let gamma = link.curvature(reach).unwrap();
            for (y, at) in [(0.0, -2.0), (1.0, 1.5), (0.3, 0.0), (1.0, -2.0), (0.0, 2.0)] {
                let h = 1e-6;
                let difference = (value(link, at + h, y) - value(link, at - h, y)) / (2.0 * h);
                let slope = link.slope(at, y);
                assert!((slope - difference).abs() < 1e-8);
                for k in -20..=20 {
                    let other = f64::from(k) / 10.0;
                    let rise = slope * (other - at);
                    let below = value(link, at, y) + rise + 0.5 * gamma * rise * rise;
                    assert!(value(link, other, y) >= below - 1e-12, "{link:?} {y} {at} {other}");
                }
            }
        }
        assert!(Link::Identity(Loss::Absolute).curvature(1.0).is_none());
    }
}
