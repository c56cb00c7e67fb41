"""The addresses of the traces list, with and without a trailing slash; `/app` is what the reference calls it."""

from django.urls import re_path
from django.views.generic import RedirectView

from traces import list_views

urlpatterns = [
    re_path(r"^dashboard/traces/?\Z", list_views.traces, name="traces"),
    re_path(r"^dashboard/traces/delete/?\Z", list_views.delete, name="delete_traces"),
    re_path(r"^app/?\Z", RedirectView.as_view(pattern_name="traces"), name="app"),
]
