"""Fail if tests were skipped for want of a compiler on a machine that has one."""

import re
import shutil
import sys
from pathlib import Path

skips = re.findall(r"SKIPPED.*compiler.*", Path(sys.argv[1]).read_text(encoding="utf-8"))
if skips and (shutil.which("g++") or shutil.which("c++")):
    sys.exit("there is a compiler here, yet tests were skipped for want of one:\n" + "\n".join(skips))
