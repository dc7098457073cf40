"""Comparing a manifest with what is there: every loss is counted, nothing that is right is."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.backup.proving.comparing import Differences, There, open_ledger
from sec_ops.backup.proving.reading import Row, as_shown

A, B = "a" * 64, "b" * 64
RIGHTS = (0o644, 0, 0)


def row(path: bytes, size: int = 1, sha256: str = A, proof: str = "", kind: str = "file") -> Row:
    return Row(as_shown(path), path, kind, size, "" if proof else sha256, proof)


def restored(folder: Path, rows: list[Row], there: dict[bytes, tuple[str, int, str]]) -> Differences:
    with open_ledger(folder) as ledger:
        ledger.expect_restored(rows)
        ledger.find([(path, "file", size, sha256) for path, (kind, size, sha256) in there.items() if kind == "file"])
        leads = {path: sha256 if kind == "symlink" else "" for path, (kind, _size, sha256) in there.items()}
        ledger.there([There(path, kind, leads[path], *RIGHTS) for path, (kind, _size, _sha256) in there.items()])
        return ledger.differences(beside="left out")


CASES: list[tuple[str, list[Row], dict[bytes, tuple[str, int, str]], dict[str, int]]] = [
    ("all right", [row(b"/a")], {b"/a": ("file", 1, A)}, {"proved": 1}),
    ("lost", [row(b"/a"), row(b"/b")], {b"/b": ("file", 1, A)}, {"missing": 1, "proved": 1}),
    ("altered", [row(b"/a")], {b"/a": ("file", 1, B)}, {"different": 1}),
    ("cut short", [row(b"/a", 2)], {b"/a": ("file", 1, B)}, {"different": 1}),
    ("more", [], {b"/a": ("file", 1, A)}, {"extra": 1}),
    ("a folder more", [], {b"/a": ("dir", 0, "")}, {}),
    ("a folder less", [row(b"/a", 0, "", kind="dir")], {}, {"missing": 1}),
    ("a link for a file", [row(b"/a")], {b"/a": ("symlink", 0, "")}, {"different": 1}),
    ("a link that leads elsewhere", [row(b"/a", 0, A, kind="symlink")], {b"/a": ("symlink", 0, B)}, {"different": 1}),
    ("a link as it was", [row(b"/a", 0, A, kind="symlink")], {b"/a": ("symlink", 0, A)}, {"proved": 1}),
    ("a link of an old manifest", [row(b"/a", 0, "", kind="symlink")], {b"/a": ("symlink", 0, B)}, {"proved": 1}),
    ("changed meanwhile", [row(b"/a", 9, "", "changed")], {b"/a": ("file", 7, B)}, {"unproved": 1}),
    ("changed meanwhile and lost", [row(b"/a", 9, "", "changed")], {}, {"missing": 1, "unproved": 1}),
    (
        "no UTF-8",
        [row(b"/\xff"), row(b"/\xfe", 1, B)],
        {b"/\xff": ("file", 1, A), b"/\xfe": ("file", 1, B)},
        {"proved": 2},
    ),
    ("no UTF-8, exchanged", [row(b"/\xff")], {b"/\xfe": ("file", 1, A)}, {"missing": 1, "extra": 1}),
    (
        "never read",
        [row("/\N{REPLACEMENT CHARACTER}".encode(), 1, "", "unread")],
        {b"/\xff": ("file", 1, A)},
        {"unproved": 1},
    ),
    ("empty", [row(b"/a", 0, A)], {b"/a": ("file", 0, A)}, {"proved": 1}),
]


@pytest.mark.parametrize(("about", "rows", "there", "counts"), CASES, ids=[each[0] for each in CASES])
def test_restored(
    tmp_path: Path, about: str, rows: list[Row], there: dict[bytes, tuple[str, int, str]], counts: dict[str, int]
) -> None:
    found = restored(tmp_path, rows, there)
    names = ("proved", "missing", "different", "extra", "unproved")
    assert {name: getattr(found, name) for name in names if getattr(found, name)} == counts
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("about", "saved", "there", "owners", "differs"),
    [
        ("as they were", (0o4750, 5, 6), (0o4750, 5, 6), "compared", False),
        ("a bit less", (0o4750, 5, 6), (0o750, 5, 6), "compared", True),
        ("open to all", (0o640, 5, 6), (0o644, 5, 6), "compared", True),
        ("another user", (0o640, 5, 6), (0o640, 0, 6), "compared", True),
        ("another group", (0o640, 5, 6), (0o640, 5, 0), "compared", True),
        ("not restored by root", (0o4750, 5, 6), (0o750, 1000, 1000), "left out", False),
        ("open to all, not by root", (0o640, 5, 6), (0o644, 1000, 1000), "left out", True),
        ("an old manifest", (-1, -1, -1), (0o644, 0, 0), "compared", False),
    ],
)
@pytest.mark.parametrize("kind", ["file", "dir"])
def test_rights(tmp_path: Path, kind: str, about: str, saved, there, owners, differs: bool) -> None:
    sha256 = A if kind == "file" else ""
    with open_ledger(tmp_path) as ledger:
        ledger.expect_restored([Row("/a", b"/a", kind, 1 if kind == "file" else 0, sha256, "", *saved)])
        ledger.find([(b"/a", "file", 1, A)])
        ledger.there([There(b"/a", kind, "", *there)])
        found = ledger.differences(owners=owners)
    assert (found.none, found.rights, found.paths.get("rights", [])) == (True, int(differs), ["/a"] * differs)


def test_rights_of_what_a_snapshot_shows(tmp_path: Path) -> None:
    link = Row("/l", b"/l", "symlink", 0, A, "", 0o777, 5, 6)
    for mode, user, rights in ((0o777, 5, 0), (0o755, 5, 0), (0o777, 0, 1)):
        with open_ledger(tmp_path) as ledger:
            ledger.expect_listed([link])
            ledger.find([(b"/l", "symlink", 0, "")])
            ledger.find_rights([(b"/l", "symlink", mode, user, 6)])
            found = ledger.differences()
        assert (found.none, found.rights) == (True, rights), "a link's own mode means nothing, its owner does"


def test_names_that_are_shown_alike_are_counted_each(tmp_path: Path) -> None:
    rows = [row(b"/\xff", 1), row(b"/\xfe", 2)]
    for sizes, missing in (([1, 2], 0), ([1], 1), ([1, 1], 1), ([], 2)):
        with open_ledger(tmp_path) as ledger:
            ledger.expect_listed(rows)
            ledger.find([("/\N{REPLACEMENT CHARACTER}".encode(), "file", size, "") for size in sizes])
            found = ledger.differences()
        assert found.none is (missing == 0), sizes


PATHS = st.binary(min_size=1, max_size=4).map(lambda name: b"/" + name.replace(b"/", b"_").replace(b"\0", b"_"))
TREES = st.dictionaries(PATHS, st.tuples(st.integers(0, 3), st.sampled_from([A, B])), max_size=8)


@given(saved=TREES, there=TREES)
@settings(max_examples=60, deadline=None)
def test_it_is_the_difference_of_two_sets(tmp_path_factory: pytest.TempPathFactory, saved, there) -> None:
    rows = [row(path, size, sha256) for path, (size, sha256) in saved.items()]
    found = restored(
        tmp_path_factory.getbasetemp(), rows, {path: ("file", size, sha256) for path, (size, sha256) in there.items()}
    )
    assert found.missing == len(saved.keys() - there.keys())
    assert found.extra == len(there.keys() - saved.keys())
    assert found.different == sum(saved[path] != there[path] for path in saved.keys() & there.keys())
    assert found.none is (saved == there)
