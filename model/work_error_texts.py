"""What can be wrong with folders, exports, devices, the command line and the window."""

from model.error_text import QT_TRANSLATE_NOOP, ErrorText

WORK_ERROR_TEXTS: dict[str, ErrorText] = {
    # --- folders and scans (UsageError, problems of ScanReport) ---
    "scan-folder-unreadable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The folder “{folder}” could not be read: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that you may open it and that its drive is connected, then add it again."),
    ),
    # --- export (ExportError) ---
    "export-target-exists": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” exists already."),
        QT_TRANSLATE_NOOP("errors", "Choose another name, or allow it to be replaced (on the command line: --force)."),
    ),
    "export-target-not-file": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” is not an ordinary file, so the results cannot be written there."),
        QT_TRANSLATE_NOOP("errors", "Choose the name of a file."),
    ),
    "export-target-unusable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” cannot be written: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Choose another name or folder, or close the program that has the file open."),
    ),
    "export-folder-missing": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no folder “{folder}”."),
        QT_TRANSLATE_NOOP("errors", "Create it, or choose another place for the results."),
    ),
    "export-folder-unwritable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Nothing can be written in the folder “{folder}”: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Choose another folder for the results."),
    ),
    "export-disk-full": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no room left for “{name}”."),
        QT_TRANSLATE_NOOP("errors", "Free some space or choose another drive. An older file of that name is intact."),
    ),
    "export-write-failed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” could not be written: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Try again or choose another place. An older file of that name is intact."),
    ),
    "export-replace-failed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” could not be replaced: {reason}. The results are in “{kept}”."),
        QT_TRANSLATE_NOOP("errors", "Close the file in the program that has it open, and rename or export again."),
    ),
    # --- the store of results (Notice, HistoryError) ---
    "store-damaged": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The history of results was damaged. It was set aside as “{file}”."),
        QT_TRANSLATE_NOOP("errors", "A new history has been begun; pictures classified before are classified again."),
    ),
    "store-full": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no room left in “{folder}” for the history of results."),
        QT_TRANSLATE_NOOP("errors", "Free some space. Until then results are held in memory; export them to be safe."),
    ),
    "store-locked": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "Another program keeps the history of results locked, so that new ones are not in it."
        ),
        QT_TRANSLATE_NOOP("errors", "They are held in memory and written when it lets go. Export them to be safe."),
    ),
    "store-newer": ErrorText(
        QT_TRANSLATE_NOOP("errors", "A later version of Photospotter made the history of results."),
        QT_TRANSLATE_NOOP("errors", "It is left alone: this version neither reads it nor adds to it."),
    ),
    "store-fails": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Results are not kept for later, because the history cannot be used: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that the data folder can be written. Export the results to be safe."),
    ),
    "history-unusable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The history of results could not be changed: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Close other windows of Photospotter and try again."),
    ),
    "export-too-many-rows": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{name}” cannot hold {rows} pictures: an Excel sheet has room for {most}."),
        QT_TRANSLATE_NOOP("errors", "Save as CSV, which has no limit, or save fewer pictures."),
    ),
    "export-needs-xlsxwriter": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Excel workbooks need the package XlsxWriter, which is not installed."),
        QT_TRANSLATE_NOOP(
            "errors", "Install it: python -m pip install XlsxWriter (the program's extra “xlsx”). Or save as CSV."
        ),
    ),
    # --- devices and classification (DeviceError, WeightsError) ---
    "device-unknown": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no device called {device}."),
        QT_TRANSLATE_NOOP("errors", "Choose auto, cpu, cuda or mps."),
    ),
    "device-absent": ErrorText(
        QT_TRANSLATE_NOOP("errors", "This computer has no {device} device that PyTorch can use."),
        QT_TRANSLATE_NOOP("errors", "Choose auto or cpu. If there is a GPU, install the PyTorch build made for it."),
    ),
    "device-fails": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The {device} device is there but PyTorch cannot run on it."),
        QT_TRANSLATE_NOOP("errors", "Choose cpu, or install a PyTorch build that supports this GPU."),
    ),
    "device-full": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{device} has too little free memory for even one picture."),
        QT_TRANSLATE_NOOP("errors", "Close other programs, or choose the CPU."),
    ),
    "device-batch-halved": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{device} ran out of memory; it now takes {batch} pictures at a time."), ""
    ),
    "weights-architecture-unknown": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The network {architecture} is not known to the installed libraries."),
        QT_TRANSLATE_NOOP("errors", "Update torchvision and timm, or choose other weights."),
    ),
    "weights-do-not-fit": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The file of {id} does not fit its network (first difference: {tensor})."),
        QT_TRANSLATE_NOOP("errors", "Import or fetch the weights again."),
    ),
    "weights-no-head": ErrorText(
        QT_TRANSLATE_NOOP("errors", "This network has no linear layer at its end that could be trained."),
        QT_TRANSLATE_NOOP("errors", "Choose another backbone."),
    ),
    "weights-network-fails": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The network of {id} could not be built."),
        QT_TRANSLATE_NOOP("errors", "The log says why; choose other weights meanwhile."),
    ),
    "weights-not-finite": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The network of {id} gives no usable numbers; its weights are damaged."),
        QT_TRANSLATE_NOOP("errors", "Import or fetch the weights again, or choose others."),
    ),
    "image-network-failed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "the network failed on this picture"),
        QT_TRANSLATE_NOOP("errors", "Try it again; if it fails again, the log says why."),
    ),
    # --- a long run (RunPaused, DeviceError) ---
    "run-drive-away": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The drive or network with the pictures does not answer; the run is paused."),
        QT_TRANSLATE_NOOP(
            "errors", "Check the connection and resume. The pictures that got no answer are tried again."
        ),
    ),
    "run-drive-stays-away": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The drive or network with the pictures has not answered for {minutes} minutes."),
        QT_TRANSLATE_NOOP(
            "errors", "What is finished is kept. Check the connection, then run the same command again for the rest."
        ),
    ),
    # --- watching folders (Notice) ---
    "watch-folder-gone": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The watched folder “{folder}” is not there any more."),
        QT_TRANSLATE_NOOP("errors", "It is watched again as soon as it is back."),
    ),
    "watch-folder-unreadable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The watched folder “{folder}” cannot be read any more: {reason}."),
        QT_TRANSLATE_NOOP("errors", "It is watched again as soon as it can be read."),
    ),
    "watch-folder-back": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The folder “{folder}” is there and watched again."), ""
    ),
    "watch-polls": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The system does not tell of new files in these folders; they are looked through every {seconds} s.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "New pictures appear a little later. On Linux the number of watched folders has a limit, "
            "fs.inotify.max_user_watches.",
        ),
    ),
    # --- work in a child process ---
    "child-not-started": ErrorText(
        QT_TRANSLATE_NOOP("errors", "A process of its own could not be started for this work: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Close other programs to free memory, and try again."),
    ),
    "child-died": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The process that did this work ended before it was done; often memory ran out."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Close other programs, or use a smaller network or smaller pictures. A training can be resumed: it goes on "
            "after its last whole epoch.",
        ),
    ),
    # --- the command line (UsageError) ---
    "usage-nothing-to-do": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There are no pictures to classify there."),
        QT_TRANSLATE_NOOP("errors", "Name pictures, or folders that hold some."),
    ),
    "usage-no-errors": ErrorText(
        QT_TRANSLATE_NOOP("errors", "None of these pictures failed when it was last classified."),
        QT_TRANSLATE_NOOP("errors", "Leave --only-errors out to classify all of them."),
    ),
    "usage-nothing-to-watch": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no folder among those paths, so there is nothing to watch."),
        QT_TRANSLATE_NOOP("errors", "Name a folder, or leave --watch out."),
    ),
    "usage-watch-with": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{option} does not go together with --watch."),
        QT_TRANSLATE_NOOP("errors", "Run once with {option} and without --watch; watching then goes on from there."),
    ),
    "usage-targets-collide": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{names}, with the .run.json beside each, are not all different."),
        QT_TRANSLATE_NOOP("errors", "Give each file a name of its own."),
    ),
    "usage-xlsx-needs-file": ErrorText(
        QT_TRANSLATE_NOOP("errors", "An Excel workbook cannot go to standard output."),
        QT_TRANSLATE_NOOP("errors", "Name a file: --xlsx FILE."),
    ),
    "usage-undo-alone": ErrorText(
        QT_TRANSLATE_NOOP("errors", "--undo and --runs go with no path, no --into, and not with each other."),
        QT_TRANSLATE_NOOP("errors", "Undo first, then sort again."),
    ),
    "usage-import-needs-labels": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{file} is no file that a known weight set waits for."),
        QT_TRANSLATE_NOOP("errors", "For a network of your own add --labels FILE, with its class names."),
    ),
    # --- the window ---
    "window-paste-failed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The copied picture could not be saved in {folder}."),
        QT_TRANSLATE_NOOP("errors", "Free some space there, or save the picture yourself and drop the file."),
    ),
}
