"""The texts of spans in packs: each span gets its own back, whatever they are and however they came."""

import json
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from django.db import InternalError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from tests.api import NEXUS
from tracen.lib.checkpoints import empty_log
from tracen.lib.zstd import expand, squeeze
from traces.archive import stored_spans
from traces.ingest import record_trace
from traces.models import Span, SpanPack, Trace
from traces.packs import MOST_CHARACTERS, MOST_SPANS, NO_TEXTS, DamagedPack, Texts, pack, unpack
from traces.span_texts import all_texts, insert_texts, rewrite_texts, texts_of, with_texts
from traces.tests.runs import failed, run, span

a_text = (
    st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["", "\ufffd", "\0", "😀" * 50])
)
some_texts = st.lists(st.builds(Texts, a_text, a_text, a_text, a_text), max_size=80)


def said(number: int) -> Texts:
    return Texts(input=f'{{"n":{number}}}')


def unpacked(packs) -> dict[int, Texts]:
    return {ordinal: texts for first, packed in packs for ordinal, texts in enumerate(unpack(packed), first)}


def stored(person, count: int, **more) -> Trace:
    """A trace whose spans each say their number."""
    record = run(*(span(f"s{number}", number, input=number) for number in range(count)), **more)
    record_trace(person.account, record)
    return Trace.objects.get(pk=record.id)


def lengths(trace: Trace) -> list[tuple[int, int]]:
    """Where each pack begins and how many spans it has."""
    packs = SpanPack.objects.filter(trace=trace).order_by("first_ordinal")
    return [(row.first_ordinal, len(unpack(bytes(row.packed)))) for row in packs]


# What a pack is ------------------------------------------------------------------------------------------------------


@given(some_texts, st.integers(0, 10_000))
def test_what_was_packed_is_unpacked(texts, first):
    found = unpacked(pack(enumerate(texts, first)))
    assert [found.get(ordinal, NO_TEXTS) for ordinal in range(first, first + len(texts))] == texts


@given(st.lists(st.tuples(st.integers(0, 200), st.booleans()), unique_by=lambda each: each[0]))
def test_in_any_order_and_with_gaps_each_span_has_its_own(spans):
    texts = {ordinal: said(ordinal) if has_texts else NO_TEXTS for ordinal, has_texts in spans}
    found = unpacked(pack(texts.items()))
    assert {ordinal: own for ordinal, own in found.items() if own != NO_TEXTS} == {
        ordinal: own for ordinal, own in texts.items() if own != NO_TEXTS
    }


def test_an_empty_text_is_not_a_missing_one():
    ((_, packed),) = pack([(0, Texts("")), (1, Texts(None, "")), (2, NO_TEXTS), (3, Texts(raw=""))])
    assert unpack(packed) == [Texts(""), Texts(None, ""), NO_TEXTS, Texts(raw="")]


def test_a_pack_ends_after_so_many_spans():
    packs = list(pack((ordinal, said(ordinal)) for ordinal in range(2 * MOST_SPANS + 1)))
    assert [(first, len(unpack(packed))) for first, packed in packs] == [(0, 64), (64, 64), (128, 1)]


