#!/usr/bin/env python3
"""Matches two lists as two processes over the node's TLS sessions on loopback, and prints a table;
with --peers, other programs beside it in the same run, as ratios of CPU seconds of both ends.

    cargo build --release -p detente-bench
    tools/bench/match.py [--log2 16,20] [--peers] [--line] [--repeat 3] [--json]

--line adds a run over a line of 100 Mbit/s each way with a round trip of 50 ms, and tells how long
its bytes alone would take; --whole one without bins. --peers installs OpenMined PSI and the PSI of
SecretFlow from PyPI into .test/peers. Half of the items are common. Times are of the run: hashing
of items counts, making them does not up to 2^22. Memory is the peak resident set of a process.
Compare figures of one run with each other, not with another machine's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "release" / "detente-bench"
PEERS = ROOT / ".test" / "peers"
HERE = Path(__file__).resolve().parent


def finish(child):
    """Waits for a process: its last line of JSON, its peak memory in MiB."""
    # Some programs log between their figures.
    out = [line for line in child.stdout.read().splitlines() if line.startswith("{")]
    _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0 or not out:
        sys.exit(f"failed: {child.args}")
    return json.loads(out[-1]), usage.ru_maxrss / 1024


def start(*args):
    args = [str(arg) for arg in args]
    return subprocess.Popen(args, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)


def own(items, *flags, slow=False):
    # Longer lists are made while they are taken in, so that memory is that of the run.
    stream = ["--stream"] if items > 1 << 22 else []
    lists = ["--own", items, "--peer", items, *stream, *flags]
    listener = start(PROGRAM, "listen", *lists)
    where = json.loads(listener.stdout.readline())
    address, line = where["address"], None
    if slow:
        line = start(PROGRAM, "line", "--to", address)
        address = json.loads(line.stdout.readline())["address"]
    dialler = start(PROGRAM, "run", "--to", address, "--key", where["key"], *lists)
    (a, a_peak), (b, b_peak) = finish(dialler), finish(listener)
    if line:
        line.kill()
        line.wait()
    return {
        "wall_s": round(max(a["wall_s"], b["wall_s"]), 2),
        "cpu_s": round(a["cpu_s"] + b["cpu_s"], 2),
        "bytes": a["sent"] + a["received"],
        "peak_mib": round(max(a_peak, b_peak)),
        "common": a["common"],
    }


def peer_python():
    python = PEERS / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
        packages = ["openmined.psi==2.0.6", "spu==0.9.5"]
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
    return python


def openmined(items):
    figures, peak = finish(start(peer_python(), HERE / "peer_openmined.py", items))
    return {**figures, "peak_mib": round(peak)}


def secretflow(items, protocol):
    with tempfile.TemporaryDirectory() as folder:
        ends = []
        for rank, first in [(0, 0), (1, items // 2)]:
            path = Path(folder) / f"{rank}.csv"
            names = (f"host-{i:08x}.example" for i in range(first, first + items))
            path.write_text("id\n" + "\n".join(names) + "\n")
            script = HERE / "peer_secretflow.py"
            ends.append(start(peer_python(), script, rank, protocol, path, 29471))
        (a, a_peak), (b, b_peak) = map(finish, ends)
    return {
        "wall_s": max(a["wall_s"], b["wall_s"]),
        "cpu_s": round(a["cpu_s"] + b["cpu_s"], 2),
        "peak_mib": round(max(a_peak, b_peak)),
        "common": a["common"],
    }


def best(measure, repeat):
    """The run with the least CPU time: what disturbs only adds."""
    return min((measure() for _ in range(repeat)), key=lambda figures: figures["cpu_s"])


def over_line(items):
    """Over the slow line: also how long the bytes alone take, and the bound of 1.2 times that and
    five round trips."""
    figures = own(items, slow=True)
    bytes_s = figures["bytes"] * 8 / 100e6
    return {**figures, "bytes_s": round(bytes_s, 2), "bound_s": round(1.2 * bytes_s + 0.25, 2)}


def rows(items, args):
    yield "vole-mlkem768", best(lambda: own(items), args.repeat)
    yield "vole-ristretto255", best(
        lambda: own(items, "--engine", "vole-ristretto255/1"), args.repeat
    )
    if args.whole:
        yield "vole-mlkem768, one bin", own(items, "--whole")
    if args.line:
        yield "vole-mlkem768, 100 Mbit/s, 50 ms", over_line(items)
    if args.peers:
        yield "SecretFlow RR22, semi-honest", best(lambda: secretflow(items, "rr22"), args.repeat)
        yield "SecretFlow ECDH, FourQ", secretflow(items, "ecdh-fourq")
        if items <= 1 << 16 or args.all:
            yield "OpenMined", openmined(items)
        if items <= 1 << 12 or args.all:
            yield "SecretFlow ECDH, curve25519", secretflow(items, "ecdh-25519")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--log2", default="16,20", help="sizes, as powers of two")
    parser.add_argument("--peers", action="store_true", help="measure other programs too")
    parser.add_argument("--line", action="store_true", help="also over a slow line")
    parser.add_argument("--whole", action="store_true", help="also without bins")
    parser.add_argument("--all", action="store_true", help="the slow peers at every size too")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = []
    for log2 in map(int, args.log2.split(",")):
        items = 1 << log2
        first = None
        for name, figures in rows(items, args):
            first = first or figures["cpu_s"]
            per_item = round(figures["bytes"] / items, 2) if "bytes" in figures else None
            row = {"items": items, "engine": name, **figures, "bytes_per_item": per_item}
            row["cpu_ratio"] = round(figures["cpu_s"] / first, 1) if first else None
            assert figures["common"] == items // 2, row
            found.append(row)
            if not args.json:
                print(
                    f"2^{log2} {name:32} wall {figures['wall_s']:7.2f} s   cpu "
                    f"{figures['cpu_s']:7.2f} s ({row['cpu_ratio']} x)   "
                    f"{per_item or '?'} B an item   {figures['peak_mib']} MiB"
                    + (f"   bytes alone {row['bytes_s']} s, bound {row['bound_s']} s"
                       if "bound_s" in row else ""),
                    flush=True,
                )
    if args.json:
        print(json.dumps(found, indent=1))


main()
