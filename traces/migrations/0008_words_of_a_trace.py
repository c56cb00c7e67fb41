"""PostgreSQL keeps the words of a text beside it: where a word is common it tries trace by trace and must not parse each."""

from django.db import migrations

# PostgreSQL's own parser keeps "a@b.example" or "x-y" as one word; spaces for ASCII punctuation make it split as FTS5
# does. Past 250,000 characters a tsvector could grow beyond its limit of 1 MB, and the write with it would fail.
POSTGRESQL = [
    "DROP INDEX trace_search",
    r"""
    ALTER TABLE traces_tracepayload ADD COLUMN words tsvector GENERATED ALWAYS AS (
        strip(to_tsvector('simple', left(translate(
            coalesce(names, '') || ' ' || coalesce(prompt, '') || ' ' || coalesce(response, '')
            || ' ' || coalesce(metadata, ''),
            '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~', '                               '), 250000)))
    ) STORED
    """,
    "CREATE INDEX trace_search ON traces_tracepayload USING gin (words)",
]


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("traces", "0007_alerts_of_deleted_agents")]
    operations = [migrations.RunPython(make)]
