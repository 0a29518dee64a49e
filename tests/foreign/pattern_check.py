#!/usr/bin/env python3
"""Compares our patterns with OASIS's `stix2-patterns` and `stix2-matcher` from PyPI.

    python3 -m venv v && v/bin/pip install stix2-patterns stix2-matcher
    cargo build --release -p detente-pattern --example pattern_verdicts
    v/bin/python pattern_check.py PROGRAM [--seed N] [--texts N] [--slips N] [--sets N]
                                          [--vectors FOLDER]
    v/bin/python pattern_check.py PROGRAM --speed

PROGRAM is the example built above. The standard's own examples and the validator's own test cases
are read from its package, the examples also with `--slips` slips of the hand each. Made at random
from the seed: texts that are patterns or nearly so, for the validator to accept or refuse, and sets
of observed data with patterns, for the matcher to decide. Prints one JSON line with the counts by
class. Each disagreement must fall under a named cause that this program checks for itself; exits 1
if one does not. `--vectors` has validator and matcher confirm our known answers too. `--speed`
measures 1,000 patterns with 200 observed data instead, in CPU seconds of both.
"""

import argparse
import ast
import collections
import datetime
import json
import pathlib
import random
import resource
import subprocess
import sys
import time
import warnings

warnings.filterwarnings("ignore", category=FutureWarning)  # of `re`, on classes

try:
    import stix2patterns
    from stix2matcher.matcher import MatcherException, Pattern, match
    from stix2patterns.exceptions import ParseException
    from stix2patterns.validator import validate
except ImportError as error:
    print(json.dumps({"ok": False, "reason": f"missing: {error}"}))
    sys.exit(2)


def ask(program, questions):
    """The answers of our program, in the order of the questions."""
    text = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([program], input=text.encode(), stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions), "an answer is missing"
    return answers


# --- texts -----------------------------------------------------------------------------------

INVALID = r"""
file:size = 1
[]
[file:size = ]
[file:size]
[file = 1]
[file.size = 1]
[file:size = 1
file:size = 1]
[file:size = 1]]
[[file:size = 1]]
[file:size = 1] AND
AND [file:size = 1]
[file:size = 1] [file:size = 1]
[file:size = 1] XOR [file:size = 1]
[file:size = 1] followedby [file:size = 2]
[file:size = 1] NOT
([file:size = 1]
[file:size = 1])
()
[()]
[(file:size = 1]
[file:size = 1)]
[file:size = 1 AND]
[file:size = 1 AND OR file:size = 2]
[file:size = 1, file:size = 2]
[NOT file:size = 1]
[file:size NOT NOT = 1]
[file:size IN 1]
[file:size IN (1 2)]
[file:size IN (1,)]
[file:size IN (,1)]
[file:size IN (1]
[file:size LIKE 1]
[file:size MATCHES 1]
[file:size ISSUBSET 1]
[file:size > true]
[file:size = null]
[file:size = TRUE]
[file:size = 01]
[file:size = 1.]
[file:size = 1e5]
[file:size = +]
[file:size = - 1]
[file:name = "a"]
[file:name = 'a]
[file:name = 'a'']
[file:name = 'a\b']
[file:name = 'a\']
[file:x-y = 1]
[file:'x = 1]
[x-y:z-a = 1]
[file:a..b = 1]
[file:a. = 1]
[file:.a = 1]
[file:[0] = 1]
[file:a[] = 1]
[file:a[x] = 1]
[file:a[1.5] = 1]
[file:a[-1] = 1]
[file:a['0'] = 1]
[file:a[**] = 1]
[file:IN = 1]
[file:a.LIKE = 1]
[AND:a = 1]
['file':a = 1]
[file:a = h'0']
[file:a = h'0g']
[file:a = h'00]
[file:a = b'']
[file:a = b'A']
[file:a = b'AA']
[file:a = b'AA===']
[file:a = b'A=AA']
[file:a = b'====']
[file:a = t'']
[file:a = t'2020-01-01']
[file:a = t'2020-01-01T00:00:00']
[file:a = t'2020-01-01t00:00:00Z']
[file:a = t'2020-01-01T00:00:00z']
[file:a = t'2020-13-01T00:00:00Z']
[file:a = t'2020-01-32T00:00:00Z']
[file:a = t'2020-01-01T24:00:00Z']
[file:a = t'2020-01-01T00:00:00.Z']
[file:a = t'2020-01-01T00:00:00+00:00']
[file:a = 1] WITHIN 5
[file:a = 1] WITHIN 5 MINUTES
[file:a = 1] WITHIN -5 SECONDS
[file:a = 1] WITHIN '5' SECONDS
[file:a = 1] within 5 seconds
[file:a = 1] REPEATS 5
[file:a = 1] REPEATS 5.0 TIMES
[file:a = 1] REPEATS -5 TIMES
[file:a = 1] START t'2020-01-01T00:00:00Z'
[file:a = 1] START '2020-01-01T00:00:00Z' STOP '2021-01-01T00:00:00Z'
[file:a = 1] STOP t'2020-01-01T00:00:00Z' START t'2021-01-01T00:00:00Z'
[file:a = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS
[file:a = 1] REPEATS 5 TIMES WITHIN 2 SECONDS REPEATS 6 TIMES
[file:a = 1 WITHIN 5 SECONDS]
[EXISTS file:a = 1]
[EXISTS]
[NOT NOT EXISTS file:a]
[file:a EXISTS]
[file:a = 1] /* open
[file:a / 1]
[file:a = 1 # comment
[file:a =? 1]
[file:a === 1]
[file:a => 1]
[file:a ! = 1]
[fi le:a = 1]
[file :a = 1] trailing
[file:hashes.MD5 = 'abc']
[file:hashes.'SHA-256' = 'abc']
[file:hashes.'SHA-1' != 'zz']
"""

