"""What evidence tells a lost record: attempts of every kind, holds as they stand."""

from typing import Any

import pytest

from sec_ops.backup.record.rebuilding import copies_in
from sec_ops.backup.record.remembering import holds_in, others_in
from sec_ops.backup.record.values import Ordered, Verb
from sec_ops.backup.verdict import Verdict
from sec_ops.model.evidence import Entry

COPIED = [
    {"run": "r1", "source": "files", "part": "files", "original": "1" * 64, "copied": "2" * 64},
    {"run": "r1", "source": "", "part": "manifest", "original": "3" * 64, "copied": "4" * 64},
]
COPY = {"system": "records", "source": "a", "target": "b", "verdict": "ok", "copied": COPIED, "there": 3}
POINTS = [
    {"system": "records", "run": "r2", "verdict": "damaged"},
    {"system": "records", "run": "r1", "verdict": "ok"},
    {"system": "web", "run": "w1", "verdict": "ok"},
]
VERIFY = {"repository": "a", "verdict": "damaged", "structure": "ok", "points": POINTS}
RESTORE = {"system": "records", "run": "r1", "repository": "a", "verdict": "ok", "target": "/x", "elapsed_ms": 1500}
FORGET = {"system": "records", "repository": "b", "verdict": "ok", "rule": {"last": 1}, "kept": 1, "held": True}
PROBE = {"repository": "a", "repository_id": "x", "immutable": False, "claimed": True, "attacks": []}


def entry(kind: str, seq: int, data: dict[str, Any]) -> Entry:
    texts = dict.fromkeys(("actor", "role", "assurance", "writer", "case", "prev", "system"), "")
    return Entry(seq=seq, t=f"2026-11-26T08:00:{seq:02}Z", kind=kind, blob=None, data=data, **texts)


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("backup.copy/1", COPY, [(Verb.COPY, "records", "b", "", Verdict.OK, 5)]),
        (
            "backup.verify/1",
            VERIFY,
            [(Verb.VERIFY, "web", "a", "w1", Verdict.OK, 0), (Verb.VERIFY, "records", "a", "r2", Verdict.DAMAGED, 0)],
        ),
        (
            "backup.verify/1",
            VERIFY | {"points": [], "verdict": "partial"},
            [(Verb.VERIFY, "", "a", "", Verdict.PARTIAL, 0)],
        ),
        ("backup.restore/1", RESTORE, [(Verb.RESTORE, "records", "a", "r1", Verdict.OK, 0)]),
        ("backup.forget/1", FORGET, [(Verb.FORGET, "records", "b", "", Verdict.REFUSED, 0)]),
        ("backup.forget/1", FORGET | {"held": False}, [(Verb.FORGET, "records", "b", "", Verdict.OK, 0)]),
        ("backup.probe/1", PROBE, [(Verb.PROBE, "", "a", "", Verdict.FAILED, 0)]),
        ("backup.probe/1", PROBE | {"immutable": True}, [(Verb.PROBE, "", "a", "", Verdict.OK, 0)]),
        ("backup.key/1", {}, []),
    ],
)
def test_each_kind_is_an_attempt(kind: str, data: dict[str, Any], expected: list[Any]) -> None:
    found = list(others_in([entry(kind, 5, data)]))
    told = [(each.verb, each.system, each.repository, each.run, each.verdict) for each in found]
    assert told == [each[:5] for each in expected]
    assert [each.ending.snapshots for each in found if each.ending] == [each[5] for each in expected]
    assert {each.ending.evidence for each in found if each.ending} <= {5}


def test_a_restore_began_before_it_was_sealed() -> None:
    (attempt,) = others_in([entry("backup.restore/1", 5, RESTORE)])
    assert attempt.ended_ms is not None
    assert attempt.ended_ms - attempt.started_ms == 1500


def test_holds_stand_as_evidence_left_them() -> None:
    signs = [{"part": "files/files", "sign": "entropy", "numbers": "9 of 10 turned random"}]
    held = {"change": "held", "system": "records", "repository": "a", "run": "r1", "reason": "signs", "signs": signs}
    lifted = held | {"change": "lifted", "person": "li", "reason": "a migration", "signs": []}
    entries = [
        entry("backup.hold/1", 1, held),
        entry("backup.hold/1", 2, held | {"run": "r2"}),
        entry("backup.hold/1", 3, lifted),
        entry("backup.hold/1", 4, held),
        entry("backup.hold/1", 5, lifted | {"repository": "other"}),
    ]
    holds = holds_in(entries)
    assert [(each.run, each.lifted_by, each.lifted_why) for each in holds] == [
        ("r1", "li", "a migration"),
        ("r2", "", ""),
        ("r1", "", ""),
    ]
    assert holds[0].lifted_ms == holds[0].since_ms + 2000
    assert "signs" in str(holds[1].reason)
    assert "9 of 10" in str(holds[1].signs[0])


def test_copies_keep_the_order_they_were_sealed_in() -> None:
    found = list(copies_in([entry("backup.copy/1", 5, COPY)]))
    assert [(each.repository, each.snapshot[0], each.original[0]) for each in found] == [
        ("b", "2", "1"),
        ("b", "4", "3"),
    ]
    assert {each.ordered for each in found} == {Ordered.EVIDENCE}
