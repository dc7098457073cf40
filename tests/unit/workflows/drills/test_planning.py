"""Scenarios of a site: every fault of every file with its line, and a digest that changes with what is read."""

import shutil
from pathlib import Path

import pytest

from sec_ops.backup.planning.checking import load_plans
from sec_ops.backup.planning.findings import Planned
from sec_ops.content.library import Library
from sec_ops.inventory.loading import load_inventory
from sec_ops.model.backup_settings import BackupSettings
from sec_ops.model.errors import ContentInvalid, UsageError
from sec_ops.model.organisation import Host
from sec_ops.transport.process import run_program
from sec_ops.workflows.drills.lint import RULES
from sec_ops.workflows.drills.planning import Drills, load_drills

_SHIPPED = Path(__file__).parents[4]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder with the example's content as a site's own."""
    for name in ("backup", "inventory"):
        shutil.copytree(_SHIPPED / name, tmp_path / name, ignore=shutil.ignore_patterns("levels"))
    return tmp_path


def _planned(library: Library) -> Planned:
    inventory = load_inventory(library.site_root, run_program, library=library)
    return load_plans(library, inventory, BackupSettings())


def _loaded(root: Path, *hosts: Host) -> Drills:
    library = Library.open(root)
    return load_drills(library, _planned(library), {each.name: each for each in hosts})


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_example_can_be_planned(site: Path) -> None:
    drills = _loaded(site)
    for name in drills.material.scenarios:
        plan = drills.plan(name)
        assert plan.scenario.id == name
        assert all(each.repositories and each.far <= set(each.repositories) for each in plan.systems)
    loss = drills.plan("site-loss")
    assert all(each.far == set(each.repositories) for each in loss.systems)


def test_every_fault_of_every_file_is_told_with_its_line(site: Path) -> None:
    _edit(site / "backup/drills/site-loss.yml", "- id: website-group", "- id: website-grup")
    _edit(site / "backup/recoveries/student-records.yml", "kind: nginx", "kind: ngix")
    _edit(site / "backup/recoveries/teacher-records.yml", "{database: teacher_records}", "{datbase: teacher_records}")
    with pytest.raises(ContentInvalid) as caught:
        _loaded(site)
    places = [fault.place.removeprefix(f"{site}/") for fault in caught.value.faults]
    assert [each.rpartition("backup/")[2] for each in places] == [
        "drills/site-loss.yml:13: systems[2].id",
        "recoveries/student-records.yml:8: services[1].kind",
        "recoveries/teacher-records.yml:5: services[0].loads.datbase",
    ]
    told = [fault.place for rule in RULES for fault in rule(Library.open(site))]
    assert sorted(told) == [fault.place for fault in caught.value.faults]


def test_hosts_of_the_inventory_are_production(site: Path) -> None:
    _edit(site / "backup/recoveries/website-group.yml", "path: /,", "path: '/?to=203.0.113.9',")
    _loaded(site)
    with pytest.raises(ContentInvalid) as caught:
        _loaded(site, Host(name="web-1", address="203.0.113.9"))
    (fault,) = caught.value.faults
    assert "203.0.113.9 is an address of production" in str(fault.message)


def test_a_site_s_own_backup_can_be_drilled_as_its_settings_say(site: Path) -> None:
    (site / "backup/plans/sec-ops.yml").unlink()
    assert len([fault for rule in RULES for fault in rule(Library.open(site))]) == 1
    own = "backup:\n  place: centre\n  own: {repository: sec-ops-a, copy_to: sec-ops-b, answers: chen}\n"
    (site / "sec-ops.yml").write_text(f"id: here\nname: {{zh: 本地, en: here}}\norigin: sec-ops/here-12345678\n{own}")
    assert [fault for rule in RULES for fault in rule(Library.open(site))] == []


def test_the_digest_changes_with_scenario_and_recovery_alone(site: Path) -> None:
    before = {name: _loaded(site).plan(name).digest for name in ("deleted-file", "dropped-table")}
    _edit(site / "backup/recoveries/student-records.yml", "at_least: 1", "at_least: 2")
    after = {name: _loaded(site).plan(name).digest for name in before}
    assert after["deleted-file"] != before["deleted-file"]
    assert after["dropped-table"] == before["dropped-table"]


def test_a_scenario_that_is_not_there_or_off_is_refused(site: Path) -> None:
    with (site / "backup/drills/ransomware.yml").open("a") as file:
        file.write("enabled: false\n")
    drills = _loaded(site)
    with pytest.raises(UsageError, match="no scenario is called site-los") as caught:
        drills.plan("site-los")
    assert "site-loss" in str(caught.value.advice)
    with pytest.raises(UsageError, match="switched off"):
        drills.plan("ransomware")
