"""The machines that come along, each a TOML file."""
