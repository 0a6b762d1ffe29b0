"""Takes PySide6's hook out of Python's `import`."""

import builtins


def restore_import() -> None:
    """Make `import` plain again; to be called once PySide6 has been imported, and before much else is.

    PySide6 wraps `__import__` for the sake of `from __feature__ import snake_case`, which this program does not use.
    For every module that is imported from then on, the hook reads the source and looks for "PySide6" in it, and
    `linecache` keeps what was read. With torch and torchvision that is a fifth of their import's time, spent with the
    GIL held, and 90 MB. What is put back is the function that it wraps. A PySide6 that keeps it under another name is
    left as it is.
    """
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
