"""The command tree; a noun's module is imported only when its noun is typed or its help is shown."""

from collections.abc import Iterable, Sequence

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from sec_ops.cli.lazy import lazy_group
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
