"""Texts read from Parquet pages are those of a scan, or nobody says anything of them."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from duckdb import DuckDBPyConnection
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.model.errors import EngineError, StorageError
from sec_ops.siem.embedded.engine import open_engine, quoted
from sec_ops.siem.embedded.pages import Pages

TEXTS = st.none() | st.text(max_size=8) | st.sampled_from(["a" * 127, "a" * 128, "字" * 300, "\x00", "K", "\n"])


def written(folder: Path, columns: dict[str, list[str | None]], version: str = "v2", name: str = "some") -> Path:
    path = folder / f"{name}.parquet"
    with open_engine(folder, threads=1, memory_megabytes=256) as engine:
        values = ", ".join(f"unnest(?::VARCHAR[]) AS {column}" for column in columns)
        options = f"FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION {version}"
        engine.execute(f"COPY (SELECT {values}) TO {quoted(str(path))} ({options})", list(columns.values()))
    return path


def pages(engine: DuckDBPyConnection, *paths: Path) -> Pages:
    return Pages(engine, paths[0].parent, paths)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[DuckDBPyConnection]:
    engine = open_engine(tmp_path, threads=1, memory_megabytes=256)
    yield engine
    engine.close()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(TEXTS, min_size=1, max_size=60), st.lists(TEXTS, min_size=1, max_size=10), st.sampled_from(["v1", "v2"])
)
def test_dictionaries_hold_what_rows_hold(first: list[str | None], second: list[str | None], version: str):
    with TemporaryDirectory() as name:
        folder = Path(name)
        one = written(folder, {"a": [*first, "x"], "b": [*reversed(first), None]}, version, "one")
        two = written(folder, {"a": second}, version, "two")
        with open_engine(folder, threads=1, memory_megabytes=256) as engine:
            read = pages(engine, one, two)
            found = read.texts(["a", "b", "c"])
            for column, values in {"a": [*first, "x", *second], "b": first, "c": []}.items():
                texts = found[column]
                assert texts is None or sorted(texts) == sorted({each for each in values if each is not None})
            for text in {each for each in first if each}:
                assert "b" in read.holding(["a", "b"], lambda data, text=text: text.encode() in data)  # type: ignore[misc]


def test_too_many_texts_for_a_dictionary(tmp_path: Path, opened: DuckDBPyConnection):
    many: list[str | None] = [f"text number {n} {n * 7919}" for n in range(30_000)]
    read = pages(opened, written(tmp_path, {"a": many, "b": ["same"] * 30_000}))
    assert read.texts(["a", "b"]) == {"a": None, "b": ["same"]}
    assert read.holding(["a", "b"], lambda data: b"number 29999 " in data) == {"a"}
    assert read.holding(["a", "b"], lambda data: b"nobody wrote this" in data) == set()


def test_lists_numbers_and_other_codecs_are_left_to_a_scan(tmp_path: Path, opened: DuckDBPyConnection):
    path = tmp_path / "other.parquet"
    opened.execute(
        f"COPY (SELECT 'x' AS a, 7 AS b, ['x'] AS c) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION gzip)"
    )
    read = pages(opened, path)
    assert read.texts(["a"]) == {"a": None}
    assert read.holding(["a", "b", "c"], lambda _data: False) == {"a"}


def test_what_is_broken_is_not_believed(tmp_path: Path, opened: DuckDBPyConnection):
    path = written(tmp_path, {"a": ["some", "text"] * 50})
    data = bytearray(path.read_bytes())
    for at in range(4, 60):
        data[at] ^= 0x5A
    path.write_bytes(bytes(data))
    assert pages(opened, path).texts(["a"]) == {"a": None}
    assert pages(opened, path).holding(["a"], lambda _data: False) == {"a"}


def test_a_file_that_is_gone_or_no_parquet(tmp_path: Path, opened: DuckDBPyConnection):
    path = written(tmp_path, {"a": ["x"] * 50})
    read = pages(opened, path)
    assert read.texts(["a"]) == {"a": ["x"]}
    path.unlink()
    with pytest.raises(StorageError):
        read.texts(["a"])
    path.write_bytes(b"nothing of the kind")
    with pytest.raises((EngineError, StorageError)):
        pages(opened, path).texts(["a"])
