"""What can be wrong with checkpoints, networks that are imported, and archives of weight sets."""

from model.error_text import QT_TRANSLATE_NOOP, ErrorText

IMPORT_ERROR_TEXTS: dict[str, ErrorText] = {
    # --- checkpoints (WeightsError) ---
    "checkpoint-unreadable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The weights file “{file}” could not be read: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that it is there, that you may open it and that its drive is connected."),
    ),
    "checkpoint-not-recognised": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{file}” is not a file of network weights, or it is damaged."),
        QT_TRANSLATE_NOOP("errors", "Choose a .pth, .pt or .safetensors file with a network's state dict."),
    ),
    "checkpoint-runs-code": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "“{file}” was refused: loading it would run code from the file (it asks for {name}).",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Have it saved again as safetensors, or with torch.save(model.state_dict(), ...), which holds numbers "
            "alone.",
        ),
    ),
    "checkpoint-whole-network": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{file}” holds a whole network with its code ({name}), and not just its weights."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Load it where it was made, and save it with torch.save(model.state_dict(), ...) or as safetensors.",
        ),
    ),
    "checkpoint-not-tensors": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{file}” holds something other than tensors: {name}."),
        QT_TRANSLATE_NOOP("errors", "Save the network's state dict alone: torch.save(model.state_dict(), ...)."),
    ),
    "checkpoint-not-float": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "In “{file}” the tensor “{tensor}” has the type {dtype}, which is not a floating-point type.",
        ),
        QT_TRANSLATE_NOOP("errors", "Quantised networks are not supported; save the network as float32 or float16."),
    ),
    "checkpoint-not-finite": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "In “{file}” the tensor “{tensor}” holds values that are not numbers or are infinite.",
        ),
        QT_TRANSLATE_NOOP("errors", "The training went wrong or the file is damaged; use an earlier checkpoint."),
    ),
    "checkpoint-stretched": ErrorText(
        QT_TRANSLATE_NOOP("errors", "In “{file}” the tensor “{tensor}” claims more numbers than the file holds."),
        QT_TRANSLATE_NOOP(
            "errors", "Save the network's state dict with plain tensors: each with .contiguous().clone()."
        ),
    ),
    "checkpoint-too-large": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{file}” has {actual:,} bytes; files of up to {limit:,} bytes are read."),
        QT_TRANSLATE_NOOP(
            "errors", "Save the network's state dict alone, without the optimiser's: it is much smaller."
        ),
    ),
    "checkpoint-empty": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{file}” holds no tensors."),
        QT_TRANSLATE_NOOP("errors", "Save the network's state dict: torch.save(model.state_dict(), ...)."),
    ),
    "checkpoint-count-differs": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The file holds {actual} tensors where the network has {expected}."),
        QT_TRANSLATE_NOOP("errors", "These weights belong to another network."),
    ),
    "checkpoint-shape-differs": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The tensor “{tensor}” has the shape {actual} where the network has {expected}."),
        QT_TRANSLATE_NOOP("errors", "These weights belong to another network."),
    ),
    # --- imports of a person's own network (WeightsError) ---
    "weights-name-empty": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The weights need a name."),
        QT_TRANSLATE_NOOP("errors", "Give them one that you will recognise in the list."),
    ),
    "weights-id-taken": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There are already weights called “{id}”."),
        QT_TRANSLATE_NOOP("errors", "Choose another name, or remove those first."),
    ),
    "weights-labels-unreadable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The labels file “{file}” could not be read: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that it is there and that you may open it."),
    ),
    "weights-labels-not-text": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The labels file “{file}” is not text in UTF-8."),
        QT_TRANSLATE_NOOP("errors", "Save it as UTF-8 text with one label a line."),
    ),
    "weights-labels-bad": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The labels file “{file}” cannot be used: {fault}."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Write one label a line in the order of the network's outputs, or a JSON list, or a JSON object with each "
            "label's number from 0.",
        ),
    ),
    "weights-labels-count": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The network has {expected} outputs, but the labels file “{file}” has {actual} labels.",
        ),
        QT_TRANSLATE_NOOP("errors", "Give exactly one label for each output, in the order used for training."),
    ),
    "weights-tensors-missing": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "“{file}” is not a {network}: it lacks {count} of its tensors, for example {tensors}.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Save the whole network with torch.save(model.state_dict(), ...). If it is another one, say which: in the "
            "import dialog, or with --arch on the command line.",
        ),
    ),
    "weights-tensors-surplus": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "“{file}” is not a plain {network}: it holds {count} tensors too many, for example {tensors}.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Only networks without added layers can be imported. If it is another one, say which: in the import "
            "dialog, or with --arch on the command line.",
        ),
    ),
    "weights-tensors-shape": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "“{file}” is not a plain {network}: {count} of its tensors have other shapes, for example {tensors}.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Only the network as its library builds it can be imported, with a single layer as its head. If it is "
            "another one, say which: in the import dialog, or with --arch on the command line.",
        ),
    ),
    "weights-import-failed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The weights could not be stored in “{folder}”: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that the folder can be written and that there is room on the drive."),
    ),
    # --- which network it is (WeightsError) ---
    "weights-architecture-name": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Neither torchvision nor timm has a network called “{name}”."),
        QT_TRANSLATE_NOOP("errors", "Similar names: {nearest}. The prefixes torchvision: and timm: say whose it is."),
    ),
    "weights-architecture-ambiguous": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The tensors of “{file}” fit several networks, and do not tell which it is: {names}.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Say which one was trained: in the import dialog, or with --arch on the command line.",
        ),
    ),
    "weights-architecture-near": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The tensors of “{file}” are those of no network that can be told by them. The nearest: {nearest}.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "If you know which network it is, name it in the import dialog, or with --arch on the command line: any "
            "name of torchvision or timm is taken.",
        ),
    ),
    "weights-architecture-unfamiliar": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "It cannot be told which network “{file}” is for: its first tensor is called “{tensor}”.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "If you know which network it is, name it in the import dialog, or with --arch on the command line: any "
            "name of torchvision or timm is taken.",
        ),
    ),
    "weights-crop-unsuited": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{network} cannot take pictures of {crop} x {crop} pixels."),
        QT_TRANSLATE_NOOP("errors", "Give it another preprocessing; usual for this network is a crop of {usual}."),
    ),
    "weights-no-logits": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{network} does not give one number for each class, so it cannot classify."),
        QT_TRANSLATE_NOOP("errors", "Import a network for classification."),
    ),
    # --- archives of weight sets (WeightsError) ---
    "archive-unreadable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The archive “{file}” could not be read: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that it is there, that you may open it and that its drive is connected."),
    ),
    "archive-not-ours": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{file}” is not an archive of a weight set: {fault}."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Choose a .zip that Photospotter has saved. A checkpoint in a .zip has to be unpacked and imported with "
            "its labels.",
        ),
    ),
    "archive-damaged": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The archive “{file}” is damaged: {fault}."),
        QT_TRANSLATE_NOOP("errors", "Copy it again from where it came, or have it saved again."),
    ),
    "archive-refused": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The archive “{file}” was refused: {fault}."),
        QT_TRANSLATE_NOOP(
            "errors",
            "No archive that Photospotter saves is like that; somebody has changed it. Have it saved again.",
        ),
    ),
    "archive-card-bad": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The card in the archive “{file}” cannot be used: {fault}"),
        QT_TRANSLATE_NOOP("errors", "Have it saved again by an up-to-date copy of Photospotter, and update this one."),
    ),
    "archive-id-taken": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There are already other weights called “{id}” on this computer."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Remove those first, and import the archive again. Weights that come with Photospotter cannot be replaced.",
        ),
    ),
    "archive-published": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The weights “{id}” need no archive: they are published as the file “{file}”."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Copy that file (“Reveal in file manager” shows it), and import it on the other computer.",
        ),
    ),
    "archive-built-in": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The weights “{id}” need no archive: every copy of Photospotter has them."),
        "",
    ),
    "archive-file-unsuited": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The weights “{id}” cannot be saved as an archive: “{file}” is no safetensors file with a plain name.",
        ),
        QT_TRANSLATE_NOOP("errors", "Import that file as weights of your own; they are then stored as safetensors."),
    ),
    "archive-too-large": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "The weights “{id}” are too large for an archive: {size} bytes, of at most {most}."
        ),
        QT_TRANSLATE_NOOP("errors", "Copy the folder of these weights to the other computer's data folder instead."),
    ),
    "usage-archive-says-all": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "The archive “{file}” says itself what its weights are called and how they are used."
        ),
        QT_TRANSLATE_NOOP("errors", "Import it without --labels, --name, --arch and --preprocess."),
    ),
    "usage-archive-name": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{file}” would not be recognised as an archive of a weight set."),
        QT_TRANSLATE_NOOP("errors", "Give it a name that ends in {suffix}."),
    ),
}
