"""Draws the tutorial's diagrams into docs/images: boxes and arrows, legible in light and dark.

Usage: .venv/bin/python tools/draw_diagrams.py
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
HEIGHT, WIDTH = 44, 128
STYLE = """\
.box { fill: #fff; stroke: #5b6270; stroke-width: 1.5 }
.proxy { fill: #e6edf8; stroke: #2f5fb3 }
.off { stroke-dasharray: 5 4; fill: none }
text { font: 14px system-ui, sans-serif; fill: #1d2026; text-anchor: middle }
.note { font-size: 12.5px; fill: #5b6270 }
.on { stroke: #2f5fb3; fill: none; stroke-width: 2 }
.no { stroke: #b3261e; fill: none; stroke-width: 2; stroke-dasharray: 5 4 }
.tip { fill: #2f5fb3 } .nope { fill: #b3261e }
.mesh { fill: none; stroke: #5b6270; stroke-dasharray: 2 4 }
@media (prefers-color-scheme: dark) {
  .box { fill: #1c1f25; stroke: #a3a9b5 } .proxy { fill: #1d2a40; stroke: #7ba6ee }
  text { fill: #e8e6e1 } .note { fill: #a3a9b5 }
  .on { stroke: #7ba6ee } .tip { fill: #7ba6ee } .no { stroke: #ff8f85 } .nope { fill: #ff8f85 }
  .off { fill: none }
}"""


@dataclass(frozen=True)
class Box:
    """A labelled box; ``kind`` is a class of the style: box, proxy or off."""

    x: int
    y: int
    label: str
    kind: str = "box"
    note: str = ""

    def drawn(self) -> str:
        """As SVG."""
        kinds = "box" if self.kind == "box" else f"box {self.kind}"
        middle = self.x + WIDTH // 2
        place = f'x="{self.x}" y="{self.y}" width="{WIDTH}" height="{HEIGHT}"'
        lines = [f'<rect class="{kinds}" {place} rx="8"/>']
        if self.note:
            lines.append(f'<text x="{middle}" y="{self.y + 19}">{escape(self.label)}</text>')
            lines.append(
                f'<text class="note" x="{middle}" y="{self.y + 36}">{escape(self.note)}</text>'
            )
        else:
            lines.append(f'<text x="{middle}" y="{self.y + 27}">{escape(self.label)}</text>')
        return "\n".join(lines)


@dataclass(frozen=True)
class Arrow:
    """From one box's right edge to another's left edge, with a word on it."""

    start: Box
    end: Box
    word: str = ""
    is_blocked: bool = False

    def drawn(self) -> str:
        """As SVG."""
        x1, y1 = self.start.x + WIDTH, self.start.y + HEIGHT // 2
        x2, y2 = self.end.x, self.end.y + HEIGHT // 2
        middle = (x1 + x2) // 2
        line, tip = ("no", "nope") if self.is_blocked else ("on", "tip")
        curve = f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2 - 7} {y2}"
        lines = [
            f'<path class="{line}" d="{curve}"/>',
            f'<path class="{tip}" d="M{x2} {y2} l-9 -5 v10 z"/>',
        ]
        if self.word:
            above = (y1 + y2) // 2 - (10 if y1 == y2 else (16 if y2 < y1 else -24))
            lines.append(f'<text class="note" x="{middle}" y="{above}">{escape(self.word)}</text>')
        return "\n".join(lines)


def picture(title: str, width: int, height: int, *parts: Box | Arrow | str) -> str:
    """A whole SVG document."""
    body = "\n".join(part if isinstance(part, str) else part.drawn() for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'role="img" aria-label="{escape(title)}">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def mesh(x: int, y: int, width: int, height: int) -> str:
    """The dotted line around what is in the mesh."""
    return (
        f'<rect class="mesh" x="{x}" y="{y}" width="{width}" height="{height}" rx="12"/>'
        f'<text class="note" x="{x + 28}" y="{y + 18}">mesh</text>'
    )


def diagrams() -> dict[str, str]:
    """Every diagram by its file's name."""
    client, gateway = Box(4, 88, "client"), Box(192, 88, "gateway", "proxy", "Envoy")
    webapp = Box(400, 88, "webapp", "proxy", "app + Envoy")
    catalog1 = Box(616, 20, "catalog v1", "proxy", "app + Envoy")
    catalog2 = Box(616, 88, "catalog v2", "proxy", "adds imageUrl")
    forum = Box(616, 156, "forum", "proxy", "app + Envoy")
    outside = Box(832, 156, "outside", note="jsonplaceholder")
    shop = picture(
        "The shop: gateway, webapp, two catalogs, forum, and a service outside", 968, 220,
        mesh(180, 6, 580, 208), client, gateway, webapp, catalog1, catalog2, forum, outside,
        Arrow(client, gateway), Arrow(gateway, webapp), Arrow(webapp, catalog1),
        Arrow(webapp, catalog2), Arrow(webapp, forum), Arrow(forum, outside),
    )  # fmt: skip
    everyone, few = Box(4, 20, "everybody"), Box(4, 104, "a chosen few")
    rules = Box(216, 62, "routing rules", "proxy", "VirtualService")
    v1, v2 = Box(440, 20, "v1", "box", "deployed, released"), Box(440, 104, "v2", "box", "deployed")
    canary = picture(
        "Both versions run; routing decides who meets which", 580, 170,
        everyone, few, rules, v1, v2,
        Arrow(everyone, rules), Arrow(few, rules), Arrow(rules, v1), Arrow(rules, v2),
    )  # fmt: skip
    client, edge = Box(4, 62, "client"), Box(216, 62, "gateway", "proxy", "Envoy")
    v1, v2 = Box(440, 20, "catalog v1"), Box(440, 104, "catalog v2")
    at_gateway = picture(
        "The gateway's proxy spreads requests over both versions", 580, 170,
        client, edge, v1, v2, Arrow(client, edge), Arrow(edge, v1), Arrow(edge, v2),
    )  # fmt: skip
    app, sidecar = Box(4, 62, "webapp"), Box(216, 62, "its sidecar", "proxy", "holds the rule")
    in_mesh = picture(
        "webapp's sidecar decides where its calls to catalog go", 580, 170,
        app, sidecar, v1, v2, Arrow(app, sidecar), Arrow(sidecar, v1),
        Arrow(sidecar, v2, is_blocked=True),
    )  # fmt: skip
    forum, proxy = Box(4, 62, "forum"), Box(216, 62, "its sidecar", "proxy", "REGISTRY_ONLY")
    known = Box(440, 20, "jsonplaceholder", "box", "has a ServiceEntry")
    other = Box(440, 104, "any other host", "off", "502")
    egress = picture(
        "REGISTRY_ONLY: the sidecar lets out only what is in the registry", 580, 170,
        forum, proxy, known, other, Arrow(forum, proxy), Arrow(proxy, known),
        Arrow(proxy, other, is_blocked=True),
    )  # fmt: skip
    return {
        "shop.svg": shop, "canary.svg": canary, "gateway.svg": at_gateway,
        "mesh.svg": in_mesh, "egress.svg": egress,
    }  # fmt: skip


def main() -> int:
    """Write them all."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, text in diagrams().items():
        (IMAGES / name).write_text(text, encoding="utf-8")
        print(IMAGES / name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
