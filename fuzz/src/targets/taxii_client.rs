//! Targets of the client in detente-taxii: what other servers answer.

use detente_taxii::Moment;
use detente_taxii::client::{Answer, Cursor, MAX_NEXT, Poll, Stamp, Turn};

use crate::Target;

/// The table of this crate.
pub(crate) const TARGETS: &[Target] = &[Target { name: "taxii_poll", run: poll, seeds }];

/// The longest target of a request that a server's answers may lead to. Bytes: a token of which
/// each byte is percent-encoded, or an address, and what stands around it.
const MAX_TARGET: usize = 3 * MAX_NEXT + 1_024;

/// Answers, each ended by a zero byte: a line with the status, lines with headers, an empty line, a
/// body. Whatever they are, a poll asks on the same server, keeps a cursor that can be read again
/// and never ahead of what it was told, and hands on bytes that came.
fn poll(bytes: &[u8]) -> bool {
    let now = Moment::read("2026-06-01T00:00:00Z").expect("a time");
    let url = "https://h.example/api/collections/c/objects/".parse().expect("an address");
    let mut poll = Poll::new(url, Cursor::default(), 1);
    let mut latest: Option<Stamp> = None;
    for piece in bytes.split(|byte| *byte == 0) {
        let answer = answer(piece);
        let told = ["first", "last"].into_iter().filter_map(|end| {
            answer.header(&format!("x-taxii-date-added-{end}")).and_then(Stamp::read)
        });
        latest = latest.max(told.max());
        let ask = poll.ask();
        assert!(ask.body.is_none() && ask.target.starts_with('/'), "{ask:?}");
        assert!(ask.target.len() <= MAX_TARGET, "{}", ask.target.len());
        match poll.answer(now, &answer) {
            Err(fault) => {
                assert!(!fault.to_string().contains('\n') && !fault.remedy().is_empty());
                return false;
            }
            Ok(Turn::Ask) => {}
            Ok(Turn::Wait { seconds, .. }) => assert!((1..=86_400).contains(&seconds)),
            Ok(Turn::Page(page)) => {
                assert_eq!(Cursor::from_json(&page.cursor.to_json()), page.cursor);
                assert!(page.cursor.after <= latest, "{:?} after {latest:?}", page.cursor);
                let body = answer.body.as_ptr_range();
                for object in &page.objects {
                    assert!(body.contains(&object.get().as_ptr()));
                }
                if page.last {
                    return true;
                }
            }
        }
    }
    false
}

fn answer(piece: &[u8]) -> Answer {
    let end = piece.windows(2).position(|two| two == b"\n\n");
    let (head, body) = end.map_or((piece, &[][..]), |end| piece.split_at(end));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(200);
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Answer { status, headers: headers.collect(), body: body.to_vec() }
}

fn seeds() -> Vec<Vec<u8>> {
    let page = |rest: &str, date: &str| {
        format!(
            "200\ncontent-type: application/taxii+json;version=2.1\n\
             x-taxii-date-added-first: {date}\nx-taxii-date-added-last: {date}\n\n\
             {{{rest}\"objects\":[{{\"date\":\"{date}\"}}]}}"
        )
    };
    let (one, two) = ("2026-01-02T03:04:05.000001Z", "2026-01-02T03:04:06Z");
    let token = r#""more":true,"next":"a","#;
    let by_token = [page(token, one), page(token, two), page("", two)];
    let by_date = [page(r#""more":true,"#, one), page(r#""more":true,"#, one), page("", two)];
    // A page that is not there, of a collection that is.
    let there = "200\ncontent-type: application/taxii+json;version=2.1\n\n\
        {\"id\":\"c\",\"title\":\"c\",\"can_read\":true,\"can_write\":false}";
    let gone = ["400\n\n{}", "404\n\n", there].map(str::to_owned);
    let refused = [&[page(token, one)][..], &gone].concat();
    let waits = [
        "503\nretry-after: 5\n\n".to_owned(),
        "429\nretry-after: Mon, 01 Jun 2026 00:02:00 GMT\n\n".to_owned(),
        "301\nlocation: /b/\n\n".to_owned(),
        page("", one),
    ];
    let all = [&by_token[..], &by_date, &refused, &waits];
    all.into_iter().map(|pieces| pieces.join("\0").into_bytes()).collect()
}
