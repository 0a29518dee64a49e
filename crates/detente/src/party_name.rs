//! Whether the name on a card may be taken for somebody else's.

use detente_core::name::{look_alike, mixed_word};
use detente_node::report::PartyReport;

/// What to tell whoever adds a card: a known party, or this one itself, bears a name that looks the
/// same, or the name mixes letters of two scripts.
pub fn warnings(new: &PartyReport, known: &[PartyReport]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (at, other) in known.iter().enumerate() {
        if other.id != new.id && look_alike(&other.name, &new.name) {
            let whose = if at == 0 { "this home's own party" } else { "a party known here" };
            warnings.push(format!(
                "the name {:?} can be taken for that of {whose}, {:?}, which has another root: {} \
                 is new, {} is known",
                new.name, other.name, new.id, other.id
            ));
        }
    }
    if let Some(word) = mixed_word(&new.name) {
        warnings.push(format!(
            "the name {:?} mixes letters of two scripts in {word:?}: it may be made to look like \
             another",
            new.name
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use detente_node::report::PartyReport;

    use super::warnings;
    use crate::draft::counterpart;

    fn party(name: &str, digit: char) -> PartyReport {
        PartyReport {
            name: name.to_owned(),
            id: digit.to_string().repeat(64),
            words: String::new(),
            address: None,
            roles: Vec::new(),
            evidence: 0,
        }
    }

    #[test]
    fn a_name_that_is_taken_is_warned_of() {
        let known = [party("CERT Alpha", 'a'), party("CERT Beta", 'b')];
        for (name, says) in [
            ("CERT Beta", "a party known here"),
            ("cert-beta", "a party known here"),
            ("CERT AIpha", "own party"),
            ("CERT B\u{435}ta", "a party known here"),
        ] {
            let found = warnings(&party(name, 'c'), &known);
            assert!(found[0].contains(says), "{found:?}");
            assert!(found[0].contains(&"c".repeat(64)), "{found:?}");
        }
        assert_eq!(warnings(&party("CERT G\u{430}mma", 'c'), &known).len(), 1, "two scripts");
        assert!(warnings(&party("CERT Gamma", 'c'), &known).is_empty());
        assert!(warnings(&party("CERT Beta", 'b'), &known).is_empty(), "its own newer card");
    }

    #[test]
    fn a_counterpart_is_one_party() {
        let known = [party("CERT Beta", 'b'), party("CERT Beta", 'c'), party("CERT Gamma", 'd')];
        let failed = counterpart(&known, "CERT Beta").unwrap_err();
        assert_eq!(failed.code, "ambiguous_party");
        let remedy = failed.remedy.unwrap();
        assert!(remedy.contains(&known[0].id) && remedy.contains(&known[1].id), "{remedy}");
        assert_eq!(counterpart(&known, "cccccccc").unwrap().id, known[1].id);
        assert_eq!(counterpart(&known, "CERT Gamma").unwrap().id, known[2].id);
        for unknown in ["ccccccc", "CERT", "cert gamma", ""] {
            assert_eq!(
                counterpart(&known, unknown).unwrap_err().code,
                "unknown_party",
                "{unknown}"
            );
        }
        let alike = [party("CERT Beta", 'b'), party("CERT B\u{435}ta", 'c')];
        assert_eq!(counterpart(&alike, "CERT Beta").unwrap_err().code, "ambiguous_party");
        let same = [party("X", 'b'), PartyReport { id: "b".repeat(63) + "a", ..party("Y", 'b') }];
        assert_eq!(counterpart(&same, "bbbbbbbb").unwrap_err().code, "ambiguous_party");
    }
}
