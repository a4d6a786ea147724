//! Options: one object per solver family, set by name, checked against one table.

use super::growable::{self, Growable};
use super::guard::{argument, check_pointer, copy_text, guard, guard_value, text, write_out};
use super::handles::{self, Object};
use super::status::swl_status;
use crate::runtime::option_table::{OptionRow, TABLE};
use crate::runtime::{Error, ErrorKind, Family, OptionKind, OptionValue, Options, Result};
use std::ffi::{CString, c_char};
use std::sync::OnceLock;

/// The options of one solver family. Solvers read them and never write to them; a call that was given options does not
/// need them after it returned.
pub struct swl_options {
    _opaque: [u8; 0],
}

impl Object for Options {
    type C = swl_options;
    const MAGIC: u32 = u32::from_le_bytes(*b"SWLo");
    const NAME: &'static str = "swl_options";
}

/// Kind of an option: a real number.
pub const SWL_OPTION_REAL: i32 = 0;
/// Kind of an option: an integer.
pub const SWL_OPTION_INTEGER: i32 = 1;
/// Kind of an option: one of a list of words.
pub const SWL_OPTION_CHOICE: i32 = 2;
/// Kind of an option: 0 or 1.
pub const SWL_OPTION_FLAG: i32 = 3;

/// What swl_options_describe tells of one option. All texts are static.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_option_desc {
    /// sizeof(swl_option_desc), set by the caller
    pub struct_size: u32,
    /// SWL_OPTION_REAL, _INTEGER, _CHOICE or _FLAG
    pub kind: i32,
    /// its name
    pub key: *const c_char,
    /// what it means
    pub help: *const c_char,
    /// the choices, parted by '|'; empty for other kinds
    pub choices: *const c_char,
    /// lower bound; NaN for choices
    pub lower: f64,
    /// upper bound; NaN for choices
    pub upper: f64,
    /// the default; NaN: unset, or not a number
    pub dflt: f64,
    /// the default as text
    pub dflt_text: *const c_char,
    /// the first version that had it
    pub since: *const c_char,
}

// SAFETY: repr(C), no padding (72 bytes on LP64), null pointers and zeros are valid.
unsafe impl Growable for swl_option_desc {
    const NAME: &'static str = "swl_option_desc";
    const FIRST: usize = 24 + 6 * size_of::<usize>();
}

/// Makes an object with the defaults of a solver family ("bcd"). The caller frees it.
/// Any thread. Errors: SWL_E_ARGUMENT (null), SWL_E_OPTION (no such family).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_new(solver: *const c_char, out: *mut *mut swl_options) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        // SAFETY: the caller ends the text with a NUL, and `out` may be written.
        unsafe { handles::publish(Options::for_solver(text(solver, "solver")?)?, out) }
    })
}

/// Makes a copy. The caller frees it.
/// Errors: SWL_E_ARGUMENT, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_clone(o: *const swl_options, out: *mut *mut swl_options) -> swl_status {
    guard(|| {
        // SAFETY: `o` is an object of ours, and `out` may be written.
        unsafe {
            let copy = handles::read::<Options>(o, "o")?.clone();
            handles::publish(copy, out)
        }
    })
}

/// Ends the object; NULL is fine. One in use is not freed, and leaves a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_free(o: *mut swl_options) {
    // SAFETY: `o` is null or an object of ours that is not used afterwards.
    guard(|| unsafe { handles::free::<Options>(o, "o") });
}

/// Sets a real option (or an integer one, to a whole number).
/// Errors: SWL_E_OPTION (unknown key: the message has the nearest; NaN, out of bounds, not a number), SWL_E_ARGUMENT,
/// SWL_E_BUSY. The old value stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_set_f64(
    o: *mut swl_options,
    key: *const c_char,
    value: f64,
) -> swl_status {
    // SAFETY: `o` is an object of ours, and the text ends with a NUL.
    guard(|| unsafe { handles::write::<Options>(o, "o")?.set_real(text(key, "key")?, value) })
}

