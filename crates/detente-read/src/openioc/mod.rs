//! OpenIOC 1.0 and 1.1: the observables that indicators name outright.
//!
//! Source: the schemas `ioc.xsd` of both versions (Mandiant) and their lists of terms. Read: every
//! `IndicatorItem`, alone or in a file of several documents. Taken: items with the condition `is`
//! on a term of an observable ([`terms`]), as they are written: nobody defangs what a machine looks
//! for. Refused: every other condition, what is negated, every other term. An item of a group in
//! which AND joins several is labelled, as a part of a STIX pattern is, and carries the group's id:
//! alone it says more than its author did. Not resolved: links.

use std::io::BufRead;

mod document;
mod terms;
mod xml;

pub use xml::{MAX_XML_ATTRIBUTES, MAX_XML_DEPTH, MAX_XML_PART};

use document::{Document, Held};
use xml::{Element, Fault, Step, Xml};

use super::intake::Intake;
use super::{Place, ReadFault, Reason, Skip, kinds};

/// The longest text of one element that is kept, in bytes; what is longer is cut.
const MAX_TEXT: usize = 64 * 1024;

/// An element that is open.
enum Frame {
    /// What stands around documents.
    Wrapper,
    /// A document, or its metadata.
    Document {
        is_root: bool,
    },
    /// A property of the document, by its name.
    Property(String),
    Links,
    Link {
        name: String,
        href: String,
    },
    Parameters,
    Parameter(String),
    /// The value of a parameter of this name.
    Value(String),
    /// What holds groups and items.
    Criteria,
    Group {
        is_and: bool,
        members: u64,
        mark: usize,
        id: String,
    },
    Item,
    Context,
    Content,
    Comment,
    Other,
}

impl Frame {
    /// Whether the text in it counts. In such an element stands no other of which that is true.
    fn has_text(&self) -> bool {
        matches!(
            self,
            Frame::Property(_)
                | Frame::Link { .. }
                | Frame::Value(_)
                | Frame::Content
                | Frame::Comment
        )
    }
}

/// What an item says.
#[derive(Default)]
struct Item {
    id: Option<String>,
    condition: String,
    is_negated: bool,
    term: String,
    content: String,
    comment: String,
}

/// The state of reading one file.
#[derive(Default)]
struct Walk {
    open: Vec<Frame>,
    document: Document,
    documents: u64,
    item: Item,
    /// The text of the element that is open, if it is one whose text counts.
    text: String,
}

pub(super) fn read<R: BufRead>(input: R, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
    let mut xml = Xml::new(input);
    let mut walk = Walk::default();
    let walked = walk.all(&mut xml, intake);
    if let Err(fault) = walked {
        // What marks the document may have stood in the part that cannot be read.
        walk.document.hand_over(intake, Some("openioc:document-breaks-off"))?;
        let reason = match fault {
            Fault::Read(fault) => return Err(fault),
            Fault::Rest(reason) => reason,
        };
        intake.break_off(walk.place(xml.line()), &[], reason);
    } else if walk.documents == 0 {
        intake.break_off(walk.place(xml.line()), &[], Reason::UnknownXml);
    }
    intake.at(xml.bytes(), xml.line());
    Ok(())
}

impl Walk {
    fn all<R: BufRead>(&mut self, xml: &mut Xml<R>, intake: &mut Intake<'_>) -> Result<(), Fault> {
        loop {
            match xml.next()? {
                Step::Open(element) => {
                    let frame = self.frame(&element);
                    self.begin(&frame, &element);
                    self.open.push(frame);
                }
                Step::Close => {
                    if let Some(frame) = self.open.pop() {
                        self.end(intake, frame, xml.line())?;
                    }
                    intake.at(xml.bytes(), xml.line());
                }
                Step::Text(text) => self.keep(&text),
                Step::End => return Ok(()),
            }
        }
    }

    fn place(&self, line: u64) -> Place {
        let document = self.documents.saturating_sub(1);
        let item = self.document.items.saturating_sub(1);
        Place::Xml { path: format!("ioc[{document}].IndicatorItem[{item}]"), line }
    }

    /// What an element is, by its name and what it stands in.
    fn frame(&self, element: &Element) -> Frame {
        let attribute = |name| element.attribute(name).unwrap_or("").to_owned();
        match (self.open.last(), element.name.as_str()) {
            (None | Some(Frame::Wrapper), "ioc" | "OpenIOC") => Frame::Document { is_root: true },
            (None | Some(Frame::Wrapper), _) => Frame::Wrapper,
            (Some(Frame::Document { is_root: true }), "metadata") => {
                Frame::Document { is_root: false }
            }
            (Some(Frame::Document { .. }), "definition" | "criteria") => Frame::Criteria,
            (Some(Frame::Document { .. }), "links") => Frame::Links,
            (Some(Frame::Document { .. }), "parameters") => Frame::Parameters,
            (Some(Frame::Document { .. }), name) => Frame::Property(name.to_owned()),
            (Some(Frame::Links), "link") => {
                Frame::Link { name: attribute("rel"), href: attribute("href") }
            }
            (Some(Frame::Parameters), "param") => Frame::Parameter(attribute("name")),
            (Some(Frame::Parameter(name)), "value") => Frame::Value(name.clone()),
            (Some(Frame::Criteria | Frame::Group { .. }), "Indicator") => Frame::Group {
                is_and: !attribute("operator").eq_ignore_ascii_case("or"),
                members: 0,
                mark: self.document.mark(),
                id: attribute("id"),
            },
            (Some(Frame::Criteria | Frame::Group { .. }), "IndicatorItem") => Frame::Item,
            (Some(Frame::Item), "Context") => Frame::Context,
            (Some(Frame::Item), "Content") => Frame::Content,
            (Some(Frame::Item), "Comment") => Frame::Comment,
            _ => Frame::Other,
        }
    }

