"""The address of the retention page, with and without a trailing slash."""

from django.urls import re_path

from traces import retention_views

urlpatterns = [re_path(r"^dashboard/retention/?\Z", retention_views.retention_page, name="retention")]
