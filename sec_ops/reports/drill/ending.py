"""What a drill's report ends with: the level, the trend, and lines to sign."""

from collections.abc import Iterator

from sec_ops.model.drill_judgement import Judgement, LevelJudgement, SystemLevel, SystemTrend
from sec_ops.model.drill_record import DrillRecord
from sec_ops.model.messages import Message, message
from sec_ops.reports.drill.words import DrillWords
from sec_ops.reports.paper import Block, Cell, Column, Facts, Heading, Paragraph, SignOff, Table

__all__ = ["level", "sign_off", "trend"]


def level(judgement: Judgement, words: DrillWords) -> Iterator[Block]:
    """Yield the level by each edition: by the numbers, by the elements, and what the next one lacks."""
    _ = words.translate
    yield Heading(_("Level of disaster recovery"))
    for each in judgement.levels:
        yield Heading(f"{each.standard} {words.said(each.title)}", 2)
        if each.superseded_by:
            text = message("Superseded by {standard}.", standard=each.superseded_by)
            yield Paragraph(words.said(text), "unsure")
        yield Paragraph(words.said(each.note), "quiet")
        if each.reason is not None:
            yield Paragraph(words.said(message("Not judged: {reason}.", reason=each.reason)), "unsure")
            continue
        yield Paragraph(_counts(each, words))
        for system in each.systems:
            yield from _system(system, words)


def trend(record: DrillRecord, judgement: Judgement, words: DrillWords) -> Iterator[Block]:
    """Yield how each system fared in the drills before."""
    _ = words.translate
    yield Heading(_("Compared with earlier drills"))
    columns = (
        Column(_("System"), 2),
        Column(_("Drill"), 2.6),
        Column(_("Scenario"), 1.6),
        Column(_("Recovery time"), 1.2, number=True),
        Column(_("Change"), 1, number=True),
        Column(_("Data lost"), 1.2, number=True),
        Column(_("Change"), 1, number=True),
        Column(_("Verdict"), 1.3),
    )
    names = {each.system: words.said(each.name) for each in record.systems}
    rows = [row for each in judgement.trend for row in _points(names[each.system], each, words)]
    yield Table(columns, tuple(rows))
    yield Paragraph(_("A change is against the drill before of the same scenario."), "quiet")


def sign_off(record: DrillRecord, words: DrillWords) -> Iterator[Block]:
    """Yield the page that is signed, and what ties it to the sealed record."""
    _ = words.translate
    yield Heading(_("Sign-off"), new_page=True)
    text = message(
        "This report was made from the sealed record of the drill {run}, verdict: {verdict}.",
        run=record.run,
        verdict=words.verdict(record.verdict).text,
    )
    yield Paragraph(words.said(text))
    roles = (_("Conducted by"), _("Checked by"), _("Approved by"), _("Witnessed by"))
    yield SignOff((_("Role"), _("Name and signature"), _("Date")), tuple((role, "", "") for role in roles))
    signed = [each for each in record.notes if each.kind == "sign_off"]
    if signed:
        yield Heading(_("Signed by entry"), 2)
        rows = [
            (Cell(each.by), Cell(each.role or "–"), Cell(each.text), Cell(words.moment(each.at))) for each in signed
        ]
        columns = (Column(_("Full name"), 1.2), Column(_("Role"), 1.4), Column(_("Text"), 3), Column(_("Time"), 1.6))
        yield Table(columns, tuple(rows))
    yield Facts(
        (
            (_("Drill run"), Cell(record.run, fixed=True)),
            (_("Scenario and recoveries (SHA-256)"), Cell(record.digest, fixed=True)),
        )
    )
    yield Paragraph(
        _(
            "Times and proofs come from the sealed record, which an auditor verifies without this program. What people "
            "typed in is shown as they typed it. An assessment by a qualified body is not replaced by this report."
        ),
        "quiet",
    )


def _counts(judged: LevelJudgement, words: DrillWords) -> str:
    text = message(
        "The numbers reach {numbers}, the elements reach {elements}; the lower counts: {level}.",
        numbers=_level(judged.numbers or 0),
        elements=_level(judged.elements or 0),
        level=_level(judged.level or 0),
    )
    named = f" {words.said(judged.level_name)}" if judged.level_name else ""
    return words.said(text) + named


def _level(number: int) -> Message:
    return message("level {number}", number=number) if number else message("no level")


def _reached(number: int, words: DrillWords) -> Cell:
    return Cell(words.said(_level(number)), "plain" if number else "bad")


def _system(system: SystemLevel, words: DrillWords) -> Iterator[Block]:
    _ = words.translate
    title = message(
        "{system}: {level}; by the numbers {numbers}, by the elements {elements}",
        system=words.said(system.name),
        level=_level(system.level),
        numbers=_level(system.numbers.level),
        elements=_level(system.elements_level),
    )
    yield Heading(words.said(title), 3)
    yield _elements(system, words)
    if system.missing:
        columns = (Column(_("Missing for the next level"), 1.5), Column(_("Asked"), 3), Column(_("Why"), 2.6))
        rows = [
            (Cell(words.said(each.name)), Cell(words.said(each.needed)), Cell(words.said(each.why)))
            for each in system.missing
        ]
        yield Table(columns, rows)


def _elements(system: SystemLevel, words: DrillWords) -> Table:
    _ = words.translate
    columns = (
        Column(_("Element"), 1.5),
        Column(_("Level"), 1.0),
        Column(_("Judged by"), 1.4),
        Column(_("Why no more"), 4),
    )
    numbers = system.numbers
    rows = [
        (
            Cell(_("Measured times")),
            _reached(numbers.level, words),
            Cell(words.named("drill")),
            Cell(words.said(numbers.reason)),
        )
    ]
    rows += [
        (
            Cell(words.said(each.name)),
            _reached(each.level, words),
            Cell(" ".join(part for part in (words.basis(each.basis), each.by, each.on) if part)),
            Cell(words.said(each.reason)),
        )
        for each in system.elements
    ]
    return Table(columns, rows)


def _points(name: str, trend: SystemTrend, words: DrillWords) -> Iterator[tuple[Cell, ...]]:
    for point in trend.points:
        now = point is trend.points[-1]
        yield (
            Cell(name),
            Cell(words.moment(point.started)),
            Cell(point.scenario),
            Cell(words.span(point.rto_ms)),
            words.change(trend.rto_change_ms) if now else Cell(""),
            Cell(words.span(point.rpo_ms)),
            words.change(trend.rpo_change_ms) if now else Cell(""),
            words.verdict(point.verdict),
        )
