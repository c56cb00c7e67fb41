"""A table for the texts of spans, many spans in one row."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("traces", "0010_words_made_faster")]

    operations = [
        migrations.CreateModel(
            name="SpanPack",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("first_ordinal", models.PositiveIntegerField()),
                ("packed", models.BinaryField()),
                (
                    "trace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="packs",
                        to="traces.trace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("trace", "first_ordinal"), name="pack_once_per_place"),
                ],
            },
        ),
    ]
