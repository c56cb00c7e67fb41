"""The domain: traces, their spans, how they come in and who may see them."""
