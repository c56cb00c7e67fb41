"""The documentation that the product serves about itself: written from the code's own limits, so that it cannot drift."""
