"""Passwords made for repositories: 160 bits in eight groups of letters and digits, and a group that shows a slip."""

import base64
import hashlib

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Randomness
from sec_ops.runtime.secrets import Secret

__all__ = ["make_passphrase", "read_typed"]

_BYTES = 20
_GROUP = 4
_GROUPS = 9


def make_passphrase(randomness: Randomness) -> Secret:
    """Return a new password such as `ABCD-EFGH-…`: RFC 4648 base 32, the ninth group checks the eight before it."""
    letters = base64.b32encode(randomness(_BYTES)).decode()
    groups = [letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP)]
    return Secret("-".join([*groups, _check(letters)]))


def read_typed(text: str) -> Secret:
    """Return the password somebody typed from paper, spaces and small letters forgiven.

    Raises UsageError when the last group does not fit: a letter was missed or mistaken. A text of another shape is
    taken as it is, for it may be a password that was not made here.
    """
    plain = "".join(text.split()).replace("-", "").upper()
    if len(plain) != _GROUP * _GROUPS or not plain.isalnum() or not plain.isascii():
        return Secret(text.strip("\r\n"))
    letters, check = plain[:-_GROUP], plain[-_GROUP:]
    if check != _check(letters):
        raise UsageError(
            message("the password was typed with a slip: its last group does not fit the others"),
            advice=message("compare it with the paper, group by group, and type it again"),
        )
    groups = [plain[start : start + _GROUP] for start in range(0, len(plain), _GROUP)]
    return Secret("-".join(groups))


def _check(letters: str) -> str:
    return base64.b32encode(hashlib.sha256(letters.encode()).digest()).decode()[:_GROUP]
