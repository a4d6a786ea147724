//! Infima that no point attains, and their neighbours that one does.

use super::*;

fn separable() -> Data {
    let mut data = data(20, 3, 1.0, 6);
    data.score = (0..20).map(|r| 0.2_f64.copysign(data.a[r]) + data.a[r]).collect();
    data
}

fn separable_problem(data: &Data) -> Problem<'_> {
    let labels: Vec<f64> = data.score.iter().map(|s| s.signum()).collect();
    Problem::new(data.dense(), &labels).unwrap()
}

#[test]
fn separable_labels_without_a_penalty_have_no_solution() {
    let data = separable();
    for way in WAYS {
        for intercept in ["false", "true"] {
            let pairs = [("loss", "logistic"), ("penalty", "none"), ("intercept", intercept)];
            let found = run(&separable_problem(&data), &with(&pairs, way));
            assert_eq!(found.outcome, Outcome::InfimumNotAttained, "{way:?}");
            // The proof: a direction with every margin positive.
            let plain = Plain::new(&data, "logistic", 0.0, 0.0, intercept == "true");
            let z = plain.predictor(&found.coef, found.intercept);
            assert!(z.iter().zip(&data.score).all(|(z, y)| z * y > 0.0));
        }
    }
}

#[test]
fn the_direction_separates_also_where_a_penalty_has_no_strength() {
    let data = separable();
    let problem = separable_problem(&data);
    for penalty in ["none", "l1", "ridge", "elastic-net", "group", "sparse-group"] {
        for intercept in ["false", "true"] {
            let mut pairs = vec![("loss", "logistic"), ("penalty", penalty), ("intercept", intercept)];
            if penalty != "none" {
                pairs.push(("lambda", "0"));
            }
            if penalty.ends_with("group") {
                pairs.push(("group_size", "2"));
            }
            let found = run(&problem, &pairs);
            assert_eq!(found.outcome, Outcome::InfimumNotAttained, "{penalty}");
            let plain = Plain::new(&data, "logistic", 0.0, 0.0, intercept == "true");
            let z = plain.predictor(&found.direction[..3], found.direction[3]);
            assert!(z.iter().zip(&data.score).all(|(z, y)| z * y > 0.0), "{penalty} {:?}", found.direction);
        }
    }
}

#[test]
fn separable_labels_with_a_tiny_penalty_are_solved() {
    let data = separable();
    let problem = separable_problem(&data);
    for (penalty, lambda) in [("l1", "1e-6"), ("ridge", "1e-6"), ("l1", "1e-9"), ("elastic-net", "1e-4")] {
        let pairs = [("loss", "logistic"), ("penalty", penalty), ("lambda", lambda), ("tolerance", "1e-12")];
        let found = solved(&problem, &pairs);
        let strength: f64 = lambda.parse().unwrap();
        let (l1, l2) = match penalty {
            "l1" => (strength, 0.0),
            "ridge" => (0.0, strength),
            _ => (0.5 * strength, 0.5 * strength),
        };
        let mut plain = Plain::new(&data, "logistic", l1, l2, false);
        plain.y = problem.target().to_vec();
        optimal(&found, &plain, 1e-2 * strength);
        assert!(found.coef[0] > 5.0);
    }
}

#[test]
fn a_separating_column_among_penalized_ones() {
    // Only column 0 is free, and it separates.
    let data = separable();
    let mut problem = separable_problem(&data);
    problem.set_penalty_factors(&[0.0, 1.0, 1.0]).unwrap();
    for way in WAYS {
        let found = run(&problem, &with(&[("loss", "logistic"), ("lambda", "0.1")], way));
        assert_eq!(found.outcome, Outcome::InfimumNotAttained, "{way:?}");
    }
}

#[test]
fn one_class_only() {
    let data = data(15, 4, 1.0, 2);
    for way in WAYS {
        for label in [1.0, -1.0] {
            let mut problem = data.problem("squared");
            problem.set_target(&[label; 15]).unwrap();
            let pairs = with(&[("loss", "logistic"), ("lambda", "0.1"), ("tolerance", "1e-9")], way);
            let found = run(&problem, &with(&pairs, &[("intercept", "true")]));
            assert_eq!(found.outcome, Outcome::InfimumNotAttained);
            assert!(found.intercept * label > 20.0 && found.nonzeros() == 0);
            // Without an intercept the penalty keeps the coefficients in check.
            let mut plain = Plain::new(&data, "logistic", 0.1, 0.0, false);
            plain.y = vec![label; 15];
            optimal(&solved(&problem, &pairs), &plain, 1e-4);
        }
        // The other class has no weight.
        let mut problem = data.problem("squared");
        let labels: Vec<f64> = (0..15).map(|r| if r < 3 { -1.0 } else { 1.0 }).collect();
        let weights: Vec<f64> = labels.iter().map(|y| f64::from(*y > 0.0)).collect();
        problem.set_target(&labels).unwrap();
        problem.set_weights(&weights).unwrap();
        let pairs = with(&[("loss", "logistic"), ("lambda", "0.1"), ("intercept", "true")], way);
        let found = run(&problem, &pairs);
        assert_eq!(found.outcome, Outcome::InfimumNotAttained);
        assert!(found.intercept > 20.0);
    }
}

#[test]
fn one_class_of_squared_hinge_has_a_solution() {
    let data = data(15, 4, 1.0, 2);
    let mut problem = data.problem("squared");
    problem.set_target(&[-1.0; 15]).unwrap();
    for way in WAYS {
        let pairs = with(&[("loss", "squared-hinge"), ("lambda", "0.1"), ("intercept", "true")], way);
        let found = solved(&problem, &pairs);
        assert!(found.certificate.objective <= 1e-6, "{:?}", found.certificate);
    }
}

#[test]
fn counts_that_are_all_zero() {
    let mut data = data(15, 4, 1.0, 2);
    data.a.iter_mut().for_each(|a| *a = a.abs());
    let mut problem = data.problem("squared");
    problem.set_target(&[0.0; 15]).unwrap();
    for way in WAYS {
        let pairs = with(&[("loss", "poisson"), ("lambda", "0.5"), ("tolerance", "1e-9")], way);
        let found = run(&problem, &with(&pairs, &[("intercept", "true")]));
        assert_eq!(found.outcome, Outcome::InfimumNotAttained);
        assert!(found.intercept < -20.0 && found.nonzeros() == 0);
        let mut plain = Plain::new(&data, "poisson", 0.5, 0.0, false);
        plain.y = vec![0.0; 15];
        optimal(&solved(&problem, &pairs), &plain, 1e-4);
    }
}

// Scale
