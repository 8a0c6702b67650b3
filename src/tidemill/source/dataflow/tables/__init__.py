"""One table a language: its node kinds and their roles in data flow."""
