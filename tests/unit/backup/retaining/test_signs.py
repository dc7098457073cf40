"""Signs: each alone has ordinary causes, two of one part hold its run."""

import random
from dataclasses import replace

import pytest

from sec_ops.backup.retaining.formats import Look
from sec_ops.backup.retaining.sampling import SAMPLES, Changed, samples_of
from sec_ops.backup.retaining.signs import (
    Glimpse,
    Grown,
    Measured,
    Past,
    Raised,
    Sample,
    Sign,
    Touched,
    holds,
    past_of,
    raised,
)
from sec_ops.model.messages import message

MB = 1024 * 1024
NORMAL = Glimpse(look=Look.AS_NAMED, random=0.0, random_finely=0.0, bytes=90_000)
CIPHER = Glimpse(look=Look.STRANGE, random=1.0, random_finely=1.0, bytes=90_000)
LOST = Sample(path="/a.docx", before=NORMAL, after=CIPHER)
FINE = Sample(path="/b.docx", after=NORMAL)
USUAL = [Past(share=0.05, added=2 * MB, packed=MB // 2)] * 10


def measured(**changes):
    """A night on which 8 of 1,000 files changed."""
    usual = Measured(
        part="files",
        stream=False,
        before=Grown(files=1000, bytes=100 * MB, added=MB, packed=MB // 2),
        after=Grown(files=1000, bytes=100 * MB, added=2 * MB, packed=MB // 2),
        touched=Touched(changed=8, added=0, removed=0, added_bytes=2 * MB, removed_bytes=MB),
        samples=(FINE,) * 8,
    )
    return replace(usual, **changes)


def signs(now, history=USUAL):
    return {each.sign for each in raised(now, history)}


def touched(changed=0, added=0, removed=0, added_bytes=0, removed_bytes=0):
    return Touched(changed=changed, added=added, removed=removed, added_bytes=added_bytes, removed_bytes=removed_bytes)


RANDOM_DATA = Grown(files=1000, bytes=100 * MB, added=40 * MB, packed=40 * MB)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"touched": touched(changed=600, added_bytes=60 * MB, removed_bytes=60 * MB)}, {Sign.CHANGED_SHARE}),
        ({"touched": touched(changed=3, added_bytes=60 * MB, removed_bytes=60 * MB)}, {Sign.CHANGED_SHARE}),
        ({"after": RANDOM_DATA, "samples": ()}, {Sign.PACKED_RATIO}),
        ({"after": RANDOM_DATA, "samples": (FINE,) * 6}, set()),
        ({"after": RANDOM_DATA, "samples": (FINE,) * 2 + (LOST,)}, {Sign.PACKED_RATIO}),
        ({"samples": (LOST, LOST, FINE)}, {Sign.ENTROPY, Sign.CONTENT}),
        ({"samples": (LOST, FINE)}, set()),
        ({"after": Grown(files=300, bytes=90 * MB, added=0, packed=0)}, {Sign.SHRUNK}),
        ({"after": Grown(files=1000, bytes=MB, added=0, packed=0)}, {Sign.SHRUNK}),
    ],
)
def test_one_measure_after_the_other(changes, expected):
    assert signs(measured(**changes)) == expected


def test_encryption_of_a_whole_tree_raises_all_there_is():
    both = touched(added=1000, removed=1000, added_bytes=100 * MB, removed_bytes=100 * MB)
    samples = (replace(LOST, added=True),) * 16
    found = raised(measured(touched=both, after=RANDOM_DATA, samples=samples), USUAL)
    assert {each.sign for each in found} == set(Sign) - {Sign.SHRUNK}
    assert holds(found)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (touched(added=40, removed=40), set()),  # moved: no new data
        (touched(added=40, removed=40, added_bytes=4 * MB, removed_bytes=4 * MB), {Sign.REPLACED}),
        (touched(added=80, removed=40, added_bytes=4 * MB, removed_bytes=4 * MB), set()),
        (touched(added=2, removed=2, added_bytes=4 * MB, removed_bytes=4 * MB), set()),
    ],
)
def test_removals_that_equal_additions(change, expected):
    assert signs(measured(touched=change, samples=())) == expected


def test_what_was_replaced_by_files_of_known_formats_was_replaced_by_people():
    change = touched(added=40, removed=40, added_bytes=4 * MB, removed_bytes=4 * MB)
    assert signs(measured(touched=change, samples=(replace(FINE, added=True),) * 8)) == set()
    strange = replace(FINE, added=True, after=CIPHER)
    assert signs(measured(touched=change, samples=(strange,) * 8)) == {Sign.REPLACED}


def test_a_part_that_often_changes_much_is_used_to_it():
    lively = [replace(USUAL[0], share=0.5)] * 10
    change = touched(changed=600, added_bytes=MB, removed_bytes=MB)
    assert signs(measured(touched=change), lively) == set()
    assert signs(measured(touched=replace(change, changed=950)), lively) == {Sign.CHANGED_SHARE}