VALID = r"""
[file:size = 1]
[ file : size = 1 ]
[file:size=1]
[file:size == 1 AND file:size <> 2]
[file:size NOT = 1 OR file:size NOT != 2]
[file:size = -0]
[file:size = +1]
[file:size = .5]
[file:size = -.5]
[file:size = 00.5]
[file:size = 1.50]
[file:a = true OR file:a = false]
[file:name = '']
[file:name = 'it\'s \\ here']
[file:'a b'.'c-d' = 1]
[file:a.'' = 1]
[file:a[0][*][12].b = 1]
[file:hashes[*] = 'x']
[x-custom-type:_a._1b = 1]
[AND-x:a = 1]
[file:LASTLY = 1]
[file:a IN ()]
[file:a IN (1, 'a', true, 1.5, h'00', b'AA==', t'2020-01-01T00:00:00Z')]
[file:a NOT IN (1)]
[file:a NOT LIKE 'a%' AND file:b NOT MATCHES 'x' OR file:c NOT ISSUBSET '1.2.3.0/24']
[file:a ISSUPERSET '1.2.3.4']
[EXISTS file:a AND NOT EXISTS file:b]
[file:a = h'']
[file:a = h'00fF']
[file:a = b'AAA=' OR file:a = b'AAAA' OR file:a = b'AB==']
[file:a > t'2020-02-29T23:59:60.123456789Z']
[(file:a = 1)]
[((file:a = 1) AND (file:b = 2 OR (file:c = 3)))]
[file:a = 1] /* c */ AND // d
[file:b = 2] FOLLOWEDBY [file:c = 3] OR [file:d = 4]
([file:a = 1]) WITHIN 5 SECONDS WITHIN 6 SECONDS
[file:a = 1] WITHIN .5 SECONDS REPEATS +3 TIMES
(([file:a = 1] REPEATS 2 TIMES) REPEATS 2 TIMES)
[file:a = 1] START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00.5Z'
[network-traffic:src_port = 1 AND user-account:user_id = 'root']
"""

KEYS = ["name", "size", "a", "b_c", "'d e'", "'SHA-256'", "hashes", "x_ref", "y_refs", "z_bin"]
TYPES = ["file", "ipv4-addr", "x-custom", "network-traffic", "_t"]
SPACES = ["", " ", " ", " ", "\t", "\n", " /* c */ ", "\u00a0"]


class Texts:
    """Texts that are patterns, made at random."""

    def __init__(self, chance):
        self.chance = chance

    def pick(self, *options):
        return self.chance.choice(options)

    def constant(self, ordered=False):
        c = self.chance
        kinds = [
            lambda: str(c.randint(-50, 50)),
            lambda: f"{c.uniform(-9, 9):.{c.randint(1, 6)}f}",
            lambda: self.string(),
            lambda: "h'" + bytes(c.randbytes(c.randint(0, 4))).hex() + "'",
            lambda: c.choice(["b'AA=='", "b'AAEC'", "b'aGVsbG8='", "b'+/+/'"]),
            lambda: self.time(),
        ]
        if not ordered:
            kinds.append(lambda: c.choice(["true", "false"]))
        return c.choice(kinds)()

    def string(self):
        letters = ["a", "b", "%", "_", "\\'", "\\\\", "é", "\n", " ", "[", "]", "(", "AND", "."]
        return "'" + "".join(self.chance.choices(letters, k=self.chance.randint(0, 6))) + "'"

    def time(self):
        c = self.chance
        fraction = c.choice(["", "", ".5", ".123456", ".123456789012"])
        moment = datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=c.randint(0, 10**8))
        return f"t'{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z'"

    def path(self):
        c = self.chance
        text = c.choice(TYPES) + ":" + c.choice(KEYS)
        for _ in range(c.choice([0, 0, 0, 1, 1, 2, 3])):
            text += c.choice(["." + c.choice(KEYS), "[*]", f"[{c.randint(0, 12)}]"])
        return text

    def comparison(self):
        c, path = self.chance, self.path()
        no = c.choice(["", "", "", " NOT"])
        kind = c.randint(0, 6)
        if kind <= 2:
            return f"{path}{no} {c.choice(['=', '==', '!=', '<>'])} {self.constant()}"
        if kind == 3:
            return f"{path}{no} {c.choice(['<', '<=', '>', '>='])} {self.constant(True)}"
        if kind == 4:
            values = [self.constant() for _ in range(c.randint(0, 3))]
            return f"{path}{no} IN ({', '.join(values)})"
        if kind == 5:
            words = ["LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"]
            return f"{path}{no} {c.choice(words)} {self.string()}"
        return f"{c.choice(['', 'NOT '])}EXISTS {path}"

    def comparisons(self, depth):
        c = self.chance
        if depth == 0 or c.random() < 0.5:
            return self.comparison()
        parts = [self.comparisons(depth - 1) for _ in range(c.randint(1, 3))]
        text = f" {c.choice(['AND', 'OR'])} ".join(parts)
        return f"({text})" if c.random() < 0.5 else text

    def qualifiers(self):
        c = self.chance
        kinds = c.sample(
            [
                f"WITHIN {c.choice([1, 5, 300, '.5', '10.25'])} SECONDS",
                f"REPEATS {c.randint(1, 9)} TIMES",
                f"START {self.time()} STOP {self.time()}",
            ],
            k=c.choice([0, 0, 1, 1, 2, 3]),
        )
        return "".join(" " + kind for kind in kinds)

    def pattern(self, depth=2):
        c = self.chance
        if depth == 0 or c.random() < 0.5:
            return f"[{self.space()}{self.comparisons(2)}{self.space()}]{self.qualifiers()}"
        parts = [self.pattern(depth - 1) for _ in range(c.randint(1, 3))]
        text = c.choice([" AND ", " OR ", " FOLLOWEDBY "]).join(parts)
        return f"({text}){self.qualifiers()}" if c.random() < 0.6 else text

    def space(self):
        return self.chance.choice(SPACES)

    def mutated(self, text):
        """One to three slips of the hand."""
        c = self.chance
        bits = [*"'\\()[] .:,=!<-+01"]
        bits += ["NOT ", "AND ", "IN ", "h'", "b'", "t'", "/*", "//", "*", "x", "é", "EXISTS "]
        for _ in range(c.choice([1, 1, 2, 3])):
            at = c.randint(0, len(text))
            kind = c.randint(0, 3)
            if kind == 0 and at < len(text):
                text = text[:at] + text[at + 1 :]
            elif kind == 1:
                text = text[:at] + c.choice(bits) + text[at:]
            elif kind == 2 and at < len(text):
                text = text[:at] + c.choice(bits) + text[at + 1 :]
            elif kind == 3:
                end = min(len(text), at + c.randint(1, 6))
                text = text[:at] + text[end:]
        return text


