//! Whether what came from one party may go on to another.
//!
//! Is: the answer of the clause under which an object came. What it may leave under besides, the
//! text in force with the new receiver decides, as of every object. Is not: a way around the
//! markings; they travel with the object and are asked again.

use std::sync::Arc;

use detente_accord::Onward;

use crate::verdict::Denial;

/// How an object came, as far as passing it on depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passing {
    /// What the clause says; none if it says nothing, or if the clause is not known any more.
    pub onward: Option<Onward>,
    /// The clause under which it came.
    pub clause: Arc<str>,
    /// The accord of that clause, as the parties call it.
    pub accord: String,
    /// Who released it, by name.
    pub from: String,
}

impl Passing {
    /// Whether it may go on at all.
    ///
    /// # Errors
    /// [`Denial`] with the clause: what is not allowed in so many words stays.
    pub fn decide(self) -> Result<(), Denial> {
        let Passing { onward, clause, accord, from } = self;
        match onward {
            Some(Onward::Allowed) => Ok(()),
            Some(Onward::Consent) => Err(Denial::OnwardConsent { clause, accord, from }),
            Some(Onward::Forbidden) => Err(Denial::OnwardForbidden { clause, accord, from }),
            None => Err(Denial::OnwardUnsaid { clause, accord, from }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_clause_allows_goes_on() {
        let passing = |onward| Passing {
            onward,
            clause: "3.2".into(),
            accord: "alba-borea".to_owned(),
            from: "Alba".to_owned(),
        };
        assert_eq!(passing(Some(Onward::Allowed)).decide(), Ok(()));
        for (onward, code, says) in [
            (Some(Onward::Consent), "onward_consent", "needs the originator's consent"),
            (Some(Onward::Forbidden), "onward_forbidden", "forbids passing it on"),
            (None, "onward_unsaid", "does not allow passing it on"),
        ] {
            let denial = passing(onward).decide().unwrap_err();
            assert_eq!((denial.code(), denial.clause()), (code, Some("3.2")));
            let words = denial.to_string();
            assert!(words.contains(says) && words.contains("alba-borea"), "{words}");
        }
    }
}
