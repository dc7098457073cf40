"""Bundles: a run's evidence for somebody outside, with all entries of one contiguous range, so that none is left out.

The range goes from the end of an earlier export to the entry `evidence.export/1` that this one leaves behind. That
entry fixes the blobs, the verifier and the page; the checkpoint right after it fixes everything.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path

from sec_ops.evidence.archive import write_archive
from sec_ops.evidence.blobs import open_blob
from sec_ops.evidence.checkpoints import checkpoint_sizes, note_path
from sec_ops.evidence.files import DiskFiles, Files, told_as_storage_error
from sec_ops.evidence.keys import load_ring
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.log import EvidenceLog
from sec_ops.evidence.proofs import state_at
from sec_ops.evidence.reading import parse_line, read_lines
from sec_ops.evidence.tree import ALGORITHMS
from sec_ops.model.canonical import canonical_line
from sec_ops.model.errors import EvidenceBroken, UsageError
from sec_ops.model.evidence import Entry, EvidenceExport
from sec_ops.model.messages import message

__all__ = ["BundleSummary", "bundle"]

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleSummary:
    """What a bundle holds: entries `first` up to, not with, `end`; `sha256` is of the file."""

    path: Path
    sha256: str
    first: int
    end: int
    blobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """What goes into a bundle."""

    run: str
    first: int
    blobs: tuple[str, ...]


def bundle(log: EvidenceLog, folder: Path, *, run: str, output: Path, files: Files | None = None) -> BundleSummary:
    """Seal an export of a run's evidence and write it to a file `.evz`.

    A second bundle of the same run, with nothing logged since, reuses the export: so a witness's cosignatures get in.
    Raises UsageError when the log knows no such run, StorageError, EvidenceBroken.
    """
    layout, door = Layout(folder), files or DiskFiles()
    with told_as_storage_error(folder):
        return _bundled(log, layout, door, run, output)


def _bundled(log: EvidenceLog, layout: Layout, door: Files, run: str, output: Path) -> BundleSummary:
    lines = list(read_lines(layout, door))
    choice = _choose(layout, door, lines, run)
    end = _reusable_end(layout, door, lines, choice) or _export(log, choice)
    covered = list(read_lines(layout, door, choice.first, end))
    digest = write_archive(output, _parts(layout, door, choice, covered))
    return BundleSummary(path=output, sha256=digest, first=choice.first, end=end, blobs=len(choice.blobs))


def _choose(layout: Layout, files: Files, lines: Sequence[bytes], run: str) -> _Choice:
    entries = _entries_behind(lines, run)
    if not entries:
        what = message("the evidence log has no entry of run {run}", run=run)
        raise UsageError(what, advice=message("see: sec-ops evidence list"))
    sealed = set(checkpoint_sizes(layout, files))
    ends = [number + 1 for number, line in enumerate(lines) if b'"kind":"evidence.export/1"' in line]
    begin = min(entry.seq for entry in entries)
    first = max((end for end in ends if end <= begin and end in sealed), default=0)
    blobs = sorted({entry.blob.sha256 for entry in entries if entry.blob})
    return _Choice(run=run, first=first, blobs=tuple(blobs))


def _entries_behind(lines: Sequence[bytes], run: str) -> list[Entry]:
    """Return the entries of a run and of the runs whose facts it judged again: the facts lie with those."""
    found: dict[str, list[Entry]] = {}
    waiting = {run}
    while waiting:
        name = waiting.pop()
        found[name] = _entries_of(lines, name)
        waiting |= {str(entry.data.get("judged_from") or name) for entry in found[name]} - found.keys()
    return [entry for entries in found.values() for entry in entries]


def _entries_of(lines: Sequence[bytes], run: str) -> list[Entry]:
    needle = json.dumps(run, ensure_ascii=False).encode()
    entries = (parse_line(line) for line in lines if needle in line)
    return [entry for entry in entries if entry.data.get("run") == run and entry.kind != EvidenceExport.kind]


def _reusable_end(layout: Layout, files: Files, lines: Sequence[bytes], choice: _Choice) -> int | None:
    last = parse_line(lines[-1])
    same = last.kind == EvidenceExport.kind and dict(last.data) == _export_data(choice)
    return len(lines) if same and len(lines) in checkpoint_sizes(layout, files) else None


def _export(log: EvidenceLog, choice: _Choice) -> int:
    """Log the export and sign it; again when somebody else's entry came between."""
    for _ in range(_ATTEMPTS):
        end = log.append(EvidenceExport.kind, _export_data(choice)) + 1
        if log.checkpoint() == end:
            return end
    advice = message("run the command again when less is being written")
    raise EvidenceBroken(message("the log is too busy to seal an export"), advice=advice)


def _export_data(choice: _Choice) -> dict[str, object]:
    listed = "".join(f"{digest}\n" for digest in choice.blobs).encode()
    return EvidenceExport(
        first=choice.first,
        run=choice.run,
        blobs=len(choice.blobs),
        blobs_sha256=hashlib.sha256(listed).hexdigest(),
        files={name: hashlib.sha256(content).hexdigest() for name, content in _pages().items()},
    ).model_dump(mode="json")


def _pages() -> dict[str, bytes]:
    room = package_files("sec_ops.evidence")
    return {
        "README.html": room.joinpath("texts/how_to_verify.html").read_bytes(),
        "verify.py": room.joinpath("verify.py").read_bytes(),
    }


def _parts(
    layout: Layout, files: Files, choice: _Choice, lines: Sequence[bytes]
) -> Iterator[tuple[str, Sequence[bytes] | Iterator[bytes]]]:
    end = choice.first + len(lines)
    for name, content in _pages().items():
        yield name, [content]
    yield "keyring.json", [canonical_line(load_ring(layout, files).document())]
    for size in checkpoint_sizes(layout, files):
        if choice.first <= size <= end:
            for algorithm in ALGORITHMS:
                name = f"checkpoints/{size:012d}/{algorithm}.note"
                yield name, [files.read(note_path(layout, size, algorithm))]
    yield "entries.jsonl", (line + b"\n" for line in lines)
    for digest in choice.blobs:
        yield f"blobs/{digest}", [open_blob(layout, files, digest).plain]
    yield "manifest.json", [canonical_line(_manifest(layout, files, choice, end))]


def _manifest(layout: Layout, files: Files, choice: _Choice, end: int) -> dict[str, object]:
    old = state_at(layout, files, choice.first)
    opened = {digest: open_blob(layout, files, digest).salt for digest in choice.blobs}
    return {
        "format": "evlog-bundle/1",
        "origin": load_ring(layout, files).origin,
        "first": choice.first,
        "end": end,
        "consistency": {name: [node.hex() for node in tree.nodes] for name, tree in old.trees.items()},
        "salts": {digest: salt.hex() for digest, salt in opened.items() if salt},
    }
