"""`sec-ops logs retain` and `logs hold` as a person calls them."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run
from sec_ops.runtime.clock import SystemClock
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import TIME
from sec_ops.siem.raw.log import Limits, RawLog
from sec_ops.siem.storing import Commit
from tests.contract.event_stores import DAY, TYPES, rows
from tests.unit.siem.raw.support import SetClock, batch_of

EXAMPLE = Path(__file__).parents[3] / "inventory"


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    shutil.rmtree(root / "inventory")
    shutil.copytree(EXAMPLE, root / "inventory")
    now = int(SystemClock().now().timestamp() * 1_000_000)
    store = EmbeddedStore(root / "var" / "logs", types=TYPES, clock=SystemClock())
    given = rows([{TIME: now - ago * DAY, "event.ingested": now - ago * DAY} for ago in (0, 210, 230)])
    store.append(given, Commit(stream="1", sequence=1))
    store.close()
    capsys.readouterr()
    return root


def document(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = run([*words, "--json"])
    out = capsys.readouterr().out
    return code, json.loads(out) if out else None


def test_days_go_but_those_under_a_hold(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--site", str(site), "logs"]
    code, ahead = document(capsys, *where, "retain", "--dry-run")
    assert code == 0
    assert [day["events"] for day in ahead["days"]] == [1, 1]
    person = "chen"
    first, second = (day["day"] for day in ahead["days"])
    days = ["--from", first, "--to", first]
    code, held = document(capsys, *where, "hold", "add", "--case", "c1", "--reason", "theft", "--by", person, *days)
    assert code == 0
    code, done = document(capsys, *where, "retain")
    assert code == 0
    assert [(day["day"], day["held_by"]) for day in done["days"]] == [(first, held["hold"]["id"]), (second, "")]
    code, _lifted = document(capsys, *where, "hold", "lift", held["hold"]["id"], "--by", person, "--reason", "closed")
    assert code == 0
    code, done = document(capsys, *where, "retain")
    assert [(day["day"], day["held_by"]) for day in done["days"]] == [(first, "")]
    code, listed = document(capsys, *where, "hold", "list")
    assert [each["lifted_by"] for each in listed["holds"]] == [person]
    code, sealed = document(capsys, "--site", str(site), "evidence", "list", "--kind", "logs.")
    kinds = [entry["kind"] for entry in sealed["entries"]]
    assert kinds == ["logs.hold/1", "logs.deleted/1", "logs.hold/1", "logs.deleted/1"]


@pytest.mark.parametrize(
    "words",
    [
        ["--case", " ", "--reason", "r", "--by", "chen"],
        ["--case", "c", "--reason", "r", "--by", "nobody"],
        ["--case", "c", "--reason", "r", "--by", "chen", "--to", "2026-10-01"],
        ["--case", "c", "--reason", "r", "--by", "chen", "--to", "soon"],
    ],
)
def test_a_hold_without_what_it_needs_is_refused(
    site: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    days = ["--from", "2026-11-01", *([] if "--to" in words else ["--to", "2026-11-02"])]
    code, _document = document(capsys, "--site", str(site), "logs", "hold", "add", *words, *days)
    assert code == 2


@pytest.mark.parametrize(("understood", "gone"), [(2, 2), (1, 1), (0, 0)])
def test_raw_segments_go_too_once_they_are_understood(
    site: Path, capsys: pytest.CaptureFixture[str], understood: int, gone: int
) -> None:
    logs = site / "var" / "logs"
    clock = SetClock()
    old = SystemClock().now() - timedelta(days=230)
    clock.moment = old
    with RawLog.open(logs, clock=clock, limits=Limits(record_bytes=10)) as raw:
        for _ in range(2):
            place = raw.append(batch_of(b"0123456789", received_ms=int(old.timestamp() * 1000))).place
    store = EmbeddedStore(logs, types=TYPES, clock=SystemClock())
    assert place
    store.append([], Commit(stream=place.stream, sequence=understood))
    store.close()
    code, done = document(capsys, "--site", str(site), "logs", "retain")
    assert (code, done["raw_segments"]) == (0, gone)


def test_less_than_six_months_is_refused(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (site / "sec-ops.yml").open("a") as stream:
        stream.write("logs:\n  retention_days: 90\n")
    code, _document = document(capsys, "--site", str(site), "logs", "retain")
    assert code == 4


def test_folders_of_old_pulls_go_with_the_logs(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = site / "var" / "runs"
    now = SystemClock().now()
    old, held, young = (now - timedelta(days=ago) for ago in (260, 240, 3))
    stamps = [f"{when:%Y%m%dT%H%M%SZ}" for when in (old, held, young)]
    for stamp in stamps:
        for verb in ("pull", "audit"):
            folder = runs / f"{stamp}-{verb}-00000000"
            folder.mkdir(parents=True)
            (folder / "result.json").write_text("{}", encoding="utf-8")
    (runs / f"{stamps[0]}-pull-11111111").symlink_to(site)
    where = ["--site", str(site), "logs"]
    days = ["--from", f"{held:%Y-%m-%d}", "--to", f"{held:%Y-%m-%d}"]
    _code, hold = document(capsys, *where, "hold", "add", "--case", "c", "--reason", "r", "--by", "chen", *days)
    counts = [document(capsys, *where, "retain", *dry)[1]["pull_runs"] for dry in (["--dry-run"], [], [])]
    assert counts == [1, 1, 0]
    document(capsys, *where, "hold", "lift", hold["hold"]["id"], "--by", "chen", "--reason", "closed")
    assert document(capsys, *where, "retain")[1]["pull_runs"] == 1
    left = sorted(path.name for path in runs.iterdir() if not path.is_symlink())
    assert left == sorted([*(f"{stamp}-audit-00000000" for stamp in stamps), f"{stamps[2]}-pull-00000000"])
    assert (site / "sec-ops.yml").exists()
