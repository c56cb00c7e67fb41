"""Lists of an agent, a status or a source are read in order, and counted, from the index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_alert_preferences"),
        ("traces", "0016_terms_of_the_search_index"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="trace",
            name="trace_newest_of_agent",
        ),
        migrations.RemoveIndex(
            model_name="trace",
            name="trace_newest_of_status",
        ),
        migrations.RemoveIndex(
            model_name="trace",
            name="trace_newest_of_source",
        ),
        migrations.AddIndex(
            model_name="trace",
            index=models.Index(fields=["account", "agent", "-received_at", "-id"], name="trace_newest_of_agent"),
        ),
        migrations.AddIndex(
            model_name="trace",
            index=models.Index(fields=["account", "status", "-received_at", "-id"], name="trace_newest_of_status"),
        ),
        migrations.AddIndex(
            model_name="trace",
            index=models.Index(fields=["account", "source", "-received_at", "-id"], name="trace_newest_of_source"),
        ),
    ]
