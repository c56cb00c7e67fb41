"""What every template may use: the theme the visitor chose and the public address; named by settings.TEMPLATES."""

from django.conf import settings
from django.http import HttpRequest

THEMES = ("light", "dark")


def page(request: HttpRequest) -> dict[str, str]:
    theme = request.COOKIES.get("theme", "")
    return {"theme": theme if theme in THEMES else "", "base_url": settings.BASE_URL}
