//! Who a party is: its root key, its roles with their keys and authority, and the signed card that
//! carries all of it to the other side.

use std::fmt;
use std::str::FromStr;

use crate::act::ActKind;
use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::id::{KeyId, PartyId};
use crate::key::PublicKey;
use crate::name::is_plain;
use crate::sign::{Signable, Unverified, Verified, VerifyError};
use crate::time::UnixSeconds;

/// Longest name of a party, in bytes.
pub const MAX_NAME: usize = 120;
/// Longest address `host:port`, in bytes.
pub const MAX_ADDRESS: usize = 300;
/// Longest SubjectPublicKeyInfo of a transport key, in bytes.
pub const MAX_SPKI: usize = 200;
/// Longest card, in bytes, with its envelope.
pub const MAX_CARD: usize = 64 * 1024;
/// Most role keys on a card.
pub const MAX_ROLES: usize = 16;

/// What binds the party, lets it go and holds clauses up: VCLT 7(2)(a).
const MINISTER: &[ActKind] = &[
    ActKind::Propose,
    ActKind::Sign,
    ActKind::Refuse,
    ActKind::Denounce,
    ActKind::Stop,
    ActKind::Resume,
    ActKind::Float,
    ActKind::Support,
    ActKind::ReservePosition,
    ActKind::AgreeAdReferendum,
    ActKind::Initial,
    ActKind::SignAdReferendum,
    ActKind::Confirm,
    ActKind::Ratify,
    ActKind::Accede,
    ActKind::AdoptProvisionally,
    ActKind::Decline,
    ActKind::Retract,
    ActKind::Correct,
    ActKind::Reserve,
    ActKind::Object,
    ActKind::Accept,
    ActKind::Declare,
    ActKind::Suspend,
    ActKind::Countermeasure,
    ActKind::Contest,
    ActKind::RevokeNotice,
    ActKind::Bracket,
    ActKind::Attach,
    ActKind::Readout,
    ActKind::Consent,
    ActKind::RefuseConsent,
    ActKind::RetractRelease,
    ActKind::AnswerRetraction,
    ActKind::RevokeKey,
    ActKind::Delegate,
];

/// What a delegation does at the table: nothing that binds without its capital.
const HEAD: &[ActKind] = &[
    ActKind::Propose,
    ActKind::Refuse,
    ActKind::Stop,
    ActKind::Float,
    ActKind::Support,
    ActKind::ReservePosition,
    ActKind::AgreeAdReferendum,
    ActKind::Initial,
    ActKind::SignAdReferendum,
    ActKind::Decline,
    ActKind::Retract,
    ActKind::Declare,
    ActKind::Contest,
    ActKind::Bracket,
    ActKind::Attach,
    ActKind::Readout,
    ActKind::Consent,
    ActKind::RefuseConsent,
];

/// An office whose holder acts for a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// Binds the party.
    Minister = 1,
    /// Heads the delegation: negotiates and proposes.
    Head = 2,
    /// On watch: may stop everything at once.
    DutyOfficer = 3,
    /// Matches and releases within the accord.
    Analyst = 4,
    /// Watches: binds, releases and matches nothing.
    Auditor = 5,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] =
        [Role::Minister, Role::Head, Role::DutyOfficer, Role::Analyst, Role::Auditor];

    /// The signed code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The role with this code.
    pub fn from_code(code: u8) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.code() == code)
    }

    /// The name in accords, options and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Minister => "minister",
            Role::Head => "head",
            Role::DutyOfficer => "duty-officer",
            Role::Analyst => "analyst",
            Role::Auditor => "auditor",
        }
    }

    /// The acts that a fresh party gives this role on its card. An accord may narrow them.
    pub const fn full_powers(self) -> &'static [ActKind] {
        match self {
            Role::Minister => MINISTER,
            Role::Head => HEAD,
            Role::DutyOfficer => &[ActKind::Stop, ActKind::RetractRelease],
            Role::Analyst => &[
                ActKind::OfferMatch,
                ActKind::AnswerMatch,
                ActKind::CloseMatch,
                ActKind::Release,
                ActKind::Receipt,
                ActKind::PublishFilter,
                ActKind::AskConsent,
                ActKind::PresentConsent,
                ActKind::RetractRelease,
                ActKind::AnswerRetraction,
                ActKind::Feedback,
                ActKind::Erase,
            ],
            Role::Auditor => &[ActKind::AcknowledgeAlert],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown role {0:?}: use minister, head, duty-officer, analyst or auditor")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Role, UnknownRole> {
        Role::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownRole(text.chars().take(64).collect()))
    }
}

