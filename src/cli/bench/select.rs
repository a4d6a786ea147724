//! Selection of blocks, with the scores of the released code and those of the theory.

use super::argsort::argsort;
use super::lasso;
use super::method::{Blocks, Method, Rule, Update};
use super::objective::{Objective, Point, factor};
use super::sets::Set;
use super::stream::Stream;
use southwell::bcd::graph::colouring::colouring;
use southwell::bcd::graph::forest::GrowingForest;
use southwell::bcd::graph::greedy_forest::greedy_forest;
use southwell::bcd::graph::lattice::{lattice_colours, lattice_combs};
use southwell::bcd::graph::tree_partition::tree_partition;
use southwell::numerics::cholesky::Cholesky;
use southwell::numerics::eigen::largest_eigenvalue;
use southwell::runtime::Control;

/// What selection and update remember between iterations.
pub struct Memory<'a> {
    pub f: &'a dyn Objective,
    pub method: Method,
    /// Where blocks are fixed or come in turn.
    pub fixed: Vec<Vec<usize>>,
    /// The released estimates of the Lipschitz constants.
    pub estimates: Option<Vec<f64>>,
    /// Ours: their share of the constants.
    pub share: f64,
    /// The penalty of the lasso.
    pub lambda: f64,
    set: &'a Set,
    stream: Stream,
    shuffled: Vec<usize>,
    /// The forest solved last, and the order of its nodes where that is random.
    solved: Vec<usize>,
    ties: Stream,
    constants: Vec<f64>,
    factors: Vec<Option<Cholesky>>,
}

/// A block, and its number if it is a fixed one.
pub struct Chosen {
    pub block: Vec<usize>,
    pub number: Option<usize>,
}

impl<'a> Memory<'a> {
    pub fn new(set: &'a Set, method: Method) -> Self {
        let f = set.objective();
        let fixed = fixed_blocks(set, method);
        Self {
            f,
            method,
            estimates: (method.update == Update::Estimate).then(|| vec![1.0; f.size()]),
            share: 1.0,
            lambda: set.lambda,
            set,
            stream: set.stream.clone(),
            shuffled: Vec::new(),
            solved: Vec::new(),
            ties: Stream::new(if let Rule::GreedyTree { shuffle } = method.rule { shuffle } else { 0 }),
            constants: vec![f64::NAN; fixed.len()],
            factors: (0..fixed.len()).map(|_| None).collect(),
            fixed,
        }
    }

    /// `L_b`, the largest eigenvalue of the bound.
    pub fn constant(&mut self, chosen: &Chosen) -> f64 {
        let fresh = |f: &dyn Objective, block: &[usize]| largest_eigenvalue(&f.bound(block));
        match chosen.number {
            None => fresh(self.f, &chosen.block),
            Some(k) => {
                if self.constants[k].is_nan() {
                    self.constants[k] = fresh(self.f, &chosen.block);
                }
                self.constants[k]
            }
        }
    }

    /// Replaces `g` by `H_b^{-1} g`.
    pub fn solve_bound(&mut self, chosen: &Chosen, g: &mut [f64]) {
        match chosen.number {
            None => factor(&self.f.bound(&chosen.block)).solve(g),
            Some(k) => self.factor_of(k).solve(g),
        }
    }

    fn factor_of(&mut self, k: usize) -> &Cholesky {
        let (f, block) = (self.f, &self.fixed[k]);
        self.factors[k].get_or_insert_with(|| factor(&f.bound(block)))
    }

    fn all_constants(&mut self) -> Vec<f64> {
        (0..self.fixed.len())
            .map(|k| self.constant(&Chosen { block: self.fixed[k].clone(), number: Some(k) }))
            .collect()
    }

    /// The next block. `g` is the gradient where the rule is greedy.
    pub fn select(&mut self, at: &Point, g: &[f64], iteration: usize) -> Chosen {
        if self.method.rule.is_graph() {
            return self.select_on_graph(g, iteration);
        }
        if self.method.blocks == Blocks::Variable {
            let mut block = self.select_variable(at, g, iteration);
            block.sort_unstable();
            return Chosen { block, number: None };
        }
        let k = self.select_fixed(at, g, iteration);
        Chosen { block: self.fixed[k].clone(), number: Some(k) }
    }

