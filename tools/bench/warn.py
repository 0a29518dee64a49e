#!/usr/bin/env python3
"""Times warninglists: our index against plain Python and, if it is there, `pymispwarninglists`.

    cargo build --release -p detente-warn --example warn_speed
    tools/bench/warn.py [--entries 500000] [--values 1350000] [--python-values 50000]
                        [--lists FOLDER] [--feeds FOLDER] [--program PATH]

Lists and values are generated from a seed and labelled so, in the shape of the public ones: many
short lists of prefixes, a few long ones of hosts, domains and digests, few substrings and regular
expressions. With --lists FOLDER (as in the package: FOLDER/*/list.json) real lists are used as
well, on values of which a part is drawn from them; with --feeds FOLDER lines of real feeds are
among the values. All programs get the same lists and values, Python a sample of the values from
the first on; its figure for all is that rate carried forward. Ratios are of CPU seconds, ours with
one thread and reading included, Python's without reading. Prints one JSON document; exits 1 if ours
and Python's do not find the same hits on the sample.
"""

import argparse
import ipaddress
import json
import os
import pathlib
import random
import re
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "release" / "examples" / "warn_speed"
IPS = ["ip-src", "ip-dst", "domain|ip", "ip-src|port", "ip-dst|port"]
HOSTS = ["hostname", "domain", "url", "domain|ip"]
HASHES = ["md5", "sha1", "sha256", "filename|md5", "filename|sha1", "filename|sha256"]
MAILS = ["email-src", "email-dst", "whois-registrant-email", "dns-soa-email"]
KINDS = {
    "domain": ["domain"], "hostname": ["domain"], "url": ["url"], "uri": ["url"],
    "link": ["url"], "ip": ["ipv4", "ipv6"], "ip-src": ["ipv4", "ipv6"],
    "ip-dst": ["ipv4", "ipv6"], "md5": ["md5"], "sha1": ["sha1"], "sha256": ["sha256"],
    "sha512": ["sha512"], "malware-sample": ["md5"], "email": ["email"], "email-src": ["email"],
    "email-dst": ["email"], "target-email": ["email"], "email-reply-to": ["email"],
    "whois-registrant-email": ["email"], "dns-soa-email": ["email"], "as": ["asn"],
}
ALL = {kind for kinds in KINDS.values() for kind in kinds}


