"""The addresses of the webhooks' pages, with and without a trailing slash."""

from django.urls import re_path

from traces import webhook_views

_WEBHOOK = r"(?P<webhook_id>[0-9]{1,18})"

urlpatterns = [
    re_path(r"^dashboard/webhooks/?\Z", webhook_views.webhooks, name="webhooks"),
    re_path(rf"^dashboard/webhooks/{_WEBHOOK}/?\Z", webhook_views.webhook, name="webhook"),
    re_path(rf"^dashboard/webhooks/{_WEBHOOK}/test/?\Z", webhook_views.test, name="test_webhook"),
    re_path(rf"^dashboard/webhooks/{_WEBHOOK}/roll/?\Z", webhook_views.roll, name="roll_webhook"),
    re_path(rf"^dashboard/webhooks/{_WEBHOOK}/disable/?\Z", webhook_views.switch_off, name="disable_webhook"),
    re_path(rf"^dashboard/webhooks/{_WEBHOOK}/enable/?\Z", webhook_views.switch_on, name="enable_webhook"),
    re_path(rf"^dashboard/webhooks/{_WEBHOOK}/delete/?\Z", webhook_views.delete, name="delete_webhook"),
    re_path(rf"^dashboard/webhooks/{_WEBHOOK}/redeliver/?\Z", webhook_views.send_failed, name="redeliver_failed"),
    re_path(
        r"^dashboard/webhooks/deliveries/(?P<delivery_id>[^/]+)/redeliver/?\Z",
        webhook_views.send_again,
        name="redeliver",
    ),
]
