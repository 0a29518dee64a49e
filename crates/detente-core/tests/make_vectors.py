#!/usr/bin/env python3
"""Writes vectors/card-*.json, act-*.json and roster.json: signed statements, good and bad.

A second reading of the formats: the encoding is written here from RFC 8949 and RFC 9052, and the
signatures come from PyPI `cryptography` (48 or newer, for ML-DSA), so that the vectors are no
mirror of the code they test. Its ML-DSA signatures are randomised: a second run gives other bytes.

    python3 make_vectors.py <folder> [<file without its ending>...]
"""

import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA87PrivateKey

ROLES = {"minister": 1, "head": 2, "duty-officer": 3, "analyst": 4, "auditor": 5}
SIGN = 3


def head(major, value):
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << 8 * size:
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")
    raise ValueError(value)


def cbor(value):
    """Deterministic CBOR; `Raw` is put in as it is, maps keep the order they are given in."""
    if isinstance(value, Raw):
        return value.bytes
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    pairs = value.items() if isinstance(value, dict) else value.pairs
    return head(5, len(pairs)) + b"".join(cbor(k) + cbor(v) for k, v in pairs)


class Raw:
    def __init__(self, data):
        self.bytes = data


class Pairs:
    """A map with any keys in any order."""

    def __init__(self, pairs):
        self.pairs = pairs


