"""Host patterns as Ansible's users know them: names, groups, globs, `a:b`, `a:&b`, `a:!b`."""

import fnmatch
import re
from collections.abc import Iterable, Mapping

from sec_ops.content.model_faults import did_you_mean
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message

__all__ = ["matching", "select"]

_SEPARATOR = re.compile(r",|:(?![^\[\]]*\])")


def select(pattern: str, hosts: Iterable[str], groups: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the hosts a pattern names, in the inventory's order.

    First the union of the plain terms (all hosts when there is none), then only those in every `&` term, then without
    those of the `!` terms; the order of the terms does not matter. Raises UsageError when a term names nothing.
    """
    everyone = tuple(hosts)
    terms = _terms(pattern, everyone)
    found = {term: _named(term.lstrip("!&"), everyone, groups) for term in terms}
    plain = [names for term, names in found.items() if term[0] not in "!&"]
    chosen = set[str]().union(*plain) if plain else set(everyone)
    for term, names in found.items():
        if term.startswith("&"):
            chosen &= names
    for term, names in found.items():
        if term.startswith("!"):
            chosen -= names
    return tuple(name for name in everyone if name in chosen)


def matching(term: str, hosts: Iterable[str], groups: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return the hosts that one term, a name, a group or a glob of either, names; empty when it names nothing."""
    named = {name for name in hosts if name == term or fnmatch.fnmatchcase(name, term)}
    inside = [members for group, members in groups.items() if group == term or fnmatch.fnmatchcase(group, term)]
    return named.union(*inside)


def _terms(pattern: str, hosts: tuple[str, ...]) -> list[str]:
    if pattern in hosts:
        return [pattern]
    terms = [term.strip() for term in _SEPARATOR.split(pattern)]
    terms = [term for term in terms if term.lstrip("!&")]
    if not terms:
        raise UsageError(message("the host pattern is empty"), advice=message("see: sec-ops inventory list --hosts"))
    return terms


def _named(term: str, hosts: tuple[str, ...], groups: Mapping[str, tuple[str, ...]]) -> set[str]:
    found = matching(term, hosts, groups)
    if not found and term not in groups:
        advice = did_you_mean(term, {*hosts, *groups}) or message("see: sec-ops inventory list --hosts")
        raise UsageError(message("no host and no group is called {term}", term=term), advice=advice)
    return found
