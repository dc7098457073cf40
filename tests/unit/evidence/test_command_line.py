"""`sec-ops evidence …` from end to end, in this process."""

import json
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run
from tests.unit.evidence.support import facts, opened

RUN = "20261123T080000Z-audit-0123abcd"


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run(["init", str(tmp_path / "site"), "--json"]) == 0
    (tmp_path / "init.json").write_text(capsys.readouterr().out)
    folder = tmp_path / "site"
    (folder / "var" / "runs" / RUN).mkdir(parents=True)
    opened(folder / "var" / "evidence").append_many([facts(1, RUN, blob=b"\x1b[31mred", system="records"), facts(2)])
    opened(folder / "var" / "evidence").checkpoint()
    return folder


@pytest.fixture
def paper(site: Path) -> list[str]:
    anchor = json.loads((site.parent / "init.json").read_text())["anchor"]
    return [word for key in anchor for word in ("--trust", key["fingerprint"])]


def call(capsys: pytest.CaptureFixture[str], site: Path, *words: str) -> tuple[int, dict[str, Any]]:
    code = run(["--site", str(site), "--lang", "en", "--json", "evidence", *words])
    return code, json.loads(capsys.readouterr().out)


def test_list_and_show(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = call(capsys, site, "list", "--kind", "audit.", "--system", "records")
    assert code == 0
    assert [entry["data"]["host"] for entry in document["entries"]] == ["host-1"]
    assert run(["--site", str(site), "evidence", "show", "3"]) == 0
    assert "\\x1b[31mred" in capsys.readouterr().out
    assert run(["--site", str(site), "evidence", "show", "3", "--output", str(site / "blob")]) == 0
    assert (site / "blob").read_bytes() == b"\x1b[31mred"
    assert run(["--site", str(site), "evidence", "show", "3", "--output", str(site / "blob")]) == 2
    assert run(["--site", str(site), "evidence", "show", "99"]) == 2
    capsys.readouterr()


@pytest.mark.parametrize("name", [RUN, "latest", "0123abcd"])
def test_bundle_and_verify(site: Path, paper: list[str], capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, document = call(capsys, site, "bundle", "--run", name, "--output", str(site / "x.evz"))
    assert code == 0
    assert (document["first"], document["end"], document["blobs"]) == (0, 6, 1)
    code, document = call(capsys, site, "verify", str(site / "x.evz"), *paper)
    assert (code, document["outcome"], document["anchored"]) == (0, ["clean"], True)
    assert call(capsys, site, "verify", str(site / "x.evz"))[0] == 3
    assert call(capsys, site, "verify", str(site / "x.evz"), *paper, "--require-witness")[0] == 6
    broken = (site / "x.evz").read_bytes().replace(b"host-1", b"host-7", 1)
    (site / "y.evz").write_bytes(broken)
    code, document = call(capsys, site, "verify", str(site / "y.evz"), *paper)
    assert (code, document["outcome"], document["ok"]) == (6, ["evidence_broken"], False)


def test_verify_the_live_log(site: Path, paper: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, site, "verify", *paper)[0] == 0
    log = site / "var" / "evidence" / "log" / "000000.jsonl"
    log.write_bytes(log.read_bytes().replace(b"host-1", b"host-7"))
    code, document = call(capsys, site, "verify", *paper)
    assert code == 6
    assert {"chain", "root"} <= {fault["code"] for fault in document["faults"]}
    assert run(["--site", str(site), "--lang", "zh", "evidence", "verify", *paper]) == 6
    assert "不可采信" in capsys.readouterr().out


def test_unsigned_entries_are_not_checked(site: Path, paper: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    opened(site / "var" / "evidence").append_many([facts(3)])
    code, document = call(capsys, site, "verify", *paper)
    assert (code, [each["code"] for each in document["not_checked"]]) == (3, ["unsealed"])
    assert call(capsys, site, "checkpoint") == (
        0,
        {"schema": "sec-ops/evidence-checkpoint", "version": 1, "outcome": ["clean"], "size": 6},
    )
    assert call(capsys, site, "verify", *paper)[0] == 0


def test_a_lost_blob_is_a_fault(site: Path, paper: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    next(path for path in (site / "var" / "evidence" / "blobs").rglob("*") if path.is_file()).unlink()
    assert call(capsys, site, "verify", *paper)[0] == 6


def test_witness_from_end_to_end(
    site: Path, paper: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there, enrolment, asked, answer = (str(tmp_path / name) for name in ("w", "enrol", "request", "answer"))
    code, made = call(
        capsys, site, "witness", "init", there, "--name", "witness.example.org", "--output", enrolment, *paper
    )
    assert code == 0
    code, document = call(capsys, site, "witness", "enrol", enrolment)
    assert document["anchor"][-1] == {"role": "witness", "algorithm": "ed25519", "fingerprint": made["fingerprint"]}
    assert call(capsys, site, "witness", "request", "--output", asked)[0] == 0
    assert call(capsys, site, "witness", "cosign", there, asked, "--output", answer)[0] == 0
    assert call(capsys, site, "witness", "accept", answer) == (
        0,
        {"schema": "sec-ops/evidence-witness-accept", "version": 1, "outcome": ["clean"], "size": 6},
    )
    code, document = call(capsys, site, "verify", *paper, "--trust", made["fingerprint"], "--require-witness")
    assert (code, document["witnessed_size"]) == (0, 6)


def test_keys(site: Path, paper: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, document = call(capsys, site, "key", "rotate")
    assert (code, len(document["anchor"])) == (0, 2)
    assert call(capsys, site, "verify", *paper)[0] == 0
    digest = document["anchor"][0]["fingerprint"]
    code, document = call(capsys, site, "key", "revoke", digest, "--reason", "lost")
    assert digest not in {key["fingerprint"] for key in document["anchor"]}
    assert run(["--site", str(site), "evidence", "key", "revoke", "xyz", "--reason", "x"]) == 2
    assert run(["--site", str(site), "evidence", "key", "init"]) == 2
    capsys.readouterr()


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "none.evz"],
        ["verify", "--trust", "abc"],
        ["bundle", "--run", "nothing", "--output", "x.evz"],
        ["witness", "enrol", "none"],
    ],
)
def test_refusals_name_the_next_step(site: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert run(["--site", str(site), "--lang", "en", "evidence", *words]) == 2
    assert "error:" in capsys.readouterr().err
