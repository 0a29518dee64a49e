#!/usr/bin/env python3
"""Compares detente-stix with OASIS's validator (PyPI `stix2-validator`) and `stix2`.

    python3 -m venv v && v/bin/pip install stix2 stix2-validator
    cargo build -p detente-stix --example stix_verdicts
    v/bin/python stix_check.py --verdicts PATH/TO/stix_verdicts [--list] [--sample N] [--seed N]
                               [FILE ...]

Objects: one seed of every type, which uses all its properties; the examples inside the validator's
package; every FILE (a bundle, an object, a list of them, or a recording of `--record`). Each is
tried as it is; the seeds also under every systematic change that `mutations` knows, or under N of
these drawn with `--sample` (all of them take the validator five minutes). Both programs say whether
a MUST is broken. A difference is either of a kind that docs/protocol/stix.md explains (`WE_REFUSE`,
`THEY_REFUSE`) or it is printed and the exit code is 1. Then the deterministic identifiers
of every observable type are compared with those of `stix2`.

`--record TESTS OUT` runs the validator's own unit tests (a checkout's folder `stix2validator`) and
writes every object they try to OUT, one a line.
"""

import argparse
import collections
import copy
import itertools
import json
import logging
import pathlib
import random
import re
import subprocess
import sys
import time

try:
    import stix2
    import stix2validator
    from stix2validator.v21 import enums
except ImportError as error:
    print(json.dumps({"ok": False, "reason": f"missing: {error}"}))
    sys.exit(2)

logging.disable(logging.CRITICAL)

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEEDS = json.loads((ROOT / "vectors" / "stix-objects.json").read_text())["objects"]
UUID4 = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
OTHERS = [
    "identity", "indicator", "relationship", "sighting", "bundle", "marking-definition",
    "language-content", "extension-definition", "observed-data", "location", "ipv4-addr",
    "mac-addr", "file", "artifact", "directory", "software", "user-account", "network-traffic",
    "process", "email-addr", "autonomous-system", "x-own-type",
]
TIMES = [
    "yesterday", "2016-01-20", "2016-01-20T12:31:12", "2016-01-20T12:31:12+00:00",
    "2016-01-20 12:31:12Z", "2016-01-20T12:31:12z", "2016-01-20T12:31:12.Z",
    "2016-02-30T12:31:12Z", "2016-13-01T12:31:12Z", "2016-01-20T24:00:00Z",
    "2016-01-20T12:31:60Z", "2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z",
    "1999-01-01T00:00:00.000Z", "2050-01-01T00:00:00.000Z", "2016-01-20T12:31:12.1234567891Z",
    "2016-01-20T12:31:12Z", "2016-01-20T12:31:12.12Z",
]
NUMBERS = [-1, 0, 1, 1.5, 100, 101, 65535, 65536, 10**9, 2**53, -91.5, 181]


def walk(value, path=()):
    """Every place in a value, itself first."""
    yield path, value
    if isinstance(value, dict):
        for key in value:
            yield from walk(value[key], path + (key,))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from walk(element, path + (index,))


def changed(seed, path, value):
    other = copy.deepcopy(seed)
    at = other
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = copy.deepcopy(value)
    return other


def dropped(seed, path):
    other = copy.deepcopy(seed)
    at = other
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return other


def renamed(seed, path, name):
    other = copy.deepcopy(seed)
    at = other
    for step in path[:-1]:
        at = at[step]
    at[name] = at.pop(path[-1])
    return other


