"""
Form a cluster of three nodes, run a command with it, take it down.

    python tests/cluster/run.py pytest tests/contract/test_sql.py -k mariadb

The command finds the first node's URL in ASSIGNMENT_ACTIONS_TEST_MARIADB and all three,
with blanks between them, in ASSIGNMENT_ACTIONS_CLUSTER_URLS. Without a command the URLs
are printed, and the cluster stays until Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cluster.nodes import AbsentError, a_cluster  # found by the line above


def main(command: list[str]) -> int:
    """Return the command's exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that it is taken down
    try:
        with a_cluster() as cluster:
            urls = [node.url for node in cluster.nodes]
            print(f"formed in {cluster.formed_in:.1f} s", *urls, sep="\n", flush=True)
            if not command:
                signal.pause()
            environment = {
                **os.environ,
                "ASSIGNMENT_ACTIONS_TEST_MARIADB": urls[0],
                "ASSIGNMENT_ACTIONS_CLUSTER_URLS": " ".join(urls),
            }
            return subprocess.run(command, env=environment, check=False).returncode
    except AbsentError as error:
        return print(error, file=sys.stderr) or 69
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
