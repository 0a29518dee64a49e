//! Which lists have a prefix that holds this address or prefix.
//!
//! Prefixes either lie within each other or have nothing in common. Sorted by first address and
//! then by length, the one that stands just before an address is inside every prefix that holds the
//! address: so one binary search and a walk outwards, over at most 33 or 129 prefixes, finds all.
//! A table over the first bits of addresses makes the search short.

use ipnet::IpNet;

/// The prefixes of both IP versions.
#[derive(Debug, Default)]
pub(crate) struct Nets {
    v4: Forest,
    v6: Forest,
}

/// Prefixes of one IP version.
#[derive(Debug, Default)]
struct Forest {
    /// What was pushed; empty once sorted.
    rows: Vec<(Prefix, u16)>,
    nodes: Vec<Node>,
    /// Where the nodes start whose first [`PLACE_BITS`] are the position, and at the end their
    /// number. Empty without nodes.
    places: Vec<u32>,
    lists: Vec<u16>,
}

/// Bits of an address by which the table tells nodes apart.
const PLACE_BITS: u32 = 16;

/// An address in the first bits, and how many bits count; the rest is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Prefix {
    start: u128,
    length: u8,
}

#[derive(Debug)]
struct Node {
    prefix: Prefix,
    /// The next wider prefix that holds this one.
    outer: Option<u32>,
    /// Where its lists start in [`Forest::lists`]; they end where the next node's start.
    lists: u32,
}

impl Prefix {
    fn place(self) -> usize {
        let first = self.start.checked_shr(128_u32.saturating_sub(PLACE_BITS)).unwrap_or(0);
        usize::try_from(first).unwrap_or(usize::MAX)
    }

    fn holds(self, other: Prefix) -> bool {
        let shift = 128_u32.saturating_sub(u32::from(self.length));
        // A shift by all bits leaves nothing to compare: a prefix of length 0 holds everything.
        let differs = (self.start ^ other.start).checked_shr(shift).unwrap_or(0);
        self.length <= other.length && differs == 0
    }
}

/// Whether the prefix is of IPv4, and the prefix.
fn split(net: IpNet) -> (bool, Prefix) {
    match net {
        IpNet::V4(net) => {
            let start = u128::from(net.network().to_bits()) << 96;
            (true, Prefix { start, length: net.prefix_len() })
        }
        IpNet::V6(net) => {
            (false, Prefix { start: net.network().to_bits(), length: net.prefix_len() })
        }
    }
}

fn join(is_v4: bool, prefix: Prefix) -> Option<IpNet> {
    let address = if is_v4 {
        std::net::Ipv4Addr::from_bits(u32::try_from(prefix.start >> 96).ok()?).into()
    } else {
        std::net::Ipv6Addr::from_bits(prefix.start).into()
    };
    IpNet::new(address, prefix.length).ok()
}

impl Nets {
    /// Adds a prefix of a list.
    pub(crate) fn push(&mut self, list: u16, net: IpNet) {
        let (is_v4, prefix) = split(net);
        let forest = if is_v4 { &mut self.v4 } else { &mut self.v6 };
        forest.rows.push((prefix, list));
    }

    /// Sorts the prefixes; before it nothing is found.
    pub(crate) fn finish(&mut self) {
        self.v4.finish();
        self.v6.finish();
    }

    /// Every list that has a prefix which holds the given one, with that prefix, from the narrowest
    /// prefix outwards. A list comes once for each of its prefixes that hold it.
    pub(crate) fn lists(&self, net: IpNet) -> impl Iterator<Item = (u16, IpNet)> {
        let (is_v4, prefix) = split(net);
        let forest = if is_v4 { &self.v4 } else { &self.v6 };
        forest
            .holding(prefix)
            .filter_map(move |at| Some((forest.nodes.get(at)?.prefix, forest.lists_of(at))))
            .filter_map(move |(found, lists)| Some((join(is_v4, found)?, lists)))
            .flat_map(|(found, lists)| lists.iter().map(move |list| (*list, found)))
    }
}

