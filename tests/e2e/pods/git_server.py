"""Runs in a pod: a repository with one commit of a folder's files, served to whoever has the password.

git_server.py FOLDER: prints the commit's id, then serves /team/flows.git on port 8000.
"""

import base64
import os
import sys
from pathlib import Path
from wsgiref.simple_server import make_server

from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain

EXPECTED = (
    "Basic " + base64.b64encode(f"{os.environ['GIT_USER']}:{os.environ['GIT_PASSWORD']}".encode()).decode()
)
folder = Path("/tmp/repository")

folder.mkdir()
repository = Repo.init(str(folder))
for source in Path(sys.argv[1]).iterdir():
    if source.is_file():
        copy = folder / "flows" / "bot" / source.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
        repository.get_worktree().stage([f"flows/bot/{source.name}"])
commit = repository.get_worktree().commit(message=b"Add the flow", committer=b"Test <test@example.com>")
print(commit.decode(), flush=True)
git = make_wsgi_chain(DictBackend({"/team/flows.git": repository}))


def app(environ, start_response):
    if environ.get("HTTP_AUTHORIZATION") != EXPECTED:
        start_response("401 Unauthorized", [("WWW-Authenticate", "Basic")])
        return [b""]
    return git(environ, start_response)


make_server("", 8000, app).serve_forever()
