r"""Pairs of key and value, as many appliances write them: `devname="fw 1" srcip=192.0.2.1 msg="it said \"no\""`.

What stands before the first key is `head`, what follows a quoted value without a key is `text`. A value without quotes
goes on to the next key, so blanks inside it are kept; a key that comes twice has a list.

Options: `separator` between pairs (a blank; `tab`), `assign` between key and value (`=`), `quote` (`"`), `required`
(names without which the text is not understood), `together` (a name, and the names whose values it joins with blanks).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sec_ops.siem.engines import Extract, Extracted
from sec_ops.siem.engines._options import one_character, texts
from sec_ops.siem.engines._pairs import keep

OPTIONS = frozenset({"separator", "assign", "quote", "required", "together"})
_PAIRS_BOUND = 1_000
_KEY_BOUND = 128
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the engine."""
    separator, assign = one_character(options, "separator", " "), one_character(options, "assign", "=")
    quote, required = one_character(options, "quote", '"'), frozenset(texts(options, "required"))
    if len({separator, assign, quote}) < 3:
        raise ValueError("separator, assign and quote must differ")
    together = {name: texts({name: parts}, name) for name, parts in _map(options.get("together", {})).items()}
    scan = _scanner(separator, assign, quote)

    def extract(text: str) -> Extracted | None:
        found = scan(text.strip())
        for name, parts in together.items():
            values = [found.pop(part) for part in parts if isinstance(found.get(part), str)]
            if values:
                found[name] = " ".join(values)
        return found if found.keys() - {"head"} and required <= found.keys() else None

    return extract


def _map(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("together: names, each with a list of names")
    return value


def _scanner(separator: str, assign: str, quote: str) -> Callable[[str], dict[str, Any]]:
    s, a, q = re.escape(separator), re.escape(assign), re.escape(quote)
    # A key begins the text or follows a separator; its value is quoted, or runs on until the next key.
    name = rf"(?:^|(?<=[{s},;]))([^\s{s}{a}{q},;]{{1,{_KEY_BOUND}}}){a}"
    quoted = rf"(?:{q}([^{q}\\]*+(?:\\.[^{q}\\]*+)*+){q})?"
    key = re.compile(name + quoted, re.DOTALL)

    def scan(text: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        name, begin = "head", 0
        for count, pair in enumerate(key.finditer(text)):
            if count >= _PAIRS_BOUND:
                break
            keep(found, name, text[begin : pair.start()].strip(f"{separator},; "))
            name, begin = pair[1], pair.end()
            if pair[2] is not None:
                keep(found, name, _ESCAPED.sub(r"\1", pair[2]) if "\\" in pair[2] else pair[2])
                name = "text"
        keep(found, name, text[begin:].strip(f"{separator},; "))
        return found

    return scan
