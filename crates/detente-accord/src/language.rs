//! What each language is known by: its words for numbers, periods and colours, and how a parameter
//! is said in it.
//!
//! Is: closed tables for English and German. A text may still be written in any other language: its
//! parameters are then shown in English, digits and upper-case colours are checked, words are not,
//! and whoever checks the text is told so.

use super::clause::{ClockStart, Days, Deadline, Only, Onward, Pad};
use detente_core::act::{Learn, Mode};
use detente_core::{ObjectKind, Purpose, Span, Transform};

/// A language of prose, as far as its words are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    English,
    German,
    /// Any other.
    Other,
}

/// What words of a language mean numbers, periods, colours and references: lists of words in lower
/// case, with blanks between.
pub(super) struct Words {
    /// Numbers.
    pub(super) numbers: &'static str,
    /// Parts of which numbers are written together; none if they are not.
    pub(super) joined: &'static str,
    /// Units of time.
    pub(super) units: &'static str,
    /// What makes one unit of time of a unit: `a` day.
    pub(super) each: &'static str,
    /// Periods in one word.
    pub(super) often: &'static str,
    /// Words after which a colour is a marking.
    pub(super) marked: &'static str,
    /// Colours after such a word, beside the English ones.
    pub(super) colours: &'static [(&'static str, &'static str)],
    /// Words that refer to a clause of this text.
    pub(super) clause: &'static str,
    /// Words that refer to several.
    pub(super) clauses: &'static str,
    /// Words that refer to a place in another text.
    pub(super) elsewhere: &'static str,
    /// What may stand between the numbers of several clauses.
    pub(super) joins: &'static str,
}

const ENGLISH: Words = Words {
    numbers: "zero one two three four five six seven eight nine ten eleven twelve thirteen \
        fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fourty \
        fifty sixty seventy eighty ninety hundred hundreds thousand thousands million \
        millions billion billions dozen dozens half couple twice thrice double triple",
    joined: "",
    units: "minute minutes hour hours day days week weeks fortnight fortnights month months year \
        years decade decades",
    each: "a an each every per another few several some next same following any",
    often: "hourly daily weekly biweekly fortnightly monthly quarterly yearly annual biannual \
        annually overnight",
    marked: "tlp pap mark marked marking markings labeled labelled colour colours color colors",
    colours: &[],
    clause: "clause",
    clauses: "clauses",
    elsewhere: "article annex appendix chapter paragraph schedule section",
    joins: "and or to",
};

const GERMAN: Words = Words {
    numbers: "dutzend halb halbe halben halber halbes doppelt eins",
    joined: "null eine ein zwei drei vier fünf sechs sech sieben sieb acht neun zehn elf zwölf \
        zwanzig dreißig dreissig zig hundert tausend millionen million milliarden milliarde \
        und mal",
    units: "minute minuten stunde stunden tag tage tagen tages woche wochen monat monate monaten \
        monats jahr jahre jahren jahres",
    each: "ein eine einem einen einer eines jede jedem jeden jeder jedes je pro alle wenige \
        wenigen einige einigen",
    often: "stündlich täglich wöchentlich monatlich vierteljährlich jährlich",
    marked: "tlp pap markiert markierte markierten markierung gekennzeichnet gekennzeichnete \
        gekennzeichneten farbe farben stufe",
    colours: &[
        ("klar", "clear"),
        ("weiß", "clear"),
        ("grün", "green"),
        ("gelb", "amber"),
        ("rot", "red"),
    ],
    clause: "klausel",
    clauses: "klauseln",
    elsewhere: "artikel anhang anlage abschnitt absatz kapitel ziffer",
    joins: "und oder bis",
};

/// No word is known. A colour after `TLP` is one in any language.
const OTHER: Words = Words {
    numbers: "",
    joined: "",
    units: "",
    each: "",
    often: "",
    marked: "tlp pap",
    colours: &[],
    clause: "",
    clauses: "",
    elsewhere: "",
    joins: "",
};

/// Whether a word is in a list.
pub(super) fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

impl Tongue {
    /// The language of a tag such as `en` or `de-CH`.
    pub(super) fn of(tag: &str) -> Tongue {
        match tag.split('-').next().unwrap_or_default() {
            "en" => Tongue::English,
            "de" => Tongue::German,
            _ => Tongue::Other,
        }
    }

