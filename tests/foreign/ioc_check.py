#!/usr/bin/env python3
"""Compares our readers of OpenIOC and hosts files with Python's own XML parser and addresses.

    cargo build --release -p detente-read --example read_files
    python3 ioc_check.py PROGRAM [--seed N] [--files N] [--vectors FOLDER]

PROGRAM is the example built above. Made at random from the seed: documents of OpenIOC 1.0 and 1.1
in many spellings of the same XML, slips of the hand in them, and hosts files. What each names is
worked out here from the tree that `xml.etree` (expat) gives, and from `ipaddress`; nothing needs
installing.
Prints one JSON line with the counts by class, and exits 1 if a file is read otherwise than it
should. Where expat refuses a document that our parser reads on (it checks fewer characters and
names) nothing is compared but the count. `--vectors` confirms our known answers too.
"""

import argparse
import collections
import ipaddress
import json
import pathlib
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as tree
from xml.sax.saxutils import escape, quoteattr

TERMS = {
    "FileItem/Md5sum": "md5",
    "FileItem/Sha1sum": "sha1",
    "FileItem/Sha256sum": "sha256",
    "ServiceItem/serviceDLLmd5sum": "md5",
    "DnsEntryItem/Host": "host",
    "DnsEntryItem/RecordName": "host",
    "Network/DNS": "host",
    "RouteEntryItem/Destination": "host",
    "UrlHistoryItem/HostName": "host",
    "DnsEntryItem/RecordData/IPv4Address": "address",
    "PortItem/remoteIP": "address",
    "UrlHistoryItem/URL": "url",
    "Network/URI": "url",
    "Email/From": "email",
}
OTHER = ["FileItem/FileName", "Email/To", "PortItem/localIP", "RegistryItem/Path", "x", ""]
CONDITIONS = ["is"] * 8 + ["contains", "matches", "starts-with", "isnot", "containsnot", ""]
COLOURS = {"RED": "red", "TLP:AMBER": "amber", "green": "green", "amber+strict": "amber+strict"}


def ask(program, questions):
    """The answers of our program, in the order of the questions."""
    text = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([program], input=text.encode(), stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions), "an answer is missing"
    return answers


# --- what a value is: only as far as the values below go --------------------------------------


def is_domain(text):
    labels = text.split(".")
    letters = re.fullmatch(r"[a-z0-9_.-]+", text)
    sound = all(1 <= len(label) <= 63 for label in labels) and len(text) <= 253
    top = re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", labels[-1])
    return bool(letters and sound and top and len(labels) > 1)


def normal(kind, text):
    """The observable that a literal names, or nothing."""
    text = text.strip(" \t\r\n")
    if kind in ("md5", "sha1", "sha256"):
        length = {"md5": 32, "sha1": 40, "sha256": 64}[kind]
        value = text.lower()
        return (kind, value) if re.fullmatch(rf"[0-9a-f]{{{length}}}", value) else None
    if kind in ("address", "host"):
        try:
            address = ipaddress.ip_address(text)
            return (f"ipv{address.version}", str(address))
        except ValueError:
            pass
        name = text.lower().removesuffix(".")
        return ("domain", name) if kind == "host" and is_domain(name) else None
    if kind == "email":
        name, at, host = text.lower().removesuffix(".").rpartition("@")
        sound = re.fullmatch(r"[a-z0-9.+]+", name) and is_domain(host)
        return ("email", f"{name}@{host}") if at and sound else None
    whole = re.fullmatch(r"(?:http://)?([a-z0-9._-]+)(/[A-Za-z0-9/?=&_.-]*)", text)
    return ("url", f"http://{whole[1]}{whole[2]}") if whole and is_domain(whole[1]) else None


# --- OpenIOC -----------------------------------------------------------------------------------


def local(element):
    return element.tag.rpartition("}")[2]


def members(element):
    return [child for child in element if local(child) in ("Indicator", "IndicatorItem")]


