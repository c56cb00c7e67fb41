"""allauth's pages at addresses without a trailing slash, which is how ours look; with one they work too."""

from collections.abc import Iterator, Sequence

from allauth.account.urls import urlpatterns as account_patterns
from allauth.mfa.urls import urlpatterns as mfa_patterns
from django.urls import URLPattern, URLResolver, path, re_path
from django.urls.resolvers import RegexPattern


def _both_forms(patterns: Sequence[URLPattern | URLResolver], prefix: str = "") -> Iterator[URLPattern]:
    """Each pattern as it came, unnamed, and its form without the slash, which is the one that links are made from."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _both_forms(pattern.url_patterns, route)
        elif isinstance(pattern.pattern, RegexPattern):
            yield re_path(route, pattern.callback)
            yield re_path(route.removesuffix("/$") + "$", pattern.callback, name=pattern.name or "")
        else:
            yield path(route, pattern.callback)
            yield path(route.rstrip("/"), pattern.callback, name=pattern.name or "")


urlpatterns = [
    *_both_forms(account_patterns),
    *_both_forms(mfa_patterns, "2fa/"),
]
