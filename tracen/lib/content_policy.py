"""What a page may load and where its forms may lead; the middleware gives it to every page that brings none."""


def content_policy(*form_targets: str) -> str:
    """The value of Content-Security-Policy. `form_targets` are the foreign origins at which a form may end.

    Browsers hold a form to `form-action` through every redirect, so the page that has the form must name them.
    """
    forms = " ".join(("'self'", *form_targets))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'; form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    )
