//! Against servers that are made up, on loopback.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use detente_taxii::client::{Ask, MAX_ANSWER, Proof, Trust};
use rustls::AlertDescription;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls::{SupportedProtocolVersion, version};
use sha2::{Digest as _, Sha256};
use url::Url;
use zeroize::Zeroizing;

use crate::client::refused_tls;
use crate::{Client, LineFault, MAX_HEADERS, Times};

/// What a made-up server does with each request on a line; false ends the line.
type Deed = fn(&str, &mut dyn Write) -> bool;

/// Both ways of a line.
trait Both: Read + Write {}
impl<T: Read + Write> Both for T {}

fn serve(mut stream: impl Both, deed: Deed) {
    loop {
        let mut reader = BufReader::new(&mut stream);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(1..) => {}
                _ => return,
            }
            if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = said.trim().parse().expect("a length");
            }
            head.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        head.push_str(&String::from_utf8_lossy(&body));
        if !deed(&head, &mut stream) {
            return;
        }
    }
}

/// A server on loopback; gives its address.
fn plain(deed: Deed) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream, deed));
        }
    });
    Url::parse(&format!("http://127.0.0.1:{port}/")).expect("a URL")
}

/// The same over TLS; gives its certificate too.
fn over_tls(deed: Deed) -> (Url, rcgen::Certificate) {
    served(deed, &[&version::TLS13, &version::TLS12], false)
}

/// The same with these versions, and asking for a client certificate.
fn served(
    deed: Deed,
    versions: &[&'static SupportedProtocolVersion],
    asks: bool,
) -> (Url, rcgen::Certificate) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a pair");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(versions);
    let builder = builder.expect("versions");
    let builder = if asks {
        builder.with_client_cert_verifier(clients.build().expect("a verifier"))
    } else {
        builder.with_no_client_auth()
    };
    let config = builder.with_single_cert(chain, key);
    let config = Arc::new(config.expect("TLS"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            thread::spawn(move || {
                let tls = ServerConnection::new(config).expect("TLS");
                serve(StreamOwned::new(tls, stream), deed);
            });
        }
    });
    (Url::parse(&format!("https://localhost:{port}/")).expect("a URL"), made.cert)
}

fn get(target: &str) -> Ask {
    Ask { target: target.to_owned(), body: None }
}

fn client(server: Url, trust: &Trust, proof: &Proof) -> Client {
    let times = Times {
        connect: Duration::from_secs(5),
        part: Duration::from_millis(500),
        whole: Duration::from_secs(3),
    };
    Client::new(server, trust, proof, times).expect("a client")
}

fn asked(deed: Deed) -> Result<detente_taxii::client::Answer, LineFault> {
    client(plain(deed), &Trust::System, &Proof::Nobody).send(&get("/a?b=c"))
}

/// Says back what it heard.
fn echo(head: &str, out: &mut dyn Write) -> bool {
    let length = head.len();
    write!(
        out,
        "HTTP/1.1 200 OK\r\nX-Bytes: \u{e9}\r\nX-A: b\r\nContent-Length: {length}\r\n\r\n{head}"
    )
    .is_ok()
}

