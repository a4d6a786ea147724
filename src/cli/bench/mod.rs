mod argsort;
mod engine;
mod forest;
mod method;
mod nonnegative;
mod objective;
mod select;
mod sets;
mod stream;
mod table;
mod update;

#[cfg(test)]
mod probe {
    use super::engine::run;
    use super::method::*;
    use super::sets::Set;
    #[test]
    #[ignore]
    fn probe() {
        let lists: [(&'static str, Vec<(Blocks, Rule, Update, usize)>); 4] = [
            ("D", vec![
                (Blocks::Variable, Rule::GreedyTree, Update::Exact, 0),
                (Blocks::Variable, Rule::TreePartition { by_lipschitz: true }, Update::Exact, 0),
                (Blocks::Variable, Rule::RedBlack { by_lipschitz: true }, Update::Exact, 0),
                (Blocks::Variable, Rule::RandomTree, Update::Exact, 0),
                (Blocks::Variable, Rule::General, Update::Exact, 0),
                (Blocks::Variable, Rule::Gsl, Update::Gradient, 5),
                (Blocks::Variable, Rule::Gsl, Update::Gradient, 50),
                (Blocks::Variable, Rule::Gsl, Update::Gradient, 100),
                (Blocks::Variable, Rule::Gsq, Update::Bound, 50),
                (Blocks::Variable, Rule::Gsd, Update::Bound, 50),
                (Blocks::Variable, Rule::Schur, Update::Bound, 50),
                (Blocks::Variable, Rule::Gsq, Update::Bound, 100),
                (Blocks::Variable, Rule::Gsd, Update::Bound, 100),
                (Blocks::Variable, Rule::Schur, Update::Bound, 100),
            ]),
            ("A-l1nn", vec![
                (Blocks::Variable, Rule::NonnegativeQ, Update::ProjectedNewton, 5),
                (Blocks::Variable, Rule::NonnegativeQ, Update::TwoMetric, 5),
                (Blocks::Variable, Rule::NonnegativeQ, Update::ProjectedGradient, 5),
                (Blocks::Variable, Rule::NonnegativeQ, Update::ProjectedNewton, 50),
                (Blocks::Variable, Rule::NonnegativeQ, Update::TwoMetric, 50),
                (Blocks::Variable, Rule::NonnegativeQ, Update::ProjectedGradient, 50),
                (Blocks::Sort, Rule::NonnegativeQ, Update::TwoMetric, 50),
            ]),
            ("B", vec![
                (Blocks::Variable, Rule::Gsl, Update::Gradient, 5),
                (Blocks::Variable, Rule::Gsl, Update::Gradient, 50),
                (Blocks::Variable, Rule::Gsd, Update::Gradient, 50),
                (Blocks::Variable, Rule::Gs, Update::Gradient, 50),
                (Blocks::Variable, Rule::Gsd, Update::Bound, 5),
                (Blocks::Variable, Rule::Gsq, Update::Bound, 5),
                (Blocks::Variable, Rule::Schur, Update::Bound, 5),
                (Blocks::Variable, Rule::Gsd, Update::Bound, 50),
                (Blocks::Variable, Rule::Gsq, Update::Bound, 50),
                (Blocks::Variable, Rule::Schur, Update::Bound, 50),
                (Blocks::Variable, Rule::Gsd, Update::Newton, 5),
                (Blocks::Variable, Rule::Gs, Update::Newton, 5),
                (Blocks::Variable, Rule::Gs, Update::Newton, 50),
                (Blocks::Variable, Rule::Gsq, Update::Newton, 100),
            ]),
            ("C", vec![
                (Blocks::Variable, Rule::Random, Update::Gradient, 5),
                (Blocks::Variable, Rule::Gsl, Update::Gradient, 5),
                (Blocks::Variable, Rule::Gs, Update::Gradient, 5),
                (Blocks::Variable, Rule::Gsd, Update::Bound, 5),
                (Blocks::Variable, Rule::Gsl, Update::Bound, 5),
                (Blocks::Variable, Rule::Gs, Update::Bound, 5),
                (Blocks::Variable, Rule::Gsq, Update::Newton, 100),
                (Blocks::Variable, Rule::Gsd, Update::Newton, 100),
            ]),
        ];
        for (name, list) in lists {
            let set = Set::load(name, false);
            for (blocks, rule, update, tau) in list {
                let t = run(&set, Method { blocks, rule, update, tau }, 500);
                eprintln!("{name} {} {} {} {tau}: {:.4e} at {} ({:?}) {:.2} s", blocks.name(), rule.name(), update.name(), t.last(), t.gap.len() - 1, t.identified, t.seconds.last().unwrap());
            }
        }
    }
}
