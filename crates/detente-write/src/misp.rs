//! MISP events as JSON: `{"response": [{"Event": ...}, ...]}`, one event for each colour and part.
//!
//! Source: the MISP core format (draft-dulaunoy-misp-core-format). All attributes of an event have
//! its colour and inherit its distribution, which is never wider than the colour. What came as
//! parts of one MISP object stands in one again. Attributes are held until their event is full, in
//! at most [`MAX_EVENT_BYTES`] for each colour.

use std::collections::BTreeMap;
use std::io::Write;

use detente_core::{Kind, Tlp};
use serde_json::{Map, Value, json};

use crate::export::{Put, WriteFault, Writer};
use crate::handling::{beside_colour, plain_label};
use crate::screen::{Item, TO_IDS};
use crate::seen::Seen;
use crate::text::{date, one_line, rfc3339};
use crate::{MAX_ATTRIBUTES_PER_EVENT, Meta, MispOptions, Options, Reason, id};

/// Bytes of the attributes that are held for one event; more begin a further one.
pub const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// Attribute categories of what is seen on a network, the usual one first.
const NETWORK: &[&str] = &["Network activity", "Payload delivery", "External analysis"];
/// Attribute categories of files, the usual one first.
const FILE: &[&str] = &["Payload delivery", "Artifacts dropped", "Payload installation"];
/// Attribute categories of senders and receivers, the usual one first.
const MAIL: &[&str] = &["Payload delivery", "Network activity"];

/// Attributes as JSON, with commas between them.
#[derive(Default)]
struct List(Vec<u8>);

impl List {
    /// Adds one; how many bytes that takes.
    fn push(&mut self, attribute: &Value) -> Result<usize, serde_json::Error> {
        let before = self.0.len();
        if before > 0 {
            self.0.extend_from_slice(b",\n");
        }
        serde_json::to_writer(&mut self.0, attribute)?;
        Ok(self.0.len() - before)
    }
}

/// What waits for its event.
#[derive(Default)]
struct Held {
    attributes: List,
    /// Objects by the ids that they had: what stands beside their attributes, and these.
    objects: BTreeMap<String, (Map<String, Value>, List)>,
    bytes: usize,
    count: usize,
    parts: u32,
}

pub(crate) struct Misp {
    meta: Meta,
    options: MispOptions,
    held: BTreeMap<Tlp, Held>,
    seen: Seen,
    wrote: bool,
}

impl Misp {
    pub(crate) fn new(meta: Meta, options: &Options) -> Result<Misp, WriteFault> {
        let options = options.misp.clone();
        if !(1..=MAX_ATTRIBUTES_PER_EVENT).contains(&options.attributes_per_event) {
            let why = "not from 1 to 100000";
            return Err(WriteFault::Option { option: "attributes per event", why });
        }
        Ok(Misp { meta, options, held: BTreeMap::new(), seen: Seen::default(), wrote: false })
    }

