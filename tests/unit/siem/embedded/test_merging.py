"""The rule of merging, as a table and as what it comes to after many days."""

import random
from dataclasses import replace

import pytest

from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.merging import ROWS_BOUND, TEXT_BOUND, merges


def made(*sizes: int, merged: int = 0, text: int = 1) -> list[EventFile]:
    return [
        EventFile(
            path=f"{place}",
            dataset="d",
            day="2026-07-28",
            rows=rows,
            bytes=rows,
            sha256="",
            first_us=place,
            last_us=place,
            first_received_us=0,
            last_received_us=0,
            sorted=place < merged,
            text_bytes=rows * text,
            columns=(0,),
        )
        for place, rows in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("sizes", "merged", "closed", "expected"),
    [
        ([5] * 7, 0, False, []),
        ([5] * 8, 0, False, [8]),
        ([5] * 7 + [50_000], 0, False, []),
        ([5] * 8 + [50_000] * 8, 0, False, [8, 8]),
        ([ROWS_BOUND] * 20, 20, False, []),
        ([600_000] * 8, 0, False, [6, 2]),
        ([5], 0, True, [1]),
        ([5], 1, True, []),
        ([5, 6, 7_000, 50_000], 0, True, [4]),
        ([1_000_000, 5], 1, True, [1]),
        ([1_000_000, 200_000], 1, True, [2]),
        ([40, 5], 1, True, [2]),
        ([41, 5], 1, True, [1]),
        ([3_000_000] * 3, 0, True, [1, 1, 1]),
        ([5] * 8, 8, True, [8]),
        ([], 0, True, []),
    ],
)
def test_what_is_merged(sizes: list[int], merged: int, closed: bool, expected: list[int]):
    files = made(*sizes, merged=merged)
    groups = merges(files, closed=closed)
    assert [len(group) for group in groups] == expected
    assert len({file.path for group in groups for file in group}) == sum(expected)
    assert all(sum(file.rows for file in group) <= ROWS_BOUND for group in groups)


def test_long_texts_make_small_groups():
    groups = merges(made(*[1_000] * 20, text=TEXT_BOUND // 5_000), closed=True)
    assert [len(group) for group in groups] == [5, 5, 5, 5]
    assert merges(made(*[1_000] * 20, text=TEXT_BOUND // 1_000, merged=20), closed=True) == []


def test_many_columns_make_small_groups():
    wide = [replace(file, columns=tuple(range(400))) for file in made(*[20_000] * 8)]
    assert [len(group) for group in merges(wide, closed=True)] == [4, 4]
    apart = [replace(file, columns=tuple(range(60 * n, 60 * n + 60))) for n, file in enumerate(made(*[100_000] * 4))]
    assert [len(group) for group in merges(apart, closed=True)] == [2, 2]


@pytest.mark.parametrize("closed", [True, False])
def test_rows_are_written_again_a_few_times_at_most(closed: bool):
    draw = random.Random(4)
    files: list[EventFile] = []
    given = written = 0
    for _ in range(3_000):
        rows = draw.choice([1, 10, 100, 5_000])
        given += rows
        files += made(rows)
        for group in merges(files, closed=closed):
            names = {id(file) for file in group}
            files = [file for file in files if id(file) not in names]
            files += made(sum(file.rows for file in group), merged=1)
            written += sum(file.rows for file in group)
    assert written <= 8 * given
    assert len(files) <= 40
    assert sum(file.rows for file in files) == given
