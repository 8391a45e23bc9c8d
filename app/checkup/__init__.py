"""What there is to say about a deployment: checks that a command and a page share."""