def of_string(key, text):
    """Changes of a text, by what it seems to be."""
    yield "empty-string", ""
    yield "other-string", "Some Thing"
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", text):
        for bad in TIMES:
            yield "timestamp", bad
    if re.fullmatch(r"[a-z0-9-]+--[0-9a-f-]{36}", text):
        uuid = text[-36:]
        for kind in OTHERS:
            yield "reference-type", f"{kind}--{uuid}"
        kind = text[:-38]
        for bad in [
            uuid, f"{kind}-{uuid}", f"{kind}--{uuid[:-1]}", f"{kind}--{uuid}0",
            f"{kind}--{uuid.upper()}", f"{kind}--{uuid[:14]}7{uuid[15:]}",
            f"{kind}--{uuid[:19]}c{uuid[20:]}", f"{kind.upper()}--{uuid}", f"{kind}--", "0",
            f"{kind}--{uuid[:14]}4{uuid[15:]}", f"{kind}--{uuid[:14]}5{uuid[15:]}",
            f"{kind}--{uuid[:14]}1{uuid[15:]}",
        ]:
            yield "identifier-form", bad
    if key.endswith(("_hex",)):
        for other in ["0", "0g", "FFD8", "ffd8", "0x00"]:
            yield "hex", other
    if key.endswith(("_bin",)):
        for other in ["AAAA", "AAA", "AA==", "A===", "a b=", "AA-_"]:
            yield "binary", other
    if key in ("lang", "languages"):
        for other in ["en", "de", "xx", "en_US", "english language", "zh-Hant"]:
            yield "language", other
    if key in ("url", "value", "schema"):
        for other in [
            "https://example.com/a b", "https://example.com/%zz", "example", "http://[::1]:80/",
            "198.51.100.3", "198.51.100.3/32", "198.51.100.300", "198.51.100.3/33", "01.2.3.4",
            "2001:db8::1", "2001:db8::/96", "2001:db8::/129", "2001:db8::g", "::ffff:1.2.3.4",
            "00:00:ab:cd:ef:01", "00:00:AB:CD:EF:01", "00-00-ab-cd-ef-01", "0:0:ab:cd:ef:1",
            "a@example.com", "A <a@example.com>", "example.com", "exa mple.com", "-a.example",
            "b\u00fccher.example", "xn--bcher-kva.example", "a..b", "https://\u00fc.example/",
        ]:
            yield "value-form", other


def of_place(path, value):
    """Changes of one value that keep the rest."""
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    for name, other in [
        ("null", None), ("number", 7), ("boolean", True), ("string", "seven"), ("list", ["seven"]),
        ("object", {"seven": "seven"}), ("empty-list", []), ("empty-object", {}),
    ]:
        if type(other) is not type(value) or other in ([], {}):
            yield f"type-{name}", other
    if isinstance(value, bool):
        yield "boolean-other", not value
    elif isinstance(value, (int, float)):
        for number in NUMBERS:
            yield "number", number
    elif isinstance(value, str):
        yield from of_string(key, value)
    elif isinstance(value, dict) and path and str(path[-1]).endswith("hashes"):
        for other in [
            {"MD5": "a" * 31}, {"SHA-256": "g" * 64}, {"SHA-512": "a" * 128}, {"xy": "a"},
            {"FOO": "a"}, {"SHA-1": "A" * 40}, {"SHA3-256": "a" * 63}, {"MD5": 5}, {"M D 5": "a"},
            {"SSDEEP": "3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C"}, {"SSDEEP": "a b"},
            {"TLSH": "A" * 70}, {"TLSH": "T1" + "A" * 70}, {"TLSH": "A" * 69},
        ]:
            yield "hashes", other


ADDITIONS = [
    ("custom-property", {"x_own_thing": "a"}), ("custom-property", {"own_thing": 1}),
    ("custom-property", {"x_own_thing": {"a": 1}}), ("custom-null", {"x_own_thing": None}),
    ("custom-empty", {"x_own_thing": []}), ("custom-name", {"X_Own": "a"}),
    ("custom-name", {"x-own": "a"}), ("custom-name", {"xy": "a"}), ("custom-name", {"1ab": "a"}),
    ("custom-name", {"a" * 251: "a"}), ("custom-form", {"x_own_bin": "AAAA"}),
    ("custom-form", {"x_own_bin": "AAA"}), ("custom-form", {"x_own_hex": "ff"}),
    ("custom-form", {"x_own_hex": "f"}), ("reserved", {"severity": 5}),
    ("reserved", {"username": "a"}), ("reserved", {"phone_numbers": ["1"]}),
    ("reserved", {"action": "a"}), ("common-not-used", {"defanged": True}),
    ("common-not-used", {"confidence": 5}), ("common-not-used", {"revoked": False}),
    ("common-not-used", {"modified": "2030-01-01T00:00:00.000Z"}),
    ("spec-version", {"spec_version": "2.2"}), ("spec-version", {"spec_version": "2.0"}),
    ("labels", {"labels": ["a"]}), ("labels", {"labels": []}), ("labels", {"labels": [5]}),
    ("granular", {"granular_markings": []}),
    ("granular", {"granular_markings": [{"selectors": ["id"], "lang": "en"}]}),
    ("granular", {"granular_markings": [{"selectors": ["id"]}]}),
]
MARKING = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
for selectors in [
    ["id"], ["type"], ["nothing"], ["id.[0]"], ["external_references.[0].source_name"],
    ["external_references.[9]"], ["external_references"], ["object_marking_refs.[0]"], [], [5],
    ["Type"], ["type."], ["[0]"], [""],
]:
    ADDITIONS.append(
        ("selector", {"granular_markings": [{"selectors": selectors, "marking_ref": MARKING}]})
    )
