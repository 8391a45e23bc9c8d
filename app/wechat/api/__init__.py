"""WeChat's HTTP API by subject: one module per subject, one (`transport`) that does the talking."""
