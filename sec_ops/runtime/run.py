"""A run is a folder: what was asked, which content, what came of it, and a manifest of digests that is sealed."""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import EvidenceBroken, StorageError, UsageError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, Randomness
from sec_ops.runtime.files import make_folder, storage_error, write_atomically

__all__ = ["MANIFEST", "Run", "create_run", "find_run", "remove_run", "runs_before"]

MANIFEST = "manifest.json"
_NAME = re.compile(r"\d{8}T\d{6}Z-[a-z]+-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Run:
    """One folder `runs/<UTC>-<verb>-<id>/`, mode 0700."""

    folder: Path

    @property
    def name(self) -> str:
        """Return the folder's name, which identifies the run everywhere."""
        return self.folder.name

    def write(self, name: str, document: Mapping[str, Any] | list[Any]) -> None:
        """Write one JSON document of the run; raises StorageError."""
        write_atomically(self.folder / name, canonical_json(document) + b"\n")

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write one document that is spelled already; raises StorageError."""
        write_atomically(self.folder / name, data)

    def read(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return one JSON document of the run.

        Raises UsageError when the run has none of that name, EvidenceBroken when it is not as it was sealed.
        """
        data = self._bytes(name)
        sealed = self._parsed(MANIFEST, self._bytes(MANIFEST)) if (self.folder / MANIFEST).exists() else None
        if sealed is not None and name != MANIFEST and sealed.get(name) != hashlib.sha256(data).hexdigest():
            raise self.altered(name)
        return self._parsed(name, data)

    def _bytes(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError as error:
            advice = message("it was not finished, or a file was deleted; name another run, or start it again")
            raise UsageError(
                message("run {run} has no {name}", run=self.name, name=name), where=str(self.folder), advice=advice
            ) from error
        except OSError as error:
            what = message("could not read {path}: {reason}", path=self.folder / name, reason=error.strerror or "?")
            raise StorageError(what, where=str(self.folder)) from error

    def _parsed(self, name: str, data: bytes) -> Any:  # noqa: ANN401 - any JSON value
        try:
            return json.loads(data)
        except ValueError as error:
            raise self.altered(name) from error

    def altered(self, name: str) -> EvidenceBroken:
        """Return the error for a document that is not as it was sealed."""
        return EvidenceBroken(
            message("{name} of run {run} is not what was sealed", name=name, run=self.name),
            where=str(self.folder / name),
            advice=message("what was sealed is safe in the evidence: sec-ops evidence bundle --run RUN --output FILE"),
        )

    def seal(self) -> Mapping[str, str]:
        """Write and return the manifest: file name to SHA-256 of every file but the manifest itself."""
        manifest = self.digests()
        self.write(MANIFEST, manifest)
        return manifest

    def digests(self) -> dict[str, str]:
        """Return what the manifest would say now."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name != MANIFEST)
        return {str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def create_run(runs: Path, verb: str, *, clock: Clock, randomness: Randomness) -> Run:
    """Make a new run folder; raises StorageError."""
    folder = make_folder(runs) / f"{_stamp(clock.now())}-{verb}-{randomness(4).hex()}"
    return Run(make_folder(folder))


def find_run(runs: Path, name: str, *, verb: str) -> Run:
    """Return a run by its name, a unique beginning or end of it, or `latest`; raises UsageError.

    Only folders directly below `runs` count, so that a name can't lead elsewhere.
    """
    names = sorted(path.name for path in runs.iterdir() if _is_run(path, verb)) if runs.is_dir() else []
    found = names[-1:] if name == "latest" else [each for each in names if each.startswith(name) or each.endswith(name)]
    if not names:
        advice = message("make one: sec-ops {verb} run", verb=verb)
        raise UsageError(message("this site has no {verb} run yet", verb=verb), where=str(runs), advice=advice)
    if len(found) != 1:
        what = message("no single run matches {name} ({count} do)", name=name, count=len(found))
        advice = message("name one of: {runs}", runs=", ".join(names[-5:]))
        raise UsageError(what, where=str(runs), advice=advice)
    return Run(runs / found[0])


def runs_before(runs: Path, before: datetime, *, verb: str) -> list[Run]:
    """Return the runs of a verb that began before a moment, oldest first."""
    stamp = _stamp(before)
    found = sorted(path for path in runs.iterdir() if _is_run(path, verb)) if runs.is_dir() else []
    return [Run(path) for path in found if path.name[: len(stamp)] < stamp and not path.is_symlink()]


def remove_run(run: Run) -> None:
    """Remove a run's folder; cut short, what is left is removed by the next call. Raises StorageError."""
    try:
        shutil.rmtree(run.folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise storage_error(run.folder, error) from error


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _is_run(path: Path, verb: str) -> bool:
    return path.is_dir() and bool(_NAME.fullmatch(path.name)) and path.name.split("-")[1] == verb
