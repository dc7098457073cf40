"""The witness 见证: the audit administrator's memory of the log, on another machine.

It keeps the last size and roots it has cosigned, and cosigns a checkpoint only when the log's keys are the ones on
paper and a consistency proof shows that nothing it has seen was changed or cut off. It needs no site folder.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sec_ops.evidence.checkpoints import KEY_OF_TREE
from sec_ops.evidence.exchange import Cosignatures, CosignRequest, Enrolment, TreeTexts
from sec_ops.evidence.files import DiskFiles, Files, told_as_storage_error
from sec_ops.evidence.keys import KeyRing, key_bytes
from sec_ops.evidence.notes import (
    COSIGNATURE,
    ED25519,
    SM2,
    Checkpoint,
    Note,
    NoteSignature,
    cosigned_text,
    key_id,
    origin_of,
    parse_checkpoint,
    parse_note,
    valid_origin,
)
from sec_ops.evidence.ring_trust import is_trusted, signature_holds, valid_at
from sec_ops.evidence.signers import Ed25519Signer, fingerprint, make_ed25519
from sec_ops.evidence.tree import ALGORITHMS, HASHES, consistency_holds
from sec_ops.model.canonical import canonical_line
from sec_ops.model.errors import EvidenceBroken, UsageError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock

__all__ = ["Witness", "make_witness", "open_witness"]

_TYPES = {"ed25519": ED25519, "sm2": SM2}
"""Signature types of the log's notes by algorithm."""


@dataclass(slots=True, kw_only=True)
class Witness:
    """A witness's folder: its key, the fingerprints it trusts, and what it has seen."""

    folder: Path
    name: str
    trust: frozenset[str]
    origin: str
    size: int
    roots: dict[str, str]
    files: Files

    @property
    def signer(self) -> Ed25519Signer:
        """Return the witness's own key."""
        return Ed25519Signer(self.folder / "witness.pem")

    def enrolment(self) -> Enrolment:
        """Return what the site needs to enrol this witness."""
        return Enrolment(name=self.name, public_key=base64.b64encode(self.signer.public_key()).decode())

    def fingerprint(self) -> str:
        """Return the fingerprint that goes onto the paper anchor."""
        return fingerprint(self.signer.public_key())

    def cosign(self, request: CosignRequest, clock: Clock) -> Cosignatures:
        """Return the cosignatures of a checkpoint that continues what this witness has seen.

        Raises EvidenceBroken for a log of another name, keys that are not on paper, a rollback, a fork or a wrong
        proof; UsageError when the proof starts at another size than the one remembered. What is remembered is on disk
        before a cosignature leaves.
        """
        with told_as_storage_error(self.folder), self.files.locked(self.folder / "lock"):
            self._reload()
            notes = {name: parse_note(getattr(request.notes, name).encode()) for name in ALGORITHMS}
            heads = {name: self._checked(request, name, note) for name, note in notes.items()}
            self._continue(request, heads)
            seconds = int(clock.now().timestamp())
            lines = {name: self._line(note.text, seconds) for name, note in notes.items()}
        return Cosignatures(origin=request.origin, size=request.size, lines=TreeTexts(**lines))

    def _reload(self) -> None:
        fresh = open_witness(self.folder, files=self.files)
        self.origin, self.size, self.roots = fresh.origin, fresh.size, fresh.roots

    def _checked(self, request: CosignRequest, algorithm: str, note: Note) -> Checkpoint:
        head = parse_checkpoint(note.text)
        if head.origin != origin_of(request.origin, algorithm) or head.size != request.size:
            raise EvidenceBroken(message("the request's notes are not those of the log and size it names"))
        if self.origin and request.origin != self.origin:
            what = message("this witness follows {known}, not {given}", known=self.origin, given=request.origin)
            raise EvidenceBroken(what)
        if not _signed(request.ring, note, head.size, KEY_OF_TREE[algorithm], self.trust):
            what = message("no key on paper has signed the {tree} checkpoint", tree=algorithm)
            advice = message("compare the fingerprints with the paper anchor; after a rotation ask for the new page")
            raise EvidenceBroken(what, advice=advice)
        return head

    def _continue(self, request: CosignRequest, heads: dict[str, Checkpoint]) -> None:
        if request.size < self.size:
            what = message(
                "rollback: the log has {size} entries, {known} were seen", size=request.size, known=self.size
            )
            raise EvidenceBroken(what)
        if request.old_size != self.size:
            what = message(
                "the proof starts at {given}, this witness knows {known}", given=request.old_size, known=self.size
            )
            raise UsageError(
                what, advice=message("ask again: sec-ops evidence witness request --from {size}", size=self.size)
            )
        for name, head in heads.items():
            proof = [bytes.fromhex(node) for node in getattr(request.proofs, name)]
            known = bytes.fromhex(self.roots.get(name, ""))
            if not consistency_holds(HASHES[name], self.size, request.size, proof, known, head.root):
                what = message("fork: the {tree} tree does not continue the one this witness has seen", tree=name)
                raise EvidenceBroken(what, advice=message("keep both checkpoints: they prove that the log was changed"))
        self.origin, self.size = request.origin, request.size
        self.roots = {name: head.root.hex() for name, head in heads.items()}
        self._save()

    def _line(self, text: str, seconds: int) -> str:
        signature = seconds.to_bytes(8) + self.signer.sign(cosigned_text(text, seconds))
        identity = key_id(self.name, COSIGNATURE, self.signer.public_key()[-32:])
        return NoteSignature(self.name, identity, signature).line()

    def _save(self) -> None:
        state: dict[str, Any] = {"v": 1, "name": self.name, "trust": sorted(self.trust), "origin": self.origin}
        self.files.write(
            self.folder / "witness.json", canonical_line({**state, "size": self.size, "roots": self.roots})
        )
        self.files.sync_folder(self.folder)


