//! Where a record begins and ends, quotes considered, and which quotes cannot be meant.
//!
//! A quote that nobody closed makes one cell of all that follows. So the bytes of a record are held
//! until it is clear that its quotes are meant; if they are not, the line of the quote is given up
//! and the lines after it are read once more, as records of their own.

use std::io::BufRead;

use super::MAX_RECORD;
use crate::ReadFault;

/// Bytes that may be read once more, beside [`REREAD_SHARE`] times those read: who writes quotes to
/// no purpose gains no more time than that.
const REREAD_FREE: u64 = 16 * 1024 * 1024;
const REREAD_SHARE: u64 = 4;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Nothing.
    End,
    /// A record, in [`Frames::record`].
    Whole,
    /// A record that is too long; how it begins is in [`Frames::record`].
    TooLarge,
    /// A quote on this line cannot be meant. What follows are the lines after it; the line is in
    /// [`Frames::record`].
    Unclosed(u64),
    /// A quote on this line is not closed, and what it took is not held any more.
    Lost(u64),
}

/// How a line looks that stands inside a quoted cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// As text.
    Text,
    /// It has the cells of a record.
    Cells,
    /// It has the cells of a record, and an observable where records have it.
    Row,
    /// It says nothing: blank, or a comment.
    Nothing,
}

/// The records of a file, one after the other.
pub(super) struct Frames<R> {
    input: R,
    /// Bytes that are read once more, and how many of them have been.
    again: Vec<u8>,
    at: usize,
    /// The record with its line end, as far as it is held, and its length.
    raw: Vec<u8>,
    length: u64,
    quotes: Quotes,
    /// Bytes read, and line feeds among them.
    pub(super) bytes: u64,
    pub(super) lines: u64,
    /// Bytes that were read once more.
    reread: u64,
    /// Whether the last byte read was a carriage return, whose line feed is still to come.
    half_ended: bool,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(input: R, delimiter: u8) -> Frames<R> {
        Frames {
            input,
            again: Vec::new(),
            at: 0,
            raw: Vec::new(),
            length: 0,
            quotes: Quotes::new(delimiter),
            bytes: 0,
            lines: 0,
            reread: 0,
            half_ended: false,
        }
    }

    /// The record, or how it begins, without its line end.
    pub(super) fn record(&self) -> &[u8] {
        line_of(&self.raw)
    }

    /// Passes an empty line, if one is next: says whether it is a line of its own, or the second
    /// half of a line end.
    pub(super) fn blank_line(&mut self) -> Result<Option<bool>, ReadFault> {
        let byte = match self.chunk()?.first() {
            Some(byte @ (b'\n' | b'\r')) => *byte,
            _ => return Ok(None),
        };
        // "\r\n" alone on a line: the blank is counted at the carriage return.
        let own = !(byte == b'\n' && self.half_ended);
        self.passed(1, byte);
        Ok(Some(own))
    }

    /// The next record. `look` says how a line looks.
    pub(super) fn next_frame(&mut self, look: &dyn Fn(&[u8]) -> Look) -> Result<Frame, ReadFault> {
        self.raw.clear();
        self.length = 0;
        self.quotes.begin(self.lines + 1);
        loop {
            if self.length == MAX_RECORD as u64 && self.are_rows(self.quotes.opened, look) {
                return Ok(self.give_up());
            }
            match self.piece()? {
                Some(false) => {}
                Some(true) => return Ok(self.ended(look)),
                None if self.length == 0 => return Ok(Frame::End),
                None if self.quotes.state == State::Quoted => return Ok(self.give_up()),
                None => return Ok(self.ended(look)),
            }
        }
    }

    /// What a record is that has come to its end.
    fn ended(&mut self, look: &dyn Fn(&[u8]) -> Look) -> Frame {
        if self.length > MAX_RECORD as u64 {
            return Frame::TooLarge;
        }
        self.quotes.close();
        let last = line_of(self.raw.get(self.quotes.line_start..).unwrap_or(&[]));
        let torn = self.quotes.torn && look(last) == Look::Row;
        let meant = !torn && !self.are_rows(self.quotes.longest, look);
        if meant { Frame::Whole } else { self.give_up() }
    }

