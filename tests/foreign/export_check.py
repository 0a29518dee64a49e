#!/usr/bin/env python3
"""Loads a folder of exports with the programs that they are made for.

    apt-get install bind9 bind9-utils suricata      # suricata: Debian 13, or 12 with backports
    python3 -m venv v
    v/bin/pip install pymisp stix2 stix2-validator pysigma dnspython
    cargo build --release -p detente-write --example write_exports
    v/bin/python export_check.py --program PATH/TO/write_exports [--cases N] [--seed N]
                                 [--packets] [--resolver]
    v/bin/python export_check.py FOLDER [--packets] [--resolver]

The first form makes N indicators of every kind from the seed, with texts that want to be more than
texts, and has the program write them, twice: with its careful options and with those that let
everything through. The second checks a FOLDER that the program wrote before. `indicators.ndjson` in
it is what was exported; what each other file must hold is worked out from it here, by the rules of
`docs/protocol/exports.md`. With `--packets` Suricata reads packets that this script makes, with
`--resolver` BIND answers queries on 127.0.0.1 under the zone.

Prints one JSON line a check. Exits 1 if something does not hold, 2 if a program is missing.
Zeek is in no Debian release: its file is read here by the rules of its manual.
"""

import argparse
import collections
import csv
import ipaddress
import json
import pathlib
import random
import re
import shutil
import ssl
import struct
import subprocess
import sys
import tempfile
import time

TLP = ["clear", "green", "amber", "amber+strict", "red"]
TLP_IDS = {
    "clear": "94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "e828b379-4e03-4974-9ac4-e53a884c97c1",
}
MOST_VALIDATED = 4_000
PREFIXES = ("ipv4-cidr", "ipv6-cidr")
ADDRESSES = ("ipv4", "ipv6")
faults, missing = [], []


def say(check, **what):
    print(json.dumps({"check": check, **what}), flush=True)


def fault(check, reason):
    faults.append(check)
    say(check, ok=False, reason=str(reason)[:600])


def same(check, got, wanted, **what):
    got, wanted = collections.Counter(got), collections.Counter(wanted)
    if got == wanted:
        say(check, ok=True, entries=sum(got.values()), **what)
    else:
        fault(check, f"only in the file: {list((got - wanted))[:3]}, "
              f"only wanted: {list((wanted - got))[:3]}")


class One:
    """An indicator as it was exported."""

    def __init__(self, line):
        data = json.loads(line)
        self.kind, self.value = data["observable"]["kind"], data["observable"]["value"]
        self.context = data["context"]
        markings = self.context["markings"]
        self.closed = markings.get("closed", False)
        self.tlp = "red" if self.closed else markings["tlp"]
        self.texts = [text.lower() for text in markings.get("texts", [])]
        self.labels = self.context.get("labels", [])
        self.pap = self.stated_pap()

    def stated_pap(self):
        order, found = ["clear", "green", "amber", "red"], []
        for text in self.texts:
            if text.startswith("pap:"):
                found.append(text[4:].replace("white", "clear"))
            if text.startswith("iep:permitted-actions="):
                said = text.split("=")[1].strip('"').replace("-", " ")
                found.append({"externally visible direct actions": "green",
                              "externally visible indirect actions": "amber"}.get(said, "red"))
        return max(found, key=order.index) if found else None

    def key(self):
        return (self.kind, self.value)

    def is_valid(self, now):
        return (self.context.get("valid_from", now) <= now
                < self.context.get("valid_until", now + 1))

    def may_act(self, now, blocking):
        few = any(t.startswith(("rel to ", "orcon", "detente:releasable-to", "detente:originator"))
                  for t in self.texts)
        extra = self.context.get("extra", {})
        detection = "misp_type" not in extra or "misp:to_ids" in self.labels
        whole = self.kind in PREFIXES and self.value.endswith("/0")
        return not (self.closed or few or not self.is_valid(now) or whole or not detection
                    or "stix:part-of-conjunction" in self.labels
                    or (blocking and self.pap in ("amber", "red")))


def first_of(items):
    """The first of each value, as the formats keep it that name each value once."""
    kept = {}
    for one in items:
        kept.setdefault(one.key(), one)
    return list(kept.values())


