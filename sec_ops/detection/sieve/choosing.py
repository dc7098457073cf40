"""Which path lines take: through the compiled sieve where it was built, else through Python alone."""

from typing import Literal

from sec_ops.detection.match.matcher import Matcher
from sec_ops.detection.sieve.answering import CompiledSieve
from sec_ops.detection.sieve.half import Half
from sec_ops.detection.sieve.sieving import Sieve, parsed
from sec_ops.runtime.compiled.library import Broken, library

__all__ = ["Path", "path_of", "sieve_for"]

Path = Literal["compiled", "python"]


def sieve_for(matcher: Matcher) -> Sieve:
    """Return the best sieve there is, for a matcher's rules."""
    built = library()
    if built is None:
        return parsed
    try:
        return CompiledSieve(Half(built), matcher)
    except Broken:
        return parsed


def path_of(sieve: Sieve) -> Path:
    """Return which path lines took so far."""
    return "compiled" if isinstance(sieve, CompiledSieve) and not sieve.broken else "python"
