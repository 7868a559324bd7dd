"""Makes the builders in ``tests/fixtures`` importable by name, and compiles the trees that students are made of."""

import platform
import sys
from pathlib import Path

from infra.trees import build_trees

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
build_trees(platform.machine())
