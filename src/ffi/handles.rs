//! Opaque objects: what a pointer from C is, and who may use it when.
//!
//! Every object begins with a magic number that tells its kind and a word that tells its use: many readers or one
//! writer. Misuse from a second thread, or from a callback into its own object, is a status and not a crash. An object
//! in whose use a panic was caught is poisoned: only `free` takes it.

use super::guard::{argument, check_pointer};
use crate::runtime::{Error, ErrorKind, Result};
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};

/// What stands behind a pointer type of the header.
pub(super) trait Object: Send + Sync + Sized {
    /// The incomplete struct of the header.
    type C;
    /// Four letters.
    const MAGIC: u32;
    /// Its name in the header.
    const NAME: &'static str;
}

#[repr(C)]
struct Handle<T> {
    magic: AtomicU32,
    /// The number of readers, or [`WRITER`]; and [`POISON`].
    usage: AtomicU32,
    value: UnsafeCell<T>,
}

const WRITER: u32 = 1 << 30;
const POISON: u32 = 1 << 31;
const FREED: u32 = 0;

/// Makes an object and hands it to the caller.
///
/// # Safety
/// `out` is null or may be written.
pub(super) unsafe fn publish<T: Object>(value: T, out: *mut *mut T::C) -> Result<()> {
    check_pointer(out, "out")?;
    let handle =
        Handle { magic: AtomicU32::new(T::MAGIC), usage: AtomicU32::new(0), value: UnsafeCell::new(value) };
    // SAFETY: not null, aligned, and writable by the caller's word.
    unsafe { out.write(Box::into_raw(Box::new(handle)).cast()) };
    Ok(())
}

/// The object behind a pointer, if it is one of this kind.
///
/// # Safety
/// `pointer` is null or came from [`publish`] (of any kind) and was not freed.
unsafe fn find<'a, T: Object>(pointer: *const T::C, subject: &str) -> Result<&'a Handle<T>> {
    let pointer: *const Handle<T> = pointer.cast();
    check_pointer(pointer, subject)?;
    // SAFETY: every object begins with its magic number, so this much can be read whatever its kind.
    let magic = unsafe { &(*pointer).magic }.load(Ordering::Relaxed);
    if magic == T::MAGIC {
        // SAFETY: of the right kind and alive.
        return Ok(unsafe { &*pointer });
    }
    let found = if magic == FREED { "one that was freed" } else { "something else" };
    Err(argument(subject, format!("a {}", T::NAME), found))
}

/// The object behind a pointer, whoever uses it, or nothing. Calls nothing but an atomic load.
///
/// # Safety
/// As [`find`]; and `T` is used through atomics only.
pub(super) unsafe fn glance<'a, T: Object>(pointer: *const T::C) -> Option<&'a T> {
    let pointer: *const Handle<T> = pointer.cast();
    if pointer.is_null() || !pointer.is_aligned() {
        return None;
    }
    // SAFETY: as in `find`.
    let handle = unsafe { &*pointer };
    // SAFETY: nobody takes a `T` of this sort by `&mut`.
    (handle.magic.load(Ordering::Relaxed) == T::MAGIC).then(|| unsafe { &*handle.value.get() })
}

/// Many of these at a time.
pub(super) struct Reader<'a, T> {
    handle: &'a Handle<T>,
}

/// One of these at a time.
pub(super) struct Writer<'a, T> {
    handle: &'a Handle<T>,
}

/// Starts to read an object.
///
/// # Safety
/// As [`find`], until the reader is dropped.
pub(super) unsafe fn read<'a, T: Object>(pointer: *const T::C, subject: &str) -> Result<Reader<'a, T>> {
    // SAFETY: passed on.
    let handle = unsafe { find::<T>(pointer, subject) }?;
    let enter = |usage: u32| (usage & (POISON | WRITER) == 0).then_some(usage + 1);
    match handle.usage.fetch_update(Ordering::Acquire, Ordering::Relaxed, enter) {
        Ok(_) => Ok(Reader { handle }),
        Err(usage) => Err(refused::<T>(usage, subject)),
    }
}

/// Starts to change an object.
///
/// # Safety
/// As [`find`], until the writer is dropped.
pub(super) unsafe fn write<'a, T: Object>(pointer: *mut T::C, subject: &str) -> Result<Writer<'a, T>> {
    // SAFETY: passed on.
    let handle = unsafe { find::<T>(pointer, subject) }?;
    match handle.usage.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed) {
        Ok(_) => Ok(Writer { handle }),
        Err(usage) => Err(refused::<T>(usage, subject)),
    }
}

