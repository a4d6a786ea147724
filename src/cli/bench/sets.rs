//! The data of the paper. B, C and D are the published ones, bit for bit; A and E follow the same recipe on our stream
//! (the authors' files were not published).

mod companion;

use super::nonnegative;
use super::objective::{Linear, Loss, Objective, Quadratic, Softmax};
use super::stream::Stream;
use super::table::Table;
use southwell::numerics::SymmetricMatrix;
use southwell::runtime::Control;
use std::sync::OnceLock;

/// The penalty of the nonnegative problem.
pub const SLOPE: f64 = 50_000.0;

/// A problem, and the stream that goes on where its data ended.
pub struct Set {
    pub problem: Problem,
    pub stream: Stream,
    pub graph: Option<Graph>,
    /// The weight of an L1 penalty, 0 where there is none.
    pub lambda: f64,
}

/// The kinds of problems.
pub enum Problem {
    Linear(Linear),
    Softmax(Softmax),
    Quadratic(Quadratic),
}

/// The shape of a grid and the unlabelled nodes in it.
pub struct Graph {
    pub grid: Option<(usize, usize)>,
    pub unlabelled: Vec<usize>,
    /// The matrix of the quadratic as the library has it.
    pub matrix: SymmetricMatrix,
}

impl Set {
    /// The problem as the engine sees it.
    pub fn objective(&self) -> &dyn Objective {
        match &self.problem {
            Problem::Linear(p) => p,
            Problem::Softmax(p) => p,
            Problem::Quadratic(p) => p,
        }
    }

    /// The matrix of a graph problem.
    pub fn graph_matrix(&self) -> Option<&SymmetricMatrix> {
        self.graph.as_ref().map(|g| &g.matrix)
    }

    /// The data set or problem with this name. `small` gives one of the same kind that is solved in an instant.
    pub fn load(name: &'static str, small: bool) -> Self {
        let side = if small { 12 } else { 50 };
        match name {
            "A" => least_squares(small, false),
            "A-l1nn" => least_squares(small, true),
            "B" => logistic(small),
            "C" => softmax(small),
            "ridge" => companion::ridge(small),
            "logistic" => companion::logistic(small),
            "dense" => companion::dense(small),
            "lasso" => companion::lasso(small),
            "D" => grid(side, if small { 6 } else { 100 }),
            _ => two_moons(if small { 150 } else { 2000 }, if small { 10 } else { 100 }),
        }
    }
}

/// Data sets that are made when they are first asked for.
pub struct Sets {
    small: bool,
    made: [OnceLock<Set>; 10],
}

/// Their names.
pub const NAMES: [&str; 10] = ["A", "B", "C", "D", "E", "A-l1nn", "ridge", "logistic", "dense", "lasso"];

impl Sets {
    pub fn new(small: bool) -> Self {
        Self { small, made: Default::default() }
    }

    pub fn get(&self, name: &str) -> &Set {
        let at = NAMES.iter().position(|n| *n == name).unwrap_or(0);
        self.made[at].get_or_init(|| Set::load(NAMES[at], self.small))
    }
}

/// `randn + 1`, columns scaled by `10 randn`, entries kept with probability `10 log(m) / m`.
pub fn sparse_columns(rows: usize, cols: usize, stream: &mut Stream) -> Table {
    let mut dense = stream.normals(rows * cols);
    let scale: Vec<f64> = stream.normals(cols).iter().map(|s| 10.0 * s).collect();
    let share = 10.0 * (rows as f64).ln() / rows as f64;
    for row in dense.chunks_mut(cols) {
        for (value, scale) in row.iter_mut().zip(&scale) {
            let keep = stream.uniform() < share;
            *value = if keep { (*value + 1.0) * scale } else { 0.0 };
        }
    }
    Table::from_rows(rows, cols, &dense)
}

/// Normal numbers, each kept with probability 0.1.
fn sparse_vector(n: usize, stream: &mut Stream) -> Vec<f64> {
    let mut w = stream.normals(n);
    w.iter_mut().for_each(|w| *w *= f64::from(u8::from(stream.uniform() < 0.1)));
    w
}

fn shape(small: bool) -> (usize, usize) {
    if small { (60, 200) } else { (1000, 10_000) }
}

fn least_squares(small: bool, nonnegative: bool) -> Set {
    let (mut stream, (rows, cols)) = (Stream::new(1), shape(small));
    let a = sparse_columns(rows, cols, &mut stream);
    let w = sparse_vector(cols, &mut stream);
    let y = a.times_all(&w).iter().map(|z| z + stream.normal()).collect();
    let problem = if nonnegative {
        let slope = if small { SLOPE / 10.0 } else { SLOPE };
        let problem = Linear::new(a, y, Loss::Squared, 0.0, slope);
        let x = nonnegative::minimize(&problem);
        problem.with_optimum(x)
    } else {
        Linear::new(a, y, Loss::Squared, 0.0, 0.0)
    };
    // The authors read their data from a file: the run starts with a fresh stream.
    Set { problem: Problem::Linear(problem), stream: Stream::new(1), graph: None, lambda: 0.0 }
}

