"""The migrations that move the texts of stored spans into packs, and back; a later one without a way back ends this test."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tracen.lib.checkpoints import empty_log
from traces.models import Trace
from traces.packs import Texts
from traces.span_texts import all_texts, with_texts
from traces.tests.runs import START

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("traces", "0010_words_made_faster")]
MADE, MOVED = [("traces", "0011_packs")], [("traces", "0012_texts_into_packs")]
UGLY = {
    "said": {0: Texts('{"a": "Größe 📏 \ufffd"}', '""', "", None), 1: Texts(raw="{}"), 2: Texts(error="no")},
    "silent": {},
    "with silences": {ordinal: Texts(str(ordinal)) for ordinal in range(0, 200, 3)},
    "with gaps": {ordinal: Texts(str(ordinal)) for ordinal in (0, 1, 5, 6, 9_000)},
    "huge": {1: Texts('"' + "é" * 2_000_000 + '"'), 2: Texts("2"), 70: Texts(raw='"x"' * 30_000)},
    "long": {ordinal: Texts(f'{{"page":{ordinal}}}', "1") for ordinal in range(10_000)},
}
"""By trace, the texts of spans by their ordinals; between them are spans that say nothing, but in one with gaps."""


@pytest.fixture
def before(alice) -> Iterator[MigrationExecutor]:
    """The database as it was before, with Alice in it; whatever happens, it is the present one afterwards."""
    MigrationExecutor(connection).migrate(BEFORE)
    try:
        yield MigrationExecutor(connection)
    finally:
        migrate_all()


def migrate_all() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def store(models, account_id: int, name: str, texts: dict[int, Texts]) -> None:
    trace = models.get_model("traces", "Trace").objects.create(
        account_id=account_id, source="nexus", name=name, status="success", started_at=START
    )
    ordinals = texts if name == "with gaps" else range(max(texts, default=5) + 1)
    span = models.get_model("traces", "Span")
    # Not in the order of their ordinals.
    made = span.objects.bulk_create(
        span(trace=trace, id=uuid.uuid4(), ordinal=ordinal, name="s", kind="tool", status="ok", started_at=START)
        for ordinal in reversed(ordinals)
    )
    payload = models.get_model("traces", "SpanPayload")
    payload.objects.bulk_create(
        payload(span_id=own.pk, **texts[own.ordinal]._asdict()) for own in made if own.ordinal in texts
    )


def payloads(models) -> dict[str, dict[int, Texts]]:
    """What the table that was knows, in the shape of UGLY."""
    columns = ("span__trace__name", "span__ordinal", *Texts._fields)
    found: dict[str, dict[int, Texts]] = {name: {} for name in UGLY}
    for name, ordinal, *texts in models.get_model("traces", "SpanPayload").objects.values_list(*columns):
        found[name][ordinal] = Texts(*texts)
    return found


def test_every_span_has_its_own_texts_there_and_back_again(before, alice):
    models = before.loader.project_state(BEFORE).apps
    for name, texts in UGLY.items():
        store(models, alice.account.pk, name, texts)

    migrate_all()
    for trace in Trace.objects.all():
        assert {ordinal: texts for ordinal, texts in all_texts(trace) if any(texts)} == UGLY[trace.name]
        assert {own.ordinal: texts for own, texts in with_texts(trace.spans.all()) if any(texts)} == UGLY[trace.name]
    packs = {trace.name: trace.packs.count() for trace in Trace.objects.all()}
    assert packs == {"said": 1, "silent": 0, "with silences": 4, "with gaps": 3, "huge": 3, "long": 157}

    MigrationExecutor(connection).migrate(BEFORE)
    assert payloads(models) == UGLY


@pytest.mark.one_database
def test_what_was_in_the_old_table_is_overwritten(before, alice):
    models = before.loader.project_state(BEFORE).apps
    store(models, alice.account.pk, "said", {n: Texts(f'"canary {n} ' + "abc" * 3_000 + '"') for n in range(64)})
    migrate_all()
    Trace.objects.get().packs.all().delete()
    empty_log()
    assert b"canary 1" not in Path(connection.settings_dict["NAME"]).read_bytes()


def test_it_goes_on_from_wherever_it_was_broken_off(before, alice):
    models = before.loader.project_state(BEFORE).apps
    store(models, alice.account.pk, "said", UGLY["said"])
    for target in (MOVED, BEFORE, MOVED, MADE, MOVED):
        MigrationExecutor(connection).migrate(target)
    migrate_all()
    MigrationExecutor(connection).migrate(MADE)
    migrate_all()
    assert dict(all_texts(Trace.objects.get())) == UGLY["said"]


def test_what_came_while_it_ran_is_not_dropped(before, alice):
    models = before.loader.project_state(BEFORE).apps
    MigrationExecutor(connection).migrate(MOVED)
    store(models, alice.account.pk, "said", UGLY["said"])
    with pytest.raises(RuntimeError, match="migrate --fake traces 0011"):
        migrate_all()
    MigrationExecutor(connection).migrate(MADE, fake=True)
    migrate_all()
    assert dict(all_texts(Trace.objects.get())) == UGLY["said"]
