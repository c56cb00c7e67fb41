"""Registers the app and its signal receivers."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import receivers  # noqa: F401 - connecting is its effect, and models must be loaded first
