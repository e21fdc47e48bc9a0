import subprocess
import sys

child = subprocess.Popen([sys.executable, "-c", "pass"])
child.wait()
