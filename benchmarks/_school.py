"""A school's files and a database's dump, night after night: ordinary work, and attacks, from a seed.

Contents are real in what matters to the gate: Office files are ZIP archives that inflate, photographs have JPEG's
structure, logs are text, the dump is SQL.
"""

import gzip
import io
import random
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

_IDEOGRAPHS = 0x4E00
WORDS = (
    *(chr(_IDEOGRAPHS + 613 * number) + chr(_IDEOGRAPHS + 419 * number) for number in range(14)),
    *("report", "grade", "class", "teacher", "notice", "course", "exam", "record", "term", "budget", "lesson"),
    *("sports", "canteen", "meeting", "room", "award", "result", "summary", "draft", "final", "parents", "library"),
)


@dataclass
class School:
    """Files by path, and the lines of one database; `chance` decides everything."""

    chance: random.Random
    files: dict[str, bytes] = field(default_factory=dict)
    rows: list[bytes] = field(default_factory=list)
    number: int = 0

    @property
    def dump(self) -> bytes:
        """Return the dump as a stream would be saved."""
        return b"-- PostgreSQL database dump\n" + b"".join(self.rows) + b"-- PostgreSQL database dump complete\n"

    def fresh(self, suffix: str) -> str:
        """Return a path that was never used."""
        self.number += 1
        folder = self.chance.choice([WORDS[0], "office", "grades", "photos", "web", "archive"])
        return f"/srv/{folder}/{self.chance.randrange(12)}/{self.chance.choice(WORDS)}-{self.number}.{suffix}"


def school(seed: int, shape: str, size: int) -> School:
    """Return a school of a shape, `size` files large."""
    made = School(chance=random.Random(seed))
    kinds = SHAPES[shape]
    for _ in range(size):
        suffix = made.chance.choice(kinds)
        made.files[made.fresh(suffix)] = content(made.chance, suffix)
    for number in range(5):
        made.files[f"/srv/log/access-{number}.log"] = content(made.chance, "log")
    made.files["/srv/office/keys.kdbx"] = made.chance.randbytes(30_000)
    made.rows = [row(made.chance, number) for number in range(30_000)]
    return made


SHAPES = {
    "text": ["csv", "html", "txt", "xml", "md"],
    "office": ["docx", "xlsx", "pptx", "pdf", "doc"],
    "photos": ["jpg", "jpg", "jpg", "png", "pdf"],
    "mixed": ["csv", "html", "docx", "xlsx", "jpg", "pdf", "txt", "zip", "dat"],
}


def row(chance: random.Random, number: int) -> bytes:
    """Return one line of the dump."""
    words = " ".join(chance.choices(WORDS, k=3))
    return f"INSERT INTO scores VALUES ({number}, '{words}', {chance.randrange(1000)});\n".encode()


