"""The words of a text on PostgreSQL, made in a third of the time.

`translate` looks at every character of the text through the whole list of what it replaces: 112 of 166 microseconds for
a kilobyte, more than all else that storing a trace costs the database. One `replace` for each punctuation mark searches
for it in the way that is made for long texts: 10 microseconds, and the same words.
"""

from functools import reduce

from django.db import migrations

PUNCTUATION = r"""!"#$%&()*+,-./:;<=>?@[\]^_`{|}~"""
TEXT = (
    "left(coalesce(names, '') || ' ' || coalesce(prompt, '') || ' ' || coalesce(response, '')"
    " || ' ' || coalesce(metadata, ''), 250000)"
)
SPACED = reduce(lambda text, mark: f"replace({text}, '{mark}', ' ')", PUNCTUATION, TEXT)
WORDS = f"words tsvector GENERATED ALWAYS AS (strip(to_tsvector('simple', {SPACED}))) STORED"
POSTGRESQL = [
    # The table is written anew, which may take longer than a request is allowed to.
    "SET LOCAL statement_timeout = 0",
    "DROP INDEX trace_search",
    "ALTER TABLE traces_tracepayload DROP COLUMN words",
    f"ALTER TABLE traces_tracepayload ADD COLUMN {WORDS}",
    "CREATE INDEX trace_search ON traces_tracepayload USING gin (words)",
]


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for statement in POSTGRESQL:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("traces", "0009_otlp")]
    operations = [migrations.RunPython(make)]
