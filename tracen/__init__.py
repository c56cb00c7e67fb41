"""The composition root: settings, addresses and what every page shares."""
