"""Every fault of scenarios and recoveries, each at its place, all at once."""

from typing import Any

import pytest

from sec_ops.drill.planning.addresses import Production, production_of
from sec_ops.drill.planning.recovery_faults import recovery_faults
from sec_ops.drill.planning.scenario_faults import scenario_faults
from sec_ops.model.drill_scenario import Recovery
from sec_ops.model.organisation import Host
from tests.unit.drill.planning.example import material, scenario

_PRODUCTION = production_of(hosts=[Host(name="student-db-1", address="192.0.2.21")])
_TEXT = {"zh": "核查", "en": "check"}


def _of_scenario(kind: str, *systems: dict[str, Any], **more: Any) -> list[tuple[tuple[str | int, ...], str]]:
    asked = scenario(kind, *systems, **more)
    return [(path, str(what)) for path, what, _advice in scenario_faults(asked, material())]


def _of_recovery(system: str = "student-records", **parts: Any) -> list[tuple[tuple[str | int, ...], str]]:
    check = {"id": "c", "title": _TEXT, "kind": "file", "settings": {"source": "uploads", "path": "/srv"}}
    recovery = Recovery.model_validate({"id": system, "checks": [check], **parts})
    found = recovery_faults(recovery, material().plans.get(system), _PRODUCTION)
    return [(path, str(what)) for path, what, _advice in found]


@pytest.mark.parametrize("name", sorted(material().scenarios))
def test_shipped_scenarios_have_no_faults(name: str) -> None:
    assert list(scenario_faults(material().scenarios[name], material())) == []


@pytest.mark.parametrize("name", sorted(material().recoveries))
def test_shipped_recoveries_have_no_faults(name: str) -> None:
    every = material()
    assert list(recovery_faults(every.recoveries[name], every.plans[name], every.production)) == []


@pytest.mark.parametrize(
    ("kind", "system", "more", "path", "words"),
    [
        ("lost_key", {"id": "nobody"}, {}, ("systems", 0, "id"), "no key system"),
        ("site_loss", {"id": "student-records"}, {"lost_places": ["mars"]}, ("lost_places", 0), "no place"),
        (
            "site_loss",
            {"id": "student-records"},
            {"lost_places": ["centre", "second-site"]},
            ("systems", 0, "id"),
            "no copy of student-records lies outside",
        ),
        (
            "site_loss",
            {"id": "student-records", "repositories": ["student-records-a"]},
            {"lost_places": ["centre"]},
            ("systems", 0, "repositories", 0),
            "lost with its place",
        ),
        (
            "lost_key",
            {"id": "student-records", "repositories": ["website-group-a"]},
            {},
            ("systems", 0, "repositories", 0),
            "not saved in website-group-a",
        ),
        ("lost_key", {"id": "website-group"}, {}, ("systems", 0, "id"), "escrow"),
        (
            "damaged_copy",
            {"id": "student-records", "repositories": ["student-records-b"]},
            {},
            ("systems", 0, "id"),
            "no second copy",
        ),
        ("moment", {"id": "teacher-records"}, {}, ("systems", 0, "id"), "can't go to a chosen moment"),
        (
            "lost_key",
            {"id": "student-records", "checks": ["studens"]},
            {},
            ("systems", 0, "checks", 0),
            "no check studens",
        ),
        ("file", {"id": "student-records", "paths": ["srv/x"]}, {}, ("systems", 0, "paths", 0), "absolute"),
        ("file", {"id": "student-records", "paths": ["/home/x"]}, {}, ("systems", 0, "paths", 0), "no source"),
    ],
)
def test_faults_of_scenarios(
    kind: str, system: dict[str, Any], more: dict[str, Any], path: tuple[str | int, ...], words: str
) -> None:
    ((where, what),) = _of_scenario(kind, system, **more)
    assert where == path
    assert words in what


def test_all_faults_of_a_scenario_are_told_at_once() -> None:
    found = _of_scenario(
        "site_loss",
        {"id": "student-records", "checks": ["nothing"], "paths": ["x"]},
        {"id": "nobody"},
        lost_places=["mars", "centre"],
    )
    assert [path for path, _what in found] == [
        ("lost_places", 0),
        ("systems", 0, "checks", 0),
        ("systems", 0, "paths", 0),
        ("systems", 1, "id"),
    ]


