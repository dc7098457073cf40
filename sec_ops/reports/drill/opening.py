"""What a drill's report begins with: what was rehearsed and why, what came of it at a glance, who took part."""

from collections.abc import Iterator

from sec_ops.model.drill_judgement import Judgement
from sec_ops.model.drill_record import DrillRecord, ProbeRecord, SystemRecord
from sec_ops.model.messages import message
from sec_ops.reports.drill.problems import problem_count
from sec_ops.reports.drill.words import DrillWords
from sec_ops.reports.paper import Block, Cell, Column, Facts, Heading, Paragraph, Table, Tone

__all__ = ["aim", "participants", "summary"]


def summary(record: DrillRecord, judgement: Judgement, words: DrillWords) -> Iterator[Block]:
    """Yield the summary: facts of the drill, each system in a line, what people wrote."""
    _ = words.translate
    yield Heading(_("Summary"))
    yield Facts(tuple(_facts(record, judgement, words)))
    for note in record.notes:
        if note.kind == "summary":
            yield Paragraph(note.text)
    if record.systems:
        yield Table(
            (
                Column(_("System"), 2.2),
                Column(_("Verdict"), 1.2),
                Column(_("Recovery time"), 1.3, number=True),
                Column(_("Target"), 1.1, number=True),
                Column("", 1.4),
                Column(_("Data lost"), 1.3, number=True),
                Column(_("Target"), 1.1, number=True),
                Column("", 1.4),
            ),
            tuple(_glance(each, words) for each in record.systems),
        )


def aim(record: DrillRecord, words: DrillWords) -> Iterator[Block]:
    """Yield the aim, what was lost, and what had been injected."""
    _ = words.translate
    yield Heading(_("Aim and scenario"))
    yield Paragraph(words.said(record.aim))
    pairs = [
        (_("Kind of drill"), Cell(words.named(record.kind.value))),
        (_("Contingency plan"), Cell(record.plan_document or _("not named"), _quiet(record.plan_document))),
    ]
    if record.lost_places:
        pairs.append((_("Places lost"), Cell(", ".join(record.lost_places))))
    if record.until:
        pairs.append((_("Databases restored to"), Cell(words.moment(record.until))))
    if record.systems:
        pairs.append((_("Key"), Cell(words.named(record.key))))
    injected = ", ".join(words.named(each.value) for each in record.injected)
    pairs.append((_("Faults injected"), Cell(injected or _("none"))))
    yield Facts(tuple(pairs))
    if record.lost:
        columns = (Column(_("What counts as lost"), 3), Column(_("Answer of the system"), 3), Column(_("Silent"), 1.2))
        yield Table(columns, [_lost(each, words) for each in record.lost])


def participants(record: DrillRecord, judgement: Judgement, words: DrillWords) -> Iterator[Block]:
    """Yield who took part, what they were trained in, and what the record of an exercise still lacks."""
    _ = words.translate
    yield Heading(_("Participants"))
    rows = [
        (Cell(each.text), Cell(each.role or "–"), Cell(words.moment(each.at)), Cell(each.by))
        for each in record.notes
        if each.kind == "participant"
    ]
    columns = (Column(_("Full name"), 2), Column(_("Role"), 2), Column(_("From"), 2), Column(_("Entered by")))
    yield Table(columns, tuple(rows), _("Nobody is recorded."))
    training = [each for each in record.notes if each.kind == "training"]
    if training:
        yield Heading(_("Training in the plan"), 2)
        titles = (Column(_("Training"), 4), Column(_("Time"), 2), Column(_("Entered by")))
        yield Table(titles, tuple((Cell(n.text), Cell(words.moment(n.at)), Cell(n.by)) for n in training))
    missing = judgement.exercise.missing
    if missing:
        listed = "; ".join(words.said(each) for each in missing)
        text = message("As the record of an exercise of the contingency plan this lacks: {what}", what=listed)
        yield Paragraph(words.said(text), "unsure")
    else:
        yield Paragraph(_("The record of an exercise is complete: plan, participants, training, summary."), "good")


def _facts(record: DrillRecord, judgement: Judgement, words: DrillWords) -> Iterator[tuple[str, Cell]]:
    _ = words.translate
    yield _("Drill run"), Cell(record.run, fixed=True)
    yield _("Verdict"), words.verdict(record.verdict)
    if record.phase:
        yield _("Interrupted in"), Cell(words.phase(record.phase), "bad")
    if record.systems:
        told = _("told to the drill") if record.lost_at_told else _("taken as the start of the drill")
        yield _("Moment of loss"), Cell(f"{words.moment(record.lost_at)} ({told})")
    yield _("Started"), Cell(words.moment(record.started))
    yield _("Ended"), Cell(words.moment(record.ended))
    yield _("Time zone"), Cell(words.zone.key)
    where = f"{record.controller} ({record.place})" if record.place else record.controller
    yield _("Controller"), Cell(where)
    if record.systems:
        yield _("Isolation"), _isolation(record, words)
        yield _("Level of disaster recovery"), _level(judgement, words)
    found = problem_count(record)
    yield _("Problems"), Cell(str(found), "bad" if found else "plain")


def _lost(probe: ProbeRecord, words: DrillWords) -> tuple[Cell, ...]:
    _ = words.translate
    silent = Cell(_("✓ silent"), "good") if probe.refused else Cell(_("! it answers"), "unsure")
    return Cell(f"{probe.name} {probe.target}".strip()), Cell(words.answer(probe.how), fixed=True), silent


def _isolation(record: DrillRecord, words: DrillWords) -> Cell:
    _ = words.translate
    proof = record.isolation
    if proof is None:
        return Cell(_("no sandbox was made"), "quiet")
    if not proof.holds:
        return Cell(_("✗ not proved: nothing was started"), "bad")
    text = message("✓ proved before anything started, by {count} probes", count=len(proof.probes))
    return Cell(words.said(text), "good")


def _level(judgement: Judgement, words: DrillWords) -> Cell:
    _ = words.translate
    judged = next((each for each in judgement.levels if each.level is not None), None)
    if judged is None:
        return Cell(_("not judged"), "quiet")
    replaced = message("{standard}, superseded", standard=judged.standard)
    standard = words.said(replaced) if judged.superseded_by else judged.standard
    if not judged.level:
        text = message("not even level 1 ({standard})", standard=standard)
        return Cell(words.said(text), "bad")
    return Cell(words.said(message("level {level} ({standard})", level=judged.level, standard=standard)))


def _glance(system: SystemRecord, words: DrillWords) -> tuple[Cell, ...]:
    rpo = Cell(words.span(system.rpo_ms) if system.rpo_ms is not None else words.named("unknown"))
    return (
        Cell(words.said(system.name)),
        words.verdict(system.verdict),
        Cell(words.span(system.rto_ms)),
        Cell(words.span(system.rto_target_ms)),
        words.met(system.rto_met, system.rto_target_ms),
        rpo,
        Cell(words.span(system.rpo_target_ms)),
        words.met(system.rpo_met, system.rpo_target_ms),
    )


def _quiet(text: str) -> Tone:
    return "plain" if text else "unsure"
