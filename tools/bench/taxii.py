#!/usr/bin/env python3
"""Times our TAXII 2.1 server beside OpenTAXII and medallion.

    python3 -m venv v && v/bin/pip install gunicorn medallion FOLDER_OF_OPENTAXII
    cargo build --release -p detente
    v/bin/python tools/bench/taxii.py [--objects 1000000] [--peer-objects 20000]
        [--medallion-objects 1000,2000] [--opentaxii FOLDER_OR_PIP_NAME] [--only ours] [--json]

FOLDER_OF_OPENTAXII is a checkout of its repository (the release on PyPI breaks with the Flask of
today). With --opentaxii the script installs that checkout, gunicorn and medallion into a virtual
environment of its own; without, it takes them from the environment that runs it, and leaves a
server out that is not there.

Objects are generated from a seed and say so: indicators, observed data, files and a few campaigns,
0.6 to 1.4 kB each. All servers get the same ones by POST, and what each gives back is compared with
what it got, object for object and in order: ours byte for byte. OpenTAXII runs as its documentation
says for production (gunicorn, two workers, SQLite), with a public collection, so that it checks no
password; medallion as its own command with its memory back end. Both speak plain HTTP; ours speaks
TLS and checks a token. The node's own list takes in the
indicators among the objects a little later, on a thread of its own: what that costs is measured and
shown beside; the others have nothing like it.

CPU seconds are those of the server's processes, children that ended included, over enough requests
that the clock's ticks do not matter. Each figure has the best, the median and the worst of
--repeat. Exits 1 if an answer is wrong.
"""

import argparse
import hashlib
import http.client
import json
import os
import pathlib
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "detente"
TAXII = "application/taxii+json;version=2.1"
PAGE = 1_000
TICK = os.sysconf("SC_CLK_TCK")
TLP = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
WORDS = (
    "generated for measuring, not real: a host that was seen to fetch stages of a loader, to send "
    "beacons at regular times over an encrypted line, to hold pages that ask for passwords, and to "
    "take what was found; the sensor of a plant reported it, an analyst looked at the traffic and "
    "at the certificate, and found the same operator behind it as in the months before; block it "
    "at the border and look for it in what was logged in the last ninety days of operation"
).split()


class Objects:
    """The n-th generated object, the same in each run."""

    def __init__(self, seed, colour):
        self.seed, self.colour = seed, colour

    def __call__(self, number):
        bits = hashlib.sha512(f"{self.seed}/{number}".encode()).digest()
        low = bits[63]
        day = f"2026-0{1 + bits[62] % 9}-{10 + bits[61] % 18}"
        made = f"{day}T{10 + bits[60] % 13}:00:{bits[59] % 50 + 10}"
        if number % 10_000 == 5_000:
            kind, body = "campaign", self.campaign(number, bits)
        elif low < 26:
            kind, body = "observed-data", self.observed(bits, made)
        elif low < 52:
            kind, body = "file", self.file(bits)
        else:
            kind, body = "indicator", self.indicator(number, bits, made)
        head = {"type": kind, "spec_version": "2.1", "id": f"{kind}--{named(bits[:16])}"}
        if kind != "file":
            head["created_by_ref"] = "identity--5d41402a-bc4b-4a76-b971-9d911017c592"
            head |= {"created": f"{made}.000Z", "modified": f"{made}.{100 + low:03}Z"}
        whole = head | body | {"object_marking_refs": [TLP[self.colour(number, bits[58])]]}
        return json.dumps(whole, separators=(",", ":")).encode()

    @staticmethod
    def words(bits, count):
        start = bits[40] % (len(WORDS) - 1)
        return " ".join((WORDS * 3)[start:start + count])

    def indicator(self, number, bits, made):
        draw, value = bits[41] % 8, bits[16:48].hex()
        if draw < 3:
            pattern = f"[domain-name:value = '{value[:12]}.n{number}.generated.test']"
        elif draw < 5:
            pattern = f"[ipv4-addr:value = '10.{bits[16]}.{bits[17]}.{bits[18]}']"
        elif draw < 6:
            pattern = f"[url:value = 'http://n{number}.generated.test/{value[:20]}']"
        else:
            pattern = f"[file:hashes.'SHA-256' = '{value}']"
        return {
            "name": f"Generated indicator {number}",
            "description": self.words(bits, 20 + bits[42] % 60),
            "indicator_types": ["malicious-activity"],
            "pattern": pattern, "pattern_type": "stix", "pattern_version": "2.1",
            "valid_from": f"{made}Z", "valid_until": "2027-12-31T00:00:00Z",
            "kill_chain_phases": [{
                "kill_chain_name": "lockheed-martin-cyber-kill-chain",
                "phase_name": "command-and-control",
            }],
            "labels": ["generated", f"cluster-{bits[43] % 40}"], "confidence": bits[44] % 101,
            "external_references": [{
                "source_name": "generated report", "external_id": f"GEN-{number}",
                "url": f"https://reports.generated.test/{value[:16]}",
            }],
        }

    @staticmethod
    def observed(bits, made):
        refs = [f"ipv4-addr--{named(bits[at:at + 16])}" for at in range(16, 16 + 4 * 6, 4)]
        return {"first_observed": f"{made}Z", "last_observed": f"{made}Z",
                "number_observed": 1 + bits[44], "object_refs": refs,
                "labels": ["generated", "sensor"], "confidence": bits[45] % 101}

    def file(self, bits):
        digest = bits.hex()
        hashes = {"MD5": digest[:32], "SHA-1": digest[8:48], "SHA-256": digest[16:80]}
        return {"hashes": hashes, "size": int.from_bytes(bits[:3], "big"),
                "name": f"generated-{digest[:8]}.bin", "mime_type": "application/octet-stream",
                "name_enc": "UTF-8"}

    def campaign(self, number, bits):
        return {"name": f"Generated campaign {number}", "aliases": [f"gen-{number}"],
                "description": self.words(bits, 80), "objective": self.words(bits, 20)}

    def envelope(self, first, count):
        return b'{"objects":[' + b",".join(map(self, range(first, first + count))) + b"]}"


