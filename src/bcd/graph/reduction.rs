//! Nodes with at most two neighbours, eliminated exactly: ends of streets and the bends between two crossings.
//!
//! Node `i` with pivot `d_i` and neighbours `j`, `k` leaves `d_j -= a_ij^2 / d_i` (and `k` likewise) and the entry
//! `a_jk -= a_ij a_ik / d_i`, in place of its own in both rows: no row grows, and the whole takes linear time. What is
//! left is the Schur complement, which has the same graph theory as the matrix: entries that were not positive stay so.

use super::blocks::Failure;
use super::curvature::negative_curvature;
use crate::numerics::SymmetricMatrix;
use crate::numerics::symmetric::{filled, sort_row};
use crate::runtime::error::copied;
use crate::runtime::{Control, Result, Stop};

/// What a failed allocation is named after.
const SUBJECT: &str = "the elimination of nodes";

/// Less than this share of the nodes is not worth a second matrix.
const SHARE: f64 = 0.1;

/// Rows longer than this are not searched: nodes between two others are kept there.
const HUB: usize = 64;

/// An elimination of some nodes, and the system over the others.
#[derive(Debug)]
pub(super) struct Reduction {
    steps: Vec<Step>,
    rest: Vec<u32>,
    matrix: SymmetricMatrix,
}

/// One node: `x_i = c_i / pivot - sum factor x_near`. Absent neighbours are the node itself, with factor 0.
#[derive(Debug, Clone, Copy)]
struct Step {
    node: u32,
    near: [u32; 2],
    /// `a_ij / d_i`
    factor: [f64; 2],
    pivot: f64,
}

impl Reduction {
    /// Eliminates what can be eliminated. `None` where that is little, or where a pivot is not positive for rounding:
    /// what is wrong with the matrix is then found on the whole of it. Costs the number of entries.
    ///
    /// Failures: a pivot that proves negative curvature, no memory, a stop.
    pub(super) fn new(
        a: &SymmetricMatrix,
        control: &mut Control<'_>,
    ) -> std::result::Result<Option<Self>, Failure> {
        let n = a.size();
        let few = |count: usize| (count as f64) < SHARE * n as f64;
        let waiting: Vec<u32> = (0..n as u32).filter(|&i| a.degree(i as usize) <= 2).collect();
        control.spend(n as u64)?;
        if few(waiting.len()) {
            return Ok(None);
        }
        let mut rows = Rows::new(a)?;
        control.spend(2 * a.entries() as u64)?;
        let mut steps = Vec::new();
        let spoilt = rows.eliminate(waiting, &mut steps, control)?;
        let rest: Vec<u32> = (0..n as u32).filter(|&i| !rows.gone[i as usize]).collect();
        let spoilt = spoilt.or_else(|| rest.iter().copied().find(|&i| !rows.is_sound(i as usize)));
        if let Some(node) = spoilt {
            control.spend(2 * a.flops())?;
            return match negative_curvature(a, &minimizer(&steps, node, n)?) {
                Some(curvature) => Err(Failure::Unbounded(format!(
                    "curvature {curvature:e} found at the elimination of row {node}"
                ))),
                None => Ok(None),
            };
        }
        if few(steps.len()) {
            return Ok(None);
        }
        let matrix = rows.left(&rest, control)?;
        Ok(Some(Self { steps, rest, matrix }))
    }

    /// The system over the nodes that are left.
    pub(super) fn matrix(&self) -> &SymmetricMatrix {
        &self.matrix
    }

    /// Brings the right-hand side `c` of all nodes down to those that are left, which go to `rest`. Gives the share of
    /// the eliminated nodes in the objective, `-1/2 sum c_i^2 / d_i`.
    pub(super) fn down(&self, c: &mut [f64], rest: &mut [f64]) -> f64 {
        let mut share = 0.0;
        for s in &self.steps {
            let own = c[s.node as usize];
            c[s.near[0] as usize] -= s.factor[0] * own;
            c[s.near[1] as usize] -= s.factor[1] * own;
            share += own * (own / s.pivot);
        }
        rest.iter_mut().zip(&self.rest).for_each(|(r, &i)| *r = c[i as usize]);
        -0.5 * share
    }

    /// The solution at all nodes, in place of what [`Reduction::down`] left in `c`, from that at the nodes left.
    pub(super) fn up(&self, rest: &[f64], c: &mut [f64]) {
        rest.iter().zip(&self.rest).for_each(|(r, &i)| c[i as usize] = *r);
        for s in self.steps.iter().rev() {
            let [j, k] = s.near;
            c[s.node as usize] =
                c[s.node as usize] / s.pivot - (s.factor[0] * c[j as usize] + s.factor[1] * c[k as usize]);
        }
    }

    /// Flops of a way down and up.
    pub(super) fn flops(&self) -> u64 {
        14 * self.steps.len() as u64
    }
}

/// 1 at `node`, which is left, and at the eliminated nodes what minimizes the quadratic: its curvature is the pivot of
/// `node`.
fn minimizer(steps: &[Step], node: u32, n: usize) -> Result<Vec<f64>> {
    let mut v = filled(SUBJECT, n, 0.0)?;
    v[node as usize] = 1.0;
    for s in steps.iter().rev() {
        let [j, k] = s.near;
        v[s.node as usize] = -(s.factor[0] * v[j as usize] + s.factor[1] * v[k as usize]);
    }
    Ok(v)
}

