//! Walking a large XML document without holding it: one tag or text at a time, each bounded.
//!
//! Is: XML 1.0 in UTF-8, read by `quick-xml`, without a document type: none is read, so nothing is
//! declared, fetched or expanded but the five entities of XML itself and characters by number.
//! Namespaces are not resolved; the prefix
//! of an element is dropped.

use std::io::{self, BufRead, Read};

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Error, Reader, XmlVersion};

use crate::{ReadFault, Reason};

/// The longest tag, text, comment or the like, in bytes.
pub const MAX_XML_PART: usize = 1024 * 1024;
/// Elements within each other.
pub const MAX_XML_DEPTH: usize = 128;
/// Attributes of one element.
pub const MAX_XML_ATTRIBUTES: usize = 32;

/// Why a walk ended early.
#[derive(Debug)]
pub(super) enum Fault {
    /// The input or the sink failed.
    Read(ReadFault),
    /// The rest of the document cannot be read.
    Rest(Reason),
}

impl From<ReadFault> for Fault {
    fn from(fault: ReadFault) -> Fault {
        Fault::Read(fault)
    }
}

/// The beginning of an element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Without prefix.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// The value of an attribute, by its whole name: those of OpenIOC have no prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(had, _)| had == name).map(|(_, value)| value.as_str())
    }
}

/// What comes next in the document.
#[derive(Debug)]
pub(super) enum Step {
    Open(Element),
    /// The end of the element that was opened last and is not closed.
    Close,
    /// Text, or a part of one.
    Text(String),
    End,
}

/// A reader of one XML document.
pub(super) struct Xml<R> {
    reader: Reader<Metered<R>>,
    buffer: Vec<u8>,
    depth: usize,
    begun: bool,
}

impl<R: BufRead> Xml<R> {
    pub(super) fn new(input: R) -> Xml<R> {
        let metered = Metered { input, left: 0, bytes: 0, line: 1, exceeded: false, ended: false };
        let mut reader = Reader::from_reader(metered);
        reader.config_mut().expand_empty_elements = true;
        Xml { reader, buffer: Vec::new(), depth: 0, begun: false }
    }

    /// Bytes read.
    pub(super) fn bytes(&self) -> u64 {
        self.reader.get_ref().bytes
    }

    /// The line on which what was read last ends, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.reader.get_ref().line
    }

    /// What comes next; [`Step::End`] once, at the document's end.
    pub(super) fn next(&mut self) -> Result<Step, Fault> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().left = MAX_XML_PART;
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(fault) => return Err(explain(fault, self.reader.get_ref())),
            };
            let text = match event {
                Event::Start(start) | Event::Empty(start) => {
                    if self.depth == 0 && self.begun {
                        return syntax("a second element beside the root");
                    }
                    if self.depth >= MAX_XML_DEPTH {
                        return Err(Fault::Rest(Reason::ObjectTooDeep { max: MAX_XML_DEPTH }));
                    }
                    self.begun = true;
                    self.depth += 1;
                    return Ok(Step::Open(element(&start)?));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Step::Close);
                }
                Event::Text(text) => text.xml10_content().into_owned(),
                Event::CData(text) => text.xml10_content().into_owned(),
                Event::GeneralRef(name) => resolved(&name)?,
                Event::DocType(_) => return Err(Fault::Rest(Reason::XmlDoctype)),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
                Event::Eof if self.depth > 0 || !self.begun => {
                    return Err(Fault::Rest(Reason::XmlCut));
                }
                Event::Eof => return Ok(Step::End),
            };
            if self.depth > 0 {
                return Ok(Step::Text(text));
            }
            if !text.trim().is_empty() {
                return syntax("text outside of the root element");
            }
        }
    }
}

fn syntax<T>(what: &str) -> Result<T, Fault> {
    Err(Fault::Rest(Reason::XmlSyntax(what.to_owned())))
}

/// What a failure of the parser means.
fn explain<R>(fault: Error, input: &Metered<R>) -> Fault {
    match fault {
        _ if input.exceeded => Fault::Rest(Reason::XmlTooLarge { max: MAX_XML_PART }),
        Error::Io(fault) => {
            Fault::Read(ReadFault::Io(io::Error::new(fault.kind(), fault.to_string())))
        }
        Error::Encoding(_) => Fault::Rest(Reason::NotUtf8),
        _ if input.ended => Fault::Rest(Reason::XmlCut),
        fault => Fault::Rest(Reason::XmlSyntax(fault.to_string())),
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, Fault> {
    let name = start.local_name().into_inner().to_owned();
    let mut attributes = Vec::new();
    for (count, attribute) in start.attributes().enumerate() {
        if count >= MAX_XML_ATTRIBUTES {
            return syntax("more attributes than allowed");
        }
        let read = attribute.map_err(Error::from).and_then(|attribute| {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
            Ok((attribute.key.into_inner().to_owned(), value.into_owned()))
        });
        match read {
            Ok(pair) => attributes.push(pair),
            Err(fault) => return syntax(&fault.to_string()),
        }
    }
    Ok(Element { name, attributes })
}

/// The character that an entity of XML itself, or a number, stands for.
fn resolved(name: &BytesRef<'_>) -> Result<String, Fault> {
    match name.resolve_char_ref() {
        Ok(Some(character)) => return Ok(character.to_string()),
        Ok(None) => {}
        Err(fault) => return syntax(&fault.to_string()),
    }
    match resolve_predefined_entity(&name.xml10_content()) {
        Some(text) => Ok(text.to_owned()),
        None => syntax("an entity that XML itself does not have"),
    }
}

/// An input that counts, and that gives no more than so many bytes to one part of the document.
struct Metered<R> {
    input: R,
    left: usize,
    bytes: u64,
    line: u64,
    exceeded: bool,
    ended: bool,
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            self.exceeded = true;
            return Err(io::Error::other("a part of the document is too long"));
        }
        let chunk = self.input.fill_buf()?;
        self.ended = chunk.is_empty();
        Ok(chunk.get(..self.left).unwrap_or(chunk))
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed stands in the buffer: this reads nothing.
        let chunk = self.input.fill_buf().unwrap_or(&[]);
        let part = chunk.get(..amount).unwrap_or(chunk);
        self.line += part.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.bytes += amount as u64;
        self.left = self.left.saturating_sub(amount);
        self.input.consume(amount);
    }
}
