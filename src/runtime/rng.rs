//! Random numbers keyed by (seed, purpose, iteration): the order of evaluation cannot matter.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What a stream is for; each purpose has its own numbers. Values are part of the promise of equal bits.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub enum Purpose {
    /// Cutting blocks.
    Partition = 1,
    /// Choosing a block.
    Select = 2,
    /// Dealing rows to folds.
    Folds = 3,
    /// Looking in a random direction.
    Probe = 4,
    /// The vectors that a Krylov space starts from.
    Start = 5,
    /// The sketches of least-squares problems.
    Sketch = 6,
    /// Which expert's prediction, or which path, is played.
    Play = 16,
    /// The perturbations of a leader.
    Perturb = 17,
    /// The points of a random search.
    Search = 7,
    /// The noise of pictures.
    Noise = 8,
}

/// A stream of random numbers (ChaCha8, value-stable).
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of (seed, purpose, iteration).
    pub fn new(seed: u64, purpose: Purpose, iteration: u64) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&iteration.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Goes to where `normals` normal numbers from the beginning have been drawn.
    pub fn seek(&mut self, normals: u64) {
        // Two draws of two words each.
        self.0.set_word_pos(4 * u128::from(normals));
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `[0, 1)`, on a grid of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Standard normal (Box and Muller, from two draws; the second number of a pair is not used).
    pub fn normal(&mut self) -> f64 {
        // 1 - u is above 0.
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Uniform in `0..bound`; `bound` must not be 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        // Reject the part of the range that would favour small numbers.
        let zone = u64::MAX - u64::MAX % bound;
        loop {
            let draw = self.0.next_u64();
            if draw < zone {
                return (draw % bound) as usize;
            }
        }
    }

    /// Puts the first `count` places of `items` in random order (Fisher and Yates): a sample without replacement.
    pub fn shuffle_front<T>(&mut self, items: &mut [T], count: usize) {
        for i in 0..count.min(items.len()) {
            let j = i + self.below(items.len() - i);
            items.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_keyed_and_value_stable() {
        let draw = |seed, iteration| Stream::new(seed, Purpose::Select, iteration).0.next_u64();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn normals_are_found_again_by_their_place() {
        let drawn = |stream: &mut Stream| (0..5).map(|_| stream.normal()).collect::<Vec<f64>>();
        let all = drawn(&mut Stream::new(3, Purpose::Start, 0));
        for (place, known) in all.iter().enumerate() {
            let mut stream = Stream::new(3, Purpose::Start, 0);
            stream.seek(place as u64);
            assert_eq!(stream.normal(), *known);
        }
    }

    #[test]
    fn draws_cover_their_range_evenly() {
        let mut stream = Stream::new(7, Purpose::Select, 0);
        let mut counts = [0_usize; 10];
        for _ in 0..10_000 {
            counts[stream.below(10)] += 1;
            let u = stream.uniform();
            assert!((0.0..1.0).contains(&u));
        }
        assert!(counts.iter().all(|&c| c > 850 && c < 1150), "{counts:?}");
    }
}