/// Rows that change while nodes go.
struct Rows {
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    values: Vec<f64>,
    diagonal: Vec<f64>,
    /// Entries of each row; those of hubs to nodes that are gone are still among them.
    len: Vec<u32>,
    /// Entries to nodes that are there.
    degree: Vec<u32>,
    gone: Vec<bool>,
}

impl Rows {
    fn new(a: &SymmetricMatrix) -> Result<Self> {
        let mut len = filled(SUBJECT, a.size(), 0_u32)?;
        len.iter_mut().enumerate().for_each(|(i, len)| *len = a.degree(i) as u32);
        Ok(Self {
            starts: copied(SUBJECT, &a.starts)?,
            neighbours: copied(SUBJECT, &a.neighbours)?,
            values: copied(SUBJECT, &a.values)?,
            diagonal: copied(SUBJECT, &a.diagonal)?,
            degree: copied(SUBJECT, &len)?,
            len,
            gone: filled(SUBJECT, a.size(), false)?,
        })
    }

    /// Eliminates the nodes that wait and those that come to have as few neighbours. Gives the first node whose pivot
    /// is not positive; it is left, with the nodes that were to come.
    fn eliminate(
        &mut self,
        mut waiting: Vec<u32>,
        steps: &mut Vec<Step>,
        control: &mut Control<'_>,
    ) -> std::result::Result<Option<u32>, Stop> {
        let mut next = 0;
        while next < waiting.len() {
            let node = waiting[next];
            next += 1;
            let i = node as usize;
            if self.gone[i] || self.degree[i] > 2 {
                continue;
            }
            let range = self.starts[i]..self.starts[i] + self.len[i] as usize;
            control.spend(32 + range.len() as u64)?;
            let mut near = [node; 2];
            let mut entry = [0.0; 2];
            let mut count = 0;
            for at in range.filter(|at| !self.gone[self.neighbours[*at] as usize]) {
                near[count] = self.neighbours[at];
                entry[count] = self.values[at];
                count += 1;
            }
            if count == 2 && near.iter().any(|&j| self.len[j as usize] as usize > HUB) {
                continue;
            }
            if !self.is_sound(i) {
                return Ok(Some(node));
            }
            let pivot = self.diagonal[i];
            let factor = entry.map(|v| v / pivot);
            self.gone[i] = true;
            for side in 0..count {
                self.diagonal[near[side] as usize] -= entry[side] * factor[side];
            }
            if count == 2 {
                let between = -(entry[0] * factor[1]);
                self.join(near[0] as usize, node, near[1], between);
                self.join(near[1] as usize, node, near[0], between);
            } else if count == 1 {
                self.cut(near[0] as usize, node);
            }
            waiting.extend(near[..count].iter().filter(|&&j| self.degree[j as usize] <= 2));
            steps.push(Step { node, near, factor, pivot });
        }
        Ok(None)
    }

    fn is_sound(&self, i: usize) -> bool {
        self.diagonal[i] > 0.0 && self.diagonal[i].is_finite()
    }

    /// In row `j`, the entry to `old` becomes one to `new`, or is added to the one that is there.
    fn join(&mut self, j: usize, old: u32, new: u32, value: f64) {
        let first = self.starts[j];
        let row = &self.neighbours[first..first + self.len[j] as usize];
        let place = |node| row.iter().position(|k| *k == node).map(|k| first + k);
        let (from, to) = (place(old), place(new));
        match (from, to) {
            (_, Some(to)) => {
                self.values[to] += value;
                self.cut(j, old);
            }
            (Some(from), None) => {
                self.neighbours[from] = new;
                self.values[from] = value;
            }
            // Both rows have the entry.
            (None, None) => {}
        }
    }

    /// Takes the entry to `old` out of row `j`; hubs keep it, and pass it over.
    fn cut(&mut self, j: usize, old: u32) {
        self.degree[j] -= 1;
        let (first, len) = (self.starts[j], self.len[j] as usize);
        if len > HUB {
            return;
        }
        if let Some(at) = self.neighbours[first..first + len].iter().position(|k| *k == old) {
            self.neighbours.swap(first + at, first + len - 1);
            self.values.swap(first + at, first + len - 1);
            self.len[j] -= 1;
        }
    }

    /// The matrix over `rest`.
    fn left(&self, rest: &[u32], control: &mut Control<'_>) -> Result<SymmetricMatrix> {
        let mut place = filled(SUBJECT, self.gone.len(), 0_u32)?;
        rest.iter().enumerate().for_each(|(k, &i)| place[i as usize] = k as u32);
        let entries = rest.iter().map(|&i| self.degree[i as usize] as usize).sum();
        let mut out = SymmetricMatrix::with_capacity(rest.len(), entries, SUBJECT)?;
        out.diagonal.extend(rest.iter().map(|&i| self.diagonal[i as usize]));
        for &i in rest {
            let begin = out.values.len();
            let first = self.starts[i as usize];
            for at in first..first + self.len[i as usize] as usize {
                let j = self.neighbours[at] as usize;
                // Sums may have cancelled.
                if !self.gone[j] && self.values[at] != 0.0 {
                    out.neighbours.push(place[j]);
                    out.values.push(self.values[at]);
                }
            }
            sort_row(&mut out.neighbours[begin..], &mut out.values[begin..]);
            out.starts.push(out.values.len());
            control.spend(4 + 4 * (out.values.len() - begin) as u64)?;
        }
        Ok(out)
    }
}
