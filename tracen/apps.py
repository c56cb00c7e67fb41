"""Makes `tracen` an installed app, so that its commands and template tags are found."""

from django.apps import AppConfig


class TracenConfig(AppConfig):
    name = "tracen"

    def ready(self) -> None:
        # A task sent from a web process goes to our broker only after the application is configured there too.
        from tracen import celery  # noqa: F401
