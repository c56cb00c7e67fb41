"""The addresses of the keys page, with and without a trailing slash; `/app/settings` is what the reference calls it."""

from django.urls import re_path
from django.views.generic import RedirectView

from accounts import key_views

urlpatterns = [
    re_path(r"^dashboard/keys/?\Z", key_views.keys, name="keys"),
    re_path(r"^dashboard/keys/(?P<key_id>[0-9]{1,18})/revoke/?\Z", key_views.revoke, name="revoke_key"),
    re_path(r"^app/settings/?\Z", RedirectView.as_view(pattern_name="keys"), name="app_settings"),
]
