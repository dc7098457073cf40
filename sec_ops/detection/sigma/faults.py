"""What is wrong with one document of Sigma, on its way to the list of what was refused."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import yaml
from pyparsing import ParseBaseException
from sigma.exceptions import SigmaError

from sec_ops.model.messages import Message, message

__all__ = ["RuleFault", "all_of", "combined", "reading", "shortened"]

_TEXT_BOUND = 400
_REASONS_BOUND = 20


class RuleFault(Exception):
    """A document can't be used, and why."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


@contextmanager
def reading() -> Iterator[None]:
    """Turn everything that pySigma and the YAML reader raise into a RuleFault."""
    try:
        yield
    except RuleFault:
        raise
    except SigmaError as error:
        raise RuleFault(message("pySigma: {reason}", reason=shortened(error))) from error
    except yaml.YAMLError as error:
        raise RuleFault(_syntax(error)) from error
    except ParseBaseException as error:
        raise RuleFault(message("the condition can't be read: {reason}", reason=shortened(error))) from error
    except RecursionError as error:
        raise RuleFault(message("nested too deeply")) from error
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError, re.error) as error:
        raise RuleFault(message("no rule that pySigma can read: {reason}", reason=shortened(error))) from error


def all_of(*readers: Callable[[], Any]) -> list[Any]:
    """Return what each reader gives; raises one RuleFault with the faults of all of them."""
    read, reasons = [], []
    for reader in readers:
        try:
            with reading():
                read.append(reader())
        except RuleFault as fault:
            reasons.append(fault.reason)
    if reasons:
        raise RuleFault(combined(reasons))
    return read


def combined(reasons: Sequence[Message]) -> Message:
    """Return several reasons as one."""
    first, *others = dict.fromkeys(map(_Hashed, reasons))
    whole = first.reason
    for other in others[:_REASONS_BOUND]:
        whole = message("{one}; {other}", one=whole, other=other.reason)
    if others[_REASONS_BOUND:]:
        whole = message("{one}; and {count} more", one=whole, count=len(others) - _REASONS_BOUND)
    return whole


class _Hashed:
    """A message that equals another one with the same words."""

    def __init__(self, reason: Message) -> None:
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and str(other.reason) == str(self.reason)

    def __hash__(self) -> int:
        return hash(str(self.reason))


def _syntax(error: yaml.YAMLError) -> Message:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    reason = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)[:_TEXT_BOUND]
    if mark is None:
        return message("not valid YAML: {reason}", reason=reason)
    return message("not valid YAML at line {line}: {reason}", line=mark.line + 1, reason=reason)


def shortened(error: Exception) -> str:
    """Return what an exception says, within bounds; its kind when it says nothing."""
    text = str(error) or type(error).__name__
    return text if len(text) <= _TEXT_BOUND else text[:_TEXT_BOUND] + "…"
