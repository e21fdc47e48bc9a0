import subprocess
import sys

child = subprocess.Popen([sys.executable, "-c", "import os"])
child.wait()