def validator_says(text):
    """Accepted, refused, or broken when the validator itself fails."""
    try:
        return "accepts" if validate(text, "2.1") else "refuses"
    except Exception as error:  # the validator fails in many ways
        return f"fails: {type(error).__name__}"


def cause_of_text(text, ours, theirs):
    """Why validator and we disagree on a text, or nothing."""
    says = ours.get("says", "")
    if theirs.startswith("fails"):
        return "the validator itself fails"
    if theirs == "accepts":
        if ours.get("fault") == "pattern_number":
            return "0 seconds, 0 times, or a number out of range"
        if "a time such as" in says and "t'" in text:
            return "a day that the month does not have"
    elif ours["parses"]:
        trimmed = text.lstrip("( \t\r\n\f\v\u0085\u00a0")
        if trimmed.startswith("/"):
            return "a comment before the first bracket"
        errors = validate(text, "2.1", ret_errs=True)[1]
        if errors and all("is not a valid" in e and "hash" in e for e in errors):
            return "the validator's digest check on sets, LIKE, order or other words"
    return None


def package_cases(texts, slips):
    """The standard's examples, also with slips of the hand, and the validator's own tests."""
    folder = pathlib.Path(stix2patterns.__file__).parent / "test" / "v21"
    lines = (folder / "spec_examples.txt").read_text(encoding="utf-8").splitlines()
    examples = [line for line in lines if line.strip() and not line.startswith("//")]
    cases = [("the standard's examples", text) for text in examples]
    cases += [("the same, mutated", texts.mutated(t)) for t in examples for _ in range(slips)]
    # Read, not imported: its tests want a program that is not needed here.
    for part in ast.parse((folder / "test_validator.py").read_text(encoding="utf-8")).body:
        name = part.targets[0].id if isinstance(part, ast.Assign) else ""
        if name.endswith(("PASS_CASES", "FAIL_CASES")):
            for case in ast.literal_eval(part.value):
                text = case if isinstance(case, str) else case[0]
                cases.append((f"the validator's tests, {name[-10:-6].lower()}", text))
    assert len({name for name, _ in cases}) == 4, "the package holds no examples or no tests"
    return cases


# What the name of a class says of its texts.
EXPECTED = {"hand valid": True, "hand invalid": False, "the standard's examples": True}


def check_texts(program, chance, given, report):
    texts = Texts(chance)
    cases = [("hand valid", line) for line in VALID.strip().split("\n")]
    # Two lines of the hand-made valid ones belong together.
    cases = [("hand valid", text) for text in joined([text for _, text in cases])]
    cases += [("hand invalid", line) for line in INVALID.strip().split("\n")]
    cases += package_cases(texts, given.slips)
    for _ in range(given.texts):
        text = texts.pattern()
        cases += [("made", text), ("mutated", texts.mutated(text))]
    answers = ask(program, [{"parse": text} for _, text in cases])
    for (kind, text), ours in zip(cases, answers):
        accepts = ours["parses"] and "pattern_digest" not in ours["findings"]
        theirs = validator_says(text)
        verdict = "accept" if accepts else "refuse"
        if accepts == (theirs == "accepts"):
            fails = theirs.startswith("fails")
            report["texts"][f"{kind}: {'refuse, it fails' if fails else 'both ' + verdict}"] += 1
        else:
            cause = cause_of_text(text, ours, theirs)
            report["texts"][f"{kind}: we {verdict}: {cause or 'UNEXPLAINED'}"] += 1
            if cause is None:
                report["unexplained"].append({"text": text, "ours": ours, "validator": theirs})
        expected = EXPECTED.get(kind)
        if expected is not None and expected != accepts:
            report["unexplained"].append({"text": text, "ours": ours, "expected": expected})
    printed = [(t, a["printed"]) for (_, t), a in zip(cases, answers) if a["parses"]]
    again = ask(program, [{"parse": text} for _, text in printed])
    for (text, first), second in zip(printed, again):
        if second.get("printed") != first:
            report["unexplained"].append({"text": text, "printed": first, "again": second})
        elif validator_says(first) != validator_says(text) and (
            cause_of_text(first, second, "refuses") is None
        ):
            report["unexplained"].append({"text": text, "printed": first, "validator": "differs"})
        else:
            report["texts"]["printed and parsed again"] += 1


def joined(lines):
    """Lines that end in a line comment continue in the next."""
    out = []
    for line in lines:
        if out and out[-1].endswith("// d"):
            out[-1] += "\n" + line
        else:
            out.append(line)
    return out


# --- verdicts --------------------------------------------------------------------------------

