"""What can be wrong with an evaluation: its folders, its labels file, its reports (DatasetError, UsageError)."""

from model.error_text import QT_TRANSLATE_NOOP, ErrorText

EVALUATION_ERROR_TEXTS: dict[str, ErrorText] = {
    # --- folders that name the classes ---
    "evaluate-no-folder": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no folder {folder}."),
        QT_TRANSLATE_NOOP("errors", "Name a folder that holds one folder of pictures for each class."),
    ),
    "evaluate-no-classes": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{folder} holds no folders, so nothing says which class its pictures are."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Put the pictures of each class into a folder of that name, or give a labels file (on the command line: "
            "--labels).",
        ),
    ),
    "evaluate-folder-unknown": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The folder “{folder}” is none of the classes of {id}: {known}."),
        QT_TRANSLATE_NOOP("errors", "Rename it or move it away, or choose the weights that know this class."),
    ),
    "evaluate-folder-ambiguous": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The folder “{folder}” could be any of these classes of {id}: {classes}."),
        QT_TRANSLATE_NOOP("errors", "Name it by the number of its class, which stands before the name."),
    ),
    "evaluate-no-pictures": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There are no labelled pictures in {folder}."),
        QT_TRANSLATE_NOOP("errors", "Add pictures to the folders of the classes, or choose another folder."),
    ),
    "evaluate-none-readable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "None of the {count} pictures could be read. The first, {name}: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that the folder is the right one, and that its drive is connected."),
    ),
    "evaluate-drive-away": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The drive or network with the pictures does not answer, so nothing was measured."),
        QT_TRANSLATE_NOOP("errors", "Check the connection, and evaluate again."),
    ),
    # --- labels files ---
    "evaluate-labels-unreadable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The labels file {file} could not be read: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check its name and that you may open it."),
    ),
    "evaluate-labels-not-text": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The labels file {file} is not text in UTF-8."),
        QT_TRANSLATE_NOOP("errors", "Save it as CSV in UTF-8."),
    ),
    "evaluate-labels-columns": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The first line of the labels file {file} does not name its columns."),
        QT_TRANSLATE_NOOP(
            "errors",
            "It must name “file” and at least one of “label”, “class_index” and “wnid”, with commas, tabs or "
            "semicolons between them.",
        ),
    ),
    "evaluate-labels-line": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Line {line} of the labels file {file} has too few or too many cells."),
        QT_TRANSLATE_NOOP("errors", "Complete it, or put cells that hold the delimiter in quotes."),
    ),
    "evaluate-label-unknown": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Line {line} of {file}: “{label}” is none of the classes of {id}: {known}."),
        QT_TRANSLATE_NOOP("errors", "Correct the label, or choose the weights that know this class."),
    ),
    "evaluate-label-ambiguous": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "Line {line} of {file}: “{label}” could be any of these classes of {id}: {classes}."
        ),
        QT_TRANSLATE_NOOP("errors", "Add a column “class_index” or “wnid” that says which is meant."),
    ),
    "evaluate-index-unknown": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "Line {line} of {file}: “{label}” is no class number of {id}; they go from 0 to {last}."
        ),
        QT_TRANSLATE_NOOP(
            "errors", "Correct the column “class_index”, or choose the weights that the numbers belong to."
        ),
    ),
    "evaluate-wnid-unknown": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Line {line} of {file}: {id} has no class with the WordNet number “{label}”."),
        QT_TRANSLATE_NOOP(
            "errors", "WordNet numbers name ImageNet's 1,000 classes alone; use “label” or “class_index” for others."
        ),
    ),
    "evaluate-labels-contradict": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "Line {line} of {file} contradicts itself: {wnid} is class {index} of {id}, not {class_index}."
        ),
        QT_TRANSLATE_NOOP(
            "errors", "Check which list of classes the numbers belong to, and correct one of the columns."
        ),
    ),
    "evaluate-labels-twice": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Line {line} of {file} gives “{name}” another label than line {earlier} does."),
        QT_TRANSLATE_NOOP("errors", "Each picture has one right label; take one of the lines out."),
    ),
    # --- reports ---
    "evaluate-targets-collide": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” is named for two things at once."),
        QT_TRANSLATE_NOOP("errors", "Give each report a name of its own, other than that of the labels file."),
    ),
}
