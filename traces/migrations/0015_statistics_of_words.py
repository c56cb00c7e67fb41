"""PostgreSQL keeps more words in its statistics, so that it knows a common one from a rare one.

A search is for how words begin, which PostgreSQL guesses only if a hundred frequent words are known to it, and else takes
each for as common as one text in fifty. With its usual sample a hundred are not always found: where prompts are made by
a program, few words are frequent and all others numbers.
"""

from django.db import migrations


def keep(apps, schema_editor):
    set_statistics(schema_editor, 1_000)


def undo(apps, schema_editor):
    set_statistics(schema_editor, -1)


def set_statistics(schema_editor, target):
    if schema_editor.connection.vendor == "postgresql":
        statement = f"ALTER TABLE traces_tracepayload ALTER COLUMN words SET STATISTICS {target}"
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("traces", "0014_words_from_ingest")]
    operations = [migrations.RunPython(keep, undo)]
