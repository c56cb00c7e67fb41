"""A person may choose the time zone of their pages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_sessions_of_people")]

    operations = [
        migrations.AddField(model_name="user", name="time_zone", field=models.CharField(default="UTC", max_length=64)),
    ]
