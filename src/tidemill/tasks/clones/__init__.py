"""Clones: functions that are copies of each other, in classes, across files and languages."""
