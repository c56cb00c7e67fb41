"""On PostgreSQL the words of a text are made by whoever stores it, or else by the database, by triggers.

A generated column is always made there, at eight times the cost of all else that storing the texts of a trace takes, and
its expression of thirty nested calls is prepared anew for each statement.
"""

from importlib import import_module

from django.db import migrations

GENERATED = import_module("traces.migrations.0010_words_made_faster")
SPACED = GENERATED.SPACED
TEXTS = ("names", "prompt", "response", "metadata")
for text in TEXTS:
    SPACED = SPACED.replace(f"coalesce({text},", f"coalesce(NEW.{text},")
POSTGRESQL = [
    "ALTER TABLE traces_tracepayload ALTER COLUMN words DROP EXPRESSION",
    f"""
    CREATE FUNCTION trace_make_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.words := strip(to_tsvector('simple', {SPACED}));
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER trace_words_insert BEFORE INSERT ON traces_tracepayload FOR EACH ROW
        WHEN (NEW.words IS NULL) EXECUTE FUNCTION trace_make_words()
    """,
    f"""
    CREATE TRIGGER trace_words_update BEFORE UPDATE OF {", ".join(TEXTS)} ON traces_tracepayload FOR EACH ROW
        EXECUTE FUNCTION trace_make_words()
    """,
]
UNDO = [
    "DROP TRIGGER trace_words_insert ON traces_tracepayload",
    "DROP TRIGGER trace_words_update ON traces_tracepayload",
    "DROP FUNCTION trace_make_words",
    *GENERATED.POSTGRESQL,
]


def make(apps, schema_editor):
    run(schema_editor, POSTGRESQL)


def undo(apps, schema_editor):
    run(schema_editor, UNDO)


def run(schema_editor, statements):
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("traces", "0013_without_span_payloads")]
    operations = [migrations.RunPython(make, undo)]
