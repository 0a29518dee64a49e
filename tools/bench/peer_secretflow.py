"""SecretFlow's PSI (PyPI `spu`): one end of a run over loopback, its figures as JSON.

    python tools/bench/peer_secretflow.py RANK PROTOCOL CSV PORT

RANK is 0 or 1, PROTOCOL is ecdh-fourq, ecdh-25519 or rr22 (semi-honest), CSV has one column `id`;
PORT and PORT + 1 are free. FourQ is its fastest curve where there is no AVX-512.
"""

import json
import sys
import time

import spu
from spu import libspu


def config(psi, protocol, path):
    curves = {
        "ecdh-fourq": psi.EllipticCurveType.CURVE_FOURQ,
        "ecdh-25519": psi.EllipticCurveType.CURVE_25519,
    }
    settings = psi.PsiProtocolConfig()
    settings.protocol = psi.PsiProtocol.PROTOCOL_RR22
    settings.receiver_rank = 0
    settings.broadcast_result = True
    if protocol in curves:
        settings.protocol = psi.PsiProtocol.PROTOCOL_ECDH
        settings.ecdh_params.curve = curves[protocol]
    read = psi.InputParams()
    read.type = psi.SourceType.SOURCE_TYPE_FILE_CSV
    read.path = path
    read.selected_keys = ["id"]
    read.keys_unique = True
    write = psi.OutputParams()
    write.type = psi.SourceType.SOURCE_TYPE_FILE_CSV
    write.path = path + ".out"
    whole = psi.PsiExecuteConfig()
    whole.protocol_conf, whole.input_params, whole.output_params = settings, read, write
    return whole


def main():
    rank, protocol, path, port = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    desc = libspu.link.Desc()
    for number in range(2):
        desc.add_party(f"party{number}", f"127.0.0.1:{port + number}")
    link = libspu.link.create_brpc(desc, rank)
    wall, cpu = time.monotonic(), time.process_time()
    report = spu.psi.psi_execute(config(spu.psi, protocol, path), link)
    print(
        json.dumps(
            {
                "wall_s": round(time.monotonic() - wall, 2),
                "cpu_s": round(time.process_time() - cpu, 2),
                "common": report.intersection_unique_count,
            }
        ),
        flush=True,
    )
    link.stop_link()


main()
