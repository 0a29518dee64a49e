//! Walking a large JSON document without holding it: keys and elements are visited one by one, a
//! value is either passed over or captured whole up to a bound.
//!
//! This scanner only finds where values begin and end; whether a captured value is JSON is
//! for `serde_json` to say, value by value, so that one bad object does not cost the others.

use std::io::{self, BufRead};

use super::{Place, ReadFault, Reason};

/// The deepest nesting of a value that is captured; `serde_json` has the same bound.
pub const MAX_DEPTH: usize = 127;
/// The longest key of an object that is walked, in bytes.
const MAX_KEY: usize = 256;

/// Why a walk ended early.
#[derive(Debug)]
pub(super) enum Fault {
    /// The document breaks off.
    Cut,
    Io(io::Error),
    /// Not what JSON has at this place.
    Syntax(&'static str),
    /// The sink or another reader failed.
    Read(ReadFault),
}

impl From<ReadFault> for Fault {
    fn from(fault: ReadFault) -> Fault {
        Fault::Read(fault)
    }
}

impl Fault {
    /// The reason to report, or the fault that ends the import.
    pub(super) fn into_reason(self) -> Result<Reason, ReadFault> {
        match self {
            Fault::Cut => Ok(Reason::JsonCut),
            Fault::Io(fault) => Err(ReadFault::Io(fault)),
            Fault::Syntax(what) => Ok(Reason::JsonSyntax(what.to_owned())),
            Fault::Read(fault) => Err(fault),
        }
    }
}

/// What became of a value that was to be captured.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Captured {
    Whole,
    TooDeep,
    /// Its length in bytes; the first bytes are in the buffer.
    TooLarge(u64),
}

impl Captured {
    /// The reason to refuse a value that was not captured whole.
    pub(super) fn into_reason(self, max: usize) -> Option<Reason> {
        match self {
            Captured::Whole => None,
            Captured::TooDeep => Some(Reason::ObjectTooDeep { max: MAX_DEPTH }),
            Captured::TooLarge(got) => Some(Reason::ObjectTooLarge { got, max: max as u64 }),
        }
    }
}

/// A reader of one JSON document.
pub(super) struct Scanner<R> {
    input: R,
    pub(super) bytes: u64,
    pub(super) line: u64,
}

impl<R: BufRead> Scanner<R> {
    pub(super) fn new(input: R) -> Scanner<R> {
        Scanner { input, bytes: 0, line: 1 }
    }

    /// The place of a value that has just been read.
    pub(super) fn place(&self, path: &str) -> Place {
        Place::Json { path: path.to_owned(), line: self.line }
    }

