"""Windows: together they are the span, none overlaps another, each names every file that reaches into it."""

from hypothesis import given
from hypothesis import strategies as st

from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.views import Span
from sec_ops.siem.embedded.windows import newest_first, oldest_first, split
from tests.unit.siem.embedded.test_merging import made

LOW, HIGH = -50, 50
times = st.integers(LOW, HIGH)


@st.composite
def files(draw: st.DrawFn) -> list[EventFile]:
    found = []
    for place, file in enumerate(made(*draw(st.lists(st.integers(1, 9), max_size=8)))):
        first, last = sorted((draw(times), draw(times)))
        values = {name: getattr(file, name) for name in EventFile.__slots__}
        found.append(EventFile(**{**values, "path": str(place), "first_us": first, "last_us": last}))
    return found


@given(
    files(),
    st.none() | times,
    st.none() | times,
    st.integers(1, 20),
    st.sampled_from([1, 4]),
    st.booleans(),
    st.integers(0, 3),
)
def test_windows(
    found: list[EventFile], since: int | None, until: int | None, rows: int, growth: int, newest: bool, pieces: int
):
    span = Span(since_us=since, until_us=until)
    cut = newest_first if newest else oldest_first
    windows = list(cut(found, span, rows=rows, growth=growth))
    if pieces:
        held = {file.path: (file.rows, file.first_us, file.last_us) for file in found}
        parts = [split(each, [held[path] for path in each.files], pieces) for each in windows]
        windows = [piece for each in parts for piece in (reversed(each) if newest else each)]
    seen: list[int] = []
    for window in windows:
        low = LOW - 5 if window.span.since_us is None else window.span.since_us
        high = HIGH + 5 if window.span.until_us is None else window.span.until_us
        mine = range(low, high)
        seen += reversed(mine) if newest else mine
        for file in found:
            if any(file.first_us <= time <= file.last_us for time in mine):
                assert file.path in window.files
    wanted = [
        time
        for time in range(LOW - 5, HIGH + 5)
        if (since is None or since <= time) and (until is None or time < until)
    ]
    if found:
        assert seen == (wanted[::-1] if newest else wanted)
