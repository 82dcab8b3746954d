"""`python -m tests.conversations` writes the conformance table anew."""

from tests.conversations.conformance import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
