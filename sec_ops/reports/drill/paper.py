"""The paper of a drill, from its record and judgement alone: whatever format it takes, it says the same."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from sec_ops.model.drill_judgement import Judgement
from sec_ops.model.drill_record import DrillRecord
from sec_ops.reports.drill import ending, opening, proof, times
from sec_ops.reports.drill.problems import problems
from sec_ops.reports.drill.words import DrillWords, drill_words
from sec_ops.reports.paper import Block, Paper

__all__ = ["drill_paper"]


def drill_paper(record: DrillRecord, judgement: Judgement, language: str, zone: ZoneInfo) -> Paper:
    """Return the report of a drill in `zh` or `en`, moments in `zone`."""
    words = drill_words(language, zone)
    title = words.translate("Report of a disaster recovery drill")
    return Paper(
        language=language,
        title=title,
        subtitle=words.said(record.title),
        verdict=words.verdict(record.verdict),
        made=record.ended,
        running=f"{title} {record.run}",
        blocks=tuple(_blocks(record, judgement, words)),
    )


def _blocks(record: DrillRecord, judgement: Judgement, words: DrillWords) -> Iterator[Block]:
    yield from opening.summary(record, judgement, words)
    yield from opening.aim(record, words)
    yield from opening.participants(record, judgement, words)
    yield from times.course(record, words)
    if record.systems:
        yield from times.phases(record, words)
        yield from times.losses(record, words)
        yield from proof.data(record, words)
        yield from proof.checks(record, words)
        yield from proof.isolation(record, words)
    yield from problems(record, words)
    if record.systems:
        yield from ending.level(judgement, words)
    if judgement.trend:
        yield from ending.trend(record, judgement, words)
    yield from ending.sign_off(record, words)
