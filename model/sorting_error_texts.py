"""What can be wrong when pictures are sorted into folders, get side-cars, or when that is undone."""

from model.error_text import QT_TRANSLATE_NOOP, ErrorText

SORTING_ERROR_TEXTS: dict[str, ErrorText] = {
    # --- the request (SortError) ---
    "sort-target-missing": ErrorText(
        QT_TRANSLATE_NOOP("errors", "It is not said into which folder the pictures are to go."),
        QT_TRANSLATE_NOOP("errors", "Choose a folder (on the command line: --into OUT)."),
    ),
    "sort-target-needless": ErrorText(
        QT_TRANSLATE_NOOP("errors", "XMP side-cars lie beside their pictures, not in “{folder}”."),
        QT_TRANSLATE_NOOP("errors", "Leave out --into, or copy or move the pictures."),
    ),
    "sort-target-not-folder": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{folder}” is a file, so no pictures can be sorted into it."),
        QT_TRANSLATE_NOOP("errors", "Choose a folder, or the name of one that is to be made."),
    ),
    "sort-target-unusable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The folder “{folder}” cannot be used: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Choose another folder, or check that you may write there."),
    ),
    "sort-no-room": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The pictures need {needed} MB in “{folder}”, and {free} MB are free there."),
        QT_TRANSLATE_NOOP("errors", "Free some space, choose another drive, or move instead of copying."),
    ),
    "sort-journal-failed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The journal in “{folder}”, by which sorting can be undone, failed: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Free some space there. Nothing more is done without it; what was done stays."),
    ),
    # --- one picture (SortFailure) ---
    "sort-file-gone": ErrorText(QT_TRANSLATE_NOOP("errors", "“{name}” is no longer there."), ""),
    "sort-file-failed": ErrorText(QT_TRANSLATE_NOOP("errors", "“{name}” stays where it is: {reason}."), ""),
    "sort-file-is-link": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” is a link to a picture elsewhere, which is not moved."),
        QT_TRANSLATE_NOOP("errors", "Copy instead, or sort the folder that it leads to."),
    ),
    "sort-copy-differs": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The copy of “{name}” is not the same as the picture; it was removed again."),
        QT_TRANSLATE_NOOP("errors", "The picture is where it was. Check the drive that it was to go to."),
    ),
    "sort-file-changed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” was changed while it was being moved; it stays where it is."), ""
    ),
    "sort-no-free-name": ErrorText(
        QT_TRANSLATE_NOOP("errors", "No name is free for “{name}” in “{folder}”; it stays where it is."), ""
    ),
    "sort-sidecar-stays": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The side-car “{name}” did not go with its picture: {reason}."), ""
    ),
    "sort-disk-full": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no room left in “{folder}”."),
        QT_TRANSLATE_NOOP("errors", "The other pictures are where they were. Free some space and sort again."),
    ),
    "sort-sidecar-unreadable": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "The side-car “{name}” is no XMP that can be added to: {reason}. It stays as it is."
        ),
        "",
    ),
    "sort-sidecar-busy": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The side-car “{name}” is being changed by another program; it stays as it is."),
        QT_TRANSLATE_NOOP("errors", "Close that program and try again."),
    ),
    # --- undo (SortError, SortFailure) ---
    "sort-no-runs": ErrorText(QT_TRANSLATE_NOOP("errors", "There is no sorting to undo."), ""),
    "sort-run-unknown": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no sorting called “{run}”, or it was undone already."),
        QT_TRANSLATE_NOOP("errors", "“photospotter-cli sort --runs” lists those that can be undone."),
    ),
    "sort-run-busy": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Another window or command is still working on the sorting “{run}”."),
        QT_TRANSLATE_NOOP("errors", "Wait for its end, or stop it there."),
    ),
    "sort-undo-edited": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” was changed since it was made; it is kept."), ""
    ),
    "sort-undo-only-one": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” is kept: the picture that it was copied from is no longer there."), ""
    ),
    "sort-undo-gone": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” is no longer there, so it cannot be moved back."), ""
    ),
    "sort-undo-taken": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” is kept where it is: another file has taken its place at {place}."), ""
    ),
    "sort-undo-failed": ErrorText(QT_TRANSLATE_NOOP("errors", "“{name}” could not be taken back: {reason}."), ""),
}
