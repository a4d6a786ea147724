//! The experiments: which methods run on which data.

use super::method::{Blocks, Method, Rule, Update};

/// A figure of the paper, or an experiment of its companion.
pub struct Figure {
    pub name: &'static str,
    pub title: &'static str,
    pub iterations: usize,
    pub panels: Vec<Panel>,
}

/// The curves over one data set with one size of blocks.
pub struct Panel {
    pub set: &'static str,
    /// 0 where blocks have a size of their own.
    pub tau: usize,
    pub curves: Vec<Curve>,
}

/// A method with the name that tables and plots give it.
#[derive(Debug, Clone)]
pub struct Curve {
    pub label: String,
    pub method: Method,
    /// Whether the authors ran it; the others are ours.
    pub released: bool,
}

impl Curve {
    /// Whether plots show it: not the runs that differ in rounding alone.
    pub fn is_drawn(&self) -> bool {
        !matches!(self.method.rule, Rule::GreedyTree { shuffle: 1.. })
    }
}

/// The names, in order, with what each shows.
pub const LIST: [(&str, &str); 14] = [
    ("bcd-figure4", "Selection rules with the 1/L_b step, blocks of 5"),
    ("bcd-figure5", "Selection rules with the matrix step, blocks of 5"),
    ("bcd-figure6", "Exact updates of forests by message passing"),
    ("bcd-figure7", "Greedy proximal updates: identification and superlinear convergence"),
    ("bcd-figure8", "Selection rules with the 1/L_b step"),
    ("bcd-figure9", "Known constants against estimated ones"),
    ("bcd-figure10", "Partitions into fixed blocks"),
    ("bcd-figure11", "Selection rules with the matrix step"),
    ("bcd-figure12", "Selection rules with Newton steps and a line search"),
    ("bcd-figure13", "Proximal updates with random selection"),
    ("bcd-companion-1", "Single coordinates: ridge regression, sparse"),
    ("bcd-companion-2", "Single coordinates: logistic regression, constant step or exact minimization"),
    ("bcd-companion-3", "Single coordinates: dense least squares, nearest-neighbour selection"),
    ("bcd-companion-4", "Single coordinates: lasso, proximal rules"),
];

const VARIABLE_OR_SORTED: [Blocks; 2] = [Blocks::Variable, Blocks::Sort];
/// Random orders of what rounding orders in figure 6.
const SHUFFLES: u32 = 8;
const ALL: [&str; 5] = ["A", "B", "C", "D", "E"];

/// The figure with this name.
pub fn figure(name: &str) -> Option<Figure> {
    let &(name, title) = LIST.iter().find(|(n, _)| *n == name)?;
    let panels = match name {
        "bcd-figure4" => panels(&["A", "C", "E"], &[5], |_| gradient_steps()),
        "bcd-figure5" => panels(&["A", "C", "E"], &[5], |_| second_order(Update::Bound, true)),
        "bcd-figure6" => panels(&["D", "E"], &[0], |set| forests(set == "E")),
        "bcd-figure7" => panels(&["A-l1nn"], &[5, 50, 100], |_| proximal(Rule::NonnegativeQ)),
        "bcd-figure8" => panels(&ALL, &[5, 50, 100], |_| gradient_steps()),
        "bcd-figure9" => panels(&ALL, &[5, 20, 50], |_| estimates()),
        "bcd-figure10" => panels(&ALL, &[5, 20, 50], |_| partitions()),
        "bcd-figure11" => panels(&ALL, &[5, 50, 100], |_| second_order(Update::Bound, false)),
        "bcd-figure12" => panels(&["B", "C"], &[5, 50, 100], |_| second_order(Update::Newton, false)),
        "bcd-figure13" => panels(&["A-l1nn"], &[5, 50, 100], |_| proximal(Rule::Random)),
        "bcd-companion-1" => panels(&["ridge"], &[1], |_| single(&[Update::Gradient], &[])),
        "bcd-companion-2" => {
            panels(&["logistic"], &[1], |_| single(&[Update::Gradient, Update::Minimize], &[]))
        }
        "bcd-companion-3" => panels(&["dense"], &[1], |_| {
            single(&[Update::Gradient], &[Rule::NearColumn, Rule::NearUnitColumn])
        }),
        _ => panels(&["lasso"], &[1], |_| lasso()),
    };
    let iterations = if matches!(name, "bcd-companion-3" | "bcd-companion-4") { 100 } else { 500 };
    Some(Figure { name, title, iterations, panels })
}

