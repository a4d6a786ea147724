//! The problem: `min_X 1/2 <X, A X> - <B, X>`, and label propagation as one.

use super::components::unreached;
use crate::numerics::SymmetricMatrix;
use crate::runtime::error::zeros;
use crate::runtime::{Control, Error, ErrorKind, Result};
use std::sync::OnceLock;

/// Numbers that are checked between two reports of work.
const PIECE: usize = 1 << 16;

/// The place of a node that is no unknown.
const FIXED: u32 = u32::MAX;

/// What nodes get that are in a component without a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    /// They are refused.
    Error,
    /// 0.
    Zero,
}

/// Values that are known at some nodes.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// The labelled nodes, each once.
    pub nodes: &'a [usize],
    /// Their values: `nodes.len()` numbers for each right-hand side, column by column.
    pub values: &'a [f64],
    /// Right-hand sides: columns of labels.
    pub columns: usize,
}

/// A quadratic on a graph with one or more right-hand sides.
#[derive(Debug, Clone)]
pub struct Problem {
    a: SymmetricMatrix,
    b: Vec<f64>,
    columns: usize,
    blocks: Option<Vec<Vec<u32>>>,
    fixed: Option<Fixed>,
    unreached: usize,
    /// Set once a solve has met no negative curvature: the matrix does not change.
    definite: OnceLock<()>,
}

/// The nodes of a label problem: which are unknown, and the values of the others.
#[derive(Debug, Clone)]
struct Fixed {
    /// The unknown of each node, or [`FIXED`].
    place: Vec<u32>,
    /// Values of all nodes, 0 where unknown, column by column.
    values: Vec<f64>,
}

impl Problem {
    /// `1/2 x'(A + ridge I)x - b'x` for each column of `b` (`a.size()` numbers each, column by column).
    ///
    /// Errors: a length that does not fit, no column, NaN or infinity in `b` or `ridge`, a diagonal that is not
    /// positive. `Stopped` by the control. That `A` is positive definite is found out by the solve.
    pub fn quadratic(
        mut a: SymmetricMatrix,
        b: Vec<f64>,
        columns: usize,
        ridge: f64,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        check_columns(&b, a.size(), columns, "b", control)?;
        check_ridge(ridge)?;
        for (i, d) in a.diagonal.iter_mut().enumerate() {
            *d += ridge;
            if !(*d > 0.0 && d.is_finite()) {
                return Err(Error::new(ErrorKind::Data, "a")
                    .at(format!("row {i}, column {i}"))
                    .expected("a positive diagonal: a positive definite matrix has one")
                    .found(*d));
            }
            control.spend(2)?;
        }
        Ok(Self { a, b, columns, blocks: None, fixed: None, unreached: 0, definite: OnceLock::new() })
    }

    /// Label propagation: `sum over edges 1/2 w_ij (x_i - x_j)^2 + ridge/2 |x|^2` over the nodes without a label. The
    /// diagonal of `weights` (loops) has no effect.
    ///
    /// Errors: negative weights; labelled nodes out of range or named twice; values that are not finite or not as many
    /// as nodes times columns; with ridge 0 a component without a label, unless `unreached` is zero; `Stopped` by the
    /// control. Costs three passes over the edges.
    pub fn labels(
        weights: &SymmetricMatrix,
        labels: Labels<'_>,
        ridge: f64,
        policy: Unreached,
        control: &mut Control<'_>,
    ) -> Result<Self> {
        let n = weights.size();
        check_columns(labels.values, labels.nodes.len(), labels.columns, "values", control)?;
        check_ridge(ridge)?;
        check_weights(weights, control)?;
        let mut known = vec![false; n];
        let full = n.checked_mul(labels.columns).ok_or_else(|| too_many(n, labels.columns))?;
        let mut values = zeros("values", full)?;
        for (k, &node) in labels.nodes.iter().enumerate() {
            if node >= n || known[node] {
                return Err(Error::new(ErrorKind::Data, "labelled")
                    .at(format!("entry {k}"))
                    .expected(format!("a node in 0..{n} that was not named before"))
                    .found(node));
            }
            known[node] = true;
            for c in 0..labels.columns {
                values[c * n + node] = labels.values[c * labels.nodes.len() + k];
            }
            control.spend(4 + 2 * labels.columns as u64)?;
        }
        let lost = if ridge > 0.0 { Vec::new() } else { unreached(weights, &known, control)? };
        if let (Some(node), Unreached::Error) = (lost.first(), policy) {
            return Err(Error::new(ErrorKind::Data, "labelled")
                .at(format!("node {node}"))
                .expected("a labelled node in each component, ridge > 0, or option unreached=zero")
                .found(format!("a component without a label ({} such nodes)", lost.len())));
        }
        lost.iter().for_each(|&i| known[i as usize] = true);
        let (a, b, place) = reduced(weights, &known, &values, labels.columns, ridge, control)?;
        let fixed = Some(Fixed { place, values });
        let (columns, unreached) = (labels.columns, lost.len());
        Ok(Self { a, b, columns, blocks: None, fixed, unreached, definite: OnceLock::new() })
    }

