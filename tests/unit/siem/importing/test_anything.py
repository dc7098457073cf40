"""Arbitrary bytes as any kind of file: the import never raises, loops or takes more than it is given room for."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.siem.importing.evtx_files import event_chunk, evtx_file
from tests.unit.siem.importing.support import compressed, import_paths, tarred, zipped

TEXT = b"Nov 26 08:00:00 db-1 sshd[1]: Failed password for root\n" * 40
_KINDS = ("gz", "xz", "bz2", "zst")
WHOLE = [
    *(compressed(kind, TEXT) for kind in _KINDS),
    *(compressed(kind, tarred({"a": TEXT, "b" * 200: TEXT})) for kind in _KINDS),
    tarred({"a": TEXT, "日志" * 60: TEXT}),
    zipped({"a": TEXT, "b/c": TEXT}),
    zipped({"a.zip": zipped({"b.gz": compressed("gz", TEXT)})}),
    evtx_file([event_chunk(1, ["a"])])[:9000],
    b"\xff\xfe" + "一行\n".encode("utf-16-le") * 40,
]
MAGICS = [
    b"\x1f\x8b\x08",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"BZh9",
    b"PK\3\4",
    b"PK\5\6",
    b"ElfFile\0",
    b"\xfe\xff",
    b"P*M\x18",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(magic=st.sampled_from(MAGICS), data=st.binary(max_size=600))
def test_arbitrary_bytes_behind_any_magic(tmp_path_factory: pytest.TempPathFactory, magic: bytes, data: bytes) -> None:
    _import(tmp_path_factory.mktemp("any"), magic + data)


@pytest.mark.parametrize("index", range(len(WHOLE)))
def test_damage_anywhere(tmp_path: Path, index: int) -> None:
    chance, whole = random.Random(index), WHOLE[index]
    for number in range(25):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        cut = chance.randrange(len(data)) if number % 3 == 0 else len(data)
        (tmp_path / str(number)).write_bytes(bytes(data[:cut]))
    import_paths(tmp_path / "logs", *[tmp_path / str(number) for number in range(25)])


def _import(folder: Path, data: bytes) -> None:
    (folder / "file").write_bytes(data)
    import_paths(folder / "logs", folder / "file")
