"""Where Stripe tells that something happened; mounted by billing/urls.py. Its answers are for Stripe alone, in JSON."""

import logging

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.gateway import BadSignature, StripeTrouble, read_event
from billing.subscriptions import follow

logger = logging.getLogger(__name__)


@csrf_exempt  # the signature proves more than a token could
@require_POST
def webhook(request: HttpRequest) -> JsonResponse:
    """200 once the effect is stored, also for what concerns no account here; a 5xx has Stripe send it again."""
    try:
        follow(read_event(request.body, request.headers.get("Stripe-Signature", "")))
    except RequestDataTooBig:
        return JsonResponse({"error": "Request body too large"}, status=413)
    except BadSignature:
        return JsonResponse({"error": "Invalid signature"}, status=400)
    except StripeTrouble as trouble:
        logger.warning("Stripe told of a change and could not be asked for it: %s", trouble)
        return JsonResponse({"error": "Service temporarily unavailable"}, status=503, headers={"Retry-After": "60"})
    return JsonResponse({"received": True})
