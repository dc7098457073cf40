"""Kinds of services and checks that drills have, with their settings, from the modules that know them."""

from typing import Any

from scripts.reference.markdown import code, page, table, words
from scripts.reference.models import field_rows
from sec_ops.drill import checks, services

__all__ = ["drills_page"]


def drills_page() -> str:
    """Return the page of kinds of drills' services and checks."""
    return page(
        "Drills: services and checks",
        "How a key system comes back stands in `backup/recoveries/<system>.yml`: its `services` in order, and the "
        "`checks` that prove that it works; what is rehearsed stands in `backup/drills/<scenario>.yml`. Their keys are "
        "told with all [content](content.md#recoveries), the kinds of both and their `settings` here. How to use them: "
        "[run a drill](../how-to/drill.md).",
        "In settings `{SERVICE.port}`, `{SERVICE.server}` and `{SERVICE.folder}` stand for places of a service that "
        "stands above, `{SYSTEM.SERVICE.port}` for those of a system this one depends on. An address of production in "
        "them is a fault.",
        "## Services",
        *(_kind(name, services.service_of(name), _of_service(services.service_of(name))) for name in services.kinds()),
        "## Checks",
        *(_kind(name, checks.check_of(name), _of_check(checks.check_of(name))) for name in checks.kinds()),
    )


def _kind(name: str, kind: Any, told: str) -> str:  # noqa: ANN401 - a service or a check
    rows = list(field_rows(kind.settings))
    head = f"### {name}\n\n{_about(kind)}{told}"
    meaning = words(kind.settings.__doc__ or "")
    return f"{head}\n\n{meaning}\n\n{table(('setting', 'type', 'meaning'), rows)}" if rows else head


def _about(kind: Any) -> str:  # noqa: ANN401 - a service or a check
    """Return the first sentence of the kind's module, without its name."""
    module = __import__(type(kind).__module__, fromlist=["__doc__"])
    text = words((module.__doc__ or "").split("\n\n")[0]).partition(": ")[2]
    return text[:1].upper() + text[1:]


def _of_service(service: Any) -> str:  # noqa: ANN401 - a kind of service
    when = "while it runs" if service.loads == "running" else "before it is started"
    return f" Dumps are loaded {when}."


def _of_check(check: Any) -> str:  # noqa: ANN401 - a kind of check
    asks = ", ".join(map(code, check.asks))
    return f" Asks a service of kind {asks}." if asks else ""
