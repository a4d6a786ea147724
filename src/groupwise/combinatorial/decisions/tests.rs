use super::*;

/// A ladder of `levels` stages with two parallel edges each.
fn ladder(levels: u32) -> Dag {
    let edges: Vec<[u32; 2]> = (0..levels).flat_map(|v| [[v, v + 1], [v, v + 1]]).collect();
    Dag::new(levels as usize + 1, &edges, 0, levels).unwrap()
}

/// A graph with paths of several lengths.
fn braid() -> Dag {
    let edges = [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3], [2, 4], [3, 4], [0, 4], [3, 4], [5, 4]];
    Dag::new(6, &edges, 0, 4).unwrap()
}

/// All paths, by search.
fn paths(dag: &Dag) -> Vec<Vec<usize>> {
    let (mut open, mut found) = (vec![(dag.source(), vec![])], vec![]);
    while let Some((v, path)) = open.pop() {
        if v == dag.sink() {
            found.push(path);
            continue;
        }
        for (e, [_, head]) in dag.edges().iter().enumerate().filter(|(_, ends)| ends[0] == v) {
            open.push((*head, path.iter().copied().chain([e]).collect()));
        }
    }
    found
}

fn next(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn the_oracle_finds_the_cheapest_of_all_paths() {
    let (dag, mut state) = (braid(), 5);
    assert!((dag.ln_paths().unwrap() - (paths(&dag).len() as f64).ln()).abs() < 1e-14);
    for _ in 0..50 {
        let costs: Vec<f64> = (0..10).map(|_| 2.0 * next(&mut state) - 1.0).collect();
        let mut best = vec![0.0; 10];
        dag.minimize(&costs, &mut best).unwrap();
        let cost: f64 = best.iter().zip(&costs).map(|(a, c)| a * c).sum();
        let least =
            paths(&dag).iter().map(|p| p.iter().map(|e| costs[*e]).sum()).fold(f64::INFINITY, f64::min);
        assert!((cost - least).abs() < 1e-14);
    }
}

#[test]
fn the_pushed_flow_is_that_of_hedge_over_all_paths() {
    let (dag, mut state) = (braid(), 9);
    let mut pushing = WeightPushing::new(&dag).unwrap();
    for _ in 0..30 {
        let costs: Vec<f64> = (0..10).map(|_| next(&mut state)).collect();
        pushing.update(&costs);
    }
    let mut flow = vec![0.0; 10];
    pushing.flow(&dag, &mut flow).unwrap();
    let weight = |path: &[usize]| {
        let cost: f64 = path.iter().map(|e| pushing.total[*e].value()).sum();
        (-pushing.eta() * cost).exp()
    };
    let all: f64 = paths(&dag).iter().map(|p| weight(p)).sum();
    for (e, flow) in flow.iter().enumerate() {
        let own: f64 = paths(&dag).iter().filter(|p| p.contains(&e)).map(|p| weight(p)).sum();
        assert!((flow - own / all).abs() < 1e-13, "{e}");
    }
    // Paths that are drawn from it have its marginals.
    let (mut counts, mut path) = ([0.0; 10], vec![0.0; 10]);
    for _ in 0..20_000 {
        sample(&dag, &flow, || next(&mut state), &mut path);
        counts.iter_mut().zip(&path).for_each(|(c, a)| *c += a / 20_000.0);
    }
    assert!(counts.iter().zip(&flow).all(|(c, f)| (c - f).abs() < 0.02), "{counts:?} {flow:?}");
    // Costs of thousands do not overflow.
    (0..3000).for_each(|_| pushing.update(&[1.0; 10]));
    pushing.flow(&dag, &mut flow).unwrap();
    assert!(
        (flow.iter().zip(dag.edges()).filter(|(_, e)| e[0] == 0).map(|(f, _)| f).sum::<f64>() - 1.0).abs()
            < 1e-12
    );
}

/// Rounds in which two groups have different cheap edges; the costs depend on what was played.
fn run(mut stream: Decisions, edges: usize, rounds: u64) -> Decisions {
    let mut state = 17;
    for t in 0..rounds {
        let awake: Vec<u64> = (0..3).filter(|g| !(t / 3 + g).is_multiple_of(3)).collect();
        let played = stream.decide(&awake).unwrap().played.to_vec();
        let costs: Vec<f64> = (0..edges)
            .map(|e| {
                let cheap = awake.first().is_some_and(|g| (e as u64 + g).is_multiple_of(2));
                (0.4 + 0.3 * played[e] - 0.3 * f64::from(u8::from(cheap)) + 0.3 * next(&mut state))
                    .clamp(0.0, 1.0)
            })
            .collect();
        stream.update(&costs).unwrap();
    }
    stream
}

#[test]
fn regrets_of_paths_stay_below_their_bounds_for_every_group() {
    for dag in [ladder(6), braid()] {
        let edges = dag.edges().len();
        for stream in [Decisions::paths(dag.clone(), 3, 1), Decisions::perturbed_paths(dag.clone(), 3, 1)] {
            let stream = run(stream.unwrap(), edges, 600);
            for group in [0, 1, 2, ALWAYS_ON] {
                let certificate = stream.certificate(group).unwrap();
                assert!(certificate.regret <= certificate.bound, "{certificate:?}");
                assert!(certificate.rounds >= 399);
                let most = edges as f64 * certificate.rounds as f64;
                assert!(certificate.in_expectation || certificate.bound < most, "{certificate:?}");
                let difference = (certificate.loss - certificate.expected_loss).abs();
                assert!(difference < 6.0 * 4.0 * 600.0_f64.sqrt(), "{certificate:?}");
            }
        }
    }
}

#[test]
fn a_group_with_a_rule_of_its_own_learns_it() {
    // Edge 0 is free in group 0, edge 1 elsewhere: one learner for all would lose on one of them.
    let mut stream = Decisions::paths(ladder(1), 2, 3).unwrap();
    for t in 0..2000_u64 {
        let group = u64::from(t % 2 == 0);
        stream.decide(&[group]).unwrap();
        stream.update(&if group == 0 { [0.0, 1.0] } else { [1.0, 0.0] }).unwrap();
    }
    for group in [0, 1] {
        let certificate = stream.certificate(group).unwrap();
        assert!(certificate.hindsight == 0.0 && certificate.expected_loss < 100.0, "{certificate:?}");
    }
}

#[test]
fn e33_perturbations_are_fresh_each_round_and_keyed_by_the_seed() {
    let dag = ladder(8);
    let learner = PerturbedLeader::new(16, Sizes { diameter: 16.0, cost: 8.0, costs: 16.0 }).unwrap();
    let decide = |seed, round| {
        let (mut costs, mut decision) = (vec![0.0; 16], vec![0.0; 16]);
        learner.decide(&dag, [seed, round], &mut costs, &mut decision).unwrap();
        decision
    };
    assert_eq!(decide(1, 5), decide(1, 5));
    assert!((6..12).any(|round| decide(1, round) != decide(1, 5)));
    assert!((2..8).any(|seed| decide(seed, 5) != decide(1, 5)));
}

/// The cheapest `k` of some items.
struct Cheapest(usize, usize);

impl LinearOracle for Cheapest {
    fn dimension(&self) -> usize {
        self.1
    }

    fn minimize(&self, costs: &[f64], decision: &mut [f64]) -> Result<()> {
        let mut order: Vec<usize> = (0..costs.len()).collect();
        order.sort_by(|a, b| costs[*a].total_cmp(&costs[*b]));
        decision.fill(0.0);
        order.iter().take(self.0).for_each(|e| decision[*e] = 1.0);
        Ok(())
    }
}

#[test]
fn decisions_of_the_callers_own_have_the_same_guarantee() {
    let sizes = Sizes { diameter: 4.0, cost: 2.0, costs: 5.0 };
    let stream = run(Decisions::oracle(Box::new(Cheapest(2, 5)), sizes, 3, 4).unwrap(), 5, 900);
    for group in [0, 1, 2, ALWAYS_ON] {
        let certificate = stream.certificate(group).unwrap();
        assert!(certificate.regret <= certificate.bound && certificate.in_expectation, "{certificate:?}");
    }
    let none = Sizes { diameter: 0.0, ..sizes };
    assert!(Decisions::oracle(Box::new(Cheapest(2, 5)), none, 3, 4).is_err());
}

#[test]
fn calls_out_of_order_and_wrong_costs_are_refused_and_change_nothing() {
    let mut stream = Decisions::paths(ladder(2), 1, 0).unwrap();
    assert_eq!(stream.update(&[0.0; 4]).unwrap_err().kind(), ErrorKind::State);
    assert!(stream.decide(&[ALWAYS_ON]).is_err());
    assert_eq!(stream.decide(&[1, 1]).unwrap().groups, 2);
    assert_eq!(stream.decide(&[1]).unwrap_err().kind(), ErrorKind::State);
    for costs in [&[0.0; 3][..], &[0.0, 0.0, 0.0, f64::NAN], &[0.0, 0.0, 0.0, 1.5], &[-0.1, 0.0, 0.0, 0.0]] {
        assert!(stream.update(costs).is_err());
    }
    stream.update(&[0.5; 4]).unwrap();
    assert_eq!(stream.decide(&[2]).unwrap_err().kind(), ErrorKind::Memory);
    assert_eq!(stream.certificate(1).unwrap().rounds, 1);
    assert!(stream.certificate(2).is_err());
}

/// One of two decisions, by the sign of the first cost; fails on the call with the number that is named.
struct Opposite(f64, std::sync::atomic::AtomicI64);

impl LinearOracle for Opposite {
    fn dimension(&self) -> usize {
        2
    }

    fn minimize(&self, costs: &[f64], decision: &mut [f64]) -> Result<()> {
        if self.1.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 0 {
            return Err(Error::new(ErrorKind::Callback, "mine").with_code(8));
        }
        let sign = if costs[0] > costs[1] { -self.0 } else { self.0 };
        decision.copy_from_slice(&[sign, -sign]);
        Ok(())
    }
}

fn opposite(size: f64, calls: i64, sizes: Sizes) -> Decisions {
    Decisions::oracle(Box::new(Opposite(size, calls.into())), sizes, 3, 4).unwrap()
}

#[test]
fn what_the_sizes_claim_is_refused_once_a_round_refutes_it() {
    // Decisions (1, -1) and (-1, 1): they cost from -1 to 1, and differ by 2 though none costs more than 1.
    let sizes = Sizes { diameter: 4.0, cost: 2.0, costs: 1.0 };
    let turn = |stream: &mut Decisions, costs: [f64; 2]| {
        stream.decide(&[0, 1]).unwrap();
        stream.update(&costs)
    };
    let mut sound = opposite(1.0, i64::MAX, sizes);
    for t in 0..300 {
        turn(&mut sound, if t % 3 == 0 { [1.0, 0.0] } else { [0.0, 1.0] }).unwrap();
    }
    let certificate = sound.certificate(1).unwrap();
    assert!(certificate.hindsight == -100.0 && certificate.regret <= certificate.bound, "{certificate:?}");
    let error = turn(&mut sound, [0.75, 0.5]).unwrap_err();
    assert!(error.kind() == ErrorKind::Data && error.to_string().contains("`costs`"), "{error}");
    // The round waits for other costs.
    sound.update(&[0.5, 0.5]).unwrap();

    let mut wrong = opposite(1.0, i64::MAX, Sizes { cost: 1.0, ..sizes });
    let refused =
        (0..300).find_map(|t| turn(&mut wrong, if t % 2 == 0 { [1.0, 0.0] } else { [0.0, 1.0] }).err());
    let error = refused.unwrap();
    assert!(error.kind() == ErrorKind::Data && error.to_string().contains("`cost`"), "{error}");

    let mut wrong = opposite(1.0, i64::MAX, Sizes { diameter: 3.0, ..sizes });
    let refused = (0..300).find_map(|t| {
        let decided = wrong.decide(&[0]).map(|_| ());
        decided.and_then(|()| wrong.update(if t % 2 == 0 { &[1.0, 0.0] } else { &[0.0, 1.0] })).err()
    });
    assert_eq!(refused.unwrap().subject(), "sizes.diameter");
}

#[test]
fn an_oracle_that_fails_leaves_no_group_behind() {
    let sizes = Sizes { diameter: 4.0, cost: 2.0, costs: 1.0 };
    // The second of three groups fails; then all are asked again.
    let mut stream = opposite(1.0, 1, sizes);
    assert_eq!(stream.decide(&[5, 6]).unwrap_err().code(), 8);
    assert!(stream.members.is_empty());
    for group in [5, 6, ALWAYS_ON] {
        assert_eq!(stream.certificate(group).unwrap_err().kind(), ErrorKind::State);
    }
    // Groups that come later are born as if it had not been.
    let mut other = opposite(1.0, i64::MAX, sizes);
    for stream in [&mut stream, &mut other] {
        stream.decide(&[7]).unwrap();
        stream.update(&[1.0, 0.0]).unwrap();
    }
    assert_eq!(stream.certificate(7).unwrap(), other.certificate(7).unwrap());
    // Those that were there before stay.
    let mut stream = opposite(1.0, 1, sizes);
    stream.decide(&[]).unwrap();
    stream.update(&[1.0, 0.0]).unwrap();
    assert!(stream.decide(&[5]).is_err() && stream.certificate(5).is_err());
    assert_eq!(stream.members.len(), 1);
}

#[test]
fn sizes_and_decisions_beyond_all_measure_are_refused() {
    let sizes = Sizes { diameter: 4.0, cost: 2.0, costs: 1.0 };
    for bad in [0.0, 5e-324, 1e-101, 1e101, 1e308, f64::INFINITY, f64::NAN] {
        for sizes in
            [Sizes { diameter: bad, ..sizes }, Sizes { cost: bad, ..sizes }, Sizes { costs: bad, ..sizes }]
        {
            let error = Decisions::oracle(Box::new(Cheapest(2, 5)), sizes, 3, 4).err().unwrap();
            assert!(error.to_string().contains("from 1e-100 to 1e100"), "{error}");
        }
    }
    // Costs that the oracle is given, and bounds, stay numbers.
    let widest = Sizes { diameter: 1e-100, cost: 1e100, costs: 1e100 };
    assert!((1.0 / PerturbedLeader::new(2, widest).unwrap().eps()).is_finite());
    let widest = Sizes { diameter: 1e100, ..widest };
    let mut leader = PerturbedLeader::new(2, widest).unwrap();
    leader.rounds = 1 << 40;
    assert!(leader.bound().is_finite());
    for size in [1e101, f64::INFINITY, f64::NAN] {
        let error = opposite(size, i64::MAX, widest).decide(&[]).map(|_| ()).unwrap_err();
        assert!(error.kind() == ErrorKind::Callback && error.to_string().contains("1e100"), "{error}");
    }
}
