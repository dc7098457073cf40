"""The compiled library, where it was built: a C interface that no Python object crosses.

It is taken only when it was built from the source beside it.
"""

import ctypes
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

__all__ = ["BUILT", "SOURCE", "Broken", "digest", "library", "loaded", "sound"]

SOURCE: Final = Path(__file__).with_name("native")
BUILT: Final = SOURCE / "compiled.so"
_POINTER, _SIZE, _NUMBER = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32
_SIGNATURES: Final[dict[str, tuple[Any, ...]]] = {
    "sieve_new": (),
    "sieve_free": (_POINTER,),
    "sieve_forget": (_POINTER,),
    "sieve_keywords": (_POINTER, ctypes.c_char_p, _SIZE, _NUMBER),
    "sieve_node": (_POINTER, _POINTER, _SIZE),
    "sieve_scan": (_POINTER, ctypes.c_char_p, _SIZE, _POINTER, _POINTER, _SIZE, _SIZE, _NUMBER, _POINTER),
    "columns_new": (ctypes.c_char_p, _SIZE, _POINTER, _SIZE),
    "columns_size": (_POINTER,),
    "columns_write": (_POINTER, _POINTER, _SIZE),
    "columns_free": (_POINTER,),
    "literals_new": (ctypes.c_char_p, _SIZE, _POINTER, _SIZE),
    "literals_free": (_POINTER,),
    "literals_search": (_POINTER, ctypes.c_char_p, _SIZE, _POINTER, _SIZE),
}


class Broken(RuntimeError):
    """Something went wrong inside: nothing more can be asked."""


@cache
def library() -> ctypes.CDLL | None:
    """Return the library, None where none was built from this source."""
    return loaded(BUILT, digest())


def loaded(path: Path, wanted: str) -> ctypes.CDLL | None:
    """Return the library at a path, None when it isn't one that was built from the source with this digest."""
    try:
        found = ctypes.CDLL(str(path))
        found.source_digest.restype = ctypes.c_uint64
        if found.source_digest() != int(wanted, 16):
            return None
        for name, arguments in _SIGNATURES.items():
            function = getattr(found, name)
            function.argtypes = arguments
            function.restype = _POINTER if name.endswith("_new") else ctypes.c_int64
    except (OSError, AttributeError):
        return None
    return found


def sound(result: int | None) -> int:
    """Return a result or a handle; raises Broken for what is none."""
    if result is None or result < 0:
        raise Broken
    return result


def digest(source: Path = SOURCE) -> str:
    """Return the 16 hexadecimal digits that a build of the source tells."""
    whole = hashlib.sha256()
    for path in sorted(source.glob("*.rs")):
        data = path.read_bytes()
        whole.update(f"{path.name} {len(data)}\n".encode() + data)
    return whole.hexdigest()[:16]
