"""Conditions of a rule as Envoy's route match.

Source: istio/istio pilot/pkg/networking/core/route/route.go, TranslateRouteMatch.
"""

from __future__ import annotations

from envoy.config.route.v3 import route_components_pb2
from envoy.type.matcher.v3 import regex_pb2, string_pb2
from google.protobuf import wrappers_pb2

from harness.local.pilot.model import Match, MatchKind, StringMatch

RouteMatch = route_components_pb2.RouteMatch


def route_match(match: Match | None) -> route_components_pb2.RouteMatch:
    """Envoy's match; None matches every request."""
    if match is None:
        return RouteMatch(prefix="/")
    out = RouteMatch(case_sensitive=wrappers_pb2.BoolValue(value=not match.ignore_uri_case))
    _set_path(out, match.uri)
    by_name = [_header(name, value) for name, value in match.headers]
    by_name += [_without_header(name, value) for name, value in match.without_headers]
    out.headers.extend(sorted(by_name, key=lambda header: header.name))
    for pseudo, condition in (
        (":method", match.method),
        (":authority", match.authority),
        (":scheme", match.scheme),
    ):
        if condition is not None:
            out.headers.append(_header(pseudo, condition))
    out.query_parameters.extend(_query_parameter(name, value) for name, value in match.query_params)
    return out


def is_catch_all(route: route_components_pb2.Route) -> bool:
    """Prefix ``/`` or regex ``.*`` with no further condition, as Istio defines it."""
    match = route.match
    path = match.WhichOneof("path_specifier")
    everything = (path == "prefix" and match.prefix == "/") or (
        path == "safe_regex" and match.safe_regex.regex == ".*"
    )
    return everything and not match.headers and not match.query_parameters


def _set_path(out: route_components_pb2.RouteMatch, uri: StringMatch | None) -> None:
    if uri is None or uri.kind is MatchKind.PRESENT:
        out.prefix = "/"
    elif uri.kind is MatchKind.EXACT:
        out.path = uri.value
    elif uri.kind is MatchKind.PREFIX:
        out.prefix = uri.value
    else:
        out.safe_regex.regex = uri.value


def _header(name: str, match: StringMatch) -> route_components_pb2.HeaderMatcher:
    matcher = route_components_pb2.HeaderMatcher(name=name)
    if match.kind is MatchKind.PRESENT:
        matcher.present_match = True
    else:
        matcher.string_match.CopyFrom(_string(match))
    return matcher


def _without_header(name: str, match: StringMatch) -> route_components_pb2.HeaderMatcher:
    matcher = _header(name, match)
    matcher.invert_match = True
    # Envoy refuses this together with present_match.
    matcher.treat_missing_header_as_empty = match.kind is not MatchKind.PRESENT
    return matcher


def _query_parameter(name: str, match: StringMatch) -> route_components_pb2.QueryParameterMatcher:
    matcher = route_components_pb2.QueryParameterMatcher(name=name)
    if match.kind is MatchKind.PRESENT:
        matcher.present_match = True
    else:
        matcher.string_match.CopyFrom(_string(match))
    return matcher


def _string(match: StringMatch) -> string_pb2.StringMatcher:
    if match.kind is MatchKind.EXACT:
        return string_pb2.StringMatcher(exact=match.value)
    if match.kind is MatchKind.PREFIX:
        return string_pb2.StringMatcher(prefix=match.value)
    return string_pb2.StringMatcher(safe_regex=regex_pb2.RegexMatcher(regex=match.value))