impl Forest {
    fn finish(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_unstable();
        rows.dedup();
        self.lists = Vec::with_capacity(rows.len());
        // The prefixes that hold the one at hand, widest first: at most one of each length.
        let mut open: Vec<(u32, Prefix)> = Vec::new();
        for (prefix, list) in rows {
            if self.nodes.last().is_none_or(|node| node.prefix != prefix) {
                while open.last().is_some_and(|(_, outer)| !outer.holds(prefix)) {
                    open.pop();
                }
                let outer = open.last().map(|(at, _)| *at);
                let at = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
                let lists = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
                self.nodes.push(Node { prefix, outer, lists });
                open.push((at, prefix));
            }
            self.lists.push(list);
        }
        self.nodes.shrink_to_fit();
        self.fill_places();
    }

    fn fill_places(&mut self) {
        if self.nodes.is_empty() {
            return;
        }
        let count = 1_usize.checked_shl(PLACE_BITS).unwrap_or(0);
        self.places = vec![0; count.saturating_add(1)];
        for node in &self.nodes {
            if let Some(after) = self.places.get_mut(node.prefix.place().saturating_add(1)) {
                *after = after.saturating_add(1);
            }
        }
        let mut sum = 0_u32;
        for place in &mut self.places {
            sum = sum.saturating_add(*place);
            *place = sum;
        }
    }

    /// The nodes that hold the prefix, from the narrowest outwards.
    fn holding(&self, prefix: Prefix) -> impl Iterator<Item = usize> {
        let bound = |at: usize| self.places.get(at).map_or(0, |start| *start as usize);
        let (start, end) = (bound(prefix.place()), bound(prefix.place().saturating_add(1)));
        let near = self.nodes.get(start..end).unwrap_or(&[]);
        let after = start.saturating_add(near.partition_point(|node| node.prefix <= prefix));
        let outer = |at: usize| self.nodes.get(at)?.outer.map(|outer| outer as usize);
        std::iter::successors(after.checked_sub(1), move |at| outer(*at))
            .filter(move |at| self.nodes.get(*at).is_some_and(|node| node.prefix.holds(prefix)))
    }

    fn lists_of(&self, at: usize) -> &[u16] {
        let start = self.nodes.get(at).map_or(0, |node| node.lists as usize);
        let next = self.nodes.get(at.saturating_add(1));
        let end = next.map_or(self.lists.len(), |node| node.lists as usize);
        self.lists.get(start..end).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(entries: &[(u16, &str)]) -> Nets {
        let mut nets = Nets::default();
        for (list, text) in entries {
            nets.push(*list, text.parse().expect("a prefix"));
        }
        nets.finish();
        nets
    }

    fn found(nets: &Nets, text: &str) -> Vec<(u16, String)> {
        nets.lists(text.parse().expect("a prefix")).map(|(l, net)| (l, net.to_string())).collect()
    }

    #[test]
    fn every_prefix_that_holds_an_address_is_found_from_within() {
        let nets = nets(&[
            (0, "0.0.0.0/0"),
            (1, "198.51.100.0/24"),
            (2, "198.51.100.0/24"),
            (1, "198.51.100.0/25"),
            (1, "198.51.100.7/32"),
            (3, "198.51.100.128/25"),
            (4, "::/0"),
        ]);
        let texts = |text| found(&nets, text).iter().map(|(l, n)| format!("{l} {n}")).collect();
        let seven: Vec<String> = texts("198.51.100.7/32");
        assert_eq!(
            seven,
            [
                "1 198.51.100.7/32",
                "1 198.51.100.0/25",
                "1 198.51.100.0/24",
                "2 198.51.100.0/24",
                "0 0.0.0.0/0"
            ]
        );
        let wider: Vec<String> = texts("198.51.100.0/23");
        assert_eq!(wider, ["0 0.0.0.0/0"]);
        let upper: Vec<String> = texts("198.51.100.200/32");
        assert_eq!(upper[0], "3 198.51.100.128/25");
        assert_eq!(found(&nets, "2001:db8::1/128"), [(4, "::/0".to_owned())]);
    }

    #[test]
    fn nothing_is_found_before_the_first_and_after_the_last() {
        let nets = nets(&[(0, "198.51.100.0/24"), (0, "2001:db8::/32")]);
        assert_eq!(found(&nets, "198.51.99.255/32"), []);
        assert_eq!(found(&nets, "198.51.101.0/32"), []);
        assert_eq!(found(&nets, "2001:db7::1/128"), []);
        assert_eq!(found(&nets, "2001:db9::/32"), []);
    }
}
