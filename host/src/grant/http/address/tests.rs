use super::*;

fn networks(texts: &[&str]) -> Networks {
    let parse = |text: &&str| Network::parse(text).unwrap();
    texts.iter().map(parse).collect()
}

fn admits(granted: &[&str], address: &str) -> bool {
    networks(granted).admit(address.parse().unwrap()).is_ok()
}

#[test]
fn only_public_addresses_are_admitted() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
        "3ffe::1",
    ] {
        assert!(admits(&[], address), "{address}");
    }
}

#[test]
fn what_is_not_public_is_named() {
    for (address, kind) in [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("10.0.0.0", "private"),
        ("10.255.255.255", "private"),
        ("100.64.0.0", "carrier-grade NAT"),
        ("100.100.100.200", "carrier-grade NAT"),
        ("100.127.255.255", "carrier-grade NAT"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.255", "loopback"),
        ("168.63.129.16", "metadata"),
        ("169.254.169.254", "metadata"),
        ("169.254.0.0", "link-local"),
        ("169.254.170.2", "link-local"),
        ("172.16.0.0", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.192", "reserved"),
        ("192.0.2.1", "documentation"),
        ("192.88.99.1", "6to4 relay"),
        ("192.168.0.1", "private"),
        ("198.18.0.0", "benchmarking"),
        ("198.19.255.255", "benchmarking"),
        ("198.51.100.1", "documentation"),
        ("203.0.113.1", "documentation"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "IPv4-mapped"),
        ("::ffff:8.8.8.8", "IPv4-mapped"),
        ("::7f00:1", "IPv4-compatible"),
        ("::8.8.8.8", "IPv4-compatible"),
        ("64:ff9b::169.254.169.254", "NAT64"),
        ("64:ff9b::8.8.8.8", "NAT64"),
        ("64:ff9b:1::10.0.0.1", "NAT64"),
        ("64:ff9b:1:a00:0:100::", "NAT64"),
        ("64:ff9b:2::1", "reserved"),
        ("100::1", "discard-only"),
        ("2001::1", "Teredo"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
        ("2001:2::1", "reserved"),
        ("2001:10::1", "reserved"),
        ("2001:20::1", "reserved"),
        ("2001:1ff::1", "reserved"),
        ("2001:db8::1", "documentation"),
        ("2002:7f00:1::", "6to4"),
        ("2002:808:808::1", "6to4"),
        ("3fff::1", "documentation"),
        ("4000::1", "reserved"),
        ("5f00::1", "reserved"),
        ("fc00::1", "unique-local"),
        ("fd00:ec2::254", "metadata"),
        ("fd20:ce::254", "unique-local"),
        ("fe80::1", "link-local"),
        ("fe80::5efe:a00:1", "link-local"),
        ("febf:ffff::1", "link-local"),
        ("fec0::1", "site-local"),
        ("feff::1", "site-local"),
        ("ff02::1", "multicast"),
        ("2a00:1450::5efe:10.0.0.1", "ISATAP"),
        ("2a00:1450::200:5efe:8.8.8.8", "ISATAP"),
    ] {
        let parsed = address.parse().unwrap();
        assert_eq!(special(parsed), Some(kind), "{address}");
        assert_eq!(
            networks(&[]).admit(parsed).unwrap_err().to_string(),
            format!("{parsed} is not a public address ({kind})")
        );
    }
}

#[test]
fn a_network_is_lifted_and_nothing_else() {
    let v4 = ["10.1.0.0/16", "127.0.0.0/8"];
    for (address, admitted) in [
        ("10.1.0.0", true),
        ("10.1.255.255", true),
        ("10.0.255.255", false),
        ("10.2.0.0", false),
        ("127.0.0.1", true),
        ("169.254.169.254", false),
        ("::1", false),
        // The same host in another form is another network.
        ("::ffff:127.0.0.1", false),
        ("::127.0.0.1", false),
        ("64:ff9b::127.0.0.1", false),
        ("2002:7f00:1::", false),
        ("8.8.8.8", true),
    ] {
        assert_eq!(admits(&v4, address), admitted, "{address}");
    }
    assert!(admits(&["::1/128"], "::1") && !admits(&["::1/128"], "::2"));
    let all = ["::/0", "0.0.0.0/0"];
    for address in [
        "::",
        "127.0.0.1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "fd00:ec2::254",
    ] {
        assert!(admits(&all, address), "{address}");
    }
}

#[test]
fn a_form_with_an_ipv4_address_inside_needs_both() {
    for (form, public, private) in [
        ("::ffff:0:0/96", "::ffff:8.8.8.8", "::ffff:10.0.0.1"),
        ("::/96", "::8.8.8.8", "::10.0.0.1"),
        ("64:ff9b::/96", "64:ff9b::8.8.8.8", "64:ff9b::10.0.0.1"),
        (
            "64:ff9b:1::/48",
            "64:ff9b:1::8.8.8.8",
            "64:ff9b:1::10.0.0.1",
        ),
        (
            "64:ff9b:1::/48",
            "64:ff9b:1:808:8:800::",
            "64:ff9b:1:a00:0:100::",
        ),
        ("2002::/16", "2002:808:808::1", "2002:a00:1::1"),
        (
            "2001::/32",
            "2001:0:808:808::f7f7:f7f7",
            "2001:0:808:808::f5ff:fffe",
        ),
        (
            "2001::/32",
            "2001:0:808:808::f7f7:f7f7",
            "2001:0:a00:1::f7f7:f7f7",
        ),
        ("2a00::/16", "2a00::5efe:8.8.8.8", "2a00::5efe:10.0.0.1"),
    ] {
        assert!(!admits(&[], public) && !admits(&[], private), "{form}");
        assert!(admits(&[form], public), "{public}");
        assert!(!admits(&[form], private), "{private}");
        assert!(!admits(&["10.0.0.0/8"], private), "{private}");
        assert!(admits(&[form, "10.0.0.0/8"], private), "{private}");
    }
}

#[test]
fn a_wrong_network_has_an_error_that_helps() {
    for (text, words) in [
        ("10.0.0.0", "192.168.1.1/32"),
        ("10.0.0/8", "not an IP address"),
        ("example.com/8", "not an IP address"),
        ("/8", "not an IP address"),
        ("10.0.0.0/33", "at most 32"),
        ("10.0.0.0/-1", "at most 32"),
        ("10.0.0.0/+8", "at most 32"),
        ("10.0.0.0/", "at most 32"),
        ("10.0.0.0/8/8", "at most 32"),
        ("10.0.0.0/255.0.0.0", "at most 32"),
        ("fd00::/129", "at most 128"),
        ("fd00::/999", "at most 128"),
        ("10.0.0.1/8", "the network is 10.0.0.0/8"),
        ("fd00::1/8", "the network is fd00::/8"),
    ] {
        let error = Network::parse(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
    for text in [
        "0.0.0.0/0",
        "10.0.0.0/8",
        "127.0.0.1/32",
        "::/0",
        "fd00::/8",
        "::1/128",
    ] {
        assert_eq!(Network::parse(text).unwrap().to_string(), text);
    }
}
