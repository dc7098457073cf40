#!/usr/bin/env python3
"""Verify an evidence bundle (evlog/1, `.evz`) offline, with nothing but Python 3.8 or later.

    python3 verify.py BUNDLE.evz --trust [log:|witness:]FINGERPRINT … [--require-witness] [--all-signatures]

Exit code: 0 sound and anchored · 3 sound, but origin not established or something not checked · 6 faults · 2 usage.
RFC 9162 trees, C2SP notes, RFC 8032 Ed25519, GB/T 32905 SM3, GB/T 32918 SM2. Nothing is believed unproved.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import zlib
from functools import reduce
from itertools import chain
from types import SimpleNamespace
from typing import Any, BinaryIO, Callable, Dict, List, Optional, Tuple

MAX_FILES, MAX_FAULTS, MAX_SLOW_SM3, FEW_NOTES, WORD = 60000, 100, 1 << 21, 12, 0xFFFFFFFF
KEYS = {"v", "seq", "t", "kind", "actor", "role", "assurance", "writer", "case", "sys", "blob", "prev", "data"}
NOTE = re.compile(r"checkpoints/([0-9]{12})/(sha256|sm3)\.note")
NAME = re.compile(r"(manifest|keyring)\.json|entries\.jsonl|verify\.py|README\.html|blobs/[0-9a-f]{64}|" + NOTE.pattern)
TEXTS = {
    "form": ("not in its one allowed form: {0}", "格式不符：{0}"),
    "line": ("line is not a canonical entry", "该行不是规范的日志条目"),
    "sequence": ("sequence number is {0}: entries are missing, doubled or moved", "序号为{0}：条目缺失、重复或被移动"),
    "chain": ("does not follow the entry before: one of the two was changed", "与前一条目不衔接：两者之一被改动"),
    "root": ("{0} root differs from the one signed: entries were changed", "{0}树根与签名的树根不一致：条目被改动"),
    "size": ("entries or checkpoints were cut off, or the trees differ", "条目或检查点被截断，或两棵树不一致"),
    "end": ("the entries do not end with the sealed export and its checkpoint", "末尾不是已封存的导出条目及其检查点"),
    "signature": ("signature of {0} is wrong", "{0}的签名错误"),
    "signer": ("signed by no key of the ring that is valid for this size", "签名密钥不在密钥环中，或对该规模无效"),
    "ring": ("key ring contradicts itself or the log", "密钥环自相矛盾，或与日志矛盾"),
    "blob": ("differs from what was sealed", "与封存内容不符"),
    "witness": ("no trusted witness has cosigned the entries before the export", "受信见证人未对导出前的条目副署"),
    "no_sm3": ("SM3 tree and digests: this Python has no SM3", "SM3树与SM3摘要：本机Python不支持SM3"),
    "unsealed": ("{0} entries after the last checkpoint: not signed yet", "最后检查点之后的{0}条：尚未签名"),
    "clean": ("sound, and anchored to a fingerprint you trust", "完好，且与所信任的指纹一致"),
    "incomplete": (
        "consistent, but origin not established or not all checked",
        "内部自洽，但来源未经确认或有未核验内容",
    ),
    "evidence_broken": ("FAULTS: do not rely on this evidence", "发现问题：不可采信"),
    "sum": ("{0} entries, {1} checkpoints, witnessed size {2}", "条目{0}条，检查点{1}个，见证至规模{2}"),
}
P25519, L25519 = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D25519 = -121665 * pow(121666, -1, P25519) % P25519
SM2_P, SM2_N = 2**256 - 2**224 - 2**96 + 2**64 - 1, 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
SM2_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
SM2_GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
SM2_GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0
HAS_SM3 = "sm3" in hashlib.algorithms_available
LOG_KEYS = {"sha256": ("log", "ed25519"), "sm3": ("log", "sm2")}
Point = Optional[Tuple[int, int]]


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
    digest = hashlib.sha512(signature[:32] + key + data).digest()
    s, k = (int.from_bytes(half, "little") for half in (signature[32:], digest))
    if len(signature) != 64 or point is None or s >= L25519:
        return False
    x, y = _combined(_edwards_add, (0, 1), s, base, k % L25519, (P25519 - point[0], point[1]))
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


def slow_sm3(data: bytes) -> bytes:
    """Return the SM3 digest in pure Python, for a Python whose hashlib has none."""

    def _turn(word: int, by: int) -> int:
        return ((word & WORD) << by % 32 | (word & WORD) >> 32 - by % 32) & WORD

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


def sm3(data: bytes) -> bytes:
    """Return the digest, by hashlib where it can."""
    return hashlib.new("sm3", data).digest() if HAS_SM3 else slow_sm3(data)


def _folded(hash_: Callable[[bytes], bytes], nodes: List[bytes]) -> bytes:
    return reduce(lambda right, left: hash_(b"\x01" + left + right), reversed(nodes))


ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
# Floats and very long numbers are refused: nothing spells so what `int` makes of them.
DECODE = json.JSONDecoder(parse_float=int, parse_constant=int, parse_int=lambda text: int(text[:20])).decode


def _canonical(raw: bytes) -> Any:  # noqa: ANN401
    """Return the JSON value in canonical bytes; raises ValueError for any other spelling."""
    value = DECODE(raw.decode())
    if ENCODE(value).encode() != raw:
        raise ValueError("not canonical JSON")
    return value


def _b64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    return raw if base64.b64encode(raw).decode() == text else b""  # which is no key and no signature


class Bundle:
    """A zip in the one form that bundles have: stored, no extra fields, no gaps, names we know; else ValueError."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, position, directory = stream, 0, bytearray()
        self.files: Dict[str, Tuple[int, int]] = {}
        while self._at(position, 4) == b"PK\3\4" and len(self.files) < MAX_FILES:
            head = self._at(position, 30).ljust(30)
            crc, size, length = struct.unpack("<14xII4xH2x", head)
            raw = self._at(position + 30, length)
            name, fields = raw.decode(), struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, crc, size, size, length, 0)
            wrong = head != b"PK\3\4" + fields or name in self.files or not NAME.fullmatch(name)
            self.files[name] = (position + 30 + length, size)
            if wrong or zlib.crc32(self.read(name)) != crc:
                raise ValueError("zip: %r" % name)
            directory += struct.pack("<4sH", b"PK\1\2", 788) + fields
            directory += struct.pack("<HHHII", 0, 0, 0, 0x81800000, position) + raw
            position += 30 + length + size
        directory += struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *[len(self.files)] * 2, len(directory), position, 0)
        if self._at(position, len(directory) + 1) != directory:
            raise ValueError("zip: truncated, or with bytes that do not belong there")
        self.manifest = _canonical(self.read("manifest.json")[:-1])

    def _at(self, position: int, size: int) -> bytes:
        self.stream.seek(position)
        return self.stream.read(size)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        return self._at(*self.files[name])

    def lines(self) -> List[bytes]:
        """Return the lines of the entries, without line ends; a rest that has none is made wrong."""
        *lines, rest = self.read("entries.jsonl").split(b"\n")
        return lines + [rest + b"\n"] * bool(rest)


