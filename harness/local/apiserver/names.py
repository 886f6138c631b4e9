"""Names, labels and annotations: the syntax every object's metadata must have. Pure.

Source of rules and words: k8s.io/apimachinery/pkg/util/validation, pkg/api/validation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from harness.local.store import Resource, kinds
from harness.local.store.errors import Cause

_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_DNS_1035: Final = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED: Final = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
ANNOTATIONS_LIMIT: Final = 256 * 1024
"""Bytes of all annotations of one object."""

_LABEL_WORDS: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
    "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_WORDS: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_DNS_1035_WORDS: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
    "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_VALUE_WORDS: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
    "'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_QUALIFIED_WORDS: Final = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "
    "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


def check(resource: Resource, obj: Mapping[str, Any]) -> list[Cause]:
    """Every fault of an object's name, labels and annotations."""
    metadata = obj["metadata"]
    name, prefix = metadata.get("name") or "", metadata.get("generateName") or ""
    if name:
        causes = _name(resource, name, "metadata.name")
    elif prefix:
        causes = _name(resource, f"{prefix[:200]}x", "metadata.generateName")
    else:
        causes = [
            Cause(
                "metadata.name",
                "Required value: name or generateName is required",
                "FieldValueRequired",
            )
        ]
    causes += labels(metadata.get("labels") or {}, "metadata.labels")
    return causes + _annotations(metadata.get("annotations") or {})


def _name(resource: Resource, name: str, field: str) -> list[Cause]:
    if resource is kinds.SERVICES:
        pattern, limit, words = _DNS_1035, 63, _DNS_1035_WORDS
    elif resource is kinds.NAMESPACES:
        pattern, limit, words = _LABEL, 63, _LABEL_WORDS
    else:
        pattern, limit, words = _SUBDOMAIN, 253, _SUBDOMAIN_WORDS
    causes = []
    if len(name) > limit:
        causes.append(
            Cause(
                field, f'Invalid value: "{_shown(name)}": must be no more than {limit} characters'
            )
        )
    elif not re.fullmatch(pattern, name):
        causes.append(Cause(field, f'Invalid value: "{_shown(name)}": {words}'))
    return causes


def labels(found: Mapping[str, str], field: str) -> list[Cause]:
    """Faults of label keys and values."""
    causes = []
    for key, value in found.items():
        if not is_qualified(key):
            causes.append(Cause(field, qualified_words(key)))
        if len(value) > 63:
            causes.append(
                Cause(
                    field, f'Invalid value: "{_shown(value)}": must be no more than 63 characters'
                )
            )
        elif value and not re.fullmatch(_QUALIFIED, value):
            causes.append(Cause(field, f'Invalid value: "{_shown(value)}": {_VALUE_WORDS}'))
    return causes


def _annotations(found: Mapping[str, str]) -> list[Cause]:
    field = "metadata.annotations"
    causes = [Cause(field, qualified_words(key)) for key in found if not is_qualified(key.lower())]
    if sum(len(key) + len(value) for key, value in found.items()) > ANNOTATIONS_LIMIT:
        causes.append(
            Cause(
                field,
                f"Too long: may not be more than {ANNOTATIONS_LIMIT} bytes",
                "FieldValueTooLong",
            )
        )
    return causes


def is_qualified(key: str) -> bool:
    """``prefix/name`` or ``name``, as labels, annotations and finalizers are keyed."""
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or not re.fullmatch(_SUBDOMAIN, prefix)):
        return False
    return len(name) <= 63 and bool(re.fullmatch(_QUALIFIED, name))


def qualified_words(text: str) -> str:
    """What is wrong with a key that is not qualified."""
    return f'Invalid value: "{_shown(text)}": {_QUALIFIED_WORDS}'


def is_label(text: str) -> bool:
    """RFC 1123 label: container and volume names."""
    return len(text) <= 63 and bool(re.fullmatch(_LABEL, text))


def label_words(text: str) -> str:
    """What is wrong with a name that is no RFC 1123 label."""
    return f'Invalid value: "{_shown(text)}": {_LABEL_WORDS}'


def _shown(text: str) -> str:
    """Errors name the value, but not a megabyte of it."""
    return text if len(text) <= 100 else f"{text[:100]}..."