def check_csv(folder, items):
    with open(folder / "indicators.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    for row in rows:
        for cell in row.values():
            if cell is None or cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
                return fault("csv", f"a formula or a short record: {cell!r}")
    plain = [{k: v[1:] if v.startswith("'") else v for k, v in row.items()} for row in rows]
    same("csv", [(r["type"], r["value"], r["tlp"], r["description"]) for r in plain],
         [(o.kind, o.value, "TLP:" + o.tlp.upper(), o.context.get("description", ""))
          for o in items])


def pattern_of(one):
    quoted = "'" + one.value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    path = {"domain": "domain-name:value", "url": "url:value", "email": "email-addr:value",
            "ipv4": "ipv4-addr:value", "ipv4-cidr": "ipv4-addr:value",
            "ipv6": "ipv6-addr:value", "ipv6-cidr": "ipv6-addr:value",
            "md5": "file:hashes.MD5", "sha1": "file:hashes.'SHA-1'",
            "sha256": "file:hashes.'SHA-256'", "sha512": "file:hashes.'SHA-512'",
            "cert-sha1": "x509-certificate:hashes.'SHA-1'",
            "cert-sha256": "x509-certificate:hashes.'SHA-256'"}.get(one.kind)
    if one.kind == "asn":
        return f"[autonomous-system:number = {one.value}]"
    return f"[{path} {'ISSUBSET' if one.kind in PREFIXES else '='} {quoted}]"


def check_stix(folder, items):
    try:
        import stix2
        import stix2validator
        from stix2patterns.validator import validate
    except ImportError as error:
        missing.append(str(error))
        return
    text = (folder / "stix.json").read_text(encoding="utf-8")
    raw = json.loads(text)["objects"]
    parsed = stix2.parse(text, allow_custom=False)
    lines = (folder / "stix.ndjson").read_text(encoding="utf-8").split("\n")
    same("stix ndjson", [json.dumps(json.loads(line)) for line in lines if line],
         [json.dumps(one) for one in raw])
    seen = set()
    for one in raw:
        for ref in one.get("object_marking_refs", []) + [one.get("created_by_ref", "")]:
            if ref and ref not in seen:
                return fault("stix", f"{one['id']} points to {ref}, which is not before it")
        if one["id"] in seen:
            return fault("stix", f"{one['id']} stands twice")
        seen.add(one["id"])
    indicators = [one for one in raw if one["type"] == "indicator"]
    for one in indicators:
        if not validate(one["pattern"], stix_version="2.1"):
            return fault("stix pattern", one["pattern"])
    colours = {f"marking-definition--{v}": k for k, v in TLP_IDS.items()}
    got = [(one["pattern"], [colours[r] for r in one["object_marking_refs"] if r in colours][0])
           for one in indicators]
    wanted = {}
    for one in items:
        source, origin = one.context["source"], one.context.get("origin")
        wanted.setdefault((*one.key(), source, origin), (pattern_of(one), one.tlp))
    same("stix", got, wanted.values(), objects=len(parsed.objects))
    validator(stix2validator, "stix validator", folder / "stix.json", ())
    observables(folder, items, stix2)
    # Its test for mailboxes is narrower than RFC 5322, to which STIX points.
    validator(stix2validator, "stix observables validator", folder / "observables.json",
              ("is not a 'email'",))


def validator(module, check, path, tolerated):
    """OASIS's own validator, which takes three seconds for a thousand objects: of a large file it
    gets every n-th object."""
    objects = json.loads(path.read_text(encoding="utf-8"))["objects"]
    step = max(1, len(objects) // MOST_VALIDATED)
    bundle = {"type": "bundle", "id": "bundle--8beee5d8-ce54-416c-bc13-1898f386306a",
              "objects": objects[::step]}
    options = module.ValidationOptions(version="2.1")
    result = module.validate_instance(bundle, options)
    errors = [str(e) for e in result.errors]
    errors = [e for e in errors if not any(t in e for t in tolerated)]
    warnings = collections.Counter(
        re.search(r"\{(\d+)\}", str(w)).group(1) for w in result.warnings)
    if errors:
        fault(check, f"{len(errors)}: {errors[:3]}")
    else:
        say(check, ok=True, objects=len(bundle["objects"]), of=len(objects),
            warnings=dict(warnings))


def observables(folder, items, stix2):
    raw = json.loads((folder / "observables.json").read_text(encoding="utf-8"))["objects"]
    raw = [one for one in raw if one["type"] not in
           ("identity", "marking-definition", "extension-definition")]
    for one in raw:
        bare = {k: v for k, v in one.items() if k not in ("id", "object_marking_refs")}
        made = json.loads(stix2.parse({**bare}, version="2.1").serialize())
        if made["id"] != one["id"]:
            return fault("stix observables", f"{one['id']} would be {made['id']}")
    def value(one):
        return str(one.get("value") or one.get("number") or list(one["hashes"].values())[0])
    label = re.compile(r"(?!-)(?:xn--|(?!..--))[a-z0-9-]+(?<!-)")
    allowed = [one for one in first_of(items) if
               (one.kind != "domain" or all(label.fullmatch(p) for p in one.value.split(".")))
               and (one.kind != "url" or re.fullmatch(r"[\w.~:/?#\[\]@!$&'()*+,;=%-]+", one.value,
                                                      re.ASCII))]
    same("stix observables", [value(one) for one in raw], [one.value for one in allowed])


def check_misp(folder, items, now):
    try:
        import pymisp
    except ImportError as error:
        missing.append(str(error))
        return
    got, uuids, objects = [], set(), 0
    for wrapped in json.loads((folder / "misp.json").read_text(encoding="utf-8"))["response"]:
        event = pymisp.MISPEvent()
        event.load(wrapped)
        tags = [tag.name for tag in event.tags]
        tlp = tags[0].removeprefix("tlp:")
        widest = {"clear": 3, "green": 1, "amber": 1}.get(tlp, 0)
        if len(tags) != 1 or tlp not in TLP or int(event.distribution) > widest:
            return fault("misp", f"{event.info}: {tags}, distribution {event.distribution}")
        parts = [(one, part) for one in event.objects for part in one.attributes]
        for one, part in parts:
            if not part.object_relation or one.uuid in uuids or one.name != "domain-ip":
                return fault("misp", f"{part.value} in an object {one.name} {one.uuid}")
        objects += len(event.objects)
        for attribute in event.attributes + [part for _, part in parts]:
            own = [t.name for t in attribute.tags if re.fullmatch(r"tlp:(?!ex:).*", t.name, re.I)]
            if own != [f"tlp:{tlp}"] or attribute.uuid in uuids:
                return fault("misp", f"{attribute.value}: {own}, {attribute.uuid}")
            if int(attribute.distribution) != 5:
                return fault("misp", f"{attribute.value}: distribution of its own")
            uuids.add(attribute.uuid)
            value = attribute.value
            if "|" in attribute.type:
                parts = value.rpartition("|")
                value = parts[2] if attribute.type.startswith("filename") else parts[0]
            got.append((attribute.type, value, tlp, bool(attribute.to_ids)))
    kinds = {"domain": "domain", "url": "url", "asn": "AS", "email": "email-src",
             "cert-sha1": "x509-fingerprint-sha1", "cert-sha256": "x509-fingerprint-sha256"}
    wanted = []
    for one in first_of(i for i in items if i.is_valid(now)):
        extra = one.context.get("extra", {})
        had, kind = extra.get("misp_type", ""), kinds.get(one.kind, one.kind)
        named = one.kind in ("domain", *ADDRESSES)
        port = named and re.fullmatch(r"\d{1,5}", extra.get("port", ""))
        if one.kind in ADDRESSES + PREFIXES:
            kind = "ip-src" if had.startswith("ip-src") else "ip-dst"
        elif one.kind == "domain" and (had.startswith("hostname") or port):
            kind = "hostname"
        elif one.kind == "email" and had == "email-dst":
            kind = had
        elif one.kind in ("md5", "sha1", "sha256", "sha512") and extra.get("filename"):
            kind = "filename|" + kind
        kind += "|port" if port else ""
        detection = not had or "misp:to_ids" in one.labels
        wanted.append((kind, one.value, one.tlp, detection and one.kind != "asn"))
    same("misp", got, wanted, objects=objects)


def check_hosts(folder, items, now):
    got = []
    for line in (folder / "hosts").read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            address, name = line.partition("#")[0].split()
            if address != "0.0.0.0":
                return fault("hosts", line)
            got.append(name)
    same("hosts", got, [one.value for one in first_of(i for i in items if i.may_act(now, True))
                        if one.kind == "domain"])


def trigger(one):
    """The owner name of an address in a response policy zone, worked out from its bits."""
    net = ipaddress.ip_network(one.value)
    if net.version == 4:
        parts = str(net.network_address).split(".")
    else:
        # RFC 5952 shortens the same run that BIND wants shortened.
        text = str(net.network_address)
        text = "zz" if text == "::" else re.sub("^::", "zz:", re.sub("::$", ":zz", text))
        parts = text.replace("::", ":zz:").split(":")
    return f"{net.prefixlen}.{'.'.join(reversed(parts))}.rpz-ip"


def check_rpz(folder, items, now):
    path = folder / "rpz.zone"
    text = path.read_text(encoding="ascii")
    origin = re.search(r"^\$ORIGIN (\S+)\.$", text, re.M).group(1)
    tool = shutil.which("named-checkzone")
    if not tool:
        missing.append("named-checkzone")
        return None
    run = subprocess.run([tool, "-i", "local", origin, path], capture_output=True, text=True)
    if run.returncode != 0 or "loaded serial" not in run.stdout:
        fault("rpz", run.stdout + run.stderr)
        return None
    owners = [line.split()[0] for line in text.splitlines() if " CNAME " in line]
    wanted = []
    for one in first_of(i for i in items if i.may_act(now, True)):
        names = []
        if one.kind == "domain" and not re.search(r"(^|\.)rpz-[^.]*$", one.value):
            names = [one.value, "*." + one.value]
        elif one.kind in ADDRESSES + PREFIXES:
            names = [trigger(one)]
        if all(len(name) + 1 + len(origin) <= 253 for name in names):
            wanted += names
    same("rpz", owners, wanted, checkzone=run.stdout.split("\n")[0])
    return origin, wanted


def rules_of(folder):
    return [line for line in (folder / "suricata.rules").read_text("ascii").splitlines()
            if not line.startswith("#")]


def check_suricata(folder, items, now):
    tool = shutil.which("suricata")
    if not tool:
        missing.append("suricata")
        return
    rules = rules_of(folder)
    sids = [int(re.search(r"; sid:(\d+); rev:\d+;\)$", rule).group(1)) for rule in rules]
    if len(set(sids)) != len(sids):
        return fault("suricata", "a signature number stands twice")
    with tempfile.TemporaryDirectory() as logs:
        run = subprocess.run([tool, "-T", "-v", "-S", folder / "suricata.rules", "-l", logs],
                             capture_output=True, text=True)
    words = run.stdout + run.stderr
    loaded = re.search(r"(\d+) rules successfully loaded, (\d+) rules failed", words)
    loaded = loaded and [int(number) for number in loaded.groups()]
    troubled = [line for line in words.splitlines() if re.match(r"(e|Error|Warning|w): ?", line)]
    if run.returncode != 0 or loaded != [len(rules), 0] or troubled:
        return fault("suricata", words[-600:])
    wanted = 0
    for one in first_of(i for i in items if i.may_act(now, False)):
        wanted += 2 if one.kind == "domain" else 0
        wanted += one.kind in ADDRESSES + PREFIXES + ("cert-sha1",)
        wanted += one.kind == "url" and one.value.startswith("http://")
    if wanted != len(rules):
        return fault("suricata", f"{len(rules)} rules, {wanted} wanted")
    say("suricata", ok=True, rules=len(rules), loaded=loaded[0])


def check_zeek(folder, items, now):
    """By the manual: tabs, `#fields`, `-` for not set, `\\xHH` for a byte."""
    fields, got = None, []
    kinds = {"ipv4": "ADDR", "ipv6": "ADDR", "ipv4-cidr": "SUBNET", "ipv6-cidr": "SUBNET",
             "domain": "DOMAIN", "email": "EMAIL", "url": "URL", "md5": "FILE_HASH",
             "sha1": "FILE_HASH", "sha256": "FILE_HASH", "sha512": "FILE_HASH",
             "cert-sha1": "CERT_HASH", "cert-sha256": "CERT_HASH"}
    for line in (folder / "zeek.intel").read_text(encoding="utf-8").split("\n"):
        if line.startswith("#fields\t"):
            fields = line.split("\t")[1:]
        elif line and not line.startswith("#"):
            cells = [re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m.group(1), 16)), cell)
                     for cell in line.split("\t")]
            if fields is None or len(cells) != len(fields) or "" in cells:
                return fault("zeek", line)
            row = dict(zip(fields, cells))
            kind = row["indicator_type"].removeprefix("Intel::")
            if kind == "ADDR":
                ipaddress.ip_address(row["indicator"])
            elif kind == "SUBNET":
                ipaddress.ip_network(row["indicator"])
            elif kind == "URL" and "://" in row["indicator"].split("?")[0].split("/")[0]:
                return fault("zeek", line)
            got.append((row["indicator"], kind))
    wanted, seen = [], set()
    for one in items:
        if not one.may_act(now, False) or one.kind not in kinds:
            continue
        value, source = one.value, " ".join(one.context["source"].split())
        if one.kind == "url":
            scheme, rest = value.split("://", 1)
            if scheme not in ("http", "https", "ftp"):
                continue
            host, slash, path = rest.partition("/")
            value = host.rpartition("@")[2] + slash + path
        if (value, kinds[one.kind], source) not in seen:
            seen.add((value, kinds[one.kind], source))
            wanted.append((value, kinds[one.kind]))
    same("zeek", got, wanted, by="the manual's rules, no Zeek here")


