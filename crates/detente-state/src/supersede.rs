//! An act in the place of an earlier one of the same party: the earlier stays on record and shows
//! what has taken its place. If both are of one kind, what the earlier holds up or declares ends:
//! whoever had the power for the one had it for the other.

use detente_core::Digest;
use detente_core::act::{ActKind, Header};

use super::State;

impl State {
    /// Whether an act may take the place of the one that it names.
    pub(super) fn may_supersede(&self, header: &Header) -> Result<(), String> {
        let Some(earlier) = &header.supersedes else { return Ok(()) };
        match self.acts.get(earlier) {
            Some((author, _)) if *author != header.author => {
                Err("it supersedes an act of another party".to_owned())
            }
            Some(_) => match self.superseded.get(earlier) {
                Some(by) => Err(format!("what it supersedes was superseded by {}", by.short())),
                None => self.may_end(*earlier),
            },
            None => Err("it supersedes an act that the party has not made before".to_owned()),
        }
    }

    /// Whether what an act holds up may end by the way: not where a clause asks a second person to
    /// resume.
    fn may_end(&self, earlier: Digest) -> Result<(), String> {
        let held = self.suspensions.iter().find(|held| held.act == earlier);
        let asks = held.and_then(|held| {
            let clauses = Some(held.clauses.as_slice());
            self.asking(held.text, clauses, ActKind::Resume)
        });
        match asks {
            Some(clause) => Err(format!("clause {clause} asks a second person to resume it")),
            None => Ok(()),
        }
    }

    /// An act has taken effect in the place of another.
    pub(super) fn supersede(&mut self, header: &Header, act: Digest) {
        let Some(earlier) = header.supersedes else { return };
        self.superseded.insert(earlier, act);
        if self.acts.get(&earlier).is_none_or(|(_, kind)| *kind != header.kind) {
            return;
        }
        for held in self.suspensions.iter_mut().filter(|held| held.act == earlier) {
            held.resumed.get_or_insert(header.time);
        }
        let asides = self.reservations.iter_mut().chain(&mut self.declarations);
        for aside in asides.filter(|aside| aside.act == earlier) {
            aside.withdrawn.get_or_insert(header.time);
        }
    }
}