    /// The distribution level of a colour: 0 own organisation, 1 this community, 2 connected
    /// communities, 3 all.
    fn distribution(&self, tlp: Tlp) -> &'static str {
        match tlp {
            Tlp::Clear => "3",
            Tlp::Green => "1",
            Tlp::Amber if self.options.amber_to_community => "1",
            Tlp::Amber | Tlp::AmberStrict | Tlp::Red => "0",
        }
    }

    fn flush(&mut self, out: &mut dyn Write, tlp: Tlp) -> Result<(), WriteFault> {
        let Some(held) = self.held.get_mut(&tlp).filter(|held| held.count > 0) else {
            return Ok(());
        };
        let attributes = std::mem::take(&mut held.attributes);
        let objects = std::mem::take(&mut held.objects);
        let has_objects = !objects.is_empty();
        (held.count, held.bytes) = (0, 0);
        held.parts += 1;
        let part = held.parts.to_string();
        let (producer, title) = (&self.meta.producer, &self.meta.title);
        let uuid = id::uuid(&["misp event", producer, title, tlp.name(), &part]);
        let at = self.meta.at.get();
        let day = date(i64::try_from(at).unwrap_or(0)).unwrap_or_default();
        let event = json!({
            "uuid": uuid.to_string(),
            "info": format!("{title}, {tlp}, part {part}"),
            "date": day,
            "timestamp": at.to_string(),
            "analysis": "2",
            "threat_level_id": "4",
            "published": false,
            "distribution": self.distribution(tlp),
            "Orgc": {
                "uuid": id::uuid(&["organisation", producer]).to_string(),
                "name": producer,
            },
            "Tag": [{"name": format!("tlp:{}", tlp.name())}],
        });
        if self.wrote {
            out.write_all(b",\n")?;
        }
        self.wrote = true;
        // The attributes are text already: they go in before the event's last brace.
        let text = event.to_string();
        let open = text.strip_suffix('}').unwrap_or(&text);
        writeln!(out, "{{\"Event\":{open},\"Attribute\":[")?;
        out.write_all(&attributes.0)?;
        out.write_all(b"\n]")?;
        for (n, (had, (mut head, parts))) in objects.into_iter().enumerate() {
            // A part of it may stand in another event too: each has one of its own.
            let own = id::uuid(&["misp object", &uuid.to_string(), &had]);
            head.insert("uuid".to_owned(), json!(own.to_string()));
            head.insert("timestamp".to_owned(), json!(at.to_string()));
            head.insert("distribution".to_owned(), json!("5"));
            let text = Value::Object(head).to_string();
            let open = text.strip_suffix('}').unwrap_or(&text);
            out.write_all(if n == 0 { b",\"Object\":[\n" } else { b"]},\n" })?;
            write!(out, "{open},\"Attribute\":[")?;
            out.write_all(&parts.0)?;
        }
        if has_objects {
            out.write_all(b"]}\n]")?;
        }
        out.write_all(b"}}")?;
        Ok(())
    }

    fn attribute(&self, item: &Item<'_>) -> Result<Value, Reason> {
        let context = item.context();
        let (kind, value, categories) = typed(item);
        let category = item
            .extra("misp_category")
            .filter(|had| categories.contains(had))
            .or(categories.first().copied())
            .unwrap_or("Other");
        let uuid =
            id::uuid(&["misp attribute", &self.meta.producer, &self.meta.title, &kind, &value]);
        let mut attribute = Map::new();
        let mut set = |key: &str, value: Value| attribute.insert(key.to_owned(), value);
        set("uuid", json!(uuid.to_string()));
        set("type", json!(kind));
        set("category", json!(category));
        set("value", json!(value));
        set("to_ids", json!(item.is_for_detection() && item.kind() != Kind::Asn));
        set("distribution", json!("5"));
        set("timestamp", json!(self.meta.at.get().to_string()));
        let comment = context.description.as_deref().unwrap_or("");
        set("comment", json!(comment));
        for (name, time) in [("first_seen", context.first_seen), ("last_seen", context.last_seen)] {
            if let Some(time) = time {
                set(name, json!(rfc3339(time).ok_or(Reason::TimeOutOfRange)?));
            }
        }
        if object_of(item).is_some() {
            let relation = one_line(item.extra("misp_relation").unwrap_or(""), 128);
            set("object_relation", json!(relation));
        }
        // MISP's way to say until when an attribute is of use.
        if let Some(end) = context.valid_until {
            let sighting = json!({"type": "2", "date_sighting": end.to_string(), "source": ""});
            set("Sighting", json!([sighting]));
        }
        let tags: Vec<Value> = tags(item).into_iter().map(|name| json!({"name": name})).collect();
        set("Tag", json!(tags));
        Ok(Value::Object(attribute))
    }
}

impl Writer for Misp {
    fn begin(&mut self, out: &mut dyn Write) -> Result<(), WriteFault> {
        Ok(out.write_all(b"{\"response\":[\n")?)
    }

