"""The ingest and read API: one viewset per dialect. Authenticate, parse, call one function, render."""
