"""What must leave the product (mail, webhooks, a cancellation): stored with its cause, delivered after, lost never."""
