"""Which columns each index has; new ones are added before the events that need them, within a bound."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message
from sec_ops.siem.elastic.mapping import COLUMNS_BOUND, MANAGED_BY, column, properties
from sec_ops.siem.elastic.names import is_plain
from sec_ops.siem.events import Event, FieldTypes

__all__ = ["Columns"]

_ALREADY = "resource_already_exists_exception"


@dataclass(slots=True)
class Columns:
    """The columns of the indices that this process has written to.

    An event is written to an alias that must exist, the index behind it has `-1` at its end: one that was taken away
    meanwhile isn't made again behind our back without its columns.
    """

    client: Elasticsearch
    types: FieldTypes
    bound: int = COLUMNS_BOUND
    known: dict[str, set[str]] = field(default_factory=dict)
    _full: set[str] = field(default_factory=set)

    def ensure(self, alias: str, events: Iterable[Event]) -> None:
        """Make the index if it is missing, and the columns its events want; what there is no room for has none.

        Raises the client's errors.
        """
        if alias not in self.known:
            self._open(alias)
        names = {name for event in events for name in event if is_plain(name)}
        try:
            self._add_missing(alias, names)
        except NotFoundError:
            # It was taken away since we opened it.
            self.forget(alias)
            self._open(alias)
            self._add_missing(alias, names)

    def has(self, alias: str, name: str) -> bool:
        """Tell whether a field is a column of the index."""
        return name in self.known[alias]

    def forget(self, alias: str) -> None:
        """Ask the server again at the next event."""
        self.known.pop(alias, None)
        self._full.discard(alias)

    def forget_all(self) -> None:
        """Ask the server again about every index."""
        self.known.clear()
        self._full.clear()

    def _open(self, alias: str) -> None:
        try:
            self.client.indices.create(index=f"{alias}-1", aliases={alias: {}}, wait_for_active_shards="0")
        except BadRequestError as error:
            if _ALREADY not in str(error.body):
                raise
        self._read(alias)

    def _read(self, alias: str) -> None:
        found = self.client.indices.get_mapping(index=alias)
        mappings = next(iter(found.values()))["mappings"]
        if mappings.get("_meta", {}).get("managed_by") != MANAGED_BY:
            what = message("the index {index} was not made by this program's index template", index=f"{alias}-1")
            advice = message("remove that index, and lower the priority of the other template that covers its name")
            raise EngineError(what, advice=advice)
        self.known[alias] = set(mappings.get("properties", {}))

    def _add_missing(self, alias: str, names: set[str]) -> None:
        wanted = names - self.known[alias]
        if wanted and alias not in self._full:
            self._add(alias, sorted(wanted))

    def _add(self, alias: str, wanted: list[str]) -> None:
        room = len(properties(self.types)) + self.bound - len(self.known[alias])
        chosen = wanted if len(wanted) <= room else wanted[: max(0, room)]
        if len(chosen) < len(wanted):
            self._full.add(alias)
        if not chosen:
            return
        try:
            self.client.indices.put_mapping(index=alias, properties=self._columns(chosen))
        except BadRequestError:
            # Another writer was faster, or somebody else's template rules here: what is there now is what there is.
            self._read(alias)
            self._full.add(alias)
        else:
            self.known[alias].update(chosen)

    def _columns(self, names: Iterable[str]) -> Mapping[str, Any]:
        columns: dict[str, Any] = {}
        for name in names:
            columns |= column(name, self.types.of(name))
        return columns
