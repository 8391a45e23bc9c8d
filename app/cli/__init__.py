"""The `gonghui` command: one module per group of commands; `root` puts them together."""
