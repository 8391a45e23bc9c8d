"""`python -m app …` is the `gonghui` command."""

import gc

# While modules load nothing dies; looking for it again and again would be a sixth of the start. What has
# loaded by then stays, and need not be looked through again either.
gc.disable()

from app.cli.running import run  # noqa: E402

gc.freeze()
gc.enable()

run()
