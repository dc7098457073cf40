"""A real syslog collector: Debian's rsyslogd, receiving by every transport into one file of JSON lines."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.certificates import Authority
from tests.servers.process import answers, free_port, running

__all__ = ["SyslogServer", "syslog_server"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogServer:
    """Where a running rsyslogd listens: loopback ports and a Unix socket."""

    udp_port: int
    tcp_port: int
    tls_port: int
    socket: Path
    ca: Path
    lines: Path

    def received(self) -> list[dict[str, str]]:
        """Return what came, a map of parts each; a line that is still being written isn't there yet."""
        whole, _, _rest = (self.lines.read_bytes() if self.lines.exists() else b"").rpartition(b"\n")
        return [json.loads(line) for line in whole.split(b"\n") if line]


@contextmanager
def syslog_server(folder: Path) -> Iterator[SyslogServer]:
    """Run rsyslogd until the end of the block, with nothing of this machine's own logs."""
    authority = Authority(folder)
    pair = authority.issue("localhost", "127.0.0.1")
    server = SyslogServer(
        udp_port=free_port(),
        tcp_port=free_port(),
        tls_port=free_port(),
        socket=folder / "log",
        ca=authority.ca,
        lines=folder / "lines.jsonl",
    )
    configuration = folder / "rsyslog.conf"
    configuration.write_text(_TEXT.format(folder=folder, server=server, pair=pair))
    command = ["/usr/sbin/rsyslogd", "-n", "-f", str(configuration), "-i", str(folder / "pid")]
    ready = lambda: answers(server.tcp_port) and answers(server.tls_port) and server.socket.exists()  # noqa: E731
    with running(command, ready, folder / "out"):
        yield server


_TEXT = """\
global(workDirectory="{folder}" maxMessageSize="64k" net.enableDNS="off"
       defaultNetstreamDriverCAFile="{server.ca}"
       defaultNetstreamDriverCertFile="{pair.certificate}"
       defaultNetstreamDriverKeyFile="{pair.key}")
module(load="imuxsock" SysSock.Use="off")
module(load="imudp")
module(load="imtcp")
template(name="parts" type="list" option.jsonf="on") {{
  property(outname="text" name="msg" format="jsonf")
  property(outname="program" name="programname" format="jsonf")
  property(outname="priority" name="pri" format="jsonf")
  property(outname="data" name="structured-data" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="raw" name="rawmsg" format="jsonf")
}}
ruleset(name="keep") {{
  action(type="omfile" file="{server.lines}" template="parts")
}}
input(type="imuxsock" Socket="{server.socket}" useSpecialParser="off" parseHostname="on" ruleset="keep")
input(type="imudp" port="{server.udp_port}" address="127.0.0.1" ruleset="keep")
input(type="imtcp" port="{server.tcp_port}" address="127.0.0.1" ruleset="keep")
input(type="imtcp" port="{server.tls_port}" address="127.0.0.1" ruleset="keep"
      streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
"""
