"""Performance, measured side by side with peers in one run. Not part of the installed packages."""
