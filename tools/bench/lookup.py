#!/usr/bin/env python3
"""Times look-ups between two nodes on this machine, over TLS on loopback.

    cargo build --release && tools/bench/lookup.py [--list 16] [--filter 24] [--asked 10]

Two homes in a temporary folder, both served, so that no command waits for Argon2id. B lists 2^LIST
generated domains in a filter of 2^FILTER values (dummies fill it: the other side can't tell, and
what A does costs the same), A fetches it and asks 2^ASKED values, half of them listed. Then B's
list grows by 1 %, and A follows. Wall times are the commands' own, process start included; CPU
seconds are those of both serving nodes.
"""

import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

CLAUSE = """
[[clause]]
id = "5"
prose.en = \"\"\"
Of {between}, {holder} lists and the other may ask {mode}: {kinds}. {answer}. The filter has
{filter_items} values; {max_items} a query, {budget.runs} queries and {budget.items} values in
{budget.per}. {pad}.\"\"\"
[clause.match]
between = ["A", "B"]
kinds = ["domain"]
mode = "lookup"
holder = "B"
filter_items = FILTER
answer = "initiator"
max_items = 16384
pad = "power-of-two"
budget = { runs = 1000, items = 10000000, per = "P30D" }

[emergency]"""


class Bench:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, pathlib.Path(folder)
        (self.folder / "passphrase").write_text("correct horse battery\n")
        self.nodes = []

    def run(self, home, *args):
        files = ["--passphrase-file", self.folder / "passphrase", "--json"]
        begin = time.perf_counter()
        done = subprocess.run(
            [self.binary, "--home", self.folder / home, *args, *files],
            capture_output=True, text=True, check=False,
        )
        wall = time.perf_counter() - begin
        if done.returncode != 0:
            sys.exit(f"{home} {args}: {done.returncode}\n{done.stdout}{done.stderr}")
        try:
            return json.loads(done.stdout), wall
        except ValueError:
            return done.stdout, wall

    def serve(self, home):
        files = ["--passphrase-file", self.folder / "passphrase"]
        node = subprocess.Popen(
            [self.binary, "--home", self.folder / home, "serve", *files],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        node.stdout.readline()
        self.nodes.append(node)

    def cpu(self):
        """CPU seconds of both nodes so far."""
        tick = os.sysconf("SC_CLK_TCK")
        sums = 0
        for node in self.nodes:
            fields = pathlib.Path(f"/proc/{node.pid}/stat").read_text().rpartition(")")[2].split()
            sums += (int(fields[11]) + int(fields[12])) / tick
        return sums

    def timed(self, what, home, *args):
        before = self.cpu()
        report, wall = self.run(home, *args)
        print(f"{what:<42} {wall:8.3f} s wall {self.cpu() - before:8.2f} CPU s", flush=True)
        return report


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def names(count, of):
    return "".join(f"{of}-{number}.example.com\n" for number in range(count))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", type=int, default=16)
    parser.add_argument("--filter", type=int, default=24)
    parser.add_argument("--asked", type=int, default=10)
    options = parser.parse_args()
    binary = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release" / "detente"
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(binary.absolute(), folder)
        try:
            measure(bench, options)
        finally:
            for node in bench.nodes:
                node.terminate()
                node.wait()


def measure(bench, options):
    lookup = ("lookup", "bench-0", "--clause", "5")
    for home, name in (("a", "Alba"), ("b", "Borea")):
        bench.run(home, "init", "--party", name, "--listen", f"127.0.0.1:{free_port()}")
        bench.run(home, "party", "card", "--out", bench.folder / f"{home}.card")
    bench.run("a", "party", "add", bench.folder / "b.card", "--yes")
    bench.run("b", "party", "add", bench.folder / "a.card", "--yes")
    text = bench.folder / "accord.toml"
    bench.run("a", "accord", "draft", "bench-0", "--with", "Borea", "--out", text)
    clause = CLAUSE.lstrip().replace("FILTER", str(1 << options.filter))
    text.write_text(text.read_text().replace("[emergency]", clause, 1))
    bench.serve("a")
    bench.serve("b")
    bench.run("a", "accord", "propose", text)
    bench.run("a", "accord", "sign", "bench-0")
    bench.run("b", "accord", "sign", "bench-0")
    listed = 1 << options.list
    (bench.folder / "on.txt").write_text(names(listed, "on"))
    bench.run("b", "import", bench.folder / "on.txt", "--tlp", "green")
    report = bench.timed(f"publish, 2^{options.list} evaluated", "b", *lookup, "--publish")
    size, items = report["bytes"], report["filter"]["items"]
    print(f"  filter of {items} values: {size} bytes, {size / items:.3f} each")
    bench.timed("fetch the whole filter", "a", *lookup, "--refresh")
    half = 1 << (options.asked - 1)
    (bench.folder / "ask.txt").write_text(names(half, "on") + names(half, "off"))
    for _ in range(3):
        what = f"2^{options.asked} look-ups against 2^{options.filter}"
        report = bench.timed(what, "a", *lookup, "--from", bench.folder / "ask.txt")
        if (len(report["found"]), len(report["absent"]), report["fetched"]) != (half, half, 0):
            sys.exit("the answer is wrong")
    (bench.folder / "new.txt").write_text(names(listed // 100, "new"))
    bench.run("b", "import", bench.folder / "new.txt", "--tlp", "green")
    report = bench.timed(f"publish, {listed // 100} more", "b", *lookup, "--publish")
    update = report["update_bytes"]
    print(f"  update: {update} bytes, {100 * update / report['bytes']:.3f} % of the filter")
    bench.timed("follow the update", "a", *lookup, "--refresh")


if __name__ == "__main__":
    main()
