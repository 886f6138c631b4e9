"""``python -m harness.local``: start a local cluster under its guardian."""

from harness.local.guardian import main

raise SystemExit(main())
