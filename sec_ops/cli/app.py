"""The command tree; a noun's module is imported only when its noun is typed or its help is shown."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from sec_ops.cli.lazy import lazy_group
from sec_ops.cli.output import note
from sec_ops.cli.usage import complaint, speak_our_language
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

__all__ = ["call"]

NOUNS = (
    "init",
    "doctor",
    "inventory",
    "account",
    "audit",
    "logs",
    "alerts",
    "detect",
    "backup",
    "drill",
    "evidence",
    "content",
    "schedule",
)


app = typer.Typer(
    cls=lazy_group({noun: f"sec_ops.cli.{noun}" for noun in NOUNS}),
    name="sec-ops",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_("Audit, prove and keep the evidence: security operations of a city's education network."),
    epilog=_("Every command takes: --site DIR · --lang zh|en · --json · --jsonl · --debug · --no-color"),
)


@app.callback()
def _root() -> None:
    """Hold the nouns together."""


def call(arguments: Sequence[str]) -> Iterable[Outcome]:
    """Run the command that the arguments name; return the outcomes that hold. Raises SecOpsError, KeyboardInterrupt."""
    speak_our_language()
    try:
        result = get_command(app)(list(arguments), prog_name="sec-ops", standalone_mode=False)
    except TyperException as error:
        raise _refused(error, arguments) from error
    if result == Outcome.INTERRUPTED:  # Typer's own answer to Ctrl-C and SIGTERM
        raise KeyboardInterrupt
    if isinstance(result, int):
        return (Outcome(result),)
    return result or ()


def _refused(error: TyperException, arguments: Sequence[str]) -> UsageError:
    """Return our error for the library's: the group's help first, where only its name was given."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else " ".join(_path(arguments))
    advice = message("see: {command}", command=f"{path} --help")
    if type(error).__name__ == "NoArgsIsHelpError":  # the library names it nowhere in public
        note(error.format_message())
        return UsageError(message("a command is missing"), advice=advice)
    return UsageError(complaint(error.format_message(), _words(context)), advice=advice)


def _path(arguments: Iterable[str]) -> list[str]:
    """Return the words that name a command, as far as they do."""
    path, nothing = ["sec-ops"], cast("typer.Context", None)  # lazy groups ask for none
    command: Any = get_command(app)
    for word in arguments:
        command = command.get_command(nothing, word) if isinstance(command, TyperGroup) else None
        if command is None:
            break
        path.append(word)
    return path


def _words(context: Any) -> Sequence[str]:  # noqa: ANN401 - the library's own
    """Return the words that may follow a group's."""
    group = context.command if context else None
    return group.list_commands(context) if isinstance(group, TyperGroup) else ()
