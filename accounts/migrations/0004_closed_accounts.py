"""An account that its owner deleted is closed first and erased after."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_time_zone_of_people")]

    operations = [
        migrations.AddField(
            model_name="account", name="closed_at", field=models.DateTimeField(editable=False, null=True)
        ),
    ]
