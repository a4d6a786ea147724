//! Problems of pictures that are denoised.

use super::super::growable::{self, Growable};
use super::super::guard::{argument, check_pointer, flag, guard};
use super::super::handles;
use super::super::status::swl_status;
use super::super::views::{SWL_F32, SWL_F64, check_padding, size, slice, swl_scalar, unknown};
use super::{Bilevel, swl_bilevel};
use crate::bilevel::problems::{
    Adjusted, Boundary, Coupling, Experts, FieldOfExperts, Grid, Image, TotalVariation,
};
use crate::runtime::error::{mapped, out_of_memory};
use crate::runtime::{Error, ErrorKind, Result};
use std::ffi::c_void;
use std::time::Instant;

/// Total variation: theta has the logarithms of its strength and of where it is rounded off.
pub const SWL_IMAGES_TOTAL_VARIATION: i32 = 0;
/// A field of experts: theta has, one after the other, the logarithms of the strengths of its filters, of where their
/// penalties are rounded off, and the taps of each filter.
pub const SWL_IMAGES_FIELD_OF_EXPERTS: i32 = 1;

/// Pictures of equal sizes (height 1: signals), one after the other, each row after row.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_images {
    /// count * height * width numbers
    pub data: *const c_void,
    /// pictures
    pub count: i64,
    /// rows of a picture
    pub height: i64,
    /// columns
    pub width: i64,
    /// SWL_F64 or SWL_F32
    pub scalar: swl_scalar,
    /// 0
    pub pad_: i32,
}

/// How pictures are denoised. Zero it, set struct_size, fill in the rest.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_images_model {
    /// sizeof(swl_images_model)
    pub struct_size: u32,
    /// SWL_IMAGES_TOTAL_VARIATION, ..
    pub problem: i32,
    /// total variation: 1: the two differences of a pixel are penalized by themselves; 0: together; else 0
    pub anisotropic: i32,
    /// total variation: 1: also a ridge, whose logarithm is one more parameter; else 0
    pub ridge: i32,
    /// field of experts: filters, at least 1; else 0
    pub filters: i64,
    /// field of experts: taps along a side of a filter, from 1 to the shorter side of a picture; else 0
    pub side: i64,
}

// SAFETY: repr(C), no padding, zeros are valid.
unsafe impl Growable for swl_images_model {
    const NAME: &'static str = "swl_images_model";
    const FIRST: usize = 32;
}

/// Makes a problem of pictures: theta is to bring what is restored from the observed ones near to the truth, in half the
/// mean square of the distances. To restore other pictures with the theta that was found, make a problem of them with
/// themselves as truth and solve it from that theta with max_iterations 0: swl_bilevel_lower then has them. All arrays
/// are copied. The caller frees the handle.
///
/// Errors: SWL_E_ARGUMENT (null, sizes, fields of the model that its problem does not have), SWL_E_DATA (NaN),
/// SWL_E_UNSUPPORTED, SWL_E_MEMORY. On failure *out is not written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_new_images(
    model: *const swl_images_model,
    observed: *const swl_images,
    truth: *const swl_images,
    out: *mut *mut swl_bilevel,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        let begun = Instant::now();
        // SAFETY: what the caller promises of each argument, passed on.
        let (model, observed, truth) =
            unsafe { (growable::read(model, "model")?, read(observed, "observed")?, read(truth, "truth")?) };
        if observed.0 != truth.0 || observed.1.len() != truth.1.len() {
            return Err(argument("truth", "pictures of the size of observed, as many", "others"));
        }
        let grid = observed.0;
        let pairs = observed.1.into_iter().zip(truth.1);
        let images =
            mapped("observed", pairs.map(|(noisy, truth)| Image { grid, noisy, truth: Some(truth) }))?;
        let problem = made(&model, images).map_err(told)?;
        // SAFETY: `out` may be written.
        unsafe { handles::publish(Bilevel::new(problem, begun.elapsed().as_secs_f64(), None), out) }
    })
}

