"""What plans tell of a system's backups: off-site is what is seen there, real-time what is received there."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

import pytest

from sec_ops.backup.planning.checking import load_plans
from sec_ops.backup.record.record import Record
from sec_ops.model.backup_settings import BackupSettings
from sec_ops.model.recovery_level import SystemFacts
from sec_ops.workflows.drills import judging
from tests.unit.backup.planning.plans import PLAN, inventory, library

_LOG: dict[str, Any] = {
    "id": "log",
    "kind": "postgresql_receivewal",
    "settings": {
        "user": "keeper",
        "slot": "second",
        "folder": "/srv/log",
        "synchronous": False,
    },
}


def facts(
    root: Path,
    patch: pytest.MonkeyPatch,
    *,
    seen: Collection[str] = ("near", "far"),
    place: str = "second",
    **plan: Any,
) -> SystemFacts:
    planned = load_plans(library(root, PLAN | plan), inventory(), BackupSettings())
    patch.setattr(judging, "points_in", lambda _record, name, _system: name in seen)
    patch.setattr(judging, "newest_good", lambda there: "a point" if there else None)
    return judging.system_facts(planned.plans["records"], planned, cast("Record", None), place)


def test_off_site_is_what_is_seen_far_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = facts(tmp_path, monkeypatch)
    assert (found.off_site, found.full_every_seconds, found.network_every_seconds) == (True, 3600, 7200)
    assert not facts(tmp_path, monkeypatch, seen=("near",)).off_site
    assert facts(tmp_path, monkeypatch, seen=("near",)).network_every_seconds is None


def test_a_plan_that_is_off_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert facts(tmp_path, monkeypatch, enabled=False) == SystemFacts(system="records")


@pytest.mark.parametrize(
    ("place", "log", "real_time"),
    [
        ("second", _LOG, True),
        ("centre", _LOG, False),
        ("annexe", _LOG, False),
        ("", _LOG, False),
        ("second", {**_LOG, "host": "web-1"}, False),
        ("second", {"id": "more", "kind": "files", "settings": {"paths": ["/srv/more"]}}, False),
    ],
)
def test_real_time_is_a_log_that_is_received_far_away(
    place: str, log: dict[str, Any], real_time: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [*PLAN["sources"], log]
    assert facts(tmp_path, monkeypatch, place=place, sources=sources).real_time is real_time
