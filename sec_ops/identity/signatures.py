"""Signatures of persons: SSH keys through `ssh-keygen -Y`, bound to one namespace and to each key's validity."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sec_ops.model.errors import ProgramFailed, UsageError
from sec_ops.model.messages import Message, message
from sec_ops.model.people import Person, PublicKey
from sec_ops.model.protocols import RunProgram

__all__ = ["NAMESPACE", "allowed_signers", "sign", "verify"]

NAMESPACE = "sec-ops-approval"
_SIGNED = b"-----BEGIN SSH SIGNATURE-----"
_TOUCH_SECONDS = 90
_PROGRAM = "ssh-keygen"
_REFUSED = 255


def sign(statement: bytes, key: Path, run_program: RunProgram) -> str:
    """Return the armored signature over a statement by a private key, or by the agent's key when `key` is a `.pub`.

    Raises UsageError when the key can't sign, ProgramMissing and ProgramFailed from the process door.
    """
    if not key.is_file():
        raise UsageError(message("no key file {path}", path=key))
    arguments = [_PROGRAM, "-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE]
    completed = run_program(arguments, stdin=statement, deadline_seconds=_TOUCH_SECONDS)
    if completed.exit_code or not completed.stdout.startswith(_SIGNED):
        reason = completed.stderr.decode(errors="replace").strip()
        advice = message("a key with a passphrase signs through ssh-agent: ssh-add KEY, then --key KEY.pub")
        raise UsageError(message("the key {path} did not sign", path=key), why=reason, advice=advice)
    return completed.stdout.decode("ascii")


def verify(statement: bytes, signature: str, signer: Person, at: datetime, run_program: RunProgram) -> Message | None:
    """Return why the signature does not hold, or None when one of the signer's keys, valid at `at`, made it.

    Raises ProgramMissing and ProgramFailed.
    """
    if not signer.keys:
        return message("{person} has no key", person=signer.id)
    with TemporaryDirectory(prefix="sec-ops-") as folder:
        signers, armored = Path(folder, "allowed_signers"), Path(folder, "signature")
        signers.write_text(allowed_signers([signer], at.astimezone(UTC).date()), encoding="ascii")
        armored.write_text(signature, encoding="ascii", errors="replace")
        arguments = [_PROGRAM, "-Y", "verify", "-f", str(signers), "-I", signer.id, "-n", NAMESPACE, "-s", str(armored)]
        completed = run_program(arguments, stdin=statement)
    if completed.exit_code == 0:
        return None
    if completed.exit_code != _REFUSED:
        raise ProgramFailed(message("{program} could not verify", program=_PROGRAM), why=_last(completed.stderr))
    return message("the signature is not one of a valid key of {person}", person=signer.id)


def allowed_signers(people: Iterable[Person], day: date) -> str:
    """Return OpenSSH's list of who may sign on a day (UTC).

    The days are judged here: OpenSSH before 8.7 can't, and before 9.1 only in local time.
    """
    return "".join(
        f'{person.id} namespaces="{NAMESPACE}" {_bare(key)}\n' for person in people for key in person.keys_on(day)
    )


def _bare(key: PublicKey) -> str:
    return " ".join(key.key.split()[:2])


def _last(stderr: bytes) -> str:
    return stderr.decode(errors="replace").strip()[-500:]
