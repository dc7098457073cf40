"""Which hits a site wants no alerts of, by the suppressions that hold now.

A suppression holds when a security administrator who didn't ask for it has signed its file, and today (UTC) is one of
its days. It covers a hit when every event that is known of the hit passes everything it states.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from sec_ops.content.kinds import SUPPRESSIONS
from sec_ops.content.library import Library
from sec_ops.detection.events import Entity, FlatEvent
from sec_ops.detection.hits import Hit
from sec_ops.detection.mapping.rewriting import fields_of, tests_of
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import ANY_MANY, ANY_ONE, KEYWORD, All, AnyOf, Expression, Glob, Network, Test, Wildcard
from sec_ops.detection.sigma.reading import RuleText, read_rules
from sec_ops.identity.approvals import ContentApprovals
from sec_ops.model.content import Layer, Loaded
from sec_ops.model.errors import Fault
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import Clock
from sec_ops.model.suppression import Suppression

__all__ = ["Standing", "Suppressed", "Suppressions", "condition_of", "faults_of", "load_suppressions"]

_WILDCARDS = {"*": ANY_MANY, "?": ANY_ONE}
_DAY_MS = 86_400_000


class Standing(StrEnum):
    """Whether a suppression holds, or why not."""

    IN_FORCE = "in_force"
    WAITING = "waiting"
    EXPIRED = "expired"
    NOT_APPROVED = "not_approved"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """A suppression with its approval: `approver` is empty, and `refusal` says why, when it has none that counts."""

    suppression: Suppression
    path: str
    sha256: str
    approver: str
    refusal: Message | None
    entity: Expression
    event: Expression

    def standing(self, now_ms: int) -> Standing:
        """Return how it stands at a time (milliseconds since 1970, UTC)."""
        today = datetime.fromtimestamp(now_ms / 1000, tz=UTC).date()
        if not self.suppression.enabled:
            return Standing.DISABLED
        if today > self.suppression.last_day:
            return Standing.EXPIRED
        if self.refusal is not None:
            return Standing.NOT_APPROVED
        return Standing.WAITING if today < self.suppression.first_day else Standing.IN_FORCE

    def covers(self, hit: Hit, zone: tzinfo) -> bool:
        """Return whether the hit is within the scope, whatever the day."""
        wanted, header = self.suppression, hit.rule.header
        if wanted.rules and header.id not in wanted.rules:
            return False
        if wanted.levels and header.level not in wanted.levels:
            return False
        return bool(hit.occurrences) and all(
            finds(self.entity, _entity_event(each.entity), zone) and finds(self.event, each.event, zone)
            for each in hit.occurrences
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressions:
    """All suppressions of a site, in order of their ids; times of their conditions are of `zone`."""

    all: tuple[Suppressed, ...] = ()
    zone: tzinfo = UTC

    def reads(self) -> frozenset[str] | None:
        """Return the fields of events that they read, None when one looks for words anywhere."""
        if any(test.field == KEYWORD for each in self.all for test in tests_of(each.event)):
            return None
        return frozenset(name for each in self.all for name in fields_of(each.event))

    def at(self, now_ms: int) -> Callable[[Hit], str]:
        """Return what names the suppression that covers a hit at this time (milliseconds since 1970, UTC)."""
        held = [each for each in self.all if each.standing(now_ms) is Standing.IN_FORCE]
        by_rule: dict[str, list[Suppressed]] = {}
        for each in held:
            for rule in each.suppression.rules:
                by_rule.setdefault(rule, []).append(each)
        general = [each for each in held if not each.suppression.rules]

        def covering(hit: Hit) -> str:
            candidates = (*by_rule.get(hit.rule.header.id, ()), *general)
            return next((each.suppression.id for each in candidates if each.covers(hit, self.zone)), "")

        return covering

    def today(self, clock: Clock) -> Callable[[Hit], str]:
        """Return what `at` returns, for as long as the process lives: asked anew when the day (UTC) changes."""
        day, covering = -1, self.at(0)

        def covering_today(hit: Hit) -> str:
            nonlocal day, covering
            now_ms = int(clock.now().timestamp() * 1000)
            if now_ms // _DAY_MS != day:
                day, covering = now_ms // _DAY_MS, self.at(now_ms)
            return covering(hit)

        return covering_today


def load_suppressions(library: Library, approvals: ContentApprovals, zone: tzinfo) -> Suppressions:
    """Return the suppressions of a site; raises ContentInvalid with all their faults.

    One without an approval is among them, and doesn't hold.
    """
    loaded = library.objects(SUPPRESSIONS).values()
    return Suppressions(all=tuple(_suppressed(each, approvals) for each in loaded), zone=zone)


def faults_of(library: Library) -> Iterable[Fault]:
    """Yield the faults of conditions, as `content lint` tells them."""
    for name, loaded in library.objects(SUPPRESSIONS).items():
        _found, reason = _read_where(loaded.value)
        if reason is not None:
            yield library.fault(SUPPRESSIONS, name, ("where",), reason)


def condition_of(suppression: Suppression) -> Expression:
    """Return the expression that `where` states over an event; nothing passes one that can't be read."""
    found, _reason = _read_where(suppression)
    return AnyOf(()) if found is None else found


