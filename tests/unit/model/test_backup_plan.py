"""Plans and repositories: what they refuse, and when they need approval."""

from typing import Any

import pytest
from pydantic import ValidationError

from sec_ops.model.backup_plan import BackupPlan, Repository

_PLAN: dict[str, Any] = {
    "id": "records",
    "place": "centre",
    "answers": "chen",
    "sources": [{"id": "pages", "kind": "files"}],
    "repository": "near",
    "timing": {"daily": "02:30"},
    "retention": {"daily": 7},
}
_FAR = {"repository": "far", "timing": {"daily": "04:30"}, "retention": {"daily": 7}}
_REPOSITORY: dict[str, Any] = {"id": "near", "place": "centre", "location": "/srv/backup", "password": {"file": "/key"}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sources": [{"id": "pages", "kind": "files"}] * 2}, "two sources"),
        ({"sources": [{"id": "a", "kind": "files", "consistent_with": ["b"]}]}, "called b"),
        ({"sources": []}, "at least 1"),
        ({"retention": {}}, "keeps nothing"),
        ({"copies": [_FAR, _FAR]}, "one repository"),
        ({"copies": [_FAR | {"repository": "near"}]}, "one repository"),
        ({"timing": {"daily": "2:30"}}, "02:30"),
    ],
)
def test_what_a_plan_refuses(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        BackupPlan.model_validate(_PLAN | change)


@pytest.mark.parametrize(
    ("change", "executes"),
    [
        ({}, False),
        ({"hooks": [{"when": "before", "command": ["sync"]}]}, True),
        ({"sources": [{"id": "own", "kind": "command"}]}, True),
        ({"sources": [{"id": "data", "kind": "postgresql", "password": {"command": "tell"}}]}, True),
        ({"sources": [{"id": "data", "kind": "postgresql", "password": {"file": "/key"}}]}, False),
    ],
)
def test_a_plan_that_names_commands_executes(change: dict[str, Any], *, executes: bool) -> None:
    assert BackupPlan.model_validate(_PLAN | change).executes is executes


@pytest.mark.parametrize(
    ("change", "executes"),
    [
        ({}, False),
        ({"password": {"command": "tell"}}, True),
        ({"escrow": {"command": "tell"}}, True),
        ({"credentials": {"AWS_SECRET_ACCESS_KEY": {"command": "tell"}}}, True),
    ],
)
def test_a_repository_whose_secrets_a_command_tells_executes(change: dict[str, Any], *, executes: bool) -> None:
    assert Repository.model_validate(_REPOSITORY | change).executes is executes


@pytest.mark.parametrize(
    ("location", "good"),
    [
        ("/srv/backup", True),
        ("sftp:backup@b.edu.example:/srv/backup", True),
        ("rest:https://b.edu.example:8000/records", True),
        ("rest:http://[fd77::2]:8000/records", True),
        ("s3:https://s3.edu.example/bucket/records", True),
        ("rest:https://me:word@b.edu.example/records", False),
        ("s3:https://me:word@s3.edu.example/bucket", False),
        ("rclone:remote:records", False),
        ("var/backup of the site", True),
        ("--option", False),
    ],
)
def test_locations(location: str, *, good: bool) -> None:
    if good:
        assert Repository.model_validate(_REPOSITORY | {"location": location}).location == location
    else:
        with pytest.raises(ValidationError):
            Repository.model_validate(_REPOSITORY | {"location": location})


@pytest.mark.parametrize("reference", [{}, {"file": "/a", "env": "A"}, {"value": "word"}])
def test_a_secret_is_one_reference(reference: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Repository.model_validate(_REPOSITORY | {"password": reference})