class Maker:
    """Generated data; no name or address of it is meant for anybody real."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = [self.word(3, 9) for _ in range(20000)]

    def word(self, low, high):
        letters = "abcdefghijklmnopqrstuvwxyz0123456789"
        return "".join(self.random.choices(letters[:26], k=1)) + "".join(
            self.random.choices(letters, k=self.random.randint(low, high) - 1))

    def domain(self):
        top = self.random.choice(["com", "net", "org", "de", "fr", "info", "io", "ru", "xyz"])
        labels = [self.random.choice(self.names) + str(self.random.randrange(100))]
        if self.random.random() < 0.3:
            labels.insert(0, self.random.choice(["www", "cdn", "mail", "api", "static"]))
        return ".".join([*labels, top])

    def v4(self):
        return str(ipaddress.IPv4Address(self.random.randrange(0x01000000, 0xDF000000)))

    def v6(self):
        return str(ipaddress.IPv6Address(0x2A << 120 | self.random.getrandbits(112)))

    def prefix(self):
        if self.random.random() < 0.15:
            length = self.random.randint(29, 64)
            return str(ipaddress.ip_network((self.v6(), length), strict=False))
        length = self.random.choice([12, 16, 18, 20, 22, 23, 24, 24, 24, 26, 28, 32, 32])
        return str(ipaddress.ip_network((self.v4(), length), strict=False))

    def digest(self):
        length = self.random.choice([32, 40, 64])
        return f"{self.random.getrandbits(length * 4):0{length}x}"

    def lists(self, total):
        """136 lists; the long ones take what the short ones leave of the total."""
        lists = []

        def add(match_type, count, attributes, make):
            entries = list(dict.fromkeys(make() for _ in range(count)))
            lists.append({
                "name": f"Generated list {len(lists)} ({match_type})", "version": 20250101,
                "description": "Generated, not real.", "type": match_type,
                "matching_attributes": attributes, "list": entries,
            })

        for _ in range(76):
            add("cidr", self.random.choice([3, 8, 20, 60, 150, 400, 1000]), IPS, self.prefix)
        for _ in range(22):
            add("hostname", self.random.choice([5, 40, 200, 1000]), HOSTS, self.domain)
        for _ in range(22):
            add("string", self.random.choice([5, 100, 500, 1000]), HOSTS, self.domain)
        add("substring", 4900, [*MAILS, "domain|ip"], self.domain)
        add("substring", 26, HOSTS, self.domain)
        add("substring", 11, HOSTS, self.domain)
        add("regex", 1, MAILS, lambda: r"/^(security|noc|soc|abuse)\@.*\..*$/i")
        add("regex", 20, HOSTS, lambda: f"/^{self.word(4, 6)}[0-9]+\\.example$/")
        rest = total - sum(len(one["list"]) for one in lists)
        shares = [("hostname", 0.25, HOSTS, self.domain), ("string", 0.2, HASHES, self.digest),
                  ("cidr", 0.12, IPS, self.v4), ("cidr", 0.08, IPS, self.prefix),
                  ("hostname", 0.07, HOSTS, self.domain), ("string", 0.1, HOSTS, self.domain),
                  ("string", 0.06, HASHES, self.digest), ("hostname", 0.05, HOSTS, self.domain),
                  ("string", 0.04, HOSTS, self.domain), ("string", 0.02, HOSTS, self.domain),
                  ("string", 0.01, HOSTS, self.domain)]
        for match_type, share, attributes, make in shares:
            add(match_type, int(rest * share), attributes, make)
        assert len(lists) == 136, len(lists)
        return lists

    def values(self, lists, count, feeds):
        """Of each kind, and about one in eight drawn from a list."""
        known = [(one["type"], entry) for one in lists if one["type"] in ("cidr", "hostname")
                 for entry in self.random.sample(one["list"], min(2000, len(one["list"])))]
        known += [("string", entry) for one in lists if one["type"] == "string"
                  for entry in self.random.sample(one["list"], min(2000, len(one["list"])))]
        values = []
        while len(values) < count:
            if feeds and self.random.random() < 0.4:
                values.append(self.random.choice(feeds))
            elif self.random.random() < 0.2:
                values.append(self.near(*self.random.choice(known)))
            else:
                values.append(self.fresh())
        return [value for value in values if value]

    def near(self, match_type, entry):
        if match_type == "cidr":
            net = ipaddress.ip_network(entry, strict=False)
            inside = net[self.random.randrange(min(net.num_addresses, 1 << 16))]
            return ("ipv4" if net.version == 4 else "ipv6", str(inside))
        kind = {32: "md5", 40: "sha1", 64: "sha256"}.get(len(entry))
        if kind and re.fullmatch("[0-9a-f]+", entry):
            return (kind, entry)
        if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}", entry):
            return None
        if self.random.random() < 0.3:
            return ("url", f"http://{entry}/{self.word(3, 12)}")
        return ("domain", entry if self.random.random() < 0.5 else f"{self.word(3, 5)}.{entry}")

    def fresh(self):
        draw = self.random.random()
        if draw < 0.45:
            return ("ipv4", self.v4())
        if draw < 0.48:
            return ("ipv6", self.v6())
        if draw < 0.7:
            return ("domain", self.domain())
        if draw < 0.85:
            return ("url", f"http://{self.domain()}/{self.word(3, 20)}")
        if draw < 0.97:
            digest = self.digest()
            return ({32: "md5", 40: "sha1", 64: "sha256"}[len(digest)], digest)
        return ("email", f"{self.word(3, 9)}@{self.domain()}")


def kinds_of(one):
    """The kinds that a list speaks of."""
    kinds = set()
    for attribute in one.get("matching_attributes") or ["ALL"]:
        if attribute == "ALL":
            return ALL
        for part in attribute.lower().split("|"):
            kinds.update(KINDS.get(part, []))
    return kinds


class Plain:
    """What a careful Python programmer writes: one dictionary over the strings of all lists, one
    over host names, one for each length of prefix; substrings and expressions one by one."""

    def __init__(self, lists):
        self.kinds = [kinds_of(one) for one in lists]
        self.strings, self.hosts, self.nets = {}, {}, {}
        self.substrings, self.regexes = [], []
        for number, one in enumerate(lists):
            getattr(self, one["type"])(number, one["list"])

    def string(self, number, entries):
        for entry in entries:
            text = entry if "/" in entry else entry.lower()
            self.strings.setdefault(text, []).append(number)

    def hostname(self, number, entries):
        for entry in entries:
            self.hosts.setdefault(entry.strip(".").lower(), []).append(number)

    def cidr(self, number, entries):
        for entry in entries:
            net = ipaddress.ip_network(entry, strict=False)
            shift = net.max_prefixlen - net.prefixlen
            table = self.nets.setdefault((net.version, shift), {})
            table.setdefault(int(net.network_address) >> shift, []).append(number)

    def substring(self, number, entries):
        self.substrings.append((number, [entry.lower() for entry in entries]))

    def regex(self, number, entries):
        compiled = []
        for entry in entries:
            body, _, flags = entry[1:].rpartition("/")
            compiled.append(re.compile(body, re.IGNORECASE if "i" in flags else 0))
        self.regexes.append((number, compiled))

    def hits(self, kind, value):
        found = set(self.strings.get(value, ()))
        if kind in ("ipv4", "ipv6"):
            version, number = int(kind[3]), int(ipaddress.ip_address(value))
            found.update(self.hosts.get(value, ()))
            for (of_version, shift), table in self.nets.items():
                if of_version == version:
                    found.update(table.get(number >> shift, ()))
        elif kind in ("domain", "url"):
            host = value.split("/", 3)[2] if kind == "url" else value
            host = re.sub(r"^.*@|:\d+$", "", host) if kind == "url" else host
            while host:
                found.update(self.hosts.get(host, ()))
                host = host.partition(".")[2]
        lower = value.lower()
        for number, entries in self.substrings:
            if kind in self.kinds[number] and any(entry in lower for entry in entries):
                found.add(number)
        for number, compiled in self.regexes:
            if kind in self.kinds[number] and any(one.search(value) for one in compiled):
                found.add(number)
        return sum(kind in self.kinds[number] for number in found)


def feed_values(folder):
    """IPv4 addresses and plain domains of feeds, as they stand there."""
    values = set()
    for path in sorted(pathlib.Path(folder).glob("*.txt")):
        for line in path.read_text(errors="replace").splitlines():
            line = line.strip()
            if re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}", line):
                values.add(("ipv4", line))
            elif re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,10}", line):
                values.add(("domain", line))
    return sorted(values)


def ours(program, folder, values, threads):
    """Our figures, and the process's own CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([program, "--threads", str(threads), folder, values],
                          capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{program}: {done.returncode}\n{done.stdout}{done.stderr}")
    figures = json.loads(done.stdout)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return figures | {"cpu_s": round(cpu, 3)}


