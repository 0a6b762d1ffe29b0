"""HTML written piece by piece; whatever is not already HTML is escaped, so that forgetting it is not possible."""

import html
from collections.abc import Collection, Iterable, Sequence

from model.names import display_name

_VOID = {"img", "meta"}  # elements without an end tag, as far as they are used here


class Html(str):
    """Text that is HTML already: made by `element` and `join`, or written out in the program."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """Return an element. Children that are no Html are escaped; a child that is None is left out.

    Attributes are escaped, and those that are None left out; `class_` is `class`, and `_` inside a name is `-`.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[object]) -> Html:
    """Return the children one after another, escaped unless they are Html; None is left out."""
    return Html(
        "".join(child if isinstance(child, Html) else _escaped(child) for child in children if child is not None)
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers: Collection[int] = ()) -> Html:
    """Return a table whose columns `numbers` are set to the right; the first cell of a row names it."""

    def cell(place: int, content: object) -> Html:
        kind = "n" if place in numbers else None
        return element("th", content, scope="row") if place == 0 else element("td", content, class_=kind)

    titles = [
        element("th", title, scope="col", class_="n" if place in numbers else None) for place, title in enumerate(head)
    ]
    body = [element("tr", *(cell(place, content) for place, content in enumerate(row))) for row in rows]
    content = element("table", element("thead", element("tr", *titles)), element("tbody", *body), class_="list")
    return element("div", content, class_="scroll")


def _escaped(value: object) -> str:
    # Quotes too, since the same serves attributes; names with bytes that are not UTF-8 become readable.
    return html.escape(display_name(str(value)), quote=True)
