use super::*;
use crate::numerics::eigen::Eigen;
use crate::numerics::gram::Square;
use crate::numerics::householder::{solve_upper_transposed, triangularize};

const FAMILIES: [Family; 4] =
    [Family::Gaussian, Family::Srht, Family::SparseSign { nonzeros: 8 }, Family::CountSketch];

/// Ill-conditioned columns whose subspace is spread over all rows, or nearly held by the first `k` of them.
fn matrix(d: usize, k: usize, coherent: bool) -> Vec<f64> {
    let mut stream = Stream::new(5, Purpose::Sketch, u64::MAX);
    let mut a: Vec<f64> = (0..d * k).map(|_| stream.normal()).collect();
    if coherent {
        a.iter_mut().for_each(|v| *v *= 1e-3);
        (0..k).for_each(|l| a[l * k + l] = 10.0);
    }
    a.chunks_exact_mut(k).for_each(|row| {
        // Column l is mixed with the one before; the last is 1e-6 as long as the first.
        (1..k).rev().for_each(|l| row[l] = 1e-6_f64.powf(l as f64 / (k - 1) as f64) * (row[l] + row[l - 1]));
    });
    a
}

/// `cond(A R^-1)` for the sketch's triangle.
fn condition(a: &[f64], k: usize, sketch: &Sketch) -> f64 {
    let mut small = vec![0.0; sketch.size() * k];
    sketch.apply(a, k, &mut Vec::new(), &mut small);
    let mut b = vec![0.0; sketch.size()];
    triangularize(&mut small, k, k, &mut b, &mut Vec::new(), &mut Vec::new());
    if (0..k).any(|l| small[l * k + l].abs() < 1e-14 * small[0].abs()) {
        return f64::INFINITY;
    }
    let mut gram = Square::zeros(k);
    let mut row = vec![0.0; k];
    for y in a.chunks_exact(k) {
        row.copy_from_slice(y);
        solve_upper_transposed(&small, k, k, &mut row);
        for (p, y) in row.iter().enumerate() {
            gram.column_mut(p).iter_mut().zip(&row).for_each(|(g, z)| *g += y * z);
        }
    }
    let eigen = Eigen::of(&gram).unwrap();
    (eigen.values[k - 1] / eigen.values[0]).sqrt()
}

/// Over 1000 seeds: how often the condition is above what the distortion allows.
fn failures(family: Family, size: usize, a: &[f64], k: usize, e: f64) -> usize {
    let d = a.len() / k;
    let limit = (1.0 + e) / (1.0 - e);
    (0..1000).filter(|seed| condition(a, k, &Sketch::new(family, size, d, *seed, 3)) > limit).count()
}

#[test]
fn a_thousand_sketches_are_embeddings_in_99_of_100_cases() {
    let (d, k, e) = (320, 4, 0.5);
    for coherent in [false, true] {
        let a = matrix(d, k, coherent);
        for family in FAMILIES {
            if family == Family::CountSketch {
                continue;
            }
            let size = family.size(k, e, Some(0.01));
            assert!(size < d / 2, "{size}");
            let failed = failures(family, size, &a, k, e);
            assert!(failed <= 10, "{family:?} {coherent}: {failed} of 1000");
        }
    }
}

#[test]
fn a_larger_subspace_and_transforms_with_few_different_rows() {
    // The first 16 columns of the Hadamard matrix have 16 different rows, each of which must be met.
    let (d, k, e) = (1024, 16, 0.6);
    let a = matrix(d, k, true);
    for family in [Family::Srht, Family::SparseSign { nonzeros: 8 }] {
        let limit = (1.0 + e) / (1.0 - e);
        let size = family.size(k, e, Some(0.01));
        let bad = |seed: &u64| condition(&a, k, &Sketch::new(family, size, d, *seed, 0)) > limit;
        let failed = (0..200).filter(bad).count();
        assert!(failed <= 2, "{family:?}: {failed} of 200");
    }
}

