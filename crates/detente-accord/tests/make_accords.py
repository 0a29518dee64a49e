#!/usr/bin/env python3
"""Writes vectors/accord/: a sound text, and one spoilt text for each fault.

The line of a fault is that of its marker in the spoilt text; expect.json says what must be found,
and of sound texts the units, split here by other means than in the product.

    python3 make_accords.py <folder>
"""

import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path

AGREED = '''status = "agreed"
text.en = "a normalised observable"
text.de = "ein normalisiertes Merkmal"
'''
DIVERGENT = '''status = "divergent"
text.A.en = "a normalised observable"
text.A.de = "ein normalisiertes Merkmal"
text.B.en = "what a sensor reports"
text.B.de = "was ein Sensor meldet"
note.en = "A wants a normal form"
note.de = "A will eine Normalform"
'''
ANNEX = '''
[[annex]]
id = "objects"
kind = "protected-objects"
title.en = "What is off limits"
title.de = "Was tabu ist"
bytes = 3
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
media_type = "text/csv"
'''

OBLIGE = '''oblige = { actor = "*", verb = "acknowledge", on = "release", within = "PT24H", \
clock = "receipt", breach = "escalate" }
'''
EMERGENCY = '''
[emergency]
stop_by = ["duty-officer", "minister"]
lapses = "P10D"
clock = "act"
'''

# Sound texts: file, and what is replaced by what.
GOOD = [
    ("divergent", [(AGREED, DIVERGENT)]),
    ("annex", [
        ("\n[emergency]", ANNEX + "\n[emergency]"),
        ("clause 2 notwith", "clause 2 and {annex.objects} notwith"),
    ]),
    ("amendment", [
        ('expires = "2030-12-31"',
         f'expires = "2030-12-31"\namends = "{"c" * 64}"\neffective = "2029-01-01"'),
    ]),
]

