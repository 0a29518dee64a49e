//! Two parties: that have each other's cards, or an accord in force.

use std::collections::BTreeSet;

use serde_json::Value;

use super::home::{Home, World};
use super::process::{Serving, wait_until};

/// Which of the two can be dialled, and which serve.
#[derive(Clone, Copy, Debug)]
pub struct Topology {
    /// A's card names an address.
    pub a_listens: bool,
    /// B's card names an address.
    pub b_listens: bool,
    /// A's node is up.
    pub a_serves: bool,
    /// B's node is up.
    pub b_serves: bool,
}

/// Two parties.
pub struct Pair {
    /// Where they live; last to go.
    pub a: Home,
    /// The other one.
    pub b: Home,
    /// Their world.
    pub world: World,
}

impl Pair {
    /// Two parties that have added each other's cards.
    #[track_caller]
    pub fn met(a_listens: bool, b_listens: bool) -> Pair {
        let world = World::new();
        let a = world.party("Alba", a_listens);
        let b = world.party("Borea", b_listens);
        let pair = Pair { a, b, world };
        for (from, to) in [(&pair.a, &pair.b), (&pair.b, &pair.a)] {
            let card = from.card(&pair.world.path(&format!("{}.card", from.name)));
            to.run(&["party", "add", &card, "--yes"]).exits(0);
        }
        pair
    }

    /// A text by A, changed by `edit`; gives its file.
    #[track_caller]
    pub fn draft(&self, name: &str, edit: impl Fn(String) -> String) -> String {
        let drafted =
            self.a.run(&["accord", "draft", "alba-borea", "--with", &self.b.name]).exits(0);
        let text = edit(drafted.out);
        self.world.write(name, text)
    }

    /// A proposes and signs, B signs; one of them must serve where the other can reach it.
    #[track_caller]
    pub fn agree(&self, edit: impl Fn(String) -> String) {
        let file = self.draft("accord.toml", edit);
        self.a.run(&["accord", "propose", &file]).exits(0);
        let said = self.a.run(&["accord", "sign", &file]).exits(0);
        // If only B dials, what A has said must be fetched first.
        let fetched = self.b.run(&["sync"]).exits(0);
        let signed = self.b.run(&["accord", "sign", &file]);
        assert_eq!(signed.code, 0, "{signed}\nafter A's act: {said}\nand B's sync: {fetched}");
        for home in [&self.a, &self.b] {
            let status = home.json(&["accord", "status", "alba-borea"]);
            assert_eq!(status[0]["in_force"], true, "{status:#}");
        }
    }

    /// Two parties whose accord is in force. A dials; B listens, and serves while the result lives.
    #[track_caller]
    pub fn agreed() -> (Pair, Serving) {
        Pair::agreed_on(|text| text)
    }

    /// The same with another text than the draft.
    #[track_caller]
    pub fn agreed_on(edit: impl Fn(String) -> String) -> (Pair, Serving) {
        let pair = Pair::met(false, true);
        let serving = pair.b.serve();
        pair.agree(edit);
        (pair, serving)
    }

    /// A, which nobody can dial, serves and has dialled B: until the result is dropped, B reaches A.
    #[track_caller]
    pub fn line(&self) -> Serving {
        let serving = self.a.serve();
        wait_until("A has dialled B", 20, || self.b.json(&["sync"])[0]["cosigned"] == true);
        serving
    }

    /// Both export and verify; both records must be sound and the same. Gives the folder of A.
    #[track_caller]
    pub fn sound(&self, name: &str) -> std::path::PathBuf {
        let folders = [format!("{name}-a"), format!("{name}-b")];
        for (home, folder) in [(&self.a, &folders[0]), (&self.b, &folders[1])] {
            let to = self.world.path(folder).display().to_string();
            home.run(&["log", "export", "alba-borea", "--to", &to]).exits(0);
            let report = self.world.verify(folder).exits(0).json();
            assert_eq!(report["sound"], true, "{report:#}");
        }
        self.world.path(&folders[0])
    }
}

/// The kinds of the draft's matching clause.
const KINDS: [&str; 8] = ["domain", "ipv4", "ipv6", "url", "md5", "sha1", "sha256", "email"];

/// What both hold of the kinds that the draft matches, from their own lists.
#[track_caller]
pub fn common(a: &Home, b: &Home) -> BTreeSet<(String, String)> {
    let list = |home: &Home| -> BTreeSet<(String, String)> {
        let items = home.json(&["list"]);
        let items: Vec<(String, String)> = serde_json::from_value(items).unwrap();
        let kept = items.into_iter().filter(|(kind, _)| KINDS.contains(&kind.as_str()));
        kept.collect()
    };
    list(a).intersection(&list(b)).cloned().collect()
}

/// The acts of the accord that one party has entered, in the order of its log, which has no gap.
#[track_caller]
pub fn history(home: &Home, party: &str) -> Vec<Value> {
    let events = home.json(&["accord", "history", "alba-borea"]);
    let mut own: Vec<Value> = events.as_array().unwrap().clone();
    own.retain(|event| event["party"] == party);
    own.sort_by_key(|event| event["sequence"].as_u64());
    for (place, event) in own.iter().enumerate() {
        assert_eq!(event["sequence"], place, "a gap in {own:#?}");
    }
    own
}
