"""Runs gopro-media-downloader against another API server, for which it has no option.

Usage: gopro-media-downloader.py API_URL MAX_SILENCE_SECONDS ARGUMENT...
"""

import sys

from gopro_dl import api, cli

api.API_HOST, max_silence_seconds, sys.argv[1:] = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
create = api.GoProClient.__init__


def create_with_limit(client, *arguments, **options):
    create(client, *arguments, **options)
    limits = {**client.client.timeout.as_dict(), "read": max_silence_seconds}
    client.client.timeout = api.httpx.Timeout(**limits)


api.GoProClient.__init__ = create_with_limit
sys.exit(cli.main())
