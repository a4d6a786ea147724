//! Selection of blocks: fixed ones in turn, or chosen by the gradient.

use super::colouring::colouring;
use super::curvature::negative_curvature;
use super::elimination::{Elimination, NONE, NotDefinite, spanning};
use super::forest::GrowingForest;
use super::greedy_forest::greedy_forest;
use super::problem::Problem;
use super::settings::{NodeOrder, NodeScore, Rule, Settings};
use super::super_nodes::{Refused, SuperElimination, collected, expanded, quotient};
use super::tree_partition::tree_partition;
use crate::numerics::SymmetricMatrix;
use crate::numerics::cholesky::Cholesky;
use crate::numerics::gram::Square;
use crate::runtime::rng::{Purpose, Stream};
use crate::runtime::{Control, Error, ErrorKind, Stop};

/// Blocks with cycles are factored densely up to this size.
const DENSE: usize = 2048;

/// A block made ready to be solved exactly.
pub(super) enum BlockSolver {
    /// Without cycles: two sweeps.
    Forest(Elimination),
    /// Without cycles between super-nodes: two sweeps.
    Super(SuperElimination),
    /// Any block, small.
    Dense(Vec<u32>, Cholesky),
}

/// Super-nodes of several nodes each.
struct Super {
    size: usize,
    quotient: SymmetricMatrix,
    /// Scratch of one number per super-node.
    place: Vec<u32>,
}

impl Super {
    /// Makes a block of super-nodes ready; `None` where it has a cycle.
    fn solver(
        &mut self,
        a: &SymmetricMatrix,
        block: &[u32],
        control: &mut Control<'_>,
    ) -> std::result::Result<Option<BlockSolver>, Failure> {
        let Self { size, quotient, place } = self;
        match SuperElimination::new(a, quotient, *size, block, place, control) {
            Ok(found) => Ok(Some(BlockSolver::Super(found))),
            Err(Refused::Cycle) => Ok(None),
            Err(Refused::Stop(stop)) => Err(stop.into()),
            Err(Refused::NotDefinite(found)) => Err(not_definite(a, &found)),
        }
    }
}

/// Why there is no block, or no solve.
#[derive(Debug)]
pub(super) enum Failure {
    Stop(Stop),
    /// The objective has no lower bound: negative curvature, which was proven, in words.
    Unbounded(String),
    Error(Error),
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Failure::Stop(stop)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}

impl BlockSolver {
    fn new(
        a: &SymmetricMatrix,
        block: &[u32],
        place: &mut [u32],
        control: &mut Control<'_>,
    ) -> std::result::Result<Self, Failure> {
        if let Some(walk) = spanning(a, block, place) {
            return Ok(BlockSolver::Forest(
                Elimination::new(a, walk).map_err(|found| not_definite(a, &found))?,
            ));
        }
        if block.len() > DENSE {
            return Err(Failure::Error(
                Error::new(ErrorKind::Unsupported, "block_of")
                    .expected(format!("blocks without cycles, or of at most {DENSE} nodes"))
                    .found(format!("a block of {} nodes with a cycle", block.len())),
            ));
        }
        block.iter().enumerate().for_each(|(k, &i)| place[i as usize] = k as u32);
        let mut dense = Square::zeros(block.len());
        for (k, &i) in block.iter().enumerate() {
            let column = dense.column_mut(k);
            column[k] = a.diagonal()[i as usize];
            for (j, v) in a.row(i as usize).filter(|(j, _)| place[*j] != NONE) {
                column[place[j] as usize] = v;
            }
        }
        block.iter().for_each(|&i| place[i as usize] = NONE);
        let factor = Cholesky::new(&dense, control)?;
        if factor.shift() > 0.0 {
            let node = block[0] as usize;
            return Err(not_definite(a, &NotDefinite { node, pivot: 0.0, direction: Vec::new() }));
        }
        Ok(BlockSolver::Dense(block.to_vec(), factor))
    }

    /// Its nodes, in the order in which [`BlockSolver::solve`] takes numbers.
    pub(super) fn nodes(&self) -> &[u32] {
        match self {
            BlockSolver::Forest(e) => e.nodes(),
            BlockSolver::Super(e) => e.nodes(),
            BlockSolver::Dense(nodes, _) => nodes,
        }
    }

