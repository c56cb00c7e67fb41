"""On SQLite, which terms the search index has: a view of it that takes no room (traces/search.py asks it)."""

from django.db import migrations

MAKE = "CREATE VIRTUAL TABLE trace_search_terms USING fts5vocab('trace_search', 'row')"
UNDO = "DROP TABLE trace_search_terms"


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(MAKE, params=None)


def undo(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(UNDO, params=None)


class Migration(migrations.Migration):
    dependencies = [("traces", "0015_lists_by_start_and_provider")]
    operations = [migrations.RunPython(make, undo)]
