"""A program to be killed in the middle: puts two releases into a site, one after the other, for ever."""

import sys
from itertools import count
from pathlib import Path

from tests.unit.detection.library.rules import FIRST, SECOND, release, rule

RELEASES = {
    title: {f"rules/{number}.yml": rule(FIRST if title == "Old" else SECOND, title) for number in range(150)}
    for title in ("Old", "New")
}

if __name__ == "__main__":
    for number in count():
        release(Path(sys.argv[1]), "sigma", RELEASES["Old" if number % 2 else "New"])
        sys.stdout.write(".")
        sys.stdout.flush()