    fn put(&mut self, out: &mut dyn Write, item: &Item<'_>) -> Put {
        let attribute = match self.attribute(item) {
            Ok(attribute) => attribute,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Err(reason) = self.seen.add(&[item.kind().name(), item.value()]) {
            return Ok(Err(reason));
        }
        let held = self.held.entry(item.tlp).or_default();
        let list = match object_of(item) {
            Some((had, head)) => &mut held.objects.entry(had).or_insert((head, List::default())).1,
            None => &mut held.attributes,
        };
        held.bytes += list.push(&attribute)?;
        held.count += 1;
        if held.count >= self.options.attributes_per_event || held.bytes >= MAX_EVENT_BYTES {
            self.flush(out, item.tlp)?;
        }
        Ok(Ok(()))
    }

    fn events(&self) -> u64 {
        self.held.values().map(|held| u64::from(held.parts)).sum()
    }

    fn end(&mut self, out: &mut dyn Write) -> Result<(), WriteFault> {
        let colours: Vec<Tlp> = self.held.keys().copied().collect();
        colours.into_iter().try_for_each(|tlp| self.flush(out, tlp))?;
        Ok(out.write_all(b"\n]}\n")?)
    }
}

/// The object whose part an item was: its id, and what is said of it. Nothing if it is not known
/// as what it was part of it.
fn object_of(item: &Item<'_>) -> Option<(String, Map<String, Value>)> {
    item.extra("misp_relation")?;
    let (had, name) = (item.extra("misp_object_uuid")?, item.extra("misp_object")?);
    let mut head = Map::new();
    head.insert("name".to_owned(), json!(one_line(name, 131)));
    let meta = item.extra("misp_object_meta").unwrap_or("misc");
    head.insert("meta-category".to_owned(), json!(one_line(meta, 64)));
    let template = item.extra("misp_object_template").and_then(|text| text.split_once(' '));
    if let Some((uuid, version)) = template.filter(|(uuid, _)| uuid.len() == 36) {
        head.insert("template_uuid".to_owned(), json!(uuid));
        head.insert("template_version".to_owned(), json!(one_line(version, 16)));
    }
    Some((had.to_owned(), head))
}

/// Type, value and possible categories of an attribute. The type that a MISP event gave before
/// comes back if it fits, and so does what stood beside the value.
fn typed(item: &Item<'_>) -> (String, String, &'static [&'static str]) {
    let value = item.value().to_owned();
    let had = item.extra("misp_type").unwrap_or("");
    let port = item.extra("port").filter(|port| port.parse::<u16>().is_ok());
    let with_port = |kind: &str| match port {
        Some(port) => (format!("{kind}|port"), format!("{value}|{port}"), NETWORK),
        None => (kind.to_owned(), value.clone(), NETWORK),
    };
    let hash = |kind: &str| match item.extra("filename").map(|name| one_line(name, 255)) {
        Some(name) if !name.is_empty() => {
            (format!("filename|{kind}"), format!("{name}|{value}"), FILE)
        }
        _ => (kind.to_owned(), value.clone(), FILE),
    };
    match item.kind() {
        Kind::Domain if had.starts_with("hostname") || port.is_some() => with_port("hostname"),
        Kind::Domain => ("domain".to_owned(), value, NETWORK),
        Kind::Ipv4 | Kind::Ipv6 if had.starts_with("ip-src") => with_port("ip-src"),
        Kind::Ipv4 | Kind::Ipv6 => with_port("ip-dst"),
        Kind::Ipv4Cidr | Kind::Ipv6Cidr => {
            let kind = if had.starts_with("ip-src") { "ip-src" } else { "ip-dst" };
            (kind.to_owned(), value, NETWORK)
        }
        Kind::Url => ("url".to_owned(), value, NETWORK),
        Kind::Md5 => hash("md5"),
        Kind::Sha1 => hash("sha1"),
        Kind::Sha256 => hash("sha256"),
        Kind::Sha512 => hash("sha512"),
        Kind::Email => {
            let kind = if had == "email-dst" { had } else { "email-src" };
            (kind.to_owned(), value, MAIL)
        }
        Kind::Asn => ("AS".to_owned(), value, NETWORK),
        Kind::CertSha1 => ("x509-fingerprint-sha1".to_owned(), value, NETWORK),
        Kind::CertSha256 => ("x509-fingerprint-sha256".to_owned(), value, NETWORK),
    }
}

/// Colour, handling, labels, confidence, source and id of the origin.
fn tags(item: &Item<'_>) -> Vec<String> {
    let context = item.context();
    let mut tags = vec![format!("tlp:{}", item.tlp.name())];
    tags.extend(beside_colour(item.markings()).into_iter().map(str::to_owned));
    let labels = context.labels.iter().filter(|label| *label != TO_IDS);
    tags.extend(labels.map(|label| plain_label(label)));
    // The steps of the MISP taxonomy, rounded down so that none is more than was said.
    tags.extend(context.confidence.map(|confidence| {
        let level = match confidence {
            100.. => "completely-confident",
            75.. => "usually-confident",
            50.. => "fairly-confident",
            25.. => "rarely-confident",
            _ => "unconfident",
        };
        format!("misp:confidence-level=\"{level}\"")
    }));
    let named = [("source", item.source()), ("origin", context.origin.as_deref())];
    for (key, text) in named {
        if let Some(text) = text {
            tags.push(format!("detente-export:{key}=\"{}\"", text.replace('"', "'")));
        }
    }
    tags
}
