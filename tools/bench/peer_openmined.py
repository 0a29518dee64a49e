"""OpenMined PSI (PyPI `openmined.psi`): both ends of a run in one process, the figures as JSON.

    python tools/bench/peer_openmined.py ITEMS
"""

import json
import sys
import time

import private_set_intersection.python as psi


def names(start, count):
    return [f"domain\0host-{i:08x}.example" for i in range(start, start + count)]


def main():
    count = int(sys.argv[1])
    own, other = names(0, count), names(count // 2, count)
    wall, cpu = time.monotonic(), time.process_time()
    client = psi.client.CreateWithNewKey(True)
    server = psi.server.CreateWithNewKey(True)
    setup = server.CreateSetupMessage(1e-9, count, other, psi.DataStructure.RAW)
    request = client.CreateRequest(own)
    response = server.ProcessRequest(request)
    common = client.GetIntersection(setup, response)
    sizes = [len(message.SerializeToString()) for message in (setup, request, response)]
    print(
        json.dumps(
            {
                "wall_s": round(time.monotonic() - wall, 2),
                "cpu_s": round(time.process_time() - cpu, 2),
                "bytes": sum(sizes),
                "common": len(common),
            }
        )
    )


main()
