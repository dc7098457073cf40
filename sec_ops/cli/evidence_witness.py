"""`sec-ops evidence witness`: the audit administrator's cosignatures, exchanged as files.

On the witness's machine, in any folder: `init`, `cosign`. On the site: `enrol`, `request`, `accept`.
"""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from sec_ops.cli.evidence_key import anchor_text, make_doors
from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(
    help=_("The witness: a second memory of the log, kept by the audit administrator on another machine."),
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help=_("the witness's own folder"))]
Output = Annotated[Path, typer.Option(metavar="FILE", help=_("the file to write"))]


@app.command(help=_("On the witness's machine: make its key; gives the file for the site."))
def init(
    folder: Folder,
    name: Annotated[str, typer.Option(help=_("name of the witness in the notes, such as witness.example.org"))],
    output: Output,
    trust: Annotated[list[str], typer.Option(metavar="FINGERPRINT", help=_("the log's, from the paper anchor"))],
) -> Iterable[Outcome]:
    """Make a witness that trusts the fingerprints on paper."""
    from sec_ops.cli.evidence import normal_fingerprint
    from sec_ops.evidence.exchange import write_exchange
    from sec_ops.evidence.witness import make_witness

    witness = make_witness(folder, name=name, trust=frozenset(map(normal_fingerprint, trust)))
    write_exchange(output, witness.enrolment())
    body = {"name": name, "fingerprint": witness.fingerprint(), "enrolment": str(output)}
    text = _(
        "witness {name}\n  {fingerprint}\ngive {enrolment} to the site: sec-ops evidence witness enrol {enrolment}"
    )
    emit("sec-ops/evidence-witness-init", body, text=lambda: text.format(**body))
    return ()


@app.command(help=_("On the site: take a witness's key into the key ring and onto the paper anchor."))
def enrol(file: Annotated[Path, typer.Argument(metavar="FILE", help=_("made by witness init"))]) -> Iterable[Outcome]:
    """Enrol a witness."""
    from sec_ops.evidence.exchange import Enrolment, read_exchange
    from sec_ops.evidence.keeping import enrol_witness
    from sec_ops.evidence.layout import Layout
    from sec_ops.evidence.log import open_locally

    enrolment, doors = read_exchange(file, Enrolment), make_doors()
    folder = find_site(current().site).evidence
    writer = open_locally(folder, doors).writer
    der = base64.b64decode(enrolment.public_key)
    anchor = enrol_witness(Layout(folder), doors, writer, enrolment.name, der)
    body = {"origin": anchor.origin, "anchor": anchor.document()}
    emit("sec-ops/evidence-witness-enrol", body, text=lambda: anchor_text(anchor))
    return ()


@app.command(help=_("On the site: ask for cosignatures of the log as it stands."))
def request(
    output: Output,
    since: Annotated[
        int | None, typer.Option("--from", metavar="SIZE", min=0, help=_("the size the witness remembers"))
    ] = None,
) -> Iterable[Outcome]:
    """Make a checkpoint and write the request for the witness."""
    from sec_ops.cli.sealing import evidence_of
    from sec_ops.evidence.cosigning import cosign_request
    from sec_ops.evidence.exchange import write_exchange
    from sec_ops.evidence.layout import Layout

    site = find_site(current().site)
    with evidence_of(site) as log:
        log.checkpoint()
    asked = cosign_request(Layout(site.evidence), make_doors().files, old_size=since)
    write_exchange(output, asked)
    body = {"request": str(output), "old_size": asked.old_size, "size": asked.size}
    text = _("{request}: from size {old_size} to {size}\nnext: sec-ops evidence witness cosign FOLDER {request}")
    emit("sec-ops/evidence-witness-request", body, text=lambda: text.format(**body))
    return ()


@app.command(help=_("On the witness's machine: cosign, if nothing seen before was changed; exit 6 otherwise."))
def cosign(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("made by witness request"))],
    output: Output,
) -> Iterable[Outcome]:
    """Check keys and consistency, remember the log's state, cosign both notes."""
    from sec_ops.evidence.exchange import CosignRequest, read_exchange, write_exchange
    from sec_ops.evidence.witness import open_witness

    witness = open_witness(folder)
    answer = witness.cosign(read_exchange(file, CosignRequest), make_doors().clock)
    write_exchange(output, answer)
    body = {"cosignatures": str(output), "origin": answer.origin, "size": answer.size}
    text = _("{origin} cosigned at size {size}\nnext, on the site: sec-ops evidence witness accept {cosignatures}")
    emit("sec-ops/evidence-witness-cosign", body, text=lambda: text.format(**body))
    return ()


@app.command(help=_("On the site: put a witness's cosignatures into the checkpoint."))
def accept(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("made by witness cosign"))],
) -> Iterable[Outcome]:
    """Check the cosignatures and keep them."""
    from sec_ops.evidence.cosigning import accept_cosignatures
    from sec_ops.evidence.exchange import Cosignatures, read_exchange
    from sec_ops.evidence.layout import Layout
    from sec_ops.evidence.log import open_locally

    folder, doors = find_site(current().site).evidence, make_doors()
    answer, writer = read_exchange(file, Cosignatures), open_locally(folder, doors).writer
    size = accept_cosignatures(Layout(folder), doors.files, writer, answer)
    emit("sec-ops/evidence-witness-accept", {"size": size}, text=lambda: _("witnessed up to {size}").format(size=size))
    return ()