ADDITIONS.append(
    (
        "granular",
        {"granular_markings": [{"selectors": ["id"], "marking_ref": MARKING, "lang": "en"}]},
    )
)
ADDITIONS.append(
    (
        "granular",
        {"granular_markings": [{"selectors": ["id"], "marking_ref": f"identity--{UUID4}"}]},
    )
)
for reference in [
    {"source_name": "a"}, {"source_name": "a", "description": "b"}, {"description": "b"},
    {"source_name": "cve", "external_id": "CVE-2014-0160"},
    {"source_name": "cve", "external_id": "CVE-14-0160"},
    {"source_name": "cve", "url": "http://a/"},
    {"source_name": "other", "external_id": "CVE-2014-0160"},
    {"source_name": "capec", "external_id": "CAPEC-163"},
    {"source_name": "capec", "external_id": "163"},
    {"source_name": "a", "url": "no uri"}, {"source_name": "a", "url": "https://example.com/"},
    {"source_name": "a", "url": "https://example.com/", "hashes": {"SHA-256": "a" * 64}},
    {"source_name": "a", "url": "https://example.com/", "hashes": {"FOO": "a"}},
    {"source_name": "a", "url": "https://example.com/", "hashes": {}},
    {"source_name": "a", "external_id": "b", "other": "c"},
]:
    ADDITIONS.append(("external-reference", {"external_references": [reference]}))
EXTENSION = f"extension-definition--{UUID4}"
for extension in [
    {}, {EXTENSION: {}}, {EXTENSION: {"extension_type": "property-extension", "rank": 1}},
    {EXTENSION: {"extension_type": "other"}}, {EXTENSION: {"rank": 1}}, {EXTENSION: "a"},
    {EXTENSION: {"extension_type": "property-extension", "rank": []}},
    {EXTENSION: {"extension_type": "property-extension", "Rank": 1}},
    {"extension-definition--1": {"extension_type": "property-extension", "rank": 1}},
    {"x-own-ext": {"rank": 1}}, {"x-own-ext": {}}, {"x-own": {"rank": 1}}, {"own": "a"},
    {"x-own-ext": {"Rank": 1}}, {"x-own-ext": {"rank": None}},
]:
    ADDITIONS.append(("extension", {"extensions": extension}))


def mutations(seed):
    """Changed copies of a seed with the class of the change."""
    for path, value in walk(seed):
        if not path:
            continue
        yield "drop", dropped(seed, path)
        for name, other in of_place(path, value):
            yield name, changed(seed, path, other)
        if isinstance(path[-1], str):
            for name in ["Name_x", "na-me", "nm", "x_own_name"]:
                yield "rename", renamed(seed, path, name)
    for name, members in ADDITIONS:
        yield name, {**copy.deepcopy(seed), **members}
    for kind in ["x-own-type", "Own", "ab", "x--own", "x_own", "action", "own-type"]:
        text = f"{kind}--{seed['id'][-36:]}"
        yield "type-name", {**copy.deepcopy(seed), "type": kind, "id": text}


