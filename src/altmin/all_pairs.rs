//! Half-steps of implicit feedback (Hu, Koren and Volinsky): every entry of the matrix counts, those that were not
//! observed as 0 with weight 1.
//!
//! A row's normal matrix is `Y'Y + Y_S'(C - I)Y_S + ridge I` over all rows `y` of the fixed factor and those, `S`, that
//! were observed. In coordinates where `Y'Y + ridge I` is the identity this is a regression over `S` alone with a ridge
//! of 1: so rows are solved as all others are, directly, through their few observations (Woodbury), or by conjugate
//! gradients whose matrix is the identity and something of low rank. One factorization serves all rows.

use super::alternation::{Alternation, Factors, Manner, Side, StepReport};
use super::half_step::{Damping, HalfReport, HalfStep, Solver};
use super::observations::Lines;
use super::regression::Accuracy;
use crate::numerics::eigen::Eigen;
use crate::numerics::gram::Square;
use crate::numerics::real::Real;
use crate::numerics::sum::Sum;
use crate::numerics::tall::Tall;
use crate::runtime::parallel::Team;
use crate::runtime::{Control, Stop};

/// Coordinates in which `Y'Y + ridge I` is the identity.
pub(super) struct Whitening {
    /// `y` to the coordinates.
    pub(super) to: Square,
    /// What is multiplied with `y`, to the coordinates.
    pub(super) partner: Square,
    /// And back.
    pub(super) back: Square,
}

impl Whitening {
    /// Of the Gram matrix of all rows of a factor; the ridge is above 0.
    pub(super) fn new(gram: &Square, ridge: f64) -> Self {
        let k = gram.size();
        let (mut to, mut partner, mut back) = (Square::zeros(k), Square::zeros(k), Square::zeros(k));
        // Without an eigenvalue there is an infinite entry, and nothing can be done.
        let unit = || Eigen { values: vec![0.0; k], vectors: identity(k) };
        let eigen = Eigen::of(gram).unwrap_or_else(unit);
        for l in 0..k {
            let root = (eigen.values[l].max(0.0) + ridge).sqrt();
            for (i, w) in eigen.vectors.column(l).iter().enumerate() {
                to.column_mut(l)[i] = w / root;
                partner.column_mut(l)[i] = w * root;
                back.column_mut(i)[l] = w / root;
            }
        }
        Self { to, partner, back }
    }
}

fn identity(k: usize) -> Square {
    let mut one = Square::zeros(k);
    (0..k).for_each(|l| one.column_mut(l)[l] = 1.0);
    one
}

impl<T: Real> Alternation<'_, T> {
    /// A half-step in which the entries that were not observed count as 0. On a stop the factors are as they were.
    pub fn half_step_all_pairs(
        &self,
        factors: &mut Factors<T>,
        side: Side,
        manner: Manner,
        control: &mut Control<'_>,
    ) -> Result<StepReport, Stop> {
        let (fixed, moving) = factors.fixed_and_moving(side);
        let lines = self.lines(side);
        let Manner { accuracy, solver, .. } = manner;
        let ridge = manner.damping.ridge;
        let pairs = Pairs { lines, ridge, accuracy, solver, means: self.means(side) };
        let (half, moved, size) = pairs.run(fixed, moving, self.team, control)?;
        Ok(StepReport { half, singular: Vec::new(), incoherence: f64::NAN, moved, size })
    }
}

/// What a half-step in which all entries count works on.
pub(super) struct Pairs<'p, T> {
    /// The observations of the factor that moves.
    pub(super) lines: &'p Lines<T>,
    /// The ridge, above 0.
    pub(super) ridge: f64,
    /// When conjugate gradients end.
    pub(super) accuracy: Accuracy,
    /// How rows are solved.
    pub(super) solver: Solver,
    /// Prior means of the lines.
    pub(super) means: Option<&'p Tall<T>>,
}

impl<T: Real> Pairs<'_, T> {
    /// Moves `moving`; gives the report, and the squares of the change and of the model in coordinates where the mean
    /// Gram is the identity. On a stop `moving` is as it was.
    pub(super) fn run(
        &self,
        fixed: &Tall<T>,
        moving: &mut Tall<T>,
        team: &Team<'_>,
        control: &mut Control<'_>,
    ) -> Result<(HalfReport, f64, f64), Stop> {
        let gram = fixed.gram(|_| 1.0, team, control)?;
        let white = Whitening::new(&gram, self.ridge);
        let (mut y, mut x) = (fixed.clone(), moving.clone());
        y.transform(&white.to, team, control)?;
        x.transform(&white.partner, team, control)?;
        let before = x.clone();
        // The ridge draws to p: in the coordinates, where it is one of 1, to `ridge to' p`.
        let mut means = None;
        if let Some(prior) = self.means {
            let mut turned = prior.clone();
            turned.transform(&white.to, team, control)?;
            let ridge = T::narrow(self.ridge);
            turned.data_mut().iter_mut().for_each(|p| *p = ridge * *p);
            means = Some(turned);
        }
        let half = HalfStep {
            lines: self.lines,
            fixed: &y,
            curvature: &vec![0.0; y.cols()],
            shift: None,
            damping: Damping { ridge: 1.0, ..Damping::default() },
            prior: means.as_ref(),
            accuracy: self.accuracy,
            solver: self.solver,
        };
        let half = half.run(&mut x, team, control)?;
        let (mut moved, mut size) = (Sum::default(), Sum::default());
        for i in 0..x.rows() {
            for (b, a) in before.row(i).iter().zip(x.row(i)) {
                moved.add((a.wide() - b.wide()).powi(2));
                size.add(a.wide() * a.wide());
            }
        }
        x.transform(&white.back, team, control)?;
        *moving = x;
        Ok((half, moved.value(), size.value()))
    }
}

/// Adds `sign x x'`.
pub(super) fn add_square(gram: &mut Square, x: &[f64], sign: f64) {
    for (l, x_l) in x.iter().enumerate() {
        gram.column_mut(l).iter_mut().zip(x).for_each(|(g, x)| *g += sign * x_l * x);
    }
}

/// `|U V'|^2` over all entries of the matrix. Costs `(m + n) k^2` flops.
pub(super) fn all_squares<T: Real>(
    factors: &Factors<T>,
    team: &Team<'_>,
    control: &mut Control<'_>,
) -> Result<f64, Stop> {
    let (u, v) = (factors.u.gram(|_| 1.0, team, control)?, factors.v.gram(|_| 1.0, team, control)?);
    let product = |l: usize| u.column(l).iter().zip(v.column(l)).map(|(a, b)| a * b).sum::<f64>();
    Ok((0..u.size()).map(product).sum())
}
