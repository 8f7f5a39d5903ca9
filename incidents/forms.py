"""What people send, checked and turned into the types that the rest of the application uses."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import ProhibitNullCharactersValidator

_KEY = re.compile(r"[A-Za-z0-9_.:-]{8,64}")


class IntoForm(forms.Form):
    """Into which incident something goes: an existing one, or a new one with these names."""

    incident = forms.UUIDField(required=False)
    title = forms.CharField(max_length=200, required=False)
    app_name = forms.CharField(max_length=100, required=False)


class LogText(forms.CharField):
    """Any text at all: a log may hold NUL characters, which Django's own field refuses."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [one for one in self.validators if not isinstance(one, ProhibitNullCharactersValidator)]


class PasteForm(IntoForm):
    text = LogText(strip=False, error_messages={"required": "There is nothing in the box. Paste some log lines."})

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise forms.ValidationError("There are only blanks in the box. Paste some log lines.")
        if len(text.encode("utf-8", "replace")) > settings.MAX_PASTE_BYTES:
            cap = settings.MAX_PASTE_BYTES // 1024 // 1024
            raise forms.ValidationError(f"This is more than {cap} MiB of text. Save it as a file and upload that.")
        return text


class StartForm(IntoForm):
    """The beginning of an upload in parts. ``key`` makes a repeated request give the same upload."""

    name = forms.CharField(max_length=1000, error_messages={"required": "The file needs a name."})
    size = forms.IntegerField(min_value=0, required=False)
    key = forms.CharField(required=False)

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if key and not _KEY.fullmatch(key):
            raise forms.ValidationError("The key must be 8 to 64 letters, digits or signs (_ . : -).")
        return key


def first_error(form: forms.Form) -> str:
    """One sentence that says what was wrong."""
    errors: dict[str, Any] = form.errors
    field, messages = next(iter(errors.items()))
    message = str(messages[0])
    return message if field in ("text", "name", "key", "__all__") else f"{field}: {message}"
