"""Content beside its name: whole files of each kind, encrypted ones, and ones where only the header stays."""

import gzip
import io
import random
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.retaining.formats import Look, looks
from sec_ops.backup.retaining.randomness import COARSE_BYTES, FINE_BYTES, random_share

CHANCE = random.Random(7)
TEXT = " ".join(f"{CHANCE.choice(['grade', '学生', 'room'])} {CHANCE.randrange(10**6)}" for _ in range(20_000)).encode()
CIPHER = CHANCE.randbytes(200_000)


def zipped():
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", TEXT)
        archive.writestr("b.xml", TEXT[::-1])
    return output.getvalue()


def streamed_zip():
    """An archive whose sizes stand behind its members, as a program writes to a pipe."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", TEXT)
    return pipe.data


def jpeg():
    scan = zlib.compress(TEXT, 9).replace(b"\xff", b"\xff\x00")
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + b"\xff\xda\x00\x0c" + bytes(10) + scan + b"\xff\xd9"


def png():
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"IDAT", zlib.compress(TEXT)) + chunk(b"IEND", b"")


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
WHOLE = {
    "a.docx": zipped(),
    "b.zip": streamed_zip(),
    "a.jpg": jpeg(),
    "a.png": png(),
    "a.log.1.gz": gzip.compress(TEXT),
    "a.csv": TEXT,
    "gb.txt": "学生成绩与教师名册，".encode("gb18030") * 300,
    "utf16.txt": "学生成绩 and grades\r\n".encode("utf-16") * 300,
    "latin.xml": "Übergrößenträger\n".encode("latin-1") * 300,
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_files_are_as_named_and_so_is_their_head(name):
    assert looks(name, WHOLE[name]) is Look.AS_NAMED
    assert looks(name, WHOLE[name][: len(WHOLE[name]) // 2 * 2 - 1000]) is Look.AS_NAMED


@pytest.mark.parametrize("name", WHOLE)
def test_encrypted_files_are_strange_also_with_another_suffix(name):
    assert looks(name, CIPHER) is Look.STRANGE
    assert looks(f"{name}.locked", CIPHER) is Look.STRANGE


@pytest.mark.parametrize("name", [each for each in WHOLE if not each.startswith("utf16")])
def test_a_header_that_stays_makes_nothing_right(name):
    data = bytearray(WHOLE[name])
    data[1500:] = CIPHER[: len(data) - 1500]
    assert looks(name, bytes(data)) is Look.STRANGE


@pytest.mark.parametrize(
    ("name", "data", "look"),
    [
        ("protected.docx", OLE + CIPHER, Look.BEGINS),
        ("a.pdf", b"%PDF-1.7\n" + CIPHER, Look.BEGINS),
        ("archive.7z", b"7z\xbc\xaf\x27\x1c" + CIPHER, Look.BEGINS),
        ("a.docx.zip", zipped(), Look.AS_NAMED),
        ("a.docx.bak", zipped(), Look.AS_NAMED),
        ("a.csv.orig", TEXT, Look.AS_NAMED),
        ("report.docx.gz", gzip.compress(zipped()), Look.AS_NAMED),
        ("vault.kdbx", CIPHER, Look.UNKNOWN),
        ("no-suffix", TEXT, Look.AS_NAMED),
        ("a.docx", b"", Look.UNKNOWN),
        ("a.jpg", TEXT, Look.STRANGE),
        (".bashrc", TEXT, Look.AS_NAMED),
        ("a\x1b[2J\n.docx", zipped(), Look.AS_NAMED),
    ],
)
def test_names_and_contents(name, data, look):
    assert looks(name, data) is look


@given(st.sampled_from(sorted(WHOLE)), st.binary(max_size=3000))
def test_no_bytes_break_it(name, data):
    assert looks(name, data) in Look
    assert looks(name, WHOLE[name][:40] + data) in Look


def test_random_bytes_are_told_from_packed_ones():
    assert random_share(CIPHER, COARSE_BYTES) == 1.0
    assert random_share(TEXT, COARSE_BYTES) == 0.0
    assert random_share(zlib.compress(TEXT, 9)[: 2 * COARSE_BYTES], COARSE_BYTES) == 0.0
    assert random_share(CIPHER[:2047], COARSE_BYTES) is None


def test_random_stretches_between_text_are_found():
    striped = b"".join(TEXT[at : at + 8192] + CIPHER[at : at + 8192] for at in range(0, 160_000, 16_384))
    assert random_share(striped, COARSE_BYTES) == 0.0
    assert random_share(striped, FINE_BYTES) == pytest.approx(0.5, abs=0.1)
