"""Still pictures of a statue, drawn with the standard library: share cards and the terminal."""