/// Every set with every size.
fn panels(sets: &[&'static str], sizes: &[usize], curves: impl Fn(&str) -> Vec<Curve>) -> Vec<Panel> {
    let mut panels = Vec::new();
    for set in sets {
        for &tau in sizes {
            let mut curves = curves(set);
            curves.iter_mut().for_each(|c| c.method.tau = tau);
            panels.push(Panel { set, tau, curves });
        }
    }
    panels
}

fn curve(label: String, blocks: Blocks, rule: Rule, update: Update, released: bool) -> Curve {
    Curve { label, method: Method { blocks, rule, update, tau: 0 }, released }
}

fn named(blocks: Blocks, rule: Rule, update: Update, released: bool) -> Curve {
    curve(format!("{}-{}", rule.name(), blocks.name()), blocks, rule, update, released)
}

/// Figures 4 and 8.
fn gradient_steps() -> Vec<Curve> {
    let mut curves = Vec::new();
    for blocks in VARIABLE_OR_SORTED {
        for rule in [Rule::Random, Rule::Cyclic, Rule::Lipschitz, Rule::Gs, Rule::Gsl] {
            curves.push(named(blocks, rule, Update::Gradient, true));
        }
    }
    curves.push(named(Blocks::Variable, Rule::Gsd, Update::Gradient, false));
    curves.push(named(Blocks::Sort, Rule::Gs2, Update::Gradient, false));
    curves.push(named(Blocks::Sort, Rule::Gsd2, Update::Gradient, false));
    curves.push(named(Blocks::Sort, Rule::Gsl2, Update::Gradient, false));
    curves
}

/// Figures 5, 11 and 12; figure 5 has GSL with variable blocks too.
fn second_order(update: Update, row_sums: bool) -> Vec<Curve> {
    let mut curves = Vec::new();
    for blocks in VARIABLE_OR_SORTED {
        for rule in [Rule::Gs, Rule::Gsl, Rule::Gsd, Rule::Gsq] {
            let released = row_sums || rule != Rule::Gsl || blocks == Blocks::Sort;
            curves.push(named(blocks, rule, update, released));
        }
    }
    curves.push(named(Blocks::Variable, Rule::Schur, update, false));
    curves
}

/// Figure 6.
fn forests(general: bool) -> Vec<Curve> {
    let mut rules = vec![
        Rule::General,
        Rule::RedBlack { by_lipschitz: true },
        Rule::RandomTree,
        Rule::TreePartition { by_lipschitz: true },
        Rule::GreedyTree { shuffle: 0 },
    ];
    if general {
        rules.push(Rule::RedBlack { by_lipschitz: false });
        rules.push(Rule::TreePartition { by_lipschitz: false });
    }
    let each = rules.into_iter();
    let mut curves: Vec<Curve> =
        each.map(|r| curve(r.name().to_owned(), Blocks::Variable, r, Update::Exact, true)).collect();
    curves.extend((1..=SHUFFLES).map(|shuffle| {
        let label = format!("Greedy tree, order {shuffle}");
        curve(label, Blocks::Variable, Rule::GreedyTree { shuffle }, Update::Exact, false)
    }));
    curves
}

/// Figures 7 and 13.
fn proximal(rule: Rule) -> Vec<Curve> {
    let mut curves = Vec::new();
    for update in [Update::ProjectedNewton, Update::TwoMetric, Update::ProjectedGradient] {
        for blocks in VARIABLE_OR_SORTED {
            let label = format!("{}-{}", update.name(), blocks.name());
            curves.push(curve(label, blocks, rule, update, true));
        }
    }
    curves
}

/// Figure 9.
fn estimates() -> Vec<Curve> {
    let mut curves = Vec::new();
    let mut add = |update: Update, rule: Rule, released| {
        let label = format!("{}-{}", update.name(), rule.name());
        curves.push(curve(label, Blocks::Order, rule, update, released));
    };
    for update in [Update::Estimate, Update::Gradient] {
        for rule in [Rule::Gs, Rule::Gsl, Rule::Lipschitz, Rule::Random, Rule::Cyclic] {
            add(update, rule, true);
        }
    }
    add(Update::ShrinkingEstimate, Rule::Gs2, false);
    add(Update::ShrinkingEstimate, Rule::Gsl2, false);
    curves
}

/// Figure 10.
fn partitions() -> Vec<Curve> {
    let mut curves = Vec::new();
    for (blocks, name) in [(Blocks::Sort, "Sort"), (Blocks::Order, "Order"), (Blocks::Average, "Avg")] {
        for (rule, released) in [(Rule::Gs, true), (Rule::Gsd, true), (Rule::Gsl, true), (Rule::Gsl2, false)]
        {
            curves.push(curve(format!("{}-{name}", rule.name()), blocks, rule, Update::Gradient, released));
        }
    }
    curves
}

/// The companion's rules for single coordinates.
fn single(updates: &[Update], more: &[Rule]) -> Vec<Curve> {
    let mut curves = Vec::new();
    for &update in updates {
        let rules = [Rule::Random, Rule::Cyclic, Rule::Lipschitz, Rule::Gs, Rule::Gsl];
        for &rule in rules.iter().chain(more) {
            let label = match updates.len() {
                1 => rule.name().to_owned(),
                _ => format!("{}-{}", rule.name(), update.name()),
            };
            curves.push(curve(label, Blocks::Order, rule, update, true));
        }
    }
    curves
}

fn lasso() -> Vec<Curve> {
    let rules = [Rule::ProxS, Rule::ProxR, Rule::ProxQ, Rule::ProxLipschitzR, Rule::ProxLipschitzQ];
    let each = rules.into_iter();
    each.map(|rule| curve(rule.name().to_owned(), Blocks::Order, rule, Update::SoftThreshold, true)).collect()
}
