"""Known host keys of the site, read once for a whole fleet.

Understands what `ssh-keyscan` and OpenSSH write: plain and hashed names, `[name]:port`, `@revoked`. Patterns and
certificate authorities are passed over, so that such hosts count as unknown: the safe side.
"""

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import message

__all__ = ["KeyState", "KnownHosts", "fingerprint", "host_names", "key_type", "read_known_hosts"]

_HASHED = "|1|"


class KeyState(Enum):
    """What known_hosts says of a key a host shows."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class _Hashed:
    salt: bytes
    digest: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """Host names to the keys (wire format) known for them."""

    plain: Mapping[str, frozenset[bytes]]
    hashed: tuple[_Hashed, ...]
    revoked: frozenset[bytes]

    def keys(self, names: Iterable[str]) -> frozenset[bytes]:
        """Return every key known under any of the names."""
        return frozenset(key for name in names for key in self._keys_of(name))

    def state(self, names: Iterable[str], shown: bytes) -> KeyState:
        """Return what is known of the key a host shows."""
        if shown in self.revoked:
            return KeyState.REVOKED
        known = self.keys(names)
        if shown in known:
            return KeyState.KNOWN
        return KeyState.CHANGED if known else KeyState.UNKNOWN

    def _keys_of(self, name: str) -> Iterator[bytes]:
        yield from self.plain.get(name, ())
        for entry in self.hashed:
            if hmac.compare_digest(hmac.digest(entry.salt, name.encode(), "sha1"), entry.digest):
                yield entry.key


def read_known_hosts(path: Path) -> KnownHosts:
    """Return the keys of a file; no file means no known host. Raises ContentInvalid when it can't be read."""
    try:
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        text = ""
    except OSError as error:
        what = message("can't be read: {reason}", reason=error.strerror)
        raise ContentInvalid([Fault(file=str(path), line=0, path="", message=what)]) from error
    return _parse(text)


def host_names(*addresses: str, port: int) -> tuple[str, ...]:
    """Return the names a host may have in known_hosts, for addresses and aliases at a port."""
    spelled = dict.fromkeys(spelling for address in addresses for spelling in (address.lower(), _compressed(address)))
    return tuple(spelled if port == 22 else (f"[{name}]:{port}" for name in spelled))


def fingerprint(key: bytes) -> str:
    """Return a key's type and fingerprint as `ssh-keygen -l` shows them."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    return f"{key_type(key)} SHA256:{digest}"


def key_type(key: bytes) -> str:
    """Return a key's type, such as `ssh-ed25519`."""
    return key[4 : 4 + int.from_bytes(key[:4])].decode(errors="replace")


def _compressed(address: str) -> str:
    try:
        return ipaddress.ip_address(address).compressed
    except ValueError:
        return address.lower()


def _parse(text: str) -> KnownHosts:
    plain: dict[str, set[bytes]] = {}
    hashed: list[_Hashed] = []
    revoked: set[bytes] = set()
    for marker, names, key in _entries(text):
        if marker == "@revoked":
            revoked.add(key)
        elif names.startswith(_HASHED):
            hashed.extend(_hashed(names, key))
        else:
            for name in names.split(","):
                plain.setdefault(name.lower(), set()).add(key)
    return KnownHosts({name: frozenset(keys) for name, keys in plain.items()}, tuple(hashed), frozenset(revoked))


def _entries(text: str) -> Iterator[tuple[str, str, bytes]]:
    for line in text.splitlines():
        fields = line.split()
        marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
        if len(fields) < 3 or fields[0].startswith("#") or marker not in ("", "@revoked"):
            continue
        try:
            key = base64.b64decode(fields[2], validate=True)
        except ValueError:
            continue
        if key_type(key) == fields[1]:
            yield marker, fields[0], key


def _hashed(names: str, key: bytes) -> Iterator[_Hashed]:
    salt, _, digest = names.removeprefix(_HASHED).partition("|")
    try:
        yield _Hashed(base64.b64decode(salt), base64.b64decode(digest), key)
    except ValueError:
        return
