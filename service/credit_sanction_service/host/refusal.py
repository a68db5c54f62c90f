"""The one way in which a start is refused."""


class StartRefused(Exception):
    """
    The service cannot start as it was asked to.

    `str()` of it is one sentence for the operator: what is in the way and what to do. The command line prints it
    and exits with `EXIT_CODE`.
    """

    EXIT_CODE = 2
