"""Every durable fact that is not weights: one SQLite file in the folder ``.tidemill``."""