/// Ends an object. Null is fine; one in use is left as it is.
///
/// # Safety
/// As [`find`]; the pointer is not used afterwards.
pub(super) unsafe fn free<T: Object>(pointer: *mut T::C, subject: &str) -> Result<()> {
    if pointer.is_null() {
        return Ok(());
    }
    // SAFETY: passed on.
    let handle = unsafe { find::<T>(pointer, subject) }?;
    let alone = |usage: u32| (usage & !POISON == 0).then_some(usage | WRITER);
    match handle.usage.fetch_update(Ordering::Acquire, Ordering::Relaxed, alone) {
        Ok(_) => {
            handle.magic.store(FREED, Ordering::Relaxed);
            // SAFETY: made by `publish`, and nobody else is in it.
            drop(unsafe { Box::from_raw(pointer.cast::<Handle<T>>()) });
            Ok(())
        }
        Err(usage) => Err(refused::<T>(usage & !POISON, subject)),
    }
}

fn refused<T: Object>(usage: u32, subject: &str) -> Error {
    if usage & POISON != 0 {
        Error::new(ErrorKind::State, subject)
            .expected(format!("a {} in order", T::NAME))
            .found("one that a defect of the library has left undone; it can only be freed")
    } else {
        Error::new(ErrorKind::Busy, subject)
            .expected(format!("a {} that is not in use", T::NAME))
            .found("one in use by another thread or by the call that runs this callback")
    }
}

impl<T> Deref for Reader<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: there is no writer while there are readers.
        unsafe { &*self.handle.value.get() }
    }
}

impl<T> Deref for Writer<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the only writer, and no readers.
        unsafe { &*self.handle.value.get() }
    }
}

impl<T> DerefMut for Writer<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the only writer, and no readers.
        unsafe { &mut *self.handle.value.get() }
    }
}

impl<T> Drop for Reader<'_, T> {
    fn drop(&mut self) {
        poison_in_panic(self.handle);
        self.handle.usage.fetch_sub(1, Ordering::Release);
    }
}

impl<T> Drop for Writer<'_, T> {
    fn drop(&mut self) {
        poison_in_panic(self.handle);
        self.handle.usage.fetch_and(!WRITER, Ordering::Release);
    }
}

fn poison_in_panic<T>(handle: &Handle<T>) {
    if std::thread::panicking() {
        handle.usage.fetch_or(POISON, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::guard::guard;
    use super::super::status::*;
    use super::*;
    use std::ptr::null_mut;

    pub struct Thing;
    pub struct Other;
    impl Object for Vec<u8> {
        type C = Thing;
        const MAGIC: u32 = 7;
        const NAME: &'static str = "thing";
    }
    impl Object for u64 {
        type C = Other;
        const MAGIC: u32 = 8;
        const NAME: &'static str = "other";
    }

    fn thing() -> *mut Thing {
        let mut out = null_mut();
        // SAFETY: `out` may be written.
        unsafe { publish(vec![1_u8], &mut out) }.unwrap();
        out
    }

    #[test]
    fn many_readers_or_one_writer() {
        let t = thing();
        // SAFETY: `t` is alive until the last line.
        unsafe {
            let (a, b) = (read::<Vec<u8>>(t, "t").unwrap(), read::<Vec<u8>>(t, "t").unwrap());
            assert_eq!((a.len(), b[0]), (1, 1));
            assert_eq!(write::<Vec<u8>>(t, "t").err().unwrap().kind(), ErrorKind::Busy);
            assert_eq!(free::<Vec<u8>>(t, "t").unwrap_err().kind(), ErrorKind::Busy);
            drop((a, b));
            let mut w = write::<Vec<u8>>(t, "t").unwrap();
            w.push(2);
            assert_eq!(read::<Vec<u8>>(t, "t").err().unwrap().kind(), ErrorKind::Busy);
            drop(w);
            assert_eq!(read::<Vec<u8>>(t, "t").unwrap().len(), 2);
            free::<Vec<u8>>(t, "t").unwrap();
            free::<Vec<u8>>(null_mut(), "t").unwrap();
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        let t = thing();
        // SAFETY: `t` is an object, of another kind.
        let error = unsafe { read::<u64>(t.cast(), "s") }.err().unwrap();
        assert_eq!(error.to_string(), "s: expected a other, found something else");
        // SAFETY: used for the last time.
        unsafe { free::<Vec<u8>>(t, "t") }.unwrap();
    }

    #[test]
    fn a_panic_poisons() {
        let t = thing();
        // SAFETY: `t` is alive until the last line.
        unsafe {
            let broken = guard(|| {
                let mut w = write::<Vec<u8>>(t, "t")?;
                w.push(3);
                panic!("in the middle")
            });
            assert_eq!(broken, SWL_E_INTERNAL);
            assert_eq!(read::<Vec<u8>>(t, "t").err().unwrap().kind(), ErrorKind::State);
            assert_eq!(write::<Vec<u8>>(t, "t").err().unwrap().kind(), ErrorKind::State);
            free::<Vec<u8>>(t, "t").unwrap();
        }
    }
}