def own_text(element):
    """The text in an element but not in those inside it."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def items(element, is_part, out):
    """The items below a group, and whether each is part of a conjunction."""
    joined = element.get("operator", "").lower() != "or" and local(element) == "Indicator"
    children = members(element)
    is_part = is_part or (joined and len(children) > 1)
    for child in children:
        if local(child) == "Indicator":
            items(child, is_part, out)
        else:
            out.append((child, is_part))


def one_item(item):
    term, content = "", ""
    for child in item:
        if local(child) == "Context":
            term = child.get("search", "").strip()
        elif local(child) == "Content":
            content = own_text(child)
    condition = item.get("condition", "").strip().lower()
    negated = item.get("negate", "").strip() not in ("", "0", "false")
    by_name = {name.lower(): kind for name, kind in TERMS.items()}
    kind = by_name.get(term.lower())
    if kind is None:
        return None, "unsupported_type"
    if negated or condition.endswith("not"):
        return None, "pattern_negated"
    if condition != "is":
        return None, "pattern_operator"
    found = normal(kind, content)
    return (found, None) if found else (None, "value")


def document(root):
    """What a document names: observables with part and colour, and codes of refusals."""
    taken, refused, colours = [], [], []
    for links in root.iter():
        if local(links) == "link":
            text = own_text(links).strip()
            if links.get("rel", "").lower() == "tlp" or text.lower().startswith("tlp:"):
                colours.append(text)
    order = ["clear", "green", "amber", "amber+strict", "red"]
    known = [COLOURS.get(text) for text in colours]
    colour = max(filter(None, known), key=order.index, default=None)
    for part in root.iter():
        if local(part) not in ("definition", "criteria"):
            continue
        found = []
        items(part, False, found)
        for item, is_part in found:
            observable, code = one_item(item)
            if observable:
                taken.append([*observable, is_part, colour, None in known])
            else:
                refused.append(code)
    return taken, refused


def words(root):
    """Terms and values. What a slip makes of one is for the normal form to judge, not for here."""
    found = set()
    for element in root.iter():
        if local(element) in ("Content", "link"):
            found.add(own_text(element).strip())
        elif local(element) == "Context":
            found.add(element.get("search", ""))
    return found


def whole(text):
    """Whether a document ends in it, whatever stands behind: then nothing of it is missing."""
    try:
        tree.fromstring(text[: text.rfind(">") + 1].encode())
        return True
    except (tree.ParseError, LookupError, ValueError):
        return False


class Documents:
    """Documents made at random, in many spellings."""

    def __init__(self, chance):
        self.chance = chance
        self.prefix = ""

    def pick(self, *options):
        return self.chance.choice(options)

    def space(self):
        return self.pick("", "", "\n", " ", "\t", "<!-- a <b> &c; -->", "<?x y?>")

    def spelled(self, text):
        """The same text as XML, spelled in some way."""
        kind = self.chance.randint(0, 5)
        if kind == 0 and "]]>" not in text:
            return f"<![CDATA[{text}]]>"
        if kind == 1 and text:
            at = self.chance.randrange(len(text))
            number = self.pick(f"&#{ord(text[at])};", f"&#x{ord(text[at]):x};")
            return escape(text[:at]) + number + escape(text[at + 1 :])
        if kind == 2:
            at = self.chance.randint(0, len(text))
            return escape(text[:at]) + "<!-- inside -->" + escape(text[at:])
        if kind == 3:
            return self.pick("\n  ", " ") + escape(text) + self.pick("\n", " ")
        return escape(text, {"'": "&apos;", '"': "&quot;"} if kind == 4 else {})

    def element(self, name, attributes, content):
        parts = [f"{key}{self.pick('', ' ')}={quoteattr(value)}" for key, value in attributes]
        self.chance.shuffle(parts)
        head = self.pick(" ", "  ", "\n").join([self.prefix + name, *parts])
        if not content and self.chance.random() < 0.7:
            return f"<{head}{self.pick('', ' ')}/>"
        return f"<{head}>{content}</{self.prefix}{name}{self.pick('', ' ')}>"

    def value(self, kind):
        c = self.chance
        if c.random() < 0.15:
            return self.pick("", "x", "a b.com", "evil[.]com", "<x>&", "x" * 70, "1.2.3.400")
        if kind in ("md5", "sha1", "sha256"):
            length = {"md5": 16, "sha1": 20, "sha256": 32}[kind]
            text = c.randbytes(length).hex()
            return self.pick(text, text.upper())
        host = self.pick("bad.example", "EVIL.com", "a-b.c_d.org", "x.co.uk.", "xn--bcher-kva.com")
        if kind == "address":
            return self.pick("192.0.2.1", "2001:DB8::1", "2001:db8:0:0:0:0:0:1", "198.51.100.255")
        if kind == "host":
            return self.pick(host, "203.0.113.7")
        if kind == "email":
            return self.pick("bob@", "Alice+x@", "a.b@") + host
        host = host.lower().removesuffix(".")
        return self.pick("", "http://") + host + self.pick("/", "/a/b?c=d&e=f", "/x.php")

    def item(self):
        c = self.chance
        term = c.choice(OTHER) if c.random() < 0.2 else c.choice(list(TERMS))
        content = self.value(TERMS.get(term, "host"))
        if c.random() < 0.2:
            term = self.pick(term.upper(), term.lower(), f" {term}")
        attributes = [("id", f"i{c.randint(0, 99)}"), ("condition", c.choice(CONDITIONS))]
        if c.random() < 0.3:
            attributes.append(("negate", self.pick("false", "false", "true", "0", "1")))
        context = [("document", "x"), ("search", term), ("type", "mir")]
        inner = [
            self.element("Context", context, ""),
            self.element("Content", [("type", "string")], self.spelled(content)),
        ]
        if c.random() < 0.1:
            inner.append(self.element("Comment", [], self.spelled("a comment")))
        return self.element("IndicatorItem", attributes, self.space().join(inner))

    def group(self, depth):
        c = self.chance
        inner = []
        for _ in range(c.choice([0, 1, 1, 2, 2, 3, 4])):
            below = depth > 0 and c.random() < 0.4
            inner.append(self.group(depth - 1) if below else self.item())
        attributes = [("operator", self.pick("OR", "OR", "AND", "and", "or")), ("id", "g")]
        return self.element("Indicator", attributes, self.space().join([*inner, ""]))

    def links(self):
        c = self.chance
        links = []
        for _ in range(c.choice([0, 0, 1, 2])):
            rel, text = self.pick(("threatgroup", "G"), ("report", "r"), ("family", "f & g"))
            if c.random() < 0.5:
                rel, text = self.pick("tlp", "TLP"), c.choice([*COLOURS, "members only"])
            links.append(self.element("link", [("rel", rel)], self.spelled(text)))
        return self.element("links", [], "".join(links))

    def text(self):
        c = self.chance
        self.prefix = self.pick("", "", "", "ioc:")
        name = f"xmlns:{self.prefix[:-1]}" if self.prefix else "xmlns"
        about = [
            self.element("short_description", [], self.spelled("a & b")),
            self.element("description", [], self.spelled("text with <tags> & 'quotes'")),
            self.element("authored_by", [], "me"),
            self.links(),
        ]
        about = self.space().join(about)
        body = self.space().join(self.group(3) for _ in range(c.choice([1, 1, 2])))
        if c.random() < 0.5:
            root = [(name, "http://schemas.mandiant.com/2010/ioc"), ("id", "d")]
            text = self.element("ioc", root, about + self.element("definition", [], body))
        else:
            root = [(name, "http://openioc.org/schemas/OpenIOC_1.1"), ("id", "d")]
            inner = self.element("metadata", [], about) + self.element("criteria", [], body)
            text = self.element("OpenIOC", root, inner)
        return self.pick("", '<?xml version="1.0" encoding="utf-8"?>\n') + text

    def mutated(self, text):
        """One to three slips of the hand."""
        c = self.chance
        bits = [*"<>/=\"'&;! ", "</", "/>", "<!--", "-->", "]]>", "&amp;", "&x;", "é", "x", "id=''"]
        for _ in range(c.choice([1, 1, 2, 3])):
            at = c.randint(0, len(text))
            kind = c.randint(0, 2)
            if kind == 0:
                text = text[:at] + c.choice(bits) + text[at:]
            elif kind == 1:
                text = text[:at] + text[at + c.randint(1, 6) :]
            else:
                text = text[:at] + c.choice(bits) + text[at + 1 :]
        return text


def compare(ours, theirs):
    """Whether our answer is the one worked out here; of refused values the reason is ours alone."""
    taken, refused = theirs
    known = {"unsupported_type", "pattern_negated", "pattern_operator"}
    codes = [code if code in known else "value" for code in ours["refused"]]
    return ours["broken"] is None and ours["taken"] == taken and codes == refused


def check_documents(program, chance, number, report):
    made = Documents(chance)
    texts = []
    for _ in range(number):
        text = made.text()
        texts += [("made", text, text), ("mutated", made.mutated(text), text)]
    answers = ask(program, [{"format": "openioc", "text": text} for _, text, _ in texts])
    for (kind, text, before), ours in zip(texts, answers):
        try:
            root = tree.fromstring(text.encode())
        except (tree.ParseError, LookupError, ValueError):
            root = None
        if root is None:
            side = "both refuse" if ours["broken"] else "expat refuses, ours reads on"
            report["counts"][f"openioc {kind}: {side}"] += 1
            if kind == "made":
                report["wrong"].append({"text": text, "reason": "no XML was made"})
            elif not whole(text) and ours["broken"] and not all(t[-1] for t in ours["taken"]):
                report["wrong"].append({"text": text, "reason": "breaks off and is not closed"})
            continue
        if local(root) not in ("ioc", "OpenIOC"):
            report["counts"][f"openioc {kind}: another root"] += 1
            continue
        if compare(ours, document(root)):
            report["counts"][f"openioc {kind}: alike"] += 1
        elif not words(root) <= words(tree.fromstring(before.encode())):
            report["counts"][f"openioc {kind}: a slip within a value or term"] += 1
        else:
            report["counts"][f"openioc {kind}: WRONG"] += 1
            report["wrong"].append({"text": text, "ours": ours, "theirs": document(root)})


# --- hosts files -------------------------------------------------------------------------------

BOILERPLATE = {"localhost", "localhost.localdomain", "broadcasthost", "ip6-localhost", "local"}
BOILERPLATE |= {"ip6-loopback", "ip6-allnodes", "0.0.0.0"}
SINKS = ["0.0.0.0", "127.0.0.1", "::", "::1", "127.1.2.3", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"]
ELSEWHERE = ["192.0.2.1", "10.0.0.1", "255.255.255.255", "2001:db8::1", "fe80::1%lo0", "1.2.3"]
NAMES = ["bad.example", "EVIL.com", "x_y.org", "a.b.c.d.net", "nosuch", "*.wild.com", "1.2.3.4"]


def hosts_line(line):
    """What a line names and how often it is refused and skipped."""
    head = line.split("#")[0].split()
    if not head:
        return [], 0, 1
    address, names = head[0], head[1:]
    try:
        found = ipaddress.ip_address(address.split("%")[0])
        found = getattr(found, "ipv4_mapped", None) or found
        sink = found.is_unspecified or found.is_loopback
    except ValueError:
        sink = None
    if sink is None or not names:
        return [], 1, 0
    if all(name.lower() in BOILERPLATE for name in names):
        return [], 0, len(names)
    if not sink:
        return [], 1, 0
    taken, refused, skipped = [], 0, 0
    for name in names:
        if name.lower() in BOILERPLATE:
            skipped += 1
        elif is_domain(name.lower()):
            taken.append(["domain", name.lower(), False, None, False])
        else:
            refused += 1
    return taken, refused, skipped


def check_hosts(program, chance, number, report):
    files = []
    for _ in range(number):
        lines = []
        for _ in range(chance.randint(1, 12)):
            address = chance.choice(SINKS * 3 + ELSEWHERE)
            names = chance.choices(NAMES + sorted(BOILERPLATE), k=chance.choice([0, 1, 1, 2, 3]))
            line = chance.choice([" ", "\t", "   "]).join([address, *names])
            line += chance.choice(["", "", " # a comment", "#b", " "])
            lines.append(chance.choice([line] * 8 + ["", "# only a comment", "   "]))
        files.append(chance.choice(["\n", "\r\n"]).join(lines) + chance.choice(["", "\n"]))
    answers = ask(program, [{"format": "hosts", "text": text} for text in files])
    for text, ours in zip(files, answers):
        lines = text.split("\n")
        found = [hosts_line(line) for line in (lines[:-1] if lines[-1] == "" else lines)]
        taken = [one for names, _, _ in found for one in names]
        refused, skipped = (sum(one[at] for one in found) for at in (1, 2))
        sums = (len(ours["refused"]), sum(ours["skipped"].values()))
        if ours["taken"] == taken and sums == (refused, skipped):
            report["counts"]["hosts: alike"] += 1
        else:
            report["counts"]["hosts: WRONG"] += 1
            report["wrong"].append({"text": text, "ours": ours, "theirs": found})


# --- known answers -----------------------------------------------------------------------------


def check_vectors(folder, report):
    """Whether the known answers are what is worked out here."""
    for row in json.loads((folder / "intel-openioc.json").read_text())["good"]:
        taken, refused = [], []
        root = tree.fromstring(row["text"].encode())
        roots = [root] if local(root) in ("ioc", "OpenIOC") else list(root)
        for one in roots:
            some, codes = document(one)
            taken, refused = taken + some, refused + codes
        ours = {"broken": None, "taken": row["taken"], "refused": row["refused"]}
        report["counts"]["vectors"] += 1
        if not compare(ours, (taken, refused)):
            report["wrong"].append({"vector": row["about"], "theirs": [taken, refused]})
    for row in json.loads((folder / "intel-openioc.json").read_text())["bad"]:
        try:
            tree.fromstring(row["text"].encode())
            sound = True
        except (tree.ParseError, LookupError, ValueError):
            sound = False
        report["counts"]["vectors"] += 1
        if sound != row["well_formed"]:
            report["wrong"].append({"vector": row["about"], "well_formed": sound})
    for row in json.loads((folder / "intel-hosts.json").read_text())["lines"]:
        taken, refused, skipped = hosts_line(row["line"])
        names = [value for _, value, *_ in taken]
        report["counts"]["vectors"] += 1
        if (names, refused, skipped) != (row["names"], len(row["refused"]), row["skipped"]):
            report["wrong"].append({"vector": row["line"], "theirs": [names, refused, skipped]})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--vectors", type=pathlib.Path)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    report = {"counts": collections.Counter(), "wrong": []}
    check_documents(options.program, chance, options.files, report)
    check_hosts(options.program, chance, options.files, report)
    if options.vectors:
        check_vectors(options.vectors, report)
    wrong = report["wrong"]
    print(json.dumps({"ok": not wrong, "counts": report["counts"], "wrong": wrong[:5]}))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
