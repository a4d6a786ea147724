//! The first line of a Matrix Market file.

use southwell::runtime::{Error, ErrorKind, Result};

use super::text::{Text, quoted};

/// What the values are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Field {
    Real,
    Integer,
    Pattern,
}

/// Which entries stand for two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Symmetry {
    General,
    Symmetric,
    Skew,
}

/// The kind of a file.
#[derive(Debug)]
pub(super) struct Header {
    /// Entries with their places; otherwise every value in the order of the columns.
    pub coordinate: bool,
    pub field: Field,
    pub symmetry: Symmetry,
}

/// Reads the first line; kinds that are not served are refused by name.
pub(super) fn header(text: &Text, line: &str) -> Result<Header> {
    let lower = line.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_ascii_whitespace().collect();
    let &["%%matrixmarket", object, layout, field, symmetry] = words.as_slice() else {
        return Err(text
            .fault(line)
            .expected("'%%MatrixMarket matrix', a layout, a field and a symmetry")
            .found(quoted(line.trim_end())));
    };
    let refuse = |expected: &str, found: &str| {
        Err(Error::new(ErrorKind::Unsupported, text.name)
            .at("line 1")
            .expected(expected)
            .found(quoted(found)))
    };
    if object != "matrix" {
        return refuse("the object 'matrix'", object);
    }
    let coordinate = match layout {
        "coordinate" => true,
        "array" => false,
        other => return refuse("the layout 'coordinate' or 'array'", other),
    };
    let field = match field {
        "real" => Field::Real,
        "integer" => Field::Integer,
        "pattern" if coordinate => Field::Pattern,
        other if coordinate => return refuse("the field 'real', 'integer' or 'pattern'", other),
        other => return refuse("the field 'real' or 'integer' of an array", other),
    };
    let symmetry = match symmetry {
        "general" => Symmetry::General,
        "symmetric" => Symmetry::Symmetric,
        "skew-symmetric" if coordinate && field != Field::Pattern => Symmetry::Skew,
        other if coordinate && field != Field::Pattern => {
            return refuse("the symmetry 'general', 'symmetric' or 'skew-symmetric'", other);
        }
        other => return refuse("the symmetry 'general' or 'symmetric' of a pattern or an array", other),
    };
    Ok(Header { coordinate, field, symmetry })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unserved_kinds_are_refused_by_name() {
        let cases = [
            (
                "matrix coordinate complex general",
                "the field 'real', 'integer' or 'pattern', found 'complex'",
            ),
            (
                "matrix coordinate real hermitian",
                "the symmetry 'general', 'symmetric' or 'skew-symmetric', found 'hermitian'",
            ),
            ("matrix array pattern general", "the field 'real' or 'integer' of an array, found 'pattern'"),
            ("matrix array complex general", "the field 'real' or 'integer' of an array, found 'complex'"),
            (
                "matrix array real skew-symmetric",
                "the symmetry 'general' or 'symmetric' of a pattern or an array, found 'skew-symmetric'",
            ),
            (
                "matrix coordinate pattern skew-symmetric",
                "the symmetry 'general' or 'symmetric' of a pattern or an array, found 'skew-symmetric'",
            ),
            ("vector coordinate real general", "the object 'matrix', found 'vector'"),
            ("matrix sparse real general", "the layout 'coordinate' or 'array', found 'sparse'"),
        ];
        for (kind, message) in cases {
            let text = format!("%%MatrixMarket {kind}");
            let error = header(&Text { name: "f", text: &text }, &text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert_eq!(error.to_string(), format!("f, line 1: expected {message}"));
        }
        let message = header(&Text { name: "f", text: "1 2 3" }, "1 2 3").unwrap_err().to_string();
        assert!(
            message.ends_with(
                "expected '%%MatrixMarket matrix', a layout, a field and a symmetry, found '1 2 3'"
            )
        );
    }
}
