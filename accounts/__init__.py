"""Who you are and what your plan allows."""
