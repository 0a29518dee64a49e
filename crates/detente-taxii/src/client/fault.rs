//! What can go wrong with another server, sorted by who can mend it.

use std::fmt;

use serde::Deserialize;

use crate::client::answer::Answer;
use crate::message::TAXII;

/// The longest words of a server that are shown. Bytes.
pub const MAX_WORDS: usize = 300;

/// Who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Nobody need: it will pass.
    Line,
    /// The operator of this node.
    Operator,
    /// The server's operator.
    Server,
}

/// Why a server can't be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// The address is none that may be asked.
    #[error("{url}: {why}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The server does not know who asks.
    #[error("the server does not accept these credentials (401{words})")]
    Unauthenticated {
        /// What it says.
        words: Words,
    },
    /// The server knows who asks, and refuses.
    #[error("the server does not let this account do that (403{words})")]
    Forbidden {
        /// What it says.
        words: Words,
    },
    /// There is nothing of that name.
    #[error("the server has nothing at {path} (404{words})")]
    NotFound {
        /// What was asked for.
        path: String,
        /// What it says.
        words: Words,
    },
    /// The server does not speak TAXII 2.1 here.
    #[error("the server does not answer with {TAXII} (406{words})")]
    NotAcceptable {
        /// What it says.
        words: Words,
    },
    /// The request is larger than the server takes, or one object alone is too much for a page.
    #[error("the server refuses the size of the request (413{words})")]
    TooLarge {
        /// What it says.
        words: Words,
    },
    /// The server pages as TAXII 2.0 did.
    #[error("the server pages by ranges ({status}{words}), as TAXII 2.0 did")]
    Ranges {
        /// The status.
        status: u16,
        /// What it says.
        words: Words,
    },
    /// The server refuses for a reason that has no name of its own here.
    #[error("the server refuses {path} ({status}{words})")]
    Refused {
        /// What was asked for.
        path: String,
        /// The status.
        status: u16,
        /// What it says.
        words: Words,
    },
    /// The server was busy, or failed, each time that it was asked.
    #[error("the server is busy or out of order ({status}{words})")]
    Busy {
        /// The status.
        status: u16,
        /// What it says.
        words: Words,
        /// The wait that it asks for. Seconds.
        wait: Option<u64>,
    },
    /// The line failed each time.
    #[error("the server can't be reached: {0}")]
    Cut(String),
    /// The answer points elsewhere.
    #[error("the server sends the client to {to}, which is {why}")]
    Redirect {
        /// Where to.
        to: String,
        /// Why that is not followed.
        why: &'static str,
    },
    /// The answer is said to be something else than TAXII.
    #[error("the answer is {found}, not {TAXII}")]
    MediaType {
        /// What it is said to be.
        found: String,
    },
    /// The answer is compressed, though nobody asked for that.
    #[error("the answer is compressed ({found}) though that was not asked for")]
    Encoded {
        /// How.
        found: String,
    },
    /// The answer is no such JSON as it should be.
    #[error("the answer is no {what}: {why}")]
    Malformed {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The answer has more of something than is read.
    #[error("the answer holds more than {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// One page is larger than is read, however few objects are asked for.
    #[error("a page is larger than {max} bytes, even with one object")]
    PageTooLarge {
        /// How large it may be. Bytes.
        max: usize,
    },
    /// Pages come round again.
    #[error("the server's pages go in a circle: one comes twice")]
    Circle,
    /// There is more, and no way to it.
    #[error("the server says that there is more, but {0}")]
    Stuck(&'static str),
    /// Pages do not end.
    #[error("the server's pages do not end: more than {max} {what} in one poll")]
    Endless {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: u64,
    },
    /// The server takes envelopes and never says what became of them.
    #[error("the server took an envelope and has not said what became of it")]
    Pending,
}

impl ClientFault {
    /// A stable machine name.
    pub const fn code(&self) -> &'static str {
        match self {
            ClientFault::Address { .. } => "feed_address",
            ClientFault::Unauthenticated { .. } => "feed_unauthenticated",
            ClientFault::Forbidden { .. } => "feed_forbidden",
            ClientFault::NotFound { .. } => "feed_not_found",
            ClientFault::NotAcceptable { .. } => "feed_not_acceptable",
            ClientFault::TooLarge { .. } => "feed_too_large",
            ClientFault::Ranges { .. } => "feed_ranges",
            ClientFault::Refused { .. } => "feed_refused",
            ClientFault::Busy { .. } => "feed_busy",
            ClientFault::Cut(_) => "feed_cut",
            ClientFault::Redirect { .. } => "feed_redirect",
            ClientFault::MediaType { .. } => "feed_media_type",
            ClientFault::Encoded { .. } => "feed_encoded",
            ClientFault::Malformed { .. } => "feed_malformed",
            ClientFault::TooMany { .. } => "feed_too_many",
            ClientFault::PageTooLarge { .. } => "feed_page_too_large",
            ClientFault::Circle => "feed_circle",
            ClientFault::Stuck(_) => "feed_stuck",
            ClientFault::Endless { .. } => "feed_endless",
            ClientFault::Pending => "feed_pending",
        }
    }

    /// Who can mend it.
    pub const fn by(&self) -> By {
        match self {
            ClientFault::Busy { .. } | ClientFault::Cut(_) | ClientFault::Pending => By::Line,
            ClientFault::Address { .. }
            | ClientFault::Unauthenticated { .. }
            | ClientFault::Forbidden { .. }
            | ClientFault::NotFound { .. } => By::Operator,
            _ => By::Server,
        }
    }

    /// What to do.
    pub const fn remedy(&self) -> &'static str {
        match self {
            ClientFault::Address { .. } => "give the server's discovery address, as https://...",
            ClientFault::Unauthenticated { .. } => {
                "check user and password, token or certificate, then add the feed again"
            }
            ClientFault::Forbidden { .. } => {
                "ask the server's operator for the right to this collection"
            }
            ClientFault::NotFound { .. } => {
                "check the address; add the feed again if the collection has moved"
            }
            ClientFault::NotAcceptable { .. } | ClientFault::Ranges { .. } => {
                "ask the server's operator for the address of TAXII 2.1"
            }
            ClientFault::TooLarge { .. } | ClientFault::PageTooLarge { .. } => {
                "ask the server's operator for smaller objects or a higher limit"
            }
            ClientFault::Busy { .. } | ClientFault::Cut(_) | ClientFault::Pending => {
                "try again; `serve` does so by itself"
            }
            ClientFault::Redirect { .. } => "if you trust that address, add the feed under it",
            ClientFault::MediaType { .. } | ClientFault::Encoded { .. } => {
                "check that the address is a TAXII 2.1 server's and no proxy answers in its place"
            }
            _ => {
                "tell the server's operator; what came before is kept, and a new poll goes on there"
            }
        }
    }
}

