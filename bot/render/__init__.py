"""Turn steps, answers and cards into replies with buttons. Pure."""
