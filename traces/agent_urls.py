"""The addresses of the agents' pages, with and without a trailing slash."""

from django.urls import re_path

from traces import agent_views

_AGENT = r"(?P<agent_id>[0-9]{1,18})"

urlpatterns = [
    re_path(r"^dashboard/agents/?\Z", agent_views.agents, name="agents"),
    re_path(rf"^dashboard/agents/{_AGENT}/?\Z", agent_views.agent, name="agent"),
    re_path(rf"^dashboard/agents/{_AGENT}/rename/?\Z", agent_views.rename, name="rename_agent"),
    re_path(rf"^dashboard/agents/{_AGENT}/delete/?\Z", agent_views.delete, name="delete_agent"),
]
