//! What constructors refuse, by name.

use super::super::{
    Adjusted, Boundary, Coupling, Data, Denoiser, Experts, FieldOfExperts, Grid, Image, KernelRidge, Lengths,
    NonsmoothElasticNet, Quadratic, Sampling, SamplingConstants, Sharing, Split, Sure, Task, TotalVariation,
    WeightedTotalVariation, huber, hyper_cleaning, logistic, multinomial, proximal, ridge,
    smoothed_elastic_net, squared_hinge,
};
use super::cases::{Kind, dense, image, task};
use super::normal;
use crate::model::Loss;
use crate::model::loss::{Hinge, Poisson, Squared};
use crate::runtime::{Error, ErrorKind, Result};

/// The message of a refusal begins with the subject and has the rest in it.
fn refused<T>(result: Result<T>, subject: &str, rest: &str) {
    let Err(error) = result else { panic!("{subject}: not refused") };
    let message = error.to_string();
    assert!(message.starts_with(subject) && message.contains(rest), "{message}");
}

fn split(kind: Kind) -> Split {
    Split::HoldOut(task(6, 3, kind, 1))
}

fn with(change: impl Fn(&mut Task)) -> Split {
    let mut task = task(6, 3, Kind::Numbers, 1);
    change(&mut task);
    Split::HoldOut(task)
}

#[test]
fn rows_and_folds() {
    let ridge = |split| ridge(split, &Sharing::Single, false);
    refused(ridge(with(|t| t.training.y.truncate(5))), "training.y.len", "expected 6 numbers, found 5");
    refused(ridge(with(|t| t.validation.y[1] = f64::NAN)), "validation.y, entry 1", "finite");
    refused(ridge(with(|t| t.validation.x = dense(4, 2, 1))), "validation.x.cols", "3, as many");
    refused(
        ridge(with(|t| t.training = Data { x: dense(0, 3, 1), y: vec![] })),
        "training.x.rows",
        "at least 1",
    );
    refused(
        ridge(with(|t| t.training = Data { x: dense(3, 0, 1), y: vec![0.0; 3] })),
        "training.x.cols",
        "at least 1",
    );
    refused(ridge(Split::Tasks(Vec::new())), "tasks.len", "at least 1");
    let folds = |fold: &[usize]| {
        ridge(Split::Folds { data: Data { x: dense(4, 2, 1), y: normal(4, 2) }, fold: fold.to_vec() })
    };
    refused(folds(&[0, 1, 0]), "fold.len", "4");
    refused(folds(&[0, 0, 0, 0]), "fold", "at least 2 folds");
    refused(folds(&[0, 2, 0, 2]), "fold", "none in 1");
    refused(folds(&[0, 1, usize::MAX, 1]), "fold, row 2", "below 4");
    assert!(folds(&[0, 1, 0, 1]).is_ok());
}

#[test]
fn linear_models() {
    let groups = |groups: &[usize]| ridge(split(Kind::Numbers), &Sharing::Groups(groups.to_vec()), false);
    refused(groups(&[0, 1]), "groups.len", "3");
    refused(groups(&[0, 2, 2]), "groups", "none in 1");
    refused(groups(&[0, usize::MAX, 1]), "groups", "below 3");
    refused(logistic(split(Kind::Numbers), &Sharing::Single, false), "training.y, row", "-1 or 1");
    refused(
        multinomial(split(Kind::Classes(3)), 2, &Sharing::Single, false),
        "training.y, row",
        "a class from 0 to 1",
    );
    refused(multinomial(split(Kind::Classes(1)), 1, &Sharing::Single, false), "classes", "at least 2");
    refused(smoothed_elastic_net(split(Kind::Numbers), Loss::Squared(Squared), 0.0, false), "v", "above 0");
    refused(
        smoothed_elastic_net(split(Kind::Labels), Loss::Hinge(Hinge), 0.1, false),
        "loss",
        "bounded curvature",
    );
    refused(
        NonsmoothElasticNet::new(split(Kind::Labels), Loss::Poisson(Poisson), true, false, |_| {
            Err(Error::new(ErrorKind::Internal, "solver"))
        }),
        "loss",
        "bounded curvature",
    );
    refused(squared_hinge(split(Kind::Labels), -1.0, false), "width", "at least 0");
    refused(squared_hinge(split(Kind::Numbers), 0.5, false), "training.y, row", "-1 or 1");
    refused(huber(split(Kind::Numbers), true, f64::NAN, &Sharing::Single, false), "judged_by", "above 0");
    refused(hyper_cleaning(task(6, 3, Kind::Labels, 1), 0, 0.0, false), "c", "above 0");
    refused(hyper_cleaning(task(6, 3, Kind::Classes(1), 1), 1, 1.0, false), "classes", "at least 2");
    refused(
        proximal(split(Kind::Numbers), Loss::Squared(Squared), f64::INFINITY, false),
        "lambda",
        "above 0",
    );
}

