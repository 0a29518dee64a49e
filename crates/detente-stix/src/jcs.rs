//! Canonical JSON after RFC 8785: what deterministic identifiers are computed over.

use serde_json::Value;

/// The value as RFC 8785 writes it: no white space, keys in the order of their UTF-16 code units,
/// the fewest escapes, numbers as ECMAScript prints a double.
///
/// Recursion is bounded by the depth to which the value could be parsed.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&ecmascript(number)),
        Value::String(text) => write_string(text, out),
        Value::Array(list) => {
            out.push('[');
            for (at, element) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(element, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, key) in keys.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                if let Some(member) = object.get(key) {
                    write_value(member, out);
                }
            }
            out.push('}');
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `Number::toString` of ECMA-262, radix 10, over the double the number stands for.
fn ecmascript(number: &serde_json::Number) -> String {
    const EXACT: u64 = 1 << 53;
    if number.as_i64().is_some_and(|n| n.unsigned_abs() <= EXACT) {
        return number.to_string();
    }
    let Some(double) = number.as_f64() else {
        return number.to_string();
    };
    if double == 0.0 {
        return "0".to_owned();
    }
    // The shortest digits that read back as the same double: d.ddd and an exponent.
    let shortest = format!("{:e}", double.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let sign = if double < 0.0 { "-" } else { "" };
    format!("{sign}{}", place_point(&digits, point))
}

/// The digits with the decimal point after the `point`-th, as ECMA-262 lays them out.
fn place_point(digits: &str, point: i32) -> String {
    let length = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if (1..=21).contains(&point) {
        if length <= point {
            return format!("{digits}{}", zeros(point - length));
        }
        let (whole, rest) = digits.split_at(usize::try_from(point).unwrap_or(0));
        return format!("{whole}.{rest}");
    }
    if (-5..=0).contains(&point) {
        return format!("0.{}{digits}", zeros(-point));
    }
    let sign = if point > 0 { '+' } else { '-' };
    let power = (point - 1).abs();
    match digits.split_at(1) {
        (first, "") => format!("{first}e{sign}{power}"),
        (first, rest) => format!("{first}.{rest}e{sign}{power}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> String {
        canonical(&serde_json::from_str(text).expect("JSON"))
    }

    /// Numbers of RFC 8785 appendix B and of its §3.2.2 example.
    #[test]
    fn numbers() {
        for (text, wanted) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("5e-324", "5e-324"),
            ("-1.7976931348623157e308", "-1.7976931348623157e+308"),
            ("9007199254740992", "9007199254740992"),
            ("295147905179352830000", "295147905179352830000"),
            ("9.999999999999997e22", "9.999999999999997e+22"),
            ("1e23", "1e+23"),
            ("1.0000000000000001e23", "1.0000000000000001e+23"),
            ("999999999999999700000", "999999999999999700000"),
            ("1e21", "1e+21"),
            ("9.999999999999997e-7", "9.999999999999997e-7"),
            ("0.000001", "0.000001"),
            ("333333333.3333332", "333333333.3333332"),
            ("333333333.33333329", "333333333.3333333"),
            ("1E30", "1e+30"),
            ("4.50", "4.5"),
            ("2e-3", "0.002"),
            ("1.0", "1"),
            ("18446744073709551615", "18446744073709552000"),
        ] {
            assert_eq!(of(text), wanted, "{text}");
        }
    }

    #[test]
    fn strings_and_order() {
        assert_eq!(
            of(r#"{"b":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","a":[1, null,true]}"#),
            "{\"a\":[1,null,true],\"b\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
        // RFC 8785 §3.2.3: UTF-16 order puts a surrogate pair before U+FB33.
        assert_eq!(of("{\"\u{fb33}\":1,\"\u{1f600}\":2}"), "{\"\u{1f600}\":2,\"\u{fb33}\":1}");
    }

    proptest! {
        #[test]
        fn doubles_read_back(double in proptest::num::f64::NORMAL) {
            let text = of(&serde_json::to_string(&double).expect("JSON"));
            prop_assert_eq!(text.parse::<f64>().expect("a number").to_bits(), double.to_bits());
        }
    }
}
