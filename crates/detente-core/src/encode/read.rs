//! Reads deterministic CBOR and nothing else.

/// What is wrong with the bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// The bytes end inside an item.
    #[error("bytes end inside an item")]
    Truncated,
    /// Bytes follow the last item.
    #[error("{0} bytes follow the last item")]
    Trailing(usize),
    /// Another type of item was expected.
    #[error("expected {expected}")]
    Expected {
        /// What the format asks for here.
        expected: &'static str,
    },
    /// A head is longer than needed, indefinite or reserved.
    #[error("not deterministic CBOR: the head is not the shortest form")]
    NotShortest,
    /// A string, list or map is longer than this format allows.
    #[error("length {got} is over the maximum of {max}")]
    TooLong {
        /// The length claimed.
        got: u64,
        /// The named maximum.
        max: usize,
    },
    /// A fixed-length string has another length.
    #[error("length is {got}, must be {want}")]
    WrongLength {
        /// The length claimed.
        got: u64,
        /// The length that the format asks for.
        want: usize,
    },
    /// A text string is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// A required field is missing, or keys are unsorted, duplicate or unknown.
    #[error("field {0} is missing or out of order")]
    MissingField(u64),
    /// A map has a key that this format does not know, or keys out of order.
    #[error("unknown, duplicate or unsorted field")]
    UnknownField,
    /// A value is outside its closed list or range.
    #[error("value {got} is not allowed for {what}")]
    BadValue {
        /// The field's name.
        what: &'static str,
        /// The value found.
        got: u64,
    },
    /// The value has the right form but breaks a rule of its type.
    #[error("{0}")]
    Rule(&'static str),
}

/// A fault and where it was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {fault}")]
pub struct DecodeError {
    /// Offset of the item in the bytes given, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub fault: DecodeFault,
}

impl DecodeError {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        "malformed_encoding"
    }
}

