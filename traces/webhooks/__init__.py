"""Outgoing webhooks: what is told of a failed trace, to which addresses, signed and tried again."""