def test_a_pack_ends_after_so_many_characters_and_one_span_may_have_more():
    sizes = [MOST_CHARACTERS // 2, MOST_CHARACTERS // 2, 1, 3_000_000, 1]
    packs = list(pack((ordinal, Texts("x" * size)) for ordinal, size in enumerate(sizes)))
    assert [(first, len(unpack(packed))) for first, packed in packs] == [(0, 2), (2, 1), (3, 1), (4, 1)]
    assert unpacked(packs)[3] == Texts("x" * 3_000_000)


def test_a_gap_begins_another_pack():
    packs = list(pack([(4, said(4)), (5, said(5)), (7, said(7))]))
    assert [(first, len(unpack(packed))) for first, packed in packs] == [(4, 2), (7, 1)]


def test_nothing_is_kept_of_spans_that_say_nothing():
    assert list(pack((ordinal, NO_TEXTS) for ordinal in range(200))) == []
    assert list(pack([])) == []


def test_it_is_squeezed_only_if_that_makes_it_smaller():
    short, long = b'[["1"]]', b'[["' + b"1" * 1_000 + b'"]]'
    assert squeeze(short) == short
    assert len(squeeze(long)) < 50
    assert [expand(squeeze(text)) for text in (short, long, short)] == [short, long, short]


@pytest.mark.parametrize("text", ["x", "x" * 1_000, "".join(map(chr, range(32, 20_000)))], ids=len)
def test_what_is_cut_off_or_changed_is_damage_and_no_other_text(text):
    ((_, packed),) = pack([(0, Texts(text)), (1, Texts(text + "!"))])
    for damaged in (b"", packed[:-1], packed[: len(packed) // 2], b"x" + packed, b"1", b"null", b"[1]"):
        with pytest.raises(DamagedPack):
            unpack(damaged)


def test_no_bit_of_a_frame_can_change_unnoticed():
    ((_, packed),) = pack((ordinal, Texts(f"answer number {ordinal}")) for ordinal in range(20))
    right = unpack(packed)
    for place in range(4, len(packed)):
        changed = bytearray(packed)
        changed[place] ^= 1
        try:
            assert unpack(bytes(changed)) == right
        except DamagedPack:
            continue


# Stored and read -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_long_trace_in_random_order_gives_each_span_its_own_texts(unlimited):
    dice = random.Random(5)
    starts = dice.sample(range(1_000), 1_000)
    spans = [span(f"s{place}", start, input=place if place % 3 else None) for place, start in enumerate(starts)]
    spans[500] = replace(spans[500], input='"' + "é" * 300_000 + '"')
    record = run(*(replace(each, input=None) if place % 3 == 0 else each for place, each in enumerate(spans)))
    record_trace(unlimited.account, record)
    read = list(stored_spans(Trace.objects.get()))
    expected = sorted(record.spans, key=lambda each: each.started_at)
    assert [(each.id, each.input) for each in read] == [(each.id, each.input) for each in expected]


@pytest.mark.django_db
def test_all_texts_come_in_the_order_of_the_spans(unlimited):
    trace = stored(unlimited, 150)
    assert list(all_texts(trace)) == [(number, Texts(str(number))) for number in range(150)]


@pytest.mark.django_db
def test_a_trace_is_read_in_chunks_of_one_query(unlimited, django_assert_num_queries):
    stored(unlimited, 401)
    with django_assert_num_queries(4):
        assert len(list(with_texts(Span.objects.order_by("ordinal")))) == 401


@pytest.mark.django_db
def test_one_span_reads_one_pack(unlimited):
    stored(unlimited, 200)
    stored(unlimited, 3)
    own = Span.objects.get(name="s150")
    with CaptureQueriesContext(connection) as queries:
        assert texts_of(own) == Texts("150")
    (query,) = queries.captured_queries
    with connection.cursor() as cursor:
        cursor.execute(query["sql"])
        assert [row[1] for row in cursor.fetchall()] == [128]


@pytest.mark.django_db
def test_spans_of_several_traces_are_one_question(unlimited, django_assert_num_queries):
    for count in (1, 70, 130):
        stored(unlimited, count)
    last = [trace.spans.order_by("-ordinal").first() for trace in Trace.objects.all()]
    with django_assert_num_queries(1):
        assert {texts.input for _, texts in with_texts(last)} == {"0", "69", "129"}


@pytest.mark.django_db
def test_a_span_without_texts_has_none_of_its_neighbours(unlimited):
    record = run(span("a", input=1), span("b"), *(span(f"s{number}") for number in range(70)))
    record_trace(unlimited.account, record)
    assert lengths(Trace.objects.get()) == [(0, 64)]
    texts = {own.name: texts for own, texts in with_texts(Span.objects.all())}
    assert texts.pop("a") == Texts("1")
    assert set(texts.values()) == {NO_TEXTS}


@pytest.mark.django_db
def test_what_is_damaged_is_said_and_the_rest_of_the_trace_is_read(unlimited, caplog):
    trace = stored(unlimited, 100)
    SpanPack.objects.filter(first_ordinal=64).update(packed=b'[["1"')

    read = list(stored_spans(trace))
    assert [span.input for span in read] == [*map(str, range(64)), *[None] * 36]
    assert {span.error for span in read[64:]} == {"The texts of this step are damaged and cannot be read."}
    assert f"The texts of trace {trace.pk} from its span 64 on are damaged." in caplog.text
    answer = unlimited.api.get(f"{NEXUS}/{trace.pk}")
    assert (answer.status_code, len(answer.json()["spans"])) == (200, 100)
    assert json.loads(
        json.dumps(SpanPack.readable({"first_ordinal": 64, "packed": b"[", "trace_id": "1"}), default=str)
    )


@pytest.mark.django_db
def test_what_is_damaged_is_not_written_over(unlimited):
    trace = stored(unlimited, 3)
    SpanPack.objects.update(packed=b'[["1"')
    with pytest.raises(InternalError, match="damaged"):
        rewrite_texts({keys(trace)[1]: Texts("anew")})
    assert bytes(SpanPack.objects.get().packed) == b'[["1"'


@pytest.mark.django_db
def test_texts_of_several_traces_are_kept_apart_however_they_are_mixed(unlimited):
    one, other = stored(unlimited, 0), stored(unlimited, 0)
    insert_texts((trace.pk, ordinal, said(ordinal)) for ordinal in (0, 1, 2, 5) for trace in (one, other))
    for trace in (one, other):
        assert lengths(trace) == [(0, 3), (5, 1)]
        assert dict(all_texts(trace)) == {ordinal: said(ordinal) for ordinal in (0, 1, 2, 5)}


# Said anew -----------------------------------------------------------------------------------------------------------


def keys(trace: Trace) -> dict[int, int]:
    return dict(Span.objects.filter(trace=trace).values_list("ordinal", "pk"))


@pytest.mark.django_db
def test_what_is_said_anew_keeps_the_texts_of_its_neighbours(unlimited):
    trace, other = stored(unlimited, 200), stored(unlimited, 200)
    rewrite_texts({keys(trace)[10]: Texts(error="no"), keys(trace)[130]: Texts(raw="{}"), keys(trace)[131]: NO_TEXTS})
    expected = {number: Texts(str(number)) for number in range(200)}
    assert dict(all_texts(other)) == expected
    assert dict(all_texts(trace)) == expected | {10: Texts(error="no"), 130: Texts(raw="{}"), 131: NO_TEXTS}
    assert lengths(trace) == lengths(other) == [(0, 64), (64, 64), (128, 64), (192, 8)]


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_what_was_said_before_lies_on_no_free_page_of_sqlite(unlimited):
    dice = random.Random(7)
    trace = stored(unlimited, 3)
    rewrite_texts({keys(trace)[1]: Texts("".join(chr(dice.randrange(32, 0xD000)) for _ in range(20_000)))})
    old = bytes(SpanPack.objects.get().packed)
    assert old[20_000:20_040] in stored_bytes()
    rewrite_texts({keys(trace)[1]: Texts("short")})
    assert not [place for place in range(0, len(old) - 40, 997) if old[place : place + 40] in stored_bytes()]


def stored_bytes() -> bytes:
    empty_log()
    return Path(connection.settings_dict["NAME"]).read_bytes()


@pytest.mark.django_db
def test_a_span_that_had_no_texts_gets_a_pack(unlimited):
    record_trace(unlimited.account, run(*(failed(f"s{number}", number) for number in range(300))))
    trace = Trace.objects.get()
    assert lengths(trace) == []
    rewrite_texts({keys(trace)[200]: said(200)})
    rewrite_texts({keys(trace)[100]: said(100), keys(trace)[299]: said(299)})
    assert {own.ordinal: texts for own, texts in with_texts(trace.spans.all()) if texts != NO_TEXTS} == {
        ordinal: said(ordinal) for ordinal in (100, 200, 299)
    }


@pytest.mark.django_db
def test_spans_that_grow_do_not_make_one_pack_of_any_length(unlimited):
    trace = stored(unlimited, 64)
    for number, key in keys(trace).items():
        rewrite_texts({key: Texts(str(number) * 20_000)})
    assert dict(all_texts(trace)) == {number: Texts(str(number) * 20_000) for number in range(64)}
    assert max(count for _, count in lengths(trace)) <= MOST_CHARACTERS // 20_000


@pytest.mark.django_db
def test_nothing_said_anew_is_nothing_asked(unlimited, django_assert_num_queries):
    with django_assert_num_queries(0):
        rewrite_texts({})
        insert_texts([])


@pytest.mark.django_db
def test_any_history_ends_with_what_was_said_last(unlimited):
    dice = random.Random(6)
    trace = stored(unlimited, 150)
    expected, rows = {number: Texts(str(number)) for number in range(150)}, keys(trace)
    for _ in range(25):
        changed = {
            ordinal: dice.choice([NO_TEXTS, said(ordinal), Texts(raw=str(ordinal) * dice.choice([1, 9_000]))])
            for ordinal in dice.sample(range(150), dice.choice([1, 3, 40]))
        }
        expected |= changed
        rewrite_texts({rows[ordinal]: texts for ordinal, texts in changed.items()})
        assert {own.ordinal: texts for own, texts in with_texts(trace.spans.all())} == expected
    packs = [(first, first + count) for first, count in lengths(trace)]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(packs))
