"""A restore as people, programs and the evidence read it."""

from typing import Any

from sec_ops.backup.restoring.restore import Restored, SourceRestored
from sec_ops.backup.restoring.wanted import Place, Wanted
from sec_ops.backup.words import VERDICT_WORDS
from sec_ops.cli.backup._judged import judged_document, judged_lines
from sec_ops.cli.backup._proofs import counts_of, differences_document, path_lines
from sec_ops.model.text import bytes_text, printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["restored_document", "restored_lines", "sealed_restore"]


def restored_document(restored: Restored, wanted: Wanted, repository: str) -> dict[str, Any]:
    """Return a restore as JSON shows it."""
    return {
        "system": restored.point.system,
        "run": restored.point.run,
        "repository": repository,
        "target": printable(_target(wanted)),
        **judged_document(restored.judged),
        "trusted": list(restored.trusted),
        "sources": [_source(each) for each in restored.sources],
    }


def restored_lines(restored: Restored, wanted: Wanted) -> list[str]:
    """Return a restore in lines: the verdict first, then each source with what was compared."""
    head = _("{system}, run {run}, into {target}").format(
        system=restored.point.system, run=restored.point.run, target=printable(_target(wanted))
    )
    lines = [head]
    for each in restored.sources:
        lines += _source_lines(each)
    if restored.judged not in [each.judged for each in restored.sources]:
        lines += judged_lines(restored.judged)
    return lines


def sealed_restore(restored: Restored, wanted: Wanted, repository: str, elapsed_ms: int) -> dict[str, Any]:
    """Return the entry's data."""
    return {
        "system": restored.point.system,
        "run": restored.point.run,
        "repository": repository,
        "verdict": restored.judged.verdict.value,
        "target": printable(_target(wanted)),
        "paths": [printable(each) for each in wanted.paths],
        "trusted": list(restored.trusted),
        "elapsed_ms": elapsed_ms,
        "sources": [_sealed_source(each) for each in restored.sources],
    }


def _source(restored: SourceRestored) -> dict[str, Any]:
    return {
        "source": restored.files.source,
        "folder": printable(str(restored.files.root)),
        **judged_document(restored.judged),
        **differences_document(restored.files.differences),
        "into": printable(restored.into),
        "loaded": judged_document(restored.loaded) if restored.loaded else None,
    }


def _sealed_source(restored: SourceRestored) -> dict[str, Any]:
    found = restored.files.differences
    more = {"files": found.files, "bytes": found.bytes, "unproved": found.unproved} if found else {}
    return {
        "source": restored.files.source,
        "verdict": restored.judged.verdict.value,
        **more,
        **counts_of(found),
        "into": printable(restored.into),
        "loaded": restored.loaded.verdict.value if restored.loaded else "",
    }


def _source_lines(restored: SourceRestored) -> list[str]:
    word, found = render(VERDICT_WORDS[restored.judged.verdict]), restored.files.differences
    told = _("{files} files, {bytes}, {proved} entries as they were saved").format(
        files=found.files if found else 0,
        bytes=bytes_text(found.bytes if found else 0),
        proved=found.proved if found else 0,
    )
    lines = [f"  {restored.files.source}: {word}  {told}  {printable(str(restored.files.root))}"]
    if restored.loaded and restored.loaded.good:
        lines.append(_("    loaded into {into}, and counted as it was saved").format(into=printable(restored.into)))
        if restored.loaded.what.text != "done":
            lines.append(f"    {printable(render(restored.loaded.what))}")
    if not restored.judged.good:
        lines += [f"  {each}" for each in judged_lines(restored.judged)] + path_lines(restored.judged)
    return lines


def _target(wanted: Wanted) -> str:
    return "/" if wanted.place is Place.IN_PLACE else str(wanted.folder)
