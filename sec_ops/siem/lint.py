"""What is wrong with log parsers beyond their shape: engines, options, patterns, times and fields that can't be."""

from collections.abc import Callable, Iterator, Sequence

from sec_ops.content.kinds import FIELDS, PARSERS
from sec_ops.content.library import Library, LintRule
from sec_ops.content.model_faults import did_you_mean
from sec_ops.content.patterns import Pattern, PatternError
from sec_ops.content.yaml_reader import Path
from sec_ops.model.content import Layer
from sec_ops.model.errors import Fault
from sec_ops.model.log_parser import LogParser, Mapped
from sec_ops.model.messages import Message, message
from sec_ops.siem.engines import engine, engine_names
from sec_ops.siem.parse.loading import DEFAULT_ZONE
from sec_ops.siem.parse.moments import compile_form, zone_named
from sec_ops.siem.parse.plans import reserved

__all__ = ["OPEN_FIELDS", "RULES"]

OPEN_FIELDS = ("winlog.event_data.", "winlog.user_data.", "labels.")
"""Beginnings of fields that need no place in the catalogue: their names are the source's own, and they are keywords."""

Found = tuple[Path, Message, Message | None]
Find = Callable[[LogParser, Library], Iterator[Found]]


def _engines(parser: LogParser, _library: Library) -> Iterator[Found]:
    if parser.engine not in engine_names():
        advice = did_you_mean(parser.engine, engine_names())
        yield ("engine",), message("there is no engine {engine}", engine=parser.engine), advice
        return
    module = engine(parser.engine)
    unknown = sorted(parser.options.keys() - module.OPTIONS)
    for option in unknown:
        what = message("engine {engine} has no option {option}", engine=parser.engine, option=option)
        yield ("options", option), what, did_you_mean(option, module.OPTIONS)
    if not unknown:
        try:
            module.compile_engine(parser.options)
        except ValueError as error:
            yield ("options",), message("the engine refuses its options: {why}", why=str(error)), None


def _patterns(parser: LogParser, _library: Library) -> Iterator[Found]:
    for path, pattern in _all_patterns(parser):
        try:
            Pattern(pattern)
        except PatternError as error:
            yield path, message("not a RE2 pattern: {why}", why=str(error)), None


def _all_patterns(parser: LogParser) -> Iterator[tuple[Path, str]]:
    for index, pattern in enumerate(parser.recognise.content):
        yield ("recognise", "content", index), pattern
    for name in ("heading", "ignore"):
        if (pattern := getattr(parser, name)) is not None:
            yield (name,), pattern
    if parser.join is not None:
        yield ("join", "pattern"), parser.join.pattern
        if parser.join.end is not None:
            yield ("join", "end"), parser.join.end


def _times(parser: LogParser, _library: Library) -> Iterator[Found]:
    if parser.time is None:
        return
    for index, form in enumerate(parser.time.formats):
        try:
            compile_form(form)
        except ValueError as error:
            yield ("time", "formats", index), message("the time form has no {directive}", directive=str(error)), None
    if parser.time.zone is not None and zone_named(parser.time.zone) is None:
        advice = message("name an IANA zone such as {zone}", zone=DEFAULT_ZONE)
        yield ("time", "zone"), message("there is no time zone {zone}", zone=parser.time.zone), advice


def _fields(parser: LogParser, library: Library) -> Iterator[Found]:
    known = library.objects(FIELDS)
    for path, field in _all_fields(parser):
        if reserved(field):
            yield path, message("{field} is set by the program, never by a parser", field=field), None
        elif field not in known and not field.startswith(OPEN_FIELDS):
            advice = did_you_mean(field, known) or message("add it to a file in rules/fields")
            yield path, message("the field catalogue has no {field}", field=field), advice


def _all_fields(parser: LogParser) -> Iterator[tuple[Path, str]]:
    for name, target in parser.map.items():
        for field in target.to if isinstance(target, Mapped) else (target,):
            yield ("map", name), field
    for name in parser.constants:
        yield ("constants", name), name


def _samples(parser: LogParser, library: Library) -> Iterator[Found]:
    origin = library.objects(PARSERS)[parser.id].origin
    own = origin.layer is Layer.SITE and origin.patched is None
    folder = ((library.site_root if own else None) or library.shipped_root) / PARSERS.folder / parser.id
    for name in ("samples", "expected"):
        if not any(path.is_file() for path in folder.glob(f"{name}/*")):
            yield (), message("there is no file in {folder}", folder=f"{name}/"), None


def _rule(find: Find) -> LintRule:
    def rule(library: Library) -> Iterator[Fault]:
        for name, loaded in library.objects(PARSERS).items():
            for path, what, advice in find(loaded.value, library):
                yield library.fault(PARSERS, name, path, what, advice)

    return rule


RULES: Sequence[LintRule] = tuple(_rule(each) for each in (_engines, _patterns, _times, _fields, _samples))