def check_sigma(folder, items, now):
    try:
        from sigma.collection import SigmaCollection
        from sigma.plugins import InstalledSigmaPlugins
        from sigma.types import SigmaString
        from sigma.validation import SigmaValidator
        from sigma.validators.core import validators
    except ImportError as error:
        missing.append(str(error))
        return
    text = (folder / "sigma.yml").read_text(encoding="utf-8")
    rules = SigmaCollection.from_yaml(text)
    if rules.errors or any(rule.errors for rule in rules):
        return fault("sigma", rules.errors or [rule.errors for rule in rules][:1])
    # Left out: two that load lists from the web, the one for TLP 1, and one that asks whether an
    # escaped wildcard is meant, which it is: each value is compared below.
    left_out = ("attacktag", "d3_fendtag", "tlpv1_tag", "escaped_wildcard")
    chosen = [v for n, v in validators.items() if n not in left_out]
    issues = [str(i) for i in SigmaValidator(chosen).validate_rules(iter(rules.rules))]
    if issues:
        return fault("sigma", issues[:3])
    if len({rule.id for rule in rules}) != len(rules.rules):
        return fault("sigma", "an id stands twice")
    got = []
    for rule in rules:
        tlp = [t.name for t in rule.tags if t.namespace == "tlp"][0].replace("-", "+")
        for item in rule.detection.detections["selection_0"].detection_items:
            for value in item.original_value:
                if isinstance(value, SigmaString) and value.contains_special():
                    return fault("sigma", f"a wildcard in {value}")
                plain = "".join(value.s) if isinstance(value, SigmaString) else str(value)
                got.append((plain, tlp))
    names = {"md5": "MD5", "sha1": "SHA1", "sha256": "SHA256"}
    wanted = []
    for one in first_of(i for i in items if i.may_act(now, False)):
        if one.kind in names:
            wanted.append((f"{names[one.kind]}={one.value.upper()}", one.tlp))
        elif one.kind in ("domain", "url") + ADDRESSES + PREFIXES:
            wanted.append((one.value, one.tlp))
    same("sigma", got, wanted, rules=len(rules.rules), validators=len(chosen))
    backends(rules, InstalledSigmaPlugins)


