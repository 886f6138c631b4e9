"""Rules about single values: hosts, ports, header names, regular expressions."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.local.contracts import FieldProblem
from harness.local.pilot.durations import milliseconds

_LABEL: Final = r"[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_WILDCARD: Final = re.compile(rf"\*|\*(?:-?{_LABEL})?(?:\.{_LABEL})+\.?|\*-?{_LABEL}")
_HEADER_NAME: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_NOT_RE2: Final = re.compile(
    r"\(\?(?:[=!>(#]|<[=!]|P[=>])"  # look-around, atomic, conditional, comment, named reference
    r"|(?:[*+?]|\{\d+(?:,\d*)?\})\+"  # possessive
)
_BACK_REFERENCE: Final = re.compile(r"\\(?:[1-9]|k<)")
_ESCAPED: Final = re.compile(r"\\[^1-9k]")
_RE2_ONLY: Final = (
    (re.compile(r"\\Q(.*?)(?:\\E|$)"), lambda found: re.escape(found[1])),
    (re.compile(r"\\[pP](?:\{\^?\w+\}|\w)"), lambda found: "x"),
    (re.compile(r"\[:\^?\w+:\]"), lambda found: "x"),
    (re.compile(r"\\z"), lambda found: r"\\Z"),
    (re.compile(r"\\C"), lambda found: "."),
    (re.compile(r"\(\?<(?=[A-Za-z_])"), lambda found: "(?P<"),
    (re.compile(r"\(\?([a-zA-Z]*)U([a-zA-Z]*)"), lambda found: f"(?{found[1]}{found[2]}"),
)
_REPETITION: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")
RE2_LONGEST_REPETITION: Final = 1000


def invalid(path: str, value: object, why: str) -> FieldProblem:
    """A value that cannot be."""
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return FieldProblem(path, f"Invalid value: {shown}: {why}")


def required(path: str, why: str) -> FieldProblem:
    """A value that is missing."""
    return FieldProblem(path, f"Required value: {why}", "FieldValueRequired")


def duplicate(path: str, value: object, why: str) -> FieldProblem:
    """A value that occurs twice where it may not."""
    return FieldProblem(path, f'Duplicate value: "{value}": {why}', "FieldValueDuplicate")


def is_domain(host: str) -> bool:
    """A DNS name without wildcard."""
    return len(host) <= 255 and _DOMAIN.fullmatch(host) is not None


def is_host(host: str) -> bool:
    """A DNS name, maybe with a leading wildcard, or an IP address."""
    return is_domain(host) or _WILDCARD.fullmatch(host) is not None or is_ip(host)


def is_ip(text: str) -> bool:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def port(path: str, number: Any) -> Iterator[FieldProblem]:
    """A TCP port."""
    if not 1 <= int(number) <= 65535:
        yield invalid(path, number, f"port number {number} must be in the range 1..65535")


def header_name(path: str, name: str) -> Iterator[FieldProblem]:
    """A header's name (RFC 9110, token)."""
    if not name:
        yield invalid(path, name, "header name cannot be empty")
    elif not _HEADER_NAME.fullmatch(name):
        yield invalid(path, name, f"header name {name} is not a valid header name")


def string_match(path: str, match: Mapping[str, Any] | None) -> Iterator[FieldProblem]:
    """A StringMatch; ``*`` alone is Istio's sign for presence, not a regular expression."""
    pattern = (match or {}).get("regex")
    if pattern is not None and pattern != "*" and (why := regex_fault(pattern)):
        yield invalid(
            f"{path}.regex",
            pattern,
            f"{why}; Istio uses RE2 style regex-based match "
            "(https://github.com/google/re2/wiki/Syntax)",
        )


def regex_fault(pattern: str) -> str:
    """Why RE2 would not take the pattern, as far as can be told here; or empty.

    What slips through is rejected by Envoy, which shows as an event on the object.
    """
    plain = _ESCAPED.sub("x", pattern)
    if found := _BACK_REFERENCE.search(plain):
        return f"back-references such as {found[0]} are not supported"
    if found := _NOT_RE2.search(plain):
        return f"invalid or unsupported Perl syntax: {found[0]}"
    for bounds in _REPETITION.findall(plain):
        if any(bound and int(bound) > RE2_LONGEST_REPETITION for bound in bounds):
            return f"invalid repeat count: at most {RE2_LONGEST_REPETITION}"
    for syntax, replacement in _RE2_ONLY:
        pattern = syntax.sub(replacement, pattern)
    try:
        re.compile(pattern)
    except re.error as error:
        return f"error parsing regexp: {error}"
    return ""


def percentage(path: str, value: Mapping[str, Any] | None) -> Iterator[FieldProblem]:
    """Istio's Percent: 0 to 100."""
    share = (value or {}).get("value", 0)
    if share > 100:
        yield invalid(f"{path}.value", share, "must have a max value of 100")
    if share < 0:
        yield invalid(f"{path}.value", share, "must have a min value of 0")


def duration(path: str, text: str) -> Iterator[FieldProblem]:
    """At least a millisecond, in Go's form (istio/istio pkg/config/validation/agent)."""
    length = milliseconds(text)
    if length is None:
        yield invalid(path, text, "no duration: write it like 1.5s, 250ms or 1m")
    elif length < 1:
        yield invalid(path, text, "duration must be greater than 1ms")
