"""What the catalog sells: the items, how a new one is checked, and how they are written."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from typing import Final

IMAGE_URL: Final = "http://lorempixel.com/640/480"
"""The picture v2 stamps on every item. The host is gone; the value is what readers know."""

_PRICE: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_LONGEST_TEXT: Final = 200


class InvalidItem(ValueError):
    """A new item is not acceptable; the message names the field and what it should be."""


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item that has no id yet. ``price`` is a decimal number as text."""

    color: str
    department: str
    name: str
    price: str

    @classmethod
    def parse(cls, body: object) -> NewItem:
        """Check decoded JSON. Raises InvalidItem with the first fault found."""
        if not isinstance(body, dict):
            raise InvalidItem("the body must be a JSON object")
        fields = cls.__slots__
        for key in body:
            if key == "id":
                raise InvalidItem("id must not be sent: the catalog assigns it")
            if key not in fields:
                raise InvalidItem(f"{key} is not a field of an item: {', '.join(fields)}")
        for field in fields:
            value = body.get(field)
            if (
                not isinstance(value, str)
                or not 0 < len(value) <= _LONGEST_TEXT
                or not value.isprintable()
            ):
                raise InvalidItem(
                    f"{field} must be a text of 1 to {_LONGEST_TEXT} printable characters"
                )
        item = cls(**body)
        if not _PRICE.fullmatch(item.price):
            raise InvalidItem(
                'price must be a decimal number written as a text, such as "282.00", '
                f"not {json.dumps(item.price)}"
            )
        return item


@dataclass(frozen=True, slots=True)
class Item:
    """An item with its id and, in v2, its picture."""

    id: int
    new: NewItem
    image_url: str | None

    def as_json_object(self) -> dict[str, int | str]:
        """Keys in the order clients see them; ``imageUrl`` last and only if there is one."""
        fields: dict[str, int | str] = {
            "id": self.id,
            "color": self.new.color,
            "department": self.new.department,
            "name": self.new.name,
            "price": self.new.price,
        }
        if self.image_url is not None:
            fields["imageUrl"] = self.image_url
        return fields


ASSORTMENT: Final = (
    NewItem("amber", "Eyewear", "Elinor Glasses", "282.00"),
    NewItem("cyan", "Clothing", "Atlas Shirt", "127.00"),
    NewItem("teal", "Clothing", "Small Metal Shoes", "232.00"),
    NewItem("red", "Watches", "Red Dragon Watch", "232.00"),
)
"""What every catalog starts with, as ids 1 to 4."""


def to_json(value: object) -> bytes:
    """JSON as the catalog writes it: indented by two, no newline at the end, UTF-8."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


class Shelf:
    """The items of one process, safe to use from several threads.

    The listing is rendered when the items change, not when it is read: it is what nearly every
    request asks for.
    """

    def __init__(self, image_url: str | None) -> None:
        self._image_url = image_url
        self._lock = threading.Lock()
        self._items: dict[int, Item] = {}
        self._listing = to_json([])
        for new in ASSORTMENT:
            self.add(new)

    @property
    def listing(self) -> bytes:
        """All items as a JSON array."""
        return self._listing

    def find(self, item_id: str) -> Item | None:
        """The item whose id is written like this in a path, or None."""
        return self._items.get(int(item_id)) if re.fullmatch("[1-9][0-9]{0,17}", item_id) else None

    def add(self, new: NewItem) -> Item:
        """Give the item the next id and put it on the shelf."""
        with self._lock:
            item = Item(len(self._items) + 1, new, self._image_url)
            self._items[item.id] = item
            self._listing = to_json([each.as_json_object() for each in self._items.values()])
        return item