def make_witness(folder: Path, *, name: str, trust: frozenset[str], files: Files | None = None) -> Witness:
    """Make a witness's folder and key; `trust` are the log's fingerprints from the paper anchor.

    Raises UsageError for a name that can't be, without fingerprints, or when there is a witness already.
    """
    door = files or DiskFiles()
    if not valid_origin(name):
        what = message("{name} can't name a witness", name=name)
        raise UsageError(what, advice=message("use letters, digits and . _ - / only, such as witness.example.org"))
    if not trust:
        what = message("a witness needs the log's fingerprints from the paper anchor")
        raise UsageError(what, advice=message("give them: --trust FINGERPRINT --trust FINGERPRINT"))
    with told_as_storage_error(folder):
        if door.names(folder):
            raise UsageError(message("{folder} is not empty", folder=folder))
        door.make_folder(folder)
        witness = Witness(folder=folder, name=name, trust=trust, origin="", size=0, roots={}, files=door)
        make_ed25519(folder / "witness.pem")
        door.sync(folder / "witness.pem")
        witness._save()  # noqa: SLF001 - its own maker
    return witness


def open_witness(folder: Path, *, files: Files | None = None) -> Witness:
    """Return the witness in a folder; raises UsageError when there is none."""
    door = files or DiskFiles()
    try:
        with told_as_storage_error(folder):
            state = json.loads(door.read(folder / "witness.json"))
        parts = {name: state[name] for name in ("name", "origin", "size", "roots")}
        return Witness(folder=folder, trust=frozenset(state["trust"]), files=door, **parts)
    except (ValueError, KeyError, TypeError) as error:
        what = message("there is no witness in {folder}", folder=folder)
        raise UsageError(what, advice=message("make one: sec-ops evidence witness init FOLDER")) from error


def _signed(ring: KeyRing, note: Note, size: int, algorithm: str, trust: frozenset[str]) -> bool:
    for key in ring.created:
        usable = key.role == "log" and key.algorithm == algorithm and valid_at(ring, key, size)
        identity = key_id(key.name, _TYPES[key.algorithm], key_bytes(key))
        for line in note.signatures:
            named = usable and line.key_id == identity and line.name == key.name
            if named and signature_holds(key, note.text.encode(), line.signature) and is_trusted(ring, key, trust):
                return True
    return False