# File, what is replaced, by what, and the faults: each a code and the text on whose line it is.
BAD = [
    ("bad_prose", "receipts within {within} from", "receipts within {within from",
     [("bad_prose", "receipts within")]),
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
    ("missing_language", 'prose.de = "{actor} quittiert in {within} ab {clock}."\n', "",
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
     [("parameter_not_shown", 'prose.en = "{from} may')]),
    ("prose_contradicts_colour", "up to {max_tlp} to", "up to {max_tlp}, not TLP:RED, to",
     [("prose_contradicts", "TLP:RED")]),
    ("prose_contradicts_number", "{cap.count} per", "{cap.count}, say 500, per",
     [("prose_contradicts", "say 500")]),
    ("prose_contradicts_number_of_a_clause", "{cap.count} per", "{cap.count}, not 2, per",
     [("prose_contradicts", "not 2")]),
    ("prose_contradicts_number_that_is_true", "{cap.count} per", "{cap.count}, that is 200, per",
     [("prose_contradicts", "that is 200")]),
    ("prose_contradicts_number_in_words", "{cap.count} per", "{cap.count}, say five hundred, per",
     [("prose_contradicts", "say five")]),
    ("prose_contradicts_period", "{cap.per}; kept", "{cap.per}, once a day; kept",
     [("prose_contradicts", "once a day")]),
    ("prose_contradicts_colour_in_words", "up to {max_tlp} to", "up to {max_tlp} or marked red to",
     [("prose_contradicts", "marked red")]),
    ("prose_contradicts_clause", "clause 2 notwith", "clause 9 notwith",
     [("prose_contradicts", "clause 9")]),
    ("prose_contradicts_constant", 'id = "2"', 'id = "2"\nparams = { most = 500 }',
     [("prose_contradicts", "most = 500")]),
    ("prose_contradicts_title", "A sound accord", "A sound accord on 500 objects",
     [("prose_contradicts", "500 objects")]),
    ("prose_contradicts_definition", "a normalised observable", "an observable marked red",
     [("prose_contradicts", "marked red")]),
    ("parameter_not_shown_mode", "tells {mode}:", "tells which both hold:",
     [("parameter_not_shown", 'prose.en = "Matching')]),
    ("parameter_not_shown_direction", "to {to}, {cap.count}", "to CERT Beta, {cap.count}",
     [("parameter_not_shown", 'prose.en = "{from} may')]),
    ("missing_field_payload_bytes", 'mode = "which"', 'mode = "payload"',
     [("missing_field", "match = {")]),
    ("value_payload_bytes", 'mode = "which"', 'mode = "which", payload_bytes = 512',
     [("bad_value", "match = {")]),
    ("parameter_not_shown_categories", 'only = "matched"\n',
     'only = "matched"\ncategories = ["power"]\n',
     [("parameter_not_shown", 'prose.en = "{from} may'),
      ("parameter_not_shown", 'prose.de = "{from} darf')]),
    ("prose_contradicts_pap", "up to {max_tlp} to", "up to {max_tlp} and PAP:AMBER to",
     [("prose_contradicts", "PAP:AMBER")]),
    ("value_purposes", 'only = "matched"\n', 'only = "matched"\npurposes = ["fun"]\n',
     [("bad_value", 'purposes = ["fun"]')]),
    ("value_releasable", 'only = "matched"\n', 'only = "matched"\nreleasable = "all"\n',
     [("bad_value", 'releasable = "all"')]),
    ("mixed_scripts", "CERT Beta", "CERT B\u0435ta", [("mixed_scripts", '[[party]]\nid = "B"')]),
    ("repeated_name", "CERT Beta", "cert  alpha", [("repeated", '[[party]]\nid = "B"')]),
    ("repeated_root", "b" * 64, "a" * 64, [("repeated", '[[party]]\nid = "B"')]),
    ("one_meaning", 'status = "agreed"\ntext.en = "a normalised observable"\n',
     'status = "divergent"\n',
     [("one_meaning", "text.de")]),
    ("missing_party", AGREED, DIVERGENT.replace("text.B.en = \"what a sensor reports\"\n", "")
     .replace("text.B.de = \"was ein Sensor meldet\"\n", ""), [("missing_party", "text.A.en")]),
    ("value_annex", "\n[emergency]", ANNEX.replace("ba7816", "BA7816") + "\n[emergency]",
     [("bad_value", "sha256 =")]),
    ("unknown_parameter_annex", "clause 2 notwith", "clause 2, {annex.objects} notwith",
     [("unknown_parameter", "annex.objects")]),
    ("value_effective", 'expires = "2030-12-31"',
     'expires = "2030-12-31"\neffective = "2031-01-01"',
     [("bad_value", "effective")]),
    ("hidden_character", "[exit]", "# leave \u202eevael\n[exit]",
     [("hidden_character", "# leave")]),
    ("unit", OBLIGE + EMERGENCY, EMERGENCY + OBLIGE.replace("oblige = {", "[clause.oblige]\n")
     .replace(", ", "\n").replace(" }", ""), [("unit", "[clause.oblige]")]),
    ("value_cap", "count = 200", "count = 0", [("bad_value", "count = 0")]),
    ("value_span", '"P180D"', '"P6M"', [("bad_value", '"P6M"')]),
    ("value_kinds", 'kinds = ["domain", "ipv4"]\nonly', 'kinds = ["*"]\nonly',
     [("bad_value", '["*"]')]),
    ("missing_field_cap", ', per = "P30D" }\nretention', " }\nretention",
     [("missing_field", "cap = {")]),
    ("repeated", 'id = "4"', 'id = "3"',
     [("repeated", '[[clause]]\nid = "3"\nprose.en = "{actor}')]),
    ("unknown_field", 'only = "matched"', 'only = "matched"\nonyl = "any"',
     [("unknown_field", "onyl")]),
    ("unknown_language", 'prose.de = "{actor}',
     'prose.fr = "{actor} accuse en {within} dès {clock}."\nprose.de = "{actor}',
     [("unknown_language", '[[clause]]\nid = "4"')]),
    ("unknown_parameter", "up to {max_tlp} to", "up to {max_tlp} {tlp} to",
     [("unknown_parameter", "{tlp}")]),
    ("unknown_party", 'between = ["A", "B"]', 'between = ["A", "C"]',
     [("unknown_party", "match = {")]),
    ("wrong_type", 'title = "A sound accord"', "title = 7", [("wrong_type", "title = 7")]),
]


def line_of(text, marker):
    assert text.count(marker) == 1, marker
    return text[: text.index(marker)].count("\n") + 1


def units(text):
    """Key and SHA-256 of each unit of a text without comments and strings of several lines."""
    starts = [0]
    for header in re.finditer(r"^\n*\[\[?[a-z-]+\]", text, re.MULTILINE):
        starts.append(header.start())
    found = []
    for start, end in zip(starts, starts[1:] + [len(text)]):
        part = text[start:end]
        ((table, value),) = tomllib.loads(part).items()
        key = "head" if table == "format" else table
        if isinstance(value, list):
            fields = ("party", "role") if table == "authority" else ("id",)
            key = " ".join([table] + [value[0][field] for field in fields])
        found.append([key, hashlib.sha256(part.encode()).hexdigest()])
    assert "".join(text[a:b] for a, b in zip(starts, starts[1:] + [len(text)])) == text
    return found


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
    good = {"accord": accord.hexdigest(), "faults": []}
    cases = [{"name": "sound.toml", "sha256": sha256, "units": units(sound), **good}]
    for name, edits in GOOD:
        text = sound
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        file = f"sound_{name}.toml"
        (folder / file).write_text(text)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        cases.append({"name": file, "sha256": sha256, "units": units(text), **good})
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
