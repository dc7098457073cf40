"""Work on real hosts of the bed: sudo with its password, a jump host, IPv6, and a cable that is pulled."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sec_ops.backup.remote.there import at_host
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.backup.restic.program import find_restic
from sec_ops.backup.restic.requests import BackupRequest, Stream
from sec_ops.backup.verdict import Verdict
from sec_ops.model.errors import PrivilegeRefused
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program
from sec_ops.transport.values import Privilege, Target
from tests.integration.ssh_controller import Controller, soon
from tests.servers.restic import make_repository
from tests.testbed.bed import Bed
from tests.testbed.host import Host

pytestmark = pytest.mark.integration


@pytest.fixture
def controller(bed: Bed) -> Controller:
    return Controller(bed)


def with_restic(host: Host) -> Host:
    host.write("/usr/local/bin/restic", Path(find_restic(run_program).path).read_bytes(), mode=0o755)
    return host


def repository_on(host: Host, bed: Bed) -> OpenRepository:
    return make_repository(
        f"sftp://root@{host.ipv4}//srv/repository", identity_file=bed.identity, known_hosts=bed.known_hosts, name="a"
    )


def officer(controller: Controller, host: Host, password: str, **changes: object) -> Target:
    return controller.target(
        host, user="officer", privilege=Privilege.STREAMED, sudo_password={"env": password}, **changes
    )


def test_root_s_files_are_saved_through_sudo_and_a_jump_host(
    bed: Bed, controller: Controller, hosts: Callable[[int], tuple[Host, ...]]
) -> None:
    data, bastion, store = hosts(3)
    with_restic(data).write("/srv/pupils/list", "seen by root only", mode=0o600)
    passwords = {"OFFICER": bed.account("officer").password, "WRONG": "not-the-password"}
    read = Secrets(run_program=run_program, environment=passwords)
    way = {"address": str(data.ipv6), "jump": controller.target(bastion)}
    request = BackupRequest(host=data.name, tags=["x"], paths=[Path("/srv/pupils")])
    with bed.enter_controller():
        with at_host(officer(controller, data, "OFFICER", **way), read_secret=read, clock=SystemClock()) as there:
            restic = there.restic(repository_on(store, bed))
            assert restic.init().judged.good
            result = restic.backup(request)
            assert result.judged.good, result.judged
            assert result.summary is not None
            seen = bytearray()
            restic.dump(result.summary.snapshot_id, "/srv/pupils/list", on_bytes=seen.extend)
            assert seen == b"seen by root only"
            assert there.doors.run(["id", "-un"], deadline_seconds=30).stdout == b"root\n"
        with (
            pytest.raises(PrivilegeRefused, match="password"),
            at_host(officer(controller, data, "WRONG", **way), read_secret=read, clock=SystemClock()),
        ):
            pass
        with at_host(controller.target(data, user="guest"), read_secret=read, clock=SystemClock()) as there:
            # Other tags: restic does not open what it has saved before.
            partial = there.restic(repository_on(store, bed)).backup(replace(request, tags=["y"]))
            assert partial.judged.verdict is Verdict.PARTIAL
            assert "/srv/pupils/list" in partial.judged.paths


def test_a_pulled_cable_leaves_nothing_running(
    bed: Bed, controller: Controller, hosts: Callable[[int], tuple[Host, ...]]
) -> None:
    data, store = hosts(2)
    with_restic(data)
    mark = uuid.uuid4().hex
    endless = ["sh", "-c", f"while :; do head -c 200000 /dev/urandom; sleep 0.02; done; : {mark}"]
    read = Secrets(run_program=run_program, environment={})

    def running() -> bool:
        return data.run(["pgrep", "-f", mark], accept=(0, 1)).returncode == 0

    def pull() -> None:
        soon(running)
        bed.cut_cable(data)

    with bed.enter_controller():
        connected = at_host(controller.target(data), read_secret=read, clock=SystemClock(), silence_seconds=4)
        with connected as there:
            restic = there.restic(repository_on(store, bed))
            assert restic.init().judged.good
            puller = threading.Thread(target=pull)
            puller.start()
            stream = Stream(command=endless, filename="endless")
            result = restic.backup(BackupRequest(host=data.name, tags=["x"], stream=stream))
            puller.join()
            assert result.judged.verdict is Verdict.INTERRUPTED, result.judged
        assert soon(lambda: not running())
    assert data.run(["pgrep", "restic"], accept=(0, 1)).returncode == 1
