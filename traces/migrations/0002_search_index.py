"""The full-text index behind traces/search.py, for each database in its own way."""

from django.db import migrations

# External content: the index holds no text of its own, so the triggers tell it what came and what went.
SQLITE = [
    """
    CREATE VIRTUAL TABLE trace_search USING fts5(
        names, prompt, response, metadata,
        content='traces_tracepayload', content_rowid='id', detail='none', columnsize=0,
        tokenize='unicode61 remove_diacritics 0'
    )
    """,
    """
    CREATE TRIGGER trace_search_insert AFTER INSERT ON traces_tracepayload BEGIN
        INSERT INTO trace_search(rowid, names, prompt, response, metadata)
        VALUES (new.id, new.names, new.prompt, new.response, new.metadata);
    END
    """,
    """
    CREATE TRIGGER trace_search_delete AFTER DELETE ON traces_tracepayload BEGIN
        INSERT INTO trace_search(trace_search, rowid, names, prompt, response, metadata)
        VALUES ('delete', old.id, old.names, old.prompt, old.response, old.metadata);
    END
    """,
    """
    CREATE TRIGGER trace_search_update AFTER UPDATE OF names, prompt, response, metadata ON traces_tracepayload BEGIN
        INSERT INTO trace_search(trace_search, rowid, names, prompt, response, metadata)
        VALUES ('delete', old.id, old.names, old.prompt, old.response, old.metadata);
        INSERT INTO trace_search(rowid, names, prompt, response, metadata)
        VALUES (new.id, new.names, new.prompt, new.response, new.metadata);
    END
    """,
]
# traces/search.py asks with the same expression, to the letter; its tests fail if the index no longer serves it.
POSTGRESQL = [
    r"""
    CREATE INDEX trace_search ON traces_tracepayload USING gin (
        to_tsvector('simple', left(translate(
            coalesce(traces_tracepayload.names, '') || ' ' || coalesce(traces_tracepayload.prompt, '')
            || ' ' || coalesce(traces_tracepayload.response, '') || ' ' || coalesce(traces_tracepayload.metadata, ''),
            '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~', '                               '), 250000))
    )
    """,
]
UNDO = {
    "sqlite": [
        "DROP TRIGGER trace_search_update",
        "DROP TRIGGER trace_search_delete",
        "DROP TRIGGER trace_search_insert",
        "DROP TABLE trace_search",
    ],
    "postgresql": ["DROP INDEX trace_search"],
}


def make(apps, schema_editor):
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def undo(apps, schema_editor):
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("traces", "0001_traces_spans_and_links")]
    operations = [migrations.RunPython(make, undo)]