BASE = datetime.datetime(2024, 1, 1)
WORDS = ["alpha", "beta", "al", "ALPHA", "a.b", "caf\u00e9", "cafe\u0301", "", "x%y", "a_b", "b"]
ADDRESSES = ["10.0.0.1", "10.0.0.77", "10.0.1.0/24", "10.0.0.0/16", "192.168.5.5", "172.16.0.0/12"]
MOMENTS = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z", "2023-06-01T12:00:00Z"]
PAYLOADS = [b"hello", b"\xd4\xc3\xb2\xa1", b"\x00\x01", b"GIF89a"]


def stamp(seconds):
    return f"{BASE + datetime.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


class Cases:
    """Observed data and patterns about them, made at random."""

    def __init__(self, chance):
        self.chance = chance
        self.numbers = 0

    def object(self):
        c = self.chance
        kind = c.choice(["file", "file", "x-thing", "ipv4-addr", "x-net"])
        out = {"type": kind}
        if kind in ("ipv4-addr", "x-net"):
            networks = [text for text in ADDRESSES if "/" in text]
            return out | {"value": c.choice(networks if kind == "x-net" else ADDRESSES)}
        if c.random() < 0.9:
            out["name"] = c.choice(WORDS)
        if c.random() < 0.8:
            out["size"] = c.choice([0, 1, 2, 3, 1.0, 2.5, -1, 10**15])
        if c.random() < 0.6:
            out["flag"] = c.random() < 0.5
        if c.random() < 0.6:
            out["tags"] = c.choices(WORDS, k=c.randint(0, 3))
        if c.random() < 0.5:
            out["seen"] = c.choice(MOMENTS)
        if c.random() < 0.4:
            out["magic_hex"] = c.choice(PAYLOADS).hex()
        if c.random() < 0.3:
            out["nothing"] = None
        if c.random() < 0.5:
            number = c.randint(0, 3)
            sections = [{"n": c.randint(0, 3), "w": c.choice(WORDS)} for _ in range(number)]
            out["extensions"] = {"x-ext": {"sections": sections, "level": c.randint(0, 3)}}
        return out

    def observed(self, version):
        """One observed-data with its objects, as a list of STIX objects."""
        c = self.chance
        start = c.randint(0, 40)
        self.numbers += 1
        out = {
            "type": "observed-data",
            "id": f"observed-data--{self.numbers:08}-0000-4000-8000-000000000000",
            "first_observed": stamp(start),
            "last_observed": stamp(start + c.choice([0, 3, 12, 30])),
            "number_observed": c.choice([1, 1, 1, 2, 3]),
        }
        objects = [self.object() for _ in range(c.randint(1, 3))]
        names = []
        for at, thing in enumerate(objects):
            self.numbers += 1
            v21 = f"{thing['type']}--{self.numbers:08}-0000-4000-8000-000000000000"
            names.append(v21 if version == "2.1" else str(at))
        holder = c.choice(objects)
        if "value" not in holder:
            holder["parent_ref"] = c.choice(names)
            holder["part_refs"] = c.sample(names, k=c.randint(1, len(names)))
        if version == "2.0":
            return [out | {"objects": dict(zip(names, objects))}]
        for name, thing in zip(names, objects):
            thing["id"] = name
        return [out | {"spec_version": "2.1", "object_refs": names}] + objects

    def comparison(self):
        """A comparison with its class."""
        c = self.chance
        no = c.choice(["", "", " NOT"])
        kind = c.choice(["file", "file", "x-thing"])
        eq = c.choice(["=", "!="])
        order = c.choice(["<", "<=", ">", ">="])
        word, moment = quoted(c.choice(WORDS)), f"t'{c.choice(MOMENTS)}'"
        number = c.choice(["0", "1", "2", "2.5", "1.0", "-1", "1000000000000000", "-0.5"])
        text = c.choice([":name", ":tags[*]", ":tags[0]", ":tags[1]", ":parent_ref.name"])
        text = c.choice([text, ":part_refs[*].name", ":extensions.'x-ext'.sections[*].w"])
        amount = c.choice([":size", ":extensions.'x-ext'.level", ":part_refs[*].size"])
        payload = c.choice(PAYLOADS)
        binary = c.choice([f"h'{payload.hex()}'", quoted(payload.decode("latin-1"))])
        address = c.choice(ADDRESSES)
        network = address if "/" in address else address + "/" + c.choice(["8", "24", "32", "31"])
        options = [
            ("= text", f"{kind}{text}{no} {eq} {word}"),
            ("= number", f"{kind}{amount}{no} {eq} {number}"),
            ("= boolean", f"{kind}:flag{no} {eq} {c.choice(['true', 'false'])}"),
            ("= time", f"{kind}:seen{no} {eq} {moment}"),
            ("= binary", f"{kind}:magic_hex{no} {eq} {binary}"),
            ("= other type", f"{kind}{text}{no} {eq} {number}"),
            ("= null", f"{kind}:nothing{no} {eq} {word}"),
            ("order text", f"{kind}{text}{no} {order} {word}"),
            ("order number", f"{kind}{amount}{no} {order} {number}"),
            ("order time", f"{kind}:seen{no} {order} {moment}"),
            ("order binary", f"{kind}:magic_hex{no} {order} h'{payload.hex()}'"),
            ("order other type", f"{kind}{text}{no} {order} {number}"),
            ("IN text", f"{kind}{text}{no} IN ({word}, {quoted(c.choice(WORDS))})"),
            ("IN number", f"{kind}{amount}{no} IN ({number}, 3)"),
            ("IN time", f"{kind}:seen{no} IN ({moment})"),
            ("LIKE", f"{kind}{text}{no} LIKE {quoted(self.like())}"),
            ("MATCHES", f"{kind}{text}{no} MATCHES {quoted(self.regex())}"),
            ("MATCHES binary", f"{kind}:magic_hex{no} MATCHES {quoted(self.binary_regex())}"),
            ("ISSUBSET", f"ipv4-addr:value{no} ISSUBSET {quoted(network)}"),
            ("ISSUPERSET", f"x-net:value{no} ISSUPERSET {quoted(address)}"),
        ]
        return c.choice(options)

    def like(self):
        c = self.chance
        return c.choice(["%", "_%", "al%", "%a", "a_b", "caf_", "x%%y", "", "%e\u0301", "a%b", "_"])

    def regex(self, depth=2):
        c = self.chance
        if depth == 0:
            atoms = ["a", "b", ".", "[a-l]", "[^a]", "l", "p", r"\.", r"\w", r"\d", "caf\u00e9"]
            times = ["", "", "", "*", "+", "?", "{1,2}", "*?"]
            return c.choice([*atoms, "e\u0301"]) + c.choice(times)
        parts = [self.regex(depth - 1) for _ in range(c.randint(1, 2))]
        kind = c.randint(0, 5)
        text = "".join(parts)
        if kind == 0:
            return f"({parts[0]}|{parts[-1]})"
        if kind == 1:
            return f"(?:{text})" + c.choice(["", "?"])
        if kind == 2 and depth == 2:
            return c.choice(["^", ""]) + text + c.choice(["$", ""])
        if kind == 3 and depth == 2:
            return "(?i)" + text
        return text

    def binary_regex(self):
        bytes_wanted = [r"\xd4\xc3", r"^\x00", r"[\x80-\xff]"]
        return self.chance.choice([*bytes_wanted, "^GIF", "ell", ".", "o$", r"\d\d"])

    def test(self):
        """Brackets with one to three comparisons, and the classes of these."""
        c = self.chance
        parts = [self.comparison() for _ in range(c.choice([1, 1, 1, 2, 3]))]
        texts = [text for _, text in parts]
        joiner = c.choice([" AND ", " OR "])
        if len(texts) == 3 and c.random() < 0.5:
            text = f"({texts[0]} OR {texts[1]}) AND {texts[2]}"
        else:
            text = joiner.join(texts)
        name = parts[0][0] if len(parts) == 1 else "AND, OR in brackets"
        return name, f"[{text}]"

    def broad(self):
        """Brackets that hold for many observations."""
        kind = self.chance.choice(["file", "x-thing", "ipv4-addr"])
        return f"[{kind}:{'value' if kind == 'ipv4-addr' else 'size'} != 'none']"

    def window(self):
        """An order, and perhaps more, within a window."""
        c = self.chance
        tree = ("followedby", [("test", self.broad()), ("test", self.broad())])
        more = c.choice(["", "and", "followedby", "repeats"])
        if more == "repeats":
            tree = ("repeats", tree, 2)
        elif more:
            parts = [tree, ("test", self.broad())]
            c.shuffle(parts)
            tree = (more, parts)
        tree = ("within", tree, c.choice([0.5, 1.5, 2.5, 3.5, 5.5, 10.5]))
        return tree if c.random() < 0.7 else ("followedby", [tree, ("test", self.broad())])

    def expression(self, depth, version):
        """A tree of observation expressions."""
        c = self.chance
        if depth == 0 or c.random() < 0.35:
            tree = ("test", self.test()[1] if c.random() < 0.5 else self.broad())
        else:
            kind = c.choice(["and", "or", "followedby"])
            tree = (kind, [self.expression(depth - 1, version) for _ in range(2)])
        for _ in range(c.choice([0, 0, 0, 1])):
            # With STIX 2.0 the matcher fails on every START.
            sorts = ["within", "repeats", "startstop"]
            sort = c.choice(sorts if version == "2.1" else sorts[:2])
            if sort == "within":
                # Never a whole number: the matcher counts the very end of the window in.
                tree = ("within", tree, c.choice([0.5, 3.5, 10.5, 30.5]))
            elif sort == "repeats":
                tree = ("repeats", tree, c.choice([1, 2, 2, 3]))
            else:
                start = c.randint(0, 40)
                tree = ("startstop", tree, start, start + c.choice([0, 3, 5, 20]))
        return tree


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def text_of(tree):
    kind = tree[0]
    if kind == "test":
        return tree[1]
    if kind in ("and", "or", "followedby"):
        return "(" + f" {kind.upper()} ".join(text_of(part) for part in tree[1]) + ")"
    inner = f"({text_of(tree[1])})"
    if kind == "within":
        return f"{inner} WITHIN {tree[2]} SECONDS"
    if kind == "repeats":
        return f"{inner} REPEATS {tree[2]} TIMES"
    return f"{inner} START t'{stamp(tree[2])}' STOP t'{stamp(tree[3])}'"