    fn select_fixed(&mut self, at: &Point, g: &[f64], iteration: usize) -> usize {
        let count = self.fixed.len();
        let estimates = self.estimates.take();
        let l = estimates.as_deref().unwrap_or(self.f.lipschitz());
        let chosen = match self.method.rule {
            Rule::Random => self.stream.below(count),
            Rule::Cyclic => iteration % count,
            Rule::Lipschitz => {
                let constants = self.all_constants();
                self.stream.weighted(&constants)
            }
            Rule::Gs => best(count, |k| self.sum(k, |i| g[i].abs())),
            Rule::Gs2 => best(count, |k| self.sum(k, |i| g[i] * g[i])),
            Rule::Gsd => best(count, |k| self.sum(k, |i| divide(g[i].abs(), l[i].sqrt()))),
            Rule::Gsd2 => best(count, |k| self.sum(k, |i| divide(g[i] * g[i], l[i]))),
            Rule::Gsl if estimates.is_some() => best(count, |k| self.sum(k, |i| g[i].abs() / l[i].sqrt())),
            Rule::Gsl => {
                let constants = self.all_constants();
                best(count, |k| divide(self.sum(k, |i| g[i].abs()), constants[k].sqrt()))
            }
            Rule::Gsl2 => {
                let constants = self.all_constants();
                best(count, |k| divide(self.sum(k, |i| g[i] * g[i]), constants[k]))
            }
            Rule::NearColumn => best(count, |k| self.sum(k, |i| g[i].abs() - 0.5 * l[i])),
            Rule::NearUnitColumn => best(count, |k| self.sum(k, |i| unit_nearness(g[i], l[i]))),
            rule if rule.is_of_lasso() => {
                let lambda = self.lambda;
                let largest = l.iter().copied().fold(0.0, f64::max);
                best(count, |k| self.sum(k, |i| lasso::score(rule, g[i], l[i], largest, at.x[i], lambda)))
            }
            Rule::NonnegativeQ => best(count, |k| self.sum(k, |i| model_decrease(g[i], l[i], at.x[i]))),
            _ => {
                let scores: Vec<f64> = (0..count).map(|k| self.quadratic_score(k, g)).collect();
                best(count, |k| scores[k])
            }
        };
        self.estimates = estimates;
        chosen
    }

    /// `g_b' H_b^{-1} g_b`
    fn quadratic_score(&mut self, k: usize, g: &[f64]) -> f64 {
        let own: Vec<f64> = self.fixed[k].iter().map(|i| g[*i]).collect();
        let mut solved = own.clone();
        self.factor_of(k).solve(&mut solved);
        own.iter().zip(&solved).map(|(a, b)| a * b).sum()
    }

    fn sum(&self, k: usize, score: impl Fn(usize) -> f64) -> f64 {
        self.fixed[k].iter().map(|i| score(*i)).sum()
    }

    fn select_variable(&mut self, at: &Point, g: &[f64], iteration: usize) -> Vec<usize> {
        let (f, n, tau) = (self.f, self.f.size(), self.method.tau);
        let l = f.lipschitz();
        let scaled = |d: &[f64]| -> Vec<usize> {
            top(&g.iter().zip(d).map(|(g, d)| divide(g.abs(), d.sqrt())).collect::<Vec<_>>(), tau)
        };
        match self.method.rule {
            Rule::Random => self.stream.choice(n, tau),
            Rule::Cyclic => {
                if iteration.is_multiple_of(n) {
                    self.shuffled = self.stream.permutation(n);
                }
                let k = iteration % (n / tau);
                self.shuffled[k * tau..(k + 1) * tau].to_vec()
            }
            Rule::Lipschitz => self.stream.weighted_choice(l, tau),
            Rule::Gsl => scaled(f.row_sums()),
            Rule::Gsd => scaled(l),
            Rule::Gsq => hard_thresholding(f, g, tau),
            Rule::Schur => schur(f, g, tau),
            Rule::NonnegativeQ => {
                let scores: Vec<f64> = (0..n).map(|i| model_decrease(g[i], l[i], at.x[i])).collect();
                top(&scores, tau)
            }
            _ => top(&g.iter().map(|g| g.abs()).collect::<Vec<_>>(), tau),
        }
    }