/// A cursor over deterministic CBOR.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// The offset of the next item.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Whether all bytes were read.
    pub fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// An error of this kind at the current place.
    pub fn fail(&self, fault: DecodeFault) -> DecodeError {
        DecodeError { offset: self.at, fault }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(len).ok_or_else(|| self.fail(DecodeFault::Truncated))?;
        let part = self.bytes.get(self.at..end).ok_or_else(|| self.fail(DecodeFault::Truncated))?;
        self.at = end;
        Ok(part)
    }

    /// Reads one head: major type and argument, shortest form only.
    fn head(&mut self, major: u8, expected: &'static str) -> Result<u64, DecodeError> {
        let start = self.at;
        let first = *self
            .take(1)?
            .first()
            .ok_or(DecodeError { offset: start, fault: DecodeFault::Truncated })?;
        if first >> 5 != major {
            self.at = start;
            return Err(self.fail(DecodeFault::Expected { expected }));
        }
        let (len, least) = match first & 0x1f {
            small @ 0..=23 => return Ok(u64::from(small)),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => {
                return Err(DecodeError { offset: start, fault: DecodeFault::NotShortest });
            }
        };
        let argument = self.take(len)?.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
        if argument < least {
            return Err(DecodeError { offset: start, fault: DecodeFault::NotShortest });
        }
        Ok(argument)
    }

    /// The length of a string or container, checked against its maximum before anything is
    /// allocated.
    fn len(&self, got: u64, max: usize) -> Result<usize, DecodeError> {
        match usize::try_from(got) {
            Ok(len) if len <= max => Ok(len),
            _ => Err(self.fail(DecodeFault::TooLong { got, max })),
        }
    }

    /// An unsigned integer.
    pub fn uint(&mut self) -> Result<u64, DecodeError> {
        self.head(0, "an unsigned integer")
    }

    /// An unsigned integer of at most 32 bits.
    pub fn uint32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        let got = self.uint()?;
        u32::try_from(got).map_err(|_| self.fail(DecodeFault::BadValue { what, got }))
    }

    /// An unsigned integer of at most 8 bits.
    pub fn uint8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        let got = self.uint()?;
        u8::try_from(got).map_err(|_| self.fail(DecodeFault::BadValue { what, got }))
    }

    /// A signed integer.
    pub fn int(&mut self) -> Result<i64, DecodeError> {
        let negative = self.bytes.get(self.at).is_some_and(|first| first >> 5 == 1);
        let argument = self.head(u8::from(negative), "an integer")?;
        match i64::try_from(argument) {
            Ok(value) => Ok(if negative { !value } else { value }),
            Err(_) => Err(self.fail(DecodeFault::BadValue { what: "integer", got: argument })),
        }
    }

    /// A byte string of at most `max` bytes.
    pub fn bytes(&mut self, max: usize) -> Result<&'a [u8], DecodeError> {
        let got = self.head(2, "a byte string")?;
        let len = self.len(got, max)?;
        self.take(len)
    }

    /// A byte string of exactly `N` bytes.
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let got = self.head(2, "a byte string")?;
        if got != N as u64 {
            return Err(self.fail(DecodeFault::WrongLength { got, want: N }));
        }
        let wrong = self.fail(DecodeFault::WrongLength { got, want: N });
        self.take(N)?.try_into().map_err(|_| wrong)
    }

    /// A text string of at most `max` bytes.
    pub fn text(&mut self, max: usize) -> Result<&'a str, DecodeError> {
        let got = self.head(3, "a text string")?;
        let len = self.len(got, max)?;
        let start = self.at;
        std::str::from_utf8(self.take(len)?)
            .map_err(|_| DecodeError { offset: start, fault: DecodeFault::NotUtf8 })
    }

    /// The head of an array of at most `max` items; the caller reads the items.
    pub fn array(&mut self, max: usize) -> Result<usize, DecodeError> {
        let got = self.head(4, "an array")?;
        self.len(got, max)
    }

    /// The head of an array of exactly `want` items.
    pub fn tuple(&mut self, want: usize) -> Result<(), DecodeError> {
        let got = self.head(4, "an array")?;
        if got == want as u64 {
            return Ok(());
        }
        Err(self.fail(DecodeFault::WrongLength { got, want }))
    }

    /// A map with integer keys; see [`Fields`].
    pub fn map(&mut self) -> Result<Fields, DecodeError> {
        let left = self.head(5, "a map")?;
        Ok(Fields { left })
    }

    /// The given tag.
    pub fn tag(&mut self, tag: u64) -> Result<(), DecodeError> {
        let got = self.head(6, "a tag")?;
        if got == tag {
            return Ok(());
        }
        Err(self.fail(DecodeFault::BadValue { what: "tag", got }))
    }

    /// `true` or `false`.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        let start = self.at;
        match self.take(1)? {
            [0xf4] => Ok(false),
            [0xf5] => Ok(true),
            _ => {
                self.at = start;
                Err(self.fail(DecodeFault::Expected { expected: "a boolean" }))
            }
        }
    }

    /// Checks that nothing follows.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.bytes.len().saturating_sub(self.at) {
            0 => Ok(()),
            rest => Err(self.fail(DecodeFault::Trailing(rest))),
        }
    }
}

/// The fields of one map, read in ascending order of their keys. Asking in ascending order makes
/// unsorted, duplicate and unknown keys all end in an error.
#[must_use = "call `end` after the last field"]
pub struct Fields {
    left: u64,
}

impl Fields {
    /// Moves to the value of `key` if it is the next field.
    pub fn optional(&mut self, r: &mut Reader<'_>, key: u64) -> Result<bool, DecodeError> {
        if self.left == 0 {
            return Ok(false);
        }
        let start = r.at;
        if r.uint()? != key {
            r.at = start;
            return Ok(false);
        }
        self.left -= 1;
        Ok(true)
    }

    /// Moves to the value of `key`, which must be the next field.
    pub fn required(&mut self, r: &mut Reader<'_>, key: u64) -> Result<(), DecodeError> {
        if self.optional(r, key)? {
            return Ok(());
        }
        Err(r.fail(DecodeFault::MissingField(key)))
    }

    /// Checks that no field is left over.
    pub fn end(self, r: &Reader<'_>) -> Result<(), DecodeError> {
        if self.left == 0 {
            return Ok(());
        }
        Err(r.fail(DecodeFault::UnknownField))
    }
}
