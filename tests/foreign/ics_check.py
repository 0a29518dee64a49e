#!/usr/bin/env python3
"""Reads a calendar with PyPI `icalendar`, which the authors of the file did not write.

    python3 -m venv v && v/bin/pip install icalendar
    v/bin/python ics_check.py FILE

FILE is what `detente accord duties --ics` wrote. Prints one JSON line with each event's identifier,
start and summary, and exits 1 with the reason when something does not hold: a fault of the parser,
an event without what RFC 5545 asks for, an identifier twice, a line that is too long.
"""

import json
import pathlib
import sys


def fail(reason):
    print(json.dumps({"ok": False, "reason": reason}))
    sys.exit(1)


try:
    import icalendar
except ImportError as error:
    print(json.dumps({"ok": False, "reason": f"missing: {error}"}))
    sys.exit(2)


def main(path):
    data = pathlib.Path(path).read_bytes()
    for number, line in enumerate(data.split(b"\r\n"), 1):
        if len(line) > 75:
            fail(f"line {number} has {len(line)} octets")
    if b"\n" in data.replace(b"\r\n", b""):
        fail("a line does not end with CRLF")
    try:
        calendar = icalendar.Calendar.from_ical(data)
    except ValueError as error:
        fail(f"not read: {error}")
    if calendar.get("version") != "2.0" or not calendar.get("prodid"):
        fail("no version or no product")
    if calendar.errors:
        fail(f"faults in the calendar: {calendar.errors}")
    events, seen = [], set()
    for event in calendar.walk("VEVENT"):
        if event.errors:
            fail(f"faults in an event: {event.errors}")
        uid, start, stamp = event.get("uid"), event.get("dtstart"), event.get("dtstamp")
        if not uid or start is None or stamp is None:
            fail("an event without identifier, start or stamp")
        if start.dt.utcoffset() is None:
            fail("a start without its zone")
        if uid in seen:
            fail(f"{uid} stands twice")
        seen.add(uid)
        summary, words = str(event.get("summary")), str(event.get("description", ""))
        events.append(
            {"uid": str(uid), "start": start.dt.isoformat(), "summary": summary, "words": words}
        )
    print(json.dumps({"ok": True, "events": events}))


if __name__ == "__main__":
    main(sys.argv[1])
