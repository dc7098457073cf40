"""From the text of a search to its `Query`: luqum's grammar, and what of it this language has.

    root                        "union select"             user.name:root            user.name:(root OR admin)
    process.name:power*         source.ip:192.0.2.0/24     event.code:4625           http.response.status_code:>=500
    @timestamp:[now-1h TO *]    user.name:{a TO b}         _exists_:user.name        user.name:*

NOT (`!`, `-`) binds tighter than AND (`&&`, or nothing between two parts), AND tighter than OR (`||`); operators are
written in upper case. `+` changes nothing. A backslash takes the meaning from the sign after it; in quotation marks,
only the backslash and the mark need one.
"""

from datetime import UTC, tzinfo

from sec_ops.model.errors import QueryInvalid
from sec_ops.siem.events import FieldTypes
from sec_ops.siem.query.tree import Everything, Query

__all__ = ["parse"]


def parse(text: str, types: FieldTypes | None = None, *, zone: tzinfo = UTC, now_us: int | None = None) -> Query:
    """Return the query that a text means; an empty one finds everything.

    Times without an offset are of `zone`; `now` is a word for dates when it is given (microseconds since 1970, UTC).
    In the query they are absolute. Raises QueryInvalid with every fault and its place: of the language, and of values
    that can't be of their field's type.
    """
    from sec_ops.siem.query.convert import Converter
    from sec_ops.siem.query.grammar import tree_of

    tree, faults = tree_of(text)
    if tree is None:
        return Everything()
    converter = Converter(types or FieldTypes(), zone, now_us)
    query = converter.convert(tree)
    if faults or converter.faults:
        first = {fault.position: fault for fault in (*converter.faults, *faults)}
        raise QueryInvalid(text, [first[position] for position in sorted(first)])
    return query
