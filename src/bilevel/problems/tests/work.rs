//! What one gradient or Hessian product is said to cost.

use super::super::{
    Boundary, Coupling, Experts, FieldOfExperts, KernelRidge, Lengths, Sharing, Split, Sure, TotalVariation,
    multinomial, ridge,
};
use super::cases::{Kind, image, task};
use crate::bilevel::problem::Problem;

#[test]
fn flops_are_those_of_the_products() {
    let of_rows = |rows, intercept| {
        let split = Split::HoldOut(task(rows, 4, Kind::Numbers, 1));
        ridge(split, &Sharing::Single, intercept).unwrap().flops(0)
    };
    assert_eq!([of_rows(9, false), of_rows(18, false), of_rows(9, true)], [4 * 36, 4 * 72, 4 * 45]);
    let of_classes = |classes| {
        let split = Split::HoldOut(task(12, 4, Kind::Classes(3), 2));
        multinomial(split, classes, &Sharing::Single, false).unwrap().flops(0)
    };
    assert_eq!([of_classes(3), of_classes(5)], [3 * 4 * 48, 5 * 4 * 48]);
    let kernel = KernelRidge::new(task(9, 2, Kind::Numbers, 3), Lengths::Shared).unwrap();
    assert_eq!(kernel.flops(0), 2 * 81);
    let form = |count, side| Experts {
        count,
        side,
        boundary: Boundary::Symmetric,
        zero_mean: false,
        has_factor: false,
    };
    let experts =
        |count, side| FieldOfExperts::new(vec![image(6, 5, 4)], form(count, side)).unwrap().flops(0);
    assert_eq!([experts(2, 3), experts(6, 3), experts(2, 5)], [4 * 18 * 30, 4 * 54 * 30, 4 * 50 * 30]);
    let denoising = || TotalVariation::denoising(vec![image(6, 5, 5)], Coupling::Isotropic, false).unwrap();
    assert_eq!(Sure::new(denoising(), 0.2, 6).unwrap().flops(0), 2 * denoising().flops(0));
}
