"""Dialects: each module parses one way of speaking into records and renders records back; no models, no users, no plans."""
