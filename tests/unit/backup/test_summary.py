"""The daily summary of backups: what the record, the plans and sealed entries say, and nothing that nobody knows."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.overview.summary import Standing, summary_of
from sec_ops.backup.overview.values import CopyStatus, LastGood, Space, SystemStatus
from sec_ops.backup.planning.checking import load_plans
from sec_ops.model.backup_settings import BackupSettings
from sec_ops.model.evidence import Entry, validated
from sec_ops.model.evidence_backup_summary import SystemBackups
from tests.unit.backup.planning.plans import PLAN, inventory, library, system

_NOW = datetime(2026, 11, 26, 1, tzinfo=UTC)
_SPACE = Space(free_bytes=None, bytes_per_day=None, days=None)
_MINUTE_MS = 60_000


def _entry(kind: str, age: timedelta, **data: Any) -> Entry:
    t = (_NOW - age).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Entry(
        seq=1,
        t=t,
        kind=kind,
        actor="root",
        role="",
        assurance="os_user",
        writer="in_process",
        case="",
        system="",
        blob=None,
        prev="0" * 64,
        data=validated(kind, data),
    )


def _run(verdict: str, days: int = 1) -> Entry:
    run = {"system": "records", "run": "r", "repository": "near", "started": "2026-11-25T00:00:00.000Z", "sources": []}
    return _entry("backup.run/1", timedelta(days=days), verdict=verdict, **run)


def _restore(verdict: str, *sources: str, days: int = 10, paths: Sequence[str] = ()) -> Entry:
    told = [{"source": each, "verdict": verdict} for each in sources]
    data = {"system": "records", "run": "r", "repository": "near", "target": "/restored", "paths": list(paths)}
    return _entry("backup.restore/1", timedelta(days=days), verdict=verdict, sources=told, **data)


def _verify(verdict: str, *, trusted: bool = True, repository: str = "near", days: int = 2) -> Entry:
    keys = ["ab" * 32] if trusted else []
    point = {"system": "records", "run": "r", "verdict": verdict, "trusted": keys}
    data = {"repository": repository, "verdict": verdict, "structure": verdict, "points": [point]}
    return _entry("backup.verify/1", timedelta(days=days), **data)


def _copy(repository: str, km: float, age: int | None, *, seen: bool = True) -> CopyStatus:
    good = LastGood(run="r", arrived_ms=0, data_ms=0, partial=False) if age is not None else None
    age_ms = None if age is None else age * _MINUTE_MS
    return CopyStatus(repository=repository, place="p", km=km, seen=seen, good=good, age_ms=age_ms, space=_SPACE)


def _summary(root: Path, *entries: Entry, copies: Sequence[CopyStatus] = (), **plan: Any) -> SystemBackups:
    planned = load_plans(library(root, PLAN | plan), inventory(), BackupSettings())
    age_ms = min((each.age_ms for each in copies if each.age_ms is not None), default=None)
    status = SystemStatus(system="records", state="ok", copies=tuple(copies), age_ms=age_ms)
    now_ms = round(_NOW.timestamp() * 1000)
    hosts = {"records": ["web-1", "web-2"]}
    standing = Standing(planned=planned, statuses=[status], hosts=hosts, entries=entries, now_ms=now_ms)
    summary = summary_of(standing)
    assert (summary.day, summary.off_site_km) == ("2026-11-26", 30)
    (found,) = summary.systems
    return found


def test_the_record_tells_ages_here_and_far_away(tmp_path: Path) -> None:
    found = _summary(tmp_path, copies=[_copy("near", 0, 50), _copy("far", 59.1, 170)])
    assert (found.planned, found.sources, found.hosts, found.covered) == (True, 1, 2, 1)
    assert (found.rpo_minutes, found.cycle_minutes, found.off_site_cycle_minutes) == (240, 60, 180)
    assert (found.age_minutes, found.copies, found.off_site, found.off_site_age_minutes, found.km) == (
        50,
        2,
        1,
        170,
        59,
    )


def test_what_another_controller_looks_after_is_not_known(tmp_path: Path) -> None:
    found = _summary(tmp_path, copies=[_copy("near", 0, 50), _copy("far", 59.1, None, seen=False)])
    assert (found.off_site, found.off_site_seen, found.off_site_age_minutes, found.km) == (1, 0, -1, 0)


def test_runs_of_the_last_thirty_days_are_counted(tmp_path: Path) -> None:
    found = _summary(tmp_path, _run("ok", 31), _run("ok"), _run("partial"), _run("failed"))
    assert (found.runs, found.good_runs) == (3, 1)


@pytest.mark.parametrize(
    ("entries", "days", "restored", "failed"),
    [
        ([_restore("ok", "pages")], 10, 1, False),
        ([_restore("ok", "pages", days=400)], -1, 0, False),
        ([_restore("ok", "pages", paths=["/srv/one"])], -1, 0, False),
        ([_restore("ok", "pages"), _restore("damaged", "pages", days=1)], 10, 1, True),
        ([_restore("damaged", "pages"), _restore("ok", "pages", days=1)], 1, 1, False),
        ([_restore("ok", "left the plan")], -1, 0, False),
        ([], -1, 0, False),
    ],
)
def test_only_whole_restores_that_ended_well_count(
    tmp_path: Path, entries: list[Entry], days: int, restored: int, failed: bool
) -> None:
    found = _summary(tmp_path, *entries)
    assert (found.restored_days, found.restored, found.restore_failed) == (days, restored, failed)


def test_every_source_has_to_come_back_and_the_oldest_counts(tmp_path: Path) -> None:
    more = {"id": "more", "kind": "files", "settings": {"paths": ["/etc"]}}
    sources = [{**PLAN["sources"][0], "host": ""}, more]
    one = _summary(tmp_path, _restore("ok", "pages", days=3), sources=sources)
    assert (one.restored, one.restored_days) == (1, -1)
    both = _summary(tmp_path, _restore("ok", "more", days=90), _restore("ok", "pages", days=3), sources=sources)
    assert (both.restored, both.restored_days) == (2, 90)


def test_the_last_verification_of_each_repository_counts(tmp_path: Path) -> None:
    bad = _verify("damaged", repository="far", days=1)
    assert _summary(tmp_path, _verify("ok"), bad).damaged == 1
    assert _summary(tmp_path, bad, _verify("ok", repository="far", days=0)).damaged == 0
    assert _summary(tmp_path, _verify("ok")).verified_days == 2
    assert _summary(tmp_path, _verify("ok", trusted=False)).verified_days == -1


def test_probes_are_known_by_repository(tmp_path: Path) -> None:
    probe = {"repository": "far", "repository_id": "x", "claimed": True, "attacks": []}
    refused = _entry("backup.probe/1", timedelta(days=1), immutable=True, **probe)
    gave_way = _entry("backup.probe/1", timedelta(hours=1), immutable=False, **probe)
    assert _summary(tmp_path, refused).immutable == 1
    assert _summary(tmp_path, refused, gave_way).immutable == 0


def test_a_system_without_a_plan_has_only_its_hosts(tmp_path: Path) -> None:
    planned = load_plans(library(tmp_path, PLAN), inventory(system(), system("other")), BackupSettings())
    standing = Standing(planned=planned, statuses=[], hosts={"other": ["a"]}, entries=[_run("ok")], now_ms=0)
    assert summary_of(standing).systems[1] == SystemBackups(id="other", hosts=1)
    assert not _summary(tmp_path, _run("ok"), enabled=False).planned


def _drill(*restored: str, whole: bool = True, rehearsed: str = "site_loss", days: int = 10, sources: int = 1) -> Entry:
    told = {"id": "records", "verdict": "passed", "whole": whole, "restored": list(restored), "sources": sources}
    times = {"started": "2026-11-25T00:00:00Z", "ended": "2026-11-25T00:01:00Z", "lost_at": "2026-11-25T00:00:00Z"}
    data = {"run": "d", "scenario": "s", "content_digest": "", "verdict": "passed", "rehearsed": rehearsed, **times}
    return _entry("drill.run/1", timedelta(days=days), systems=[told], **data)


def test_a_drill_that_restored_everything_is_a_restore(tmp_path: Path) -> None:
    found = _summary(tmp_path, _restore("failed", "pages"), _drill("pages"))
    assert (found.restored, found.restored_days, found.restore_failed) == (1, 10, False)


@pytest.mark.parametrize(
    ("drilled", "failed"),
    [
        (_drill(whole=False), True),
        (_drill("pages", rehearsed="file"), False),
        (_drill(sources=0, whole=False), False),
        (_drill("pages", days=400), False),
    ],
    ids=["not as saved", "one file", "not got so far", "too long ago"],
)
def test_a_drill_that_did_not_is_none(tmp_path: Path, drilled: Entry, failed: bool) -> None:
    found = _summary(tmp_path, drilled)
    assert (found.restored, found.restored_days, found.restore_failed) == (0, -1, failed)
