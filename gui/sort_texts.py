"""What the sort dialog says, in the user's language."""

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, Qt

from gui.percent import counted, format_size
from model.names import shown_name
from model.sorting_types import SortAction, SortDone, SortPlan, SortRun, UndoDone


def button_text(plan: SortPlan) -> str:
    """Return what the button says that carries the plan out."""
    count = len(plan.files)
    translate = QCoreApplication.translate
    if plan.request.action == "copy":
        one, many = translate("SortTexts", "&Copy 1 picture"), translate("SortTexts", "&Copy {count} pictures")
    elif plan.request.action == "move":
        one, many = translate("SortTexts", "&Move 1 picture"), translate("SortTexts", "&Move {count} pictures")
    else:
        one = translate("SortTexts", "&Write keywords of 1 picture")
        many = translate("SortTexts", "&Write keywords of {count} pictures")
    return counted(count, one, many)


def left_text(plan: SortPlan, pending: int) -> str:
    """Return what stays where it is and why; `pending` pictures have no result yet. Empty where nothing stays."""
    translate = QCoreApplication.translate
    parts = (
        (
            plan.unsure_left,
            translate("SortTexts", "1 unsure picture stays."),
            translate("SortTexts", "{count} unsure pictures stay."),
        ),
        (
            plan.in_place,
            translate("SortTexts", "1 lies in its folder already."),
            translate("SortTexts", "{count} lie in their folder already."),
        ),
        (
            plan.already_there,
            translate("SortTexts", "1 was copied there before."),
            translate("SortTexts", "{count} were copied there before."),
        ),
        (
            plan.errors,
            translate("SortTexts", "1 could not be read and stays."),
            translate("SortTexts", "{count} could not be read and stay."),
        ),
        (
            pending,
            translate("SortTexts", "1 still waits for its label and stays."),
            translate("SortTexts", "{count} still wait for their labels and stay."),
        ),
    )
    return " ".join(counted(count, one, many) for count, one, many in parts if count)


def room_text(plan: SortPlan) -> str:
    """Return how much room the copies need, and whether it is there; empty where they need none."""
    if not plan.bytes_needed or plan.bytes_free is None:
        return ""
    translate = QCoreApplication.translate
    if plan.has_room:
        text = translate("SortTexts", "Needs {needed}; {free} are free.")
    else:
        text = translate("SortTexts", "Needs {needed}, and only {free} are free there.")
    return text.format(needed=format_size(plan.bytes_needed), free=format_size(plan.bytes_free))


def renumbered_text(count: int) -> str:
    """Return that so many get a number in their names."""
    one = QCoreApplication.translate("SortTexts", "1 renamed: name taken")
    many = QCoreApplication.translate("SortTexts", "{count} renamed: names taken")
    return counted(count, one, many)


def done_text(done: SortDone) -> str:
    """Return what a run has done."""
    text = _action_text(done.action, done.done).format(folder=_folder(done))
    translate = QCoreApplication.translate
    if done.failed:
        one = translate("SortTexts", "1 picture stays where it was.")
        many = translate("SortTexts", "{count} pictures stay where they were.")
        text += " " + counted(done.failed, one, many)
    if done.left:
        one = translate("SortTexts", "Stopped; 1 picture was not come to.")
        many = translate("SortTexts", "Stopped; {count} pictures were not come to.")
        text += " " + counted(done.left, one, many)
    return text


def run_text(run: SortRun) -> str:
    """Return what an earlier run was."""
    when = QDateTime.fromString(run.started, Qt.DateFormat.ISODate).toLocalTime()
    shown = QLocale().toString(when, QLocale.FormatType.ShortFormat) if when.isValid() else run.started
    action = _action_text(run.action, run.total).format(folder=_folder(run))
    return QCoreApplication.translate("SortTexts", "{when}: {action}").format(when=shown, action=action)


def undo_text(done: UndoDone) -> str:
    """Return what an undo has done."""
    translate = QCoreApplication.translate
    if done.run.action == "move":
        one = translate("SortTexts", "1 picture is back where it was.")
        many = translate("SortTexts", "{count} pictures are back where they were.")
    elif done.run.action == "copy":
        one = translate("SortTexts", "1 copy was removed again.")
        many = translate("SortTexts", "{count} copies were removed again.")
    else:
        one = translate("SortTexts", "1 side-car is as it was before.")
        many = translate("SortTexts", "{count} side-cars are as they were before.")
    text = counted(done.undone, one, many)
    if done.kept:
        one = translate("SortTexts", "1 was kept.")
        many = translate("SortTexts", "{count} were kept.")
        text += " " + counted(done.kept, one, many)
    if done.cancelled:
        text += " " + translate("SortTexts", "Stopped; the rest can still be undone.")
    return text


def _action_text(action: SortAction, count: int) -> str:
    translate = QCoreApplication.translate
    if action == "copy":
        one = translate("SortTexts", "1 picture copied into {folder}.")
        many = translate("SortTexts", "{count} pictures copied into {folder}.")
    elif action == "move":
        one = translate("SortTexts", "1 picture moved into {folder}.")
        many = translate("SortTexts", "{count} pictures moved into {folder}.")
    else:
        one = translate("SortTexts", "Keywords written beside 1 picture.")
        many = translate("SortTexts", "Keywords written beside {count} pictures.")
    return one if count == 1 else many.replace("{count}", QLocale().toString(count))


def _folder(run: SortDone | SortRun) -> str:
    return "" if run.target is None else f"\u201c{shown_name(run.target.name or run.target)}\u201d"
