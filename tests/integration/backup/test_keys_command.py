"""`sec-ops backup keys` and `locks` as people call them, on real repositories."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.restic.requests import NewKey
from sec_ops.cli.main import run
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.secrets import Secret
from tests.integration.backup.test_restic_faults import in_the_middle_of_a_backup
from tests.servers.restic import make_repository, make_restic

pytestmark = pytest.mark.integration
EXAMPLE = Path(__file__).parents[3] / "inventory"
ROOT = Path(__file__).parents[3]


class Site:
    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        assert run(["init", str(root)]) == 0
        shutil.rmtree(root / "inventory")
        shutil.copytree(EXAMPLE, root / "inventory")

    def repository(self, name: str, **more: Any) -> Path:
        """Describe a repository in the site's folder; its password's file is not there yet."""
        folder = self.root / "backup" / "repositories"
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "id": name,
            "place": "centre",
            "location": str(self.root / "data" / name),
            "password": {"file": f"secrets/{name}"},
        }
        (folder / f"{name}.yml").write_text(json.dumps(document | more))
        return self.root / "data" / name

    def password(self, name: str) -> str:
        return (self.root / "secrets" / name).read_text().strip()

    def call(self, *words: str) -> tuple[int, Any]:
        self._capsys.readouterr()
        code = run(["--site", str(self.root), *words, "--json"])
        return code, json.loads(self._capsys.readouterr().out)

    def keys(self, *words: str) -> tuple[int, Any]:
        return self.call("backup", "keys", *words)

    def opens(self, name: str, password: str) -> bool:
        repository = make_repository(self.root / "data" / name, password=password)
        return make_restic(repository, self.root).cat_config().judged.good


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    return Site(tmp_path / "site", capsys)


def test_from_nothing_to_a_proved_set_of_keys(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.repository("a")
    code, _made = site.keys("init", "a", "--by", "chen")
    assert code == 0
    assert (site.root / "secrets" / "a").stat().st_mode & 0o077 == 0
    code, checked = site.keys("check", "a")
    assert (code, len(checked["repositories"][0]["findings"])) == (1, 1), "it has no escrow key yet"
    page = site.root / "page.html"
    code, _made = site.keys("escrow", "a", "--by", "chen", "--safe", "headmaster's safe", "--output", str(page))
    assert code == 0
    assert page.stat().st_mode & 0o077 == 0
    password = re.findall(r'class="key">([A-Z2-7-]+)<', page.read_text())[0]
    assert site.opens("a", password)
    typed = Path(site.root / "typed")
    typed.write_text(password.lower().replace("-", " ") + "\n")
    with typed.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        code, checked = site.keys("check", "--paper", "a", "a")
    assert code == 0
    assert [each["name"] for each in checked["repositories"][0]["tried"]] == ["daily", "paper"]
    _code, sealed = site.call("evidence", "list", "--kind", "backup.")
    assert [entry["data"]["change"] for entry in sealed["entries"]] == [
        "initialised",
        "checked",
        "escrowed",
        "checked",
    ]
    everything = b"".join(
        each.read_bytes() for folder in ("var", "backup") for each in (site.root / folder).rglob("*") if each.is_file()
    )
    for secret in (password, site.password("a")):
        assert secret.encode() not in everything


def test_a_key_nobody_knows_is_told_and_may_be_accepted(site: Site) -> None:
    location = site.repository("a")
    site.keys("init", "a", "--by", "chen")
    environment = os.environ | {"RESTIC_PASSWORD": site.password("a")}
    restic = Path(sys.executable).with_name("restic")
    (site.root / "new").write_text("another password")
    words = ["key", "add", "--new-password-file", str(site.root / "new"), "--user", "mallory", "--host", "x\x1b[31m"]
    subprocess.run([restic, "-r", str(location), *words], env=environment, check=True, capture_output=True)
    code, checked = site.keys("check", "a")
    unknown = [each for each in checked["repositories"][0]["findings"] if "mallory" in each]
    assert (code, len(unknown)) == (1, 1)
    key = next(each["id"] for each in checked["repositories"][0]["keys"] if each["user"] == "mallory")
    code, _accepted = site.keys("accept", "a", key[:12], "--by", "chen", "--safe", "box 2")
    assert code == 0
    code, checked = site.keys("check", "a")
    assert (code, checked["repositories"][0]["findings"]) == (0, [])


def test_another_repository_in_its_place_and_none_at_all(site: Site) -> None:
    location = site.repository("a")
    site.keys("init", "a", "--by", "chen")
    shutil.rmtree(location)
    code, checked = site.keys("check", "a")
    assert code == 5
    assert checked["repositories"][0]["tried"][0]["verdict"] == "no_repository"
    assert make_restic(make_repository(location, password=site.password("a")), site.root).init().judged.good
    code, checked = site.keys("check", "a")
    assert code == 1
    assert "another repository" in checked["repositories"][0]["findings"][0]


def test_rotation_retires_the_old_key(site: Site) -> None:
    site.repository("a")
    site.keys("init", "a", "--by", "chen")
    before = site.password("a")
    code, _rotated = site.keys("rotate", "a", "--by", "chen")
    after = site.password("a")
    assert code == 0
    assert before != after
    assert site.opens("a", after)
    assert not site.opens("a", before)
    code, checked = site.keys("check", "a")
    assert len(checked["repositories"][0]["keys"]) == 1


def rotated_once_unlocked(site: Site, *, seconds: float) -> bool:
    """Return whether the password can be changed; a restic whose parent was killed may still hold its lock a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        make_restic(make_repository(site.root / "data" / "a", password=site.password("a")), site.root).unlock()
        code, rotated = site.keys("rotate", "a", "--by", "chen")
        if code != Outcome.INCOMPLETE:
            assert code == 0, rotated
            return True
        time.sleep(0.5)
    return False