def _service(kind: str, settings: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"services": [{"id": "s", "kind": kind, "settings": settings or {}, **more}]}


def _check(kind: str, settings: dict[str, Any], service: str | None = "s") -> dict[str, Any]:
    return {"checks": [{"id": "c", "title": _TEXT, "kind": kind, "service": service, "settings": settings}]}


@pytest.mark.parametrize(
    ("parts", "path", "words"),
    [
        ({"sources": ["databse", "uploads"]}, ("sources", 0), "no source that is fetched is called databse"),
        (_service("postgres"), ("services", 0, "kind"), "no kind of service is called postgres"),
        (_service("postgresql", {"bse": "database"}), ("services", 0, "settings", "bse"), "unknown key"),
        (_service("postgresql", {"base": "databse"}), ("services", 0, "settings", "base"), "databse"),
        (_service("mariadb", loads={"databse": "x"}), ("services", 0, "loads", "databse"), "databse"),
        (
            {"sources": ["uploads"], **_service("postgresql", {"base": "database"})},
            ("services", 0, "settings", "base"),
            "no source that is fetched",
        ),
        (
            _service("program", {"command": ["app", "--db", "192.0.2.21:5432"]}),
            ("services", 0, "settings", "command", 2),
            "192.0.2.21:5432 is an address of production",
        ),
        (
            _service("program", {"command": ["app"], "environment": {"URL": "http://192.0.2.21/"}}),
            ("services", 0, "settings", "environment", "URL"),
            "address of production",
        ),
        (_check("sq", {}, None), ("checks", 0, "kind"), "no kind of check is called sq"),
        (_check("file", {"source": "upload", "path": "/x"}, None), ("checks", 0, "settings", "source"), "upload"),
        (
            _check("sql", {"database": "d", "query": "SELECT 1", "at_least": 1}, None),
            ("checks", 0, "service"),
            "asks a service",
        ),
        (
            {**_service("nginx"), **_check("sql", {"database": "d", "query": "SELECT 1", "at_least": 1})},
            ("checks", 0, "service"),
            "can't ask s",
        ),
        (
            {**_service("nginx"), **_check("http", {"headers": {"X-To": "192.0.2.21"}})},
            ("checks", 0, "settings", "headers", "X-To"),
            "address of production",
        ),
    ],
)
def test_faults_of_recoveries(parts: dict[str, Any], path: tuple[str | int, ...], words: str) -> None:
    ((where, what),) = _of_recovery(**parts)
    assert where == path
    assert words in what


def test_places_of_services_that_stand_before_may_be_named() -> None:
    services = [
        {"id": "database", "kind": "postgresql", "settings": {"base": "database"}},
        {"id": "app", "kind": "program", "settings": {"command": ["app", "{database.port}", "{port}", "{uploads}"]}},
        {"id": "web", "kind": "nginx", "settings": {"forward": "{app.port}"}},
    ]
    assert _of_recovery(services=services) == []
    found = _of_recovery(services=[services[2], *services[:2]])
    assert found == [(("services", 0, "settings", "forward"), "no service that stands before is called app")]


def test_a_place_of_a_system_it_depends_on_may_be_named() -> None:
    settings = {"command": ["app", "{identity-service.directory.port}"]}
    recovery = Recovery.model_validate(
        {
            "id": "student-records",
            "services": [{"id": "app", "kind": "program", "settings": settings}],
            **_check("http", {}, "app"),
        }
    )
    plan = material().plans["student-records"]
    assert list(recovery_faults(recovery, plan, Production(), ["identity-service.directory"])) == []
    assert len(list(recovery_faults(recovery, plan, Production()))) == 1


def test_a_name_that_is_only_spoken_may_be_production_s() -> None:
    parts = {**_service("nginx"), **_check("http", {"host": "192.0.2.21"})}
    assert _of_recovery(**parts) == []


def test_without_a_plan_sources_are_not_judged() -> None:
    recovery = material().recoveries["student-records"]
    assert list(recovery_faults(recovery, None, Production())) == []
