"""What the diagnostics say: the names of facts, their values, reasons, and what is to be mended."""

from model.error_text import QT_TRANSLATE_NOOP, ErrorText

DOCTOR_ERROR_TEXTS: dict[str, ErrorText] = {
    # --- names of facts ---
    "doctor-fact-processor": ErrorText(QT_TRANSLATE_NOOP("errors", "Processor"), ""),
    "doctor-fact-processors": ErrorText(QT_TRANSLATE_NOOP("errors", "Logical processors"), ""),
    "doctor-fact-memory": ErrorText(QT_TRANSLATE_NOOP("errors", "Memory"), ""),
    "doctor-fact-system": ErrorText(QT_TRANSLATE_NOOP("errors", "System"), ""),
    "doctor-fact-data": ErrorText(QT_TRANSLATE_NOOP("errors", "Data folder"), ""),
    "doctor-fact-driver": ErrorText(QT_TRANSLATE_NOOP("errors", "GPUs by their driver"), ""),
    "doctor-fact-torch-build": ErrorText(QT_TRANSLATE_NOOP("errors", "PyTorch is built for"), ""),
    "doctor-fact-torch-gpu": ErrorText(QT_TRANSLATE_NOOP("errors", "GPU that PyTorch can use"), ""),
    "doctor-fact-onnx-providers": ErrorText(QT_TRANSLATE_NOOP("errors", "ONNX Runtime can use"), ""),
    "doctor-fact-python": ErrorText(QT_TRANSLATE_NOOP("errors", "Python"), ""),
    "doctor-fact-packages": ErrorText(QT_TRANSLATE_NOOP("errors", "Packages"), ""),
    "doctor-fact-weights": ErrorText(QT_TRANSLATE_NOOP("errors", "Weights"), ""),
    "doctor-fact-export": ErrorText(QT_TRANSLATE_NOOP("errors", "Exported network"), ""),
    "doctor-fact-exports": ErrorText(QT_TRANSLATE_NOOP("errors", "Exported networks"), ""),
    "doctor-fact-threads-torch": ErrorText(QT_TRANSLATE_NOOP("errors", "Threads with PyTorch"), ""),
    "doctor-fact-threads-onnx": ErrorText(QT_TRANSLATE_NOOP("errors", "Threads with ONNX Runtime"), ""),
    # --- their values ---
    "doctor-plain": ErrorText(QT_TRANSLATE_NOOP("errors", "{text}"), ""),
    "doctor-unknown": ErrorText(QT_TRANSLATE_NOOP("errors", "unknown"), ""),
    "doctor-none": ErrorText(QT_TRANSLATE_NOOP("errors", "none"), ""),
    "doctor-processors-limited": ErrorText(QT_TRANSLATE_NOOP("errors", "{count}, of which {usable} may be used"), ""),
    "doctor-memory": ErrorText(QT_TRANSLATE_NOOP("errors", "{total} GB"), ""),
    "doctor-memory-free": ErrorText(QT_TRANSLATE_NOOP("errors", "{total} GB, {free} GB of it free"), ""),
    "doctor-data-free": ErrorText(QT_TRANSLATE_NOOP("errors", "{folder}, {free} GB free"), ""),
    "doctor-driver-cuda": ErrorText(QT_TRANSLATE_NOOP("errors", "{gpus} (CUDA up to {version})"), ""),
    "doctor-build-cpu": ErrorText(QT_TRANSLATE_NOOP("errors", "the CPU alone"), ""),
    "doctor-weights-used": ErrorText(QT_TRANSLATE_NOOP("errors", "{title} ({id}, SHA-256 {sha256})"), ""),
    "doctor-export-ready": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{size} MB; probabilities differ from PyTorch's by {difference} at most"), ""
    ),
    "doctor-export-rejected": ErrorText(QT_TRANSLATE_NOOP("errors", "rejected: {reason}"), ""),
    "doctor-export-under-way": ErrorText(QT_TRANSLATE_NOOP("errors", "being made just now"), ""),
    "doctor-export-absent": ErrorText(QT_TRANSLATE_NOOP("errors", "not made yet"), ""),
    "doctor-exports-folder": ErrorText(QT_TRANSLATE_NOOP("errors", "{count}, {size} MB together, in {folder}"), ""),
    "doctor-threads-measured": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{decode} decode, {compute} compute, as measured on this computer"), ""
    ),
    "doctor-threads-default": ErrorText(
        QT_TRANSLATE_NOOP("errors", "{decode} decode, {compute} compute, until it is measured"), ""
    ),
    # --- why an engine was chosen ---
    "doctor-why-engine-set": ErrorText(QT_TRANSLATE_NOOP("errors", "The settings ask for this engine."), ""),
    "doctor-why-device-set": ErrorText(QT_TRANSLATE_NOOP("errors", "The settings ask for this device."), ""),
    "doctor-why-onnx": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "The network runs on the CPU and has been exported; there, automatic means ONNX Runtime."
        ),
        "",
    ),
    "doctor-why-gpu": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is a GPU that PyTorch can use; there, automatic means PyTorch."), ""
    ),
    "doctor-why-driver-first": ErrorText(
        QT_TRANSLATE_NOOP("errors", "A driver reports a GPU, so PyTorch was asked first, and it has taken the CPU."),
        QT_TRANSLATE_NOOP("errors", "From the next start on the CPU counts, and with it ONNX Runtime."),
    ),
    "doctor-why-no-runtime": ErrorText(
        QT_TRANSLATE_NOOP("errors", "ONNX Runtime is not installed, so PyTorch computes on the CPU, somewhat slower."),
        QT_TRANSLATE_NOOP("errors", "Install the package onnxruntime."),
    ),
    "doctor-why-not-exported": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The network has not been exported for ONNX Runtime yet, so PyTorch computes."),
        QT_TRANSLATE_NOOP(
            "errors",
            "Classify a picture with it, which also exports it in the background; or run: photospotter-cli export {id}",
        ),
    ),
    "doctor-why-rejected": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The network may not be used with ONNX Runtime, so PyTorch computes: {reason}."), ""
    ),
    "doctor-why-onnx-fails": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The exported network could not be loaded or is damaged, so PyTorch computes."),
        QT_TRANSLATE_NOOP("errors", "It is made anew when a picture is classified."),
    ),
    # --- why no GPU is used ---
    "doctor-gpu-set-to-cpu": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The settings ask for the CPU."),
        QT_TRANSLATE_NOOP("errors", "Choose the device automatic."),
    ),
    "doctor-gpu-hidden": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The environment variable CUDA_VISIBLE_DEVICES hides the GPUs from all programs."),
        QT_TRANSLATE_NOOP("errors", "Remove the variable, or list a GPU in it."),
    ),
    "doctor-gpu-no-driver": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is a graphics card ({maker}), but no driver of it that computes."),
        QT_TRANSLATE_NOOP("errors", "Install its maker's driver, with CUDA for NVIDIA or ROCm for AMD."),
    ),
    "doctor-gpu-none": ErrorText(
        QT_TRANSLATE_NOOP("errors", "No driver on this computer reports a GPU that PyTorch could use."),
        QT_TRANSLATE_NOOP("errors", "If it has one of NVIDIA's, install NVIDIA's driver."),
    ),
    "doctor-gpu-mac-without": ErrorText(
        QT_TRANSLATE_NOOP("errors", "This Mac has no Apple silicon, and PyTorch computes on no other GPU of a Mac."), ""
    ),
    "doctor-gpu-no-torch": ErrorText(
        QT_TRANSLATE_NOOP("errors", "PyTorch cannot be imported, and only PyTorch uses GPUs by itself."),
        QT_TRANSLATE_NOOP("errors", "Mend PyTorch first."),
    ),
    "doctor-gpu-torch-without": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is a GPU, but the installed PyTorch is built for the CPU alone."),
        QT_TRANSLATE_NOOP("errors", "Install the build of PyTorch that is made for this GPU."),
    ),
    "doctor-gpu-torch-for-amd": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is a GPU of NVIDIA's, but the installed PyTorch is built for those of AMD."),
        QT_TRANSLATE_NOOP("errors", "Install a build of PyTorch with CUDA."),
    ),
    "doctor-gpu-torch-for-nvidia": ErrorText(
        QT_TRANSLATE_NOOP("errors", "There is a GPU of AMD's, but the installed PyTorch is built for those of NVIDIA."),
        QT_TRANSLATE_NOOP("errors", "Install a build of PyTorch with ROCm."),
    ),
    "doctor-gpu-driver-too-old": ErrorText(
        QT_TRANSLATE_NOOP("errors", "PyTorch is built for CUDA {built}, but the driver serves CUDA up to {served}."),
        QT_TRANSLATE_NOOP("errors", "Install a newer driver, or a PyTorch build for CUDA {served} or older."),
    ),
    "doctor-gpu-too-old": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "{gpu} (compute capability {capability}) is too old for the installed PyTorch, made for {kernels}.",
        ),
        QT_TRANSLATE_NOOP("errors", "Install an older PyTorch build that supports it."),
    ),
    "doctor-gpu-fails": ErrorText(
        QT_TRANSLATE_NOOP("errors", "PyTorch finds a GPU but cannot compute on it: {reason}"),
        QT_TRANSLATE_NOOP("errors", "Update its driver, or install another build of PyTorch."),
    ),
    "doctor-gpu-not-found": ErrorText(
        QT_TRANSLATE_NOOP("errors", "A driver reports a GPU, but PyTorch finds none."),
        QT_TRANSLATE_NOOP("errors", "Update the driver and the system."),
    ),
    "doctor-gpu-engine-onnx": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "The settings ask for ONNX Runtime, which computes on the CPU unless a GPU is chosen as the device.",
        ),
        QT_TRANSLATE_NOOP("errors", "Choose the engine automatic, or the GPU as the device."),
    ),
    "doctor-gpu-passed-over": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "PyTorch can use the GPU now, but could not when it was last tried, and that was kept."
        ),
        QT_TRANSLATE_NOOP("errors", "Measuring the speeds here tries it again and keeps that."),
    ),
    "doctor-gpu-slower": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "Measured just now, {device} is the slower one: {gpu} images/s against {cpu} on the CPU."
        ),
        "",
    ),
    # --- problems and hints ---
    "doctor-torch-fails": ErrorText(
        QT_TRANSLATE_NOOP("errors", "PyTorch cannot be imported: {reason}"),
        QT_TRANSLATE_NOOP(
            "errors",
            "Install the packages torch and torchvision again; on Windows also Microsoft's Visual C++ Redistributable.",
        ),
    ),
    "doctor-engine-fails": ErrorText(
        QT_TRANSLATE_NOOP("errors", "The network failed: {reason}"), QT_TRANSLATE_NOOP("errors", "The log says more.")
    ),
    "doctor-data-unwritable": ErrorText(
        QT_TRANSLATE_NOOP("errors", "Nothing can be written in the data folder {folder}: {reason}."),
        QT_TRANSLATE_NOOP(
            "errors",
            "See that you may write there, or name another folder in the environment variable PHOTOSPOTTER_DATA_DIR.",
        ),
    ),
    "doctor-pyside-aborts": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "PySide6 {version} on Python {python} makes the window end without warning after some time."
        ),
        QT_TRANSLATE_NOOP("errors", "Install PySide6-Essentials below 6.12, or use Python 3.12 or newer."),
    ),
    "doctor-wait-policy": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors", "OMP_WAIT_POLICY is {value}: threads of PyTorch that wait hold up those that decode."
        ),
        QT_TRANSLATE_NOOP("errors", "Remove the environment variable, or set it to PASSIVE."),
    ),
    "doctor-busy": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "Other work kept {load} of {count} processors busy in the last minute; the speeds are lower for it.",
        ),
        QT_TRANSLATE_NOOP("errors", "Measure again when the computer is idle."),
    ),
    "doctor-faster": ErrorText(
        QT_TRANSLATE_NOOP(
            "errors",
            "Measured just now, {engine} on {device} is faster: {rate} images/s, against {chosen} with what is used.",
        ),
        QT_TRANSLATE_NOOP("errors", "Choose that engine and device in the settings."),
    ),
}
