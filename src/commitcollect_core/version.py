"""The version, of which a program may ask without reading the installation's metadata."""

VERSION = "0.1.0"
