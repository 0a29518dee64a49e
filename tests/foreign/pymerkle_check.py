#!/usr/bin/env python3
"""Checks a folder in tlog-tiles layout with PyPI `pymerkle` and `cryptography`, which the authors
of the log did not write.

    python3 -m venv v && v/bin/pip install pymerkle cryptography
    v/bin/python pymerkle_check.py FOLDER

The folder holds `checkpoint`, `vkey` (the log's verifier key), any number of `*.vkey` files
(cosigners, each of which must have cosigned the checkpoint), `tile/...` and `tile/entries/...`.
The root is recomputed from the entries by pymerkle, and its own verifier checks inclusion and
consistency. Prints one JSON line, and exits 1 with the reason when something does not hold.
"""

import base64
import hashlib
import json
import pathlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

WIDTH = 256
PROOFS_MAX = 500


class Refused(Exception):
    """The folder is not the log that its checkpoint states."""


def decode(text):
    data = base64.standard_b64decode(text)
    if base64.standard_b64encode(data).decode() != text:
        raise Refused("base64 is not canonical")
    return data


def one_line(path):
    text = path.read_text(encoding="utf-8")
    if not text.endswith("\n") or text.count("\n") != 1:
        raise Refused(f"{path.name} is not one line")
    return text[:-1]


def read_key(path, kind):
    """Name, id and public key of a verifier key of the given signature type."""
    parts = one_line(path).split("+", 2)
    if len(parts) != 3:
        raise Refused(f"{path.name} is not a verifier key")
    name, ident, material = parts[0], parts[1], decode(parts[2])
    want = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    if ident != want.hex() or len(material) != 33 or material[0] != kind:
        raise Refused(f"{path.name} has another id, type or length")
    return name, want, Ed25519PublicKey.from_public_bytes(material[1:])


def read_checkpoint(folder):
    """Verifies the log's signature and one by each cosigner listed."""
    note = (folder / "checkpoint").read_bytes().decode("utf-8")
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise Refused("checkpoint is not a signed note")
    text += "\n"
    signatures = {}
    for line in lines[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014":
            raise Refused("checkpoint has a malformed signature line")
        data = decode(parts[2])
        if signatures.setdefault((parts[1], data[:4]), data[4:]) is not data[4:] and \
                signatures[parts[1], data[:4]] != data[4:]:
            raise Refused("checkpoint has two signatures by one key")
    name, ident, key = read_key(folder / "vkey", 1)
    cosigners = [read_key(path, 4) for path in sorted(folder.glob("*.vkey"))]
    try:
        key.verify(signatures.pop((name, ident)), text.encode())
        for cosigner, cosigner_id, cosigner_key in cosigners:
            data = signatures.pop((cosigner, cosigner_id))
            time = int.from_bytes(data[:8], "big")
            cosigner_key.verify(data[8:], f"cosignature/v1\ntime {time}\n{text}".encode())
    except KeyError as error:
        raise Refused(f"a listed key did not sign: {error}") from error
    except InvalidSignature as error:
        raise Refused("a signature does not verify") from error
    if signatures:
        raise Refused("a line is by a key that is not listed")
    body = text.split("\n")
    if len(body) < 4 or body[0] != name or str(int(body[1])) != body[1]:
        raise Refused("checkpoint is malformed or of another log")
    return int(body[1]), decode(body[2]), [cosigner[0] for cosigner in cosigners]


def tile_path(index, width):
    text = f"{index % 1000:03}"
    while index := index // 1000:
        text = f"x{index % 1000:03}/{text}"
    return text if width == WIDTH else f"{text}.p/{width}"


def read_entries(folder, size):
    for start in range(0, size, WIDTH):
        width = min(WIDTH, size - start)
        path = folder / "tile" / "entries" / tile_path(start // WIDTH, width)
        rest = path.read_bytes()
        for _ in range(width):
            end = 2 + int.from_bytes(rest[:2], "big")
            if len(rest) < 2 or len(rest) < end:
                raise Refused(f"{path} ends early")
            yield rest[2:end]
            rest = rest[end:]
        if rest:
            raise Refused(f"{path} has {len(rest)} bytes too many")


def check_tiles(folder, tree, size):
    """Compares every tile with the roots of complete subtrees, folded with pymerkle's hasher."""
    row, level, count = [tree.get_leaf(i + 1) for i in range(size)], 0, 0
    while row:
        for index in range(0, len(row), WIDTH):
            part = row[index:index + WIDTH]
            path = folder / "tile" / str(level) / tile_path(index // WIDTH, len(part))
            if path.read_bytes() != b"".join(part):
                raise Refused(f"{path} is not the tile of these entries")
            count += 1
        for _ in range(8):
            row = [tree.hash_pair(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        level += 1
    return count


def steps(first, last):
    """The numbers from first to last, or about PROOFS_MAX of them with both ends."""
    if last < first:
        return []
    stride = (last - first) // PROOFS_MAX + 1
    return sorted({*range(first, last, stride), last})


def check(folder):
    size, root, cosigners = read_checkpoint(folder)
    tree = InmemoryTree(algorithm="sha256")
    for entry in read_entries(folder, size):
        tree.append_entry(entry)
    if (tree.get_root() if size else hashlib.sha256(b"").digest()) != root:
        raise Refused("entries do not hash to the root of the checkpoint")
    tiles = check_tiles(folder, tree, size)
    inclusions = consistencies = 0
    for number in steps(1, size):
        proof = tree.prove_inclusion(number, size)
        verify_inclusion(tree.get_leaf(number), root, proof, index=number, size=size)
        proof = tree.prove_consistency(number, size)
        verify_consistency(tree.get_root(number), root, proof, number, size)
        inclusions, consistencies = inclusions + 1, consistencies + 1
    return {"ok": True, "entries": size, "root": base64.standard_b64encode(root).decode(),
            "cosigners": cosigners, "tiles": tiles, "inclusions": inclusions,
            "consistencies": consistencies}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: pymerkle_check.py FOLDER")
    try:
        print(json.dumps(check(pathlib.Path(sys.argv[1]))))
    # Whatever a library raises on altered bytes is a refusal too.
    except Exception as error:  # pylint: disable=broad-except
        print(json.dumps({"ok": False, "reason": f"{type(error).__name__}: {error}"}))
        sys.exit(1)


main()
