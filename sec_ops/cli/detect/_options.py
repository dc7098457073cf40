"""Options that judging files, a store and what is kept have in common."""

from typing import Annotated

import typer

from sec_ops.detection.rule import Level
from sec_ops.runtime.language import gettext as _

__all__ = ["FailOn", "Least", "NoKeep", "Rules", "Since", "Until"]

Rules = Annotated[
    list[str] | None,
    typer.Option(metavar="ID|PATH", help=_("only this rule of the site, or the rules of this file or folder")),
]
Least = Annotated[Level, typer.Option(help=_("least level of the rules to use"))]
Since = Annotated[
    str, typer.Option(metavar="TIME", help=_("from this day or time on, or this long ago: 2026-11-26, 24h, 7d"))
]
Until = Annotated[str, typer.Option(metavar="TIME", help=_("until this day, to its end, or this time"))]
FailOn = Annotated[
    str, typer.Option(metavar="LEVEL", help=_("least level of an alert that makes the exit code 1; or: new"))
]
NoKeep = Annotated[
    bool, typer.Option("--no-keep", help=_("only look: keep no alert, no run and no evidence in the site"))
]
