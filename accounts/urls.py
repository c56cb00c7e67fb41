"""allauth's pages at addresses without a trailing slash, which is how ours look; with one they work too."""

from allauth.account.urls import urlpatterns as allauth_patterns
from django.urls import URLPattern, path, re_path
from django.urls.resolvers import RegexPattern


def _both_forms(pattern: URLPattern) -> list[URLPattern]:
    """The pattern as it came, unnamed, and its form without the slash, which is the one that links are made from."""
    route, name = str(pattern.pattern), pattern.name or ""
    if isinstance(pattern.pattern, RegexPattern):
        return [re_path(route, pattern.callback), re_path(route.removesuffix("/$") + "$", pattern.callback, name=name)]
    return [path(route, pattern.callback), path(route.rstrip("/"), pattern.callback, name=name)]


urlpatterns = [form for pattern in allauth_patterns for form in _both_forms(pattern)]
