//! The gradient of all coordinates, kept from block to block.

use crate::bcd::settings::Gradients;
use crate::bcd::smooth::{Changed, Smooth};
use crate::runtime::{Control, Stop};

/// The gradient of all coordinates.
pub(in crate::bcd) struct Kept<M> {
    every: Vec<usize>,
    pub(in crate::bcd) g: Vec<f64>,
    memory: M,
    /// What the last move changed; none if `g` does not belong to the iterate.
    pending: Option<Changed>,
    /// Blocks since `g` was computed afresh, and how many it may be.
    age: usize,
    most_age: usize,
    /// Flops of the last fresh gradient.
    pass: u64,
}

/// Blocks between two fresh gradients at least; as many as there are in a sweep where that is more.
const LEAST_AGE: usize = 50;

impl<M> Kept<M> {
    pub(in crate::bcd) fn new<S: Smooth<Memory = M>>(
        f: &S,
        wanted: Gradients,
        block_size: usize,
        control: &mut Control<'_>,
    ) -> Result<Self, Stop> {
        let n = f.cols();
        Ok(Self {
            every: (0..n).collect(),
            g: vec![0.0; n],
            memory: f.memory(wanted, block_size, control)?,
            pending: None,
            age: 0,
            most_age: (n / block_size.max(1)).max(LEAST_AGE),
            pass: 0,
        })
    }

    /// Brings the gradient to the iterate and tells what is new: afresh where a move was not followed, and from time to
    /// time, so that rounding does not pile up.
    pub(in crate::bcd) fn bring_up<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        control: &mut Control<'_>,
    ) -> Result<Changed, Stop> {
        match self.pending.take() {
            Some(changed) if self.age < self.most_age => Ok(changed),
            _ => {
                let before = control.work();
                f.gradient(&self.every, &mut self.g, control)?;
                self.pass = control.work() - before;
                f.forget(&mut self.memory);
                self.age = 0;
                Ok(Changed::All)
            }
        }
    }

    /// Follows a move of the coordinates in `list` by `step`.
    pub(in crate::bcd) fn moved<S: Smooth<Memory = M>>(
        &mut self,
        f: &S,
        list: &[usize],
        step: &[f64],
        control: &mut Control<'_>,
    ) -> Result<(), Stop> {
        let mut changed = f.follow(&mut self.memory, list, step, &mut self.g, control)?;
        if let Some(Changed::Some(changed)) = &mut changed {
            // Scores depend on the coordinate too.
            changed.extend_from_slice(list);
        }
        self.pending = changed;
        self.age += 1;
        Ok(())
    }

    /// Whether the next gradient will be a fresh one.
    pub(in crate::bcd) fn is_due(&self) -> bool {
        self.age + 1 >= self.most_age
    }

    /// How many blocks' following costs as much as a fresh gradient; 0 where each block has one.
    pub(in crate::bcd) fn blocks_per_pass<S: Smooth<Memory = M>>(&self, f: &S, block_size: usize) -> u64 {
        f.follow_cost(&self.memory, block_size).map_or(0, |cost| self.pass / cost.max(1))
    }
}
