"""The sheet: whole for every kind of source, in both languages, harmless whatever names hold, without a secret."""

import html
import re
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.by_hand import Hand
from sec_ops.backup.keys.register import KnownKey, KnownRepository
from sec_ops.backup.planning.checking import load_plans
from sec_ops.backup.sheet.building import Material, sheet_of
from sec_ops.backup.sheet.page import printed_sheet
from sec_ops.backup.sheet.plain import plain_sheet
from sec_ops.backup.sheet.values import Sheet
from sec_ops.backup.sources import kinds, source_of
from sec_ops.model.backup_settings import BackupSettings
from sec_ops.model.text import printable
from sec_ops.model.values import Text
from tests.unit.backup.planning.plans import PLAN, inventory, library

_EVIL = "</pre><script>alert(1)</script>\x1b[2J\u202e\n$ rm -rf /"
_SETTINGS: dict[str, dict[str, Any]] = {
    "cms": {"paths": ["/srv/portal"], "database": {"kind": "sqlite", "settings": {"path": "/srv/portal.db"}}},
    "command": {"command": ["export"], "filename": "x.json", "load": ["import", "a b"]},
    "dm8": {"user": "SYSDBA", "folder": "/dm8"},
    "files": {"paths": ["/srv/a"]},
    "kingbase": {"user": "u", "database": "d"},
    "mariadb": {"user": "u", "database": "d"},
    "mariadb_binlog": {"user": "u", "folder": "/srv/binlog"},
    "mysql": {"user": "u", "database": "d"},
    "openldap": {"suffix": "dc=edu"},
    "postgresql": {"user": "u", "database": "d"},
    "postgresql_base": {"user": "u", "archive": "/srv/wal"},
    "postgresql_receivewal": {"user": "u", "slot": "s", "folder": "/srv/wal", "synchronous": False},
    "redis": {},
    "site": {"folder": "/srv/sec-ops"},
    "sqlite": {"path": "/srv/app.db"},
    "sqlserver": {"user": "u", "database": "d", "folder": "/srv/bak"},
    "windows_files": {"paths": ["D:\\records"]},
}


def _sheet(root: Path, *sources: dict[str, Any], known: bool = True, **repositories: dict[str, Any]) -> Sheet:
    plan = PLAN | ({"sources": list(sources)} if sources else {})
    planned = load_plans(library(root, plan, **repositories), inventory(), BackupSettings())
    key = KnownKey(id="ab" * 32, purpose="escrow", safe=_EVIL, recorded="2026-11-26T00:00:00.000Z")
    register = {name: KnownRepository(repository_id="cd" * 32, keys=(key,)) for name in ("near", "far")}
    return sheet_of(
        Material(
            planned=planned,
            known=register if known else {},
            people={},
            hosts=inventory().hosts,
            site=Text(zh=f"青岚{_EVIL}", en="Qinglan"),
            root=root,
            machine="ops-1",
            made="2026-11-26T00:00:00.000Z",
            tool="sec-ops",
        )
    )


def test_every_kind_of_source_says_how_it_comes_back() -> None:
    assert set(_SETTINGS) == set(kinds())
    for name, settings in _SETTINGS.items():
        source = source_of(name)
        steps = source.by_hand(source.settings.model_validate(settings), Hand(system="s", source="x"))
        commands = [line for step in steps for line in step.commands]
        assert any(line.startswith("restic ") for line in commands), name


def test_names_from_outside_are_harmless(tmp_path: Path) -> None:
    source = {"id": "odd", "kind": "files", "settings": {"paths": [f"/srv/{_EVIL}"]}}
    database = {"id": "data", "kind": "sqlite", "settings": {"path": f"/srv/{_EVIL}"}}
    sheet = _sheet(tmp_path, source, database, near={"location": f"/srv/{_EVIL}"})
    page, text = printed_sheet(sheet).decode(), plain_sheet(sheet)
    assert "<script" not in page
    assert printable(page) == page
    assert printable(text) == text
    typed = [line for line in text.splitlines() if line.lstrip().startswith("$ ")]
    assert not [line for line in typed if line.lstrip().startswith("$ rm")]
    assert [line.lstrip()[2:] for line in typed] == [
        html.unescape(each) for each in re.findall(r'<pre class="command">(.*?)</pre>', page)
    ]


def test_chinese_comes_first_and_english_is_complete(tmp_path: Path) -> None:
    text = plain_sheet(_sheet(tmp_path))
    lines = text.splitlines()
    assert re.search(r"[\u4e00-\u9fff]", lines[0])
    assert lines[1] == "restore without sec-ops"
    page = printed_sheet(_sheet(tmp_path)).decode()
    paragraphs = re.findall(r"<p>(.*?)</p>", page)
    assert paragraphs
    assert not [each for each in paragraphs[1:] if '<span lang="en">' not in each]


def test_where_which_key_and_from_which_safe(tmp_path: Path) -> None:
    more = {
        "location": "rest:https://[fd77::2]:8000/records",
        "hosts": {},
        "certificate": "inventory/authority.pem",
        "credentials": {"RESTIC_REST_USERNAME": {"env": "X"}, "RESTIC_REST_PASSWORD": {"file": "secrets/rest"}},
    }
    pages = {"id": "pages", "kind": "files", "settings": {"paths": ["/srv"]}}
    text = plain_sheet(_sheet(tmp_path, pages, near=more, far={"location": "/srv/far", "hosts": {}}))
    assert "export RESTIC_REPOSITORY='rest:https://[fd77::2]:8000/records'" in text
    assert f"export RESTIC_CACERT={tmp_path}/inventory/authority.pem" in text
    assert "read -r -s -p 'RESTIC_REST_PASSWORD: ' RESTIC_REST_PASSWORD && export RESTIC_REST_PASSWORD" in text
    assert "key abababababababab" in text
    assert "export RESTIC_REPOSITORY=/srv/far" in text


@pytest.mark.parametrize("path", ["inventory/known", "a b/it's"])
def test_sftp_takes_its_keys_along(tmp_path: Path, path: str) -> None:
    more = {"location": "sftp:backup@b.example:/srv", "known_hosts": path, "identity_file": "secrets/key"}
    text = plain_sheet(_sheet(tmp_path, near=more))
    (line,) = [each for each in text.splitlines() if "restic()" in each]
    assert "sftp.args=" in line
    assert "UserKnownHostsFile" in line
    assert line.endswith('"$@"; }')


def test_a_repository_without_a_key_in_a_safe_is_told(tmp_path: Path) -> None:
    assert [str(each) for each in _sheet(tmp_path, known=False).open_points] == [
        "far has no key in a safe: sec-ops backup keys escrow",
        "near has no key in a safe: sec-ops backup keys escrow",
    ]
    assert _sheet(tmp_path).open_points == ()


def test_what_is_switched_off_is_not_on_it(tmp_path: Path) -> None:
    planned = load_plans(library(tmp_path, PLAN | {"enabled": False}), inventory(), BackupSettings())
    material = Material(
        planned=planned,
        known={},
        people={},
        hosts={},
        site=Text(zh="市", en="city"),
        root=tmp_path,
        machine="ops-1",
        made="",
        tool="",
    )
    assert "system:records" not in plain_sheet(sheet_of(material))
