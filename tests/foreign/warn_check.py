#!/usr/bin/env python3
"""Checks warninglists against programs not ours: PyPI `pymispwarninglists`, MISP's own rules
written a second time from its source (`app/Model/Warninglist.php`, `app/Lib/Tools/CidrTool.php`),
and our rules written a second time from docs/protocol/warninglists.md.

    python3 -m venv v && v/bin/pip install pymispwarninglists==1.7.0
    cargo build --release -p detente-warn --example warn_speed
    v/bin/python warn_check.py PROGRAM VECTORS [--rounds N] [--seed N] [--real N]

PROGRAM is target/release/examples/warn_speed, VECTORS vectors/warninglist.json. First the vectors
are held against our rules. Then lists and values are generated from the seed; PROGRAM must find
exactly what our rules say, entries included, and each difference to the other two must have one of
the reasons below. With --real N the same on the lists that come with the package and N values.
Prints one JSON line with the number of hits and, per reason, of differences; exits 1 and shows the
case when something does not hold, 2 when the package is missing.
"""

import argparse
import ipaddress
import json
import logging
import pathlib
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter

try:
    import pymispwarninglists
    from pymispwarninglists import WarningList
except ImportError as error:
    print(json.dumps({"ok": False, "reason": f"missing: {error}"}))
    sys.exit(2)

ADDRESSES = {"ipv4", "ipv6", "ipv4-cidr", "ipv6-cidr"}
KINDS = {
    "domain": {"domain"}, "hostname": {"domain"}, "ip": ADDRESSES, "ip-src": ADDRESSES,
    "ip-dst": ADDRESSES, "url": {"url"}, "uri": {"url"}, "link": {"url"}, "md5": {"md5"},
    "sha1": {"sha1"}, "sha256": {"sha256"}, "sha512": {"sha512"}, "malware-sample": {"md5"},
    "x509-fingerprint-sha1": {"cert-sha1"}, "x509-fingerprint-sha256": {"cert-sha256"},
    "as": {"asn"}, **{name: {"email"} for name in (
        "email", "email-src", "email-dst", "email-reply-to", "target-email",
        "whois-registrant-email", "dns-soa-email")},
}
ALL = set().union(*KINDS.values())


class Wrong(Exception):
    """Something does not hold."""


def kinds_of(one):
    """The kinds that a list speaks of, and whether it names e-mail addresses itself."""
    kinds, mail = set(), False
    for attribute in one.get("matching_attributes") or ["ALL"]:
        parts = [ALL] if attribute == "ALL" else [
            KINDS.get(part, set()) for part in attribute.lower().split("|")]
        mail = mail or (attribute != "ALL" and any("email" in part for part in parts))
        kinds = kinds.union(*parts)
    return kinds, mail


def domain(text):
    """Lower-case A-labels without the dot at the end, or None."""
    try:
        name = text.removesuffix(".").encode("idna").decode().lower()
    except UnicodeError:
        return None
    if not re.fullmatch(r"(?=.{1,253}$)([a-z0-9_-]{1,63}\.)*[a-z][a-z0-9-]*[a-z0-9]", name):
        return None
    return name


def network(text):
    """A masked prefix; an IPv4-mapped one is IPv4. None if it is neither."""
    try:
        net = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    if net.version == 6 and net.prefixlen >= 96 and net.network_address.ipv4_mapped:
        inner = (net.network_address.ipv4_mapped, net.prefixlen - 96)
        net = ipaddress.ip_network(inner, strict=False)
    return net


def address(text):
    """One address in normal form, or None."""
    net = network(text) if "/" not in text else None
    return str(net.network_address) if net else None


def split_regex(text):
    """What stands between the delimiters, and the flags."""
    close = {"(": ")", "[": "]", "{": "}", "<": ">"}.get(text[0], text[0])
    body, _, flags = text[1:].rpartition(close)
    return body, flags


def python_regex(text):
    """The expression in Python's `re`, which reads all that is generated here as PCRE does."""
    body, flags = split_regex(text)
    return re.compile(body, (re.IGNORECASE if "i" in flags else 0) | re.ASCII)


