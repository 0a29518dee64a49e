#!/usr/bin/env python3
"""Checks the signatures of an exported record with PyPI `pycose`, `cbor2` and `cryptography`, which
the authors of the record did not write.

    python3 -m venv v && v/bin/pip install pycose cbor2 cryptography
    v/bin/python act_check.py FOLDER

FOLDER is what `detente log export` wrote. Every card must be signed by its own root key, and every
entry of every log by a key of its author's card or of an act on keys before it, each of which must
be signed by both keys: the Ed25519 signature as `pycose` and, over a Sig_structure (RFC 9052 §4.4)
built here, as `cryptography` see it, and the ML-DSA signature (FIPS 204, empty context) as
`cryptography` sees it. Bodies must be the ones whose salted digests were signed; texts and objects
must have their SHA-256 as names. Prints one JSON line, and exits 1 with the reason when something
does not hold, 2 when a library is missing.
"""

import collections.abc
import hashlib
import json
import pathlib
import sys

try:
    import cbor2
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import (
        MLDSA65PublicKey,
        MLDSA87PublicKey,
    )
    from pycose.keys import OKPKey
    from pycose.keys.curves import Ed25519
    from pycose.messages import SignMessage
except ImportError as error:
    print(json.dumps({"ok": False, "reason": f"missing: {error}"}))
    sys.exit(2)

COSE_SIGN = 98
ALG, KID = 1, 4
EDDSA, ML_DSA_65, ML_DSA_87 = -8, -49, -50
SUITES = {(EDDSA, ML_DSA_65): "hybrid", (ML_DSA_87,): "cnsa2"}
DESIGNATE, ROTATE, DELEGATE = 1, 50, 52
COUNTS = {"hybrid": 0, "cnsa2": 0}


class Refused(Exception):
    """The record is not what its signatures say."""


def plain(value):
    """Lists and dictionaries, at any depth: some versions of cbor2 freeze what stands in a tag."""
    if isinstance(value, collections.abc.Mapping):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def digest(label, *parts):
    """A labelled digest: label, a zero byte, and each part after its length."""
    joined = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hashlib.sha256(label + b"\0" + joined).digest()


def key_id(key):
    return digest(b"detente/key/1", cbor2.dumps(list(key)))


def envelope(data):
    tagged = cbor2.loads(data)
    if not isinstance(tagged, cbor2.CBORTag) or tagged.tag != COSE_SIGN:
        raise Refused("not a COSE_Sign message")
    return plain(tagged.value)


def verify(data, label, keys):
    """Verifies one COSE_Sign message; gives its payload and the id of its key."""
    protected, _, payload, signatures = envelope(data)
    heads = [cbor2.loads(signature[0]) for signature in signatures]
    suite = SUITES.get(tuple(head[ALG] for head in heads))
    if protected != b"" or suite is None:
        raise Refused("the signatures are neither EdDSA and ML-DSA-65, nor ML-DSA-87")
    kid = heads[0][KID]
    if any(head[KID] != kid for head in heads) or kid not in keys:
        raise Refused("signed by a key that its party has not named")
    signed = [cbor2.dumps(["Signature", b"", signature[0], label, payload])
              for signature in signatures]
    COUNTS[suite] += 1
    if suite == "cnsa2":
        (only,) = keys[kid]
        MLDSA87PublicKey.from_public_bytes(only).verify(signatures[0][2], signed[0])
        return cbor2.loads(payload), kid
    classic, post_quantum = keys[kid]

    # pycose knows no ML-DSA and refuses to read on: it gets the message with its EdDSA signer.
    message = SignMessage.from_cose_obj(envelope(data)[:3] + [envelope(data)[3][:1]], True)
    signer = message.signers[0]
    signer.external_aad = label
    signer.key = OKPKey(crv=Ed25519, x=classic)
    if not signer.verify_signature():
        raise Refused("pycose refuses the EdDSA signature")

    Ed25519PublicKey.from_public_bytes(classic).verify(signatures[0][2], signed[0])
    MLDSA65PublicKey.from_public_bytes(post_quantum).verify(signatures[1][2], signed[1])
    return cbor2.loads(payload), kid


def read_card(data, party):
    claim = cbor2.loads(envelope(data)[2])
    root = tuple(claim[3])
    if key_id(root).hex() != party:
        raise Refused(f"the card of another party than {party}")
    card, _ = verify(data, b"detente/card/1", {key_id(root): root})
    return {key_id(key): tuple(key) for _, key, _ in plain(card[4])}


def named_by(kind, body, party, keys):
    """The keys that an act on keys brings; they and the key that was there have signed the same."""
    if kind == DESIGNATE:
        return read_card(plain(cbor2.loads(body))[0], party)
    if kind not in (ROTATE, DELEGATE):
        return {}
    label = b"detente/rotation/1" if kind == ROTATE else b"detente/delegation/1"
    by_holder, by_new = plain(cbor2.loads(body))
    new = tuple(plain(cbor2.loads(envelope(by_new)[2]))[4])
    one, holder = verify(by_holder, label, keys)
    two, _ = verify(by_new, label, {key_id(new): new})
    if plain(one) != plain(two) or one[3] != holder or one[2].hex() != party:
        raise Refused("the two keys have not signed the same, or not for this party")
    return {key_id(new): new}


def entries(folder):
    """The leaves of a log in their order, out of its bundles."""
    bundles = [path for path in (folder / "tile" / "entries").rglob("*") if path.is_file()]
    for path in sorted(bundles, key=str):
        rest = path.read_bytes()
        while rest:
            end = 2 + int.from_bytes(rest[:2], "big")
            if len(rest) < end:
                raise Refused(f"{path} ends early")
            yield rest[2:end]
            rest = rest[end:]


def check(folder):
    head = json.loads((folder / "accord.json").read_text(encoding="utf-8"))
    cards = {path.stem: read_card(path.read_bytes(), path.stem)
             for path in sorted((folder / "cards").iterdir())}
    acts = 0
    for party in head["parties"]:
        log = folder / "logs" / party["id"]
        keys = dict(cards[party["id"]])
        for number, leaf in enumerate(entries(log) if party["size"] else []):
            salt, body = cbor2.loads((log / "bodies" / f"{number}.cbor").read_bytes())
            kind = cbor2.loads(envelope(leaf)[2])[4]
            keys |= named_by(kind, body, party["id"], keys)
            header, _ = verify(leaf, b"detente/act/1", keys)
            if header[3].hex() != party["id"] or header[5] != number:
                raise Refused(f"entry {number} is of another author or place")
            if digest(b"detente/body/1", salt, body) != header[9]:
                raise Refused(f"entry {number} was signed with another body")
            acts += 1
        if party["size"] != sum(1 for _ in (log / "bodies").glob("*")):
            raise Refused(f"the log of {party['name']} has another size")
    named = [*(folder / "texts").glob("*"), *(folder / "objects").glob("*")]
    for path in named:
        if hashlib.sha256(path.read_bytes()).hexdigest() != path.stem:
            raise Refused(f"{path.name} is not its own SHA-256")
    if not acts or not named:
        raise Refused("the folder holds no record")
    return {"ok": True, "cards": len(cards), "acts": acts, "named": len(named),
            "statements": COUNTS}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: act_check.py FOLDER")
    try:
        print(json.dumps(check(pathlib.Path(sys.argv[1]))))
    # Whatever a library raises on altered bytes is a refusal too.
    except Exception as error:  # pylint: disable=broad-except
        print(json.dumps({"ok": False, "reason": f"{type(error).__name__}: {error}"}))
        sys.exit(1)


main()
