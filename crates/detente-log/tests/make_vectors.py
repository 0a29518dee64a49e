#!/usr/bin/env python3
"""Writes vectors/log-*.json: known answers for the transparency log formats, good and bad.

Nothing here calls the Rust code. Hashing and proofs are written out after RFC 6962 section 2.1,
signatures come from PyPI `cryptography`, so the vectors are a second opinion and not a mirror.

    pip install cryptography
    python3 make_vectors.py <folder> [<ed25519vectors.json of C2SP/CCTV>]
"""

import base64
import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "log.example/a"
EMPTY = hashlib.sha256(b"").digest()
# The leaves and roots that Certificate Transparency implementations have shared since 2012.
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657",
             "606162636465666768696a6b6c6d6e6f"]
CT_ROOT_8 = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def b64(data):
    return base64.standard_b64encode(data).decode()


def leaf(data):
    return hashlib.sha256(b"\0" + data).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d):
    if not d:
        return EMPTY
    if len(d) == 1:
        return leaf(d[0])
    k = split(len(d))
    return node(mth(d[:k]), mth(d[k:]))


def path(m, d):
    if len(d) == 1:
        return []
    k = split(len(d))
    return path(m, d[:k]) + [mth(d[k:])] if m < k else path(m - k, d[k:]) + [mth(d[:k])]


def proof(m, d):
    def sub(m, d, known):
        if m == len(d):
            return [] if known else [mth(d)]
        k = split(len(d))
        if m <= k:
            return sub(m, d[:k], known) + [mth(d[k:])]
        return sub(m - k, d[k:], False) + [mth(d[:k])]
    return sub(m, d, True) if m else []


class Key:
    def __init__(self, name, kind, seed):
        self.name, self.kind = name, kind
        self.secret = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.public = self.secret.public_key().public_bytes_raw()
        material = bytes([kind]) + self.public
        self.id = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(material)}"

    def line(self, text, time=1700000000):
        if self.kind == 1:
            signature = self.secret.sign(text.encode())
        else:
            message = f"cosignature/v1\ntime {time}\n{text}".encode()
            signature = time.to_bytes(8, "big") + self.secret.sign(message)
        return f"\u2014 {self.name} {b64(self.id + signature)}\n"


LOG = Key(ORIGIN, 1, 1)
OTHER = Key("other.example", 1, 2)
WITNESS = Key("witness.example/w", 4, 3)
SECOND = Key("witness.example/v", 4, 5)
DATA = [f"entry {i}".encode() for i in range(600)]


def note(text, *keys):
    return text + "\n" + "".join(key.line(text) for key in keys)


def body(n, root=None, origin=ORIGIN, extra=""):
    return f"{origin}\n{n}\n{b64(root or mth(DATA[:n]))}\n{extra}"


def flip(text, at):
    """Another base64 digit at `at`."""
    return text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1:]


def tree_vectors():
    leaves = [bytes.fromhex(x) for x in CT_LEAVES]
    assert mth(leaves).hex() == CT_ROOT_8
    cases = []

    def inclusion(name, i, n, hashes, expect, at=None):
        cases.append({"name": name, "kind": "inclusion", "index": i, "size": n,
                      "leaf": leaf(leaves[i if at is None else at]).hex(),
                      "root": mth(leaves[:n]).hex(),
                      "proof": [h.hex() for h in hashes], "expect": expect})

    def consistency(name, m, n, hashes, expect, old=None, new=None):
        cases.append({"name": name, "kind": "consistency", "old": m, "size": n,
                      "old_root": (old or mth(leaves[:m])).hex(),
                      "root": (new or mth(leaves[:n])).hex(),
                      "proof": [h.hex() for h in hashes], "expect": expect})

    for n in range(1, 9):
        for i in range(n):
            inclusion(f"leaf {i} of {n}", i, n, path(i, leaves[:n]), "ok")
        for m in range(n + 1):
            consistency(f"from {m} to {n}", m, n, proof(m, leaves[:n]), "ok")
    p = path(5, leaves[:7])
    inclusion("proof too short", 5, 7, p[:-1], "proof_length")
    inclusion("proof too long", 5, 7, p + [EMPTY], "proof_length")
    inclusion("proof reversed", 5, 7, p[::-1], "proof_root")
    inclusion("other leaf", 5, 7, p, "proof_root", at=4)
    inclusion("index is the size", 7, 7, p, "proof_index_outside")
    inclusion("proof of another index", 4, 7, p, "proof_root")
    inclusion("more hashes than any tree has", 5, 7, [EMPTY] * 64, "proof_too_long")
    q = proof(3, leaves[:7])
    bad = bytes(32)
    consistency("proof too short", 3, 7, q[1:], "proof_length")
    consistency("proof too long", 3, 7, q + [bad], "proof_length")
    consistency("old root altered", 3, 7, q, "proof_old_root", old=bad)
    consistency("new root altered", 3, 7, q, "proof_root", new=bad)
    consistency("tree shrinks", 7, 3, q, "proof_shrinks")
    consistency("proof from zero", 0, 7, q, "proof_length")
    consistency("empty tree with a root", 0, 7, [], "proof_empty_root", old=bad)
    consistency("same size, other root", 7, 7, [], "proof_root", old=bad)
    consistency("more hashes than any tree has", 3, 7, [EMPTY] * 65, "proof_too_long")
    return {"leaves": CT_LEAVES, "roots": [mth(leaves[:n]).hex() for n in range(9)],
            "cases": cases}


