"""Flows through a program: what to look for, with whose types, and how they are told."""
