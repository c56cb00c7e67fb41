"""The documentation's addresses, with and without a trailing slash."""

from django.urls import re_path

from tracen.guides import views

urlpatterns = [
    re_path(r"^docs/?\Z", views.quickstart, name="docs"),
    re_path(r"^docs/api-reference/?\Z", views.api_reference, name="docs_api"),
    re_path(r"^docs/errors/?\Z", views.errors, name="docs_errors"),
    re_path(r"^docs/sdks/?\Z", views.sdks, name="docs_sdks"),
    re_path(r"^docs/tracing/?\Z", views.tracing, name="docs_tracing"),
    re_path(r"^docs/tracing/(?P<slug>[a-z-]+)/?\Z", views.library, name="docs_library"),
    re_path(r"^docs/webhooks/?\Z", views.webhooks, name="docs_webhooks"),
    re_path(r"^api/schema/?\Z", views.schema, name="api_schema"),
    re_path(r"^pricing/?\Z", views.pricing, name="pricing"),
    re_path(r"^terms/?\Z", views.terms, name="terms"),
    re_path(r"^privacy/?\Z", views.privacy, name="privacy"),
    re_path(r"^robots\.txt\Z", views.robots, name="robots"),
]
