"""Approvals of content: two persons, the right role, these very bytes; damage is told, forgery refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from sec_ops.identity.approvals import ContentApprovals, approve_content, keep_approval, read_approvals
from sec_ops.identity.signatures import sign
from sec_ops.model.approval import Approval, grant_statement
from sec_ops.model.errors import ContentInvalid, UsageError
from sec_ops.model.people import Person
from sec_ops.transport.process import run_program
from tests.unit.identity.keys import make_key, person

PATH, DIGEST = "rules/x.yml", "ab" * 32


class _Clock:
    """A clock that stands."""

    def __init__(self, moment: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def monotonic_ms(self) -> int:
        return 0


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("zhou", "chen"):
        make_key(folder, name)
    return folder


@pytest.fixture
def zhou(keys: Path) -> Person:
    return person("zhou", keys / "zhou", role="security_administrator")


def _approve(zhou: Person, key: Path, *, requester: str = "chen") -> Approval:
    return approve_content(
        {PATH: DIGEST}, requester=requester, approver=zhou, key=key, clock=_Clock(), run_program=run_program
    )


def _check(people: list[Person], *approvals: Approval) -> ContentApprovals:
    by_id = {each.id: each for each in people}
    return ContentApprovals(approvals=approvals, people=by_id, run_program=run_program)


def test_an_approval_covers_exactly_these_bytes(zhou: Person, keys: Path) -> None:
    check = _check([zhou], _approve(zhou, keys / "zhou"))
    assert check(PATH, DIGEST) is None
    assert str(check(PATH, "cd" * 32)) == "changed since it was approved"
    assert str(check("rules/y.yml", DIGEST)) == "not approved"


@pytest.mark.parametrize(
    ("role", "requester", "expires", "reason"),
    [
        ("security_administrator", "zhou", None, "wrote it and may not approve it"),
        ("system_administrator", "chen", None, "is not a security administrator"),
        ("commander", "chen", None, "is not a security administrator"),
        ("security_administrator", "chen", "2026-11-22", "had expired"),
    ],
)
def test_who_may_not_approve(keys: Path, role: str, requester: str, expires: str | None, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        _approve(person("zhou", keys / "zhou", role=role, expires=expires), keys / "zhou", requester=requester)


def test_another_persons_key_does_not_approve(zhou: Person, keys: Path) -> None:
    with pytest.raises(UsageError, match="not one of a valid key of zhou"):
        _approve(zhou, keys / "chen")


def test_an_approval_falls_with_the_role_and_the_key(zhou: Person, keys: Path) -> None:
    approval = _approve(zhou, keys / "zhou")
    assert _check([person("zhou", keys / "zhou", role="responder")], approval)(PATH, DIGEST) is not None
    assert _check([person("zhou", keys / "chen", role="security_administrator")], approval)(PATH, DIGEST) is not None
    assert _check([], approval)(PATH, DIGEST) is not None


def test_a_role_whose_grant_is_forged_approves_nothing(zhou: Person, keys: Path) -> None:
    approval = _approve(zhou, keys / "zhou")
    forged = {"role": "security_administrator", "by": "chen", "on": "2026-01-05", "signature": approval.signature}
    chen = person("chen", keys / "chen", role="commander")
    check = _check([person("zhou", keys / "zhou", roles=[forged]), chen], approval)
    assert "the role of zhou does not hold" in str(check(PATH, DIGEST))
    statement = grant_statement("zhou", "security_administrator", "chen", "2026-01-05", None)
    granted = {**forged, "signature": sign(statement, keys / "chen", run_program)}
    assert _check([person("zhou", keys / "zhou", roles=[granted]), chen], approval)(PATH, DIGEST) is None


@pytest.mark.parametrize(
    "change",
    [
        {"subjects": {"rules/evil.yml": DIGEST}},
        {"requester": "someone"},
        {"at": "2026-11-24T00:00:00Z"},
        {"assurance": "os_user", "signature": None},
        {"assurance": "paper", "document": "1", "signature": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_forged_statements(zhou: Person, keys: Path, change: dict[str, object]) -> None:
    true = _approve(zhou, keys / "zhou")
    forged = Approval.model_validate({**true.model_dump(), **change})
    path = next(iter(forged.subjects))
    # The true one is judged first: its verdict must not vouch for the forged one.
    check = _check([zhou], true, forged)
    assert check(PATH, DIGEST) is None
    only_forged = _check([zhou], forged)
    assert only_forged(path, DIGEST) is not None
    assert path == PATH or check(path, DIGEST) is not None


def test_nobody_approves_their_own_request() -> None:
    with pytest.raises(ValidationError, match="nobody approves their own request"):
        Approval.model_validate(
            {
                "purpose": "content",
                "subjects": {PATH: DIGEST},
                "requester": "a",
                "approver": "a",
                "at": "2026-11-23T00:00:00Z",
                "assurance": "os_user",
            }
        )


@pytest.mark.parametrize("at", ["2026-11-23", "2026-11-23T08:00:00+08:00", "2026-13-01T00:00:00Z", "now"])
def test_times_are_utc(at: str) -> None:
    fields = {
        "purpose": "content",
        "subjects": {PATH: DIGEST},
        "requester": "a",
        "approver": "b",
        "assurance": "os_user",
    }
    with pytest.raises(ValidationError, match="not a time in UTC"):
        Approval.model_validate({**fields, "at": at})


def test_kept_and_read_again(zhou: Person, keys: Path, tmp_path: Path) -> None:
    approval = _approve(zhou, keys / "zhou")
    keep_approval(tmp_path / "approvals", approval)
    assert read_approvals(tmp_path / "approvals") == (approval,)
    assert read_approvals(tmp_path / "none") == ()
    (tmp_path / "approvals" / "torn.json").write_text('{"version": 1')
    with pytest.raises(ContentInvalid) as caught:
        read_approvals(tmp_path / "approvals")
    assert [Path(fault.file).name for fault in caught.value.faults] == ["torn.json"]