def matcher_says(text, data, version):
    try:
        return bool(match(text, data, stix_version=version))
    except (MatcherException, ParseException) as error:
        return f"raises: {error}"
    except Exception as error:
        return f"raises: {type(error).__name__}: {error}"


class TooMuch(Exception):
    pass


class ThirdOpinion:
    """Decides joined and qualified observation expressions by trying everything.

    Which observations a test holds for is the matcher's own word, one at a time. Times are chosen
    once for each observation bound, and must fulfil all orders and windows together.
    """

    def __init__(self, observed, version):
        self.observed, self.version = observed, version
        self.units = []
        for at, group in enumerate(observed):
            data = group[0]
            low, high = seconds(data["first_observed"]), seconds(data["last_observed"])
            self.units += [(at, low, high)] * data["number_observed"]
        self.tests, self.left = {}, 0

    def holds(self, tree):
        self.left = 60_000
        return any(
            self.consistent(limits) for _, _, limits in self.bind(tree, frozenset())
        )

    def test(self, text, at):
        if (text, at) not in self.tests:
            group = self.observed[at]
            data = group if self.version == "2.0" else [{"type": "bundle", "objects": group}]
            self.tests[text, at] = matcher_says(text, data, self.version)
            if self.tests[text, at] not in (True, False):
                raise TooMuch
        return self.tests[text, at]

    def bind(self, tree, used):
        """Each way: units bound, all units used, and limits `(later, earlier, seconds)`."""
        self.left -= 1
        if self.left < 0:
            raise TooMuch
        kind = tree[0]
        if kind == "test":
            seen = set()
            for number, (at, _, _) in enumerate(self.units):
                if number in used or at in seen:
                    continue
                seen.add(at)  # units of one observed-data are alike
                if self.test(tree[1], at):
                    yield (number,), used | {number}, ()
        elif kind == "or":
            for part in tree[1]:
                yield from self.bind(part, used)
        elif kind in ("and", "followedby"):
            for left, now, first in self.bind(tree[1][0], used):
                for right, then, second in self.bind(tree[1][1], now):
                    order = ()
                    if kind == "followedby":
                        order = tuple(("order", a, b) for a in left for b in right)
                    yield left + right, then, first + second + order
        elif kind == "repeats":
            yield from self.repeat(tree[1], tree[2], used)
        elif kind == "within":
            for bound, now, limits in self.bind(tree[1], used):
                pairs = ((a, b) for a in bound for b in bound if a != b)
                more = tuple(("window", a, b, tree[2]) for a, b in pairs)
                yield bound, now, limits + more
        else:
            for bound, now, limits in self.bind(tree[1], used):
                more = tuple(("between", a, tree[2], tree[3]) for a in bound)
                yield bound, now, limits + more

    def repeat(self, tree, times, used):
        if times == 0:
            yield (), used, ()
            return
        for bound, now, limits in self.bind(tree, used):
            for others, then, more in self.repeat(tree, times - 1, now):
                yield bound + others, then, limits + more

    def consistent(self, limits):
        """Bellman-Ford over whole half seconds: every limit here is one of halves.

        `t < x` for whole `x` becomes `t <= x - 1/2`; times may be taken at halves, since all
        bounds are whole and every window ends on a half.
        """
        low, high = {}, {}
        for limit in limits:
            for number in limit[1:3] if limit[0] != "between" else limit[1:2]:
                _, a, b = self.units[number]
                low[number], high[number] = 2 * a, 2 * b
        differences = []  # (u, v, c): t[v] <= t[u] + c
        for limit in limits:
            if limit[0] == "order":
                differences.append((limit[2], limit[1], 0))
            elif limit[0] == "window":
                # Less than 3.5 seconds apart: 3 when both are whole, and whole times are enough.
                differences.append((limit[1], limit[2], 2 * limit[3] - 1))
            else:
                _, number, start, stop = limit
                low[number] = max(low[number], 2 * start)
                high[number] = min(high[number], 2 * stop - 1)
        for _ in range(len(high) + 1):
            for u, v, c in differences:
                high[v] = min(high[v], high[u] + c)
        if any(high[v] > high[u] + c for u, v, c in differences):
            return False
        return all(low[number] <= high[number] for number in high)


