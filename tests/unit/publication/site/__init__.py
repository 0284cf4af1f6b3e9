"""Tests of the monitor site without a browser: words, pictures, and whole pages of a small release."""