    pub(super) const fn words(self) -> &'static Words {
        match self {
            Tongue::English => &ENGLISH,
            Tongue::German => &GERMAN,
            Tongue::Other => &OTHER,
        }
    }
}

/// One thing said in each language that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    english: String,
    german: String,
}

impl Said {
    /// The same in every language.
    pub(super) fn same(words: impl ToString) -> Said {
        let words = words.to_string();
        Said { english: words.clone(), german: words }
    }

    fn two(english: impl Into<String>, german: impl Into<String>) -> Said {
        Said { english: english.into(), german: german.into() }
    }

    pub(super) fn in_tongue(&self, tongue: Tongue) -> &str {
        match tongue {
            Tongue::German => &self.german,
            Tongue::English | Tongue::Other => &self.english,
        }
    }

    pub(super) fn span(span: Span) -> Said {
        let english = span.to_string();
        let (number, unit) = english.split_once(' ').unwrap_or((&english, ""));
        let german = match unit {
            "day" => "Tag",
            "days" => "Tage",
            "hour" => "Stunde",
            "hours" => "Stunden",
            "minute" => "Minute",
            "minutes" => "Minuten",
            _ => "Sekunden",
        };
        let german = format!("{number} {german}");
        Said { english, german }
    }

    /// How long a deadline runs, in the days that it counts.
    pub(super) fn period(deadline: &Deadline) -> Said {
        match (deadline.days, deadline.within.get() / 86_400) {
            (Days::Calendar, _) => Said::span(deadline.within),
            (Days::Working, 1) => Said::two(deadline.to_string(), "1 Arbeitstag"),
            (Days::Working, days) => Said::two(deadline.to_string(), format!("{days} Arbeitstage")),
        }
    }

    pub(super) fn clock(clock: ClockStart) -> Said {
        match clock {
            ClockStart::Act => Said::two("the act", "der Handlung"),
            ClockStart::Awareness => Said::two("awareness", "Kenntnis"),
            ClockStart::Effective => Said::two("entry into force", "Inkrafttreten"),
            ClockStart::Receipt => Said::two("receipt", "Empfang"),
        }
    }

    pub(super) fn mode(mode: Mode) -> Said {
        match mode {
            Mode::Which => Said::two("which indicators both hold", "welche Merkmale beide haben"),
            Mode::Count => Said::two(
                "only how many indicators both hold",
                "nur wie viele Merkmale beide haben",
            ),
            Mode::Lookup => Said::two(
                "whether the holder holds what the other asks about",
                "ob die haltende Partei hat, wonach die andere fragt",
            ),
            Mode::Payload => Said::two(
                "which indicators both hold, with the context of each that may leave",
                "welche Merkmale beide haben, mit dem Kontext derer, bei denen er hinaus darf",
            ),
        }
    }

    pub(super) fn answer(learn: Learn) -> Said {
        match learn {
            Learn::Both => {
                Said::two("both parties learn the answer", "beide Parteien erfahren die Antwort")
            }
            Learn::Initiator => Said::two(
                "only the party that offered the run learns the answer",
                "nur die Partei, die den Lauf angeboten hat, erfährt die Antwort",
            ),
        }
    }

    pub(super) fn only(only: Only) -> Said {
        match only {
            Only::Any => Said::two("any indicators", "beliebige Merkmale"),
            Only::Matched => Said::two("matched indicators", "gemeinsame Merkmale"),
        }
    }

    pub(super) fn object(object: ObjectKind) -> Said {
        match object {
            ObjectKind::Indicator => Said::two("indicators", "Merkmale"),
            ObjectKind::Sighting => Said::two("sightings", "Sichtungen"),
            ObjectKind::MalwareSample => Said::two("malware samples", "Proben von Schadprogrammen"),
            ObjectKind::Report => Said::two("reports", "Berichte"),
            ObjectKind::Vulnerability => Said::two("vulnerabilities", "Schwachstellen"),
        }
    }

