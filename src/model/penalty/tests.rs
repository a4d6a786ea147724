//! What holds for every penalty.

use super::*;
use proptest::prelude::*;

const INF: f64 = f64::INFINITY;

/// Slopes of a linear term.
const TILT: [f64; 4] = [0.4, -1.1, 0.0, 0.9];

/// A penalty of each kind on four coordinates.
fn examples() -> Vec<Penalty> {
    let separable = |l1: f64, l2: f64, lower: f64, upper: f64| {
        Penalty::Separable(Separable::new([Coordinate { l1, l2, lower, upper }; 4]))
    };
    vec![
        separable(0.0, 0.0, -INF, INF),
        separable(0.7, 0.0, -INF, INF),
        separable(0.0, 0.4, -INF, INF),
        separable(0.7, 0.4, -INF, INF),
        separable(0.0, 0.0, -0.5, 0.8),
        separable(0.7, 0.0, 0.0, INF),
        separable(0.7, 0.4, -0.5, 0.8),
        separable(0.3, 0.0, 0.2, 0.9),
        Penalty::Group(Group::new(&[0, 1, 0, 1], vec![0.7, 0.0]).unwrap()),
        Penalty::Group(Group::new(&[2, 0, 0, 2], vec![1.3, 1.0, 0.2]).unwrap()),
        sparse_group(&[0, 1, 0, 1], &[(0.3, 0.5, 0.0), (0.6, 0.0, 0.0)]),
        sparse_group(&[0, 0, 0, 1], &[(0.4, 0.3, 0.0), (0.2, 0.7, 0.0)]),
        sparse_group(&[0, 0, 0, 0], &[(0.4, 0.3, 0.5)]),
        sparse_group(&[0, 1, 1, 0], &[(0.0, 0.3, 0.5), (0.0, 0.0, 0.0)]),
        separable(0.7, 0.4, -0.5, 0.8).tilted(TILT.to_vec()),
        separable(0.7, 0.0, 0.0, INF).tilted(TILT.to_vec()),
        separable(0.0, 0.0, -INF, INF).tilted(TILT.to_vec()),
        Penalty::Group(Group::new(&[2, 0, 0, 2], vec![1.3, 1.0, 0.2]).unwrap()).tilted(TILT.to_vec()),
        sparse_group(&[0, 1, 0, 1], &[(0.3, 0.5, 0.0), (0.6, 0.0, 0.0)]).tilted(TILT.to_vec()),
    ]
}

/// Each group with its `(l1, weight, l2)`.
fn sparse_group(of: &[usize], terms: &[(f64, f64, f64)]) -> Penalty {
    let terms: Vec<GroupTerms> =
        terms.iter().map(|&(l1, weight, l2)| GroupTerms { l1, weight, l2 }).collect();
    Penalty::SparseGroup(SparseGroup::new(of, &terms).unwrap())
}

/// `v` a little nearer to the slopes.
fn shrunk(penalty: &Penalty, v: &[f64]) -> Vec<f64> {
    let slopes = penalty.slope().unwrap();
    v.iter().zip(&**slopes).map(|(v, c)| c + (1.0 - 1e-14) * (v - c)).collect()
}

