//! The regrets at the end that were published for the experiments on groupwise regret (means and population
//! deviations of ten orders), as the released tables have them.

/// A group: the regret of one ridge regression on everything, that of the paper's algorithm, and the loss of the best
/// least squares predictor of the group in hindsight.
#[derive(Debug, Clone, Copy)]
pub struct Published {
    pub group: &'static str,
    pub baseline: f64,
    pub algorithm: f64,
    pub hindsight: f64,
}

const fn row(group: &'static str, baseline: f64, algorithm: f64, hindsight: f64) -> Published {
    Published { group, baseline, algorithm, hindsight }
}

/// Labels, and the groups of each.
pub const SYNTHETIC: [(&str, [Published; 6]); 4] = [
    (
        "mean",
        [
            row("circle", 15.25, 0.73, 23.57),
            row("square", 15.43, 0.63, 14.12),
            row("triangle", 12.13, 0.76, 9.43),
            row("green", 10.02, -14.13, 38.81),
            row("red", 14.75, -1.80, 26.37),
            row("always on", 0.76, -39.93, 89.18),
        ],
    ),
    (
        "min",
        [
            row("circle", 21.62, 0.81, 63.49),
            row("square", 64.21, 0.94, 15.17),
            row("triangle", 12.47, 0.57, 26.37),
            row("green", 14.55, -43.10, 97.42),
            row("red", 21.64, -16.69, 69.72),
            row("always on", 1.04, -94.94, 202.29),
        ],
    ),
    (
        "max",
        [
            row("circle", 22.78, 0.91, 32.46),
            row("square", 17.86, 0.52, 36.92),
            row("triangle", 29.51, 0.87, 9.42),
            row("green", 8.65, -23.25, 65.38),
            row("red", 12.48, -23.46, 62.42),
            row("always on", 0.86, -66.98, 148.08),
        ],
    ),
    (
        "perm",
        [
            row("circle", 28.84, -38.63, 77.14),
            row("square", 92.10, -0.28, 54.87),
            row("triangle", 12.03, -15.15, 30.67),
            row("green", 75.89, 1.31, 28.95),
            row("red", 112.49, 0.04, 78.32),
            row("always on", 1.26, -185.77, 294.39),
        ],
    ),
];

/// The medical costs.
pub const MEDICAL: [Published; 12] = [
    row("young", 0.547, -1.583, 5.404),
    row("middle", 0.376, -0.972, 3.336),
    row("old", 0.437, -0.643, 3.131),
    row("underweight", 0.157, 0.112, 0.027),
    row("healthyweight", 1.588, 0.364, 1.004),
    row("overweight", 1.547, 0.431, 1.837),
    row("obese", 3.420, 1.246, 3.651),
    row("smoker", 5.065, 1.474, 0.900),
    row("non-smoker", 1.699, 0.732, 5.567),
    row("male", 0.647, -1.749, 6.112),
    row("female", 0.593, -1.569, 5.879),
    row("always on", 1.129, -3.429, 12.102),
];
