//! All runs of a label: the regrets of each player on each group, as tables, curves and CSV.

use super::published::Published;
use super::runs::{Hindsight, Player, losses, moments};
use super::sets::Rounds;
use crate::cli::axis::Axis;
use crate::cli::chart::{Chart, Line, Names};
use southwell::runtime::Result;
use southwell::runtime::parallel::with_team;
use std::io::Write;

/// The runs of a label in one kind of order.
pub struct Cells {
    /// The label.
    pub label: &'static str,
    /// The kind of order.
    pub order: &'static str,
    /// The groups, the one that is always on last.
    pub groups: Vec<&'static str>,
    /// Rounds of each.
    pub size: Vec<usize>,
    /// The loss of least squares on the rounds of each group but the last one, run by run; and on all of its rounds.
    hindsight: Vec<[Vec<f64>; 2]>,
    players: Vec<Played>,
}

/// What a player came to: for each group the regrets of its runs.
struct Played {
    name: &'static str,
    /// With the last round left out of the comparator.
    published: Vec<Vec<f64>>,
    regret: Vec<Vec<f64>>,
    /// The mean curve of each group.
    curves: Vec<Vec<(f64, f64)>>,
}

/// The two regrets of a player on a group, and the curve.
type OnGroup = (f64, f64, Vec<(f64, f64)>);

/// What one run gave.
struct Run {
    size: Vec<usize>,
    hindsight: Vec<[f64; 2]>,
    /// For each player and group: the two regrets, and the curve.
    players: Vec<Vec<OnGroup>>,
}

