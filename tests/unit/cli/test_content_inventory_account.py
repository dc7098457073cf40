"""The commands of content, inventory and account from end to end, with real keys, Ansible and evidence log."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run
from sec_ops.content.kinds import CHECKS, KINDS, PROBES
from sec_ops.content.library import Library
from sec_ops.content.shipped import shipped_root
from sec_ops.identity.approvals import ContentApprovals, read_approvals
from sec_ops.identity.people import load_people
from sec_ops.model.errors import NotApproved
from sec_ops.runtime.site import Site
from sec_ops.transport.process import run_program
from tests.unit.content.folders import INLINE, write, write_check
from tests.unit.identity.keys import make_key

Command = Callable[..., tuple[int, Any, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a site made by `init`, the example as its own inventory, and real keys of two people."""
    folder = tmp_path_factory.mktemp("made")
    root = folder / "site"
    assert run(["init", str(root)]) == 0
    shutil.copytree(shipped_root() / "inventory", root / "inventory", dirs_exist_ok=True)
    for name in ("zhou", "wu"):
        key = make_key(folder, name)
        assert run(["--site", str(root), "account", "key", name, "--add", f"{key}.pub"]) == 0
    return folder


@pytest.fixture
def site(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A copy of it for one test, which stands in it."""
    monkeypatch.setenv("LC_ALL", "C")
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path / "site")
    return Site(tmp_path / "site")


@pytest.fixture
def command(site: Site, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command; return its exit code, its JSON document and what it told on stderr."""
    assert site.root.is_dir()

    def call(*words: object) -> tuple[int, Any, str]:
        capsys.readouterr()
        code = run([*map(str, words), "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return call


def _kinds_in_log(site: Site) -> list[str]:
    lines = [line for path in sorted(site.evidence.glob("log/*.jsonl")) for line in path.read_text().splitlines()]
    return [json.loads(line)["kind"] for line in lines]


def test_a_role_is_granted_by_signature_and_revoked(site: Site, command: Command, tmp_path: Path) -> None:
    assert command("account", "add", "neu", "--name", "新示例", "--unit", "qinglan")[0] == 0
    grant = ("account", "role", "neu", "--grant", "responder", "--by", "zhou", "--key")
    code, body, _ = command(*grant, tmp_path / "zhou")
    assert (code, body["change"], body["detail"]["assurance"]) == (0, "role_granted", "signed")
    listed = command("account", "list")[1]["people"][-1]
    assert [(role["role"], role["assurance"], role["fault"]) for role in listed["roles"]] == [
        ("responder", "signed", None)
    ]
    assert command("account", "role", "neu", "--revoke", "responder")[0] == 0
    assert command("account", "list")[1]["people"][-1]["roles"] == []
    assert _kinds_in_log(site)[-3:] == ["account.changed/1"] * 3


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("role", "neu", "--grant", "responder", "--by", "neu", "--document", "1"), 2, "a second person"),
        (("role", "chen", "--grant", "responder", "--by", "zhou"), 2, "signature or the number of a document"),
        (
            ("role", "chen", "--grant", "responder", "--by", "zhou", "--key", "{keys}/wu"),
            2,
            "not one of a valid key of zhou",
        ),
        (("role", "chen", "--grant", "responder", "--by", "wu", "--key", "{keys}/wu"), 4, "wu may not grant roles"),
        (
            ("role", "chen", "--grant", "audit_administrator", "--by", "zhou", "--document", "1"),
            4,
            "two administrator roles",
        ),
        (("role", "chen", "--grant", "king", "--by", "zhou"), 2, "king"),
        (("role", "chen"), 2, "--grant ROLE and --revoke ROLE"),
        (("add", "chen", "--name", "x", "--unit", "qinglan"), 2, "chen is in people.yml already"),
        (("add", "new", "--name", "x", "--unit", "qinglam"), 2, "did you mean qinglan?"),
        (("key", "chen", "--add", "{keys}/zhou"), 2, "is no SSH public key file"),
        (("expire", "chen", "--on", "tomorrow"), 4, "not a date"),
        (("expire", "ghost"), 2, "no person has the id ghost"),
    ],
)
def test_refused_changes_change_nothing(
    site: Site, command: Command, tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    before, sealed = (site.root / "inventory/people.yml").read_bytes(), len(_kinds_in_log(site))
    found = command("account", *(word.format(keys=tmp_path) for word in words))
    assert (found[0], told in found[2]) == (code, True), found[2]
    assert (site.root / "inventory/people.yml").read_bytes() == before
    assert len(_kinds_in_log(site)) == sealed


def test_a_forged_grant_is_found(site: Site, command: Command, tmp_path: Path) -> None:
    command("account", "add", "neu", "--name", "新示例", "--unit", "qinglan")
    command("account", "role", "neu", "--grant", "responder", "--by", "zhou", "--key", tmp_path / "zhou")
    people = site.root / "inventory/people.yml"
    text = people.read_text(encoding="utf-8")
    head, tail = text.rsplit("role: responder", 1)
    people.write_text(f"{head}role: commander{tail}", encoding="utf-8")
    code, body, _ = command("account", "list")
    assert (code, body["outcome"]) == (1, ["findings"])
    assert "not one of a valid key of zhou" in body["people"][-1]["roles"][0]["fault"]


def test_content_that_executes_runs_once_it_is_approved(site: Site, command: Command, tmp_path: Path) -> None:
    probe = write(site.root, f"{PROBES.folder}/linux/mine.yml", "id: mine\nrun: id\n")
    check = write_check(site.root, "inline", probe=INLINE)

    def require() -> None:
        library = Library.open(site.root)
        people = load_people(library)
        approvals = ContentApprovals(approvals=read_approvals(site.approvals), people=people, run_program=run_program)
        library.require_approval(approvals, CHECKS, PROBES)

    with pytest.raises(NotApproved, match="2 files"):
        require()
    approve = ("content", "approve", probe, check, "--key", tmp_path / "zhou", "--author", "chen")
    code, body, _ = command(*approve)
    assert code == 0
    assert (body["approval"]["approver"], len(body["approval"]["subjects"])) == ("zhou", 2)
    require()
    assert _kinds_in_log(site)[-2:] == ["content.approval/1"] * 2
    probe.write_text("id: mine\nrun: id -u\n")
    with pytest.raises(NotApproved, match="1 files"):
        require()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--key", "{keys}/wu", "--author", "chen"), "wu is not a security administrator"),
        (("--key", "{keys}/zhou", "--author", "zhou"), "zhou wrote it and may not approve it"),
        (("--key", "{keys}/wu", "--author", "chen", "--by", "zhou"), "not one of a valid key of zhou"),
        (("--key", "{keys}/zhou", "--author", "ghost"), "no person has the id ghost"),
    ],
)
def test_who_may_not_approve(site: Site, command: Command, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    probe = write(site.root, f"{PROBES.folder}/linux/mine.yml", "id: mine\nrun: id\n")
    code, _, err = command("content", "approve", probe, *(word.format(keys=tmp_path) for word in words))
    assert (code, told in err) == (2, True), err
    assert not site.approvals.exists()


def test_only_the_sites_content_is_approved(command: Command, tmp_path: Path) -> None:
    shipped = shipped_root() / "rules/graded_protection/catalog/scoring.yml"
    code, _, err = command("content", "approve", shipped, "--key", tmp_path / "zhou", "--author", "chen")
    assert (code, "is no content of the site" in err) == (2, True)


def test_lint_lists_every_fault_and_exits_4(site: Site, command: Command) -> None:
    write(site.root, f"{CHECKS.folder}/linux/one.yml", "id: other\nnope: 1\n")
    write(site.root, f"{PROBES.folder}/linux/two.yml", "id: [\n")
    code, body, err = command("content", "lint")
    assert (code, body["schema"], body["outcome"]) == (4, "sec-ops/error", ["invalid"])
    assert {Path(fault["file"]).name for fault in body["error"]["faults"]} == {"one.yml", "two.yml"}
    assert "linux/one.yml:2: nope: unknown key" in err
    only_two = command("content", "lint", site.root / PROBES.folder)[1]
    assert {Path(fault["file"]).name for fault in only_two["error"]["faults"]} == {"two.yml"}


def test_lint_of_sound_content(command: Command) -> None:
    code, body, _ = command("content", "lint")
    assert (code, body["faults"]) == (0, [])
    assert set(body["objects"]) == set(KINDS)


def test_list_shows_layers(site: Site, command: Command) -> None:
    write_check(site.root, "mine")
    objects = command("content", "list", "checks")[1]["objects"]
    layers = {each["id"]: each["layer"] for each in objects}
    assert layers.pop("mine") == "site"
    assert set(layers.values()) == {"shipped"}
    code, _, err = command("content", "list", "cheks")
    assert (code, "did you mean checks?" in err) == (2, True)


def test_schemas_are_written(command: Command, tmp_path: Path) -> None:
    code, body, _ = command("content", "schema", "--output", tmp_path / "schemas")
    assert code == 0
    assert [Path(path).name for path in body["files"]] == [f"{name}.schema.json" for name in KINDS]
    assert json.loads(Path(body["files"][0]).read_text())["title"] == "sec-ops checks"


def test_inventory_of_the_site(site: Site, command: Command) -> None:
    code, body, _ = command("inventory", "check")
    assert (code, body["units"], body["systems"], body["hosts"]) == (0, 16, 6, 20)
    listed = command("inventory", "list", "--systems")[1]
    assert {system["id"]: system["level"] for system in listed["systems"]}["website-group"] == 2
    assert "units" not in listed
    graph = command("inventory", "graph", "--format", "dot")[1]
    assert graph["graph"].startswith("digraph")
    (site.root / "inventory/systems/website-group.yml").write_text("id: website-group\n")
    code, body, _ = command("inventory", "check")
    assert (code, len(body["error"]["faults"]) > 5) == (4, True)


def test_the_example_is_not_a_sites(site: Site, command: Command) -> None:
    shutil.rmtree(site.root / "inventory")
    assert command("inventory", "check")[1]["hosts"] == 0
    assert command("inventory", "check", "--example")[1]["hosts"] == 20


@pytest.mark.parametrize("language", ["zh", "en"])
def test_texts_for_people(site: Site, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.root.is_dir()
    for words in (
        "content list units",
        "content lint",
        "inventory list",
        "inventory graph",
        "account list",
        "inventory check",
    ):
        capsys.readouterr()
        assert run(["--lang", language, *words.split()]) == 0
        assert capsys.readouterr().out.strip()