proptest! {
    #[test]
    fn prox_is_optimal_and_has_no_subgradient(
        v in prop::collection::vec(-2.0..2.0_f64, 4), h in 0.1..4.0_f64, trial in prop::collection::vec(-2.0..2.0_f64, 4),
    ) {
        for penalty in examples() {
            for u in 0..penalty.units() {
                let v = penalty.part(u, &v);
                let mut x = v.clone();
                penalty.prox(u, h, &mut x);
                let model = |x: &[f64]| penalty.unit_value(u, x) + 0.5 * h * x.iter().zip(&v).map(|(x, v)| (x - v) * (x - v)).sum::<f64>();
                prop_assert!(model(&x) <= model(&penalty.part(u, &trial)) + 1e-12, "{penalty:?}");
                prop_assert!(model(&x) <= model(&vec![0.0; x.len()]) + 1e-12);
                let g: Vec<f64> = x.iter().zip(&v).map(|(x, v)| h * (x - v)).collect();
                prop_assert!(penalty.violation(u, &x, &g) < 1e-9, "{penalty:?} {v:?} {x:?}");
                prop_assert!(penalty.model_decrease(u, &x, &g, h) < 1e-12);
            }
        }
    }

    #[test]
    fn fenchel_young_and_the_gauge(
        x in prop::collection::vec(-2.0..2.0_f64, 4), v in prop::collection::vec(-2.0..2.0_f64, 4),
    ) {
        for penalty in examples() {
            let mut x = x.clone();
            penalty.project(&mut x);
            let gauge = penalty.gauge(&v);
            let free = (0..penalty.units()).any(|u| penalty.is_free(u));
            if !free {
                let t = gauge.max(1.0) * (1.0 + 1e-15);
                let slope = |j: usize| penalty.slope().map_or(0.0, |c| c[j]);
                let v: Vec<f64> = (0..v.len()).map(|j| slope(j) + (v[j] - slope(j)) / t).collect();
                // The sum rounds.
                let v = if penalty.slope().is_some() { shrunk(&penalty, &v) } else { v };
                let conjugate = penalty.conjugate(&v);
                prop_assert!(conjugate.is_finite(), "{penalty:?} {v:?}");
                let inner: f64 = x.iter().zip(&v).map(|(x, v)| x * v).sum();
                prop_assert!(penalty.value(&x) + conjugate >= inner - 1e-12, "{penalty:?}");
            }
            if gauge > 1.0 + 1e-9 {
                prop_assert_eq!(penalty.conjugate(&v), INF);
            }
        }
    }

    #[test]
    fn the_model_decrease_and_the_urgency_are_positive_exactly_where_a_unit_can_improve(
        x in prop::collection::vec(prop::sample::select(vec![-0.5, 0.0, 0.3, 0.8]), 4),
        g in prop::collection::vec(-2.0..2.0_f64, 4), h in 0.5..2.0_f64,
    ) {
        for penalty in examples() {
            let mut x = x.clone();
            penalty.project(&mut x);
            for u in 0..penalty.units() {
                let (x, g) = (penalty.part(u, &x), penalty.part(u, &g));
                let violated = penalty.violation(u, &x, &g) > 1e-9;
                prop_assert_eq!(penalty.model_decrease(u, &x, &g, h) > 1e-20, violated, "{:?} {:?} {:?}", penalty, x, g);
                if violated {
                    prop_assert!(penalty.urgency(u, &x, &g, h) > 0.0);
                }
            }
        }
    }

    #[test]
    fn gradient_and_hessian_are_derivatives_where_smooth(
        x in prop::collection::vec(0.25..0.45_f64, 4), p in prop::collection::vec(-1.0..1.0_f64, 4),
    ) {
        for penalty in examples() {
            for u in (0..penalty.units()).filter(|&u| !penalty.is_fixed(u)) {
                let (x, p) = (penalty.part(u, &x), penalty.part(u, &p));
                prop_assert!(penalty.is_smooth_at(u, &x));
                let h = 1e-5;
                let moved = |t: f64| x.iter().zip(&p).map(|(x, p)| x + t * p).collect::<Vec<f64>>();
                let gradient = |x: &[f64]| { let mut g = vec![0.0; x.len()]; penalty.add_gradient(u, x, &mut g); g };
                let slope: f64 = gradient(&x).iter().zip(&p).map(|(g, p)| g * p).sum();
                let difference = (penalty.unit_value(u, &moved(h)) - penalty.unit_value(u, &moved(-h))) / (2.0 * h);
                prop_assert!((slope - difference).abs() < 1e-8, "{penalty:?}");
                let mut product = vec![0.0; x.len()];
                penalty.add_hessian_product(u, &x, &p, &mut product);
                for ((a, b), c) in gradient(&moved(h)).iter().zip(gradient(&moved(-h))).zip(&product) {
                    prop_assert!(((a - b) / (2.0 * h) - c).abs() < 1e-7);
                }
            }
        }
    }
}

#[test]
fn changes_are_differences_and_keep_small_ones() {
    for penalty in examples() {
        for u in 0..penalty.units() {
            let x = penalty.part(u, &[0.3, 0.4, 0.5, 0.6]);
            let change = |by: f64| {
                let to: Vec<f64> = x.iter().map(|x| x * by).collect();
                (penalty.unit_change(u, &x, &to), penalty.unit_value(u, &to) - penalty.unit_value(u, &x))
            };
            for by in [0.0, 0.9, 1.2, -0.5] {
                let (found, expected) = change(by);
                assert!(found == expected || (found - expected).abs() < 1e-15, "{penalty:?} {by}");
            }
            // From a step of one part in 2^40 to one of a part in 2^41 the change halves.
            let (whole, half) = (change(1.0 + 2.0_f64.powi(-40)).0, change(1.0 + 2.0_f64.powi(-41)).0);
            assert!((whole - 2.0 * half).abs() <= 1e-3 * whole.abs(), "{penalty:?} {whole:e} {half:e}");
        }
    }
}

#[test]
fn moves_settle_at_kinks_and_bounds() {
    let penalties = examples();
    let mut to = [-0.3];
    assert!(penalties[1].settle(0, &[0.2], &mut to));
    assert_eq!(to, [0.0]);
    assert_eq!(penalties[1].first_kink(0, &[0.2], &[-0.4]), 0.5);
    assert_eq!(penalties[0].first_kink(0, &[0.2], &[-0.4]), INF);
    let mut to = [1.5];
    assert!(penalties[4].settle(0, &[0.4], &mut to));
    assert_eq!(to, [0.8]);
    assert_eq!(penalties[4].first_kink(0, &[0.4], &[0.8]), 0.5);
    // A group may turn, by less than a right angle.
    assert!(!penalties[8].settle(0, &[0.2, 0.1], &mut [-0.1, 0.3]));
    let mut to = [-0.3, 0.1];
    assert!(penalties[8].settle(0, &[0.2, 0.1], &mut to));
    assert_eq!(to, [0.0, 0.0]);
    assert_eq!(penalties[8].first_kink(0, &[0.2, 0.0], &[-0.4, 1.0]), 0.5);
}

