//! NPY, the array files of NumPy: one or two dimensions of plain numbers, read as f64.

use southwell::runtime::{Error, ErrorKind, Result};

use super::npy_header::{Header, split};
use super::text::quoted;
use super::{Table, Values, dense};

/// Reads an array; one of a single dimension is a column.
pub(super) fn parse(name: &str, bytes: &[u8]) -> Result<Table> {
    let (header, data) = split(name, bytes)?;
    let (rows, cols) = match header.shape.as_slice() {
        &[rows] => (rows, 1),
        &[rows, cols] => (rows, cols),
        shape => {
            return Err(Error::new(ErrorKind::Unsupported, name)
                .at("the NPY header")
                .expected("one or two dimensions")
                .found(shape.len()));
        }
    };
    let element = Element::of(name, &header)?;
    // Checked against the file before anything of that size is asked for.
    let declared = rows.checked_mul(cols).and_then(|count| count.checked_mul(element.size()));
    if declared != Some(data.len()) {
        return Err(Error::new(ErrorKind::Format, name)
            .at("after the NPY header")
            .expected(format!("{rows} x {cols} elements of {} bytes", element.size()))
            .found(format!("{} bytes", data.len())));
    }
    let numbers = element.decode(name, data)?;
    if let Some(at) = numbers.iter().position(|value| !value.is_finite()) {
        let (row, col) = if header.fortran_order { (at % rows, at / rows) } else { (at / cols, at % cols) };
        return Err(Error::new(ErrorKind::Data, name)
            .at(format!("row {}, column {}", row + 1, col + 1))
            .expected("a finite number")
            .found(numbers[at]));
    }
    let values = if header.fortran_order || rows == 1 || cols == 1 {
        numbers
    } else {
        dense::by_columns(name, &numbers, rows, cols)?
    };
    Ok(Table { rows, cols, values: Values::Dense(values), target: None, names: Vec::new() })
}

#[derive(Clone, Copy)]
enum Kind {
    F8,
    F4,
    I8,
    I4,
    I2,
    I1,
    U8,
    U4,
    U2,
    U1,
    Bool,
}

/// The type of the elements and the order of their bytes.
struct Element {
    kind: Kind,
    big: bool,
}

impl Element {
    fn of(name: &str, header: &Header) -> Result<Self> {
        let descr = header.descr.as_str();
        let refuse = || {
            Error::new(ErrorKind::Unsupported, name)
                .at("the NPY header")
                .expected("the type f4, f8, i1 to i8, u1 to u8 or b1 with its byte order")
                .found(quoted(descr))
        };
        let mut letters = descr.chars();
        let order = letters.next().ok_or_else(refuse)?;
        let kind = match letters.as_str() {
            "f8" => Kind::F8,
            "f4" => Kind::F4,
            "i8" => Kind::I8,
            "i4" => Kind::I4,
            "i2" => Kind::I2,
            "i1" => Kind::I1,
            "u8" => Kind::U8,
            "u4" => Kind::U4,
            "u2" => Kind::U2,
            "u1" => Kind::U1,
            "b1" => Kind::Bool,
            _ => return Err(refuse()),
        };
        let big = match order {
            '<' => false,
            '>' => true,
            '=' => cfg!(target_endian = "big"),
            '|' if matches!(kind, Kind::I1 | Kind::U1 | Kind::Bool) => false,
            _ => return Err(refuse()),
        };
        Ok(Self { kind, big })
    }

    fn size(&self) -> usize {
        match self.kind {
            Kind::F8 | Kind::I8 | Kind::U8 => 8,
            Kind::F4 | Kind::I4 | Kind::U4 => 4,
            Kind::I2 | Kind::U2 => 2,
            Kind::I1 | Kind::U1 | Kind::Bool => 1,
        }
    }

    /// All elements as f64; integers beyond 2^53 are rounded.
    fn decode(&self, name: &str, data: &[u8]) -> Result<Vec<f64>> {
        match self.kind {
            Kind::F8 => self.each(name, data, f64::from_le_bytes),
            Kind::F4 => self.each(name, data, |bytes| f64::from(f32::from_le_bytes(bytes))),
            Kind::I8 => self.each(name, data, |bytes| i64::from_le_bytes(bytes) as f64),
            Kind::I4 => self.each(name, data, |bytes| f64::from(i32::from_le_bytes(bytes))),
            Kind::I2 => self.each(name, data, |bytes| f64::from(i16::from_le_bytes(bytes))),
            Kind::I1 => self.each(name, data, |bytes| f64::from(i8::from_le_bytes(bytes))),
            Kind::U8 => self.each(name, data, |bytes| u64::from_le_bytes(bytes) as f64),
            Kind::U4 => self.each(name, data, |bytes| f64::from(u32::from_le_bytes(bytes))),
            Kind::U2 => self.each(name, data, |bytes| f64::from(u16::from_le_bytes(bytes))),
            Kind::U1 => self.each(name, data, |bytes| f64::from(u8::from_le_bytes(bytes))),
            Kind::Bool => self.each(name, data, |[byte]| f64::from(byte != 0)),
        }
    }

