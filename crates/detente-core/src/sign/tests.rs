use proptest::prelude::*;

use super::{DecodeError, Reader, Signable, Unverified, Writer, sign};
use crate::key::{PublicKey, Seed, SigningKey, Suite};

#[derive(Clone, Debug, PartialEq)]
struct Note(u64);

impl Signable for Note {
    const LABEL: &'static str = "detente/test-note/1";
    const MAX_PAYLOAD: usize = 16;

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.uint(self.0);
        w.into_bytes()
    }

    fn decode(payload: &[u8]) -> Result<Note, DecodeError> {
        let mut r = Reader::new(payload);
        let note = Note(r.uint()?);
        r.finish()?;
        Ok(note)
    }
}

#[derive(Clone, Debug)]
struct Other(Note);

impl Signable for Other {
    const LABEL: &'static str = "detente/test-other/1";
    const MAX_PAYLOAD: usize = 16;

    fn encode(&self) -> Vec<u8> {
        self.0.encode()
    }

    fn decode(payload: &[u8]) -> Result<Other, DecodeError> {
        Note::decode(payload).map(Other)
    }
}

fn key(fill: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::new([fill; 64])).unwrap()
}

#[test]
fn a_signed_note_verifies_and_names_its_key() {
    let signed = sign(Note(7), &key(1));
    let read = Unverified::<Note>::read(signed.bytes()).unwrap();
    let verified = read.verify(key(1).public()).unwrap();
    assert_eq!(verified.value(), &Note(7));
    assert_eq!(verified.key(), key(1).public().id());
    assert_eq!(verified.bytes(), signed.bytes());
}

#[test]
fn another_key_or_label_is_refused() {
    let signed = sign(Note(7), &key(1));
    let read = || Unverified::<Note>::read(signed.bytes()).unwrap();
    assert!(read().verify(key(2).public()).is_err());
    let other = Unverified::<Other>::read(signed.bytes()).unwrap();
    assert!(other.verify(key(1).public()).is_err(), "the label is signed");
}

fn cnsa2(fill: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::cnsa2([fill; 32])).unwrap()
}

#[test]
fn suite_cnsa2_signs_with_ml_dsa_87_alone() {
    let signed = sign(Note(7), &cnsa2(1));
    let read = |bytes: &[u8]| Unverified::<Note>::read(bytes);
    let verified = read(signed.bytes()).unwrap().verify(cnsa2(1).public()).unwrap();
    assert_eq!((verified.value(), verified.key()), (&Note(7), cnsa2(1).public().id()));
    assert_eq!(cnsa2(1).public().suite(), Suite::Cnsa2);
    assert!(read(signed.bytes()).unwrap().verify(cnsa2(2).public()).is_err());
    assert!(read(signed.bytes()).unwrap().verify(key(1).public()).is_err());
    let mut written = Writer::new();
    cnsa2(1).public().write(&mut written);
    let written = written.into_bytes();
    assert_eq!(&PublicKey::read(&mut Reader::new(&written)).unwrap(), cnsa2(1).public());
    for at in (0..signed.bytes().len()).step_by(61) {
        let mut bytes = signed.bytes().to_vec();
        bytes[at] ^= 4;
        let verified = read(&bytes).ok().and_then(|read| read.verify(cnsa2(1).public()).ok());
        assert!(verified.is_none(), "byte {at}");
    }
}

#[test]
fn a_foreign_cose_library_reads_the_envelope() {
    use coset::{CoseSign, TaggedCborSerializable as _};
    let signed = sign(Note(7), &key(1));
    let cose = CoseSign::from_tagged_slice(signed.bytes()).unwrap();
    assert_eq!(cose.payload.as_deref(), Some(&[7][..]));
    assert_eq!(cose.signatures.len(), 2);
    let tbs = cose.tbs_data(Note::LABEL.as_bytes(), &cose.signatures[0]);
    let signature: [u8; 64] = cose.signatures[0].signature.clone().try_into().unwrap();
    let public = ed25519_dalek::VerifyingKey::from_bytes(key(1).public().ed25519_bytes().unwrap());
    let public = public.unwrap();
    public
        .verify_strict(&tbs, &ed25519_dalek::Signature::from_bytes(&signature))
        .expect("coset's own Sig_structure verifies");
}

#[test]
fn small_order_and_non_canonical_keys_are_refused() {
    let good = key(1);
    let ml = good.public().ml_dsa_bytes();
    let mut identity = [0; 32];
    identity[0] = 1;
    assert!(PublicKey::from_parts(&identity, ml).is_err(), "identity");
    // y = p, a second spelling of y = 0.
    let mut alias = [0xff; 32];
    alias[0] = 0xed;
    alias[31] = 0x7f;
    assert!(PublicKey::from_parts(&alias, ml).is_err(), "not canonical");
    let ed25519 = good.public().ed25519_bytes().unwrap();
    assert!(PublicKey::from_parts(ed25519, &ml[1..]).is_err(), "short");
    assert!(PublicKey::cnsa2(ml).is_err(), "of the other parameter set");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn one_altered_byte_is_refused(at in 0usize..3600, bit in 0u8..8) {
        let signed = sign(Note(7), &key(1));
        let mut bytes = signed.bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let outcome = Unverified::<Note>::read(&bytes)
            .map_err(|e| e.to_string())
            .and_then(|read| read.verify(key(1).public()).map_err(|e| e.to_string()));
        prop_assert!(outcome.is_err());
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Unverified::<Note>::read(&bytes);
    }
}
