"""The rules by which secrets are found in texts; `redaction` applies them."""