# Differences that are understood, each a line of docs/protocol/stix.md section 6. A difference is
# explained when every one of our findings, or every one of their errors, is of a kind listed here.
WE_REFUSE = [
    ("references by type", r"may not refer to (?P<kind>[a-z0-9-]+) "),
    ("references by form", r"identifier .* does not (begin|end) with|no version 1 to 5"),
    ("own property names", r"is no property name"),
    ("TLP is standing", r"is none of the standing TLP markings"),
    ("version is 2.1", r'spec_version: "2\.0" is not 2\.1'),
    ("one of lang and marking_ref", r"exactly one of lang and marking_ref"),
    ("a marking does not mark itself", r"a marking must not mark itself"),
    ("defanged on observables only", r"only cyber observables may have property defanged"),
    ("id begins with a custom type", r"id: does not begin with the type x-"),
    ("a definition has a creator", r"property created_by_ref is missing"),
    ("milliseconds on markings", r"created: a time of creation or change is precise"),
    ("whole numbers below 2^53", r"\d is not in (0|-9007199254740991) to 9007199254740991"),
    ("gid is whole", r"gid: -?[0-9.]+ is no whole number"),
    ("name_enc needs name", r"name_enc must not be there without name"),
    ("values of environment variables", r"environment_variables\.\w+: is .* must be a string"),
    ("header fields are lists", r"additional_header_fields\.[\w-]+: is a string, must be a list"),
    ("streams are objects", r"alternate_data_streams\.\[0\]: is .* must be an object"),
    (
        "nothing empty or null, at any depth",
        r"an empty (dictionary|object|list) is prohibited|null is no",
    ),
    ("members of bundles are 2.1", r"objects\.\[\d+\]: property spec_version is missing"),
    ("objects of a bundle are a list", r"objects: is an object, must be a list"),
]
# Their validator does not look at other properties of these.
WE_REFUSE_IN_BUNDLES_AND_MARKINGS = r"is reserved|is no base64|is no even number|must be a string"
THEY_REFUSE = [
    ("granular markings by language", r"'marking_ref' is a required property"),
    ("leap seconds", r"second must be in 0\.\.59"),
    (
        "language tags not in their list",
        r"not a valid RFC 5646|must be an RFC 5646|languages\[0\]: '[^']*' does not"
        r"|invalid language code",
    ),
    ("TLSH since version 4", r"TLSH: 'T1A+' does not match"),
    (
        "media types not registered",
        r"mime_type: '[^']*' does not match|must be an IANA registered MIME",
    ),
    ("names of socket options", r"socket-ext\.options: '"),
    ("one header field", r"additional_header_fields\.[\w-]+: \['[^']*'\] is not valid"),
    ("parts extended by custom properties", r"optional_header: "),
    (
        "values of STARTUPINFO",
        r"startup_info\.\w+: (7|True|'|\[|\{).* is not of type|startup_info: '",
    ),
    ("IPv6 with IPv4 inside", r"value: '::ffff:1\.2\.3\.4' does not match"),
    ("fractions longer than a microsecond", r"1234567891Z\) must be later"),
    ("translations of translations", r"object_ref: 'language-content--"),
    ("new-sco with a time", r"x-own-thing--[^:]*: '(created|modified)' is a required"),
    ("patterns", r"Pattern failed to validate"),
    ("observables without id in a container", r"object '\d': 'id' is a required"),
    ("markings of a bundle", r"^bundle--\S+: '[^']*' is not a valid selector"),
    ("bundles of 2.0", r"\{0,246\}_bin\$'|Contains a reserved property \('confidence'"),
]
# Which types a reference may have where their validator does not look: read off the standard.
OBSERVABLES = set(enums.OBSERVABLE_TYPES) | {"x-own-type"}
DOMAIN = set(enums.TYPES) - set(enums.NON_SDOS) | {"x-own-type"}
ALLOWED = {
    "object_marking_refs": {"marking-definition"},
    "marking_ref": {"marking-definition"},
    "created_by_ref": {"identity"},
    "sample_refs": {"artifact", "file"},
    "sighting_of_ref": DOMAIN,
    "analysis_sco_refs": OBSERVABLES,
    "object_refs": OBSERVABLES | {"relationship", "sighting"},
    "source_ref": DOMAIN | OBSERVABLES,
    "target_ref": DOMAIN | OBSERVABLES,
    "archive-ext.contains_refs": {"file", "directory"},
    "file.contains_refs": OBSERVABLES,
}


