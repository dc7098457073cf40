"""Values of a field and their modifiers: pySigma's modifiers, and our own where bytes or the site's values matter.

pySigma keeps `wide` text as UTF-8 that happens to hold zero bytes and takes characters for bytes in `base64offset`;
here encoded values are bytes until the last modifier, so every language and `utf16`'s byte order mark come out right.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, Final

from sigma.modifiers import (
    SigmaBase64Modifier,
    SigmaBase64OffsetModifier,
    SigmaCompareModifier,
    SigmaExpandModifier,
    SigmaListModifier,
    SigmaModifier,
    SigmaRegularExpressionModifier,
    SigmaTimestampModifier,
    SigmaUTF16BEModifier,
    SigmaUTF16Modifier,
    SigmaValueModifier,
    SigmaWideModifier,
    SigmaWindowsDashModifier,
    modifier_mapping,
)
from sigma.rule.detection import SigmaDetectionItem
from sigma.types import (
    Placeholder,
    SigmaExpansion,
    SigmaNumber,
    SigmaString,
    SigmaType,
    sigma_type,
)

from sec_ops.detection.sigma.faults import RuleFault
from sec_ops.detection.sigma.reading import Placeholders
from sec_ops.model.messages import message

__all__ = ["Encoded", "modified"]

VARIANTS_BOUND: Final = 20_000
_DASHES: Final = "-/\u2013\u2014\u2015"
_DASH: Final = re.compile(r"\B[-/]\b")

Modifier = type[SigmaModifier[Any, Any]]

_NUMERIC: Final[frozenset[Modifier]] = frozenset(
    each
    for each in modifier_mapping.values()
    if issubclass(each, SigmaTimestampModifier | SigmaCompareModifier | SigmaListModifier | SigmaExpandModifier)
)


class Encoded(SigmaString):
    """A text whose characters are bytes (U+0000 to U+00FF)."""


def modified(field: str, names: Sequence[str], given: object, placeholders: Placeholders) -> SigmaDetectionItem:
    """Return the item of a field with its values modified; raises RuleFault and what pySigma raises."""
    classes = [_class(name) for name in names]
    values: list[Any] = given if isinstance(given, list) else [given]
    expression = SigmaRegularExpressionModifier in classes
    expands = SigmaExpandModifier in classes
    numbers = _NUMERIC.issuperset(classes)
    read: list[SigmaType] = []
    for value in values:
        if expression:
            read.append(_expression(value, placeholders if expands else None))
        else:
            read.append(_expanded(value, placeholders, numbers=numbers) if expands else _plain(value))
    item = SigmaDetectionItem(field or None, [*map(_ours, classes)], read, auto_modifiers=False)
    _apply(item)
    return item


def _apply(item: SigmaDetectionItem) -> None:
    """Apply the modifiers as pySigma does, with a bound on what becomes of the values."""
    item.modifiers = [each for each in item.modifiers if each is not SigmaExpandModifier]
    for number, each in enumerate(item.modifiers):
        modifier = each(item, item.modifiers[:number], None)
        if isinstance(modifier, SigmaListModifier):
            item.value = modifier.apply(item.value)
            continue
        grown: list[SigmaType] = []
        count = 0
        for value in item.value:
            made = modifier.apply(value)
            count += sum(map(_leaves, made))
            if count > VARIANTS_BOUND:
                raise RuleFault(message("its values stand for more than {bound} others", bound=VARIANTS_BOUND))
            grown += made
        item.value = grown


def _leaves(value: SigmaType) -> int:
    return sum(map(_leaves, value.values)) if isinstance(value, SigmaExpansion) else 1


def _ours(each: Modifier) -> Modifier:
    return _OURS.get(each, each)


def _class(name: str) -> Modifier:
    known = modifier_mapping.get(name)
    if known is None:
        raise RuleFault(message("unknown modifier {name}", name=name))
    return known


def _plain(value: object) -> SigmaType:
    read = sigma_type(value)  # type: ignore[arg-type]
    if type(value) is int and isinstance(read, SigmaNumber):
        read.number = value
    return read


def _expression(value: object, placeholders: Placeholders | None) -> SigmaString:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RuleFault(message("a regular expression is text"))
    text = str(value)
    if placeholders is None:
        return SigmaString.from_str(text)
    parts = SigmaString.from_str(text).insert_placeholders().s
    return SigmaString.from_str("".join(_alternatives(part, placeholders) for part in parts))


def _alternatives(part: object, placeholders: Placeholders) -> str:
    if not isinstance(part, Placeholder):
        return str(part)
    return "(?:" + "|".join(_as_expression(str(value)) for value in _values(part.name, placeholders)) + ")"


def _as_expression(text: str) -> str:
    signs = {"*": ".*", "?": "."}
    parts = re.split(r"(\\[\\*?]|[*?])", text)
    return "".join(signs.get(part) or re.escape(part[1:] if part[:1] == "\\" and part[1:] else part) for part in parts)


def _expanded(value: object, placeholders: Placeholders, *, numbers: bool) -> SigmaType:
    """Return a value with what its placeholders stand for; with `numbers`, a placeholder alone may stand for some."""
    if not isinstance(value, str):
        return _plain(value)
    text = SigmaString(value).insert_placeholders()
    if numbers and len(text.s) == 1 and isinstance(whole := text.s[0], Placeholder):
        return SigmaExpansion([_plain(each) for each in _values(whole.name, placeholders)])
    return _expansion(_combinations([_choices(part, placeholders) for part in text.s]), SigmaString)


def _choices(part: object, placeholders: Placeholders) -> list[list[Any]]:
    if isinstance(part, Placeholder):
        return [SigmaString(str(each)).s for each in _values(part.name, placeholders)]
    return [[part]]


def _values(name: str, placeholders: Placeholders) -> Sequence[str | int]:
    values = placeholders.get(name)
    if not values:
        what = message("nothing says what %{name}% stands for: set it in rules/detection/placeholders.yml", name=name)
        raise RuleFault(what)
    return values


def _combinations(choices: Sequence[Sequence[list[Any]]]) -> Iterator[list[Any]]:
    if prod(map(len, choices)) > VARIANTS_BOUND:
        raise RuleFault(message("its values stand for more than {bound} others", bound=VARIANTS_BOUND))
    for chosen in product(*choices):
        yield [part for parts in chosen for part in parts]


def _expansion(variants: Iterable[list[Any]], kind: type[SigmaString]) -> SigmaExpansion:
    return SigmaExpansion([_made(parts, kind) for parts in variants])


def _made(parts: list[Any], kind: type[SigmaString]) -> SigmaString:
    made = kind()
    made.s = parts
    return made._merge_strs()  # noqa: SLF001 - what its own operators end with


class _Dashes(SigmaValueModifier[SigmaString, SigmaExpansion]):
    """`windash`, with a bound on how many values come of one."""

    def modify(self, val: SigmaString) -> SigmaExpansion:
        choices: list[list[list[Any]]] = []
        for part in val.s:
            if isinstance(part, str):
                choices += _dashed(part)
            else:
                choices.append([[part]])
        return _expansion(_combinations(choices), type(val))


def _dashed(text: str) -> Iterator[list[list[Any]]]:
    at = 0
    for found in _DASH.finditer(text):
        if text[at : found.start()]:
            yield [[text[at : found.start()]]]
        yield [[dash] for dash in _DASHES]
        at = found.end()
    if text[at:]:
        yield [[text[at:]]]


class _Encoding(SigmaValueModifier[SigmaString, Encoded]):
    """Text as bytes of an encoding, after a byte order mark."""

    mark = b""
    encoding = "utf-8"

    def modify(self, val: SigmaString) -> Encoded:
        mark: list[Any] = [self.mark.decode("latin-1")] if self.mark else []
        return _made(mark + [self._part(part) for part in val.s], Encoded)  # type: ignore[return-value]

    def _part(self, part: object) -> object:
        return part.encode(self.encoding).decode("latin-1") if isinstance(part, str) else part


class _Wide(_Encoding):
    encoding = "utf-16-le"


class _Utf16(_Encoding):
    mark = b"\xff\xfe"
    encoding = "utf-16-le"


class _Utf16BigEndian(_Encoding):
    encoding = "utf-16-be"


class _Base64(SigmaValueModifier[SigmaString, SigmaString]):
    """`base64` of a value's bytes."""

    def modify(self, val: SigmaString) -> SigmaString:
        return _made([b64encode(_bytes(val)).decode()], SigmaString)


