//! Which addresses may be dialled: public ones, and those of granted networks.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are not public, by IANA's registry of special purposes, and one
/// public address that a cloud keeps for itself (Azure's, 168.63.129.16).
const SPECIAL_V4: [(&str, [u8; 4], u8); 17] = [
    ("unspecified", [0, 0, 0, 0], 8),
    ("private", [10, 0, 0, 0], 8),
    ("carrier-grade NAT", [100, 64, 0, 0], 10),
    ("loopback", [127, 0, 0, 0], 8),
    ("metadata", [169, 254, 169, 254], 32),
    ("link-local", [169, 254, 0, 0], 16),
    ("private", [172, 16, 0, 0], 12),
    ("reserved", [192, 0, 0, 0], 24),
    ("documentation", [192, 0, 2, 0], 24),
    ("6to4 relay", [192, 88, 99, 0], 24),
    ("private", [192, 168, 0, 0], 16),
    ("benchmarking", [198, 18, 0, 0], 15),
    ("documentation", [198, 51, 100, 0], 24),
    ("documentation", [203, 0, 113, 0], 24),
    ("multicast", [224, 0, 0, 0], 4),
    ("reserved", [240, 0, 0, 0], 4),
    ("metadata", [168, 63, 129, 16], 32),
];

/// IPv6 networks that are not public. All that is in none of these and not in 2000::/3,
/// from which public addresses are given out, is reserved.
const SPECIAL_V6: [(&str, [u16; 8], u8); 17] = [
    ("unspecified", [0, 0, 0, 0, 0, 0, 0, 0], 128),
    ("loopback", [0, 0, 0, 0, 0, 0, 0, 1], 128),
    ("IPv4-mapped", [0, 0, 0, 0, 0, 0xffff, 0, 0], 96),
    ("IPv4-compatible", [0, 0, 0, 0, 0, 0, 0, 0], 96),
    ("NAT64", [0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96),
    ("NAT64", [0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
    ("discard-only", [0x100, 0, 0, 0, 0, 0, 0, 0], 64),
    ("Teredo", [0x2001, 0, 0, 0, 0, 0, 0, 0], 32),
    ("reserved", [0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ("documentation", [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ("6to4", [0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ("documentation", [0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    ("metadata", [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128),
    ("unique-local", [0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    ("link-local", [0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    ("site-local", [0xfec0, 0, 0, 0, 0, 0, 0, 0], 10),
    ("multicast", [0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

/// What is not public about an address; nothing, if it is public.
#[must_use]
pub fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => SPECIAL_V4.iter().find_map(|(name, network, length)| {
            let network = Ipv4Net::new((*network).into(), *length).ok()?;
            network.contains(&address).then_some(*name)
        }),
        IpAddr::V6(address) => SPECIAL_V6
            .iter()
            .find_map(|(name, network, length)| {
                let network = Ipv6Net::new((*network).into(), *length).ok()?;
                network.contains(&address).then_some(*name)
            })
            .or_else(|| is_isatap(address).then_some("ISATAP"))
            .or_else(|| (address.segments()[0] >> 13 != 1).then_some("reserved")),
    }
}

/// The interface identifier of ISATAP (RFC 5214), whatever the prefix.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = address.segments();
    matches!(high, 0 | 0x200) && low == 0x5efe
}

/// The IPv4 addresses within an IPv6 address of one of the forms that carry any.
fn embedded(address: Ipv6Addr) -> [Option<Ipv4Addr>; 2] {
    let pair = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        // Unspecified and loopback, which look like compatible ones.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => [None, None],
        // Mapped, compatible, and NAT64 with the well-known prefix.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            [pair(high, low), None]
        }
        // NAT64 with a prefix for local use, of 48 bits (RFC 6052: it steps over the bits
        // from 64 to 71, and zeros follow) or of 96.
        [0x64, 0xff9b, 1, high, middle, low, 0, 0] if middle >> 8 == 0 && low & 0xff == 0 => {
            [pair(high, middle << 8 | low >> 8), None]
        }
        [0x64, 0xff9b, 1, _, _, _, high, low] => [pair(high, low), None],
        [0x2002, high, low, ..] => [pair(high, low), None],
        // Teredo has its server's and, inverted, its client's.
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            [pair(server_high, server_low), pair(!high, !low)]
        }
        [.., high, low] if is_isatap(address) => [pair(high, low), None],
        _ => [None, None],
    }
}

/// The networks of a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// Whether an address is in one of these networks. If it carries an IPv4 address
    /// inside, that has to be public or in one of them too: a grant for NAT64's prefix is
    /// none for the private addresses behind it.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let named = |address: IpAddr| self.0.iter().any(|network| network.0.contains(&address));
        let inside = match address {
            IpAddr::V4(_) => [None, None],
            IpAddr::V6(address) => embedded(address),
        };
        let mut inside = inside.into_iter().flatten().map(IpAddr::V4);
        named(address) && inside.all(|inner| special(inner).is_none() || named(inner))
    }

    /// Whether an address may be dialled.
    ///
    /// # Errors
    /// What it is instead of public.
    pub fn admit(&self, address: IpAddr) -> Result<(), Special> {
        match special(address) {
            Some(kind) if !self.contain(address) => Err(Special { address, kind }),
            _ => Ok(()),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Network> for Networks {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

/// An address that may not be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{address} is not a public address ({kind})")]
pub struct Special {
    address: IpAddr,
    kind: &'static str,
}

/// A network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

/// Why a text is not a [`Network`], and what to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    /// There is no slash.
    #[error("the length of the prefix is missing; one address is written as 192.168.1.1/32")]
    NoLength,
    /// What stands before the slash is something else.
    #[error("what stands before the slash is not an IP address")]
    Address,
    /// What stands behind the slash is not a number, or too large.
    #[error("the length of the prefix is a number, at most {most} for such an address")]
    Length {
        /// 32 or 128.
        most: u8,
    },
    /// The address has bits that the prefix leaves open.
    #[error("the address has bits behind its prefix; the network is {network}")]
    HostBits {
        /// What may be meant.
        network: IpNet,
    },
}

impl Network {
    /// Reads a network such as `10.0.0.0/8`, `127.0.0.1/32` or `fd00::/8`.
    ///
    /// # Errors
    /// [`NotANetwork`] says what to write.
    pub fn parse(text: &str) -> Result<Self, NotANetwork> {
        let (address, length) = text.split_once('/').ok_or(NotANetwork::NoLength)?;
        let address: IpAddr = address.parse().map_err(|_| NotANetwork::Address)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let network = digits.then(|| length.parse().ok()).flatten();
        let network = network.and_then(|length| IpNet::new(address, length).ok());
        let network = network.ok_or(NotANetwork::Length { most })?;
        if network.trunc() == network {
            Ok(Self(network))
        } else {
            let network = network.trunc();
            Err(NotANetwork::HostBits { network })
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
