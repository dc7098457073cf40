"""`sec-ops content`: lint, list, schema, approve."""

import json
from collections.abc import Iterable, Sequence
from importlib import import_module, util
from pathlib import Path
from typing import Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.cli.table import table
from sec_ops.content.kinds import KINDS, Kind
from sec_ops.content.library import Library, LintRule
from sec_ops.content.model_faults import did_you_mean
from sec_ops.content.shipped import CONTENT_FOLDERS, shipped_root
from sec_ops.model.approval import Approval
from sec_ops.model.content import Loaded
from sec_ops.model.errors import ContentInvalid, Fault, UsageError
from sec_ops.model.evidence import ContentApproval
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import find_site, site_if_any

app = typer.Typer(
    help=_("Look after content: checks, probes, clauses and the site's changes to them."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
_LAYERS = {"shipped": message("shipped"), "site": message("site")}
_PATCH = message("site patch")
ROOMS_WITH_RULES = (
    "sec_ops.content.lint",
    "sec_ops.compliance.lint",
    "sec_ops.siem.lint",
    "sec_ops.detection.alerts.lint",
    "sec_ops.backup.lint",
    "sec_ops.detection.library.lint",
    "sec_ops.workflows.rule_lint",
    "sec_ops.workflows.drills.lint",
)


@app.command(help=_("Tell every fault of every content file; exit 4 when there is one."))
def lint(
    path: Annotated[Path | None, typer.Argument(help=_("only what lies at or below this file or folder"))] = None,
) -> Iterable[Outcome]:
    """Read all kinds of the shipped layer and the site's, and apply every room's rules."""
    from sec_ops.content.lint import lint as all_faults

    library = Library.open(_site_root(path))
    faults = [fault for fault in all_faults(library, _rules()) if path is None or _below(fault, path)]
    if faults:
        raise ContentInvalid(faults)
    counts = {kind.name: len(library.objects(kind)) for kind in KINDS.values()}
    emit(
        "sec-ops/content-lint",
        {"objects": counts, "faults": []},
        text=lambda: "\n".join([*_counted(counts), _("no faults")]),
    )
    return ()


@app.command(name="list", help=_("Show every object with its layer and digest."))
def list_objects(
    kind: Annotated[str | None, typer.Argument(help=_("only this kind, such as checks"))] = None,
) -> Iterable[Outcome]:
    """List the objects of all kinds, or of one."""
    library = Library.open(_site_root(None))
    kinds = [_kind(kind)] if kind else list(KINDS.values())
    library.load(*kinds)
    objects = [_row(each, name, loaded) for each in kinds for name, loaded in library.objects(each).items()]
    emit("sec-ops/content-list", {"objects": objects}, text=lambda: _objects_table(objects))
    return ()


@app.command(help=_("Print or write the JSON Schemas of content files, for editors."))
def schema(
    kind: Annotated[str | None, typer.Argument(help=_("only this kind, such as checks"))] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help=_("write one file a kind into this folder"))
    ] = None,
) -> Iterable[Outcome]:
    """Make the schemas from the models that load the files."""
    from sec_ops.content.schema import json_schema
    from sec_ops.runtime.files import make_folder, write_atomically

    schemas = {each.name: json_schema(each) for each in ([_kind(kind)] if kind else KINDS.values())}
    if output is None:
        shown = schemas[kind] if kind else schemas
        emit(
            "sec-ops/content-schema", {"schemas": schemas}, text=lambda: json.dumps(shown, ensure_ascii=False, indent=2)
        )
        return ()
    written = [make_folder(output) / f"{name}.schema.json" for name in schemas]
    for path, document in zip(written, schemas.values(), strict=True):
        write_atomically(path, json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n", mode=0o644)
    emit("sec-ops/content-schema", {"files": list(map(str, written))}, text=lambda: "\n".join(map(str, written)))
    return ()


@app.command(help=_("Approve content of the site that executes, by signing its digest."))
def approve(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help=_("content files of the site, reviewed"))],
    key: Annotated[Path, typer.Option(help=_("the approver's SSH key; KEY.pub signs through ssh-agent"))],
    author: Annotated[str, typer.Option(metavar="PERSON", help=_("who wrote the content; never the approver"))],
    by: Annotated[str | None, typer.Option(metavar="PERSON", help=_("the approver; default: whose key it is"))] = None,
) -> Iterable[Outcome]:
    """Sign the files' digests as a security administrator who is not their author."""
    import hashlib

    from sec_ops.identity.approvals import approve_content, keep_approval
    from sec_ops.identity.people import load_people, owner_of
    from sec_ops.runtime.clock import SystemClock
    from sec_ops.transport.process import run_program

    site = find_site(current().site)
    people = load_people(Library.open(site.root))
    for person in (author, by):
        if person is not None and person not in people:
            raise UsageError(message("no person has the id {id}", id=person), advice=did_you_mean(person, people))
    subjects = {
        _below_site(path, site.root): hashlib.sha256(path.read_bytes()).hexdigest() for path in _existing(files)
    }
    approver = people[by] if by else owner_of(key, people)
    with evidence_of(site) as log:
        approval = approve_content(
            subjects, requester=author, approver=approver, key=key, clock=SystemClock(), run_program=run_program
        )
        kept = keep_approval(site.approvals, approval)
        for path, digest in subjects.items():
            log.append(ContentApproval.kind, _sealed(approval, path, digest))
    body = {"approval": approval.model_dump(mode="json"), "file": str(kept)}
    emit("sec-ops/content-approve", body, text=lambda: _approved(subjects, approval.approver))
    return ()