class _Base64Offset(SigmaValueModifier[SigmaString, SigmaExpansion]):
    """`base64offset`: what a value's bytes look like at each place within a longer text that is encoded as a whole."""

    def modify(self, val: SigmaString) -> SigmaExpansion:
        data = _bytes(val)
        variants = [_shifted(data, offset) for offset in range(3)]
        if not all(variants):
            raise RuleFault(message("too short for base64offset: it would be found everywhere"))
        return _expansion(([variant] for variant in variants), SigmaString)


def _shifted(data: bytes, offset: int) -> str:
    """Return the characters that depend on the data alone when `offset` other bytes stand before it."""
    bits = (offset + len(data)) * 8
    return b64encode(bytes(offset) + data).decode()[-(-offset * 8 // 6) : bits // 6]


def _bytes(text: SigmaString) -> bytes:
    if not all(isinstance(part, str) for part in text.s):
        raise RuleFault(message("wildcards can't be encoded in base64"))
    return "".join(map(str, text.s)).encode("latin-1" if isinstance(text, Encoded) else "utf-8")


_OURS: Final[dict[Modifier, Modifier]] = {
    SigmaWindowsDashModifier: _Dashes,
    SigmaWideModifier: _Wide,
    SigmaUTF16Modifier: _Utf16,
    SigmaUTF16BEModifier: _Utf16BigEndian,
    SigmaBase64Modifier: _Base64,
    SigmaBase64OffsetModifier: _Base64Offset,
}