    /// Replaces `c` by `A_bb^{-1} c`.
    pub(super) fn solve(&self, c: &mut [f64]) {
        match self {
            BlockSolver::Forest(e) => e.solve(c),
            BlockSolver::Super(e) => e.solve(c),
            BlockSolver::Dense(_, factor) => factor.solve(c),
        }
    }
}

/// A pivot of elimination that is not positive: negative curvature, or a matrix that is as good as singular.
fn not_definite(a: &SymmetricMatrix, found: &NotDefinite) -> Failure {
    let mut v = vec![0.0; a.size()];
    found.direction.iter().for_each(|(i, value)| v[*i as usize] = *value);
    if let Some(curvature) = negative_curvature(a, &v) {
        return Failure::Unbounded(format!(
            "curvature {curvature:e} found at the elimination of row {}",
            found.node
        ));
    }
    let error = Error::new(ErrorKind::Data, "a")
        .at(format!("row {}", found.node))
        .expected("a positive definite matrix")
        .found(format!("the pivot {} in the elimination of a block", found.pivot));
    Failure::Error(error)
}

/// The blocks of a run.
pub(super) struct Blocks<'p> {
    a: &'p SymmetricMatrix,
    settings: &'p Settings,
    supers: Option<Super>,
    fixed: Vec<BlockSolver>,
    current: Option<BlockSolver>,
    order: Vec<u32>,
    scores: Vec<f64>,
    place: Vec<u32>,
    forest: GrowingForest,
}

impl<'p> Blocks<'p> {
    /// Cuts fixed blocks, where the rule has them, and eliminates each.
    pub(super) fn new(
        problem: &'p Problem,
        settings: &'p Settings,
        control: &mut Control<'_>,
    ) -> std::result::Result<Self, Failure> {
        let a = problem.matrix();
        let supers = match settings.node_size {
            1 => None,
            _ if problem.unknowns() < problem.nodes() => {
                return Err(Failure::Error(
                    Error::new(ErrorKind::Unsupported, "option \"node_size\"")
                        .expected("a quadratic, for super-nodes")
                        .found("labels"),
                ));
            }
            size => {
                let quotient = quotient(a, size, control)?;
                Some(Super { size, place: vec![NONE; quotient.size()], quotient })
            }
        };
        // What the rules cut and choose in.
        let graph = supers.as_ref().map_or(a, |supers| &supers.quotient);
        let n = graph.size();
        let order = node_order(graph, settings);
        let cut = match settings.rule {
            Rule::RedBlack => colouring(&order, graph),
            Rule::TreePartition => tree_partition(&order, graph, control)?,
            Rule::Partition => match problem.blocks() {
                Some(blocks) => blocks.to_vec(),
                None => {
                    return Err(Failure::Error(
                        Error::new(ErrorKind::State, "option \"rule\"")
                            .expected("blocks of the caller for rule partition")
                            .found("none were set"),
                    ));
                }
            },
            _ => Vec::new(),
        };
        control.spend(10 * a.entries() as u64)?;
        let forest = GrowingForest::new(n);
        let (scores, place) = (vec![0.0; n], vec![NONE; a.size()]);
        let mut blocks =
            Self { a, settings, supers, fixed: Vec::new(), current: None, order, scores, place, forest };
        for block in &cut {
            let solver = match settings.rule {
                Rule::Partition => blocks.solver_of_nodes(block, control)?,
                _ => blocks.solver(block, control)?,
            };
            blocks.fixed.push(solver);
            control.spend(10 * block.len() as u64)?;
        }
        Ok(blocks)
    }

    /// Makes a block that a rule cut or chose ready.
    fn solver(
        &mut self,
        block: &[u32],
        control: &mut Control<'_>,
    ) -> std::result::Result<BlockSolver, Failure> {
        let Some(supers) = &mut self.supers else {
            return BlockSolver::new(self.a, block, &mut self.place, control);
        };
        match supers.solver(self.a, block, control)? {
            Some(solver) => Ok(solver),
            None => BlockSolver::new(self.a, &expanded(block, supers.size), &mut self.place, control),
        }
    }

    /// The same for a block of the caller's, whose super-nodes have to be whole.
    fn solver_of_nodes(
        &mut self,
        block: &[u32],
        control: &mut Control<'_>,
    ) -> std::result::Result<BlockSolver, Failure> {
        let Some(supers) = &self.supers else { return self.solver(block, control) };
        let Some(block) = collected(block, supers.size) else {
            return Err(Failure::Error(
                Error::new(ErrorKind::Data, "block_of")
                    .expected(format!(
                        "every {} consecutive nodes in one block, as node_size says",
                        supers.size
                    ))
                    .found("some in two"),
            ));
        };
        self.solver(&block, control)
    }