    /// The next byte that is not white space, left in place; nothing at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            let Some(byte) = self.peek_raw()? else {
                return Ok(None);
            };
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(Some(byte));
            }
            self.advance(byte);
        }
    }

    fn peek_raw(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            match self.input.fill_buf() {
                Ok(chunk) => return Ok(chunk.first().copied()),
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(Fault::Io(fault)),
            }
        }
    }

    fn advance(&mut self, byte: u8) {
        self.input.consume(1);
        self.bytes += 1;
        self.line += u64::from(byte == b'\n');
    }

    fn expect(&mut self, wanted: u8, what: &'static str) -> Result<(), Fault> {
        match self.peek()? {
            Some(byte) if byte == wanted => {
                self.advance(byte);
                Ok(())
            }
            Some(_) => Err(Fault::Syntax(what)),
            None => Err(Fault::Cut),
        }
    }

    /// Steps into an object.
    pub(super) fn open_object(&mut self) -> Result<(), Fault> {
        self.expect(b'{', "an object was expected")
    }

    /// Steps into an array.
    pub(super) fn open_array(&mut self) -> Result<(), Fault> {
        self.expect(b'[', "an array was expected")
    }

    /// The next key of the object, up to its colon; nothing at the object's end. `first` starts
    /// true and is kept by the caller.
    pub(super) fn next_key(&mut self, first: &mut bool) -> Result<Option<String>, Fault> {
        if !self.next_member(first, b'}')? {
            return Ok(None);
        }
        if self.peek()? != Some(b'"') {
            return Err(Fault::Syntax("a key was expected"));
        }
        let mut raw = Vec::new();
        if self.value(Some(&mut raw), MAX_KEY)? != Captured::Whole {
            return Err(Fault::Syntax("a key is too long"));
        }
        let key =
            serde_json::from_slice(&raw).map_err(|_| Fault::Syntax("a key is no valid string"))?;
        self.expect(b':', "a colon was expected")?;
        Ok(Some(key))
    }

    /// Moves to the next element of the array; false at the array's end.
    pub(super) fn next_element(&mut self, first: &mut bool) -> Result<bool, Fault> {
        self.next_member(first, b']')
    }

    fn next_member(&mut self, first: &mut bool, end: u8) -> Result<bool, Fault> {
        match self.peek()? {
            None => return Err(Fault::Cut),
            Some(byte) if byte == end => {
                self.advance(byte);
                return Ok(false);
            }
            Some(b',') if !*first => self.advance(b','),
            Some(_) if *first => {}
            Some(_) => return Err(Fault::Syntax("a comma was expected")),
        }
        *first = false;
        Ok(true)
    }

    /// Passes over one value.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        self.value(None, 0).map(|_| ())
    }

    /// Reads one value to its end, keeping at most `max` bytes of it.
    pub(super) fn value(
        &mut self,
        mut keep: Option<&mut Vec<u8>>,
        max: usize,
    ) -> Result<Captured, Fault> {
        if let Some(buffer) = &mut keep {
            buffer.clear();
        }
        let mut lexer = match self.peek()? {
            Some(b',' | b':' | b'}' | b']') => return Err(Fault::Syntax("a value was expected")),
            Some(_) => Lexer::default(),
            None => return Err(Fault::Cut),
        };
        let mut length = 0_u64;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
                Err(fault) => return Err(Fault::Io(fault)),
            };
            if chunk.is_empty() {
                // A number or literal may be the last thing in the input.
                if !lexer.may_end() {
                    return Err(Fault::Cut);
                }
                break;
            }
            let (used, done) = lexer.feed(chunk);
            let part = chunk.get(..used).unwrap_or(chunk);
            if let Some(buffer) = &mut keep {
                let room = max.saturating_sub(buffer.len());
                buffer.extend_from_slice(part.get(..room).unwrap_or(part));
            }
            self.line += part.iter().filter(|b| **b == b'\n').count() as u64;
            self.bytes += used as u64;
            length += used as u64;
            self.input.consume(used);
            if done {
                break;
            }
        }
        if keep.is_some() && length > max as u64 {
            Ok(Captured::TooLarge(length))
        } else if keep.is_some() && lexer.deepest > MAX_DEPTH as u64 {
            Ok(Captured::TooDeep)
        } else {
            Ok(Captured::Whole)
        }
    }
}

/// Finds the end of one JSON value. Brackets are counted, not paired: pairing is for the parser of
/// the captured bytes, and a value that is passed over is not used.
#[derive(Default)]
struct Lexer {
    depth: u64,
    deepest: u64,
    in_string: bool,
    escaped: bool,
    begun: bool,
}

impl Lexer {
    /// Takes bytes up to the value's end; says how many, and whether the end was reached.
    fn feed(&mut self, chunk: &[u8]) -> (usize, bool) {
        for (at, byte) in chunk.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return (at + 1, true);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' if self.depth == 0 && self.begun => return (at, true),
                b'"' => self.in_string = true,
                b'{' | b'[' if self.depth == 0 && self.begun => return (at, true),
                b'{' | b'[' => {
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                }
                b'}' | b']' if self.depth == 0 => return (at, true),
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (at + 1, true);
                    }
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => return (at, true),
                _ => {}
            }
            self.begun = true;
        }
        (chunk.len(), false)
    }

    /// Whether the input may end here: after a number or a literal at the top.
    fn may_end(&self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
    }
}
