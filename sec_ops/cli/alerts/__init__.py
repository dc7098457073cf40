"""`sec-ops alerts`: one module of this folder a verb, found by its name (`list_.py` is `list`)."""

import pkgutil

import typer

from sec_ops.cli.lazy import lazy_group
from sec_ops.runtime.language import gettext as _

_VERBS = {
    module.name.rstrip("_"): f"{__name__}.{module.name}"
    for module in pkgutil.iter_modules(__path__)
    if not module.name.startswith("_")
}

app = typer.Typer(
    cls=lazy_group(_VERBS),
    help=_("Work through alerts: which there are, what led to them, what became of them."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _alerts() -> None:
    """Hold the verbs together."""