def backends(rules, plugins):
    """Turns the rules into queries with whatever backends are installed."""
    for name, backend in plugins.autodiscover().backends.items():
        queries = backend().convert(rules)
        say("sigma backend", ok=True, backend=name, queries=len(queries))


def bind_answers(folder, items, zone):
    """Starts BIND with the zone as its policy and asks it for names in and beside the zone."""
    named = shutil.which("named")
    try:
        import dns.message
        import dns.query
        import dns.rcode
    except ImportError as error:
        missing.append(str(error))
        return
    if not named:
        missing.append("named")
        return
    origin, owners = zone
    port = 15_353
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        shutil.copy(folder / "rpz.zone", home / "rpz.zone")
        (home / "root.zone").write_text(
            "$TTL 60\n@ SOA . . 1 60 60 60 60\n@ NS localhost.\nlocalhost. A 127.0.0.1\n")
        listed = set(owners)
        nets = [ipaddress.ip_network(one.value) for one in items if trigger_of(one, listed)]
        numbers = random.Random(1)
        free = ipaddress.ip_address("198.18.0.1")
        while any(net.version == 4 and free in net for net in nets):
            free = ipaddress.ip_address(numbers.getrandbits(32))
        addresses = [one for one in items if trigger_of(one, listed)][:200]
        with open(home / "root.zone", "a", encoding="ascii") as file:
            file.write(f"beside.test. A {free}\n")
            for number, one in enumerate(addresses):
                net = ipaddress.ip_network(one.value)
                kind = "A" if net.version == 4 else "AAAA"
                file.write(f"a{number}.test. {kind} {net.broadcast_address}\n")
        (home / "named.conf").write_text(f"""
options {{ directory "{home}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  pid-file "{home}/pid"; session-keyfile "{home}/key"; recursion yes; dnssec-validation no;
  allow-query {{ 127.0.0.1; }}; notify no; empty-zones-enable no;
  response-policy {{ zone "{origin}"; }} qname-wait-recurse no recursive-only no; }};
zone "." {{ type primary; file "root.zone"; }};
zone "{origin}" {{ type primary; file "rpz.zone"; }};
controls {{ }};
""")
        with open(home / "log", "w", encoding="utf-8") as log:
            server = subprocess.Popen([named, "-g", "-c", home / "named.conf"], stderr=log)
        try:
            answers(dns, port, (origin, owners), addresses, home / "log")
        finally:
            server.terminate()
            server.wait()


