"""A site of the example organisation with its drills, runs and sealed drills made by hand."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.sealing import evidence_of
from sec_ops.drill.judging.sealing import sealed_drill
from sec_ops.drill.noting import RECORD, closed_notes
from sec_ops.model.canonical import canonical_json
from sec_ops.model.drill_record import DrillRecord, SystemRecord
from sec_ops.model.evidence_drill import DrillRun
from sec_ops.runtime.run import Run
from sec_ops.runtime.site import Site
from tests.backup_site import BackupSite

__all__ = ["DrillSite"]

_BACKUP = Path(__file__).parents[1] / "backup"


class DrillSite(BackupSite):
    """The example organisation as a site."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(root, capsys)
        for name in ("drills", "recoveries", "plans", "repositories"):
            shutil.copytree(_BACKUP / name, root / "backup" / name, dirs_exist_ok=True)

    def begun(self, scenario: str = "table-top", name: str = "20261126T080000Z-drill-00000001") -> Run:
        """Return the run of a drill that goes on."""
        run = Run(self.root / "var" / "runs" / name)
        run.folder.mkdir(parents=True)
        run.write("asked.json", _record(name, scenario, verdict="failed").model_dump(mode="json"))
        return run

    def ended(self, run: Run, *systems: SystemRecord, **more: Any) -> int:
        """End a drill as passed; return the number of its entry."""
        scenario = json.loads((run.folder / "asked.json").read_bytes())["scenario"]
        with closed_notes(run.folder) as notes:
            record = _record(run.name, scenario, systems=systems, notes=notes, **more)
            run.write(RECORD, record.model_dump(mode="json"))
        return self._sealed(run, record)

    def _sealed(self, run: Run, record: DrillRecord) -> int:
        body = record.model_dump(mode="json")
        entry = sealed_drill(record, run.seal()).model_dump(mode="json")
        with evidence_of(Site(self.root)) as log:
            return log.append(DrillRun.kind, entry, blob=canonical_json(body), media_type="application/json")

    def sealed(self, number: int) -> tuple[str, dict[str, Any], Any]:
        """Return kind, data and blob of an entry."""
        with evidence_of(Site(self.root)) as log:
            entry = next(log.entries(number, number))
            blob = json.loads(log.read_blob(entry.blob.sha256)) if entry.blob else None
            return entry.kind, dict(entry.data), blob


def _record(run: str, scenario: str, **more: Any) -> DrillRecord:
    text = {"zh": "演练", "en": "drill"}
    document = {
        "run": run,
        "scenario": scenario,
        "digest": "0" * 64,
        "title": text,
        "kind": "table_top" if scenario == "table-top" else "site_loss",
        "aim": text,
        "controller": "here",
        "lost_at_told": False,
        "verdict": "passed",
        **dict.fromkeys(("started", "ended", "lost_at"), "2026-11-26T08:00:00.000Z"),
    }
    return DrillRecord.model_validate(document | more)
