"""Photospotter without a window: decoding, weights, classification, training and export."""
