"""The addresses of the settings pages, with and without a trailing slash."""

from django.urls import path, re_path

from accounts import settings_views

urlpatterns = [
    re_path(r"^dashboard/settings/?\Z", settings_views.settings_page, name="settings"),
    re_path(r"^dashboard/settings/time-zone/?\Z", settings_views.set_time_zone, name="set_time_zone"),
    re_path(r"^dashboard/settings/alerts/?\Z", settings_views.set_alerts, name="set_alerts"),
    re_path(r"^dashboard/settings/silence/?\Z", settings_views.set_silence, name="set_silence"),
    re_path(r"^dashboard/settings/export/?\Z", settings_views.start_export, name="start_export"),
    path("dashboard/settings/exports/<uuid:export_id>", settings_views.download_export, name="download_export"),
    path("dashboard/settings/exports/<uuid:export_id>/", settings_views.download_export),
    re_path(r"^dashboard/settings/delete/?\Z", settings_views.delete_account, name="delete_account"),
    re_path(r"^accounts/sessions/?\Z", settings_views.sessions, name="sessions"),
    re_path(
        r"^dashboard/settings/sessions/(?P<session_id>[0-9]{1,18})/end/?\Z",
        settings_views.end_session,
        name="end_session",
    ),
]
