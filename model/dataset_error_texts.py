"""What can be wrong with the folders of a data set, and what a person should know of it before training."""

from model.error_text import QT_TRANSLATE_NOOP, ErrorText

DATASET_ERROR_TEXTS: dict[str, ErrorText] = {
    "train-no-folder": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no folder {folder}."),
        QT_TRANSLATE_NOOP("errors", "Name a folder that holds one folder of pictures for each class."),
    ),
    "train-few-classes": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{folder} holds {count} folders; a classifier needs at least two classes."),
        QT_TRANSLATE_NOOP("errors", "Put the pictures of each class into a folder of their own."),
    ),
    "train-small-class": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The class {name} has {count} readable pictures; at least 2 are needed."),
        QT_TRANSLATE_NOOP("errors", "Add pictures to it, or remove its folder."),
    ),
    "train-groups-unreadable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The file of copies {file} could not be read."),
        QT_TRANSLATE_NOOP("errors", "Check the file, or leave --groups out: copies are found without it."),
    ),
    "train-groups-unknown": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The file of copies {file} names {name}, which is not among the pictures."),
        QT_TRANSLATE_NOOP("errors", "Names are relative to the training folder."),
    ),
    "train-too-few-for-folds": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There are {count} different pictures, too few for {folds} folds."),
        QT_TRANSLATE_NOOP("errors", "Add pictures, or use fewer folds."),
    ),
    "train-picture-changed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The picture “{name}” was read a moment ago and now cannot be: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Leave the folder as it is while the training runs, and start it again."),
    ),
    # --- folders that cannot be used (DatasetError) ---
    "dataset-no-training-part": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{folder} has folders for validation or test, but none for training."),
        QT_TRANSLATE_NOOP("errors", "Add a folder “train” that holds a folder of pictures for each class."),
    ),
    "dataset-class-not-in-training": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The class {name} is in the folder “{part}” but not in that for training."),
        QT_TRANSLATE_NOOP("errors", "Give the class the same name everywhere, or add it to the training folder."),
    ),
    "train-class-all-copies": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "All pictures of the class {name} are copies of one another, so none would be left to measure it by.",
        ),
        QT_TRANSLATE_NOOP("errors", "Add other pictures to it, or remove its folder."),
    ),
    "train-groups-quotes": ErrorText(
        QT_TRANSLATE_NOOP("errors", "In line {line} of {file} a quotation mark is not closed."),
        QT_TRANSLATE_NOOP("errors", "Put names that hold spaces or apostrophes between double quotation marks."),
    ),
    # --- left out while reading ---
    "dataset-part-unlabelled": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The folder “{part}” has no folders of classes and is left out."),
        QT_TRANSLATE_NOOP("errors", "Sort its pictures into a folder for each class."),
    ),
    # --- warnings before training ---
    "survey-few-pictures": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Fewer than {minimum} pictures to train on: {names}."),
        QT_TRANSLATE_NOOP("errors", "Add pictures there: labels learnt from so few are often wrong."),
    ),
    "survey-uneven": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{largest} has {largest_count} pictures, but {smallest} only {smallest_count}."),
        QT_TRANSLATE_NOOP("errors", "Add pictures to the small classes: they will be recognised less well."),
    ),
    "survey-many-copies": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{copies} of {total} pictures are copies of one another, or nearly so."),
        QT_TRANSLATE_NOOP(
            "errors", "They stay on one side of every split. Different pictures would teach the network more."
        ),
    ),
    "survey-contradicting": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{count} pictures are in several classes at once, “{name}” for one."),
        QT_TRANSLATE_NOOP("errors", "Leave each in the class where it belongs."),
    ),
    "survey-leaking": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Pictures with copies in a part that measures them: {count}, “{name}” first."),
        QT_TRANSLATE_NOOP("errors", "They are left out of the training, so that the figures can be believed."),
    ),
    "survey-bad-files": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Files or folders that cannot be read and are left out: {count}, “{name}” first."),
        QT_TRANSLATE_NOOP("errors", "Replace them if you need them."),
    ),
    "survey-class-without-part": ErrorText(
        QT_TRANSLATE_NOOP("errors", "No pictures in “{part}”: {names}."),
        QT_TRANSLATE_NOOP("errors", "Add some there: without them that part says nothing of these classes."),
    ),
    "survey-class-named-like-part": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The folder “{name}” is taken for a class of that name."),
        QT_TRANSLATE_NOOP(
            "errors",
            "If it is a part of the data set, keep only such folders there, each with a folder for each class.",
        ),
    ),
}
