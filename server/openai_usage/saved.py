"""Usage that somebody saved: answers of OpenAI's old endpoints as JSON, and the dashboard's exports as CSV."""
