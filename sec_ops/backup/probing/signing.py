"""Requests to S3 signed by AWS Signature Version 4 (single chunk, all headers given are signed).

Source: "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)", Amazon S3 API reference.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from sec_ops.runtime.secrets import Secret

__all__ = ["S3Access", "signed_headers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Access:
    """Who signs, and for which region."""

    key_id: str
    secret: Secret
    region: str = "us-east-1"


def signed_headers(
    method: str, path: str, body: bytes, *, headers: Mapping[str, str], access: S3Access, now: datetime
) -> dict[str, str]:
    """Return `headers` (with `Host`) and those that sign them; `path` is plain, without a query."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    every = {**headers, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    lowered = sorted((name.lower(), value.strip()) for name, value in every.items())
    names = ";".join(name for name, _ in lowered)
    canonical = "\n".join([method, quote(path), "", *(f"{name}:{value}" for name, value in lowered), "", names, digest])
    scope = f"{stamp[:8]}/{access.region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(_key(access, stamp[:8]), text.encode(), hashlib.sha256).hexdigest()
    every["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={access.key_id}/{scope},SignedHeaders={names},Signature={signature}"
    )
    return every


def _key(access: S3Access, day: str) -> bytes:
    key = f"AWS4{access.secret.get_secret_value()}".encode()
    for part in (day, access.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