class Verifier:
    """All checks of one bundle, or of a live log behind the same methods; every fault found is kept."""

    def __init__(self, opened: Callable[[], Any], trust: Tuple[str, ...], all_signatures: str = "") -> None:
        self.trust, self.all_signatures, self.last = trust, all_signatures, {}  # type: Any, str, Any
        self.first, self.entries, self.witnessed = 0, 0, 0
        self.keys, self.notes, self.blobs, self.anchored = {}, {}, {}, {}  # type: Any, Any, Any, Dict[str, bool]
        self.faults, self.not_checked, self.records = [], [], []  # type: List[Any], List[Any], List[Any]
        self.hashes: Any = {"sha256": lambda data: hashlib.sha256(data).digest(), "sm3": sm3}
        try:
            self.source = opened()
            for stage in (self._ring, self._notes, self._entries, self._signatures, self._blobs, self._end):
                stage()
        except Exception as error:  # noqa: BLE001 - whatever hostile bytes bring about is a fault, not a crash
            self.fault("bundle", "form", "%s %s" % (type(error).__name__, error))

    def fault(self, where: str, code: str, *values: object) -> None:
        """Note one thing that is wrong."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append({"where": where, "code": code, "values": [ascii(str(v))[1:-1][:200] for v in values]})

    def _ring(self) -> None:
        if not HAS_SM3 and sum(size for _, size in self.source.files.values()) > MAX_SLOW_SM3:
            del self.hashes["sm3"]
            self.not_checked.append({"where": "sm3", "code": "no_sm3", "values": []})
        ring, origin = _canonical(self.source.read("keyring.json")[:-1]), self.source.manifest["origin"]
        ends = {record["fingerprint"]: record["valid_to"] for record in ring["closed"]}
        self.records = ring["created"] + ring["closed"]
        for record in ring["created"]:
            der, role, name = _b64(record["public_key"]), (record["role"], record["algorithm"]), record["name"]
            raw, check = (der[-65:], sm2_verify) if role[1] == "sm2" else (der[-32:], ed25519_verify)
            kind = {"log ed25519": b"\x01", "log sm2": b"\xffsm2-sm3", "witness ed25519": b"\x04"}["%s %s" % role]
            identity = (name, hashlib.sha256(name.encode() + b"\n" + kind + raw).digest()[:4])
            printed = hashlib.sha256(der).hexdigest()
            valid, by = (record["valid_from"], ends.get(printed, float("inf"))), record["introduced_by"]
            key = SimpleNamespace(print=printed, role=role, raw=raw, check=check, id=identity, valid=valid, by=by)
            self.keys[printed] = key
        for record in self.records:
            by = self.keys[record.get("introduced_by") or record["closed_by"]]
            unsigned = ENCODE({name: value for name, value in record.items() if name != "signature"}).encode()
            if by.role[0] != "log" or not by.check(by.raw, b"evlog-key/1\n" + unsigned, _b64(record["signature"])):
                self.fault("keyring.json", "signature", by.print)
        if (set(ring), ring["v"], ring["origin"]) != ({"v", "origin", "created", "closed"}, 1, origin):
            self.fault("keyring.json", "ring")

    def _trusted(self, key: Any) -> bool:  # noqa: ANN401
        """Return whether a key is on paper, or was introduced in time by a log key of its kind that is."""
        by = self.keys[key.by]
        follows = by.role == key.role and by.valid[0] < key.valid[0] <= by.valid[1] + 1
        return bool({key.print, key.role[0] + key.print} & {*self.trust}) or (follows and self._trusted(by))

    def _notes(self) -> None:
        for match in filter(None, map(NOTE.fullmatch, sorted(self.source.files))):
            text, _, tail = self.source.read(match[0]).decode().rpartition("\n\n")
            origin, size, root = text.split("\n")
            parts = [line.split(" ") for line in tail.split("\n")]
            lines = {(each[1], _b64(each[2])[:4]): _b64(each[2])[4:] for each in parts[:-1]}
            form = (origin, size, parts[-1], {(each[0], len(each)) for each in parts[:-1]}, len(_b64(root)))
            wanted = self.source.manifest["origin"] + {"sha256": "", "sm3": "/sm3"}[match[2]]
            if form != (wanted, str(int(size)), [""], {("\u2014", 3)}, 32) or len(lines) != len(parts) - 1:
                raise ValueError(match[0])
            note = SimpleNamespace(text=text + "\n", size=int(size), root=_b64(root), lines=lines)
            self.notes.setdefault(int(match[1]), {})[match[2]] = note
        for size, pair in self.notes.items():
            if [note.size for note in pair.values()] != [size, size]:
                self.fault("checkpoints/%012d" % size, "size")

    def _entries(self) -> None:
        self.first = size = self.source.manifest["first"]
        previous, waiting, proof = "" if size else "0" * 64, dict(self.notes), self.source.manifest["consistency"]
        trees = [(name, hash_, [bytes.fromhex(node) for node in proof[name]]) for name, hash_ in self.hashes.items()]
        if any(len(nodes) != bin(size).count("1") for _, _, nodes in trees) or (size and size not in waiting):
            raise ValueError("consistency")
        for raw in chain(self.source.lines(), [None]):
            pair = waiting.pop(size, {}) if size in waiting else {}
            for name, hash_, nodes in trees if pair else ():
                if name in pair and _folded(hash_, nodes) != pair[name].root:
                    self.fault("checkpoints/%012d/%s.note" % (size, name), "root", name)
            if raw is not None:
                self._entry(raw, size, previous)
                previous = hashlib.sha256(raw).hexdigest()
                for _, hash_, nodes in trees:
                    node, level = hash_(b"\x00" + raw), size
                    while level & 1:
                        node, level = hash_(b"\x01" + nodes.pop() + node), level >> 1
                    nodes.append(node)
                size, self.entries = size + 1, self.entries + 1
        for left in waiting:
            self.fault("checkpoints/%012d" % left, "size")

    def _entry(self, raw: bytes, size: int, previous: str) -> None:
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
            if entry["kind"].startswith("key.") and entry["data"] not in self.records:
                self.fault("entry %d" % size, "ring")
            self.last = entry
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.fault("entry %d" % size, "line")

    def _signatures(self) -> None:
        signed, seen = {}, {}  # type: Dict[Tuple[str, str], List[Any]], Dict[str, Dict[str, int]]
        for name, note in (item for size in sorted(self.notes) for item in self.notes[size].items()):
            keys = [key for identity in note.lines for key in self.keys.values() if key.id == identity]
            valid = [key for key in keys if key.valid[0] <= note.size <= key.valid[1]]
            if len(valid) != len(note.lines) or [key.role for key in valid].count(LOG_KEYS[name]) != 1:
                self.fault("checkpoints/%012d/%s.note" % (note.size, name), "signer")
            for key in valid:
                signed.setdefault((name, key.print), []).append(note)
        for (name, printed), notes in signed.items():
            key, every = self.keys[printed], self.all_signatures or len(self.notes) <= FEW_NOTES
            for note in notes if every else notes[:: max(1, len(notes) - 1)]:
                raw = note.lines[key.id]
                stamp = "cosignature/v1\ntime %d\n" % int.from_bytes(raw[:8], "big") if key.role[0] == "witness" else ""
                if not key.check(key.raw, (stamp + note.text).encode(), raw[8:] if stamp else raw):
                    self.fault("checkpoints/%012d/%s.note" % (note.size, name), "signature", key.id[0])
            if key.role == LOG_KEYS[name]:
                self.anchored[name] = self.anchored.get(name, True) and self._trusted(key)
            elif key.role[0] == "witness" and (not self.trust or {printed, "witness" + printed} & {*self.trust}):
                seen.setdefault(printed, {})[name] = notes[-1].size
        self.witnessed = max([min(sizes.values()) for sizes in seen.values() if len(sizes) == 2], default=0)

    def _blobs(self) -> None:
        for name in [name for name in self.source.files if name.startswith("blobs/")]:
            blob, salt = self.blobs.get(name[6:], {}), bytes.fromhex(self.source.manifest["salts"].get(name[6:], ""))
            data = salt + self.source.read(name)
            differs = any(hash_(data).hex() != blob.get(kind) for kind, hash_ in self.hashes.items())
            if differs or blob["sha256"] != name[6:] or blob["size"] != len(data):
                self.fault(name, "blob")

    def _end(self) -> None:
        end, source, manifest, last = self.first + self.entries, self.source, self.source.manifest, self.last["data"]
        if not isinstance(source, Bundle):
            unsealed = end - max(self.notes, default=0)
            self.not_checked += [{"where": "log", "code": "unsealed", "values": [unsealed]}] if unsealed else []
            return
        form = (set(manifest), manifest["format"], manifest["end"], self.last["kind"], end in self.notes)
        names = {"consistency", "end", "first", "format", "origin", "salts"}
        if form != (names, "evlog-bundle/1", end, "evidence.export/1", True):
            self.fault("entries.jsonl", "end")
        blobs = sorted(name[6:] for name in source.files if name.startswith("blobs/"))
        listed = hashlib.sha256("".join(digest + "\n" for digest in blobs).encode()).hexdigest()
        pages = {name: hashlib.sha256(source.read(name)).hexdigest() for name in ("README.html", "verify.py")}
        sealed = {"first": self.first, "blobs": len(blobs), "blobs_sha256": listed, "files": pages}
        if {**last, **sealed} != last or not set(manifest["salts"]) <= set(blobs):
            self.fault("manifest.json", "blob")

    def report(self, require_witness: str = "", language: str = "zh") -> Dict[str, Any]:
        """Return the result as JSON shows it; one anchored tree is enough, for both hold the same entries."""
        end, seen, chinese = self.first + self.entries, self.witnessed, language == "zh"
        if require_witness and seen < end - 1:
            self.fault("witness", "witness")
        for item in self.faults + self.not_checked:
            item["text"] = TEXTS[item["code"]][chinese].format(*item["values"])
        trees = sorted(name for name, held in self.anchored.items() if held and not self.faults)
        outcome = "evidence_broken" if self.faults else "clean" if trees and not self.not_checked else "incomplete"
        result = {"schema": "sec-ops/evidence-verify", "version": 1, "outcome": [outcome], "ok": not self.faults}
        result.update(entries=self.entries, first=self.first, checkpoints=len(self.notes), witnessed_size=seen)
        result.update(unwitnessed_entries=end - max(self.first, seen), not_checked=self.not_checked)
        text = "%s: %s" % (TEXTS["sum"][chinese].format(self.entries, len(self.notes), seen), TEXTS[outcome][chinese])
        return dict(result, faults=self.faults, anchored=bool(trees), anchored_trees=trees, text=text)


def verify(path: str, trust: Tuple[str, ...], all_signatures: str = "") -> Verifier:
    """Return the checked bundle at a path; raises OSError when there is no such file."""
    with open(path, "rb") as stream:
        return Verifier(lambda: Bundle(stream), trust, all_signatures)


def _main() -> int:
    parser = argparse.ArgumentParser(description="Verify an evidence bundle offline. 离线核验证据包。")
    parser.add_argument("bundle", help="FILE.evz")
    parser.add_argument("--trust", action="append", default=[], help="[log:|witness:]fingerprint on paper 纸面指纹")
    for flag in ("--require-witness", "--all-signatures", "--json"):
        parser.add_argument(flag, action="store_const", const="yes")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")
    given = parser.parse_args()
    trust = tuple(re.sub(r"[\s:]", "", printed).lower() for printed in given.trust)
    result = verify(given.bundle, trust, given.all_signatures).report(given.require_witness, given.lang)
    lines = ["  %s: %s" % (item["where"], item["text"]) for item in result["faults"] + result["not_checked"]]
    text = json.dumps(result, ensure_ascii=False, indent=2) if given.json else "\n".join([*lines, result["text"]])
    sys.stdout.buffer.write((text + "\n").encode("utf-8", "backslashreplace"))
    return {"clean": 0, "incomplete": 3, "evidence_broken": 6}[result["outcome"][0]]


if __name__ == "__main__":
    sys.exit(_main())
