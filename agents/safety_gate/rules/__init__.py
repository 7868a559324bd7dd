"""The rules that ship with the package, one TOML file per clause."""
