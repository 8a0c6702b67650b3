"""Type annotations of JavaScript and TypeScript: where they stand, could stand, and mean."""