impl Cells {
    /// Plays label `k` of the rounds in each of the orders.
    pub fn play(
        rounds: &Rounds,
        k: usize,
        order: &'static str,
        orders: &[Vec<usize>],
        players: &[(&'static str, Player)],
        threads: usize,
    ) -> Result<Self> {
        let (label, y) = &rounds.labels[k];
        let runs =
            with_team(threads, |team| team.map(orders.len(), |r| run(rounds, y, &orders[r], players)))?;
        let runs: Vec<Run> = runs.into_iter().collect::<Result<_>>()?;
        let groups: Vec<&'static str> = rounds.groups.iter().copied().chain(["always on"]).collect();
        let all = |of: &dyn Fn(&Run) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
        let hindsight =
            (0..groups.len()).map(|g| [0, 1].map(|which| all(&|run| run.hindsight[g][which]))).collect();
        let played = players.iter().enumerate().map(|(p, (name, _))| Played {
            name,
            published: (0..groups.len()).map(|g| all(&|run| run.players[p][g].0)).collect(),
            regret: (0..groups.len()).map(|g| all(&|run| run.players[p][g].1)).collect(),
            curves: (0..groups.len()).map(|g| mean_curve(&runs, p, g)).collect(),
        });
        let size = runs.first().map_or(Vec::new(), |run| run.size.clone());
        Ok(Self { label, order, players: played.collect(), groups, size, hindsight })
    }

    fn player(&self, name: &str) -> Option<&Played> {
        self.players.iter().find(|played| played.name == name)
    }

    /// The mean and the deviation of the published regret of a player on a group.
    pub fn published(&self, player: &str, group: usize) -> (f64, f64) {
        self.player(player).map_or((f64::NAN, f64::NAN), |p| moments(&p.published[group]))
    }

    /// The mean over the runs of the regret of the worst group: the largest of all, in each run.
    pub fn worst(&self, player: &str) -> (f64, &'static str) {
        let Some(played) = self.player(player) else { return (f64::NAN, "") };
        let mean = |g: usize| moments(&played.regret[g]).0;
        let worst = (0..self.groups.len()).max_by(|a, b| mean(*a).total_cmp(&mean(*b))).unwrap_or(0);
        (mean(worst), self.groups[worst])
    }

    /// Whether the means of `baseline` and `algorithm` are the published ones, and the hindsight, within `tolerance`.
    pub fn matches(&self, published: &[Published], tolerance: f64) -> bool {
        published.iter().enumerate().all(|(g, p)| self.distance(p, g) <= tolerance)
    }

    /// The largest distance from a published row.
    fn distance(&self, published: &Published, group: usize) -> f64 {
        let off = |mean: f64, other: f64| (mean - other).abs();
        off(self.published(BASELINE, group).0, published.baseline)
            .max(off(self.published(PAPER, group).0, published.algorithm))
            .max(off(moments(&self.hindsight[group][0]).0, published.hindsight))
    }

    /// A table beside the published one, with what is off by most.
    pub fn beside(&self, published: &[Published], digits: usize, tolerance: f64) -> String {
        let mut text = String::from(
            "| group | rounds | baseline | published | algorithm | published | hindsight | published | |\n\
             |---|---|---|---|---|---|---|---|---|\n",
        );
        for (g, p) in published.iter().enumerate() {
            let (baseline, spread) = self.published(BASELINE, g);
            let (algorithm, width) = self.published(PAPER, g);
            let hindsight = moments(&self.hindsight[g][0]).0;
            let mark = if self.distance(p, g) <= tolerance { "holds" } else { "**falls short**" };
            text.push_str(&format!(
                "| {} | {} | {baseline:.digits$} ({spread:.digits$}) | {:.digits$} | {algorithm:.digits$} ({width:.digits$}) | {:.digits$} | {hindsight:.digits$} | {:.digits$} | {mark} |\n",
                p.group, self.size[g], p.baseline, p.algorithm, p.hindsight
            ));
        }
        text.push('\n');
        text
    }

    /// A table of the mean regrets against least squares on all rounds of a group, a column for each player.
    pub fn table(&self, digits: usize) -> String {
        let names: Vec<&str> = self.players.iter().map(|p| p.name).collect();
        let mut text =
            format!("| group | rounds | {} |\n|---|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
        for (g, group) in self.groups.iter().enumerate() {
            text.push_str(&format!("| {group} | {} |", self.size[g]));
            for played in &self.players {
                text.push_str(&format!(" {:.digits$} |", moments(&played.regret[g]).0));
            }
            text.push('\n');
        }
        text.push_str("| **worst** | |");
        names.iter().for_each(|name| text.push_str(&format!(" {:.digits$} |", self.worst(name).0)));
        text.push_str("\n\n");
        text
    }

    /// The mean curves of a player on each group, those of the baseline in grey.
    pub fn chart(&self, title: &str, player: &str) -> Chart {
        let mut lines = Vec::new();
        for (name, named) in [(BASELINE, false), (player, true)] {
            let Some(played) = self.player(name) else { continue };
            lines.extend(played.curves.iter().zip(&self.groups).map(|(points, group)| Line {
                name: if named { (*group).to_owned() } else { String::new() },
                points: points.clone(),
            }));
        }
        Chart {
            title: title.to_owned(),
            x: Axis::linear("rounds of the group"),
            y: Axis::linear("regret to its best least squares predictor so far"),
            lines,
            level: Some(("no regret".to_owned(), 0.0)),
            names: Names::AtEnds,
        }
    }

    /// The lines of a CSV with the columns of [`HEADER`].
    pub fn write(&self, file: &mut impl Write) -> std::io::Result<()> {
        for played in &self.players {
            for (g, group) in self.groups.iter().enumerate() {
                for (r, regret) in played.regret[g].iter().enumerate() {
                    writeln!(
                        file,
                        "{},{},{},{group},{},{r},{:?},{regret:?},{:?}",
                        self.label,
                        self.order,
                        played.name.replace(',', ";"),
                        self.size[g],
                        self.hindsight[g][1][r],
                        played.published[g][r]
                    )?;
                }
            }
        }
        Ok(())
    }
}

/// The first line of the CSV; `regret_published` leaves the last round out of the comparator.
pub const HEADER: &str = "label,order,player,group,rounds,run,hindsight,regret,regret_published";
/// One ridge regression on everything.
pub const BASELINE: &str = "baseline";
/// The paper's algorithm.
pub const PAPER: &str = "paper";

fn run(rounds: &Rounds, y: &[f64], order: &[usize], players: &[(&str, Player)]) -> Result<Run> {
    let least = Hindsight::of(rounds, y, order)?;
    let mut found = Vec::new();
    for (_, player) in players {
        let losses = losses(rounds, y, order, *player)?;
        let curves = least.curves(rounds, order, &losses);
        let of = |(curve, all): (super::runs::Curve, &f64)| (curve.last(), curve.loss - all, curve.regrets);
        found.push(curves.into_iter().zip(&least.all).map(of).collect());
    }
    let before = |points: &Vec<(usize, f64)>| points.last().map_or(f64::NAN, |p| p.1);
    let hindsight = least.before.iter().zip(&least.all).map(|(b, all)| [before(b), *all]).collect();
    Ok(Run { size: least.size, hindsight, players: found })
}

fn mean_curve(runs: &[Run], player: usize, group: usize) -> Vec<(f64, f64)> {
    let curve = |run: usize| &runs[run].players[player][group].2;
    let mean = |k: usize| (0..runs.len()).map(|run| curve(run)[k].1).sum::<f64>() / runs.len() as f64;
    if runs.is_empty() {
        Vec::new()
    } else {
        curve(0).iter().enumerate().map(|(k, p)| (p.0, mean(k))).collect()
    }
}