#[test]
fn what_goes_and_what_comes() {
    let basic =
        Proof::Basic { user: "u".to_owned(), password: Zeroizing::new("p\u{f6}:".to_owned()) };
    let mut client = client(plain(echo), &Trust::System, &basic);
    let answer = client.send(&get("/a?b=c")).expect("an answer");
    let said = String::from_utf8(answer.body.clone()).expect("text").to_ascii_lowercase();
    assert!(said.starts_with("get /a?b=c http/1.1\r\n"), "{said}");
    for part in [
        "host: 127.0.0.1:",
        "accept: application/taxii+json;version=2.1\r\n",
        "accept-encoding: identity\r\n",
        "authorization: basic dtpww7y6\r\n",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!((answer.status, answer.header("x-a")), (200, Some("b")));
    assert_eq!(answer.header("x-bytes"), None, "what is no text is left out");
    let posted = Ask { target: "/p".to_owned(), body: Some(b"{}".to_vec()) };
    let said = client.send(&posted).expect("an answer").body;
    let said = String::from_utf8(said).expect("text").to_ascii_lowercase();
    assert!(said.starts_with("post /p ") && said.ends_with("\r\n\r\n{}"), "{said}");
    assert!(said.contains("content-type: application/taxii+json;version=2.1\r\n"), "{said}");
    assert!(!format!("{client:?} {basic:?}").contains("p\u{f6}"));
    let bad = Proof::Bearer(Zeroizing::new("a\nb".to_owned()));
    let none = Client::new(plain(echo), &Trust::System, &bad, Times::default());
    assert_eq!(none.err().map(|error| error.code()), Some("feed_credentials"));
}

#[test]
fn a_line_that_the_server_ended_is_made_anew() {
    fn once(head: &str, out: &mut dyn Write) -> bool {
        echo(head, out);
        false
    }
    let mut client = client(plain(once), &Trust::System, &Proof::Nobody);
    let mut ended = 0;
    for _ in 0..20 {
        // The request may go while the line ends; that is learnt from.
        match client.send(&get("/")) {
            Ok(answer) => assert_eq!(answer.status, 200),
            Err(LineFault::Ended(_)) => ended += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(ended <= 1, "{ended}");
}

/// The server did what was asked, and its answer was lost: what is asked next is the caller's to
/// say.
#[test]
fn what_may_have_been_served_is_not_sent_again() {
    static SERVED: AtomicUsize = AtomicUsize::new(0);
    fn second_is_lost(head: &str, out: &mut dyn Write) -> bool {
        SERVED.fetch_add(1, Ordering::SeqCst) != 1 && echo(head, out)
    }
    for body in [None, Some(b"{}".to_vec())] {
        SERVED.store(0, Ordering::SeqCst);
        let mut client = client(plain(second_is_lost), &Trust::System, &Proof::Nobody);
        let ask = Ask { target: "/".to_owned(), body };
        assert_eq!(client.send(&ask).expect("an answer").status, 200);
        let lost = client.send(&ask).expect_err("an answer that was lost");
        assert!(matches!(lost, LineFault::Ended(_)), "{lost:?}");
        assert_eq!(SERVED.load(Ordering::SeqCst), 2, "it was asked once more");
        assert_eq!(client.send(&ask).expect("an answer").status, 200);
    }
}

#[test]
fn servers_that_do_not_behave_are_cut() {
    let cut = |deed: Deed| match asked(deed) {
        Err(LineFault::Cut(words)) => words,
        other => panic!("{other:?}"),
    };
    cut(|_, _| false);
    cut(|_, out| out.write_all(b"<html>").is_err());
    cut(|_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        false
    });
    cut(|_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
        false
    });
    cut(|_, out| {
        let many = "X-A: b\r\n".repeat(MAX_HEADERS + 10);
        let _ = write!(out, "HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n");
        false
    });
    cut(|_, out| {
        let long = "x".repeat(100_000);
        let _ = write!(out, "HTTP/1.1 200 OK\r\nX-A: {long}\r\nContent-Length: 0\r\n\r\n");
        false
    });
    let flood = cut(|_, out| {
        while out.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").is_ok() {}
        false
    });
    assert!(flood.contains("before the answer"), "{flood}");
    // Silence, at the beginning and in the midst.
    assert!(cut(|_, _| true).contains("nothing came"));
    let silent = cut(|_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        out.flush().is_ok()
    });
    assert!(silent.contains("nothing came"), "{silent}");
    // A byte now and then, for ever.
    let slow = cut(|_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        let (_never, clock) = std::sync::mpsc::channel::<()>();
        for _ in 0..100 {
            let _ = clock.recv_timeout(Duration::from_millis(100));
            if out.write_all(b"x").is_err() {
                break;
            }
        }
        false
    });
    assert!(slow.contains("no whole answer"), "{slow}");
    let nobody = Url::parse("http://127.0.0.1:1/").expect("a URL");
    let refused = client(nobody, &Trust::System, &Proof::Nobody).send(&get("/"));
    assert!(matches!(refused, Err(LineFault::Cut(_))), "{refused:?}");
}

