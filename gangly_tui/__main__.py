"""`python -m gangly_tui` and the command `gangly`."""

from gangly_tui.cli import main

if __name__ == "__main__":
    main()
