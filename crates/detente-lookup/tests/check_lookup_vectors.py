"""Computes vectors/lookup.json a second time from the text of docs/protocol/matching-lookup.md
alone: keys' seeds are not redone (the RFC's vectors hold those); filters are decoded and coded
again, their digests, updates and dummies computed, each bad case must be bad, and the proof of the
query is checked on a group written here.

Nothing of the Rust code is used: BLAKE3 comes from the package blake3, SHA-512 from Python.

    python3 crates/detente-lookup/tests/check_lookup_vectors.py [vectors/lookup.json]
"""

import hashlib
import json
import pathlib
import struct
import sys

from blake3 import blake3

GAP = 40
CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = (-121665 * pow(121666, P - 2, P)) % P
ROOT = pow(2, (P - 1) // 4, P)


class Bad(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Bad(what)


def log2_up(n):
    return (n - 1).bit_length()


def shape(items):
    bits = log2_up(items)
    return 40 + bits, max(0, bits - 10)


def write_codes(gaps):
    """Rice codes of (gap, bits) pairs, filled with ones."""
    def code(gap, k):
        return "1" * (gap >> k) + "0" + (format(gap & ((1 << k) - 1), f"0{k}b") if k else "")

    text = "".join(code(gap, k) for gap, k in gaps)
    text += "1" * (-len(text) % 8)
    return bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))


class Reader:
    def __init__(self, data):
        self.bits = "".join(format(byte, "08b") for byte in data)
        self.at = 0

    def ended(self):
        rest = self.bits[self.at:]
        if len(rest) >= 8:
            return False
        need("0" not in rest, "filled with zeros")
        return True

    def gap(self, k):
        zero = self.bits.find("0", self.at)
        need(zero >= 0 and zero + 1 + k <= len(self.bits), "a code is cut")
        high, self.at = zero - self.at, zero + 1 + k
        return (high << k) | (int(self.bits[zero + 1:self.at], 2) if k else 0)


def write_filter(items, values):
    width, top = shape(items)
    out = []
    for bucket in range(1 << top):
        base = bucket << (width - top)
        mine = [v for v in values if v >> (width - top) == bucket]
        out.append(write_codes([(b - a, GAP) for a, b in zip([base] + mine, mine)]))
    return b"".join(struct.pack("<H", len(part)) + part for part in out)


def read_filter(items, data):
    width, top = shape(items)
    values, at = [], 0
    for bucket in range(1 << top):
        need(at + 2 <= len(data), "no bucket")
        size, = struct.unpack_from("<H", data, at)
        need(at + 2 + size <= len(data), "a bucket is cut")
        reader, at = Reader(data[at + 2:at + 2 + size]), at + 2 + size
        last, end = bucket << (width - top), (bucket + 1) << (width - top)
        while not reader.ended():
            last += reader.gap(GAP)
            need(last < end, "a value is out of range")
            values.append(last)
    need(at == len(data), "bytes follow")
    need(len(values) == items, "miscounted")
    return values


def digest(items, data):
    key = blake3(struct.pack("<I", items) + data, derive_key_context="detente-lookup/1 filter")
    return key.digest()


