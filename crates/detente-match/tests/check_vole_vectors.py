"""Computes vectors/match-vole.json a second time from the text of docs/protocol/matching-vole.md
alone: parameters, field, store, trees, code, masks and seals byte for byte; of the good runs, whose
secrets the file does not hold, terms, hellos, the order and sizes of all frames and what can be
known of the confirmations; of the bad runs, that the fault lies in a frame that can have it.

Nothing of the Rust code is used: BLAKE3 and AES come from the packages blake3 and cryptography.

    python3 crates/detente-match/tests/check_vole_vectors.py [vectors/match-vole.json]
"""

import json
import math
import pathlib
import struct
import sys
from functools import reduce
from operator import xor

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

STATISTICAL = 40
FRAME = 2**20
STEPS = "hello choice reply noise trees challenge columns masks found confirm".split()
STEPS += ["contexts", "returns"]
FROM_INITIATOR = {"reply", "noise", "challenge", "columns", "found", "returns"}
LEARN = {"both": 1, "initiator": 2}
BASE = {"vole-mlkem768/1": 1, "vole-ristretto255/1": 2}
# The good runs: the file does not name their context and the lengths of their lists.
CONTEXT, LENGTHS = bytes([5]) * 32, {"initiator": 64, "responder": 128}
# The steps in which a receiving end can meet a fault of that code.
FAULTS = {
    "terms_differ": {"hello"},
    "frame_malformed": set(STEPS),
    "transfer_invalid": {"choice", "reply"},
    "out_of_order": set(STEPS[1:]),
    "wrong_offset": set(STEPS[1:]),
    "wrong_frame": set(STEPS[1:]),
    "extension_inconsistent": {"noise"},
    "commitment_broken": {"trees", "masks"},
    "trees_inconsistent": {"masks"},
    "masks_unsorted": {"masks"},
    "found_unproved": {"found"},
    "context_unopened": {"contexts", "returns"},
}


class Difference(Exception):
    pass


def same(found, told, what):
    if found != told:
        raise Difference(f"{what}: computed {found}, the file has {told}")


def number(data):
    return int.from_bytes(data, "little")


def packed(element):
    return element.to_bytes(16, "little")


def joined(elements):
    return b"".join(map(packed, elements))


def split(data):
    return [number(data[at : at + 16]) for at in range(0, len(data), 16)]


def block(name, index):
    return number(blake3(name.encode() + struct.pack("<Q", index)).digest(16))


def kdf(label, message):
    return blake3(message, derive_key_context=f"detente-match/vole/1 {label}").digest()


def encrypt(key, elements):
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return split(cipher.update(joined(elements)))


def total(elements):
    return reduce(xor, elements, 0)


def times_x(element):
    element <<= 1
    return element ^ (2**128 | 0x87) if element >> 128 else element


def product(left, right):
    out = 0
    for bit in reversed(range(128)):
        out = times_x(out) ^ (left if right >> bit & 1 else 0)
    return out