/// Sets an integer option, a real one, or a flag (0 or 1). Errors as swl_options_set_f64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_set_i64(
    o: *mut swl_options,
    key: *const c_char,
    value: i64,
) -> swl_status {
    // SAFETY: `o` is an object of ours, and the text ends with a NUL.
    guard(|| unsafe { handles::write::<Options>(o, "o")?.set_integer(text(key, "key")?, value) })
}

/// Sets any option from text: a choice, a number, or true or false. Errors as swl_options_set_f64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_set_str(
    o: *mut swl_options,
    key: *const c_char,
    value: *const c_char,
) -> swl_status {
    // SAFETY: `o` is an object of ours, and both texts end with a NUL.
    guard(|| unsafe { handles::write::<Options>(o, "o")?.set_text(text(key, "key")?, text(value, "value")?) })
}

/// Gives an option its default again; key NULL: all of them.
/// Errors: SWL_E_OPTION (unknown key), SWL_E_ARGUMENT, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_reset(o: *mut swl_options, key: *const c_char) -> swl_status {
    guard(|| {
        // SAFETY: `o` is an object of ours.
        let mut options = unsafe { handles::write::<Options>(o, "o") }?;
        if key.is_null() {
            *options = Options::new(options.family());
            return Ok(());
        }
        // SAFETY: the text ends with a NUL.
        options.reset(unsafe { text(key, "key") }?)
    })
}

/// The value of a real or integer option; NaN if it is unset.
/// Errors: SWL_E_OPTION (unknown key, not a number), SWL_E_ARGUMENT, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_get_f64(
    o: *const swl_options,
    key: *const c_char,
    out: *mut f64,
) -> swl_status {
    guard(|| {
        // SAFETY: `o` is an object of ours, and the text ends with a NUL.
        let (key, value) = unsafe { value(o, key) }?;
        let value = match value {
            OptionValue::Real(v) => v,
            OptionValue::Integer(v) => v as f64,
            OptionValue::Unset => f64::NAN,
            other => return Err(wrong_kind(key, "a number", other)),
        };
        // SAFETY: `out` is null or may be written.
        unsafe { write_out(out, value, "out") }
    })
}

/// The value of an integer option or of a flag. Errors as swl_options_get_f64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_get_i64(
    o: *const swl_options,
    key: *const c_char,
    out: *mut i64,
) -> swl_status {
    guard(|| {
        // SAFETY: `o` is an object of ours, and the text ends with a NUL.
        let (key, value) = unsafe { value(o, key) }?;
        let value = match value {
            OptionValue::Integer(v) => v,
            OptionValue::Flag(v) => i64::from(v),
            other => return Err(wrong_kind(key, "an integer or a flag", other)),
        };
        // SAFETY: `out` is null or may be written.
        unsafe { write_out(out, value, "out") }
    })
}

/// The value of any option as text, "unset" where it is. need (or NULL) gets the length with the NUL. buf NULL: only
/// need is written. Errors: SWL_E_ARGUMENT (a buffer that is too short: nothing is written), SWL_E_OPTION, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_get_str(
    o: *const swl_options,
    key: *const c_char,
    buf: *mut c_char,
    cap: usize,
    need: *mut usize,
) -> swl_status {
    guard(|| {
        // SAFETY: `o` is an object of ours, and the text ends with a NUL.
        let text = unsafe { value(o, key) }?.1.to_string();
        if !buf.is_null() && cap < text.len() + 1 {
            return Err(argument("cap", format!("at least {}", text.len() + 1), cap));
        }
        // SAFETY: the buffer has `cap` bytes, and `need` is null or may be written.
        unsafe {
            let full = copy_text(&text, buf, cap);
            if need.is_null() { Ok(()) } else { write_out(need, full, "need") }
        }
    })
}

/// How many options there are; 0 on failure, with a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_count(o: *const swl_options) -> usize {
    // SAFETY: `o` is an object of ours.
    guard_value(0, || Ok(unsafe { handles::read::<Options>(o, "o") }?.rows().count()))
}

