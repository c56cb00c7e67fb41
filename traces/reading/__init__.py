"""What a person sees of a run: stored rows made ready for templates as frozen values, so that no model reaches a page."""
