//! The rules for the accuracy of regressions, and the outer iterations that a prototype took with them.

use southwell::numerics::sketch::Family;

/// A kind of problem.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    /// The largest singular value beside the smallest.
    pub kappa: f64,
    /// Cells seen beside the degrees of freedom.
    pub rho: f64,
}

/// The three kinds.
pub const CELLS: [Cell; 3] =
    [Cell { kappa: 1.0, rho: 4.0 }, Cell { kappa: 10.0, rho: 6.0 }, Cell { kappa: 1000.0, rho: 8.0 }];

/// How rows are solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Inner {
    /// By factorizations.
    Exact,
    /// So many steps of conjugate gradients with an orthonormal factor.
    Steps(usize),
    /// The same with the factor as it is, without any preconditioner.
    Raw(usize),
    /// Conjugate gradients until the gradient has fallen by a factor.
    Reduction(f64),
    /// The same with a sketch of each row for a preconditioner.
    Sketched(Family, f64),
    /// Conjugate gradients until the gradient is so small that inequality (B) holds, by the true error of the fixed
    /// factor, in rows whose smallest eigenvalue is a tenth of their share of the whole or more.
    Inequality,
    /// The same with sketches, which know the smallest eigenvalue of their row.
    SketchedInequality(Family),
}

/// What the prototype took in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prototype {
    /// Nothing.
    None,
    /// Outer iterations.
    After(usize),
    /// It did not converge.
    Fails,
}

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub name: &'static str,
    pub inner: Inner,
    /// Outer iterations that are exact before the rule holds.
    pub exact_first: usize,
    /// By cell.
    pub earlier: [Prototype; 3],
    /// Whether the plots show it.
    pub drawn: bool,
}

use Inner::{Exact, Inequality, Raw, Reduction, Sketched, SketchedInequality, Steps};
use Prototype::{After, Fails, None as Unknown};

const fn rule(name: &'static str, inner: Inner, earlier: [Prototype; 3], drawn: bool) -> Rule {
    Rule { name, inner, exact_first: 0, earlier, drawn }
}

const fn late(name: &'static str, exact_first: usize, inner: Inner, last: Prototype, drawn: bool) -> Rule {
    Rule { name, inner, exact_first, earlier: [Unknown, Unknown, last], drawn }
}

const SIGNS: Family = Family::SparseSign { nonzeros: 8 };

/// All rules, as in section 3.6, and ours.
pub const RULES: [Rule; 32] = [
    rule("exact", Exact, [After(16), After(12), After(10)], true),
    rule("CG 1", Steps(1), [After(27), After(30), Fails], true),
    rule("CG 2", Steps(2), [After(15), After(20), Fails], false),
    rule("CG 3", Steps(3), [After(16), After(13), Fails], true),
    rule("CG 5", Steps(5), [After(16), After(12), Fails], false),
    rule("CG 10", Steps(10), [Unknown; 3], false),
    rule("CG 1, raw factor", Raw(1), [After(29), After(246), Fails], false),
    rule("CG 2, raw factor", Raw(2), [After(15), After(125), Fails], false),
    rule("CG 3, raw factor", Raw(3), [After(16), After(68), Fails], true),
    rule("CG 5, raw factor", Raw(5), [After(16), After(25), Fails], false),
    rule("CG 10, raw factor", Raw(10), [After(16), After(12), After(32)], true),
    rule("residual x0.5", Reduction(0.5), [After(20), After(34), Fails], true),
    rule("residual x0.3", Reduction(0.3), [After(16), After(21), Fails], false),
    rule("residual x0.1", Reduction(0.1), [After(16), After(13), Fails], true),
    rule("residual x0.03", Reduction(0.03), [After(16), After(12), Fails], false),
    rule("residual x0.01", Reduction(0.01), [After(16), After(12), After(10)], false),
    rule("residual 1e-8", Reduction(1e-8), [After(16), After(12), After(10)], false),
    late("2 exact, then x0.03", 2, Reduction(0.03), After(10), false),
    late("2 exact, then x0.1", 2, Reduction(0.1), Fails, false),
    late("4 exact, then CG 1", 4, Steps(1), After(13), false),
    late("4 exact, then CG 2", 4, Steps(2), After(10), false),
    late("4 exact, then CG 3", 4, Steps(3), After(10), false),
    late("4 exact, then x0.5", 4, Reduction(0.5), After(13), false),
    late("4 exact, then x0.1", 4, Reduction(0.1), After(10), true),
    rule("SRHT + CG x0.1", Sketched(Family::Srht, 0.1), [Unknown; 3], false),
    rule("SRHT + CG x0.01", Sketched(Family::Srht, 0.01), [Unknown; 3], true),
    rule("SRHT + CG 1e-8", Sketched(Family::Srht, 1e-8), [Unknown; 3], false),
    rule("OSNAP + CG x0.1", Sketched(SIGNS, 0.1), [Unknown; 3], false),
    rule("OSNAP + CG x0.01", Sketched(SIGNS, 0.01), [Unknown; 3], true),
    rule("OSNAP + CG 1e-8", Sketched(SIGNS, 1e-8), [Unknown; 3], false),
    rule("CG until (B), eigenvalue 0.1", Inequality, [Unknown; 3], false),
    rule("OSNAP + CG until (B)", SketchedInequality(SIGNS), [Unknown; 3], true),
];
