"""What people send about apps: names, drains, windows, the recorder, alerts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.validators import validate_email

from incidents.analysis.bursts import CAUSES, SILENCE, SILENT_MINUTES
from incidents.models import DrainKind
from incidents.notify.webhook import NotSent, parse_target

MOST_EMAILS = 10
MOST_HOURS = 24 * 14
MOST_MEGABYTES = 8 * 1024
OVERLAP_HOURS = (1, 6, 24, 72)


class AppForm(forms.Form):
    """A new app and the kind of its first drain."""

    name = forms.CharField(
        max_length=100, error_messages={"required": "The app needs a name: best the one it has at Heroku."}
    )
    kind = forms.ChoiceField(choices=DrainKind.choices, initial=DrainKind.LOGPLEX, required=False)

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or DrainKind.LOGPLEX


class DrainForm(AppForm):
    name = forms.CharField(max_length=100, error_messages={"required": "The drain needs a name."})


class RotateForm(forms.Form):
    hours = forms.IntegerField(min_value=0, max_value=168, required=False)

    @property
    def overlap(self) -> timedelta:
        hours = self.cleaned_data["hours"]
        return timedelta(hours=24 if hours is None else hours)


class RecorderForm(forms.Form):
    hours = forms.IntegerField(
        min_value=1, max_value=MOST_HOURS, error_messages={"invalid": "The hours must be a number."}
    )
    megabytes = forms.IntegerField(
        min_value=1, max_value=MOST_MEGABYTES, error_messages={"invalid": "The megabytes must be a number."}
    )


class AlertsForm(forms.Form):
    """Where alerts go, when they wait, and from which numbers on they are raised (``count_<cause>``)."""

    is_on = forms.BooleanField(required=False)
    webhook_url = forms.CharField(max_length=500, required=False)
    emails = forms.CharField(max_length=2_000, required=False)
    quiet_from = forms.TimeField(required=False, error_messages={"invalid": "Write the beginning as 22:00."})
    quiet_until = forms.TimeField(required=False, error_messages={"invalid": "Write the end as 07:00."})
    quiet_zone = forms.CharField(max_length=64, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in (*CAUSES, SILENCE):
            self.fields[f"count_{key}"] = forms.IntegerField(
                min_value=1, max_value=100_000, required=False,
                error_messages={"invalid": f"The threshold of {key} must be a number."},
            )  # fmt: skip

    def clean_webhook_url(self) -> str:
        url: str = self.cleaned_data["webhook_url"].strip()
        if url:
            try:
                parse_target(url)
            except NotSent as problem:
                raise forms.ValidationError(str(problem)) from None
        return url

    def clean_emails(self) -> list[str]:
        addresses = list(dict.fromkeys(self.cleaned_data["emails"].replace(",", " ").split()))
        if len(addresses) > MOST_EMAILS:
            raise forms.ValidationError(f"At most {MOST_EMAILS} addresses; use one of a group instead.")
        for address in addresses:
            try:
                validate_email(address)
            except forms.ValidationError:
                raise forms.ValidationError(f"“{address[:80]}” is no e-mail address.") from None
        return addresses

    def clean_quiet_zone(self) -> str:
        name: str = self.cleaned_data["quiet_zone"].strip() or "UTC"
        if name not in available_timezones():
            raise forms.ValidationError(f"There is no zone “{name}”; write one such as UTC or Europe/Berlin.")
        return name

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if (data.get("quiet_from") is None) != (data.get("quiet_until") is None) and not self.errors:
            raise forms.ValidationError("Quiet hours need a beginning and an end; leave both empty for none.")
        return data

    @property
    def counts(self) -> dict[str, int]:
        """Only what differs from the usual."""
        return {
            key: number
            for key in (*CAUSES, SILENCE)
            if (number := self.cleaned_data.get(f"count_{key}")) and number != default_count(key)
        }


def default_count(cause: str) -> int:
    """From how many on a cause is noticed unless somebody says otherwise; for silence minutes."""
    return SILENT_MINUTES if cause == SILENCE else CAUSES[cause].bars[0].least
