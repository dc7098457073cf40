"""`sec-ops init DIR`: make a site folder, its evidence log and its paper anchor."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sec_ops.cli.output import emit
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _

app = typer.Typer(
    help=_("Make a site folder: configuration, content overlays, evidence log, paper anchor."),
    invoke_without_command=True,
    rich_markup_mode=None,
    add_completion=False,
)
OVERLAYS = ("rules", "playbooks", "backup", "inventory")


@app.callback()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("the folder to make; it may exist, but be empty"))],
) -> Iterable[Outcome]:
    """Make the site and print the fingerprints that belong in the plan binder."""
    from sec_ops.evidence.log import init_log
    from sec_ops.runtime.clock import SystemClock
    from sec_ops.runtime.configuration import configuration_text, load_configuration
    from sec_ops.runtime.files import make_folder, write_atomically
    from sec_ops.runtime.site import Site
    from sec_ops.transport.process import run_program

    site = Site(folder.resolve())
    if site.configuration.exists() or (site.root.is_dir() and any(site.root.iterdir())):
        advice = message("name a folder that doesn't exist yet, or an empty one")
        raise UsageError(message("{folder} is not empty", folder=str(folder)), advice=advice)
    for name in OVERLAYS:
        make_folder(site.root / name)
    write_atomically(site.configuration, configuration_text(site.root, os.urandom).encode())
    anchor = init_log(
        site.evidence,
        origin=load_configuration(site).origin,
        clock=SystemClock(),
        randomness=secrets.token_bytes,
        run_program=run_program,
    )
    rows = anchor.document()
    emit("sec-ops/init", {"site": str(site.root), "anchor": rows}, text=lambda: _text(site.root, rows))
    return ()


def _text(root: Path, rows: list[dict[str, str]]) -> str:
    site = printable(str(root))
    lines = [_("site made: {site}").format(site=site), "", _("Fingerprints of the evidence keys (SHA-256):")]
    lines += [f"  {row['role']:<10} {row['algorithm']:<8} {row['fingerprint']}" for row in rows]
    lines += [
        "",
        _("Print {path} now and keep it in the plan binder:").format(path=f"{site}/var/evidence/anchor.txt"),
        _("an auditor compares the evidence with the paper, not with this machine."),
        "",
        _("next: sec-ops --site {site} audit run --local").format(site=site),
    ]
    return "\n".join(lines)
