//! The proximal rules of the companion paper for `1/2 ||A x - b||^2 + lambda ||x||_1`.

use super::method::Rule;

/// The proximal step of a variable.
pub fn step(g: f64, l: f64, x: f64, lambda: f64) -> f64 {
    let target = x - g / l;
    target.signum() * (target.abs() - lambda / l).max(0.0) - x
}

/// The score of a variable; the largest is taken. `l` is its own constant, `largest` that of all variables.
pub fn score(rule: Rule, g: f64, l: f64, largest: f64, x: f64, lambda: f64) -> f64 {
    let decrease = |l: f64| {
        let d = step(g, l, x, lambda);
        -(g * d + 0.5 * l * d * d + lambda * ((x + d).abs() - x.abs()))
    };
    match rule {
        Rule::ProxR => step(g, largest, x, lambda).abs(),
        Rule::ProxLipschitzR => step(g, l, x, lambda).abs(),
        Rule::ProxQ => decrease(largest),
        Rule::ProxLipschitzQ => decrease(l),
        _ if x == 0.0 => (g.abs() - lambda).max(0.0),
        _ => (g + lambda * x.signum()).abs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_minimizes_the_model() {
        for (g, l, x) in
            [(3.0, 2.0, 0.0), (-0.4, 2.0, 0.0), (1.0, 0.5, -2.0), (-5.0, 3.0, 1.0), (2.1, 1.0, 1.5)]
        {
            let model = |d: f64| g * d + 0.5 * l * d * d + 0.5 * ((x + d).abs() - x.abs());
            let d = step(g, l, x, 0.5);
            for other in [-0.1, -1e-3, 1e-3, 0.1] {
                assert!(model(d) <= model(d + other));
            }
            assert_eq!(score(Rule::ProxLipschitzQ, g, l, 9.0, x, 0.5), -model(d));
            let still = d == 0.0;
            assert_eq!(score(Rule::ProxS, g, l, 9.0, x, 0.5) == 0.0, still);
            assert_eq!(score(Rule::ProxR, g, l, 9.0, x, 0.5) == 0.0, still);
        }
    }
}
