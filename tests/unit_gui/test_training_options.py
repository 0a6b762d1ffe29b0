"""What the Train dialog asks: names that can be used, networks, and only the questions that matter."""

import pytest
from pytestqt.qtbot import QtBot
from weights_makers import built_in, entry, imported, weight_set

from gui.advanced_options import AdvancedOptions
from gui.training_choices import EPOCHS, EPOCHS_FROM_SCRATCH
from gui.training_options import TrainingOptions

CLASSES = ["class 0", "class 1", "class 2"]


@pytest.fixture
def options(qtbot: QtBot) -> TrainingOptions:
    made = TrainingOptions()
    qtbot.addWidget(made)
    made.show()
    made.set_entries([built_in("imagenet-lite2"), entry(weight_set("own", "My own"))], ["broken-off"])
    return made


@pytest.fixture
def advanced(options: TrainingOptions) -> AdvancedOptions:
    options._more.set_open(True)
    return options._advanced


def choose(options: TrainingOptions, backbone: str) -> None:
    index = options._backbone.findData(backbone)
    assert index >= 0
    options._backbone.setCurrentIndex(index)


def shown(advanced: AdvancedOptions) -> set[str]:
    names = ("epochs", "layers", "size", "measure", "teacher", "seed")
    return {name for name in names if getattr(advanced, f"_{name}").isVisible()}


def test_it_begins_quick_on_the_built_in_network(options: TrainingOptions) -> None:
    choices = options.choices
    assert (choices.backbone, choices.thorough, choices.folds, choices.seed) == ("imagenet-lite2", False, 5, 0)
    assert not options.complete


@pytest.mark.parametrize(
    ("title", "complete", "note"),
    [
        ("", False, "For the list of weights"),
        ("Flowers", True, "Kept as flowers."),
        ("own", False, "There are weights of this name already"),
        ("Broken off", True, "unfinished training has this name"),
    ],
)
def test_names_are_judged_while_they_are_typed(options: TrainingOptions, title: str, complete: bool, note: str) -> None:
    options._title.setText(title)
    assert options.complete is complete
    assert note in options.note
    assert options._title.accessibleDescription() == options.note


def test_a_name_given_by_hand_is_kept(options: TrainingOptions) -> None:
    options.propose_title("Folder")
    assert options.choices.title == "Folder"
    options._title.setText("Mine")
    options._title.textEdited.emit("Mine")
    options.propose_title("Other folder")
    assert options.choices.title == "Mine"


def test_sets_on_this_computer_come_first_and_networks_from_scratch_after(options: TrainingOptions) -> None:
    box = options._backbone
    assert [box.itemData(row) for row in range(2)] == ["imagenet-lite2", "own"]
    assert box.itemText(3) == "ResNet-18, from scratch"
    assert box.itemData(3) == "torchvision:resnet18"


def test_a_network_from_scratch_cannot_be_trained_quickly(options: TrainingOptions) -> None:
    choose(options, "torchvision:resnet18")
    assert options.choices.thorough
    assert not options._quick.isEnabled()
    assert "many hours" in options._thorough_note.text()
    assert options.choices.epochs == EPOCHS_FROM_SCRATCH
    choose(options, "own")
    assert options._quick.isEnabled()
    assert options.choices.epochs == EPOCHS


def test_the_choice_of_network_outlives_a_new_set(options: TrainingOptions) -> None:
    choose(options, "own")
    options.set_entries([built_in("imagenet-lite2"), entry(weight_set("more")), entry(weight_set("own", "My own"))])
    assert options.choices.backbone == "own"
    options.set_entries([built_in("imagenet-lite2")])
    assert options.choices.backbone == "imagenet-lite2"


def test_only_what_matters_is_asked(options: TrainingOptions, advanced: AdvancedOptions) -> None:
    assert shown(advanced) == {"measure", "seed"}
    options._thorough.click()
    assert shown(advanced) == {"measure", "epochs", "layers", "size", "seed"}
    choose(options, "torchvision:resnet50")
    assert shown(advanced) == {"measure", "epochs", "size", "seed"}


def test_how_it_is_measured_follows_the_way_until_it_is_chosen(
    options: TrainingOptions, advanced: AdvancedOptions
) -> None:
    assert options.choices.folds == 5
    options._thorough.click()
    assert options.choices.folds == 0
    advanced._measure.setCurrentIndex(advanced._measure.findData(5))
    options._quick.click()
    options._thorough.click()
    assert options.choices.folds == 5


def test_parts_named_by_folders_are_what_measures(options: TrainingOptions, advanced: AdvancedOptions) -> None:
    options.set_pictures(CLASSES, in_parts=True)
    assert options.choices.folds == 0
    assert "measure" not in shown(advanced)
    options.set_pictures(CLASSES, in_parts=False)
    assert options.choices.folds == 5


def test_a_teacher_is_offered_where_one_knows_the_classes(options: TrainingOptions, advanced: AdvancedOptions) -> None:
    options.set_entries([built_in("imagenet-lite2"), imported("wise")])
    options._thorough.click()
    options.set_pictures(["other", "classes"], in_parts=False)
    assert "teacher" not in shown(advanced)
    options.set_pictures(CLASSES, in_parts=False)
    assert "teacher" in shown(advanced)
    advanced._teacher.setCurrentIndex(advanced._teacher.findData("wise"))
    assert options.choices.teacher == "wise"
    options._quick.click()
    assert options.choices.teacher is None


def test_the_answers_are_taken(options: TrainingOptions, advanced: AdvancedOptions) -> None:
    options._thorough.click()
    assert (options.choices.unfreeze, options.choices.size) == ("all", 0)
    advanced._layers.setValue(2)
    advanced._size.setValue(96)
    advanced._epochs.setValue(3)
    advanced._seed.setValue(8)
    choices = options.choices
    assert (choices.unfreeze, choices.size, choices.epochs, choices.seed) == (2, 96, 3, 8)
    choose(options, "torchvision:resnet18")
    assert options.choices.epochs == 3  # it was chosen


def test_every_answer_is_told(qtbot: QtBot, options: TrainingOptions, advanced: AdvancedOptions) -> None:
    options._thorough.click()
    for change in (
        lambda: options._title.setText("x"),
        lambda: choose(options, "own"),
        lambda: options._quick.click(),
        lambda: advanced._seed.setValue(5),
        lambda: advanced._measure.setCurrentIndex(0),
    ):
        with qtbot.waitSignal(options.changed):
            change()
