"""DuckDB in memory: no extension is loaded, nothing but the store's own folder is read or written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sec_ops.model.errors import EngineError, StorageError
from sec_ops.model.messages import message
from sec_ops.runtime.files import make_folder

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["engine_errors", "open_engine", "quoted"]


def open_engine(folder: Path, *, threads: int, memory_megabytes: int) -> "DuckDBPyConnection":
    """Return DuckDB in memory that reaches the files of a folder only; what memory can't hold spills into `.tmp`."""
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": str(make_folder(folder / ".tmp")),
        "threads": str(threads),
        "memory_limit": f"{memory_megabytes}MB",
    }
    with engine_errors(folder):
        connection = duckdb.connect(":memory:", config=settings)
        connection.execute(f"SET allowed_directories = [{quoted(str(folder))}]")
        connection.execute("SET parquet_metadata_cache = true")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    return connection


@contextmanager
def engine_errors(place: Path) -> Iterator[None]:
    """Turn DuckDB's errors into ours: StorageError when the disk refuses, else EngineError."""
    import duckdb

    try:
        yield
    except duckdb.IOException as error:
        what = message("the event store could not read or write its files: {reason}", reason=_first_line(error))
        advice = message("free space or mend permissions, then run the command again")
        raise StorageError(what, where=str(place), advice=advice) from error
    except duckdb.Error as error:
        what = message("the event store's engine failed: {reason}", reason=_first_line(error))
        raise EngineError(what, where=str(place)) from error


def quoted(text: str) -> str:
    """Return text as an SQL literal, for the places where DuckDB takes no parameter."""
    return "'" + text.replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:500]
