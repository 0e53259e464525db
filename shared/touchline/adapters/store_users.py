"""Users of an S3 store of our own, and what they may do there: by the administration interface of RustFS.

https://docs.rustfs.com/administration/iam/policies: plain JSON, signed as requests to S3 are. Everything may run again.
"""

import json
from typing import Any, Final
from urllib.parse import urlencode

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from touchline.errors import ConfigurationError, Unavailable

_PREFIX: Final = "/rustfs/admin/v3/"
_TIMEOUT: Final = 30


class StoreUsers:
    """Users of the store at an endpoint; the process's own credentials must be those of an administrator."""

    def __init__(self, endpoint: str) -> None:
        session = boto3.session.Session()
        if not (credentials := session.get_credentials()):
            raise ConfigurationError("no credentials of the store's administrator", where="AWS_ACCESS_KEY_ID")
        self._endpoint = endpoint.rstrip("/")
        self._signer = S3SigV4Auth(credentials.get_frozen_credentials(), "s3", session.region_name or "us-east-1")
        self._http = URLLib3Session(timeout=_TIMEOUT)

    def put(self, name: str, password: str, policy: dict[str, Any]) -> None:
        """Make a user, or give one a new password, who may do what the policy says and nothing else.

        Raises:
            Unavailable: the store does not answer, or refuses.
        """
        self._send("add-canned-policy", {"name": name}, policy)
        self._send("add-user", {"accessKey": name}, {"secretKey": password, "status": "enabled"})
        self._send("set-user-or-group-policy", {"policyName": name, "userOrGroup": name, "isGroup": "false"}, None)

    def _send(self, what: str, query: dict[str, str], body: dict[str, Any] | None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        address = f"{self._endpoint}{_PREFIX}{what}?{urlencode(query)}"
        request = AWSRequest("PUT", address, data=data, headers={"content-type": "application/json"})
        self._signer.add_auth(request)
        try:
            answer = self._http.send(request.prepare())
        except BotoCoreError as error:
            raise Unavailable(f"the store does not answer: {error}", where=self._endpoint) from error
        if answer.status_code not in (200, 204):
            said = answer.content[:200].decode(errors="replace")
            raise Unavailable(f"{what} is refused: {answer.status_code} {said}", where=self._endpoint)
