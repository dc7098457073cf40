"""What suppressions cover, and whose word they need."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sec_ops.content.library import Library
from sec_ops.detection.alerts.lint import RULES
from sec_ops.detection.alerts.sealing_suppressions import covered, seal_suppressions
from sec_ops.detection.alerts.store import keep_hits
from sec_ops.detection.alerts.suppressing import Standing, Suppressions, load_suppressions
from sec_ops.detection.database import Database
from sec_ops.detection.events import Entity, FlatEvent, Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Level
from sec_ops.evidence.drafts import AppendRequest, make_draft
from sec_ops.evidence.log import os_user
from sec_ops.identity.approvals import ContentApprovals, approve_content
from sec_ops.model.approval import Approval
from sec_ops.model.errors import ContentInvalid
from sec_ops.transport.process import run_program
from tests.unit.detection.alerts.makers import NOW_MS, hit, rule
from tests.unit.identity.keys import make_key, person

DAY_MS = 86_400_000
PATH = "rules/detection/suppressions/scan.yml"
WHOLE: dict[str, Any] = {
    "id": "scan",
    "reason": "weekly scan of the bureau",
    "requester": "chen",
    "first_day": "2026-11-20",
    "last_day": "2026-12-20",
    "rules": ["r-1"],
}


class Clock:
    now_ms = NOW_MS

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms / 1000, tz=UTC)

    def monotonic_ms(self) -> int:
        return 0


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("zhou", "wu"):
        make_key(folder, name)
    return folder


class Office:
    """A site folder with people who approve."""

    def __init__(self, root: Path, keys: Path) -> None:
        self.root = root
        self.keys = keys
        self.people = {name: person(name, keys / name, role="security_administrator") for name in ("zhou", "wu")}
        self.approvals: list[Approval] = []

    def write(self, **changes: Any) -> None:
        path = self.root / PATH
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(WHOLE | changes))

    def approve(self, by: str = "zhou", requester: str = "chen") -> None:
        digest = hashlib.sha256((self.root / PATH).read_bytes()).hexdigest()
        approval = approve_content(
            {PATH: digest},
            requester=requester,
            approver=self.people[by],
            key=self.keys / by,
            clock=Clock(),
            run_program=run_program,
        )
        self.approvals.append(approval)

    def load(self) -> Suppressions:
        check = ContentApprovals(approvals=tuple(self.approvals), people=self.people, run_program=run_program)
        return load_suppressions(Library.open(self.root), check, UTC)

    def covers(self, found: Hit, now_ms: int = NOW_MS) -> bool:
        return self.load().at(now_ms)(found) == "scan"


@pytest.fixture
def office(tmp_path: Path, keys: Path) -> Office:
    return Office(tmp_path, keys)


def test_only_what_somebody_else_signed_and_only_on_its_days(office: Office) -> None:
    office.write()
    (alone,) = office.load().all
    assert (alone.standing(NOW_MS), str(alone.refusal)) == (Standing.NOT_APPROVED, "not approved")
    assert not office.covers(hit(1))
    office.approve()
    (held,) = office.load().all
    assert (held.standing(NOW_MS), held.approver) == (Standing.IN_FORCE, "zhou")
    assert office.covers(hit(1))
    for days, standing in ((-7, Standing.WAITING), (24, Standing.IN_FORCE), (25, Standing.EXPIRED)):
        assert held.standing(NOW_MS + days * DAY_MS) is standing
        assert office.covers(hit(1), NOW_MS + days * DAY_MS) is (standing is Standing.IN_FORCE)
    office.write(reason="changed")
    assert office.load().all[0].standing(NOW_MS) is Standing.NOT_APPROVED


def test_a_process_that_lives_long_notices_that_one_has_ended(office: Office) -> None:
    office.write()
    office.approve()
    clock = Clock()
    covering = office.load().today(clock)
    assert covering(hit(1)) == "scan"
    clock.now_ms += 25 * DAY_MS
    assert covering(hit(1)) == ""


def test_whoever_asks_does_not_approve_even_under_another_author(office: Office) -> None:
    office.write(requester="zhou")
    office.approve("zhou")
    (refused,) = office.load().all
    assert refused.standing(NOW_MS) is Standing.NOT_APPROVED
    assert "may not approve" in str(refused.refusal)
    office.approve("wu", requester="zhou")
    (held,) = office.load().all
    assert (held.standing(NOW_MS), held.approver) == (Standing.IN_FORCE, "wu")


def test_a_disabled_one_covers_nothing(office: Office) -> None:
    office.write(enabled=False)
    office.approve()
    assert office.load().all[0].standing(NOW_MS) is Standing.DISABLED


EVENT: FlatEvent = {"process.name": "backup.sh", "user.name": "root", "n": 5}


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        ({}, True),
        ({"rules": ["r-2"]}, False),
        ({"levels": ["high"]}, True),
        ({"levels": ["low"]}, False),
        ({"hosts": ["WEB-?"]}, True),
        ({"hosts": ["web"]}, False),
        ({"hosts": ["db-*", "web-1"], "users": ["ro*"]}, True),
        ({"hosts": ["web-1"], "users": ["eve"]}, False),
        ({"addresses": ["10.0.0.0/8"]}, True),
        ({"addresses": ["10.0.1.0/24", "10.0.0.?"]}, True),
        ({"addresses": ["fd00::/8"]}, False),
        ({"rules": [], "where": {"process.name|endswith": ".sh"}}, True),
        ({"where": {"process.name": "backup.sh", "n|gte": 6}}, False),
        ({"where": {"missing": None}}, True),
    ],
)
def test_scope(office: Office, scope: dict[str, Any], covers: bool) -> None:
    office.write(**scope)
    office.approve()
    assert office.covers(hit(1, event=EVENT, user="root", address="10.0.0.9")) is covers


def test_an_entity_that_is_not_known_is_not_covered(office: Office) -> None:
    office.write(users=["*"])
    office.approve()
    assert not office.covers(hit(1))


def test_every_event_of_a_hit_has_to_be_covered(office: Office) -> None:
    office.write(hosts=["web-1"])
    office.approve()
    one, other = hit(1).occurrences[0], hit(2, host="web-2").occurrences[0]
    assert office.covers(Hit(rule=rule(), occurrences=(one,), count=2))
    assert not office.covers(Hit(rule=rule(), occurrences=(one, other), count=2))
    assert not office.covers(Hit(rule=rule(), occurrences=(), count=2))
    bare = Occurrence(event={}, shape="ecs", record="x", time_us=None, entity=Entity())
    assert not office.covers(Hit(rule=rule(), occurrences=(bare,)))


@pytest.mark.parametrize("where", [{"a|unknown": 1}, {"a|re": "("}])
def test_conditions_that_cannot_be_read_are_faults_and_cover_nothing(office: Office, where: dict[str, Any]) -> None:
    office.write(where=where)
    office.approve()
    assert not office.covers(hit(1))
    library = Library.open(office.root)
    (fault,) = [fault for each in RULES for fault in each(library)]
    assert fault.path == "where"


def test_faults_of_the_file_are_all_told(office: Office) -> None:
    office.write(last_day="2028-01-01", levels=["worst"])
    with pytest.raises(ContentInvalid):
        office.load()


def test_what_was_covered_is_counted_and_both_ends_are_sealed(office: Office, database: Database) -> None:
    office.write()
    office.approve()
    requests: list[AppendRequest] = []

    def append(more: Sequence[AppendRequest]) -> list[int]:
        for each in more:
            make_draft(each, os_user(), lambda size: b"r" * size)
        requests.extend(more)
        return []

    def seal(held: Suppressions, now_ms: int = NOW_MS) -> int:
        return seal_suppressions(
            database, held, append, now_ms=now_ms, read=lambda path: (office.root / path).read_bytes()
        )

    held = office.load()
    assert (seal(held), seal(held)) == (1, 0)
    hits = [hit(1), hit(2, host="web-2"), hit(3, of=rule(id="r-2", level=Level.LOW))]
    taken = keep_hits(database, hits, now_ms=NOW_MS, suppress=held.at(NOW_MS))
    assert taken.suppressed == {"scan": 2}
    with database.reading() as connection:
        assert covered(connection) == {"scan": (2, 2)}
    office.write(reason="asked again")
    office.approve()
    assert seal(office.load()) == 2
    assert seal(office.load(), NOW_MS + 40 * DAY_MS) == 1
    said = [(each.data["change"], each.data["approver"], each.data.get("events")) for each in requests]
    assert said == [
        ("in_force", "zhou", None),
        ("in_force", "zhou", None),
        ("ended", "zhou", 2),
        ("ended", "zhou", 2),
    ]
