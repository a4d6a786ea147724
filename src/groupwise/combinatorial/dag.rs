//! Acyclic graphs, and the cheapest path from a source to a sink.

use super::oracle::LinearOracle;
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Result};

/// An acyclic graph whose edges all lie on a path from its source to its sink, or are never used.
#[derive(Debug, Clone)]
pub struct Dag {
    /// Tail and head of each edge.
    edges: Vec<[u32; 2]>,
    /// The edges that leave each node for the sink: `leaving[start[v]..start[v + 1]]`.
    start: Vec<usize>,
    leaving: Vec<u32>,
    /// Nodes from which the sink can be reached, tails before heads.
    order: Vec<u32>,
    source: u32,
    sink: u32,
}

impl Dag {
    /// A graph of `nodes` nodes, fewer than `2^32`; edges may be parallel. Errors (`Data`): an edge that leads out of the
    /// graph, a cycle, or no path from the source to the sink (a source that is the sink has the empty path, and is
    /// refused); (`Argument`) too many nodes; no memory.
    pub fn new(nodes: usize, edges: &[[u32; 2]], source: u32, sink: u32) -> Result<Self> {
        let refuse = |subject: &str, place: String, expected: String, found: String| {
            Err(Error::new(ErrorKind::Data, subject).at(place).expected(expected).found(found))
        };
        if u32::try_from(nodes).is_err() {
            return Err(Error::new(ErrorKind::Argument, "nodes").expected("fewer than 2^32").found(nodes));
        }
        let node = format!("a node below {nodes}");
        for (e, ends) in edges.iter().enumerate() {
            if let Some(out) = ends.iter().find(|v| **v as usize >= nodes) {
                return refuse("edges", format!("edge {e}"), node, out.to_string());
            }
        }
        if edges.len() >= u32::MAX as usize {
            return refuse("edges", String::new(), "fewer than 2^32 edges".into(), edges.len().to_string());
        }
        for (name, v) in [("source", source), ("sink", sink)] {
            if v as usize >= nodes {
                return refuse(name, String::new(), node, v.to_string());
            }
        }
        if source == sink {
            return refuse("sink", String::new(), "another node than the source".into(), sink.to_string());
        }
        let (start, leaving) = by_tail(nodes, edges, |_| true)?;
        let mut own: Vec<[u32; 2]> = zeros("graph", edges.len())?;
        own.copy_from_slice(edges);
        let mut dag = Self { edges: own, start, leaving, order: Vec::new(), source, sink };
        dag.order = dag.sorted(nodes)?;
        if dag.order.first() != Some(&source) {
            return refuse("sink", String::new(), "a path to it from the source".into(), "none".into());
        }
        let mut leads: Vec<bool> = zeros("graph", nodes)?;
        dag.order.iter().for_each(|v| leads[*v as usize] = true);
        (dag.start, dag.leaving) =
            by_tail(nodes, edges, |[tail, head]| leads[tail as usize] && leads[head as usize])?;
        Ok(dag)
    }

    /// The nodes on paths from the source to the sink, tails before heads; none where there is no such path. Errors: a
    /// cycle.
    fn sorted(&self, nodes: usize) -> Result<Vec<u32>> {
        let mut entering: Vec<u32> = zeros("graph", nodes)?;
        self.edges.iter().for_each(|[_, head]| entering[*head as usize] += 1);
        let mut ready: Vec<u32> = zeros("graph", nodes)?;
        ready.clear();
        ready.extend((0..nodes as u32).filter(|v| entering[*v as usize] == 0));
        let mut at = 0;
        while let Some(&v) = ready.get(at) {
            at += 1;
            for e in self.leaving(v) {
                let head = self.edges[*e as usize][1];
                entering[head as usize] -= 1;
                if entering[head as usize] == 0 {
                    ready.push(head);
                }
            }
        }
        if ready.len() < nodes {
            let on = (0..nodes).find(|v| entering[*v] > 0).unwrap_or(0);
            return Err(Error::new(ErrorKind::Data, "edges")
                .expected("no cycle")
                .found(format!("one before node {on}")));
        }
        let (mut from_source, mut to_sink): (Vec<bool>, Vec<bool>) =
            (zeros("graph", nodes)?, zeros("graph", nodes)?);
        from_source[self.source as usize] = true;
        for v in &ready {
            if from_source[*v as usize] {
                self.leaving(*v).iter().for_each(|e| from_source[self.edges[*e as usize][1] as usize] = true);
            }
        }
        to_sink[self.sink as usize] = true;
        for v in ready.iter().rev() {
            let leads = self.leaving(*v).iter().any(|e| to_sink[self.edges[*e as usize][1] as usize]);
            to_sink[*v as usize] |= leads;
        }
        ready.retain(|v| from_source[*v as usize] && to_sink[*v as usize]);
        Ok(ready)
    }

    /// Edges.
    pub fn edges(&self) -> &[[u32; 2]] {
        &self.edges
    }

