"""The table with a row for the texts of each span, which 0012 has emptied into packs, goes.

SQLite keeps what a dropped table had on free pages of its file, where nobody who erases an account would find it.
"""

from django.db import migrations

from tracen.lib.overwriting import overwriting


def overwrite(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        with overwriting():
            schema_editor.execute("DELETE FROM traces_spanpayload", params=None)


class Migration(migrations.Migration):
    dependencies = [("traces", "0012_texts_into_packs")]
    operations = [
        migrations.RunPython(overwrite, migrations.RunPython.noop),
        migrations.DeleteModel(name="SpanPayload"),
    ]
