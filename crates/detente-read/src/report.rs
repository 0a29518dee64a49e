//! What an import says about itself: refusals one by one, and a summary that adds up.

use std::collections::BTreeMap;
use std::fmt;

use detente_pattern::PatternFault;

use super::Format;
use detente_intel::NormalFault;

/// The longest excerpt of refused content, in characters before escaping.
pub const MAX_EXCERPT: usize = 80;

/// Where in the input something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line or record, counted from 1 (a CSV record by its first line).
    Line(u64),
    /// A value in a JSON document.
    Json {
        /// The path from the top, such as `objects[12]` or `Event.Attribute[3]`.
        path: String,
        /// The line on which the value ends, counted from 1.
        line: u64,
    },
    /// An element in an XML document.
    Xml {
        /// The path from the top, such as `ioc[0].IndicatorItem[3]`.
        path: String,
        /// The line on which the element ends, counted from 1.
        line: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(line) => write!(f, "line {line}"),
            Place::Json { path, line } | Place::Xml { path, line } => {
                write!(f, "{path} (line {line})")
            }
        }
    }
}

/// One item that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where it stands.
    pub place: Place,
    /// How it begins: at most [`MAX_EXCERPT`] characters, control and direction characters escaped.
    pub excerpt: String,
    /// Why.
    pub reason: Reason,
}

/// Why an item was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A name that could be a file as well as a domain, in free text.
    #[error("in free text this may be a file name as well as a domain")]
    AmbiguousName,
    /// A line of a hosts file with an address at which somebody may answer.
    #[error("the address is none at which nobody answers: the line blocks no name")]
    HostsAddress,
    /// A line of a hosts file that is no address and names.
    #[error("not an address and names")]
    HostsLine,
    /// JSON that breaks off.
    #[error("the JSON document breaks off")]
    JsonCut,
    /// Bytes that are no JSON.
    #[error("not JSON: {0}")]
    JsonSyntax(String),
    /// A line longer than [`super::MAX_LINE`].
    #[error("a line of {got} bytes, at most {max} allowed")]
    LineTooLong {
        /// The length found, in bytes.
        got: u64,
        /// The bound, in bytes.
        max: u64,
    },
    /// XML or HTML that is no OpenIOC.
    #[error("this is {0}, not a list of values, and no OpenIOC: nothing of it is taken")]
    Markup(&'static str),
    /// A marking definition with the fixed id of one colour and the content of another.
    #[error("the marking definition contradicts the colour of its id")]
    MarkingContradiction,
    /// The list of digests in a MISP feed.
    #[error("these are the digests by which a MISP feed is searched, and no indicators")]
    MispHashes,
    /// The list of events in a MISP feed.
    #[error("this is the manifest of a MISP feed, which lists events and holds none")]
    MispManifest,
    /// The value has no normal form.
    #[error("{0}")]
    Normal(NormalFault),
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A JSON value that is not what its format says.
    #[error("not of the expected shape: {0}")]
    ObjectShape(String),
    /// A JSON value with more nesting than [`super::MAX_DEPTH`], or XML with more than
    /// [`super::MAX_XML_DEPTH`].
    #[error("nested deeper than {max} levels")]
    ObjectTooDeep {
        /// The bound, in levels.
        max: usize,
    },
    /// A JSON value of more bytes than its bound.
    #[error("an object of {got} bytes, at most {max} allowed")]
    ObjectTooLarge {
        /// The length found, in bytes.
        got: u64,
        /// The bound, in bytes.
        max: u64,
    },
    /// A negated comparison of a STIX pattern or OpenIOC: what it names is what must not occur.
    #[error("the pattern negates this comparison")]
    PatternNegated,
    /// A comparison of a STIX pattern or OpenIOC with an operator that names no single value.
    #[error("the pattern operator {0} names no single value")]
    PatternOperator(String),
    /// A STIX pattern comparison on an object path that is not an observable here.
    #[error("the pattern path {0} is no supported observable")]
    PatternPath(String),
    /// A STIX pattern that does not parse.
    #[error("not a STIX pattern: {0}")]
    PatternSyntax(PatternFault),
    /// The caller names a column of values that the table does not have.
    #[error("there is no column {name:?}; {heading}")]
    NoSuchColumn {
        /// The column.
        name: String,
        /// What the table has.
        heading: String,
    },
    /// A CSV record longer than [`super::MAX_RECORD`] or with more than [`super::MAX_COLUMNS`].
    #[error("a record longer than {max_bytes} bytes or {max_columns} columns")]
    RecordTooLarge {
        /// The bound in bytes.
        max_bytes: usize,
        /// The bound in columns.
        max_columns: usize,
    },
    /// A quote in a CSV file that nobody closed.
    #[error(
        "a quote opens on this line and is not closed as a cell is: the line is left out, those \
         after it are read by themselves"
    )]
    UnclosedQuote,
    /// The same where what follows could not be held.
    #[error("a quote opens on this line and is not closed: everything after it is one cell")]
    UnclosedQuoteLost,
    /// A whole document in which nothing known was found.
    #[error("this is JSON of a form that is not known: neither STIX nor MISP")]
    UnknownJson,
    /// A whole document in which no OpenIOC was found.
    #[error("an XML document that is no OpenIOC")]
    UnknownXml,
    /// A pattern in another language than STIX.
    #[error("the pattern language {0} is not supported")]
    UnsupportedPattern(String),
    /// An attribute type, column type or search term that is no observable here.
    #[error("the type {0} is not supported")]
    UnsupportedType(String),
    /// A line of NDJSON that is no object of a known sort.
    #[error("neither a STIX object nor an indicator as this program exports it")]
    UnknownLine,
    /// A value beside the one that was taken, in a record whose columns have no names.
    #[error("a second value in a record whose columns have no names: give them a heading")]
    UnnamedColumn,
    /// STIX 1, which is XML.
    #[error("this is STIX 1, which is XML: it is not read")]
    Stix1,
    /// A name with a wildcard, which stands for many.
    #[error("a wildcard stands for many names")]
    Wildcard,
    /// XML that breaks off.
    #[error("the XML document breaks off")]
    XmlCut,
    /// XML with a document type, which may declare what the text means.
    #[error(
        "a document type declaration: none is read, for it could make a small file a large one"
    )]
    XmlDoctype,
    /// Bytes that are no XML.
    #[error("not XML: {0}")]
    XmlSyntax(String),
    /// A tag, text or comment longer than [`super::MAX_XML_PART`].
    #[error("a part of the XML document of more than {max} bytes")]
    XmlTooLarge {
        /// The bound, in bytes.
        max: usize,
    },
}

