//! Secret keys at rest: one file a key, encrypted under the passphrase.
//!
//! Format: deterministic CBOR `[1, salt, memory KiB, passes, lanes, nonce, ciphertext]`. The key
//! that encrypts comes from the passphrase by Argon2id (RFC 9106); the cipher is
//! XChaCha20-Poly1305; the name of the key is authenticated with it, so that files can't be
//! swapped.

use std::collections::BTreeMap;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use detente_core::encode::{Reader, Writer};
use zeroize::Zeroizing;

use crate::fail::Failure;
use crate::home;

/// RFC 9106 §4, second recommended option: 64 MiB, 3 passes; one lane.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// Bounds on what a key file may ask for, so that a planted file can't exhaust the machine.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 4;
/// Longest key file, in bytes.
const MAX_FILE: u64 = 4_096;

/// How a passphrase becomes a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kdf {
    salt: [u8; 16],
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// The passphrase of a home, and the keys that came from it.
pub struct Keystore {
    passphrase: Zeroizing<String>,
    fresh: Kdf,
    derived: BTreeMap<Kdf, Zeroizing<[u8; 32]>>,
}

impl Keystore {
    /// A keystore under this passphrase.
    pub fn new(passphrase: Zeroizing<String>) -> Result<Keystore, Failure> {
        let mut salt = [0; 16];
        random(&mut salt)?;
        let fresh = Kdf { salt, memory: MEMORY_KIB, passes: PASSES, lanes: LANES };
        Ok(Keystore { passphrase, fresh, derived: BTreeMap::new() })
    }

    /// Derived once for each salt: the keys of one home share theirs.
    fn derive(&mut self, kdf: Kdf) -> Result<XChaCha20Poly1305, Failure> {
        if !self.derived.contains_key(&kdf) {
            let bad = |_| unreadable("its key derivation is out of bounds");
            let params = Params::new(kdf.memory, kdf.passes, kdf.lanes, Some(32)).map_err(bad)?;
            let mut key = Zeroizing::new([0; 32]);
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(self.passphrase.as_bytes(), &kdf.salt, key.as_mut())
                .map_err(bad)?;
            self.derived.insert(kdf, key);
        }
        let key = self.derived.get(&kdf).ok_or_else(|| unreadable("no key was derived"))?;
        Ok(XChaCha20Poly1305::new(key.as_ref().into()))
    }

    /// Encrypts a secret into a new file that only its owner can read.
    pub fn write(&mut self, path: &Path, name: &str, secret: &[u8]) -> Result<(), Failure> {
        let mut nonce = [0; 24];
        random(&mut nonce)?;
        let name = aad(name);
        let payload = Payload { msg: secret, aad: &name };
        let kdf = self.fresh;
        let sealed = self
            .derive(kdf)?
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| unreadable("encryption failed"))?;
        let mut w = Writer::new();
        w.array(7).uint(1).bytes(&kdf.salt).uint(kdf.memory.into()).uint(kdf.passes.into());
        w.uint(kdf.lanes.into()).bytes(&nonce).bytes(&sealed);
        home::write_secret(path, &w.into_bytes())
    }

    /// Decrypts a secret.
    pub fn read(&mut self, path: &Path, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let bytes = home::read_bounded(path, MAX_FILE)?;
        let (kdf, nonce, sealed) =
            parse(&bytes).map_err(|error| unreadable(&format!("{}: {error}", path.display())))?;
        if kdf.memory > MAX_MEMORY_KIB || kdf.passes > MAX_PASSES || kdf.lanes > MAX_LANES {
            return Err(unreadable("its key derivation is out of bounds"));
        }
        if (kdf.memory, kdf.passes, kdf.lanes) == (MEMORY_KIB, PASSES, LANES) {
            // A key that is written beside it opens with the same derivation.
            self.fresh = kdf;
        }
        let name = aad(name);
        let payload = Payload { msg: sealed.as_slice(), aad: &name };
        let secret =
            self.derive(kdf)?.decrypt(XNonce::from_slice(&nonce), payload).map_err(|_| {
                Failure::environment(
                    "wrong_passphrase",
                    format!("the passphrase does not open {}", path.display()),
                    "give the passphrase of this home, or restore the key file if it was altered",
                )
            })?;
        Ok(Zeroizing::new(secret))
    }
}

fn aad(name: &str) -> Vec<u8> {
    format!("detente/key-file/1/{name}").into_bytes()
}

fn parse(bytes: &[u8]) -> Result<(Kdf, [u8; 24], Vec<u8>), detente_core::encode::DecodeError> {
    let mut r = Reader::new(bytes);
    r.tuple(7)?;
    let version = r.uint()?;
    if version != 1 {
        let fault = detente_core::encode::DecodeFault::BadValue { what: "version", got: version };
        return Err(r.fail(fault));
    }
    let salt = r.fixed()?;
    let memory = r.uint32("memory")?;
    let passes = r.uint32("passes")?;
    let lanes = r.uint32("lanes")?;
    let nonce = r.fixed()?;
    let sealed = r.bytes(1_024)?.to_vec();
    r.finish()?;
    Ok((Kdf { salt, memory, passes, lanes }, nonce, sealed))
}

fn unreadable(why: &str) -> Failure {
    Failure::environment("key_file", format!("a key file is unusable: {why}"), "restore a backup")
}

/// Fills with the system's entropy.
pub fn random(bytes: &mut [u8]) -> Result<(), Failure> {
    getrandom::fill(bytes)
        .map_err(|error| Failure::environment("no_entropy", error, "the system has no entropy"))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::Keystore;

    fn store(passphrase: &str) -> Keystore {
        Keystore::new(Zeroizing::new(passphrase.to_owned())).unwrap()
    }

    #[test]
    fn a_key_opens_with_its_passphrase_and_name_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        store("correct horse").write(&path, "root", b"secret").unwrap();
        assert_eq!(store("correct horse").read(&path, "root").unwrap().as_slice(), b"secret");
        assert_eq!(store("wrong").read(&path, "root").unwrap_err().code, "wrong_passphrase");
        assert!(store("correct horse").read(&path, "minister").is_err(), "renamed");
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"secret"));
    }

    #[test]
    fn an_altered_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        let mut keys = store("x");
        keys.write(&path, "root", b"secret").unwrap();
        let good = std::fs::read(&path).unwrap();
        // Every byte but those of the salt, each of which would cost a key derivation.
        for at in (0..good.len()).filter(|at| !(3..19).contains(at)) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            // A changed memory or pass count derives anew: bounded, and refused all the same.
            if (19..30).contains(&at) {
                continue;
            }
            assert!(keys.read(&path, "root").is_err(), "byte {at}");
        }
    }
}
