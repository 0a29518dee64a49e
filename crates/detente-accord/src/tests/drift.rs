//! Prose that could drift away from its rule: each text here looked sound once.

use super::{SOUND, refused};
use crate::{Accord, Faults};
use detente_core::UnixSeconds;

const SAYS: &str = "prose_contradicts";

/// Clause 4's English prose with these words behind it.
fn clause_four(words: &str) -> Result<Accord, Faults> {
    let text =
        SOUND.replace("within {within} from {clock}.\"", "within {within} from {clock}; WORDS\"");
    assert!(text.contains("WORDS"));
    Accord::parse(text.replace("WORDS", words).as_bytes())
}

#[track_caller]
fn states(words: &str, claim: &str) {
    let faults = clause_four(words).expect_err(words).0;
    assert_eq!(faults.len(), 1, "{words}: {faults:#?}");
    assert_eq!(faults[0].code, SAYS, "{words}");
    assert!(faults[0].what.contains(claim), "{words}: {}", faults[0]);
    let fits =
        ["show ", "leave it out", "say it without a number", "refer to a clause of this text"];
    assert!(fits.iter().any(|fit| faults[0].remedy.starts_with(fit)), "{}", faults[0]);
}

#[track_caller]
fn passes(words: &str) {
    if let Err(faults) = clause_four(words) {
        panic!("{words}: {faults:#?}");
    }
}

#[test]
fn a_bare_number_is_refused_whatever_it_equals() {
    // 2 is a clause, 24 the hours of the duty, 200 the cap of another clause.
    for number in ["2", "24", "200", "1", "1,000", "3.1", "5-10", "50 %", "\u{b2}", "\u{ff15}"] {
        states(&format!("at most {number} objects"), "no parameter");
    }
    states("P30D", "\"P30D\"");
    states("{within}0", "\"0\"");
    states("x500 objects", "\"x500\"");
    states("up to \u{661}\u{662} objects", "no parameter");
    // A true number drifts as soon as the rule is changed.
    refused("{to}, {cap.count} per", "{to}, 200 per", SAYS, "says \"200\"");
}

#[test]
fn a_reference_may_be_stated() {
    for words in [
        "see clause 2",
        "see clauses 1 and 3",
        "see clauses 1, 2 and 3, and clauses 1-3",
        "under Article 4 of the charter and annex 1a",
        "under § 12.3",
        "in normal form 1, marked by TLP 2.0 as STIX 2.1 over TLS 1.3, RFC 9162",
        "for IPv4, ipv6-cidr, SHA-256, MD5 and X.509",
        "see {clause.2}",
    ] {
        passes(words);
    }
    states("see clause 9", "refers to clause 9");
    states("see clauses 1 and 9", "refers to clause 9");
    states("under clause 1 and 200 objects", "\"200\"");
    states("under clause 1, 3 objects", "\"3\"");
    states("under Article 4 and 5 objects", "\"5\"");
    states("in article 5000", "\"5000\"");
    states("in normal form 2", "\"2\"");
    states("in form 1", "\"1\"");
    states("STIX 200", "\"200\"");
    let faults = clause_four("see {clause.9}").unwrap_err().0;
    assert_eq!(faults[0].code, "unknown_parameter");
}

#[test]
fn numbers_and_periods_in_words_are_refused() {
    for (words, claim) in [
        ("at most five hundred objects", "\"five hundred\""),
        ("one object", "\"one\""),
        ("Twenty objects", "\"Twenty\""),
        ("twenty-four objects", "\"twenty four\""),
        ("a million objects", "\"million\""),
        ("half of it", "\"half\""),
        ("{within} twice", "\"twice\""),
        ("within a week", "\"a week\""),
        ("in an hour", "\"an hour\""),
        ("fi\u{307}ve objects", "ve\", a number"),
        ("a two-day rest", "\"two\""),
        ("by the next day", "\"next day\""),
        ("each calendar month", "\"each ... month\""),
        ("once per day", "\"per day\""),
        ("it is sent daily", "\"daily\""),
        ("a Monthly list", "\"Monthly\""),
        ("{within} days", "days\""),
        ("tw\u{43e} objects", "\"tw\u{43e}\""),
    ] {
        states(words, claim);
    }
    passes("a working party on the day of the request, at once, within {emergency.lapses}");
    for (words, claim) in [
        ("zwei Merkmale", "\"zwei\""),
        ("höchstens fünfhundert", "\"fünfhundert\""),
        ("einundzwanzig Merkmale", "\"einundzwanzig\""),
        ("eine Woche lang", "\"eine Woche\""),
        ("täglich", "\"täglich\""),
        ("200 Stück", "\"200\""),
        ("rot markiert und markiert als rot", "TLP:RED"),
    ] {
        let to = format!("quittiert in {{within}} ab {{clock}}: {words}.");
        refused("quittiert in {within} ab {clock}.", &to, SAYS, claim);
    }
    let german = "quittiert, wie eine der Parteien, in {within} ab {clock}: Klauseln 1 und 3.";
    let text = SOUND.replace("quittiert in {within} ab {clock}.", german);
    assert_eq!(Accord::parse(text.as_bytes()).map(|_| ()), Ok(()));
}

