#!/usr/bin/env python3
"""Measures the detente command as whole processes and prints one JSON document.

    cargo build --release
    tools/bench/measure.py [--data DIR] [--lines N] [--only import|match|large|demo]
                           [--program PATH]

Without --data it works on generated lists (test ranges, labelled as generated); with --data DIR it
also runs the two parties of the README on DIR/feeds, DIR/misp and DIR/stix. Times are wall and CPU
seconds of the process and its children; memory is the peak resident set in MiB of the largest
process. Compare figures of one run with each other, not with another machine's.
"""

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target" / "release" / "detente"


def run(home, *args, **more):
    """Runs a command under a fresh wait, so that its own rusage is seen."""
    command = [str(PROGRAM), "--json"]
    if home:
        command += ["--home", str(home), "--passphrase-file", str(Path(home).parent / "passphrase")]
    command += [str(arg) for arg in args]
    begun = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    out, err = child.stdout.read(), child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    figures = {
        "wall_s": round(time.monotonic() - begun, 2),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mib": round(usage.ru_maxrss / 1024, 1),
    }
    # An import ends with 1 if some file was refused: the report says which.
    if child.returncode not in ((0, 1) if "import" in command else (0,)):
        sys.exit(f"{' '.join(command)}\n{out.decode()}{err.decode()}")
    return json.loads(out or b"null"), figures


