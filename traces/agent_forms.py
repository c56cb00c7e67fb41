"""The form that gives an agent another name; used by the agents' pages."""

from typing import Any

from django import forms

from traces.agents import AgentNameTaken, rename_agent
from traces.limits import MAX_NAME_LENGTH
from traces.models import Agent


class AgentNameForm(forms.Form):
    name = forms.CharField(
        max_length=MAX_NAME_LENGTH,
        help_text="Your program must send this name from now on: another name would be another agent.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"].widget.attrs.update({"autocomplete": "off", "dir": "auto"})

    def rename(self, agent: Agent) -> bool:
        """Give the agent the name; false, with an error on the form, if another of the account has it."""
        try:
            rename_agent(agent, self.cleaned_data["name"])
        except AgentNameTaken:
            self.add_error("name", "Another agent of this account has this name.")
            return False
        return True
