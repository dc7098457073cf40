"""Every store answers a search as the evaluator does, or refuses it with a reason that is listed here.

A store joins with one line in `STORES`. What it may refuse stands in `REFUSALS`; anything else must be answered, and
answered the same.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings

from sec_ops.model.errors import UsageError
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import RECORD
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.siem.query.parse import parse
from sec_ops.siem.query.tree import Query
from sec_ops.siem.storing import Commit, EventStore, Request
from sec_ops.testing.event_store import MemoryEventStore
from tests.contract.event_stores import FixedClock, rows
from tests.elasticsearch.fixtures import MakeElasticStore
from tests.strategies.language_page import rows as page_rows
from tests.strategies.search import TYPES, corpus, queries

ROWS = rows([*corpus(), *(event for _, *pair in page_rows() for event in pair if event)])


def _embedded(folder: Path) -> EventStore:
    return EmbeddedStore(folder, types=TYPES, clock=FixedClock(), randomness=os.urandom)


def _spilling(folder: Path) -> EventStore:
    """Return a store most of whose fields lie in the column of what is beyond the bound."""
    return EmbeddedStore(folder, types=TYPES, clock=FixedClock(), randomness=os.urandom, columns_bound=6)


STORES: Mapping[str, Callable[[Path], EventStore]] = {
    "memory": lambda folder: MemoryEventStore(TYPES),
    "embedded": _embedded,
    "embedded-spilling": _spilling,
}
REFUSALS: Mapping[str, tuple[str, ...]] = {"elasticsearch": (r"in text, \? stands between",)}
"""What a store may refuse, as expressions over the reason."""


@dataclass(frozen=True)
class Asked:
    """A store that holds all rows, and what it may refuse."""

    store: EventStore
    may_refuse: tuple[str, ...]

    def found(self, query: Query) -> list[str] | None:
        """Return the records found, None when the search is refused for a reason that may be."""
        try:
            found = [
                str(event[RECORD]) for event in self.store.search(Request(query=query, fields=(RECORD,), limit=None))
            ]
        except UsageError as refused:
            if any(re.search(each, str(refused)) for each in self.may_refuse):
                return None
            raise
        assert self.store.count(Request(query=query)) == len(found)
        return found


@contextmanager
def opened(name: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[EventStore]:
    if name == "elasticsearch":
        make = MakeElasticStore(request.getfixturevalue("elastic_node"), "tlanguage", folder)
        yield make(TYPES, clock=FixedClock())
        make.remove()
    else:
        with closing(STORES[name](folder)) as store:
            yield store


@pytest.fixture(scope="module", params=[*STORES, pytest.param("elasticsearch", marks=pytest.mark.heavy)])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with opened(request.param, request, tmp_path_factory.mktemp(request.param)) as store:
        store.append(ROWS, Commit(stream="1", sequence=1))
        store.maintain()
        yield Asked(store, REFUSALS.get(request.param, ()))


def wanted(query: Query) -> list[str]:
    return [str(row.event[RECORD]) for row in ROWS if evaluate(query, row.event, TYPES)]


@settings(max_examples=80, deadline=None)
@given(query=queries())
def test_a_store_finds_what_the_evaluator_finds(asked: Asked, query: Query) -> None:
    found = asked.found(query)
    assert found is None or sorted(found) == sorted(wanted(query))


def test_a_store_answers_the_page_of_the_language(asked: Asked) -> None:
    for text, _, _ in page_rows():
        query = parse(text, TYPES)
        found = asked.found(query)
        assert found is None or sorted(found) == sorted(wanted(query)), text
