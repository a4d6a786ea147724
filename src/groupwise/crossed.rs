//! The crossed-feature expert: one linear model with coefficients of its own for each group, on
//! `(x, x I_1, .., x I_N)`.

use super::groups::Groups;
use crate::runtime::{Error, ErrorKind, Result};

/// Columns at most: a factor of so many takes half a GiB.
const MOST_COLUMNS: u64 = 8192;

/// Columns of the crossed features. Errors: an open-ended set of groups, or too many columns.
pub fn columns(order: usize, groups: &Groups) -> Result<usize> {
    let columns = groups.declared.and_then(|count| count.checked_add(1)?.checked_mul(order as u64));
    match columns {
        Some(columns) if columns <= MOST_COLUMNS => Ok(columns as usize),
        _ => Err(Error::new(ErrorKind::Option, "option \"crossed\"")
            .expected(format!("declared groups with at most {MOST_COLUMNS} crossed features"))
            .found(columns.map_or("an open-ended set".to_owned(), |columns| columns.to_string()))),
    }
}

/// Fills `row` with the crossed features; groups beyond the declared ones have none.
pub fn cross(x: &[f64], awake: impl Iterator<Item = u64>, row: &mut [f64]) {
    let (first, rest) = row.split_at_mut(x.len());
    first.copy_from_slice(x);
    rest.fill(0.0);
    for id in awake {
        let place = usize::try_from(id).ok().and_then(|id| id.checked_mul(x.len()));
        if let Some(part) = place.and_then(|at| rest.get_mut(at..)?.get_mut(..x.len())) {
            part.copy_from_slice(x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_stand_where_their_groups_are() {
        assert_eq!(columns(2, &Groups::declared(3)).unwrap(), 8);
        assert!(columns(2, &Groups::open()).is_err() && columns(2, &Groups::declared(u64::MAX)).is_err());
        let mut row = [9.0; 8];
        cross(&[1.0, 2.0], [0, 2, super::super::ALWAYS_ON].into_iter(), &mut row);
        assert_eq!(row, [1.0, 2.0, 1.0, 2.0, 0.0, 0.0, 1.0, 2.0]);
    }
}
