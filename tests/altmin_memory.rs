//! The estimate of what a completion takes is an upper bound, and not a wild one.

use southwell::altmin::{Entries, Problem, solve};
use southwell::runtime::{Control, Family, Options};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything to the system's allocator and counts beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, size: Layout) -> *mut u8 {
        let now = NOW.fetch_add(size.size(), Relaxed) + size.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(size) }
    }
    unsafe fn dealloc(&self, at: *mut u8, size: Layout) {
        NOW.fetch_sub(size.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// One test, since the count is of the whole process.
#[test]
fn a_completion_takes_no_more_than_was_estimated() {
    let (rows, cols) = (3000, 2000);
    let place = |k: u64| k.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut places: Vec<(i64, i64)> = (0..150_000_u64)
        .map(|k| (((place(k) >> 40) % 3000) as i64, ((place(k) >> 20) % 2000) as i64))
        .collect();
    places.sort_unstable();
    places.dedup();
    let (row, col): (Vec<i64>, Vec<i64>) = places.into_iter().unzip();
    let value: Vec<f64> =
        row.iter().zip(&col).map(|(i, j)| (*i as f64 * 0.7).sin() * (*j as f64 * 0.3).cos() + 2.0).collect();
    let weight = vec![2.0; value.len()];
    let mut wrong = Vec::new();
    for (set, weighted) in [
        (&[("rank", "16"), ("ridge", "0.1")][..], false),
        (&[("rank", "8"), ("ridge", "0.1"), ("biases", "true"), ("held_out", "0.1")], true),
        (&[("rank", "8")], false),
        (&[("rank", "4"), ("ridge", "0.1"), ("nonnegative", "true")], false),
        (&[("rank", "8"), ("ridge", "1"), ("feedback", "implicit")], false),
        (&[("rank", "8"), ("ridge", "0.1"), ("loss", "student"), ("held_out", "0.1")], false),
        (&[("rank", "3"), ("ridge", "0"), ("max_iterations", "30")], false),
    ] {
        let mut options = Options::new(Family::Altmin);
        options.set_text("max_iterations", "12").unwrap();
        set.iter().for_each(|(key, value)| options.set_text(key, value).unwrap());
        let entries = Entries {
            rows,
            cols,
            row: &row,
            col: &col,
            value: &value,
            weight: weighted.then_some(&weight[..]),
        };
        let estimate = Problem::<f64>::memory_estimate(rows, cols, value.len(), weighted, &options).unwrap();
        let before = NOW.load(Relaxed);
        PEAK.store(before, Relaxed);
        let control = &mut Control::new();
        let problem = Problem::<f64>::new(entries, &options, control).unwrap();
        solve(&problem, &options, None, control).unwrap();
        drop(problem);
        let found = PEAK.load(Relaxed) - before;
        println!("{set:?}: {found} bytes, estimated {estimate}");
        // What does not grow with the data: panels and stacks of threads.
        let fixed = 2 << 20;
        if found > estimate + fixed || estimate > 4 * found + fixed {
            wrong.push(format!("{set:?}: {found} bytes, estimated {estimate}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
