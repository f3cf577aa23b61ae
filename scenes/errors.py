"""The one error that is shown to users as a sentence."""


class UserError(ValueError):
    """Something the user can mend: the message says what was expected, what was found and the remedy, in one sentence.

    Command-line programs print the message on stderr and exit with status 2; everything else is a bug and keeps its traceback.
    """