    /// Fixed blocks of the caller for `rule=partition`: the block of each node (of a label problem, labelled ones
    /// included; their entries do not matter). Blocks are solved in the order of their numbers.
    ///
    /// Errors: a length other than the number of nodes, a block number of that size or more. Empty blocks are left out.
    pub fn set_partition(&mut self, block_of: &[usize]) -> Result<()> {
        let nodes = self.nodes();
        if block_of.len() != nodes {
            return Err(Error::new(ErrorKind::Argument, "block_of")
                .expected(format!("{nodes} numbers, one per node"))
                .found(block_of.len()));
        }
        let mut blocks: Vec<Vec<u32>> = Vec::new();
        for (node, &k) in block_of.iter().enumerate() {
            if k >= nodes {
                return Err(Error::new(ErrorKind::Data, "block_of")
                    .at(format!("node {node}"))
                    .expected(format!("a block number below {nodes}"))
                    .found(k));
            }
            if blocks.len() <= k {
                blocks.resize(k + 1, Vec::new());
            }
            let place = self.fixed.as_ref().map_or(node as u32, |f| f.place[node]);
            if place != FIXED {
                blocks[k].push(place);
            }
        }
        blocks.retain(|b| !b.is_empty());
        self.blocks = Some(blocks);
        Ok(())
    }

    /// The matrix over the unknowns, ridge included.
    pub fn matrix(&self) -> &SymmetricMatrix {
        &self.a
    }

    /// The right-hand sides over the unknowns, column by column.
    pub fn right_hand_sides(&self) -> &[f64] {
        &self.b
    }

    /// Right-hand sides.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Unknowns: rows of the matrix.
    pub fn unknowns(&self) -> usize {
        self.a.size()
    }

    /// Nodes: the unknowns, and in a label problem the labelled ones.
    pub fn nodes(&self) -> usize {
        self.fixed.as_ref().map_or(self.a.size(), |f| f.place.len())
    }

    /// Nodes that no label reaches and that have the value 0.
    pub fn unreached(&self) -> usize {
        self.unreached
    }

    /// Whether a solve has found the matrix free of negative curvature before.
    pub(super) fn is_known_definite(&self) -> bool {
        self.definite.get().is_some()
    }

    /// Keeps that the matrix has no negative curvature.
    pub(super) fn keep_definite(&self) {
        self.definite.get_or_init(|| ());
    }

    pub(super) fn blocks(&self) -> Option<&[Vec<u32>]> {
        self.blocks.as_deref()
    }

    /// Values of all nodes from those of the unknowns.
    pub fn expand(&self, x: &[f64]) -> Vec<f64> {
        let Some(fixed) = &self.fixed else { return x.to_vec() };
        let (n, unknowns) = (fixed.place.len(), self.a.size());
        let mut values = fixed.values.clone();
        for (k, value) in values.iter_mut().enumerate() {
            let (c, i) = (k / n, fixed.place[k % n]);
            if i != FIXED {
                *value = x[c * unknowns + i as usize];
            }
        }
        values
    }

    /// The unknowns among the values of all nodes.
    ///
    /// Errors: not as many numbers as nodes times columns; NaN or infinity at an unknown (others are not read).
    pub fn unknowns_of(&self, values: &[f64]) -> Result<Vec<f64>> {
        let n = self.nodes();
        check_length(values, n, self.columns, "values")?;
        let unknown = |k: usize| self.fixed.as_ref().is_none_or(|f| f.place[k % n] != FIXED);
        let mut x = Vec::with_capacity(self.b.len());
        for (k, &value) in values.iter().enumerate().filter(|(k, _)| unknown(*k)) {
            if !value.is_finite() {
                return Err(not_finite(values, k, n, "values"));
            }
            x.push(value);
        }
        Ok(x)
    }
}

