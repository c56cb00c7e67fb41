"""Money: plans that are paid by Stripe. Knows accounts and traces; nothing but the addresses knows billing."""
