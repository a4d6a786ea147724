//! How often the data are held, measured: once where they are borrowed, twice where they are copied, and once more in the
//! other order for greedy rules on sparse data; beside them some vectors of the rows and columns (of each class), and the Gram
//! block of a working set.

mod support;

use southwell::bcd::{Problem, solve};
use southwell::numerics::{DenseView, Duplicates, Layout, Matrix, Order, SparseView};
use southwell::runtime::Control;
use std::alloc::{GlobalAlloc, Layout as Size, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use support::{Numbers, options};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything to the system's allocator and counts beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, size: Size) -> *mut u8 {
        let now = NOW.fetch_add(size.size(), Relaxed) + size.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(size) }
    }
    unsafe fn dealloc(&self, at: *mut u8, size: Size) {
        NOW.fetch_sub(size.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes taken at the peak of `body`, beyond what was taken before.
fn peak(body: impl FnOnce()) -> usize {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    body();
    PEAK.load(Relaxed) - before
}

/// Vectors of all rows and columns that a solve may keep.
const VECTORS: usize = 48;

/// The Gram block of a working set, and panels of matrix products.
const SCRATCH: usize = 8 << 20;

/// Solves and checks that no more was taken than `data` bytes and some vectors of `numbers` numbers.
#[track_caller]
fn takes(name: &str, numbers: usize, data: usize, body: impl FnOnce()) {
    let (found, most) = (peak(body), data + SCRATCH + 8 * VECTORS * numbers);
    println!("{name}: {found} bytes, at most {most}");
    assert!(found <= most, "{name}: {found} bytes, more than {most}");
    // The other half of the claim: what is said to be held is held, so the figure is not slack.
    assert!(found >= data, "{name}: {found} bytes, less than {data}");
}

fn run(problem: &Problem<'_>, pairs: &[(&str, &str)]) {
    solve(problem, &options(pairs), None, &mut Control::new()).unwrap();
}

/// One test, since the count is of the whole process.
#[test]
fn data_are_held_as_often_as_promised() {
    let mut n = Numbers(1);
    let (rows, cols) = (1000, 6000);
    let (a, y) = (n.vector(rows * cols), n.vector(rows));
    let view = DenseView { data: &a[..], rows, cols, ld: rows, order: Order::ColumnMajor };
    let bytes = 8 * rows * cols;
    let pairs = [("lambda_ratio", "0.5"), ("tolerance", "1e-4")];
    takes("dense, borrowed", rows + cols, 0, || {
        run(&Problem::new(Matrix::dense_borrowed(view).unwrap(), &y).unwrap(), &pairs);
    });
    takes("dense, copied", rows + cols, bytes, || {
        run(&Problem::new(Matrix::dense(view).unwrap(), &y).unwrap(), &pairs);
    });
    let greedy = [("lambda_ratio", "0.5"), ("rule", "gs"), ("max_iterations", "20")];
    takes("dense, greedy", rows + cols, 0, || {
        run(&Problem::new(Matrix::dense_borrowed(view).unwrap(), &y).unwrap(), &greedy);
    });
    let classes: Vec<f64> = (0..rows).map(|r| (r % 4) as f64).collect();
    let softmax = [("loss", "softmax"), ("lambda_ratio", "0.7"), ("tolerance", "1e-3")];
    takes("dense, borrowed, four classes", 4 * (rows + cols), 0, || {
        run(&Problem::new(Matrix::dense_borrowed(view).unwrap(), &classes).unwrap(), &softmax);
    });

    let (rows, cols, per_column) = (4000, 4000, 400);
    let (mut indptr, mut indices, mut values) = (vec![0_i64], Vec::<i32>::new(), Vec::new());
    for j in 0..cols {
        for k in 0..per_column {
            indices.push(((j * 7) % 10 + 10 * k) as i32);
            values.push(n.next());
        }
        indptr.push(values.len() as i64);
    }
    let y = n.vector(rows);
    let (indptr, indices, values) = (&indptr[..], &indices[..], &values[..]);
    let view = SparseView { rows, cols, indptr, indices, values, layout: Layout::Csc };
    // A value of eight bytes and an index of four.
    let bytes = 12 * cols * per_column;
    takes("sparse, borrowed", rows + cols, 0, || {
        run(&Problem::new(Matrix::sparse_borrowed(view).unwrap(), &y).unwrap(), &pairs);
    });
    takes("sparse, copied", rows + cols, bytes, || {
        run(&Problem::new(Matrix::sparse(view, Duplicates::Error).unwrap(), &y).unwrap(), &pairs);
    });
    let greedy =
        [("lambda_ratio", "0.5"), ("rule", "gs"), ("greedy_gradient", "rows"), ("max_iterations", "20")];
    takes("sparse, borrowed, greedy", rows + cols, bytes, || {
        run(&Problem::new(Matrix::sparse_borrowed(view).unwrap(), &y).unwrap(), &greedy);
    });
    takes("sparse, copied, greedy", rows + cols, 2 * bytes, || {
        run(&Problem::new(Matrix::sparse(view, Duplicates::Error).unwrap(), &y).unwrap(), &greedy);
    });
}
