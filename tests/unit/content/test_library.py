"""The site's layer over the shipped one: replacements, patches, refusals, laws; nothing of the example mixes in."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.content.kinds import CHECKS, CLAUSES, KINDS, PROBES, RULE_CHANGES, SUPPRESSIONS, UNITS
from sec_ops.content.library import Library
from sec_ops.model.content import Layer
from sec_ops.model.errors import ContentInvalid, NotApproved
from sec_ops.model.messages import Message, message
from tests.unit.content.folders import INLINE, write, write_check, write_patch


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    root = tmp_path / "shipped"
    for name in ("one", "two"):
        write_check(root, name)
    return root


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


def _messages(library: Library) -> list[str]:
    return [f"{fault.line}: {fault.path}: {fault.message} ({fault.advice})" for fault in library.faults(CHECKS)]


def test_without_a_site_everything_is_shipped(shipped: Path) -> None:
    checks = Library.open(None, shipped=shipped).objects(CHECKS)
    assert {name: each.origin.layer for name, each in checks.items()} == {"one": Layer.SHIPPED, "two": Layer.SHIPPED}


def test_a_replacement(shipped: Path, site: Path) -> None:
    path = write_check(site, "one", days=30, more="overrides: one\n")
    checks = Library.open(site, shipped=shipped).objects(CHECKS)
    assert checks["one"].value.parameters["days"].default == 30
    assert checks["one"].origin.layer is Layer.SITE
    assert checks["one"].origin.path == path.relative_to(site).as_posix()
    assert checks["two"].origin.layer is Layer.SHIPPED


def test_a_patch_keeps_where_the_rest_came_from(shipped: Path, site: Path) -> None:
    write_patch(site, "one", "parameters: {days: 30}\nseverity: low\nenabled: false\n")
    checks = Library.open(site, shipped=shipped).objects(CHECKS)
    value, origin = checks["one"].value, checks["one"].origin
    assert (value.parameters["days"].default, value.severity, value.enabled) == (30, "low", False)
    assert value.title == checks["two"].value.title
    assert origin.layer is Layer.SITE
    assert origin.patched is not None
    assert origin.patched.layer is Layer.SHIPPED


def test_a_new_object_of_the_site(shipped: Path, site: Path) -> None:
    write_check(site, "three")
    assert list(Library.open(site, shipped=shipped).objects(CHECKS)) == ["one", "two", "three"]


REFUSED = [
    ("same id by accident", "check", "one", "", "id one is shipped already"),
    ("replaces nothing", "check", "onee", "overrides: onee\n", "nothing shipped has the id onee (did you mean one?)"),
    ("another id", "check", "three", "overrides: one\n", "overrides one, but has the id three"),
    ("patches nothing", "patch", "onee", "severity: low\n", "nothing shipped has the id onee (did you mean one?)"),
    (
        "patches too much",
        "patch",
        "one",
        "assert: 'false'\n",
        "a patch may change parameters, severity and enabled only",
    ),
    ("unknown parameter", "patch", "one", "parameters: {dayz: 1}\n", "unknown parameter (did you mean days?)"),
    ("another type", "patch", "one", "parameters: {days: '1'}\n", "the shipped value is 90"),
    ("a truth value is no number", "patch", "one", "parameters: {days: true}\n", "the shipped value is 90"),
    (
        "a wrong severity",
        "patch",
        "one",
        "severity: lo\n",
        "wants one of high, medium, low (did you mean low?)",
    ),
    ("parameters as a list", "patch", "one", "parameters: [1]\n", "wants a map of keys and values"),
    ("both at once", "patch", "one", "overrides: one\n", "patches and overrides exclude each other"),
]


@pytest.mark.parametrize(
    ("form", "name", "more", "expected"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refusals(shipped: Path, site: Path, form: str, name: str, more: str, expected: str) -> None:
    if form == "check":
        write_check(site, name, more=more)
    else:
        write_patch(site, name, more)
    found = _messages(Library.open(site, shipped=shipped))
    assert len(found) == 1
    assert expected in found[0]


def test_two_objects_with_one_id(shipped: Path) -> None:
    write(shipped, f"{CHECKS.folder}/other/one.yml", (shipped / CHECKS.folder / "linux/one.yml").read_text())
    assert "id one is already taken at" in _messages(Library.open(None, shipped=shipped))[0]


def test_a_replacement_and_a_patch_of_one_object(shipped: Path, site: Path) -> None:
    write_check(site, "one", more="overrides: one\n")
    write(site, f"{CHECKS.folder}/other/one.yml", "patches: one\nseverity: low\n")
    assert "is already taken at" in _messages(Library.open(site, shipped=shipped))[0]


def test_shipped_objects_override_nothing(shipped: Path) -> None:
    write_check(shipped, "three", more="overrides: one\n")
    assert "overrides: unknown key" in _messages(Library.open(None, shipped=shipped))[0]


def test_items_are_told_apart_and_heads_kept(tmp_path: Path) -> None:
    clause = (
        "  - {id: 8.9-a, level: 3, requirement_set: general, category: {code: X, zh: 类, en: c},"
        " control_point: {zh: 点, en: p}, statement: {zh: 述, en: s}, method: manual, objects: [server], change: new}\n"
    )
    write(tmp_path, f"{CLAUSES.folder}/general_l3.yml", f"standard: X\nitems:\n{clause}  - 5\n{clause}")
    faults = Library.open(None, shipped=tmp_path).faults(CLAUSES)
    assert [(fault.line, fault.path) for fault in faults] == [(4, "items[1]")]
    write(tmp_path, f"{CLAUSES.folder}/general_l3.yml", f"standard: X\nitems:\n{clause}{clause}")
    assert [fault.path for fault in Library.open(None, shipped=tmp_path).faults(CLAUSES)] == ["items[1].id"]
    write(tmp_path, f"{CLAUSES.folder}/general_l3.yml", f"standard: X\nitems:\n{clause}")
    library = Library.open(None, shipped=tmp_path)
    assert library.objects(CLAUSES)["8.9-a"].origin.line == 3
    assert [dict(each.value) for each in library.files(CLAUSES)] == [{"standard": "X"}]


NAMES = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True)


@given(shipped=NAMES, replaced=NAMES, patched=NAMES, added=st.lists(st.sampled_from(["x", "y"]), unique=True))
def test_overlay_laws(
    tmp_path_factory: pytest.TempPathFactory,
    shipped: list[str],
    replaced: list[str],
    patched: list[str],
    added: list[str],
) -> None:
    base, site = tmp_path_factory.mktemp("shipped"), tmp_path_factory.mktemp("site")
    replaced = [name for name in replaced if name in shipped]
    patched = [name for name in patched if name in shipped and name not in replaced]
    for name in shipped:
        write_check(base, name)
    for name in replaced:
        write_check(site, name, days=1, more=f"overrides: {name}\n")
    for name in patched:
        write_patch(site, name, "parameters: {days: 2}\n")
    for name in added:
        write_check(site, name, days=3)
    alone = Library.open(None, shipped=base).objects(CHECKS)
    over = Library.open(site, shipped=base).objects(CHECKS)
    assert set(over) == set(shipped) | set(added)
    for name, loaded in over.items():
        days = loaded.value.parameters["days"].default
        assert days == (1 if name in replaced else 2 if name in patched else 3 if name in added else 90)
        if name not in [*replaced, *patched, *added]:
            assert loaded == alone[name]


def test_the_example_never_mixes_with_a_site(tmp_path: Path) -> None:
    unit = "units:\n  - {id: city, name: {zh: 市, en: City}, kind: city}\n"
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    write(shipped, "inventory/sites/city.yml", unit)
    site.mkdir()
    assert list(Library.open(None, shipped=shipped).objects(UNITS)) == ["city"]
    assert not Library.open(site, shipped=shipped).objects(UNITS)
    write(site, "inventory/sites/own.yml", unit.replace("id: city", "id: own"))
    assert list(Library.open(site, shipped=shipped).objects(UNITS)) == ["own"]


def test_the_digest_changes_with_content_and_layer(shipped: Path, site: Path) -> None:
    before = Library.open(site, shipped=shipped).digest(CHECKS)
    assert before == Library.open(None, shipped=shipped).digest(CHECKS)
    write_patch(site, "one", "severity: low\n")
    assert Library.open(site, shipped=shipped).digest(CHECKS) != before


def test_the_digest_of_a_patch_covers_what_it_patches(shipped: Path, site: Path) -> None:
    write_patch(site, "one", "severity: high\n")
    before = Library.open(site, shipped=shipped).digest(CHECKS)
    write_check(shipped, "one", days=91)
    assert Library.open(site, shipped=shipped).digest(CHECKS) != before


@pytest.mark.parametrize("special", ["pipe", "device", "folder"])
def test_what_is_no_file_is_told_and_never_waited_for(shipped: Path, site: Path, special: str) -> None:
    path = site / CHECKS.folder / "linux" / "odd.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    makers = {"pipe": os.mkfifo, "device": lambda path: path.symlink_to("/dev/zero"), "folder": os.mkdir}
    makers[special](path)
    (fault,) = Library.open(site, shipped=shipped).faults(CHECKS)
    assert "could not read" in str(fault.message)


class _Approvals:
    """Approves the digests it was given."""

    def __init__(self, *digests: str) -> None:
        self.digests = digests

    def __call__(self, path: str, sha256: str) -> Message | None:
        return None if sha256 in self.digests else message("not approved")


def test_what_a_site_executes_needs_approval(shipped: Path, site: Path) -> None:
    write_check(shipped, "with-inline", probe=INLINE)
    write_check(site, "harmless")
    write_check(site, "inline", probe=INLINE)
    write_patch(site, "with-inline", "severity: low\n")
    write(site, f"{PROBES.folder}/linux/mine.yml", "id: mine\nrun: id\n")
    library = Library.open(site, shipped=shipped)
    with pytest.raises(NotApproved) as caught:
        library.require_approval(_Approvals(), CHECKS, PROBES)
    assert [Path(fault.file).name for fault in caught.value.faults] == ["inline.yml", "mine.yml"]
    digests = (library.objects(CHECKS)["inline"].origin.sha256, library.objects(PROBES)["mine"].origin.sha256)
    library.require_approval(_Approvals(*digests), CHECKS, PROBES)
    with pytest.raises(NotApproved, match="1 files"):
        library.require_approval(_Approvals(digests[0]), CHECKS, PROBES)


def test_the_shipped_content_is_sound() -> None:
    library = Library.open(None)
    library.load()
    sites_own = {RULE_CHANGES.name, SUPPRESSIONS.name}
    assert {kind.name for kind in KINDS.values() if not library.objects(kind)} == sites_own


def test_objects_raise_all_faults(shipped: Path) -> None:
    write(shipped, f"{CHECKS.folder}/linux/bad.yml", "id: bad\nnope: 1\n")
    with pytest.raises(ContentInvalid) as caught:
        Library.open(None, shipped=shipped).objects(CHECKS)
    assert len(caught.value.faults) > 5
