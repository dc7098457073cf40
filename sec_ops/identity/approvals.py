"""Approvals of a site: kept as signed statements, checked each time they are relied on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from sec_ops.identity.people import grant_fault
from sec_ops.identity.signatures import sign, verify
from sec_ops.model.approval import Approval
from sec_ops.model.errors import ContentInvalid, Fault, UsageError
from sec_ops.model.messages import Message, message
from sec_ops.model.people import Assurance, Person, Role
from sec_ops.model.protocols import Clock, RunProgram
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.files import make_folder, write_atomically

__all__ = ["ContentApprovals", "approve_content", "keep_approval", "read_approvals"]

APPROVER_ROLE = Role.SECURITY_ADMINISTRATOR


def approve_content(
    subjects: Mapping[str, str],
    *,
    requester: str,
    approver: Person,
    key: Path,
    clock: Clock,
    run_program: RunProgram,
) -> Approval:
    """Return the signed approval of files (path to SHA-256); raises UsageError when the approver may not give it."""
    if refusal := _may_not(approver, requester, clock.now()):
        raise UsageError(refusal, advice=message("a security administrator who did not write the content approves it"))
    unsigned = Approval.model_construct(
        version=1,
        purpose="content",
        subjects=dict(subjects),
        requester=requester,
        approver=approver.id,
        at=utc_text(clock.now()),
        assurance=Assurance.SIGNED,
        document=None,
    )
    signature = sign(unsigned.statement(), key, run_program)
    approval = Approval.model_validate({**unsigned.model_dump(), "signature": signature})
    if reason := _signature_fault(approval, approver, run_program):
        raise UsageError(reason, advice=message("add the key: sec-ops account key PERSON --add KEY.pub"))
    return approval


def keep_approval(folder: Path, approval: Approval) -> Path:
    """Write an approval below `folder` under the digest of its statement; raises StorageError."""
    path = make_folder(folder) / f"{hashlib.sha256(approval.statement()).hexdigest()}.json"
    write_atomically(path, approval.model_dump_json(indent=2).encode() + b"\n")
    return path


def read_approvals(folder: Path) -> tuple[Approval, ...]:
    """Return all approvals below a folder; raises ContentInvalid with every damaged one."""
    approvals, faults = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            approvals.append(Approval.model_validate(json.loads(path.read_bytes())))
        except (OSError, ValueError, ValidationError):
            what = message("not a whole approval")
            advice = message("remove it and approve again: sec-ops content approve FILE… --key KEY")
            faults.append(Fault(file=str(path), line=0, path="", message=what, advice=advice))
    if faults:
        raise ContentInvalid(faults)
    return tuple(approvals)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentApprovals:
    """The `ApprovalCheck` of a site: an approval counts when a security administrator signed it for others' content."""

    approvals: tuple[Approval, ...]
    people: Mapping[str, Person]
    run_program: RunProgram
    _known: dict[str, Message | None] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, path: str, sha256: str) -> Message | None:
        """Return why the file must not run, or None."""
        covering = [each for each in self.approvals if each.subjects.get(path) == sha256]
        if not covering:
            changed = any(path in each.subjects for each in self.approvals)
            return message("changed since it was approved") if changed else message("not approved")
        reasons = [self._fault(each) for each in covering]
        return None if None in reasons else reasons[-1]

    def _fault(self, approval: Approval) -> Message | None:
        whole = approval.model_dump_json()
        if whole not in self._known:
            self._known[whole] = self._judged(approval)
        return self._known[whole]

    def _judged(self, approval: Approval) -> Message | None:
        approver = self.people.get(approval.approver)
        if approver is None:
            return message("no person has the id {id}", id=approval.approver)
        refusal = _may_not(approver, approval.requester, datetime.fromisoformat(approval.at))
        return refusal or self._grant_fault(approver) or _signature_fault(approval, approver, self.run_program)

    def _grant_fault(self, approver: Person) -> Message | None:
        """Return why the role by which the approver approves was not validly granted, or None."""
        grants = (each for each in approver.roles if each.role is APPROVER_ROLE and each.revoked_on is None)
        faults = (grant_fault(approver.id, each, self.people, self.run_program) for each in grants)
        fault = next((each for each in faults if each), None)
        return fault and message("the role of {person} does not hold: {reason}", person=approver.id, reason=fault)


def _may_not(approver: Person, requester: str, at: datetime) -> Message | None:
    if requester == approver.id:
        return message("{person} wrote it and may not approve it", person=approver.id)
    if APPROVER_ROLE not in approver.held:
        return message("{person} is not a security administrator", person=approver.id)
    if not approver.active(at.date()):
        return message("the account of {person} had expired", person=approver.id)
    return None


def _signature_fault(approval: Approval, approver: Person, run_program: RunProgram) -> Message | None:
    if approval.signature is None:
        return message("the approval is not signed")
    at = datetime.fromisoformat(approval.at)
    return verify(approval.statement(), approval.signature, approver, at, run_program)
