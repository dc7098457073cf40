"""Drafts: entries before they have a place in the log, checked and with their blobs encrypted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sec_ops.evidence.blobs import PreparedBlob, prepare_blob
from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import Entry, validated
from sec_ops.model.messages import message
from sec_ops.model.protocols import Randomness

__all__ = ["MAX_LINE_BYTES", "Actor", "AppendRequest", "Draft", "make_draft", "sealed_line"]

MAX_LINE_BYTES = 65_536
_SHORT_TEXT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendRequest:
    """What a caller asks to seal."""

    kind: str
    data: Mapping[str, Any]
    blob: bytes | None = None
    media_type: str = "application/octet-stream"
    system: str = ""
    case: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is speaking, how that is known, and which writer says so (`service` or `in_process`)."""

    name: str
    role: str = ""
    assurance: str = "os_user"
    writer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A checked entry without sequence number, time and predecessor."""

    kind: str
    data: Mapping[str, Any]
    system: str
    case: str
    actor: Actor
    blob: PreparedBlob | None


def make_draft(request: AppendRequest, actor: Actor, randomness: Randomness) -> Draft:
    """Check a request and encrypt its blob.

    Raises UsageError for an unknown kind or an entry that is too long, ContentInvalid for data its kind refuses.
    """
    data = _encodable(validated(request.kind, _encodable(request.data)))
    blob = None
    if request.blob is not None:
        blob = prepare_blob(request.blob, _shortened(request.media_type), randomness)
    system, case = _shortened(request.system), _shortened(request.case)
    draft = Draft(kind=request.kind, data=data, system=system, case=case, actor=actor, blob=blob)
    if len(canonical_json(draft.data)) > MAX_LINE_BYTES - 4096:
        what = message("an entry of kind {kind} is longer than {limit} bytes", kind=request.kind, limit=MAX_LINE_BYTES)
        raise UsageError(what, advice=message("put long content into the entry's blob"))
    return draft


def sealed_line(draft: Draft, *, sequence: int, previous: str, time: str) -> bytes:
    """Return the canonical line, without its line end, that seals a draft at its place in the log."""
    entry = Entry(
        seq=sequence,
        t=time,
        kind=draft.kind,
        actor=draft.actor.name,
        role=draft.actor.role,
        assurance=draft.actor.assurance,
        writer=draft.actor.writer,
        case=draft.case,
        system=draft.system,
        blob=draft.blob.reference if draft.blob else None,
        prev=previous,
        data=draft.data,
    )
    return canonical_json(entry.document())


def _shortened(text: str) -> str:
    return str(_encodable(text))[:_SHORT_TEXT]


def _encodable(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Spell lone surrogates (bytes that were not UTF-8) as escapes: nothing else keeps a text from being sealed."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_encodable(name): _encodable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value
