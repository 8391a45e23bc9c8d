"""The service: a WeChat message comes in, the right answer goes out, both are kept.

`app.assembly` puts everything together; web, worker and commands start from it.
"""

import app.slim  # noqa: F401 - before anybody else loads what it loads