def _suppressed(loaded: Loaded[Suppression], approvals: ContentApprovals) -> Suppressed:
    suppression, origin = loaded.value, loaded.origin
    approver, refusal = _approver(suppression, origin.path, origin.sha256, approvals)
    if origin.layer is not Layer.SITE or origin.patched is not None:
        approver, refusal = "", message("suppressions are files of the site, not patches")
    return Suppressed(
        suppression=suppression,
        path=origin.path,
        sha256=origin.sha256,
        approver=approver,
        refusal=refusal,
        entity=_entity_expression(suppression),
        event=condition_of(suppression),
    )


def _approver(
    suppression: Suppression, path: str, sha256: str, approvals: ContentApprovals
) -> tuple[str, Message | None]:
    """Return who approved the file and None, or empty and why no approval counts."""
    refusal = approvals(path, sha256)
    if refusal is not None:
        return "", refusal
    counting = [each for each in approvals.approvals if each.subjects.get(path) == sha256]
    others = [each for each in counting if each.approver != suppression.requester]
    if not others:
        return "", message("{person} wrote it and may not approve it", person=suppression.requester)
    for each in others:
        alone = ContentApprovals(approvals=(each,), people=approvals.people, run_program=approvals.run_program)
        refusal = alone(path, sha256)
        if refusal is None:
            return each.approver, None
    return "", refusal


def _entity_expression(suppression: Suppression) -> Expression:
    lists = (("host", suppression.hosts), ("user", suppression.users), ("address", suppression.addresses))
    return All(tuple(AnyOf(tuple(map(_test(kind), texts))) for kind, texts in lists if texts))


def _test(kind: str) -> Callable[[str], Expression]:
    def test(text: str) -> Expression:
        network = kind == "address" and "/" in text
        return Test(kind, Network(text) if network else Glob(_glob(text)))

    return test


def _glob(text: str) -> tuple[str | Wildcard, ...]:
    parts: list[str | Wildcard] = [""]
    for character in text:
        if character in _WILDCARDS:
            parts += [_WILDCARDS[character], ""]
        else:
            parts[-1] = f"{parts[-1]}{character}"
    return tuple(part for part in parts if part != "")


def _entity_event(entity: Entity) -> FlatEvent:
    return {"host": entity.host or None, "user": entity.user or None, "address": entity.address or None}


def _read_where(suppression: Suppression) -> tuple[Expression | None, Message | None]:
    """Return the condition that `where` states, or why it states none: read as the selection of a Sigma rule."""
    if not suppression.where:
        return All(()), None
    rule = {
        "title": suppression.id,
        "logsource": {"category": "suppression"},
        "detection": {"where": suppression.where, "condition": "where"},
    }
    text = RuleText(path=suppression.id, data=json.dumps(rule, default=str).encode(), layer=Layer.SITE.value)
    found = read_rules([text], {})
    if found.refused:
        return None, found.refused[0].reason
    return found.rules[0].condition, None
