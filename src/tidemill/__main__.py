"""``python -m tidemill``."""

from tidemill.faces.cli.app import main

if __name__ == "__main__":
    main()
