"""What can be wrong with a training and with the set that it stores."""

from model.error_text import QT_TRANSLATE_NOOP, ErrorText

TRAINING_ERROR_TEXTS: dict[str, ErrorText] = {
    # --- DatasetError, and WeightsError for the set's name and storing ---
    "train-name-taken": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is a weight set called {id} already."),
        QT_TRANSLATE_NOOP("errors", "Choose another name, or replace it with --force."),
    ),
    "train-name-unusable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{id}” cannot be the name of a weight set."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Use a-z, 0-9, “.”, “_” and “-”, beginning with a letter or digit; “imagenet” and “weather” are taken.",
        ),
    ),
    "train-name-shipped": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{id}” comes with Photospotter and cannot be replaced."),
        QT_TRANSLATE_NOOP("errors", "Choose another name."),
    ),
    "train-not-stored": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{id} could not be written to {folder}: {reason}."),
        QT_TRANSLATE_NOOP(
            "errors", "Free some space or choose another folder, and train again: the features are kept."
        ),
    ),
    "train-diverged": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The training ran out of numbers in epoch {epoch}: its loss is no longer finite."),
        QT_TRANSLATE_NOOP("errors", "Train again with a smaller learning rate, a tenth of it for a start."),
    ),
    "train-state-not-saved": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The state of the training could not be written to {folder}: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Free some space and resume: the last epoch that was saved is intact."),
    ),
    "train-resume-differs": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The unfinished training of {name} was begun with something else: {field}."),
        QT_TRANSLATE_NOOP(
            "errors", "Resume it with the settings and pictures of then, or begin anew without resuming."
        ),
    ),
    "train-head-needs-weights": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{backbone} has random values, and a head on such features would know nothing."),
        QT_TRANSLATE_NOOP(
            "errors", "Train the whole network (on the command line: --epochs), or begin from a weight set."
        ),
    ),
    "train-one-fold": ErrorText(
        QT_TRANSLATE_NOOP("errors", "With one fold nothing would be left to learn from."),
        QT_TRANSLATE_NOOP("errors", "Choose 2 folds or more, or none: then parts are held out."),
    ),
    "train-fold-unknown": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no fold {fold}: of {folds} folds the first is fold 0."),
        QT_TRANSLATE_NOOP("errors", "Name folds from 0 to one less than their number."),
    ),
    "train-nothing-to-learn-from": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The parts for validation and for the test leave nothing to learn from."),
        QT_TRANSLATE_NOOP("errors", "Make them smaller: together they must be less than everything."),
    ),
    "train-class-only-copies": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "All training pictures of the class {name} have copies in the folders for validation or test."
        ),
        QT_TRANSLATE_NOOP("errors", "Add other pictures to its training folder: those that judge are not learnt from."),
    ),
    "train-size-unsuited": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{network} does not take pictures of {size} pixels."),
        QT_TRANSLATE_NOOP("errors", "It was made for one size alone: choose {usual}."),
    ),
    "train-backbone-knows": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{backbone} learnt from pictures by which the new weights would be judged."),
        QT_TRANSLATE_NOOP(
            "errors", "Begin from weights that know none of these pictures, or hold out the same parts as it did."
        ),
    ),
    "train-teacher-needs-epochs": ErrorText(
        QT_TRANSLATE_NOOP("errors", "A last layer alone is fitted to the labels; {teacher} can teach it nothing."),
        QT_TRANSLATE_NOOP(
            "errors", "Train the whole network (on the command line: --epochs), or do without the teacher."
        ),
    ),
    "train-teacher-knows": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{teacher} learnt from pictures by which its student would be judged."),
        QT_TRANSLATE_NOOP(
            "errors", "Train the teacher with the same seed and the same parts, or choose another teacher."
        ),
    ),
    "train-teacher-no-fold": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "{teacher} learnt from these pictures, and its network that does not know fold {fold} is not here.",
        ),
        QT_TRANSLATE_NOOP(
            "errors", "Train the teacher with the same pictures, folds and seed first: it keeps its folds."
        ),
    ),
}
