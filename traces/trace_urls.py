"""The addresses of one trace's pages for its owners, and of share links; with and without a trailing slash."""

from django.urls import re_path

from traces import share_views, trace_views

_TRACE = r"^dashboard/traces/(?P<trace_id>[^/.]+)"

urlpatterns = [
    re_path(rf"{_TRACE}/?\Z", trace_views.trace_page, name="trace"),
    re_path(rf"{_TRACE}\.json\Z", trace_views.trace_json, name="trace_json"),
    re_path(rf"{_TRACE}/find/?\Z", trace_views.find, name="trace_find"),
    re_path(rf"{_TRACE}/live/?\Z", trace_views.live, name="trace_live"),
    re_path(rf"{_TRACE}/spans/(?P<span_id>[^/]+)/?\Z", trace_views.span_panel, name="trace_span"),
    re_path(rf"{_TRACE}/share/?\Z", share_views.share_trace, name="share_trace"),
    re_path(r"^dashboard/links/?\Z", share_views.links, name="links"),
    re_path(r"^dashboard/links/(?P<link_id>[^/]+)/revoke/?\Z", share_views.revoke_link, name="revoke_link"),
]
