"""The pages of the domain. Each works with and without a trailing slash, never by redirect."""

from django.urls import re_path

from traces import public_views

_SHARE = r"(?P<share_id>[^/.]+)"

urlpatterns = [
    re_path(rf"^traces/{_SHARE}/?\Z", public_views.trace_page, name="shared_trace"),
    re_path(rf"^traces/{_SHARE}\.json\Z", public_views.trace_json, name="shared_trace_json"),
    re_path(rf"^traces/{_SHARE}/find/?\Z", public_views.find, name="shared_find"),
    re_path(rf"^traces/{_SHARE}/spans/(?P<span_id>[^/]+)/?\Z", public_views.span_panel, name="shared_span"),
]
