"""Feeding a framer a stream that the network has cut somewhere."""

import itertools
from collections.abc import Sequence


def parts(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges) if start < end]