def digest(label, *parts):
    lengths = (len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(label.encode() + b"\0" + b"".join(lengths)).digest()


class Key:
    algs = (-8, -49)

    def __init__(self, fill):
        self.ed25519 = Ed25519PrivateKey.from_private_bytes(bytes([fill]) * 32)
        self.ml_dsa = MLDSA65PrivateKey.from_seed_bytes(bytes([fill]) * 32)
        self.public = [
            self.ed25519.public_key().public_bytes_raw(),
            self.ml_dsa.public_key().public_bytes_raw(),
        ]
        self.id = digest("detente/key/1", cbor(self.public))

    def sign(self, messages):
        return [self.ed25519.sign(messages[0]), self.ml_dsa.sign(messages[1])]


class Cnsa2(Key):
    """A key of suite cnsa2: ML-DSA-87 alone."""

    algs = (-50,)

    def __init__(self, fill):
        self.ml_dsa = MLDSA87PrivateKey.from_seed_bytes(bytes([fill]) * 32)
        self.public = [self.ml_dsa.public_key().public_bytes_raw()]
        self.id = digest("detente/key/1", cbor(self.public))

    def sign(self, messages):
        return [self.ml_dsa.sign(messages[0])]


ROOT, MINISTER, ANALYST, OTHER = Key(1), Key(2), Key(3), Key(9)
STRONG, STRONG_MINISTER = Cnsa2(1), Cnsa2(2)


def statement(label, payload, key, **change):
    """COSE_Sign with both signatures; `change` spoils one part of it."""
    kid = change.get("kid", key.id)
    algs = change.get("algs", key.algs)
    ids = (kid, change.get("kid2", kid))
    heads = [cbor({1: alg, 4: name}) for alg, name in zip(algs, ids)]
    signed = [cbor(["Signature", b"", part, label.encode(), payload]) for part in heads]
    pair = key.sign(signed)
    for half in range(len(pair)):
        if change.get("flip") == half:
            pair[half] = bytes([pair[half][0] ^ 1]) + pair[half][1:]
    payload = change.get("sent", payload)
    body = [b"", change.get("unprotected", {}), payload]
    body.append([[part, {}, signature] for part, signature in zip(heads, pair)])
    return change.get("tag", b"\xd8\x62") + cbor(body) + change.get("tail", b"")


def card_fields(**change):
    fields = {
        1: 1,
        2: "CERT Alpha",
        3: ROOT.public,
        4: [],
        5: b"\x30" * 44,
        6: b"\x04" * 32,
        7: b"\x05" * 32,
        8: "192.0.2.1:443",
        9: 1767323045,
    }
    fields.update({int(key[1:]): value for key, value in change.items()})
    return {key: value for key, value in fields.items() if value is not None}


def card(fields=None, key=ROOT, label="detente/card/1", **change):
    payload = cbor(card_fields() if fields is None else fields)
    return statement(label, payload, key, **change)


def role(name, key, acts):
    return [ROLES[name], key.public, acts]


def cards():
    fields = card_fields()
    items = list(fields.items())
    identity = b"\x01" + b"\0" * 31
    other_spelling = b"\xee" + b"\xff" * 30 + b"\x7f"
    roles = [role("minister", MINISTER, [2, 3, 4]), role("analyst", ANALYST, [])]
    good = {
        "card": card(card_fields(f4=roles)),
        "card_of_suite_cnsa2": card(
            card_fields(f3=STRONG.public, f4=[role("minister", STRONG_MINISTER, [2, 3])]), STRONG
        ),
        "card_without_address_and_roles": card(card_fields(f8=None)),
    }
    malformed = {
        "version_2": card(card_fields(f1=2)),
        "name_empty": card(card_fields(f2="")),
        "name_too_long": card(card_fields(f2="x" * 121)),
        "name_turns_direction": card(card_fields(f2="CERT \u202eahplA")),
        "name_not_utf8": card(card_fields(f2=Raw(b"\x62\xc3\x28"))),
        "field_missing": card(card_fields(f7=None)),
        "field_unknown": card(Pairs(items + [(10, 1)])),
        "fields_unsorted": card(Pairs([items[1], items[0]] + items[2:])),
        "field_twice": card(Pairs(items[:1] + items[:1] + items[1:])),
        "integer_not_shortest": card(card_fields(f1=Raw(b"\x18\x01"))),
        "list_indefinite": card(card_fields(f4=Raw(b"\x9f\xff"))),
        "roles_unsorted": card(
            card_fields(f4=[role("analyst", ANALYST, []), role("minister", MINISTER, [])])
        ),
        "roles_share_a_key": card(
            card_fields(f4=[role("minister", MINISTER, []), role("analyst", MINISTER, [])])
        ),
        "role_has_the_root_key": card(card_fields(f4=[role("minister", ROOT, [3])])),
        "role_unknown": card(card_fields(f4=[[9, MINISTER.public, []]])),
        "acts_unsorted": card(card_fields(f4=[role("minister", MINISTER, [3, 2])])),
        "act_unknown": card(card_fields(f4=[role("minister", MINISTER, [99])])),
        "log_key_is_mirror_key": card(card_fields(f7=b"\x04" * 32)),
        "root_of_small_order": card(card_fields(f3=[identity, ROOT.public[1]])),
        "root_not_canonical": card(card_fields(f3=[other_spelling, ROOT.public[1]])),
        "root_ml_dsa_short": card(card_fields(f3=[ROOT.public[0], ROOT.public[1][:-1]])),
        "time_out_of_range": card(card_fields(f9=1 << 40)),
        "bytes_follow": card(tail=b"\0"),
        "payload_bytes_follow": statement("detente/card/1", cbor(fields) + b"\0", ROOT),
        "tag_missing": card(tag=b""),
        "unprotected_header": card(unprotected={1: 1}),
        "algorithms_swapped": card(algs=(-49, -8)),
        "signatures_of_two_keys": card(kid2=OTHER.id),
    }
    unsigned = {
        "signed_by_another_root": card(key=OTHER),
        "signed_by_another_in_the_roots_name": card(key=OTHER, kid=ROOT.id),
        "ed25519_signature_changed": card(flip=0),
        "ml_dsa_signature_changed": card(flip=1),
        "label_of_an_act": card(label="detente/act/1"),
        "payload_changed": card(sent=cbor(card_fields(f2="CERT Omega"))),
    }
    cases = [(name, data, "ok") for name, data in good.items()]
    cases += [(name, data, "card_malformed") for name, data in malformed.items()]
    cases += [(name, data, "card_not_signed") for name, data in unsigned.items()]
    named = [
        {
            "name": name,
            "party": (STRONG if "cnsa2" in name else ROOT).id.hex(),
            "card": data.hex(),
            "expect": expect,
        }
        for name, data, expect in cases
    ]
    return {"version": 1, "cases": named}


ACCORD, AUTHOR, SALT = b"\x11" * 32, ROOT.id, b"\x07" * 32
SIGNATURE = cbor([b"\x22" * 32])


def seen(party, size):
    return [bytes([party]) * 32, size, b"\x33" * 32]


def header_fields(**change):
    fields = {
        1: 1,
        2: ACCORD,
        3: AUTHOR,
        4: SIGN,
        5: 9,
        6: 1767323045,
        8: [seen(0x44, 12), seen(0x55, 3)],
        9: digest("detente/body/1", SALT, SIGNATURE),
    }
    fields.update({int(key[1:]): value for key, value in change.items()})
    return {key: fields[key] for key in sorted(fields) if fields[key] is not None}


def leaf(fields=None, key=MINISTER, label="detente/act/1", **change):
    payload = cbor(header_fields() if fields is None else fields)
    return statement(label, payload, key, **change)


def leaves():
    items = list(header_fields().items())
    own = [AUTHOR, 2, b"\x33" * 32]
    good = {
        "act": leaf(),
        "act_that_supersedes": leaf(header_fields(f7=b"\x66" * 32)),
        "act_that_has_seen_nothing": leaf(header_fields(f8=[])),
    }
    malformed = {
        "version_2": leaf(header_fields(f1=2)),
        "kind_unknown": leaf(header_fields(f4=14)),
        "kind_zero": leaf(header_fields(f4=0)),
        "author_short": leaf(header_fields(f3=b"\x01" * 31)),
        "time_out_of_range": leaf(header_fields(f6=1 << 40)),
        "seen_unsorted": leaf(header_fields(f8=[seen(0x55, 3), seen(0x44, 12)])),
        "seen_twice": leaf(header_fields(f8=[seen(0x44, 12), seen(0x44, 13)])),
        "seen_own_log": leaf(header_fields(f8=[own])),
        "seen_too_many": leaf(header_fields(f8=[seen(party, 1) for party in range(32)])),
        "field_missing": leaf(header_fields(f9=None)),
        "field_unknown": leaf(Pairs(items + [(10, 1)])),
        "fields_unsorted": leaf(Pairs([items[1], items[0]] + items[2:])),
        "sequence_not_shortest": leaf(header_fields(f5=Raw(b"\x19\x00\x09"))),
        "bytes_follow": leaf(tail=b"\0"),
        "algorithms_swapped": leaf(algs=(-49, -8)),
    }
    unsigned = {
        "signed_by_another": leaf(key=OTHER),
        "signed_by_another_in_its_name": leaf(key=OTHER, kid=MINISTER.id),
        "ed25519_signature_changed": leaf(flip=0),
        "ml_dsa_signature_changed": leaf(flip=1),
        "label_of_a_card": leaf(label="detente/card/1"),
        "time_changed": leaf(sent=cbor(header_fields(f6=1767323046))),
    }
    cases = []
    for expect, group in (("ok", good), ("act_malformed", malformed), ("act_not_signed", unsigned)):
        for name, data in group.items():
            cases.append((name, data, SALT, SIGNATURE, expect))
    sound = leaf()
    cases.append(("other_salt", sound, b"\x08" * 32, SIGNATURE, "act_other_body"))
    cases.append(("other_body", sound, SALT, cbor([b"\x23" * 32]), "act_other_body"))
    stop = leaf(header_fields(f9=digest("detente/body/1", SALT, cbor(["why"]))))
    cases.append(("body_of_another_kind", stop, SALT, cbor(["why"]), "act_malformed"))
    names = ("name", "leaf", "salt", "body", "expect")
    rows = [[part.hex() if isinstance(part, bytes) else part for part in case] for case in cases]
    key = cbor(MINISTER.public).hex()
    return {"version": 1, "key": key, "cases": [dict(zip(names, row)) for row in rows]}


CONSENT = 39


def presented(asked=b"\x06" * 32, key=MINISTER, kind=CONSENT, may=(CONSENT,), holder=b"\x03" * 32):
    """A consent with the card, leaf and salt that prove it."""
    scope = {1: [[b"\x01" * 32, b"\x02" * 32]], 2: holder, 3: b"\x04" * 32, 4: b"\x05" * 32,
             5: "2", 7: [], 8: 1767323045}
    body = cbor([asked, scope, ""])
    own = card(card_fields(f4=[role("minister", MINISTER, list(may))]))
    named = header_fields(f4=kind, f9=digest("detente/body/1", SALT, body))
    return [own, leaf(named, key=key), SALT, body]


STEPS_ON_CLAUSES = [("float", 14), ("support", 15), ("reserve_position", 16),
                    ("agree_ad_referendum", 17), ("decline", 24)]
STEPS_ON_TEXTS = [("initial", 18), ("sign_ad_referendum", 19), ("ratify", 21), ("accede", 22)]


def bodies():
    run, text, root = b"\x03" * 32, b"\x07" * 32, b"\x08" * 32
    first, second, third = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
    offer = [run, text, "1", 1, 1, 1, "ecdh/1", 1024, root]
    known = {1: "election-system", 2: 2, 3: [root], 4: 1, 5: [text, root], 6: []}
    entry = [root, "2", 1, 2, False, ["a", "b"], 100, 1, {}, []]
    whole = entry[:8] + [known, [1, 2, 5]]
    listed = {1: text, 2: "5", 3: 1, 4: "voprf/1", 5: 1, 6: run, 7: 1024, 8: root}

    def with_part(whole, place, part):
        return whole[:place] + [part] + whole[place + 1:]

    def release(*entries):
        return {1: text, 3: list(entries)}

    of_clauses = [1, text, ["1", "3.1"]]
    subject = [2, "working group", "conduct in cyberspace", "both territories", "elections",
               1767323045]
    way = [b"\x01" * 32, b"\x02" * 32]
    held = {1: text, 4: ["2"], 5: [way], 6: "no answers"}
    held_until = {1: text, 2: 1767323045, 3: 1767409445, 4: ["2"], 5: [way], 6: "no answers"}
    change = ["clause 3", [text], [["[[clause]]\nid = \"3\"\n"]], ["shall"], ""]
    statement = [run, [2, "working group"], 8, 1767323045, "a transcript", root, "we agreed"]
    line = [[1, "3.1"], 8, "agreed"]
    many = [f"{number:02}" for number in range(33)]
    passage = [run, root]
    scope = {1: [passage], 2: way[0], 3: way[1], 4: text, 5: "2", 7: [], 8: 1767323045}
    narrow = {1: [passage, [text, root]], 2: way[0], 3: way[1], 4: text, 5: "2", 6: 1, 7: [1, 5],
              8: 1767323045}
    ask = [root, scope, "for their defence"]
    one = cbor(release(entry))
    good = [
        ("designate", 1, [b"any bytes"]),
        ("propose", 2, [b"format = 1"]),
        ("sign", 3, [text]),
        ("refuse", 4, [text, "too wide"]),
        ("denounce", 5, [text, "over", 1767323045]),
        ("stop", 6, ["a leak"]),
        ("resume", 7, ["mended"]),
        ("offer_match", 8, offer),
        ("answer_match", 9, [run, text, 1024, root]),
        ("close_match_done", 10, [run, {1: root, 2: 3}]),
        ("close_match_without_count", 10, [run, {1: root}]),
        ("close_match_aborted", 10, [run, {3: 1, 4: "cut"}]),
        ("release", 11, {1: text, 2: run, 3: [entry]}),
        ("release_without_run", 11, release(entry, entry)),
        ("release_all_facts", 11, release(whole)),
        ("release_of_a_report", 11, release(with_part(entry, 7, 4))),
        ("release_to_a_receiver", 11, {**release(entry), 4: root}),
        ("release_on_a_consent", 11, {**release(entry), 4: root, 5: text}),
        ("release_to_nobody", 11, release(with_part(entry, 8, {3: [], 5: []}))),
        ("receipt", 12, [text, root]),
        ("publish_filter", 13, listed),
        ("publish_filter_that_follows", 13, {**listed, 9: text}),
        ("propose_from_a_base", 2, [b"format = 1", text]),
        ("resume_a_suspension", 7, ["mended", run]),
        *((name, kind, {1: of_clauses, 4: "note"}) for name, kind in STEPS_ON_CLAUSES),
        *((name, kind, {1: [3, text], 4: ""}) for name, kind in STEPS_ON_TEXTS),
        ("float_a_subject", 14, {1: subject, 4: ""}),
        ("support_for_a_time", 15, {1: of_clauses, 2: 1767323045, 3: 1767409445, 4: ""}),
        ("adopt_provisionally", 23, {1: of_clauses, 3: 1767323045, 4: ""}),
        ("confirm", 20, [run, "", False]),
        ("retract", 25, [run, "a mistake", False]),
        ("correct", 26, [text, b"format = 1", "a slip"]),
        ("reserve", 27, [text, ["3.1", "4"], "not for us"]),
        ("object", 28, [run, "too wide", False]),
        ("object_to_the_whole", 28, [run, "too wide", True]),
        ("accept", 29, [run, "", False]),
        ("declare", 30, [text, ["3.1"], "we read it so"]),
        ("suspend", 31, held),
        ("suspend_for_a_time", 31, held_until),
        ("countermeasure", 32, {**held, 7: run}),
        ("contest", 33, [run, "no ground", False]),
        ("revoke_notice", 34, [run, "stays", False]),
        ("bracket_with_options", 35, [change]),
        ("bracket_without_an_offer", 35, [with_part(change, 2, [])]),
        ("bracket_a_new_unit", 35, [with_part(change, 1, [])]),
        ("bracket_leaves_a_unit_out", 35, [with_part(change, 2, [[]])]),
        ("attach", 36, statement),
        ("readout", 37, ["Hamburg", 1767323045, [line, [[2, "ceasefire"], 4, ""]]]),
        ("ask_consent", 38, ask),
        ("ask_consent_for_a_purpose", 38, [root, narrow, "for their defence"]),
        ("consent", 39, [text, scope, ""]),
        ("consent_with_a_note", 39, [text, narrow, "once"]),
        ("refuse_consent", 40, [text, "not to them"]),
        ("present_consent", 41, presented()),
        ("feedback", 46, [text, [[first, 2, 0], [second, 3, 12], [third, 4, 0]], "blocked"]),
        ("erase", 47, [text, [first, second]]),
        ("rotate_key", 50, [b"by the old key", b"by the new one"]),
        ("revoke_key", 51, [b"a statement"]),
        ("delegate", 52, [b"by the lender", b"by the deputy"]),
        ("retract_release_whole", 42, {1: run, 2: [], 3: 2, 4: ""}),
        ("retract_release_objects", 42, {1: run, 2: [run, text], 3: 6, 4: "a mix-up"}),
        ("retract_release_narrower", 42, {1: run, 2: [run], 3: 3, 4: "", 5: 4, 6: 3}),
        ("retract_release_passed_on", 42, {1: run, 2: [run], 3: 4, 4: "", 7: text}),
        ("answer_retraction", 43, [run, 1, "", 1, []]),
        ("answer_retraction_kept", 43, [run, 3, "evidence in a case", 2, []]),
        ("answer_retraction_passed_on", 43,
         [run, 1, "", 3, [[[], [], []], [[root], [text], [1767323045]]]]),
        ("acknowledge_alerts", 44, [[[run, root], [text, root]], "seen"]),
    ]
    bad = [
        ("empty", 3, Raw(b"")),
        ("sign_digest_short", 3, [text[:-1]]),
        ("sign_bytes_follow", 3, Raw(cbor([text]) + b"\0")),
        ("sign_two_items", 3, [text, text]),
        ("sign_text_for_bytes", 3, ["x" * 32]),
        ("refuse_reason_too_long", 4, [text, "x" * 2001]),
        ("denounce_time_out_of_range", 5, [text, "over", 1 << 40]),
        ("denounce_time_negative", 5, [text, "over", -1]),
        ("offer_mode_unknown", 8, with_part(offer, 3, 9)),
        ("offer_answer_unknown", 8, with_part(offer, 4, 0)),
        ("offer_size_too_large", 8, with_part(offer, 7, 1 << 32)),
        ("offer_normal_form_too_large", 8, with_part(offer, 5, 1 << 16)),
        ("offer_clause_too_long", 8, with_part(offer, 2, "1" * 33)),
        ("offer_engine_too_long", 8, with_part(offer, 6, "e" * 65)),
        ("close_both_done_and_aborted", 10, [run, {1: root, 3: 1, 4: "x"}]),
        ("close_neither", 10, [run, {}]),
        ("close_abort_without_reason", 10, [run, {3: 1}]),
        ("close_blame_unknown", 10, [run, {3: 4, 4: "x"}]),
        ("release_kind_unknown", 11, release(with_part(entry, 2, 15))),
        ("release_colour_unknown", 11, release(with_part(entry, 3, 5))),
        ("release_labels_unsorted", 11, release(with_part(entry, 5, ["b", "a"]))),
        ("release_label_twice", 11, release(with_part(entry, 5, ["a", "a"]))),
        ("release_label_too_long", 11, release(with_part(entry, 5, ["x" * 101]))),
        ("release_labels_too_many", 11, release(with_part(entry, 5, many))),
        ("release_marking_no_boolean", 11, release(with_part(entry, 4, 0))),
        ("release_object_kind_unknown", 11, release(with_part(entry, 7, 6))),
        ("release_category_empty", 11, release(with_part(entry, 8, {1: ""}))),
        ("release_category_too_long", 11, release(with_part(entry, 8, {1: "x" * 101}))),
        ("release_pap_unknown", 11, release(with_part(entry, 8, {2: 4}))),
        ("release_threat_of_two", 11, release(with_part(entry, 8, {3: [text, root]}))),
        ("release_purpose_unknown", 11, release(with_part(entry, 8, {4: 0}))),
        ("release_parties_unsorted", 11, release(with_part(entry, 8, {5: [root, text]}))),
        ("release_party_twice", 11, release(with_part(entry, 8, {5: [root, root]}))),
        ("release_parties_too_many", 11,
         release(with_part(entry, 8, {5: [bytes([number]) * 32 for number in range(33)]}))),
        ("release_transform_unknown", 11, release(with_part(entry, 9, [7]))),
        ("release_transforms_unsorted", 11, release(with_part(entry, 9, [2, 1]))),
        ("release_transform_twice", 11, release(with_part(entry, 9, [1, 1]))),
        ("release_handling_field_unknown", 11, release(with_part(entry, 8, {7: 1}))),
        ("release_claims_more_entries", 11, Raw(one.replace(b"\x03\x81", b"\x03\x82"))),
        ("release_claims_too_many", 11, Raw(cbor({1: text, 3: Raw(b"\x9a\xff\xff\xff\xff")}))),
        ("receipt_one_item", 12, [text]),
        ("publish_key_short", 13, {**listed, 6: run[:-1]}),
        ("publish_items_too_many", 13, {**listed, 7: 1 << 32}),
        ("publish_clause_too_long", 13, {**listed, 2: "1" * 33}),
        ("publish_field_unknown", 13, {**listed, 10: text}),
        ("publish_field_missing", 13, {key: listed[key] for key in listed if key != 8}),
        ("propose_three_items", 2, [b"x", text, text]),
        ("resume_no_item", 7, []),
        ("scope_without_clauses", 15, {1: [1, text, []], 4: ""}),
        ("scope_with_unsorted_clauses", 15, {1: [1, text, ["3", "1"]], 4: ""}),
        ("scope_with_a_clause_twice", 15, {1: [1, text, ["1", "1"]], 4: ""}),
        ("scope_of_another_sort", 15, {1: [4, text], 4: ""}),
        ("subject_without_a_territory", 14, {1: with_part(subject, 3, " "), 4: ""}),
        ("subject_everywhere", 14, {1: with_part(subject, 3, "*"), 4: ""}),
        ("subject_without_an_end", 14, {1: with_part(subject, 5, 0), 4: ""}),
        ("subject_that_turns_direction", 14, {1: with_part(subject, 1, "a\u202eb"), 4: ""}),
        ("ends_before_it_begins", 15, {1: of_clauses, 2: 1767409445, 3: 1767323045, 4: ""}),
        ("note_too_long", 15, {1: of_clauses, 4: "x" * 2001}),
        ("initial_clauses", 18, {1: of_clauses, 4: ""}),
        ("ratify_a_subject", 21, {1: subject, 4: ""}),
        ("adopt_without_an_end", 23, {1: of_clauses, 4: ""}),
        ("adopt_a_whole_text", 23, {1: [3, text], 3: 1767323045, 4: ""}),
        ("retract_without_a_reason", 25, [run, "", False]),
        ("contest_that_precludes", 33, [run, "no ground", True]),
        ("reserve_without_clauses", 27, [text, [], "not for us"]),
        ("declare_nothing", 30, [text, ["1"], " "]),
        ("suspend_without_clauses", 31, {**held, 4: []}),
        ("suspend_without_a_direction", 31, {**held, 5: []}),
        ("suspend_towards_itself", 31, {**held, 5: [[way[0], way[0]]]}),
        ("suspend_without_a_reason", 31, {**held, 6: ""}),
        ("suspend_that_answers", 31, {**held, 7: run}),
        ("countermeasure_that_answers_nothing", 32, held),
        ("bracket_nothing", 35, []),
        ("bracket_a_unit_twice", 35, [change, change]),
        ("bracket_nothing_with_nothing", 35, [["clause 3", [], [], [], ""]]),
        ("bracket_hides_characters", 35, [with_part(change, 2, [["a\u202eb"]])]),
        ("bracket_seventeen_options", 35, [with_part(change, 2, [["x"]] * 17)]),
        ("attach_without_a_source", 36, with_part(statement, 4, "")),
        ("attach_level_unknown", 36, with_part(statement, 2, 13)),
        ("readout_without_lines", 37, ["Hamburg", 1767323045, []]),
        ("release_receiver_short", 11, {**release(entry), 4: root[:-1]}),
        ("ask_consent_of_oneself", 38, [way[0], scope, "why"]),
        ("ask_consent_of_the_receiver", 38, [way[1], scope, "why"]),
        ("ask_consent_without_a_reason", 38, [root, scope, " "]),
        ("ask_consent_for_nothing", 38, [root, {**scope, 1: []}, "why"]),
        ("ask_consent_claims_too_many", 38,
         [root, {**scope, 1: Raw(b"\x9a\xff\xff\xff\xff")}, "why"]),
        ("consent_objects_unsorted", 39, [text, {**scope, 1: [[text, root], passage]}, ""]),
        ("consent_object_twice", 39, [text, {**scope, 1: [passage, passage]}, ""]),
        ("consent_objects_too_many", 39,
         [text, {**scope, 1: [[n.to_bytes(32, "big"), root] for n in range(1025)]}, ""]),
        ("consent_to_the_holder", 39, [text, {**scope, 3: way[0]}, ""]),
        ("consent_without_a_clause", 39, [text, {**scope, 5: ""}, ""]),
        ("consent_clause_too_long", 39, [text, {**scope, 5: "1" * 33}, ""]),
        ("consent_without_an_end", 39, [text, {**scope, 8: 0}, ""]),
        ("consent_purpose_unknown", 39, [text, {**narrow, 6: 9}, ""]),
        ("consent_transforms_unsorted", 39, [text, {**scope, 7: [5, 1]}, ""]),
        ("refuse_consent_without_a_reason", 40, [text, ""]),
        ("present_consent_by_another_key", 41, presented(key=OTHER)),
        ("present_consent_of_another_kind", 41, presented(kind=40)),
        ("present_consent_without_power", 41, presented(may=(SIGN,))),
        ("present_consent_to_the_originator", 41, presented(holder=AUTHOR)),
        ("present_consent_other_body", 41,
         presented()[:3] + presented(asked=b"\x07" * 32)[3:]),
        ("feedback_without_objects", 46, [text, [], "blocked"]),
        ("feedback_unsorted", 46, [text, [[second, 1, 0], [first, 1, 0]], "blocked"]),
        ("feedback_twice", 46, [text, [[first, 1, 0], [first, 2, 0]], "blocked"]),
        ("feedback_unknown_upshot", 46, [text, [[first, 6, 0]], "blocked"]),
        ("feedback_sighted_never", 46, [text, [[first, 3, 0]], "blocked"]),
        ("feedback_used_counted", 46, [text, [[first, 1, 3]], "blocked"]),
        ("feedback_sighted_too_often", 46, [text, [[first, 3, 1000000001]], "blocked"]),
        ("feedback_without_note", 46, [text, [[first, 1, 0]]]),
        ("erase_nothing", 47, [text, []]),
        ("erase_unsorted", 47, [text, [second, first]]),
        ("erase_twice", 47, [text, [first, first]]),
        ("rotate_signed_once", 50, [b"one"]),
        ("rotate_statement_too_long", 50, [b"x" * 8980, b"x"]),
        ("revoke_too_long", 51, [b"x" * 5140]),
        ("delegate_signed_thrice", 52, [b"one", b"two", b"three"]),
        ("readout_unsorted", 37, ["Hamburg", 1767323045, [[[2, "x"], 8, ""], line]]),
        ("retract_release_reason_unknown", 42, {1: run, 2: [], 3: 7, 4: ""}),
        ("retract_release_for_another_reason_without_words", 42, {1: run, 2: [], 3: 6, 4: " "}),
        ("retract_release_unsorted", 42, {1: run, 2: [text, run], 3: 1, 4: ""}),
        ("retract_release_an_object_twice", 42, {1: run, 2: [run, run], 3: 1, 4: ""}),
        ("retract_release_narrower_as_wrong", 42, {1: run, 2: [], 3: 1, 4: "", 5: 4}),
        ("retract_release_colour_unknown", 42, {1: run, 2: [], 3: 3, 4: "", 5: 5}),
        ("retract_release_claims_too_many", 42,
         Raw(cbor({1: run, 2: Raw(b"\x9a\xff\xff\xff\xff")}))),
        ("answer_deed_unknown", 43, [run, 6, "", 1, []]),
        ("answer_kept_without_a_reason", 43, [run, 3, "", 1, []]),
        ("answer_passed_on_twice", 43, [run, 1, "", 1, [[[], [], []], [[], [], []]]]),
        ("answer_passed_on_answered_without_a_retraction", 43,
         [run, 1, "", 1, [[[], [], [1767323045]]]]),
        ("answer_passed_on_to_too_many", 43,
         [run, 1, "", 1, [[[bytes([number]) * 32], [], []] for number in range(33)]]),
        ("acknowledge_no_alert", 44, [[], ""]),
        ("acknowledge_an_alert_twice", 44, [[[run, root], [run, root]], ""]),
    ]
    cases = []
    for expect, group in (("ok", good), ("malformed", bad)):
        for name, kind, value in group:
            data = cbor(value).hex()
            cases.append({"name": name, "kind": kind, "body": data, "expect": expect})
    return {"version": 1, "cases": cases}


def roster():
    """Statements on keys, to be entered in order of nothing: each stands alone after the card."""
    new, party, strong = Key(40), ROOT.id, Cnsa2(41)
    roles = [role("minister", MINISTER, [3, 5, 51, 52]), role("analyst", ANALYST, [11])]
    base = card(card_fields(f4=roles))
    accord, other = b"\x01" * 32, b"\x02" * 32

    def paired(label, fields, holder, fresh=new, again=None):
        first = statement(label, cbor(fields), holder)
        return [first, statement(label, cbor(again or fields), fresh)]

    def rotate(change={}, **signers):
        fields = {1: 1, 2: party, 3: ANALYST.id, 4: new.public, 5: 1767323100, **change}
        return paired("detente/rotation/1", fields, signers.pop("by", ANALYST), **signers)

    def delegate(change={}, **signers):
        fields = {1: 1, 2: party, 3: MINISTER.id, 4: new.public, 5: "Deputy", 6: [3, 5], 7: accord}
        fields.update({8: 1798859100, 9: 1767323100, **change})
        fields = {key: value for key, value in fields.items() if value is not None}
        return paired("detente/delegation/1", fields, signers.pop("by", MINISTER), **signers)

    def revoke(change={}, by=ROOT, label="detente/revocation/1"):
        fields = {1: 1, 2: party, 3: ANALYST.id, 4: 2, 5: 1767323000, 6: 1767323100, **change}
        fields = {key: value for key, value in fields.items() if value is not None}
        return [statement(label, cbor(fields), by)]

    later = card_fields(f4=[role("minister", MINISTER, [3]), role("analyst", new, [11])])
    later[9] = 1767323046
    minister, analyst = later[4]
    both = {**later, 4: [minister, role("minister", strong, [3]), analyst]}
    turned = {**later, 4: [role("minister", strong, [3]), minister, analyst]}
    cases = [
        ("rotation", 50, rotate(), "ok"),
        ("rotation_not_by_the_new_key", 50, rotate(fresh=OTHER), "key_statement_not_signed"),
        ("rotation_not_by_the_old_key", 50, rotate(by=MINISTER), "key_statement_not_signed"),
        ("rotation_of_another_party", 50, rotate({2: b"\x09" * 32}), "key_other_party"),
        ("rotation_of_the_root", 50, rotate({3: ROOT.id}, by=ROOT), "key_is_root"),
        ("rotation_to_itself", 50, rotate({3: new.id}), "key_statement_malformed"),
        ("rotation_to_a_known_key", 50, rotate({4: MINISTER.public}, fresh=MINISTER), "key_known"),
        ("rotation_of_a_stranger", 50, rotate({3: OTHER.id}, by=OTHER), "key_not_live"),
        ("rotation_to_another_suite", 50, rotate({4: strong.public}, fresh=strong),
         "key_other_suite"),
        ("rotation_version_2", 50, rotate({1: 2}), "key_statement_malformed"),
        ("delegation", 52, delegate(), "ok"),
        ("delegation_everywhere", 52, delegate({7: None}), "ok"),
        ("delegation_elsewhere", 52, delegate({7: other}), "ok"),
        ("delegation_of_more", 52, delegate({6: [3, 4]}), "key_no_power"),
        ("delegation_of_acts_on_keys", 52, delegate({6: [3, 51]}), "key_statement_malformed"),
        ("delegation_of_nothing", 52, delegate({6: []}), "key_statement_malformed"),
        ("delegation_unsorted", 52, delegate({6: [5, 3]}), "key_statement_malformed"),
        ("delegation_by_whom_may_not", 52, delegate({3: ANALYST.id, 6: [11]}, by=ANALYST),
         "key_no_power"),
        ("delegation_over", 52, delegate({8: 1767323200}), "delegation_over"),
        ("delegation_to_itself", 52, delegate({4: MINISTER.public}, fresh=MINISTER),
         "key_statement_malformed"),
        ("delegation_without_a_name", 52, delegate({5: ""}), "key_statement_malformed"),
        ("revocation_by_the_root", 51, revoke(), "ok"),
        ("revocation_by_the_minister", 51, revoke(by=MINISTER), "ok"),
        ("revocation_by_itself", 51, revoke(by=ANALYST), "ok"),
        ("revocation_without_since", 51, revoke({5: None}), "ok"),
        ("revocation_by_whom_may_not", 51, revoke({3: MINISTER.id}, by=ANALYST), "key_no_power"),
        ("revocation_by_a_stranger", 51, revoke(by=OTHER), "key_not_live"),
        ("revocation_of_the_root", 51, revoke({3: ROOT.id}), "key_is_root"),
        ("revocation_cause_unknown", 51, revoke({4: 5}), "key_statement_malformed"),
        ("revocation_under_another_label", 51, revoke(label="detente/rotation/1"),
         "key_statement_not_signed"),
        ("card", 1, [card(later)], "ok"),
        ("card_with_keys_of_two_suites", 1, [card(both)], "ok"),
        ("card_with_a_suite_before_the_first", 1, [card(turned)], "card_malformed"),
        ("card_signed_in_another_suite", 1, [card({**later, 3: strong.public}, strong)],
         "key_other_party"),
        ("card_not_newer", 1, [base], "card_not_newer"),
        ("card_of_another_log_key", 1, [card({**later, 6: b"\x09" * 32})], "card_other_log_key"),
        ("card_not_by_the_root", 1, [card(later, OTHER)], "card_not_signed"),
    ]
    cases = [
        {"name": name, "kind": kind, "body": cbor(body).hex(), "expect": expect}
        for name, kind, body, expect in cases
    ]
    # The statements are entered in accord 01... at this second.
    return {"version": 1, "card": base.hex(), "at": 1767323200, "cases": cases}


def main():
    folder = Path(sys.argv[1])
    files = {"card-signed": cards, "act-leaf": leaves, "act-body": bodies, "roster": roster}
    for name in sys.argv[2:] or files:
        text = json.dumps(files[name](), indent=1) + "\n"
        (folder / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main()
