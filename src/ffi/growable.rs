//! Structs that begin with their size, so that either side may know a longer one than the other.

use super::guard::{argument, check_pointer};
use crate::runtime::{Error, ErrorKind, Result};

/// No struct of this interface will ever be longer; a larger number is a struct whose size was never set.
const LONGEST: usize = 4096;

/// A growable struct.
///
/// # Safety
/// The struct is `repr(C)`, begins with `struct_size: u32`, has no padding, and may be all zeros.
pub(super) unsafe trait Growable: Copy {
    /// Its name in the header.
    const NAME: &'static str;
    /// Its size when it was first published.
    const FIRST: usize;
}

/// Checks a stated size against the first published one and against nonsense.
fn check_size<T: Growable>(pointer: *const T, subject: &str) -> Result<usize> {
    check_pointer(pointer, subject)?;
    // SAFETY: not null, aligned, and every growable struct begins with its size.
    let size = unsafe { pointer.cast::<u32>().read() } as usize;
    if size < T::FIRST || size > LONGEST || !size.is_multiple_of(align_of::<T>()) {
        return Err(argument(
            &format!("{subject}.struct_size"),
            format!("sizeof({}), which is {}", T::NAME, size_of::<T>()),
            size,
        ));
    }
    Ok(size)
}

/// Reads an input struct. What this library does not know must be zero: a new field is never silently ignored.
///
/// # Safety
/// `pointer` is null or has as many bytes as it states.
pub(super) unsafe fn read<T: Growable>(pointer: *const T, subject: &str) -> Result<T> {
    let size = check_size(pointer, subject)?;
    let ours = size_of::<T>();
    // SAFETY: `Growable` may be all zeros.
    let mut value: T = unsafe { std::mem::zeroed() };
    // SAFETY: both have this many bytes, and `value` is our own.
    unsafe { std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), (&raw mut value).cast(), size.min(ours)) };
    for at in ours..size {
        // SAFETY: within the stated size.
        if unsafe { pointer.cast::<u8>().add(at).read() } != 0 {
            return Err(Error::new(ErrorKind::Unsupported, subject)
                .at(format!("byte {at}"))
                .expected("0: this library does not know that field")
                .found("a value"));
        }
    }
    Ok(value)
}

/// Structs of the caller that will be written.
pub(super) struct Slot<T> {
    start: *mut T,
    size: usize,
    count: usize,
}

/// Checks an output struct before the work begins.
///
/// # Safety
/// `pointer` is null or has as many bytes as it states, until the slot is written.
pub(super) unsafe fn slot<T: Growable>(pointer: *mut T, subject: &str) -> Result<Slot<T>> {
    // SAFETY: as the caller promises.
    unsafe { slots(pointer, 1, subject) }
}

/// The same for an array whose stride is the size that its first struct states.
///
/// # Safety
/// `pointer` is null or has `count` structs, at least one, of that size, until the slots are written.
pub(super) unsafe fn slots<T: Growable>(pointer: *mut T, count: usize, subject: &str) -> Result<Slot<T>> {
    check_size(pointer, subject).map(|size| Slot { start: pointer, size, count })
}

/// The same for one that NULL says is not wanted.
///
/// # Safety
/// As `slot`.
pub(super) unsafe fn optional_slot<T: Growable>(pointer: *mut T, subject: &str) -> Result<Option<Slot<T>>> {
    // SAFETY: as the caller promises.
    if pointer.is_null() { Ok(None) } else { unsafe { slot(pointer, subject) }.map(Some) }
}

impl<T: Growable> Slot<T> {
    /// Writes as much of `value` as fits, zeros after it, and leaves the caller's `struct_size`.
    pub(super) fn write(&self, value: &T) {
        self.write_nth(0, value);
    }

    /// Writes the `n`-th struct of an array. Panics where there are not so many.
    pub(super) fn write_nth(&self, n: usize, value: &T) {
        assert!(n < self.count, "struct {n} of {}", self.count);
        let fits = self.size.min(size_of::<T>());
        let size = self.size as u32;
        // SAFETY: `slots` promises the bytes of `count` structs.
        unsafe {
            let start = self.start.cast::<u8>().add(n * self.size);
            std::ptr::copy_nonoverlapping(std::ptr::from_ref(value).cast::<u8>(), start, fits);
            start.add(fits).write_bytes(0, self.size - fits);
            start.cast::<u32>().write(size);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Pair {
        struct_size: u32,
        first: i32,
        second: f64,
    }
    // SAFETY: as the trait asks.
    unsafe impl Growable for Pair {
        const NAME: &'static str = "pair";
        const FIRST: usize = 8;
    }

    #[repr(C)]
    struct Longer {
        pair: Pair,
        third: f64,
    }

    fn with(size: usize, third: f64) -> Longer {
        Longer { pair: Pair { struct_size: size as u32, first: 1, second: 2.0 }, third }
    }

    #[test]
    fn shorter_and_longer_inputs_are_read() {
        let get = |longer: &Longer| {
            // SAFETY: 24 bytes are there.
            unsafe { read::<Pair>(std::ptr::from_ref(longer).cast(), "p") }.map(|p| (p.first, p.second))
        };
        assert_eq!(get(&with(8, 3.0)).unwrap(), (1, 0.0));
        assert_eq!(get(&with(16, 3.0)).unwrap(), (1, 2.0));
        assert_eq!(get(&with(24, 0.0)).unwrap(), (1, 2.0));
        assert_eq!(get(&with(24, 3.0)).unwrap_err().kind(), ErrorKind::Unsupported);
        for size in [0, 4, 9, 1 << 20] {
            let error = get(&with(size, 0.0)).unwrap_err();
            assert!(error.to_string().contains("p.struct_size: expected sizeof(pair), which is 16"));
        }
    }

    #[test]
    fn outputs_are_cut_or_filled_with_zeros() {
        let value = Pair { struct_size: 16, first: 5, second: 6.0 };
        for (size, second, third) in [(8, 2.0, 3.0), (16, 6.0, 3.0), (24, 6.0, 0.0)] {
            let mut longer = with(size, 3.0);
            // SAFETY: 24 bytes are there.
            unsafe { slot::<Pair>((&raw mut longer).cast(), "p") }.unwrap().write(&value);
            let pair = longer.pair;
            assert_eq!(
                (pair.struct_size as usize, pair.first, pair.second, longer.third),
                (size, 5, second, third)
            );
        }
    }
}
