"""Who calls the naive build: a key by query."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from bench.naive.models import ApiKey, Customer


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Customer, ApiKey]:
        text = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            key = ApiKey.objects.select_related("customer").get(key=text)
        except ApiKey.DoesNotExist:
            raise AuthenticationFailed("Invalid API key") from None
        return key.customer, key
