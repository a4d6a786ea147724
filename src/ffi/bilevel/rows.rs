//! Problems of rows with targets: regularized linear models whose strengths are tuned.

use super::super::control::{Call, swl_control};
use super::super::growable::{self, Growable};
use super::super::guard::{argument, check_pointer, flag, guard};
use super::super::handles;
use super::super::status::swl_status;
use super::super::views::{Holding, integers, shape, size, swl_matrix, swl_vec, vector};
use super::{Bilevel, swl_bilevel};
use crate::bilevel::problems::{
    Adjusted, Data, Sharing, Split, Task, logistic, multinomial, ridge, smoothed_elastic_net,
};
use crate::joined;
use crate::model::Loss;
use crate::model::loss::Squared;
use crate::numerics::Duplicates;
use crate::runtime::error::zeros;
use crate::runtime::{Error, ErrorKind, Result};

/// Mean squares / 2, and a ridge.
pub const SWL_BILEVEL_RIDGE: i32 = 0;
/// Mean logistic loss of labels -1 and 1, and a ridge.
pub const SWL_BILEVEL_LOGISTIC: i32 = 1;
/// Mean softmax loss of classes 0 to classes - 1, and a ridge.
pub const SWL_BILEVEL_MULTINOMIAL: i32 = 2;
/// Mean squares / 2, absolute values (smoothed or as they are) and a ridge: theta has the logarithms of both strengths.
pub const SWL_BILEVEL_ELASTIC_NET: i32 = 3;
/// Mean squares / 2 and absolute values as they are: theta has the logarithm of the strength.
pub const SWL_BILEVEL_LASSO: i32 = 4;

/// One strength for all coefficients.
pub const SWL_SHARING_SINGLE: i32 = 0;
/// One for each feature.
pub const SWL_SHARING_FEATURE: i32 = 1;
/// One for each class.
pub const SWL_SHARING_CLASS: i32 = 2;
/// One for each coefficient.
pub const SWL_SHARING_WEIGHT: i32 = 3;
/// One for each group of features, as group_of_feature says.
pub const SWL_SHARING_GROUPS: i32 = 4;

/// Classes at most: each has a coefficient for each feature.
const MOST_CLASSES: usize = 1 << 16;

/// The model whose strengths are tuned; theta has their logarithms. Zero it, set struct_size, fill in the rest.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct swl_bilevel_model {
    /// sizeof(swl_bilevel_model)
    pub struct_size: u32,
    /// SWL_BILEVEL_RIDGE, ..
    pub problem: i32,
    /// SWL_SHARING_SINGLE, ..; SWL_SHARING_SINGLE (0) for the elastic net and the lasso
    pub sharing: i32,
    /// 1: with an intercept, which has a fixed ridge of 1e-6 (none where absolute values are as they are); 0: without
    pub intercept: i32,
    /// classes of the multinomial problem; else 0
    pub classes: i64,
    /// a group, from 0, for each feature; NULL unless sharing is SWL_SHARING_GROUPS
    pub group_of_feature: *const i32,
    /// elements of group_of_feature; 0 without
    pub features: i64,
    /// for the elastic net: where the absolute value is rounded off; 0: it is not, so that solutions are sparse and f has
    /// kinks; 0 for other problems
    pub smoothing: f64,
}

// SAFETY: repr(C), no padding on 64-bit targets, null pointers and zeros are valid.
unsafe impl Growable for swl_bilevel_model {
    const NAME: &'static str = "swl_bilevel_model";
    const FIRST: usize = 40 + size_of::<usize>();
}

/// Makes a problem of rows with targets: coefficients are trained on the rows of a with targets y, and theta is to make
/// the mean loss small on the rows of val_a with val_y. Or, with fold_of_row, val_a and val_y NULL: cross-validation,
/// where row i is in fold fold_of_row[i], from 0. All arrays are copied. control may be NULL. The caller frees the handle.
///
/// Errors: SWL_E_ARGUMENT (null, sizes, fields of the model that its problem does not have), SWL_E_DATA (NaN, labels or
/// classes that the loss does not take, empty folds), SWL_E_UNSUPPORTED, SWL_E_MEMORY, SWL_E_STOPPED, SWL_E_BUSY. On
/// failure *out is not written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn swl_bilevel_new(
    model: *const swl_bilevel_model,
    a: *const swl_matrix,
    y: *const swl_vec,
    val_a: *const swl_matrix,
    val_y: *const swl_vec,
    fold_of_row: *const i32,
    control: *const swl_control,
    out: *mut *mut swl_bilevel,
) -> swl_status {
    guard(|| {
        check_pointer(out, "out")?;
        // SAFETY: what the caller promises of each argument, passed on.
        unsafe {
            let model = growable::read(model, "model")?;
            let call = Call::read(control)?;
            let mut control = call.control();
            control.begin(f64::INFINITY, u64::MAX);
            let stopped = |stop| call.stopped("swl_bilevel_new", stop);
            control.poll().map_err(stopped)?;
            let all = data(a, y, ["a", "y"])?;
            control.poll().map_err(stopped)?;
            let split = if fold_of_row.is_null() {
                Split::HoldOut(Task { training: all, validation: data(val_a, val_y, ["val_a", "val_y"])? })
            } else if !val_a.is_null() {
                return Err(argument("val_a", "NULL beside fold_of_row", "rows"));
            } else if !val_y.is_null() {
                return Err(argument("val_y", "NULL beside fold_of_row", "targets"));
            } else {
                let folds = integers(fold_of_row, all.y.len() as i64, "fold_of_row", all.y.len(), "row")?;
                let fold = whole(folds, "fold_of_row")?;
                Split::Folds { data: all, fold }
            };
            control.poll().map_err(stopped)?;
            let problem = made(&model, split).map_err(told)?;
            control.poll().map_err(stopped)?;
            handles::publish(Bilevel::new(problem, control.seconds(), None), out)
        }
    })
}

