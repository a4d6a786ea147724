//! Round trips to the bit, and refusals.

use super::*;
use crate::altmin::alternation::Side;
use crate::altmin::{Entries, Precision, Problem, Repeats, solve};
use crate::runtime::parallel::Team;
use crate::runtime::{Control, ErrorKind, Family, Options};

fn fitted<T: Precision>(set: &[(&str, &str)]) -> (Problem<T>, Model<T>, HeldOut) {
    let cells =
        (0..20_i64).flat_map(|i| (0..14_i64).map(move |j| (i, j))).filter(|(i, j)| (i * j + i) % 3 != 0);
    let (row, col): (Vec<i64>, Vec<i64>) = cells.unzip();
    let value: Vec<f64> =
        row.iter().zip(&col).map(|(i, j)| 2.0 + ((i * j) as f64).sin() + 0.1 * *i as f64).collect();
    let entries = Entries { rows: 20, cols: 14, row: &row, col: &col, value: &value, weight: None };
    let mut options = Options::new(Family::Altmin);
    for (key, value) in [("rank", "3"), ("max_iterations", "20")].iter().chain(set) {
        options.set_text(key, value).unwrap();
    }
    let control = &mut Control::new();
    let problem = Problem::<T>::new(entries, &options, control).unwrap();
    let solution = solve(&problem, &options, None, control).unwrap();
    (problem, solution.model, solution.held_out)
}

trait Precise: Precision {
    fn of(loaded: Loaded) -> Option<Saved<Self>>;
}

impl Precise for f64 {
    fn of(loaded: Loaded) -> Option<Saved<f64>> {
        match loaded {
            Loaded::Double(saved) => Some(saved),
            Loaded::Single(_) => None,
        }
    }
}

impl Precise for f32 {
    fn of(loaded: Loaded) -> Option<Saved<f32>> {
        match loaded {
            Loaded::Single(saved) => Some(saved),
            Loaded::Double(_) => None,
        }
    }
}

fn round_trip<T: Precise>(set: &[(&str, &str)]) {
    let (problem, model, held_out) = fitted::<T>(set);
    let bare = save(&model, None).unwrap();
    let full = save(&model, Some((problem.observations(), held_out))).unwrap();
    assert!(bare.len() < full.len());
    assert_eq!([size(&model, None), size(&model, Some(problem.observations()))], [bare.len(), full.len()]);
    for bytes in [bare, full] {
        let back = T::of(load(&bytes).unwrap()).unwrap();
        let entries = back.entries.as_ref().map(|(observed, held_out)| (observed, *held_out));
        assert_eq!(save(&back.model, entries).unwrap(), bytes, "{set:?}");
        let all = |m: &Model<T>| -> Vec<u64> {
            (0..m.rows() * m.cols()).map(|at| m.predict(at / m.cols(), at % m.cols()).to_bits()).collect()
        };
        assert_eq!(all(&back.model), all(&model));
        assert_eq!(back.model.top(Side::Rows, 3, &[1], 4), model.top(Side::Rows, 3, &[1], 4));
        let new = Entries { rows: 1, cols: 14, row: &[0, 0], col: &[2, 9], value: &[1.0, 3.0], weight: None };
        let fold = |m: &Model<T>| {
            let folded =
                m.fold_in(Side::Rows, new, Repeats::Error, &Team::solo(), &mut Control::new()).unwrap();
            (folded.factor(Side::Rows), folded.biases(Side::Rows))
        };
        assert_eq!(fold(&back.model), fold(&model), "{set:?}");
        if let Some((observed, _)) = back.entries {
            let other = problem.observations();
            for side in [Side::Rows, Side::Columns] {
                for i in 0..observed.lines(side).len() {
                    let (a, b) = (observed.lines(side).line(i), other.lines(side).line(i));
                    assert!((a.index, a.value, a.weight) == (b.index, b.value, b.weight));
                }
            }
        }
    }
}

#[test]
fn every_kind_of_model_comes_back_to_the_bit() {
    round_trip::<f64>(&[("ridge", "0.1"), ("biases", "true"), ("bias_ridge", "0.3"), ("held_out", "0.1")]);
    round_trip::<f32>(&[("ridge", "0.1"), ("ridge_power", "0.5"), ("center", "true")]);
    round_trip::<f64>(&[("ridge", "0"), ("search", "plain")]);
    round_trip::<f64>(&[("ridge", "0.1"), ("nonnegative", "true")]);
    round_trip::<f32>(&[("ridge", "1"), ("feedback", "implicit"), ("confidence", "2")]);
    for loss in ["huber", "student", "trimmed"] {
        round_trip::<f64>(&[("ridge", "0.1"), ("loss", loss)]);
    }
}

#[test]
fn other_bytes_are_refused_with_a_reason() {
    let (problem, model, held_out) = fitted::<f64>(&[("ridge", "0.1"), ("biases", "true")]);
    let good = save(&model, Some((problem.observations(), held_out))).unwrap();
    for cut in [0, 10, 31, 40, 100, good.len() / 2, good.len() - 1] {
        assert_eq!(load(&good[..cut]).unwrap_err().kind(), ErrorKind::Format, "{cut}");
    }
    for at in (0..good.len()).step_by(7) {
        let mut damaged = good.clone();
        damaged[at] ^= 0x20;
        assert!(load(&damaged).is_err(), "{at}");
    }
    assert!(
        load(b"row,col,value\n1,2,3\nand so on, at some length").unwrap_err().to_string().contains("SWLS")
    );
    // A checksum does not make a model: every field is looked at.
    let payload = state::open(&good, KIND).unwrap().1.to_vec();
    let changed = |at: usize, bytes: &[u8]| {
        let mut payload = payload.clone();
        payload[at..at + bytes.len()].copy_from_slice(bytes);
        load(&state::seal(KIND, LAYOUT, &payload).unwrap()).unwrap_err().to_string()
    };
    let huge = u64::MAX.to_le_bytes();
    for (at, bytes, says) in [
        (0, &[7, 0, 0, 0][..], "4 or 8 bytes"),
        (4, &[9, 0, 0, 0], "kind of model"),
        (8, &[2, 0, 0, 0], "marks"),
        (12, &[3, 0, 0, 0], "marks"),
        (16, &[4, 0, 0, 0], "loss"),
        (16, &[1, 0, 0, 0], "loss"),
        (20, &huge, "sizes"),
        (36, &huge, "fit in memory"),
        (44, &f64::NAN.to_le_bytes(), "scale"),
        (100, &f64::INFINITY.to_le_bytes(), "finite"),
    ] {
        assert!(changed(at, bytes).contains(says), "{at}: {}", changed(at, bytes));
    }
    let mut long = payload.clone();
    long.push(0);
    let refused = load(&state::seal(KIND, LAYOUT, &long).unwrap()).unwrap_err();
    assert!(refused.to_string().contains("nothing after"), "{refused}");
    let later = load(&state::seal(KIND, LAYOUT + 1, &payload).unwrap()).unwrap_err();
    assert!(later.to_string().contains("layout 1"), "{later}");
}
