"""Texts from outside as a terminal may show them."""


def printable(text: str) -> str:
    r"""Return the text with a sign in place of what would steer a terminal: leads are named by whoever fills in a form.

    >>> printable("L1\x1b[2J")
    'L1�[2J'
    """
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
