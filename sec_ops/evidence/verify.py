#!/usr/bin/env python3
"""Verify an evidence bundle (evlog/1, `.evz`) offline, with nothing but Python 3.8 or later.

    python3 verify.py BUNDLE.evz --trust FINGERPRINT [--trust FINGERPRINT] [--require-witness] [--all-signatures]

Exit code: 0 sound and anchored · 3 sound, but origin not established or something not checked · 6 faults · 2 usage.
Trees and proofs: RFC 9162. Notes: C2SP signed-note, tlog-cosignature. Ed25519: RFC 8032. SM3: GB/T 32905. SM2: GB/T
32918. The bundle is hostile until proved otherwise: a zip without compression whose bytes each have one allowed value.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import zlib
from types import SimpleNamespace
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Optional, Tuple

MAX_LINE, MAX_FILES, MAX_FAULTS, MAX_SLOW_SM3, FEW_NOTES, WORD = 1 << 17, 60000, 100, 1 << 21, 12, 0xFFFFFFFF
KEYS = {"v", "seq", "t", "kind", "actor", "role", "assurance", "writer", "case", "sys", "blob", "prev", "data"}
MANIFEST = {"consistency", "end", "files", "first", "format", "frontier", "origin", "salts"}
NOTE = re.compile(r"checkpoints/(\d{12})/(sha256|sm3)\.note", re.ASCII)
NAME = re.compile(r"(manifest|keyring)\.json|entries\.jsonl|verify\.py|README\.html|blobs/[0-9a-f]{64}|" + NOTE.pattern)
TEXTS = {
    "form": ("not in its one allowed form: {0}", "格式不符：{0}"),
    "file": ("file was changed, is missing or does not belong here", "文件被改动、缺失或不应存在"),
    "line": ("line is not a canonical entry", "该行不是规范的日志条目"),
    "sequence": ("sequence number is {0}: entries are missing, doubled or moved", "序号为{0}：条目缺失、重复或被移动"),
    "chain": ("does not follow the entry before: one of the two was changed", "与前一条目不衔接：两者之一被改动"),
    "root": ("{0} root differs from the one signed: entries were changed", "{0}树根与签名的树根不一致：条目被改动"),
    "size": ("entries were cut off, or the two trees differ in size", "条目被截断，或两棵树规模不一致"),
    "end": ("the entries do not end with the sealed export and its checkpoint", "末尾不是已封存的导出条目及其检查点"),
    "signature": ("signature of {0} is wrong", "{0}的签名错误"),
    "signer": ("signed by no key of the ring that is valid for this size", "签名密钥不在密钥环中，或对该规模无效"),
    "ring": ("key ring contradicts itself or the log", "密钥环自相矛盾，或与日志矛盾"),
    "proof": ("consistency proof from the previous export is wrong", "与上一次导出的一致性证明错误"),
    "blob": ("differs from what was sealed", "与封存内容不符"),
    "witness": ("no trusted witness has cosigned the entries before the export", "受信见证人未对导出前的条目副署"),
    "no_sm3": ("SM3 tree and digests: this Python has no SM3", "SM3树与SM3摘要：本机Python不支持SM3"),
    "unsealed": ("{0} entries after the last checkpoint: not signed yet", "最后检查点之后的{0}条：尚未签名"),
    "clean": ("sound, and anchored to a fingerprint you trust", "完好，且与所信任的指纹一致"),
    "incomplete": (
        "internally consistent, origin not established or not all checked",
        "内部自洽，但来源未经确认或有未核验内容",
    ),
    "evidence_broken": ("FAULTS: do not rely on this evidence", "发现问题：不可采信"),
    "sum": ("{0} entries, {1} checkpoints, witnessed size {2}", "条目{0}条，检查点{1}个，见证至规模{2}"),
}
P25519, L25519 = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D25519 = -121665 * pow(121666, -1, P25519) % P25519
SM2_P, SM2_N, SM2_B, SM2_GX, SM2_GY = (
    0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF,
    0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
    0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
Hash = Callable[[bytes], bytes]
Point = Optional[Tuple[int, int]]
Faults = List[Dict[str, Any]]


def _combined(add: Callable[[Any, Any], Any], zero: Point, a: int, p: Point, b: int, q: Point) -> Any:  # noqa: ANN401
    """Return a·p + b·q on a curve, in affine coordinates: slow and short, for public data only."""
    picks, total = (None, p, q, add(p, q)), zero
    for bit in range(255, -1, -1):
        total, pick = add(total, total), picks[a >> bit & 1 | (b >> bit & 1) << 1]
        total = add(total, pick) if pick else total
    return total


def _edwards_add(p: Tuple[int, int], q: Tuple[int, int]) -> Point:
    (x1, y1), (x2, y2) = p, q
    t = D25519 * x1 * x2 * y1 * y2 % P25519
    inverse = pow(1 - t * t, -1, P25519)
    return (x1 * y2 + x2 * y1) * (1 - t) * inverse % P25519, (y1 * y2 + x1 * x2) * (1 + t) * inverse % P25519


def _edwards_point(raw: bytes) -> Point:
    y, sign = int.from_bytes(raw, "little") & (1 << 255) - 1, raw[31] >> 7
    square = (y * y - 1) * pow(D25519 * y * y + 1, -1, P25519) % P25519
    x = pow(square, (P25519 + 3) // 8, P25519)
    x = x if x * x % P25519 == square else x * pow(2, (P25519 - 1) // 4, P25519) % P25519
    return None if y >= P25519 or x * x % P25519 != square else (P25519 - x if x & 1 != sign else x, y)


def ed25519_verify(key: bytes, data: bytes, signature: bytes) -> bool:
    """Return whether 64 bytes are the signature of a 32-byte key over the data (RFC 8032, 5.1.7)."""
    point, base = _edwards_point(key), _edwards_point(b"\x58" + b"\x66" * 31)
    s, digest = int.from_bytes(signature[32:], "little"), hashlib.sha512(signature[:32] + key + data).digest()
    if len(signature) != 64 or point is None or s >= L25519:
        return False
    k = int.from_bytes(digest, "little") % L25519
    x, y = _combined(_edwards_add, (0, 1), s, base, k, (P25519 - point[0], point[1]))
    return bool((y | (x & 1) << 255).to_bytes(32, "little") == signature[:32])


def _sm2_add(p: Point, q: Point) -> Point:
    if p is None or q is None:
        return q if p is None else p
    (x1, y1), (x2, y2) = p, q
    if x1 == x2 and (y1 + y2) % SM2_P == 0:
        return None
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, SM2_P) if p == q else (y2 - y1) * pow(x2 - x1, -1, SM2_P)
    x = (slope * slope - x1 - x2) % SM2_P
    return x, (slope * (x1 - x) - y1) % SM2_P


def sm2_verify(key: bytes, data: bytes, signature: bytes) -> bool:
    """Return whether r ‖ s is the signature of a key 04 ‖ x ‖ y over the data, user id 1234567812345678."""
    x, y, r, s = (int.from_bytes(half, "big") for half in (key[1:33], key[33:], signature[:32], signature[32:]))
    on_curve = len(key) == 65 and key[0] == 4 and max(x, y) < SM2_P and (y * y - x**3 + 3 * x - SM2_B) % SM2_P == 0
    if len(signature) != 64 or not on_curve or not (0 < r < SM2_N and 0 < s < SM2_N) or (r + s) % SM2_N == 0:
        return False
    curve = b"".join(number.to_bytes(32, "big") for number in (SM2_P - 3, SM2_B, SM2_GX, SM2_GY, x, y))
    digest = sm3(sm3(b"\x00\x801234567812345678" + curve) + data)
    point = _combined(_sm2_add, None, s, (SM2_GX, SM2_GY), (r + s) % SM2_N, (x, y))
    return point is not None and (int.from_bytes(digest, "big") + point[0]) % SM2_N == r


def _turn(word: int, by: int) -> int:
    return ((word & WORD) << by % 32 | (word & WORD) >> 32 - by % 32) & WORD


def slow_sm3(data: bytes) -> bytes:
    """Return the SM3 digest in pure Python, for a Python whose hashlib has none."""
    data += b"\x80" + b"\x00" * ((55 - len(data)) % 64) + struct.pack(">Q", 8 * len(data))
    state = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    for start in range(0, len(data), 64):
        w, v = list(struct.unpack(">16I", data[start : start + 64])), state
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ _turn(w[j - 3], 15)
            w.append(x ^ _turn(x, 15) ^ _turn(x, 23) ^ _turn(w[j - 13], 7) ^ w[j - 6])
        for j in range(64):
            a, b, c, d, e, f, g, h = v
            s = _turn(_turn(a, 12) + e + _turn(0x79CC4519 if j < 16 else 0x7A879D8A, j), 7)
            x = (a ^ b ^ c if j < 16 else a & b | a & c | b & c) + d + (s ^ _turn(a, 12)) + (w[j] ^ w[j + 4])
            y = ((e ^ f ^ g if j < 16 else e & f | ~e & g) + h + s + w[j]) & WORD
            v = [x & WORD, a, _turn(b, 9), c, y ^ _turn(y, 9) ^ _turn(y, 17), e, _turn(f, 19), g]
        state = [old ^ new for old, new in zip(state, v)]  # noqa: B905 - Python 3.8
    return struct.pack(">8I", *state)


SM3_STATE: Any = hashlib.new("sm3") if "sm3" in hashlib.algorithms_available else None


def sm3(data: bytes) -> bytes:
    """Return the digest, by hashlib where it can."""
    state = SM3_STATE.copy() if SM3_STATE else None
    return slow_sm3(data) if state is None else state.update(data) or state.digest()


def sha256(data: bytes) -> bytes:
    """Return the digest."""
    return hashlib.sha256(data).digest()


def _grow(hash_: Hash, nodes: List[bytes], size: int, line: bytes) -> None:
    """Add a leaf to a tree, given as its perfect subtrees, largest first."""
    node = hash_(b"\x00" + line)
    while size & 1:
        node, size = hash_(b"\x01" + nodes.pop() + node), size >> 1
    nodes.append(node)


def _folded(hash_: Hash, nodes: List[bytes]) -> bytes:
    root = nodes[-1]
    for node in reversed(nodes[:-1]):
        root = hash_(b"\x01" + node + root)
    return root


def _consistent(hash_: Hash, old: int, new: int, proof: List[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Return whether a tree is the beginning of another, larger one (RFC 9162, 2.1.4.2)."""
    path, fn, sn = proof if old & old - 1 else [old_root, *proof], old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0] if path and 0 < old < new else b""
    for node in path[1:]:
        if fn & 1 or fn == sn:
            fr, sr = hash_(b"\x01" + node + fr), hash_(b"\x01" + node + sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hash_(b"\x01" + sr + node)
        fn, sn = (fn >> 1, sn >> 1) if sn else (-1, -1)
    return sn == 0 and fr == old_root and sr == new_root


def _refused(text: str) -> Any:  # noqa: ANN401
    raise ValueError(text)


ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
DECODE = json.JSONDecoder(parse_float=_refused, parse_constant=_refused).decode


def _canonical(raw: bytes) -> Any:  # noqa: ANN401
    """Return the JSON value in canonical bytes; raises ValueError for any other spelling."""
    value = DECODE(raw.decode())
    return value if ENCODE(value).encode() == raw else _refused("not canonical JSON")


def _b64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    return raw if base64.b64encode(raw).decode() == text else _refused("base64")


def _parse_note(raw: bytes, origin: str) -> Any:  # noqa: ANN401
    """Return text, size, root and signature lines (name, key id, signature) of a checkpoint; raises ValueError."""
    text, _, tail = raw.decode().rpartition("\n\n")
    name, size, root = text.split("\n")
    parts = [line.split(" ") for line in tail.split("\n")]
    lines = [
        ((name, _b64(code)[:4]), _b64(code)[4:])
        for dash, name, code in parts[:-1]
        if dash == "\u2014" or _refused(dash)
    ]
    if name != origin or str(int(size)) != size or len(_b64(root)) != 32 or parts[-1] != [""]:
        raise ValueError("checkpoint")
    return SimpleNamespace(text=text + "\n", size=int(size), root=_b64(root), lines=lines)


class Bundle:
    """A zip in the one form that bundles have: stored, no extra fields, no gaps, names we know; else ValueError."""

    sealed = True

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, position, directory = stream, 0, bytearray()
        self.files: Dict[str, Tuple[int, int]] = {}
        self.digests: Dict[str, str] = {}
        while len(self.files) < MAX_FILES:
            head = self._at(position, 30)
            if len(head) < 30 or head[:4] != b"PK\3\4":
                break
            crc, size, length = struct.unpack("<14xII4xH2x", head)
            raw = self._at(position + 30, length)
            name, fields = raw.decode(), struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, crc, size, size, length, 0)
            if head != b"PK\3\4" + fields or name in self.files or not NAME.fullmatch(name):
                raise ValueError("zip: %r" % name)
            self.files[name] = (position + 30 + length, size)
            self._digest(name, crc)
            directory += struct.pack("<4sH", b"PK\1\2", 788) + fields
            directory += struct.pack("<HHHII", 0, 0, 0, 0x81800000, position) + raw
            position += 30 + length + size
        count, length = len(self.files), len(directory)
        directory += struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, count, count, length, position, 0)
        if self._at(position, len(directory) + 1) != directory:
            raise ValueError("zip: truncated, or with bytes that do not belong there")
        self.manifest = _canonical(self.read("manifest.json")[:-1])

    def _digest(self, name: str, crc: int) -> None:
        digest, found, left = hashlib.sha256(), 0, self.files[name][1]
        self.stream.seek(self.files[name][0])
        while left > 0:
            part = self.stream.read(min(left, 1 << 20)) or _refused("zip: truncated")
            digest.update(part)
            found, left = zlib.crc32(part, found), left - len(part)
        self.digests[name] = digest.hexdigest() if found == crc else _refused("zip: %r" % name)

    def _at(self, position: int, size: int) -> bytes:
        self.stream.seek(position)
        return self.stream.read(size)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        return self._at(*self.files[name])

    def lines(self) -> Iterator[bytes]:
        """Return the lines of the entries, without line ends."""
        position, left = self.files["entries.jsonl"]
        self.stream.seek(position)
        while left > 0:
            line = self.stream.readline(min(left, MAX_LINE))
            left -= len(line)
            yield line[:-1] if line.endswith(b"\n") else line + b"\n"  # a line without end is not canonical