impl Reason {
    /// A stable machine name.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::AmbiguousName => "ambiguous_name",
            Reason::HostsAddress => "hosts_address",
            Reason::HostsLine => "hosts_line",
            Reason::JsonCut => "json_cut",
            Reason::JsonSyntax(_) => "json_syntax",
            Reason::LineTooLong { .. } => "line_too_long",
            Reason::Markup(_) => "markup",
            Reason::MarkingContradiction => "marking_contradiction",
            Reason::MispHashes => "misp_hashes",
            Reason::MispManifest => "misp_manifest",
            Reason::Normal(fault) => fault.code(),
            Reason::NoSuchColumn { .. } => "no_such_column",
            Reason::NotUtf8 => "not_utf8",
            Reason::ObjectShape(_) => "object_shape",
            Reason::ObjectTooDeep { .. } => "object_too_deep",
            Reason::ObjectTooLarge { .. } => "object_too_large",
            Reason::PatternNegated => "pattern_negated",
            Reason::PatternOperator(_) => "pattern_operator",
            Reason::PatternPath(_) => "pattern_path",
            Reason::PatternSyntax(_) => "pattern_syntax",
            Reason::RecordTooLarge { .. } => "record_too_large",
            Reason::UnclosedQuote | Reason::UnclosedQuoteLost => "unclosed_quote",
            Reason::UnnamedColumn => "unnamed_column",
            Reason::UnknownJson => "unknown_json",
            Reason::UnknownLine => "unknown_line",
            Reason::UnknownXml => "unknown_xml",
            Reason::UnsupportedPattern(_) => "unsupported_pattern",
            Reason::UnsupportedType(_) => "unsupported_type",
            Reason::Stix1 => "stix_1",
            Reason::Wildcard => "wildcard",
            Reason::XmlCut => "xml_cut",
            Reason::XmlDoctype => "xml_doctype",
            Reason::XmlSyntax(_) => "xml_syntax",
            Reason::XmlTooLarge { .. } => "xml_too_large",
        }
    }
}

