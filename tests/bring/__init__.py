"""Finds or brings the real PostgreSQL, Redis and Chromium for `manage.py test` and the plugins."""