def allowed_types(value, path):
    """The types that the standard lets the property at the path refer to."""
    names = [step for step in path.split(".") if not step.startswith("[")]
    for name in [".".join(names[-2:]), f"{value.get('type')}.{names[-1]}", names[-1]]:
        if name in ALLOWED:
            return ALLOWED[name]
    table = enums.OBSERVABLE_PROP_REFS.get(value.get("type"), {})
    for name in names:
        table = table.get(name, {}) if isinstance(table, dict) else table
    return set(table)


def why(value, words, errors):
    """The kind of an explained difference, or None."""
    if not words:
        # What a container as a whole is not follows from what its objects are not.
        parts = [e for e in errors if not re.search(r"objects\.\d+: .* is not valid under any", e)]
        errors = parts or errors
        found = [next((n for n, p in THEY_REFUSE if re.search(p, e, re.S)), None) for e in errors]
        return found[0] if all(found) else None
    found = []
    for text in words:
        name, hit = next(((n, h) for n, p in WE_REFUSE if (h := re.search(p, text))), (None, None))
        if not name and value.get("type") in ("bundle", "marking-definition"):
            if re.search(WE_REFUSE_IN_BUNDLES_AND_MARKINGS, text):
                name = "names in bundles and markings"
        if name == "references by type":
            path = text.split(": ")[1]
            if value.get("type") == "bundle":
                path = path.split(".", 2)[2]
                value = value["objects"][0]
            if hit["kind"] in allowed_types(value, path):
                name = None
        found.append(name)
    return found[0] if all(found) else None


def load_objects(path):
    text = pathlib.Path(path).read_text()
    try:
        values = [json.loads(text)]
    except ValueError:
        values = [json.loads(line) for line in text.splitlines() if line.strip()]
    for value in values:
        if isinstance(value, dict) and set(value) == {"case", "raw"}:
            value = json.loads(value["raw"])
        elements = value if isinstance(value, list) else [value]
        for element in elements:
            if isinstance(element, dict) and element.get("type") == "bundle":
                yield {**element, "objects": element.get("objects", [])[:1] or [1]}
                for member in element.get("objects", []):
                    yield member
            elif isinstance(element, dict):
                yield element


def cases(files):
    for seed in SEEDS:
        yield "seed", seed
        for name, other in mutations(seed):
            yield name, other
    examples = pathlib.Path(stix2validator.__file__).parent / "schemas-2.1" / "examples"
    for path in sorted(examples.rglob("*.json")):
        for value in load_objects(path):
            yield "validator's examples", value
    for path in files:
        for value in load_objects(path):
            yield pathlib.Path(path).name, value


def theirs(value):
    """Errors and warnings of the validator; None if it fails itself, with an exception."""
    options = stix2validator.ValidationOptions(version="2.1")
    try:
        result = stix2validator.validate_instance(copy.deepcopy(value), options)
    except stix2validator.errors.ValidationError as error:
        return [str(error)], []
    except Exception:
        return None, None
    return [str(e) for e in result.errors], [str(w) for w in result.warnings or []]


def ours(binary, values, *mode):
    lines = "".join(json.dumps(value) + "\n" for value in values)
    run = subprocess.run([binary, *mode], input=lines.encode(), capture_output=True, check=True)
    verdicts = [json.loads(line) for line in run.stdout.decode().splitlines()]
    assert len(verdicts) == len(values), "a verdict for every object"
    return verdicts


def chosen(args):
    """The different cases, of those that are changed seeds at most as many as were asked for."""
    found = {}
    for name, value in cases(args.files):
        found.setdefault(json.dumps(value), (name, value))
    whole = {"seed", "validator's examples"} | {pathlib.Path(path).name for path in args.files}
    kept = [case for case in found.values() if case[0] in whole]
    changed = [case for case in found.values() if case[0] not in whole]
    if args.sample is not None and args.sample < len(changed):
        changed = random.Random(args.seed).sample(changed, args.sample)
    return kept + changed


