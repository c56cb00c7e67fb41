"""The forms of the settings page."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms

from accounts.models import Account, User

_PROGRAMS_ONLY = ("Etc/", "SystemV/", "US/", "posix/", "right/")


@cache
def _zones() -> list[tuple[str, str]]:
    """The names with a place in them, and UTC: the rest are kept by the tz database for programs of long ago."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith(_PROGRAMS_ONLY))
    return [(name, name.replace("_", " ")) for name in ("UTC", *places)]


class TimeZoneForm(forms.ModelForm):  # type: ignore[type-arg]  # it takes its type when checked only
    time_zone = forms.ChoiceField(label="Time zone", choices=_zones)

    class Meta:
        model = User
        fields = ("time_zone",)


class SilenceForm(forms.ModelForm):  # type: ignore[type-arg]
    """How long the account's running traces may be silent: from five minutes to a week."""

    silent_minutes = forms.IntegerField(
        label="Minutes without a sign of life", min_value=5, max_value=10_080, widget=forms.NumberInput
    )

    class Meta:
        model = Account
        fields = ("silent_minutes",)


class DeleteForm(forms.Form):
    """Typed by hand, so that nobody deletes an account by a slip: the person's own address."""

    confirmation = forms.CharField(max_length=254, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, user: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._user = user

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"].strip()
        if typed.lower() != self._user.email.lower():
            raise forms.ValidationError("This is not your e-mail address.")
        return typed
