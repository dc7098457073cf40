"""An import of rules as the command line does it: planned, shown, placed, sealed."""

import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sec_ops.cli.alerts._words import level_word
from sec_ops.cli.detect._listing import section
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.content.library import Library
from sec_ops.detection.library.documents import Document
from sec_ops.detection.library.importing import Planned, plan
from sec_ops.detection.library.placing import place, release_of
from sec_ops.detection.library.releases import NAME
from sec_ops.detection.library.unpacking import unpacked
from sec_ops.detection.rule import Level
from sec_ops.evidence.log import os_user
from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import DetectionRulesImported
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site

__all__ = ["import_release"]


def import_release(site: Site, path: Path, name: str, *, dry_run: bool) -> Iterable[Outcome]:
    """Import a release into a site unless it is a dry run, show what changes, and return how it came out."""
    if not NAME.fullmatch(name):
        advice = message("use small letters, digits, - and _, such as sigma")
        raise UsageError(message("a release can't be called {name}", name=name), advice=advice)
    contents = unpacked(path)
    release = release_of(
        name, path, contents, clock=SystemClock(), randomness=secrets.token_bytes, account=os_user().name
    )
    planned = plan(Library.open(site.root), site.root, release, contents)
    if not dry_run and not planned.settled:
        _put_in_force(site, planned)
    outcomes = _outcomes(planned)
    body = {**_body(planned), "dry_run": dry_run}
    emit("sec-ops/detect-import", body, outcomes=outcomes, text=lambda: "\n".join(_text(planned, dry_run=dry_run)))
    return outcomes


def _put_in_force(site: Site, planned: Planned) -> None:
    """Place the release, then seal what it is."""
    release, difference = planned.release, planned.difference
    counts = {
        "files": len(release.files),
        "added": len(difference.added),
        "changed": len(difference.changed),
        "removed": len(difference.removed),
        "refused": len(planned.refused),
    }
    said = {"release": release.name, **release.model_dump(include={"sha256", "source", "source_sha256"}), **counts}
    with evidence_of(site) as log:
        place(site.root, release, planned.contents)
        manifest = canonical_json(release.model_dump())
        log.append(DetectionRulesImported.kind, said, blob=manifest, media_type="application/json")


def _outcomes(planned: Planned) -> list[Outcome]:
    lost = planned.refused or any(each.lost for each in planned.contents.left_out)
    return [Outcome.INCOMPLETE] if lost else []


def _body(planned: Planned) -> dict[str, Any]:
    difference = planned.difference
    return {
        "release": planned.release.model_dump(exclude={"files"}),
        "files": len(planned.release.files),
        "already_in_force": planned.settled,
        "added": [_entry(each) for each in difference.added],
        "changed": [{**_entry(now), "level_before": before.level} for before, now in difference.changed],
        "removed": [_entry(each) for each in difference.removed],
        "same": difference.same,
        "refused": [{"path": each.path, "id": each.id, "reason": render(each.reason)} for each in planned.refused],
        "left_out": [{"path": each.path, "reason": render(each.reason)} for each in planned.contents.left_out],
        "no_rules": planned.contents.others,
        "look_at": [render(each) for each in planned.pointing],
    }


def _entry(document: Document) -> dict[str, str]:
    return {"id": document.id, "title": document.title, "level": document.level, "path": document.path}


def _text(planned: Planned, *, dry_run: bool) -> Iterator[str]:
    difference = planned.difference
    yield from section(_("added:"), [_shown(each) for each in difference.added])
    yield from section(_("changed:"), [_changed(*each) for each in difference.changed])
    yield from section(_("removed:"), [_shown(each) for each in difference.removed])
    yield from section(_("refused:"), [f"{printable(each.path)}: {render(each.reason)}" for each in planned.refused])
    left_out = [f"{printable(each.path)}: {render(each.reason)}" for each in planned.contents.left_out]
    yield from section(_("left out:"), left_out)
    yield from section(_("look at:"), [render(each) for each in planned.pointing])
    counts = {
        "added": len(difference.added),
        "changed": len(difference.changed),
        "removed": len(difference.removed),
        "same": difference.same,
        "refused": len(planned.refused),
    }
    yield _("{added} added, {changed} changed, {removed} removed, {same} the same; {refused} refused").format(**counts)
    yield _outcome_text(planned, dry_run=dry_run)


def _outcome_text(planned: Planned, *, dry_run: bool) -> str:
    digest, name = planned.release.sha256[:12], planned.release.name
    if planned.settled:
        return _("{name} {digest} is in force already").format(name=name, digest=digest)
    if dry_run:
        return _("dry run: nothing was changed; the release would be {name} {digest}").format(name=name, digest=digest)
    return _("{name} {digest} is in force").format(name=name, digest=digest)


def _shown(document: Document) -> str:
    return printable("  ".join(filter(None, (document.id, _level(document.level), document.title or document.path))))


def _changed(before: Document, now: Document) -> str:
    moved = f"  ({_level(before.level)} → {_level(now.level)})" if before.level != now.level else ""
    return _shown(now) + printable(moved)


def _level(written: str) -> str:
    return next((level_word(level) for level in Level if level == written), written)
