"""Signatures against the examples of the Amazon S3 API reference ("Authenticating Requests … Signature Version 4")."""

from datetime import UTC, datetime

from sec_ops.backup.probing.signing import S3Access, signed_headers
from sec_ops.runtime.secrets import Secret

ACCESS = S3Access(key_id="AKIAIOSFODNN7EXAMPLE", secret=Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
NOW = datetime(2013, 5, 24, tzinfo=UTC)


def test_the_reference_s_example_of_a_get():
    headers = {"Host": "examplebucket.s3.amazonaws.com", "Range": "bytes=0-9"}
    signed = signed_headers("GET", "/test.txt", b"", headers=headers, access=ACCESS, now=NOW)
    assert signed["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_the_reference_s_example_of_a_put():
    headers = {
        "Host": "examplebucket.s3.amazonaws.com",
        "Date": "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
    }
    signed = signed_headers("PUT", "/test$file.text", b"Welcome to Amazon S3.", headers=headers, access=ACCESS, now=NOW)
    assert signed["Authorization"].endswith(
        "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    )