def compare_verdicts(args):
    all_cases = chosen(args)
    names, values = [name for name, _ in all_cases], [value for _, value in all_cases]
    started = time.process_time()
    verdicts = ours(args.verdicts, values)
    counts = collections.defaultdict(collections.Counter)
    reasons, unexplained, shoulds = collections.Counter(), [], collections.Counter()
    for name, value, mine in zip(names, values, verdicts):
        errors, warnings = theirs(value)
        if errors is None:
            counts[name]["fails, we refuse" if mine["must"] else "fails, we take"] += 1
            continue
        if mine["valid"] == (not errors):
            counts[name]["both take" if mine["valid"] else "both refuse"] += 1
            if mine["valid"]:
                compare_shoulds(mine, warnings, shoulds)
            continue
        words = [finding["words"] for finding in mine["must"]]
        reason = why(value, words, errors)
        counts[name]["explained" if reason else "UNEXPLAINED"] += 1
        if reason:
            reasons[reason, "we refuse" if words else "they refuse"] += 1
        else:
            unexplained.append((name, value, words, errors))
    report(counts, reasons, unexplained, args.list)
    print(f"\nSHOULD, of objects both take: {dict(shoulds)}")
    print(f"{len(values)} objects, {time.process_time() - started:.0f} s of CPU")
    return not unexplained


def compare_shoulds(mine, warnings, shoulds):
    """Whether both have a remark, only one, or none."""
    shoulds[
        ("both remark" if warnings else "only ours remarks")
        if mine["should"]
        else ("only theirs remarks" if warnings else "neither remarks")
    ] += 1


def report(counts, reasons, unexplained, list_all):
    columns = [
        "both take", "both refuse", "explained", "UNEXPLAINED",
        "fails, we refuse", "fails, we take",
    ]
    print(f"{'class of objects':<24}" + "".join(f"{column:>17}" for column in columns))
    total = collections.Counter()
    for name in sorted(counts):
        total.update(counts[name])
        print(f"{name:<24}" + "".join(f"{counts[name][column]:>17}" for column in columns))
    print(f"{'all':<24}" + "".join(f"{total[column]:>17}" for column in columns))
    judged = sum(total[column] for column in columns[:4])
    agreed = total["both take"] + total["both refuse"]
    print(f"\nagreement {agreed} of {judged} ({100 * agreed / judged:.2f} %); by difference:")
    for (reason, who), count in reasons.most_common():
        print(f"{count:>7}  {who:<14} {reason}")
    groups = collections.Counter()
    for name, value, words, errors in unexplained:
        groups[(words or errors)[0][:200] if not words else words[0][:120]] += 1
    print(f"\n{len(unexplained)} unexplained")
    for name, value, words, errors in unexplained if list_all else unexplained[:20]:
        line = {"class": name, "ours": words, "theirs": errors, "object": value}
        print(json.dumps(line)[:3000])


HASHES = {"MD5": "a" * 32, "SHA-1": "b" * 40, "SHA-256": "c" * 64, "SHA-512": "d" * 128}


def named(seed):
    """An observable without its identifier: whole, without each property, with two hashes."""
    for name in [None, *seed]:
        yield {key: value for key, value in seed.items() if key not in ("id", name)}
    for pair in itertools.permutations(HASHES, 2) if "hashes" in seed else []:
        hashes = {"hashes": {name: HASHES[name] for name in pair}}
        yield {key: value for key, value in seed.items() if key != "id"} | hashes


def compare_ids(args):
    """Our deterministic identifiers against those of `stix2`."""
    objects, wanted = [], []
    for seed in SEEDS:
        if seed["type"] not in enums.OBSERVABLE_TYPES:
            continue
        for bare in named(seed):
            try:
                made = stix2.parse_observable(copy.deepcopy(bare), version="2.1", allow_custom=True)
            except Exception:
                continue
            objects.append(bare)
            wanted.append(made["id"])
    wrong = 0
    for value, verdict, id in zip(objects, ours(args.verdicts, objects), wanted):
        is_random = id[-36:][14] == "4"
        if verdict["sco_id"] != (None if is_random else id):
            wrong += 1
            print(json.dumps({"object": value, "ours": verdict["sco_id"], "theirs": id}))
    kinds = {value["type"] for value in objects}
    print(f"\nidentifiers: {len(objects)} objects of {len(kinds)} types, {wrong} differ")
    return not wrong and len(kinds) == len(enums.OBSERVABLE_TYPES)