    /// Where paths begin.
    pub fn source(&self) -> u32 {
        self.source
    }

    /// Where paths end.
    pub fn sink(&self) -> u32 {
        self.sink
    }

    /// The nodes on paths from the source to the sink, tails before heads.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Nodes.
    pub fn nodes(&self) -> usize {
        self.start.len() - 1
    }

    /// The edges that leave a node on paths from the source to the sink.
    pub fn leaving(&self, v: u32) -> &[u32] {
        &self.leaving[self.start[v as usize]..self.start[v as usize + 1]]
    }

    /// The edges of a longest path: what a decision sums to at most. Errors: no memory.
    pub fn longest(&self) -> Result<usize> {
        let mut length: Vec<u32> = zeros("graph", self.nodes())?;
        // All that leaves a node of the order leads to the sink, which nothing leaves.
        for v in self.order.iter().rev() {
            let heads = self.leaving(*v).iter().map(|e| length[self.edges[*e as usize][1] as usize] + 1);
            length[*v as usize] = heads.max().unwrap_or(0);
        }
        Ok(length[self.source as usize] as usize)
    }

    /// `ln` of the number of paths. Errors: no memory.
    pub fn ln_paths(&self) -> Result<f64> {
        let costs: Vec<f64> = zeros("costs", self.edges.len())?;
        Ok(super::weight_pushing::ln_partition(self, &costs, 1.0)?[self.source as usize])
    }
}

/// Some of the edges by their tails: where those of each node begin, and their numbers in order.
fn by_tail(
    nodes: usize,
    edges: &[[u32; 2]],
    kept: impl Fn([u32; 2]) -> bool,
) -> Result<(Vec<usize>, Vec<u32>)> {
    let mut start: Vec<usize> = zeros("graph", nodes + 1)?;
    let kept = || edges.iter().enumerate().filter(|(_, ends)| kept(**ends));
    kept().for_each(|(_, [tail, _])| start[*tail as usize + 1] += 1);
    (0..nodes).for_each(|v| start[v + 1] += start[v]);
    let mut next: Vec<usize> = zeros("graph", nodes + 1)?;
    next.copy_from_slice(&start);
    let mut leaving: Vec<u32> = zeros("graph", start[nodes])?;
    for (e, [tail, _]) in kept() {
        leaving[next[*tail as usize]] = e as u32;
        next[*tail as usize] += 1;
    }
    Ok((start, leaving))
}

impl LinearOracle for Dag {
    fn dimension(&self) -> usize {
        self.edges.len()
    }

    /// The cheapest path, by one pass in topological order; costs may be negative. The first edge wins a tie.
    fn minimize(&self, costs: &[f64], decision: &mut [f64]) -> Result<()> {
        let mut cheapest: Vec<(f64, u32)> = zeros("graph", self.nodes())?;
        cheapest.fill((f64::INFINITY, 0));
        cheapest[self.sink as usize].0 = 0.0;
        for v in self.order.iter().rev() {
            for e in self.leaving(*v) {
                let through = costs[*e as usize] + cheapest[self.edges[*e as usize][1] as usize].0;
                if through < cheapest[*v as usize].0 {
                    cheapest[*v as usize] = (through, *e);
                }
            }
        }
        decision.fill(0.0);
        let mut v = self.source;
        while v != self.sink {
            let (cost, e) = cheapest[v as usize];
            if !(cost < f64::INFINITY) {
                return Err(Error::new(ErrorKind::Data, "costs").expected("finite numbers").found(cost));
            }
            decision[e as usize] = 1.0;
            v = self.edges[e as usize][1];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e34_cycles_and_unreachable_sinks_are_refused_parallel_edges_and_negative_costs_are_not() {
        let cycle = Dag::new(3, &[[0, 1], [1, 2], [2, 1]], 0, 2).unwrap_err().to_string();
        assert_eq!(cycle, "edges: expected no cycle, found one before node 1");
        assert!(Dag::new(3, &[[0, 1]], 0, 2).unwrap_err().to_string().starts_with("sink"));
        assert!(Dag::new(2, &[[0, 2]], 0, 1).is_err() && Dag::new(2, &[[0, 1]], 0, 0).is_err());
        let dag = Dag::new(4, &[[0, 1], [0, 1], [1, 3], [0, 3], [2, 3]], 0, 3).unwrap();
        let mut path = [9.0; 5];
        dag.minimize(&[1.0, -2.0, 0.5, -1.0, -9.0], &mut path).unwrap();
        assert_eq!(path, [0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(dag.longest().unwrap(), 2);
        assert!((dag.ln_paths().unwrap() - 3.0_f64.ln()).abs() < 1e-15);
        // Numbers of nodes have 32 bits.
        for nodes in [1 << 32, usize::MAX] {
            assert_eq!(Dag::new(nodes, &[[0, 1]], 0, 1).unwrap_err().subject(), "nodes");
        }
        assert!(dag.minimize(&[f64::NAN; 5], &mut path).is_err());
    }
}
