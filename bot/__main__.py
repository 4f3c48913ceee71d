"""`python -m bot` is the command line."""

from bot.commands.main import main

if __name__ == "__main__":
    main()