    /// Whether every line behind that of the quote has the cells of a record, and one of them an
    /// observable in its place: then it is no text that somebody put in quotes.
    fn are_rows(&self, quote: Option<Opening>, look: &dyn Fn(&[u8]) -> Look) -> bool {
        let Some(Opening { next: Some(next), end, .. }) = quote else {
            return false;
        };
        // To the end of the line on which it is closed, or, if it is open still, to that of the
        // last line that is held whole.
        let rest = end.and_then(|end| self.raw.get(end..)).unwrap_or(&[]);
        let behind = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let last = match end {
            Some(end) => end + behind,
            None => self.raw.iter().rposition(|byte| *byte == b'\n').unwrap_or(0),
        };
        let inside = self.raw.get(next..last.max(next)).unwrap_or(&[]);
        let mut rows = false;
        for line in inside.split(|byte| *byte == b'\n') {
            match look(line_of(line)) {
                Look::Text => return false,
                Look::Row => rows = true,
                Look::Cells | Look::Nothing => {}
            }
        }
        rows
    }

    /// Gives up the line of the quote by which the record went over a line's end, which is its
    /// first line, and goes back to the one after it.
    fn give_up(&mut self) -> Frame {
        let Some(Opening { line, next, .. }) = self.quotes.long.or(self.quotes.opened) else {
            return Frame::TooLarge;
        };
        let next = next.unwrap_or(self.raw.len());
        let rest = self.raw.get(next..).unwrap_or(&[]);
        let size = rest.len() as u64;
        let allowed = REREAD_FREE.saturating_add(self.bytes.saturating_mul(REREAD_SHARE));
        if self.length > MAX_RECORD as u64 || self.reread.saturating_add(size) > allowed {
            return Frame::Lost(line);
        }
        self.reread += size;
        self.bytes -= size;
        self.lines -= line_feeds(rest);
        let before = self.at.checked_sub(rest.len());
        match before.filter(|before| self.again.get(*before..self.at) == Some(rest)) {
            Some(before) => self.at = before,
            // It came from the input, which is read only when there is nothing to read once more.
            None => (self.again, self.at) = (rest.to_vec(), 0),
        }
        self.half_ended = false;
        self.raw.truncate(next);
        Frame::Unclosed(line)
    }

    /// Reads one piece of the record: at most to the end of a line, of what can be held, or of what
    /// is there at once. Says whether the record has ended; nothing if the input has.
    fn piece(&mut self) -> Result<Option<bool>, ReadFault> {
        let room = match MAX_RECORD.saturating_sub(self.raw.len()) {
            0 => usize::MAX,
            room => room,
        };
        let held = self.raw.len() < MAX_RECORD;
        let chunk = next_chunk(&self.again, self.at, &mut self.input)?;
        let line = chunk.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let end = line.map_or(chunk.len(), |at| at + 1).min(room);
        let piece = chunk.get(..end).unwrap_or(chunk);
        let Some(last) = piece.last().copied() else {
            return Ok(None);
        };
        let ended = self.quotes.feed(piece);
        if held {
            self.raw.extend_from_slice(piece);
        }
        self.length += end as u64;
        self.passed(end, last);
        Ok(Some(ended))
    }

    fn chunk(&mut self) -> Result<&[u8], ReadFault> {
        next_chunk(&self.again, self.at, &mut self.input)
    }

    /// Notes that so many bytes have been read, of which at most the last is a line feed.
    fn passed(&mut self, count: usize, last: u8) {
        if self.at < self.again.len() {
            self.at += count;
        } else {
            self.input.consume(count);
        }
        self.bytes += count as u64;
        self.lines += u64::from(last == b'\n');
        self.half_ended = last == b'\r';
    }
}

