#!/usr/bin/env python3
"""Reads a MISP feed with PyPI `pymisp`, which the authors of the files did not write.

    python3 -m venv v && v/bin/pip install pymisp
    v/bin/python misp_feed_check.py FOLDER

FOLDER is what `detente export --format misp --misp-feed` made. Every event is read by itself, and
the manifest that pymisp makes of the events is compared with the one that lies there, key by key.
Prints one JSON line with the values of each event, and exits 1 with the reason when something does
not hold.
"""

import json
import pathlib
import sys


def fail(reason):
    print(json.dumps({"ok": False, "reason": reason}))
    sys.exit(1)


try:
    from pymisp import MISPEvent
    from pymisp.tools import feed_meta_generator
except ImportError as error:
    print(json.dumps({"ok": False, "reason": f"missing: {error}"}))
    sys.exit(2)


def main(folder):
    folder = pathlib.Path(folder)
    own = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files = {path.stem for path in folder.iterdir()} - {"manifest"}
    if files != set(own):
        fail(f"files {sorted(files)}, in the manifest {sorted(own)}")
    events = {}
    for uuid, told in own.items():
        event = MISPEvent()
        event.load_file(folder / f"{uuid}.json")
        if event.uuid != uuid:
            fail(f"{uuid}.json holds {event.uuid}")
        made = event.manifest[uuid]
        for key, value in made.items():
            if key == "Tag":
                same = {tag["name"] for tag in value} == {tag["name"] for tag in told["Tag"]}
            elif key == "Orgc":
                same = all(value[part] == told["Orgc"][part] for part in ("uuid", "name"))
            else:
                same = str(value) == str(told[key])
            if not same:
                fail(f"{uuid}: {key} is {told.get(key)!r}, pymisp makes {value!r}")
        events[uuid] = sorted(attribute.value for attribute in event.attributes)
    # What pymisp makes of the folder, over the manifest that lay there.
    feed_meta_generator(folder)
    again = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if set(again) != set(own):
        fail("pymisp finds other events in the folder")
    print(json.dumps({"ok": True, "events": events}))


if __name__ == "__main__":
    main(sys.argv[1])
