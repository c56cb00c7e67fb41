"""Real SDKs, run as their users run them, and what they send: for the tests and for the payloads that tests read."""
