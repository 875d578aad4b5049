"""The resources: a frozen Struct and its pure projection per file."""
