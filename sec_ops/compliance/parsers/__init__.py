"""Parsers of facts: the folder is the registry, one module a parser, found by its name.

A module defines `parse(text, options)`, which returns strings, integers, booleans, lists and string-keyed maps,
and raises ValueError with a short reason when it can't understand the text. It may define `OPTIONS`, the names
of the options it knows; a parser without it knows none that the lint could check.
"""

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from sec_ops.model.check import Probe
from sec_ops.model.fact import Fact, FactState
from sec_ops.model.messages import Message, message

__all__ = ["Parse", "ParsedFact", "parse_fact", "parser", "parser_names", "parser_of", "unknown_options"]

Parse = Callable[[str, Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFact:
    """What rules see of a fact: its value (None when absent), or why there is none."""

    state: FactState
    value: Any = None
    fault: Message | None = None


@cache
def parser_names() -> frozenset[str]:
    """Return the names of all parsers."""
    return frozenset(module.name for module in pkgutil.iter_modules(__path__))


@cache
def parser(name: str) -> Parse:
    """Return the parser of that name; raises KeyError when the folder has none."""
    if name not in parser_names():
        raise KeyError(name)
    parse: Parse = import_module(f"{__name__}.{name}").parse
    return parse


def parser_of(probe: Probe) -> tuple[str, Mapping[str, Any]]:
    """Return the name of the probe's parser and its options."""
    if isinstance(probe.parse, str):
        return probe.parse, {}
    return next(iter(probe.parse.items()), ("text", {}))


def unknown_options(probe: Probe) -> list[str]:
    """Return the options of the probe that its parser doesn't know."""
    name, options = parser_of(probe)
    known = getattr(import_module(f"{__name__}.{name}"), "OPTIONS", None)
    return [] if known is None else sorted(set(options) - set(known))


def parse_fact(fact: Fact, probe: Probe) -> ParsedFact:
    """Return what rules see of `fact`; never raises on any text."""
    if fact.state is not FactState.READ:
        return ParsedFact(state=fact.state)
    name, options = parser_of(probe)
    if name not in parser_names():
        return ParsedFact(state=fact.state, fault=message("there is no parser {parser}", parser=name))
    try:
        return ParsedFact(state=fact.state, value=parser(name)(_speakable(fact.text), options))
    except (ValueError, RecursionError) as error:
        return ParsedFact(state=fact.state, fault=message("its output is not understood: {why}", why=str(error)))


def _speakable(text: str) -> str:
    """Return `text` with undecodable bytes as U+FFFD: expressions know no surrogates."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