def note_vectors():
    text = "This is an example message.\n"
    good = note(text, LOG)
    line = LOG.line(text)
    cases = []

    def case(name, data, expect, keys=(LOG,)):
        data = data if isinstance(data, bytes) else data.encode()
        cases.append({"name": name, "note": data.hex(), "vkeys": [k.vkey for k in keys],
                      "expect": expect})

    cases.append({
        "name": "example of the specification",
        "note": ("This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tn"
                 "agv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
                 ).encode().hex(),
        "vkeys": ["example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"],
        "expect": "ok"})
    case("one signature", good, "ok")
    case("two known signatures", note(text, LOG, OTHER), "ok", (LOG, OTHER))
    case("unknown key is ignored", note(text, OTHER, LOG), "ok")
    case("same name, other id is ignored",
         text + "\n" + Key(ORIGIN, 1, 9).line(text) + line, "ok")
    case("text with empty lines", note("a\n\n\nb\n\n", LOG), "ok")
    case("sixteen signatures",
         note(text, LOG, *[Key(f"k{i}.example", 1, 20 + i) for i in range(15)]), "ok")
    case("no known key", note(text, OTHER), "note_unsigned")
    case("text altered", good.replace("an example", "an Example"), "note_invalid_signature")
    case("signature altered", flip(good, len(good) - 20), "note_invalid_signature")
    case("signature of another text", text + "\n" + LOG.line("x\n"), "note_invalid_signature")
    case("signature one byte short", text + f"\n\u2014 {ORIGIN} {b64(LOG.id + bytes(63))}\n",
         "note_invalid_signature")
    case("one good and one bad known signature",
         note(text, LOG) + OTHER.line("x\n"), "note_invalid_signature", (LOG, OTHER))
    case("two lines by one key", note(text, LOG, LOG), "note_duplicate_signature")
    case("no final newline", good[:-1], "note_structure")
    case("no blank line", text + line, "note_structure")
    case("no signature", text + "\n", "note_structure")
    case("empty", "", "note_structure")
    case("hyphen for the dash", text + "\n" + line.replace("\u2014", "-"), "note_signature_line")
    case("two spaces", text + "\n" + line.replace("\u2014 ", "\u2014  "), "note_signature_line")
    case("plus in the name", text + "\n" + line.replace("/a", "+a"), "note_signature_line")
    case("no-break space in the name", text + "\n" + line.replace("/a", "\u00a0a"),
         "note_signature_line")
    case("base64 without padding", text + "\n" + line.replace("=", ""), "ok" if "=" not in line
         else "note_signature_line")
    case("base64 with a dirty last digit",
         text + f"\n\u2014 {ORIGIN} AAAAAAF=\n" + line, "note_signature_line")
    case("key id and nothing else", text + f"\n\u2014 {ORIGIN} {b64(LOG.id)}\n",
         "note_signature_line")
    case("carriage return", good.replace("message.\n", "message.\r\n"), "note_control")
    case("tab", good.replace(" an ", "\tan "), "note_control")
    case("zero byte", good.replace(" an ", "\0an "), "note_control")
    case("not utf-8", good.encode().replace(b"an ", b"\xff "), "note_not_utf8")
    case("a hundred and one signatures", text + "\n" + line * 101, "note_too_many_signatures")
    vkeys = [{"name": n, "vkey": v, "expect": e} for n, v, e in [
        ("good", LOG.vkey, "ok"),
        ("wrong id", LOG.vkey.replace(LOG.id.hex(), "00000000"), "vkey_id_mismatch"),
        ("upper case id", LOG.vkey.replace(LOG.id.hex(), LOG.id.hex().upper()), "vkey_id"),
        ("short id", LOG.vkey.replace(LOG.id.hex(), LOG.id.hex()[1:]), "vkey_id"),
        ("two parts", f"{ORIGIN}+{LOG.id.hex()}", "vkey_shape"),
        ("empty name", LOG.vkey[len(ORIGIN):], "vkey_name"),
        ("space in the name", " " + LOG.vkey, "vkey_name"),
        ("not base64", f"{ORIGIN}+{LOG.id.hex()}+!!!!", "vkey_base64"),
        ("no material", f"{ORIGIN}+{LOG.id.hex()}+", "vkey_base64"),
        ("cosigner key", WITNESS.vkey, "vkey_type"),
        ("key one byte short", f"{ORIGIN}+{LOG.id.hex()}+{b64(bytes([1]) + LOG.public[:31])}",
         "ed25519_key_length"),
        ("identity point", vkey_of(bytes([1]) + bytes(31)), "ed25519_key_small_order"),
        ("order four", vkey_of(bytes(32)), "ed25519_key_small_order"),
        ("second spelling of the identity", vkey_of(b"\xee" + b"\xff" * 30 + b"\x7f"),
         "ed25519_key_not_canonical"),
        ("identity with a sign", vkey_of(bytes([1]) + bytes(30) + b"\x80"),
         "ed25519_key_not_canonical"),
        ("not on the curve", vkey_of(bytes([2]) + bytes(31)), "ed25519_key_not_on_curve"),
        ("too long", "x" * 5000 + LOG.vkey, "vkey_too_long"),
    ]]
    return {"cases": cases, "vkeys": vkeys}


