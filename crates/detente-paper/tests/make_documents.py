#!/usr/bin/env python3
"""Writes the bad documents of vectors/paper/ and expect.json from the good ones there.

The good ones are written by `detente accord export` from texts of vectors/accord/. What a browser
would show as their text, and what a reader of Markdown would, is compared with the text here, by
parsers that are not the product's.

    python3 make_documents.py <folder>
"""

import hashlib
import html.parser
import json
import re
import sys
from pathlib import Path

GOOD = ["sound", "sound_annex", "sound_divergent"]


class Source(html.parser.HTMLParser):
    """The text of the element with the id detente-text; no script or reference anywhere."""

    def __init__(self):
        super().__init__()
        self.text = ""
        self.inside = False

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "img", "link", "iframe", "object", "a"), tag
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)
        if dict(attrs).get("id") == "detente-text":
            assert tag == "pre"
            self.inside = True

    def handle_endtag(self, tag):
        if tag == "pre":
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.text += data


def from_html(document):
    parser = Source()
    parser.feed(document)
    # A browser leaves out the first line feed of a pre.
    return parser.text.removeprefix("\n")


def from_markdown(document):
    fence, text = re.search(r"^(`{3,})toml\n(.*)\n\1$", document, re.M | re.S).groups()
    assert fence not in text
    return text + "\n"


def line_of(document, marker):
    assert document.count(marker) == 1, marker
    return document[: document.index(marker)].count("\n") + 1


def bad(html_text, markdown, text):
    """Name, document, code, line."""
    notice = "<td dir=\"auto\">90 days</td>"
    other = html_text.replace(notice, notice.replace("90", "10"))
    yield "edited.html", other, "document_edited", line_of(html_text, notice)
    other = markdown.replace("| Notice | 90 days |", "| Notice | 10 days |")
    yield "edited.md", other, "document_edited", line_of(other, "| Notice | 10 days |")
    other = html_text.replace("<h1", "<script>alert()</script>\n<h1")
    yield "script.html", other, "document_edited", line_of(other, "<script>")
    other = html_text + html_text
    yield "two.html", other, "document_edited", html_text.count("\n") + 1
    other = markdown + "\nand clause 9\n"
    yield "more.md", other, "document_edited", markdown.count("\n") + 1
    yield "digest.html", html_text.replace("P90D", "P10D"), "document_digest", None
    yield "digest.md", markdown.replace("P90D", "P10D"), "document_digest", None
    yield "version.html", html_text.replace('data-version="1"', 'data-version="2"'), \
        "document_version", None
    yield "no_text.md", markdown[: markdown.index("<!--")], "document_without_text", None
    other = re.sub(r"bytes=\d+", "bytes=9999999", markdown)
    yield "length.md", other, "document_without_text", None
    other = html_text.replace("[exit]", "[exit]&nbsp;")
    yield "entity.html", other, "document_without_text", None
    yield "none.html", "<p>hello</p>\n", "no_document", None
    broken = text.replace("count = 200", "count = 0")
    digest = hashlib.sha256(text.encode()).hexdigest()
    again = hashlib.sha256(broken.encode()).hexdigest()
    other = markdown.replace(text, broken).replace(digest, again)
    other = re.sub(r"bytes=\d+", f"bytes={len(broken.encode())}", other)
    yield "unsound.md", other, "text_faulty", None


def main():
    folder = Path(sys.argv[1])
    cases = []
    for name in GOOD:
        text = (folder / f"../accord/{name}.toml").read_text()
        for kind, read in (("html", from_html), ("md", from_markdown)):
            document = (folder / f"{name}.{kind}").read_text()
            assert read(document) == text, name
            sha256 = hashlib.sha256(text.encode()).hexdigest()
            assert sha256 in document
            cases.append({"name": f"{name}.{kind}", "sha256": sha256})
    page, markdown = ((folder / f"sound.{kind}").read_text() for kind in ("html", "md"))
    text = (folder / "../accord/sound.toml").read_text()
    for name, document, code, line in bad(page, markdown, text):
        assert document not in (page, markdown), name
        (folder / f"bad_{name}").write_text(document)
        case = {"name": f"bad_{name}", "code": code}
        cases.append(case if line is None else {**case, "line": line})
    text = json.dumps({"version": 1, "cases": cases}, indent=1) + "\n"
    (folder / "expect.json").write_text(text)


if __name__ == "__main__":
    main()
