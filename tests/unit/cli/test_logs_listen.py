"""`logs listen` on the command line: what is listened to, keys that are made, what is warned of."""

import hashlib
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
import yaml

from sec_ops.cli.main import run
from sec_ops.siem.listen.state import read_states

SITE = {"id": "test", "name": {"zh": "测试", "en": "test"}, "origin": "sec-ops/test"}


def site_of(folder: Path, *listeners: dict) -> str:
    document = {**SITE, "logs": {"listen": list(listeners)}} if listeners else SITE
    (folder / "sec-ops.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return str(folder)


def test_a_key_is_shown_once_with_its_hash(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["logs", "listen", "--make-key", "school-7", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    name, _, secret = made["key"].partition(":")
    assert (name, made["sha256"]) == ("school-7", hashlib.sha256(secret.encode()).hexdigest())
    assert run(["logs", "listen", "--make-key", "school-7"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.partition(":")[2] != secret
    assert yaml.safe_load(second)[0]["sha256"] == hashlib.sha256(first.partition(":")[2].encode()).hexdigest()


@pytest.mark.parametrize("name", ["School", "a b", "a:b", "学校"])
def test_ids_of_keys(name: str) -> None:
    assert run(["logs", "listen", "--make-key", name]) == 2


def test_nothing_to_listen_at_and_unknown_listeners(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = site_of(tmp_path)
    assert run(["--site", site, "logs", "listen"]) == 2
    assert run(["--site", site, "logs", "listen", "--only", "door"]) == 2
    assert "no listener is called door" in capsys.readouterr().err


def test_what_may_not_be_reached_is_refused_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_to_all = {"id": "door", "kind": "bulk", "address": "0.0.0.0", "port": 0}
    assert run(["--site", site_of(tmp_path, open_to_all), "logs", "listen"]) == 4
    assert "sec-ops.yml:" in capsys.readouterr().err


def test_it_listens_warns_and_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = {
        "id": "switches",
        "kind": "syslog_udp",
        "address": "0.0.0.0",
        "port": 0,
        "plain_text": "accepted",
        "senders": [{"networks": ["127.0.0.1"]}],
    }

    def send() -> None:
        while not (states := read_states(tmp_path / "var" / "state")):
            time.sleep(0.02)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"<13>hello", ("127.0.0.1", states[0].port))
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGTERM)

    sender = threading.Thread(target=send)
    sender.start()
    code = run(["--site", site_of(tmp_path, plain), "logs", "listen", "--no-index", "--json"])
    sender.join()
    told = capsys.readouterr()
    assert code == 0
    document = json.loads(told.out)
    assert (document["listeners"][0]["counts"]["messages"], document["lost"]) == (1, 0)
    assert "switches" in told.err
    assert read_states(tmp_path / "var" / "state")[0].ended_ms is not None


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        first.listen()
        site = site_of(tmp_path)
        assert run(["--site", site, "logs", "listen", "--no-index", "--tcp", str(first.getsockname()[1])]) == 2
