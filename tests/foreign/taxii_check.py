#!/usr/bin/env python3
"""Drives a TAXII 2.1 server with PyPI `taxii2-client`, which its authors did not write.

    python3 -m venv v && v/bin/pip install taxii2-client
    v/bin/python taxii_check.py push URL CA NAME PASSWORD OBJECTS
    v/bin/python taxii_check.py read URL CA NAME PASSWORD [LIMIT]
    v/bin/python taxii_check.py probe URL CA NAME PASSWORD

URL is the discovery address, CA the server's certificate (PEM), OBJECTS a JSON array of STIX
objects. `push` adds them to the first collection that can be written and prints the status. `read`
reads the first collection that can be read, page by page, and prints all objects, their manifest
and versions. `probe` sends what no client should and prints each status and TAXII error. Prints one
JSON document; exits 1 with the reason when something does not hold.
"""

import json
import os
import pathlib
import sys

# `requests` prefers these to the certificate that it is told.
for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(variable, None)


def fail(reason):
    print(json.dumps({"ok": False, "reason": reason}))
    sys.exit(1)


try:
    import requests
    from taxii2client.v21 import Server, as_pages
except ImportError as error:
    print(json.dumps({"ok": False, "reason": f"missing: {error}"}))
    sys.exit(2)

TAXII = "application/taxii+json;version=2.1"


def first(server, right):
    for root in server.api_roots:
        root.refresh_information()
        if TAXII not in root.versions:
            fail(f"{root.url} does not speak TAXII 2.1")
        for collection in root.collections:
            if getattr(collection, right):
                return root, collection
    fail(f"no collection with {right}")


def push(server, objects):
    _, collection = first(server, "can_write")
    status = collection.add_objects({"objects": objects}, wait_for_completion=True, timeout=60)
    if status.total_count != status.success_count + status.failure_count + status.pending_count:
        fail("the counts of the status do not add up")
    return {
        "status": status.status,
        "successes": [one["id"] for one in status.successes],
        "failures": [[one["id"], one.get("message")] for one in status.failures],
    }


def read(server, limit):
    _, collection = first(server, "can_read")
    objects, pages, added = [], 0, []
    for envelope in as_pages(collection.get_objects, per_request=limit):
        objects += envelope.get("objects", [])
        pages += 1
    manifest = []
    for page in as_pages(collection.get_manifest, per_request=limit):
        manifest += page.get("objects", [])
    if [one["id"] for one in manifest] != [one["id"] for one in objects]:
        fail("manifest and objects differ")
    for one in manifest:
        added.append(one["date_added"])
        if not one["date_added"].endswith("Z") or len(one["date_added"]) != 27:
            fail(f"{one['date_added']} has no microseconds")
    if added != sorted(set(added)):
        fail("the order of what was added is not strict")
    versions = {}
    for one in objects[:3]:
        alone = collection.get_object(one["id"])["objects"]
        if alone != [one]:
            fail(f"{one['id']} is another one when it is asked for alone")
        versions[one["id"]] = collection.object_versions(one["id"])["versions"]
    if added:
        later = collection.get_objects(added_after=added[0])
        names = [one["id"] for one in later.get("objects", [])]
        if names != [one["id"] for one in objects[1:1001]]:
            fail("added_after is not exclusive")
    kinds = sorted({one["type"] for one in objects})
    for kind in kinds:
        some = collection.get_objects(type=kind).get("objects", [])
        if {one["type"] for one in some} != {kind}:
            fail(f"match[type]={kind} brings others")
    return {"pages": pages, "objects": objects, "versions": versions, "kinds": kinds}


def probe(url, ca, auth):
    host = url.split("/taxii2")[0]
    session = requests.Session()
    session.verify = ca
    found = {}

    def ask(name, method, path, **options):
        headers = {"Accept": TAXII, **options.pop("headers", {})}
        headers = {key: value for key, value in headers.items() if value is not None}
        answer = session.request(
            method, host + path, headers=headers, auth=options.pop("auth", auth), **options
        )
        body = {}
        if answer.content:
            body = answer.json()
        if answer.headers.get("Content-Type") != TAXII:
            fail(f"{name}: the answer is {answer.headers.get('Content-Type')}")
        if answer.status_code >= 400 and not {"title", "error_code", "http_status"} <= set(body):
            fail(f"{name}: {answer.status_code} without a TAXII error")
        found[name] = [answer.status_code, body.get("error_code")]
        return answer

    own = "/own/collections/own/objects/"
    post = {"Content-Type": TAXII}
    ask("nobody", "GET", "/taxii2/", auth=None)
    ask("wrong password", "GET", "/taxii2/", auth=(auth[0], "wrong"))
    ask("unknown account", "GET", "/taxii2/", auth=("nobody", "wrong"))
    ask("accept", "GET", "/taxii2/", headers={"Accept": "text/html"})
    ask("root", "GET", "/nowhere/")
    ask("collection", "GET", "/own/collections/nothing/")
    ask("object", "GET", own + "malware--00000000-0000-4000-8000-000000000000/")
    ask("method", "PUT", own)
    ask("delete all", "DELETE", own)
    ask("limit", "GET", own + "?limit=0")
    ask("next", "GET", own + "?next=forged")
    ask("match", "GET", own + "?match[id]=x' OR '1'='1")
    ask("unknown match", "GET", own + "?match[colour]=red")
    ask("media type", "POST", own, data=b"{}", headers={"Content-Type": "application/json"})
    ask("no json", "POST", own, data=b"{", headers=post)
    ask("utf-8", "POST", own, data=b'{"objects":["\xff"]}', headers=post)
    deep = b'{"objects":[' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"]}"
    ask("nested", "POST", own, data=deep, headers=post)
    ask("gzip", "POST", own, data=b"x", headers={**post, "Content-Encoding": "gzip"})
    ask("bundle", "POST", own, data=b'{"type":"bundle","id":"bundle--x"}', headers=post)
    ask("large", "POST", own, data=b"x" * (64 * 1024 * 1024 + 1), headers=post)
    return found


def main(verb, url, ca, name, password, *rest):
    if verb == "probe":
        return probe(url, ca, (name, password))
    server = Server(url, user=name, password=password, verify=ca)
    if verb == "push":
        return push(server, json.loads(pathlib.Path(rest[0]).read_text()))
    return read(server, int(rest[0]) if rest else 100)


if __name__ == "__main__":
    print(json.dumps({"ok": True, **main(*sys.argv[1:])}))
