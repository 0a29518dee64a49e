//! Acts by which a party takes a step towards or away from a commitment: what about, how far, from
//! when and until when.
//!
//! Source: Vienna Convention on the Law of Treaties, articles 7 to 18 and 25.

use crate::act::matching::MAX_CLAUSE_ID;
use crate::act::{ActKind, rule};
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::Digest;
use crate::level::Level;
use crate::name::is_plain;
use crate::time::UnixSeconds;

/// Most clauses that one act names.
pub const MAX_CLAUSES: usize = 512;
/// Longest field of a subject, in bytes.
pub const MAX_SUBJECT: usize = 200;
/// Longest note in an act, in bytes.
pub const MAX_NOTE: usize = 2_000;

/// A step on the ladder of commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Puts an idea forward without a text.
    Float,
    /// Supports in principle.
    Support,
    /// Keeps its position open.
    ReservePosition,
    /// Agrees, if its capital does.
    AgreeAdReferendum,
    /// Initials the text.
    Initial,
    /// Signs, if its capital confirms.
    SignAdReferendum,
    /// Consents to be bound, having signed.
    Ratify,
    /// Consents to be bound, without having signed.
    Accede,
    /// Applies clauses before the text is in force (VCLT 25).
    AdoptProvisionally,
    /// Declines a matter that stands in no text, or clauses of one.
    Decline,
}

impl Step {
    /// Every step.
    pub const ALL: [Step; 10] = [
        Step::Float,
        Step::Support,
        Step::ReservePosition,
        Step::AgreeAdReferendum,
        Step::Initial,
        Step::SignAdReferendum,
        Step::Ratify,
        Step::Accede,
        Step::AdoptProvisionally,
        Step::Decline,
    ];

    /// The kind of act.
    pub const fn kind(self) -> ActKind {
        match self {
            Step::Float => ActKind::Float,
            Step::Support => ActKind::Support,
            Step::ReservePosition => ActKind::ReservePosition,
            Step::AgreeAdReferendum => ActKind::AgreeAdReferendum,
            Step::Initial => ActKind::Initial,
            Step::SignAdReferendum => ActKind::SignAdReferendum,
            Step::Ratify => ActKind::Ratify,
            Step::Accede => ActKind::Accede,
            Step::AdoptProvisionally => ActKind::AdoptProvisionally,
            Step::Decline => ActKind::Decline,
        }
    }

    /// The step that acts of this kind take.
    pub fn of(kind: ActKind) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.kind() == kind)
    }

    /// The level that the step leads to; none for provisional adoption, which applies clauses and
    /// commits to nothing beyond.
    pub const fn level(self) -> Option<Level> {
        match self {
            Step::Float => Some(Level::Floated),
            Step::Support => Some(Level::Supported),
            Step::ReservePosition => Some(Level::Reserved),
            Step::AgreeAdReferendum => Some(Level::AgreedAdReferendum),
            Step::Initial => Some(Level::Initialled),
            Step::SignAdReferendum => Some(Level::SignedAdReferendum),
            Step::Ratify | Step::Accede => Some(Level::Bound),
            Step::AdoptProvisionally => None,
            Step::Decline => Some(Level::Withdrawn),
        }
    }

    /// Whether the step is about a text as a whole, and can't be about less.
    const fn is_of_whole_texts(self) -> bool {
        matches!(self, Step::Initial | Step::SignAdReferendum | Step::Ratify | Step::Accede)
    }
}

/// What an act is about. There is no way to leave it open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matter {
    /// Clauses of a text.
    Clauses {
        /// SHA-256 of the text's bytes.
        text: Digest,
        /// Their ids, ascending as strings, 1 to [`MAX_CLAUSES`].
        clauses: Vec<String>,
    },
    /// A matter that stands in no text yet.
    Subject(Subject),
    /// A text, all of it.
    Text {
        /// SHA-256 of the text's bytes.
        text: Digest,
    },
}

/// A matter that stands in no text yet, with its whole scope: a ceasefire without a place is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What it is called: `working group on cyber security`.
    pub name: String,
    /// In which field: `state conduct in cyberspace`.
    pub domain: String,
    /// Where: `systems on the territory of either party`.
    pub territory: String,
    /// Against or for whom: `election infrastructure`.
    pub target: String,
    /// Until when the party means it.
    pub until: UnixSeconds,
}

/// The body of a [`Step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stance {
    /// What it is about.
    pub matter: Matter,
    /// From when it holds, if later than the act.
    pub effective: Option<UnixSeconds>,
    /// Until when it holds, if not for good.
    pub expires: Option<UnixSeconds>,
    /// In words, for people; may be empty.
    pub note: String,
}

impl Matter {
    /// The text that it is about.
    pub const fn text(&self) -> Option<Digest> {
        match self {
            Matter::Clauses { text, .. } | Matter::Text { text } => Some(*text),
            Matter::Subject(_) => None,
        }
    }

