"""What a part of a search asks of one value, as a condition of DuckDB over the value's SQL expression."""

import ipaddress
from dataclasses import dataclass

from sec_ops.model.folding import caseless, spellings
from sec_ops.siem.events import FieldType
from sec_ops.siem.query.tree import ANY, Pattern, Wildcard
from sec_ops.siem.query.typed import Between, Edge, Like, Same, Test, Within

__all__ = ["Condition", "Parameter", "test_sql"]

Parameter = str | int | float | bool
_FOURTH_FIRST, _FOURTH_LAST = 0xFFFF << 32, (0xFFFF << 32) | 0xFFFFFFFF
_LONGEST_EXPRESSION = 200


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition and the values of its `?`, in their order."""

    sql: str
    parameters: tuple[Parameter, ...] = ()


def test_sql(test: Test, kind: FieldType, value: str) -> Condition:
    """Return the condition that the value of an SQL expression passes the test; NULL or FALSE when it doesn't."""
    match test:
        case Like(pattern, whole):
            return _like(pattern, value, "whole" if whole else "part")
        case Same(wanted):
            return Condition(f"{value} = ?", (wanted,))
        case Between(lower, upper):
            return _between(lower, upper, kind, value)
        case Within(first, last):
            return _within(first, last, value)


def _like(pattern: Pattern, value: str, extent: str) -> Condition:
    literal = "".join(piece for piece in pattern if isinstance(piece, str))
    if any(isinstance(piece, Wildcard) for piece in pattern):
        return _expression(pattern, value, extent)
    if extent == "whole":
        return Condition(f"{value} = ?" if caseless(literal) else f"lower({value}) = ?", (literal,))
    if caseless(literal):
        return Condition(f"contains({value}, ?)", (literal,))
    if len(literal) > _LONGEST_EXPRESSION:
        return Condition(f"contains(lower({value}), ?)", (literal,))
    return _expression(pattern, value, extent)


def _expression(pattern: Pattern, value: str, extent: str) -> Condition:
    """Return a condition by RE2, which is linear, and here faster than to fold the value first."""
    function = "regexp_full_match" if extent == "whole" else "regexp_matches"
    return Condition(f"{function}({value}, ?)", ("(?s)" + "".join(map(_piece, pattern)),))


def _piece(piece: str | Wildcard) -> str:
    if isinstance(piece, Wildcard):
        return ".*" if piece is ANY else "."
    return "".join(map(_character, piece))


def _character(character: str) -> str:
    written = spellings(character)
    if len(written) > 1:
        return f"[{written}]"
    return character if character.isalnum() else f"\\x{{{ord(character):x}}}"


def _between(lower: Edge | None, upper: Edge | None, kind: FieldType, value: str) -> Condition:
    folded = f"lower({value})" if kind is FieldType.KEYWORD else value
    parts, parameters = [], []
    if lower:
        parts.append(f"{folded} {'>=' if lower.closed else '>'} ?")
        parameters.append(lower.value)
    if upper:
        parts.append(f"{folded} {'<=' if upper.closed else '<'} ?")
        parameters.append(upper.value)
    return Condition(f"({' AND '.join(parts)})" if parts else f"{value} IS NOT NULL", tuple(parameters))


def _within(first: int, last: int, value: str) -> Condition:
    if first > last:
        return Condition("FALSE")
    if first == last:
        return Condition(f"{value} = ?", (_spelled(first),))
    if _FOURTH_FIRST <= first <= last <= _FOURTH_LAST:
        octets = _octets(first - _FOURTH_FIRST, last - _FOURTH_FIRST, value)
        if octets:
            return octets
    return Condition(f"{_digits(value)} BETWEEN ? AND ?", (f"{first:032X}", f"{last:032X}"))


def _spelled(number: int) -> str:
    if _FOURTH_FIRST <= number <= _FOURTH_LAST:
        return str(ipaddress.IPv4Address(number - _FOURTH_FIRST))
    return str(ipaddress.IPv6Address(number))


def _octets(first: int, last: int, value: str) -> Condition | None:
    """Return the condition for a network of IPv4 by its text: the octets that are fixed, and the range of the next."""
    bits = (last - first + 1).bit_length() - 1
    if last - first + 1 != 1 << bits or first % (1 << bits):
        return None
    fixed = (32 - bits) // 8
    low, high = first.to_bytes(4, "big"), last.to_bytes(4, "big")
    start = "".join(f"{octet}." for octet in low[:fixed])
    begins = f"starts_with({value}, ?)" if fixed else f"contains({value}, '.')"
    parameters: tuple[Parameter, ...] = (start,) if fixed else ()
    if bits % 8 == 0:
        return Condition(begins, parameters)
    octet = f"TRY_CAST(split_part({value}, '.', {fixed + 1}) AS INTEGER) BETWEEN ? AND ?"
    return Condition(f"({begins} AND {octet})", (*parameters, low[fixed], high[fixed]))


def _digits(value: str) -> str:
    """Return an address in its shortest form as the 32 hexadecimal digits of its number, which order as it does."""
    octets = " || ".join(
        f"lpad(to_hex(TRY_CAST(split_part({value}, '.', {place}) AS INTEGER)), 2, '0')" for place in range(1, 5)
    )
    given = f"len(list_filter(string_split({value}, ':'), lambda part_: part_ <> ''))"
    filled = f"replace({value}, '::', ':' || repeat('0:', 8 - {given}))"
    groups = f"list_filter(string_split({filled}, ':'), lambda part_: part_ <> '')"
    sixth = f"array_to_string(list_transform({groups}, lambda part_: lpad(part_, 4, '0')), '')"
    return f"upper(CASE WHEN contains({value}, ':') THEN {sixth} ELSE '00000000000000000000FFFF' || {octets} END)"
