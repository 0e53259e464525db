"""WhoScored: schedules, results, line-ups, statistics and shots, as a browser shows them.

Nothing here talks to the site. `source.WhoScored` says which pages are wanted and what their answers are worth; the
other modules read pages that somebody fetched.
"""
