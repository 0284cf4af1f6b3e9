"""Tests that start a real Superset with the bundle of the sample's release."""