    fn select_on_graph(&mut self, g: &[f64], iteration: usize) -> Chosen {
        let n = self.f.size();
        if !self.fixed.is_empty() {
            let k = iteration % self.fixed.len();
            return Chosen { block: self.fixed[k].clone(), number: None };
        }
        let size = || g.iter().map(|g| g.abs()).collect::<Vec<_>>();
        let order = match self.method.rule {
            Rule::General => {
                let mut block = top(&size(), (n as f64).cbrt() as usize);
                block.sort_unstable();
                return Chosen { block, number: None };
            }
            Rule::GreedyTree { shuffle } => {
                let mut size = size();
                if shuffle > 0 {
                    self.solved.iter().for_each(|&i| size[i] = -self.ties.uniform());
                }
                argsort(&size).into_iter().rev().collect()
            }
            _ => self.stream.permutation(n),
        };
        if iteration == 0 {
            // The released code draws a point for a test of its own here.
            self.stream.normals(n);
        }
        let order = numbers(&order);
        let block = self
            .set
            .graph_matrix()
            .map_or(Vec::new(), |a| places(&greedy_forest(&order, a, &mut GrowingForest::new(a.size()))));
        self.solved.clone_from(&block);
        Chosen { block, number: None }
    }
}

/// The blocks of a partition; none where they are variable.
fn fixed_blocks(set: &Set, method: Method) -> Vec<Vec<usize>> {
    let f = set.objective();
    if method.rule.is_graph() {
        return graph_blocks(set, method.rule);
    }
    let n = f.size();
    let order = match method.blocks {
        Blocks::Variable => return Vec::new(),
        Blocks::Order => (0..n).collect(),
        Blocks::Sort => argsort(f.lipschitz()),
        Blocks::Average => {
            let sorted = argsort(f.lipschitz());
            (0..n).map(|k| if k % 2 == 0 { sorted[k / 2] } else { sorted[n - 1 - k / 2] }).collect()
        }
    };
    order.chunks(method.tau).map(<[usize]>::to_vec).collect()
}

/// Colours and partitions into forests.
fn graph_blocks(set: &Set, rule: Rule) -> Vec<Vec<usize>> {
    let (Some(a), Some(graph)) = (set.graph_matrix(), &set.graph) else { return Vec::new() };
    let (red_black, by_lipschitz) = match rule {
        Rule::RedBlack { by_lipschitz } => (true, by_lipschitz),
        Rule::TreePartition { by_lipschitz } => (false, by_lipschitz),
        _ => return Vec::new(),
    };
    if let Some((rows, columns)) = graph.grid {
        let blocks = if red_black { lattice_colours(rows, columns) } else { lattice_combs(rows, columns) };
        let mut place = vec![usize::MAX; rows * columns];
        graph.unlabelled.iter().enumerate().for_each(|(p, &node)| place[node] = p);
        let inside = |block: Vec<u32>| {
            block.into_iter().map(|node| place[node as usize]).filter(|p| *p != usize::MAX).collect()
        };
        return blocks.into_iter().map(inside).collect();
    }
    let ones = vec![1.0; a.size()];
    let keys = if by_lipschitz { set.objective().lipschitz() } else { &ones };
    let order: Vec<usize> = argsort(keys).into_iter().rev().collect();
    let order = numbers(&order);
    let blocks = match red_black {
        true => colouring(&order, a),
        // A quiet control never says stop.
        false => tree_partition(&order, a, &mut Control::new()).unwrap_or_default(),
    };
    blocks.iter().map(|block| places(block)).collect()
}

/// Nodes as the library numbers them.
fn numbers(nodes: &[usize]) -> Vec<u32> {
    nodes.iter().map(|&i| i as u32).collect()
}

/// Nodes as the experiments number them.
fn places(nodes: &[u32]) -> Vec<usize> {
    nodes.iter().map(|&i| i as usize).collect()
}

/// The first of the largest scores.
fn best(count: usize, score: impl Fn(usize) -> f64) -> usize {
    (0..count)
        .fold((0, f64::NEG_INFINITY), |best, k| {
            let score = score(k);
            if score > best.1 { (k, score) } else { best }
        })
        .0
}

