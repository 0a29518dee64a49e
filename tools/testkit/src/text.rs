//! Writes the texts of accords. Is not: a template for people; that is `accords/matching.toml`,
//! whose shape this follows.

use std::fmt::Write as _;

use detente_core::PartyId;

/// What the parties of a world call their accord.
pub const ACCORD: &str = "test-0";

/// The terms of an accord between all parties of a world.
///
/// For each pair of parties there is a matching clause: 1 between the first two, then 1.1, 1.2 ...
/// Clause 2 permits, 3 forbids, 4 obliges.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Its id.
    pub slug: String,
    /// Its title: two texts that differ in nothing else are two texts.
    pub title: String,
    /// When it ends.
    pub expires: String,
    /// What an unmarked indicator counts as.
    pub default_tlp: String,
    /// Kinds that are matched and released.
    pub kinds: String,
    /// `which`, `payload` or `count`.
    pub mode: String,
    /// Room for the contexts of an item, in mode `payload`. Bytes.
    pub payload_bytes: Option<u32>,
    /// `both` or `initiator`.
    pub answer: String,
    /// The matcher; the one with the smallest messages, where nothing hangs on it.
    pub engine: String,
    /// Most items of one side in one run.
    pub max_items: u32,
    /// Padding.
    pub pad: String,
    /// Budget: runs.
    pub runs: u64,
    /// Budget: items.
    pub items: u64,
    /// Budget: window.
    pub per: String,
    /// Ceiling of what may leave.
    pub max_tlp: String,
    /// `matched` or `any`.
    pub only: String,
    /// Cap on objects.
    pub cap: u64,
    /// Window of the cap.
    pub cap_per: String,
    /// Labels that may not leave.
    pub labels: Vec<String>,
    /// Roles that may stop.
    pub stop_by: String,
    /// When a stop lapses.
    pub lapses: String,
    /// How long a notice runs.
    pub notice: String,
    /// More tables, such as `[[authority]]`.
    pub more: String,
}

impl Default for Terms {
    fn default() -> Terms {
        let text = str::to_owned;
        Terms {
            slug: text(ACCORD),
            title: text("A test accord"),
            expires: text("2030-12-31"),
            default_tlp: text("amber+strict"),
            kinds: text("\"domain\", \"ipv4\""),
            mode: text("which"),
            payload_bytes: None,
            answer: text("both"),
            engine: text("ecdh-ristretto255"),
            max_items: 64,
            pad: text("power-of-two"),
            runs: 20,
            items: 4_096,
            per: text("P30D"),
            max_tlp: text("amber"),
            only: text("matched"),
            cap: 1_000,
            cap_per: text("P30D"),
            labels: vec![text("source"), text("victim")],
            stop_by: text("\"duty-officer\", \"minister\""),
            lapses: text("P10D"),
            notice: text("P30D"),
            more: String::new(),
        }
    }
}

impl Terms {
    /// The text between these parties, whose handles are A, B, C ...
    pub fn text(&self, parties: &[PartyId]) -> Vec<u8> {
        let handles: Vec<char> = ('A'..='Z').take(parties.len()).collect();
        let mut text = self.head();
        for (handle, id) in handles.iter().zip(parties) {
            // Writing into a string does not fail.
            let _ = write!(
                text,
                "\n[[party]]\nid = \"{handle}\"\nname = \"CERT {handle}\"\nroot = \"{id}\"\n"
            );
        }
        let mut count = 0;
        for (at, one) in handles.iter().enumerate() {
            for other in &handles[at + 1..] {
                let id = if count == 0 { "1".to_owned() } else { format!("1.{count}") };
                text += &self.matching(&id, (*one, *other));
                count += 1;
            }
        }
        text += &self.rest();
        text += &self.more;
        text.into_bytes()
    }

    fn head(&self) -> String {
        let Terms { slug, title, expires, default_tlp, .. } = self;
        format!(
            r#"format = 1

[accord]
id = "{slug}"
title = "{title}"
bindingness = "technical"
languages = ["en"]
prevailing = "none"
expires = "{expires}"
default_tlp = "{default_tlp}"
"#
        )
    }

    fn matching(&self, id: &str, (one, other): (char, char)) -> String {
        let Terms { kinds, mode, answer, engine, max_items, pad, runs, items, per, .. } = self;
        let (shown, room) = self.payload_bytes.map_or_else(Default::default, |bytes| {
            (" {payload_bytes} bytes.", format!("payload_bytes = {bytes}\n"))
        });
        format!(
            r#"
[[clause]]
id = "{id}"
prose.en = """{{between}} find out {{mode}}: {{kinds}}. {{answer}}. {{pad}}. At most {{max_items}}
items in a run; in {{budget.per}} {{budget.runs}} runs and {{budget.items}} items.{shown}"""
[clause.match]
between = ["{one}", "{other}"]
kinds = [{kinds}]
mode = "{mode}"
engine = "{engine}"
answer = "{answer}"
max_items = {max_items}
pad = "{pad}"
{room}budget = {{ runs = {runs}, items = {items}, per = "{per}" }}
"#
        )
    }

    fn rest(&self) -> String {
        let Terms { kinds, max_tlp, only, cap, cap_per, stop_by, lapses, notice, .. } = self;
        let labels: Vec<String> = self.labels.iter().map(|l| format!("\"{l}\"")).collect();
        let labels = labels.join(", ");
        format!(
            r#"
[[clause]]
id = "2"
prose.en = """{{from}} may release {{only}} to {{to}}: {{kinds}}, up to {{max_tlp}}, at most
{{cap.count}} objects in {{cap.per}}, kept for {{retention.within}} from {{retention.clock}}."""
[clause.permit]
from = "*"
to = "*"
object = "indicator"
kinds = [{kinds}]
only = "{only}"
max_tlp = "{max_tlp}"
cap = {{ count = {cap}, per = "{cap_per}" }}
retention = {{ within = "P180D", clock = "receipt" }}

[[clause]]
id = "3"
prose.en = "Nothing labelled {{labels}} leaves from {{from}} to {{to}}."
[clause.forbid]
from = "*"
to = "*"
object = "indicator"
labels = [{labels}]

[[clause]]
id = "4"
prose.en = "{{actor}} that receives a release acknowledges it within {{within}} from {{clock}}."
[clause.oblige]
actor = "*"
verb = "acknowledge"
on = "release"
within = "PT24H"
clock = "receipt"
breach = "escalate"

[emergency]
stop_by = [{stop_by}]
lapses = "{lapses}"
clock = "act"

[exit]
notice = "{notice}"
clock = "act"
survives = ["retention"]

"#
        )
    }
}
