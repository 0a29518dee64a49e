//! Frames: a length, then deterministic CBOR `[stream, kind, payload]`.

use detente_core::encode::{DecodeError, DecodeFault, Reader, Writer};

use crate::limits::MAX_FRAME;

/// Bytes of the length before each frame: big endian.
pub const HEAD_LEN: usize = 4;

/// Names an exchange within a session: odd if the side that dialled began it, else even.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u32);

impl StreamId {
    /// The `count`-th exchange that one side begins.
    pub const fn new(count: u32, dialled: bool) -> StreamId {
        StreamId(count.wrapping_mul(2) | dialled as u32)
    }

    /// Whether the side that dialled began the exchange.
    pub const fn is_dialler(self) -> bool {
        self.0 & 1 == 1
    }
}

/// What a frame is in its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// Begins an exchange of one request and one response.
    Request = 0,
    /// Ends such an exchange.
    Response = 1,
    /// Begins a stream; its payload is a request.
    Open = 2,
    /// One message of a stream.
    Data = 3,
    /// The sender will send no more on this stream.
    End = 4,
}

impl FrameKind {
    const ALL: [FrameKind; 5] =
        [FrameKind::Request, FrameKind::Response, FrameKind::Open, FrameKind::Data, FrameKind::End];
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which exchange.
    pub stream: StreamId,
    /// What it is there.
    pub kind: FrameKind,
    /// The message.
    pub payload: Vec<u8>,
}

/// Why a frame is refused. Always the peer's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The frame is not in its canonical form.
    #[error("frame is malformed")]
    Malformed(#[from] DecodeError),
    /// The frame is longer than allowed.
    #[error("frame has {got} bytes, at most {MAX_FRAME} allowed")]
    TooLong {
        /// The length claimed.
        got: u32,
    },
}

impl FrameError {
    /// A stable machine code.
    pub const fn code(&self) -> &'static str {
        match self {
            FrameError::Malformed(_) => "frame_malformed",
            FrameError::TooLong { .. } => "frame_too_long",
        }
    }
}

/// The length of the frame that follows this head. Read no more than that, and allocate as the
/// bytes arrive.
///
/// # Errors
/// [`FrameError::TooLong`].
pub fn frame_len(head: [u8; HEAD_LEN]) -> Result<usize, FrameError> {
    let got = u32::from_be_bytes(head);
    usize::try_from(got).ok().filter(|len| *len <= MAX_FRAME).ok_or(FrameError::TooLong { got })
}

impl Frame {
    /// Head and frame.
    ///
    /// # Errors
    /// [`FrameError::TooLong`] if the payload does not fit.
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        let mut w = Writer::new();
        w.array(3).uint(self.stream.0.into()).uint(self.kind as u64).bytes(&self.payload);
        let body = w.into_bytes();
        let len = u32::try_from(body.len()).unwrap_or(u32::MAX);
        frame_len(len.to_be_bytes())?;
        let mut bytes = len.to_be_bytes().to_vec();
        bytes.extend(body);
        Ok(bytes)
    }

    /// Reads what follows the head.
    ///
    /// # Errors
    /// [`FrameError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Frame, FrameError> {
        let mut r = Reader::new(bytes);
        r.tuple(3)?;
        let stream = StreamId(r.uint32("stream")?);
        let code = r.uint8("frame kind")?;
        let kind =
            FrameKind::ALL.into_iter().find(|kind| *kind as u8 == code).ok_or_else(|| {
                r.fail(DecodeFault::BadValue { what: "frame kind", got: code.into() })
            })?;
        let payload = r.bytes(MAX_FRAME)?.to_vec();
        r.finish()?;
        Ok(Frame { stream, kind, payload })
    }
}