class Verifier:
    """All checks of one bundle, or of a live log behind the same methods; every fault found is kept."""

    def __init__(self, source: Any, trust: Tuple[str, ...], all_signatures: str = "") -> None:  # noqa: ANN401
        self.source, self.trust, self.all_signatures = source, trust, all_signatures
        self.entries, self.witnessed, self.last, self.ring = 0, 0, {}, {}  # type: int, int, Any, Any
        self.keys, self.notes, self.blobs, self.anchored = {}, {}, {}, {}  # type: Any, Any, Any, Dict[str, bool]
        self.faults, self.not_checked = [], []  # type: Faults, Faults
        self.first, self.origin = source.manifest["first"], source.manifest["origin"]
        slow = SM3_STATE is None and sum(size for _, size in source.files.values()) > MAX_SLOW_SM3
        self.hashes: Dict[str, Hash] = {"sha256": sha256} if slow else {"sha256": sha256, "sm3": sm3}
        for stage in (
            self._check_files,
            self._check_ring,
            self._check_notes,
            self._check_entries,
            self._check_signatures,
        ):
            self._guarded(stage)
        self._guarded(self._check_witness)
        self._guarded(self._check_blobs)
        self._guarded(self._check_end)
        if slow:
            self._say(self.not_checked, "sm3", "no_sm3")

    def _guarded(self, stage: Callable[[], None]) -> None:
        try:
            stage()
        except Exception as error:  # noqa: BLE001 - whatever hostile bytes bring about is a fault, not a crash
            self.fault(stage.__name__, "form", "%s %s" % (type(error).__name__, error))

    def _say(self, items: Faults, where: str, code: str, *values: object) -> None:
        if len(items) < MAX_FAULTS:
            items.append({"where": where, "code": code, "values": [ascii(str(value))[1:200] for value in values]})

    def fault(self, where: str, code: str, *values: object) -> None:
        """Note one thing that is wrong."""
        self._say(self.faults, where, code, *values)

    def _check_files(self) -> None:
        manifest, digests = self.source.manifest, self.source.digests
        listed = dict(manifest["files"], **{"manifest.json": digests["manifest.json"]})
        for name in sorted(set(digests) | set(listed)):
            if digests.get(name) != listed.get(name):
                self.fault(name, "file")
        if set(manifest) != MANIFEST or manifest["format"] != "evlog-bundle/1" or type(self.first) is not int:
            self.fault("manifest.json", "form", manifest["format"])

    def _check_ring(self) -> None:
        self.ring = ring = _canonical(self.source.read("keyring.json")[:-1])
        ends = {record["fingerprint"]: record["valid_to"] for record in ring["closed"]}
        for record in ring["created"]:
            der, ed25519, witness = (
                _b64(record["public_key"]),
                record["algorithm"] == "ed25519",
                record["role"] == "witness",
            )
            raw, printed, name = der[-32:] if ed25519 else der[-65:], sha256(der).hex(), record["name"]
            kind = b"\x04" if witness else b"\x01" if ed25519 else b"\xffsm2-sm3"
            valid = (record["valid_from"], ends.get(printed, float("inf")))
            identity = (name, sha256(name.encode() + b"\n" + kind + raw)[:4])
            role, by = (record["role"], record["algorithm"]), record["introduced_by"]
            self.keys[printed] = SimpleNamespace(print=printed, role=role, raw=raw, valid=valid, by=by, id=identity)
        for record in ring["created"] + ring["closed"]:
            by = self.keys[record.get("introduced_by") or record["closed_by"]]
            unsigned = ENCODE({name: value for name, value in record.items() if name != "signature"}).encode()
            if by.role[0] != "log" or not self._verifies(by, b"evlog-key/1\n" + unsigned, _b64(record["signature"])):
                self.fault("keyring.json", "signature", by.print)
        if ring["origin"] != self.origin or set(ring) != {"v", "origin", "created", "closed"} or ring["v"] != 1:
            self.fault("keyring.json", "ring")

    def _verifies(self, key: Any, data: bytes, signature: bytes) -> bool:  # noqa: ANN401
        return (ed25519_verify if key.role[1] == "ed25519" else sm2_verify)(key.raw, data, signature)

    def _trusted(self, key: Any) -> bool:  # noqa: ANN401
        """Return whether a key is on paper, or was introduced in time by a log key of its kind that is."""
        by = self.keys[key.by]
        follows = by.role == key.role and by.valid[0] < key.valid[0] <= by.valid[1] + 1
        return key.print in self.trust or (follows and self._trusted(by))

    def _check_notes(self) -> None:
        for match in filter(None, map(NOTE.fullmatch, sorted(self.source.files))):
            note = _parse_note(self.source.read(match[0]), self.origin + ("" if match[2] == "sha256" else "/sm3"))
            self.notes.setdefault(int(match[1]), {})[match[2]] = note
            if note.size != int(match[1]):
                self.fault(match[0], "size")
        for size in [size for size, pair in self.notes.items() if len(pair) != 2]:
            self.fault("checkpoints/%012d" % size, "size")
            del self.notes[size]

    def _check_entries(self) -> None:
        size, previous, waiting = self.first, "" if self.first else "0" * 64, dict(self.notes)
        nodes = {name: [bytes.fromhex(node) for node in self.source.manifest["frontier"][name]] for name in self.hashes}
        if any(len(each) != bin(size).count("1") for each in nodes.values()):
            raise ValueError("frontier")
        trees = [(hash_, nodes[name]) for name, hash_ in self.hashes.items()]
        self._check_roots(nodes, size, waiting.pop(size, {}))
        for raw in self.source.lines():
            self._guarded_entry(raw, size, previous)
            previous = hashlib.sha256(raw).hexdigest()
            for hash_, edge in trees:
                _grow(hash_, edge, size, raw)
            size += 1
            self.entries = size - self.first
            if size in waiting:
                self._check_roots(nodes, size, waiting.pop(size))
        for left in waiting:
            self.fault("checkpoints/%012d" % left, "size")

    def _guarded_entry(self, raw: bytes, size: int, previous: str) -> None:
        try:
            entry = _canonical(raw)
            if entry.keys() != KEYS or entry["v"] != 1:
                raise ValueError("keys")
            if entry["seq"] != size:
                self.fault("entry %d" % size, "sequence", entry["seq"])
            if previous and entry["prev"] != previous:
                self.fault("entry %d" % size, "chain")
            if entry["blob"]:
                self.blobs[entry["blob"]["sha256"]] = entry["blob"]
            if entry["kind"].startswith("key.") and entry["data"] not in self.ring["created"] + self.ring["closed"]:
                self.fault("entry %d" % size, "ring")
            self.last = entry
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.fault("entry %d" % size, "line")

    def _check_roots(self, nodes: Dict[str, List[bytes]], size: int, pair: Dict[str, Any]) -> None:
        for name in [name for name in pair if name in self.hashes]:
            if _folded(self.hashes[name], nodes[name]) != pair[name].root:
                self.fault("checkpoints/%012d/%s.note" % (size, name), "root", name)

    def _check_signatures(self) -> None:
        for name, role in (("sha256", ("log", "ed25519")), ("sm3", ("log", "sm2"))):
            signed: Dict[str, List[Any]] = {}
            for note in (self.notes[size][name] for size in sorted(self.notes)):
                keys = [key for identity, _ in note.lines for key in self.keys.values() if key.id == identity]
                mine = [key for key in keys if key.role == role and key.valid[0] <= note.size <= key.valid[1]]
                if len(mine) != 1 or len(keys) != len(note.lines):
                    self.fault("checkpoints/%012d/%s.note" % (note.size, name), "signer")
                for key in mine:
                    signed.setdefault(key.print, []).append(note)
            for printed, notes in signed.items():
                some = (
                    notes if self.all_signatures or len(self.notes) <= FEW_NOTES else notes[:: max(1, len(notes) - 1)]
                )
                for note in some:
                    self._check_signature(self.keys[printed], note, name)
            self.anchored[name] = bool(signed) and all(self._trusted(self.keys[printed]) for printed in signed)

    def _check_signature(self, key: Any, note: Any, name: str) -> bool:  # noqa: ANN401
        for raw in [raw for identity, raw in note.lines if identity == key.id]:
            stamp = "cosignature/v1\ntime %d\n" % int.from_bytes(raw[:8], "big") if key.role[0] == "witness" else ""
            if self._verifies(key, (stamp + note.text).encode(), raw[8:] if stamp else raw):
                return True
            self.fault("checkpoints/%012d/%s.note" % (note.size, name), "signature", key.id[0])
        return False

    def _check_witness(self) -> None:
        for key in [key for key in self.keys.values() if key.role[0] == "witness"]:
            for size in sorted(self.notes, reverse=True):
                found = [self._check_signature(key, note, name) for name, note in self.notes[size].items()]
                if all(found) and (not self.trust or key.print in self.trust):
                    self.witnessed = max(self.witnessed, size)
                if any(found) and not self.all_signatures and len(self.notes) > FEW_NOTES:
                    break

    def _check_blobs(self) -> None:
        for name in [name for name in self.source.files if name.startswith("blobs/")]:
            blob, salt = self.blobs.get(name[6:], {}), bytes.fromhex(self.source.manifest["salts"].get(name[6:], ""))
            data = salt + self.source.read(name)
            differs = any(hash_(data).hex() != blob.get(kind) for kind, hash_ in self.hashes.items())
            if differs or blob["sha256"] != name[6:] or blob["size"] != len(data):
                self.fault(name, "blob")

    def _check_end(self) -> None:
        manifest, data, end = self.source.manifest, self.last["data"], self.first + self.entries
        if not self.source.sealed:
            unsealed = end - max(self.notes, default=0)
            return self._say(self.not_checked, "log", "unsealed", unsealed) if unsealed else None
        if self.last["kind"] != "evidence.export/1" or end not in self.notes or manifest["end"] != end:
            return self.fault("entries.jsonl", "end")
        blobs = sorted(name[6:] for name in self.source.files if name.startswith("blobs/"))
        listed = sha256("".join(digest + "\n" for digest in blobs).encode()).hex()
        pages = {name: self.source.digests.get(name) for name in ("README.html", "verify.py")}
        found = {"first": self.first, "blobs": len(blobs), "blobs_sha256": listed, "files": pages, "run": data["run"]}
        if data != found or not set(manifest["salts"]) <= set(blobs):
            self.fault("manifest.json", "blob")
        for name, hash_ in self.hashes.items() if self.first else ():
            proof, old = manifest["consistency"], self.notes[manifest["consistency"]["old"]][name]
            path = [bytes.fromhex(node) for node in proof[name]]
            if not _consistent(hash_, old.size, end, path, old.root, self.notes[end][name].root):
                self.fault("manifest.json", "proof")
        return None

    def report(self, require_witness: str = "", language: str = "zh") -> Dict[str, Any]:
        """Return the result as JSON shows it; one anchored tree is enough, for both hold the same entries."""
        if require_witness and self.witnessed < self.first + self.entries - 1:
            self.fault("witness", "witness")
        for item in self.faults + self.not_checked:
            item["text"] = TEXTS[item["code"]][language == "zh"].format(*item["values"])
        anchored = sorted(name for name, held in self.anchored.items() if held and not self.faults)
        outcome = "evidence_broken" if self.faults else "clean" if anchored and not self.not_checked else "incomplete"
        unwitnessed = self.first + self.entries - max(self.first, self.witnessed)
        counts = {"entries": self.entries, "checkpoints": len(self.notes), "witnessed_size": self.witnessed}
        state = {"ok": not self.faults, "anchored": bool(anchored), "anchored_trees": anchored, "first": self.first}
        found = {"unwitnessed_entries": unwitnessed, "not_checked": self.not_checked, "faults": self.faults}
        return {"schema": "sec-ops/evidence-verify", "version": 1, "outcome": [outcome], **counts, **state, **found}