def trigger_of(one, owners):
    return one.kind in ADDRESSES + PREFIXES and not one.value.endswith("/0") \
        and trigger(one) in owners


def answers(dns, port, zone, addresses, log):
    origin, owners = zone

    def ask(name, kind="A"):
        query = dns.message.make_query(name, kind)
        return dns.rcode.to_text(dns.query.udp(query, "127.0.0.1", port=port, timeout=5).rcode())

    for _ in range(300):
        words = log.read_text()
        if "all zones loaded" in words and f"rpz: {origin}: reload done" in words:
            break
        time.sleep(0.1)
    names = [name for name in owners if "rpz-ip" not in name]
    names = [name.replace("*.", "below.", 1) for name in names][:200]
    wrong = [name for name in names if ask(name) != "NXDOMAIN"]
    for number, one in enumerate(addresses[:200]):
        kind = "A" if ipaddress.ip_network(one.value).version == 4 else "AAAA"
        if ask(f"a{number}.test", kind) != "NXDOMAIN":
            wrong.append(one.value)
    if ask("beside.test") != "NOERROR":
        wrong.append("beside.test is blocked too")
    odd = [line for line in log.read_text().splitlines()
           if "invalid rpz" in line or "not the canonical" in line or ": error" in line]
    if wrong or odd:
        fault("bind", f"{wrong[:3]} {odd[:3]}")
    else:
        say("bind", ok=True, names=len(names), addresses=len(addresses[:200]))


