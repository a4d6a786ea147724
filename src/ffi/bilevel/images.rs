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
    /// total variation: 1: the two differences of a pixel are penalized by themselves; 0: together
    pub anisotropic: i32,
    /// total variation: 1: also a ridge, whose logarithm is one more parameter
    pub ridge: i32,
    /// field of experts: filters
    pub filters: i64,
    /// field of experts: taps along a side of a filter, from 1 to the shorter side of a picture
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
/// Errors: SWL_E_ARGUMENT (null, sizes), SWL_E_DATA (NaN), SWL_E_UNSUPPORTED, SWL_E_MEMORY. On failure *out is not
/// written.
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
        let images = observed
            .1
            .into_iter()
            .zip(truth.1)
            .map(|(noisy, truth)| Image { grid, noisy, truth: Some(truth) })
            .collect();
        let problem = match model.problem {
            SWL_IMAGES_TOTAL_VARIATION => {
                let anisotropic = flag(model.anisotropic, "model.anisotropic")?;
                let coupling = if anisotropic { Coupling::Anisotropic } else { Coupling::Isotropic };
                let ridge = flag(model.ridge, "model.ridge")?;
                Adjusted::new(TotalVariation::denoising(images, coupling, ridge)?)
            }
            SWL_IMAGES_FIELD_OF_EXPERTS => {
                let experts = Experts {
                    count: size(model.filters, "model.filters")?,
                    side: size(model.side, "model.side")?,
                    boundary: Boundary::Symmetric,
                    zero_mean: true,
                    has_factor: false,
                };
                Adjusted::new(FieldOfExperts::new(images, experts)?)
            }
            other => {
                let expected = "SWL_IMAGES_TOTAL_VARIATION (0) or SWL_IMAGES_FIELD_OF_EXPERTS (1)";
                return Err(Error::new(ErrorKind::Unsupported, "model.problem")
                    .expected(expected)
                    .found(other));
            }
        };
        // SAFETY: `out` may be written.
        unsafe { handles::publish(Bilevel::new(problem, begun.elapsed().as_secs_f64(), None), out) }
    })
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
    let pixels = grid.pixels().map_err(|e| e.renamed("grid", subject))?;
    let all = pixels.checked_mul(count).filter(|n| *n <= isize::MAX as usize / 8);
    let all =
        all.ok_or_else(|| argument(&format!("{subject}.count"), "a size that fits in memory", count))?;
    let name = format!("{subject}.data");
    // SAFETY: the caller's promise, passed on.
    let numbers: Vec<f64> = unsafe {
        match view.scalar {
            SWL_F64 => slice::<f64>(view.data, all, &name)?.to_vec(),
            SWL_F32 => slice::<f32>(view.data, all, &name)?.iter().map(|v| f64::from(*v)).collect(),
            other => return Err(unknown(&format!("{subject}.scalar"), "SWL_F64 (0) or SWL_F32 (1)", other)),
        }
    };
    Ok((grid, numbers.chunks_exact(pixels).map(<[f64]>::to_vec).collect()))
}