def vkey_of(public):
    material = b"\1" + public
    ident = hashlib.sha256(ORIGIN.encode() + b"\n" + material).digest()[:4]
    return f"{ORIGIN}+{ident.hex()}+{b64(material)}"


def checkpoint_vectors():
    cases = []

    def case(name, text, expect, cosigners=(), lines=None, cosign="ok", origin=ORIGIN):
        text = note(text, LOG) if lines is None else text + "\n" + lines
        cases.append({"name": name, "checkpoint": text, "origin": origin, "vkey": LOG.vkey,
                      "cosigners": [k.vkey for k in cosigners], "expect": expect,
                      "cosignatures": cosign})

    root = b64(mth(DATA[:7]))
    case("plain", body(7), "ok")
    case("empty tree", body(0, EMPTY), "ok")
    case("extension lines", body(7, extra="one\ntwo\n"), "ok")
    case("origin with spaces", body(7, origin="Go checksum database"), "ok",
         origin="Go checksum database")
    case("largest size", body(7).replace("\n7\n", f"\n{2**63 - 1}\n"), "ok")
    case("size above 2^63 - 1", body(7).replace("\n7\n", f"\n{2**63}\n"), "number_too_large")
    case("leading zero", body(7).replace("\n7\n", "\n07\n"), "number_leading_zero")
    case("plus sign", body(7).replace("\n7\n", "\n+7\n"), "number_not_digit")
    case("hexadecimal size", body(7).replace("\n7\n", "\n0x7\n"), "number_not_digit")
    case("empty size", body(7).replace("\n7\n", "\n\n"), "number_empty")
    case("short root", body(7, bytes(31)), "hash_length")
    case("root without padding", body(7).replace("=", ""), "hash_base64")
    case("root in hex", body(7).replace(root, mth(DATA[:7]).hex()), "hash_length")
    case("two lines", f"{ORIGIN}\n7\n", "checkpoint_lines")
    case("empty origin", body(7, origin=""), "checkpoint_origin")
    case("origin of 256 bytes", body(7, origin="o" * 256), "checkpoint_origin")
    case("empty extension line", body(7, extra="one\n\ntwo\n"), "checkpoint_extension")
    case("sixty-five extension lines", body(7, extra="x\n" * 65), "checkpoint_extension")
    case("another origin", body(7, origin="log.example/b"), "checkpoint_origin_mismatch")
    case("size zero with a root", body(0, bytes(32)), "checkpoint_empty_root")
    text = body(7)
    case("signed by another key", text, "note_unsigned", lines=OTHER.line(text))
    case("signature of another size", text, "note_invalid_signature", lines=LOG.line(body(8)))
    own = LOG.line(text)
    both = own + WITNESS.line(text) + SECOND.line(text, 1)
    case("two cosignatures", text, "ok", (WITNESS, SECOND), both)
    case("cosignature is absent", text, "ok", (WITNESS,), own, "cosign_missing")
    case("cosignature of another size", text, "ok", (WITNESS,), own + WITNESS.line(body(8)),
         "cosign_invalid")
    case("two cosignatures by one key", text, "ok", (WITNESS,),
         own + WITNESS.line(text) + WITNESS.line(text, 5), "cosign_duplicate")
    case("cosignature at time zero", text, "ok", (WITNESS,), own + WITNESS.line(text, 0),
         "cosign_invalid")
    case("cosignature after 2^63", text, "ok", (WITNESS,), own + WITNESS.line(text, 2**63),
         "cosign_invalid")
    raw = base64.standard_b64decode(WITNESS.line(text).split(" ")[2])
    shifted = raw[:4] + (1700000001).to_bytes(8, "big") + raw[12:]
    case("cosignature with its time altered", text, "ok", (WITNESS,),
         own + f"\u2014 {WITNESS.name} {b64(shifted)}\n", "cosign_invalid")
    case("cosignature without its time", text, "ok", (WITNESS,),
         own + f"\u2014 {WITNESS.name} {b64(raw[:4] + raw[12:])}\n", "cosign_invalid")
    return {"cases": cases}


