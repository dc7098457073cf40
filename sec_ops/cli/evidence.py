"""`sec-ops evidence`: list, show, verify, checkpoint, bundle; `witness` and `key` are groups of their own."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from sec_ops.cli import evidence_key, evidence_witness
from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.cli.table import table
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import Entry
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language
from sec_ops.runtime.site import Site, find_site

app = typer.Typer(
    help=_("The evidence log: what was sealed, whether it still holds, and bundles for auditors."),
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
app.add_typer(evidence_key.app, name="key")
app.add_typer(evidence_witness.app, name="witness")
_EXCERPT = 2000
Trust = Annotated[list[str] | None, typer.Option(metavar="FINGERPRINT", help=_("a fingerprint from the paper anchor"))]


@app.command(name="list", help=_("Show the entries of the log, oldest first."))
def list_entries(
    kind: Annotated[str, typer.Option(help=_("only kinds that begin so, such as audit."))] = "",
    system: Annotated[str, typer.Option(help=_("only this key system"))] = "",
    run: Annotated[str, typer.Option(help=_("only this run"))] = "",
    last: Annotated[int, typer.Option(min=1, metavar="N", help=_("only the last N of them"))] = 50,
) -> Iterable[Outcome]:
    """List entries that match, the newest N of them."""
    from collections import deque

    with evidence_of(find_site(current().site)) as log:
        matching = (entry for entry in log.entries() if _matches(entry, kind, system, run))
        entries = list(deque(matching, maxlen=last))
    body = {"entries": [entry.document() for entry in entries]}
    head = ("seq", _("time"), _("kind"), _("actor"), _("writer"), _("system"), _("blob"))
    emit("sec-ops/evidence-list", body, text=lambda: table(head, [_row(entry) for entry in entries]))
    return ()


@app.command(help=_("Show one entry, and its blob when there is one."))
def show(
    sequence: Annotated[int, typer.Argument(metavar="SEQ", min=0, help=_("sequence number of the entry"))],
    output: Annotated[Path | None, typer.Option(help=_("write the blob's plain bytes to this new file"))] = None,
) -> Iterable[Outcome]:
    """Show an entry; its blob is verified before any byte of it is shown or written."""
    with evidence_of(find_site(current().site)) as log:
        entry = next(log.entries(sequence, sequence), None)
        if entry is None:
            raise UsageError(message("the log has no entry {sequence}", sequence=sequence))
        blob = log.read_blob(entry.blob.sha256) if entry.blob else b""
    if output:
        _write_new(output, blob)
    emit("sec-ops/evidence-show", {"entry": entry.document()}, text=lambda: _shown(entry, blob))
    return ()


@app.command(help=_("Check a bundle, or without one the site's own log; exit 6 when something was changed."))
def verify(
    bundle: Annotated[Path | None, typer.Argument(metavar="BUNDLE", help=_("a file .evz"))] = None,
    trust: Trust = None,
    require_witness: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--require-witness", help=_("a missing witness is a fault"))
    ] = False,
    all_signatures: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--all-signatures", help=_("check the signature of every checkpoint"))
    ] = False,
) -> Iterable[Outcome]:
    """Verify with the code of the stand-alone verifier."""
    from sec_ops.evidence import verify as verifier
    from sec_ops.evidence.live import verify_live

    fingerprints = tuple(_trusted(each) for each in trust or ())
    signatures = "all" if all_signatures else ""
    if bundle is None:
        found = verify_live(find_site(current().site).evidence, fingerprints, all_signatures=signatures)
    else:
        found = verifier.verify(str(_existing(bundle)), fingerprints, signatures)
    report = found.report("required" if require_witness else "", language())
    outcomes = tuple(outcome for outcome in Outcome if outcome.label in report["outcome"])
    body = {name: value for name, value in report.items() if name not in ("schema", "version", "outcome")}
    emit("sec-ops/evidence-verify", body, outcomes=outcomes, text=lambda: _verified(report))
    return outcomes


@app.command(help=_("Sign the log as it stands."))
def checkpoint() -> Iterable[Outcome]:
    """Make a checkpoint of both trees now."""
    with evidence_of(find_site(current().site)) as log:
        size = log.checkpoint()
    emit(
        "sec-ops/evidence-checkpoint", {"size": size}, text=lambda: _("checkpoint at {size} entries").format(size=size)
    )
    return ()


@app.command(help=_("Write a run's evidence to a file that anybody can verify offline."))
def bundle(
    run: Annotated[str, typer.Option(help=_("the run: its name, a unique part of it, or latest"))],
    output: Annotated[Path, typer.Option(metavar="FILE.evz", help=_("the file to write"))],
) -> Iterable[Outcome]:
    """Seal an export and write the bundle."""
    from sec_ops.evidence.bundle import bundle as make_bundle

    site = find_site(current().site)
    with evidence_of(site) as log:
        made = make_bundle(log, site.evidence, run=_run_name(site, run), output=output)
    body = {"path": str(made.path), "sha256": made.sha256, "first": made.first, "end": made.end, "blobs": made.blobs}
    emit("sec-ops/evidence-bundle", body, text=lambda: _bundle_text(body))
    return ()


def _trusted(text: str) -> str:
    """Return a fingerprint for the verifier; `log:` or `witness:` before it trusts it in that role only."""
    role, _separator, rest = text.partition(":")
    return role + normal_fingerprint(rest) if role in ("log", "witness") else normal_fingerprint(text)


def normal_fingerprint(text: str) -> str:
    """Return a fingerprint as copied from paper without its spaces; raises UsageError when it is none."""
    printed = re.sub(r"[\s:]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", printed):
        what = message("not a fingerprint: {text}", text=text)
        raise UsageError(what, advice=message("a fingerprint is 64 hexadecimal digits from the paper anchor"))
    return printed


def _verified(report: dict[str, Any]) -> str:
    lines = [f"  {item['where']}: {item['text']}" for item in [*report["faults"], *report["not_checked"]]]
    return printable("\n".join([*lines, report["text"]]))


def _matches(entry: Entry, kind: str, system: str, run: str) -> bool:
    return (
        entry.kind.startswith(kind)
        and system in ("", entry.system)
        and (not run or str(entry.data.get("run", "")).endswith(run))
    )


def _row(entry: Entry) -> tuple[str, ...]:
    blob = f"{entry.blob.sha256[:12]} ({entry.blob.size})" if entry.blob else ""
    return str(entry.seq), entry.t, entry.kind, entry.actor, entry.writer, entry.system, blob


def _shown(entry: Entry, blob: bytes) -> str:
    document = json.dumps(entry.document(), ensure_ascii=False, indent=2)
    if not entry.blob:
        return printable(document)
    excerpt = blob[:_EXCERPT].decode(errors="backslashreplace")
    more = _("… {count} bytes more").format(count=len(blob) - _EXCERPT) if len(blob) > _EXCERPT else ""
    return "\n".join([printable(document), "", printable(excerpt), more]).rstrip()


def _write_new(path: Path, data: bytes) -> None:
    from sec_ops.runtime.files import write_atomically

    if path.exists():
        raise UsageError(message("{path} exists already", path=path))
    write_atomically(path, data)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(message("there is no file {path}", path=path))
    return path


def _run_name(site: Site, name: str) -> str:
    from sec_ops.runtime.run import find_run

    return name if (site.runs / name).is_dir() else find_run(site.runs, name, verb="audit").name


def _bundle_text(body: dict[str, Any]) -> str:
    entries = _("{path}: entries {first} to {last}, {blobs} blobs")
    return "\n".join(
        [
            entries.format(path=body["path"], first=body["first"], last=body["end"] - 1, blobs=body["blobs"]),
            f"SHA-256 {body['sha256']}",
            _("next: sec-ops evidence verify {path} --trust FINGERPRINT").format(path=body["path"]),
        ]
    )