def seconds(text):
    return int((datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ") - BASE).total_seconds())


def check_verdicts(program, chance, number, report):
    cases = Cases(chance)
    questions, asked = [], []
    for _ in range(number):
        version = chance.choice(["2.0", "2.1"])
        observed = [cases.observed(version) for _ in range(chance.randint(1, 6))]
        flat = [thing for group in observed for thing in group]
        data = flat if version == "2.0" else [{"type": "bundle", "objects": flat}]
        questions.append({"objects": flat})
        asked.append(None)
        singles = [cases.test() for _ in range(12)]
        trees = [cases.expression(2, version) for _ in range(4)]
        trees += [cases.window() for _ in range(4)]
        for name, text in singles:
            questions.append({"match": text})
            asked.append((name, text, None, observed, data, version))
        for tree in trees:
            questions.append({"match": text_of(tree)})
            name = "observations joined, qualified"
            asked.append((name, text_of(tree), tree, observed, data, version))
        valid = [text for _, text in singles] + [text_of(tree) for tree in trees]
        questions.append({"index": valid})
        asked.append("index")
    check_printed(program, questions, report)
    answers = ask(program, questions)
    since = []
    for case, ours in zip(asked, answers):
        if case is None:
            since = []
            assert "observations" in ours, ours
        elif case == "index":
            expected = [at for at, holds in enumerate(since) if holds is True]
            if ours["holding"] != expected or ours["faults"]:
                report["unexplained"].append({"index": ours, "expected": expected})
            report["verdicts"]["index: as one by one"] += len(since)
        else:
            since.append(ours.get("holds"))
            compare(case, ours, report)


def check_printed(program, questions, report):
    """What is printed of a pattern holds where the pattern does: NOT, say, is not lost."""
    texts = [question["match"] for question in questions if "match" in question]
    printed = iter(ask(program, [{"parse": text} for text in texts]))
    again = [{"match": next(printed)["printed"]} if "match" in q else q for q in questions]
    pairs = zip(questions, ask(program, questions), ask(program, again))
    for question, first, second in pairs:
        if "match" not in question:
            continue
        if first == second:
            report["verdicts"]["printed: as the pattern"] += 1
        else:
            report["unexplained"].append({"text": question, "ours": first, "printed": second})


def compare(case, ours, report):
    name, text, tree, observed, data, version = case
    theirs, mine = matcher_says(text, data, version), ours.get("holds")
    if isinstance(theirs, str):
        report["verdicts"][f"{name}: the matcher raises"] += 1
        report["raises"][theirs.removeprefix("raises: ").split(":")[0]] += 1
        if mine is None:
            report["unexplained"].append({"text": text, "ours": ours, "matcher": theirs})
        return
    third = third_opinion(tree, observed, version) if tree is not None else None
    if third is not None:
        same = third is mine
        report["third opinion"]["as ours" if same else "OTHERWISE"] += 1
        if not same:
            report["unexplained"].append({"text": text, "ours": ours, "third": third, "data": data})
    if mine is theirs:
        report["verdicts"][f"{name}: both {'match' if mine else 'do not'}"] += 1
    elif mine is not None and third is mine:
        report["verdicts"][f"{name}: the matcher chooses times apart for each operator"] += 1
    else:
        report["verdicts"][f"{name}: UNEXPLAINED"] += 1
        report["unexplained"].append({"text": text, "ours": ours, "matcher": theirs, "data": data})


def third_opinion(tree, observed, version):
    """True or false, or nothing when there is too much to try."""
    try:
        return ThirdOpinion(observed, version).holds(tree)
    except TooMuch:
        return None


# What we hold otherwise than the matcher, each with the reason: object, pattern, ours.
PROBES = [
    ("EXISTS is not in the matcher", {"a": 1}, "[x:a = 1 AND NOT EXISTS x:b]", True),
    ("EXISTS is not in the matcher", {"a": 1}, "[x:a = 1 AND EXISTS x:b]", False),
    ("EXISTS is not in the matcher", {"a": 1}, "[NOT EXISTS x:a]", False),
    ("% and _ take line breaks too", {"a": "b\nc"}, "[x:a LIKE 'b%c']", True),
    ("LIKE means the whole value", {"a": "b\n"}, "[x:a LIKE 'b']", False),
    ("_ is one character", {"a": "bd"}, "[x:a LIKE 'b_d']", False),
    ("_ is one character", {"a": "bcd"}, "[x:a LIKE 'b_d']", True),
    ("true is not 1", {"a": True}, "[x:a IN (1, 2)]", False),
    ("IN compares as = does", {"a_hex": "6162"}, "[x:a_hex IN ('ab')]", True),
    ("IN takes constants of several types", {"a": 1}, "[x:a IN ('b', 1)]", True),
    ("IPv6", {"a": "2001:db8::1"}, "[x:a ISSUBSET '2001:db8::/32']", True),
    ("an address is a network of one", {"a": "10.0.0.1"}, "[x:a ISSUBSET '10.0.0.1']", True),
    ("what is no address is in no network", {"a": "b"}, "[x:a NOT ISSUBSET '10.0.0.0/8']", True),
    ("what is no time equals none", {"a": "b"}, "[x:a != t'2020-01-01T00:00:00Z']", True),
    ("a last _ref is the id", {"a_ref": "0"}, "[x:a_ref = '0']", True),
    (
        "a reference that leads nowhere keeps its place",
        {"a_refs": ["9", "0"]},
        "[x:a_refs[0].type = 'x']",
        False,
    ),
    ("bytes are characters to LIKE", {"a_hex": "e9"}, "[x:a_hex LIKE '_']", True),
    ("bytes that cannot be read are none", {"a_hex": "zz"}, "[x:a_hex != h'00']", False),
    (
        "nanoseconds count",
        {"a": "2020-01-01T00:00:00.123456789Z"},
        "[x:a > t'2020-01-01T00:00:00.123456Z']",
        True,
    ),
    ("named classes of PCRE", {"a": "b"}, "[x:a MATCHES '^[[:alpha:]]$']", True),
]


def check_probes(program, report):
    times = {"first_observed": stamp(0), "last_observed": stamp(0), "number_observed": 1}
    for reason, thing, text, expected in PROBES:
        data = [{"type": "observed-data", "objects": {"0": {"type": "x"} | thing}} | times]
        ours = ask(program, [{"objects": data}, {"match": text}])[1]
        theirs = probe(text, data)
        if ours.get("holds") is not expected:
            report["unexplained"].append({"text": text, "ours": ours, "expected": expected})
        agrees = "as the matcher" if theirs is expected else "otherwise than the matcher"
        report["probes"][f"{reason}: {agrees}"] += 1
    thing = {"type": "x", "a": 1}
    for reason, text, spans in TIMED:
        data = [
            {"type": "observed-data", "number_observed": 1, "objects": {"0": thing}}
            | {"first_observed": stamp(first), "last_observed": stamp(last)}
            for first, last in spans
        ]
        ours = ask(program, [{"objects": data}, {"match": text}])[1]
        if ours.get("holds") is not False:
            report["unexplained"].append({"text": text, "ours": ours, "expected": False})
        agrees = "as the matcher" if probe(text, data) is False else "otherwise than the matcher"
        report["probes"][f"{reason}: {agrees}"] += 1


# The same about times: reason, pattern, first and last of each. Ours is no match.
TIMED = [
    (
        "the end of a window is outside of it",
        "[x:a = 1] REPEATS 2 TIMES WITHIN 5 SECONDS",
        [(0, 0), (5, 5)],
    ),
    (
        "an observation has one time for all of the pattern",
        f"[x:a = 1] START t'{stamp(8)}' STOP t'{stamp(12)}' FOLLOWEDBY "
        f"[x:a = 1] START t'{stamp(0)}' STOP t'{stamp(3)}'",
        [(0, 12), (0, 12)],
    ),
]


def check_vectors(folder, report):
    """Validator and matcher confirm the known answers, but for those that carry a note."""
    texts = json.loads((folder / "pattern-parse.json").read_text())
    for name, word in (("good", "accepts"), ("bad", "refuses")):
        for row in texts[name]:
            says = validator_says(row["text"])
            if "note" in row:
                report["vectors"]["texts with a note"] += 1
            elif says == word or (says.startswith("fails") and word == "refuses"):
                report["vectors"]["texts confirmed"] += 1
            else:
                report["unexplained"].append({"vector": row, "validator": says})
    for row_set in json.loads((folder / "pattern-verdicts.json").read_text())["sets"]:
        objects, version = row_set["objects"], row_set["version"]
        data = objects if version == "2.0" else [{"type": "bundle", "objects": objects}]
        for row in row_set["patterns"]:
            if matcher_says(row["pattern"], data, version) is row["holds"]:
                report["vectors"]["verdicts confirmed"] += 1
            else:
                report["unexplained"].append({"vector": row})


def probe(text, data):
    """The matcher's word on a STIX 2.1 pattern about STIX 2.0 objects, turned into 2.1."""
    objects = []
    for number, observed in enumerate(data):
        ids = {key: f"x--{number}-{key}" for key in observed["objects"]}
        for key, thing in observed["objects"].items():
            is_reference = ("_ref", "_refs")
            new = {k: renamed(v, ids) if k.endswith(is_reference) else v for k, v in thing.items()}
            objects.append(new | {"id": ids[key]})
        rest = {k: v for k, v in observed.items() if k != "objects"}
        objects.append(rest | {"id": f"o--{number}", "object_refs": list(ids.values())})
    text = text.replace("= '0'", "= 'x--0-0'")
    return matcher_says(text, [{"type": "bundle", "objects": objects}], "2.1")


def renamed(value, ids):
    if isinstance(value, list):
        return [ids.get(v, v) for v in value]
    return ids.get(value, value)


# --- speed -----------------------------------------------------------------------------------


def cpu(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def check_speed(program, chance):
    """1,000 patterns, each decided for 200 observed data together, in CPU seconds."""
    objects = []
    for number in range(200):
        kind, value = chance.choice(["ipv4-addr", "domain-name", "file"]), number * 7
        thing = {"type": kind, "id": f"{kind}--{number:08}-0000-4000-8000-000000000000"}
        if kind == "ipv4-addr":
            thing["value"] = f"10.0.{value // 256}.{value % 256}"
        elif kind == "domain-name":
            thing["value"] = f"host{value}.example"
        else:
            thing |= {"name": f"f{value}.exe", "hashes": {"MD5": f"{value:032x}"}}
        objects.append(thing)
        objects.append(
            {
                "type": "observed-data",
                "id": f"observed-data--{number:08}-0000-4000-8000-000000000000",
                "first_observed": stamp(number),
                "last_observed": stamp(number + 1),
                "number_observed": 1,
                "object_refs": [thing["id"]],
            }
        )
    patterns = []
    for number in range(1000):
        value = chance.randint(0, 3000)
        patterns.append(
            chance.choice(
                [
                    f"[ipv4-addr:value = '10.0.{value // 256}.{value % 256}']",
                    f"[domain-name:value = 'host{value}.example']",
                    f"[file:hashes.MD5 = '{value:032x}' OR file:name = 'f{value}.exe']",
                    f"[domain-name:value IN ('host{value}.example', 'host{value + 1}.example')]",
                    f"[ipv4-addr:value = '10.0.0.{value % 256}'] AND [file:name = 'f{value}.exe']",
                ]
            )
        )
    before = cpu(resource.RUSAGE_SELF)
    bundle = [{"type": "bundle", "objects": objects}]
    theirs = [at for at, text in enumerate(patterns) if match(text, bundle, stix_version="2.1")]
    matcher = cpu(resource.RUSAGE_SELF) - before
    compiled = [Pattern(text, "2.1") for text in patterns]
    before = cpu(resource.RUSAGE_SELF)
    for pattern in compiled:
        pattern.match(bundle)
    matcher_compiled = cpu(resource.RUSAGE_SELF) - before
    questions = [{"objects": objects}, {"index": patterns}]
    before = cpu(resource.RUSAGE_CHILDREN)
    answer = ask(program, questions)[1]
    indexed = cpu(resource.RUSAGE_CHILDREN) - before
    questions = [{"objects": objects}] + [{"match": text} for text in patterns]
    before = cpu(resource.RUSAGE_CHILDREN)
    singly = ask(program, questions)[1:]
    single = cpu(resource.RUSAGE_CHILDREN) - before
    agree = answer["holding"] == theirs == [at for at, a in enumerate(singly) if a["holds"]]
    print(
        json.dumps(
            {
                "ok": agree,
                "patterns": len(patterns),
                "observed": 200,
                "matching": len(theirs),
                "matcher_seconds": round(matcher, 3),
                "matcher_seconds_compiled_before": round(matcher_compiled, 3),
                "ours_seconds_with_index_and_all_parsing": round(indexed, 4),
                "ours_seconds_one_by_one": round(single, 4),
                "ratio": round(matcher / max(indexed, 1e-9), 1),
                "ratio_one_by_one": round(matcher / max(single, 1e-9), 1),
            }
        )
    )
    return agree


PARTS = ("texts", "verdicts", "third opinion", "raises", "probes", "vectors")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--texts", type=int, default=1500)
    arguments.add_argument("--slips", type=int, default=50)
    arguments.add_argument("--sets", type=int, default=400)
    arguments.add_argument("--vectors", type=pathlib.Path)
    arguments.add_argument("--speed", action="store_true")
    given = arguments.parse_args()
    chance = random.Random(given.seed)
    if given.speed:
        sys.exit(0 if check_speed(given.program, chance) else 1)
    report = {name: collections.Counter() for name in PARTS}
    report["unexplained"] = []
    began = time.monotonic()
    check_texts(given.program, chance, given, report)
    check_verdicts(given.program, chance, given.sets, report)
    check_probes(given.program, report)
    if given.vectors:
        check_vectors(given.vectors, report)
    shown = {name: dict(sorted(report[name].items())) for name in PARTS}
    unexplained = report["unexplained"]
    shown |= {"unexplained": len(unexplained), "examples": unexplained[:10]}
    shown |= {"seed": given.seed, "seconds": round(time.monotonic() - began)}
    print(json.dumps({"ok": not unexplained} | shown, ensure_ascii=False))
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    main()
