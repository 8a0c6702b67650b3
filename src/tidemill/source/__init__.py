"""Code becomes trees, units, scopes, data flow and terms."""
