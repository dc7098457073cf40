"""What a site can and cannot see, as a document, as text, and as a layer for the ATT&CK Navigator."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sec_ops.cli.detect._listing import Choice, rule_row
from sec_ops.cli.logs._store import fields_of, open_store
from sec_ops.cli.output import emit, note
from sec_ops.cli.table import table
from sec_ops.content.library import Library
from sec_ops.detection.library.attack import Tally, navigator_layer, tactics, techniques
from sec_ops.detection.library.coverage import Sight
from sec_ops.detection.library.loading import load_rules
from sec_ops.inventory.loading import load_inventory
from sec_ops.inventory.log_sources import Expected, expected_sources
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.files import write_atomically
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language, render, translator
from sec_ops.runtime.site import Site
from sec_ops.transport.process import run_program
from sec_ops.workflows.rule_coverage import coverage

__all__ = ["show_coverage"]

_REASONS = 30
_TECHNIQUES = 40


def show_coverage(site: Site, choice: Choice, navigator: Path | None) -> Iterable[Outcome]:
    """Show what the chosen rules of a site can see, and write the layer that is asked for."""
    content = Library.open(site.root)
    rules = load_rules(content, site.state)
    with open_store(site, fields_of(site)) as store:
        found = coverage(content, rules, store, _expected(site))
    chosen = [each for each in found if choice.takes(each.listed)]
    if navigator:
        _write_layer(navigator, chosen, site)
    body = {
        "rules": [_row(each) for each in chosen],
        "can_fire": sum(each.sees for each in chosen),
        "cannot_fire": sum(not each.sees for each in chosen),
        "refused": len(rules.refused),
        "tactics": [_tally(name, tally) for name, tally in tactics(chosen).items()],
        "techniques": [_tally(name, tally) for name, tally in techniques(chosen).items()],
        "navigator": str(navigator) if navigator else None,
    }
    emit("sec-ops/detect-coverage", body, text=lambda: "\n".join(_text(chosen, navigator)))
    return ()


def _expected(site: Site) -> Sequence[Expected]:
    """Return the log sources of the inventory; without one that can be read, coverage is told from the store alone."""
    try:
        return expected_sources(load_inventory(site.root, run_program, cache=site.state))
    except SecOpsError as error:
        note(message("who should send logs is not known: {reason}", reason=error.what))
        return ()


def _write_layer(path: Path, chosen: Sequence[Sight], site: Site) -> None:
    layer = navigator_layer(chosen, site.root.name, language(), translator(language()))
    write_atomically(path, json.dumps(layer, ensure_ascii=False, indent=2).encode() + b"\n", mode=0o644)


def _row(sight: Sight) -> dict[str, Any]:
    reason = render(sight.reason) if sight.reason else ""
    return {
        **rule_row(sight.listed),
        "can_fire": sight.sees,
        "datasets": list(sight.datasets),
        "why_not": reason,
    }


def _tally(name: str, tally: Tally) -> dict[str, Any]:
    return {"id": name, "can_fire": len(tally.seeing), "cannot_fire": len(tally.blind)}


def _text(chosen: Sequence[Sight], navigator: Path | None) -> Iterator[str]:
    yield from _tallies(_("tactic"), tactics(chosen))
    unseen = {name: tally for name, tally in techniques(chosen).items() if not tally.seeing}
    if unseen:
        shown = " ".join([*unseen][:_TECHNIQUES]) + (" …" if len(unseen) > _TECHNIQUES else "")
        yield _("{count} techniques that no rule can see here: {names}").format(count=len(unseen), names=shown)
    blind = Counter(render(each.reason) for each in chosen if each.reason)
    if blind:
        yield _("why rules can't fire here:")
        yield from (f"  {count:>5}  {reason}" for reason, count in blind.most_common(_REASONS))
        if len(blind) > _REASONS:
            yield "  " + _("{count} more; all with --json").format(count=len(blind) - _REASONS)
    counts = {"seeing": sum(each.sees for each in chosen), "count": len(chosen)}
    yield _("{seeing} of {count} rules can fire here").format(**counts)
    if navigator:
        yield _("layer: {path}").format(path=navigator)


def _tallies(title: str, tallies: Mapping[str, Tally]) -> Iterator[str]:
    if tallies:
        rows = [(name, str(len(tally.seeing)), str(len(tally.blind))) for name, tally in tallies.items()]
        yield table((title, _("can fire"), _("cannot fire here")), rows)
