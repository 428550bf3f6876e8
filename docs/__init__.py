"""The site's source; ``python -m docs`` builds it."""
