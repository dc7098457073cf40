"""The site's side of the witness: asking for cosignatures and putting them into the notes."""

from sec_ops.evidence.checkpoints import checkpoint_sizes, note_path, read_note
from sec_ops.evidence.exchange import Cosignatures, CosignRequest, TreeProofs, TreeTexts
from sec_ops.evidence.files import Files, told_as_storage_error
from sec_ops.evidence.keys import KeyRing, key_bytes, load_ring
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.notes import COSIGNATURE, Note, NoteSignature, cosigned_text, key_id, parse_note
from sec_ops.evidence.proofs import consistency_proofs, state_at
from sec_ops.evidence.reading import read_lines
from sec_ops.evidence.ring_trust import signature_holds
from sec_ops.evidence.tree import ALGORITHMS
from sec_ops.evidence.writer import Writer
from sec_ops.model.errors import EvidenceBroken, UsageError
from sec_ops.model.evidence import KeyCreated
from sec_ops.model.messages import message

__all__ = ["accept_cosignatures", "cosign_request", "cosigned_size"]


def cosigned_size(layout: Layout, files: Files, witness: KeyCreated) -> int:
    """Return the largest size that a witness has cosigned on both trees; 0 when there is none."""
    identity = _identity(witness)
    for size in reversed(checkpoint_sizes(layout, files)):
        notes = [read_note(layout, files, size, algorithm) for algorithm in ALGORITHMS]
        if all(any(_names(line, witness, identity) for line in note.signatures) for note in notes):
            return size
    return 0


def cosign_request(layout: Layout, files: Files, *, old_size: int | None = None) -> CosignRequest:
    """Return a request for the newest checkpoint, with proofs from the size the witness remembers.

    Raises UsageError when no checkpoint has that size.
    """
    with told_as_storage_error(layout.root):
        return _request(layout, files, old_size)


def _request(layout: Layout, files: Files, old_size: int | None) -> CosignRequest:
    ring, sizes = load_ring(layout, files), checkpoint_sizes(layout, files)
    known = min((cosigned_size(layout, files, key) for key in ring.open_keys("witness")), default=0)
    old, size = known if old_size is None else old_size, max(sizes, default=0)
    if old > size or (old and old not in sizes):
        raise UsageError(message("the log has no checkpoint of size {size}", size=old))
    lines = list(read_lines(layout, files, old, size))
    proofs = consistency_proofs(state_at(layout, files, old), lines)
    notes = {name: read_note(layout, files, size, name).encode().decode() for name in ALGORITHMS}
    return CosignRequest(
        origin=ring.origin,
        old_size=old,
        size=size,
        notes=TreeTexts(**notes),
        proofs=TreeProofs(**{name: tuple(node.hex() for node in proof) for name, proof in proofs.items()}),
        created=ring.created,
        closed=ring.closed,
    )


def accept_cosignatures(layout: Layout, files: Files, writer: Writer, answer: Cosignatures) -> int:
    """Put a witness's cosignatures into both notes and return their size; raises EvidenceBroken when one is wrong."""
    ring = load_ring(layout, files)
    with writer.exclusively():
        if answer.size not in checkpoint_sizes(layout, files) or answer.origin != ring.origin:
            raise UsageError(message("the log has no checkpoint of size {size}", size=answer.size))
        notes = {name: _cosigned(layout, files, ring, answer, name) for name in ALGORITHMS}
        for name, note in notes.items():
            files.write(note_path(layout, answer.size, name), note.encode())
        files.sync_folder(layout.checkpoint(answer.size))
    return answer.size


def _cosigned(layout: Layout, files: Files, ring: KeyRing, answer: Cosignatures, algorithm: str) -> Note:
    note = read_note(layout, files, answer.size, algorithm)
    line = parse_note((note.text + "\n" + getattr(answer.lines, algorithm)).encode()).signatures[-1]
    for key in ring.open_keys("witness"):
        seconds, signature = int.from_bytes(line.signature[:8]), line.signature[8:]
        named = _names(line, key, _identity(key))
        if named and signature_holds(key, cosigned_text(note.text, seconds), signature):
            others = tuple(each for each in note.signatures if not _names(each, key, _identity(key)))
            return Note(note.text, (*others, line))
    what = message("the cosignature of the {tree} checkpoint is not that of an enrolled witness", tree=algorithm)
    raise EvidenceBroken(what, advice=message("enrol the witness first: sec-ops evidence witness enrol FILE"))


def _identity(witness: KeyCreated) -> bytes:
    return key_id(witness.name, COSIGNATURE, key_bytes(witness))


def _names(line: NoteSignature, key: KeyCreated, identity: bytes) -> bool:
    return line.name == key.name and line.key_id == identity
