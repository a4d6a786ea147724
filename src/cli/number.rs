//! Numbers as text and as JSON.

use serde_json::{Number, Value};

/// 17 significant digits: enough to read back the same number.
pub fn full(value: f64) -> String {
    if value.is_finite() { format!("{value:.16e}") } else { infinite(value).to_owned() }
}

/// At most `digits` significant digits, for people.
pub fn short(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return infinite(value).to_owned();
    }
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e9).contains(&size) {
        let text = format!("{value:.*e}", digits.clamp(1, 3) - 1);
        return match text.split_once('e') {
            Some((mantissa, exponent)) if mantissa.contains('.') => {
                format!("{}e{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.'))
            }
            _ => text,
        };
    }
    let before = size.log10().floor() as i64 + 1;
    let places = (digits as i64 - before).clamp(0, 17) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A JSON number; infinities become the strings "inf" and "-inf", NaN null.
pub fn json(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => Value::Null,
        None => Value::String(infinite(value).to_owned()),
    }
}

/// An array of such numbers.
pub fn json_array(values: &[f64]) -> Value {
    Value::Array(values.iter().map(|v| json(*v)).collect())
}

/// Reads back what [`json`] wrote.
pub fn from_json(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        Value::Null => Some(f64::NAN),
        _ => None,
    }
}

fn infinite(value: f64) -> &'static str {
    if value.is_nan() {
        "nan"
    } else if value > 0.0 {
        "inf"
    } else {
        "-inf"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (1234.5678, "1234.57"),
            (0.1, "0.1"),
            (-2.0, "-2"),
            (1.23456789e-7, "1.23e-7"),
            (1e-9, "1e-9"),
            (123_456_789.0, "123456789"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "nan"),
            (100.0, "100"),
        ] {
            assert_eq!(short(value, 6), text);
        }
    }

    #[test]
    fn numbers_come_back_the_same() {
        for value in
            [0.0, -0.0, 0.1, 1.0 / 3.0, 5e-324, f64::MAX, -1e300, f64::INFINITY, f64::NEG_INFINITY, 3.0]
        {
            let text = json(value).to_string();
            let back = from_json(&serde_json::from_str(&text).unwrap()).unwrap();
            assert_eq!(back.to_bits(), value.to_bits(), "{text}");
            assert_eq!(full(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
        assert!(from_json(&json(f64::NAN)).unwrap().is_nan());
    }
}
