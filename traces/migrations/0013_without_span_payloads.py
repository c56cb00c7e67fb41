"""The table with a row for the texts of each span, which 0012 has emptied into packs, goes.

SQLite keeps what a dropped table had on free pages of its file, where nobody who erases an account would find it.
"""

from django.db import migrations
from django.db.models import Exists, OuterRef

from tracen.lib.overwriting import overwriting


def overwrite(apps, schema_editor):
    _refuse_what_came_meanwhile(apps)
    if schema_editor.connection.vendor == "sqlite":
        with overwriting():
            schema_editor.execute("DELETE FROM traces_spanpayload", params=None)


def _refuse_what_came_meanwhile(apps):
    packs = apps.get_model("traces", "SpanPack").objects
    before = packs.filter(trace=OuterRef("span__trace"), first_ordinal__lte=OuterRef("span__ordinal"))
    said = apps.get_model("traces", "SpanPayload").objects.exclude(input=None, output=None, error=None, raw=None)
    if said.exclude(Exists(before)).exists():
        raise RuntimeError(
            "A server of the version before has stored traces meanwhile. Stop it, run `migrate --fake traces 0011`, which "
            "has all texts moved once more, and start again."
        )


class Migration(migrations.Migration):
    dependencies = [("traces", "0012_texts_into_packs")]
    operations = [
        migrations.RunPython(overwrite, migrations.RunPython.noop),
        migrations.DeleteModel(name="SpanPayload"),
    ]
