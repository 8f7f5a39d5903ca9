"""Forms of teams: what may be set, and how it is checked. Team, role and owner never come from a hidden field."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from incidents.analysis.redact import WordsError, compile_words
from incidents.analysis.ticket import PLANS
from incidents.display import load_zone
from incidents.models import Role, Team

MOST_SAMPLE = 20_000
MOST_WORDS = 100


class TeamNameForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name of the team")

    def clean_name(self) -> str:
        return _plain(self.cleaned_data["name"], "name")


class InvitationForm(forms.Form):
    email = forms.EmailField(max_length=254, label="Address", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="Role", initial=Role.MEMBER)

    def __init__(self, *args: Any, roles: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class ProfileForm(forms.Form):
    name = forms.CharField(max_length=100, required=False, label="Your name", help_text="Shown beside what you do.")

    def clean_name(self) -> str:
        return _plain(self.cleaned_data["name"], "name")


class TeamSettingsForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name")
    time_zone = forms.CharField(
        max_length=64, label="Time zone", help_text="Such as Europe/Berlin. For members who have not chosen their own."
    )
    retention_days = forms.IntegerField(
        required=False, min_value=1, max_value=3650, label="Keep incidents for (days)",
        help_text="Afterwards they are deleted with their logs. Empty: they stay.",
    )  # fmt: skip
    redaction_words = forms.CharField(
        required=False, max_length=20_000, label="Words to mask", widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One on each line, four characters or more: customers, projects, internal hosts.",
    )  # fmt: skip
    redaction_patterns = forms.CharField(
        required=False, max_length=20_000, label="Patterns to mask", widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One regular expression (RE2) on each line, such as: customer-[0-9]{4,12}",
    )  # fmt: skip
    sample = forms.CharField(
        required=False, max_length=MOST_SAMPLE, label="Lines to try them on", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Not stored.",
    )  # fmt: skip
    configuration = forms.CharField(
        required=False, max_length=5000, label="Configuration of your apps", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Dyno sizes, server, names of variables; goes into tickets where the log does not tell it.",
    )  # fmt: skip
    services = forms.CharField(
        required=False, max_length=5000, label="Third-party services", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One on each line. Heroku asks for those that are no add-ons.",
    )  # fmt: skip
    support_plan = forms.ChoiceField(
        required=False,
        label="Support plan with Heroku",
        choices=[("", "Not known"), *((plan, plan) for plan in PLANS)],
        help_text="Tickets say what it makes of their priority.",
    )

    @classmethod
    def initial_of(cls, team: Team) -> dict[str, Any]:
        return {
            "name": team.name, "time_zone": team.time_zone, "retention_days": team.retention_days,
            "redaction_words": "\n".join(team.redaction_words),
            "redaction_patterns": "\n".join(team.redaction_patterns),
            "configuration": team.ticket_defaults.get("configuration", ""), "services": "\n".join(team.services),
            "support_plan": team.support_plan,
        }  # fmt: skip

    def clean_name(self) -> str:
        return _plain(self.cleaned_data["name"], "name")

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"].strip()
        if name != "UTC" and load_zone(name) is None:
            raise ValidationError(f"There is no time zone “{name}”. Write UTC, or a name such as Europe/Berlin.")
        return name

    def clean_redaction_words(self) -> list[str]:
        return self._rules("redaction_words", literal=True)

    def clean_redaction_patterns(self) -> list[str]:
        return self._rules("redaction_patterns", literal=False)

    def clean_services(self) -> list[str]:
        return _lines(self.cleaned_data["services"])

    def _rules(self, field: str, *, literal: bool) -> list[str]:
        rules = _lines(self.cleaned_data[field])
        if len(rules) > MOST_WORDS:
            raise ValidationError(f"There are {len(rules)} lines; at most {MOST_WORDS} can be used.")
        try:
            compile_words(literals=rules) if literal else compile_words(patterns=rules)
        except WordsError as error:
            raise ValidationError(str(error)) from None
        return rules

    def save(self, team: Team) -> list[str]:
        """Write the settings; returns the names of those that changed."""
        given = self.cleaned_data
        defaults = {key: text for key, text in team.ticket_defaults.items() if key != "configuration"}
        if configuration := given["configuration"].strip():
            defaults["configuration"] = configuration
        values = {
            "name": given["name"], "time_zone": given["time_zone"], "retention_days": given["retention_days"],
            "redaction_words": given["redaction_words"], "redaction_patterns": given["redaction_patterns"],
            "services": given["services"], "support_plan": given["support_plan"],
            "ticket_defaults": defaults,
        }  # fmt: skip
        changed = [name for name, value in values.items() if getattr(team, name) != value]
        for name in changed:
            setattr(team, name, values[name])
        if changed:
            team.save(update_fields=changed)
        return changed


def _lines(text: str) -> list[str]:
    """Lines that hold something, once each."""
    stripped = (line.strip() for line in text.replace("\r", "").replace("\x00", "").split("\n"))
    return list(dict.fromkeys(line for line in stripped if line))


def _plain(text: str, what: str) -> str:
    text = text.strip()
    if not text.isprintable():
        raise ValidationError(f"The {what} holds characters that cannot be shown.")
    return text