    fn each<const N: usize>(
        &self,
        name: &str,
        data: &[u8],
        read: impl Fn([u8; N]) -> f64,
    ) -> Result<Vec<f64>> {
        let (elements, _) = data.as_chunks::<N>();
        let mut numbers = dense::room(name, elements.len())?;
        numbers.extend(elements.iter().map(|element| {
            let mut bytes = *element;
            if self.big {
                bytes.reverse();
            }
            read(bytes)
        }));
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
        let order = if fortran { "True" } else { "False" };
        let head = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((head.len() as u16).to_le_bytes());
        bytes.extend(head.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn read(bytes: &[u8]) -> std::result::Result<Table, String> {
        parse("f", bytes).map_err(|error| error.to_string())
    }

    fn numbers(descr: &str, data: &[u8]) -> Vec<f64> {
        match read(&file(descr, false, "(2,)", data)).unwrap() {
            Table { rows: 2, cols: 1, values: Values::Dense(values), .. } => values,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_type_in_either_byte_order() {
        macro_rules! check {
            ($type:ty, $code:literal, $values:expr) => {
                let values: [$type; 2] = $values;
                let expected = values.map(|value| value as f64);
                let little: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                let big: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
                let native: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
                assert_eq!(numbers(concat!("<", $code), &little), expected);
                assert_eq!(numbers(concat!(">", $code), &big), expected);
                assert_eq!(numbers(concat!("=", $code), &native), expected);
            };
        }
        check!(f64, "f8", [0.1, -1e300]);
        check!(f32, "f4", [0.5, -1e30]);
        check!(i64, "i8", [i64::MIN, 3]);
        check!(i32, "i4", [i32::MIN, 3]);
        check!(i16, "i2", [i16::MIN, 3]);
        check!(i8, "i1", [i8::MIN, 3]);
        check!(u64, "u8", [u64::MAX, 3]);
        check!(u32, "u4", [u32::MAX, 3]);
        check!(u16, "u2", [u16::MAX, 3]);
        check!(u8, "u1", [u8::MAX, 3]);
        assert_eq!(numbers("|i1", &[255, 1]), [-1.0, 1.0]);
        assert_eq!(numbers("|b1", &[0, 1]), [0.0, 1.0]);
    }

    #[test]
    fn either_order_of_the_axes() {
        let data = [1, 2, 3, 4, 5, 6];
        let rows_first = read(&file("|u1", false, "(2, 3)", &data)).unwrap();
        assert_eq!((rows_first.rows, rows_first.cols), (2, 3));
        assert_eq!(rows_first.values, Values::Dense(vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
        let columns_first = read(&file("|u1", true, "(2, 3)", &data)).unwrap();
        assert_eq!(columns_first.values, Values::Dense(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    }

    #[test]
    fn other_types_and_shapes_are_refused_by_name() {
        for descr in ["<c16", "<f2", "|O", "<U5", "f8", "|f8", "", "é", "<M8[s]"] {
            let error = parse("f", &file(descr, false, "(1,)", &[0; 16])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().ends_with(&format!("found '{descr}'")), "{error}");
        }
        for (shape, count) in [("()", 0), ("(1, 1, 1)", 3)] {
            let message = read(&file("<f8", false, shape, &[0; 8])).unwrap_err();
            assert_eq!(message, format!("f, the NPY header: expected one or two dimensions, found {count}"));
        }
    }

    #[test]
    fn sizes_are_checked_against_the_file() {
        let message = read(&file("<f8", false, "(2,)", &[0; 15])).unwrap_err();
        assert_eq!(message, "f, after the NPY header: expected 2 x 1 elements of 8 bytes, found 15 bytes");
        assert!(read(&file("<f8", false, "(2,)", &[0; 17])).is_err());
        for shape in ["(9223372036854775807, 4)", "(4611686018427387904,)", "(1000000000000, 1)"] {
            assert!(read(&file("<f8", false, shape, &[0; 8])).unwrap_err().contains("found 8 bytes"));
        }
    }

    #[test]
    fn values_are_finite() {
        let data: Vec<u8> =
            [1.0, 2.0, 3.0, f64::NAN, 5.0, 6.0].iter().flat_map(|value: &f64| value.to_le_bytes()).collect();
        let message = read(&file("<f8", false, "(2, 3)", &data)).unwrap_err();
        assert_eq!(message, "f, row 2, column 1: expected a finite number, found NaN");
        let message = read(&file("<f8", true, "(2, 3)", &data)).unwrap_err();
        assert_eq!(message, "f, row 2, column 2: expected a finite number, found NaN");
    }
}