/// The problem of a model.
fn made(model: &swl_images_model, images: Vec<Image>) -> Result<Adjusted> {
    match model.problem {
        SWL_IMAGES_TOTAL_VARIATION => {
            check_zero("model.filters", model.filters)?;
            check_zero("model.side", model.side)?;
            let anisotropic = flag(model.anisotropic, "model.anisotropic")?;
            let coupling = if anisotropic { Coupling::Anisotropic } else { Coupling::Isotropic };
            let ridge = flag(model.ridge, "model.ridge")?;
            Ok(Adjusted::new(TotalVariation::denoising(images, coupling, ridge)?))
        }
        SWL_IMAGES_FIELD_OF_EXPERTS => {
            check_zero("model.anisotropic", model.anisotropic.into())?;
            check_zero("model.ridge", model.ridge.into())?;
            let experts = Experts {
                count: size(model.filters, "model.filters")?,
                side: size(model.side, "model.side")?,
                boundary: Boundary::Symmetric,
                zero_mean: true,
                has_factor: false,
            };
            Ok(Adjusted::new(FieldOfExperts::new(images, experts)?))
        }
        other => {
            let expected = "SWL_IMAGES_TOTAL_VARIATION (0) or SWL_IMAGES_FIELD_OF_EXPERTS (1)";
            Err(Error::new(ErrorKind::Unsupported, "model.problem").expected(expected).found(other))
        }
    }
}

/// Refuses a field that has no meaning for the problem: to ignore it would hide a mistake.
fn check_zero(subject: &str, value: i64) -> Result<()> {
    if value == 0 { Ok(()) } else { Err(argument(subject, "0 for this problem", value)) }
}

/// What the library says of its arguments, with the names of the call.
fn told(error: Error) -> Error {
    let subject = error.subject().to_owned();
    if let Some((picture, part)) = subject.strip_prefix("images[").and_then(|rest| rest.split_once("].")) {
        let view = if part.starts_with("truth") { "truth" } else { "observed" };
        return error.renamed(&subject, &format!("{view}.data, picture {picture}"));
    }
    let names = [("images.len", "observed.count"), ("count", "model.filters"), ("side", "model.side")];
    names.iter().fold(error, |error, (old, new)| error.renamed(old, new))
}

/// The pictures of a view.
///
/// # Safety
/// `view` is null or a view whose data are as long as it says.
unsafe fn read(view: *const swl_images, subject: &str) -> Result<(Grid, Vec<Vec<f64>>)> {
    check_pointer(view, subject)?;
    // SAFETY: checked just now.
    let view = unsafe { view.read() };
    check_padding(view.pad_, subject)?;
    let of = |value: i64, field: &str| size(value, &format!("{subject}.{field}"));
    let (count, grid) = (
        of(view.count, "count")?,
        Grid { height: of(view.height, "height")?, width: of(view.width, "width")? },
    );
    let named = |error: Error| {
        ["height", "width"]
            .iter()
            .fold(error, |error, side| error.renamed(side, &format!("{subject}.{side}")))
            .renamed("grid", subject)
    };
    let pixels = grid.pixels().map_err(named)?;
    let all = pixels.checked_mul(count).filter(|n| *n <= isize::MAX as usize / 8);
    let all =
        all.ok_or_else(|| argument(&format!("{subject}.count"), "a size that fits in memory", count))?;
    let name = format!("{subject}.data");
    // SAFETY: the caller's promise, passed on.
    let pictures = unsafe {
        match view.scalar {
            SWL_F64 => copies(slice::<f64>(view.data, all, &name)?, pixels, &name, |v| v)?,
            SWL_F32 => copies(slice::<f32>(view.data, all, &name)?, pixels, &name, f64::from)?,
            other => return Err(unknown(&format!("{subject}.scalar"), "SWL_F64 (0) or SWL_F32 (1)", other)),
        }
    };
    Ok((grid, pictures))
}

/// A copy of each picture, of so many pixels.
fn copies<T: Copy>(
    numbers: &[T],
    pixels: usize,
    subject: &str,
    number: impl Fn(T) -> f64,
) -> Result<Vec<Vec<f64>>> {
    let each = numbers.chunks_exact(pixels).map(|one| mapped(subject, one.iter().map(|v| number(*v))));
    let mut all = Vec::new();
    all.try_reserve_exact(each.len())
        .map_err(|_| out_of_memory(subject, each.len(), size_of::<Vec<f64>>()))?;
    for picture in each {
        all.push(picture?);
    }
    Ok(all)
}