def packets(flows):
    """A capture file of the flows, each a list of (from client, payload) in UDP or TCP."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)]
    clock = 1_700_000_000

    def add(protocol, ends, body):
        nonlocal clock
        clock += 1
        source, target = ends
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0,
                           source[0], target[0])
        total = sum(struct.unpack(">10H", head))
        total = (total & 0xFFFF) + (total >> 16)
        head = head[:10] + struct.pack(">H", ~total & 0xFFFF) + head[12:]
        out.append(struct.pack("<IIII", clock, 0, len(head + body), len(head + body)))
        out.append(head + body)

    for number, (protocol, port, payload) in enumerate(flows):
        client = (bytes([10, 0, 0, 1]), 20_000 + number)
        server = (bytes([198, 18, 0, 1]), port)
        if protocol == "udp":
            body = struct.pack(">HHHH", client[1], port, 8 + len(payload), 0) + payload
            add(17, (client, server), body)
            continue
        def segment(ends, numbers, flags, data=b""):
            body = struct.pack(">HHIIBBHHH", ends[0][1], ends[1][1], *numbers, 0x50, flags,
                               65_535, 0, 0)
            add(6, ends, body + data)
        there, back = (client, server), (server, client)
        segment(there, (1, 0), 2)
        segment(back, (1, 2), 18)
        segment(there, (2, 2), 16)
        segment(there, (2, 2), 24, payload)
        segment(back, (2, 2 + len(payload)), 16)
        segment(there, (2 + len(payload), 2), 17)
        segment(back, (2, 3 + len(payload)), 17)
    return b"".join(out)


def dns_question(name):
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.split("."))
    return struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def tls_hello(name):
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()
    side = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def http_request(url):
    rest = url.split("://", 1)[1]
    end = min([rest.find(c) for c in "/?" if c in rest])
    host, path = rest[:end].rpartition("@")[2], rest[end:]
    port = re.fullmatch(r".*:(\d+)", host)
    text = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: x\r\n\r\n"
    return ("tcp", int(port.group(1)) if port and not host.endswith("]") else 80, text.encode())


def suricata_alerts(folder, items, now):
    """Each domain and URL fires its own rules and no others; its neighbours fire none."""
    acting = first_of(i for i in items if i.may_act(now, False))
    listed = {one.value for one in acting}
    flows, wanted = [], []
    for one in [o for o in acting if o.kind == "domain"][:100]:
        near = "x" + one.value
        if near in listed or len(one.value.split(".")[0]) > 62 or len(one.value) > 250:
            near = "beside.test"
        flows += [("udp", 53, dns_question(one.value.upper())), ("udp", 53, dns_question(near))]
        wanted.append(("dns.query", one.value))
        if re.fullmatch(r"[a-z0-9.-]{1,250}", one.value) and not re.search(r"(^|\.)-|-(\.|$)",
                                                                           one.value):
            flows.append(("tcp", 443, tls_hello(one.value)))
            wanted.append(("tls.sni", one.value))
    for one in [o for o in acting if o.kind == "url" and o.value.startswith("http://")][:100]:
        flows.append(http_request(one.value))
        if one.value + "x" not in listed:
            flows.append(http_request(one.value + "x"))
        wanted.append(("http.uri.raw", one.value))
    by_sid = {}
    for rule in rules_of(folder):
        sid = int(re.search(r"; sid:(\d+);", rule).group(1))
        by_sid[sid] = re.search(r"; (dns\.query|tls\.sni|http)", rule)
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        (home / "a.pcap").write_bytes(packets(flows))
        run = subprocess.run(
            ["suricata", "-k", "none", "-r", home / "a.pcap", "-S", folder / "suricata.rules",
             "-l", home, "--set", "outputs.1.eve-log.enabled=yes"],
            capture_output=True, text=True)
        events = [json.loads(line) for line in (home / "eve.json").read_text().splitlines()]
    got = []
    for event in events:
        if event["event_type"] != "alert":
            continue
        rule = by_sid.get(event["alert"]["signature_id"])
        if rule is None:
            continue
        buffer = {"http": "http.uri.raw"}.get(rule.group(1), rule.group(1))
        words = event["alert"]["signature"].split(" ")
        got.append((buffer, words[1]))
    same("suricata traffic", set(got), {(b, v[:200]) for b, v in wanted}, flows=len(flows),
         exit=run.returncode)


# Texts that want to be a line, a cell, a rule, a comment, a formula or a marking of their own.
HOSTILE = [
    "", "plain", "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\ttab", "\rreturn", "'quoted'",
    "two\nlines", "three\r\n0.0.0.0 injected.example # TLP:CLEAR", "a;b\"c\\d|e", "a,b\"c",
    "\"; sid:1; rev:1;)", "it's: [1, 2] # {x}", "- item", "--- !!x", "a\u2028b\u0085c",
    "\u202eevil",
    "caf\u00e9 \u65e5\u672c", "%0a%00", "\\x41\\x0a", "#fields\tx", "-", "(empty)", "tlp:clear",
    "tlp:CLEAR", "PAP:CLEAR", "detente:purpose=\"x\"", "x" * 4000,
]
NAMES = ["a", "b-c", "d_e", "x1", "xn--bcher-kva", "mail", "evil", "_dmarc", "9"]
TOPS = ["com", "net", "example.org", "co.uk", "ru"]
HANDLING = [
    "PAP:CLEAR", "PAP:GREEN", "PAP:AMBER", "PAP:RED", "REL TO A, B", "ORCON",
    "detente:originator=\"A\"", "detente:releasable-to=\"B\"", "detente:category=\"power\"",
    "iep:permitted-actions=\"NONE\"", "iep:unmodified-resale=\"MAY\"",
]


class Maker:
    """Indicators in normal form, made at random."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def digits(self, count):
        return "".join(self.random.choices("0123456789abcdef", k=count))

    def domain(self):
        labels = [self.pick(NAMES) for _ in range(self.pick([0, 1]))] + [f"n{self.digits(3)}"]
        long = self.pick([[], [], [], ["y" * 63] * 3])
        return ".".join(labels + long + [self.pick(TOPS)])

    def address(self, version):
        bits = {4: 32, 6: 128}[version]
        number = self.random.getrandbits(bits)
        if version == 6:
            # Runs of zeros, which every program shortens by itself.
            for word in range(8):
                number &= ~(0xffff << 16 * word) if self.random.random() < 0.5 else ~0
            number |= 0x2000 << 112
        return ipaddress.ip_address(number) if version == 4 else ipaddress.IPv6Address(number)

    def prefix(self, version):
        # One of full length is an address in normal form.
        length = self.random.randint(0, {4: 31, 6: 127}[version])
        return str(ipaddress.ip_network((self.address(version), length), strict=False))

    def url(self):
        length = self.random.randint(0, 20)
        path = "".join(self.random.choices("abcXYZ019/-._~!$&'*+,;=:@|%", k=length))
        path = "/" + re.sub(r"(^|/)\.+(?=/|$)", r"\1d", path.replace("%", "%4a"))
        query = self.pick(["", "", "?", "?a=b&c", "?x=*;y=%27|\\", "?;%22"])
        user, port = self.pick(["", "", "", "u:p@"]), self.pick(["", "", ":8080"])
        scheme = self.pick(["http", "http", "https", "ftp"])
        return f"{scheme}://{user}{self.domain()}{port}{path}{query}"

    def value(self):
        made = {
            "domain": self.domain, "url": self.url, "asn": lambda: str(self.random.getrandbits(32)),
            "ipv4": lambda: str(self.address(4)), "ipv6": lambda: str(self.address(6)),
            "ipv4-cidr": lambda: self.prefix(4), "ipv6-cidr": lambda: self.prefix(6),
            "email": lambda: self.pick(["bob", "-x", "a+b", "=c", "#d"]) + "@" + self.domain(),
            "md5": lambda: self.digits(32), "sha1": lambda: self.digits(40),
            "sha256": lambda: self.digits(64), "sha512": lambda: self.digits(128),
            "cert-sha1": lambda: self.digits(40), "cert-sha256": lambda: self.digits(64),
        }
        kind = self.pick([*made, "domain", "url", "url"])
        return {"kind": kind, "value": made[kind]()}

    def markings(self):
        tlp = self.pick(TLP)
        markings = {"tlp": tlp, "texts": [f"TLP:{tlp.upper()}"]}
        markings["texts"] += self.random.sample(HANDLING, self.pick([0, 0, 0, 1, 1, 2]))
        chance = self.random.random()
        if chance < 0.05:
            markings |= {"closed": True, "texts": markings["texts"] + ["for friends only"]}
        elif chance < 0.1:
            markings |= {"tlp": "red", "conflicting": True, "texts": ["tlp: green", "TLP:RED"]}
        elif chance < 0.15:
            return {}
        elif chance < 0.2:
            markings |= {"source_hidden": True, "texts": markings["texts"] + ["tlp:ex:chr"]}
        return markings

    def context(self):
        text = lambda: self.pick(HOSTILE)
        # Some begin after the time of the export.
        start = self.random.randint(1_500_000_000, 1_830_000_000)
        context = {"source": text()[:200], "markings": self.markings()}
        labels = {text()[:200] for _ in range(self.pick([0, 1, 3]))} - {""}
        context["labels"] = sorted(labels | set(self.pick([[], [], ["misp:to_ids"], ["benign"],
                                                          ["stix:part-of-conjunction"]])))
        extra = {
            "filename": text()[:200], "port": self.pick(["80", "65535", "0", "x"]),
            "misp_type": self.pick(["ip-src", "hostname|port", "email-dst", "domain", "md5"]),
            "reference": text()[:200], "stix_pattern": text(),
        }
        names = self.random.sample(sorted(extra), self.pick([0, 0, 1, 2]))
        context["extra"] = {name: extra[name] for name in names if extra[name]}
        if self.random.random() < 0.2:
            context["extra"] |= {
                "misp_object": "domain-ip", "misp_object_meta": "network",
                "misp_object_template": "43b3b146-77eb-4931-b4cc-b66c60f28734 12",
                "misp_object_uuid": f"00000000-0000-4000-8000-{self.random.randint(0, 40):012}",
                "misp_relation": self.pick(["domain", "ip", "text"]),
            }
        for name, made in [
            ("origin", text()[:200]), ("description", text()), ("valid_from", start),
            ("confidence", self.random.randint(0, 100)), ("first_seen", start - 1_000),
            ("valid_until", start + self.random.randint(1, 200_000_000)), ("last_seen", start),
        ]:
            if made and self.random.random() < 0.5:
                context[name] = made
        return context

    def lines(self, count):
        made = [{"observable": self.value(), "context": self.context()} for _ in range(count)]
        made += [self.pick(made) for _ in range(count // 20)]
        return "".join(json.dumps(one) + "\n" for one in made)


def make(program, args, folder, *options):
    """Has the program write a folder of exports."""
    lines = Maker(args.seed).lines(args.cases)
    run = subprocess.run([program, folder, *options], input=lines.encode(), capture_output=True)
    if run.returncode != 0:
        fault("program", run.stderr.decode()[-600:])
    return run.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--program", help="the built example write_exports")
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--packets", action="store_true")
    parser.add_argument("--resolver", action="store_true")
    args = parser.parse_args()
    if (args.folder is None) == (args.program is None):
        parser.error("either a folder or a program")
    if args.folder:
        check(args.folder, args)
    else:
        for options in [(), ("--all", "--default-tlp", "green")]:
            with tempfile.TemporaryDirectory() as folder:
                if make(args.program, args, folder, *options):
                    check(pathlib.Path(folder), args)
    if missing:
        say("missing", ok=False, reason=sorted(set(missing)))
    sys.exit(1 if faults else 2 if missing else 0)


def check(folder, args):
    lines = (folder / "indicators.ndjson").read_text(encoding="utf-8").split("\n")
    items = [One(line) for line in lines if line]
    made = re.search(r"^# Made at (\S+)\.$", (folder / "hosts").read_text(), re.M).group(1)
    now = int(time.mktime(time.strptime(made, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone)
    say("ndjson", ok=True, indicators=len(items))
    check_csv(folder, items)
    check_stix(folder, items)
    check_misp(folder, items, now)
    check_hosts(folder, items, now)
    zone = check_rpz(folder, items, now)
    check_suricata(folder, items, now)
    check_zeek(folder, items, now)
    check_sigma(folder, items, now)
    if args.resolver and zone:
        bind_answers(folder, items, zone)
    if args.packets and shutil.which("suricata"):
        suricata_alerts(folder, items, now)


if __name__ == "__main__":
    main()
