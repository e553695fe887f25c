"""`python -m millrace.cli`: the command `millrace`, where it is not on the path."""

from millrace.cli.entry import main

if __name__ == "__main__":
    main()
