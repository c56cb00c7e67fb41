"""Lists narrowed by when traces started, or by provider, no longer read every row of the account."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_alert_preferences"),
        ("traces", "0014_words_from_ingest"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="trace",
            name="trace_newest",
        ),
        migrations.AddIndex(
            model_name="trace",
            index=models.Index(fields=["account", "-received_at", "-id", "started_at"], name="trace_newest"),
        ),
        migrations.AddIndex(
            model_name="trace",
            index=models.Index(
                condition=models.Q(("provider", ""), _negated=True),
                fields=["account", "provider", "-received_at", "-id"],
                name="trace_newest_of_provider",
            ),
        ),
    ]
