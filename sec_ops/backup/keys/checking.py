"""Whether every key that should open a repository does, and none that we don't know."""

from collections.abc import Mapping
from dataclasses import dataclass

from sec_ops.backup.keys.register import KnownRepository
from sec_ops.backup.keys.working import opened_with
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.results import Key
from sec_ops.backup.verdict import Judged
from sec_ops.model.messages import Message, message
from sec_ops.runtime.secrets import Secret

__all__ = ["Checked", "Tried", "check_keys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One password tried: which, whether it opened, the key it is."""

    name: str
    judged: Judged
    key_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A repository's keys: what was tried, what is odd; sound when all opened and nothing is odd."""

    repository: str
    repository_id: str
    tried: tuple[Tried, ...]
    keys: tuple[Key, ...]
    findings: tuple[Message, ...]

    @property
    def opened(self) -> bool:
        """Return whether every password opened the repository."""
        return all(each.judged.good for each in self.tried)


def check_keys(restic: Restic, others: Mapping[str, Secret], known: KnownRepository | None) -> Checked:
    """Open the repository with its own password and each of `others`; compare its keys with the known ones."""
    daily = restic.keys()
    identity = restic.cat_config() if daily.judged.good else None
    tried = [Tried(name="daily", judged=daily.judged, key_id=daily.current)]
    for name, secret in others.items():
        listed = opened_with(restic, secret).keys()
        tried.append(Tried(name=name, judged=listed.judged, key_id=listed.current))
    repository_id = identity.repository_id if identity else ""
    return Checked(
        repository=restic.repository.id,
        repository_id=repository_id,
        tried=tuple(tried),
        keys=daily.keys,
        findings=tuple(_findings(restic.repository.id, repository_id, daily.keys, known)) if daily.judged.good else (),
    )


def _findings(name: str, identifier: str, keys: tuple[Key, ...], known: KnownRepository | None) -> list[Message]:
    if known is None:
        return [message("{repository}: its keys were never recorded", repository=name)]
    if known.repository_id != identifier:
        return [message("{repository}: another repository lies at its location than the one recorded", repository=name)]
    recorded = {key.id: key for key in known.keys}
    present = {key.id for key in keys}
    found = [
        message(
            "{repository}: an unknown key {key} of {user} on {host} opens it",
            repository=name,
            key=key.id[:8],
            user=key.user,
            host=key.host,
        )
        for key in keys
        if key.id not in recorded
    ]
    found += [
        message("{repository}: the key {key} ({purpose}) is gone", repository=name, key=key.id[:8], purpose=key.purpose)
        for key in known.keys
        if key.id not in present
    ]
    if not any(key.purpose == "escrow" and key.id in present for key in known.keys):
        found.append(message("{repository}: it has no escrow key", repository=name))
    return found
