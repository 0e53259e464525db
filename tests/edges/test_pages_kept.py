"""What is kept of the pages, for whom and for how long; no browser needed."""

from pathlib import Path

import pytest

import page_state
import served
from asgi_client import Client
from asking import Elapsed, client_of, listed
from served import container
from touchline.domain.views import POINTER


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    ports = container(tmp_path_factory.mktemp("full"))
    page_state.full(ports)
    return client_of(ports)


@pytest.fixture(scope="module")
def match(client: Client) -> str:
    return f"/match/{listed(client)[0]['match_id']}"


def page(client: Client, path: str, /, **query: str) -> str:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_a_page_that_is_known_is_not_sent_again(client: Client) -> None:
    first = client.get("/")
    again = client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/", params={"tz": "Asia/Tokyo"}).headers["etag"] != first.headers["etag"]
    assert client.get("/", headers={"accept-language": "de"}).headers["etag"] != first.headers["etag"]


def test_what_a_page_does_not_know_makes_no_other_page(client: Client, match: str) -> None:
    for path in ("/", match, "/models", "/chain"):
        plain, other = (client.get(path, params=params) for params in ({}, {"x": "1", "lang": "tlh"}))
        assert (plain.content, plain.headers["etag"]) == (other.content, other.headers["etag"]), path
    assert client.get("/", params={"min": "50"}).headers["etag"] != client.get("/").headers["etag"]


def test_the_chain_is_read_once_however_it_is_looked_at(tmp_path: Path) -> None:
    ports, elapsed = container(tmp_path), Elapsed()
    page_state.full(ports)
    client = client_of(ports, elapsed)
    assert "validate" in page(client, "/chain")
    page_state.letter(ports.store, "train", served.NOW)
    letters = page(client, "/chain", tz="Asia/Tokyo").count('name="letter"')
    elapsed.now = 5.0
    assert page(client, "/chain", tz="Asia/Kolkata").count('name="letter"') == letters + 1


def test_a_page_that_could_not_be_made_is_tried_again(tmp_path: Path) -> None:
    ports = container(tmp_path)
    page_state.full(ports)
    client, store = client_of(ports), ports.store
    whole = store.get(POINTER)
    assert store.swap(POINTER, b"{", store.stat(POINTER).etag)
    failed = client.get("/leaderboard")
    assert failed.status_code == 422
    again = client.get("/leaderboard", headers={"if-none-match": failed.headers["etag"]})
    assert again.status_code == failed.status_code
    assert store.swap(POINTER, whole, store.stat(POINTER).etag)
    assert client.get("/leaderboard").status_code == 200


def test_a_page_says_what_is_newest(tmp_path: Path) -> None:
    ports = container(tmp_path)
    served.public(ports)
    client = client_of(ports)
    before = page(client, "/")
    assert "Market odds" not in before
    page_state.richer(ports, 2)
    after = page(client, "/")
    assert "Market odds" in after
    assert "Sealed 2 hours ago" in after
