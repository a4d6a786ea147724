//! The random stream of NumPy's legacy `RandomState`, bit for bit, so that published data sets can be drawn again.
//!
//! The raw stream is MT19937; the transformations below are those that NumPy froze for `RandomState` (NEP 19).

use rand_mt::Mt;

/// A stream. A copy goes on from the same place.
#[derive(Debug, Clone)]
pub struct Stream {
    raw: Mt,
    /// The second value of the last pair of normal numbers.
    kept: Option<f64>,
}

impl Stream {
    /// The stream of `numpy.random.RandomState(seed)`.
    pub fn new(seed: u32) -> Self {
        Self { raw: Mt::new(seed), kept: None }
    }

    /// Uniform on [0, 1) with 53 bits.
    pub fn uniform(&mut self) -> f64 {
        let high = f64::from(self.raw.next_u32() >> 5);
        let low = f64::from(self.raw.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// Standard normal, by Marsaglia's polar method: each pair is handed out second value first.
    pub fn normal(&mut self) -> f64 {
        if let Some(value) = self.kept.take() {
            return value;
        }
        loop {
            let x = 2.0 * self.uniform() - 1.0;
            let y = 2.0 * self.uniform() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.kept = Some(factor * x);
                return factor * y;
            }
        }
    }

    /// `count` normal numbers.
    pub fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }

    /// `count` uniform numbers.
    pub fn uniforms(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.uniform()).collect()
    }

    /// A whole number below `end`, by rejection under a mask.
    pub fn below(&mut self, end: usize) -> usize {
        let last = (end - 1) as u32;
        if last == 0 {
            return 0;
        }
        let mask = u32::MAX >> last.leading_zeros();
        loop {
            let value = self.raw.next_u32() & mask;
            if value <= last {
                return value as usize;
            }
        }
    }

    /// A permutation of `0..n`.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            let j = self.below(i + 1);
            order.swap(i, j);
        }
        order
    }

    /// `count` different numbers below `n`.
    pub fn choice(&mut self, n: usize, count: usize) -> Vec<usize> {
        let mut order = self.permutation(n);
        order.truncate(count);
        order
    }

    /// One index, with probability proportional to its weight.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let sums = shares(weights);
        place(&sums, self.uniform())
    }

    /// `count` different indices, drawn one after the other with probability proportional to their weights; NumPy
    /// draws a batch and repeats for those that came twice.
    pub fn weighted_choice(&mut self, weights: &[f64], count: usize) -> Vec<usize> {
        let mut weights = weights.to_vec();
        let mut found: Vec<usize> = Vec::with_capacity(count);
        while found.len() < count {
            let draws = self.uniforms(count - found.len());
            found.iter().for_each(|&i| weights[i] = 0.0);
            let sums = shares(&weights);
            for draw in draws {
                let index = place(&sums, draw);
                if !found.contains(&index) {
                    found.push(index);
                }
            }
        }
        found
    }
}

/// Running sums, divided by the last.
fn shares(weights: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut sums: Vec<f64> = weights
        .iter()
        .map(|w| {
            sum += w;
            sum
        })
        .collect();
    sums.iter_mut().for_each(|s| *s /= sum);
    sums
}

/// The first index whose running sum exceeds the draw.
fn place(sums: &[f64], draw: f64) -> usize {
    sums.partition_point(|s| *s <= draw).min(sums.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|v| v.to_bits()).collect()
    }

    /// Digits printed by NumPy 1.26.4.
    #[test]
    fn it_is_numpys_stream_bit_for_bit() {
        let mut r = Stream::new(1);
        assert_eq!(bits(&r.uniforms(3)), [0x3fdab07d0ffa3c06, 0x3fe70ce5f3baf051, 0x3f1dfb906661c000]);
        let normals = [
            0xbfe9ab665f778871,
            0xbfdcba69fc03e5b1,
            0xbff1b1e8fa6f47a2,
            0xbffa78e531ed0179,
            0xc002e8623a553924,
        ];
        assert_eq!(bits(&r.normals(5)), normals);
        assert_eq!(r.permutation(10), [7, 0, 5, 1, 6, 9, 8, 3, 4, 2]);
        assert_eq!(r.choice(50, 8), [29, 14, 5, 33, 18, 37, 27, 26]);
        let whole: Vec<usize> = (0..8).map(|_| r.below(7)).collect();
        assert_eq!(whole, [6, 5, 4, 3, 5, 1, 3, 6]);
        let weights: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(r.weighted_choice(&weights, 6), [8, 10, 13, 4, 15, 7]);
        assert_eq!(r.weighted_choice(&weights, 6), [15, 16, 6, 12, 3, 13]);
        let single: Vec<usize> = (0..5).map(|_| r.weighted(&weights)).collect();
        assert_eq!(single, [16, 14, 19, 15, 18]);
        // The kept value of the pair survives what lies between.
        assert_eq!(bits(&r.normals(2)), [0x3ff22a5fe22e5972, 0xbfdaa19276e72dbd]);
    }

    #[test]
    fn other_seeds_and_many_draws_agree_too() {
        let mut r = Stream::new(u32::MAX);
        assert_eq!(bits(&r.normals(3)), [0x3fe4bfc38c486d8a, 0x3fe56b192e507eee, 0xbff149e836f192fd]);
        assert_eq!(bits(&r.uniforms(2)), [0x3fed1999c0aed972, 0x3fe1b835369cb7f1]);
        let all = Stream::new(1).normals(100_000).iter().fold(0, |all, v| all ^ v.to_bits());
        assert_eq!(all, 18_316_526_391_564_371_903);
    }

    #[test]
    fn one_outcome_takes_nothing_from_the_stream() {
        let mut r = Stream::new(3);
        let copy = r.clone().uniform();
        assert_eq!((r.below(1), r.permutation(1)), (0, vec![0]));
        assert_eq!(r.uniform(), copy);
    }
}
