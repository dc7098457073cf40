"""What a restore asks restic for, and how tables are told apart."""

import pytest

from sec_ops.backup.proving.manifest import Table
from sec_ops.backup.proving.reading import Row
from sec_ops.backup.proving.verifying import subset, valid_subset
from sec_ops.backup.restoring.databases import compared_tables
from sec_ops.backup.restoring.wanted import chosen_rows, include_pattern
from sec_ops.backup.source import Facts
from sec_ops.backup.source import Table as Found


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/srv/www", "/srv/www"),
        ("/srv//www/", "/srv/www"),
        ("/srv/../etc", "/etc"),
        ("/a*", "/a\\*"),
        ("/a?[b]\\c", "/a\\?\\[b]\\\\c"),
        ("/$HOME", "/$HOME"),
        ("/line\nbreak", "/line\nbreak"),
    ],
)
def test_a_pattern_is_exactly_the_path(path: str, pattern: str) -> None:
    assert include_pattern(path) == pattern


def test_rows_at_and_below_the_paths() -> None:
    rows = [Row(path, path.encode(), "file", 1) for path in ("/a", "/a/b", "/ab", "/c")]
    assert [each.shown for each in chosen_rows(rows, ["/a/"])] == ["/a", "/a/b"]
    assert [each.shown for each in chosen_rows(rows, ["/c", "/ab"])] == ["/ab", "/c"]
    assert list(chosen_rows(rows, [])) == rows
    assert list(chosen_rows(rows, ["/"])) == rows


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ([Found(name="t", rows=3, checksum="1")], []),
        ([Found(name="t", rows=3)], []),
        ([Found(name="t", rows=2, checksum="1")], ["t: 2 rows, not 3"]),
        ([Found(name="t", rows=3, checksum="2")], ["t: as many rows, but not the same"]),
        ([], ["t: missing"]),
        ([Found(name="t", rows=3, checksum="1"), Found(name="u", rows=0)], ["u: was not saved"]),
    ],
)
def test_tables(found: list[Found], told: list[str]) -> None:
    assert [str(each) for each in compared_tables([Table(name="t", rows=3, checksum="1")], Facts(tables=found))] == told


def test_shares_rotate_and_are_checked() -> None:
    assert [subset(times) for times in (0, 11, 12)] == ["1/12", "12/12", "1/12"]
    assert all(map(valid_subset, ["1/12", "12/12", "10%", "2.5%", "100%", "500M", "all", "none"]))
    assert not any(map(valid_subset, ["", "0/12", "13/12", "0%", "101%", "-1", "500", "1/0", "--all", "all "]))