/// What a server says of its refusal, as it is shown: nothing, or a comma and the words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(pub(crate) String);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ", {:?}", self.0) }
    }
}

impl Words {
    /// The words of a TAXII error message (section 3.6.1), if the answer is one.
    pub(crate) fn of(answer: &Answer) -> Words {
        #[derive(Deserialize)]
        struct Message {
            #[serde(default)]
            title: Option<String>,
            #[serde(default)]
            description: Option<String>,
        }
        let Ok(message) = serde_json::from_slice::<Message>(&answer.body) else {
            return Words::default();
        };
        let all = [message.title, message.description];
        let all: Vec<String> = all.into_iter().flatten().collect();
        Words(shortened(&all.join(": ")))
    }
}

/// Text of a stranger as it is shown: without control characters, and not long.
pub(crate) fn shortened(text: &str) -> String {
    let text: String = text.chars().take(MAX_WORDS).filter(|c| !c.is_control()).collect();
    text.get(..text.floor_char_boundary(MAX_WORDS)).unwrap_or("").to_owned()
}

/// The fault that a status means which is no success; waits are decided before.
pub(crate) fn refused(path: &str, answer: &Answer, wait: Option<u64>) -> ClientFault {
    let (status, words) = (answer.status, Words::of(answer));
    let path = shortened(path);
    match status {
        401 => ClientFault::Unauthenticated { words },
        403 => ClientFault::Forbidden { words },
        404 | 410 => ClientFault::NotFound { path, words },
        406 => ClientFault::NotAcceptable { words },
        413 => ClientFault::TooLarge { words },
        206 | 416 => ClientFault::Ranges { status, words },
        408 | 425 | 429 | 500 | 502..=504 => ClientFault::Busy { status, words, wait },
        _ => ClientFault::Refused { path, status, words },
    }
}