#[test]
fn a_count_sketch_is_an_embedding_but_for_collisions() {
    let (d, k, e) = (300, 4, 0.5);
    // Spread out, the typical size with a tail does.
    let size = Family::Gaussian.size(k, e, Some(0.01));
    let failed = failures(Family::CountSketch, size, &matrix(d, k, false), k, e);
    assert!(failed <= 10, "{failed} of 1000");
    // With k large entries it fails as often as two of them fall together: 1 - prod (1 - l/s), here 5.6 %. Six standard
    // deviations of 1000 draws are 4.4 %.
    let failed = failures(Family::CountSketch, size, &matrix(d, k, true), k, e);
    let apart: f64 = (0..k).map(|l| 1.0 - l as f64 / size as f64).product();
    assert!((failed as f64 / 1000.0 - (1.0 - apart)).abs() < 0.044, "{failed} of 1000, {apart}");
    // The size that is proven makes that rare.
    let size = Family::CountSketch.size(k, e, Some(0.01));
    let failed = failures(Family::CountSketch, size, &matrix(d, k, true), k, e);
    assert!(failed <= 10, "{failed} of 1000");
}

#[test]
fn squared_lengths_are_kept_in_the_mean() {
    let d = 100;
    let x: Vec<f64> = (0..d).map(|e| if e == 7 { 3.0 } else { (e as f64).sin() }).collect();
    let squares: f64 = x.iter().map(|x| x * x).sum();
    for family in FAMILIES {
        let lengths = (0..2000).map(|seed| {
            let sketch = Sketch::new(family, 20, d, 11, seed);
            let mut out = vec![0.0; 20];
            sketch.apply(&x, 1, &mut Vec::new(), &mut out);
            out.iter().map(|o| o * o).sum::<f64>() / squares
        });
        let lengths: Vec<f64> = lengths.collect();
        let mean = lengths.iter().sum::<f64>() / 2000.0;
        // The variance of the squared length is at most 2 / s: five deviations of the mean are 0.036.
        assert!((mean - 1.0).abs() < 0.036, "{family:?} {mean}");
        // And a sketch of all rows of the transform is orthogonal.
        let all = Sketch::new(Family::Srht, 1000, d, 3, 0);
        let mut out = vec![0.0; all.size()];
        all.apply(&x, 1, &mut Vec::new(), &mut out);
        assert_eq!(all.size(), 128);
        assert!((out.iter().map(|o| o * o).sum::<f64>() / squares - 1.0).abs() < 1e-13);
    }
}

#[test]
fn a_sketch_is_a_function_of_its_seed_and_linear_in_both_precisions() {
    let d = 37;
    let a: Vec<f64> = (0..2 * d).map(|v| ((v * 5) as f64).cos()).collect();
    let narrow: Vec<f32> = a.iter().map(|v| *v as f32).collect();
    for family in FAMILIES {
        let of = |seed, stream| {
            let mut out = vec![0.0; 12 * 2];
            Sketch::new(family, 12, d, seed, stream).apply(&a, 2, &mut Vec::new(), &mut out);
            out
        };
        assert_eq!(of(1, 2), of(1, 2));
        assert!(of(1, 2) != of(1, 3) && of(1, 2) != of(2, 2));
        let mut single = vec![0.0_f32; 24];
        Sketch::new(family, 12, d, 1, 2).apply(&narrow, 2, &mut Vec::new(), &mut single);
        of(1, 2).iter().zip(&single).for_each(|(a, b)| assert!((a - f64::from(*b)).abs() < 1e-5));
        // Each column by itself is the same as both together.
        let second: Vec<f64> = a.iter().skip(1).step_by(2).copied().collect();
        let mut out = vec![0.0; 12];
        Sketch::new(family, 12, d, 1, 2).apply(&second, 1, &mut Vec::new(), &mut out);
        assert!(of(1, 2).iter().skip(1).step_by(2).zip(&out).all(|(a, b)| a == b));
    }
}
