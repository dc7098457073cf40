"""Expressions of checks: CEL (Common Expression Language) behind one module.

Names: `fact.<probe>`, `param.<name>`, `host.family|distribution|version`. Functions: CEL's own, its string, list,
maths and set extensions, and `to_int(text, default)`, `octal(text)`, `bits(mode, mask)`.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import cel
from cel import stdlib

from sec_ops.model.messages import Message, message

try:
    import re2
except ImportError:  # no wheel for this machine: the engine's own `matches` says the same, slowly
    re2 = None

__all__ = ["HOST_NAMES", "ExpressionFault", "Failed", "Names", "Scope", "evaluate", "expression_faults", "scope_of"]

Scope = cel.Context
"""Variables and functions that expressions are evaluated over; made once for all expressions of a check."""

HOST_NAMES: Final = frozenset({"family", "distribution", "version"})
_ROOTS = frozenset({"fact", "param", "host"})
_NATIVE = frozenset(
    {
        "all",
        "bool",
        "bytes",
        "contains",
        "double",
        "duration",
        "dyn",
        "endsWith",
        "exists",
        "exists_one",
        "filter",
        "has",
        "int",
        "map",
        "matches",
        "size",
        "startsWith",
        "string",
        "timestamp",
        "type",
        "uint",
    }
)
_STRING = re.compile(
    r"""[rRbB]{0,2}("{3}.*?"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|//[^\n]*""", re.DOTALL
)
_MEMBER = re.compile(r"""(?<![\w.])(fact|param|host)(?:\s*\.\s*([A-Za-z_]\w*)|\s*\[\s*(?:"(\w+)"|'(\w+)')\s*\])?""")
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What an expression may speak of."""

    probes: AbstractSet[str]
    parameters: AbstractSet[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionFault:
    """Something wrong in an expression; line and column count from 1."""

    line: int
    column: int
    message: Message


@dataclass(frozen=True, slots=True)
class Failed:
    """An expression that came to no value, and why."""

    why: str


def _to_int(text: object, default: object) -> object:
    word = str(text).strip()
    digits = word.removeprefix("-").removeprefix("+")
    return int(word) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else default


def _octal(text: object) -> int:
    return int(str(text).strip(), 8)


def _bits(mode: int, mask: int) -> int:
    return mode & mask


def _matches(text: str, pattern: str) -> bool:
    return _pattern(pattern).search(text) is not None


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> Any:  # noqa: ANN401 - the library has no types
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


_MATCHES: Final = "re2_matches"
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "to_int": _to_int,
    "octal": _octal,
    "bits": _bits,
    _MATCHES: _matches,
}
_NAMESPACES = frozenset(name.partition(".")[0] for name in stdlib.STDLIB_FUNCTIONS if "." in name)
FUNCTION_NAMES: Final = _NATIVE | _FUNCTIONS.keys() | {name.rpartition(".")[2] for name in stdlib.STDLIB_FUNCTIONS}
# The binding logs every error of a function it calls; here the error itself is the answer.
logging.getLogger("cel").addHandler(logging.NullHandler())
logging.getLogger("cel").propagate = False


def expression_faults(source: str, names: Names) -> list[ExpressionFault]:
    """Return everything wrong in `source` that can be known without facts, in the order of its places."""
    try:
        program = _compiled(source)
    except ValueError as error:
        return _syntax_faults(str(error))
    blanked = _blanked(source)
    bound = {match[1] for match in _BOUND.finditer(blanked)}
    faults = [
        *_unknown_variables(blanked, set(program.variables()) - _ROOTS - _NAMESPACES - bound),
        *_unknown_functions(blanked, {name for name in program.functions() if name[0].isalpha()} - FUNCTION_NAMES),
        *_unknown_members(source, blanked, names),
    ]
    return sorted(faults, key=lambda fault: (fault.line, fault.column))


def scope_of(variables: Mapping[str, Mapping[str, Any]]) -> Scope | Failed:
    """Return what expressions over `variables` (fact, param, host) need, or why a value has no place in CEL."""
    try:
        scope = cel.Context(variables=dict(variables), functions=dict(_FUNCTIONS))
        stdlib.add_stdlib_to_context(scope)
    except Exception as error:  # noqa: BLE001 - whatever the engine refuses
        return Failed(_reason(error))
    return scope


def evaluate(source: str, scope: Scope | Failed) -> Any:  # noqa: ANN401 - a CEL value
    """Return the value of `source` over `scope`, or Failed with the reason; never raises."""
    if isinstance(scope, Failed):
        return scope
    try:
        return _fast(source).execute(scope)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - the engine's panics are no Exception
        return Failed(_reason(error))


@lru_cache(maxsize=4096)
def _compiled(source: str) -> cel.Program:
    return cel.compile(source)


@lru_cache(maxsize=4096)
def _fast(source: str) -> cel.Program:
    """Return the program with `matches` by RE2, CEL's own pattern library: the engine compiles a pattern every time."""
    if re2 is None:
        return _compiled(source)
    calls = re.finditer(r"\bmatches(?=\s*\()", _blanked(source))
    for call in reversed(list(calls)):
        source = source[: call.start()] + _MATCHES + source[call.end() :]
    return cel.compile(source)


def _blanked(source: str) -> str:
    """Return `source` with blanks for its strings and comments; places stay."""
    return _STRING.sub(lambda found: " " * len(found[0]), source)


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return f"it has no key {error.args[0]!r}"
    if isinstance(error, TypeError) and "No such overload" in str(error):
        return "an operation doesn't fit the types of its values"
    return str(error).partition("\n")[0].partition(". Check ")[0]


def _syntax_faults(text: str) -> list[ExpressionFault]:
    found = [
        ExpressionFault(line=int(line), column=int(column), message=message("not CEL: {why}", why=why.strip()))
        for line, column, why in _PLACE.findall(text)
    ]
    return found or [ExpressionFault(line=1, column=1, message=message("not CEL: {why}", why=text))]


def _fault(source: str, offset: int, text: Message) -> ExpressionFault:
    before = source[:offset]
    return ExpressionFault(line=before.count("\n") + 1, column=offset - (before.rfind("\n") + 1) + 1, message=text)


def _unknown_variables(blanked: str, unknown: AbstractSet[str]) -> Iterator[ExpressionFault]:
    for name in unknown:
        offset = _offset(blanked, rf"(?<![\w.]){re.escape(name)}\b")
        yield _fault(blanked, offset, message("unknown name {name}; known: fact, param, host", name=name))


def _unknown_functions(blanked: str, unknown: AbstractSet[str]) -> Iterator[ExpressionFault]:
    for name in unknown:
        offset = _offset(blanked, rf"\b{re.escape(name)}\s*\(")
        yield _fault(blanked, offset, message("unknown function {name}", name=name))


def _unknown_members(source: str, blanked: str, names: Names) -> Iterator[ExpressionFault]:
    known = {"fact": names.probes, "param": names.parameters, "host": HOST_NAMES}
    for match in _MEMBER.finditer(source):
        root, member = match[1], match[2] or match[3] or match[4]
        if blanked[match.start()] == " ":
            continue
        if member is None:
            yield _fault(source, match.start(), message("{root} must be followed by .name", root=root))
        elif member not in known[root]:
            listed = ", ".join(sorted(known[root])) or "-"
            text = message("unknown {name}; known here: {known}", name=f"{root}.{member}", known=listed)
            yield _fault(source, match.start(), text)


def _offset(blanked: str, pattern: str) -> int:
    match = re.search(pattern, blanked)
    return match.start() if match else 0
