//! `[quarantine]`

use super::optional;
use super::reader::Table;
use crate::quarantine::Rule;
use std::time::Duration;

pub(super) fn read(root: &Table<'_>) -> Option<Rule> {
    let default = Rule::default();
    let Some(item) = root.optional("quarantine") else {
        return Some(default);
    };
    let table = item.table("[quarantine]".to_owned())?;
    let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3_600));
    let faults = optional(&table, "faults", |i| i.integer(0..=100_000));
    let percent = optional(&table, "percent", |i| i.integer(1..=100));
    let window = optional(&table, "window", |i| i.duration(second..=hour));
    let shortest = Duration::from_millis(100);
    let pause = optional(&table, "pause", |i| i.duration(shortest..=hour));
    let longest_pause = optional(&table, "longest_pause", |i| i.duration(shortest..=hour));
    table.refuse_unknown_keys();
    let number = |value: Option<u64>, default| {
        value
            .and_then(|value| u32::try_from(value).ok())
            .unwrap_or(default)
    };
    let pause = pause?.unwrap_or(default.pause);
    Some(Rule {
        faults: number(faults?, default.faults),
        percent: number(percent?, default.percent),
        window: window?.unwrap_or(default.window),
        pause,
        longest_pause: longest_pause?.unwrap_or(default.longest_pause).max(pause),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::parse;
    use super::*;

    #[test]
    fn a_quarantine_has_the_documented_defaults_and_ranges() {
        let rule = parse("").unwrap().quarantine;
        assert_eq!((rule.faults, rule.percent), (10, 50));
        assert_eq!(rule.window, Duration::from_secs(30));
        assert_eq!(rule.pause, Duration::from_secs(10));
        assert_eq!(rule.longest_pause, Duration::from_secs(300));
        let rule = parse("quarantine.pause = \"10m\"").unwrap().quarantine;
        assert_eq!(rule.longest_pause, rule.pause);
        for (key, low, high, beyond) in [
            ("faults", "0", "100_000", ["-1", "100_001"]),
            ("percent", "1", "100", ["0", "101"]),
            ("window", "\"1s\"", "\"1h\"", ["\"999ms\"", "\"3601s\""]),
            ("pause", "\"100ms\"", "\"1h\"", ["\"99ms\"", "\"3601s\""]),
            ("longest_pause", "\"100ms\"", "\"1h\"", ["0", "\"3601s\""]),
        ] {
            for value in [low, high] {
                assert!(parse(&format!("quarantine.{key} = {value}")).is_ok());
            }
            for value in beyond {
                assert!(parse(&format!("quarantine.{key} = {value}")).is_err());
            }
        }
    }
}
