"""`sec-ops logs listen`: receive logs until told to stop."""

import secrets
from collections.abc import Iterable
from typing import Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit, note
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Receive logs: syslog over UDP, TCP and TLS, RELP, and Elasticsearch's _bulk."))
def listen(
    only: Annotated[
        list[str] | None, typer.Option(metavar="ID", help=_("only these listeners of sec-ops.yml; default: all"))
    ] = None,
    udp: Annotated[
        int | None, typer.Option(metavar="PORT", help=_("for a try: syslog over UDP, loopback only"))
    ] = None,
    tcp: Annotated[
        int | None, typer.Option(metavar="PORT", help=_("for a try: syslog over TCP, loopback only"))
    ] = None,
    relp: Annotated[int | None, typer.Option(metavar="PORT", help=_("for a try: RELP, loopback only"))] = None,
    bulk: Annotated[int | None, typer.Option(metavar="PORT", help=_("for a try: _bulk, loopback only"))] = None,
    index: Annotated[  # noqa: FBT002
        bool, typer.Option("--index/--no-index", help=_("make events of what came, in a process beside this one"))
    ] = True,
    make_key: Annotated[
        str, typer.Option(metavar="ID", help=_("make a key for a _bulk listener, show it once, and end"))
    ] = "",
) -> Iterable[Outcome]:
    """Receive until SIGTERM or Ctrl-C; what was taken is on disk when the command ends."""
    if make_key:
        _make_key(make_key)
        return ()
    from sec_ops.cli.logs._listening import index_command, listen_at

    ports = {"syslog_udp": udp, "syslog_tcp": tcp, "relp": relp, "bulk": bulk}
    quick = {kind: port for kind, port in ports.items() if port is not None}
    site = find_site(current().site)
    return listen_at(site, only=only or (), quick=quick, beside=index_command(site) if index else ())


def _make_key(name: str) -> None:
    """Show a new key and what belongs into the configuration; the secret is kept nowhere."""
    import base64

    from sec_ops.siem.listen.keys import made_key

    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or name != name.lower():
        raise UsageError(message("a key's id has lower-case letters, digits, - and _ only"))
    secret, digest = made_key(secrets.token_bytes)
    pair = f"{name}:{secret}"
    body = {"id": name, "key": pair, "base64": base64.b64encode(pair.encode()).decode(), "sha256": digest}
    emit("sec-ops/logs-listen-key", body, text=lambda: f"{pair}\n- {{id: {name}, sha256: {digest}}}")
    if current().form == "text":
        note(message("the first line is the key, shown only now; the second belongs into keys: of the listener"))
