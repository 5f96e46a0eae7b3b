"""OpenAI Usage: a language server that shows what an OpenAI organisation used and what it was billed.

The data goes one way, and the imports show it: settings and credentials say what to ask, `openai_api` asks,
`store` keeps the rows, `report` adds them up, `views` puts them into words, `protocol` names what goes over the
wire, `server` sends it. `monitor` runs that way from end to end: `schedule` says when, `turn` which of several servers,
`refresh` what to ask; `reader` asks, and `history` asks for all there ever was. `endpoints` is the one table of what
OpenAI counts; `scope` is what the user chose to see, and `queries` the questions that answer it. `workspace` finds the
API key that the programs of a workspace use, `matching` compares it with those that OpenAI lists, and `identity` says
which one it is. `pricing` has list prices, for estimates.

What is not read from the organisation API becomes the same rows, and `source` says what of it is never told: the
endpoints of 2023 (`fetch.legacy`, `daily` at the `pace` they allow, `account` for what is of no day), and files that
somebody saved (`saved` reads them, `imported` shows them).
"""

__version__ = "0.1.0"
