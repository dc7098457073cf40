"""`sec-ops evidence key`: the log's signing keys."""

import os
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

if TYPE_CHECKING:
    from sec_ops.evidence.keys import Anchor
    from sec_ops.evidence.writer import Doors

app = typer.Typer(help=_("The log's signing keys."), no_args_is_help=True, rich_markup_mode=None)


@app.command(help=_("Make the evidence log of a site that has none, with its first keys."))
def init() -> Iterable[Outcome]:
    """Make keys, log and paper anchor."""
    from sec_ops.evidence.log import init_log
    from sec_ops.runtime.clock import SystemClock
    from sec_ops.runtime.configuration import load_configuration
    from sec_ops.transport.process import run_program

    site = find_site(current().site)
    anchor = init_log(
        site.evidence,
        origin=load_configuration(site).origin,
        clock=SystemClock(),
        randomness=secrets.token_bytes,
        run_program=run_program,
    )
    return _emitted("sec-ops/evidence-key-init", anchor)


@app.command(help=_("Go on with new keys, introduced by the old ones."))
def rotate() -> Iterable[Outcome]:
    """Rotate both keys of the log."""
    from sec_ops.evidence.keeping import rotate_keys
    from sec_ops.evidence.layout import Layout
    from sec_ops.evidence.log import open_locally

    folder, doors = find_site(current().site).evidence, make_doors()
    return _emitted(
        "sec-ops/evidence-key-rotate", rotate_keys(Layout(folder), doors, open_locally(folder, doors).writer)
    )


@app.command(help=_("Close a key that is not to be trusted any more; a log key gets a successor for the paper anchor."))
def revoke(
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help=_("of the key to close"))],
    reason: Annotated[str, typer.Option(help=_("why; it stands in the log"))],
) -> Iterable[Outcome]:
    """Revoke one key of the log or of a witness."""
    from sec_ops.cli.evidence import normal_fingerprint
    from sec_ops.evidence.keeping import revoke_key
    from sec_ops.evidence.layout import Layout
    from sec_ops.evidence.log import open_locally

    folder, doors = find_site(current().site).evidence, make_doors()
    writer = open_locally(folder, doors).writer
    anchor = revoke_key(Layout(folder), doors, writer, normal_fingerprint(fingerprint), reason)
    return _emitted("sec-ops/evidence-key-revoke", anchor)


def make_doors() -> "Doors":
    """Return the doors of this machine."""
    from sec_ops.evidence.files import DiskFiles
    from sec_ops.evidence.writer import Doors
    from sec_ops.runtime.clock import SystemClock
    from sec_ops.transport.process import run_program

    return Doors(files=DiskFiles(), clock=SystemClock(), randomness=os.urandom, run_program=run_program)


def anchor_text(anchor: "Anchor") -> str:
    """Return the fingerprints and what to do with them."""
    lines = [f"{key.role:<8} {key.algorithm:<8} {key.fingerprint}" for key in anchor.keys]
    advice = _("print {path} again and keep it in the plan binder with the older pages")
    return "\n".join([*lines, advice.format(path=find_site(current().site).evidence / "anchor.txt")])


def _emitted(schema: str, anchor: "Anchor") -> Iterable[Outcome]:
    body = {"origin": anchor.origin, "anchor": anchor.document()}
    emit(schema, body, text=lambda: anchor_text(anchor))
    return ()
