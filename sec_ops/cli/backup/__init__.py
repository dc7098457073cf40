"""`sec-ops backup`: one module of this folder a verb, found by its name (`import_.py` is `import`)."""

import pkgutil

import typer

from sec_ops.cli.lazy import lazy_group
from sec_ops.runtime.language import gettext as _

VERBS = {
    module.name.rstrip("_"): f"{__name__}.{module.name}"
    for module in pkgutil.iter_modules(__path__)
    if not module.name.startswith("_")
}

app = typer.Typer(
    cls=lazy_group(VERBS),
    help=_("Back up key systems across sites, and prove that the backups can be used."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _backup() -> None:
    """Hold the verbs together."""
