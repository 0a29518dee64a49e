"""Computes the good runs of vectors/match-ecdh.json a second time, byte for byte, and checks the
proofs of the bad ones, from the text of docs/protocol/matching-ecdh.md alone.

Nothing of the Rust code is used: group and scalar arithmetic, hash to the group and ChaCha20 come
from libsodium (1.0.18 or later, by ctypes), hashes from Python.

    python3 crates/detente-match/tests/check_vectors.py [vectors/match-ecdh.json]
"""

import ctypes
import ctypes.util
import hashlib
import json
import pathlib
import struct
import sys

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
assert SODIUM.sodium_init() >= 0

CHUNK = 2048
CODES = {"which": 1, "count_only": 2, "both": 1, "initiator": 2}
ENDS = ["initiator", "responder"]
IDENTITY = bytes(32)


def call(name, size, *args):
    out = ctypes.create_string_buffer(size)
    return getattr(SODIUM, name)(out, *args), out.raw


def label(text):
    return b"detente-match/ecdh/1 " + text.encode() + b"\0"


def sha512(*parts):
    return hashlib.sha512(b"".join(parts)).digest()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def to_point(wide):
    return call("crypto_core_ristretto255_from_hash", 32, wide)[1]


def reduce(wide):
    return call("crypto_core_ristretto255_scalar_reduce", 32, wide)[1]


def raised(scalar, point):
    # libsodium reports the identity, its encoding is zero all the same.
    return call("crypto_scalarmult_ristretto255", 32, scalar, point)[1]


def base_raised(scalar):
    return call("crypto_scalarmult_ristretto255_base", 32, scalar)[1]


def add(left, right):
    code, out = call("crypto_core_ristretto255_add", 32, left, right)
    assert code == 0
    return out


def is_point(encoded):
    return SODIUM.crypto_core_ristretto255_is_valid_point(encoded) == 1


def chunks(items):
    return [(at, items[at : at + CHUNK]) for at in range(0, len(items), CHUNK)]


