"""Print the commands of the README: every line of its fenced blocks marked ``console`` that begins with "$ "."""

import re
import sys
from pathlib import Path

text = Path(sys.argv[1]).read_text(encoding="utf-8")
for block in re.findall(r"^```console\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
    for line in block.splitlines():
        if line.startswith("$ "):
            print(line[2:])