def test_kill_9_in_a_rotation_never_locks_anybody_out(site: Site) -> None:
    site.repository("a")
    site.keys("init", "a", "--by", "chen")
    words = ["--site", str(site.root), "backup", "keys", "rotate", "a", "--by", "chen"]
    for number in range(5):
        child = subprocess.Popen(
            [sys.executable, "-m", "sec_ops", *words],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(1.2 + number * 1.7)
        child.kill()
        child.wait()
        assert site.opens("a", site.password("a")), f"kill {number}"
    assert rotated_once_unlocked(site, seconds=60)
    _code, checked = site.keys("check", "a")
    assert len(checked["repositories"][0]["keys"]) == 1, checked


def test_a_key_that_a_killed_rotation_added_behind_its_successor_goes_too(site: Site) -> None:
    location = site.repository("a")
    site.keys("init", "a", "--by", "chen")
    neighbour = site.root / "secrets" / "a.new"
    neighbour.touch(0o600)
    neighbour.write_text("the new password\n")
    key = NewKey(
        password=Secret("the new password"),
        user="sec-ops",
        host=f"{socket.gethostname()}/{neighbour.stat().st_mtime_ns:x}",
    )
    restic = make_restic(make_repository(location, password=site.password("a")), site.root)
    for _ in range(2):
        assert restic.add_key(key).judged.good
    code, _rotated = site.keys("rotate", "a", "--by", "chen")
    assert code == 0
    _code, checked = site.keys("check", "a")
    assert len(checked["repositories"][0]["keys"]) == 1, checked


def test_all_repositories_are_checked_and_every_fault_is_told_at_once(site: Site) -> None:
    site.repository("a", password={"env": "MISSING_A"})
    site.repository("b", password={"env": "MISSING_B"}, certificate="nowhere.pem")
    code = run(["--site", str(site.root), "backup", "keys", "check", "--json"])
    assert code == 4


def test_locks_are_listed_and_cleared_by_name(site: Site) -> None:
    site.repository("a")
    site.keys("init", "a", "--by", "chen")
    code, listed = site.call("backup", "locks", "list", "a")
    assert (code, listed["locks"]) == (0, [])
    code, cleared = site.call("backup", "locks", "clear", "a")
    assert (code, cleared["removed"]) == (0, [])
    assert run(["--site", str(site.root), "backup", "locks", "clear", "a", "--dead-host", "x"]) == 2


def test_a_lock_of_another_host_goes_by_a_person_s_word_that_is_sealed(site: Site) -> None:
    site.repository("a")
    site.keys("init", "a", "--by", "chen")
    restic = make_restic(make_repository(site.root / "data" / "a", password=site.password("a")), site.root)
    with in_the_middle_of_a_backup(restic, "unshare", "--uts", "sh", "-c", 'hostname elsewhere; exec "$@"', "sh"):
        pass
    _code, listed = site.call("backup", "locks", "list", "a")
    (lock,) = listed["locks"]
    assert (lock["host"], lock["user"], lock["owner"]) == ("elsewhere", "root", "unknown")
    assert lock["pid"] > 0
    assert lock["age_ms"] >= 0
    code, cleared = site.call("backup", "locks", "clear", "a")
    assert (code, cleared["verdict"], len(cleared["left"])) == (3, "locked", 1)
    assert "--dead-host" in cleared["next"]
    words = ("--dead-host", "elsewhere", "--by", "chen", "--reason", "it burnt down")
    code, cleared = site.call("backup", "locks", "clear", "a", *words)
    assert (code, [each["host"] for each in cleared["removed"]], cleared["left"]) == (0, ["elsewhere"], [])
    _code, sealed = site.call("evidence", "list", "--kind", "backup.lock")
    (entry,) = sealed["entries"]
    assert (entry["data"]["person"], entry["data"]["reason"]) == ("chen", "it burnt down")


def test_a_probe_of_a_folder_that_claims_to_be_append_only(site: Site) -> None:
    site.repository("a", append_only=True)
    site.keys("init", "a", "--by", "chen")
    code, probed = site.call("backup", "probe")
    assert code == 1
    assert probed["repositories"][0]["immutable"] is False
    _code, sealed = site.call("evidence", "list", "--kind", "backup.probe")
    attacks = {each["attack"]: each["result"] for each in sealed["entries"][0]["data"]["attacks"]}
    assert attacks["delete"] == "done"
    assert attacks["overwrite"] == "not_tried"
