//! What a solve has done, each kind of work by itself.

/// Counts of evaluations and steps. `gradients + hessian_products` is what budgets are measured in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Evaluations of `h_i` and its gradient.
    pub gradients: u64,
    /// Products with `A`.
    pub hessian_products: u64,
    /// Products with `B` or its transpose.
    pub mixed_products: u64,
    /// Evaluations of `g_i`.
    pub upper: u64,
    /// Steps of lower solvers.
    pub lower_steps: u64,
    /// Steps of conjugate gradients on adjoint systems.
    pub adjoint_steps: u64,
    /// Lower problems solved, warm starts that were good enough included.
    pub lower_solves: u64,
    /// Adjoint systems solved.
    pub adjoint_solves: u64,
    /// Trial points of line searches.
    pub trials: u64,
    /// Times that the accuracies were tightened.
    pub refinements: u64,
}

impl Counts {
    /// Lower gradients and Hessian products: the unit of `max_products`.
    pub fn products(&self) -> u64 {
        self.gradients + self.hessian_products
    }

    /// Adds what a part has done.
    pub fn add(&mut self, part: &Counts) {
        let mut sum = self.to_array();
        sum.iter_mut().zip(part.to_array()).for_each(|(a, b)| *a += b);
        *self = Self::from_array(sum);
    }

    /// The counts in the order of their declaration.
    pub(super) fn to_array(self) -> [u64; 10] {
        [
            self.gradients,
            self.hessian_products,
            self.mixed_products,
            self.upper,
            self.lower_steps,
            self.adjoint_steps,
            self.lower_solves,
            self.adjoint_solves,
            self.trials,
            self.refinements,
        ]
    }

    /// The inverse of [`Counts::to_array`].
    pub(super) fn from_array(counts: [u64; 10]) -> Self {
        let [
            gradients,
            hessian_products,
            mixed_products,
            upper,
            lower_steps,
            adjoint_steps,
            lower_solves,
            adjoint_solves,
            trials,
            refinements,
        ] = counts;
        Self {
            gradients,
            hessian_products,
            mixed_products,
            upper,
            lower_steps,
            adjoint_steps,
            lower_solves,
            adjoint_solves,
            trials,
            refinements,
        }
    }
}
