"""What can go wrong with networks exported to ONNX."""

from model.error_text import QT_TRANSLATE_NOOP, ErrorText

ONNX_ERROR_TEXTS: dict[str, ErrorText] = {
    "onnx-export-failed": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The network of {id} could not be exported to ONNX: {reason}."),
        QT_TRANSLATE_NOOP("errors", "PyTorch goes on classifying with it, somewhat slower. The log says more."),
    ),
    "onnx-check-failed": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "Exported to ONNX, the network of {id} gives other results: {reason}. It was thrown away."
        ),
        QT_TRANSLATE_NOOP("errors", "PyTorch goes on classifying with it, somewhat slower."),
    ),
    "onnx-not-saved": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The network of {id} exported to ONNX could not be saved in {folder}: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Free some space there, or see that you may write there."),
    ),
    "onnx-not-exported": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The network of {id} has not been exported for ONNX Runtime."),
        QT_TRANSLATE_NOOP("errors", "Choose the engine torch, or auto; or run “photospotter-cli export {id}”."),
    ),
    "onnx-rejected": ErrorText(
        QT_TRANSLATE_NOOP("errors", "ONNX Runtime cannot be used with {id}: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Choose the engine torch, or auto."),
    ),
    "onnx-not-loaded": ErrorText(
        QT_TRANSLATE_NOOP("errors", "ONNX Runtime could not load the network of {id}: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Choose the engine torch, or auto."),
    ),
    "onnx-runtime-absent": ErrorText(
        QT_TRANSLATE_NOOP("errors", "ONNX Runtime cannot be used on this computer: {reason}."),
        QT_TRANSLATE_NOOP("errors", "Choose the engine torch, or auto; or install the package onnxruntime again."),
    ),
    "onnx-device-absent": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The installed ONNX Runtime cannot use the device {device}."),
        QT_TRANSLATE_NOOP("errors", "Choose the device cpu or auto, or the engine torch."),
    ),
}
