"""Statements that travel without the log: signed by its keys, believed by the paper."""

import json
from pathlib import Path

import pytest

from sec_ops.evidence.keeping import rotate_keys
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.statements import read_statement
from sec_ops.evidence.writer import Writer
from sec_ops.model.errors import EvidenceBroken
from tests.unit.evidence.support import doors, opened

TYPE, PAYLOAD = "application/vnd.sec-ops.test+json", b'{"a":1}'


def test_both_keys_sign_and_paper_decides(folder: Path, trust: tuple[str, ...]) -> None:
    envelope = opened(folder).sign(TYPE, PAYLOAD)
    read = read_statement(envelope, trust)
    assert (read.type, read.payload, set(read.trusted)) == (TYPE, PAYLOAD, set(trust))
    assert read_statement(envelope, [trust[0]]).trusted == (trust[0],)
    assert read_statement(envelope, ["0" * 64]).trusted == ()


@pytest.mark.parametrize("field", ["payload", "payloadType", "signatures"])
def test_any_change_breaks_it(folder: Path, trust: tuple[str, ...], field: str) -> None:
    document = json.loads(opened(folder).sign(TYPE, PAYLOAD))
    document[field] = {"payload": "eyJhIjoyfQ==", "payloadType": "text/plain", "signatures": []}[field]
    with pytest.raises(EvidenceBroken):
        read_statement(json.dumps(document).encode(), trust)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"payload": 1}', b"\xff", b"null"])
def test_what_is_no_statement_is_refused(text: bytes) -> None:
    with pytest.raises(EvidenceBroken):
        read_statement(text, [])


def test_a_key_made_after_the_paper_is_followed_to_it(folder: Path, trust: tuple[str, ...]) -> None:
    log = opened(folder)
    rotate_keys(Layout(folder), doors(), Writer(Layout(folder), doors(), log._actor))
    assert len(read_statement(opened(folder).sign(TYPE, PAYLOAD), trust).trusted) == 2


def test_a_stranger_s_log_is_not_trusted(folder: Path, tmp_path: Path, trust: tuple[str, ...]) -> None:
    from sec_ops.evidence.log import init_log
    from tests.unit.evidence.support import ORIGIN

    parts = doors()
    init_log(
        tmp_path / "other", origin=ORIGIN, clock=parts.clock, randomness=parts.randomness, run_program=parts.run_program
    )
    assert read_statement(opened(tmp_path / "other").sign(TYPE, PAYLOAD), trust).trusted == ()
