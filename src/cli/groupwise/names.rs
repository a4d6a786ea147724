//! What groups are called.

use southwell::groupwise::{ALWAYS_ON, CROSSED};

/// The name of a group, where `names` has those that are declared.
pub fn group(names: &[String], id: u64) -> String {
    match id {
        ALWAYS_ON => "always on".to_owned(),
        CROSSED => "crossed".to_owned(),
        id => names.get(id as usize).cloned().unwrap_or_else(|| format!("group {id}")),
    }
}

/// The number of a group in files: from 0 on, -1 for the one that is always on, -2 for the crossed expert.
pub fn number(id: u64) -> i64 {
    // Both are counted down from the largest number.
    id as i64
}

/// The group of a number in files.
pub fn of_number(number: i64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for (id, written) in [(0, 0), (7, 7), (ALWAYS_ON, -1), (CROSSED, -2)] {
            assert_eq!((number(id), of_number(written)), (written, id));
        }
        assert_eq!(group(&["young".into()], 0), "young");
        assert_eq!((group(&[], ALWAYS_ON), group(&[], 3)), ("always on".into(), "group 3".into()));
    }
}
