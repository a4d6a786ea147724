//! Quadratics on graphs and label propagation: the object behind `swl_graph`.

use super::super::control::{Call, swl_control};
use super::super::growable::{self, Growable};
use super::super::guard::{argument, check_pointer, copy_out, guard, guard_value};
use super::super::handles::{self, Object};
use super::super::options::{or_defaults, swl_options};
use super::super::status::{rigor_number, swl_outcome, swl_status};
use super::super::views::{dense_rows, node_numbers, shape, size, swl_dense, swl_matrix, swl_vec, vector};
use super::setup::check_room;
use crate::bcd::graph::{Labels, Problem, Settings, Solution, solve};
use crate::numerics::SymmetricMatrix;
use crate::runtime::{Control, Error, ErrorKind, Family, Level, Phase, Result, Stop};

/// A quadratic on a graph, or label propagation: the data, fixed blocks, and the last solution.
pub struct swl_graph {
    _opaque: [u8; 0],
}

/// How a solve on a graph went.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_graph_info {
    /// sizeof(swl_graph_info), set by the caller
    pub struct_size: u32,
    /// how the solve ended
    pub outcome: swl_outcome,
    /// blocks solved; steps of conjugate gradients over all columns where the option rule is auto
    pub iterations: u64,
    /// floating-point operations, counted
    pub work: u64,
    /// the objective 1/2 x'Ax - b'x over the unknown nodes, summed over the columns
    pub objective: f64,
    /// the largest |b - Ax| / |b| of all columns, recomputed from the data after the loop
    pub residual: f64,
    /// the objective is within this of its minimum; NaN where no bound is known
    pub gap: f64,
    /// no value is further than this from the solution's; NaN where no bound is known
    pub error: f64,
    /// rigor of gap and error: SWL_RIGOR_NONE or _PROVEN
    pub rigor: i32,
    /// threads of the kernels
    pub threads: i32,
    /// nodes, labelled ones included
    pub nodes: i64,
    /// unknown nodes
    pub unknowns: i64,
    /// columns of labels or right-hand sides
    pub columns: i64,
    /// nodes that no label reaches, with value 0 (option unreached)
    pub unreached: i64,
    /// what the progress callback returned when it stopped the solve; else 0
    pub callback_code: i32,
    /// 0
    pub pad_: i32,
    /// seconds for blocks or the preconditioner
    pub seconds_setup: f64,
    /// seconds for the loop and the certificate
    pub seconds_solve: f64,
}

// SAFETY: repr(C), no padding, may be all zeros.
unsafe impl Growable for swl_graph_info {
    const NAME: &'static str = "swl_graph_info";
    const FIRST: usize = 120;
}

/// What stands behind a `swl_graph`.
struct Graph {
    problem: Problem,
    /// Where the next solve starts: values of all nodes.
    start: Option<Vec<f64>>,
    solved: Option<Solution>,
}

impl Object for Graph {
    type C = swl_graph;
    const MAGIC: u32 = u32::from_le_bytes(*b"SWLg");
    const NAME: &'static str = "swl_graph";
}

/// Makes the problem min 1/2 x'(A + ridge I)x - b'x for each column of b. a is sparse, symmetric and positive definite,
/// with both triangles stored; the layout does not matter. b has a row for each row of a. Of the options (of solver
/// "graph"; NULL: defaults) duplicates, ridge, max_seconds and max_work are read. The data are copied. control may be
/// NULL. The caller frees the handle.
///
/// Errors: SWL_E_ARGUMENT (null, sizes), SWL_E_DATA (NaN, indices, repeats, not symmetric, a diagonal that is not
/// positive; with the position), SWL_E_MEMORY, SWL_E_STOPPED, SWL_E_UNSUPPORTED (not sparse, unknown tags, more than
/// 2^32 nodes), SWL_E_OPTION, SWL_E_BUSY. On failure *out is not written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_graph_new_quadratic(
    a: *const swl_matrix,
    b: *const swl_dense,
    options: *const swl_options,
    control: *const swl_control,
    out: *mut *mut swl_graph,
) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    guard(|| unsafe {
        make("swl_graph_new_quadratic", options, control, out, |settings, control| {
            let matrix = matrix(a, settings, control)?;
            let (columns, b) = dense_rows(b, "b", matrix.size())?;
            Problem::quadratic(matrix, by_columns(&b, columns), columns, settings.ridge, control)
                .map_err(|e| e.renamed("columns", "b.cols"))
        })
    })
}

