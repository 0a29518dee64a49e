//! A house's own secrets in the words of a server: they are not printed or kept with these.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_taxii::client::{Answer, Proof};
use zeroize::Zeroizing;

/// What stands in the place of a secret.
const HIDDEN: &str = "[secret]";
/// A secret that is shorter may stand in a good answer by chance. Bytes.
const CERTAIN: usize = 8;

/// Texts by which a house proves itself, as a server may say them back.
pub(crate) struct Secrets(Vec<Zeroizing<String>>);

impl Secrets {
    /// Those of this proof.
    pub(crate) fn of(proof: &Proof) -> Secrets {
        let mut all = Vec::new();
        match proof {
            Proof::Basic { user, password } => {
                let pair = Zeroizing::new(format!("{user}:{}", **password));
                all.push(Zeroizing::new(STANDARD.encode(pair.as_bytes())));
                all.push(password.clone());
            }
            Proof::Bearer(token) => all.push(token.clone()),
            Proof::Nobody | Proof::Certificate { .. } => {}
        }
        // As some write it in JSON.
        let escaped = all.iter().filter(|secret| secret.contains('/'));
        let escaped: Vec<_> =
            escaped.map(|secret| Zeroizing::new(secret.replace('/', "\\/"))).collect();
        all.extend(escaped);
        all.retain(|secret| !secret.is_empty());
        Secrets(all)
    }

    /// Takes them out of headers, and out of the body unless it may hold objects: those are kept
    /// byte for byte.
    pub(crate) fn hide(&self, answer: &mut Answer, posted: bool) {
        for secret in &self.0 {
            for (_, value) in &mut answer.headers {
                if value.contains(secret.as_str()) {
                    *value = value.replace(secret.as_str(), HIDDEN);
                }
            }
            if answer.status != 200 || posted {
                replace(&mut answer.body, secret.as_bytes());
            }
        }
    }

    /// Takes them out of a body that holds no objects.
    pub(crate) fn hide_all(&self, answer: &mut Answer) {
        for secret in self.0.iter().filter(|secret| secret.len() >= CERTAIN) {
            replace(&mut answer.body, secret.as_bytes());
        }
    }

    /// A text without them.
    pub(crate) fn without(&self, text: &str) -> String {
        let hide = |text: String, secret: &Zeroizing<String>| text.replace(secret.as_str(), HIDDEN);
        self.0.iter().filter(|secret| secret.len() >= CERTAIN).fold(text.to_owned(), hide)
    }
}

fn replace(body: &mut Vec<u8>, secret: &[u8]) {
    let finder = |bytes: &[u8]| bytes.windows(secret.len()).position(|part| part == secret);
    let Some(mut found) = finder(body) else { return };
    let (mut rest, mut made) = (body.as_slice(), Vec::with_capacity(body.len()));
    loop {
        made.extend_from_slice(rest.get(..found).unwrap_or_default());
        made.extend_from_slice(HIDDEN.as_bytes());
        rest = rest.get(found + secret.len()..).unwrap_or_default();
        let Some(next) = finder(rest) else { break };
        found = next;
    }
    made.extend_from_slice(rest);
    *body = made;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_of_what_is_no_page() {
        let password = Zeroizing::new("a/b+c d".to_owned());
        let proof = Proof::Basic { user: "u".to_owned(), password };
        let encoded = STANDARD.encode("u:a/b+c d");
        let said = format!(r#"{{"a":"Basic {encoded}","b":"a\/b+c d, a/b+c d"}}"#);
        let header = ("location".to_owned(), format!("/{encoded}"));
        let answer = |status| Answer {
            status,
            headers: vec![header.clone()],
            body: said.clone().into_bytes(),
        };
        let secrets = Secrets::of(&proof);
        let hidden = r#"{"a":"Basic [secret]","b":"[secret], [secret]"}"#;
        for (status, posted, body) in
            [(401, false, hidden), (202, true, hidden), (200, false, said.as_str())]
        {
            let mut answer = answer(status);
            secrets.hide(&mut answer, posted);
            assert_eq!(String::from_utf8_lossy(&answer.body), body, "{status}");
            assert_eq!(answer.header("location"), Some("/[secret]"));
        }
        let mut shown = answer(200);
        secrets.hide_all(&mut shown);
        assert!(!String::from_utf8_lossy(&shown.body).contains(&encoded));
        assert_eq!(secrets.without(&format!("x{encoded}y")), "x[secret]y");
        assert_eq!(Secrets::of(&Proof::Nobody).without("x"), "x");
    }
}
