"""Static files with hashed names, also where one script imports another; named by settings.STORAGES."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise ships no types
    """Rewrites the imports inside ES modules too: a page must never run yesterday's half of a script."""

    support_js_module_import_aggregation = True
