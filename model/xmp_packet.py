"""Keywords in an XMP packet: a new one, or added to one that is there, of which every other byte stays as it is.

What is added is put between the bytes of the packet at places that expat tells, instead of writing the whole anew:
comments, prefixes, order and white space of other programs stay theirs. Sources: the XMP Specification, part 1 (RDF/XML
of a packet) and part 2 (dc:subject); digiKam reads digiKam:TagsList with `/` between levels, Lightroom reads
lr:hierarchicalSubject with `|`.
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from model.names import display_name

ROOT = "Photospotter"
"""The level above all keywords in the hierarchical lists, by which they can be told from a person's own."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_BETWEEN = "\n"  # no name has it
_CONTAINERS = tuple(f"{_RDF}{_BETWEEN}{kind}" for kind in ("Bag", "Seq", "Alt"))
# What XML 1.0 has no way to write.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEW = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Photospotter">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


class XmpError(ValueError):
    """The packet is no XMP that anything can be added to; the text says why."""


@dataclass(frozen=True, slots=True)
class _Property:
    """A list of keywords: its prefix, namespace and name, its kind, and what stands between levels."""

    prefix: str
    namespace: str
    name: str
    kind: str
    level: str = ""

    @property
    def key(self) -> str:
        return f"{self.namespace}{_BETWEEN}{self.name}"

    def entry(self, keyword: str) -> str:
        """Return what the list holds for a keyword."""
        return f"{ROOT}{self.level}{keyword.replace(self.level, '-')}" if self.level else keyword


_PROPERTIES = (
    _Property("dc", "http://purl.org/dc/elements/1.1/", "subject", "Bag"),
    _Property("lr", "http://ns.adobe.com/lightroom/1.0/", "hierarchicalSubject", "Bag", "|"),
    _Property("digiKam", "http://www.digikam.org/ns/1.0/", "TagsList", "Seq", "/"),
)


@dataclass(slots=True)
class _Found:
    """A property in a packet: its entries, and where more can be added (byte offsets of an element's ends)."""

    start: int
    entries: list[str] = field(default_factory=list)
    container: tuple[int, int] | None = None
    end: int = 0


@dataclass(slots=True)
class _Packet:
    """What was found in a packet."""

    encoding: str = "utf-8"
    about: str | None = None
    rdf: tuple[int, int] | None = None
    properties: dict[str, _Found] = field(default_factory=dict)


def clean_keyword(label: str) -> str:
    """Return the label as XML can hold it: valid Unicode, on one line."""
    return " ".join(_NOT_IN_XML.sub("\ufffd", display_name(label)).split())


def new_packet(keywords: Sequence[str]) -> bytes:
    """Return a packet, in UTF-8, with the keywords."""
    return add_keywords(_NEW.encode(), keywords)


def add_keywords(data: bytes, keywords: Sequence[str]) -> bytes:
    """Return the packet with the keywords added that it lacks; the very same bytes where it lacks none.

    A packet in UTF-16 or UTF-32 comes back in UTF-8.

    Raises:
        XmpError: the packet is not well-formed, is no XMP, or has a document type.
    """
    wanted = list(dict.fromkeys(clean for keyword in keywords if (clean := clean_keyword(keyword))))
    found = _read(data)
    if all(_lacking(one, found, wanted) == [] for one in _PROPERTIES):
        return data
    data = _as_bytes_of_ascii_kind(data)
    changed = _spliced(data, _read(data), wanted)
    again = _read(changed)
    if any(_lacking(one, again, wanted) for one in _PROPERTIES):  # never seen; better no keywords than a broken file
        raise XmpError("the keywords could not be added")
    return changed


def keywords_of(data: bytes) -> dict[str, list[str]]:
    """Return the entries of dc:subject, lr:hierarchicalSubject and digiKam:TagsList; raises XmpError."""
    found = _read(data)
    return {
        f"{one.prefix}:{one.name}": found.properties[one.key].entries if one.key in found.properties else []
        for one in _PROPERTIES
    }


def _lacking(one: _Property, found: _Packet, wanted: Sequence[str]) -> list[str]:
    there = found.properties[one.key].entries if one.key in found.properties else []
    return [entry for entry in map(one.entry, wanted) if entry not in there]


def _spliced(data: bytes, found: _Packet, wanted: Sequence[str]) -> bytes:
    """Put what is lacking between the bytes, from the end to the beginning."""
    if found.rdf is None:
        raise XmpError("there is no rdf:RDF in it")
    pieces: list[tuple[int, int, str]] = []  # from, to, text in their place
    missing: list[tuple[_Property, list[str]]] = []
    for one in _PROPERTIES:
        lacking = _lacking(one, found, wanted)
        place = found.properties.get(one.key)
        if lacking and place is None:
            missing.append((one, lacking))
        elif lacking and place is not None and place.container is not None:
            pieces.append(_inside(data, place.container, _items(lacking, _prefix_at(data, place.container[0]))))
        elif lacking and place is not None:
            bag = f'<rdf:{one.kind} xmlns:rdf="{_RDF}">{_items(lacking, "rdf:")}</rdf:{one.kind}>'
            pieces.append(_inside(data, (place.start, place.end), bag))
    if missing:
        pieces.append(_inside(data, found.rdf, _description(missing, found.about or "")))
    for start, end, text in sorted(pieces, reverse=True):
        data = data[:start] + _encoded(text, found.encoding) + data[end:]
    return data


