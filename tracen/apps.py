"""Makes `tracen` an installed app, so that its commands and template tags are found."""

from django.apps import AppConfig


class TracenConfig(AppConfig):
    name = "tracen"
