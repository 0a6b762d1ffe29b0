"""Photospotter's window: Qt widgets, table models and the worker threads that iterate the jobs of `model`."""