def update_bits(items, count):
    count = max(count, 1)
    return (max(items // count, 1)).bit_length() - 1, shape(items)[0] - log2_up(count)


def write_update(items, old, new):
    old, new = list(old), list(new)
    removed, added, at = [], [], 0
    for place, value in enumerate(old):
        while at < len(new) and new[at] < value:
            added.append(new[at])
            at += 1
        if at < len(new) and new[at] == value:
            at += 1
        else:
            removed.append(place)
    added += new[at:]
    places, bits = update_bits(items, len(removed))
    codes = [(b - a - 1, places) for a, b in zip([-1] + removed, removed)]
    codes += [(b - a, bits) for a, b in zip([0] + added, added)]
    return struct.pack("<II", items, len(removed)) + write_codes(codes)


def read_update(items, data):
    need(len(data) >= 8, "head")
    size, count = struct.unpack_from("<II", data)
    need(size == items, "another filter")
    need(count <= items, "more changes than values")
    places, bits = update_bits(items, count)
    reader, place, value = Reader(data[8:]), -1, 0
    for _ in range(count):
        place += 1 + reader.gap(places)
        need(place < items, "place")
    for _ in range(count):
        value += reader.gap(bits)
        need(value < 1 << shape(items)[0], "value")
    need(reader.ended(), "bytes follow")


def dummies(secret, info, items, count):
    width, _ = shape(items)
    key = blake3(secret, derive_key_context="detente-lookup/1 dummies").digest()
    own = blake3(info, key=key).digest()
    stream = blake3(struct.pack(">I", items), key=own).digest(length=8 * count)
    return [int.from_bytes(stream[8 * i:8 * i + 8], "big") >> (64 - width) for i in range(count)]


# ristretto255 (RFC 9496 §4.3), slow and plain.

def square_root_ratio(u, v):
    root = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    check = v * root * root % P
    good, flipped, flipped_i = check == u % P, check == -u % P, check == -u * ROOT % P
    if flipped or flipped_i:
        root = root * ROOT % P
    return good or flipped, P - root if root & 1 else root


def decode(data):
    s = int.from_bytes(data, "little")
    need(s < P and not s & 1, "not canonical")
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, inverse = square_root_ratio(1, v * u2 * u2 % P)
    x = 2 * s * inverse * u2 % P
    x = P - x if x & 1 else x
    y = u1 * inverse * inverse * u2 * v % P
    need(square and not x * y % P & 1 and y, "no element")
    need(s != 0, "identity")
    return x, y, 1, x * y % P


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e, c = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    k, d = 2 * t1 * D * t2, 2 * z1 * z2
    e, h, f, g = c - e, c + e, d - k, d + k
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, point)
        point, n = add(point, point), n >> 1
    return out


def encode(point):
    x, y, z, t = point
    u1, u2 = (z + y) * (z - y) % P, x * y % P
    _, inverse = square_root_ratio(1, u1 * u2 * u2 % P)
    d1, d2 = inverse * u1 % P, inverse * u2 % P
    z_inverse = d1 * d2 * t % P
    if t * z_inverse % P & 1:
        _, magic = square_root_ratio(1, (-1 - D) % P)
        x, y, d2 = y * ROOT % P, x * ROOT % P, d1 * magic % P
    if x * z_inverse % P & 1:
        y = -y % P
    s = d2 * (z - y) % P
    return (P - s if s & 1 else s).to_bytes(32, "little")


def hash_to_scalar(message):
    tag = b"HashToScalar-" + CONTEXT
    tag += bytes([len(tag)])
    first = hashlib.sha512(bytes(128) + message + b"\0\x40\0" + tag).digest()
    return int.from_bytes(hashlib.sha512(first + b"\1" + tag).digest(), "little") % ORDER


def framed(data):
    return struct.pack(">H", len(data)) + data


def check_reply(public, context, elements, reply):
    need(len(reply) == len(elements) + 64, "length")
    split = lambda data: [data[i:i + 32] for i in range(0, len(data), 32)]
    before, after = split(elements), split(reply[:-64])
    challenge, response = (int.from_bytes(part, "little") for part in split(reply[-64:]))
    need(challenge < ORDER and response < ORDER, "not reduced")
    count = struct.pack(">Q", len(before))
    pairs = context + count + elements + reply[:-64]
    bound = hashlib.sha512(b"detente-lookup/pairs/1" + pairs)
    seed_tag = b"Seed-" + CONTEXT
    seed = hashlib.sha512(framed(public) + framed(seed_tag) + bound.digest()).digest()
    m, z = (0, 1, 1, 0), (0, 1, 1, 0)
    for index, (c, d) in enumerate(zip(before, after)):
        text = framed(seed) + struct.pack(">H", index) + framed(c) + framed(d) + b"Composite"
        weight = hash_to_scalar(text)
        m, z = add(m, times(weight, decode(c))), add(z, times(weight, decode(d)))
    base = decode(bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"))
    t2 = add(times(response, base), times(challenge, decode(public)))
    t3 = add(times(response, m), times(challenge, z))
    points = b"".join(framed(encode(point)) for point in (m, z, t2, t3))
    text = framed(public) + points + b"Challenge"
    need(hash_to_scalar(text) == challenge, "the proof does not hold")


def must_fail(name, work):
    try:
        work()
    except Bad:
        return
    raise SystemExit(f"{name} should be refused")


def main():
    default = pathlib.Path(__file__).parents[3] / "vectors" / "lookup.json"
    doc = json.loads(pathlib.Path(*sys.argv[1:2] or [default]).read_text())
    for case in doc["lists"]:
        items = case["items"]
        filters = [bytes.fromhex(text) for text in case["filters"]]
        values = [read_filter(items, data) for data in filters]
        for data, mine, told, real in zip(filters, values, case["digests"], case["real"]):
            need(write_filter(items, mine) == data, f"{case['name']}: another coding")
            need(digest(items, data).hex() == told, f"{case['name']}: another digest")
            secret, info = bytes.fromhex(case["secret"]), bytes.fromhex(case["info"])
            made = dummies(secret, info, items, items - real)
            need(set(made) <= set(mine), f"{case['name']}: other dummies")
        update = bytes.fromhex(case["update"])
        need(write_update(items, *values) == update, f"{case['name']}: another update")
        read_update(items, update)
    for case in doc["faults"]:
        data = bytes.fromhex(case["bytes"])
        read = read_filter if case["what"] == "filter" else read_update
        must_fail(case["name"], lambda: read(20, data))
    query = doc["query"]
    keys = ("public_key", "context", "elements")
    public, context, elements = (bytes.fromhex(query[key]) for key in keys)
    check_reply(public, context, elements, bytes.fromhex(query["reply"]))
    for case in query["bad"]:
        reply = bytes.fromhex(case["reply"])
        must_fail(case["name"], lambda: check_reply(public, context, elements, reply))
    faults = len(doc["faults"]) + len(query["bad"])
    print(f"{len(doc['lists'])} lists, {faults} faults, a query: as the page says")


if __name__ == "__main__":
    main()