def verify(path: str, trust: Tuple[str, ...], all_signatures: str = "") -> Verifier:
    """Return the checked bundle at a path; raises OSError when there is no such file."""
    with open(path, "rb") as stream:
        try:
            return Verifier(Bundle(stream), trust, all_signatures)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            empty = SimpleNamespace(files={}, digests={}, manifest={"first": 0, "origin": ""})
            broken = Verifier(empty, trust)
            broken.faults = []
            broken.fault(path, "form", error)
            return broken


def text_of(result: Dict[str, Any], language: str) -> str:
    """Return the result for people."""
    counts = (result["entries"], result["checkpoints"], result["witnessed_size"])
    lines = ["  %s: %s" % (item["where"], item["text"]) for item in result["faults"] + result["not_checked"]]
    return "\n".join(
        [TEXTS["sum"][language == "zh"].format(*counts), *lines, TEXTS[result["outcome"][0]][language == "zh"]]
    )


def main() -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(description="Verify an evidence bundle offline. 离线核验证据包。")
    parser.add_argument("bundle", help="FILE.evz")
    parser.add_argument("--trust", action="append", default=[], help="fingerprint on paper 纸面指纹")
    parser.add_argument("--require-witness", action="store_const", const="yes", help="没有见证副署即判为问题")
    parser.add_argument("--all-signatures", action="store_const", const="yes", help="核验每个检查点的签名")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")
    given = parser.parse_args()
    trust = tuple(re.sub(r"[\s:]", "", printed).lower() for printed in given.trust)
    result = verify(given.bundle, trust, given.all_signatures).report(given.require_witness, given.lang)
    text = json.dumps(result, ensure_ascii=False, indent=2) if given.json else text_of(result, given.lang)
    sys.stdout.buffer.write((text + "\n").encode("utf-8", "backslashreplace"))
    return {"clean": 0, "incomplete": 3, "evidence_broken": 6}[result["outcome"][0]]


if __name__ == "__main__":
    sys.exit(main())