def tile_vectors():
    paths = [{"path": p, "expect": e} for p, e in [
        ("tile/0/000", "ok"), ("tile/0/x001/x234/067", "ok"), ("tile/63/000.p/1", "ok"),
        ("tile/1/999.p/255", "ok"), ("tile/entries/x001/067", "ok"),
        ("tile/entries/000.p/44", "ok"), ("tile/0/x018/x446/x744/x073/x709/x551/615", "ok"),
        ("tile/0/x018/x446/x744/x073/x709/x551/616", "tile_path"),
        ("tile/64/000", "tile_path"), ("tile/00/000", "tile_path"), ("tile/0/0", "tile_path"),
        ("tile/0/x000/001", "tile_path"), ("tile/0/001/067", "tile_path"),
        ("tile/0/x001", "tile_path"), ("tile/0/000.p/0", "tile_path"),
        ("tile/0/000.p/256", "tile_path"), ("tile/0/000.p/01", "tile_path"),
        ("tile/0/000.p", "tile_path"), ("tile/0/000/", "tile_path"), ("tile/0/../000", "tile_path"),
        ("/tile/0/000", "tile_path"), ("tile/0/00\u0661", "tile_path"), ("", "tile_path"),
        ("tile/data/000", "tile_path"), ("tile/8/0/000", "tile_path"),
        ("tile/0/" + "x000/" * 30 + "001", "tile_path"),
    ]]
    bundles = [{"name": n, "bytes": b, "width": w, "entries": e, "expect": x} for n, b, w, e, x in [
        ("two entries", "0001aa0002bbcc", 2, ["aa", "bbcc"], "ok"),
        ("an empty entry", "0000", 1, [""], "ok"),
        ("trailing byte", "0001aa00", 1, [], "bundle_trailing"),
        ("one entry too many", "0001aa0001bb", 1, [], "bundle_trailing"),
        ("one entry too few", "0001aa", 2, [], "bundle_truncated"),
        ("entry cut", "0002aa", 1, [], "bundle_truncated"),
        ("length cut", "00", 1, [], "bundle_truncated"),
        ("length of the longest entry", "ffffaa", 1, [], "bundle_truncated"),
        ("no entry", "", 0, [], "tile_width"),
        ("two hundred fifty-seven entries", "0000" * 257, 257, [], "tile_width"),
    ]]
    # The tiles of a tree of 70,000 leaves, counted by the specification.
    return {"paths": paths, "bundles": bundles}


