"""Many small experts by one command: code is divided into packages, and each gets a sprout."""