def compare_upgrades(args):
    """Objects of 2.0 that the validator takes as such: what we raise them to it takes as 2.1, and
    every marking of the whole object is on each.

    Of those in `--v20` files some say what 2.1 forbids; they are printed, but no fault.
    """
    package = pathlib.Path(stix2validator.__file__).parent / "schemas-2.0" / "examples"
    fits = raise_all(args, "the validator's examples", sorted(package.rglob("*.json")))
    if args.v20:
        raise_all(args, "the files", args.v20)
    return fits


def raise_all(args, name, paths):
    before, seen = [], set()
    for value in (value for path in paths for value in load_objects(path)):
        options = stix2validator.ValidationOptions(version="2.0")
        try:
            valid = stix2validator.validate_instance(copy.deepcopy(value), options).is_valid
        except Exception:
            continue
        if valid and value.get("type") != "bundle" and json.dumps(value) not in seen:
            seen.add(json.dumps(value))
            before.append({**value, "spec_version": "2.0"})
            if "object_marking_refs" not in value and value["type"] != "marking-definition":
                before.append({**before[-1], "object_marking_refs": [MARKING]})
    wrong = collections.Counter()
    count = 0
    for value, answer in zip(before, ours(args.verdicts, before, "upgrade")):
        for text in answer.get("raised", [None]):
            count += 1
            if text is None:
                wrong[answer["fault"]] += 1
                continue
            after = json.loads(text)
            marks = set(value.get("object_marking_refs", []))
            if not marks <= set(after.get("object_marking_refs", [])):
                wrong["a marking is gone"] += 1
            errors, _ = theirs(after)
            mine = [finding["words"] for finding in ours(args.verdicts, [after])[0]["must"]]
            if errors or mine:
                wrong[(mine or errors)[0][:100]] += 1
    print(f"\nraised from 2.0, {name}: {len(before)} objects to {count}, wrong: {dict(wrong)}")
    return bool(before) and not wrong


def record(folder, out):
    """Every object that the validator's own tests try."""
    import importlib
    import unittest

    root = pathlib.Path(folder).resolve()
    sys.path.insert(0, str(root.parent))
    for name in [name for name in sys.modules if name.split(".")[0] == "stix2validator"]:
        del sys.modules[name]
    tests = importlib.import_module("stix2validator.test.v21")
    found, original = {}, tests.validate_parsed_json

    def spy(value, options=None):
        found[value if isinstance(value, str) else json.dumps(value)] = None
        return original(value, options)

    tests.validate_parsed_json = spy
    suite = unittest.TestSuite()
    for path in sorted((root / "test" / "v21").glob("*_tests.py")):
        module = importlib.import_module(f"stix2validator.test.v21.{path.stem}")
        if hasattr(module, "validate_parsed_json"):
            module.validate_parsed_json = spy
        suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(module))
    with open("/dev/null", "w") as null:
        unittest.TextTestRunner(stream=null, verbosity=0).run(suite)
    lines = [json.dumps({"case": "validator's tests", "raw": raw}) for raw in found]
    pathlib.Path(out).write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} objects")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--verdicts", help="the built example stix_verdicts")
    parser.add_argument("--list", action="store_true", help="print every unexplained difference")
    parser.add_argument("--sample", type=int, metavar="N", help="of the changed seeds only N")
    parser.add_argument("--seed", type=int, default=1, help="for the sample")
    parser.add_argument("--record", nargs=2, metavar=("TESTS", "OUT"))
    parser.add_argument("--v20", nargs="*", default=[], help="files with objects of STIX 2.0")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    if args.record:
        record(*args.record)
        return
    fits = compare_verdicts(args)
    fits &= compare_ids(args)
    fits &= compare_upgrades(args)
    sys.exit(0 if fits else 1)


if __name__ == "__main__":
    main()
