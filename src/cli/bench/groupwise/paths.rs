//! Shortest paths for groups: the paper's application that no released code runs. A layered graph whose edges cost
//! more or less on the rounds of each group; paths are chosen by the perturbed leader and by weight pushing, with a
//! learner for each group or with one for all rounds, beside the best path of each group in hindsight.

use super::super::{Extent, Failure, Line as Progress};
use crate::cli::axis::Axis;
use crate::cli::chart::{Chart, Line, Names};
use crate::cli::output;
use southwell::groupwise::ALWAYS_ON;
use southwell::groupwise::combinatorial::{Dag, Decisions, LinearOracle};
use southwell::runtime::Result;
use southwell::runtime::rng::{Purpose, Stream};
use std::io::Write;
use std::path::Path;

/// The name that the command takes, and what it is about.
pub const NAME: &str = "groupwise-paths";
pub const TITLE: &str = "Shortest paths with low regret on every group";

/// Layers between source and sink, and nodes of each.
const LAYERS: (u32, u32) = (4, 4);
const ROUNDS: usize = 20_000;
const QUICK: usize = 500;
/// Points of a curve.
const POINTS: usize = 100;
/// Groups, and the share of the rounds that each has, independently.
const GROUPS: [(&str, f64); 3] = [("rush hour", 0.3), ("rain", 0.2), ("lorry", 0.4)];
const SEED: u64 = 5;

/// Who chooses paths: a name, whether by the perturbed leader, and whether groups have learners.
const PLAYERS: [(&str, bool, bool); 4] = [
    ("leader, one for all", true, false),
    ("leader, groups", true, true),
    ("weight pushing, one for all", false, false),
    ("weight pushing, groups", false, true),
];

/// Rounds of costs.
struct Traffic {
    dag: Dag,
    awake: Vec<Vec<u64>>,
    costs: Vec<Vec<f64>>,
}

impl Traffic {
    /// Each edge has a cost, and one of its own for each group, which counts instead where the group is awake (the
    /// mean, where several are); noise comes on top.
    fn new(rounds: usize) -> Result<Self> {
        let (layers, width) = LAYERS;
        let node = |layer: u32, k: u32| 1 + (layer - 1) * width + k;
        let sink = 1 + layers * width;
        let mut edges: Vec<[u32; 2]> = (0..width).map(|k| [0, node(1, k)]).collect();
        for layer in 1..layers {
            edges.extend((0..width * width).map(|e| [node(layer, e / width), node(layer + 1, e % width)]));
        }
        edges.extend((0..width).map(|k| [node(layers, k), sink]));
        let dag = Dag::new(sink as usize + 1, &edges, 0, sink)?;
        let mut draw = Stream::new(SEED, Purpose::Start, 0);
        let kinds: Vec<Vec<f64>> =
            (0..=GROUPS.len()).map(|_| edges.iter().map(|_| 0.1 + 0.8 * draw.uniform()).collect()).collect();
        let (mut awake, mut costs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let groups: Vec<u64> =
                (0..GROUPS.len()).filter(|g| draw.uniform() < GROUPS[*g].1).map(|g| g as u64).collect();
            let cost = |e: usize| match groups.len() {
                0 => kinds[GROUPS.len()][e],
                count => groups.iter().map(|g| kinds[*g as usize][e]).sum::<f64>() / count as f64,
            };
            costs.push(
                (0..edges.len()).map(|e| (cost(e) + 0.2 * (draw.uniform() - 0.5)).clamp(0.0, 1.0)).collect(),
            );
            awake.push(groups);
        }
        Ok(Self { dag, awake, costs })
    }

    /// The groups of a round, the one that is always on last.
    fn members(&self, t: usize) -> impl Iterator<Item = usize> {
        self.awake[t].iter().map(|g| *g as usize).chain([GROUPS.len()])
    }
}

/// What a player lost on each group, and its regret along the way.
struct Played {
    name: &'static str,
    /// Expected cost, regret, and bound where there is one.
    groups: Vec<[f64; 3]>,
    curves: Vec<Vec<(f64, f64)>>,
}

/// Runs the experiment and writes its files; its section, and whether all that is asked holds.
pub fn experiment(
    folder: &Path,
    extent: Extent<'_>,
    line: &mut Progress,
) -> std::result::Result<(String, bool), Failure> {
    let traffic = Traffic::new(if extent.quick { QUICK } else { ROUNDS })?;
    let mut played = Vec::new();
    for (name, leader, groups) in PLAYERS {
        line.say(format!("{NAME}: {name}"));
        played.push(play(&traffic, name, leader, groups)?);
    }
    let sizes: Vec<usize> = (0..=GROUPS.len())
        .map(|g| (0..traffic.costs.len()).filter(|t| traffic.members(*t).any(|m| m == g)).count())
        .collect();
    output::write_file(&folder.join(format!("{NAME}.csv")), |file| {
        writeln!(file, "player,group,rounds,cost,regret,bound")?;
        for p in &played {
            for (g, [cost, regret, bound]) in p.groups.iter().enumerate() {
                let name = p.name.replace(',', ";");
                writeln!(file, "{name},{},{},{cost:?},{regret:?},{bound:?}", group_name(g), sizes[g])?;
            }
        }
        Ok(())
    })?;
    chart(&played).write(&folder.join(format!("{NAME}.svg")))?;
    // The bound of weight pushing holds in every run, that of the leader in the mean over its draws.
    let within = |p: &Played| p.groups.iter().all(|[_, regret, bound]| bound.is_nan() || regret <= bound);
    let worst = |p: &Played| p.groups.iter().map(|g| g[1]).fold(f64::NEG_INFINITY, f64::max);
    let gains = worst(&played[1]) < worst(&played[0]) && worst(&played[3]) < worst(&played[2]);
    let good = extent.quick || (gains && played.iter().all(within));
    let section = section(&played, &traffic, &sizes);
    super::super::write(&folder.join(format!("{NAME}.md")), &section)?;
    Ok((section, good))
}