#[test]
fn answers_have_a_bound_whether_they_say_their_length_or_not() {
    let said = asked(|_, out| {
        let _ = write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", MAX_ANSWER + 1);
        false
    });
    assert_eq!(said, Err(LineFault::TooLarge));
    let unsaid = asked(|_, out| {
        let _ = out.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        let part = vec![b' '; 1 << 20];
        while out.write_all(&part).is_ok() {}
        false
    });
    assert_eq!(unsaid, Err(LineFault::TooLarge));
}

#[test]
fn a_server_that_asks_for_a_certificate_is_told_from_one_that_is_away() {
    for (version, many) in [(&version::TLS13, "1.3"), (&version::TLS12, "1.2")] {
        let (url, certificate) = served(echo, &[version], true);
        let trust = Trust::Authorities(certificate.pem().into_bytes());
        let refused = client(url, &trust, &Proof::Nobody).send(&get("/")).expect_err("refused");
        let words = refused.to_string();
        assert!(words.contains("client certificate"), "{many}: {words}");
    }
    let old = refused_tls(&rustls::Error::AlertReceived(AlertDescription::ProtocolVersion));
    assert!(old.is_some_and(|words| words.contains("TLS 1.2")));
    assert_eq!(refused_tls(&rustls::Error::DecryptError), None);
}

#[test]
fn a_server_is_trusted_by_its_pin_or_by_an_authority() {
    let (url, certificate) = over_tls(echo);
    let pin: [u8; 32] = Sha256::digest(certificate.der()).into();
    let send = |url: &Url, trust: &Trust| {
        client(url.clone(), trust, &Proof::Nobody).send(&get("/")).map(|answer| answer.status)
    };
    assert_eq!(send(&url, &Trust::Pin(pin)), Ok(200));
    assert_eq!(send(&url, &Trust::Authorities(certificate.pem().into_bytes())), Ok(200));
    // Under a name that is not in it, the pin alone holds.
    let other = Url::parse(&url.as_str().replace("localhost", "127.0.0.1")).expect("a URL");
    assert_eq!(send(&other, &Trust::Pin(pin)), Ok(200));
    let stranger = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("one");
    for (url, trust) in [
        (&url, Trust::Pin([0; 32])),
        (&other, Trust::Authorities(certificate.pem().into_bytes())),
        (&url, Trust::Authorities(stranger.cert.pem().into_bytes())),
    ] {
        let refused = send(url, &trust);
        assert!(matches!(refused, Err(LineFault::Untrusted(_))), "{refused:?}");
        // A person can compare the certificate, and pin it.
        let words = refused.expect_err("refused").to_string();
        let hex: String = pin.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(words.contains(&hex), "{words}");
        assert_eq!(words.contains(&"0".repeat(64)), matches!(trust, Trust::Pin(_)), "{words}");
    }
    for bad in [Trust::Authorities(b"none".to_vec()), Trust::Authorities(Vec::new())] {
        let none = Client::new(url.clone(), &bad, &Proof::Nobody, Times::default());
        assert_eq!(none.err().map(|error| error.code()), Some("feed_certificate"));
    }
    let half = Proof::Certificate {
        chain: certificate.pem().into_bytes(),
        key: Zeroizing::new(b"no key".to_vec()),
    };
    let none = Client::new(url, &Trust::Pin(pin), &half, Times::default());
    assert_eq!(none.err().map(|error| error.code()), Some("feed_certificate"));
}
