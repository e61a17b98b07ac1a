//! Whether two JSON texts mean the same value (RFC 6902, section 4.6).

use std::borrow::Cow;

use crate::{
    check::{Kind, WHITE_SPACE},
    key,
    level::Level,
    work::{Budget, Exhausted},
};

/// Compares two texts that are known to be JSON: strings by their characters,
/// numbers by their value, objects without regard to the order of their members.
/// Levels are kept on a list rather than on the stack.
pub(crate) fn equal(left: &str, right: &str, budget: &mut Budget) -> Result<bool, Exhausted> {
    let mut pairs = vec![(left, right)];
    while let Some((left, right)) = pairs.pop() {
        // Before the white space goes, since looking for its end is work as well.
        budget.spend_on(1)?;
        budget.spend(left.len().saturating_add(right.len()))?;
        let (left, right) = (trim(left), trim(right));
        if left == right {
            continue;
        }
        let same = match (Kind::of(left), Kind::of(right)) {
            (Kind::Object, Kind::Object) | (Kind::Array, Kind::Array) => {
                pair_children(left, right, &mut pairs, budget)?
            }
            (Kind::String, Kind::String) => {
                spend_on_meaning(left, right, budget)?;
                key::decode(left) == key::decode(right)
            }
            (Kind::Number, Kind::Number) => {
                spend_on_meaning(left, right, budget)?;
                same_number(left, right)
            }
            // Booleans and null have one text each.
            _ => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes what it costs to look behind two different texts of strings or numbers.
fn spend_on_meaning(left: &str, right: &str, budget: &mut Budget) -> Result<(), Exhausted> {
    // Several passes, and an allocation each.
    budget.spend_on(2)?;
    let bytes = left.len().saturating_add(right.len());
    budget.spend(bytes.saturating_mul(3))
}

fn trim(json: &str) -> &str {
    json.trim_matches(WHITE_SPACE)
}

/// Queues the children that must be equal; false if they do not match up.
fn pair_children<'t>(
    left: &'t str,
    right: &'t str,
    pairs: &mut Vec<(&'t str, &'t str)>,
    budget: &mut Budget,
) -> Result<bool, Exhausted> {
    budget.spend_on_splitting(left)?;
    budget.spend_on_splitting(right)?;
    Ok(match (Level::of(left), Level::of(right)) {
        (Some(Level::Array(left)), Some(Level::Array(right))) => {
            let same = left.len() == right.len();
            pairs.extend(left.into_iter().zip(right));
            same
        }
        (Some(Level::Object(left)), Some(Level::Object(right))) => {
            let (left, right) = (sorted(left, budget)?, sorted(right, budget)?);
            let keys = |members: &[Member<'t>]| members.len();
            let same = keys(&left) == keys(&right)
                && left
                    .iter()
                    .zip(&right)
                    .all(|(left, right)| left.0 == right.0);
            let values = left.into_iter().zip(right);
            pairs.extend(values.map(|(left, right)| (left.1, right.1)));
            same
        }
        _ => false,
    })
}

/// The characters of a key, and the text of its value.
type Member<'t> = (Cow<'t, [u8]>, &'t str);

/// An object's members by their keys; of those with the same key, the last.
fn sorted<'t>(
    members: Vec<(&'t str, &'t str)>,
    budget: &mut Budget,
) -> Result<Vec<Member<'t>>, Exhausted> {
    // A few units for each comparison of two keys.
    let comparisons = members.len().checked_ilog2().unwrap_or(0);
    let units = members.len().saturating_mul(4);
    budget.spend(units.saturating_mul(usize::try_from(comparisons).unwrap_or(0)))?;
    let decode = |(quoted, value)| (key::decode(quoted), value);
    // From the last to the first: the sort is stable, so the last one stays.
    let mut members: Vec<_> = members.into_iter().rev().map(decode).collect();
    members.sort_by(|left, right| left.0.cmp(&right.0));
    members.dedup_by(|later, first| later.0 == first.0);
    Ok(members)
}

/// Compares by value without computing one, since 1e999999999 is a number, too.
fn same_number(left: &str, right: &str) -> bool {
    match (Decimal::of(left), Decimal::of(right)) {
        (Some(left), Some(right)) => left == right,
        // An exponent of 20 digits and more: the same value only if it is the
        // same text, which was compared before.
        _ => false,
    }
}

/// A number as `0.d…d × 10^exponent`, the first and the last digit not zero.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i128,
}

impl Decimal {
    fn of(number: &str) -> Option<Self> {
        let negative = number.starts_with('-');
        let number = number.trim_start_matches('-');
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        if digits.is_empty() {
            // Zero is zero, whatever its sign and exponent.
            return Some(Self {
                negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        let leading_zeros = i128::try_from(all.len().checked_sub(digits.len())?).ok()?;
        let whole = i128::try_from(whole.len()).ok()?;
        let exponent: i64 = exponent.parse().ok()?;
        Some(Self {
            negative,
            digits: digits.trim_end_matches('0').to_owned(),
            exponent: i128::from(exponent) + whole - leading_zeros,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(left: &str, right: &str) -> bool {
        equal(left, right, &mut Budget::unlimited()).unwrap()
    }

    #[test]
    fn numbers_compare_by_value() {
        let equal = [
            ("1", "1.0"),
            ("100", "1E+2"),
            ("0.001", "1e-3"),
            ("-0", "0e99999999999999999999999"),
            ("1e999999999", "10.0e999999998"),
            ("12345678901234567890.5", "1234567890123456789050e-2"),
            ("1e99999999999999999999999", "1e99999999999999999999999"),
        ];
        for (left, right) in equal {
            assert!(same(left, right), "{left} {right}");
        }
        let different = [
            ("1", "-1"),
            ("1", "10"),
            ("0.1", "0.10000000000000001"),
            ("9007199254740993", "9007199254740992"),
            ("1e400", "1e401"),
        ];
        for (left, right) in different {
            assert!(!same(left, right), "{left} {right}");
        }
    }

    #[test]
    fn containers_compare_by_content() {
        assert!(same(r#"{"a":1,"b":[ ]}"#, r#" {"b":[],"\u0061":1.0} "#));
        assert!(same(r#"{"a":1,"a":2}"#, r#"{"a":2}"#));
        assert!(same(r#"["\ud800"]"#, r#"["\uD800"]"#));
        let different = [
            ("[1,2]", "[2,1]"),
            ("[1]", "[1,1]"),
            (r#"{"a":1}"#, r#"{"b":1}"#),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#),
            ("{}", "[]"),
            ("null", "false"),
            ("1", "\"1\""),
        ];
        for (left, right) in different {
            assert!(!same(left, right), "{left} {right}");
        }
    }
}
