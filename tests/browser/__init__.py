"""Tests of the monitor site in Chromium."""
