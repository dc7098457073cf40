"""Fact packs as bytes: what is odd costs its fact, and nothing in the bytes raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.frames import ReadPack, read_header, read_pack
from sec_ops.model.check import Probe
from sec_ops.model.fact import FactState, Provenance

BOUNDARY = "0123456789abcdef" * 2
OTHER = "f" * 32
HEAD = f"@@sec-ops-facts 1 {BOUNDARY} {'a' * 64} 1795449600 - host-1\n".encode()
PROBES = {name: Probe(id=name, run="true", bytes_bound=50) for name in ("one", "two")}


def marker(text: str, boundary: str = BOUNDARY) -> bytes:
    return f"\n@@{boundary} {text}\n".encode()


def fact(name: str, content: bytes = b"x", code: int = 0, cut: str = "in_time") -> bytes:
    return marker(f"begin {name}") + content + marker(f"exit {code}") + marker(f"end {name} {cut} 10.00 10.25")


def read(data: bytes) -> ReadPack:
    return read_pack(data, PROBES, host="h", collected_at="2026-11-23T00:00:00Z", provenance=Provenance.COLLECTED)


DONE = marker("done 2 1795449601")
WHOLE = HEAD + fact("one", b"first\n") + fact("two", b"") + DONE


def states(found: ReadPack) -> list[str]:
    return [found.pack.facts[name].state.value for name in ("one", "two")]


def test_a_whole_pack() -> None:
    found = read(WHOLE)
    assert found.faults == ()
    assert found.pack.complete
    assert found.pack.facts["one"].text == "first\n"
    assert found.pack.facts["one"].elapsed_ms == 250
    assert states(found) == ["read", "read"]
    assert found.header is not None
    assert (found.header.host, found.header.epoch, found.header.nonce) == ("host-1", 1795449600, "")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", ["missing", "missing"], id="nothing"),
        pytest.param(b"sudo: a password is required\n", ["missing", "missing"], id="no header"),
        pytest.param(b"noise\n" + WHOLE, ["missing", "missing"], id="noise before, without a nonce"),
        pytest.param(HEAD + fact("one"), ["read", "missing"], id="cut after a fact"),
        pytest.param(HEAD + fact("one") + marker("begin two") + b"x", ["read", "missing"], id="cut inside a fact"),
        pytest.param(HEAD + fact("one") + DONE, ["read", "missing"], id="fewer than counted"),
        pytest.param(HEAD + fact("one") + fact("two") + marker("done 3 1"), ["read", "read"], id="wrong count"),
        pytest.param(HEAD + fact("one") + fact("one", b"y") + fact("two") + DONE, ["missing", "read"], id="twice"),
        pytest.param(HEAD + fact("one") + fact("odd") + fact("two") + DONE, ["read", "read"], id="unknown"),
        pytest.param(HEAD + marker("begin one") + fact("two") + DONE, ["missing", "missing"], id="nested"),
        pytest.param(HEAD + marker("end one in_time 1 2") + fact("two") + DONE, ["missing", "read"], id="end alone"),
        pytest.param(HEAD + fact("one") + b"stray" + fact("two") + DONE, ["read", "read"], id="stray text"),
        pytest.param(WHOLE + fact("one"), ["read", "read"], id="after the end"),
        pytest.param(WHOLE + b"more", ["read", "read"], id="text after the end"),
        pytest.param(HEAD + fact("one") + marker("nonsense") + fact("two") + DONE, ["read", "read"], id="nonsense"),
        pytest.param(
            HEAD + marker("begin one") + b"x" + marker("exit 1") + marker("exit 0")
            + marker("end one in_time 1 2") + fact("two") + DONE,
            ["missing", "read"],
            id="two exit codes",
        ),
    ],
)  # fmt: skip
def test_what_is_odd_costs_its_fact_and_is_said(data: bytes, expected: list[str]) -> None:
    found = read(data)
    assert states(found) == expected
    assert not found.pack.complete
    assert found.faults


def test_a_forged_frame_is_text() -> None:
    forged = fact("two", b"forged").replace(BOUNDARY.encode(), OTHER.encode())
    found = read(HEAD + fact("one", b"a" + forged[:40]) + fact("two", b"real") + DONE)
    assert found.faults == ()
    assert found.pack.facts["two"].text == "real"


def test_a_header_without_the_nonce_is_not_ours() -> None:
    ours = WHOLE.replace(b" - host-1", b" n-1 host-1")
    forged = HEAD.replace(BOUNDARY.encode(), OTHER.encode()) + ours
    header = read_header(forged, nonce="n-1")
    assert header is not None
    assert header.boundary == BOUNDARY


@pytest.mark.parametrize(
    ("code", "cut", "size", "state"),
    [
        (0, "in_time", 50, FactState.READ),
        (0, "in_time", 51, FactState.TRUNCATED),
        (0, "cut_short", 1, FactState.TIMED_OUT),
        (1, "in_time", 1, FactState.FAILED),
        (120, "in_time", 0, FactState.ABSENT),
        (127, "in_time", 0, FactState.FAILED),
        (121, "in_time", 0, FactState.UNREADABLE),
        (126, "in_time", 0, FactState.FAILED),
    ],
)
def test_states(code: int, cut: str, size: int, state: FactState) -> None:
    found = read(HEAD + fact("one", b"x" * size, code, cut) + fact("two") + DONE)
    assert found.pack.facts["one"].state is state
    assert found.pack.complete


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    assert not read(data).pack.complete


@given(st.lists(st.sampled_from(WHOLE.split(b" ")) | st.binary(max_size=20), max_size=40).map(b" ".join))
def test_no_shuffled_frames_raise(data: bytes) -> None:
    assert set(read(HEAD + data).pack.facts) == {"one", "two"}


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=3))
def test_a_cut_or_changed_pack_never_reads_more_than_was_sent(place: int, inserted: bytes) -> None:
    assert not read(WHOLE[:place]).pack.complete
    changed = read(WHOLE[:place] + inserted + WHOLE[place + 1 :])
    assert set(changed.pack.facts) == {"one", "two"}


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_any_content_comes_back_as_it_was(first: bytes, second: bytes) -> None:
    found = read(HEAD + fact("one", first) + fact("two", second) + DONE)
    assert found.faults == ()
    assert found.pack.facts["one"].text.encode("utf-8", "surrogateescape") == first
    assert found.pack.facts["two"].text.encode("utf-8", "surrogateescape") == second