def witness_vectors():
    cases = []

    def case(name, old, hashes, text, expect, recorded, conflict=None):
        request = f"old {old}\n" + "".join(b64(h) + "\n" for h in hashes) + "\n" + text
        cases.append({"name": name, "request": request, "vkey": LOG.vkey, "recorded": recorded,
                      "recorded_root": mth(DATA[:recorded]).hex(), "expect": expect,
                      "body": "" if conflict is None else f"{conflict}\n"})

    good = note(body(9), LOG)
    step = proof(5, DATA[:9])
    case("first checkpoint", 0, [], good, 200, 0)
    case("first checkpoint, empty tree", 0, [], note(body(0), LOG), 200, 0)
    case("growth", 5, step, good, 200, 5)
    case("same checkpoint again", 9, [], good, 200, 9)
    case("unknown key beside the log's", 5, step, note(body(9), OTHER, LOG), 200, 5)
    case("unknown origin", 0, [], note(body(9, origin="who.example"), LOG), 404, 0)
    case("signed by another", 0, [], note(body(9), OTHER), 403, 0)
    case("signature altered", 0, [], flip(good, len(good) - 20), 403, 0)
    case("bad signature and no proof: signature first", 3, [], flip(good, len(good) - 20), 403, 5)
    case("old above new", 10, [], good, 400, 10)
    case("old above new comes before the conflict", 10, [], good, 400, 5)
    case("recorded is larger", 5, step, good, 409, 7, 7)
    case("recorded is smaller", 5, step, good, 409, 0, 0)
    case("conflict comes before the proof", 0, step, good, 409, 5, 5)
    case("proof missing", 5, [], good, 422, 5)
    case("proof altered", 5, step[:-1] + [bytes(32)], good, 422, 5)
    case("proof from zero not empty", 0, step, good, 422, 0)
    case("same size, other root", 9, [], note(body(9, bytes(32)), LOG), 422, 9)
    case("other history", 5, step, note(body(9, bytes(32)), LOG), 422, 5)
    case("size zero with a root", 0, [], note(body(0, bytes(32)), LOG), 422, 0)
    case("sixty-four proof lines", 5, [EMPTY] * 64, good, 400, 5)
    case("leading zero", "05", step, good, 400, 5)
    case("negative old", "-5", step, good, 400, 5)
    case("no checkpoint", 5, step, "", 400, 5)
    case("checkpoint without a signature", 5, step, body(9), 400, 5)
    return {"cases": cases}


def bundle_vectors():
    cases = []
    text = note(body(9), LOG)
    steps = [b64(h) for h in path(4, DATA[:9])]

    def case(name, data, expect, index=4):
        cases.append({"name": name, "bundle": data, "vkey": LOG.vkey,
                      "leaf": leaf(DATA[index]).hex(), "expect": expect})

    def bundle(index="4", extra=None, hashes=steps, checkpoint=text, head="c2sp.org/tlog-proof@v1"):
        extra = "" if extra is None else f"extra {extra}\n"
        lines = "".join(h + "\n" for h in hashes)
        return f"{head}\n{extra}index {index}\n{lines}\n{checkpoint}"

    case("plain", bundle(), "ok")
    case("with extra", bundle(extra="YWJj"), "ok")
    case("with empty extra", bundle(extra=""), "ok")
    case("version 2", bundle(head="c2sp.org/tlog-proof@v2"), "bundle_header")
    case("extra not base64", bundle(extra="???"), "bundle_extra")
    case("index with a leading zero", bundle("04"), "number_leading_zero")
    case("index outside", bundle("9"), "proof_index_outside")
    case("another index", bundle("5"), "proof_root")
    case("another leaf", bundle(), "proof_root", 5)
    case("hash missing", bundle(hashes=steps[1:]), "proof_length")
    case("hash too many", bundle(hashes=steps + steps[:1]), "proof_length")
    case("hash altered", bundle(hashes=[flip(steps[0], 3)] + steps[1:]), "proof_root")
    case("hash not base64", bundle(hashes=["?"]), "hash_base64")
    case("sixty-four hashes", bundle(hashes=[b64(EMPTY)] * 64), "bundle_too_many_hashes")
    case("extra after index", "c2sp.org/tlog-proof@v1\nindex 4\nextra YWJj\n\n" + text,
         "hash_base64")
    case("index missing", "c2sp.org/tlog-proof@v1\n\n" + text, "bundle_structure")
    case("checkpoint altered", bundle(checkpoint=text.replace("\n9\n", "\n8\n")),
         "note_invalid_signature")
    case("checkpoint by another", bundle(checkpoint=note(body(9), OTHER)), "note_unsigned")
    return {"cases": cases}


