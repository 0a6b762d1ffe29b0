"""The image formats that the program knows: those it reads, and those it only recognises.

This module knows names and first bytes and opens nothing, so a scan can use it without Pillow. A picture in a format
that is only recognised still gets a row (with an error), because the user would miss it otherwise.
"""

import re
from dataclasses import dataclass
from functools import cache

HEADER_BYTES = 512
"""How many of a file's first bytes `is_image_header` looks at; SVG needs the most, for its XML preamble."""


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """One format: `title` for people, `pillow` its name in Pillow or None where it is not read here.

    `extensions` are in lower case with their dot; `header` is a regular expression for the first bytes, empty where
    they are not telling.
    """

    title: str
    pillow: str | None
    extensions: tuple[str, ...]
    header: bytes = b""


# Read here; all are decoded inside the process by Pillow or libheif. Left out although Pillow reads them: EPS (starts
# Ghostscript), WMF (draws with the system's own code), PSD (its reader had a memory fault in Pillow before 12.1.1,
# CVE-2026-25990), ICNS (icons in an archive), and what no camera or editor writes today.
_READABLE = (
    # Pillow opens MPO, the format of stereo cameras and of some phones, as JPEG; it has no opener of that name.
    ImageFormat("JPEG", "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo"), rb"\xff\xd8\xff"),
    ImageFormat("PNG", "PNG", (".png", ".apng"), rb"\x89PNG\r\n\x1a\n"),
    ImageFormat("WebP", "WEBP", (".webp",), rb"RIFF.{4}WEBP"),
    ImageFormat("GIF", "GIF", (".gif",), rb"GIF8[79]a"),
    ImageFormat("BMP", "BMP", (".bmp",), rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00"),
    ImageFormat("DIB", "DIB", (".dib",)),
    ImageFormat("TIFF", "TIFF", (".tif", ".tiff"), rb"II[*+]\x00|MM\x00[*+]"),
    ImageFormat(
        "HEIF",
        "HEIF",
        (".heic", ".heics", ".heif", ".heifs", ".hif"),
        rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)",
    ),
    ImageFormat("AVIF", "AVIF", (".avif", ".avifs"), rb".{4}ftypavi[fs]"),
    ImageFormat("PPM", "PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"), rb"P[1-6fF](?:\s|#[^\n]*\n)+\d"),
    ImageFormat(
        "JPEG 2000",
        "JPEG2000",
        (".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c"),
        rb"\xff\x4f\xff\x51|\x00\x00\x00\x0cjP  \r\n\x87\n",
    ),
    ImageFormat("ICO", "ICO", (".ico",), rb"\x00\x00\x01\x00[^\x00]\x00.{3}\x00"),
    ImageFormat("PCX", "PCX", (".pcx",), rb"\n[\x00\x02\x03\x05]\x01[\x01\x02\x04\x08]"),
    ImageFormat("SGI", "SGI", (".sgi", ".rgb", ".rgba", ".bw"), rb"\x01\xda[\x00\x01][\x01\x02]\x00[\x01-\x03]"),
    ImageFormat("QOI", "QOI", (".qoi",), rb"qoif"),
    # TGA has no telling first bytes, and Pillow's reader looks at fields that other files have too: asked last.
    ImageFormat("TGA", "TGA", (".tga", ".icb", ".vda", ".vst")),
)