def ceil_div(value, by):
    return -(-value // by)


# §2: what follows from the terms


def log2_tail(items, rooms, load):
    """A bound on the chance that one of `rooms` gets more than `load`: the first term of the tail
    by the geometric series of the first ratio."""
    k = load + 1
    log_first = math.lgamma(items + 1) - math.lgamma(k + 1) - math.lgamma(items - k + 1)
    log_first += (items - k) * math.log1p(-1 / rooms) - k * math.log(rooms)
    ratio = (items - k) / (k + 1) / (rooms - 1)
    return (log_first - math.log(1 - ratio)) / math.log(2)


def room(items, rooms):
    if rooms == 1:
        return items
    bound = -STATISTICAL - 2 * math.log2(rooms)
    low, high = items // rooms, items
    while low < high:
        middle = (low + high) // 2
        if log2_tail(items, rooms, middle) <= bound:
            high = middle
        else:
            low = middle + 1
    return low


def store_shape(items):
    items = max(items, 64)
    clusters = ceil_div(items, 2**14)
    capacity, security = room(items, clusters), STATISTICAL + math.log2(clusters)
    w = math.log2(3)
    slope = 0.555 * math.log2(capacity) + 0.0930 * w**3 - 1.010 * w**2 + 2.925 * w - 0.133
    sparse = math.ceil((1.223 + (security + 9.2) / 2**slope) * capacity)
    return clusters, capacity, sparse, math.floor(security / math.log2(sparse))


def expansion(outputs):
    depth = 0
    while 2 * outputs >= 546 * 2 ** (depth + 1):
        depth += 1
    return [outputs, ceil_div(2 * outputs, 2**depth), depth]


def batch_shape(correlations):
    count = ceil_div(correlations, 2**19)
    each = expansion(max(2**12, 4 * ceil_div(ceil_div(correlations, count), 4)))
    first = each[0] + each[1] * (count - 1)
    return [expansion(4 * ceil_div(first, 4))] + [each] * (count - 1)


def check_shapes(shapes):
    for told in shapes:
        items = told["items"]
        clusters, capacity, sparse, dense = store_shape(items)
        batch = batch_shape(clusters * (sparse + dense))
        found = {
            "items": items, "clusters": clusters, "capacity": capacity, "sparse": sparse,
            "dense": dense, "expansions": len(batch), "first_two": batch[:2],
        }
        for name, value in found.items():
            same(value, told[name], f"{items} items: {name}")


def check_products(products):
    for place, told in enumerate(products):
        left, right = (number(bytes.fromhex(told[name])) for name in "ab")
        same(packed(product(left, right)).hex(), told["product"], f"product {place}")


# §7: store


def cluster_and_places(digest, row, clusters, sparse):
    words = [row >> at & 0xFFFFFFFF for at in (32, 64, 96)]
    places = []
    for earlier, word in enumerate(words):
        place = word * (sparse - earlier) >> 32
        for other in sorted(places):
            place += other <= place
        places.append(place)
    return (digest & 0xFFFFFFFF) * clusters >> 32, places


def decode(columns, digest, row, clusters, sparse, dense):
    cluster, places = cluster_and_places(digest, row, clusters, sparse)
    base = cluster * (sparse + dense)
    out, power = total(columns[base + place] for place in places), 1
    for column in columns[base + sparse : base + sparse + dense]:
        power = product(power, row)
        out ^= product(power, column)
    return out


def check_store(told):
    shape = told["clusters"], told["sparse"], told["dense"]
    clusters, _, sparse, dense = store_shape(told["items"])
    same((clusters, sparse, dense), shape, "shape")
    columns = [number(bytes.fromhex(column)) for column in told["columns"]]
    same(clusters * (sparse + dense), len(columns), "number of columns")
    same(packed(block("store key", 0)).hex(), told["key"], "key")
    digests = [block("row", item) for item in range(told["items"])]
    key = bytes.fromhex(told["key"])
    rows = list(map(xor, encrypt(key, digests), digests))
    for item, (digest, row) in enumerate(zip(digests, rows)):
        value = decode(columns, digest, row, *shape)
        same(packed(value).hex(), packed(block("value", item)).hex(), f"value of item {item}")
    columns = [block("columns", place) for place in range(len(columns))]
    values = joined(decode(columns, *both, *shape) for both in zip(digests, rows))
    same(blake3(values).hexdigest(), told["random_columns_decode_to"], "random_columns_decode_to")


# §5: trees


class Trees:
    """The sender's side of a batch of one expansion, on correlations drawn by name."""

    def __init__(self, told):
        self.context, self.seed = bytes.fromhex(told["context"]), bytes.fromhex(told["seed"])
        self.delta = number(bytes.fromhex(told["delta"]))
        self.trees, self.depth = told["trees"], told["depth"]
        self.pad_key = kdf("pad", self.context)

    def value_share(self, value):
        out = 0
        for power in reversed(range(128)):
            out = times_x(out) ^ block("q", 128 * value + power)
        return out

    def pad(self, transfer, correlation):
        message = struct.pack("<Q", transfer) + packed(correlation)
        return number(blake3(message, key=self.pad_key).digest(16))

    def part(self, tree):
        name = self.context + struct.pack("<QQ", 0, tree)
        keys = kdf("tree", name)
        nodes, out = [number(blake3(name, key=self.seed).digest(16))], []
        for transfer in range(tree * self.depth, (tree + 1) * self.depth):
            left, right = (
                list(map(xor, encrypt(key, nodes), nodes)) for key in (keys[:16], keys[16:])
            )
            # The values' rows come first, in blocks of 128, one for each tree and the check.
            correlation = block("q", 128 * (self.trees + 1) + transfer)
            out.append(total(left) ^ self.pad(transfer, correlation))
            out.append(total(right) ^ self.pad(transfer, correlation ^ self.delta))
            nodes = [node for pair in zip(left, right) for node in pair]
        return joined([*out, total(nodes) ^ self.value_share(tree)])


def check_trees(told):
    same(expansion(4096)[1:], [told["trees"], told["depth"]], "trees and depth")
    trees = Trees(told)
    parts = [trees.part(tree) for tree in range(trees.trees)]
    same(parts[0].hex(), told["first_tree"], "first_tree")
    same(blake3(b"".join(parts)).hexdigest(), told["message"], "message")
    codes = kdf("codes", bytes.fromhex(told["context"]) + b"noise").hex()
    same(codes, told["codes_of_the_noise_noise"], "codes")


# §6: code


def stream(key, number_of, blocks):
    return encrypt(key, [2**64 * number_of + place for place in range(blocks)])


def convolved(values, taps):
    """A_1: each place takes up the 24 places of the six groups before its own, and those before it
    in its own, where a tap says so, and always X times the one seven groups before."""
    out = []
    for place, value in enumerate(values):
        group, k = divmod(place, 4)
        if group >= 7:
            value ^= times_x(out[place - 28])
        for back in range(1, min(group, 6) + 1):
            for j in range(4):
                if taps[group] >> (24 * k + 4 * (back - 1) + j) & 1:
                    value ^= out[4 * (group - back) + j]
        for j in range(k):
            if taps[group] >> (96 + k * (k - 1) // 2 + j) & 1:
                value ^= out[4 * group + j]
        out.append(value)
    return out


def seven_places(words, length):
    quarter = length // 4
    regular = [a * quarter + (words[a] * quarter >> 32) for a in range(4)]
    return regular + [word * length >> 32 for word in words[4:7]]


def encoded(key, noise, outputs):
    length = len(noise) - outputs
    inner = convolved(noise[outputs:], stream(key, 1, length // 4))
    inner = convolved(inner[::-1], stream(key, 2, length // 4))[::-1]
    words = struct.unpack(f"<{8 * outputs}I", joined(stream(key, 3, 2 * outputs)))
    return [
        noise[i] ^ total(inner[at] for at in seven_places(words[8 * i : 8 * i + 8], length))
        for i in range(outputs)
    ]


def check_code(told):
    outputs = told["outputs"]
    _, trees, depth = expansion(outputs)
    same(trees * 2**depth, told["leaves"], "leaves")
    noise = [block("noise", leaf) for leaf in range(told["leaves"])]
    out = encoded(bytes.fromhex(told["key"]), noise, outputs)
    for place, value in enumerate(told["first"]):
        same(packed(out[place]).hex(), value, f"output {place}")
    same(blake3(joined(out)).hexdigest(), told["all"], "all outputs")


# §7: masks


def head_bytes(masks):
    return sum(masks >= 2**bound for bound in (10, 18, 26))


def written(masks):
    head = head_bytes(len(masks))
    counts = [0] * (2 ** (8 * head) if head else 0)
    for mask in masks if head else []:
        counts[mask >> (128 - 8 * head)] += 1
    low = b"".join(packed(mask)[: 16 - head] for mask in sorted(masks))
    return struct.pack(f"<{len(counts)}H", *counts) + low


def check_masks(told):
    context = kdf("bin", bytes.fromhex(told["terms"]) + struct.pack("<I", told["bin"]))
    key, w = kdf("mask", context), number(bytes.fromhex(told["w"]))
    masks = []
    for item in range(2000):
        hashed = [block("z", item) ^ w, block("row", item), block("value", item)]
        mask, proof = split(blake3(joined(hashed), key=key).digest())
        if item == 0:
            same(packed(mask).hex(), told["mask_of_item_0"], "mask_of_item_0")
            same(packed(proof).hex(), told["proof_of_item_0"], "proof_of_item_0")
        masks.append(mask)
    same(len(written(masks)), told["bytes"], "bytes")
    same(blake3(written(masks)).hexdigest(), told["written"], "written")


# §3: frames of the good runs, and of the bad ones


def terms_of(learn, base, context_bytes=None):
    lengths = LENGTHS["initiator"], LENGTHS["responder"]
    clusters, _, sparse, dense = store_shape(lengths[0])
    batch = batch_shape(clusters * (sparse + dense))
    # One bin: its rooms are the lengths.
    numbers = struct.pack("<8I", *lengths, 1, *lengths, clusters, sparse, dense)
    numbers += b"".join(struct.pack("<3Q", *each) for each in batch)
    if context_bytes is not None:
        numbers += struct.pack("<I", context_bytes)
    mode = 1 if context_bytes is None else 3
    return kdf("terms", CONTEXT + bytes([mode, learn, base]) + numbers)


def step_sizes(learn, base):
    clusters, _, sparse, dense = store_shape(LENGTHS["initiator"])
    columns, masks = clusters * (sparse + dense), LENGTHS["responder"]
    batch = batch_shape(columns)
    levels = sum(trees * depth for _, trees, depth in batch)
    blocks = batch[0][1] + 1 + ceil_div(levels, 128)
    head = head_bytes(masks)
    sizes = {
        "choice": 128 * (2336 if base == 1 else 64),
        "reply": 128 * 2176 if base == 1 else 32,
        "noise": 16 * (128 * (blocks + 1) + 129),
        "trees": 32 + 16 * sum(trees * (2 * depth + 1) for _, trees, depth in batch),
        "challenge": 16,
        "columns": 48 + 16 * columns,
        "masks": 48 + masks * (16 - head) + (2 * 2 ** (8 * head) if head else 0),
    }
    return sizes | ({"found": ceil_div(masks, 8) + 32} if learn == 1 else {})


def frames_of(learn, base):
    frames = [("initiator", "hello", 46), ("responder", "hello", 46)]
    for step, size in step_sizes(learn, base).items():
        sender = "initiator" if step in FROM_INITIATOR else "responder"
        for at in range(0, size, FRAME):
            frames.append((sender, step, 13 + min(FRAME, size - at)))
    # Who gave the last step is the first to confirm.
    ends = ("initiator", "responder") if learn == 1 else ("responder", "initiator")
    return frames + [(end, "confirm", 13 + 72) for end in ends]


def check_hellos(run, terms):
    for frame, step in zip(run["frames"], (1, 2)):
        hello = b"\0" + terms + struct.pack("<BIQ", step, 0, 0)
        same(blake3(hello).hexdigest(), frame["blake3"], f"hello of the {frame['from']}")


def check_confirmations(run):
    first, second = (frame["blake3"] for frame in run["frames"][-2:])
    if run["learn"] == "initiator":
        head = struct.pack("<BIQ", STEPS.index("confirm"), 0, 0)
        confirm = head + bytes(8 + 32) + bytes.fromhex(run["transcript"])
        same(blake3(confirm).hexdigest(), first, "confirmation of nothing, with the transcript")
    same(first, second, "confirmations of both ends")


def check_outcome(run):
    for end, length in LENGTHS.items():
        if run["learn"] == "initiator" and end == "responder":
            same(None, run[end], "items of the responder")
            continue
        same(sorted(set(run[end])), run[end], f"order of the {end}'s items")
        same(len(run["initiator"]), len(run[end]), f"number of the {end}'s items")
        outside = [item for item in run[end] if item >= length]
        same([], outside, f"the {end}'s items beyond its list")


def check_good(runs, base):
    same(list(LEARN), [run["learn"] for run in runs], "who learns")
    for run in runs:
        try:
            learn = LEARN[run["learn"]]
            told = [(frame["from"], frame["step"], frame["bytes"]) for frame in run["frames"]]
            expected = frames_of(learn, base)
            for place, (found, wanted) in enumerate(zip(expected, told)):
                same(found, wanted, f"frame {place}")
            same(len(expected), len(told), "number of frames")
            check_hellos(run, terms_of(learn, base))
            check_confirmations(run)
            check_outcome(run)
        except Difference as error:
            raise Difference(f"learn {run['learn']}: {error}") from error


def check_bad(runs, base):
    frames = frames_of(LEARN["both"], base)
    for run in runs:
        place, code = run["frame"], run["code"]
        step = frames[place][1] if place in range(len(frames)) else None
        if step not in FAULTS.get(code, ()):
            raise Difference(f"{run['name']}: {code} cannot be in frame {place}, step {step}")


# §10: contexts


def check_seals(told, base):
    terms, size = bytes.fromhex(told["terms"]), told["bytes"]
    same(terms_of(LEARN["both"], base, size).hex(), told["terms"], "terms")
    x = kdf("bin", terms + struct.pack("<I", told["bin"]))
    for code, end in ((1, "from_initiator"), (2, "from_responder")):
        batch = bytes.fromhex(told["label"])
        for place, item in enumerate(told["items"]):
            number, proof = struct.pack("<I", item["number"]), bytes.fromhex(item["proof"])
            root = kdf("context", x + number + proof)
            key = kdf("context key", root + bytes([code]))
            context = bytes.fromhex(item["context"])
            plain = (struct.pack("<I", len(context)) + context).ljust(4 + size, b"\0")
            bound = terms + struct.pack("<I", place)
            batch += ChaCha20Poly1305(key).encrypt(bytes(12), plain, bound)
        same(batch.hex(), told[end], end)


def frames_with_contexts(size, count, base):
    *frames, first, second = frames_of(LEARN["both"], base)
    each = (FRAME - 32) // (size + 20)
    for batch in range(max(1, ceil_div(count, each))):
        inside = min(count, each * (batch + 1)) - each * batch
        length = 13 + (0 if batch else 32) + inside * (size + 20)
        frames += [("responder", "contexts", length), ("initiator", "returns", length)]
    return frames + [first, second]


def check_contexts(told, base):
    check_seals(told["seals"], base)
    run = told["good"]
    expected = frames_with_contexts(run["bytes"], len(run["initiator"]), base)
    found = [(frame["from"], frame["step"], frame["bytes"]) for frame in run["frames"]]
    same(expected, found, "frames")
    check_hellos(run, terms_of(LEARN["both"], base, run["bytes"]))
    check_confirmations(run | {"learn": "both"})
    check_outcome(run | {"learn": "both"})
    for end, other in (("initiator", "responder"), ("responder", "initiator")):
        words = sorted(f"{other} on {place}" for place in run[other])
        same(words, sorted(run[f"{end}_got"]), f"contexts of the {end}")
    # Both ends count common items alike: the n-th context of each is about one item.
    places = [
        [int(words.rsplit(" ", 1)[1]) for words in run[f"{end}_got"]]
        for end in ("responder", "initiator")
    ]
    # Item i of the initiator is item i - 40 of the responder.
    same([place - 40 for place in places[0]], places[1], "order of the common items")
    for case in told["bad"]:
        step = expected[case["frame"]][1]
        if step not in FAULTS.get(case["code"], ()):
            raise Difference(f"{case['name']}: {case['code']} cannot be in step {step}")


def main():
    if len(sys.argv) > 1:
        path = pathlib.Path(sys.argv[1])
    else:
        path = pathlib.Path(__file__).parents[3] / "vectors" / "match-vole.json"
    file = json.loads(path.read_text())
    if file["protocol"] not in BASE:
        sys.exit(f"protocol: {file['protocol']} is none of {', '.join(BASE)}")
    base = BASE[file["protocol"]]
    sections = {
        "shapes": check_shapes, "products": check_products, "store": check_store,
        "trees": check_trees, "code": check_code, "masks": check_masks,
        "good": lambda told: check_good(told, base), "bad": lambda told: check_bad(told, base),
        "contexts": lambda told: check_contexts(told, base),
    }
    for name, check in sections.items():
        try:
            check(file[name])
        except Difference as error:
            sys.exit(f"{name}: {error}")
        print(f"{name}: agrees")


if __name__ == "__main__":
    main()