impl Reason {
    /// What to do about a file of which the rest could not be read for this reason.
    pub fn remedy(&self) -> &'static str {
        match self {
            Reason::JsonCut | Reason::XmlCut => "get the file whole",
            Reason::Stix1 => "convert it to STIX 2.1 with stix-elevator, and import that",
            Reason::Markup(_) | Reason::UnknownXml | Reason::UnknownJson => {
                "import a file of values, or say --format list: then every value that stands in \
                 it is taken, links and names of the format too"
            }
            Reason::NoSuchColumn { .. } => {
                "give --column a name of the heading, or a number from 1"
            }
            Reason::MispHashes | Reason::MispManifest => "import the events that lie beside it",
            Reason::UnclosedQuoteLost => "close the quote on that line, and import again",
            Reason::XmlDoctype => "take the document type out, if you trust the file",
            _ => "get the file whole, or name what it is with --format",
        }
    }

    /// Whether the file belongs to a whole in which others hold the indicators.
    pub const fn is_beside(&self) -> bool {
        matches!(self, Reason::MispHashes | Reason::MispManifest)
    }
}

impl From<NormalFault> for Reason {
    fn from(fault: NormalFault) -> Reason {
        Reason::Normal(fault)
    }
}

/// Why an item was passed over although nothing is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// An empty line or record.
    Blank,
    /// A comment line.
    Comment,
    /// An attribute that its origin has deleted.
    Deleted,
    /// A CSV header.
    Header,
    /// A line of a hosts file that every hosts file has.
    HostsBoilerplate,
    /// A line or record in which nothing looks like an observable.
    NoObservable,
    /// A STIX object that is neither an indicator nor an observable.
    OtherObject,
    /// A proposal to change a MISP event, made by somebody other than its owner.
    Proposal,
    /// An indicator that its origin has revoked.
    Revoked,
}

impl Skip {
    /// A stable machine name.
    pub const fn code(self) -> &'static str {
        match self {
            Skip::Blank => "blank",
            Skip::Comment => "comment",
            Skip::Deleted => "deleted",
            Skip::Header => "header",
            Skip::HostsBoilerplate => "hosts_boilerplate",
            Skip::NoObservable => "no_observable",
            Skip::OtherObject => "other_object",
            Skip::Proposal => "proposal",
            Skip::Revoked => "revoked",
        }
    }
}

/// The account of one import. An *item* is an observable found or a line, record or object in
/// which none is; a line may hold several items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// What the file was read as.
    pub format: Format,
    /// Bytes read.
    pub bytes: u64,
    /// Lines begun.
    pub lines: u64,
    /// Items met.
    pub seen: u64,
    /// Items handed to the sink. A value that occurs twice counts twice.
    pub taken: u64,
    /// Items refused, by [`Reason::code`].
    pub refused: BTreeMap<&'static str, u64>,
    /// Items skipped, by [`Skip::code`].
    pub skipped: BTreeMap<&'static str, u64>,
    /// Items taken whose marking is closed because it was not understood.
    pub closed: u64,
    /// Items taken for which more than one colour was named.
    pub conflicting: u64,
    /// Items taken whose context was longer than allowed and was cut.
    pub shortened: u64,
    /// Times and numbers beside the items that were not understood, by property or column: kept as
    /// text where there is room, and without effect.
    pub unread: BTreeMap<&'static str, u64>,
    /// Why the rest of the file could not be read, if so. The refusal has been reported too.
    pub broken: Option<Reason>,
}

impl Summary {
    /// Items refused for any reason.
    pub fn refused_total(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Items skipped for any reason.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Whether every item met is accounted for: taken, refused or skipped.
    pub fn is_balanced(&self) -> bool {
        self.seen == self.taken + self.refused_total() + self.skipped_total()
    }
}

/// The beginning of refused content, safe to print.
pub(super) fn excerpt(content: &[u8]) -> String {
    // Four bytes a character at most, so that this prefix holds the characters that are shown.
    let head = content.get(..MAX_EXCERPT * 4).unwrap_or(content);
    let text = String::from_utf8_lossy(head);
    let mut out = String::new();
    for c in text.chars().take(MAX_EXCERPT) {
        let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if matches!(c, '\n' | '\r' | '\t') {
            out.extend(c.escape_default());
        } else if c.is_control() || turns {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(MAX_EXCERPT).is_some() {
        out.push('…');
    }
    out
}