def _description(missing: Sequence[tuple[_Property, list[str]]], about: str) -> str:
    names = "".join(f' xmlns:{one.prefix}="{one.namespace}"' for one, _ in missing)
    lines = [f' <rdf:Description xmlns:rdf="{_RDF}" rdf:about={quoteattr(about)}{names}>']
    for one, entries in missing:
        lines.append(f"   <{one.prefix}:{one.name}>")
        lines.append(f"    <rdf:{one.kind}>{_items(entries, 'rdf:')}</rdf:{one.kind}>")
        lines.append(f"   </{one.prefix}:{one.name}>")
    return "\n".join([*lines, "  </rdf:Description>\n "])


def _items(entries: Sequence[str], prefix: str) -> str:
    return "".join(f"<{prefix}li>{escape(entry)}</{prefix}li>" for entry in entries)


def _inside(data: bytes, element: tuple[int, int], text: str) -> tuple[int, int, str]:
    """Return the piece that puts `text` before the end tag of an element; an empty-element tag is opened for it."""
    start, end = element
    close = _tag_end(data, start)
    if not data[start:close].endswith(b"/>"):
        return end, end, text
    tag = _tag_name(data, start).decode("utf-8", "replace")
    return close - 2, close, f">{text}</{tag}>"


def _prefix_at(data: bytes, start: int) -> str:
    before, colon, _ = _tag_name(data, start).decode("utf-8", "surrogateescape").rpartition(":")
    return before + colon


def _tag_name(data: bytes, start: int) -> bytes:
    match = re.compile(rb"<([^\s/>]+)").match(data, start)
    if match is None:
        raise XmpError("an element of it was not found again")
    return match[1]


def _tag_end(data: bytes, start: int) -> int:
    """Return the offset behind a tag; a `>` between quotes is none."""
    match = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>").match(data, start)
    if match is None:
        raise XmpError("an element of it was not found again")
    return match.end()


def _encoded(text: str, encoding: str) -> bytes:
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        return text.encode("utf-8", "surrogateescape")
    return text.encode("ascii", "xmlcharrefreplace")  # which no encoding that expat knows says in another way


def _as_bytes_of_ascii_kind(data: bytes) -> bytes:
    """Return the packet in UTF-8 where its characters take several bytes each; else as it is."""
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    ):  # fmt: skip
        if data.startswith(mark):
            text = data.decode(name)
            return re.sub(r"^(<\?xml[^>]*?)\s+encoding=(\"[^\"]*\"|'[^']*')", r"\1", text).encode()
    return data


def _read(data: bytes) -> _Packet:
    return _Reader(data).packet


class _Reader:
    """Reads a packet once; raises XmpError."""

    def __init__(self, data: bytes) -> None:
        self.packet = _Packet()
        self._path: list[tuple[str, int]] = []
        self._property: _Found | None = None
        self._text: list[str] | None = None
        parser = expat.ParserCreate(namespace_separator=_BETWEEN)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.XmlDeclHandler = self._declare
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        self._parser = parser
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise XmpError(expat.ErrorString(error.code)) from error
        except (LookupError, ValueError) as error:  # an encoding that Python does not know
            raise XmpError(str(error)) from error
        if self.packet.rdf is None:
            raise XmpError("there is no rdf:RDF in it")

    def _refuse(self, *_parts: object) -> None:
        raise XmpError("it has a document type")  # whose entities could grow without end

    def _declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.packet.encoding = encoding or "utf-8"

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        offset = self._parser.CurrentByteIndex
        above = self._path[-1][0] if self._path else ""
        self._path.append((name, offset))
        if self._property is None:
            if name == f"{_RDF}{_BETWEEN}Description" and above == f"{_RDF}{_BETWEEN}RDF":
                about = attributes.get(f"{_RDF}{_BETWEEN}about", attributes.get("about"))
                if self.packet.about is None and about is not None:
                    self.packet.about = about
            is_property = above == f"{_RDF}{_BETWEEN}Description" and len(self._path) >= 3
            known = any(name == one.key for one in _PROPERTIES)
            if is_property and known and name not in self.packet.properties:
                self._property = self.packet.properties[name] = _Found(offset)
        elif name == f"{_RDF}{_BETWEEN}li" and above in _CONTAINERS:
            self._text = []

    def _end(self, name: str) -> None:
        offset = self._parser.CurrentByteIndex
        _, start = self._path.pop()
        if name == f"{_RDF}{_BETWEEN}RDF":
            self.packet.rdf = (start, offset)
        elif self._property is not None and name == f"{_RDF}{_BETWEEN}li" and self._text is not None:
            self._property.entries.append("".join(self._text))
            self._text = None
        elif self._property is not None and name in _CONTAINERS and self._property.container is None:
            self._property.container = (start, offset)
        elif self._property is not None and start == self._property.start:
            self._property.end = offset
            self._property = None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)