    pub(super) fn transform(transform: Transform) -> Said {
        match transform {
            Transform::StripComment => Said::two("without comments", "ohne Kommentare"),
            Transform::StripLabels => Said::two("without labels", "ohne Bezeichnungen"),
            Transform::StripConfidence => {
                Said::two("without confidence", "ohne Angabe der Verlässlichkeit")
            }
            Transform::StripValidity => Said::two("without validity", "ohne Gültigkeit"),
            Transform::HideSource => Said::two("without the source", "ohne die Quelle"),
            Transform::TearLine => Said::two(
                "with what stands above the tear line of a comment",
                "mit dem, was im Kommentar über der Abrisslinie steht",
            ),
        }
    }

    pub(super) fn onward(onward: Onward) -> Said {
        match onward {
            Onward::Allowed => Said::two(
                "may be passed on as far as its markings go",
                "darf weitergegeben werden, soweit die Markierungen es zulassen",
            ),
            Onward::Consent => Said::two(
                "may be passed on after the releasing party has consented",
                "darf nach Zustimmung der gebenden Partei weitergegeben werden",
            ),
            Onward::Forbidden => {
                Said::two("may not be passed on", "darf nicht weitergegeben werden")
            }
        }
    }

    pub(super) fn purpose(purpose: Purpose) -> Said {
        match purpose {
            Purpose::NetworkDefence => Said::two("network defence", "Verteidigung von Netzen"),
            Purpose::IncidentResponse => Said::two("incident response", "Behandlung von Vorfällen"),
            Purpose::ThreatResearch => {
                Said::two("research into threats", "Forschung zu Bedrohungen")
            }
            Purpose::PublicWarning => Said::two("public warning", "Warnung der Öffentlichkeit"),
            Purpose::LawEnforcement => Said::two("law enforcement", "Strafverfolgung"),
            Purpose::Intelligence => Said::two("intelligence", "Nachrichtendienste"),
        }
    }

    /// Behind `from`, `aus`.
    pub(super) fn territory(name: &str) -> Said {
        Said::two(format!("the territory of {name}"), format!("dem Gebiet von {name}"))
    }

    pub(super) fn third_territory() -> Said {
        Said::two("a territory of no party", "dem Gebiet keiner Partei")
    }

    pub(super) fn unknown_origin() -> Said {
        Said::two("an unknown place", "unbekanntem Ort")
    }

    pub(super) fn releasable() -> Said {
        Said::two(
            "only what is marked as releasable to the receiver",
            "nur was als freigegeben für die empfangende Partei bezeichnet ist",
        )
    }

    pub(super) fn pad(pad: Pad) -> Said {
        match pad {
            Pad::Multiple(of) => Said::two(
                format!("sizes are rounded up to the next multiple of {of}"),
                format!("Größen werden auf das nächste Vielfache von {of} aufgerundet"),
            ),
            Pad::None => Said::two("true sizes are shown", "die wahren Größen werden gezeigt"),
            Pad::PowerOfTwo => Said::two(
                "sizes are rounded up to the next power of two",
                "Größen werden auf die nächste Zweierpotenz aufgerundet",
            ),
        }
    }

    /// Who may act if no party is named; `two` if the accord has two parties.
    pub(super) fn any_party(two: bool) -> Said {
        if two {
            Said::two("either party", "jede der Parteien")
        } else {
            Said::two("any party", "jede Partei")
        }
    }

    /// Who stands opposite.
    pub(super) fn other_party(two: bool) -> Said {
        if two {
            Said::two("the other party", "die andere Partei")
        } else {
            Said::two("any other party", "jede andere Partei")
        }
    }

    /// `a, b <or> c`, of things that each language says in its own way.
    pub(super) fn join(items: &[Said], english: &str, german: &str) -> Said {
        let of = |tongue| items.iter().map(|item| item.in_tongue(tongue)).collect::<Vec<&str>>();
        let (one, two) = (of(Tongue::English), of(Tongue::German));
        Said::two(
            Said::list(&one, english, german).english,
            Said::list(&two, english, german).german,
        )
    }

    /// `a, b <and> c`.
    pub(super) fn list(items: &[&str], english: &str, german: &str) -> Said {
        let join = |word: &str| match items {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
        };
        Said::two(join(english), join(german))
    }
}
