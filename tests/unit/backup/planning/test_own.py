"""The plan of this program itself: one line of the configuration, checked as every other plan."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sec_ops.backup.planning.checking import load_plans
from sec_ops.backup.planning.findings import findings
from sec_ops.backup.planning.own import all_plans
from sec_ops.content.library import Library
from sec_ops.model.backup_settings import BackupSettings
from sec_ops.model.errors import ContentInvalid
from tests.unit.backup.planning.plans import PLAN, inventory, library

_OWN: dict[str, Any] = {"repository": "near", "answers": "chen", "copy_to": "far"}


def _settings(own: dict[str, Any], **more: Any) -> BackupSettings:
    return BackupSettings.model_validate({"place": "centre", "own": own, **more})


def test_one_line_makes_a_plan(tmp_path: Path) -> None:
    planned = load_plans(library(tmp_path, PLAN), inventory(), _settings(_OWN))
    plan = planned.plans["sec-ops"]
    assert (plan.place, plan.repositories) == ("centre", ("near", "far"))
    assert [(each.kind, each.settings) for each in plan.sources] == [("site", {"folder": str(tmp_path.resolve())})]
    assert findings(planned) == ()


def test_without_a_copy_it_is_no_better_than_other_plans(tmp_path: Path) -> None:
    alone = {name: value for name, value in _OWN.items() if name != "copy_to"}
    planned = load_plans(library(tmp_path, PLAN), inventory(), _settings(alone))
    assert [each.kind for each in findings(planned)] == ["no_copy", "not_off_site"]


def test_a_file_takes_its_place(tmp_path: Path) -> None:
    source = {"id": "site", "kind": "site", "settings": {"folder": "/elsewhere"}}
    content = library(tmp_path, PLAN, PLAN | {"id": "sec-ops", "sources": [source], "answers": "chen"})
    wrong = _settings(_OWN | {"answers": "nobody"})
    assert load_plans(content, inventory(), wrong).plans["sec-ops"].sources[0].settings == {"folder": "/elsewhere"}


@pytest.mark.parametrize(
    ("own", "more", "path"),
    [
        ({"repository": "nera"}, {}, "backup.own.repository"),
        ({"copy_to": "elsewhere"}, {}, "backup.own.copy_to"),
        ({"answers": "cheng"}, {}, "backup.own.answers"),
        ({"place": "moon"}, {}, "backup.own.place"),
        ({}, {"place": None}, "backup.own.place"),
    ],
)
def test_what_it_names_must_be_there(tmp_path: Path, own: dict[str, Any], more: dict[str, Any], path: str) -> None:
    settings = _settings(_OWN | own, **more)
    with pytest.raises(ContentInvalid) as caught:
        load_plans(library(tmp_path, PLAN), inventory(), settings)
    (fault,) = caught.value.faults
    assert (fault.path, Path(fault.file).name) == (path, "sec-ops.yml")


def test_a_copy_in_the_same_repository_is_none() -> None:
    with pytest.raises(ValidationError, match="one repository"):
        _settings(_OWN | {"copy_to": "near"})


def test_the_example_has_no_plan_of_its_own_folder(tmp_path: Path) -> None:
    assert "sec-ops" not in all_plans(Library.open(None, shipped=tmp_path), _settings(_OWN))
