"""The addresses of billing, with and without a trailing slash."""

from django.urls import re_path

from billing import views, webhooks

urlpatterns = [
    re_path(r"^dashboard/billing/?\Z", views.billing_page, name="billing"),
    re_path(r"^dashboard/billing/upgrade/?\Z", views.upgrade, name="upgrade"),
    re_path(r"^dashboard/billing/manage/?\Z", views.manage, name="manage_subscription"),
    re_path(r"^dashboard/billing/done/?\Z", views.checkout_done, name="checkout_done"),
    re_path(r"^billing/webhook/?\Z", webhooks.webhook, name="stripe_webhook"),
]
