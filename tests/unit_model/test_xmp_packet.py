"""Keywords in XMP packets: valid RDF/XML, read by other programs, and every other byte kept."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.xmp_packet import XmpError, add_keywords, clean_keyword, keywords_of, new_packet

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"

DIGIKAM = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<!-- of another program -->
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="{DC}"
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmp:Rating="4" digiKam:note="line one&#xA;line two">
   <dc:subject>
    <rdf:Bag>
     <rdf:li>My grandmother</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">A &lt;title&gt; &amp; more</rdf:li></rdf:Alt></dc:title>
   <digiKam:TagsList>
    <rdf:Seq>
     <rdf:li>People/My grandmother</rdf:li>
    </rdf:Seq>
   </digiKam:TagsList>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def wrapped(inside: str, about: str = "", prefix: str = "r") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><{prefix}:RDF xmlns:{prefix}="{RDF}">'
        f'<{prefix}:Description {prefix}:about="{about}" xmlns:dc="{DC}">{inside}</{prefix}:Description>'
        f"</{prefix}:RDF></x:xmpmeta>"
    ).encode()


def subjects(data: bytes) -> list[str]:
    """Return dc:subject as another library reads it."""
    root = ElementTree.fromstring(data)
    return [li.text or "" for li in root.iterfind(f".//{{{DC}}}subject/*/{{{RDF}}}li")]


def test_a_new_packet() -> None:
    data = new_packet(["tabby cat"])
    assert data.startswith(b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert data.rstrip().endswith(b'<?xpacket end="w"?>')
    assert subjects(data) == ["tabby cat"]
    assert keywords_of(data) == {
        "dc:subject": ["tabby cat"],
        "lr:hierarchicalSubject": ["Photospotter|tabby cat"],
        "digiKam:TagsList": ["Photospotter/tabby cat"],
    }
    root = ElementTree.fromstring(data)
    kinds = {element[0].tag for element in root.iterfind(f".//{{{RDF}}}Description/*")}
    assert kinds == {f"{{{RDF}}}Bag", f"{{{RDF}}}Seq"}


def test_everything_else_keeps_its_bytes() -> None:
    merged = add_keywords(DIGIKAM, ["tabby cat"])
    assert keywords_of(merged) == {
        "dc:subject": ["My grandmother", "tabby cat"],
        "lr:hierarchicalSubject": ["Photospotter|tabby cat"],
        "digiKam:TagsList": ["People/My grandmother", "Photospotter/tabby cat"],
    }
    rest = iter(merged)
    assert all(byte in rest for byte in DIGIKAM), "the old bytes are all there, in their order"
    for part in (b"<!-- of another program -->", b"line one&#xA;line two", b"A &lt;title&gt; &amp; more"):
        assert part in merged


def test_a_keyword_that_is_there_changes_nothing() -> None:
    once = add_keywords(DIGIKAM, ["tabby cat"])
    assert add_keywords(once, ["tabby cat"]) is once
    twice = add_keywords(once, ["dog", "tabby cat", "dog"])
    assert subjects(twice) == ["My grandmother", "tabby cat", "dog"]


@pytest.mark.parametrize(
    ("inside", "before"),
    [
        ("<dc:subject><r:Bag><r:li>a</r:li></r:Bag></dc:subject>", ["a"]),
        ("<dc:subject><r:Bag/></dc:subject>", []),
        ("<dc:subject><r:Bag></r:Bag></dc:subject>", []),
        ("<dc:subject><r:Seq><r:li/><r:li>a</r:li></r:Seq></dc:subject>", ["", "a"]),
        ("<dc:subject/>", []),
        ("<dc:subject a='/>' />", []),
        ("<dc:subject></dc:subject>", []),
        ("", []),
        ("<dc:title><r:Alt><r:li>dc:subject</r:li></r:Alt></dc:title>", []),
    ],
)
def test_odd_shapes(inside: str, before: list[str]) -> None:
    data = wrapped(inside, "uuid:1&amp;2")
    merged = add_keywords(data, ["x<y"])
    assert subjects(merged) == [*before, "x<y"]
    root = ElementTree.fromstring(merged)
    abouts = {element.get(f"{{{RDF}}}about") for element in root.iter(f"{{{RDF}}}Description")}
    assert abouts == {"uuid:1&2"}, "all descriptions of a packet are about the same thing"


def test_an_empty_packet() -> None:
    empty = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"/></x:xmpmeta>'.encode()
    assert subjects(add_keywords(empty, ["a"])) == ["a"]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("", "utf-8"), ("", "utf-8-sig"), ("iso-8859-1", "iso-8859-1"), ("UTF-8", "utf-8"), ("utf-16", "utf-16")],
)
def test_encodings(declared: str, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = head + wrapped("<dc:subject><r:Bag><r:li>Gro\u00dfmutter</r:li></r:Bag></dc:subject>").decode()
    merged = add_keywords(text.encode(encoding), ["\u96e8"])
    assert subjects(merged) == ["Gro\u00dfmutter", "\u96e8"]
    assert add_keywords(merged, ["\u96e8"]) == merged


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no element"),
        (b"not xml", "syntax error"),
        (b"<a/>", "no rdf:RDF"),
        (DIGIKAM[:-40], "no element|unclosed|not well-formed"),
        (DIGIKAM.replace(b"<x:xmpmeta", b"<!DOCTYPE a [<!ENTITY b 'c'>]><x:xmpmeta"), "document type"),
        (b"\xff\xfe<", "not well-formed|no element|unclosed"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "unknown encoding"),
    ],
)
def test_what_is_no_xmp_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(XmpError, match=why):
        add_keywords(data, ["a"])


def test_entities_that_grow_are_never_expanded() -> None:
    levels = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 20))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "x">{levels}]><x>&e19;</x>'.encode()
    with pytest.raises(XmpError, match="document type"):
        add_keywords(bomb, ["a"])


def test_levels_cannot_be_made_by_a_label() -> None:
    assert keywords_of(new_packet(["a/b|c"])) == {
        "dc:subject": ["a/b|c"],
        "lr:hierarchicalSubject": ["Photospotter|a/b-c"],
        "digiKam:TagsList": ["Photospotter/a-b|c"],
    }


@given(st.lists(st.text()))
def test_every_label_makes_a_valid_packet(labels: list[str]) -> None:
    wanted = list(dict.fromkeys(clean for label in labels if (clean := clean_keyword(label))))
    assert subjects(add_keywords(new_packet([]), labels)) == wanted
    assert subjects(add_keywords(DIGIKAM, labels)) == list(dict.fromkeys(["My grandmother", *wanted]))