    /// Fixed blocks; 1 where blocks are chosen anew each time.
    pub(super) fn per_sweep(&self) -> usize {
        self.fixed.len().max(1)
    }

    /// The next block. `r` is the residual (the negative gradient) of every right-hand side.
    pub(super) fn select(
        &mut self,
        iteration: u64,
        r: &[f64],
        control: &mut Control<'_>,
    ) -> std::result::Result<&BlockSolver, Failure> {
        if !self.fixed.is_empty() {
            return Ok(&self.fixed[(iteration % self.fixed.len() as u64) as usize]);
        }
        let n = self.order.len();
        let block = match self.settings.rule {
            Rule::General => {
                self.score(r);
                let size = (n as f64).cbrt().floor().max(1.0) as usize;
                let Self { order, scores, .. } = self;
                if size < n {
                    order.select_nth_unstable_by(size, |a, b| descending(scores, *a, *b));
                }
                let mut block = order[..size].to_vec();
                block.sort_unstable();
                block
            }
            Rule::RandomTree => {
                self.shuffle(iteration);
                self.greedy_forest()
            }
            _ => {
                // The nodes of the last forest all have gradient 0. In random order they fill the next one best: in
                // index order the gap on the paper's lattice is three times as large after 500 blocks.
                self.shuffle(iteration);
                self.score(r);
                let scores = &self.scores;
                self.order.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
                self.greedy_forest()
            }
        };
        control.spend((2 * self.a.entries() + 20 * n) as u64)?;
        let solver = self.solver(&block, control)?;
        Ok(self.current.insert(solver))
    }

    /// What the rules cut and choose in: the graph, or that of super-nodes.
    fn graph(&self) -> &SymmetricMatrix {
        self.supers.as_ref().map_or(self.a, |supers| &supers.quotient)
    }

    fn greedy_forest(&mut self) -> Vec<u32> {
        let graph = self.supers.as_ref().map_or(self.a, |supers| &supers.quotient);
        greedy_forest(&self.order, graph, &mut self.forest)
    }

    /// A random order, the same for the same seed and iteration.
    fn shuffle(&mut self, iteration: u64) {
        self.order.iter_mut().enumerate().for_each(|(k, i)| *i = k as u32);
        let count = self.order.len();
        Stream::new(self.settings.seed, Purpose::Select, iteration).shuffle_front(&mut self.order, count);
    }

    /// The size of the gradient of each node over all right-hand sides.
    fn score(&mut self, r: &[f64]) {
        let (n, size) = (self.a.size(), self.settings.node_size);
        if r.len() == self.scores.len() {
            self.scores.iter_mut().zip(r).for_each(|(s, r)| *s = r.abs());
        } else {
            for (i, score) in self.scores.iter_mut().enumerate() {
                let nodes = i * size..(i + 1) * size;
                let squares = nodes.flat_map(|i| r[i..].iter().step_by(n)).map(|r| r * r);
                *score = squares.sum::<f64>().sqrt();
            }
        }
        if self.settings.score == NodeScore::Lipschitz {
            let diagonal = self.graph().diagonal().to_vec();
            self.scores.iter_mut().zip(diagonal).for_each(|(s, d)| *s /= d.sqrt());
        }
    }
}

/// Larger scores first, ties by number.
fn descending(scores: &[f64], a: u32, b: u32) -> std::cmp::Ordering {
    scores[b as usize].total_cmp(&scores[a as usize]).then(a.cmp(&b))
}

/// The nodes in the order of the settings.
fn node_order(a: &SymmetricMatrix, settings: &Settings) -> Vec<u32> {
    let n = a.size();
    let mut order: Vec<u32> = (0..n as u32).collect();
    match settings.order {
        NodeOrder::Index => {}
        NodeOrder::Random => {
            Stream::new(settings.seed, Purpose::Partition, 0).shuffle_front(&mut order, n);
        }
        NodeOrder::Lipschitz => {
            order.sort_unstable_by(|p, q| descending(a.diagonal(), *p, *q));
        }
    }
    order
}
