//! NumPy's default `argsort` (introsort, without the vector instructions of newer versions).
//!
//! It is not stable: which of several equal scores come first depends on the algorithm. The data sets have many ties
//! (equal Lipschitz constants, gradients that are still zero), so runs agree with published ones only if ties fall
//! alike.

/// Ranges up to this many places are sorted by insertion.
const SMALL: usize = 16;

/// The order that sorts `keys`, smallest first. Keys must not be NaN.
pub fn argsort(keys: &[f64]) -> Vec<usize> {
    let n = keys.len();
    let mut order: Vec<usize> = (0..n).collect();
    if n < 2 {
        return order;
    }
    // Ranges that wait, with what depth is left for them.
    let mut waiting = vec![(0, n - 1, 2 * n.ilog2() as i32)];
    while let Some((mut low, mut high, mut depth)) = waiting.pop() {
        if depth < 0 {
            heapsort(keys, &mut order[low..=high]);
            continue;
        }
        // The smaller part is next, so this ends soon; a range has a place before and after its median.
        while high - low > SMALL {
            let middle = split(keys, &mut order, low, high);
            depth -= 1;
            if middle - low < high - middle {
                waiting.push((middle + 1, high, depth));
                high = middle - 1;
            } else {
                waiting.push((low, middle - 1, depth));
                low = middle + 1;
            }
        }
        insertion(keys, &mut order[low..=high]);
    }
    order
}

/// Splits around the median of the first, the middle and the last key; the place of that median.
fn split(keys: &[f64], order: &mut [usize], low: usize, high: usize) -> usize {
    let middle = low + (high - low) / 2;
    for (a, b) in [(middle, low), (high, middle), (middle, low)] {
        if keys[order[a]] < keys[order[b]] {
            order.swap(a, b);
        }
    }
    let pivot = keys[order[middle]];
    let (mut i, mut j) = (low, high - 1);
    order.swap(middle, j);
    loop {
        i += 1;
        while keys[order[i]] < pivot {
            i += 1;
        }
        j -= 1;
        while pivot < keys[order[j]] {
            j -= 1;
        }
        if i >= j {
            break;
        }
        order.swap(i, j);
    }
    order.swap(i, high - 1);
    i
}

fn insertion(keys: &[f64], order: &mut [usize]) {
    for i in 1..order.len() {
        let moved = order[i];
        let mut j = i;
        while j > 0 && keys[moved] < keys[order[j - 1]] {
            order[j] = order[j - 1];
            j -= 1;
        }
        order[j] = moved;
    }
}

/// Where splits were unlucky too often.
fn heapsort(keys: &[f64], order: &mut [usize]) {
    let n = order.len();
    for start in (0..n / 2).rev() {
        sift(keys, &mut order[..n], start);
    }
    for end in (1..n).rev() {
        order.swap(0, end);
        sift(keys, &mut order[..end], 0);
    }
}

fn sift(keys: &[f64], heap: &mut [usize], mut at: usize) {
    while 2 * at + 1 < heap.len() {
        let mut child = 2 * at + 1;
        if child + 1 < heap.len() && keys[heap[child]] < keys[heap[child + 1]] {
            child += 1;
        }
        if !(keys[heap[at]] < keys[heap[child]]) {
            return;
        }
        heap.swap(at, child);
        at = child;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts() {
        for n in [0, 1, 2, 3, 17, 18, 100, 1000] {
            for modulus in [1, 7, 1_000_003] {
                let keys: Vec<f64> = (0..n).map(|k: usize| ((k * 7919 + 13) % modulus) as f64).collect();
                let order = argsort(&keys);
                assert!(order.windows(2).all(|w| keys[w[0]] <= keys[w[1]]));
                let mut seen = order.clone();
                seen.sort_unstable();
                assert!(seen.iter().enumerate().all(|(a, b)| a == *b));
            }
        }
        let keys: Vec<f64> = (0..50).map(|k| f64::from(k * 37 % 11)).collect();
        let mut order: Vec<usize> = (0..50).collect();
        heapsort(&keys, &mut order);
        assert!(order.windows(2).all(|w| keys[w[0]] <= keys[w[1]]));
    }

    /// Orders printed by NumPy 1.26.4 with vector instructions off.
    #[test]
    fn ties_fall_as_in_numpy() {
        let ones = [
            0, 22, 23, 24, 25, 26, 27, 28, 21, 29, 31, 32, 33, 34, 35, 36, 37, 30, 20, 19, 18, 1, 2, 3, 4, 5,
            6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 38, 39,
        ];
        assert_eq!(argsort(&[1.0; 40]), ones);
        let keys: Vec<f64> = (0..300).map(|k| f64::from(k * 7919 % 23)).collect();
        let order = argsort(&keys);
        let first =
            [0, 276, 253, 230, 207, 184, 161, 138, 115, 92, 69, 46, 23, 299, 148, 10, 79, 217, 56, 171];
        let last = [36, 82, 13, 220, 151, 289];
        assert_eq!(order[..20], first);
        assert_eq!(order[294..], last);
    }
}
