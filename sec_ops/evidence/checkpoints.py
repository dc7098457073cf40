"""Checkpoints: one folder a size with a note for each tree and the state they were made from, put there in one step."""

import json
import re
from pathlib import Path

from sec_ops.evidence.files import Files
from sec_ops.evidence.keys import KeyRing, key_bytes, open_signer
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.notes import (
    ED25519,
    SM2,
    Checkpoint,
    Note,
    NoteSignature,
    checkpoint_text,
    key_id,
    origin_of,
    parse_checkpoint,
    parse_note,
)
from sec_ops.evidence.state import LogState, empty_state
from sec_ops.evidence.tree import ALGORITHMS, Tree
from sec_ops.model.canonical import canonical_line
from sec_ops.model.errors import SecOpsError
from sec_ops.model.protocols import RunProgram

__all__ = ["KEY_OF_TREE", "checkpoint_sizes", "load_state", "note_path", "read_note", "write_checkpoint"]

KEY_OF_TREE = {"sha256": "ed25519", "sm3": "sm2"}
"""Which key signs which tree's notes."""
_TYPES = {"ed25519": ED25519, "sm2": SM2}
_STATE = "state.json"
_SIZE = re.compile(r"\d{12}")


def checkpoint_sizes(layout: Layout, files: Files) -> list[int]:
    """Return the sizes that have a checkpoint, smallest first."""
    return [int(name) for name in files.names(layout.checkpoints) if _SIZE.fullmatch(name)]


def note_path(layout: Layout, size: int, algorithm: str) -> Path:
    """Return the file of one tree's note."""
    return layout.checkpoint(size) / f"{algorithm}.note"


def read_note(layout: Layout, files: Files, size: int, algorithm: str) -> Note:
    """Return one tree's note; raises EvidenceBroken."""
    return parse_note(files.read(note_path(layout, size, algorithm)))


def write_checkpoint(layout: Layout, files: Files, state: LogState, ring: KeyRing, run_program: RunProgram) -> None:
    """Sign both roots and put the checkpoint on disk in one step. Under the writer's lock."""
    notes = {name: _signed_note(layout, state.trees[name], ring, run_program) for name in ALGORITHMS}
    target = layout.checkpoint(state.size)
    draft = target.with_name(f".{target.name}")
    files.make_folder(draft)
    for name, note in notes.items():
        files.write(draft / f"{name}.note", note.encode())
    files.write(draft / _STATE, canonical_line(state.document()))
    files.sync_folder(draft)
    files.rename(draft, target)
    files.sync_folder(layout.checkpoints)


def load_state(layout: Layout, files: Files, size: int) -> LogState | None:
    """Return the state at a checkpoint when it folds to the roots that were signed there, else nothing.

    The state is a shortcut only: without it the log is read from its beginning. Size 0 is the empty log.
    """
    if size == 0:
        return empty_state()
    try:
        state = LogState.read(json.loads(files.read(layout.checkpoint(size) / _STATE)))
        signed = {name: _root(layout, files, size, name) for name in ALGORITHMS}
    except (ValueError, KeyError, TypeError, SecOpsError):
        return None
    return state if signed == {name: (size, tree.root()) for name, tree in state.trees.items()} else None


def _root(layout: Layout, files: Files, size: int, algorithm: str) -> tuple[int, bytes]:
    checkpoint = parse_checkpoint(read_note(layout, files, size, algorithm).text)
    return checkpoint.size, checkpoint.root


def _signed_note(layout: Layout, tree: Tree, ring: KeyRing, run_program: RunProgram) -> Note:
    key = ring.log_key(KEY_OF_TREE[tree.algorithm])
    checkpoint = Checkpoint(origin=origin_of(ring.origin, tree.algorithm), size=tree.size, root=tree.root())
    text = checkpoint_text(checkpoint)
    signature = open_signer(layout, key, run_program).sign(text.encode())
    identity = key_id(key.name, _TYPES[key.algorithm], key_bytes(key))
    return Note(text, (NoteSignature(key.name, identity, signature),))
