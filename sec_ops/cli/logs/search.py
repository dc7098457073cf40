"""`sec-ops logs search`: ask the store of events."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Form(StrEnum):
    """How events are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@app.command(help=_("Search the events that are kept, by words, fields and times."))
def search(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help=_("what to search for, such as: user.name:root AND failed"))
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help=_("from this day or time on, or this long ago: 2026-11-26, 24h, 7d"))
    ] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help=_("until this day, to its end, or this time"))] = "",
    fields: Annotated[
        list[str] | None, typer.Option(metavar="NAMES", help=_("fields to show, separated by commas; all: every field"))
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, max=1_000_000_000, help=_("at most so many; 0: all; default: 100 events, 20 values")
        ),
    ] = None,
    ascending: Annotated[bool, typer.Option("--ascending", help=_("oldest first; default: newest first"))] = False,  # noqa: FBT002
    count: Annotated[bool, typer.Option("--count", help=_("only how many there are"))] = False,  # noqa: FBT002
    histogram: Annotated[str, typer.Option(metavar="INTERVAL", help=_("how many when: auto, 10m, 1h, 1d, 1w"))] = "",
    top: Annotated[str, typer.Option(metavar="FIELD", help=_("the most frequent values of a field"))] = "",
    form: Annotated[
        Form, typer.Option("--format", help=_("how events are written: a table, a JSON object a line, or CSV"))
    ] = Form.TABLE,
) -> Iterable[Outcome]:
    """Find events, or count them; exit 0 whether or not there are any, 3 when events are known to be lost."""
    if sum((count, bool(histogram), bool(top))) > 1:
        raise UsageError(message("--count, --histogram and --top exclude each other"))
    from sec_ops.cli.logs import _searching

    options = _searching.Options(
        query=query,
        since=since,
        until=until,
        fields=tuple(fields or ()),
        limit=limit,
        order="ascending" if ascending else "descending",
        form=form.value,
    )
    with _searching.open_search(find_site(current().site), options) as asked:
        asked.warn()
        if count:
            asked.count()
        elif histogram:
            asked.histogram(histogram)
        elif top:
            asked.top(top)
        else:
            asked.events()
        return asked.outcomes()