    /// Notes what an element's attributes say.
    fn begin(&mut self, frame: &Frame, element: &Element) {
        let attribute = |name| element.attribute(name).unwrap_or("");
        if frame.has_text() {
            self.text.clear();
        }
        match frame {
            Frame::Document { is_root: true } => {
                self.document = Document::default();
                self.documents += 1;
                for name in ["id", "last-modified"] {
                    self.document.property(name, attribute(name));
                }
            }
            Frame::Item => {
                self.item = Item {
                    id: element.attribute("id").filter(|id| !id.is_empty()).map(str::to_owned),
                    condition: attribute("condition").trim().to_ascii_lowercase(),
                    // What is neither true nor false is not known to be plain.
                    is_negated: !matches!(attribute("negate").trim(), "" | "0" | "false"),
                    ..Item::default()
                };
            }
            Frame::Context => self.item.term = attribute("search").trim().to_owned(),
            _ => {}
        }
        if let (Frame::Group { .. } | Frame::Item, Some(Frame::Group { members, .. })) =
            (frame, self.open.last_mut())
        {
            *members += 1;
        }
    }

    /// Keeps a text of the element that is open, if its text counts.
    fn keep(&mut self, text: &str) {
        if self.open.last().is_some_and(Frame::has_text) {
            let room = MAX_TEXT.saturating_sub(self.text.len());
            let end = text.floor_char_boundary(room);
            self.text.push_str(text.get(..end).unwrap_or(""));
        }
    }

    /// Notes what an element said that is closed now.
    fn end(&mut self, intake: &mut Intake<'_>, frame: Frame, line: u64) -> Result<(), ReadFault> {
        let text = if frame.has_text() { std::mem::take(&mut self.text) } else { String::new() };
        match frame {
            Frame::Property(name) => self.document.property(&name, &text),
            Frame::Link { name, href } => self.document.link(&name, &text, &href),
            Frame::Value(name) => {
                let _ = self.document.handling(&name, text.trim());
            }
            Frame::Content => self.item.content = text,
            Frame::Comment => self.item.comment = text,
            Frame::Item => self.item(intake, line)?,
            Frame::Group { is_and: true, members, mark, .. } if members > 1 => {
                self.document.join_from(mark);
            }
            Frame::Document { is_root: true } => {
                if self.document.items == 0 {
                    intake.pass(Skip::NoObservable);
                }
                self.document.hand_over(intake, None)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes or refuses the item that is closed now.
    fn item(&mut self, intake: &mut Intake<'_>, line: u64) -> Result<(), ReadFault> {
        let item = std::mem::take(&mut self.item);
        self.document.items += 1;
        intake.see();
        let observable = match observable(&item) {
            Ok(observable) => observable,
            Err(reason) => {
                intake.refuse(self.place(line), item.content.trim().as_bytes(), reason);
                return Ok(());
            }
        };
        let group = match self.open.last() {
            Some(Frame::Group { id, .. }) => id.clone(),
            _ => String::new(),
        };
        let Item { id, comment, term, .. } = item;
        let held = Held { observable, id, comment, term, group, is_part: false };
        if !self.document.hold(held) {
            self.make_room(intake)?;
        }
        Ok(())
    }

    /// Hands over all that is held of a document that is too large, as closed. Of a group that is
    /// still open it is not known whether AND joins several: those in it are taken for parts.
    fn make_room(&mut self, intake: &mut Intake<'_>) -> Result<(), ReadFault> {
        for frame in &mut self.open {
            if let Frame::Group { is_and, mark, .. } = frame {
                if *is_and {
                    self.document.join_from(*mark);
                }
                *mark = 0;
            }
        }
        self.document.hand_over(intake, Some("openioc:document-too-large"))
    }
}

/// The observable that an item names, or why it names none.
fn observable(item: &Item) -> Result<detente_intel::Observable, Reason> {
    let Some(hint) = terms::hint_of(&item.term) else {
        return Err(Reason::UnsupportedType(item.term.chars().take(64).collect()));
    };
    // OpenIOC 1.0 has `isnot` and `containsnot`.
    if item.is_negated || item.condition.ends_with("not") {
        return Err(Reason::PatternNegated);
    }
    if item.condition != "is" {
        return Err(Reason::PatternOperator(item.condition.chars().take(64).collect()));
    }
    Ok(kinds::read_literal(hint, &item.content)?)
}
