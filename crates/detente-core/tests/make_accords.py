#!/usr/bin/env python3
"""Writes vectors/accord/: a sound text, and one spoilt text for each fault.

The line of a fault is that of its marker in the spoilt text; expect.json says what must be found.

    python3 make_accords.py <folder>
"""

import hashlib
import json
import sys
from pathlib import Path

# File, what is replaced, by what, and the faults: each a code and the text on whose line it is.
BAD = [
    ("bad_prose", "Receipts within {within}.", "Receipts within {within.",
     [("bad_prose", "Receipts within")]),
    ("bad_string", "A sound", "A \u202esound", [("bad_string", "title")]),
    ("bad_value_colour", '"amber"\ncap', '"mauve"\ncap', [("bad_value", '"mauve"')]),
    ("bad_value_clause_number", 'id = "4"', 'id = "04"', [("bad_value", '[[clause]]\nid = "04"')]),
    ("deadline_without_clock", ', clock = "receipt", breach', ", breach",
     [("deadline_without_clock", "oblige = {")]),
    ("format", "format = 1", "format = 2", [("format", "format = 2")]),
    ("many_rules", "oblige = {",
     'forbid = { from = "*", to = "*", object = "indicator" }\noblige = {',
     [("many_rules", '[[clause]]\nid = "4"')]),
    ("missing_field", 'breach = "escalate"', "", [("missing_field", "oblige = {")]),
    ("missing_language", 'prose.de = "Quittung in {within}."\n', "",
     [("missing_language", '[[clause]]\nid = "4"')]),
    ("no_scope_from", 'from = "*"\nto = "*"\n', 'to = "*"\n', [("no_scope", "[clause.permit]")]),
    ("no_scope_kinds", 'kinds = ["domain", "ipv4"]\nonly', "only",
     [("no_scope", "[clause.permit]")]),
    ("no_scope_only", 'only = "matched"\n', "", [("no_scope", "[clause.permit]")]),
    ("no_scope_ceiling", 'max_tlp = "amber"\n', "", [("no_scope", "[clause.permit]")]),
    ("nobody_signs", '"propose", "sign"', '"propose"', [("nobody_signs", "format = 1")]),
    ("not_toml", "[exit]", "[exit", [("not_toml", "[exit")]),
    ("not_utf8", "CERT Alpha", "CERT \udcffAlpha", [("not_utf8", "CERT \udcff")]),
    ("parameter_not_shown", "{cap.count} per", "per",
     [("parameter_not_shown", 'prose.en = "Matched')]),
    ("prose_contradicts_colour", "up to {max_tlp} leave", "up to {max_tlp}, not TLP:RED, leave",
     [("prose_contradicts", "TLP:RED")]),
    ("prose_contradicts_number", "{cap.count} per", "{cap.count}, say 500, per",
     [("prose_contradicts", "say 500")]),
    ("repeated", 'id = "4"', 'id = "3"',
     [("repeated", '[[clause]]\nid = "3"\nprose.en = "Receipts')]),
    ("unknown_field", 'only = "matched"', 'only = "matched"\nonyl = "any"',
     [("unknown_field", "onyl")]),
    ("unknown_language", 'prose.de = "Quittung',
     'prose.fr = "Accusé en {within}."\nprose.de = "Quittung',
     [("unknown_language", '[[clause]]\nid = "4"')]),
    ("unknown_parameter", "up to {max_tlp} leave", "up to {max_tlp} {tlp} leave",
     [("unknown_parameter", "{tlp}")]),
    ("unknown_party", 'between = ["A", "B"]', 'between = ["A", "C"]',
     [("unknown_party", "match = {")]),
    ("wrong_type", 'title = "A sound accord"', "title = 7", [("wrong_type", "title = 7")]),
]


def line_of(text, marker):
    assert text.count(marker) == 1, marker
    return text[: text.index(marker)].count("\n") + 1


def too_many(sound):
    parties = "".join(
        f'[[party]]\nid = "P{n}"\nname = "CERT {n}"\nroot = "{n:064}"\n\n' for n in range(30)
    )
    labels = ", ".join(f'"label-{n}"' for n in range(20))
    text = sound.replace("[[authority]]", parties + "[[authority]]")
    return text.replace('labels = ["victim"]', f"labels = [{labels}]")


def one_party(sound):
    start = sound.index('[[party]]\nid = "B"')
    text = sound[:start] + sound[sound.index("[[authority]]"):]
    return text[: text.index('[[clause]]\nid = "1"')] + text[text.index('[[clause]]\nid = "2"'):]


def main():
    folder = Path(sys.argv[1])
    sound = (folder / "sound.toml").read_text()
    parties = sorted(bytes.fromhex(digit * 64) for digit in ("a", "b"))
    accord = hashlib.sha256(b"detente/accord-id/1\0")
    for part in [b"sound-0"] + parties:
        accord.update(len(part).to_bytes(8, "big") + part)
    sha256 = hashlib.sha256(sound.encode()).hexdigest()
    cases = [{"name": "sound.toml", "sha256": sha256, "accord": accord.hexdigest(), "faults": []}]
    texts = []
    for name, old, new, faults in BAD:
        assert sound.count(old) == 1, old
        text = sound.replace(old, new)
        texts.append((name, text, [(line_of(text, marker), code) for code, marker in faults]))
    texts.append(("too_many", too_many(sound), [(1, "too_many")]))
    texts.append(("parties", one_party(sound), [(1, "parties")]))
    for name, text, faults in sorted(texts):
        file = f"bad_{name.removeprefix('bad_')}.toml"
        (folder / file).write_bytes(text.encode(errors="surrogateescape"))
        rows = [{"line": line, "code": code} for line, code in faults]
        cases.append({"name": file, "faults": rows})
    text = json.dumps({"version": 1, "cases": cases}, indent=1) + "\n"
    (folder / "expect.json").write_text(text)


if __name__ == "__main__":
    main()
