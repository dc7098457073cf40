"""A controller to be killed: saves an endless stream of a host until somebody ends it."""

import json
import sys
from pathlib import Path

from sec_ops.backup.remote.there import at_host
from sec_ops.backup.restic.requests import BackupRequest, Stream
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program
from sec_ops.transport.values import Target
from tests.servers.restic import make_repository


def main() -> None:
    told = json.loads(sys.argv[1])
    known_hosts, key = Path(told["known_hosts"]), Path(told["identity_file"])
    target = Target(
        name="records-1",
        address="127.0.0.1",
        port=told["port"],
        user=told["user"],
        known_hosts=known_hosts,
        identity_file=key,
    )
    repository = make_repository(told["location"], name="a", known_hosts=known_hosts, identity_file=key)
    endless = f"while :; do head -c 200000 /dev/urandom; sleep 0.02; done; : {told['mark']}"
    stream = Stream(command=["sh", "-c", endless], filename="endless")

    with at_host(target, read_secret=Secrets(run_program=run_program), clock=SystemClock()) as there:
        restic = there.restic(repository)
        sys.stdout.write("connected\n")
        sys.stdout.flush()
        restic.backup(BackupRequest(host="records-1", tags=["system:x"], stream=stream))


if __name__ == "__main__":
    main()
