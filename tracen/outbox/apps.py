from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "tracen.outbox"
    label = "outbox"
