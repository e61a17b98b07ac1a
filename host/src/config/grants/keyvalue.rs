//! `keyvalue` of the table `grants`.

use super::super::optional;
use super::super::reader::Item;
use crate::grant::KeyValue;

/// Reads the terms; `{}` are the defaults.
pub(super) fn read(item: &Item<'_>) -> Option<KeyValue> {
    let table = item.clone().table("`keyvalue` of `grants`".to_owned())?;
    let store = optional(&table, "store", Item::name);
    let ttl = optional(&table, "ttl", |i| i.duration(KeyValue::TTL));
    let quota = optional(&table, "quota", |i| i.bytes(KeyValue::QUOTA));
    let value = optional(&table, "value", |i| i.bytes(KeyValue::VALUE));
    table.refuse_unknown_keys();
    let default = KeyValue::default();
    Some(KeyValue {
        store: store?.map(str::to_owned),
        ttl: ttl?.unwrap_or(default.ttl),
        quota_bytes: quota?
            .and_then(|bytes| u64::try_from(bytes).ok())
            .unwrap_or(default.quota_bytes),
        value_bytes: value?.unwrap_or(default.value_bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::parse;
    use crate::grant::KeyValue;
    use std::time::Duration;

    fn granted(keyvalue: &str) -> Result<KeyValue, String> {
        let text = format!(
            "[keyvalue]\nfile = \"state\"\nsecrets = [\"env:KEY\"]\n\
             [plugins.p]\ncomponent = \"p.wasm\"\ngrants = {{ keyvalue = {keyvalue} }}"
        );
        let config = parse(&text).map_err(|problems| problems.to_string())?;
        Ok(config.plugins["p"].grants.keyvalue.clone().unwrap())
    }

    #[test]
    fn every_key_has_a_default() {
        assert_eq!(granted("{}").unwrap(), KeyValue::default());
        let terms =
            granted("{ store = \"pii\", ttl = \"90d\", quota = \"2KiB\", value = 7 }").unwrap();
        assert_eq!(terms.store.as_deref(), Some("pii"));
        assert_eq!(terms.ttl, Duration::from_secs(90 * 86_400));
        assert_eq!((terms.quota_bytes, terms.value_bytes), (2_048, 7));
    }

    #[test]
    fn refuses_what_is_beyond_the_ranges() {
        for wrong in [
            "{ ttl = \"999ms\" }",
            "{ ttl = \"91d\" }",
            "{ quota = 1023 }",
            "{ quota = \"2GiB\" }",
            "{ value = 0 }",
            "{ value = \"2MiB\" }",
        ] {
            let problem = granted(wrong).unwrap_err();
            assert!(problem.contains("out of range"), "{wrong}: {problem}");
        }
        for name in ["", "a b", "-a", &"a".repeat(65)] {
            let problem = granted(&format!("{{ store = \"{name}\" }}")).unwrap_err();
            assert!(problem.contains("cannot be a name"), "{problem}");
        }
        assert!(granted("true").unwrap_err().contains("must be a table"));
        let problem = granted("{ tll = \"1s\" }").unwrap_err();
        assert!(problem.contains("unknown key `tll`"), "{problem}");
    }
}
