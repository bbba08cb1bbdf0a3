"""Adapters: the database, mail, chat, Prefect over HTTP, and the system clock."""
