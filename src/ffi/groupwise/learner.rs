//! The caller's own learner.

use super::super::bcd::Keep;
use super::super::growable::{self, Growable};
use super::super::guard::argument;
use crate::groupwise::Custom;
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Result};
use std::ffi::c_void;
use std::sync::Arc;

/// A learner of the caller's: what it keeps of a group is a state of the caller's. Zero the struct, set struct_size,
/// fill in the rest; it is copied. Callbacks run on the thread that called the library and return 0, or a number above
/// 0 that ends the call with SWL_E_CALLBACK and reaches the caller in the message. Labels and predictions are in units
/// of the label range, 0 its lower end and 1 its upper one. A prediction that is not a finite number puts the expert to
/// sleep for the round.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_learner {
    /// sizeof(swl_learner)
    pub struct_size: u32,
    /// 0
    pub flags: u32,
    /// given to the callbacks
    pub ctx: *mut c_void,
    /// called once when the stream and all its clones are freed, or NULL
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    /// *out = a state: of no rounds where `from` is NULL, else a copy of it
    pub create:
        Option<unsafe extern "C" fn(ctx: *mut c_void, from: *const c_void, out: *mut *mut c_void) -> i32>,
    /// ends a state
    pub destroy: Option<unsafe extern "C" fn(ctx: *mut c_void, state: *mut c_void)>,
    /// *out = the prediction for n features
    pub predict: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            state: *mut c_void,
            x: *const f64,
            n: i64,
            out: *mut f64,
        ) -> i32,
    >,
    /// takes in the label y of a round that was predicted as z and counts weight times; before anything else changes.
    /// Where it fails it must have done nothing: the same label may come again, and then only to those that lack it
    pub update: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            state: *mut c_void,
            x: *const f64,
            n: i64,
            y: f64,
            z: f64,
            weight: f64,
        ) -> i32,
    >,
    /// *need = the bytes of a state, written to buf unless that is NULL (cap is then at least as many as it said); or
    /// NULL: streams cannot be saved
    pub save: Option<
        unsafe extern "C" fn(
            ctx: *mut c_void,
            state: *const c_void,
            buf: *mut c_void,
            cap: usize,
            need: *mut usize,
        ) -> i32,
    >,
    /// takes on a state that save gave; or NULL
    pub load: Option<
        unsafe extern "C" fn(ctx: *mut c_void, state: *mut c_void, buf: *const c_void, len: usize) -> i32,
    >,
}

// SAFETY: repr(C), no padding, null pointers and zeros are valid.
unsafe impl Growable for swl_learner {
    const NAME: &'static str = "swl_learner";
    const FIRST: usize = 8 + 8 * size_of::<*const u8>();
}

/// A learner that was given and checked.
pub(super) struct Given(swl_learner);

/// Reads and checks a learner; NULL is none.
///
/// # Safety
/// `learner` is null or has as many bytes as it states.
pub(super) unsafe fn read(learner: *const swl_learner, subject: &str) -> Result<Option<Given>> {
    if learner.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on.
    let given = unsafe { growable::read(learner, subject) }?;
    if given.flags != 0 {
        return Err(Error::new(ErrorKind::Unsupported, format!("{subject}.flags"))
            .expected("0")
            .found(given.flags));
    }
    let needed = [
        ("create", given.create.is_some()),
        ("destroy", given.destroy.is_some()),
        ("predict", given.predict.is_some()),
        ("update", given.update.is_some()),
        // One without the other would make streams that cannot be loaded.
        ("load", given.load.is_some() || given.save.is_none()),
        ("save", given.save.is_some() || given.load.is_none()),
    ];
    match needed.iter().find(|(_, there)| !there) {
        Some((name, _)) => Err(argument(&format!("{subject}.{name}"), "a function", "NULL")),
        None => Ok(Some(Given(given))),
    }
}

