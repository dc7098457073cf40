"""The command tree; a noun's module is imported only when its noun is typed or its help is shown."""

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _

__all__ = ["call"]

NOUNS = ("init", "doctor", "inventory", "account", "audit", "evidence", "content")


class _LazyGroup(TyperGroup):
    """One module of `sec_ops.cli` per noun, with its Typer named `app`."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - Typer's interface
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - Typer's interface
        if cmd_name not in NOUNS:
            return None
        command = get_command(import_module(f"sec_ops.cli.{cmd_name}").app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_LazyGroup,
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
    try:
        result = get_command(app)(list(arguments), prog_name="sec-ops", standalone_mode=False)
    except TyperException as error:
        known = " ".join(word for word in arguments[:1] if word in NOUNS)
        advice = message("see: {command}", command=" ".join(filter(None, ("sec-ops", known, "--help"))))
        raise UsageError(message("{reason}", reason=error.format_message()), advice=advice) from error
    if result == Outcome.INTERRUPTED:  # Typer's own answer to Ctrl-C and SIGTERM
        raise KeyboardInterrupt
    if isinstance(result, int):
        return (Outcome(result),)
    return result or ()