/// A ratio that is 0 for a variable that nothing depends on.
fn divide(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

/// Minus the squared distance of the residual from the nearer of the two unit columns, up to what all share.
fn unit_nearness(g: f64, l: f64) -> f64 {
    2.0 * divide(g.abs(), l.sqrt()) - 1.0
}

/// Decrease of `g d + L d^2 / 2` with `x + d >= 0`.
fn model_decrease(g: f64, l: f64, x: f64) -> f64 {
    let d = (-divide(g, l)).max(-x);
    -(g * d + 0.5 * l * d * d)
}

/// The `count` largest scores; where scores tie at the edge, NumPy's sort decides.
fn top(scores: &[f64], count: usize) -> Vec<usize> {
    let n = scores.len();
    let mut order: Vec<usize> = (0..n).collect();
    if count >= n {
        return order;
    }
    order.select_nth_unstable_by(n - count, |a, b| scores[*a].total_cmp(&scores[*b]));
    let edge = scores[order[n - count]];
    if order[..n - count].iter().any(|i| scores[*i] == edge) {
        order = argsort(scores);
    }
    order.split_off(n - count)
}

/// At most 10 steps of iterative hard thresholding on the model, from `g / sqrt(L)`, as released.
fn hard_thresholding(f: &dyn Objective, g: &[f64], tau: usize) -> Vec<usize> {
    let step = 1.0 / f.largest();
    let mut d: Vec<f64> = g.iter().zip(f.lipschitz()).map(|(g, l)| divide(*g, l.sqrt())).collect();
    let (mut image, mut block) = (vec![0.0; d.len()], Vec::new());
    for _ in 0..10 {
        f.apply_bound(&d, &mut image);
        let moved: Vec<f64> = d.iter().zip(g).zip(&image).map(|((d, g), h)| d - step * (g + h)).collect();
        block = top(&moved.iter().map(|d| d.abs()).collect::<Vec<_>>(), tau);
        let mut next = vec![0.0; d.len()];
        block.iter().for_each(|&i| next[i] = moved[i]);
        let change: f64 = next.iter().zip(&d).map(|(a, b)| (a - b).powi(2)).sum();
        d = next;
        if change.sqrt() < 1e-10 {
            break;
        }
    }
    block
}

/// Adds, one by one, the variable whose optimal value lowers the model most when those before are optimal too.
///
/// `q` is the model's gradient there, `rest` the diagonal of the Schur complement; each variable taken adds a column of
/// the Cholesky factor of `H`, over all rows.
fn schur(f: &dyn Objective, g: &[f64], tau: usize) -> Vec<usize> {
    const DEPENDENT: f64 = 1e-10;
    let own = f.bound_diagonal();
    let (mut q, mut rest) = (g.to_vec(), own.clone());
    let mut open: Vec<bool> = own.iter().map(|h| *h > 0.0).collect();
    let mut columns: Vec<Vec<f64>> = Vec::with_capacity(tau);
    let mut block = Vec::with_capacity(tau);
    while block.len() < tau {
        let free = (0..g.len()).filter(|&i| open[i] && rest[i] > DEPENDENT * own[i]);
        let found = free.fold((usize::MAX, -1.0), |best, i| {
            let score = q[i] * q[i] / rest[i];
            if score > best.1 { (i, score) } else { best }
        });
        let Some(i) = Some(found.0).filter(|i| *i != usize::MAX) else { break };
        open[i] = false;
        block.push(i);
        if block.len() == tau {
            break;
        }
        let mut v = vec![0.0; g.len()];
        f.bound_column(i, &mut v);
        subtract(&mut v, &columns, i);
        let root = rest[i].sqrt();
        let share = q[i] / rest[i];
        for ((v, q), rest) in v.iter_mut().zip(&mut q).zip(&mut rest) {
            *q -= *v * share;
            *v /= root;
            *rest -= *v * *v;
        }
        columns.push(v);
    }
    block
}

/// Subtracts the columns, each times its entry `i`; four at a time, so that `v` passes through memory less often.
fn subtract(v: &mut [f64], columns: &[Vec<f64>], i: usize) {
    let (fours, rest) = columns.as_chunks::<4>();
    for [a, b, c, d] in fours {
        let factors = [a[i], b[i], c[i], d[i]];
        for ((((v, a), b), c), d) in v.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *v = *v - factors[0] * a - factors[1] * b - factors[2] * c - factors[3] * d;
        }
    }
    for column in rest {
        let factor = column[i];
        v.iter_mut().zip(column).for_each(|(v, c)| *v -= factor * c);
    }
}

#[cfg(test)]
mod tests;