/// One role of a party: its key and the acts it may perform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleKey {
    /// The office.
    pub role: Role,
    /// Its key.
    pub key: PublicKey,
    /// Its authority: acts in ascending order of their codes.
    pub may: Vec<ActKind>,
}

/// A party card: all that the other side must know, signed by the root key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The party's name, for people. Two parties may have the same: the fingerprint decides.
    pub name: String,
    /// The root key; its id is the party's id.
    pub root: PublicKey,
    /// Role keys in ascending order of their roles, and within a role of their suites: one of each.
    pub roles: Vec<RoleKey>,
    /// SubjectPublicKeyInfo (DER) of the transport key, pinned in TLS.
    pub transport: Vec<u8>,
    /// Ed25519 key that signs the checkpoints of the party's own logs.
    pub log_key: [u8; 32],
    /// Ed25519 key that cosigns other parties' logs.
    pub mirror_key: [u8; 32],
    /// Where the node listens, `host:port`; none if it can't be dialled.
    pub address: Option<String>,
    /// When the card was made.
    pub issued: UnixSeconds,
}

impl Card {
    /// The party's id and fingerprint.
    pub fn party(&self) -> PartyId {
        PartyId::new(*self.root.id().as_bytes())
    }

    /// The role whose key this is.
    pub fn role_of(&self, key: KeyId) -> Option<&RoleKey> {
        self.roles.iter().find(|role| role.key.id() == key)
    }

    /// Reads a card and checks it under the root key that it carries. The result proves that the
    /// holder of that root key made it, not who that is: compare the fingerprint with its owner.
    ///
    /// # Errors
    /// [`CardFault`]: malformed, or not signed by its own root.
    pub fn open(bytes: &[u8]) -> Result<Verified<Card>, CardFault> {
        let unverified = Unverified::<Card>::read(bytes)?;
        let root = unverified.claim().root.clone();
        Ok(unverified.verify(&root)?)
    }
}

/// Why a party card is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardFault {
    /// The bytes are no card.
    #[error("not a party card")]
    Malformed(#[from] DecodeError),
    /// The root signature does not hold.
    #[error("the card is not signed by its own root key")]
    NotSigned(#[from] VerifyError),
}

impl CardFault {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            CardFault::Malformed(_) => "card_malformed",
            CardFault::NotSigned(_) => "card_not_signed",
        }
    }
}

impl Signable for Card {
    const LABEL: &'static str = "detente/card/1";
    const MAX_PAYLOAD: usize = 48 * 1024;

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.map(8 + usize::from(self.address.is_some()));
        w.uint(1).uint(1);
        w.uint(2).text(&self.name);
        self.root.write(w.uint(3));
        w.uint(4).array(self.roles.len());
        for role in &self.roles {
            w.array(3).uint(role.role.code().into());
            role.key.write(&mut w);
            w.array(role.may.len());
            for kind in &role.may {
                w.uint(kind.code().into());
            }
        }
        w.uint(5).bytes(&self.transport);
        w.uint(6).bytes(&self.log_key);
        w.uint(7).bytes(&self.mirror_key);
        if let Some(address) = &self.address {
            w.uint(8).text(address);
        }
        w.uint(9).uint(self.issued.get());
        w.into_bytes()
    }

    fn decode(payload: &[u8]) -> Result<Card, DecodeError> {
        let r = &mut Reader::new(payload);
        let mut fields = r.map()?;
        fields.required(r, 1)?;
        let version = r.uint()?;
        if version != 1 {
            return Err(r.fail(DecodeFault::BadValue { what: "card version", got: version }));
        }
        fields.required(r, 2)?;
        let name = plain_text(r, MAX_NAME)?;
        fields.required(r, 3)?;
        let root = PublicKey::read(r)?;
        fields.required(r, 4)?;
        let roles = read_roles(r, &root)?;
        fields.required(r, 5)?;
        let transport = r.bytes(MAX_SPKI)?.to_vec();
        fields.required(r, 6)?;
        let log_key = r.fixed()?;
        fields.required(r, 7)?;
        let mirror_key = r.fixed()?;
        let address = if fields.optional(r, 8)? { Some(plain_text(r, MAX_ADDRESS)?) } else { None };
        fields.required(r, 9)?;
        let issued = UnixSeconds::new(r.uint()?);
        fields.end(r)?;
        let card = Card { name, root, roles, transport, log_key, mirror_key, address, issued };
        // One use per key: a mirror that signs as the log would witness itself.
        if card.log_key == card.mirror_key {
            return Err(r.fail(DecodeFault::Rule("log key and mirror key are the same")));
        }
        if r.is_empty() && card.encode() == payload {
            return Ok(card);
        }
        Err(r.fail(DecodeFault::Rule("card is not in its canonical form")))
    }
}

