"""`detect run` put together: files read, judged, shown; with a site, kept and sealed."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from sec_ops.cli.detect._asked import Asked, made, span_of, zone_of
from sec_ops.cli.detect._findings import Shown, outcomes_of, show_findings
from sec_ops.cli.detect._keeping import Sealed, keeper_of
from sec_ops.cli.progress import Progress
from sec_ops.content.library import Library
from sec_ops.detection.mapping.shape import Shape
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site
from sec_ops.siem.importing.unwrapping import Loss, Unread
from sec_ops.siem.importing.windows import WORKER
from sec_ops.siem.parse.loading import load_understanding
from sec_ops.transport.worker import Worker
from sec_ops.workflows.detect_files import Files, FilesJudged, detect_files
from sec_ops.workflows.reading_events import Reading

__all__ = ["run_over_files"]

_SHOWN = 5


def run_over_files(site: Site | None, paths: Sequence[Path], asked: Asked) -> Iterable[Outcome]:
    """Judge files by rules and show what was found; return how it came out. Raises UsageError, ContentInvalid."""
    content = Library.open(site.root if site else None)
    zone_name, zone = zone_of(site)
    span = span_of(asked, zone)
    ready = made(site, content, asked, zone)
    setting = ready.setting
    progress = Progress()
    keeping = keeper_of(site, ready.suppressions) if site and asked.keep else nullcontext()
    with Worker(WORKER) as worker, keeping as keeper:
        files = Files(
            paths=paths,
            stdin=sys.stdin.buffer,
            understand=load_understanding(content, zone_name),
            ask=worker.ask,
            zone=asked.zone,
            progress=progress,
        )
        judged = detect_files(files, setting, span, keeper.database if keeper else None)
        progress.clear()
        outcomes = [*outcomes_of(judged.findings, asked.fail_on), *_incomplete(judged.reading)]
        shown = Shown(
            findings=judged.findings,
            run=keeper.run.name if keeper else "",
            zone=zone,
            more=_document(judged, setting.shapes),
            notes=(*_notes(judged.reading, setting.shapes), *_path(judged)),
        )
        if keeper:
            sealed = Sealed(
                mode="files",
                request={**asked.document(), "paths": [str(path) for path in paths]},
                document=shown.document(),
                findings=judged.findings,
                span=span,
                rules_digest=ready.rules_digest,
                not_read=len(_lost(judged.reading)),
                outcomes=outcomes,
            )
            keeper.seal(sealed)
    show_findings("sec-ops/detect-run", shown, outcomes)
    return outcomes


def _incomplete(reading: Reading) -> list[Outcome]:
    lost = _lost(reading) or reading.unparsed or reading.cut_bytes or reading.strange
    return [Outcome.INCOMPLETE] if lost else []


def _lost(reading: Reading) -> list[Unread]:
    return [each for each in reading.unread if each.loss is not Loss.NONE]


def _document(judged: FilesJudged, shapes: Sequence[Shape]) -> dict[str, Any]:
    reading = judged.reading
    return {
        "files": reading.files,
        "lines_of_json": {"count": reading.as_they_are, "path": judged.path},
        "unparsed": reading.unparsed,
        "cut_bytes": reading.cut_bytes,
        "skipped": [{"path": each.name, "reason": render(each.reason)} for each in reading.unread],
        "strange": [
            {"path": each.name, "keys": list(each.keys), "count": each.count} for each in reading.strange.values()
        ],
        "known_shapes": _known(shapes) if reading.strange else {},
    }


def _known(shapes: Sequence[Shape]) -> dict[str, list[str]]:
    """Return what tells each shape: names that an event has all of."""
    return {shape.id: [" + ".join(names) for names in shape.content.recognise] for shape in shapes}


def _notes(reading: Reading, shapes: Sequence[Shape]) -> Iterator[str]:
    strange = list(reading.strange.values())
    for each in strange[:_SHOWN]:
        text = _("{path}: {count} JSON records of no known shape, so no rule can find anything in them; names: {keys}")
        keys = ", ".join(printable(key)[:60] for key in each.keys)
        yield text.format(path=printable(each.name), count=each.count, keys=keys)
    if len(strange) > _SHOWN:
        yield _("{count} more files with such records").format(count=len(strange) - _SHOWN)
    if strange:
        known = "; ".join(f"{name}: {' | '.join(names)}" for name, names in _known(shapes).items())
        yield _("known shapes have these names: {shapes}").format(shapes=known)
    if reading.unparsed:
        yield _("records that no parser understood: {count}").format(count=f"{reading.unparsed:,}")
    if reading.cut_bytes:
        yield _("{count} bytes of lines too long were left out").format(count=reading.cut_bytes)
    yield from _unread(reading)


def _path(judged: FilesJudged) -> Iterator[str]:
    if judged.path == "python" and judged.reading.as_they_are:
        yield _(
            "lines of JSON were read by Python alone, several times slower than by the compiled path: sec-ops doctor"
        )


def _unread(reading: Reading) -> Iterator[str]:
    lost = _lost(reading)
    if lost:
        yield _("files or parts that could not be read: {count}").format(count=len(lost))
    for each in lost[:_SHOWN]:
        yield f"  {printable(each.name)}: {render(each.reason)}"
    harmless = len(reading.unread) - len(lost)
    if harmless:
        yield _("left out, no logs: {count}").format(count=harmless)