def readable(program, folder, path):
    """The values of a file that have a normal form, in it: Python alone finds others."""
    done = subprocess.run([program, "--dump", folder, path], capture_output=True, text=True,
                          check=True)
    fields = (line.split("\t") for line in done.stdout.splitlines())
    return [(one[1], one[2]) for one in fields if one[0] == "value"]


def timed(prepare, ask, values, total):
    """Seconds of CPU, as other work on the machine does not count there."""
    begin = time.process_time()
    made = prepare()
    built = time.process_time() - begin
    begin = time.process_time()
    hits = sum(ask(made, kind, value) for kind, value in values)
    checked = time.process_time() - begin
    return {"build_cpu_s": round(built, 2), "sample": len(values),
            "sample_cpu_s": round(checked, 2), "hits": hits,
            "all_cpu_s": round(built + checked * total / len(values), 1)}


def python(lists, values, total):
    return timed(lambda: Plain(lists), lambda made, kind, value: made.hits(kind, value),
                 values, total)


def pymisp(lists, values, total):
    try:
        from pymispwarninglists import WarningLists
    except ImportError:
        return None
    return timed(lambda: WarningLists(slow_search=True, lists=lists),
                 lambda made, _, value: len(made.search(value)), values, total)


def compare(label, folder, lists, values, args, scratch):
    path = scratch / "values"
    path.write_text("".join(f"{kind}\t{value}\n" for kind, value in values))
    figures = {threads: ours(args.program, folder, path, threads) for threads in (1, 2)}
    path.write_text("".join(f"{kind}\t{value}\n" for kind, value in values[:args.python_values]))
    by_python = python(lists, readable(args.program, folder, path), len(values))
    same = ours(args.program, folder, path, 2)["hits"] == by_python["hits"]
    by_pymisp = pymisp(lists, values[:args.pymisp_values], len(values))
    wall, cpu = figures[2]["wall_s"], figures[1]["cpu_s"]
    result = {
        "data": label, "load_average": os.getloadavg()[0],
        "ours_1_thread": figures[1], "ours_2_threads": figures[2],
        "plain_python": by_python, "pymispwarninglists": by_pymisp,
        "same_hits_as_python": same,
        "plain_python_cpu_to_ours": round(by_python["all_cpu_s"] / cpu, 1),
        "within_5_s_and_1_gib": wall <= 5 and figures[2]["peak_mib"] <= 1024,
    }
    if by_pymisp:
        result["pymispwarninglists_cpu_to_ours"] = round(by_pymisp["all_cpu_s"] / cpu)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=500_000)
    parser.add_argument("--values", type=int, default=1_350_000)
    parser.add_argument("--python-values", type=int, default=50_000)
    parser.add_argument("--pymisp-values", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lists")
    parser.add_argument("--feeds")
    parser.add_argument("--program", default=str(PROGRAM))
    args = parser.parse_args()
    maker = Maker(args.seed)
    feeds = feed_values(args.feeds) if args.feeds else []
    results = []
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        lists = maker.lists(args.entries)
        for number, one in enumerate(lists):
            folder = scratch / "lists" / f"{number:03}"
            folder.mkdir(parents=True)
            (folder / "list.json").write_text(json.dumps(one, indent=2))
        values = maker.values(lists, args.values, feeds)
        label = f"generated, seed {args.seed}"
        results.append(compare(label, scratch / "lists", lists, values, args, scratch))
        if args.lists:
            paths = sorted(pathlib.Path(args.lists).glob("*/list.json"))
            lists = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
            values = maker.values(lists, args.values, feeds)
            results.append(compare("real lists", args.lists, lists, values, args, scratch))
    print(json.dumps(results, indent=2))
    return 0 if all(one["same_hits_as_python"] for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
