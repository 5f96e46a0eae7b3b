"""What was fetched of an account: in memory, and in a file that all servers on the same folder share.

`store` is what the rest of the server sees. `buckets` are the rows of one query by day, `facts` all else that is known,
`file` speaks SQL, `packing` makes bytes of rows, and `accounts` says which file is an account's.
"""

from openai_usage.store.accounts import open_account
from openai_usage.store.buckets import NEVER, Buckets, may_move
from openai_usage.store.facts import LONG_AGO, Topic
from openai_usage.store.store import LEASE_LENGTH, Lease, Store

__all__ = ["LEASE_LENGTH", "LONG_AGO", "NEVER", "Buckets", "Lease", "Store", "Topic", "may_move", "open_account"]
