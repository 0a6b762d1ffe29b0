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