/// Tells of the i-th option, 0 <= i < swl_options_count. The caller sets inout->struct_size; texts are static.
/// Errors: SWL_E_ARGUMENT, SWL_E_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_options_describe(
    o: *const swl_options,
    i: usize,
    inout: *mut swl_option_desc,
) -> swl_status {
    guard(|| {
        // SAFETY: `o` is an object of ours, and `inout` has as many bytes as it states.
        let (options, slot) = unsafe { (handles::read::<Options>(o, "o")?, growable::slot(inout, "inout")?) };
        let count = options.rows().count();
        let row = options.rows().nth(i).ok_or_else(|| argument("i", format!("less than {count}"), i))?;
        slot.write(&describe(row));
        Ok(())
    })
}

/// The options of a call: those given, or the defaults.
///
/// # Safety
/// `o` is null or an object of ours.
pub(super) unsafe fn or_defaults(o: *const swl_options, family: Family) -> Result<Options> {
    if o.is_null() {
        return Ok(Options::new(family));
    }
    // SAFETY: passed on. A copy, so that the object may be changed while the call runs.
    let options = unsafe { handles::read::<Options>(o, "options") }?.clone();
    if options.family() == family {
        return Ok(options);
    }
    Err(Error::new(ErrorKind::Option, "options")
        .expected(format!("options of solver {}", family.name()))
        .found(options.family().name()))
}

unsafe fn value<'a>(o: *const swl_options, key: *const c_char) -> Result<(&'a str, OptionValue)> {
    // SAFETY: `o` is an object of ours, and the text ends with a NUL: passed on.
    unsafe {
        let key = text(key, "key")?;
        Ok((key, handles::read::<Options>(o, "o")?.get(key)?))
    }
}

fn wrong_kind(key: &str, asked: &str, found: OptionValue) -> Error {
    Error::new(ErrorKind::Option, format!("option \"{key}\""))
        .expected(asked)
        .found(format!("{found} (swl_options_get_str reads any)"))
}

/// The texts of a row, ended by NULs.
struct Texts {
    key: CString,
    help: CString,
    choices: CString,
    default: CString,
    since: CString,
}

/// The texts of the whole table. They live as long as the library.
fn texts(row: &'static OptionRow) -> &'static Texts {
    static ALL: OnceLock<Vec<Texts>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let c = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default();
        TABLE
            .iter()
            .map(|row| Texts {
                key: c(row.key),
                help: c(row.help),
                choices: match row.kind {
                    OptionKind::Choice(choices) => c(&choices.join("|")),
                    _ => CString::default(),
                },
                default: c(&row.default.to_string()),
                since: c(row.since),
            })
            .collect()
    });
    // By content: a row of another family may have the same key.
    let place = TABLE.iter().position(|r| (r.key, r.help) == (row.key, row.help)).unwrap_or(0);
    &all[place]
}

fn describe(row: &'static OptionRow) -> swl_option_desc {
    let (kind, lower, upper) = match row.kind {
        OptionKind::Real { lower, upper } => (SWL_OPTION_REAL, lower, upper),
        OptionKind::Integer { lower, upper } => (SWL_OPTION_INTEGER, lower as f64, upper as f64),
        OptionKind::Choice(_) => (SWL_OPTION_CHOICE, f64::NAN, f64::NAN),
        OptionKind::Flag => (SWL_OPTION_FLAG, 0.0, 1.0),
    };
    let dflt = match row.default {
        OptionValue::Real(v) => v,
        OptionValue::Integer(v) => v as f64,
        OptionValue::Flag(v) => f64::from(u8::from(v)),
        OptionValue::Choice(_) | OptionValue::Unset => f64::NAN,
    };
    let texts = texts(row);
    swl_option_desc {
        struct_size: size_of::<swl_option_desc>() as u32,
        kind,
        key: texts.key.as_ptr(),
        help: texts.help.as_ptr(),
        choices: texts.choices.as_ptr(),
        lower,
        upper,
        dflt,
        dflt_text: texts.default.as_ptr(),
        since: texts.since.as_ptr(),
    }
}
