"""Programs with options of their own, of which lessons tell parts: ``python -m demos digits --help``."""
