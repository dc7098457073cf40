"""Locations as restic writes them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.backup.restic.location import Kind, LocationInvalid, in_plain_sight, read_location


@pytest.mark.parametrize(
    ("text", "kind", "host", "port", "protocol"),
    [
        ("/srv/backup", Kind.LOCAL, "", 0, ""),
        ("local:/srv/backup", Kind.LOCAL, "", 0, ""),
        ("relative/folder", Kind.LOCAL, "", 0, ""),
        ("sftp:backup@b.example:/srv/r", Kind.SFTP, "b.example", 0, "ssh"),
        ("sftp:b.example:/srv/r", Kind.SFTP, "b.example", 0, "ssh"),
        ("sftp:backup@[fd77::2]:/srv/r", Kind.SFTP, "fd77::2", 0, "ssh"),
        ("sftp://backup@[fd77::2]:2222//srv/r", Kind.SFTP, "fd77::2", 2222, "ssh"),
        ("rest:https://b.example:8000/r", Kind.REST, "b.example", 8000, "https"),
        ("rest:https://b.example/r", Kind.REST, "b.example", 443, "https"),
        ("rest:http://[fd77::2]:8000/r", Kind.REST, "fd77::2", 8000, "http"),
        ("s3:https://s3.example/bucket/r", Kind.S3, "s3.example", 443, "https"),
        ("s3:s3.example/bucket", Kind.S3, "s3.example", 443, "https"),
        ("s3:http://127.0.0.1:7070/bucket/r", Kind.S3, "127.0.0.1", 7070, "http"),
    ],
)
def test_parts(text, kind, host, port, protocol):
    read = read_location(text)
    assert (read.kind, read.host, read.port, read.protocol, read.text) == (kind, host, port, protocol, text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("rest:https://b.example:8000/r/", "https://b.example:8000/r/"),
        ("s3:http://127.0.0.1:7070/bucket/r", "http://127.0.0.1:7070/bucket/r"),
        ("s3:s3.example/bucket", "https://s3.example/bucket"),
        ("s3://s3.example/bucket", "https://s3.example/bucket"),
        ("sftp:b.example:/srv/r", ""),
        ("/srv", ""),
    ],
)
def test_the_address_as_http_has_it(text, url):
    assert read_location(text).url == url


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not empty"),
        ("a\nb", "one line"),
        ("b2:bucket:path", "b2"),
        ("rclone:x:y", "rclone"),
        ("rest:b.example/r", "https://"),
        ("rest:https:///r", "no host"),
        ("rest:https://[", "can't be read"),
        ("rest:https://b.example:99999/r", "can't be read"),
        ("rest:https://user:pw@b.example/r", "don't stand in the address"),
        ("rest:https://user@b.example/r", "don't stand in the address"),
        ("sftp://u:pw@b.example//r", "don't stand in the address"),
        ("sftp:b.example", "sftp location"),
        ("s3:https://s3.example/ab/r", "bucket"),
        ("s3:https://s3.example", "bucket"),
    ],
)
def test_refusals(text, why):
    with pytest.raises(LocationInvalid, match=why):
        read_location(text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("rest:http://127.0.0.1:8000/r", False),
        ("rest:http://[::1]:8000/r", False),
        ("rest:http://b.example/r", True),
        ("rest:https://b.example/r", False),
        ("/srv", False),
    ],
)
def test_plain_http_beyond_loopback(text, seen):
    assert in_plain_sight(read_location(text)) is seen


@given(
    st.builds("".join, st.tuples(st.sampled_from(("", "sftp:", "sftp://", "rest:https://", "s3:http://")), st.text()))
)
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(LocationInvalid):
        assert read_location(text).text == text
