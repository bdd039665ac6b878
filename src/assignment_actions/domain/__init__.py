"""The pure domain: standard library and attrs; no I/O, no clock of its own."""
