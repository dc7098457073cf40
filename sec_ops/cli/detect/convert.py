"""`sec-ops detect convert`: rules as queries of Elasticsearch."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import site_if_any

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(name="convert", help=_("Write rules as queries of Elasticsearch: Lucene, EQL or ES|QL."))
def convert(
    rules: Annotated[
        list[str], typer.Argument(metavar="RULE…", help=_("ids, names or files of rules; all: every one"))
    ],
    to: Annotated[str, typer.Option("--to", metavar="LANGUAGE", help=_("lucene, eql or esql"))],
    pipeline: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help=_("what the events look like: a shape, or pySigma's pipelines and files; default: ecs")
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help=_("how queries are written; see pySigma"))
    ] = "default",
) -> Iterable[Outcome]:
    """Convert the rules' own text with the site's exceptions; what can't be said is listed with the reason."""
    from sec_ops.cli.detect._converting import convert_rules

    return convert_rules(site_if_any(current().site), rules, to=to, pipelines=pipeline or ["ecs"], form=form)