#[test]
fn a_colour_in_words_is_refused() {
    for (words, claim) in [
        ("what is marked red", "TLP:RED"),
        ("what is marked clear or green", "TLP:CLEAR"),
        ("information marked up to amber", "TLP:AMBER"),
        ("amber strict information", "TLP:AMBER+STRICT"),
        ("amber+strict information", "TLP:AMBER+STRICT"),
        ("red information", "TLP:RED"),
        ("TLP green", "TLP:GREEN"),
        ("tlp:white", "TLP:CLEAR"),
        ("what is GREEN", "TLP:GREEN"),
        ("TLP-RED", "TLP:RED"),
        ("TLP_Red", "TLP:RED"),
        ("red-marked", "TLP:RED"),
        ("tlp: amber-strict", "TLP:AMBER+STRICT"),
    ] {
        let faults = clause_four(words).expect_err(words).0;
        assert!(faults.iter().all(|fault| fault.code == SAYS), "{faults:#?}");
        assert!(faults.iter().any(|fault| fault.what.contains(claim)), "{faults:#?}");
    }
    passes("it makes clear to the red-team what is meant");
    // The rule's own colour may be stated; any other may not.
    let own = |colour: &str| {
        let text = SOUND.replace("up to {max_tlp} to", &format!("up to {colour} to"));
        Accord::parse(text.as_bytes()).map(|_| ())
    };
    assert_eq!(own("TLP:AMBER"), Ok(()));
    assert!(own("TLP:AMBER+STRICT").is_err());
    assert!(own("TLP:GREEN").is_err());
}

#[test]
fn what_decides_what_leaves_is_shown() {
    for (from, to, param) in [
        ("tells {mode}:", "tells:", "`mode` (which indicators both hold)"),
        ("{kinds}. {answer}.", "{kinds}.", "`answer` (both parties learn the answer)"),
        ("{mode}: {kinds}.", "{mode}.", "`kinds` (domain, ipv4)"),
        ("{pad}. At", "At", "`pad`"),
        ("between {between} tells", "tells", "`between` (CERT Alpha and CERT Beta)"),
        ("\"{from} may release", "\"May release", "`from` (either party)"),
        ("to {to}, {cap", "{cap", "`to` (the other party)"),
        ("release {only} (", "release (", "`only` (matched indicators)"),
        ("from {retention.clock}", "", "`retention.clock` (receipt)"),
        ("leaves from {from} to", "leaves to", "`from` (either party)"),
        ("from {clock}.", ".", "`clock` (receipt)"),
        ("{actor} sends", "Send", "`actor` (either party)"),
    ] {
        refused(from, to, "parameter_not_shown", param);
    }
}

#[test]
fn parameters_are_said_in_words_that_follow_the_rule() {
    let text = SOUND
        .replacen("from = \"*\"\nto = \"*\"", "from = \"*\"\nto = \"A\"", 1)
        .replace("only = \"matched\"", "only = \"any\"")
        .replace("mode = \"which\", answer = \"both\"", "mode = \"count\", answer = \"initiator\"")
        .replace("pad = \"power-of-two\"", "pad = \"none\"");
    let accord = Accord::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let said =
        |clause: &str, language: usize| accord.clause(clause).unwrap().prose[language].1.clone();
    assert_eq!(
        said("1", 0),
        "Matching between CERT Alpha and CERT Beta tells only how many indicators both hold: \
         domain, ipv4. Only the party that offered the run learns the answer. True sizes are \
         shown. At most 1000 items in a run, 4 runs and 4000 items per 30 days."
    );
    assert!(said("2", 0).starts_with("The other party may release any indicators (domain, ipv4)"));
    assert!(said("2", 0).contains("TLP:AMBER to CERT Alpha, 200"));
    assert!(
        said("2", 1).ends_with("an CERT Alpha geben, 200 je 30 Tage; Frist 180 Tage ab Empfang.")
    );
    assert!(
        said("3", 1).ends_with("(jede der Parteien an die andere Partei), ungeachtet Klausel 2.")
    );
}

