"""Waiting on two streams at once loses nothing, whatever comes while one is being emptied."""

import threading
from typing import cast

import paramiko
from paramiko.buffered_pipe import BufferedPipe

from sec_ops.transport._conversation import Conversation


class _Channel:
    """Both streams of a channel; while messages are taken, more output comes."""

    def __init__(self) -> None:
        self.in_buffer: BufferedPipe[bytes] = BufferedPipe()
        self.in_stderr_buffer: BufferedPipe[bytes] = BufferedPipe()
        self.eof_received = self.closed = False
        self.late = b""

    def recv_ready(self) -> bool:
        return self.in_buffer.read_ready()

    def recv_stderr_ready(self) -> bool:
        return self.in_stderr_buffer.read_ready()

    def recv(self, size: int) -> bytes:
        return self.in_buffer.read(size)

    def recv_stderr(self, size: int) -> bytes:
        self.in_buffer.feed(self.late)
        return self.in_stderr_buffer.read(size)

    def end(self) -> None:
        self.eof_received = True
        self.in_buffer.close()
        self.in_stderr_buffer.close()


def _talk(channel: _Channel) -> Conversation:
    return Conversation(cast("paramiko.Channel", channel))


def test_output_that_comes_while_messages_are_taken_is_seen():
    channel = _Channel()
    talk = _talk(channel)
    channel.late = b"late"
    channel.in_stderr_buffer.feed(b"message")
    assert talk.wait()
    waiting = threading.Thread(target=talk.wait, daemon=True)
    waiting.start()
    waiting.join(5)
    assert (bytes(talk.output), bytes(talk.messages)) == (b"late", b"message")


def test_what_came_before_anybody_listened_and_with_the_end_is_taken():
    channel = _Channel()
    channel.in_buffer.feed(b"early ")
    talk = _talk(channel)
    channel.in_buffer.feed(b"last")
    channel.end()
    assert not talk.wait()
    assert not talk.wait()
    assert talk.output == b"early last"


def test_only_the_end_of_the_messages_is_kept():
    channel = _Channel()
    talk = _talk(channel)
    channel.in_stderr_buffer.feed(b"x" * 100_000 + b"end")
    channel.end()
    talk.wait()
    assert len(talk.messages) < 20_000
    assert talk.messages.endswith(b"xend")
