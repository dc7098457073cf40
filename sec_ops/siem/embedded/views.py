"""What a reader sees: the files of one moment and the columns of their datasets, which stay until it is done."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sec_ops.runtime.presence import present
from sec_ops.siem.embedded.columns import read_columns
from sec_ops.siem.embedded.fields import Column, Field
from sec_ops.siem.embedded.files import EventFile, files_between
from sec_ops.siem.embedded.manifest import Manifest

__all__ = ["Span", "View", "viewing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """[since, until) in microseconds, None is open; `clock` is "" for the events' own time, "received_" for receipt."""

    since_us: int | None = None
    until_us: int | None = None
    clock: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Files of a span by dataset, and what columns the datasets have."""

    files: Mapping[str, tuple[EventFile, ...]]
    columns: Mapping[str, Mapping[Field, Column]]

    def all_files(self) -> list[EventFile]:
        """Return the files of all datasets."""
        return [file for each in self.files.values() for file in each]

    def without(self, paths: Collection[str]) -> "View":
        """Return the view without the files of these paths."""
        left = {dataset: tuple(file for file in each if file.path not in paths) for dataset, each in self.files.items()}
        return View({dataset: files for dataset, files in left.items() if files}, self.columns)


@contextmanager
def viewing(manifest: Manifest, readers: Path, span: Span, randomness: Callable[[int], bytes]) -> Iterator[View]:
    """Enter a view of the files of a span; until it is left, none of them is deleted. Raises StorageError."""
    with manifest.reading() as connection:
        (generation,) = connection.execute("SELECT generation FROM state").fetchone()
    with present(readers, generation, randomness):
        with manifest.reading() as connection:
            files: dict[str, list[EventFile]] = {}
            for file in files_between(connection, span.since_us, span.until_us, span.clock):
                files.setdefault(file.dataset, []).append(file)
            columns = {dataset: read_columns(connection, dataset) for dataset in files}
        yield View({dataset: tuple(found) for dataset, found in files.items()}, columns)
