"""`python -m contraflow` is `contraflow`."""

from contraflow.cli import main

if __name__ == "__main__":
    main()
