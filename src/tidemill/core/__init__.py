"""The ground floor: errors, settings, files, hashes, journal, executor, clock, randomness."""