class Serving:
    """A serving node; its rusage is taken when it ends."""

    def __init__(self, home):
        passphrase = str(Path(home).parent / "passphrase")
        self.child = subprocess.Popen(
            [str(PROGRAM), "--home", str(home), "--passphrase-file", passphrase, "serve"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.child.stdout.readline()

    def end(self):
        self.child.terminate()
        _, _, usage = os.wait4(self.child.pid, 0)
        self.child.returncode = 0
        return {
            "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
            "peak_mib": round(usage.ru_maxrss / 1024, 1),
        }


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def parties(folder):
    """Two parties that know each other; the second listens."""
    (folder / "passphrase").write_text("measuring")
    homes = [folder / "a", folder / "b"]
    for home, name in zip(homes, ["Alpha", "Beta"]):
        run(home, "init", "--party", name, "--listen", free_address())
    for home, other in zip(homes, reversed(homes)):
        card, _ = run(other, "party", "card")
        path = folder / f"{other.name}.card"
        path.write_text(json.dumps(card))
        run(home, "party", "add", path, "--yes")
    return homes


def agree(folder, a, b):
    text = folder / "accord.toml"
    run(a, "accord", "draft", "bench", "--with", "Beta", "--out", text)
    run(a, "accord", "propose", text)
    run(a, "accord", "sign", "bench")
    run(b, "accord", "sign", "bench")


def generated(path, first, count):
    """Plain lines: nine addresses of 10.0.0.0/8 to each name under .test."""
    with open(path, "w", encoding="ascii") as out:
        for n in range(first, first + count):
            if n % 10 == 9:
                out.write(f"http://host-{n}.generated.test/\n")
            else:
                out.write(f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}\n")


def measure_import(folder, lines):
    folder.mkdir()
    (folder / "passphrase").write_text("measuring")
    home = folder / "a"
    run(home, "init", "--party", "Alpha")
    path = folder / "lines.txt"
    generated(path, 0, lines)
    report, first = run(home, "import", path)
    _, again = run(home, "import", path)
    return {
        "lines": lines,
        "taken": report[0]["taken"],
        "first_import": first,
        "second_import_of_the_same": again,
    }


def match_and_release(a, b, served):
    matched, figures = run(a, "match", "bench", "--clause", "1")
    _, counted = run(a, "match", "bench", "--clause", "1", "--count-only")
    mine = {tuple(item) for item in run(a, "list")[0]}
    theirs = {tuple(item) for item in run(b, "list")[0]}
    plain = sorted(mine & theirs)
    if sorted(map(tuple, matched["items"])) != plain:
        sys.exit("the match is not the plain intersection")
    released, release = run(a, "release", "bench", "--matched", "last")
    record = a.parent / "record"
    exported, export = run(a, "log", "export", "bench", "--to", record)
    verified, verify = run(None, "verify", record)
    if not verified["sound"]:
        sys.exit("the record is not sound")
    return {
        "items": [len(mine), len(theirs)],
        "padded": [matched["own_size"], matched["peer_size"]],
        "common": len(plain),
        "equal_to_plain_intersection": True,
        "match_which": figures,
        "match_count": counted,
        "released": released["allowed"],
        "denied": released["denied"],
        "release": release,
        "export": export,
        "files": exported["files"],
        "verify": verify,
        "other_side_all_of_it": served.end(),
    }


def measure_match(folder, data):
    folder.mkdir()
    a, b = parties(folder)
    served = Serving(b)
    agree(folder, a, b)
    if data:
        ours = [data / "feeds/sans.txt", data / "feeds/cps-collected-iocs.txt", data / "misp"]
        feeds = ["abuse-ch-ipblocklist.txt", "avanzato_c2.txt", "log4j.txt"]
        theirs = [data / "feeds" / name for name in feeds] + [data / "stix"]
    else:
        ours, theirs = [folder / "ours.txt"], [folder / "theirs.txt"]
        generated(ours[0], 0, 100_000)
        generated(theirs[0], 90_000, 50_000)
    reports, imported = run(a, "import", *ours, "--tlp", "green")
    run(b, "import", *theirs, "--tlp", "green")
    result = {"import_of_one_side": imported, "items_seen": sum(r["seen"] for r in reports)}
    result.update(match_and_release(a, b, served))
    return result


def measure_large(folder, lines):
    """Two homes of so many indicators each, a thousandth of them in common."""
    folder.mkdir()
    a, b = parties(folder)
    served = Serving(b)
    text = folder / "accord.toml"
    run(a, "accord", "draft", "bench", "--with", "Beta", "--out", text)
    words = text.read_text().replace("max_items = 262144", f"max_items = {1 << 24}")
    text.write_text(words.replace("items = 4194304", f"items = {1 << 28}"))
    run(a, "accord", "propose", text)
    run(a, "accord", "sign", "bench")
    run(b, "accord", "sign", "bench")
    common = lines // 1000
    generated(folder / "ours.txt", 0, lines)
    generated(folder / "theirs.txt", lines - common, lines)
    _, imported = run(a, "import", folder / "ours.txt", "--tlp", "green")
    run(b, "import", folder / "theirs.txt", "--tlp", "green")
    matched, figures = run(a, "match", "bench", "--clause", "1")
    if matched["common"] != common:
        sys.exit(f"{matched['common']} in common, not {common}")
    return {
        "items": [lines, lines],
        "padded": [matched["own_size"], matched["peer_size"]],
        "import_of_one_side": imported,
        "match_which": figures,
        "other_side_all_of_it": served.end(),
    }


def main():
    global PROGRAM
    words = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    words.add_argument("--data", type=Path, help="folder with feeds/, misp/ and stix/")
    words.add_argument("--lines", type=int, default=1_000_000)
    words.add_argument("--only", choices=["import", "match", "large", "demo"])
    words.add_argument("--program", type=Path, default=PROGRAM, help="another build of detente")
    options = words.parse_args()
    PROGRAM = options.program.resolve()
    if not PROGRAM.exists():
        sys.exit("build first: cargo build --release")
    work = Path(tempfile.mkdtemp(prefix="detente-bench-"))
    figures = {"cores": len(os.sched_getaffinity(0))}
    try:
        if options.only in (None, "import"):
            figures["import"] = measure_import(work / "import", options.lines)
        if options.only in (None, "match"):
            figures["match_generated"] = measure_match(work / "generated", None)
            if options.data:
                figures["match_data"] = measure_match(work / "data", options.data)
        if options.only in (None, "large"):
            figures["match_large"] = measure_large(work / "large", options.lines)
        if options.only in (None, "demo"):
            _, figures["demo"] = run(None, "demo", "--dir", work / "demo")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    # The largest child counts for the whole run as well.
    figures["peak_mib_of_any"] = round(
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1
    )
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
