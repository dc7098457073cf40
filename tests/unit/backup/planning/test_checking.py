"""Plans against inventory, targets and map: every fault at once, every finding named."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.lint import RULES
from sec_ops.backup.planning.checking import load_plans, secret_faults
from sec_ops.backup.planning.findings import Planned, exposure_seconds, findings, off_site_copies
from sec_ops.backup.planning.measuring import cycle_seconds, great_circle_km
from sec_ops.content.lint import lint
from sec_ops.model.backup_plan import Place, Repository
from sec_ops.model.backup_settings import BackupSettings
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.job import Timing
from sec_ops.model.messages import message
from sec_ops.model.text import printable
from sec_ops.runtime.secrets import Secret
from tests.unit.backup.planning.plans import PLAN, inventory, library, system

_OWN: dict[str, Any] = {"repository": "near", "answers": "chen", "copy_to": "far", "place": "centre"}
_SETTINGS = BackupSettings.model_validate({"own": _OWN})


def _planned(root: Path, *plans: dict[str, Any], systems: tuple[dict[str, Any], ...] = ()) -> Planned:
    return load_plans(library(root, *plans), inventory(*systems), _SETTINGS)


def test_a_good_plan_has_neither_faults_nor_findings(tmp_path: Path) -> None:
    assert findings(_planned(tmp_path, PLAN)) == ()


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    wrong = PLAN | {
        "id": "record",
        "place": "center",
        "answers": "cheng",
        "repository": "nera",
        "copies": [{**PLAN["copies"][0], "repository": "elsewhere"}],
        "sources": [
            {"id": "a", "kind": "file", "host": "web-1"},
            {"id": "b", "kind": "files", "host": "web-2", "settings": {"paths": [], "exclud": ["x"]}},
            {"id": "c", "kind": "postgresql", "settings": {"user": "u", "database": "d", "server": "db.edu.example"}},
        ],
    }
    with pytest.raises(ContentInvalid) as caught:
        load_plans(library(tmp_path, wrong, near={"place": "moon"}), inventory(), _SETTINGS)
    told = {fault.path: (str(fault.message), str(fault.advice or "")) for fault in caught.value.faults}
    assert told.keys() == {
        "id",
        "place",
        "answers",
        "repository",
        "copies[0].repository",
        "sources[0].kind",
        "sources[1].host",
        "sources[1].settings.paths",
        "sources[1].settings.exclud",
        "sources[2].settings",
    }
    assert "records" in told["id"][1]
    assert all(fault.line for fault in caught.value.faults)
    assert "exclude" in told[next(path for path in told if path.endswith("exclud"))][1]


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ({"kind": "mariadb", "settings": {"user": "u"}}, "settings.database: is missing"),
        ({"kind": "redis"}, "wants one of mariadb"),
    ],
)
def test_the_database_within_a_content_system_is_checked(tmp_path: Path, database: dict[str, Any], said: str) -> None:
    source = {"id": "site", "kind": "cms", "settings": {"paths": ["/srv"], "database": database}}
    with pytest.raises(ContentInvalid) as caught:
        _planned(tmp_path, PLAN | {"sources": [source]})
    (fault,) = caught.value.faults
    assert said in str(fault.message)


@pytest.mark.parametrize(
    ("near", "path", "said"),
    [
        ({"location": "/srv/near"}, "sources[0].host", "can't reach"),
        ({"hosts": {}}, "sources[0].host", "names no access for the host web-1"),
        ({"hosts": {"web-1": {}, "web-9": {}}}, "hosts.web-9", "no host is called web-9"),
        ({"location": "rest:https://b.example/x"}, "", "the host web-1 needs credentials of its own"),
        ({"location": "s3:https://b.example/bucket"}, "", "the host web-1 needs credentials of its own"),
        (
            {"credentials": {"A": {"env": "A"}}, "hosts": {"web-1": {"credentials": {"A": {"env": "A"}}}}},
            "",
            "the host web-1 is given the controller's own credentials",
        ),
    ],
)
def test_a_host_needs_a_way_and_an_access_of_its_own(
    tmp_path: Path, near: dict[str, Any], path: str, said: str
) -> None:
    with pytest.raises(ContentInvalid) as caught:
        load_plans(library(tmp_path, PLAN, near=near), inventory(), _SETTINGS)
    (fault,) = (each for each in caught.value.faults if "repositories" in each.file or "plans" in each.file)
    assert (fault.path, said in str(fault.message)) == (path, True)


def test_what_a_host_opens_holds_nothing_of_the_controller_s() -> None:
    ours = {"credentials": {"A": {"env": "OURS"}}, "identity_file": "ours", "escrow": {"env": "ESCROW"}}
    theirs = {"web-1": {"credentials": {"B": {"env": "THEIRS"}}}, "web-2": {"password": {"command": "tell it"}}}
    place = {"id": "near", "place": "centre", "location": "sftp:b.example:/srv", "password": {"env": "WORD"}}
    repository = Repository.model_validate(place | ours | {"hosts": theirs})
    assert repository.opened_by("web-9") is None
    first, second = repository.opened_by("web-1"), repository.opened_by("web-2")
    assert first is not None
    assert second is not None
    assert (first.credentials, first.password, first.identity_file) == ({"B": {"env": "THEIRS"}}, {"env": "WORD"}, "")
    assert (second.credentials, second.password) == ({}, {"command": "tell it"})
    assert (first.escrow, first.hosts) == (None, {})
    assert repository.executes
    assert not first.executes


def test_a_bad_timing_is_a_fault_beside_others(tmp_path: Path) -> None:
    bad = PLAN | {"timing": {"daily": "25:00"}, "answers": ""}
    with pytest.raises(ContentInvalid) as caught:
        load_plans(library(tmp_path, bad), inventory(), _SETTINGS)
    assert len(caught.value.faults) == 2


def test_content_lint_tells_what_content_alone_shows(tmp_path: Path) -> None:
    wrong = PLAN | {"repository": "nera", "sources": [{**PLAN["sources"][0], "host": "unknown-here"}]}
    found = lint(library(tmp_path, wrong), RULES)
    assert ["repository" in printable(fault.path) for fault in found if "plans" in fault.file] == [True]


@pytest.mark.parametrize(
    ("change", "systems", "kinds"),
    [
        ({}, (system(), system("other")), ["no_plan"]),
        ({"enabled": False}, (system(),), ["switched_off"]),
        ({"timing": {"daily": "02:30"}}, (system(),), ["misses_rpo"]),
        ({"timing": {"every_hours": 3}}, (system(),), ["misses_rpo_after_site_loss"]),
        ({"timing": {"every_hours": 2}}, (system(),), []),
        ({"rpo_seconds": 3600}, (system(),), ["misses_rpo_after_site_loss"]),
        ({"rpo_seconds": 1800}, (system(),), ["misses_rpo"]),
        ({"copies": []}, (system(),), ["no_copy", "not_off_site"]),
        ({"copies": [{**PLAN["copies"][0], "repository": "next-door"}]}, (system(),), ["not_off_site"]),
        ({"repository": "far", "copies": [{**PLAN["copies"][0], "repository": "near"}]}, (system(),), []),
        ({"id": "sec-ops", "rpo_seconds": None}, (), ["no_plan"]),
    ],
)
def test_findings(
    tmp_path: Path, change: dict[str, Any], systems: tuple[dict[str, Any], ...], kinds: list[str]
) -> None:
    planned = _planned(tmp_path, PLAN | change, systems=systems)
    assert [each.kind for each in findings(planned)] == kinds


def test_how_long_a_run_takes_counts(tmp_path: Path) -> None:
    planned = _planned(tmp_path, PLAN | {"timing": {"every_hours": 2}})
    assert exposure_seconds(planned.plans["records"], 600) == 7800


@pytest.mark.parametrize(
    ("synchronous", "more", "exposure"), [(True, [], 0), (False, [], 7800), (True, PLAN["sources"], 7800)]
)
def test_only_a_log_that_commits_wait_for_costs_nothing(
    tmp_path: Path, synchronous: bool, more: list[dict[str, Any]], exposure: int
) -> None:
    settings = {"user": "receiver", "slot": "second_site", "folder": "/srv/wal", "synchronous": synchronous}
    log = {"id": "log", "kind": "postgresql_receivewal", "settings": settings}
    planned = _planned(tmp_path, PLAN | {"sources": [log, *more], "timing": {"every_hours": 2}})
    assert exposure_seconds(planned.plans["records"], 600) == exposure


def test_off_site_is_as_far_as_the_site_says(tmp_path: Path) -> None:
    content = library(tmp_path, PLAN)
    far = load_plans(content, inventory(), _SETTINGS.model_copy(update={"off_site_km": 100.0}))
    assert [(each.kind, each.system) for each in findings(far)] == [
        ("not_off_site", "records"),
        ("not_off_site", "sec-ops"),
    ]
    near = load_plans(content, inventory(), _SETTINGS.model_copy(update={"off_site_km": 30.0}))
    assert off_site_copies(near.plans["records"], near) == {"far": pytest.approx(59.1, abs=0.2)}


def _place(latitude: float, longitude: float) -> Place:
    return Place.model_validate(
        {"id": "p", "name": {"zh": "p", "en": "p"}, "address": "p", "latitude": latitude, "longitude": longitude}
    )


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((0, 0), (0, 180), math.pi * 6371.0088),
        ((90, 0), (-90, 77), math.pi * 6371.0088),
        ((0, 179.5), (0, -179.5), math.pi * 6371.0088 / 180),
        ((36, 118), (36, 118), 0),
    ],
)
def test_distances(one: tuple[float, float], other: tuple[float, float], km: float) -> None:
    assert great_circle_km(_place(*one), _place(*other)) == pytest.approx(km)


_POINTS = st.builds(_place, st.floats(-90, 90), st.floats(-180, 180))


@given(_POINTS, _POINTS, _POINTS)
def test_distance_is_one(one: Place, other: Place, third: Place) -> None:
    assert great_circle_km(one, other) == pytest.approx(great_circle_km(other, one))
    assert great_circle_km(one, third) <= great_circle_km(one, other) + great_circle_km(other, third) + 1e-3


@pytest.mark.parametrize(
    ("timing", "seconds"),
    [
        ({"every_minutes": 5}, 300),
        ({"every_hours": 6}, 21600),
        ({"daily": "02:30"}, 86400),
        ({"weekly": "sun 03:00"}, 604800),
    ],
)
def test_cycles(timing: dict[str, Any], seconds: int) -> None:
    assert cycle_seconds(Timing.model_validate(timing)) == seconds


def test_every_secret_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    source = {**PLAN["sources"][0], "password": {"env": "NOT_SET"}}
    content = library(tmp_path, PLAN | {"sources": [source]}, far={"credentials": {"AWS_X": {"env": "NOT_SET"}}})
    planned = load_plans(content, inventory(), _SETTINGS)

    def refuse(reference: Any) -> Secret:
        what = message("the environment variable is not set")
        raise ContentInvalid([Fault(file="", line=0, path="", message=what)])

    told = {(Path(each.file).stem, each.path) for each in _secrets(planned, content, refuse, tmp_path, None)}
    assert told == {
        ("records", "sources[0].password"),
        ("near", "password"),
        ("far", "password"),
        ("far", "credentials.AWS_X"),
    }
    here = {(Path(each.file).stem, each.path) for each in _secrets(planned, content, refuse, tmp_path, "second")}
    assert {file for file, _path in here} == {"far"}


def _secrets(planned: Planned, content: Any, refuse: Any, root: Path, place: str | None) -> list[Fault]:
    return list(secret_faults(planned, content, refuse, folder=root, place=place))
