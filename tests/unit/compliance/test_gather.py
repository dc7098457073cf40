"""Gathering: what a reply of a host becomes."""

import pytest

from sec_ops.compliance.collector import collector_script
from sec_ops.compliance.gather import Gathering, HostRecord, PackFile
from sec_ops.model.check import Probe
from sec_ops.model.errors import ConnectionRefused
from sec_ops.model.fact import Provenance
from sec_ops.model.messages import message
from sec_ops.runtime.clock import SystemClock
from sec_ops.transport.local import local_target, run_script
from sec_ops.transport.values import Privilege, Reply

PROBE = Probe(id="greeting", run="echo hello")
NONCE = "1f2e3d"


class Log:
    def append_many(self, requests):
        return list(range(len(list(requests))))


def gathering() -> Gathering:
    return Gathering(
        log=Log(),  # type: ignore[arg-type]
        run="run",
        probes={"greeting": PROBE},
        clock=SystemClock(),
        nonce=NONCE,
        progress=lambda _record: None,
    )


def reply(privilege: Privilege, nonce: str) -> Reply:
    target = local_target("here", deadline_seconds=20)
    said = run_script(
        collector_script([PROBE], nonce=nonce), clock=SystemClock(), target=target, output_bytes=1_000_000
    )
    return Reply(
        target=target, output=said.output, error=None, elapsed_ms=1, clock_offset_ms=0, privilege=privilege, exit_code=0
    )


@pytest.mark.parametrize(
    ("privilege", "nonce", "state"),
    [
        (Privilege.STREAMED, NONCE, "collected"),
        (Privilege.STREAMED, "", "failed"),
        (Privilege.STREAMED, "another", "failed"),
        (Privilege.PINNED, "", "collected"),
    ],
)
def test_the_nonce_is_asked_of_whom_it_was_told(privilege: Privilege, nonce: str, state: str) -> None:
    taking = gathering()
    taking.take_reply(reply(privilege, nonce))
    taking.seal()
    assert [record.state for record in taking.records] == [state]
    assert taking.records[0].nonce == ("" if privilege is Privilege.PINNED else NONCE)


def test_a_host_that_failed_comes_with_what_to_do_next() -> None:
    error = ConnectionRefused(message("{host}: refused", host="here"), advice=message("start sshd"))
    target = local_target("here")
    failed = Reply(
        target=target, output=b"", error=error, elapsed_ms=1, clock_offset_ms=None, privilege=target.privilege
    )
    taking = gathering()
    taking.take_reply(failed)
    taking.seal()
    kept = HostRecord.model_validate_json(taking.records[0].model_dump_json())
    assert str(kept.reason) == "here: refused; next: start sshd"


def test_a_pack_whose_clock_is_beyond_all_calendars_is_taken_in() -> None:
    data = f"@@sec-ops-facts 1 {'a' * 32} {'b' * 64} 999999999999 - web\n@@{'a' * 32} done 0 999999999999\n"
    taking = gathering()
    taking.take_pack(PackFile(name="web", data=data.encode(), provenance=Provenance.SELF_REPORTED))
    taking.seal()
    assert taking.records[0].collected_at.startswith("9999-12-31T")