#[test]
fn outputs_share_the_penalty_of_their_feature() {
    let x = [0.3, 0.0, 0.6, -0.2];
    // With a linear term a group's value is not in proportion to one number.
    let groups = |p: &Penalty| p.slope().is_some() && !matches!(p.untilted(), Penalty::Separable(_));
    for penalty in examples().into_iter().filter(|p| !groups(p)) {
        let one = penalty.for_outputs(1, &[]);
        assert_eq!(one.value(&x), penalty.value(&x));
        let three = penalty.for_outputs(3, &[true, false]);
        // The same numbers in every output; the free coordinate costs nothing, the fixed one goes to 0.
        let mut full: Vec<f64> = x.iter().flat_map(|x| [*x; 3]).collect();
        full.extend([7.0, 0.0]);
        let factor = if matches!(penalty, Penalty::Group(_)) { 3.0_f64.sqrt() } else { 3.0 };
        let mut wanted = factor * penalty.value(&x);
        if let Penalty::SparseGroup(p) = &penalty {
            let norms = p.without_norms();
            wanted = 3.0 * norms.value(&x) + 3.0_f64.sqrt() * (penalty.value(&x) - norms.value(&x));
        }
        let found = three.value(&full);
        assert!(found == wanted || (found - wanted).abs() < 4e-15, "{penalty:?} {found} {wanted}");
        let last = (0..three.units()).filter(|&u| three.columns(u) == [13]).collect::<Vec<_>>();
        assert!(last.len() == 1 && three.is_fixed(last[0]));
        let first = (0..three.units()).find(|&u| three.columns(u) == [12]).unwrap();
        assert!(three.is_free(first));
    }
}

#[test]
fn a_long_group_scaled_by_its_gauge_is_in_the_domain() {
    for n in [1_usize, 7, 300, 20_000, 300_000] {
        for seed in 0..20_u64 {
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
            };
            let v: Vec<f64> = (0..n).map(|_| next()).collect();
            let one = vec![0; n];
            let group = Penalty::Group(Group::new(&one, vec![0.7]).unwrap());
            for penalty in
                [group, sparse_group(&one, &[(0.3, 0.5, 0.0)]), sparse_group(&one, &[(1e-3, 0.5, 0.0)])]
            {
                let t = (1.0 - 4.0 * f64::EPSILON) / penalty.gauge(&v);
                let v: Vec<f64> = v.iter().map(|v| t * v).collect();
                assert_eq!(penalty.conjugate(&v), 0.0, "{n} {seed}");
            }
            if n > 1000 && seed > 2 {
                break;
            }
        }
    }
}

#[test]
fn a_linear_term_is_one() {
    let x = [0.3, 0.2, 0.6, 0.4];
    for penalty in examples() {
        let (plain, slope) = (penalty.untilted(), penalty.slope());
        let Some(slope) = slope else { continue };
        let along: f64 = x.iter().zip(&**slope).map(|(x, c)| x * c).sum();
        assert!((penalty.value(&x) - plain.value(&x) - along).abs() < 1e-15);
        let of = |p: &Penalty, c: &[f64]| p.clone().tilted(c.to_vec());
        assert!(of(plain, &[0.0; 4]).slope().is_none());
        let half: Vec<f64> = slope.iter().map(|c| 0.5 * c).collect();
        assert_eq!(of(&of(plain, &half), &half).slope(), Some(slope));
        // Within the dead zone nothing moves from 0, whatever direction the gradient has.
        for u in (0..penalty.units()).filter(|&u| penalty.dead_zone(u) > 0.0) {
            let n = penalty.columns(u).len();
            for sign in [-1.0, 1.0] {
                let g = vec![sign * 0.999 * penalty.dead_zone(u) / (n as f64).sqrt(); n];
                assert!(penalty.violation(u, &vec![0.0; n], &g) < 1e-12, "{penalty:?}");
            }
        }
    }
}

#[test]
fn zero_thresholds() {
    let penalties = examples();
    let v = [1.0, -2.0, 0.5, 0.1];
    assert_eq!(penalties[1].zero_threshold(&v), 2.0 / 0.7);
    assert_eq!(penalties[5].zero_threshold(&v), 1.0 / 0.7);
    assert_eq!(penalties[2].zero_threshold(&v), INF);
    assert!((penalties[8].zero_threshold(&v) - 1.25_f64.sqrt() / 0.7).abs() < 1e-15);
}
