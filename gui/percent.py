"""Numbers as text for the window, in the user's number format."""

from PySide6.QtCore import QCoreApplication, QLocale


def percent_text(probability: float, decimals: int = 0) -> str:
    """Return a probability (0..1) in percent with `decimals` digits, in the user's number format: `57 %`.

    What is not zero never reads as zero (`<1 %`), and what is not certain never reads as certain (`>99 %`).
    """
    percent = 100.0 * probability
    step = 10.0**-decimals
    mark = ""
    if 0.0 < percent < step:
        mark, percent = "<", step
    elif percent < 100.0 and round(percent, decimals) >= 100.0:
        mark, percent = ">", 100.0 - step
    number = QLocale().toString(percent, "f", decimals)
    pattern = QCoreApplication.translate("Percent", "{number}\u00a0%")
    return mark + pattern.format(number=number)


def format_size(size: int) -> str:
    """Return a number of bytes in decimal units, as disks and shops count them: `98 MB`."""
    return QLocale().formattedDataSize(size, 0, QLocale.DataSizeFormat.DataSizeSIFormat)


def counted(count: int, one: str, many: str) -> str:
    """Return the already translated text for `count` things: `one` as it is, or `many` with `{count}` filled in."""
    return one if count == 1 else many.format(count=QLocale().toString(count))