    /// Whether the matter says all that it must, and nothing hides in it.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        match self {
            Matter::Text { .. } => Ok(()),
            Matter::Clauses { clauses, .. } => {
                if clauses.is_empty() || clauses.len() > MAX_CLAUSES {
                    return Err("the scope names no clause, or too many");
                }
                if !clauses.windows(2).all(|pair| pair[0] < pair[1]) {
                    return Err("clauses are not in ascending order");
                }
                let fits = |id: &String| id.len() <= MAX_CLAUSE_ID && !id.is_empty();
                if clauses.iter().all(fits) { Ok(()) } else { Err("a clause has no such id") }
            }
            Matter::Subject(subject) => subject.check(),
        }
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        match self {
            Matter::Clauses { text, clauses } => {
                w.array(3).uint(1).bytes(text.as_bytes()).array(clauses.len());
                for clause in clauses {
                    w.text(clause);
                }
            }
            Matter::Subject(subject) => {
                w.array(6).uint(2).text(&subject.name).text(&subject.domain);
                w.text(&subject.territory).text(&subject.target).uint(subject.until.get());
            }
            Matter::Text { text } => {
                w.array(2).uint(3).bytes(text.as_bytes());
            }
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Matter, DecodeError> {
        let length = r.array(6)?;
        let matter = match (length, r.uint8("matter")?) {
            (3, 1) => {
                let text = Digest::new(r.fixed()?);
                Matter::Clauses { text, clauses: read_clauses(r)? }
            }
            (6, 2) => Matter::Subject(Subject {
                name: r.text(MAX_SUBJECT)?.to_owned(),
                domain: r.text(MAX_SUBJECT)?.to_owned(),
                territory: r.text(MAX_SUBJECT)?.to_owned(),
                target: r.text(MAX_SUBJECT)?.to_owned(),
                until: read_time(r)?,
            }),
            (2, 3) => Matter::Text { text: Digest::new(r.fixed()?) },
            (_, got) => {
                return Err(r.fail(DecodeFault::BadValue { what: "matter", got: got.into() }));
            }
        };
        matter.check().map_err(|words| rule(r.offset(), words))?;
        Ok(matter)
    }
}

impl Subject {
    fn check(&self) -> Result<(), &'static str> {
        let fields = [&self.name, &self.domain, &self.territory, &self.target];
        if fields.iter().any(|field| field.trim().is_empty()) {
            return Err(
                "the scope is empty: a subject has a name, a domain, a territory, a target",
            );
        }
        // Who writes "everywhere" has not said where.
        if fields.iter().any(|field| field.trim() == "*" || !is_plain(field)) {
            return Err("the scope is open or has hidden characters");
        }
        if fields.iter().any(|field| field.len() > MAX_SUBJECT) {
            return Err("a field of the subject is too long");
        }
        if self.until.get() == 0 { Err("the scope has no end") } else { Ok(()) }
    }
}

impl Stance {
    /// Whether the body may stand in an act that takes this step.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self, step: Step) -> Result<(), &'static str> {
        self.matter.check()?;
        if step.is_of_whole_texts() && !matches!(self.matter, Matter::Text { .. }) {
            return Err("this act is about a text as a whole");
        }
        if step == Step::AdoptProvisionally {
            if !matches!(self.matter, Matter::Clauses { .. }) {
                return Err("provisional adoption names its clauses");
            }
            if self.expires.is_none() {
                return Err("provisional adoption has an end");
            }
        }
        check_times(self.effective, self.expires)?;
        check_note(&self.note)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.map(2 + usize::from(self.effective.is_some()) + usize::from(self.expires.is_some()));
        self.matter.write(w.uint(1));
        write_times(w, self.effective, self.expires);
        w.uint(4).text(&self.note);
    }

    pub(super) fn read(r: &mut Reader<'_>, step: Step) -> Result<Stance, DecodeError> {
        let mut fields = r.map()?;
        fields.required(r, 1)?;
        let matter = Matter::read(r)?;
        let effective = if fields.optional(r, 2)? { Some(read_time(r)?) } else { None };
        let expires = if fields.optional(r, 3)? { Some(read_time(r)?) } else { None };
        fields.required(r, 4)?;
        let note = r.text(MAX_NOTE)?.to_owned();
        fields.end(r)?;
        let stance = Stance { matter, effective, expires, note };
        stance.check(step).map_err(|words| rule(r.offset(), words))?;
        Ok(stance)
    }
}

/// Fields 2 and 3 of a body: from when, until when.
pub(super) fn write_times(
    w: &mut Writer,
    effective: Option<UnixSeconds>,
    expires: Option<UnixSeconds>,
) {
    if let Some(effective) = effective {
        w.uint(2).uint(effective.get());
    }
    if let Some(expires) = expires {
        w.uint(3).uint(expires.get());
    }
}

/// A note has no hidden characters; line breaks are none.
pub(super) fn check_note(note: &str) -> Result<(), &'static str> {
    if note.len() > MAX_NOTE {
        return Err("the note is too long");
    }
    if is_plain(&note.replace('\n', " ")) { Ok(()) } else { Err("the note has hidden characters") }
}

/// What ends does so after it began.
pub(super) fn check_times(
    effective: Option<UnixSeconds>,
    expires: Option<UnixSeconds>,
) -> Result<(), &'static str> {
    match (effective, expires) {
        (Some(effective), Some(expires)) if expires <= effective => Err("it ends before it begins"),
        _ => Ok(()),
    }
}

/// A list of clause ids, ascending.
pub(super) fn read_clauses(r: &mut Reader<'_>) -> Result<Vec<String>, DecodeError> {
    let count = r.array(MAX_CLAUSES)?;
    let mut clauses = Vec::with_capacity(count);
    for _ in 0..count {
        clauses.push(r.text(MAX_CLAUSE_ID)?.to_owned());
    }
    Ok(clauses)
}

/// A time within the range of the calendar.
pub(super) fn read_time(r: &mut Reader<'_>) -> Result<UnixSeconds, DecodeError> {
    let got = r.uint()?;
    let time = UnixSeconds::new(got);
    if time.get() == got { Ok(time) } else { Err(rule(r.offset(), "time is out of range")) }
}