/// Makes a problem of label propagation: min sum over edges 1/2 w_ij (x_i - x_j)^2 + ridge/2 |x|^2 over the nodes
/// without a label, for each column of labels. weights is sparse and symmetric with both triangles stored, no entry
/// negative; its diagonal has no effect. labelled has count nodes, each once; labels has a row for each of them. Of the
/// options unreached is read too. Else as swl_graph_new_quadratic; SWL_E_DATA also for a component without a label
/// where ridge is 0 and the option unreached is error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_graph_new(
    weights: *const swl_matrix,
    labelled: *const i64,
    count: i64,
    labels: *const swl_dense,
    options: *const swl_options,
    control: *const swl_control,
    out: *mut *mut swl_graph,
) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    guard(|| unsafe {
        make("swl_graph_new", options, control, out, |settings, control| {
            let name = "weights";
            let matrix = matrix(weights, settings, control).map_err(|e| e.renamed("a", name))?;
            propagation(&matrix, name, (labelled, count), labels, settings, control)
        })
    })
}

/// As swl_graph_new, from a list of edges: each of the edges pairs (from[e], to[e]) of nodes in 0..nodes is
/// given once, in either order. weight has a number for each edge; NULL: all 1. Loops have no effect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_graph_new_edges(
    nodes: i64,
    edges: i64,
    from: *const i64,
    to: *const i64,
    weight: *const swl_vec,
    labelled: *const i64,
    count: i64,
    labels: *const swl_dense,
    options: *const swl_options,
    control: *const swl_control,
    out: *mut *mut swl_graph,
) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    guard(|| unsafe {
        make("swl_graph_new_edges", options, control, out, |settings, control| {
            let (n, m) = (size(nodes, "nodes")?, size(edges, "edges")?);
            check_room(n, m).map_err(|e| e.renamed("a", "nodes and edges"))?;
            let (from, to) = (node_numbers(from, m, "from")?, node_numbers(to, m, "to")?);
            let weight = if weight.is_null() { vec![1.0; m] } else { vector(weight, "weight", m, "edge")? };
            check_edges(n, [("from", &from), ("to", &to)], &weight, control)?;
            let list = from.iter().zip(&to).zip(&weight).map(|((i, j), w)| (*i, *j, *w));
            let matrix = SymmetricMatrix::from_edges(n, list, settings.sum_duplicates, "edges", control)
                .map_err(|e| match e.kind() {
                    ErrorKind::Unsupported => e.renamed("edges", "nodes"),
                    ErrorKind::Data => e.renamed("edges", "from and to"),
                    _ => e,
                })?;
            propagation(&matrix, "weight", (labelled, count), labels, settings, control)
        })
    })
}

/// Ends the problem; NULL is fine. One in use is not freed, and leaves a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_graph_free(g: *mut swl_graph) {
    // SAFETY: `g` is null or an object of ours that is not used afterwards.
    guard_value((), || unsafe { handles::free::<Graph>(g, "g") });
}

/// Blocks for the option rule=partition: block_of has the number of each node's block, below nodes (len, labelled nodes
/// included). Blocks are solved in the order of their numbers; those with a cycle must be small. Copied.
/// Errors: SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_graph_set_partition(
    g: *mut swl_graph,
    block_of: *const i64,
    len: i64,
) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    guard(|| unsafe {
        let mut graph = handles::write::<Graph>(g, "g")?;
        let nodes = graph.problem.nodes();
        if size(len, "len")? != nodes {
            return Err(argument("len", format!("{nodes}, one per node"), len));
        }
        let blocks = node_numbers(block_of, nodes, "block_of")?;
        graph.problem.set_partition(&blocks)
    })
}

