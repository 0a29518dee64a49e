//! Text in UTF-16, given on as UTF-8. Windows programs write lists so, with a byte order mark.
//!
//! A unit that stands for nothing becomes U+FFFD, which no observable contains: the line it stands
//! on is refused, and the others are read.

use std::io::{self, BufRead, Read};

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Big,
    Little,
}

/// The order that a byte order mark tells, if the file begins with one of UTF-16.
pub(super) fn order_of(head: &[u8]) -> Option<Order> {
    match head {
        [0xff, 0xfe, ..] => Some(Order::Little),
        [0xfe, 0xff, ..] => Some(Order::Big),
        _ => None,
    }
}

/// Reads UTF-16 behind its byte order mark as UTF-8.
pub(super) struct Utf16<R> {
    input: R,
    order: Order,
    /// The unit that was read too far: what follows a lone first half of a pair.
    ahead: Option<u16>,
    /// A character of which the reader has not taken all bytes.
    left: ([u8; 4], usize, usize),
}

impl<R: BufRead> Utf16<R> {
    pub(super) fn new(input: R, order: Order) -> Utf16<R> {
        Utf16 { input, order, ahead: None, left: ([0; 4], 0, 0) }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(chunk) => {
                    let byte = chunk.first().copied();
                    self.input.consume(usize::from(byte.is_some()));
                    return Ok(byte);
                }
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
    }

    fn unit(&mut self) -> io::Result<Option<u16>> {
        if let Some(unit) = self.ahead.take() {
            return Ok(Some(unit));
        }
        let Some(first) = self.byte()? else {
            return Ok(None);
        };
        // Half a unit at the end stands for nothing, as a lone half of a pair does.
        let Some(second) = self.byte()? else {
            return Ok(Some(0xdfff));
        };
        Ok(Some(match self.order {
            Order::Big => u16::from_be_bytes([first, second]),
            Order::Little => u16::from_le_bytes([first, second]),
        }))
    }

    fn character(&mut self) -> io::Result<Option<char>> {
        let Some(unit) = self.unit()? else {
            return Ok(None);
        };
        let mut pair = [unit, 0];
        let mut length = 1;
        if (0xd800..0xdc00).contains(&unit)
            && let Some(next) = self.unit()?
        {
            if (0xdc00..0xe000).contains(&next) {
                pair = [unit, next];
                length = 2;
            } else {
                self.ahead = Some(next);
            }
        }
        let decoded = char::decode_utf16(pair.into_iter().take(length)).next();
        Ok(Some(decoded.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)))
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut wrote = 0;
        while wrote < buffer.len() {
            let (bytes, start, end) = self.left;
            if let Some(byte) = bytes.get(start..end).and_then(<[u8]>::first) {
                if let Some(slot) = buffer.get_mut(wrote) {
                    *slot = *byte;
                }
                self.left.1 += 1;
                wrote += 1;
                continue;
            }
            // A fault after some bytes comes again at the next call.
            match self.character() {
                Ok(Some(character)) => {
                    let mut bytes = [0; 4];
                    let length = character.encode_utf8(&mut bytes).len();
                    self.left = (bytes, 0, length);
                }
                Ok(None) => break,
                Err(_) if wrote > 0 => break,
                Err(fault) => return Err(fault),
            }
        }
        Ok(wrote)
    }
}
