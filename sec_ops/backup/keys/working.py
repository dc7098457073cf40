"""Working with keys: a new repository, a new key proved before anything relies on it, an old one retired."""

from dataclasses import dataclass, replace

from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.backup.restic.requests import NewKey
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import message
from sec_ops.runtime.secrets import Secret

__all__ = ["MadeKey", "MadeRepository", "add_proved_key", "current_key", "make_repository", "opened_with", "retire_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A key that was made and seen to open the repository; without an id nothing was made."""

    judged: Judged
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRepository:
    """A new repository and its first key."""

    judged: Judged
    repository_id: str = ""
    key_id: str = ""


def make_repository(restic: Restic, *, chunker_of: OpenRepository | None = None) -> MadeRepository:
    """Make a repository; with the chunker of another one, copies between the two share their data."""
    made = restic.init(chunker_of=chunker_of)
    if not made.judged.good:
        return MadeRepository(judged=made.judged)
    identity = restic.cat_config()
    key = current_key(restic)
    judged = key.judged if identity.judged.good else identity.judged
    return MadeRepository(judged=judged, repository_id=identity.repository_id, key_id=key.id)


def current_key(restic: Restic) -> MadeKey:
    """Return the id of the key that our own password opens."""
    listed = restic.keys()
    return MadeKey(judged=listed.judged, id=listed.current)


def add_proved_key(restic: Restic, key: NewKey) -> MadeKey:
    """Add a key and open the repository with it; one that opens nothing is removed again."""
    before = restic.keys()
    if not before.judged.good:
        return MadeKey(judged=before.judged)
    added = restic.add_key(key)
    if not added.judged.good:
        return MadeKey(judged=added.judged)
    proved = current_key(opened_with(restic, key.password))
    if proved.id and proved.id not in {each.id for each in before.keys}:
        return proved
    if added.id and added.id not in {each.id for each in before.keys}:
        restic.remove_key(added.id)
    if proved.judged.good:
        what = message("{repository}: this password opens the repository already", repository=restic.repository.id)
        return MadeKey(judged=Judged(verdict=Verdict.FAILED, what=what, advice=message("use a new password")))
    return MadeKey(judged=proved.judged)


def retire_key(restic: Restic, key_id: str) -> Judged:
    """Remove a key and look whether it is gone: an append-only server may refuse in silence."""
    removed = restic.remove_key(key_id)
    left = restic.keys()
    if not left.judged.good:
        return left.judged
    if key_id not in {each.id for each in left.keys}:
        return Judged(verdict=Verdict.OK, what=message("done"))
    if not removed.judged.good:
        return removed.judged
    return Judged(
        verdict=Verdict.REFUSED,
        what=message("{repository}: the server kept the key {key}", repository=restic.repository.id, key=key_id[:8]),
        why="\n".join(removed.said),
        advice=message("whoever may delete there must remove it: restic key remove {key}", key=key_id[:8]),
    )


def opened_with(restic: Restic, password: Secret) -> Restic:
    """Return the same repository opened with another password."""
    return Restic(repository=replace(restic.repository, password=password), doors=restic.doors)
