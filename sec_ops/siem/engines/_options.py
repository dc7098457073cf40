"""Checks of engines' options, each raising ValueError with a short reason."""

from collections.abc import Mapping
from typing import Any

__all__ = ["choice", "one_character", "table", "texts"]


def one_character(options: Mapping[str, Any], name: str, usual: str) -> str:
    """Return an option that is one character; `tab` stands for a tab."""
    value = options.get(name, usual)
    value = "\t" if value == "tab" else value
    if not isinstance(value, str) or len(value) != 1 or value in "\r\n":
        raise ValueError(f"{name}: one character")
    return value


def choice(options: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    """Return an option that is one of several words, the first unless given."""
    value = options.get(name, choices[0])
    if value not in choices:
        raise ValueError(f"{name}: {' | '.join(choices)}")
    return str(value)


def texts(options: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return an option that is a list of texts without repetition, empty unless given."""
    value = options.get(name, [])
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each for each in value):
        raise ValueError(f"{name}: a list of texts")
    if len(set(value)) != len(value):
        raise ValueError(f"{name}: a text stands twice")
    return tuple(value)


def table(options: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return an option that maps texts to texts, empty unless given."""
    value = options.get(name, {})
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for pair in value.items() for each in pair):
        raise ValueError(f"{name}: a map of texts to texts")
    return dict(value)
