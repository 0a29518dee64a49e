#!/usr/bin/env python3
"""Serves PyPI `medallion`, OASIS's own TAXII 2.1 server, on loopback, until its stdin ends.

    python3 -m venv v && v/bin/pip install medallion
    v/bin/python medallion_serve.py PORT OBJECTS [CUT]

One API root, /api/, with a collection "in" of so many indicators that may be read and added to, ten
on each page, and one, "shut", that may not. Three in a row were added at the same microsecond. With
CUT, each so many-th answer with objects is computed and then cut off in the midst of its body. User
and password are `house` and `correct horse battery`. Prints one line when it answers.
"""

import json
import sys
import tempfile
import threading

try:
    from medallion import load_app
    from werkzeug.serving import make_server
except ImportError as error:
    print(json.dumps({"ok": False, "reason": f"missing: {error}"}))
    sys.exit(2)

TAXII = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"
CLEAR = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"


def indicator(number):
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--00000000-0000-4000-8000-{number:012}",
        "created": "2026-01-02T03:04:05.000Z",
        "modified": "2026-01-02T03:04:05.000Z",
        "name": f"number {number}",
        "pattern": f"[domain-name:value = 'm{number}.example.com']",
        "pattern_type": "stix",
        "valid_from": "2026-01-02T03:04:05Z",
        "object_marking_refs": [CLEAR],
    }


def manifest(number, thing):
    return {
        "id": thing["id"],
        "date_added": f"2026-01-02T03:04:05.{number // 3:06}Z",
        "version": thing["modified"],
        "media_type": STIX,
    }


def collection(uuid, title, count, allowed):
    objects = [indicator(number) for number in range(count)]
    return {
        "id": uuid,
        "title": title,
        "can_read": allowed,
        "can_write": allowed,
        "media_types": [STIX],
        "objects": objects,
        "manifest": [manifest(number, thing) for number, thing in enumerate(objects)],
    }


def data(port, count):
    return {
        "/discovery": {
            "title": "medallion",
            "default": f"http://127.0.0.1:{port}/api/",
            "api_roots": [f"http://127.0.0.1:{port}/api/"],
        },
        "api": {
            "information": {
                "title": "root",
                "versions": [TAXII],
                "max_content_length": 20_000,
            },
            "status": [],
            "collections": [
                collection("91a7b528-80eb-42ed-a74d-c6fbd5a26116", "in", count, True),
                collection("472c94ae-a113-4e3e-88e3-fa22ed1b8a31", "shut", 0, False),
            ],
        },
    }


class Cutter:
    """Cuts each so many-th answer with objects off in its midst."""

    def __init__(self, app, each):
        self.app, self.each, self.count = app, each, 0

    def __call__(self, environ, start):
        body = self.app(environ, start)
        if environ["REQUEST_METHOD"] != "GET" or not environ["PATH_INFO"].endswith("/objects/"):
            return body
        self.count += 1
        if self.count % self.each:
            return body
        return [b"".join(body)[:20]]


def main(port, count, each=None):
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/data.json", "w") as file:
            json.dump(data(port, int(count)), file)
        settings = {
            "backend": {
                "module": "medallion.backends.memory_backend",
                "module_class": "MemoryBackend",
                "filename": f"{folder}/data.json",
            },
            "users": {"house": "correct horse battery"},
            "taxii": {"max_page_size": 10},
        }
        with open(f"{folder}/settings.json", "w") as file:
            json.dump(settings, file)
        app = load_app(f"{folder}/settings.json")
    if each:
        app.wsgi_app = Cutter(app.wsgi_app, int(each))
    server = make_server("127.0.0.1", int(port), app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"ok": True}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
