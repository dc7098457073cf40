"""An audit judges the clause parts of backups by what backup commands sealed, and by nothing else."""

import json
import shutil
from pathlib import Path

import pytest

from tests.backup_site import BackupSite
from tests.servers.process import free_port

pytestmark = pytest.mark.integration
SYSTEM = "student-records"
RULES = {
    "backups-run-on-schedule": "8.1.4.9-a.1",
    "backups-are-scoped": "8.1.4.9-a.2",
    "restores-are-tested": "8.1.4.9-a.3",
    "copies-go-off-site": "8.1.4.9-b.1",
    "backups-as-laid-down": "8.1.10.11-b.2",
}
"""By rule of the operational map: a part that it decides."""


@pytest.fixture
def site(tmp_path: Path, _made: Path, _made_far: Path, capsys: pytest.CaptureFixture[str]) -> BackupSite:
    """A site of one system, whose host refuses us, so that only what was sealed can answer."""
    site = BackupSite(tmp_path / "site", capsys)
    site.repository("near", _made)
    site.repository("far", _made_far, place="second-site")
    inventory = site.root / "inventory"
    shutil.rmtree(inventory / "systems")
    (inventory / "systems").mkdir()
    system = {
        "id": SYSTEM,
        "name": {"zh": "学籍", "en": "Student records"},
        "unit": "qinglan",
        "grading": "S3A3G3",
        "leader": "lin",
        "operator": "chen",
        "rto_seconds": 14_400,
        "rpo_seconds": 86_400,
        "hosts": ["records"],
    }
    (inventory / "systems" / f"{SYSTEM}.yml").write_text(json.dumps(system))
    host = {"ansible_host": "127.0.0.1", "ansible_port": free_port(), "ansible_user": "nobody"}
    (inventory / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"records": host}}}))
    (inventory / "known_hosts").touch()
    return site


def audited(site: BackupSite) -> tuple[dict[str, str], dict[str, str]]:
    """Audit the system; return what each of the rules came to, and what the part that it decides did."""
    _code, body = site.call("audit", "run", "--system", SYSTEM)
    parts = {part["id"]: part for clause in body["clauses"] for part in clause["parts"]}
    found = {
        rule: [each["verdict"] for each in parts[name]["findings"] if each["check"] == rule]
        for rule, name in RULES.items()
    }
    return {rule: verdict for rule, (verdict,) in found.items()}, {
        rule: parts[name]["verdict"] for rule, name in RULES.items()
    }


def test_what_backup_commands_sealed_answers_their_parts(site: BackupSite, tree: Path, tmp_path: Path) -> None:
    """A part whose host nobody could read stays open beside it: this tool's backups are not all there may be."""
    copy = {"repository": "far", "timing": {"every_hours": 1}, "retention": {"last": 2}}
    site.files(SYSTEM, tree, "near", copies=[copy])
    assert set(audited(site)[0].values()) == {"undetermined"}, "a plan alone answers nothing"
    for words in (
        ("run", SYSTEM),
        ("copy", SYSTEM),
        ("restore", SYSTEM, "--target", str(tmp_path / "out")),
        ("status", "--seal"),
    ):
        code, body = site.call("backup", *words)
        assert code == 0, body
    found, parts = audited(site)
    assert found == {
        "backups-run-on-schedule": "compliant",
        "backups-are-scoped": "manual",
        "restores-are-tested": "compliant",
        "copies-go-off-site": "compliant",
        "backups-as-laid-down": "manual",
    }
    assert set(parts.values()) <= {"undetermined", "manual"}


def test_without_a_plan_a_summary_answers_nothing(site: BackupSite) -> None:
    site.call("backup", "status", "--seal")
    found, parts = audited(site)
    assert set(found.values()) == {"undetermined"}
    assert set(parts.values()) == {"undetermined"}


def test_backups_that_fail_are_not_compliant(site: BackupSite, tree: Path) -> None:
    site.files(SYSTEM, tree, "near")
    shutil.rmtree(tree)
    assert site.call("backup", "run", SYSTEM)[0] == 5
    site.call("backup", "status", "--seal")
    found, parts = audited(site)
    for rule in ("backups-run-on-schedule", "backups-as-laid-down"):
        assert (found[rule], parts[rule]) == ("non_compliant", "non_compliant")
    assert "compliant" not in found.values()
