"""Data that ships with Photospotter: labels, cards of weight sets, trained weights and icons."""
