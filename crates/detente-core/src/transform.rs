//! What is taken out of an object before it leaves.
//!
//! A transform done twice is a transform done once, so that who receives an object can check that
//! what its clause takes out is not in it.

use std::fmt;
use std::str::FromStr;

use crate::encode::{DecodeError, DecodeFault, Reader, Writer};
use crate::object::Object;

/// The line of a comment above which it may leave, in any case.
pub const TEAR_LINE: &str = "--- tear line ---";
/// Most transforms of one object: each once.
pub const MAX_TRANSFORMS: usize = Transform::ALL.len();

/// One thing that is taken out. Codes are signed: none is ever reused or renumbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Transform {
    /// The comment.
    StripComment = 1,
    /// All labels.
    StripLabels = 2,
    /// The confidence.
    StripConfidence = 3,
    /// From when and until when it holds.
    StripValidity = 4,
    /// Source and id in it.
    HideSource = 5,
    /// The comment below its tear line; all of it where it has none.
    TearLine = 6,
}

impl Transform {
    /// Every transform, in the order of its code.
    pub const ALL: [Transform; 6] = [
        Transform::StripComment,
        Transform::StripLabels,
        Transform::StripConfidence,
        Transform::StripValidity,
        Transform::HideSource,
        Transform::TearLine,
    ];

    /// The signed code.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The word in accords and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Transform::StripComment => "strip-comment",
            Transform::StripLabels => "strip-labels",
            Transform::StripConfidence => "strip-confidence",
            Transform::StripValidity => "strip-validity",
            Transform::HideSource => "hide-source",
            Transform::TearLine => "tear-line",
        }
    }

    fn apply(self, object: &mut Object) {
        match self {
            Transform::StripComment => object.comment = None,
            Transform::StripLabels => object.labels.clear(),
            Transform::StripConfidence => object.confidence = None,
            Transform::StripValidity => (object.valid_from, object.valid_until) = (None, None),
            Transform::HideSource => (object.source, object.origin) = (None, None),
            Transform::TearLine => object.comment = object.comment.as_deref().and_then(torn),
        }
    }

    /// An object as it leaves under these transforms.
    pub fn all(transforms: &[Transform], object: &Object) -> Object {
        let mut object = object.clone();
        transforms.iter().for_each(|transform| transform.apply(&mut object));
        object
    }

    /// Writes codes, sorted.
    pub(crate) fn write_all(transforms: &[Transform], w: &mut Writer) {
        w.array(transforms.len());
        for transform in transforms {
            w.uint(transform.code().into());
        }
    }

    /// Reads codes: sorted, each once.
    pub(crate) fn read_all(r: &mut Reader<'_>) -> Result<Vec<Transform>, DecodeError> {
        let count = r.array(MAX_TRANSFORMS)?;
        let mut all: Vec<Transform> = Vec::new();
        for _ in 0..count {
            let code = r.uint8("transform")?;
            let fault = DecodeFault::BadValue { what: "transform", got: code.into() };
            let found = Transform::ALL.into_iter().find(|known| known.code() == code);
            let found = found.ok_or_else(|| r.fail(fault))?;
            if all.last().is_some_and(|last| *last >= found) {
                return Err(r.fail(DecodeFault::Rule("transforms are not sorted or repeat")));
            }
            all.push(found);
        }
        Ok(all)
    }
}

/// A comment up to its tear line, which stays so that one sees it.
fn torn(comment: &str) -> Option<String> {
    let mut end = 0;
    for line in comment.split_inclusive('\n') {
        end += line.len();
        if line.trim().eq_ignore_ascii_case(TEAR_LINE) {
            return comment.get(..end).map(|kept| kept.trim_end().to_owned());
        }
    }
    None
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text names no transform")]
pub struct UnknownTransform;

impl FromStr for Transform {
    type Err = UnknownTransform;

    fn from_str(text: &str) -> Result<Transform, UnknownTransform> {
        Transform::ALL.into_iter().find(|known| known.name() == text).ok_or(UnknownTransform)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Object, Transform, torn};
    use crate::object::tests::object;

    proptest! {
        #[test]
        fn twice_is_once_and_the_object_stays_sound(
            object in object(),
            transforms in proptest::sample::subsequence(Transform::ALL.to_vec(), 0..6),
            below in "[a-z\n]{0,20}",
        ) {
            let mut object = object;
            object.comment =
                object.comment.map(|above| format!("{above}\n--- Tear line ---\n{below}"));
            let once = Transform::all(&transforms, &object);
            prop_assert_eq!(&Transform::all(&transforms, &once), &once);
            prop_assert_eq!(&Object::decode(&once.encode()).unwrap(), &once);
            prop_assert!(once.encode().len() <= object.encode().len());
            prop_assert_eq!((once.tlp, &once.handling), (object.tlp, &object.handling));
        }
    }

    #[test]
    fn what_is_below_the_tear_line_stays_here() {
        let kept = torn("seen in May\n --- TEAR LINE --- \nby our agent").unwrap();
        assert_eq!(kept, "seen in May\n --- TEAR LINE ---");
        assert_eq!(torn("by our agent"), None);
        assert_eq!(torn("not a --- tear line ---"), None);
        assert_eq!(torn(&kept).as_ref(), Some(&kept));
    }
}