fn group_name(g: usize) -> &'static str {
    GROUPS.get(g).map_or("always on", |group| group.0)
}

/// Plays all rounds; costs count in expectation over the drawn path.
fn play(traffic: &Traffic, name: &'static str, leader: bool, groups: bool) -> Result<Played> {
    let (dag, most) = (traffic.dag.clone(), GROUPS.len());
    let mut decisions = if leader {
        Decisions::perturbed_paths(dag, most, SEED)?
    } else {
        Decisions::paths(dag, most, SEED)?
    };
    let rounds = traffic.costs.len();
    let edges = traffic.dag.edges().len();
    let mut totals = vec![vec![0.0; edges]; most + 1];
    let mut lost = vec![0.0; most + 1];
    let mut curves = vec![Vec::new(); most + 1];
    let (mut before, mut path) = (0.0, vec![0.0; edges]);
    for t in 0..rounds {
        let awake: &[u64] = if groups { &traffic.awake[t] } else { &[] };
        decisions.decide(awake)?;
        decisions.update(&traffic.costs[t])?;
        // What this round added to the expected cost of all rounds.
        let after = decisions.certificate(ALWAYS_ON)?.expected_loss;
        for g in traffic.members(t) {
            lost[g] += after - before;
            totals[g].iter_mut().zip(&traffic.costs[t]).for_each(|(total, cost)| *total += cost);
        }
        before = after;
        if (t + 1) * POINTS / rounds > t * POINTS / rounds {
            for g in 0..=most {
                let best = best(&traffic.dag, &totals[g], &mut path)?;
                curves[g].push(((t + 1) as f64, lost[g] - best));
            }
        }
    }
    let mut found = Vec::new();
    for g in 0..=most {
        let id = if g == most { ALWAYS_ON } else { g as u64 };
        let bound = if groups || g == most { decisions.certificate(id)?.bound } else { f64::NAN };
        found.push([lost[g], lost[g] - best(&traffic.dag, &totals[g], &mut path)?, bound]);
    }
    Ok(Played { name, groups: found, curves })
}

/// The cost of the cheapest path.
fn best(dag: &Dag, costs: &[f64], path: &mut [f64]) -> Result<f64> {
    dag.minimize(costs, path)?;
    Ok(path.iter().zip(costs).map(|(a, c)| a * c).sum())
}

fn chart(played: &[Played]) -> Chart {
    let mut lines = Vec::new();
    for (p, named) in [(&played[2], false), (&played[3], true)] {
        lines.extend(p.curves.iter().enumerate().map(|(g, points)| Line {
            name: if named { group_name(g).to_owned() } else { String::new() },
            points: points.clone(),
        }));
    }
    Chart {
        title: "Paths by weight pushing for groups, grey: one learner for all rounds".to_owned(),
        x: Axis::linear("round"),
        y: Axis::linear("regret to the best path of the group so far"),
        lines,
        level: Some(("no regret".to_owned(), 0.0)),
        names: Names::AtEnds,
    }
}

fn section(played: &[Played], traffic: &Traffic, sizes: &[usize]) -> String {
    let mut text = format!(
        "## {TITLE}\n\n{} rounds on a graph of {} layers of {} nodes ({} edges, e^{:.1} paths). Edges have other costs on the rounds of each \
         group, where several are awake the mean of theirs, and noise. Regret: the expected cost minus that of the best path of \
         the group in hindsight; in brackets the theorem's bound (for the leader on the mean over its draws). Asked: with a \
         learner for each group the worst group is better off, and every regret is within its bound.\n\n| player |",
        traffic.costs.len(),
        LAYERS.0,
        LAYERS.1,
        traffic.dag.edges().len(),
        traffic.dag.ln_paths().unwrap_or(f64::NAN)
    );
    (0..sizes.len()).for_each(|g| text.push_str(&format!(" {} ({} rounds) |", group_name(g), sizes[g])));
    text.push_str(&format!("\n|---|{}\n", "---|".repeat(sizes.len())));
    for p in played {
        text.push_str(&format!("| {} |", p.name));
        for [_, regret, bound] in &p.groups {
            let bound = if bound.is_nan() { String::new() } else { format!(" ({bound:.0})") };
            text.push_str(&format!(" {regret:.0}{bound} |"));
        }
        text.push('\n');
    }
    text.push('\n');
    text
}
