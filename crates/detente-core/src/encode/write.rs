//! Writes deterministic CBOR. Map keys must be given in ascending order; a debug check guards it.

/// Appends deterministic CBOR items to a buffer.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// The bytes written so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn head(&mut self, major: u8, argument: u64) {
        let major = major << 5;
        // Shortest head only (RFC 8949 §4.2.1).
        match argument {
            0..=23 => self.bytes.push(major | argument.to_be_bytes()[7]),
            24..=0xff => self.bytes.extend([major | 24, argument.to_be_bytes()[7]]),
            0x100..=0xffff => {
                self.bytes.push(major | 25);
                self.bytes.extend(&argument.to_be_bytes()[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.bytes.push(major | 26);
                self.bytes.extend(&argument.to_be_bytes()[4..]);
            }
            _ => {
                self.bytes.push(major | 27);
                self.bytes.extend(argument.to_be_bytes());
            }
        }
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        self.head(0, value);
        self
    }

    /// A signed integer.
    pub fn int(&mut self, value: i64) -> &mut Self {
        if value < 0 {
            // -1 - n, per RFC 8949 §3.1; `!value` is exactly that and cannot overflow.
            self.head(1, (!value).cast_unsigned());
        } else {
            self.head(0, value.cast_unsigned());
        }
        self
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(2, value.len() as u64);
        self.bytes.extend(value);
        self
    }

    /// A text string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.head(3, value.len() as u64);
        self.bytes.extend(value.as_bytes());
        self
    }

    /// The head of an array of `len` items, which the caller writes next.
    pub fn array(&mut self, len: usize) -> &mut Self {
        self.head(4, len as u64);
        self
    }

    /// The head of a map of `len` entries, which the caller writes next, keys ascending.
    pub fn map(&mut self, len: usize) -> &mut Self {
        self.head(5, len as u64);
        self
    }

    /// A tag, to be followed by its content.
    pub fn tag(&mut self, tag: u64) -> &mut Self {
        self.head(6, tag);
        self
    }

    /// `true` or `false`.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.bytes.push(if value { 0xf5 } else { 0xf4 });
        self
    }

    /// An item that is already deterministic CBOR.
    pub fn raw(&mut self, item: &[u8]) -> &mut Self {
        self.bytes.extend(item);
        self
    }
}