/// # Safety
/// `a` and `y` are null or views whose data are as long as they say.
unsafe fn data(a: *const swl_matrix, y: *const swl_vec, [a_name, y_name]: [&str; 2]) -> Result<Data> {
    // SAFETY: passed on.
    unsafe {
        let shape = shape(a).map_err(|e| e.renamed("a", a_name))?;
        let x = shape.matrix(Holding::Copy(Duplicates::Error)).map_err(|e| e.renamed("a", a_name))?;
        Ok(Data { x, y: vector(y, y_name, shape.rows, "row")? })
    }
}

/// # Safety
/// `group_of_feature` is null or has as many elements as the model says.
unsafe fn made(model: &swl_bilevel_model, split: Split) -> Result<Adjusted> {
    check_fields(model)?;
    let intercept = flag(model.intercept, "model.intercept")?;
    let sharing = match model.sharing {
        SWL_SHARING_SINGLE => Sharing::Single,
        SWL_SHARING_FEATURE => Sharing::PerFeature,
        SWL_SHARING_CLASS => Sharing::PerOutput,
        SWL_SHARING_WEIGHT => Sharing::PerWeight,
        SWL_SHARING_GROUPS => {
            let count = size(model.features, "model.features")?;
            let name = "model.group_of_feature";
            // SAFETY: passed on.
            let groups = unsafe { integers(model.group_of_feature, model.features, name, count, "feature") }?;
            Sharing::Groups(whole(groups, name)?)
        }
        other => return Err(argument("model.sharing", "SWL_SHARING_SINGLE (0) to _GROUPS (4)", other)),
    };
    let squared = Loss::Squared(Squared);
    let linear = match model.problem {
        SWL_BILEVEL_RIDGE => ridge(split, &sharing, intercept),
        SWL_BILEVEL_LOGISTIC => logistic(split, &sharing, intercept),
        SWL_BILEVEL_MULTINOMIAL => {
            let classes = size(model.classes, "model.classes")?;
            if classes > MOST_CLASSES {
                return Err(argument("model.classes", format!("at most {MOST_CLASSES}"), classes));
            }
            multinomial(split, classes, &sharing, intercept)
        }
        SWL_BILEVEL_ELASTIC_NET if model.smoothing == 0.0 => {
            return joined::elastic_net(split, squared, intercept).map(Adjusted::new);
        }
        SWL_BILEVEL_ELASTIC_NET => smoothed_elastic_net(split, squared, model.smoothing, intercept),
        SWL_BILEVEL_LASSO => return joined::lasso(split, squared, intercept).map(Adjusted::new),
        other => {
            let expected = "SWL_BILEVEL_RIDGE (0) to SWL_BILEVEL_LASSO (4)";
            Err(Error::new(ErrorKind::Unsupported, "model.problem").expected(expected).found(other))
        }
    };
    linear.map(Adjusted::new)
}

/// Refuses fields that have no meaning for the problem: to ignore them would hide a mistake.
fn check_fields(model: &swl_bilevel_model) -> Result<()> {
    let (has_sharing, has_classes, has_smoothing) = match model.problem {
        SWL_BILEVEL_RIDGE | SWL_BILEVEL_LOGISTIC => (true, false, false),
        SWL_BILEVEL_MULTINOMIAL => (true, true, false),
        SWL_BILEVEL_ELASTIC_NET => (false, false, true),
        SWL_BILEVEL_LASSO => (false, false, false),
        _ => return Ok(()),
    };
    let of_problem = "0 for this problem";
    if !has_sharing && model.sharing != SWL_SHARING_SINGLE {
        return Err(argument("model.sharing", of_problem, model.sharing));
    }
    if !has_classes && model.classes != 0 {
        return Err(argument("model.classes", of_problem, model.classes));
    }
    if !has_smoothing && model.smoothing != 0.0 {
        return Err(argument("model.smoothing", of_problem, model.smoothing));
    }
    if model.sharing != SWL_SHARING_GROUPS {
        if !model.group_of_feature.is_null() {
            return Err(argument("model.group_of_feature", "NULL for this sharing", "groups"));
        }
        if model.features != 0 {
            return Err(argument("model.features", "0 for this sharing", model.features));
        }
    }
    Ok(())
}

/// What the library says of its arguments, with the names of the call.
fn told(error: Error) -> Error {
    // Longer names first: what they are parts of is renamed as well.
    let names = [
        ("training.y", "y"),
        ("validation.y", "val_y"),
        ("data.y", "y"),
        ("training.x", "a"),
        ("validation.x", "val_a"),
        ("data.x", "a"),
        ("training", "a"),
        ("validation", "val_a"),
        ("data", "a"),
        ("fold", "fold_of_row"),
        ("groups.len", "model.features"),
        ("groups", "model.group_of_feature"),
        ("classes", "model.classes"),
        ("v", "model.smoothing"),
    ];
    names.iter().fold(error, |error, (old, new)| error.renamed(old, new))
}

fn whole(numbers: &[i32], subject: &str) -> Result<Vec<usize>> {
    let number = |(k, v): (usize, &i32)| {
        usize::try_from(*v).map_err(|_| argument(&format!("{subject}, entry {k}"), "a number >= 0", v))
    };
    let mut all = zeros(subject, numbers.len())?;
    for (to, from) in all.iter_mut().zip(numbers.iter().enumerate()) {
        *to = number(from)?;
    }
    Ok(all)
}
