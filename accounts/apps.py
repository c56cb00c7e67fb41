"""Registers the app and its signal receivers."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import receivers  # noqa: F401 - connecting is its effect, and models must be loaded first