/// Where the next solve starts: nodes * columns values, column by column (those of labelled nodes are not read).
/// Without this it starts at the last iterate. NULL: at 0. Copied.
/// Errors: SWL_E_ARGUMENT, SWL_E_DATA, SWL_E_UNSUPPORTED, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_graph_warm_start(g: *mut swl_graph, values: *const swl_vec) -> swl_status {
    // SAFETY: what the caller promises of each argument, passed on.
    guard(|| unsafe {
        let mut graph = handles::write::<Graph>(g, "g")?;
        if values.is_null() {
            graph.start = None;
            return Ok(());
        }
        let count = graph.numbers();
        let start = vector(values, "values", count, "node and column")?;
        graph.problem.unknowns_of(&start)?;
        graph.start = Some(start);
        Ok(())
    })
}

/// Solves the problem from the last iterate, or from where swl_graph_warm_start says. options (of solver "graph") NULL:
/// the defaults; duplicates, ridge and unreached are not read here. control NULL: runs quietly to the end.
///
/// Not converging is an outcome, not an error: look at inout->outcome; the iterate is valid in any case. The caller
/// sets inout->struct_size; the rest is written if the status is SWL_OK. inout NULL: not wanted.
///
/// A matrix with a direction of negative curvature has no minimum: outcome SWL_UNBOUNDED. A column of the start at
/// which the relative residual overflows is passed over for 0.
///
/// Errors: SWL_E_DATA (the matrix is singular; with the node whose pivot shows it), SWL_E_STATE
/// (rule=partition without blocks), SWL_E_UNSUPPORTED (a large block with a cycle), SWL_E_OPTION, SWL_E_ARGUMENT,
/// SWL_E_BUSY. The last solution is still there then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_graph_solve(
    g: *mut swl_graph,
    options: *const swl_options,
    control: *const swl_control,
    inout: *mut swl_graph_info,
) -> swl_status {
    guard(|| {
        // SAFETY: what the caller promises of each argument, passed on.
        let (mut graph, options, call, slot) = unsafe {
            (
                handles::write::<Graph>(g, "g")?,
                or_defaults(options, Family::Graph)?,
                Call::read(control)?,
                growable::optional_slot(inout, "inout")?,
            )
        };
        let settings = Settings::from_options(&options)?;
        let mut control = call.control();
        let solution = solve(&graph.problem, &options, graph.start.as_deref(), &mut control)?;
        log_end(&solution, &mut control);
        if let Some(slot) = slot {
            slot.write(&info(&graph.problem, &settings, &solution, call.code()));
        }
        graph.start = Some(solution.values.clone());
        graph.solved = Some(solution);
        Ok(())
    })
}

/// The values of the last solution: nodes * columns numbers, column by column, labels included. len is the exact
/// length; out is written only on success. Any number of threads at once, unless one of them changes the handle.
/// Errors: SWL_E_STATE (no solve yet), SWL_E_ARGUMENT (another length), SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_graph_values(g: *const swl_graph, out: *mut f64, len: i64) -> swl_status {
    guard(|| {
        // SAFETY: `g` is an object of ours, and `out` has `len` numbers.
        unsafe {
            let graph = handles::read::<Graph>(g, "g")?;
            let solution = graph.solved.as_ref().ok_or_else(|| {
                Error::new(ErrorKind::State, "g").expected("a solve since the handle was made").found("none")
            })?;
            copy_out(&solution.values, out, len, "one per node and column")
        }
    })
}

impl Graph {
    /// Values of all nodes and columns.
    fn numbers(&self) -> usize {
        self.problem.nodes() * self.problem.columns()
    }
}