/// What is read next: what is to be read once more, else the input.
fn next_chunk<'c, R: BufRead>(
    again: &'c [u8],
    at: usize,
    input: &'c mut R,
) -> Result<&'c [u8], ReadFault> {
    match again.get(at..) {
        Some(rest) if !rest.is_empty() => return Ok(rest),
        _ => {}
    }
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(fault) if fault.kind() == std::io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(ReadFault::Io(fault)),
        }
    }
    // The buffer is full by now: this call reads nothing (the first one's borrow cannot leave a
    // loop that may go round again).
    input.fill_buf().map_err(ReadFault::Io)
}

fn line_of(raw: &[u8]) -> &[u8] {
    let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
    raw.strip_suffix(b"\r").unwrap_or(raw)
}

fn line_feeds(raw: &[u8]) -> u64 {
    raw.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Where a quote stands.
#[derive(Clone, Copy, Debug)]
struct Opening {
    /// On which line.
    line: u64,
    /// Where the next one begins, once the quote has gone over the line's end.
    next: Option<usize>,
    /// Behind which byte of the record it is closed.
    end: Option<usize>,
}

/// Where the reading of a record stands, as `csv-core` sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A cell begins.
    Start,
    /// In a cell without quotes.
    Plain,
    /// In quotes.
    Quoted,
    /// Behind a quote in quotes: the end of the cell, or the first of two.
    Quote,
}

/// The quotes of a record.
struct Quotes {
    delimiter: u8,
    state: State,
    /// Bytes of the record seen.
    offset: usize,
    /// The line and where it begins in the record.
    line: u64,
    line_start: usize,
    /// The quote that is open, the first that went over a line's end, and of all that did and are
    /// closed the one that holds most.
    opened: Option<Opening>,
    long: Option<Opening>,
    longest: Option<Opening>,
    /// Whether behind the end of a quote of several lines something stands that may not.
    torn: bool,
}

impl Quotes {
    const fn new(delimiter: u8) -> Quotes {
        Quotes {
            delimiter,
            state: State::Start,
            offset: 0,
            line: 0,
            line_start: 0,
            opened: None,
            long: None,
            longest: None,
            torn: false,
        }
    }

    /// Begins a record on this line.
    const fn begin(&mut self, line: u64) {
        *self = Quotes { line, ..Quotes::new(self.delimiter) };
    }

    /// Takes bytes of the record; says whether the last of them ends it.
    fn feed(&mut self, piece: &[u8]) -> bool {
        for byte in piece {
            self.offset += 1;
            match (self.state, *byte) {
                (State::Start, b'"') => {
                    self.state = State::Quoted;
                    self.opened = Some(Opening { line: self.line, next: None, end: None });
                }
                (State::Quoted, b'"') => self.state = State::Quote,
                (State::Quote, b'"') => self.state = State::Quoted,
                (State::Quoted, b'\n') => self.over_a_line(),
                (State::Quoted, _) => {}
                (_, b'\n' | b'\r') => return true,
                (_, byte) if byte == self.delimiter => {
                    self.close();
                    self.state = State::Start;
                }
                (State::Quote, _) => {
                    self.torn |= self.opened.is_some_and(|quote| quote.next.is_some());
                    self.close();
                    self.state = State::Plain;
                }
                (State::Start | State::Plain, _) => self.state = State::Plain,
            }
        }
        false
    }

    /// Closes the quote that is open, if one is.
    fn close(&mut self) {
        let Some(quote) = self.opened.take() else {
            return;
        };
        let size = |quote: &Opening, end: usize| end.saturating_sub(quote.next.unwrap_or(end));
        let most = self.longest.and_then(|had| had.end.map(|end| size(&had, end)));
        if quote.next.is_some() && most.is_none_or(|most| size(&quote, self.offset) > most) {
            self.longest = Some(Opening { end: Some(self.offset), ..quote });
        }
    }

    fn over_a_line(&mut self) {
        self.line += 1;
        self.line_start = self.offset;
        if let Some(quote) = &mut self.opened {
            quote.next.get_or_insert(self.offset);
        }
        self.long = self.long.or(self.opened);
    }
}
