//! Many short texts in one allocation.

/// Texts by position, each at most 65,535 bytes long, 4 bytes of overhead each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    all: String,
    /// Where each text ends in `all`.
    ends: Vec<u32>,
}

impl Texts {
    /// Appends a text. False, and nothing done, if the sum would not be counted in 32 bits.
    pub(crate) fn push(&mut self, text: &str) -> bool {
        let Some(end) =
            self.all.len().checked_add(text.len()).and_then(|end| u32::try_from(end).ok())
        else {
            return false;
        };
        self.all.push_str(text);
        self.ends.push(end);
        true
    }

    /// How many texts there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all texts together.
    pub(crate) fn bytes(&self) -> usize {
        self.all.len()
    }

    /// The texts in the order of their pushing.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0_usize;
        self.ends.iter().map(move |end| {
            let end = *end as usize;
            let text = self.all.get(start..end).unwrap_or("");
            start = end;
            text
        })
    }

    /// Gives back what was reserved and not used.
    pub(crate) fn shrink(&mut self) {
        self.all.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_in_order() {
        let mut texts = Texts::default();
        let given = ["a", "", "bücher", "z"];
        assert!(given.into_iter().all(|text| texts.push(text)));
        assert_eq!(texts.iter().collect::<Vec<_>>(), given);
        assert_eq!((texts.len(), texts.bytes()), (4, 9));
    }
}
