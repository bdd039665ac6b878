"""Adapters: each imports the domain and its own library, never another adapter."""
