"""What proves it: data against the manifest, services and checks with what they answered, isolation probe by probe."""

from collections.abc import Iterator, Mapping, Sequence

from sec_ops.model.drill_record import CheckRecord, DrillRecord, FetchRecord, SourceRecord, SystemRecord
from sec_ops.model.messages import Message, message
from sec_ops.model.text import bytes_text
from sec_ops.reports.drill.words import DrillWords
from sec_ops.reports.paper import Block, Cell, Column, Facts, Heading, Paragraph, Table

__all__ = ["checks", "data", "isolation"]


def data(record: DrillRecord, words: DrillWords) -> Iterator[Block]:
    """Yield, system by system, what was fetched from where and how it compares with the signed manifest."""
    _ = words.translate
    yield Heading(_("Data against the signed manifest"))
    names = {each.system: words.said(each.name) for each in record.systems}
    for system in record.systems:
        yield Heading(words.said(system.name), 2)
        yield Facts(tuple(_origin(system, names, words)))
        columns = (
            Column(_("Source"), 1.7),
            Column(_("Verdict"), 1.1),
            Column(_("Files"), 0.9, number=True),
            Column(_("Entries proved"), 1, number=True),
            Column(_("Files missing"), 0.8, number=True),
            Column(_("Files changed"), 0.8, number=True),
            Column(_("Files extra"), 0.8, number=True),
            Column(_("Size"), 1, number=True),
            Column(_("Tables proved"), 1.3, number=True),
            Column(_("Loaded"), 1),
        )
        yield Table(columns, tuple(_source(each, words) for each in system.sources), _("Nothing was restored."))
        failed = [each for each in system.fetches if each.verdict != "ok"]
        if failed:
            yield _not_fetched(failed, words)
        received = sum(each.received for each in system.sources)
        if received:
            text = message(
                "{count} segments of the log came from where it is received, newer than the point.", count=received
            )
            yield Paragraph(words.said(text))


def checks(record: DrillRecord, words: DrillWords) -> Iterator[Block]:
    """Yield the services that were started and every check: expected, found."""
    _ = words.translate
    yield Heading(_("Services and application checks"))
    yield _services(record, words)
    columns = (
        Column(_("System"), 1.9),
        Column(_("Application check"), 2.2),
        Column(_("Expected"), 2),
        Column(_("Found"), 2),
        Column(_("Time"), 0.9, number=True),
        Column(_("Verdict"), 1.1),
    )
    rows = [(Cell(words.said(each.name)), *_check(check, words)) for each in record.systems for check in each.checks]
    yield Table(columns, tuple(rows), _("No check was made."))


def isolation(record: DrillRecord, words: DrillWords) -> Iterator[Block]:
    """Yield how the sandbox was made, and each attempt to get out of it."""
    _ = words.translate
    yield Heading(_("Proof of isolation"))
    proof = record.isolation
    if proof is None:
        yield Paragraph(_("No sandbox was made."), "unsure")
        return
    refused = sum(each.refused for each in proof.probes)
    text = message(
        "Before any application was started, {count} attempts were made from inside to reach or change something "
        "outside; {refused} were refused.",
        count=len(proof.probes),
        refused=refused,
    )
    yield Paragraph(words.said(text), "good" if proof.holds else "bad")
    limited = Cell(_("bounded by a control group"))
    if not proof.limited:
        limited = Cell(_("not bounded: this machine has no control group for it"), "unsure")
    yield Facts(((_("Made by"), Cell(proof.way)), (_("Memory and processes"), limited)))
    columns = (
        Column(_("Probe"), 1.2),
        Column(_("Target"), 2.4),
        Column(_("Answer of the system"), 3),
        Column(_("Answered outside"), 1.1),
        Column(_("Refused"), 1),
    )
    rows = [
        (
            Cell(each.name),
            Cell(each.target, fixed=True),
            Cell(words.answer(each.how), fixed=True),
            Cell(_("answered") if each.outside else "–"),
            Cell(_("✓ refused"), "good") if each.refused else Cell(_("✗ NOT refused"), "bad"),
        )
        for each in sorted(proof.probes, key=lambda each: each.refused)
    ]
    yield Table(columns, tuple(rows))


def _origin(system: SystemRecord, names: Mapping[str, str], words: DrillWords) -> Iterator[tuple[str, Cell]]:
    _ = words.translate
    yield _("Backup run"), Cell(system.run or "–", fixed=True)
    where = f"{system.repository} ({system.place})" if system.repository else "–"
    far = _("off-site") if system.far else _("not off-site")
    yield _("Repository"), Cell(f"{where}, {far}" if system.repository else where)
    if system.trusted:
        yield _("Manifest signed by"), Cell(", ".join(system.trusted), fixed=True)
    else:
        yield _("Manifest signed by"), Cell(_("✗ no key that is trusted"), "bad")
    if system.after:
        yield _("After"), Cell(", ".join(names.get(each, each) for each in system.after))


def _received(count: int) -> Message:
    return message("{count} segments of the log came from where it is received, newer than the point.", count=count)


def _not_fetched(failed: Sequence[FetchRecord], words: DrillWords) -> Table:
    _ = words.translate
    columns = (
        Column(_("Not fetched from"), 2),
        Column(_("Place"), 1.2),
        Column(_("Verdict"), 1),
        Column(_("Why"), 4),
    )
    return Table(columns, [_fetch(each, words) for each in failed])


def _services(record: DrillRecord, words: DrillWords) -> Table:
    _ = words.translate
    columns = (
        Column(_("System"), 2),
        Column(_("Service"), 1.5),
        Column(_("Kind"), 1.3),
        Column(_("Time"), 1, number=True),
        Column(_("Verdict"), 1.1),
    )
    rows = [
        (
            Cell(words.said(system.name)),
            Cell(each.service),
            Cell(each.kind),
            Cell(words.span(each.elapsed_ms)),
            words.verdict(each.verdict),
        )
        for system in record.systems
        for each in system.services
    ]
    return Table(columns, rows, _("No service was started."))


def _source(source: SourceRecord, words: DrillWords) -> tuple[Cell, ...]:
    def counted(number: int) -> Cell:
        return Cell(f"{number:,}", "bad" if number else "quiet")

    tables = f"{source.tables_proved:,} / {source.tables:,}" if source.tables else "–"
    return (
        Cell(f"{source.source} ({source.kind})"),
        words.came_back(source.verdict),
        Cell(f"{source.files:,}"),
        Cell(f"{source.proved:,}"),
        counted(source.missing),
        counted(source.different),
        counted(source.extra),
        Cell(bytes_text(source.bytes)),
        Cell(tables, "bad" if source.tables_proved < source.tables else "plain"),
        words.came_back(source.loaded) if source.loaded else Cell("–", "quiet"),
    )


def _fetch(fetch: FetchRecord, words: DrillWords) -> tuple[Cell, ...]:
    problem = fetch.problem
    said = [words.said(problem.what), problem.why] if problem else []
    return (
        Cell(fetch.repository),
        Cell(fetch.place),
        words.came_back(fetch.verdict),
        Cell(": ".join(each for each in said if each) or "–"),
    )


def _check(check: CheckRecord, words: DrillWords) -> tuple[Cell, ...]:
    return (
        Cell(f"{words.said(check.title)} ({check.kind})"),
        Cell(check.expected, fixed=True),
        Cell(check.found or "–", fixed=True),
        Cell(words.span(check.elapsed_ms)),
        words.verdict(check.verdict),
    )
