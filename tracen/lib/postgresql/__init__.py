"""Django's engine for PostgreSQL, with transactions that cost no journeys of their own; named by settings.DATABASES."""
