"""Every address of the product, from here to the apps; docs/architecture.md lists them by page."""

from django.urls import include, path, re_path

from tracen import health, views

urlpatterns = [
    # First, because most requests go there and each pattern before it costs them.
    path("", include("traces.api.urls")),
    path("", views.landing, name="landing"),
    re_path(r"^demo/?\Z", views.demo, name="demo"),
    path("theme", views.set_theme, name="set_theme"),
    re_path(r"^health/?\Z", health.health, name="health"),
    re_path(r"^ready/?\Z", health.ready, name="ready"),
    path("", include("tracen.guides.urls")),
    path("accounts/", include("accounts.urls")),
    path("", include("accounts.key_urls")),
    path("", include("accounts.settings_urls")),
    path("", include("traces.overview_urls")),
    path("", include("traces.agent_urls")),
    path("", include("traces.list_urls")),
    path("", include("traces.trace_urls")),
    path("", include("traces.retention_urls")),
    path("", include("billing.urls")),
    path("", include("traces.webhook_urls")),
    path("", include("traces.urls")),
]

handler400 = "tracen.views.bad_request"
handler403 = "tracen.views.forbidden"
handler404 = "tracen.views.not_found"
handler500 = "tracen.views.server_error"