def text(chance: random.Random, size: int) -> bytes:
    """Return words and numbers."""
    pieces = (f"{chance.choice(WORDS)},{chance.randrange(10**5)}" for _ in range(max(size // 12, 1)))
    lines = "\n".join(" ".join(group) for group in zip(*[pieces] * 6, strict=False))
    return lines.encode() or b"empty\n"


def archive(chance: random.Random, size: int) -> bytes:
    """Return a ZIP archive, as Office files are."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("[Content_Types].xml", text(chance, 900))
        zipped.writestr("word/document.xml", text(chance, size * 3))
        if chance.random() < 0.4:
            zipped.writestr("word/media/image1.jpg", photograph(chance, size // 3))
    return output.getvalue()


def photograph(chance: random.Random, size: int) -> bytes:
    """Return what has JPEG's structure: segments, then a scan with stuffed bytes."""
    scan = zlib.compress(text(chance, size * 3), 9).replace(b"\xff", b"\xff\x00")
    table = b"\xff\xdb\x00\x43\x00" + bytes(range(1, 65))
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + table + b"\xff\xda\x00\x0c" + bytes(10) + scan + b"\xff\xd9"


def picture(chance: random.Random, size: int) -> bytes:
    """Return a PNG file with right checksums."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    body = zlib.compress(text(chance, size * 3), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def printed(chance: random.Random, size: int) -> bytes:
    """Return a PDF file."""
    body = zlib.compress(text(chance, size * 3))
    return b"%PDF-1.7\n1 0 obj\n<</Filter/FlateDecode>>\nstream\n" + body + b"\nendstream\nendobj\n%%EOF\n"


def content(chance: random.Random, suffix: str) -> bytes:
    """Return a new file's content."""
    size = int(chance.lognormvariate(9.5, 1.0)) % 300_000 + 500
    if suffix in ("docx", "xlsx", "pptx", "zip"):
        return archive(chance, size)
    if suffix in ("jpg", "png"):
        return photograph(chance, size) if suffix == "jpg" else picture(chance, size)
    if suffix == "pdf":
        return printed(chance, size)
    if suffix == "doc":
        return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + text(chance, size)
    if suffix == "dat":
        return bytes(chance.choices(range(40), k=size))
    if suffix in ("gpg", "kdbx"):
        return chance.randbytes(size)
    return text(chance, size)


def _some(made: School, share: float, keep: Callable[[str], bool] = lambda _path: True) -> list[str]:
    paths = [path for path in made.files if keep(path)]
    return made.chance.sample(paths, min(len(paths), max(1, round(len(made.files) * share))))


def _edit(made: School, path: str) -> None:
    suffix = path.rpartition(".")[2]
    old = made.files[path]
    if suffix in ("csv", "txt", "html", "md", "xml", "log"):
        at = made.chance.randrange(len(old))
        made.files[path] = old[:at] + text(made.chance, 300) + old[at:]
    else:
        made.files[path] = content(made.chance, suffix)


# Ordinary nights


def quiet(made: School) -> None:
    """Nothing but the database."""


def edits(made: School) -> None:
    """A few files are worked on."""
    for path in _some(made, made.chance.uniform(0.005, 0.08)):
        _edit(made, path)


def growth(made: School) -> None:
    """New files beside some edits."""
    edits(made)
    suffixes = [path.rpartition(".")[2] for path in list(made.files)]
    for _ in range(made.chance.randrange(1, 12)):
        suffix = made.chance.choice(suffixes)
        made.files[made.fresh(suffix)] = content(made.chance, suffix)


def bulk_import(made: School) -> None:
    """A card of photographs, or archives of another school, maybe encrypted ones."""
    suffix = made.chance.choice(["jpg", "jpg", "zip", "pdf", "gpg"])
    for _ in range(made.chance.randrange(20, 20 + len(made.files))):
        made.files[made.fresh(suffix)] = content(made.chance, suffix)


def moves(made: School) -> None:
    """Folders get other names."""
    for path in _some(made, made.chance.uniform(0.05, 0.6)):
        made.files[f"/srv/moved/{made.chance.randrange(9)}{path.removeprefix('/srv')}"] = made.files.pop(path)


def rotation(made: School) -> None:
    """Logs are packed and begin anew; the oldest go."""
    for path in [path for path in made.files if path.startswith("/srv/log/") and path.endswith(".log")]:
        made.number += 1
        made.files[f"{path}.{made.number}.gz"] = gzip.compress(made.files[path], mtime=0)
        made.files[path] = content(made.chance, "log")
    packed = sorted(path for path in made.files if path.endswith(".gz"))
    for path in packed[:-15]:
        del made.files[path]


def archived(made: School) -> None:
    """Last year's texts go into archives, one each."""
    for path in _some(made, made.chance.uniform(0.05, 0.3), lambda path: path.endswith((".csv", ".html", ".txt"))):
        made.files[f"{path}.gz"] = gzip.compress(made.files.pop(path), mtime=0)


def peak(made: School) -> None:
    """The end of term: most documents are worked on."""
    for path in _some(made, made.chance.uniform(0.3, 0.8), lambda path: not path.endswith((".kdbx", ".gz"))):
        _edit(made, path)
    growth(made)


def pictures_again(made: School) -> None:
    """All photographs are stored smaller, under their names."""
    for path in [path for path in made.files if path.endswith(".jpg")]:
        made.files[path] = photograph(made.chance, len(made.files[path]) // 2)


def converted(made: School) -> None:
    """Old Office files become new ones."""
    for path in _some(made, 0.3, lambda path: path.endswith((".doc", ".html"))):
        del made.files[path]
        made.files[f"{path.rpartition('.')[0]}.pdf"] = content(made.chance, "pdf")


def protected(made: School) -> None:
    """A few files get passwords, the vault of passwords changes."""
    for path in _some(made, 0.02, lambda path: path.endswith((".docx", ".xlsx"))):
        made.files[path] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + made.chance.randbytes(20_000)
    made.files["/srv/office/keys.kdbx"] = made.chance.randbytes(30_000)


def cleared(made: School) -> None:
    """A leaver's folder goes."""
    for path in _some(made, made.chance.uniform(0.02, 0.2)):
        del made.files[path]


def rebuilt(made: School) -> None:
    """The database is written in another order, and much comes in."""
    made.chance.shuffle(made.rows)
    made.rows += [row(made.chance, len(made.rows) + number) for number in range(made.chance.randrange(2000))]
    edits(made)


ORDINARY: tuple[tuple[Callable[[School], None], int], ...] = (
    (quiet, 3),
    (edits, 8),
    (growth, 5),
    (bulk_import, 2),
    (moves, 2),
    (rotation, 4),
    (archived, 1),
    (peak, 2),
    (pictures_again, 1),
    (converted, 1),
    (protected, 1),
    (cleared, 1),
    (rebuilt, 1),
)


def ordinary_night(made: School) -> str:
    """Let a night pass; return its name."""
    night = made.chance.choices([each for each, _weight in ORDINARY], [weight for _each, weight in ORDINARY])[0]
    night(made)
    for _ in range(made.chance.randrange(40)):
        at = made.chance.randrange(len(made.rows))
        made.rows[at] = row(made.chance, at)
    made.rows += [row(made.chance, len(made.rows) + number) for number in range(made.chance.randrange(30))]
    return night.__name__


# Attacks: each takes a share of the files


def in_place(made: School, share: float) -> None:
    """Content is replaced, names stay."""
    for path in _some(made, share):
        made.files[path] = made.chance.randbytes(len(made.files[path]))


def renamed(made: School, share: float) -> None:
    """Content is replaced, names get a suffix."""
    suffix = made.chance.choice(["locked", "enc", "lockbit", "id-7A3F.crypt"])
    for path in _some(made, share, lambda path: not path.endswith(suffix)):
        made.files[f"{path}.{suffix}"] = made.chance.randbytes(len(made.files.pop(path)) + 256)


def scrambled_names(made: School, share: float) -> None:
    """Content is replaced, names say nothing any more."""
    for path in _some(made, share, lambda path: "." in path.rpartition("/")[2]):
        name = made.chance.randbytes(8).hex()
        made.files[f"{path.rpartition('/')[0]}/{name}"] = made.chance.randbytes(len(made.files.pop(path)))


def in_stripes(made: School, share: float) -> None:
    """The first two kilobytes stay, so that headers look right; every second stretch of sixteen is replaced."""
    for path in _some(made, share, lambda path: len(made.files[path]) > 20_000):
        old = bytearray(made.files[path])
        for at in range(2048, len(old), 32_768):
            old[at : at + 16_384] = made.chance.randbytes(len(old[at : at + 16_384]))
        made.files[path] = bytes(old)


def wiped(made: School, share: float) -> None:
    """Files are removed, a note is left."""
    for path in _some(made, max(share, 0.6)):
        del made.files[path]
    made.files["/srv/README_TO_RESTORE.txt"] = b"your files were taken\n"


def database(made: School, share: float) -> None:
    """Values of the database are replaced by cipher text in hexadecimal."""
    for at in made.chance.sample(range(len(made.rows)), round(len(made.rows) * max(share, 0.5))):
        made.rows[at] = f"INSERT INTO scores VALUES ({at}, '{made.chance.randbytes(24).hex()}');\n".encode()


MASS = (in_place, renamed, scrambled_names, in_stripes, wiped, database)
SLOW = (in_place, renamed, scrambled_names, in_stripes)