/// The system over the nodes that are not known, and the unknown of each node.
fn reduced(
    weights: &SymmetricMatrix,
    known: &[bool],
    values: &[f64],
    columns: usize,
    ridge: f64,
    control: &mut Control<'_>,
) -> Result<(SymmetricMatrix, Vec<f64>, Vec<u32>)> {
    let n = weights.size();
    let mut place = vec![FIXED; n];
    let mut unknowns = 0;
    for (place, _) in place.iter_mut().zip(known).filter(|(_, known)| !**known) {
        *place = unknowns as u32;
        unknowns += 1;
    }
    let mut a = SymmetricMatrix::with_capacity(unknowns, weights.entries(), "a")?;
    let mut b: Vec<f64> = zeros("values", unknowns * columns)?;
    for i in (0..n).filter(|i| !known[*i]) {
        let row = place[i] as usize;
        let mut diagonal = ridge;
        for (j, w) in weights.row(i) {
            diagonal += w;
            if known[j] {
                (0..columns).for_each(|c| b[c * unknowns + row] += w * values[c * n + j]);
            } else {
                a.neighbours.push(place[j]);
                a.values.push(-w);
            }
        }
        if !diagonal.is_finite() || (0..columns).any(|c| !b[c * unknowns + row].is_finite()) {
            return Err(Error::new(ErrorKind::Data, "a")
                .at(format!("node {i}"))
                .expected("weights and labels whose sums are finite")
                .found(diagonal));
        }
        a.diagonal.push(diagonal);
        a.starts.push(a.values.len());
        control.spend(4 + (2 * weights.degree(i) * columns) as u64)?;
    }
    Ok((a, b, place))
}

/// The numbers of each column, all finite. Polls from piece to piece.
fn check_columns(
    values: &[f64],
    rows: usize,
    columns: usize,
    name: &str,
    control: &mut Control<'_>,
) -> Result<()> {
    check_length(values, rows, columns, name)?;
    for (piece, part) in values.chunks(PIECE).enumerate() {
        if let Some(k) = part.iter().position(|v| !v.is_finite()) {
            return Err(not_finite(values, piece * PIECE + k, rows, name));
        }
        control.spend(part.len() as u64)?;
    }
    Ok(())
}

fn check_length(values: &[f64], rows: usize, columns: usize, name: &str) -> Result<()> {
    let expected = rows.checked_mul(columns).ok_or_else(|| too_many(rows, columns))?;
    if columns == 0 {
        return Err(Error::new(ErrorKind::Argument, "columns").expected("at least 1").found(0));
    }
    if values.len() != expected {
        return Err(Error::new(ErrorKind::Argument, name)
            .expected(format!("{expected} numbers: {rows} for each of {columns} columns"))
            .found(values.len()));
    }
    Ok(())
}

fn not_finite(values: &[f64], k: usize, rows: usize, name: &str) -> Error {
    Error::new(ErrorKind::Data, name)
        .at(format!("entry {}, column {}", k % rows, k / rows))
        .expected("a finite number")
        .found(values[k])
}

fn too_many(rows: usize, columns: usize) -> Error {
    Error::new(ErrorKind::Argument, "columns")
        .expected("a number of values that fits in memory")
        .found(format!("{rows} times {columns}"))
}

fn check_ridge(ridge: f64) -> Result<()> {
    if ridge >= 0.0 && ridge.is_finite() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Argument, "ridge").expected("a finite number of at least 0").found(ridge))
}

fn check_weights(weights: &SymmetricMatrix, control: &mut Control<'_>) -> Result<()> {
    for i in 0..weights.size() {
        if let Some((j, w)) = weights.row(i).find(|(_, w)| *w < 0.0) {
            return Err(Error::new(ErrorKind::Data, "a")
                .at(format!("row {i}, column {j}"))
                .expected("weights that are not negative")
                .found(w));
        }
        control.spend(2 + weights.degree(i) as u64)?;
    }
    Ok(())
}
