"""Whole programs of JavaScript and TypeScript: modules, calls, and flows between files."""
