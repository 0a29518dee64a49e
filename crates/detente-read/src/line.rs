//! Lines of bounded length: a longer one is passed over without being held.

use std::io::{self, BufRead};

/// The longest line, in bytes without the line feed.
pub const MAX_LINE: usize = 64 * 1024;

/// One line, or what is known of one that is too long.
pub(super) enum Line<'a> {
    /// The bytes without the line feed.
    Whole(&'a [u8]),
    /// The first bytes, as many as a line may have, and the length in bytes.
    TooLong(&'a [u8], u64),
}

/// A reader of lines that counts lines and bytes.
pub(super) struct Lines<R> {
    input: R,
    max: usize,
    buffer: Vec<u8>,
    pub(super) number: u64,
    pub(super) bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Lines<R> {
        Lines::with_max(input, MAX_LINE)
    }

    /// Lines of at most so many bytes.
    pub(super) fn with_max(input: R, max: usize) -> Lines<R> {
        Lines { input, max, buffer: Vec::new(), number: 0, bytes: 0 }
    }

    /// The next line, or nothing at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        let mut length = 0_u64;
        let mut ended = false;
        let mut started = false;
        while !ended {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
                Err(fault) => return Err(fault),
            };
            if chunk.is_empty() {
                break;
            }
            started = true;
            let (part, used) = match chunk.iter().position(|b| *b == b'\n') {
                Some(end) => {
                    ended = true;
                    (chunk.get(..end).unwrap_or(&[]), end + 1)
                }
                None => (chunk, chunk.len()),
            };
            let room = self.max - self.buffer.len();
            self.buffer.extend_from_slice(part.get(..room).unwrap_or(part));
            length += part.len() as u64;
            self.bytes += used as u64;
            self.input.consume(used);
        }
        if !started {
            return Ok(None);
        }
        self.number += 1;
        if length > self.max as u64 {
            Ok(Some(Line::TooLong(&self.buffer, length)))
        } else {
            Ok(Some(Line::Whole(&self.buffer)))
        }
    }
}
