use super::multilevel::{Hierarchy, Shape};
use crate::numerics::SymmetricMatrix;
use crate::runtime::{Control};
use crate::runtime::parallel::Team;
use std::time::Instant;

pub fn run(a: &SymmetricMatrix, b: &[f64], multi: bool, forests: bool) {
    let t0 = Instant::now();
    let mut control = Control::new();
    let shape = if multi { Shape::Multilevel } else { Shape::Forest };
    let (mut h, order, a) = Hierarchy::<f32>::new(a, shape, forests, &mut control).unwrap();
    let setup = t0.elapsed().as_secs_f64();
    let n = a.size();
    let mut r: Vec<f64> = order.iter().map(|&i| b[i as usize]).collect();
    let size = r.iter().map(|r| r * r).sum::<f64>().sqrt();
    let mut x = vec![0.0; n];
    let mut p = vec![0.0; n];
    let mut ap = vec![0.0; n];
    let (mut r32, mut z) = (vec![0.0_f32; n], vec![0.0_f32; n]);
    let mut norm = size;
    let mut its = 0;
    let mut pap = 1.0;
    let (mut tp, mut tm) = (0.0, 0.0);
    while norm > 1e-8 * size && its < 500 {
        let t = Instant::now();
        let s = 1.0 / norm;
        r32.iter_mut().zip(&r).for_each(|(o, r)| *o = (r * s) as f32);
        h.apply(&r32, &mut z);
        tp += t.elapsed().as_secs_f64();
        let t = Instant::now();
        let beta = if its == 0 { 0.0 } else { -z.iter().zip(&ap).map(|(z, q)| f64::from(*z) * q).sum::<f64>() / pap };
        p.iter_mut().zip(&z).for_each(|(p, z)| *p = f64::from(*z) + beta * *p);
        a.times(&p, &mut ap, &Team::solo());
        pap = 0.0;
        let mut pr = 0.0;
        for i in 0..n { pap += p[i] * ap[i]; pr += p[i] * r[i]; }
        let alpha = pr / pap;
        let mut rr = 0.0;
        for i in 0..n { x[i] += alpha * p[i]; r[i] -= alpha * ap[i]; rr += r[i] * r[i]; }
        norm = rr.sqrt();
        its += 1;
        tm += t.elapsed().as_secs_f64();
    }
    println!("multi {multi} forests {forests}: setup {setup:.3} total {:.3} its {its} rel {:.2e} precond/it {:.4} rest/it {:.4} sizes {:?}", t0.elapsed().as_secs_f64(), norm / size, tp / its as f64, tm / its as f64, h.sizes());
}
