"""What "without regard to case" means: every character is replaced by its simple lower-case mapping, by itself.

Python, DuckDB (`lower`) and Lucene (`lowercase`) share it. It looks at no neighbour and changes no length: `ẞ` is `ß`
and not `ss`, `Σ` is `σ` also at a word's end (and never `ς`), `İ` is `i`, the Kelvin sign is `k`, `ſ` stays.
Source: Unicode Character Database, UnicodeData.txt, Simple_Lowercase_Mapping.
"""

from collections.abc import Mapping
from functools import cache
from itertools import chain

__all__ = ["caseless", "fold", "spellings"]

_DOTTED_I = "\u0130"  # the one character whose full mapping, which Python uses, is longer than its simple one
_CASED_BLOCKS = (range(0x80, 0x2E80), range(0xA640, 0xABC0), range(0xFF20, 0xFF60), range(0x10400, 0x1E944))
_KELVIN = "\u212a"


def fold(text: str) -> str:
    """Return the text with the case of its characters taken away."""
    if text.isascii():
        return text.lower()
    return "".join("i" if character == _DOTTED_I else character.lower() for character in text)


def spellings(character: str) -> str:
    """Return all characters that fold to this one: `aA`, `kK` with the Kelvin sign, `登`."""
    return character + _others(character)


def caseless(text: str) -> bool:
    """Tell whether folded text is only ever written the way it is, such as `4625` or `登录`."""
    return not any(_others(character) for character in text)


def _others(character: str) -> str:
    if character.isascii():
        extra = {"i": _DOTTED_I, "k": _KELVIN}.get(character, "")
        return character.upper() + extra if character.islower() else ""
    if not any(ord(character) in block for block in _CASED_BLOCKS):
        return ""
    return _cased().get(character, "")


@cache
def _cased() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for code in chain.from_iterable(_CASED_BLOCKS):
        folded = fold(chr(code))
        if folded != chr(code):
            found[folded] = found.get(folded, "") + chr(code)
    return found
