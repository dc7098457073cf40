"""known_hosts: which names and keys are known, and that doubtful lines never make a host known."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.model.errors import ContentInvalid
from sec_ops.transport.known_hosts import KeyState, fingerprint, host_names, key_type, read_known_hosts
from sec_ops.transport.process import run_program


def _key(kind: str, body: bytes = b"body") -> bytes:
    return len(kind).to_bytes(4) + kind.encode() + len(body).to_bytes(4) + body


def _line(names: str, key: bytes, kind: str | None = None) -> str:
    return f"{names} {kind or key_type(key)} {base64.b64encode(key).decode()} a comment\n"


ED = _key("ssh-ed25519")
OTHER = _key("ssh-ed25519", b"other")
RSA = _key("ssh-rsa")


@pytest.mark.parametrize(
    ("text", "names", "shown", "state"),
    [
        ("", ["a"], ED, KeyState.UNKNOWN),
        (_line("a", ED), ["a"], ED, KeyState.KNOWN),
        (_line("a", ED), ["b"], ED, KeyState.UNKNOWN),
        (_line("a", ED), ["a"], OTHER, KeyState.CHANGED),
        (_line("a", ED), ["a"], RSA, KeyState.CHANGED),
        (_line("a,10.0.0.1,fd00::1", ED), ["fd00::1"], ED, KeyState.KNOWN),
        (_line("a", ED) + _line("a", RSA), ["a"], RSA, KeyState.KNOWN),
        (_line("School-1", ED), ["school-1"], ED, KeyState.KNOWN),
        (_line("a", ED), ["b", "a"], ED, KeyState.KNOWN),
        ("@revoked " + _line("*", ED) + _line("a", ED), ["a"], ED, KeyState.REVOKED),
        ("@cert-authority " + _line("*", ED), ["a"], ED, KeyState.UNKNOWN),
        (_line("*", ED), ["a"], ED, KeyState.UNKNOWN),
        ("# " + _line("a", ED), ["a"], ED, KeyState.UNKNOWN),
        (_line("a", ED, kind="ssh-rsa"), ["a"], ED, KeyState.UNKNOWN),
        ("a ssh-ed25519 not*base64\n", ["a"], ED, KeyState.UNKNOWN),
        ("a ssh-ed25519\n", ["a"], ED, KeyState.UNKNOWN),
        ("|1|bad|digest ssh-ed25519 AAAA\n", ["a"], ED, KeyState.UNKNOWN),
    ],
)
def test_state_of_a_shown_key(tmp_path, text, names, shown, state):
    path = tmp_path / "known_hosts"
    path.write_text(text)
    assert read_known_hosts(path).state(names, shown) is state


def test_names_hashed_by_openssh_are_found(tmp_path):
    path = tmp_path / "known_hosts"
    run_program(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")])
    public = (tmp_path / "key.pub").read_text()
    path.write_text(f"10.0.0.1 {public}[host]:2222 {public}")
    run_program(["ssh-keygen", "-H", "-f", str(path)])
    assert "|1|" in path.read_text()
    known, key = read_known_hosts(path), base64.b64decode(public.split()[1])
    assert known.state(["10.0.0.1"], key) is KeyState.KNOWN
    assert known.state(host_names("host", port=2222), key) is KeyState.KNOWN
    assert known.state(["10.0.0.2"], key) is KeyState.UNKNOWN
    shown = run_program(["ssh-keygen", "-lf", str(tmp_path / "key.pub")]).stdout.decode().split()[1]
    assert fingerprint(key) == f"ssh-ed25519 {shown}"


def test_no_file_knows_nobody(tmp_path):
    assert read_known_hosts(tmp_path / "none").keys(["a"]) == frozenset()


def test_an_unreadable_file_is_a_fault(tmp_path):
    with pytest.raises(ContentInvalid):
        read_known_hosts(tmp_path)


@pytest.mark.parametrize(
    ("addresses", "port", "names"),
    [
        (("10.0.0.1",), 22, ("10.0.0.1",)),
        (("10.0.0.1", "Web"), 22, ("10.0.0.1", "web")),
        (("10.0.0.1",), 2222, ("[10.0.0.1]:2222",)),
        (("FD00:0::1",), 22, ("fd00:0::1", "fd00::1")),
        (("fd00::1",), 2200, ("[fd00::1]:2200",)),
    ],
)
def test_names_a_host_may_have(addresses, port, names):
    assert host_names(*addresses, port=port) == names


@given(st.binary(max_size=400))
def test_no_bytes_make_a_stranger_known(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("known") / "known_hosts"
    path.write_bytes(data)
    assert read_known_hosts(path).state(["a"], ED) is not KeyState.KNOWN
