"""When what happened, how long each phase took against the targets, and what was lost."""

from collections.abc import Iterator, Sequence

from sec_ops.model.drill_record import DrillRecord, SystemRecord
from sec_ops.model.messages import message
from sec_ops.reports.drill.words import PHASES, DrillWords
from sec_ops.reports.paper import Bar, Block, Cell, Column, Heading, Lane, Paragraph, Table, Timeline

__all__ = ["course", "losses", "phases"]

_STEPS_MS = tuple(
    1000 * each for each in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)
)
_TICKS = 8
_SHOWN_BEYOND = 1.25  # a target farther right than this would squeeze what was measured
_TOLD = ("decision", "event", "answer", "problem")


def course(record: DrillRecord, words: DrillWords) -> Iterator[Block]:
    """Yield the picture of all systems' phases, then what happened in order of time."""
    _ = words.translate
    yield Heading(_("Course of the drill"))
    if any(each.begun for each in record.systems):
        yield timeline(record.systems, words)
    columns = (
        Column(_("Time"), 2),
        Column(_("After the loss"), 1.2, number=True),
        Column(_("What"), 5),
        Column(_("Entered by")),
    )
    yield Table(columns, tuple(_events(record, words)), _("Nothing is recorded."))


def phases(record: DrillRecord, words: DrillWords) -> Iterator[Block]:
    """Yield how long each phase of each system took; they add up to its recovery time."""
    _ = words.translate
    yield Heading(_("Recovery time by phase"))
    columns = [Column(_("System"), 2.2), *(Column(words.said(each), 1, number=True) for each in PHASES.values())]
    columns += [Column(_("Sum"), 1.3, number=True), Column(_("Target"), 1.2, number=True), Column("", 1.5)]
    yield Table(tuple(columns), tuple(_phases(each, words) for each in record.systems))
    yield Paragraph(
        _(
            "Counted from the moment of loss. What is waited for, such as a system that has to work first, counts in "
            "the phase that waits. A phase without time was not needed, or was not exercised."
        ),
        "quiet",
    )


def losses(record: DrillRecord, words: DrillWords) -> Iterator[Block]:
    """Yield what was lost of each system, and by what that was measured."""
    _ = words.translate
    yield Heading(_("Data lost"))
    columns = (
        Column(_("System"), 2),
        Column(_("Measured by"), 2),
        Column(_("Last moment that came back"), 2),
        Column(_("Lost at most"), 1.2, number=True),
        Column(_("Less by up to"), 1.1, number=True),
        Column(_("Target"), 1, number=True),
        Column("", 1.4),
    )
    yield Table(columns, tuple(_loss(each, words) for each in record.systems))
    yield Paragraph(
        _(
            "Measured by the last row that was committed before the loss and came back, where the data has such rows; "
            "never by the age of a backup."
        ),
        "quiet",
    )


def timeline(systems: Sequence[SystemRecord], words: DrillWords) -> Timeline:
    """Return the picture of the systems' phases, from the moment of loss on."""
    ended = (begun + each.phases.get(name, 0) for each in systems for name, begun in each.begun.items())
    longest = max(ended, default=0)
    near = [each.rto_target_ms for each in systems if (each.rto_target_ms or 0) <= longest * _SHOWN_BEYOND]
    ends = max([longest, 1, *(target for target in near if target)])
    day = _STEPS_MS[-1]
    step = next((each for each in _STEPS_MS if each * _TICKS >= ends), day * (ends // (day * _TICKS) + 1))
    legend = tuple(f"{number} {words.said(name)}" for number, name in enumerate(PHASES.values(), 1))
    lanes = tuple(_lane(each, ends, words) for each in systems)
    said = "; ".join(f"{each.name}: {each.note}" for each in lanes)
    return Timeline(
        lanes=lanes,
        legend=legend,
        ticks=tuple((at, words.span(at) if at else "0") for at in range(0, ends + 1, step)),
        ends_ms=ends,
        said=words.said(message("Time from the loss until each system worked. {systems}", systems=said)),
        target=words.translate("target"),
    )


def _lane(system: SystemRecord, ends_ms: int, words: DrillWords) -> Lane:
    bars = [
        Bar(key, system.begun[name], system.phases.get(name, 0))
        for key, name in enumerate(PHASES)
        if name in system.begun and system.phases.get(name, 0)
    ]
    verdict = words.verdict(system.verdict)
    target = system.rto_target_ms
    near = target is not None and target <= ends_ms
    note = f"{words.span(system.rto_ms)} {verdict.text}" if system.rto_ms is not None else verdict.text
    return Lane(words.said(system.name), tuple(bars), note, verdict.tone, target if near else None)


def _events(record: DrillRecord, words: DrillWords) -> Iterator[tuple[Cell, ...]]:
    """Yield what happened in order of time: the loss, the drill, each system's end, what people typed."""
    _ = words.translate
    happened = [(record.lost_at, _("loss"), "")] if record.systems else []
    happened.append((record.started, _("the drill began"), ""))
    for each in record.systems:
        if each.rto_ms is not None:
            result = words.verdict(each.verdict).text
            text = message("{system}: {verdict}", system=words.said(each.name), verdict=result)
            happened.append((words.later(record.lost_at, each.rto_ms), words.said(text), ""))
    for note in record.notes:
        if note.kind in _TOLD:
            kind = f"{words.named(note.kind)} {note.step}".strip()
            happened.append((note.at, f"{kind}: {note.text}", note.by))
    happened.append((record.ended, _("the drill ended"), ""))
    for at, what, by in sorted(happened, key=lambda each: words.since(record.lost_at, each[0])):
        yield Cell(words.moment(at)), Cell(words.span(words.since(record.lost_at, at))), Cell(what), Cell(by)


def _phases(system: SystemRecord, words: DrillWords) -> tuple[Cell, ...]:
    spent = [system.phases.get(name) for name in PHASES]
    return (
        Cell(words.said(system.name)),
        *(Cell(words.span(each) if each else "–", "plain" if each else "quiet") for each in spent),
        Cell(words.span(system.rto_ms)),
        Cell(words.span(system.rto_target_ms)),
        words.met(system.rto_met, system.rto_target_ms),
    )


def _loss(system: SystemRecord, words: DrillWords) -> tuple[Cell, ...]:
    last = max((each.heartbeat for each in system.sources if each.heartbeat), default="")
    taken = min((each.taken_at for each in system.sources if each.taken_at), default="")
    moment = last if system.rpo_basis == "heartbeat" else taken
    return (
        Cell(words.said(system.name)),
        Cell(words.named(system.rpo_basis), "bad" if system.rpo_basis == "unknown" else "plain"),
        Cell(words.moment(moment) if moment else "–"),
        Cell(words.span(system.rpo_ms)),
        Cell(words.span(system.rpo_uncertain_ms) if system.rpo_uncertain_ms else "–"),
        Cell(words.span(system.rpo_target_ms)),
        words.met(system.rpo_met, system.rpo_target_ms),
    )
