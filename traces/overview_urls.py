"""The addresses of the overview, with and without a trailing slash."""

from django.urls import re_path

from traces import overview_views

urlpatterns = [
    re_path(r"^dashboard/?\Z", overview_views.overview, name="dashboard"),
    re_path(r"^dashboard/first-key/?\Z", overview_views.first_key, name="first_key"),
    re_path(r"^dashboard/first-trace/?\Z", overview_views.first_trace, name="first_trace"),
]
