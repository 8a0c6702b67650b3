"""One table a language: node kinds and what they mean."""