def normal(match_type, text):
    """An entry in the form in which it is compared; None if it is left out."""
    if match_type == "regex":
        return text
    text = text.strip()
    if match_type == "cidr":
        net = network(text)
        return str(net) if net else None
    if match_type == "hostname":
        return address(text.strip(".")) or domain(text.strip("."))
    return text.lower() if match_type == "substring" else spelled(text)


def spelled(text):
    """How a string is looked up."""
    if "://" in text:
        scheme, rest = text.split("#")[0].split("://", 1)
        host, slash, path = rest.partition("/")
        return f"{scheme.lower()}://{host.lower()}/{path if slash else ''}"
    net = network(text)
    if net is not None and ("." in text or ":" in text):
        return str(net.network_address) if net.prefixlen == net.max_prefixlen else str(net)
    if re.fullmatch(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{128}", text):
        return text.lower()
    if re.fullmatch(r"(?i)asn?\s*\d+", text):
        return str(int(re.sub(r"\D", "", text)))
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        return text.lower()
    return (domain(text) if "." in text else None) or text


def host_of(kind, value):
    """The host that a list of host names is asked for."""
    if kind == "email":
        return value.rpartition("@")[2]
    if kind == "url":
        authority = re.split(r"[/?]", value.split("://", 1)[1])[0].rpartition("@")[2]
        inside = re.match(r"\[(.*)\]", authority)
        return inside[1] if inside else authority.split(":")[0].removesuffix(".")
    return value if kind in ("domain", "ipv4", "ipv6") else None


class Ours:
    """One list by the rules of docs/protocol/warninglists.md."""

    def __init__(self, one):
        self.type = one["type"]
        self.kinds, self.mail = kinds_of(one)
        found = (normal(self.type, entry) for entry in one["list"])
        self.entries = list(dict.fromkeys(entry for entry in found if entry))
        self.known = set(self.entries)
        if self.type == "cidr":
            self.nets = [(ipaddress.ip_network(entry), entry) for entry in self.entries]

    def hit(self, kind, value):
        """The entry that matches, or None."""
        if kind not in self.kinds:
            return None
        matches = getattr(self, self.type)(kind, value)
        return min(matches, key=lambda one: (-len(one), one)) if matches else None

    def string(self, kind, value):
        return [value] if value in self.known else []

    def substring(self, kind, value):
        return [entry for entry in self.entries if entry in value.lower()]

    def hostname(self, kind, value):
        host = host_of(kind, value)
        if host is None or (kind == "email" and not self.mail):
            return []
        if address(host):
            return [host] if host in self.known else []
        labels = host.split(".")
        above = (".".join(labels[at:]) for at in range(len(labels)))
        return [name for name in above if name in self.known]

    def cidr(self, kind, value):
        if kind not in ADDRESSES:
            return []
        net = ipaddress.ip_network(value)
        holding = [(one.prefixlen, entry) for one, entry in self.nets
                   if one.version == net.version and net.subnet_of(one)]
        return [max(holding)[1]] if holding else []

    def regex(self, kind, value):
        found = (entry for entry in self.entries if python_regex(entry).search(value))
        return [one for one in [next(found, None)] if one]


class Misp:
    """One list by MISP's source. Values come as we write them; MISP lower-cases most itself."""

    def __init__(self, one):
        self.type, self.list = one["type"], one["list"]
        if self.type == "hostname":
            self.known = {entry.strip(".").lower() for entry in self.list}
        elif self.type == "string":
            self.known = set(self.list)
        elif self.type == "cidr":
            self.v4, self.v6 = set(), {}
            for entry in self.list:
                self.take_prefix(entry)

    def take_prefix(self, entry):
        text, _, mask = entry.partition("/")
        try:
            ip = ipaddress.ip_address(text)
        except ValueError:
            return
        if not mask.isdigit() and mask or int(mask or 0) > ip.max_prefixlen:
            return
        if ip.version == 4:
            # Kept as text: an entry with host bits is never met.
            self.v4.add(entry if mask else f"{entry}/32")
        else:
            mask = int(mask or 128)
            self.v6.setdefault(mask, []).append(int(ip) >> (128 - mask))

    def hit(self, value):
        return bool(getattr(self, self.type)(value))

    def string(self, value):
        return value in self.known

    def substring(self, value):
        return any(entry in value for entry in self.list)

    def hostname(self, value):
        parts = value.split("/")
        host = parts[2] if "//" in value else parts[0]
        labels = host.rstrip(".").split(".")
        return any(".".join(labels[at:]) in self.known for at in range(len(labels)))

    def regex(self, value):
        # PHP refuses an expression with a flag that it does not know.
        return any(not set(split_regex(entry)[1]) - set("imsuxADSUXJ") and
                   python_regex(entry).search(value) for entry in self.list)

    def cidr(self, value):
        text, _, mask = value.partition("/")
        try:
            ip = ipaddress.ip_address(text)
        except ValueError:
            return False
        match = None
        if ip.version == 4:
            for bits in range(33):
                net = ipaddress.ip_network((int(ip) >> (32 - bits) << (32 - bits), bits))
                if str(net) in self.v4:
                    match = bits
                    break
        else:
            for bits, known in self.v6.items():
                if int(ip) >> (128 - bits) in known:
                    match = bits
        # To PHP the text "0" is as good as no mask.
        return match is not None and (mask in ("", "0") or int(mask) >= match)


def pymisp(one):
    """One list in the package, with the search that it says is the right one for the type."""
    wanted = {"description": "", "version": 1, "name": one["name"], "type": one["type"]}
    entries = one["list"]
    if one["type"] == "cidr":
        # A prefix of length 0 makes the package shift by a negative number.
        entries = [entry for entry in entries if not entry.endswith("/0")]
    return WarningList(wanted | {"list": entries}, slow_search=True)


def in_normal_form(one):
    """The list with its entries as they are compared, those left out left out."""
    found = (normal(one["type"], entry) for entry in one["list"])
    return one | {"list": [entry for entry in found if entry]}


def reason(one, kind, value, entry, again):
    """Why another program may differ from us on a list and a value. `again` asks it once more, on
    the list with entries in normal form: if it then agrees, their spelling was all."""
    if again(in_normal_form(one)) == (entry is not None):
        return "entries not in normal form"
    if one["type"] == "hostname" and kind == "email":
        return "hostname lists and e-mail addresses: by name only, and then the host"
    if one["type"] == "substring" and kind == "url" and entry and entry not in value:
        return "substrings of URLs in other letter case"
    return None


def reason_pymisp(one, kind, value, entry):
    if one["type"] == "regex" and entry:
        return "the package does not evaluate regular expressions"
    if one["type"] == "cidr" and kind.endswith("-cidr") and entry:
        return "the package compares a prefix as text"
    if one["type"] == "cidr" and entry and entry.endswith("/0"):
        return "the package fails on prefixes of length 0"
    if one["type"] == "hostname" and kind == "url" and value.split("/")[2].endswith("."):
        return "a URL with a dot after the host"
    return reason(one, kind, value, entry, lambda again: value in pymisp(again))


def reason_misp(one, kind, value, entry):
    if one["type"] == "regex" and any("g" in split_regex(e)[1] for e in one["list"]):
        return "PHP refuses the flag g"
    if one["type"] == "hostname" and kind.endswith("-cidr") and not entry:
        return "MISP takes the first address of a prefix for a host"
    if one["type"] == "cidr" and value.endswith("/0") and not entry:
        return "MISP takes a prefix of length 0 for an address"
    why = reason(one, kind, value, entry, lambda again: Misp(again).hit(value))
    if why:
        return why
    if one["type"] == "cidr" and kind == "ipv6-cidr" and entry:
        return "MISP looks at one of the IPv6 prefixes that hold a prefix"
    if one["type"] == "hostname" and kind == "url" and value.split("/")[2] != host_of(kind, value):
        return "a URL with port, user or brackets"
    return None


class Maker:
    """Lists and values over so few names and addresses that they meet."""

    LABELS = ("a1", "bb", "cdn", "mail", "x-y", "Www", "evil")
    TOPS = ("com", "co.uk", "net", "example", "barclays")

    def __init__(self, seed):
        self.random = random.Random(seed)

    def domain(self):
        labels = self.random.choices(self.LABELS, k=self.random.randint(1, 3))
        return ".".join([*labels, self.random.choice(self.TOPS)])

    def v4(self):
        pick = self.random.randrange
        return f"{pick(2) * 100 + 98}.51.{pick(3)}.{pick(4) * 60}"

    def v6(self):
        pick = self.random.randrange
        return f"2001:db8:{pick(3)}:{pick(2)}::{pick(4):x}"

    def prefix(self):
        if self.random.random() < 0.5:
            return f"{self.v4()}/{self.random.choice([0, 7, 16, 22, 24, 26, 30, 31, 32])}"
        return f"{self.v6()}/{self.random.choice([0, 16, 32, 47, 48, 64, 127, 128])}"

    def digest(self):
        return self.random.choice("0aB") * self.random.choice([32, 40, 64])

    def entry(self, match_type):
        pick = self.random.choice
        if match_type == "cidr":
            return pick([self.v4, self.v6, self.prefix, self.prefix, lambda: "bad"])()
        if match_type == "hostname":
            return pick(["", "", "", "."]) + pick([
                self.domain, self.domain, self.v4, lambda: pick(self.TOPS)])() + pick(["", "."])
        if match_type == "substring":
            text = pick([self.domain, self.v4, lambda: f"@{self.domain()}", self.digest])()
            start = self.random.randrange(len(text))
            return text[start:start + self.random.randint(2, 12)].strip() or "zz"
        if match_type == "regex":
            head, name = pick(["^", "", "[a-z]+", "(a|b)?"]), re.escape(self.domain())
            slash = r"\/+"
            return f"/{head}{name}{pick(['', '$', '.*', slash])}/{pick(['', 'i', 'i', 'g'])}"
        return pick([
            self.domain, self.domain, self.v4, self.v6, self.digest, self.prefix,
            lambda: f"Bob@{self.domain()}", lambda: f"http://{self.domain()}",
            lambda: f"AS{self.random.randint(1, 9)}", lambda: pick(self.TOPS)])()

    def list(self, number):
        attributes = self.random.choice([
            None, [], ["ALL"], ["domain", "hostname", "url"], ["ip-src", "ip-dst", "domain|ip"],
            ["md5", "sha1", "filename|sha256"], ["email-src", "email-dst"], ["phone-number"],
            ["url", "uri", "ip-dst|port", "AS"]])
        match_type = self.random.choice(["cidr", "hostname", "regex", "string", "substring"])
        count = self.random.randint(1, 8)
        one = {"name": f"Generated {number:03}", "description": "generated", "version": number,
               "type": match_type,
               "list": list(dict.fromkeys(self.entry(match_type) for _ in range(count)))}
        return one if attributes is None else one | {"matching_attributes": attributes}

    def value(self):
        pick = self.random.choice
        made = {
            "domain": self.domain, "ipv4": self.v4, "ipv6": self.v6, "ipv4-cidr": self.prefix,
            "ipv6-cidr": self.prefix, "email": lambda: f"bob@{self.domain()}",
            "asn": lambda: str(self.random.randint(1, 9)),
            "url": lambda: (pick(["http://", "https://u:p@"]) + pick([self.domain, self.v4])() +
                            pick(["", "", ":8080", "."]) + pick(["/", "/A/Evil.com", "/?q=a1"])),
        }
        kind = pick([*made, "digest"])
        if kind == "digest":
            digest = self.digest()
            return {32: "md5", 40: "sha1", 64: "sha256"}[len(digest)], digest
        return kind, made[kind]()


def run(program, folder, values):
    """What our program finds: values in normal form, and for each the entry per list."""
    path = pathlib.Path(folder) / "values"
    path.write_text("".join(f"{kind}\t{value}\n" for kind, value in values), encoding="utf-8")
    done = subprocess.run([program, "--dump", folder, path], capture_output=True, text=True,
                          check=True, encoding="utf-8")
    found = {}
    for line in done.stdout.splitlines():
        fields = line.split("\t")
        if fields[0] == "value":
            hits = found.setdefault((fields[1], fields[2]), {})
        else:
            hits[fields[2]] = fields[4]
    return found


def compare(lists, found, counts):
    """Holds what was found against all three."""
    for one in lists:
        ours, misp, package = Ours(one), Misp(one), pymisp(one)
        for (kind, value), hits in found.items():
            entry, expected = hits.get(one["name"]), ours.hit(kind, value)
            if entry != expected:
                raise Wrong(f"{one} {kind} {value}: found {entry!r}, expected {expected!r}")
            counts["hits"] += entry is not None
            counts["pairs"] += kind in ours.kinds
            if kind not in ours.kinds:
                continue
            hit = entry is not None
            others = [("pymispwarninglists", value in package, reason_pymisp),
                      ("MISP", misp.hit(value), reason_misp)]
            for name, theirs, explain in others:
                if theirs != hit:
                    why = explain(one, kind, value, entry)
                    if why is None:
                        raise Wrong(f"{name}: {theirs}, we: {hit} ({entry!r}): "
                                    f"{str(one)[:2000]} {kind} {value}")
                    counts[f"{name}: {why}"] += 1


def check_vectors(path):
    """The vectors, by our rules in Python."""
    vectors = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    settings = vectors["settings"]
    lists = {one["name"]: Ours(one) for one in vectors["lists"]}
    for case in vectors["values"]:
        hits = {}
        for name, ours in lists.items():
            entry = ours.hit(case["kind"], case["value"])
            if entry is not None and settings[name] != "off":
                hits[name] = entry
        verdict = max((settings[name] for name in hits), default="clear",
                      key=["inform", "block"].index)
        if (hits, verdict) != (case["hits"], case["verdict"]):
            raise Wrong(f"vector {case}: by our rules {hits} {verdict}")
    return len(vectors["values"])


def write(folder, lists):
    for number, one in enumerate(lists):
        place = pathlib.Path(folder) / f"{number:03}"
        place.mkdir()
        (place / "list.json").write_text(json.dumps(one), encoding="utf-8")


def real(program, count, seed, counts):
    """The package's own lists, on values drawn from them and on others near by."""
    base = pathlib.Path(pymispwarninglists.__file__).parent / "data/misp-warninglists/lists"
    paths = sorted(base.glob("*/list.json"))
    lists = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    chance, values = random.Random(seed), []
    for _ in range(count):
        one = chance.choice([one for one in lists if one["type"] != "regex" and one["list"]])
        entry = chance.choice(one["list"]).lower().strip(".")
        if one["type"] == "cidr":
            net = ipaddress.ip_network(entry, strict=False)
            values.append((f"ipv{net.version}", str(net[chance.randrange(net.num_addresses)])))
        elif re.fullmatch(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}", entry):
            values.append(({32: "md5", 40: "sha1", 64: "sha256"}[len(entry)], entry))
        else:
            name = f"{chance.choice(['', '', 'www.', 'not'])}{entry}"
            values.append(chance.choice([
                ("domain", name), ("url", f"http://{name}/a"), ("email", f"abuse@{name}")]))
    with tempfile.TemporaryDirectory() as folder:
        write(folder, lists)
        compare(lists, run(program, folder, values), counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("vectors")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=int, default=0)
    args = parser.parse_args()
    logging.getLogger("pymispwarninglists").setLevel(logging.ERROR)
    counts = Counter()
    try:
        counts["vectors"] = check_vectors(args.vectors)
        for number in range(args.rounds):
            maker = Maker(args.seed + number)
            lists = [maker.list(at) for at in range(60)]
            values = [maker.value() for _ in range(300)]
            with tempfile.TemporaryDirectory() as folder:
                write(folder, lists)
                compare(lists, run(args.program, folder, values), counts)
        if args.real:
            real(args.program, args.real, args.seed, counts)
    except Wrong as wrong:
        print(json.dumps({"ok": False, "reason": str(wrong)}))
        return 1
    print(json.dumps({"ok": True} | dict(sorted(counts.items()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