impl Given {
    /// A learner of no rounds. Errors: the caller's.
    pub(super) fn blank(&self) -> Result<Box<dyn Custom>> {
        let state = State::create(self.0, std::ptr::null())?;
        Ok(Box::new(Learner { given: self.0, state }))
    }

    /// What is to be called when the stream and its clones have ended.
    pub(super) fn into_keep(self) -> Arc<Keep> {
        Arc::new(Keep::new(self.0.ctx, self.0.release))
    }
}

/// A state of the caller's.
struct State {
    given: swl_learner,
    pointer: *mut c_void,
}

impl State {
    fn create(given: swl_learner, from: *const c_void) -> Result<Self> {
        let mut pointer = std::ptr::null_mut();
        // SAFETY: the caller's function with its context; `from` is null or a state of the caller's.
        let code = given.create.map_or(0, |f| unsafe { f(given.ctx, from, &raw mut pointer) });
        told("create", code)?;
        Ok(Self { given, pointer })
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(destroy) = self.given.destroy {
            // SAFETY: the caller's function and a state that its create gave.
            unsafe { destroy(self.given.ctx, self.pointer) };
        }
    }
}

/// A learner of one group.
struct Learner {
    given: swl_learner,
    state: State,
}

// SAFETY: states are used by one call at a time, on the thread that called the library; the caller moves handles
// between threads knowing that.
unsafe impl Send for Learner {}
// SAFETY: shared use is `fork` and `save`, which the contract of swl_learner allows beside each other: they do not
// change a state.
unsafe impl Sync for Learner {}

impl Custom for Learner {
    fn predict(&self, x: &[f64]) -> Result<f64> {
        let (given, state) = (self.given, self.state.pointer);
        let mut out = f64::NAN;
        // SAFETY: the caller's function, with arrays as long as it is told.
        let code = given
            .predict
            .map_or(0, |f| unsafe { f(given.ctx, state, x.as_ptr(), x.len() as i64, &raw mut out) });
        told("predict", code).map(|()| out)
    }

    fn update(&mut self, x: &[f64], y: f64, z: f64, weight: f64) -> Result<()> {
        let (given, state) = (self.given, self.state.pointer);
        // SAFETY: as above.
        let code = given
            .update
            .map_or(0, |f| unsafe { f(given.ctx, state, x.as_ptr(), x.len() as i64, y, z, weight) });
        told("update", code)
    }

    fn fork(&self) -> Result<Box<dyn Custom>> {
        let state = State::create(self.given, self.state.pointer)?;
        Ok(Box::new(Self { given: self.given, state }))
    }

    fn save(&self) -> Result<Option<Vec<u8>>> {
        let Some(save) = self.given.save else { return Ok(None) };
        let (ctx, state, mut need) = (self.given.ctx, self.state.pointer, 0_usize);
        // SAFETY: the caller's function; without a buffer it only tells the size.
        told("save", unsafe { save(ctx, state, std::ptr::null_mut(), 0, &raw mut need) })?;
        let mut bytes: Vec<u8> = zeros("learner.save", need)?;
        // SAFETY: the buffer has as many bytes as it is told.
        told("save", unsafe { save(ctx, state, bytes.as_mut_ptr().cast(), need, &raw mut need) })?;
        if need != bytes.len() {
            return Err(Error::new(ErrorKind::Callback, "learner.save")
                .expected(format!("{} bytes, as it told at first", bytes.len()))
                .found(need));
        }
        Ok(Some(bytes))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (given, state) = (self.given, self.state.pointer);
        // SAFETY: the caller's function, with the bytes that its save gave.
        let code =
            given.load.map_or(0, |f| unsafe { f(given.ctx, state, bytes.as_ptr().cast(), bytes.len()) });
        told("load", code)
    }
}

/// What a callback of the learner returned.
fn told(callback: &str, code: i32) -> Result<()> {
    if code == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Callback, format!("learner.{callback}"))
        .expected("0")
        .found(code)
        .with_code(code))
}