fn plain_text(r: &mut Reader<'_>, max: usize) -> Result<String, DecodeError> {
    let text = r.text(max)?;
    if text.is_empty() || !is_plain(text) {
        return Err(r.fail(DecodeFault::Rule("text is empty or has control characters")));
    }
    Ok(text.to_owned())
}

fn read_roles(r: &mut Reader<'_>, root: &PublicKey) -> Result<Vec<RoleKey>, DecodeError> {
    let count = r.array(MAX_ROLES)?;
    let mut roles: Vec<RoleKey> = Vec::with_capacity(count);
    for _ in 0..count {
        r.tuple(3)?;
        let code = r.uint8("role")?;
        let role = Role::from_code(code)
            .ok_or_else(|| r.fail(DecodeFault::BadValue { what: "role", got: code.into() }))?;
        let key = PublicKey::read(r)?;
        let place = (role, key.suite());
        if roles.last().is_some_and(|last| (last.role, last.key.suite()) >= place) {
            return Err(r.fail(DecodeFault::Rule("roles are not in ascending order")));
        }
        if key == *root || roles.iter().any(|other| other.key == key) {
            return Err(
                r.fail(DecodeFault::Rule("two roles, or a role and the root, share one key"))
            );
        }
        let mut may: Vec<ActKind> = Vec::new();
        for _ in 0..r.array(ActKind::ALL.len())? {
            let kind = ActKind::read(r)?;
            if may.last().is_some_and(|last| *last >= kind) {
                return Err(r.fail(DecodeFault::Rule("acts are not in ascending order")));
            }
            may.push(kind);
        }
        roles.push(RoleKey { role, key, may });
    }
    Ok(roles)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::{ActKind, Card, Role, RoleKey};
    use crate::key::{Seed, SigningKey};
    use crate::sign::{Verified, sign};
    use crate::time::UnixSeconds;

    /// The key pair whose seed is `fill` throughout; made once.
    pub(crate) fn key(fill: u8) -> &'static SigningKey {
        static KEYS: Mutex<BTreeMap<u8, &'static SigningKey>> = Mutex::new(BTreeMap::new());
        let mut keys = KEYS.lock().unwrap();
        keys.entry(fill).or_insert_with(|| {
            let seed = Seed::new([fill; 64]);
            Box::leak(Box::new(SigningKey::from_seed(&seed).unwrap()))
        })
    }

    /// A card of a party whose keys come from `fill`.
    pub(crate) fn card(name: &str, fill: u8) -> Verified<Card> {
        let roles = Role::ALL
            .into_iter()
            .map(|role| RoleKey {
                role,
                key: key(fill + role.code()).public().clone(),
                may: role.full_powers().to_vec(),
            })
            .collect();
        let card = Card {
            name: name.to_owned(),
            root: key(fill).public().clone(),
            roles,
            transport: vec![1; 44],
            log_key: [fill; 32],
            mirror_key: [fill + 1; 32],
            address: Some("127.0.0.1:1".to_owned()),
            issued: UnixSeconds::new(1),
        };
        sign(card, key(fill))
    }

    #[test]
    fn a_card_opens_under_its_own_root() {
        let signed = card("CERT Alpha", 10);
        let opened = Card::open(signed.bytes()).unwrap();
        assert_eq!(opened.value(), signed.value());
        let analyst = opened.value().role_of(key(14).public().id()).unwrap();
        assert_eq!(analyst.role, Role::Analyst);
        assert!(analyst.may.contains(&ActKind::Release));
    }

    #[test]
    fn a_card_signed_by_another_root_is_refused() {
        let forged = sign(card("CERT Alpha", 10).into_value(), key(77));
        assert!(Card::open(forged.bytes()).is_err());
    }

    #[test]
    fn names_that_hide_characters_are_refused() {
        for name in [
            "",
            "A\u{202e}B",
            "A\nB",
            "A\u{200b}B",
            "A\u{61c}B",
            "A\u{2028}B",
            "A\u{ad}B",
            "A\u{3164}",
            "A\u{e0041}",
        ] {
            let mut value = card("x", 10).into_value();
            value.name = name.to_owned();
            assert!(Card::open(sign(value, key(10)).bytes()).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_key_has_one_use() {
        let mut value = card("x", 10).into_value();
        value.roles[1].key = value.roles[0].key.clone();
        assert!(Card::open(sign(value, key(10)).bytes()).is_err());
        let mut value = card("x", 10).into_value();
        value.roles[3].key = value.root.clone();
        assert!(Card::open(sign(value, key(10)).bytes()).is_err());
        let mut value = card("x", 10).into_value();
        value.mirror_key = value.log_key;
        assert!(Card::open(sign(value, key(10)).bytes()).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Card::open(&bytes).is_err());
        }
    }
}