#[test]
fn titles_definitions_and_constants_state_nothing_by_themselves() {
    let title = "title = \"A test accord\"";
    refused(title, "title = \"Up to 500 objects\"", SAYS, "the title says \"500\"");
    refused(title, "title = \"Five hundred objects\"", SAYS, "the title says \"Five hundred\"");
    refused(title, "title = \"Objects marked red\"", SAYS, "the title says TLP:RED");
    refused("a normalised observable", "500 observables", SAYS, "definition \"indicator\" in en");
    refused("a normalised observable", "what is marked red", SAYS, "TLP:RED");
    refused("a normalised observable", "see clause 9", SAYS, "clause 9");
    refused("ein normalisiertes Merkmal", "drei Merkmale", SAYS, "in de says \"drei\"");
    let four = "[[clause]]\nid = \"4\"\n";
    let with = |params: &str| format!("{four}params = {{ {params} }}\n");
    refused(four, &with("x = \"five hundred\""), SAYS, "params.x of clause 4");
    refused("breach = \"escalate\"", "breach = \"escalate in 5 days\"", SAYS, "`breach`");
    let two = "[[clause]]\nid = \"2\"\n";
    refused(two, &format!("{two}params.most = 500\n"), SAYS, "beside it params.most = 500");
    let good = SOUND
        .replace(title, "title = \"On clause 1 und Klausel 2\"")
        .replace("a normalised observable", "see clauses 1 and 2 and Article 3")
        .replace(four, &with("x = 5, y = \"PT12H\", z = \"in writing\""))
        .replace("from {clock}.", "from {clock}, {params.x} days, {params.y}, {params.z}.")
        .replace("ab {clock}.", "ab {clock}, {params.x} Tage, {params.y}, {params.z}.");
    let accord = Accord::parse(good.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert!(accord.clauses[3].prose[0].1.ends_with("from receipt, 5 days, 12 hours, in writing."));
}

#[test]
fn a_language_without_words_is_checked_for_digits_and_named() {
    let french = SOUND
        .replace("\"de\"]", "\"fr\"]")
        .replace("prose.de", "prose.fr")
        .replace("text.de", "text.fr");
    let french = french.replace("ungeachtet Klausel 2", "nonobstant {clause.2}");
    let accord = Accord::parse(french.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    assert_eq!(accord.unread_languages(), ["fr"]);
    assert!(Accord::parse(SOUND.as_bytes()).unwrap().unread_languages().is_empty());
    for wrong in ["500", "AMBER", "tlp:red", "clause 2"] {
        let text = french.replace("nonobstant {clause.2}", wrong);
        assert!(Accord::parse(text.as_bytes()).is_err(), "{wrong}");
    }
}

/// The true fault is not buried under others that would go with it.
#[test]
fn one_error_gives_one_fault_with_a_remedy_that_fits() {
    for (from, to, code, remedy) in [
        ("count = 200, per = \"P30D\"", "count = 200", "missing_field", "per = \"P30D\""),
        ("count = 200, ", "", "missing_field", "count = 200"),
        ("count = 200", "count = 0", "bad_value", "a number from 1 to"),
        ("\"P180D\"", "\"P6M\"", "bad_value", "P180D"),
        ("within = \"P180D\", ", "", "missing_field", "P180D"),
        ("\"P180D\", clock = \"receipt\"", "\"P180D\"", "deadline_without_clock", "clock = "),
        ("labels = [\"victim\"]", "labels = []", "bad_value", "an empty list says nothing"),
        ("labels = [\"victim\"]", "labels = \"victim\"", "wrong_type", "a list of strings"),
        ("kinds = [\"ipv4\", \"domain\"]", "kinds = [\"*\"]", "bad_value", "one of: domain, ipv4,"),
        ("max_tlp = \"amber\"", "max_tlp = \"mauve\"", "bad_value", "one of: clear, green, amber"),
        ("max_tlp = \"amber\"", "max_tlp = 3", "wrong_type", "a string in quotes"),
        ("mode = \"which\"", "mode = \"all\"", "bad_value", "one of: which, count"),
        ("runs = 4", "runs = -4", "bad_value", "a number from 1 to"),
        ("lapses = \"P10D\"", "lapses = \"P1Y\"", "bad_value", "months and years differ"),
        ("expires = \"2030-12-31\"", "expires = \"2030-13-31\"", "bad_value", "2027-12-31"),
        ("default_tlp = \"amber+strict\"", "default_tlp = \"pink\"", "bad_value", "one of: clear"),
        ("languages = [\"en\", \"de\"]\n", "", "missing_field", "languages = [\"en\"]"),
        ("languages = [\"en\", \"de\"]", "languages = \"en\"", "wrong_type", "a list of strings"),
        ("object = \"indicator\"\nkinds", "object = 3\nkinds", "wrong_type", "a string in quotes"),
        ("id = \"4\"", "id = 4", "wrong_type", "a string in quotes"),
        ("name = \"CERT Beta\"\n", "", "missing_field", "the party's name"),
        ("\"bbbbbb", "\"bb", "bad_value", "64 hex digits"),
        ("role = \"minister\"", "role = \"king\"", "bad_value", "one of: minister, head"),
        ("\"propose\", \"sign\"", "\"praise\", \"sign\"", "bad_value", "one of: designate"),
        ("status = \"agreed\"", "status = \"vague\"", "bad_value", "\"agreed\" or \"divergent\""),
        ("from = \"*\"\nto", "from = \"C\"\nto", "unknown_party", "use one of: A, B"),
        ("id = \"3\"", "id = \"3.\"", "bad_value", "number clauses like 3 or 3.1"),
        ("pad = \"power-of-two\"", "pad = \"multiple:1\"", "bad_value", "\"multiple:1000\""),
    ] {
        let shown = SOUND.replace("ab {clock}.", "ab {clock}, {emergency.lapses}.");
        assert!(shown.contains(from), "{from}");
        let faults = Accord::parse(shown.replacen(from, to, 1).as_bytes()).unwrap_err().0;
        assert_eq!(faults.len(), 1, "{to}: {faults:#?}");
        assert_eq!(faults[0].code, code, "{to}: {}", faults[0]);
        assert!(faults[0].remedy.contains(remedy), "{to}: {}", faults[0]);
    }
}

#[test]
fn parties_are_told_apart() {
    let name = "name = \"CERT Beta\"";
    for alike in ["CERT Alpha", "cert  alpha", "CERT-ALPHA", "CERT AIpha", "\u{ff23}ERT Alpha"] {
        refused(name, &format!("name = {alike:?}"), "repeated", "look alike");
    }
    refused(name, "name = \"CERT B\u{435}ta\"", "mixed_scripts", "B\u{435}ta");
    let text = SOUND.replace(&"b".repeat(64), &"a".repeat(64));
    let faults = Accord::parse(text.as_bytes()).unwrap_err().0;
    assert_eq!((faults.len(), faults[0].code), (1, "repeated"));
    assert!(faults[0].what.contains("the same root"));
    let text = SOUND.replace("id = \"B\"", "id = \"a\"").replace("\"B\"]", "\"a\"]");
    let faults = Accord::parse(text.as_bytes()).unwrap_err().0;
    assert_eq!((faults.len(), faults[0].code), (1, "repeated"));
    // Whole words of another script are names like any other.
    let text = SOUND.replace("CERT Beta", "\u{426}\u{435}\u{43d}\u{442}\u{440} CERT");
    assert_eq!(Accord::parse(text.as_bytes()).map(|_| ()), Ok(()));
}

#[test]
fn what_has_expired_is_named_with_its_line() {
    let permit = "retention = { within = \"P180D\", clock = \"receipt\" }\n";
    let text = SOUND
        .replace(permit, &format!("{permit}expires = \"2029-01-01\"\n"))
        .replace("kept {ret", "until {expires}; kept {ret")
        .replace("Frist {ret", "bis {expires}; Frist {ret");
    let accord = Accord::parse(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let at = |day: &str| {
        let faults = accord.expired(UnixSeconds::parse(day).unwrap());
        faults.iter().map(|fault| (fault.line, fault.code)).collect::<Vec<_>>()
    };
    assert_eq!(at("2028-12-31"), []);
    assert_eq!(at("2029-01-01"), [(39, "expired")]);
    assert_eq!(at("2030-12-31"), [(9, "expired"), (39, "expired")]);
}