/// Reads options and control, builds a problem and hands it out.
///
/// # Safety
/// The pointers are null or what their types say.
unsafe fn make(
    name: &str,
    options: *const swl_options,
    control: *const swl_control,
    out: *mut *mut swl_graph,
    build: impl FnOnce(&Settings, &mut Control<'_>) -> Result<Problem>,
) -> Result<()> {
    check_pointer(out, "out")?;
    // SAFETY: passed on.
    let (options, call) = unsafe { (or_defaults(options, Family::Graph)?, Call::read(control)?) };
    let settings = Settings::from_options(&options)?;
    let mut control = call.control();
    control.begin(settings.max_seconds, settings.max_work);
    let stopped = |stop: Stop| call.stopped(name, stop);
    control.report(Phase::Setup, 0, f64::NAN, f64::NAN).map_err(stopped)?;
    let built = build(&settings, &mut control);
    // A stop is told in the words of the call: a control that said so once says so for good.
    control.poll().map_err(stopped)?;
    let problem = built?;
    if control.logs(Level::Info) {
        let (nodes, unknowns) = (problem.nodes(), problem.unknowns());
        control.log(Level::Info, &format!("graph: {nodes} nodes, {unknowns} unknown"));
    }
    // SAFETY: passed on.
    unsafe { handles::publish(Graph { problem, start: None, solved: None }, out) }
}

/// # Safety
/// `a` is null or a view whose arrays are as long as it says.
unsafe fn matrix(
    a: *const swl_matrix,
    settings: &Settings,
    control: &mut Control<'_>,
) -> Result<SymmetricMatrix> {
    // SAFETY: passed on.
    unsafe {
        let shape = shape(a)?;
        check_room(shape.rows, shape.cols)?;
        shape.symmetric(settings.sum_duplicates, control)
    }
}

/// Nodes in `0..n` and finite weights, with the names of the C call.
fn check_edges(
    n: usize,
    ends: [(&str, &[usize]); 2],
    weight: &[f64],
    control: &mut Control<'_>,
) -> Result<()> {
    for (e, w) in weight.iter().enumerate() {
        for (name, nodes) in ends {
            if nodes[e] >= n {
                return Err(Error::new(ErrorKind::Data, name)
                    .at(format!("edge {e}"))
                    .expected(format!("a node in 0..{n}"))
                    .found(nodes[e]));
            }
        }
        if !w.is_finite() {
            return Err(Error::new(ErrorKind::Data, "weight")
                .at(format!("edge {e}"))
                .expected("a finite number")
                .found(*w));
        }
        control.spend(4)?;
    }
    Ok(())
}

/// `name` is what the call names the weights.
///
/// # Safety
/// The arrays are as long as stated.
unsafe fn propagation(
    weights: &SymmetricMatrix,
    name: &str,
    (labelled, count): (*const i64, i64),
    labels: *const swl_dense,
    settings: &Settings,
    control: &mut Control<'_>,
) -> Result<Problem> {
    let count = size(count, "count")?;
    // SAFETY: passed on.
    let (nodes, (columns, values)) =
        unsafe { (node_numbers(labelled, count, "labelled")?, dense_rows(labels, "labels", count)?) };
    let values = by_columns(&values, columns);
    let labels = Labels { nodes: &nodes, values: &values, columns };
    Problem::labels(weights, labels, settings.ridge, settings.unreached, control)
        .map_err(|e| e.renamed("a", name).renamed("values", "labels").renamed("columns", "labels.cols"))
}

/// Rows after one another as columns after one another.
fn by_columns(rows: &[f64], columns: usize) -> Vec<f64> {
    // Without rows a caller may state any number of columns.
    let columns = if rows.is_empty() { 0 } else { columns };
    (0..columns).flat_map(|c| rows.iter().skip(c).step_by(columns).copied()).collect()
}

fn info(problem: &Problem, settings: &Settings, solution: &Solution, code: i32) -> swl_graph_info {
    let certificate = &solution.certificate;
    swl_graph_info {
        struct_size: size_of::<swl_graph_info>() as u32,
        outcome: solution.outcome as i32,
        iterations: solution.iterations,
        work: solution.work,
        objective: certificate.objective,
        residual: certificate.residual,
        gap: certificate.gap,
        error: certificate.error,
        rigor: rigor_number(certificate.rigor),
        threads: settings.threads as i32,
        nodes: problem.nodes() as i64,
        unknowns: problem.unknowns() as i64,
        columns: problem.columns() as i64,
        unreached: problem.unreached() as i64,
        callback_code: code,
        pad_: 0,
        seconds_setup: solution.seconds_setup,
        seconds_solve: solution.seconds_solve,
    }
}

fn log_end(s: &Solution, control: &mut Control<'_>) {
    if control.logs(Level::Info) {
        let c = &s.certificate;
        let line = format!(
            "graph: {} after {} iterations, objective {:.12e}, residual {:.3e}",
            s.outcome.name(),
            s.iterations,
            c.objective,
            c.residual
        );
        control.log(Level::Info, &line);
    }
}
