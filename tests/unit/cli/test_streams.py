"""What a command writes where: closed, full and foreign streams, and what a terminal would act on."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sec_ops.cli.main import run
from sec_ops.model.outcome import Outcome

ODD = "\x1b[2J\x9b1m\u202ea\x07\u2028\U000e0001"


def shell(line: str, *words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of sh in which "$@" is sec-ops with `words`."""
    arguments = ["/bin/sh", "-c", line, "sh", sys.executable, "-m", "sec_ops", *words]
    return subprocess.run(
        arguments, check=False, capture_output=True, env={"PATH": "/usr/bin:/bin", **environment}, timeout=60
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A site whose organisation tree has a unit with a hostile name."""
    root = tmp_path_factory.mktemp("site") / "s"
    assert run(["init", str(root)]) == 0
    sites = root / "inventory" / "sites"
    sites.mkdir()
    name = '"' + "".join(f"\\U{ord(each):08x}" for each in ODD) + '"'
    (sites / "a.yml").write_text(
        f"units: [{{id: city, name: {{zh: '校', en: {name}}}, kind: city}}]\n", encoding="utf-8"
    )
    return str(root)


@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("form", ["--json", "--jsonl", "--no-color"])
def test_closed_streams_change_no_exit_code(closing: str, form: str) -> None:
    done = shell(f'"$@" {closing}', "nonsense", form)
    assert done.returncode == Outcome.USAGE
    assert b"Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(("words", "code"), [(["--version"], 5), (["nonsense", "--json"], 2)])
def test_a_full_stdout_is_told(words: list[str], code: int) -> None:
    done = shell('"$@" >/dev/full', *words)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert done.stderr


def test_a_reader_that_went_takes_no_findings_away(tmp_path: Path) -> None:
    for number in range(300):
        folder = tmp_path / "rules" / "graded_protection" / "checks" / "linux"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"check_{number}.yml").write_text("nonsense: 1\n")
    done = shell('{ "$@"; echo $? >&2; } 2>&1 >/dev/null | tail -n 1', "content", "lint", str(tmp_path))
    assert done.stdout.strip() == b"4"
    gone = shell('{ { "$@" 2>&1; echo $? >&3; } | true; } 3>&1', "content", "lint", str(tmp_path), "--json")
    assert gone.stdout.strip() == b"4"


@pytest.mark.parametrize("form", ["--json", "--jsonl", "--no-color"])
def test_a_terminal_is_sent_nothing_it_would_act_on(site: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--site", site, "inventory", "list", "--units", form, "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert not [each for each in out if each != "\n" and not each.isprintable()]
    if form != "--no-color":
        assert json.loads(out)["units"][0]["name"]["en"] == ODD


def test_json_is_json_in_any_locale(site: str) -> None:
    done = shell('"$@"', "--site", site, "inventory", "list", "--json", PYTHONIOENCODING="latin-1")
    assert json.loads(done.stdout)["units"][0]["name"] == {"zh": "校", "en": ODD}


def test_an_error_in_a_stream_of_lines_has_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nonsense", "--jsonl"]) == Outcome.USAGE
    said = json.loads(capsys.readouterr().out)
    assert (said["message_type"], said["schema"], said["outcome"]) == ("document", "sec-ops/error", ["usage"])


@pytest.mark.parametrize(
    ("number", "ending"), [(signal.SIGINT, Outcome.INTERRUPTED), (signal.SIGTERM, Outcome.TERMINATED)]
)
def test_a_signal_before_there_is_a_result_is_told(
    number: int, ending: Outcome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*_words: object, **_named: object) -> None:
        signal.raise_signal(number)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sec_ops.content.library.Library.load", interrupted)
    before = signal.getsignal(signal.SIGTERM)
    assert run(["content", "list", "--json"]) == ending
    signal.signal(signal.SIGTERM, before)
    out, err = capsys.readouterr()
    assert json.loads(out)["outcome"] == [ending.label]
    assert ending.label in err


def test_a_fault_of_ours_is_a_document_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sec_ops.content.library.Library.load", lambda *_words: 1 / 0)
    assert run(["content", "list", "--json"]) == Outcome.INTERNAL
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["name"] == "internal"
    assert "ZeroDivisionError" in err


@pytest.mark.parametrize("words", [["--version"], ["audit", "collector"]])
def test_every_result_can_be_json(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([*words, "--json"]) == 0
    assert {"schema", "version", "outcome"} <= set(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("nonce", ["a b", "$(id)", "a;b", "a" * 129, "é"])
def test_a_nonce_that_is_none_is_refused(nonce: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["audit", "collector", "--nonce", nonce]) == Outcome.USAGE
