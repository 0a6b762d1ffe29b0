"""Why a picture has no labels: clauses for the row, which shows the file itself."""

from model.error_text import QT_TRANSLATE_NOOP, ErrorText

PICTURE_ERROR_TEXTS: dict[str, ErrorText] = {
    # --- pictures (ImageError) ---
    "image-missing": ErrorText(
        QT_TRANSLATE_NOOP("errors", "the file is not there any more"),
        QT_TRANSLATE_NOOP(
            "errors",
            "It may have been moved, renamed or deleted, or its drive is not connected. Add it again from where it is.",
        ),
    ),
    "image-is-folder": ErrorText(
        QT_TRANSLATE_NOOP("errors", "it is a folder"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Open it as a folder to classify the pictures in it.",
        ),
    ),
    "image-not-a-file": ErrorText(
        QT_TRANSLATE_NOOP("errors", "it is not an ordinary file"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Devices, pipes and sockets are not opened. Add the picture's own file.",
        ),
    ),
    "image-no-permission": ErrorText(
        QT_TRANSLATE_NOOP("errors", "you are not allowed to read the file"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Change the file's permissions, or copy it to a folder of your own.",
        ),
    ),
    "image-io": ErrorText(
        QT_TRANSLATE_NOOP("errors", "the file could not be fetched: {reason}"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Check the drive or the network connection, then classify again.",
        ),
    ),
    "image-empty": ErrorText(
        QT_TRANSLATE_NOOP("errors", "the file is empty"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Copy it again from where it came from.",
        ),
    ),
    "image-unknown": ErrorText(
        QT_TRANSLATE_NOOP("errors", "it is not a picture that can be read here"),
        QT_TRANSLATE_NOOP(
            "errors",
            "If it is a picture, save it as JPEG or PNG with another program and add that file.",
        ),
    ),
    "image-format-unread": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{format} files cannot be read here"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Save or export it as JPEG or PNG with another program and add that file.",
        ),
    ),
    "image-truncated": ErrorText(
        QT_TRANSLATE_NOOP("errors", "the file ends too early"),
        QT_TRANSLATE_NOOP(
            "errors",
            "It was probably copied or downloaded in part. Copy it again from where it came from.",
        ),
    ),
    "image-damaged": ErrorText(
        QT_TRANSLATE_NOOP("errors", "the file is damaged"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Copy it again from where it came from. If another program opens it, save it from there as a new file.",
        ),
    ),
    "image-too-large": ErrorText(
        QT_TRANSLATE_NOOP("errors", "too large: {megapixels} megapixels, the limit is {limit}"),
        QT_TRANSLATE_NOOP(
            "errors",
            "If you trust the file and have the memory, raise the limit for large pictures in the settings.",
        ),
    ),
    "image-file-too-large": ErrorText(
        QT_TRANSLATE_NOOP("errors", "too large: the file has {megabytes} MB, the limit for this format is {limit}"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Save it as JPEG or PNG with another program and add that file.",
        ),
    ),
    "image-memory": ErrorText(
        QT_TRANSLATE_NOOP("errors", "too large: opening it takes {megabytes} MB of memory, the limit is {limit}"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Save it as JPEG or in a smaller size. If you trust the file and have the memory, raise the limit for "
            "large pictures in the settings.",
        ),
    ),
    "image-slow-format": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "too large for its kind of {format}, which is slow to open: it would take some {seconds} s"
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Save it as JPEG or PNG with another program and add that file.",
        ),
    ),
    "image-out-of-memory": ErrorText(
        QT_TRANSLATE_NOOP("errors", "there is not enough memory to open it"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Close other programs and classify again, or make a smaller copy of the picture.",
        ),
    ),
    "image-stalled": ErrorText(
        QT_TRANSLATE_NOOP("errors", "it took longer than {seconds} s to read"),
        QT_TRANSLATE_NOOP(
            "errors",
            "The drive or the network may not answer. Check it, then classify again.",
        ),
    ),
    "image-crashed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "it crashed the decoder twice; skipped"),
        QT_TRANSLATE_NOOP(
            "errors",
            "The file is probably damaged. To try it again, choose Retry Failed (on the command line: --only-errors).",
        ),
    ),
    "image-unexpected": ErrorText(
        QT_TRANSLATE_NOOP("errors", "the program failed on this picture"),
        QT_TRANSLATE_NOOP(
            "errors",
            "This is a fault in Photospotter. Please report it, with the log and if possible the picture.",
        ),
    ),
}