def named(bits):
    """A UUID of these 16 bytes."""
    return uuid.UUID(bytes=bits, version=4)


def mixed(_, draw):
    return "clear" if draw < 150 else "green" if draw < 210 else "amber" if draw < 240 else "red"


def mostly_red(number, _):
    return "clear" if number % 1_000 == 0 else "red"


class Server:
    """A server's process and a light client; both sides of a figure are measured alike."""

    name, prefix = "", ""

    def __init__(self, process, host, headers, context=None):
        self.process, self.host, self.context = process, host, context
        self.headers = {"Accept": TAXII, **headers}
        self.line = None

    def ask(self, query="", body=None, path="objects/"):
        """The answer's bytes; a line that the server ended is made anew."""
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = TAXII
        target = f"{self.prefix}{path}{'?' if query else ''}{query}"
        for last in (False, True):
            if self.line is None:
                make = http.client.HTTPSConnection if self.context else http.client.HTTPConnection
                more = {"context": self.context} if self.context else {}
                self.line = make(*self.host, timeout=3_600, **more)
            try:
                self.line.request("POST" if body is not None else "GET", target, body, headers)
                answer = self.line.getresponse()
                break
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.line.close()
                self.line = None
                if last:
                    raise
        found = answer.read()
        if answer.status != (202 if body is not None else 200):
            sys.exit(f"{self.name}: {target}: {answer.status} {found[:500]!r}")
        return found

    def processes(self):
        """The server's process and all that descend from it."""
        children = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
        found = [self.process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu(self):
        """CPU seconds so far, those of children that were waited for included."""
        ticks = 0
        for pid in self.processes():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
        return ticks / TICK

    def settle(self):
        """Waits until nothing is left to do."""

    def aside(self):
        """CPU seconds so far of what is no part of answering."""
        return 0

    def memory(self):
        """Resident now and at most, MiB, over all processes."""
        sums = {"VmRSS": 0, "VmHWM": 0}
        for pid in self.processes():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                field, _, rest = line.partition(":")
                if field in sums:
                    sums[field] += int(rest.split()[0])
        return {"resident_mib": sums["VmRSS"] // 1024, "peak_mib": sums["VmHWM"] // 1024}

    def timed(self, deed, least, most):
        """CPU and wall seconds of one deed, from as many as fill `least` CPU seconds."""
        count, before, begun = 0, self.cpu(), time.perf_counter()
        while True:
            for _ in range(max(1, count)):
                deed()
                count += 1
            cpu = self.cpu() - before
            if cpu >= least or count >= most:
                return cpu / count, (time.perf_counter() - begun) / count

    def right(self, _, page, objects, numbers):
        """Whether an envelope holds these objects, in this order."""
        return page.get("objects", []) == [json.loads(objects(number)) for number in numbers]

    def end(self):
        self.process.terminate()
        self.process.wait()


def spread(values, digits=6):
    values = sorted(values)
    middle = statistics.median(values)
    return {"best": round(values[0], digits), "median": round(middle, digits),
            "worst": round(values[-1], digits)}


def rates(values):
    return {"best": round(max(values)), "median": round(statistics.median(values)),
            "worst": round(min(values))}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Ours(Server):
    name, prefix = "detente", "/own/collections/own/"
    # As the others speak: without TLS, as behind a proxy.
    plain = False

    def __init__(self, folder, program):
        folder.mkdir()
        secret = folder / "passphrase"
        secret.write_text("measuring\n")
        self.command = [program, "--home", folder / "a", "--passphrase-file", secret, "--json"]
        self.run("init", "--party", "Alpha")
        rights = ["--read", "own", "--write", "own"]
        self.token = self.account("feeder", "closed", *rights)
        server = subprocess.Popen(
            [*self.command, "serve", "--taxii", "127.0.0.1:0", "--taxii-rate", "1000000",
             *(["--taxii-plain"] if self.plain else [])],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        said = ""
        while not said.endswith("}\n"):
            said += server.stdout.readline() or sys.exit("detente serve ended")
        host, _, port = json.loads(said)["taxii"].rpartition(":")
        trusted = folder / "a" / "taxii.crt"
        context = None if self.plain else ssl.create_default_context(cafile=trusted)
        super().__init__(server, (host, int(port)), self.bearer(self.token), context)

    def run(self, *args):
        done = subprocess.run([*self.command, *args], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{args}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def account(self, name, clearance, *rights):
        return self.run("account", "add", name, "--clearance", clearance, *rights)["token"]

    def settle(self):
        # The thread that follows looks every second; what it left is done by whoever counts.
        time.sleep(1.5)
        self.run("count")

    def aside(self):
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            if (task / "comm").read_text().strip() == "own-list":
                return int((task / "schedstat").read_text().split()[0]) / 1e9
        sys.exit("detente has no thread that follows what tools bring")

    def bearer(self, token):
        return {"Authorization": f"Bearer {token}"}

    def right(self, answer, _, objects, numbers):
        # As they were sent, byte for byte.
        return b'"objects":[' + b",".join(map(objects, numbers)) + b"]" in answer


class OpenTaxii(Server):
    name = "OpenTAXII"

    def __init__(self, folder, python):
        folder.mkdir()
        port = free_port()
        config = folder / "opentaxii.yml"
        config.write_text(f"""---
domain: "localhost:{port}"
auth_api:
  class: opentaxii.auth.sqldb.SQLDatabaseAPI
  parameters:
    db_connection: sqlite:///{folder}/auth.db
    create_tables: yes
    secret: measuring
taxii1:
taxii2:
  persistence_api:
    class: opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI
    parameters:
      db_connection: sqlite:///{folder}/data.db
      create_tables: yes
  title: "Measured"
  public_discovery: true
  max_content_length: 209715200
logging:
  opentaxii: warning
  root: warning
""")
        environment = dict(os.environ, OPENTAXII_CONFIG=str(config))
        root, folder_of = str(uuid.uuid4()), pathlib.Path(python).parent

        def run(program, *args):
            done = subprocess.run([folder_of / program, *args], env=environment,
                                  capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{program}: {done.stdout}{done.stderr}")

        run("opentaxii-add-api-root", "--title", "own", "--default", "--public", "-i", root)
        run("opentaxii-add-collection", "--rootid", root, "--title", "own", "--alias", "own",
            "--public", "--public-write")
        server = subprocess.Popen(
            [folder_of / "gunicorn", "opentaxii.http:app", "--workers", "2", "--timeout", "3600",
             "--bind", f"127.0.0.1:{port}", "--config", "python:opentaxii.http"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.prefix = f"/taxii2/{root}/collections/own/"
        super().__init__(server, ("127.0.0.1", port), {})
        wait_for(port)


class Medallion(Server):
    name, prefix = "medallion", "/own/collections/own/"

    def __init__(self, folder, python):
        folder.mkdir()
        port = free_port()
        collection = {"id": "own", "title": "own", "can_read": True, "can_write": True,
                      "media_types": ["application/stix+json;version=2.1"], "objects": [],
                      "manifest": []}
        data = {"/discovery": {"title": "Measured", "default": "/own/", "api_roots": ["/own/"]},
                "own": {"information": {"title": "own", "versions": [TAXII],
                                        "max_content_length": 209715200},
                        "status": [], "collections": [collection]}}
        (folder / "data.json").write_text(json.dumps(data))
        config = {"users": {"user": "measuring"}, "taxii": {"max_page_size": PAGE},
                  "backend": {"module": "medallion.backends.memory_backend",
                              "module_class": "MemoryBackend",
                              # A page takes longer than the half minute that a next lives.
                              "session_timeout": 86_400,
                              "filename": str(folder / "data.json")}}
        (folder / "config.json").write_text(json.dumps(config))
        server = subprocess.Popen(
            [pathlib.Path(python).parent / "medallion", "--port", str(port),
             folder / "config.json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Basic, "user:measuring".
        super().__init__(server, ("127.0.0.1", port),
                         {"Authorization": "Basic dXNlcjptZWFzdXJpbmc="})
        wait_for(port)



def wait_for(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("a server does not begin to listen")


def fill(server, objects, total, batch, parts):
    """Adds all objects; objects a CPU second and a wall second, over so many equal parts."""
    per_cpu, with_list, per_wall, cpu_s, wall_s = [], [], [], 0, 0
    size = max(1, total // batch // parts) * batch
    for start in range(0, total, size):
        end, wall, before, aside = min(start + size, total), 0, server.cpu(), server.aside()
        for first in range(start, end, batch):
            body = objects.envelope(first, min(batch, end - first))
            begun = time.perf_counter()
            said = json.loads(server.ask(body=body))
            wall += time.perf_counter() - begun
            if said["success_count"] != min(batch, end - first):
                sys.exit(f"{server.name} did not take what was sent: {said['failure_count']}")
        server.settle()
        cpu = server.cpu() - before
        answering = cpu - (server.aside() - aside)
        cpu_s, wall_s = cpu_s + cpu, wall_s + wall
        per_cpu.append((end - start) / max(answering, 1 / TICK))
        with_list.append((end - start) / max(cpu, 1 / TICK))
        per_wall.append((end - start) / wall)
    return {"objects": total, "batch": batch, "cpu_s": round(cpu_s, 2), "wall_s": round(wall_s, 2),
            "objects_per_cpu_s": rates(per_cpu),
            "with_own_list_per_cpu_s": rates(with_list),
            "objects_per_wall_s_median": round(statistics.median(per_wall))}


def walk(server, objects, numbers, query=""):
    """Reads page after page and compares; the query of the first, the middle and the last page."""
    queries, place = [], f"limit={PAGE}{query}"
    before, begun, wrong = server.cpu(), time.perf_counter(), set()
    pages = -(-len(numbers) // PAGE)
    while place:
        queries.append(place)
        answer = server.ask(place)
        at = (len(queries) - 1) * PAGE
        wanted = numbers[at:at + PAGE]
        page = json.loads(answer)
        if not server.right(answer, page, objects, wanted):
            wrong.add(len(queries))
        more = page.get("more")
        if more != (len(queries) < pages) or wrong:
            sys.exit(f"{server.name}: page {len(queries)} of {pages} is wrong, more is {more}")
        place = more and f"limit={PAGE}{query}&next={page['next']}"
    figures = {"pages": pages, "cpu_s": round(server.cpu() - before, 2),
               "wall_s": round(time.perf_counter() - begun, 2)}
    return figures, {"first": queries[0], "middle": queries[pages // 2], "last": queries[-1]}


def read(deeds, server, options, least):
    """CPU and wall seconds of each deed, one after the other and round and round."""
    cpu, wall = {name: [] for name in deeds}, {name: [] for name in deeds}
    for _ in range(options.repeat):
        for name, deed in deeds.items():
            one = server.timed(deed, least, 100_000)
            cpu[name].append(one[0])
            wall[name].append(one[1])
    return {name: {"cpu_s": spread(cpu[name]), "wall_s": spread(wall[name])} for name in deeds}


def ours(folder, options, total, extras):
    """Ours at one size; with extras also filters, manifests and an account that sees little."""
    objects = Objects(options.seed, mixed)
    server = Ours(folder, options.program)
    try:
        added = fill(server, objects, total, options.batch, options.repeat)
        after = server.memory()
        whole, places = walk(server, objects, range(total))
        deeds = {f"{name} page": lambda place=place: server.ask(place)
                 for name, place in places.items()}
        if extras:
            deeds |= filters(server, objects, total, places["middle"])
        pages = read(deeds, server, options, 0.5)
        figures = {"objects": total, "add": added, "memory_after_adding": after,
                   "walk": whole, "read": pages, "memory_after_reading": server.memory()}
        if extras:
            for colour in ("clear", "green"):
                sees = ("clear",) if colour == "clear" else ("clear", "green")
                figures[f"read by who sees {colour}"] = narrow(
                    server, objects, options, total, colour,
                    lambda number: objects.colour(number, bits(objects, number)) in sees)
        return figures
    finally:
        server.end()


def bits(objects, number):
    return hashlib.sha512(f"{objects.seed}/{number}".encode()).digest()[58]


def filters(server, objects, total, middle):
    """Reads that name something, each compared once with what it must bring."""
    def ids(numbers):
        return [json.loads(objects(number))["id"] for number in numbers]

    start = -(-total // PAGE) // 2 * PAGE
    half = ids(range(start, min(start + PAGE + 1, total)))
    rare = ids(range(5_000, total, 10_000)[:PAGE])
    first = json.loads(server.ask(middle, path="manifest/"))["objects"][0]["date_added"]
    wanted = {
        "match[id] of one": (f"match[id]={half[0]}", "objects/", half[:1]),
        "match[type] of 1 in 10,000": (f"match[type]=campaign&limit={PAGE}", "objects/", rare),
        "manifest, first page": (f"limit={PAGE}", "manifest/", ids(range(min(PAGE, total)))),
        "manifest, middle page": (middle, "manifest/", half[:PAGE]),
        "added_after in the middle": (f"added_after={first}&limit={PAGE}", "objects/", half[1:]),
    }
    deeds = {}
    for name, (query, path, right) in wanted.items():
        answer = json.loads(server.ask(query, path=path))
        if [one["id"] for one in answer.get("objects", [])] != right:
            sys.exit(f"{name}: the answer is wrong")
        deeds[name] = lambda query=query, path=path: server.ask(query, path=path)
    return deeds


def narrow(server, objects, options, total, colour, seen):
    """The same pages for an account that sees part of them."""
    server.headers |= server.bearer(server.account(f"sees-{colour}", colour))
    try:
        numbers = [number for number in range(total) if seen(number)]
        whole, places = walk(server, objects, numbers)
        deeds = {f"{name} page": lambda place=place: server.ask(place)
                 for name, place in places.items()}
        return {"objects": len(numbers), "walk": whole, "read": read(deeds, server, options, 0.5)}
    finally:
        server.headers |= server.bearer(server.token)


def closed(folder, options, total):
    """All but one in a thousand are closed to the account that reads."""
    objects = Objects(options.seed, mostly_red)
    server = Ours(folder, options.program)
    try:
        fill(server, objects, total, options.batch, options.repeat)
        return narrow(server, objects, options, total, "clear", lambda number: number % 1_000 == 0)
    finally:
        server.end()


def peer(kind, folder, options, total, repeat):
    objects = Objects(options.seed, mixed)
    server = kind(folder, options.python)
    try:
        added = fill(server, objects, total, options.batch, options.repeat)
        whole, places = walk(server, objects, range(total))
        figures = {"objects": total, "add": added, "walk": whole, "memory": server.memory()}
        if repeat:
            deeds = {f"{name} page": lambda place=place: server.ask(place)
                     for name, place in places.items()}
            figures["read"] = read(deeds, server, options, 0.5)
        return figures
    finally:
        server.end()


def environment(options, folder):
    """The Python with the other servers; made if a checkout is given."""
    if not options.opentaxii:
        return sys.executable
    made = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", made], check=True)
    subprocess.run([made / "bin" / "pip", "install", "--quiet", "gunicorn", "medallion",
                    options.opentaxii], check=True)
    return made / "bin" / "python"


def has(python, module):
    test = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{module}') is None)"
    return subprocess.run([python, "-c", test], check=False).returncode == 0


def page_cpu(figures):
    """CPU seconds of a page: the median of the first page, or the mean of a walk."""
    if "read" in figures:
        return figures["read"]["first page"]["cpu_s"]["median"]
    return figures["walk"]["cpu_s"] / figures["walk"]["pages"]


def table(found):
    """One line for each server and size; ratios are to ours of the size that is nearest."""
    mine = [figures for name, figures in found if name == "detente"]
    print(f"{'server':<10} {'objects':>9} {'CPU ms a page of 1,000':>32} {'added a CPU s':>14} "
          f"{'with list':>9} {'MiB':>5} {'page':>8} {'adding':>8}")
    for name, figures in found:
        at = [f"{1_000 * one['cpu_s']['median']:.2f}"
              for key, one in figures.get("read", {}).items()
              if key.endswith(" page") and "," not in key]
        at = at or [f"{1_000 * page_cpu(figures):.0f} (mean)"]
        added, memory = figures["add"]["objects_per_cpu_s"]["median"], figures.get("memory")
        both = figures["add"]["with_own_list_per_cpu_s"]["median"] if name == "detente" else ""
        memory = memory or figures["memory_after_reading"]
        near = min(mine, key=lambda one: abs(one["objects"] - figures["objects"])) if mine else None
        ratios = ["", ""]
        if near and name != "detente":
            ratios = [f"1/{page_cpu(figures) / page_cpu(near):.0f}",
                      f"1/{near['add']['objects_per_cpu_s']['median'] / added:.0f}"]
        print(f"{name:<10} {figures['objects']:>9} {' / '.join(at):>32} {added:>14} "
              f"{both:>9} {memory['peak_mib']:>5} {ratios[0]:>8} {ratios[1]:>8}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--peer-objects", type=int, default=20_000)
    parser.add_argument("--medallion-objects", default="1000,2000")
    parser.add_argument("--batch", type=int, default=1_000, help="objects of one POST")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seed", default="generated")
    parser.add_argument("--opentaxii", help="a checkout, or what pip installs")
    parser.add_argument("--only", choices=["ours", "peers", "closed"])
    parser.add_argument("--program", type=pathlib.Path, default=PROGRAM)
    parser.add_argument("--folder", help="where the databases lie; a temporary folder without it")
    parser.add_argument("--plain", action="store_true", help="ours without TLS, as the others")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    Ours.plain = options.plain
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = list(measured(pathlib.Path(folder), options))
    if options.json:
        print(json.dumps({"load_average": os.getloadavg()[0], "cpus": os.cpu_count(),
                          "found": [{"server": name, **figures} for name, figures in found]},
                         indent=1))
    else:
        table([one for one in found if "add" in one[1]])
        for name, figures in found:
            print(json.dumps({"server": name, **figures}))


def measured(folder, options):
    if options.only != "closed":
        sizes = {options.peer_objects} if options.only == "peers" else {
            options.peer_objects, options.objects}
        for size in sorted(sizes):
            yield "detente", ours(folder / f"ours-{size}", options, size, size == options.objects)
    if options.only in (None, "closed"):
        yield "detente, closed", closed(folder / "closed", options, options.objects)
    if options.only in (None, "peers"):
        options.python = environment(options, folder)
        if has(options.python, "opentaxii"):
            yield "OpenTAXII", peer(OpenTaxii, folder / "opentaxii", options,
                                    options.peer_objects, options.repeat)
        if has(options.python, "medallion"):
            for size in map(int, options.medallion_objects.split(",")):
                yield "medallion", peer(Medallion, folder / f"medallion-{size}", options, size, 0)


if __name__ == "__main__":
    main()
