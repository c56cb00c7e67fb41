"""Leaf helpers: no models, no imports of the apps."""
