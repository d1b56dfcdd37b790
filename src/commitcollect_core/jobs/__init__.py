"""Work that waits: jobs, their queue, and what has been done already."""
