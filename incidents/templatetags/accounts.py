"""What the pages of accounts and teams need: form fields in our design."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, HiddenInput, Select, Textarea
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def control(field: BoundField, **attributes: Any) -> SafeString:
    """The control of a form field, with the class of its kind, tied to its hint and its errors."""
    widget = field.field.widget
    if not isinstance(widget, CheckboxInput | HiddenInput):
        kind = "textarea" if isinstance(widget, Textarea) else "select" if isinstance(widget, Select) else "input"
        attributes["class"] = f"{kind} {attributes.get('class', '')}".strip()
    described = [f"{field.auto_id}-hint"] if field.help_text else []
    if field.errors:
        attributes["aria-invalid"] = "true"
        described.append(f"{field.auto_id}-error")
    if described:
        attributes["aria-describedby"] = " ".join(described)
    # Placeholders repeat labels, and vanish while one types.
    widget.attrs.pop("placeholder", None)
    return field.as_widget(attrs=attributes)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)
