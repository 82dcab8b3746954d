"""Every setting: type, unit, default, range and why (`table_*.py`), read by `load`, with all errors at once."""

from holdfast.config.load import DEFAULT_FILE, find, load
from holdfast.config.values import Config, ConfigError, Credentials, Endpoints, Problem, Secret

__all__ = ["DEFAULT_FILE", "Config", "ConfigError", "Credentials", "Endpoints", "Problem", "Secret", "find", "load"]
