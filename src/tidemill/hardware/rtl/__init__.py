"""The accelerator as hardware: its units, lanes and arrays, in Amaranth."""
