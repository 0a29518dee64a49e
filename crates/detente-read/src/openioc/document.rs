//! One OpenIOC document: what it says of itself, and its observables until it ends.
//!
//! They are held because what marks the document may stand behind them; a document with more than
//! [`MAX_EVENT_HELD`] hands the others over as closed, and so does one that breaks off.

use crate::intake::Intake;
use crate::{MAX_EVENT_HELD, PART_OF_CONJUNCTION, ReadFault};
use detente_intel::{MAX_EXTRA_VALUE, MAX_EXTRAS, MAX_LABELS, Markings, Observable};

/// Links of one document that are kept.
const MAX_LINKS: usize = 64;

/// Names of links and parameters that say how to handle the document.
const HANDLING: [&str; 7] =
    ["classification", "dissemination", "handling", "marking", "pap", "sharing", "tlp"];
/// Names of links that say what it is about.
const SUBJECTS: [&str; 9] = [
    "actor",
    "campaign",
    "category",
    "family",
    "malware",
    "threat",
    "threatactor",
    "threatcategory",
    "threatgroup",
];
/// How licences begin under which everybody may pass a document on.
const OPEN_LICENCES: [&str; 6] = ["apache", "cc by", "cc-by", "cc0", "mit", "public domain"];

/// An observable, and what its item says.
pub(super) struct Held {
    pub(super) observable: Observable,
    pub(super) id: Option<String>,
    pub(super) comment: String,
    pub(super) term: String,
    /// The id of the group it stands in.
    pub(super) group: String,
    pub(super) is_part: bool,
}

impl Held {
    fn weight(&self) -> usize {
        let id = self.id.as_ref().map_or(0, String::len);
        let texts = self.comment.len() + self.term.len() + self.group.len() + id;
        size_of::<Held>() + self.observable.value().len() + texts
    }
}

/// What is known of the document so far.
#[derive(Default)]
pub(super) struct Document {
    markings: Markings,
    labels: Vec<String>,
    /// Short description first.
    descriptions: [String; 2],
    /// Names and values that are kept as they are.
    extras: Vec<(&'static str, String)>,
    links: Vec<String>,
    held: Vec<Held>,
    held_bytes: usize,
    /// Items met.
    pub(super) items: u64,
}

impl Document {
    /// A property of the document.
    pub(super) fn property(&mut self, name: &str, text: &str) {
        let text = text.trim();
        let extra = match name {
            "short_description" | "description" => {
                self.descriptions[usize::from(name == "description")] = text.to_owned();
                return;
            }
            "keywords" => {
                for word in text.split([',', ';']).map(str::trim) {
                    if !self.markings.add_tag(word) {
                        self.label(word);
                    }
                }
                return;
            }
            "authored_by" => "openioc_author",
            "authored_date" => "openioc_authored",
            "id" => "openioc_id",
            "last-modified" => "openioc_modified",
            _ => return,
        };
        if self.extras.len() < MAX_EXTRAS {
            self.extras.push((extra, text.to_owned()));
        }
    }

    /// A link: its name, its text and where it leads.
    pub(super) fn link(&mut self, name: &str, text: &str, href: &str) {
        let text = text.trim();
        let said = if text.is_empty() { href } else { text };
        if said.is_empty() || self.handling(name, said) {
            return;
        }
        if SUBJECTS.iter().any(|subject| name.eq_ignore_ascii_case(subject)) {
            self.label(said);
        } else {
            let href = if text.is_empty() { "" } else { href };
            self.keep_link(&format!("{name}: {said} {href}"));
        }
    }

    fn keep_link(&mut self, link: &str) {
        // One more than is kept, so that the cut is noted.
        if self.links.len() <= MAX_LINKS {
            let end = link.floor_char_boundary(MAX_EXTRA_VALUE);
            self.links.push(link.get(..end).unwrap_or("").trim().to_owned());
        }
    }

    /// Whether a text is about handling; then it is taken into the marking.
    pub(super) fn handling(&mut self, name: &str, text: &str) -> bool {
        let is = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        if is(&HANDLING) {
            self.markings.add_text(text);
        } else if is(&["license", "licence"]) {
            let lower = text.to_lowercase();
            if !OPEN_LICENCES.iter().any(|open| lower.starts_with(open)) {
                // Terms in prose: a machine cannot tell what they allow.
                self.markings.add_unknown(&format!("license: {text}"));
            }
            self.keep_link(&format!("license: {text}"));
        } else {
            return self.markings.add_tag(text);
        }
        true
    }

    fn label(&mut self, label: &str) {
        // One more than is kept, so that the cut is noted.
        if self.labels.len() <= MAX_LABELS {
            self.labels.push(label.to_owned());
        }
    }

    /// How many observables are held: those of a group begin here.
    pub(super) fn mark(&self) -> usize {
        self.held.len()
    }

    /// Notes that those held from this place on are parts of a conjunction.
    pub(super) fn join_from(&mut self, mark: usize) {
        for held in self.held.iter_mut().skip(mark) {
            held.is_part = true;
        }
    }

    /// Holds an observable. Whether there is room for another.
    pub(super) fn hold(&mut self, held: Held) -> bool {
        self.held_bytes += held.weight();
        self.held.push(held);
        self.held_bytes < MAX_EVENT_HELD
    }

    /// Hands over what is held; as closed, if there is a reason.
    pub(super) fn hand_over(
        &mut self,
        intake: &mut Intake<'_>,
        closed: Option<&str>,
    ) -> Result<(), ReadFault> {
        self.held_bytes = 0;
        let mut base = intake.context();
        base.markings.merge(&self.markings);
        if let Some(why) = closed {
            base.markings.add_unknown(why);
        }
        for label in &self.labels {
            base.add_label(label);
        }
        for (name, value) in &self.extras {
            base.add_extra(name, value);
        }
        base.add_extra("openioc_links", &self.links.join("\n"));
        base.shortened |= self.links.len() > MAX_LINKS;
        // Bounded before it is cloned for each value.
        base.shorten();
        for held in std::mem::take(&mut self.held) {
            let mut context = base.clone();
            context.origin = held.id;
            for text in [&held.comment, &self.descriptions[0], &self.descriptions[1]] {
                context.describe(text);
            }
            context.add_extra("openioc_term", &held.term);
            context.add_extra("openioc_group", &held.group);
            if held.is_part {
                context.add_label(PART_OF_CONJUNCTION);
            }
            intake.take(held.observable, context)?;
        }
        Ok(())
    }
}