def policy_vectors():
    cases = []
    text = body(9)
    one = text + "\n" + LOG.line(text) + WITNESS.line(text)
    two = one + SECOND.line(text)
    logs = f"log {LOG.vkey}\n"
    people = f"witness W {WITNESS.vkey}\nwitness V {SECOND.vkey} https://v.example/\n"

    def case(name, policy, checkpoint, expect):
        cases.append({"name": name, "policy": policy, "checkpoint": checkpoint, "expect": expect})

    case("no quorum needed", logs + "quorum none\n", one, "ok")
    case("comments, tabs and blank lines", f"# c\n\n \t{logs}\t# d\nquorum\tnone \n", one, "ok")
    case("one witness", logs + people + "quorum W\n", one, "ok")
    case("that witness is missing", logs + people + "quorum V\n", one, "policy_quorum_not_met")
    case("any of two", logs + people + "group g any W V\nquorum g\n", one, "ok")
    case("all of two, one missing", logs + people + "group g all W V\nquorum g\n", one,
         "policy_quorum_not_met")
    case("all of two", logs + people + "group g all W V\nquorum g\n", two, "ok")
    case("two levels", logs + people + "group g 1 W\ngroup h any V\ngroup q 2 g h\nquorum q\n", two,
         "ok")
    case("bad cosignature", logs + people + "quorum W\n",
         text + "\n" + LOG.line(text) + WITNESS.line(body(8)), "cosign_invalid")
    case("log not listed", f"log {OTHER.vkey}\nquorum none\n", one, "checkpoint_origin_mismatch")
    case("empty policy", "", one, "policy_quorum")
    case("no quorum line", logs, one, "policy_quorum")
    case("two quorum lines", logs + "quorum none\nquorum none\n", one, "policy_quorum")
    case("no final newline", logs + "quorum none", one, "policy_syntax")
    case("unknown word", logs + "require W\nquorum none\n", one, "policy_syntax")
    case("undefined name", logs + "quorum W\n", one, "policy_undefined")
    case("group of itself", logs + people + "group g any g\nquorum g\n", one, "policy_undefined")
    case("name given twice", logs + people + f"group W any V\nquorum W\n", one, "policy_duplicate")
    case("name none", logs + f"witness none {WITNESS.vkey}\nquorum none\n", one, "policy_duplicate")
    case("member of two groups", logs + people + "group g any W\ngroup h any W\nquorum g\n", one,
         "policy_duplicate")
    case("log given twice", logs + logs + "quorum none\n", one, "policy_duplicate")
    case("key under two names", logs + people + f"witness X {WITNESS.vkey}\nquorum W\n", one,
         "policy_duplicate")
    case("threshold zero", logs + people + "group g 0 W\nquorum g\n", one, "policy_threshold")
    case("threshold above members", logs + people + "group g 3 W V\nquorum g\n", one,
         "policy_threshold")
    case("group without members", logs + people + "group g any\nquorum g\n", one, "policy_syntax")
    case("log key as witness", logs + f"witness W {OTHER.vkey}\nquorum W\n", one, "vkey_type")
    case("witness key as log", f"log {WITNESS.vkey}\nquorum none\n", one, "vkey_type")
    case("carriage return", logs + "quorum none\r\n", one, "policy_character")
    return {"cases": cases}


def ed25519_vectors(source):
    """One refused vector for each combination of flags and key of the set of C2SP/CCTV, and all
    that are to be accepted. Its licence stands in a file beside it and is kept."""
    allowed = {"low_order_component_A", "low_order_component_R"}
    seen, cases = set(), []
    for vector in json.loads(pathlib.Path(source).read_text()):
        flags = tuple(vector["flags"] or ())
        strict = set(flags) <= allowed
        if (flags, vector["key"]) in seen and not strict:
            continue
        seen.add((flags, vector["key"]))
        cases.append({"number": vector["number"], "key": vector["key"], "sig": vector["sig"],
                      "msg": vector["msg"], "strict": strict})
    licence = pathlib.Path(source).with_name("LICENSE").read_text()
    return {"source": "C2SP/CCTV, ed25519/ed25519vectors.json", "licence": licence, "cases": cases}


def main():
    folder = pathlib.Path(sys.argv[1])
    made = {"tree": tree_vectors(), "note": note_vectors(), "checkpoint": checkpoint_vectors(),
            "tile": tile_vectors(), "witness": witness_vectors(), "proof": bundle_vectors(),
            "policy": policy_vectors()}
    if len(sys.argv) > 2:
        made["ed25519"] = ed25519_vectors(sys.argv[2])
    for name, value in made.items():
        value = {"version": 1, **value}
        text = json.dumps(value, indent=1, ensure_ascii=True) + "\n"
        (folder / f"log-{name}.json").write_text(text)


main()
