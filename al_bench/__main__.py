"""`python -m al_bench` is `al-bench`."""

import sys

from al_bench.cli.main import main

sys.exit(main())
