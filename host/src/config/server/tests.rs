use crate::config::Config;
use crate::secret::Secrets;
use std::path::Path;

fn parse(line: &str) -> Result<Config, String> {
    let text = format!("[server]\n{line}\n");
    let secrets = Secrets::Read(&|_| None);
    Config::parse(&text, "retort.toml", Path::new("."), secrets).map_err(|it| it.to_string())
}

#[test]
fn ranges_of_the_network_end_where_the_documentation_says() {
    for (key, low, high, beyond) in [
        ("body_timeout", "'100ms'", "'60s'", ["'99ms'", "'61s'"]),
        ("idle_timeout", "'100ms'", "'1h'", ["'99ms'", "'3601s'"]),
        ("write_timeout", "'100ms'", "'300s'", ["'99ms'", "'301s'"]),
        ("connections", "1", "1_000_000", ["0", "1_000_001"]),
        ("streams", "1", "1_000", ["0", "1_001"]),
    ] {
        for value in [low, high] {
            parse(&format!("{key} = {value}")).unwrap();
        }
        for value in beyond {
            parse(&format!("{key} = {value}")).unwrap_err();
        }
    }
}

#[test]
fn tls_needs_both_files() {
    let error = parse("tls = { certificate = 'absent.pem' }").unwrap_err();
    assert!(error.contains("key = \"key.pem\""), "{error}");
    let error = parse("tls = { certificate = 'absent.pem', key = 'k.pem' }").unwrap_err();
    assert!(error.starts_with("retort.toml:2:23: "), "{error}");
    assert!(error.contains("cannot read ./absent.pem"), "{error}");
}