# Recognised and not read. Raw files come before TIFF in the search by header, for several are TIFF inside.
_RECOGNISED = (
    ImageFormat(
        "camera raw",
        None,
        (
            *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".k25", ".kdc", ".mef"),
            *(".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
        ),
        rb"II\*\x00.{4}CR\x02|.{4}ftypcrx |II\x1a\x00\x00\x00HEAPCCDR|"
        rb"FUJIFILMCCD-RAW|IIU\x00|IIR[OS]|MMOR|FOVb|\x00MRM",
    ),
    ImageFormat("Photoshop", None, (".psd", ".psb"), rb"8BPS"),
    ImageFormat("JPEG XL", None, (".jxl",), rb"\xff\x0a|\x00\x00\x00\x0cJXL \r\n\x87\n"),
    ImageFormat("JPEG XR", None, (".jxr", ".wdp", ".hdp"), rb"II\xbc[\x00\x01]"),
    ImageFormat("GIMP", None, (".xcf",), rb"gimp xcf"),
    ImageFormat("Paint.NET", None, (".pdn",), rb"PDN3"),
    ImageFormat("Krita", None, (".kra",)),
    # The group of comments is atomic: otherwise a file full of them would take ages.
    ImageFormat(
        "SVG",
        None,
        (".svg", ".svgz"),
        rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?>(?:<!--.*?-->\s*)*)(?:<!DOCTYPE\s+svg|<svg)\b",
    ),
    ImageFormat("EPS", None, (".eps", ".epsf", ".epsi"), rb"%!PS-Adobe-[0-9.]+ EPSF|\xc5\xd0\xd3\xc6"),
    ImageFormat("Windows metafile", None, (".wmf", ".emf"), rb"\xd7\xcd\xc6\x9a|\x01\x00\x00\x00.{36} EMF"),
    ImageFormat("PICT", None, (".pict", ".pct")),
    ImageFormat("OpenEXR", None, (".exr",), rb"\x76\x2f\x31\x01"),
    ImageFormat("Radiance HDR", None, (".hdr",), rb"#\?(?:RADIANCE|RGBE)\n"),
    ImageFormat("FITS", None, (".fits", ".fit", ".fts"), rb"SIMPLE  ="),
    ImageFormat("ICNS", None, (".icns",), rb"icns"),
    ImageFormat("cursor", None, (".cur",), rb"\x00\x00\x02\x00[^\x00]\x00.{3}\x00"),
    ImageFormat("DDS texture", None, (".dds",), rb"DDS \x7c\x00\x00\x00"),
    ImageFormat("BLP texture", None, (".blp",), rb"BLP[12]"),
    ImageFormat("FLIC animation", None, (".fli", ".flc"), rb".{4}[\x11\x12]\xaf.{8}[\x00\x03]\x00"),
    ImageFormat("PAM", None, (".pam",), rb"P7\n"),
    ImageFormat("Sun raster", None, (".ras",), rb"\x59\xa6\x6a\x95"),
    ImageFormat("X pixmap", None, (".xpm",), rb"/\* XPM \*/"),
    ImageFormat("X bitmap", None, (".xbm",)),
    ImageFormat("BPG", None, (".bpg",), rb"BPG\xfb"),
    ImageFormat("FLIF", None, (".flif",), rb"FLIF"),
)

DECODABLE_FORMATS: tuple[str, ...] = tuple(known.pillow for known in _READABLE if known.pillow)
"""The `formats` argument for `PIL.Image.open`; HEIF needs `pi_heif.register_heif_opener()` first.

TGA comes last: Pillow takes a file for TGA by its fields alone.
"""

READABLE_EXTENSIONS: tuple[str, ...] = tuple(sorted(extension for known in _READABLE for extension in known.extensions))
"""What files that can be read are usually called, in lower case with the dot: for a file chooser."""

_BY_EXTENSION = {extension: known for known in (*_READABLE, *_RECOGNISED) for extension in known.extensions}
_WITH_HEADER = tuple(known for known in (*_RECOGNISED, *_READABLE) if known.header)


def format_by_name(name: str) -> ImageFormat | None:
    """Return the format that a file name's extension stands for, or None; upper and lower case are the same."""
    dot = name.rfind(".")
    return _BY_EXTENSION.get(name[dot:].lower()) if dot >= 0 else None


def format_by_header(first_bytes: bytes) -> ImageFormat | None:
    """Return the format that a file's first bytes (at least HEADER_BYTES, if it has so many) stand for, or None."""
    return next((known for known in _WITH_HEADER if _pattern(known.header).match(first_bytes)), None)


def is_image_name(name: str) -> bool:
    """Return whether a file name's extension names an image format, readable here or not."""
    return format_by_name(name) is not None


def is_image_header(first_bytes: bytes) -> bool:
    """Return whether a file's first bytes name an image format, readable here or not."""
    return _pattern(_any_header()).match(first_bytes) is not None


@cache
def _any_header() -> bytes:
    return b"|".join(b"(?:" + known.header + b")" for known in _WITH_HEADER)


@cache
def _pattern(header: bytes) -> re.Pattern[bytes]:
    return re.compile(header, re.DOTALL)  # 4 ms for all of them: when the first file is looked at, not at the start
