//! The file in which a party card travels: text that survives mail and paste, with what two people
//! compare above it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use detente_node::report::PartyReport;

use crate::armour;
use crate::fail::Failure;

const WHAT: &str = "PARTY CARD";

/// The file of a card.
pub fn write(card: &[u8], report: &PartyReport) -> String {
    let heading = format!(
        "Party:       {}\nFingerprint: {}\nIn words:    {}\n",
        report.name, report.id, report.words
    );
    armour::write(WHAT, card, &heading)
}

/// The card in a file: armoured, as `party card --json` prints it, or bare.
pub fn read(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let no_card = || {
        Failure::refused(
            "no_card",
            "the file holds no party card",
            "give the file that `detente party card` wrote at the other side",
        )
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(bytes.to_vec());
    };
    if let Some(card) = armour::read(WHAT, text) {
        return card.ok_or_else(no_card);
    }
    let json: serde_json::Value = serde_json::from_str(text).map_err(|_| no_card())?;
    let encoded = json.get("card").and_then(|card| card.as_str()).ok_or_else(no_card)?;
    STANDARD.decode(encoded).map_err(|_| no_card())
}

/// A card as `--json` shows it.
pub fn encode(card: &[u8]) -> String {
    STANDARD.encode(card)
}

#[cfg(test)]
mod tests {
    use detente_node::report::PartyReport;
    use proptest::prelude::*;

    use super::{encode, read, write};

    proptest! {
        #[test]
        fn cards_come_back(card in proptest::collection::vec(any::<u8>(), 1..300)) {
            let report = PartyReport {
                name: "A".into(),
                id: String::new(),
                words: String::new(),
                address: None,
                roles: vec![],
                evidence: 0,
            };
            let text = write(&card, &report);
            prop_assert_eq!(&read(text.as_bytes()).unwrap(), &card);
            let mailed = text.replace('\n', "\r\n");
            prop_assert_eq!(&read(mailed.as_bytes()).unwrap(), &card);
            let json = format!("{{\"card\": \"{}\"}}", encode(&card));
            prop_assert_eq!(read(json.as_bytes()).unwrap(), card);
        }

        #[test]
        fn other_files_are_refused_without_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            let _ = read(&bytes);
        }
    }
}