def test_without_history_nothing_is_known_of_how_it_packs():
    assert signs(measured(after=RANDOM_DATA, samples=()), []) == set()


def test_one_file_a_night_adds_up_and_old_accidents_are_forgotten():
    night = past_of(measured(samples=(LOST, FINE)))
    assert signs(measured(samples=(LOST, FINE)), [*USUAL, night, night]) == set()
    assert signs(measured(samples=(LOST, FINE)), [*USUAL, night, night, night]) == {Sign.ENTROPY, Sign.CONTENT}
    assert signs(measured(samples=(FINE,)), [*USUAL, night, night, night]) == set()
    assert signs(measured(samples=(LOST, FINE)), [night, night, night, *USUAL * 3]) == set()


def test_a_dump_is_one_file_and_needs_no_second():
    dump = measured(part="database/dump", stream=True, samples=(LOST,))
    assert signs(dump) == {Sign.ENTROPY, Sign.CONTENT}


def test_cipher_text_in_a_dump_is_told_by_its_packing_and_by_all_that_is_new():
    usual = [Past(share=0.1, added=2 * MB, packed=400_000), Past(share=0.2, added=2 * MB, packed=440_000)]
    change = touched(changed=1, added_bytes=90 * MB, removed_bytes=95 * MB)
    after = Grown(files=1, bytes=120 * MB, added=90 * MB, packed=40 * MB)
    before = Grown(files=1, bytes=100 * MB, added=0, packed=0)
    now = measured(stream=True, before=before, after=after, touched=change, samples=(FINE,))
    assert signs(now, usual) == {Sign.CHANGED_SHARE, Sign.PACKED_RATIO}
    reordered = replace(now, after=replace(after, bytes=100 * MB, packed=19 * MB))
    assert signs(reordered, usual) == {Sign.CHANGED_SHARE}


def sign(part, which):
    return Raised(part=part, sign=which, why=message(""))


def test_two_signs_of_one_part_hold_and_one_of_two_parts_do_not():
    assert not holds([])
    assert not holds([sign("a", Sign.ENTROPY)])
    assert not holds([sign("a", Sign.CHANGED_SHARE), sign("b", Sign.PACKED_RATIO)])
    assert holds([sign("a", Sign.CHANGED_SHARE), sign("b", Sign.PACKED_RATIO), sign("b", Sign.ENTROPY)])
    assert holds([sign("a", Sign.SHRUNK)])


def test_a_vault_of_passwords_was_always_random():
    vault = Glimpse(look=Look.UNKNOWN, random=1.0, random_finely=1.0, bytes=90_000)
    assert not Sample(path="/v.kdbx", before=vault, after=vault).turned_random
    assert not Sample(path="/v.kdbx", before=vault, after=vault).turned_odd
    small = replace(vault, random=None, random_finely=None, bytes=900)
    assert not Sample(path="/v.kdbx", before=small, after=vault).turned_odd


# Samples

TEXT = b"grades of the term, and more of it\n" * 400
NOISE = random.Random(3).randbytes(20_000)


def sampled(found, after, before=None):
    files, earlier = dict(after), dict(before or {})
    return samples_of(found, before=earlier.get, after=files.get, chance=random.Random(5))


def test_a_few_renamed_files_are_found_among_many_new_ones():
    new = {f"/new/{n}.txt": TEXT for n in range(500)}
    taken = {f"/old/{n}.txt.locked": NOISE for n in range(3)}
    found = Changed(added=[*new, *taken], removed=[f"/old/{n}.txt" for n in range(3)])
    samples = sampled(found, new | taken, dict.fromkeys(found.removed, TEXT))
    assert len(samples) == SAMPLES
    assert {each.path for each in samples if each.turned_random and each.turned_odd} == set(taken)


def test_files_that_cannot_be_read_make_room_for_others():
    found = Changed(changed=[f"/{n}.txt" for n in range(60)])
    samples = sampled(found, {f"/{n}.txt": TEXT for n in range(30, 60)})
    assert len(samples) == SAMPLES


def test_a_moved_file_is_compared_with_itself():
    pictures = {f"/p/{n}.bin": NOISE for n in range(5)}
    texts = {f"/t/{n}.txt": TEXT for n in range(5)}
    before = pictures | texts
    after = {f"/moved{path}": data for path, data in before.items()}
    samples = sampled(Changed(added=list(after), removed=list(before)), after, before)
    assert len(samples) == 10
    assert not any(each.turned_random or each.turned_odd for each in samples)


def test_what_came_under_a_senseless_name_is_compared_with_what_went():
    before = {f"/d/{n}.txt": TEXT for n in range(4)}
    after = {f"/d/{n}f3ac": NOISE for n in range(4)}
    samples = sampled(Changed(added=list(after), removed=list(before)), after, before)
    assert all(each.turned_random and each.turned_odd for each in samples)


def test_mere_additions_are_compared_with_nothing():
    after = {f"/d/{n}.gpg": NOISE for n in range(4)}
    assert [each.before for each in sampled(Changed(added=list(after)), after)] == [None] * 4
