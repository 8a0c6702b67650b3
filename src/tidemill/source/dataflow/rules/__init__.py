"""The rules of data flow, one file a theme; :mod:`.registry` maps roles to them."""
