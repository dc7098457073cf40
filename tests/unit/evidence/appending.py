"""A process that appends until it is killed, and tells which entries were acknowledged. Run by the tests."""

import secrets
import sys
from pathlib import Path

from sec_ops.evidence.log import open_evidence
from sec_ops.runtime.clock import SystemClock
from sec_ops.transport.process import run_program


def main(folder: str, name: str, count: str) -> None:
    with open_evidence(
        Path(folder), clock=SystemClock(), randomness=secrets.token_bytes, run_program=run_program
    ) as log:
        for number in range(int(count)):
            host = f"{name}-{number}"
            log.append(
                "audit.facts/1", {"run": name, "host": host, "state": "collected"}, blob=host.encode() * (number % 900)
            )
            print(host, flush=True)
            if number % 40 == 39:
                log.checkpoint()


if __name__ == "__main__":
    main(*sys.argv[1:])
