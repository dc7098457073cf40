"""A run as people and programs read it."""

from typing import Any

from sec_ops.backup.running.run import Ran
from sec_ops.backup.running.saved import SavedPart, SavedSource
from sec_ops.backup.running.verdicts import command_after
from sec_ops.backup.words import VERDICT_WORDS
from sec_ops.cli.backup._judged import judged_document
from sec_ops.model.text import bytes_text, printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["ran_document", "ran_lines"]

_PATHS = 10


def ran_document(ran: Ran) -> dict[str, Any]:
    """Return a run as JSON shows it."""
    return {
        "system": ran.system,
        "run": ran.run,
        "repository": ran.repository,
        **judged_document(ran.judged),
        "command": command_after(ran.judged.verdict, ran.system, ran.repository),
        "snapshots": ran.snapshots,
        "manifest": ran.manifest,
        "bytes_read": ran.counts.bytes_read,
        "bytes_stored": ran.counts.bytes_packed,
        "elapsed_ms": ran.elapsed_ms,
        "sources": [_source(each) for each in ran.sources],
        "hooks": [judged_document(each) for each in ran.hooks],
    }


def ran_lines(ran: Ran) -> list[str]:
    """Return a run in lines: the verdict first, then what is not good, why, and the next command."""
    amounts = _("snapshots: {snapshots} · read: {read} · stored: {stored} · {seconds} s").format(
        snapshots=ran.snapshots,
        read=bytes_text(ran.counts.bytes_read),
        stored=bytes_text(ran.counts.bytes_packed),
        seconds=f"{ran.elapsed_ms / 1000:.1f}",
    )
    lines = [f"{ran.system}: {render(VERDICT_WORDS[ran.judged.verdict])}  {amounts if ran.sources else ''}".rstrip()]
    shown: set[str] = set()
    for each in ran.sources:
        lines += _source_lines(each, shown)
    rest = [*ran.hooks, ran.judged] if not ran.judged.good else []
    for judged in rest:
        what = render(judged.what)
        if not any(what.endswith(each) for each in shown):
            shown.add(what)
            lines += [f"  {what}", *_why(judged.why)]
    if ran.judged.good:
        return lines
    if ran.judged.advice:
        lines.append(_("  next: {advice}").format(advice=render(ran.judged.advice)))
    command = command_after(ran.judged.verdict, ran.system, ran.repository)
    return lines if lines[-1].endswith(command) else [*lines, _("  then: {command}").format(command=command)]


def _source(saved: SavedSource) -> dict[str, Any]:
    facts = saved.facts
    return {
        "source": saved.source.id,
        "kind": saved.source.kind,
        "host": saved.host,
        **judged_document(saved.judged),
        "taken_at": facts.taken_at.isoformat() if facts and facts.taken_at else None,
        "heartbeat": facts.heartbeat.isoformat() if facts and facts.heartbeat else None,
        "tables": len(facts.tables) if facts else 0,
        "parts": [_part(each) for each in saved.parts],
    }


def _part(saved: SavedPart) -> dict[str, Any]:
    summary = saved.result.summary
    return {
        "part": saved.part.name,
        "snapshot": saved.snapshot,
        "verdict": saved.judged.verdict.value,
        "bytes_read": summary.total_bytes if summary else 0,
        "bytes_stored": summary.data_added_packed if summary else 0,
        "files": summary.total_files if summary else 0,
    }


def _source_lines(saved: SavedSource, shown: set[str]) -> list[str]:
    word = render(VERDICT_WORDS[saved.judged.verdict])
    if saved.judged.good:
        return [f"  {saved.source.id}: {word}"]
    what = render(saved.judged.what)
    if what in shown:
        return [f"  {saved.source.id}: {word}"]
    shown.add(what)
    paths = [f"    - {printable(each)}" for each in saved.judged.paths[:_PATHS]]
    more = len(saved.judged.paths) - _PATHS
    if more > 0:
        paths.append(_("    … and {count} more").format(count=more))
    return [f"  {saved.source.id}: {word}  {what}", *(paths or _why(saved.judged.why))]


def _why(why: str) -> list[str]:
    lines = printable(why).splitlines()
    return [_("    why: {why}").format(why=lines[0]), *(f"         {each}" for each in lines[1:])] if lines else []
