//! What went wrong: which argument, where in it, what was expected and what was found.

use std::fmt;

/// The kinds of failure. The C layer gives each its `swl_status` number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// An argument of the call itself: a null pointer, a wrong length, an impossible size.
    Argument,
    /// The caller's data: NaN, an index out of range, a label that is not of the loss.
    Data,
    /// An option: unknown key, wrong type, out of bounds.
    Option,
    /// A call out of order, such as reading a solution before a solve.
    State,
    /// The handle is in use by another thread or by the call that is running the callback.
    Busy,
    /// A callback of the caller reported failure.
    Callback,
    /// A large buffer could not be had.
    Memory,
    /// A file or a saved state does not have the stated format.
    Format,
    /// A valid request that this build does not serve.
    Unsupported,
    /// The accelerator is missing or failed.
    Device,
    /// The control said stop before the call had anything to give back.
    Stopped,
    /// A defect of this library.
    Internal,
}

/// A failure, in parts, so that messages always say the same four things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    subject: String,
    place: String,
    /// Row and column of a matrix, as the caller counts them.
    cell: Option<[u32; 2]>,
    expected: String,
    found: String,
    code: i32,
}

/// Numbers with more characters than this are written with an exponent.
const LONGEST_NUMBER: usize = 24;

/// The result of everything that can be refused.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Starts a message about `subject`: an argument, an option or a file.
    pub fn new(kind: ErrorKind, subject: impl Into<String>) -> Self {
        Self {
            kind,
            subject: subject.into(),
            place: String::new(),
            cell: None,
            expected: String::new(),
            found: String::new(),
            code: 0,
        }
    }

    /// The number that a callback returned.
    #[must_use]
    pub fn with_code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// Where in the subject: `row 3, column 7`.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// Which entry of a matrix, counted from 0.
    #[must_use]
    pub fn at_cell(mut self, row: u32, col: u32) -> Self {
        self.cell = Some([row, col]);
        self
    }

    /// For callers whose rows and columns are counted from `base`: once, at the border, so that the cell is told so
    /// too.
    #[must_use]
    pub fn counting_from(mut self, base: u32) -> Self {
        self.cell = self.cell.map(|cell| cell.map(|place| place.saturating_add(base)));
        self
    }

    /// Says `new` for the subject `old`, also in `old.len` and the like.
    #[must_use]
    pub fn renamed(mut self, old: &str, new: &str) -> Self {
        if let Some(rest) = self.subject.strip_prefix(old)
            && (rest.is_empty() || rest.starts_with('.'))
        {
            self.subject = format!("{new}{rest}");
        }
        self
    }

    /// What would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = expected.into();
        self
    }

    /// What was there.
    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        let text = found.to_string();
        let long = if text.len() > LONGEST_NUMBER { text.parse::<f64>().ok() } else { None };
        self.found = long.map_or(text, number);
        self
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What a callback returned, where that is the failure; else 0.
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The argument, option or file that the message is about.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

/// The error of a buffer of `count` elements of `bytes` bytes that could not be had.
pub fn out_of_memory(subject: &str, count: usize, bytes: usize) -> Error {
    Error::new(ErrorKind::Memory, subject)
        .expected("memory for it")
        .found(format!("none for {count} elements of {bytes} bytes"))
}

/// A number as messages have it: hundreds of digits help nobody.
pub fn number(value: f64) -> String {
    let text = value.to_string();
    if text.len() > LONGEST_NUMBER { format!("{value:e}") } else { text }
}

/// `count` zeros. Errors: `Memory`, where an allocation that cannot fail would end the process.
pub fn zeros<T: Copy + Default>(subject: &str, count: usize) -> Result<Vec<T>> {
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(count).map_err(|_| out_of_memory(subject, count, size_of::<T>()))?;
    zeros.resize(count, T::default());
    Ok(zeros)
}

/// A copy. Errors: as [`zeros`].
pub fn copied<T: Copy>(subject: &str, from: &[T]) -> Result<Vec<T>> {
    mapped(subject, from.iter().copied())
}

/// All items. Errors: as [`zeros`].
pub fn mapped<T>(subject: &str, items: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>> {
    let mut all = Vec::new();
    all.try_reserve_exact(items.len()).map_err(|_| out_of_memory(subject, items.len(), size_of::<T>()))?;
    all.extend(items);
    Ok(all)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subject)?;
        if !self.place.is_empty() {
            write!(f, ", {}", self.place)?;
        }
        if let Some([row, col]) = self.cell {
            write!(f, ", row {row}, column {col}")?;
        }
        match (self.expected.is_empty(), self.found.is_empty()) {
            (false, false) => write!(f, ": expected {}, found {}", self.expected, self.found),
            (false, true) => write!(f, ": expected {}", self.expected),
            (true, false) => write!(f, ": {}", self.found),
            (true, true) => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_which_where_expected_and_found() {
        let error = Error::new(ErrorKind::Data, "y").at("row 17").expected("a finite number").found(f64::NAN);
        assert_eq!(error.to_string(), "y, row 17: expected a finite number, found NaN");
        let error = Error::new(ErrorKind::Data, "entries").at_cell(0, 3).expected("one entry").found(2);
        assert_eq!(error.to_string(), "entries, row 0, column 3: expected one entry, found 2");
        assert_eq!(
            error.counting_from(1).to_string(),
            "entries, row 1, column 4: expected one entry, found 2"
        );
        assert_eq!(
            Error::new(ErrorKind::State, "coef").found("there is no solution yet").to_string(),
            "coef: there is no solution yet"
        );
    }

    #[test]
    fn numbers_have_no_hundreds_of_digits() {
        let error = Error::new(ErrorKind::Data, "y").expected("a number >= 0").found(-2.5e300);
        assert_eq!(error.to_string(), "y: expected a number >= 0, found -2.5e300");
        assert_eq!((number(1.0), number(f64::MIN_POSITIVE)), ("1".into(), "2.2250738585072014e-308".into()));
        let error = Error::new(ErrorKind::Argument, "a.ld").renamed("a", "b");
        assert_eq!((error.subject(), error.clone().renamed("b.l", "c").subject()), ("b.ld", "b.ld"));
    }
}
