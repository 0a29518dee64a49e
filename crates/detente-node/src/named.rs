//! What a person names by the start of its digest.

use std::fmt::Display;

use detente_core::Digest;

/// Fewest hex digits that name something by the start of its digest. Count.
pub(crate) const MIN_PREFIX: usize = 8;

/// Whether a name is the start of a digest, and long enough to be meant as one.
pub(crate) fn begins(digest: &impl Display, name: &str) -> bool {
    name.len() >= MIN_PREFIX && digest.to_string().starts_with(name)
}

/// The only one whose digest begins so; none also if several do.
pub(crate) fn only<T>(
    all: impl IntoIterator<Item = T>,
    digest: impl Fn(&T) -> Digest,
    name: &str,
) -> Option<T> {
    let mut hits = all.into_iter().filter(|one| begins(&digest(one), name));
    let first = hits.next()?;
    let meant = digest(&first);
    hits.all(|other| digest(&other) == meant).then_some(first)
}

#[cfg(test)]
mod tests {
    use detente_core::Digest;

    use super::{MIN_PREFIX, only};

    fn digest(last: u8) -> Digest {
        let mut bytes = [7; 32];
        bytes[31] = last;
        Digest::new(bytes)
    }

    #[test]
    fn one_is_named_by_enough_digits_that_no_other_has() {
        let name = digest(1).to_string();
        let named = |all: &[Digest], name: &str| only(all.iter().copied(), |one| *one, name);
        assert_eq!(named(&[digest(1)], &name[..MIN_PREFIX]), Some(digest(1)));
        assert_eq!(named(&[digest(1)], &name[..MIN_PREFIX - 1]), None);
        assert_eq!(named(&[digest(1), digest(2)], &name[..MIN_PREFIX]), None);
        assert_eq!(named(&[digest(1), digest(2)], &name), Some(digest(1)));
        assert_eq!(named(&[digest(1), digest(1)], &name), Some(digest(1)));
        assert_eq!(named(&[], &name), None);
    }
}