class Statement:
    def __init__(self, terms, prover, start, keys, before, after):
        self.before, self.after, self.prover_key = before, after, keys[0]
        self.seed = sha512(
            label("dleq statement"), terms, bytes([prover]), struct.pack(">I", start),
            struct.pack(">Q", len(before)), keys[0], keys[1], *before, *after,
        )

    def weighted(self, points):
        total = IDENTITY
        for at, point in enumerate(points):
            if at % 4 == 0:
                block = sha512(label("dleq coefficient"), self.seed, struct.pack(">I", at // 4))
            weight = block[16 * (at % 4) : 16 * (at % 4) + 16] + bytes(16)
            total = add(total, raised(weight, point))
        return total

    def challenge(self, *points):
        return reduce(sha512(label("dleq challenge"), self.seed, *points))

    def prove(self, key, nonce_secret):
        nonce = reduce(sha512(label("dleq nonce"), nonce_secret, self.seed))
        total = self.weighted(self.before)
        challenge = self.challenge(
            total, raised(key, total), base_raised(nonce), raised(nonce, total)
        )
        product = call("crypto_core_ristretto255_scalar_mul", 32, challenge, key)[1]
        return challenge + call("crypto_core_ristretto255_scalar_sub", 32, nonce, product)[1]

    def holds(self, proof):
        challenge, response = proof[:32], proof[32:]
        if any(reduce(scalar + bytes(32)) != scalar for scalar in (challenge, response)):
            return False
        totals = self.weighted(self.before), self.weighted(self.after)
        base_part = add(base_raised(response), raised(challenge, self.prover_key))
        sum_part = add(raised(response, totals[0]), raised(challenge, totals[1]))
        return self.challenge(*totals, base_part, sum_part) == challenge


class Stream:
    """ChaCha20 with a zero nonce, from its beginning."""

    def __init__(self, key, size):
        self.rest = call("crypto_stream_chacha20", size, ctypes.c_ulonglong(size), bytes(8), key)[1]

    def take(self, size):
        out, self.rest = self.rest[:size], self.rest[size:]
        assert len(out) == size
        return out

    def below(self, bound):
        while True:
            draw = struct.unpack("<I", self.take(4))[0]
            if draw < 2**32 // bound * bound:
                return draw % bound


def terms_of(run):
    return sha256(
        label("terms"), bytes.fromhex(run["context"]),
        bytes([CODES[run["mode"]], CODES[run["learn"]]]),
        struct.pack(">II", run["initiator"]["len"], run["responder"]["len"]),
    )


def items_of(end):
    if isinstance(end["items"], list):
        return [bytes.fromhex(item) for item in end["items"]]
    return [b"item %d" % number for number in range(2049)]


class End:
    """What one end draws and computes by itself."""

    def __init__(self, run, role):
        spec = run[ENDS[role - 1]]
        self.role, self.terms, self.items = role, terms_of(run), items_of(spec)
        seed = sha512(label("seed"), bytes.fromhex(spec["seed"]), self.terms, bytes([role]))
        stream = Stream(seed[:32], 1024 + 8 * spec["len"])
        self.key = reduce(stream.take(64))
        self.public = base_raised(self.key)
        self.nonce_secret = stream.take(32)
        dummy_secret = stream.take(32)
        self.order = list(range(spec["len"]))
        for last in range(spec["len"] - 1, 0, -1):
            other = stream.below(last + 1)
            self.order[last], self.order[other] = self.order[other], self.order[last]
        self.list = []
        for number in self.order:
            if number < len(self.items):
                wide = sha512(label("item"), bytes.fromhex(run["context"]), self.items[number])
            else:
                wide = sha512(label("dummy"), dummy_secret, struct.pack(">I", number))
            self.list.append(raised(self.key, to_point(wide)))


def messages_of(own, peer, run):
    """The messages of `own` but the confirmation, in the order of the file."""
    which, answers = run["mode"] == "which", run["learn"] == "both" or own.role == 2
    blinded = [
        b"\x02" + struct.pack(">IH", start, len(points)) + b"".join(points)
        for start, points in chunks(own.list)
    ]
    doubled = [raised(own.key, point) for point in peer.list]
    answered = []
    for start, after in chunks(doubled if which else sorted(doubled)) if answers else []:
        head = struct.pack(">IH", start, len(after)) + b"".join(after)
        if which:
            before = peer.list[start : start + CHUNK]
            keys = own.public, peer.public
            statement = Statement(own.terms, own.role, start, keys, before, after)
            proof = statement.prove(own.key, own.nonce_secret)
            assert statement.holds(proof)
            answered.append(b"\x03" + head + proof)
        else:
            answered.append(b"\x04" + head)
    key = b"\x01" + own.public + own.terms
    # The ends take turns and answers go first. When the initiator's second turn comes it has the
    # responder's list; when the responder sends its list it has only the initiator's key.
    first, second = (answered, blinded) if own.role == 1 else (blinded, answered)
    return [key, *first, *second], doubled


def check_good(run):
    ends = [End(run, role) for role in (1, 2)]
    terms, sides = ends[0].terms, []
    doubled = []
    for own, peer in (ends, ends[::-1]):
        messages, raised_list = messages_of(own, peer, run)
        sides.append(messages)
        doubled.append(raised_list)
    digests = [
        sha256(*(struct.pack(">I", len(message)) + message for message in side)) for side in sides
    ]
    transcript = sha256(label("transcript"), terms, *digests)
    assert transcript.hex() == run["transcript"], "transcript"

    common = sorted(set(doubled[0]) & set(doubled[1]))
    plain = set(ends[0].items) & set(ends[1].items)
    assert len(common) == len(plain), "common points"
    both, which = run["learn"] == "both", run["mode"] == "which"
    digest = sha256(label("common"), *common) if both and which else bytes(32)
    count = len(common) if both else 0
    confirm = b"\x05" + struct.pack(">Q", count) + digest + transcript
    for name, outcome in run["outcome"].items():
        learns = both or name == "initiator"
        items = ends[ENDS.index(name)].items
        places = [at for at, item in enumerate(items) if item in plain]
        assert outcome["count"] == (len(plain) if learns else None), "count"
        assert outcome["common"] == (places if learns and which else None), "common"
    if "messages" in run:
        for name, side in zip(ENDS, sides):
            told = [bytes.fromhex(m[name]) for m in run["messages"] if name in m]
            assert told == [*side, confirm], f"messages of the {name}"


def first(told, sender, tag):
    return next(data for name, data in told if name == sender and data[0] == tag)


def check_bad(run):
    """Recomputes the verdict on the last message where points and proofs decide."""
    told = [(name, bytes.fromhex(data)) for m in run["messages"] for name, data in m.items()]
    sender, last = told[-1]
    points = [last[at : at + 32] for at in range(7, 7 + 32 * 4, 32)]
    if last[0] == 1:
        points = [last[1:33]]
    if run["fault"] == "invalid_point":
        assert any(not is_point(point) for point in points)
    elif run["fault"] == "identity_point":
        assert IDENTITY in points
    elif run["fault"] == "proof_failed":
        assert all(is_point(point) for point in points)
        other = ENDS[1 - ENDS.index(sender)]
        asked = first(told, other, 2)
        before = [asked[at : at + 32] for at in range(7, len(asked), 32)]
        keys = first(told, sender, 1)[1:33], first(told, other, 1)[1:33]
        role = 1 + ENDS.index(sender)
        assert not Statement(terms_of(run), role, 0, keys, before, points).holds(last[-64:])
    else:
        return 0
    return 1


def main():
    default = pathlib.Path(__file__).parents[3] / "vectors" / "match-ecdh.json"
    file = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default).read_text())
    assert file["protocol"] == "detente-match/ecdh/1"
    for run in file["good"]:
        try:
            check_good(run)
        except AssertionError as error:
            sys.exit(f"{run['name']}: {error} differs")
    bad = sum(check_bad(run) for run in file["bad"])
    print(f"{len(file['good'])} good runs computed again, {bad} bad ones judged again: all agree")


if __name__ == "__main__":
    main()
