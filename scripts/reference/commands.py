"""The command line, walked from the Typer tree; a noun whose module isn't there yet is left out."""

import types
import typing
from collections.abc import Iterator
from enum import Enum
from functools import cache
from importlib import import_module, util
from typing import Any

from typer.main import get_command

from scripts.reference.markdown import code, page, table, words
from sec_ops.cli.app import NOUNS

__all__ = ["command_paths", "commands_page"]

COMMON = (
    ("--site DIR", "the site folder; else `SEC_OPS_SITE`, else the nearest folder above with a `sec-ops.yml`"),
    ("--lang zh\\|en", "language of texts; default from `LC_ALL`, `LC_MESSAGES`, `LANG`"),
    ("--json", "one JSON document on stdout, see [JSON documents](json.md)"),
    ("--jsonl", "JSON lines with `message_type`, as they come"),
    ("--debug", "with an error, also where in the program it came from"),
    ("--no-color", "no colours; `NO_COLOR` does the same"),
)
_HIDDEN = ("install_completion", "show_completion", "help")


def commands_page() -> str:
    """Return the page of all commands and options."""
    common = table(("option", "meaning"), [(f"`{name}`", text) for name, text in COMMON])
    return page(
        "Commands",
        "Every command takes these, anywhere on the line (after `--` nothing is an option any more):",
        common,
        "`sec-ops --version` prints the version. What a command ends with: [exit codes](exit_codes.md).",
        *(_section(path, command) for path, command in _commands()),
    )


@cache
def command_paths() -> tuple[str, ...]:
    """Return every command as it is typed, without `sec-ops`."""
    return tuple(path for path, _ in _commands())


def _commands() -> Iterator[tuple[str, Any]]:
    for noun in NOUNS:
        if util.find_spec(f"sec_ops.cli.{noun}"):
            yield from _below(noun, get_command(import_module(f"sec_ops.cli.{noun}").app))


def _below(path: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - Typer's own types are private
    names = command.list_commands(None) if hasattr(command, "list_commands") else ()
    if not names:
        yield path, command
    for name in names:
        below = command.get_command(None, name)
        if not below.hidden:
            yield from _below(f"{path} {name}", below)


def _section(path: str, command: Any) -> str:  # noqa: ANN401 - Typer's own types are private
    parameters = [each for each in command.params if each.name not in _HIDDEN and not each.hidden]
    rows = [(code(_spelled(each)), _meaning(each)) for each in parameters]
    shown = table(("argument or option", "meaning"), rows) if rows else "No arguments or options of its own."
    return f"## sec-ops {path}\n\n{' '.join((command.help or '').split())}\n\n{shown}"


def _spelled(parameter: Any) -> str:  # noqa: ANN401 - Typer's own types are private
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        many = "…" if parameter.nargs == -1 and not name.endswith("…") else ""
        return f"{name}{many}" if parameter.required else f"[{name}{many}]"
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return names if parameter.is_flag else f"{names} {parameter.metavar or _kind(parameter)}"


def _kind(parameter: Any) -> str:  # noqa: ANN401 - Typer's own types are private
    annotation = _bare(parameter.type_descriptor.annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(str(each.value) for each in annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return "|".join(str(each) for each in typing.get_args(annotation))
    return {"str": "TEXT", "int": "NUMBER", "Path": "PATH", "float": "NUMBER"}.get(
        getattr(annotation, "__name__", ""), "VALUE"
    )


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - any annotation
    """Return what is inside `X | None` and `list[X]`."""
    if typing.get_origin(annotation) in (types.UnionType, typing.Union, list, tuple):
        return _bare(next(each for each in typing.get_args(annotation) if each is not type(None)))
    return annotation


def _meaning(parameter: Any) -> str:  # noqa: ANN401 - Typer's own types are private
    marks = []
    if parameter.required:
        marks.append("required")
    elif _says_something(parameter.default):
        default = parameter.default
        marks.append(f"default `{default.value if isinstance(default, Enum) else default}`")
    if parameter.param_type_name == "option" and (parameter.multiple or parameter.nargs == -1):
        marks.append("may be repeated")
    return "; ".join([words(parameter.help or ""), *marks])


def _says_something(default: object) -> bool:
    return default not in (None, "", False, (), []) and not callable(default)