/// Labels `sign(A w)`, one in ten turned.
pub fn flipped_labels(a: &Table, w: &[f64], stream: &mut Stream) -> Vec<f64> {
    let z = a.times_all(w);
    z.iter().map(|z| z.signum() * (stream.uniform() - 0.1).signum()).collect()
}

fn logistic(small: bool) -> Set {
    let (mut stream, (rows, cols)) = (Stream::new(1), shape(small));
    let a = sparse_columns(rows, cols, &mut stream);
    let w = sparse_vector(cols, &mut stream);
    let y = flipped_labels(&a, &w, &mut stream);
    let problem = Problem::Linear(Linear::new(a, y, Loss::Logistic, 0.0, 0.0));
    Set { problem, stream, graph: None, lambda: 0.0 }
}

fn softmax(small: bool) -> Set {
    let (rows, cols, classes) = if small { (60, 40, 5) } else { (1000, 1000, 50) };
    let mut stream = Stream::new(1);
    let a = sparse_columns(rows, cols, &mut stream);
    let w = stream.normals(cols * classes);
    let mut label = Vec::with_capacity(rows);
    for r in 0..rows {
        let mut scores = vec![0.0; classes];
        for (j, v) in a.row(r) {
            scores.iter_mut().zip(&w[j * classes..]).for_each(|(s, w)| *s += v * w);
        }
        scores.iter_mut().for_each(|s| *s += stream.normal());
        label.push((0..classes).fold(0, |best, c| if scores[c] > scores[best] { c } else { best }));
    }
    Set { problem: Problem::Softmax(Softmax::new(a, label, classes)), stream, graph: None, lambda: 0.0 }
}

fn grid(side: usize, labelled: usize) -> Set {
    let (mut stream, n) = (Stream::new(1), side * side);
    let chosen = stream.choice(n, labelled);
    let mut y = vec![0.0; n];
    chosen.iter().for_each(|&i| y[i] = stream.normal() * 10.0);
    let mut edges = Vec::new();
    for node in 0..n {
        if node % side + 1 < side {
            edges.push((node, node + 1));
        }
        if node / side + 1 < side {
            edges.push((node, node + side));
        }
    }
    propagation(&edges, 1e5, &y, stream, Some((side, side)))
}

/// The quadratic over the unlabelled nodes (label 0): degrees on the diagonal, labels on the right.
fn propagation(
    edges: &[(usize, usize)],
    weight: f64,
    y: &[f64],
    stream: Stream,
    grid: Option<(usize, usize)>,
) -> Set {
    let unlabelled: Vec<usize> = (0..y.len()).filter(|&i| y[i] == 0.0).collect();
    let mut place = vec![usize::MAX; y.len()];
    unlabelled.iter().enumerate().for_each(|(p, &i)| place[i] = p);
    let (mut b, mut degree) = (vec![0.0; unlabelled.len()], vec![0.0; unlabelled.len()]);
    let mut entries = Vec::new();
    for &(i, j) in edges {
        for (i, j) in [(i, j), (j, i)].into_iter().filter(|(i, _)| place[*i] != usize::MAX) {
            degree[place[i]] += weight;
            if place[j] == usize::MAX {
                b[place[i]] += weight * y[j];
            } else {
                entries.push((place[i], place[j], -weight));
            }
        }
    }
    entries.extend(degree.iter().enumerate().map(|(i, d)| (i, i, *d)));
    let a = Table::from_entries(b.len(), b.len(), &entries);
    let upper = entries.iter().copied().filter(|(i, j, _)| i <= j);
    let matrix = SymmetricMatrix::from_edges(b.len(), upper, false, "a", &mut Control::new())
        .expect("edges of our own making");
    let graph = Some(Graph { grid, unlabelled, matrix });
    Set { problem: Problem::Quadratic(Quadratic::new(a, b)), stream, graph, lambda: 0.0 }
}

/// Two half circles with noise, joined to their 5 nearest neighbours.
fn two_moons(n: usize, labelled: usize) -> Set {
    let mut stream = Stream::new(1);
    let first = (0..n).filter(|_| stream.uniform() < 0.5).count();
    let angle: Vec<f64> = stream.uniforms(n).iter().map(|u| u * std::f64::consts::PI).collect();
    let mut points: Vec<[f64; 2]> = angle
        .iter()
        .enumerate()
        .map(|(i, t)| if i < first { [t.cos(), t.sin()] } else { [1.0 + t.cos(), 0.5 - t.sin()] })
        .collect();
    points.iter_mut().flatten().for_each(|x| *x += 0.2 * stream.normal());
    let mut edges = Vec::new();
    for i in 0..n {
        let far = |j: usize| (points[i][0] - points[j][0]).powi(2) + (points[i][1] - points[j][1]).powi(2);
        let mut order: Vec<usize> = (0..n).filter(|j| *j != i).collect();
        order.sort_by(|a, b| far(*a).total_cmp(&far(*b)));
        edges.extend(order[..5].iter().map(|&j| (i.min(j), i.max(j))));
    }
    edges.sort_unstable();
    edges.dedup();
    let mut y = vec![0.0; n];
    for i in stream.choice(n, labelled) {
        y[i] = if i < first { 1.0 } else { 2.0 };
    }
    propagation(&edges, 1.0, &y, Stream::new(1), None)
}

#[cfg(test)]
mod tests;