def _sealed(approval: Approval, path: str, digest: str) -> dict[str, str]:
    persons = {"approver": approval.approver, "author": approval.requester}
    return {"path": path, "sha256": digest, **persons, "signature": approval.signature or ""}


def _rules() -> list[LintRule]:
    found = [name for name in ROOMS_WITH_RULES if util.find_spec(name)]
    return [rule for name in found for rule in import_module(name).RULES]


def _site_root(path: Path | None) -> Path | None:
    """Return the site that is named or stood in, or the folder of content that `path` is; None for shipped content."""
    if path is not None and not path.exists():
        raise UsageError(message("there is no {path}", path=path))
    if site := site_if_any(current().site, start=path):
        return site.root
    if path is None or path.resolve().is_relative_to(shipped_root()):
        return None
    here = path.resolve()
    return next(
        (each for each in (here, *here.parents) if any((each / name).is_dir() for name in CONTENT_FOLDERS)), None
    )


def _below(fault: Fault, path: Path) -> bool:
    return Path(fault.file).resolve().is_relative_to(path.resolve())


def _kind(name: str) -> Kind[Any]:
    if name not in KINDS:
        advice = did_you_mean(name, KINDS) or message("name one of: {kinds}", kinds=", ".join(KINDS))
        raise UsageError(message("no kind of content is called {name}", name=name), advice=advice)
    return KINDS[name]


def _row(kind: Kind[Any], name: str, loaded: Loaded[Any]) -> dict[str, Any]:
    origin = loaded.origin
    return {
        "kind": kind.name,
        "id": name,
        "layer": origin.layer.value,
        "path": origin.path,
        "line": origin.line,
        "sha256": origin.sha256,
        "patched": origin.patched.path if origin.patched else None,
        "executes": kind.executes(loaded.value),
        "enabled": getattr(loaded.value, "enabled", True),
    }


def _objects_table(objects: Sequence[dict[str, Any]]) -> str:
    head = (_("kind"), _("id"), _("layer"), _("digest"), _("file"))
    return table(head, [_cells(each) for each in objects])


def _cells(each: dict[str, Any]) -> tuple[str, ...]:
    layer = render(_PATCH if each["patched"] else _LAYERS[each["layer"]])
    return each["kind"], each["id"], layer, each["sha256"][:12], f"{each['path']}:{each['line']}"


def _counted(counts: dict[str, int]) -> list[str]:
    return [f"{name:<12} {count:>5}" for name, count in counts.items()]


def _existing(files: Sequence[Path]) -> Sequence[Path]:
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise UsageError(message("there is no {path}", path=", ".join(map(str, missing))))
    return files


def _below_site(path: Path, site: Path) -> str:
    whole = path.resolve()
    folders = [site.resolve() / name for name in CONTENT_FOLDERS]
    if not any(whole.is_relative_to(folder) for folder in folders):
        what = message("{path} is no content of the site {site}", path=path, site=site)
        raise UsageError(what, advice=message("only the site's own content is approved; shipped content already is"))
    return whole.relative_to(site.resolve()).as_posix()


def _approved(subjects: dict[str, str], approver: str) -> str:
    lines = [f"{digest}  {printable(path)}" for path, digest in subjects.items()]
    return "\n".join([*lines, render(message("approved by {person}", person=approver))])