#[test]
fn other_models() {
    let new = |a1, b1, a2, a3, b2| Quadratic::new(a1, normal(b1, 1), a2, a3, normal(b2, 2));
    refused(new(dense(3, 2, 1), 2, dense(4, 2, 2), dense(4, 1, 3), 4), "b1.len", "3");
    refused(new(dense(3, 2, 1), 3, dense(4, 2, 2), dense(4, 1, 3), 3), "b2.len", "4");
    refused(new(dense(3, 3, 1), 3, dense(4, 2, 2), dense(4, 1, 3), 4), "a1.cols", "2, as of a2");
    refused(new(dense(3, 2, 1), 3, dense(4, 2, 2), dense(3, 1, 3), 4), "a3.rows", "4, as of a2");
    refused(new(dense(3, 2, 1), 3, dense(1, 2, 2), dense(1, 1, 3), 1), "a2", "strongly convex");
    let kernel = |change: &dyn Fn(&mut Task)| {
        let mut task = task(6, 3, Kind::Numbers, 1);
        change(&mut task);
        KernelRidge::new(task, Lengths::Shared)
    };
    refused(kernel(&|t| t.training.y.truncate(2)), "training.y.len", "6");
    refused(kernel(&|t| t.validation.x = dense(4, 1, 1)), "validation.x.cols", "3");
    let net = || ridge(split(Kind::Numbers), &Sharing::PerFeature, false).unwrap();
    let drawn = |weight, center| Adjusted::new(net()).drawn_to(weight, center);
    refused(drawn(0.0, vec![0.0; 3]), "weight", "above 0");
    refused(drawn(1.0, vec![0.0; 2]), "center.len", "3");
    refused(drawn(1.0, vec![0.0, f64::INFINITY, 0.0]), "center, entry 1", "finite");
    let bounded = |lower, upper| Adjusted::new(net()).set_bounds(lower, upper);
    refused(bounded(vec![0.0; 2], vec![1.0; 3]), "lower.len", "3");
    refused(bounded(vec![0.0; 3], vec![1.0; 4]), "upper.len", "3");
    refused(bounded(vec![0.0; 3], vec![1.0, -1.0, 1.0]), "lower, entry 1", "at most -1");
}

#[test]
fn images() {
    let denoising = |images| TotalVariation::denoising(images, Coupling::Isotropic, false);
    refused(denoising(Vec::new()), "images.len", "at least 1");
    let good = || image(3, 4, 1);
    refused(
        denoising(vec![Image { grid: Grid { height: 0, width: 4 }, ..good() }]),
        "height, image 0",
        "at least 1",
    );
    refused(denoising(vec![good(), Image { noisy: vec![0.0; 11], ..good() }]), "images[1].noisy.len", "12");
    refused(denoising(vec![Image { truth: Some(vec![0.0; 2]), ..good() }]), "images[0].truth.len", "12");
    refused(
        denoising(vec![Image { noisy: vec![f64::NAN; 12], ..good() }]),
        "images[0].noisy, entry 0",
        "finite",
    );
    let masked = |forward, ridge| TotalVariation::masked(vec![good()], forward, Coupling::Isotropic, ridge);
    refused(masked(Vec::new(), true), "forward.len", "1");
    refused(masked(vec![vec![1.0; 5]], true), "forward[0].len", "12");
    refused(masked(vec![vec![0.0; 12]], false), "forward[0]", "strongly convex");
    let problem = denoising(vec![Image { truth: None, ..good() }]).unwrap();
    refused(crate::bilevel::problem::Problem::validate(&problem), "images[0].truth", "none");
    refused(Sure::new(problem, 0.0, 1), "sigma", "above 0");
    refused(Sure::new(masked(vec![vec![1.0; 12]], false).unwrap(), 0.1, 1), "denoiser", "the image itself");
    let weighted = |images, v| WeightedTotalVariation::new(images, Coupling::Isotropic, v);
    refused(weighted(vec![good(), image(4, 3, 1)], 0.1), "grid, image 1", "3 x 4, as the first");
    refused(weighted(vec![good()], 0.0), "v", "above 0");
    let sampling = |fixed| Sampling::new(vec![good()], Coupling::Isotropic, fixed);
    refused(sampling(SamplingConstants { v: 0.1, ridge: -1.0, cost: 0.0 }), "ridge", "at least 0");
    refused(sampling(SamplingConstants { v: 0.1, ridge: 0.0, cost: f64::NAN }), "cost", "at least 0");
    let form =
        Experts { count: 1, side: 3, boundary: Boundary::Periodic, zero_mean: false, has_factor: false };
    refused(FieldOfExperts::new(vec![good()], Experts { count: 0, ..form }), "count", "at least 1");
    refused(FieldOfExperts::new(vec![good()], Experts { count: usize::MAX, ..form }), "count", "at most");
    refused(FieldOfExperts::new(vec![good()], Experts { side: 4, ..form }), "side, image 0", "at most 3");
    let problem = FieldOfExperts::new(vec![good()], form).unwrap();
    refused(problem.with_noisy(vec![vec![0.0; 3]]), "images[0].noisy.len", "12");
}
